"""What name servers answer to all questions of a check, and findings about these servers themselves."""

from __future__ import annotations

import errno
from collections.abc import Iterable

from clearline.core.diagnosis.catalogue import finding, listed
from clearline.core.diagnosis.rules.places import ndots_words
from clearline.core.facts.names import (
    LANDMARK,
    DnsOutcome,
    PerQuestions,
    Question,
    counting,
    public_zone,
    questions_by_host,
)
from clearline.core.facts.servers import MemberFacts, Reach
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding, Json

SLOW_MS = 400.0
"""A lookup slower than this is worth a warning: a cluster name needs several, one after the other."""
_SHARE = 3
"""So many times as long as a connection to a server takes a name that is slow for reasons of its own."""
_BUSY = "A slow line, or a computer that is busy, measures the same."
_KEPT = "A firewall or security program on this computer turns the questions away before they leave it."
_MOST_TOLD = 60
"""Questions that an evidence lists."""
OVER_TCP = "over-tcp"
"""The purpose of what a name server is asked that keeps silent over UDP."""
_DENIED = frozenset({errno.EPERM, errno.EACCES, 10013})
DEAF = (DnsOutcome.SILENT, DnsOutcome.PORT_CLOSED, DnsOutcome.UNREACHABLE)
NEGATIVE = (DnsOutcome.NXDOMAIN, DnsOutcome.NODATA)


def asked_for(facts: Facts, *purposes: str) -> list[Question]:
    """The questions for a purpose, in the order of the name servers and not in that of the answers."""
    return _in_order(facts, [q for q in counting(facts.dns.questions) if q.purpose in purposes])


def asked_about(facts: Facts, host: str) -> list[Question]:
    """The same, of those about one host's addresses."""
    return _in_order(facts, questions_by_host(facts.dns.questions).get(host, []))


def _in_order(facts: Facts, questions: list[Question]) -> list[Question]:
    order = facts.dns.nameservers or ()
    return sorted(questions, key=lambda q: order.index(q.nameserver) if q.nameserver in order else len(order))


def best_of(questions: list[Question]) -> Question | None:
    """The question that a resolver would go by: the first name server that says yes or no, else that says anything."""
    servers = list(dict.fromkeys(q.nameserver for q in questions))

    def rank(question: Question) -> tuple[int, int, bool]:
        clear = question.outcome in (DnsOutcome.ANSWERED, *NEGATIVE)
        kind = 0 if clear else 1 if hears(question.outcome) else 2
        return kind, servers.index(question.nameserver), question.outcome is not DnsOutcome.ANSWERED

    whole = [q for q in questions if not (q.truncated and q.transport == "udp")]
    return min(whole or questions, key=rank, default=None)


def hears(outcome: DnsOutcome) -> bool:
    """Whether a name server said anything that is an answer."""
    return outcome not in (*DEAF, DnsOutcome.MALFORMED)


def evidence_of(questions: Iterable[Question]) -> dict[str, Json]:
    """What was asked and answered, in lines; of thousands the first."""
    every = list(questions)
    told = [
        f"{q.type} {q.name} @{q.nameserver}/{q.transport}{' at the far side' if q.far else ''}: "
        + f"{q.outcome.value} ({q.elapsed_ms:.0f} ms)"
        + (f" {', '.join(q.records)}" if q.records else "")
        + (f" by {' and '.join(q.aliases)}" if q.aliases else "")
        for q in every[:_MOST_TOLD]
    ]
    return {"questions": [*told, f"and {len(every) - _MOST_TOLD} more"] if len(every) > _MOST_TOLD else told}


def captive_address(facts: Facts) -> str | None:
    """The address that an invented name resolves to, None when invented names do not resolve."""
    for question in asked_for(facts, "control"):
        if question.outcome is DnsOutcome.ANSWERED and question.records:
            return question.records[0]
    return None


def resolver_trouble(facts: Facts, about: str) -> Finding | None:
    """What is wrong with the name servers themselves, judged over everything that was asked."""
    if facts.dns.nameservers == ():
        return finding("dns.no-resolver", Certainty.PROVEN, evidence={"nameservers": []})
    questions = facts.dns.questions
    outcomes = _outcomes(questions)
    unsent = _unsent(questions)
    if not questions or any(map(hears, outcomes)):
        return None
    servers = listed(facts.dns.nameservers or ())
    if DnsOutcome.MALFORMED in outcomes:
        return garbage([q for q in questions if q.outcome is DnsOutcome.MALFORMED], about)
    evidence = evidence_of_all(questions)
    if DnsOutcome.PORT_CLOSED in outcomes and outcomes <= {DnsOutcome.PORT_CLOSED, DnsOutcome.UNREACHABLE}:
        return finding("dns.resolver-not-running", Certainty.LIKELY, evidence=evidence, nameserver=servers)
    kept = _KEPT if unsent else ""
    if talking := _over_tcp_alone(questions):
        return finding(
            "dns.udp-blocked", Certainty.LIKELY, evidence=evidence, means=kept, nameserver=listed(talking), host=about
        )
    if unsent:
        return finding(
            "dns.resolver-silent",
            Certainty.LIKELY,
            evidence={"wanted": about, **evidence},
            summary=f"This computer itself keeps questions to its DNS server {servers} from leaving.",
            means=kept,
            fix="Allow this program UDP and TCP port 53 to that server in the computer's own firewall.",
            nameserver=servers,
        )
    return finding("dns.resolver-silent", Certainty.LIKELY, evidence={"wanted": about, **evidence}, nameserver=servers)


_outcomes = PerQuestions(lambda questions: {q.outcome for q in questions if q.purpose != OVER_TCP})
_over_tcp_alone = PerQuestions(
    lambda questions: [q.nameserver for q in questions if q.purpose == OVER_TCP and hears(q.outcome)]
)
_unsent = PerQuestions(
    lambda questions: all(
        q.outcome is DnsOutcome.UNREACHABLE and q.errno in _DENIED for q in questions if q.purpose != OVER_TCP
    )
)
"""Whether the system refused to send any of them."""
evidence_of_all = PerQuestions(evidence_of)
zones_of = PerQuestions(lambda questions: [q for q in questions if q.purpose == "zone"])
clusters_of = PerQuestions(lambda questions: [q for q in questions if q.purpose == "cluster" and q.records])


def garbage(spoilt: list[Question], about: str) -> Finding:
    """The finding for name servers whose answers no reader reads."""
    return finding(
        "dns.garbage",
        Certainty.PROVEN,
        evidence=evidence_of(spoilt),
        nameserver=listed(list(dict.fromkeys(q.nameserver for q in spoilt))),
        host=about,
    )


def captive_portal(facts: Facts, name: str, records: tuple[str, ...]) -> Finding | None:
    """The finding for a name that leads where invented names lead too; None where these lead nowhere."""
    address = captive_address(facts)
    if address is None:
        return None
    same = address in records
    return finding(
        "dns.captive-portal",
        Certainty.LIKELY,
        evidence={"wanted": name, **evidence_of(asked_for(facts, "control", "bare", "host"))},
        detail=f"A provider that leads unknown names to a page of its own does the same: then there is no {name}."
        if same
        else "",
        address=address,
    )


DISAGREEMENT = (
    "Put the name server that knows the name first, or let the VPN set the name servers: the first one that answers "
    "decides, and a no is an answer."
)
NO_PUBLIC_NAMES = (
    "It denies {zones} as well, which exists for everyone, so its no says nothing about this name. Name servers of"
    " closed networks and of some VPNs know their own names alone."
)
PUBLIC_NAMES = (
    "Use a name server that resolves public names, leave the closed network, or write the long mongodb:// form with"
    " hosts that this network knows."
)


def denied_zones(facts: Facts, nameserver: str) -> str:
    """The public domains that a name server denies, as words; empty unless it denies all that it was asked about."""
    zones = [q for q in zones_of(facts.dns.questions) if q.nameserver == nameserver]
    denied = [q.name for q in zones if q.outcome is DnsOutcome.NXDOMAIN]
    return LANDMARK if LANDMARK in denied and len(denied) == len(zones) else ""


def known_zone(facts: Facts, name: str, nameserver: str) -> str:
    """What is known of the domain of a name that does not exist there, as a sentence; empty where it was not asked."""
    zone = public_zone(name)
    outcomes = {q.outcome for q in zones_of(facts.dns.questions) if q.name == zone and q.nameserver == nameserver}
    if outcomes & {DnsOutcome.ANSWERED, DnsOutcome.NODATA}:
        return f"The domain {zone} is known there, this name in it is not. "
    if DnsOutcome.NXDOMAIN in outcomes:
        return f"Not even the domain {zone} exists there: a slip in it, or a filter that hides the whole domain. "
    return ""


def cannot_look_up(best: Question, asked: list[Question]) -> bool:
    """Whether the lookup broke off at the name server. No address of one family says nothing about the other."""
    alike = {q.outcome for q in asked if q.nameserver == best.nameserver}
    return best.outcome is DnsOutcome.SERVFAIL or (best.outcome is DnsOutcome.NODATA and DnsOutcome.SERVFAIL in alike)


def cut_off(asked: list[Question]) -> Certainty | None:
    """How sure it is that an answer did not fit, and that the question over TCP which has to follow gets none."""
    over_tcp = [q for q in asked if q.transport == "tcp"]
    if not over_tcp or not any(q.truncated for q in asked) or any(hears(q.outcome) for q in over_tcp):
        return None
    return Certainty.PROVEN if any(q.outcome is DnsOutcome.PORT_CLOSED for q in over_tcp) else Certainty.LIKELY


def first_resolver(facts: Facts) -> Iterable[Finding]:
    """A dead first name server before a living one."""
    servers = facts.dns.nameservers or ()
    if len(servers) < 2:
        return
    asked = [q for q in facts.dns.questions if q.purpose != OVER_TCP]
    heard = {s: [hears(q.outcome) for q in asked if q.nameserver == s] for s in servers}
    first = servers[0]
    other = next((s for s in servers[1:] if any(heard[s])), None)
    if other is not None and heard[first] and not any(heard[first]):
        yield finding(
            "dns.first-resolver-dead",
            Certainty.LIKELY,
            detail="One that a firewall keeps from here, or that answers later than is waited for, looks the same.",
            evidence=evidence_of(q for q in facts.dns.questions if q.nameserver in (first, other)),
            nameserver=first,
            other=other,
        )


def slow(facts: Facts) -> Iterable[Finding]:
    """Lookups that answer, slowly."""
    opened = min((t.elapsed_ms for m in facts.members for t in m.tcp if t.reach is Reach.OK), default=None)
    least = max(SLOW_MS, _SHARE * (opened or 0.0))
    for member in facts.members:
        if member.lookup is not None and len(late := _late_families(facts, member, least)) == 1:
            ms = round(member.lookup.elapsed_ms)
            yield finding(
                "dns.slow",
                Certainty.LIKELY,
                server=member.address,
                evidence={"lookup_ms": ms, **evidence_of(asked_about(facts, member.host))},
                summary=f"Looking {member.host} up takes {ms} ms on this computer.",
                means="Every new connection waits for that before it begins.",
                detail=f"Late is the answer for {late[0]}; others come at once. {ndots_words(facts)}".strip(),
                fix="Have the name server mended, or use another one; a line in the hosts file helps meanwhile.",
                ms=ms,
            )
            return
    answers = [q.elapsed_ms for q in facts.dns.questions if hears(q.outcome) and not q.far]
    lookups = [m.lookup.elapsed_ms for m in facts.members if m.lookup and not m.lookup.literal and m.lookup.addresses]
    middle = _middle(answers + lookups)  # one late packet among many is no slow DNS
    if middle < least:
        return  # where a connection takes as long, the line or this computer is slow, and DNS with it
    sure = opened is not None and _middle(answers) >= SLOW_MS
    yield finding(
        "dns.slow",
        Certainty.PROVEN if sure else Certainty.LIKELY,
        evidence={"answers_ms": [round(t) for t in answers + lookups]},
        detail=" ".join(filter(None, [ndots_words(facts), "" if sure else _BUSY])),
        ms=round(middle),
    )


def _middle(times: list[float]) -> float:
    return sorted(times)[len(times) // 2] if times else 0.0


_FAMILIES = {"A": "IPv4 (A)", "AAAA": "IPv6 (AAAA)"}


def _late_families(facts: Facts, member: MemberFacts, least_ms: float) -> list[str]:
    """The kinds of address that a slow lookup waited for; none where the name servers gave both at once.

    The system is asked twice, so that one lost packet makes no slow lookup.
    """
    lookup, asked = member.lookup, asked_about(facts, member.host)
    if lookup is None or lookup.literal or not lookup.addresses or lookup.elapsed_ms < least_ms or not asked:
        return []
    prompt = {q.type for q in asked if hears(q.outcome) and q.elapsed_ms < SLOW_MS}
    return [words for kind, words in _FAMILIES.items() if kind not in prompt]


RULES = (first_resolver, slow)
