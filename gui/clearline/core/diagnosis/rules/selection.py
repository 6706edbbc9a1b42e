"""Findings about whether the driver finds a suitable server: primary, read preference, write concern."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from clearline.core.diagnosis.catalogue import finding, listed
from clearline.core.diagnosis.rules.aliases import misled
from clearline.core.diagnosis.rules.dns import wrong_address
from clearline.core.diagnosis.rules.members import (
    listed_by,
    strangers,
    told_by_members,
    unusable,
    why_unusable,
    without_majority,
)
from clearline.core.diagnosis.rules.products import is_genuine
from clearline.core.diagnosis.server_selection import (
    behind_s,
    most_staleness,
    read_mode,
    stands_in_list,
    suitable,
    wanted_tags,
)
from clearline.core.diagnosis.standing import (
    Standing,
    answered,
    is_connected,
    known_addresses,
    lookup_failed,
    reached,
    replica_set_name,
    single_topology,
    standing,
)
from clearline.core.facts.servers import Hello, MemberFacts, Reach
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding, Json, Severity, read_again

NO_MEMBER_FITS = 133
"""Server code FailedToSatisfyReadPreference."""
BEHIND_A_ROUTER = (6, 7, 89, 202, 211, 9001)
"""Server codes HostUnreachable, HostNotFound, NetworkTimeout, NetworkInterfaceExceededTimeLimit, KeyNotFound (the keys
of the cluster's clock are on the config servers) and SocketException, as a router answers for servers behind it."""


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
            or (h.kind == "other" and without_majority(facts, h))
        )
    ]
    if not live or any(h.is_writable_primary for _, h in live):
        return
    wanted = replica_set_name(facts)
    if wanted is not None and all(h.set_name != wanted for _, h in live):
        return
    strange = {m.address for m, _, _ in strangers(facts)} | {m.address for m, _ in misled(facts)}
    named = sorted({h.primary.lower() for _, h in live if h.primary})
    if strange and strange.issuperset(named):
        return  # What answers in the primary's place is told by its own rule.
    advertised = sorted({a for _, h in live for a in known_addresses(h)})
    needed = read_mode(facts) == "primary"
    severity = Severity.FAILURE if needed and not is_connected(facts) else Severity.WARNING
    tell = partial(finding, severity=severity, evidence=told_by_members(facts))
    claimed = [member for address in named if (member := facts.member(address))]
    if lost := [m for m in claimed if standing(facts, m) is Standing.FAILED]:
        member = next((m for m in lost if not reached(m)), None)
        if member is None or wrong_address(facts, member):
            return  # It was reached and could not be used, or its name leads elsewhere: its own finding tells why.
        yield tell(
            "topology.primary-unreachable",
            Certainty.LIKELY,
            server=member.address,
            detail=f"{why_unusable(member)} If it stopped within the last ten seconds, the others do not know it yet: "
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
    if down and 2 * len(up) > len(every):
        how = f"{len(up)} of {len(every)} members answer, and none of them is primary"
        fix = (
            f"Wait some seconds: where a majority is alive, an election is usually going on. If it stays so, start "
            f"{listed(down)}, and look at rs.status() for what the others wait for."
        )
        doubt = "A majority of the votes, which not every member has, elects a primary within some ten seconds."
    elif down:
        how = f"only {len(up)} of {len(every)} members answer"
        fix = f"Start {listed(down)}."
        doubt = "If they run and only this computer cannot reach them, they may have a primary among themselves."
    else:
        how = f"all {len(every)} members answer, and none is primary"
        if len(every) == 1:
            how = "its only member answers, and is not primary"
        fix = (
            "Wait some seconds: an election may be going on. If it stays so, rs.status() shows what they wait for: a "
            "majority with votes that hears each other, and a member with a priority above 0 that is not behind."
        )
        doubt = ""
    yield tell(
        "topology.no-primary",
        # Where one was named, the office may have passed on between the answers.
        Certainty.LIKELY if down or named else Certainty.PROVEN,
        detail=doubt,
        fix=fix,
        set=live[0][1].set_name,
        how=how,
        down=listed(down, nothing="the missing members"),
    )


def read_preference(facts: Facts) -> Iterable[Finding]:
    """A read preference, or tags, that no member fits."""
    wanted, mode = wanted_tags(facts), read_mode(facts)
    if mode == "primary" or single_topology(facts):
        return
    live = answered(facts)
    data = [(m, h) for m, h in live if h.kind in ("primary", "secondary")]
    unlisted = [m.address for m, h in data if suitable(facts, h) and not stands_in_list(facts, m, h)]
    if not data or any(suitable(facts, h) and m.address not in unlisted for m, h in data):
        return
    if is_connected(facts) and most_staleness(facts) is None and not unlisted:
        return
    if not wanted and (unusable(facts) or any(h.kind == "other" for _, h in live)):
        return  # The member that would fit is there, and has a finding of its own.
    limit = most_staleness(facts)
    role = "a secondary" if mode == "secondary" else "a member"
    named = " or ".join(",".join(f"{k}:{v}" for k, v in s.items()) for s in wanted)
    fits = f"{role} with the tags {named}" if wanted else role
    if limit is not None:
        fits += f" at most {limit} s behind"
    present = [
        f"the {h.kind} {m.address} ({_tags(h)}{_lag(facts, h) if limit else ''}"
        f"{_unlisted(h) if m.address in unlisted else ''})"
        for m, h in data
    ]
    fallback = {"readPreferenceTags": [*wanted, {}]} if wanted and (mode != "secondary" or len(data) > 1) else None
    yield finding(
        "topology.no-tag-match",
        Certainty.LIKELY if unusable(facts) or is_connected(facts) else Certainty.PROVEN,
        severity=Severity.WARNING if is_connected(facts) else None,
        evidence={m.address: h.tags for m, h in data},
        detail=_TOO_SOON if is_connected(facts) else "",
        patch={"reads": fallback or {"readPreference": "secondaryPreferred"}},
        wanted=fits,
        present=listed(present),
    )


_TOO_SOON = "It connected before it knew all that the primary says; the next operation finds no server."


def _unlisted(hello: Hello) -> str:
    delayed = any(name in hello.fields for name in ("secondaryDelaySecs", "slaveDelay"))
    return f"{_DELAYED}, so the primary does not list it" if delayed else ", which the primary does not list"


_DELAYED = ", delayed"


def _lag(facts: Facts, hello: Hello) -> str:
    behind = behind_s(facts, hello)
    return "" if behind is None else f", {behind:.0f} s behind"


LAGS_S = 90.0
"""The least that maxStalenessSeconds can be (Max Staleness specification): a healthy member is never so far behind."""


def lagging(facts: Facts) -> Iterable[Finding]:
    """Secondaries that are far behind their primary, and not delayed on purpose."""
    led = {h.set_name for _, h in answered(facts) if h.is_writable_primary}
    for member, hello in answered(facts):
        behind = behind_s(facts, hello)
        if hello.kind != "secondary" or hello.set_name not in led or behind is None or behind < LAGS_S:
            continue
        if _unlisted(hello).startswith(_DELAYED) or (not is_connected(facts) and most_staleness(facts) is not None):
            continue  # on purpose, or the very reason why it is not read from
        yield finding(
            "topology.lagging-member",
            Certainty.LIKELY,
            server=member.address,
            severity=Severity.NOTE if read_mode(facts) == "primary" else Severity.WARNING,
            evidence={"behind_s": round(behind)},
            host=member.address,
            seconds=round(behind),
        )


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
    for member in unusable(facts):
        if member.address in primaries and not writable:
            continue  # Said by the rule about the primary.
        if member.address == facts.driver.server:
            continue  # The driver reached it: not every connection gets the same.
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
        where = f"the SRV record of {facts.uri.hosts[0]}" if facts.uri.srv and facts.uri.hosts else "the address"
        summary = f"{listed(names)} {'stand' if many else 'stands'} in {where} and {what}; no member lists it."
        means = "The set does not need it, and a program that starts may wait for it."
        fix = f"Remove {listed(names)} from {where} if it is no member any more."
        if same := _at_another_port(facts, first):
            means = f"The set lists {same}: the port is a slip."
            fix = f"Write {same} in {where}."
        kept = [host for host in facts.uri.hosts if host not in names]
        patch = {"seeds": {"hosts": kept}} if kept and not facts.uri.srv else None
    elif many:
        whole = {a for _, h in answered(facts) for a in known_addresses(h)} | {
            m.address for m, h in answered(facts) if h.hidden
        }
        summary = f"{len(names)} of {len(whole)} members {what}: {listed(names, most=8)}."
    if is_member and any(without_majority(facts, h) for _, h in answered(facts) if h.is_writable_primary):
        means = (
            "It works now. If they are down, and not merely out of reach from here, the primary has no majority any "
            "more and steps down within some ten seconds."
        )
    evidence: dict[str, Json] = {"advertised_by": list(first.advertised_by)}
    # A silence of one and a half seconds is a slow line as well, and a reset of one connection says little of others.
    silent = any(t.reach in (Reach.SILENT, Reach.RESET) for m in members for t in m.tcp) or any(
        m.lookup is not None and m.lookup.silent for m in members
    )
    return finding(
        code,
        Certainty.LIKELY if silent else Certainty.PROVEN,
        server=None if many else first.address,
        evidence={**evidence, **read_again(servers_alike=names)} if many else evidence,
        summary=summary,
        means=means,
        detail=why_unusable(first),
        fix=fix,
        patch=patch,
        host=first.address,
    )


def _at_another_port(facts: Facts, member: MemberFacts) -> str | None:
    """A member that the set lists, of the same host and another port."""
    listed_there = sorted({a for _, h in answered(facts) for a in known_addresses(h)})
    return next((a for a in listed_there if a.rpartition(":")[0] == member.host), None)


_MOST_VOTING = 7
"""Members of a set that may vote; hello does not say which of more of them do."""


def write_concern(facts: Facts) -> Iterable[Finding]:
    """A w that the members cannot satisfy."""
    w = facts.uri.options.get("w")
    live = [(m, h) for m, h in answered(facts) if h.set_name]
    if not live:
        yield from _write_concern_of_one(facts, w)
        return
    bearing = {a.lower() for _, h in live for a in (*h.hosts, *h.passives)}
    bearing |= {m.address for m, h in live if h.hidden}
    down = {m.address for m in unusable(facts)}
    count = len(bearing - down) if bearing else 0
    voting = len(bearing | {a.lower() for _, h in live for a in h.arbiters})
    needed = min(voting // 2 + 1, len(bearing))
    start = f"Start {listed(sorted(down & bearing))}; until then a write waits for its wtimeoutMS, or for ever."
    if w == "majority":
        if is_connected(facts) and voting <= _MOST_VOTING and count < needed:
            yield finding(
                "topology.write-concern-impossible",
                Certainty.LIKELY,  # as below; and a member without a vote does not count
                evidence={"data_bearing": sorted(bearing), "unusable": sorted(down & bearing), "members": voting},
                summary=f"w=majority needs {needed} of {voting} members to confirm, and of those with data {count} "
                f"{'is' if count == 1 else 'are'} up.",
                detail="Arbiters hold no data, so they confirm none." if voting > len(bearing) else "",
                fix=start,
                w="majority",
                count=count,
            )
    elif isinstance(w, int) and not isinstance(w, bool):
        if bearing and w > count:
            yield finding(
                "topology.write-concern-impossible",
                # What is cut off from here may still confirm to the primary, and hidden members are in no list.
                Certainty.LIKELY,
                evidence={"data_bearing": sorted(bearing), "unusable": sorted(down & bearing)},
                fix="" if count >= needed else start,
                patch={"writes": {"w": "majority"}} if count >= needed else None,
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
        if hello.kind == "standalone" and is_connected(facts) and own and not listed_by(facts, member.address):
            yield finding(
                "topology.no-transactions",
                Certainty.PROVEN if is_genuine(facts) else Certainty.LIKELY,
                server=member.address,
                evidence={"setName": None},
                host=member.address,
            )
            return
