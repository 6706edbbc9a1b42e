"""Findings about what the servers say about each other, and whether the driver finds a suitable one among them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from ipaddress import ip_address

from clearline.core.diagnosis.catalogue import finding, listed
from clearline.core.diagnosis.rules.dns import txt_wrong_set, wrong_address
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
from clearline.core.findings import Certainty, Finding, Severity

NOT_INITIALISED = 94
"""Server code NotYetInitialized."""
REMOVED = 93
"""Server code InvalidReplicaSetConfig: this node is not in its own configuration."""
SHARD_WITHOUT_PRIMARY = 133
"""Server code FailedToSatisfyReadPreference."""


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
            Certainty.PROVEN,
            server=member.address,
            evidence=_evidence(facts),
            patch={"seeds": {"replicaSet": actual}},
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
            Certainty.PROVEN,
            server=member.address,
            evidence=_evidence(facts),
            patch={"seeds": {"replicaSet": None}},
            given=given,
            host=member.address,
            kind="router (mongos)" if hello.kind == "router" else "single server",
        )


def standalone_in_list(facts: Facts) -> Iterable[Finding]:
    """A single server among several hosts, which SDAM drops."""
    if single_topology(facts) or seed_count(facts) < 2:
        return
    for member, hello in answered(facts):
        if hello.kind == "standalone" and member.seed:
            yield finding(
                "topology.standalone-in-list",
                Certainty.PROVEN,
                server=member.address,
                severity=Severity.FAILURE if not is_connected(facts) else Severity.WARNING,
                evidence=_evidence(facts),
                patch={"seeds": {"srv": False, "hosts": [member.address]}},
                host=member.address,
            )
            return


def never_ready(facts: Facts) -> Iterable[Finding]:
    """Members that serve no client: never initiated, removed, starting up, arbiters."""
    for member, hello in answered(facts):
        tell = partial(finding, server=member.address, host=member.address, evidence=_evidence(facts))
        alone = single_topology(facts) or len(facts.members) == 1
        if hello.kind == "ghost" and (alone or all(h.kind == "ghost" for _, h in answered(facts))):
            code = member.extras.repl_status_code if member.extras else None
            if code == REMOVED:
                yield tell("topology.removed-member", Certainty.PROVEN)
            elif member.finished:
                yield tell(
                    "topology.not-initiated",
                    Certainty.PROVEN if code == NOT_INITIALISED else Certainty.LIKELY,
                    detail=""
                    if code == NOT_INITIALISED
                    else "A member that was removed from its set looks the same from outside.",
                )
            return
        if hello.kind == "arbiter" and single_topology(facts):
            others = [a for a in hello.hosts if a != member.address]
            yield tell("topology.arbiter", Certainty.PROVEN, other=listed(others, nothing="another member"))
            return
        wanted = read_mode(facts) == "secondary" and not any(h.kind == "secondary" for _, h in answered(facts))
        if hello.kind == "other" and (alone or wanted or all(h.kind == "other" for _, h in answered(facts))):
            yield tell("topology.recovering", Certainty.PROVEN)
            return


def direct(facts: Facts) -> Iterable[Finding]:
    """directConnection to a member that is not the primary."""
    if facts.uri.options.get("directConnection") is not True:
        return
    for member, hello in answered(facts):
        if hello.kind in ("secondary", "hidden"):
            yield finding(
                "topology.direct-to-secondary",
                Certainty.PROVEN,
                server=member.address,
                evidence=_evidence(facts),
                patch={"seeds": {"directConnection": None}},
                host=member.address,
                kind="hidden member" if hello.kind == "hidden" else "secondary",
                primary=hello.primary or "unknown",
            )


def load_balancer(facts: Facts) -> Iterable[Finding]:
    """loadBalanced at a server that is behind no load balancer."""
    if not load_balanced(facts):
        return
    for member, hello in answered(facts):
        if hello.service_id is None:
            yield finding(
                "topology.load-balanced-mismatch",
                Certainty.PROVEN,
                server=member.address,
                evidence=_evidence(facts),
                patch={"seeds": {"loadBalanced": None}},
                host=member.address,
            )
            return


def advertised_elsewhere(facts: Facts) -> Iterable[Finding]:
    """Names and addresses that the set hands out and that lead nowhere from here."""
    if single_topology(facts):
        return
    live = [(m, h) for m, h in answered(facts) if h.set_name]
    if not live:
        return
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
        yield tell("topology.internal-names", Certainty.PROVEN, patch=direct_patch, names=listed(names))
    elif not any(reached(m) for m in bad if m.address not in strangers):
        yield tell(
            "topology.internal-addresses",
            Certainty.PROVEN,
            detail=f"Another server answers at {listed(strangers)}." if strangers else "",
            patch=direct_patch,
            addresses=listed(sorted(advertised)),
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
        (m, h) for m, h in answered(facts) if h.set_name and h.kind in ("primary", "secondary", "hidden", "arbiter")
    ]
    if not live or any(h.is_writable_primary for _, h in live):
        return
    wanted = replica_set_name(facts)
    if wanted is not None and all(h.set_name != wanted for _, h in live):
        return
    named = sorted({h.primary.lower() for _, h in live if h.primary})
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
            Certainty.PROVEN,
            server=member.address,
            detail=_why_unusable(member),
            host=member.address,
        )
        return
    if any(standing(facts, m) is Standing.PENDING for m in facts.members) or len(claimed) < len(named):
        return
    # No primary is named, or one that says that it is none: an election goes on, or cannot succeed.
    up = [m.address for m, _ in live]
    down = [a for a in advertised if a not in up]
    yield tell(
        "topology.no-primary",
        Certainty.PROVEN,
        set=live[0][1].set_name,
        up=len(up),
        all=len(advertised),
        down=listed(down, nothing="an election: all members are alive, so wait a few seconds"),
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
    if mode == "primary" or single_topology(facts) or is_connected(facts):
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
        Certainty.LIKELY if _unusable(facts) else Certainty.PROVEN,
        evidence={m.address: h.tags for m, h in data},
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
    """Members that do not stop the driver now, and would after a failover."""
    if not is_connected(facts) or single_topology(facts):
        return
    primaries = {h.primary.lower() for _, h in answered(facts) if h.primary}
    for member in _unusable(facts):
        if member.address in primaries and not any(h.is_writable_primary for _, h in answered(facts)):
            continue  # Said by the rule about the primary.
        if lookup_failed(member.lookup):
            code = "topology.member-unresolvable"
        elif member.tcp and not reached(member):
            code = "topology.member-unreachable"
        else:
            continue  # Reached, and turned away later: the member's own finding tells why.
        yield finding(
            code,
            Certainty.PROVEN,
            server=member.address,
            evidence={"advertised_by": list(member.advertised_by)},
            detail=_why_unusable(member),
            host=member.address,
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
            sets=listed([*(f"{name} ({', '.join(hosts)})" for name, hosts in sets.items()), "a sharded cluster"]),
            set=next(iter(sets)),
        )
    elif len(sets) > 1:
        first = next(iter(sets))
        yield finding(
            "topology.mixed-sets",
            Certainty.PROVEN,
            evidence={"sets": sets},
            patch={"seeds": {"hosts": sets[first], "replicaSet": first}},
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


def stale_primary(facts: Facts) -> Iterable[Finding]:
    """Members of one set that name different primaries."""
    claims: dict[str, dict[str, list[str]]] = {}
    for member, hello in answered(facts):
        if hello.set_name and hello.primary:
            claims.setdefault(hello.set_name, {}).setdefault(hello.primary, []).append(member.address)
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


def shard(facts: Facts) -> Iterable[Finding]:
    """A router whose shard has no primary."""
    if SHARD_WITHOUT_PRIMARY in (facts.driver.code, facts.access.read_code):
        routers = [m.address for m, h in answered(facts) if h.kind == "router"]
        yield finding(
            "topology.shard-no-primary",
            Certainty.PROVEN,
            server=routers[0] if routers else None,
            severity=Severity.FAILURE,
            evidence={"code": SHARD_WITHOUT_PRIMARY},
            shard=facts.access.shard or "one of its shards",
        )


def no_transactions(facts: Facts) -> Iterable[Finding]:
    """A single server has no transactions."""
    for member, hello in answered(facts):
        if hello.kind == "standalone" and is_connected(facts):
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
    advertised_elsewhere,
    primary,
    read_preference,
    shard,
    direct,
    mixed_sets,
    unusable_members,
    stale_primary,
    write_concern,
    hidden_seed,
    no_transactions,
    crowd,
)
