"""Whether the driver finds a suitable server: server selection, simulated on what the probes' hellos say.

`outlook` follows the specifications (Server Discovery and Monitoring, Server Selection, Max Staleness), so that a check
need not wait until the driver gives up.
"""

from __future__ import annotations

from enum import Enum

from clearline.core.diagnosis.standing import (
    Standing,
    answered,
    is_connected,
    known_addresses,
    load_balanced,
    own_hello,
    replica_set_name,
    single_topology,
    speaks_our_version,
    standing,
)
from clearline.core.facts.login import DriverState
from clearline.core.facts.names import DnsOutcome, counting
from clearline.core.facts.servers import Hello, MemberFacts
from clearline.core.facts.whole import Facts
from clearline.core.findings import Severity

_STALENESS_MARGIN_S = 5.0


class Outlook(Enum):
    """Whether the driver can still succeed."""

    PENDING = "pending"
    POSSIBLE = "possible"
    IMPOSSIBLE = "impossible"


def read_mode(facts: Facts) -> str:
    """The read preference mode, ``primary`` when not set."""
    value = facts.uri.options.get("readPreference")
    return value if isinstance(value, str) else "primary"


def wanted_tags(facts: Facts) -> list[dict[str, str]]:
    """Tag sets in order of preference; empty when none are asked for."""
    tags = facts.uri.options.get("readPreferenceTags") or []
    return [dict(t) for t in tags]


def tags_match(hello: Hello, tag_sets: list[dict[str, str]]) -> bool:
    """Whether a member carries all tags of at least one set; no sets match every member."""
    return not tag_sets or any(all(hello.tags.get(k) == v for k, v in s.items()) for s in tag_sets)


def most_staleness(facts: Facts) -> int | None:
    """maxStalenessSeconds, None when there is no limit."""
    limit = facts.uri.options.get("maxStalenessSeconds")
    return limit if isinstance(limit, int) and limit > 0 else None


def behind_s(facts: Facts, hello: Hello) -> float | None:
    """How far a member's newest write is behind the primary's, else behind its set's newest, seconds (Max Staleness
    spec); None when they do not tell."""
    set_of = [h for _, h in answered(facts) if h.set_name == hello.set_name and h.last_write_s is not None]
    newest = [h for h in set_of if h.is_writable_primary] or set_of
    times = [h.last_write_s for h in newest if h.last_write_s is not None]
    return None if hello.last_write_s is None or not times else max(times) - hello.last_write_s


def _stale(facts: Facts, hello: Hello) -> bool:
    """Whether a secondary lags behind too far (Max Staleness spec), by a margin: the answers are not simultaneous."""
    limit, behind = most_staleness(facts), behind_s(facts, hello)
    if limit is None or behind is None or hello.is_writable_primary:
        return False
    heartbeat = facts.uri.options.get("heartbeatFrequencyMS", 10_000)
    return behind + float(heartbeat) / 1000 > limit + _STALENESS_MARGIN_S


def suitable(facts: Facts, hello: Hello) -> bool:
    """Whether the read preference takes this member of a set (pymongo.server_selectors)."""
    tags = wanted_tags(facts)
    if _stale(facts, hello):
        return False
    match read_mode(facts):
        case "primary":
            return hello.is_writable_primary
        case "secondary":
            return hello.secondary and not hello.hidden and tags_match(hello, tags)
        case "primaryPreferred":
            return hello.is_writable_primary or (hello.secondary and not hello.hidden and tags_match(hello, tags))
        case "secondaryPreferred":
            return hello.is_writable_primary or (hello.secondary and not hello.hidden and tags_match(hello, tags))
        case _:
            return (hello.is_writable_primary or (hello.secondary and not hello.hidden)) and tags_match(hello, tags)


def stands_in_list(facts: Facts, member: MemberFacts, hello: Hello) -> bool:
    """Whether the primary lists a member, if it is heard: drivers drop all others (SDAM), and delayed ones are none."""
    lists = [known_addresses(h) for _, h in answered(facts) if h.is_writable_primary and h.set_name == hello.set_name]
    return not lists or any(member.address in listed for listed in lists)


def _set_member(member: MemberFacts, hello: Hello, name: str) -> bool:
    """Whether a driver that follows the set ``name`` keeps this server (pymongo.topology_description): a primary must
    stand in its own list, every other must not be known by another address."""
    if hello.kind in ("standalone", "router", "ghost") or hello.set_name != name:
        return False
    if hello.kind == "primary":
        return member.address in known_addresses(hello)
    return hello.me is None or hello.me.lower() == member.address


_BY_ELECTION = 17
"""The wire version (6.0) from which drivers look at electionId first, and at setVersion only among equals."""


def oldest_first(claims: list[tuple[MemberFacts, Hello]]) -> list[tuple[MemberFacts, Hello]]:
    """Of several that call themselves primary, the one that a driver goes by is the last (SDAM specification)."""
    by_election = all(h.max_wire_version >= _BY_ELECTION for _, h in claims)

    def elected(claim: tuple[MemberFacts, Hello]) -> tuple[str, int, str]:
        election, version = claim[1].election_id or "", claim[1].set_version or 0
        return (election, version, "") if by_election else ("", version, election)

    return sorted(claims, key=elected)


def seed_count(facts: Facts) -> int:
    """How many servers the driver starts with: the hosts of the text, or the targets of the SRV name."""
    if not facts.uri.srv:
        return len(set(facts.uri.hosts))
    targets = sum(m.seed for m in facts.members)
    most = facts.uri.options.get("srvMaxHosts")
    return min(targets, most) if isinstance(most, int) and most > 0 else targets


def refused_before_contact(facts: Facts) -> bool:
    """Whether the text or a local file already makes a connection impossible."""
    return any(m.severity is Severity.FAILURE for m in facts.uri.mistakes)


def names_failed(facts: Facts) -> bool:
    """Whether the SRV name gives the driver nothing to work with: no usable SRV answer, or no word about TXT."""
    if not facts.uri.srv or not facts.dns.finished:
        return False
    asked = counting(facts.dns.questions)
    srv = [q for q in asked if q.purpose == "srv"]
    txt = [q for q in asked if q.purpose == "txt"]
    heard = (DnsOutcome.ANSWERED, DnsOutcome.NXDOMAIN, DnsOutcome.NODATA)
    named = any(q.outcome is DnsOutcome.ANSWERED and q.records for q in srv)
    return not named or (bool(txt) and not any(q.outcome in heard for q in txt))


def outlook(facts: Facts) -> Outlook:
    """Whether the driver can still reach a suitable server, by what the probes have learnt so far."""
    if refused_before_contact(facts):
        return Outlook.IMPOSSIBLE
    if names_failed(facts):
        return Outlook.IMPOSSIBLE
    if any(hop.silent for hop in facts.hops) and not answered(facts):
        return Outlook.IMPOSSIBLE  # until it answers after all
    if not facts.members:
        return Outlook.PENDING
    standings = [standing(facts, m) for m in facts.members]
    waiting = Standing.PENDING in standings or bool(facts.passed_over)
    live = answered(facts)
    if single_topology(facts):
        if live:
            return Outlook.POSSIBLE if _single_serves(facts, live[0][1]) else _closed(facts)
        return Outlook.PENDING if waiting else Outlook.IMPOSSIBLE
    if _incompatible(facts):
        return Outlook.IMPOSSIBLE
    if _serves_alone(facts, live) or any(_set_serves(facts, live, name) for name in _set_names(facts, live)):
        return Outlook.POSSIBLE
    return Outlook.PENDING if waiting else Outlook.IMPOSSIBLE


def _serves_alone(facts: Facts, live: list[tuple[MemberFacts, Hello]]) -> bool:
    """Whether a seed needs no set: a router, or the only seed. With replicaSet the driver drops both kinds."""
    if replica_set_name(facts) is not None:
        return False
    kinds = {hello.kind for member, hello in live if member.seed}
    return "router" in kinds or ("standalone" in kinds and seed_count(facts) == 1)


def _set_names(facts: Facts, live: list[tuple[MemberFacts, Hello]]) -> set[str]:
    """The sets that the driver may settle on: the one it insists on, else that of the seed which answers first."""
    wanted = replica_set_name(facts)
    if wanted is not None:
        return {wanted}
    return {hello.set_name for member, hello in live if member.seed and hello.set_name and hello.kind != "ghost"}


def _set_serves(facts: Facts, live: list[tuple[MemberFacts, Hello]], name: str) -> bool:
    heard_of = _heard_of(live, name)
    return any(
        member.address in heard_of
        and _set_member(member, hello, name)
        and suitable(facts, hello)
        and stands_in_list(facts, member, hello)
        for member, hello in live
    )


def _heard_of(live: list[tuple[MemberFacts, Hello]], name: str) -> set[str]:
    """The servers that a driver which follows the set ``name`` comes to know: the seeds, and whom members of that set
    name. A server of another set is dropped, and whom it names is never asked (SDAM specification)."""
    of_the_set = {m.address: known_addresses(h) for m, h in live if h.set_name == name and h.kind != "ghost"}
    found = {m.address for m, _ in live if m.seed}
    asked: set[str] = set()
    while new := (found & of_the_set.keys()) - asked:
        asked |= new
        found = found.union(*(of_the_set[address] for address in new))
    return found


def _incompatible(facts: Facts) -> bool:
    """Whether a server of an unsupported version makes the whole topology unusable (SDAM: compatibility check)."""
    for member in facts.members:
        hello = own_hello(facts, member)
        if hello is not None and hello.ok and not speaks_our_version(hello):
            # Dropped from the topology before its version is looked at.
            alone_in_list = hello.kind == "standalone" and (seed_count(facts) > 1 or not member.seed)
            wanted = replica_set_name(facts)
            kept = wanted is None or hello.set_name == wanted or hello.kind == "ghost"
            if not alone_in_list and kept:
                return True
    return False


def _single_serves(facts: Facts, hello: Hello) -> bool:
    if load_balanced(facts):
        return hello.service_id is not None
    wanted = replica_set_name(facts)
    if wanted is not None and hello.set_name != wanted:
        return False
    return hello.kind not in ("arbiter", "ghost", "other")


def _closed(facts: Facts) -> Outlook:
    """Impossible, once everything that explains it has been asked."""
    return Outlook.IMPOSSIBLE if all(m.finished for m in facts.members) else Outlook.PENDING


def has_failed(facts: Facts) -> bool:
    """Whether it is decided that PyMongo cannot do them."""
    if is_connected(facts):
        return False
    if facts.login.silent:
        return True
    return facts.driver.state in (DriverState.RAISED, DriverState.GIVEN_UP) or outlook(facts) is Outlook.IMPOSSIBLE
