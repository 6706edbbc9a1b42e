"""Findings about what the servers say about each other, and whether the driver finds a suitable one among them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from ipaddress import ip_address

from clearline.core.diagnosis.catalogue import finding, listed
from clearline.core.diagnosis.rules.dns import txt_against_text, txt_wrong_set, wrong_address
from clearline.core.diagnosis.rules.places import is_loopback
from clearline.core.diagnosis.standing import (
    Standing,
    answered,
    behind_s,
    has_failed,
    is_connected,
    known_addresses,
    load_balanced,
    lookup_failed,
    most_staleness,
    reached,
    read_mode,
    replica_set_name,
    seed_count,
    single_topology,
    standing,
    suitable,
    txt_option,
    wanted_tags,
)
from clearline.core.facts.servers import Hello, MemberFacts
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding, Remedy, Severity

NOT_INITIALISED = 94
"""Server code NotYetInitialized."""
REMOVED = 93
"""Server code InvalidReplicaSetConfig: this node is not in its own configuration."""
NO_MEMBER_FITS = 133
"""Server code FailedToSatisfyReadPreference."""
BEHIND_A_ROUTER = (6, 7, 89, 202, 211, 9001)
"""Server codes HostUnreachable, HostNotFound, NetworkTimeout, NetworkInterfaceExceededTimeLimit, KeyNotFound (the keys
of the cluster's clock are on the config servers) and SocketException, as a router answers for servers behind it."""


def _seeds(facts: Facts) -> list[MemberFacts]:
    return [m for m in facts.members if m.seed]


def _evidence(facts: Facts) -> dict[str, object]:
    return {
        "servers": {
            m.address: f"{h.kind}, set {h.set_name}, primary {h.primary}, hosts {listed(h.hosts, most=50)}"
            for m, h in answered(facts)
        }
    }


def _unusable(facts: Facts) -> list[MemberFacts]:
    return [m for m in facts.members if standing(facts, m) is Standing.FAILED]


def set_name(facts: Facts) -> Iterable[Finding]:
    """The set name asked for against what the servers say."""
    given = replica_set_name(facts)
    live = answered(facts)
    if given is None or not given or not live or load_balanced(facts):
        return
    if any(h.set_name == given for _, h in live):
        return
    from_text = "replicaSet" in facts.uri.options
    # A seed that does not answer may belong to the set that is asked for.
    whole = {m.address for m, _ in live}.issuperset(m.address for m in _seeds(facts))
    certainty = Certainty.PROVEN if whole else Certainty.LIKELY
    doubt = "" if whole else "A seed that does not answer may belong to the set that is asked for."
    member, hello = live[0]
    named = next(((m, h) for m, h in live if h.set_name), None)
    if named is not None:
        member, hello = named
        actual = hello.set_name or ""
        if not from_text and txt_option(facts, "replicaset"):
            yield txt_wrong_set(facts, given, actual, member.address)
            return
        yield finding(
            "topology.wrong-set-name",
            certainty,
            server=member.address,
            evidence=_evidence(facts),
            detail=doubt,
            patch={"seeds": {"replicaSet": actual}} if whole and len({h.set_name for _, h in live}) == 1 else None,
            actual=actual,
            given=given,
        )
    elif any(h.kind == "ghost" for _, h in live):
        return
    elif not from_text and txt_option(facts, "replicaset"):
        yield txt_wrong_set(facts, given, f"that they are no replica set ({hello.kind})", member.address)
    else:
        yield finding(
            "topology.not-a-replica-set",
            certainty,
            server=member.address,
            evidence=_evidence(facts),
            detail=doubt or _meant_for_a_set(hello),
            patch={"seeds": {"replicaSet": None}} if whole else None,
            given=given,
            host=member.address,
            kind="router (mongos)" if hello.kind == "router" else "single server",
        )


def _meant_for_a_set(hello: Hello) -> str:
    if hello.kind != "standalone":
        return ""
    return "A member of the set that was started without --replSet looks the same: then start it with it."


def _listed_by(facts: Facts, address: str) -> list[str]:
    """The other servers whose configuration names that address."""
    here = _is_loopback(address.rpartition(":")[0])
    return [
        m.address
        for m, h in answered(facts)
        if m.address != address and address in known_addresses(h) and (not here or _seed_is_loopback(m))
    ]


def standalone_in_list(facts: Facts) -> Iterable[Finding]:
    """A single server among several hosts, which SDAM drops."""
    if single_topology(facts):
        return
    for member, hello in answered(facts):
        if hello.kind != "standalone":
            continue
        others = [host for host in facts.uri.hosts if host != member.address]
        living = [m.address for m, h in answered(facts) if h.kind not in ("standalone", "ghost")]
        without = {"seeds": {"hosts": others}} if living and not facts.uri.srv and member.seed and others else None
        severity = Severity.FAILURE if not is_connected(facts) else Severity.WARNING
        tell = partial(finding, server=member.address, severity=severity, evidence=_evidence(facts))
        if by := _listed_by(facts, member.address):
            leave_out = Remedy(text=f"Until then leave {member.address} out of the address.", patch=without)
            yield tell(
                "topology.member-without-set",
                Certainty.LIKELY,
                detail="If that name or address leads to another computer from here, another server answers there.",
                also=(leave_out,) if without else (),
                host=member.address,
                by=listed(by),
            )
            return
        if member.seed and seed_count(facts) > 1:
            doubt = (
                "If it belongs to the set of the other hosts, it runs without --replSet, and what is written to it is"
            )
            yield tell(
                "topology.standalone-in-list",
                Certainty.PROVEN,
                detail=f"Without it, {listed(living)} would do." if living else f"{doubt} lost.",
                fix=f"Remove {member.address} from the list."
                if living
                else "List it alone if it is the whole deployment; start it with --replSet if it is a member of a set.",
                patch=without,
                host=member.address,
            )
            return


def _strangers(facts: Facts) -> list[tuple[MemberFacts, Hello, str]]:
    """Servers that a set lists and that answer as something else, each with the name of that set."""
    listing: dict[str, tuple[MemberFacts, str]] = {}
    for member, hello in answered(facts):
        if hello.set_name and hello.kind in ("primary", "secondary", "hidden", "arbiter"):
            for address in known_addresses(hello):
                listing.setdefault(address, (member, hello.set_name))
    found = []
    for member, hello in answered(facts):
        by, name = listing.get(member.address, (member, ""))
        here = _is_loopback(member.host) and not _seed_is_loopback(by)
        if by is not member and hello.set_name != name and not here and not _is_wanted(facts, hello):
            found.append((member, hello, name))
    return found


def _is_wanted(facts: Facts, hello: Hello) -> bool:
    """Whether a server is of the set that is asked for, so that it is the other one that leads astray."""
    return hello.set_name is not None and hello.set_name == replica_set_name(facts)


_STRANGE = {
    "router": "a router (mongos)",
    "ghost": "a server that is in no set: never initiated, or removed",
}


def stranger_in_set(facts: Facts) -> Iterable[Finding]:
    """An address that the set lists, at which something else answers (single servers are told of by another rule)."""
    if single_topology(facts):
        return
    for member, hello, name in _strangers(facts):
        if hello.kind == "standalone" or "topology.loopback-names" in {f.cause for f in advertised_elsewhere(facts)}:
            continue
        yield finding(
            "topology.member-is-another",
            Certainty.LIKELY,
            server=member.address,
            severity=Severity.WARNING if is_connected(facts) else Severity.FAILURE,
            evidence=_evidence(facts),
            host=member.address,
            set=name,
            what=_STRANGE.get(hello.kind, f"a member of the set {hello.set_name}"),
        )
        return


def never_ready(facts: Facts) -> Iterable[Finding]:
    """Members that serve nothing: never initiated, removed, starting up, arbiters."""
    live = answered(facts)
    wanted = replica_set_name(facts)
    some_serve = any(h.kind in ("primary", "secondary", "router", "standalone") for _, h in live)
    alone = single_topology(facts) or len(facts.members) == 1
    for member, hello in live:
        if hello.kind == "ghost" and (alone or not some_serve):
            if found := _out_of_set(facts, member):
                yield found
            return
        if hello.kind == "arbiter" and single_topology(facts):
            others = [a for a in hello.hosts if a != member.address]
            other = listed(others, nothing="another member")
            tell = partial(finding, server=member.address, evidence=_evidence(facts), host=member.address)
            yield tell("topology.arbiter", Certainty.PROVEN, other=other)
            return
        asked = read_mode(facts) == "secondary" and not any(h.kind == "secondary" for _, h in live)
        if hello.kind == "other" and _without_majority(facts, hello):
            return  # It waits for the others, and that they are down is the cause.
        if hello.kind == "other" and (alone or asked or not some_serve):
            alike = [m.address for m, h in live if h.kind == "other" and (wanted is None or h.set_name == wanted)]
            if len(alike) > 1 and not some_serve:
                yield _deaf_set(facts, alike)
            else:
                tell = partial(finding, server=member.address, evidence=_evidence(facts), host=member.address)
                yield tell("topology.recovering", Certainty.PROVEN)
            return


def _without_majority(facts: Facts, hello: Hello) -> bool:
    """Whether half of the set, or more, cannot be used."""
    down = {m.address for m in _unusable(facts)} & known_addresses(hello)
    return not single_topology(facts) and bool(down) and 2 * len(down) >= len(known_addresses(hello))


def _deaf_set(facts: Facts, alike: list[str]) -> Finding:
    """Several members of one set in the same state are one fact about the set."""
    count = len(facts.members)
    which = f"All {count} members" if len(alike) == count else f"{len(alike)} of {count} members"
    return finding(
        "topology.recovering",
        Certainty.LIKELY,
        summary=f"{which} answer from here, and none is primary or secondary ({listed(alike)}).",
        detail="They do not hear each other, or all of them are starting, so no primary is elected.",
        evidence=_evidence(facts),
        fix="Look at the servers' logs for what they say about each other: the same key file (or certificates) "
        "everywhere, names that resolve between them, no firewall in between. If all were just started, wait a minute.",
        host=listed(alike),
    )


def _out_of_set(facts: Facts, member: MemberFacts) -> Finding | None:
    """A node that is in no set: never initiated, taken out, or not found under the name that its set has for it."""
    extras = member.extras
    code = extras.repl_status_code if extras else None
    tell = partial(finding, server=member.address, host=member.address)
    if code == REMOVED and extras is not None:
        claimed = {(h.me or m.address).lower() for m, h in answered(facts) if m is not member}
        claimed |= {host.lower() for host in extras.config_alive}
        unknown = [host for host in extras.config_hosts if host.lower() not in claimed]
        held = {**_evidence(facts), "configuration": list(extras.config_hosts), "message": extras.repl_message}
        if unknown:
            return tell(
                "topology.member-name-unknown",
                Certainty.LIKELY,
                evidence=held,
                detail=f"If {listed(unknown)} is another server, this one was removed from its set: connect there.",
                names=listed(unknown),
            )
        renamed = "A member whose name was changed looks the same: rs.conf() on it shows the names that it looks for."
        return tell(
            "topology.removed-member",
            Certainty.PROVEN if extras.config_hosts else Certainty.LIKELY,
            evidence=held,
            detail="" if extras.config_hosts else renamed,
            fix=f"Connect to a current member ({listed(extras.config_hosts)})." if extras.config_hosts else "",
        )
    if not member.finished:
        return None
    sure = code == NOT_INITIALISED
    return tell(
        "topology.not-initiated",
        Certainty.PROVEN if sure else Certainty.LIKELY,
        evidence=_evidence(facts),
        detail="" if sure else "A member that was removed from its set looks the same from outside.",
    )


def direct(facts: Facts) -> Iterable[Finding]:
    """directConnection to a member that is not the primary."""
    if facts.uri.options.get("directConnection") is not True:
        return
    for member, hello in answered(facts):
        if hello.kind in ("secondary", "hidden"):
            meant = read_mode(facts) != "primary"
            yield finding(
                "topology.direct-to-secondary",
                Certainty.PROVEN,
                server=member.address,
                severity=Severity.NOTE if meant else None,
                evidence=_evidence(facts),
                fix=f"Reading needs nothing more; writes go to {hello.primary or 'the primary'}." if meant else "",
                patch=None if meant else {"seeds": {"directConnection": None}},
                host=member.address,
                kind="hidden member" if hello.kind == "hidden" else "secondary",
                primary=hello.primary or "unknown",
            )


def load_balancer(facts: Facts) -> Iterable[Finding]:
    """loadBalanced at a server that is behind no load balancer."""
    if not load_balanced(facts) or any(txt_against_text(facts)):
        return
    own = facts.uri.options.get("loadBalanced") is True  # and not of the TXT record
    for member, hello in answered(facts):
        if hello.service_id is None:
            yield finding(
                "topology.load-balanced-mismatch",
                Certainty.LIKELY,
                server=member.address,
                evidence=_evidence(facts),
                detail="A router behind a balancer that was not told of it (loadBalancerPort) answers the same.",
                patch={"seeds": {"loadBalanced": None}} if own else None,
                fix=""
                if own
                else "Have the TXT record corrected, or use the long mongodb:// form without loadBalanced.",
                host=member.address,
            )
            return


def advertised_elsewhere(facts: Facts) -> Iterable[Finding]:
    """Names and addresses that the set hands out and that lead nowhere from here."""
    if single_topology(facts):
        return
    live = [(m, h) for m, h in answered(facts) if h.set_name and not h.hidden]
    if not live:
        return  # A hidden member is in no list, so that the others may simply be down.
    advertised = {a for _, h in live for a in known_addresses(h)}
    members = [m for m in facts.members if m.address in advertised]
    sets = {h.set_name for m, h in live if m.seed}
    strangers = [m.address for m, h in answered(facts) if m in members and h.set_name not in sets]
    bad = [m for m in members if standing(facts, m) is Standing.FAILED or m.address in strangers]
    if not advertised or len(bad) < len(advertised) or not has_failed(facts):
        return
    seed, _ = live[0]
    single = {"seeds": {"srv": False, "hosts": [seed.address], "directConnection": True}}
    tell = partial(finding, server=seed.address, evidence={**_evidence(facts), "advertised": sorted(advertised)})
    direct_patch = single if len(advertised) == 1 else None
    if all(_is_loopback(m.host) for m in bad) and (strangers or not _seed_is_loopback(seed)):
        yield tell("topology.loopback-names", Certainty.PROVEN, patch=direct_patch, address=listed(sorted(advertised)))
    elif any(lookup_failed(m.lookup) for m in bad):
        names = sorted(m.address for m in bad if lookup_failed(m.lookup))
        sure = all(_unknown_name(m) for m in bad if lookup_failed(m.lookup))
        yield tell(
            "topology.internal-names",
            Certainty.PROVEN if sure else Certainty.LIKELY,
            patch=direct_patch,
            also=_from_outside(facts, seed, names),
            names=listed(names),
        )
    elif not any(reached(m) for m in bad if m.address not in strangers):
        yield tell(
            "topology.internal-addresses",
            Certainty.LIKELY,
            detail=f"Another server answers at {listed(strangers)}."
            if strangers
            else "Where the seed is a member under another name, the others may as well be down.",
            patch=direct_patch,
            addresses=listed(sorted(advertised)),
        )


def _unknown_name(member: MemberFacts) -> bool:
    """Whether the system said that there is no such name, and not merely nothing."""
    return member.lookup is not None and member.lookup.eai is not None and not member.lookup.silent


def _from_outside(facts: Facts, seed: MemberFacts, names: list[str]) -> tuple[Remedy, ...]:
    """What helps where the seed is the near end of a published port or a port-forward."""
    inside = any("." not in name.partition(":")[0] or ".svc" in name for name in names)
    if not (inside or is_loopback(seed)):
        return ()
    return (
        Remedy(
            text="Names of containers and pods are known inside their network only. From here: a published port or "
            f"kubectl port-forward with directConnection=true, as in mongodb://localhost:{seed.port or 27017}/"
            "?directConnection=true; or a hosts-file entry for each name, with the published port of that very member."
        ),
    )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _seed_is_loopback(seed: MemberFacts) -> bool:
    return _is_loopback(seed.host) or any(_is_loopback(a) for a in seed.resolved)


def primary(facts: Facts) -> Iterable[Finding]:
    """No primary at all, or one that only this computer cannot reach."""
    if single_topology(facts):
        return
    live = [
        (m, h)
        for m, h in answered(facts)
        if h.set_name
        and (
            h.kind in ("primary", "secondary", "hidden", "arbiter")
            or (h.kind == "other" and _without_majority(facts, h))
        )
    ]
    if not live or any(h.is_writable_primary for _, h in live):
        return
    wanted = replica_set_name(facts)
    if wanted is not None and all(h.set_name != wanted for _, h in live):
        return
    strange = {m.address for m, _, _ in _strangers(facts)}
    named = sorted({h.primary.lower() for _, h in live if h.primary})
    if strange and strange.issuperset(named):
        return  # What answers in the primary's place is told by its own rule.
    advertised = sorted({a for _, h in live for a in known_addresses(h)})
    needed = read_mode(facts) == "primary"
    severity = Severity.FAILURE if needed and not is_connected(facts) else Severity.WARNING
    tell = partial(finding, severity=severity, evidence=_evidence(facts))
    claimed = [member for address in named if (member := facts.member(address))]
    if lost := [m for m in claimed if standing(facts, m) is Standing.FAILED]:
        member = next((m for m in lost if not reached(m)), None)
        if member is None or wrong_address(facts, member):
            return  # It was reached and could not be used, or its name leads elsewhere: its own finding tells why.
        yield tell(
            "topology.primary-unreachable",
            Certainty.LIKELY,
            server=member.address,
            detail=f"{_why_unusable(member)} If it stopped within the last ten seconds, the others do not know it yet: "
            "check again.".strip(),
            host=member.address,
        )
        return
    if any(standing(facts, m) is Standing.PENDING for m in facts.members) or len(claimed) < len(named):
        return
    # No primary is named, or one that says that it is none: an election goes on, or cannot succeed.
    up = [m.address for m, _ in live]
    every = sorted({*advertised, *(m.address for m, h in live if h.hidden)})
    down = [a for a in every if a not in up]
    if down:
        how = f"only {len(up)} of {len(every)} members are alive"
        fix = f"Start {listed(down)}."
        doubt = "If they run and only this computer cannot reach them, they may have a primary among themselves."
    else:
        how = f"all {len(every)} members answer, and none is primary"
        fix = (
            "Wait some seconds: an election may be going on. If it stays so, rs.status() shows what they wait for: a "
            "majority with votes that hears each other, and a member with a priority above 0 that is not behind."
        )
        doubt = ""
    yield tell(
        "topology.no-primary",
        Certainty.LIKELY if down else Certainty.PROVEN,
        detail=doubt,
        fix=fix,
        set=live[0][1].set_name,
        how=how,
        down=listed(down, nothing="the missing members"),
    )


def _why_unusable(member: MemberFacts) -> str:
    if lookup_failed(member.lookup):
        return "Its name does not resolve on this computer."
    if not reached(member):
        return "From here: " + ", ".join(f"{t.address} {t.reach.value.replace('-', ' ')}" for t in member.tcp) + "."
    return ""


def read_preference(facts: Facts) -> Iterable[Finding]:
    """A read preference, or tags, that no member fits."""
    wanted, mode = wanted_tags(facts), read_mode(facts)
    if mode == "primary" or single_topology(facts) or (is_connected(facts) and most_staleness(facts) is None):
        return
    live = answered(facts)
    data = [(m, h) for m, h in live if h.kind in ("primary", "secondary")]
    if not data or any(suitable(facts, h) for _, h in data):
        return
    if not wanted and (_unusable(facts) or any(h.kind == "other" for _, h in live)):
        return  # The member that would fit is there, and has a finding of its own.
    limit = most_staleness(facts)
    role = "a secondary" if mode == "secondary" else "a member"
    named = " or ".join(",".join(f"{k}:{v}" for k, v in s.items()) for s in wanted)
    fits = f"{role} with the tags {named}" if wanted else role
    if limit is not None:
        fits += f" at most {limit} s behind"
    present = [f"the {h.kind} {m.address} ({_tags(h)}{_lag(facts, h) if limit else ''})" for m, h in data]
    fallback = {"readPreferenceTags": [*wanted, {}]} if wanted and (mode != "secondary" or len(data) > 1) else None
    yield finding(
        "topology.no-tag-match",
        Certainty.LIKELY if _unusable(facts) or is_connected(facts) else Certainty.PROVEN,
        severity=Severity.WARNING if is_connected(facts) else None,
        evidence={m.address: h.tags for m, h in data},
        detail="It connected before it knew how far behind that is; the next operation finds no server."
        if is_connected(facts)
        else "",
        patch={"reads": fallback or {"readPreference": "secondaryPreferred"}},
        wanted=fits,
        present=listed(present),
    )


def _lag(facts: Facts, hello: Hello) -> str:
    behind = behind_s(facts, hello)
    return "" if behind is None else f", {behind:.0f} s behind"


def _tags(hello: Hello) -> str:
    return ", ".join(f"{name}:{value}" for name, value in hello.tags.items()) or "no tags"


def unusable_members(facts: Facts) -> Iterable[Finding]:
    """Members that do not stop the driver now, and would after a failover: one finding for all of a kind."""
    if not is_connected(facts) or single_topology(facts):
        return
    primaries = {h.primary.lower() for _, h in answered(facts) if h.primary}
    writable = any(h.is_writable_primary for _, h in answered(facts))
    of_the_set = {a for _, h in answered(facts) for a in known_addresses(h)}
    alike: dict[tuple[str, bool], list[MemberFacts]] = {}
    for member in _unusable(facts):
        if member.address in primaries and not writable:
            continue  # Said by the rule about the primary.
        if lookup_failed(member.lookup):
            code = "topology.member-unresolvable"
        elif member.tcp and not reached(member):
            code = "topology.member-unreachable"
        else:
            continue  # Reached, and turned away later: the member's own finding tells why.
        alike.setdefault((code, member.address in of_the_set), []).append(member)
    for (code, is_member), members in alike.items():
        yield _unusable_group(facts, code, members, is_member=is_member)


def _unusable_group(facts: Facts, code: str, members: list[MemberFacts], *, is_member: bool) -> Finding:
    names = [m.address for m in members]
    first, many = members[0], len(names) > 1
    what = "cannot be reached from here" if code.endswith("unreachable") else "cannot be found by name from here"
    summary = fix = means = ""
    patch: dict[str, object] | None = None
    if any(h.kind == "router" for _, h in answered(facts)):
        summary = f"{listed(names)}, {'routers' if many else 'a router'} of the address, {what}."
        means = "The other routers serve meanwhile."
        fix = f"Start {listed(names)}, or remove what is gone from the address."
    elif not is_member:
        summary = f"{listed(names)} {'stand' if many else 'stands'} in the address and {what}; no member lists it."
        means = "The set does not need it, and a program that starts may wait for it."
        fix = f"Remove {listed(names)} from the address if it is no member any more."
        kept = [host for host in facts.uri.hosts if host not in names]
        patch = {"seeds": {"hosts": kept}} if kept and not facts.uri.srv else None
    elif many:
        summary = f"{len(names)} of {len(facts.members)} members {what}: {listed(names, most=8)}."
    evidence: dict[str, object] = {"advertised_by": list(first.advertised_by)}
    return finding(
        code,
        Certainty.PROVEN,
        server=None if many else first.address,
        evidence={**evidence, "servers_alike": names} if many else evidence,
        summary=summary,
        means=means,
        detail=_why_unusable(first),
        fix=fix,
        patch=patch,
        host=first.address,
    )


def mixed_sets(facts: Facts) -> Iterable[Finding]:
    """Seeds that belong to different sets."""
    sets: dict[str, list[str]] = {}
    for member, hello in answered(facts):
        if member.seed and hello.set_name:
            sets.setdefault(hello.set_name, []).append(member.address)
    routers = [m.address for m, h in answered(facts) if m.seed and h.kind == "router"]
    if sets and routers and replica_set_name(facts) is None:
        yield finding(
            "topology.mixed-sets",
            Certainty.PROVEN,
            evidence={"sets": sets, "routers": routers},
            patch={"seeds": {"hosts": routers}},
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


def hidden_seed(facts: Facts) -> Iterable[Finding]:
    """A seed that programs never read from."""
    if single_topology(facts):
        return
    for member, hello in answered(facts):
        if member.seed and hello.hidden:
            yield finding(
                "topology.hidden-member",
                Certainty.PROVEN,
                server=member.address,
                evidence=_evidence(facts),
                host=member.address,
            )


def config_server(facts: Facts) -> Iterable[Finding]:
    """A seed that keeps the settings of a sharded cluster, and none of its data."""
    for member, hello in answered(facts):
        if member.seed and hello.set_name and "configsvr" in hello.fields:
            yield finding(
                "topology.config-server",
                Certainty.PROVEN,
                server=member.address,
                evidence=_evidence(facts),
                host=member.address,
            )
            return


def stale_primary(facts: Facts) -> Iterable[Finding]:
    """Members of one set that name different primaries."""
    claims: dict[str, dict[str, list[str]]] = {}
    for member, hello in answered(facts):
        if hello.set_name and hello.primary:
            claims.setdefault(hello.set_name, {}).setdefault(hello.primary, []).append(member.address)
    writable = [
        ((h.election_id or "", h.set_version or 0), m.address)
        for m, h in answered(facts)
        if h.is_writable_primary and h.set_name
    ]
    if len(writable) > 1 and len({a for a, _ in writable}) > 1:
        newest = max(writable)[1]
        old = [address for _, address in sorted(writable) if address != newest]
        yield finding(
            "topology.stale-primary",
            Certainty.PROVEN,
            evidence=_evidence(facts),
            detail=f"{newest} was elected later, so drivers follow it; {listed(old)} does not know it yet.",
            claims=listed([f"{address} calls itself primary" for _, address in writable]),
        )
        return
    for by_primary in claims.values():
        if len(by_primary) > 1:
            said = [f"{', '.join(who)} says {named}" for named, who in by_primary.items()]
            yield finding("topology.stale-primary", Certainty.PROVEN, evidence=_evidence(facts), claims=listed(said))


def write_concern(facts: Facts) -> Iterable[Finding]:
    """A w that the members cannot satisfy."""
    w = facts.uri.options.get("w")
    live = [(m, h) for m, h in answered(facts) if h.set_name]
    if not live:
        yield from _write_concern_of_one(facts, w)
        return
    if isinstance(w, int) and not isinstance(w, bool):
        bearing = {a.lower() for _, h in live for a in (*h.hosts, *h.passives)}
        bearing |= {m.address for m, h in live if h.hidden}
        down = {m.address for m in _unusable(facts)}
        count = len(bearing - down) if bearing else 0
        if bearing and w > count:
            yield finding(
                "topology.write-concern-impossible",
                # What is cut off from here may still confirm to the primary, and hidden members are in no list.
                Certainty.LIKELY,
                evidence={"data_bearing": sorted(bearing), "unusable": sorted(down & bearing)},
                patch={"writes": {"w": "majority"}},
                w=w,
                count=count,
            )
    elif isinstance(w, str) and w != "majority":
        modes = facts.access.write_concern_modes
        if modes is not None and w not in modes:
            yield finding(
                "topology.unknown-write-concern",
                Certainty.PROVEN,
                evidence={"modes": list(modes)},
                patch={"writes": {"w": "majority"}},
                w=w,
            )


def _write_concern_of_one(facts: Facts, w: object) -> Iterable[Finding]:
    """A single server refuses every write with a w above 1 (code 2, BadValue)."""
    for member, hello in answered(facts):
        if hello.kind == "standalone" and isinstance(w, int) and w > 1:
            yield finding(
                "topology.write-concern-impossible",
                Certainty.PROVEN,
                server=member.address,
                evidence={"setName": None},
                detail=f"{member.address} is a single server and has no other members.",
                patch={"writes": {"w": "majority"}},
                w=w,
                count=1,
            )
            return


def behind_router(facts: Facts) -> Iterable[Finding]:
    """A router that cannot use the servers behind it: a shard, or the config servers."""
    router = next((m for m, h in answered(facts) if h.kind == "router"), None)
    codes = (facts.login.code, facts.driver.code, facts.access.read_code)
    code = next((c for c in codes if c == NO_MEMBER_FITS or (router is not None and c in BEHIND_A_ROUTER)), None)
    if code is None:
        return
    if router is not None and facts.login.code == code:
        cause = "topology.config-servers-unreachable"
    else:
        cause = "topology.shard-no-primary" if code == NO_MEMBER_FITS else "topology.router-cannot-reach"
    words = facts.driver.words
    yield finding(
        cause,
        Certainty.LIKELY,
        server=router.address if router else None,
        severity=Severity.FAILURE,
        evidence={"code": code, "words": words},
        detail=f"Its own words: {words}." if words else "",
        host=router.address if router else "of this cluster",
    )


def no_transactions(facts: Facts) -> Iterable[Finding]:
    """A single server has no transactions."""
    for member, hello in answered(facts):
        own = member.extras is None or member.extras.genuine is not False
        if hello.kind == "standalone" and is_connected(facts) and own and not _listed_by(facts, member.address):
            yield finding(
                "topology.no-transactions",
                Certainty.PROVEN,
                server=member.address,
                evidence={"setName": None},
                host=member.address,
            )
            return


def crowd(facts: Facts) -> Iterable[Finding]:
    """More servers named than one check looks at: no genuine set has that many members."""
    if facts.passed_over:
        by = next((m for m, h in answered(facts) if not known_addresses(h).isdisjoint(facts.passed_over)), None)
        yield finding(
            "topology.members-not-looked-at",
            Certainty.PROVEN,
            server=by.address if by else None,
            evidence={"not_looked_at": listed(facts.passed_over, most=20)},
            count=len(facts.passed_over),
        )


RULES: tuple[Callable[[Facts], Iterable[Finding]], ...] = (
    load_balancer,
    set_name,
    never_ready,
    standalone_in_list,
    stranger_in_set,
    advertised_elsewhere,
    primary,
    read_preference,
    behind_router,
    direct,
    mixed_sets,
    unusable_members,
    stale_primary,
    write_concern,
    hidden_seed,
    config_server,
    no_transactions,
    crowd,
)
