"""Findings about what the servers say about each other, and whether the driver finds a suitable one among them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from clearline.core.diagnosis.catalogue import finding, listed
from clearline.core.diagnosis.rules import aliases, disagreement
from clearline.core.diagnosis.rules.advertised import advertised_elsewhere
from clearline.core.diagnosis.rules.aliases import named_twice
from clearline.core.diagnosis.rules.members import (
    by_hosts,
    listed_by,
    seeds,
    strangers,
    told_by_members,
    without_majority,
)
from clearline.core.diagnosis.rules.selection import (
    behind_router,
    lagging,
    no_transactions,
    primary,
    read_preference,
    unusable_members,
    write_concern,
)
from clearline.core.diagnosis.rules.srv import txt_against_text, txt_wrong_set
from clearline.core.diagnosis.server_selection import read_mode, seed_count
from clearline.core.diagnosis.standing import (
    answered,
    is_connected,
    known_addresses,
    load_balanced,
    replica_set_name,
    single_topology,
    txt_option,
)
from clearline.core.facts.servers import Hello, MemberFacts
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding, Remedy, Severity

NOT_INITIALISED = 94
"""Server code NotYetInitialized."""
REMOVED = 93
"""Server code InvalidReplicaSetConfig: this node is not in its own configuration."""


def set_name(facts: Facts) -> Iterable[Finding]:
    """The set name asked for against what the servers say."""
    given = replica_set_name(facts)
    live = answered(facts)
    if given is None or not given or not live or load_balanced(facts):
        return
    right = [m for m, h in live if h.set_name == given]
    started_with = [(m, h) for m, h in live if m.seed]
    if right and (is_connected(facts) or not started_with or any(m.seed for m in right)):
        return
    # A driver drops a seed of another set before it asks the members that this one lists.
    live = started_with if right else live
    from_text = "replicaSet" in facts.uri.options
    # A seed that does not answer may belong to the set that is asked for.
    whole = {m.address for m, _ in live}.issuperset(m.address for m in seeds(facts))
    certainty = Certainty.PROVEN if whole else Certainty.LIKELY
    doubt = "" if whole else "A seed that does not answer may belong to the set that is asked for."
    member, hello = live[0]
    named = next(((m, h) for m, h in live if h.set_name), None)
    if named is not None:
        member, hello = named
        actual = hello.set_name or ""
        if not from_text and txt_option(facts, "replicaset"):
            yield txt_wrong_set(facts, given, actual, member.address, doubt=doubt)
            return
        yield finding(
            "topology.wrong-set-name",
            certainty,
            server=member.address,
            evidence=told_by_members(facts),
            detail=f"{right[0].address}, which it lists, is of {given}: the driver drops a host of another set before "
            "it asks for the rest, so the address has to name that one."
            if right
            else doubt or f"If {given} is the set that is meant, host or port lead to another one.",
            fix=f"Write {right[0].address} in place of {member.address}, or replicaSet={actual}." if right else "",
            patch={"seeds": {"replicaSet": actual}}
            if whole and not right and len({h.set_name for _, h in live}) == 1
            else None,
            actual=actual,
            given=given,
        )
    elif any(h.kind == "ghost" for _, h in live):
        return
    elif not from_text and txt_option(facts, "replicaset"):
        yield txt_wrong_set(facts, given, f"that they are no replica set ({hello.kind})", member.address, doubt=doubt)
    else:
        yield finding(
            "topology.not-a-replica-set",
            certainty,
            server=member.address,
            evidence=told_by_members(facts),
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


def standalone_in_list(facts: Facts) -> Iterable[Finding]:
    """A single server among several hosts, which SDAM drops."""
    if single_topology(facts):
        return
    for member, hello in answered(facts):
        if hello.kind != "standalone" or (member.seed and named_twice(facts, hello)):
            continue  # One server under two names is told as that.
        others = [host for host in facts.uri.hosts if host != member.address]
        living = [m.address for m, h in answered(facts) if h.kind not in ("standalone", "ghost")]
        without = {"seeds": {"hosts": others}} if living and not facts.uri.srv and member.seed and others else None
        severity = Severity.FAILURE if not is_connected(facts) else Severity.WARNING
        tell = partial(finding, server=member.address, severity=severity, evidence=told_by_members(facts))
        if by := listed_by(facts, member.address):
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


_STRANGE = {
    "router": "a router (mongos)",
    "ghost": "a server that is in no set: without a configuration, or removed",
}


def stranger_in_set(facts: Facts) -> Iterable[Finding]:
    """An address that the set lists, at which something else answers (single servers are told of by another rule)."""
    if single_topology(facts):
        return
    for member, hello, name in strangers(facts):
        if hello.kind == "standalone" or "topology.loopback-names" in {f.cause for f in advertised_elsewhere(facts)}:
            continue
        yield finding(
            "topology.member-is-another",
            Certainty.LIKELY,
            server=member.address,
            severity=Severity.WARNING if is_connected(facts) else Severity.FAILURE,
            evidence=told_by_members(facts),
            host=member.address,
            set=name,
            what=_STRANGE.get(hello.kind, f"a member of the set {hello.set_name}"),
        )
        return


def unlisted_primary(facts: Facts) -> Iterable[Finding]:
    """A primary that its own list lacks under every name, where all that the list names answer as something else."""
    if single_topology(facts) or is_connected(facts):
        return
    wanted, live = replica_set_name(facts), {m.address: h for m, h in answered(facts)}
    for member, hello in answered(facts):
        named = known_addresses(hello)
        own = {member.address, (hello.me or member.address).lower()}
        if hello.kind != "primary" or (wanted is not None and hello.set_name != wanted) or own & named:
            continue
        if any(address not in live or live[address].is_writable_primary for address in named):
            continue
        yield finding(
            "topology.primary-not-listed",
            Certainty.LIKELY,
            server=member.address,
            evidence=told_by_members(facts),
            also=(
                Remedy(
                    text="Until then go to that one server: directConnection=true.",
                    patch=by_hosts(facts, hosts=[member.address], directConnection=True),
                ),
            ),
            host=member.address,
            set=hello.set_name,
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
            tell = partial(finding, server=member.address, evidence=told_by_members(facts), host=member.address)
            yield tell("topology.arbiter", Certainty.PROVEN, other=other)
            return
        asked = read_mode(facts) == "secondary" and not any(h.kind == "secondary" for _, h in live)
        if hello.kind == "other" and without_majority(facts, hello):
            return  # It waits for the others, and that they are down is the cause.
        if hello.kind == "other" and (alone or asked or not some_serve):
            alike = [m.address for m, h in live if h.kind == "other" and (wanted is None or h.set_name == wanted)]
            if len(alike) > 1 and not some_serve:
                yield _deaf_set(facts, alike)
            else:
                tell = partial(finding, server=member.address, evidence=told_by_members(facts), host=member.address)
                yield tell("topology.recovering", Certainty.PROVEN)
            return


def _deaf_set(facts: Facts, alike: list[str]) -> Finding:
    """Several members of one set in the same state are one fact about the set."""
    count = len(facts.members)
    which = f"All {count} members" if len(alike) == count else f"{len(alike)} of {count} members"
    return finding(
        "topology.recovering",
        Certainty.LIKELY,
        summary=f"{which} answer from here, and none is primary or secondary ({listed(alike)}).",
        detail="They do not hear each other, or all of them are starting, so no primary is elected.",
        evidence=told_by_members(facts),
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
        held = {**told_by_members(facts), "configuration": list(extras.config_hosts), "message": extras.repl_message}
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
    told = code == NOT_INITIALISED
    return tell(
        "topology.not-initiated",
        Certainty.LIKELY,
        evidence=told_by_members(facts),
        detail=_BEREFT if told else f"A member that was removed from its set looks the same from outside. {_BEREFT}",
    )


_BEREFT = (
    "A member of an existing set that was started on an empty data folder (a volume that was lost) says the same: then "
    "do not initiate it, but let the others take it up again."
)


def direct(facts: Facts) -> Iterable[Finding]:
    """directConnection to a member that is not the primary."""
    if facts.uri.options.get("directConnection") is not True:
        return
    for member, hello in answered(facts):
        if hello.kind in ("secondary", "hidden"):
            meant = read_mode(facts) != "primary"
            primary, fix = hello.primary, ""
            if meant:
                fix = f"Reading needs nothing more; writes go to {primary or 'the primary'}."
            elif primary is None:
                fix = "Look first why its set has no primary; then remove directConnection, or connect to the primary."
            elif member.address not in known_addresses(hello):
                # The near end of a tunnel, or another name: without directConnection the driver goes by the set's own.
                fix = (
                    f"Connect to {primary} for writes. Its set knows this member as {hello.me or 'something else'}: "
                    "without directConnection the driver goes by the set's names, so they have to work from here."
                )
            yield finding(
                "topology.direct-to-secondary",
                Certainty.PROVEN,
                server=member.address,
                severity=Severity.NOTE if meant else None,
                evidence=told_by_members(facts),
                fix=fix,
                patch=None if fix else {"seeds": {"directConnection": None}},
                host=member.address,
                kind="hidden member" if hello.kind == "hidden" else "secondary",
                primary=primary or "unknown",
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
                evidence=told_by_members(facts),
                detail="A router behind a balancer that was not told of it (loadBalancerPort) answers the same.",
                patch={"seeds": {"loadBalanced": None}} if own else None,
                fix=""
                if own
                else "Have the TXT record corrected, or use the long mongodb:// form without loadBalanced.",
                host=member.address,
            )
            return


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
                evidence=told_by_members(facts),
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
                evidence=told_by_members(facts),
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
    unlisted_primary,
    advertised_elsewhere,
    primary,
    read_preference,
    behind_router,
    direct,
    unusable_members,
    *disagreement.RULES,
    *aliases.RULES,
    write_concern,
    hidden_seed,
    config_server,
    no_transactions,
    lagging,
    crowd,
)
