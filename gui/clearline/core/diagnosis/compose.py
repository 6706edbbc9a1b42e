"""All rules over all facts, and which finding is the diagnosis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

import msgspec

from clearline.core.diagnosis import catalogue
from clearline.core.diagnosis.catalogue import causes
from clearline.core.diagnosis.rules import (
    access,
    auth,
    broken_answers,
    dns,
    driver,
    files,
    hello,
    hops,
    resolvers,
    srv,
    tcp,
    tls,
    topology,
    uri,
    working,
)
from clearline.core.diagnosis.rules.evidence import speaks_tls
from clearline.core.diagnosis.server_selection import has_failed, read_mode, suitable, wanted_tags
from clearline.core.diagnosis.standing import (
    Standing,
    answered,
    is_connected,
    known_addresses,
    lookup_failed,
    open_addresses,
    reached,
    single_topology,
    standing,
)
from clearline.core.facts.servers import MemberFacts
from clearline.core.facts.whole import Facts
from clearline.core.findings import STAGES, Certainty, Finding, Severity, Stage, read_again

RULES: tuple[Callable[[Facts], Iterable[Finding]], ...] = (
    *uri.RULES,
    *files.RULES,
    *hops.RULES,
    *srv.RULES,
    *resolvers.RULES,
    *tcp.RULES,
    *tls.RULES,
    *hello.RULES,
    *topology.RULES,
    *auth.RULES,
    *access.RULES,
    *working.RULES,
    *driver.RULES,
)

_SEVERITIES = tuple(Severity)


def explain(facts: Facts, member: MemberFacts) -> Finding | None:
    """Why the driver cannot use one server: the earliest broken step; None while that is open, or when it can."""
    found = _explain(facts, member)
    if found is None or not (words := _led_astray(facts, member, found)):
        return found
    certainty = Certainty.LIKELY if found.certainty is Certainty.PROVEN else found.certainty
    return msgspec.structs.replace(found, certainty=certainty, detail=f"{words} {found.detail}")


def _led_astray(facts: Facts, member: MemberFacts, found: Finding) -> str:
    """A word about how a name leads to what answers, or keeps silent, where that may not be what is meant."""
    words = dns.misread(member) or _another_may_answer(member, found)
    return words or (dns.completed(facts, member) if found.stage in (Stage.TCP, *_SAID_BY_THE_SERVER) else "")


def _another_may_answer(member: MemberFacts, found: Finding) -> str:
    """A word about a name that may lead to another server than the one that is meant; else empty."""
    return _one_of_several(member, found) or _by_hosts_file(member, found)


def _by_hosts_file(member: MemberFacts, found: Finding) -> str:
    """Where a line of the hosts file, and not DNS, leads to another computer."""
    line = member.lookup.hosts_file if member.lookup is not None else ()
    own = any(t.own for t in member.tcp)
    if not line or not member.tcp or own or found.stage not in (Stage.TCP, *_SAID_BY_THE_SERVER):
        return ""
    return (
        f"{member.host} stands in this computer's hosts file, which leads to {catalogue.listed(line)}: if that line is "
        "old, it is the wrong place."
    )


_SAID_BY_THE_SERVER = frozenset({Stage.TLS, Stage.HELLO, Stage.TOPOLOGY})


def _one_of_several(member: MemberFacts, found: Finding) -> str:
    """A word about a name with several addresses that take connections: what one of them says is said of that one."""
    opened = open_addresses(member)
    if len(opened) < 2 or found.stage not in _SAID_BY_THE_SERVER or _is_one_server(member, opened):
        return ""
    return (
        f"{member.host} has several addresses ({catalogue.listed(opened, most=4)}), and what one of them answered is "
        "told here: another server may stand at another of them."
    )


def _is_one_server(member: MemberFacts, opened: list[str]) -> bool:
    """Whether the very same process answered at every address that took a connection."""
    heard = [member.hello, *(e.hello for e in member.elsewhere.values())]
    processes = {hello.process_id if hello is not None else None for hello in heard}
    return len(heard) == len(opened) and len(processes) == 1 and None not in processes


def _by_one_address(facts: Facts, found: Finding) -> Finding:
    """The same for what is concluded about the set from one server's answer: no change is offered on that ground."""
    member = facts.member(found.server) if found.server and found.stage is Stage.TOPOLOGY else None
    if member is None or found.severity is not Severity.FAILURE or not (words := _another_may_answer(member, found)):
        return found
    certainty = Certainty.LIKELY if found.certainty is Certainty.PROVEN else found.certainty
    remedies = tuple(msgspec.structs.replace(remedy, patch=None) for remedy in found.remedies)
    return msgspec.structs.replace(found, certainty=certainty, detail=f"{found.detail} {words}", remedies=remedies)


def _explain(facts: Facts, member: MemberFacts) -> Finding | None:
    if standing(facts, member) is Standing.ANSWERED:
        return None
    if facts.hops and not reached(member):
        return hops.not_opened(facts, member) if member.finished else None
    if found := dns.wrong_address(facts, member):
        return found
    if lookup_failed(member.lookup):
        return dns.host_name(facts, member)
    if not reached(member):
        return tcp.unreachable(facts, member) if member.tcp and member.finished else None
    for rule in (*broken_answers.MEMBER_RULES, *hello.MEMBER_RULES, *tls.MEMBER_RULES):
        if found := rule(facts, member):
            return found
    return None


def diagnose(facts: Facts, on_bug: Callable[[Exception], None] | None = None) -> tuple[Finding, ...]:
    """Every finding that the facts support, the most important first; the first failure is the diagnosis.

    A check that is still undecided gives no failure about a server; one that failed always gives at least one failure.
    A rule that raises costs its own finding only, and ``on_bug`` hears of it; without ``on_bug`` it raises here.
    """
    found: list[Finding] = []
    for rule in RULES:
        try:
            found += rule(facts)
        except Exception as error:
            if on_bug is None:
                raise
            on_bug(error)
    connected, failed = is_connected(facts), has_failed(facts)
    found = [_by_one_address(facts, f) for f in found]
    if connected or failed:
        found += _about_members(facts, found, connected=connected)
    if connected:
        found = [_at_most_warning(f) for f in found]
    if failed:
        certain = any(f.severity is Severity.FAILURE and not causes()[f.cause].delay for f in found)
        found = [_at_most_warning(f) if certain and causes()[f.cause].delay else f for f in found]
        if not any(f.severity is Severity.FAILURE for f in found):
            found = _slow_at_last(facts, found) or [*found, driver.last_word(facts)]
    elif not connected:
        found = [f for f in found if f.severity is not Severity.FAILURE or f.server is None]
    commonest = _servers_by_cause(found)
    return tuple(_merged(_one_story(sorted(found, key=lambda f: _rank(f, commonest)))))


_MISSED = {
    "tls.unknown-ca": ("tlsCAFile", "tlsAllowInvalidCertificates"),
    "tls.self-signed": ("tlsCAFile", "tlsAllowInvalidCertificates"),
    "tls.missing-intermediate": ("tlsCAFile",),
    "tls.name-mismatch": ("tlsAllowInvalidHostnames",),
    "tls.ip-not-in-certificate": ("tlsAllowInvalidHostnames",),
    "tls.client-certificate-required": ("tlsCertificateKeyFile",),
    "tls.required": ("tls",),
    "auth.unknown-user": ("authSource",),
    "auth.wrong-authsource": ("authSource",),
    "topology.internal-names": ("directConnection",),
    "topology.internal-addresses": ("directConnection",),
    "topology.loopback-names": ("directConnection",),
}
"""By failure: the options for want of which it comes about."""


def _one_story(found: list[Finding]) -> list[Finding]:
    """An option under an old name and the failure for want of it are one finding: the failure, mended by the name."""
    head = next((f for f in found if f.severity is Severity.FAILURE), None)
    if head is None:
        return found
    for other in found if head.stage in (Stage.DNS, Stage.TCP) else ():
        if other.hop is not None:  # Without the hop that another program goes through.
            joined = msgspec.structs.replace(
                head,
                certainty=Certainty.LIKELY,
                detail=f"{head.detail} {other.detail}",
                remedies=(*other.remedies, *head.remedies),
                evidence={**head.evidence, **read_again(hop=other.hop)},
            )
            return [joined if f is head else f for f in found if f is not other]
    found = [msgspec.structs.replace(f, remedies=()) if _says_the_same(f, head) else f for f in found]
    if head.cause not in _MISSED:
        return found
    for other in found:
        action = (other.remedies[0].action or "") if other.remedies else ""
        old, _, new = action.partition(":")[2].partition(":")
        name = new.partition("=")[0]
        if other.cause in ("uri.unknown-option", "uri.misspelt-option") and name in _MISSED[head.cause]:
            told = f"{old} has no effect: it is called {name} today."
            joined = msgspec.structs.replace(
                head,
                detail=f"{head.detail} {told}".strip(),
                remedies=(other.remedies[0], *head.remedies),
                evidence={**head.evidence, "option": old},
            )
            return [joined if f is head else f for f in found if f is not other]
    return found


def _says_the_same(other: Finding, head: Finding) -> bool:
    """Whether what to do about a warning is what to do about the failure: it is told once."""
    return other.cause == "env.container-localhost" and all(r in head.remedies for r in other.remedies)


def _slow_at_last(facts: Facts, found: list[Finding]) -> list[Finding] | None:
    """Where the driver only ran out of time, and a line was seen to be slow, that is the diagnosis."""
    slow = next((f for f in found if causes()[f.cause].delay and f.severity is Severity.WARNING), None)
    if slow is None or facts.driver.code is not None:
        return None
    failed = msgspec.structs.replace(slow, severity=Severity.FAILURE)
    return [failed if f is slow else f for f in found]


def _about_members(facts: Facts, found: list[Finding], *, connected: bool) -> list[Finding]:
    """The servers' own explanations: failures when nothing above them explains the whole, else warnings."""
    above = any(f.severity is Severity.FAILURE and f.stage in _ABOVE_MEMBERS for f in found) or connected
    told = {server for f in found if f.cause.startswith("topology.member-") for server in (f.server, *f.servers_alike)}
    awaited, missed = _awaited(facts), _missed(facts)
    living = 2 * sum(reached(m) for m in facts.members) > len(facts.members)
    # Why names that lead nowhere from here are handed out is told; what each of them does is no further news.
    handed_out = any(f.cause in _NAMES_OF_ELSEWHERE for f in found)
    explanations = []
    for member in facts.members:
        explanation = explain(facts, member)
        if explanation is not None and facts.hops and not heard_itself(member):
            explanation = _behind(facts, explanation)
        if explanation is None or (member.address in told and not causes()[explanation.cause].wrong_address):
            continue
        if handed_out and not member.seed and explanation.stage in (Stage.DNS, Stage.TCP):
            continue
        if connected and member.address == facts.driver.server and explanation.cause in _CUTS:
            explanation = _unsteady(member, explanation)
        elif member.address in facts.driver.heard and explanation.stage is Stage.TCP and not reached(member):
            explanation = _unsteady(member, explanation, severity=None if connected else Severity.FAILURE)
        elif member.address in awaited and explanation.stage in (Stage.TCP, Stage.HELLO):
            explanation = _of_the_primary(explanation)
        elif member.address in missed:
            words = f"readPreference={read_mode(facts)} takes none of the members that answer, and may take this one."
            explanation = msgspec.structs.replace(explanation, detail=f"{explanation.detail} {words}".strip())
        elif explanation.stage is Stage.DNS and not member.seed and member.advertised_by:
            explanation = _of_a_name_that_is_handed_out(member, explanation)
        needed = awaited or missed
        beside = member.address not in needed if needed else living and not reached(member)
        explanations.append(_at_most_warning(explanation) if above or beside else explanation)
    return explanations


_NAMES_OF_ELSEWHERE = frozenset({"topology.internal-names", "topology.loopback-names", "topology.internal-addresses"})
_CUTS = frozenset(
    {"tcp.refused", "tcp.closed-on-connect", "tcp.reset-on-connect", "tcp.closed-after-data", "tcp.reset-after-data"}
)


def _unsteady(member: MemberFacts, cut: Finding, *, severity: Severity | None = None) -> Finding:
    """A connection of the driver's works and one of ours was cut: not every connection gets the same."""
    return catalogue.finding(
        "tcp.unsteady",
        Certainty.LIKELY,
        severity=severity,
        server=member.address,
        evidence=cut.evidence,
        detail="A firewall that allows only so many from one computer does the same.",
        host=member.address,
    )


def _of_the_primary(found: Finding) -> Finding:
    """The members still follow a primary that cannot be used: what becomes of it is a matter of seconds."""
    words = "The other members name it as their primary; if it stays so, they elect another within some ten seconds."
    return msgspec.structs.replace(found, detail=f"{found.detail} {words}".strip())


def _of_a_name_that_is_handed_out(member: MemberFacts, found: Finding) -> Finding:
    """Not the address of the text has to be looked up, but a name that its server hands out."""
    words = f"{member.advertised_by[0]} answers, and names {member.address} as a member: drivers look that name up."
    return msgspec.structs.replace(found, detail=f"{found.detail} {words}".strip())


def _awaited(facts: Facts) -> set[str]:
    """The primary that the living members name and that cannot be used, where the driver cannot do without it."""
    if read_mode(facts) != "primary":
        return set()
    named = {hello.primary.lower() for _, hello in answered(facts) if hello.primary}
    return {m.address for m in facts.members if m.address in named and standing(facts, m) is Standing.FAILED}


def _missed(facts: Facts) -> set[str]:
    """The members that cannot be used, where the read preference takes none of those that can: only they may fit."""
    live = [h for _, h in answered(facts) if h.set_name]
    if not has_failed(facts) or not live or read_mode(facts) == "primary" or wanted_tags(facts):
        return set()
    if single_topology(facts) or any(suitable(facts, hello) for hello in live):
        return set()
    listed = {address for hello in live for address in known_addresses(hello)}
    return {m.address for m in facts.members if m.address in listed and standing(facts, m) is Standing.FAILED}


def heard_itself(member: MemberFacts) -> bool:
    """Whether anything was heard that only the server can have said: its hello, or its side of a TLS handshake."""
    return member.hello is not None or speaks_tls(member)


def _behind(facts: Facts, found: Finding) -> Finding:
    """A silence or an end behind a hop may as well be the hop's: nothing is proven about the server."""
    if found.stage is Stage.HOP:
        return found
    words = f"The server is reached through {hops.through(facts.hops)}, which may do the same for a reason of its own."
    certainty = Certainty.LIKELY if found.certainty is Certainty.PROVEN else found.certainty
    return msgspec.structs.replace(found, certainty=certainty, detail=f"{found.detail} {words}")


_ABOUT_SERVERS = frozenset({Stage.DNS, Stage.TCP, Stage.TLS, Stage.HELLO})
_ABOVE_MEMBERS = frozenset({Stage.URI, Stage.FILES, Stage.HOP, Stage.TOPOLOGY, Stage.AUTH, Stage.ACCESS})


def _at_most_warning(finding: Finding) -> Finding:
    if finding.severity is Severity.FAILURE:
        return msgspec.structs.replace(finding, severity=Severity.WARNING)
    return finding


def _servers_by_cause(found: list[Finding]) -> Counter[str]:
    """Of how many servers each cause is said."""
    return Counter(cause for cause, _ in {(f.cause, f.server) for f in found if f.server})


def _rank(finding: Finding, servers: Counter[str]) -> tuple[int, int, int, int]:
    """What comes first: the graver, what explains the rest, what is said of most servers, the earlier step."""
    cause = causes()[finding.cause]
    fewer = max(servers.values()) - servers[finding.cause] if finding.server and servers else 0
    about_server = finding.stage in _ABOUT_SERVERS and finding.severity is Severity.FAILURE
    return (
        _SEVERITIES.index(finding.severity),
        1 - cause.comes_first + cause.delay,
        fewer if about_server else 0,
        STAGES.index(finding.stage),
    )


def _merged(findings: list[Finding]) -> list[Finding]:
    """One finding per cause: the most important speaks, the other servers are listed in its evidence."""
    first: dict[tuple[str, str], Finding] = {}
    alike: dict[tuple[str, str], list[str]] = {}
    for finding in findings:
        key = (finding.cause, "" if finding.server else finding.summary)
        kept = first.setdefault(key, finding)
        if finding.server and kept.server and finding.server != kept.server:
            alike.setdefault(key, [kept.server]).append(finding.server)
    for key, servers in alike.items():
        kept = first[key]
        evidence = {**kept.evidence, **read_again(servers_alike=servers)}
        first[key] = msgspec.structs.replace(kept, evidence=evidence)
    return list(first.values())
