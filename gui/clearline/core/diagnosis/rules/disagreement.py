"""Findings about servers that contradict each other: of different sets, with two primaries, of two configurations."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from clearline.core.diagnosis.catalogue import finding, listed
from clearline.core.diagnosis.rules.aliases import misled
from clearline.core.diagnosis.rules.members import told_by_members
from clearline.core.diagnosis.server_selection import oldest_first
from clearline.core.diagnosis.standing import answered, known_addresses, replica_set_name
from clearline.core.facts.servers import Hello, MemberFacts
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding


def mixed_sets(facts: Facts) -> Iterable[Finding]:
    """Seeds that belong to different sets."""
    sets: dict[str, list[str]] = {}
    own = [(m, h) for m, h in answered(facts) if m.seed and h.set_name]
    for member, hello in own:
        sets.setdefault(hello.set_name or "", []).append(member.address)
    routers = [m.address for m, h in answered(facts) if m.seed and h.kind == "router"]
    if sets and routers and replica_set_name(facts) is None:
        yield finding(
            "topology.mixed-sets",
            Certainty.PROVEN,
            evidence={"sets": sets, "routers": routers},
            detail=f"{listed(routers)}: a router (mongos); programs go to routers alone, not to shards.",
            fix=f"Keep the routers alone: {listed(routers)}.",
            sets=listed([*(f"{name} ({', '.join(hosts)})" for name, hosts in sets.items()), "a sharded cluster"]),
            set=next(iter(sets)),
        )
    elif len(sets) > 1:
        given = replica_set_name(facts)
        first = given if given in sets and given is not None else next(iter(sets))
        # Without a set's name in the text only its owner knows which of them is meant.
        meant = given == first
        yield finding(
            "topology.mixed-sets",
            Certainty.PROVEN,
            evidence={"sets": sets},
            patch={"seeds": {"hosts": sets[first]}} if meant and not facts.uri.srv else None,
            detail=f"replicaSet={given} keeps the members of {given} and drops the others." if meant else "",
            fix=f"Remove the hosts that are no members of {first}." if meant else "",
            sets=listed([f"{name} ({', '.join(hosts)})" for name, hosts in sets.items()]),
            set=first,
        )
    elif len(groups := _apart([(m, h) for m, h in own if h.kind in ("primary", "secondary")])) > 1:
        name = next(iter(sets))
        apart = [[m.address for m, _ in own if m.address in group] for group in groups]
        yield finding(
            "topology.mixed-sets",
            Certainty.LIKELY,
            evidence={"sets": {name: apart}, **told_by_members(facts)},
            summary=f"The hosts belong to different replica sets that are both called {name}: "
            f"{' | '.join(', '.join(hosts) for hosts in apart)}.",
            means=f"replicaSet={name} does not tell them apart: the driver takes whichever answers first."
            if replica_set_name(facts) == name
            else "",
            detail="Neither lists the other. One set that a forced reconfig cut in two looks the same.",
            fix="Keep the members of one set.",
            sets=name,
            set=name,
        )


def stale_primary(facts: Facts) -> Iterable[Finding]:
    """Members of one set that name different primaries."""
    astray = {m.address for m, _ in misled(facts)}
    own = [(m, h) for m, h in answered(facts) if h.set_name and m.address not in astray]
    by_set: dict[str, list[tuple[MemberFacts, Hello]]] = {}
    for member, hello in own:
        by_set.setdefault(hello.set_name or "", []).append((member, hello))
    for members in by_set.values():
        if len(_apart(members)) > 1:
            continue  # Two sets of one name, each with a primary of its own.
        writable = oldest_first([(m, h) for m, h in members if h.is_writable_primary])
        tell = partial(finding, "topology.stale-primary", Certainty.PROVEN, evidence=told_by_members(facts))
        if len(writable) > 1 and len({_who(m, h) for m, h in writable}) > 1:
            *old, (newest, elected) = writable
            ordered = elected.election_id is not None and all(h.election_id for _, h in old)
            follow = f"{newest.address} was elected later, so drivers follow it; "
            yield tell(
                detail=f"{follow}{listed([m.address for m, _ in old])} does not know it yet." if ordered else "",
                claims=listed([f"{m.address} calls itself primary" for m, _ in sorted(writable, key=_address)]),
            )
            return
        said: dict[str, list[str]] = {}
        for member, hello in members:
            if hello.primary:
                said.setdefault(hello.primary.lower(), []).append(member.address)
        if len(said) > 1:
            yield tell(claims=listed([f"{', '.join(who)} says {named}" for named, who in said.items()]))


def _who(member: MemberFacts, hello: Hello) -> str:
    """The same for one primary under two names."""
    return hello.process_id or hello.election_id or hello.me or member.address


def _address(claim: tuple[MemberFacts, Hello]) -> str:
    return claim[0].address


def _apart(members: list[tuple[MemberFacts, Hello]]) -> list[frozenset[str]]:
    """The groups of members of one set's name that know nothing of each other."""
    groups: list[frozenset[str]] = []
    for member, hello in members:
        group = known_addresses(hello) | {member.address}
        groups = [*(g for g in groups if not g & group), group.union(*(g for g in groups if g & group))]
    return groups


def configurations(facts: Facts) -> Iterable[Finding]:
    """Members of one set that hold different versions of its configuration."""
    by_set: dict[str, list[tuple[MemberFacts, Hello]]] = {}
    for member, hello in answered(facts):
        if hello.set_name and hello.set_version is not None:
            by_set.setdefault(hello.set_name, []).append((member, hello))
    for name, members in by_set.items():
        versions: dict[int, list[str]] = {}
        for member, hello in members:
            versions.setdefault(hello.set_version or 0, []).append(member.address)
        if len(versions) > 1 and len(_apart(members)) == 1:
            yield finding(
                "topology.configurations-differ",
                Certainty.LIKELY,
                evidence={"setVersion": {str(number): who for number, who in versions.items()}},
                set=name,
                versions=listed([f"{number} on {listed(who)}" for number, who in sorted(versions.items())]),
            )


RULES = (mixed_sets, stale_primary, configurations)
