"""Findings about names: the SRV name of the deployment, and the hosts of its members."""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec.structs import replace

from clearline.core.addresses import eai_name, is_ip_address
from clearline.core.diagnosis.catalogue import finding, listed
from clearline.core.diagnosis.rules.places import in_container, name_words, ndots_words, proxy_remedies
from clearline.core.diagnosis.standing import lookup_failed
from clearline.core.facts.names import (
    LANDMARK,
    DnsOutcome,
    PerQuestions,
    Question,
    counting,
    public_zone,
    questions_by_host,
    srv_target_allowed,
    txt_options,
)
from clearline.core.facts.servers import MemberFacts
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding, Remedy, Severity, Stage
from clearline.core.late_patterns import late

SLOW_MS = 400.0
"""A lookup slower than this is worth a warning: a cluster name needs several, one after the other."""

_MOST_TOLD = 60
"""Questions that an evidence lists."""
_DEAF = (DnsOutcome.SILENT, DnsOutcome.PORT_CLOSED, DnsOutcome.UNREACHABLE)
_TURNED_DOWN = (DnsOutcome.REFUSED, DnsOutcome.SERVFAIL)
_NEGATIVE = (DnsOutcome.NXDOMAIN, DnsOutcome.NODATA)
_ALLOWED_IN_TXT = {"authsource", "replicaset", "loadbalanced"}


def _asked(facts: Facts, *purposes: str) -> list[Question]:
    """The questions for a purpose, in the order of the name servers and not in that of the answers."""
    return _in_order(facts, [q for q in counting(facts.dns.questions) if q.purpose in purposes])


def _asked_about(facts: Facts, host: str) -> list[Question]:
    """The same, of those about one host's addresses."""
    return _in_order(facts, questions_by_host(facts.dns.questions).get(host, []))


def _in_order(facts: Facts, questions: list[Question]) -> list[Question]:
    order = facts.dns.nameservers or ()
    return sorted(questions, key=lambda q: order.index(q.nameserver) if q.nameserver in order else len(order))


def _best(questions: list[Question]) -> Question | None:
    """The question that a resolver would go by: the first name server that says yes or no, else that says anything."""
    servers = list(dict.fromkeys(q.nameserver for q in questions))

    def rank(question: Question) -> tuple[int, int, bool]:
        clear = question.outcome in (DnsOutcome.ANSWERED, *_NEGATIVE)
        kind = 0 if clear else 1 if _hears(question.outcome) else 2
        return kind, servers.index(question.nameserver), question.outcome is not DnsOutcome.ANSWERED

    whole = [q for q in questions if not (q.truncated and q.transport == "udp")]
    return min(whole or questions, key=rank, default=None)


def _hears(outcome: DnsOutcome) -> bool:
    return outcome not in (*_DEAF, DnsOutcome.MALFORMED)


def _evidence(questions: Iterable[Question]) -> dict[str, object]:
    every = list(questions)
    told = [
        f"{q.type} {q.name} @{q.nameserver}/{q.transport}{' at the far side' if q.far else ''}: "
        + f"{q.outcome.value} ({q.elapsed_ms:.0f} ms)"
        + (f" {', '.join(q.records)}" if q.records else "")
        for q in every[:_MOST_TOLD]
    ]
    return {"questions": [*told, f"and {len(every) - _MOST_TOLD} more"] if len(every) > _MOST_TOLD else told}


def captive_address(facts: Facts) -> str | None:
    """The address that an invented name resolves to, None when invented names do not resolve."""
    for question in _asked(facts, "control"):
        if question.outcome is DnsOutcome.ANSWERED and question.records:
            return question.records[0]
    return None


def _resolver_trouble(facts: Facts, about: str) -> Finding | None:
    """What is wrong with the name servers themselves, judged over everything that was asked."""
    if facts.dns.nameservers == ():
        return finding("dns.no-resolver", Certainty.PROVEN, evidence={"nameservers": []})
    questions = facts.dns.questions
    outcomes = _outcomes(questions)
    if not questions or any(map(_hears, outcomes)):
        return None
    servers = listed(facts.dns.nameservers or ())
    if DnsOutcome.MALFORMED in outcomes:
        return _garbage([q for q in questions if q.outcome is DnsOutcome.MALFORMED], about)
    evidence = _evidence_of_all(questions)
    if DnsOutcome.PORT_CLOSED in outcomes and outcomes <= {DnsOutcome.PORT_CLOSED, DnsOutcome.UNREACHABLE}:
        return finding("dns.resolver-not-running", Certainty.LIKELY, evidence=evidence, nameserver=servers)
    return finding("dns.resolver-silent", Certainty.LIKELY, evidence={"wanted": about, **evidence}, nameserver=servers)


_outcomes = PerQuestions(lambda questions: {q.outcome for q in questions})
_evidence_of_all = PerQuestions(_evidence)
_of_zones = PerQuestions(lambda questions: [q for q in questions if q.purpose == "zone"])
_clusters = PerQuestions(lambda questions: [q for q in questions if q.purpose == "cluster" and q.records])


def _garbage(spoilt: list[Question], about: str) -> Finding:
    return finding(
        "dns.garbage",
        Certainty.PROVEN,
        evidence=_evidence(spoilt),
        nameserver=listed(list(dict.fromkeys(q.nameserver for q in spoilt))),
        host=about,
    )


def _captive(facts: Facts, name: str, records: tuple[str, ...]) -> Finding | None:
    address = captive_address(facts)
    if address is None:
        return None
    same = address in records
    return finding(
        "dns.captive-portal",
        Certainty.LIKELY,
        evidence={"wanted": name, **_evidence(_asked(facts, "control", "bare", "host"))},
        detail=f"A provider that leads unknown names to a page of its own does the same: then there is no {name}."
        if same
        else "",
        address=address,
    )


def srv_name(facts: Facts) -> Iterable[Finding]:
    """What is wrong with the SRV name: its lookups, their targets, the TXT record."""
    if not facts.uri.srv or not facts.uri.hosts:
        return
    host = facts.uri.hosts[0]
    srv = _asked(facts, "srv")
    far = [q for q in facts.dns.questions if q.far and q.purpose == "srv"]
    known_there = any(q.far for q in srv) and any(q.records for q in srv)
    if far and not known_there and (found := _far_side(facts, host, far)):
        yield found
        return
    if not srv:
        if facts.dns.nameservers == () and (trouble := _resolver_trouble(facts, host)):
            yield trouble
        return
    if not known_there and (trouble := _resolver_trouble(facts, host)):
        yield trouble
        return
    best = _best(srv)
    if best is None:
        return
    if best.outcome is not DnsOutcome.ANSWERED or (best.truncated and best.transport == "udp"):
        if found := _srv_failure(facts, host, srv, best):
            yield found
        return
    yield from _srv_targets(facts, host, best)
    if found := _txt(facts, host):
        yield found


def _far_side(facts: Facts, host: str, far: list[Question]) -> Finding | None:
    """What the far side's word about a name that this computer does not know, or was not asked for, comes to."""
    here = [q for q in facts.dns.questions if q.purpose == "srv" and not q.far]
    if here and any(q.records for q in _asked(facts, "bare")):
        return None  # an ordinary host: its own finding tells
    evidence = _evidence([*here, *far])
    best = _best(far)
    if best is None:
        return None
    if best.outcome in _NEGATIVE:
        too = " as well" if any(q.outcome in _NEGATIVE for q in here) else ""
        said = f"The name server at the far side of the hops, {best.nameserver}, says so{too}."
        return finding("dns.srv-not-found", Certainty.LIKELY, evidence=evidence, detail=said, host=host)
    return finding("dns.far-unanswered", Certainty.LIKELY, evidence=evidence, nameserver=best.nameserver, host=host)


def _srv_failure(facts: Facts, host: str, srv: list[Question], best: Question) -> Finding | None:
    bare = _asked(facts, "bare")
    addresses = tuple(record for q in bare for record in q.records)
    evidence = _evidence([*srv, *bare, *_asked(facts, "control", "zone")])
    truncated = [q for q in srv if q.truncated and q.transport == "udp"]
    if truncated and not any(q.transport == "tcp" and _hears(q.outcome) for q in srv):
        if not any(q.transport == "tcp" for q in srv):
            return None  # The second question, over TCP, is still under way.
        refused = any(q.transport == "tcp" and q.outcome is DnsOutcome.PORT_CLOSED for q in srv)
        certainty = Certainty.PROVEN if refused else Certainty.LIKELY
        return finding("dns.tcp-blocked", certainty, evidence=evidence, host=host)
    if best.outcome in _NEGATIVE:
        if captive := _captive(facts, host, addresses):
            return captive
        if knowing := next((q for q in srv if q.outcome is DnsOutcome.ANSWERED and q.records), None):
            return finding(
                "dns.srv-not-found",
                Certainty.PROVEN,
                evidence=evidence,
                detail=f"Your name servers disagree: {best.nameserver} says so and is asked first, while "
                f"{knowing.nameserver} knows the name.",
                fix=_DISAGREEMENT,
                host=host,
            )
        if addresses:
            first = f"mongodb://{host}:27017"
            hidden = "A DNS server that hides SRV records answers the same: another network decides."
            return finding(
                "dns.no-srv-record",
                Certainty.LIKELY,
                evidence=evidence,
                patch={"seeds": {"srv": False, "hosts": [f"{host}:27017"]}},
                detail=f"It has the address {listed(addresses)}; {first} names it as one host. "
                f"{_policy(facts, host) or hidden}",
                host=host,
            )
        if not any(_hears(q.outcome) for q in bare):
            return None  # Whether the bare name has an address is not known yet.
        if policy := _policy(facts, host):
            return finding(
                "dns.srv-not-found", Certainty.LIKELY, evidence=evidence, detail=policy, fix=_BY_HOSTS, host=host
            )
        if zones := _denied_zones(facts, best.nameserver):
            return finding(
                "dns.srv-not-found",
                Certainty.LIKELY,
                evidence=evidence,
                summary=f"Your DNS server {best.nameserver} resolves no public names, {host} among them.",
                means=_NO_PUBLIC_NAMES.format(zones=zones),
                fix=_PUBLIC_NAMES,
                host=host,
            )
        service = facts.uri.options.get("srvServiceName")
        asked = f"srvServiceName={service} asks for _{service}._tcp.{host}; without it, drivers ask for _mongodb._tcp."
        private = "A cluster name that exists only in a private zone looks the same from outside of its network."
        if facts.hops:
            private = (
                "Only this computer was asked. Where the network behind the hops alone knows the name, write a name "
                "server of that network beside them: it is asked over the hops then."
            )
        detail = asked if service else f"{_known_zone(facts, host, best.nameserver)}{private}"
        return finding("dns.srv-not-found", Certainty.LIKELY, evidence=evidence, detail=detail, host=host)
    elsewhere = [q for q in _asked(facts, "bare", "control") if q.nameserver == best.nameserver]
    if best.outcome is DnsOutcome.SERVFAIL:
        return finding("dns.servfail", Certainty.PROVEN, evidence=evidence, host=host)
    if any(_hears(q.outcome) and q.outcome not in _TURNED_DOWN for q in elsewhere):
        # Only an answer about the same domain shows that it is the kind of record which is turned down.
        domain = any(_hears(q.outcome) and q.purpose == "bare" and q.outcome not in _TURNED_DOWN for q in elsewhere)
        sure = domain and best.outcome not in _DEAF
        return finding(
            "dns.srv-blocked",
            Certainty.PROVEN if sure else Certainty.LIKELY,
            evidence=evidence,
            detail="" if domain else "It may as well turn down every question about that domain.",
            nameserver=best.nameserver,
        )
    if best.outcome in (DnsOutcome.REFUSED, DnsOutcome.OTHER_RCODE) and elsewhere:
        return finding(
            "dns.srv-blocked",
            Certainty.LIKELY,
            evidence=evidence,
            detail="It refuses ordinary names too, so it may refuse to serve this computer at all.",
            nameserver=best.nameserver,
        )
    if best.outcome is DnsOutcome.MALFORMED:
        return _garbage([q for q in srv if q.outcome is DnsOutcome.MALFORMED], host)
    return None


_NO_PUBLIC_NAMES = (
    "It denies {zones} as well, which exists for everyone, so its no says nothing about this name. Name servers of"
    " closed networks and of some VPNs know their own names alone."
)
_PUBLIC_NAMES = (
    "Use a name server that resolves public names, leave the closed network, or write the long mongodb:// form with"
    " hosts that this network knows."
)


def _denied_zones(facts: Facts, nameserver: str) -> str:
    """The public domains that a name server denies, as words; empty unless it denies all that it was asked about."""
    zones = [q for q in _of_zones(facts.dns.questions) if q.nameserver == nameserver]
    denied = [q.name for q in zones if q.outcome is DnsOutcome.NXDOMAIN]
    return LANDMARK if LANDMARK in denied and len(denied) == len(zones) else ""


def _known_zone(facts: Facts, name: str, nameserver: str) -> str:
    """What is known of the domain of a name that does not exist there, as a sentence; empty where it was not asked."""
    zone = public_zone(name)
    outcomes = {q.outcome for q in _of_zones(facts.dns.questions) if q.name == zone and q.nameserver == nameserver}
    if outcomes & {DnsOutcome.ANSWERED, DnsOutcome.NODATA}:
        return f"The domain {zone} is known there, this name in it is not. "
    if DnsOutcome.NXDOMAIN in outcomes:
        return f"Not even the domain {zone} exists there: a slip in it, or a filter that hides the whole domain. "
    return ""


_BY_HOSTS = (
    "Name the hosts in a mongodb:// address, which Windows itself looks up, or set the VPN's name servers for the"
    " connection, not for some names only."
)


def _policy(facts: Facts, name: str) -> str:
    """What Windows' name resolution policy makes of a name, as a sentence; empty when it is no part of any."""
    asked = name.lower().rstrip(".")
    for space in facts.computer.surroundings.name_policies:
        if space == "." or asked == space.lstrip(".") or (space.startswith(".") and asked.endswith(space)):
            every = "every name" if space == "." else f"names under {space.lstrip('.')}"
            return (
                f"A policy of this computer (NRPT) sends {every} to name servers of its own; drivers ask those of the"
                " network adapters instead."
            )
    return ""


def _srv_targets(facts: Facts, host: str, answer: Question) -> Iterable[Finding]:
    targets = [record.split()[3] for record in answer.records if len(record.split()) == 4]
    evidence = _evidence([answer])
    if targets and all(target in (".", "") for target in targets):
        yield finding("dns.srv-withdrawn", Certainty.PROVEN, evidence=evidence, host=host)
        return
    if targets and all(record.split()[2] == "0" for record in answer.records if len(record.split()) == 4):
        target = targets[0].rstrip(".")
        yield finding("dns.srv-port-zero", Certainty.PROVEN, evidence=evidence, host=host, target=target)
        return
    suffix = facts.uri.options.get("srvAllowedHostsSuffix")
    for target in targets:
        if not srv_target_allowed(host, target, suffix if isinstance(suffix, str) else None):
            yield finding(
                "dns.srv-target-refused", Certainty.PROVEN, evidence=evidence, host=host, target=target.rstrip(".")
            )
            return


def _txt(facts: Facts, host: str) -> Finding | None:
    txt = _asked(facts, "txt")
    best = _best(txt)
    if best is None or best.outcome in _NEGATIVE:
        return None
    if best.outcome is not DnsOutcome.ANSWERED:
        certainty = Certainty.LIKELY if best.outcome in _DEAF else Certainty.PROVEN
        return finding("dns.txt-blocked", certainty, evidence=_evidence(txt), host=host)
    what = txt_problem(best.records)
    if what is None:
        return None
    return finding("dns.txt-invalid", Certainty.PROVEN, evidence=_evidence(txt), host=host, what=what)


def txt_problem(records: tuple[str, ...]) -> str | None:
    """Why drivers refuse these TXT records (Initial DNS Seedlist Discovery spec, TXT options)."""
    if len(records) > 1:
        return f"there are {len(records)} of them"
    for pair in records[0].split("&") if records else ():
        name, equals, value = pair.partition("=")
        if not equals:
            return "it is a text for another purpose"
        if name.lower() not in _ALLOWED_IN_TXT:
            return f"it sets {name}" if re.fullmatch(r"[A-Za-z]{2,40}", name) else "it is a text for another purpose"
        if not value:
            return f"{name} has no value"
        if name.lower() == "loadbalanced" and value not in ("true", "false"):
            return f"loadBalanced={value} is neither true nor false"
    return None


def first_resolver(facts: Facts) -> Iterable[Finding]:
    """A dead first name server before a living one."""
    servers = facts.dns.nameservers or ()
    if len(servers) < 2:
        return
    hears = {s: [_hears(q.outcome) for q in facts.dns.questions if q.nameserver == s] for s in servers}
    first = servers[0]
    other = next((s for s in servers[1:] if any(hears[s])), None)
    if other is not None and hears[first] and not any(hears[first]):
        yield finding(
            "dns.first-resolver-dead",
            Certainty.LIKELY,
            detail="One that a firewall keeps from here, or that answers later than is waited for, looks the same.",
            evidence=_evidence(q for q in facts.dns.questions if q.nameserver in (first, other)),
            nameserver=first,
            other=other,
        )


def slow(facts: Facts) -> Iterable[Finding]:
    """Lookups that answer, slowly."""
    times = [q.elapsed_ms for q in facts.dns.questions if _hears(q.outcome) and not q.far]
    times += [m.lookup.elapsed_ms for m in facts.members if m.lookup and not m.lookup.literal and m.lookup.addresses]
    # The quickest answer of the slowest purpose: one late packet among many is no slow DNS.
    if times and sorted(times)[len(times) // 2] >= SLOW_MS:
        yield finding(
            "dns.slow",
            Certainty.PROVEN,
            evidence={"answers_ms": [round(t) for t in times]},
            detail=ndots_words(facts),
            ms=round(sorted(times)[len(times) // 2]),
        )


def _cannot_look_up(best: Question, asked: list[Question]) -> bool:
    """Whether the lookup broke off at the name server. No address of one family says nothing about the other."""
    alike = {q.outcome for q in asked if q.nameserver == best.nameserver}
    return best.outcome is DnsOutcome.SERVFAIL or (best.outcome is DnsOutcome.NODATA and DnsOutcome.SERVFAIL in alike)


def host_name(facts: Facts, member: MemberFacts) -> Finding | None:
    """Why a host has no address. Called for members whose lookup failed."""
    if not lookup_failed(member.lookup):
        return None
    asked = _asked_about(facts, member.host)
    eai = member.lookup.eai if member.lookup else None
    evidence: dict[str, object] = {
        "eai": None if eai is None else eai_name(eai) or eai,
        **_evidence([*asked, *_of_zones(facts.dns.questions)]),
    }
    if trouble := _resolver_trouble(facts, member.host):
        if trouble.cause == "dns.no-resolver":  # The system can have a way of its own to look names up.
            return replace(trouble, certainty=Certainty.LIKELY)
        return trouble
    best = _best(asked)
    if best is not None and _cannot_look_up(best, asked):
        return finding("dns.servfail", Certainty.PROVEN, server=member.address, evidence=evidence, host=member.host)
    if best is not None and best.outcome in (DnsOutcome.REFUSED, DnsOutcome.OTHER_RCODE):
        return finding(
            "dns.refused",
            Certainty.LIKELY,
            server=member.address,
            evidence=evidence,
            nameserver=best.nameserver,
            host=member.host,
        )
    unheard = member.lookup is not None and member.lookup.silent
    if unheard and (best is None or best.outcome not in _NEGATIVE):
        return _unheard(facts, member, best, evidence)
    if facts.uri.srv and member.seed:
        return finding(
            "dns.target-has-no-address",
            Certainty.LIKELY,
            server=member.address,
            evidence=evidence,
            host=facts.uri.hosts[0] if facts.uri.hosts else "",
            target=member.host,
        )
    if _DIGITS.fullmatch(member.host):
        return finding(
            "dns.host-not-found",
            Certainty.LIKELY,
            server=member.address,
            evidence=evidence,
            summary=f"{member.host} is no possible IPv4 address.",
            means="One has four numbers from 0 to 255. This was looked up as a name, and no name ends in a number.",
            fix="Correct the address.",
            host=member.host,
        )
    if (odd := _impossible_name(member.host)) is not None:
        return finding(
            "dns.host-not-found",
            Certainty.LIKELY,
            server=member.address,
            evidence=evidence,
            summary=f"{member.host} is no possible host name: {odd}.",
            means="The parts between the dots have 1 to 63 characters.",
            fix="Correct the name.",
            host=member.host,
        )
    words = name_words(facts, member)
    if "." not in member.host.rstrip("."):
        detail, fix, also = words or ("", "", ())
        return finding(
            "dns.short-name",
            Certainty.LIKELY if unheard else Certainty.PROVEN,
            server=member.address,
            evidence=evidence,
            means=detail if in_container(facts) else "",
            detail="" if in_container(facts) else detail,
            fix=fix,
            also=also,
            host=member.host,
        )
    if words is not None:
        return finding(
            "dns.host-not-found",
            Certainty.LIKELY,
            server=member.address,
            evidence=evidence,
            detail=words[0],
            fix=words[1],
            also=words[2],
            host=member.host,
        )
    certain = best is not None and best.outcome in _NEGATIVE
    if certain and (cluster := _clusters(facts.dns.questions)):
        return finding(
            "dns.host-not-found",
            Certainty.PROVEN,
            server=member.address,
            evidence={**evidence, **_evidence([*asked, *cluster])},
            patch={"seeds": {"srv": True, "hosts": [member.host]}},
            detail=f"It is the name of a cluster: DNS lists its hosts for mongodb+srv://{member.host} only.",
            fix=f"Write mongodb+srv://{member.host} instead.",
            host=member.host,
        )
    if certain and best is not None and not _knowing(best, asked) and (zones := _denied_zones(facts, best.nameserver)):
        return finding(
            "dns.host-not-found",
            Certainty.LIKELY,
            server=member.address,
            evidence=evidence,
            summary=f"Your DNS server {best.nameserver} resolves no public names, {member.host} among them.",
            means=_NO_PUBLIC_NAMES.format(zones=zones),
            fix=_PUBLIC_NAMES,
            host=member.host,
        )
    zone = _known_zone(facts, member.host, best.nameserver) if certain and best is not None else ""
    mine = {q.outcome for q in asked if best is not None and q.nameserver == best.nameserver}
    known = mine == {DnsOutcome.NODATA} and not _knowing(best, asked)
    return finding(
        "dns.host-not-found",
        Certainty.LIKELY,
        server=member.address,
        evidence=evidence,
        summary=f"The host {member.host} has no address in DNS." if known else "",
        means=_WITHOUT_ADDRESS if known else "",
        detail=f"{zone}{_why_unknown(facts, best, asked)}{_LOST if unheard else ''}",
        fix=_DISAGREEMENT if _knowing(best, asked) else "",
        also=proxy_remedies(facts),
        host=member.host,
    )


def _impossible_name(host: str) -> str | None:
    """Why no name server can be asked for a name; None where one can."""
    parts = host.removesuffix(".").split(".")
    if "" in parts:
        return "a part of it is empty"
    return "a part of it is too long" if any(len(part) > _LONGEST_PART for part in parts) else None


_LONGEST_PART = 63
"""Characters between two dots (RFC 1035)."""
_DIGITS = late(r"\d+(?:\.\d+)*\.?")


def misread(member: MemberFacts) -> str:
    """A word about an IPv4 address that is written in a form of old, as which the system reads it; else empty."""
    addresses = member.lookup.addresses if member.lookup is not None else ()
    if not _DIGITS.fullmatch(member.host) or is_ip_address(member.host) or len(addresses) != 1:
        return ""
    how = (
        "A number that begins with 0 counts by eights"
        if re.search(r"(?:^|\.)0\d", member.host)
        else "Parts are missing"
    )
    return f"{how}: this computer reads {member.host} as {addresses[0]}."


_WITHOUT_ADDRESS = (
    "The name server does not deny the name, and lists no address for it: the name stands for something else, or the "
    "server leaves private addresses out of its answers, as routers do against rebinding."
)
_LOST = " This computer's own lookup has not ended yet, as after a packet that was lost."
_DISAGREEMENT = (
    "Put the name server that knows the name first, or let the VPN set the name servers: the first one that answers "
    "decides, and a no is an answer."
)


def _knowing(best: Question | None, asked: list[Question]) -> Question | None:
    """The name server that knows what the one that is asked first denies."""
    if best is None or best.outcome not in _NEGATIVE:
        return None
    return next((q for q in asked if q.outcome is DnsOutcome.ANSWERED and q.records), None)


def _why_unknown(facts: Facts, best: Question | None, asked: list[Question]) -> str:
    if (knowing := _knowing(best, asked)) is not None and best is not None:
        return (
            f"Your name servers disagree: {best.nameserver} says so and is asked first, while "
            f"{knowing.nameserver} knows the name."
        )
    if best is not None and best.records:
        return "A name server knows it all the same: only this computer's own lookup fails."
    tunnels = facts.computer.surroundings.tunnels
    through = f" A tunnel is up ({listed(tunnels)})." if tunnels else ""
    return f"A name that exists only in a private zone looks the same from outside of its network.{through}"


def _unheard(facts: Facts, member: MemberFacts, best: Question | None, evidence: dict[str, object]) -> Finding | None:
    """The system's resolver is still waiting for an answer, while a name server answers us."""
    if best is None or best.outcome is not DnsOutcome.ANSWERED or any(first_resolver(facts)):
        return None  # A dead first name server is told by its own rule.
    assert member.lookup is not None
    return finding(
        "dns.slow",
        Certainty.LIKELY,
        severity=Severity.FAILURE,
        server=member.address,
        evidence=evidence,
        detail=f"A name server answers questions about {member.host}; this computer's own lookup of it does not end.",
        ms=round(member.lookup.elapsed_ms),
    )


def wrong_address(facts: Facts, member: MemberFacts) -> Finding | None:
    """A name that leads elsewhere: a captive portal, or a line in the hosts file. Called for members that failed."""
    lookup = member.lookup
    if lookup is None or lookup.literal or not lookup.addresses:
        return None
    captive = captive_address(facts)
    if captive is not None and captive in lookup.addresses:
        return _captive(facts, member.host, lookup.addresses)
    real = tuple(
        record for q in _asked_about(facts, member.host) if q.outcome is DnsOutcome.ANSWERED for record in q.records
    )
    if lookup.hosts_file and real and not set(real) & set(lookup.addresses):
        return finding(
            "dns.hosts-file-override",
            Certainty.LIKELY,
            detail="If the line is meant, for a tunnel or a test, it is its target that does not answer.",
            server=member.address,
            evidence={"hosts_file": list(lookup.hosts_file), "dns": list(real)},
            host=member.host,
            address=listed(lookup.addresses),
            dnsAddress=listed(real),
        )
    return None


def txt_wrong_set(facts: Facts, given: str, actual: str, server: str, *, doubt: str = "") -> Finding:
    """The finding for a set name that the TXT record brought and no server has; ``doubt``: what else may be."""
    return finding(
        "dns.txt-wrong-set",
        Certainty.LIKELY if doubt else Certainty.PROVEN,
        detail=doubt,
        server=server,
        evidence={"txt": given, "servers": actual},
        host=facts.uri.hosts[0] if facts.uri.hosts else "",
        name=given,
        actual=actual,
        also=(Remedy(text="Use the long mongodb:// form without replicaSet.", action="srv-to-seed-list"),),
    )


def txt_against_text(facts: Facts) -> Iterable[Finding]:
    """Options of the TXT record, or several hosts of the SRV record, that exclude what the text says."""
    if not facts.uri.srv or not facts.uri.hosts:
        return
    host, said = facts.uri.hosts[0], facts.uri.options
    brought = {name.lower(): value for name, value in txt_options(counting(facts.dns.questions)).items()}
    balanced = "loadBalanced=true from the TXT record" if brought.get("loadbalanced") == "true" else ""
    if said.get("loadBalanced") is True:
        balanced = "loadBalanced=true in the address"
    txt_set = brought.get("replicaset")
    named = f"replicaSet={txt_set} from the TXT record" if txt_set and "replicaSet" not in said else ""
    if "replicaSet" in said:
        named = f"replicaSet={said['replicaSet']} in the address"
    targets = {":".join(seed) for q in _asked(facts, "srv") for r in q.records if len(seed := r.split()[:1:-1]) == 2}
    most = said.get("srvMaxHosts") or 0
    pairs = [
        (balanced, named),
        (balanced, f"{len(targets)} hosts in the SRV record" if len(targets) > 1 and most != 1 else ""),
        (balanced, "srvMaxHosts in the address" if most else ""),
        (named, "srvMaxHosts in the address" if most else ""),
    ]
    for first, second in pairs:
        if first and second and ("record" in first or "record" in second):
            yield finding(
                "uri.conflicting-options",
                Certainty.PROVEN,
                stage=Stage.DNS,
                evidence={"txt": brought, "targets": sorted(targets)},
                detail=f"One half comes from DNS: the records of {host} say so.",
                fix="Remove the half that stands in the address, or have the record corrected.",
                first=first,
                second=second,
                keep="what the deployment is",
            )
            return


RULES = (srv_name, txt_against_text, first_resolver, slow)
