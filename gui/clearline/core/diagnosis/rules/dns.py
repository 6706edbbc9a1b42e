"""Findings about the names of the members' hosts."""

from __future__ import annotations

import re
from functools import partial

from msgspec.structs import replace

from clearline.core.addresses import (
    eai_name,
    is_ip_address,
)
from clearline.core.diagnosis.catalogue import (
    finding,
    listed,
)
from clearline.core.diagnosis.rules.cnames import (
    leads_nowhere,
)
from clearline.core.diagnosis.rules.evidence import (
    presented,
)
from clearline.core.diagnosis.rules.places import (
    in_container,
    name_words,
    proxy_remedies,
)
from clearline.core.diagnosis.rules.resolvers import (
    DISAGREEMENT,
    NEGATIVE,
    NO_PUBLIC_NAMES,
    PUBLIC_NAMES,
    asked_about,
    best_of,
    cannot_look_up,
    captive_address,
    captive_portal,
    clusters_of,
    cut_off,
    denied_zones,
    evidence_of,
    first_resolver,
    known_zone,
    resolver_trouble,
    zones_of,
)
from clearline.core.diagnosis.rules.tls_trust import (
    covers,
)
from clearline.core.diagnosis.standing import (
    lookup_failed,
)
from clearline.core.facts.names import (
    DnsOutcome,
    Question,
)
from clearline.core.facts.servers import (
    MemberFacts,
)
from clearline.core.facts.whole import (
    Facts,
)
from clearline.core.findings import (
    Certainty,
    Finding,
    Json,
    Severity,
)
from clearline.core.text.late_patterns import (
    late,
)


def host_name(facts: Facts, member: MemberFacts) -> Finding | None:
    """Why a host has no address. Called for members whose lookup failed."""
    if not lookup_failed(member.lookup):
        return None
    asked = asked_about(facts, member.host)
    eai = member.lookup.eai if member.lookup else None
    evidence: dict[str, Json] = {
        "eai": None if eai is None else eai_name(eai) or eai,
        **evidence_of([*asked, *zones_of(facts.dns.questions)]),
    }
    if trouble := resolver_trouble(facts, member.host):
        if trouble.cause == "dns.no-resolver":  # The system can have a way of its own to look names up.
            return replace(trouble, certainty=Certainty.LIKELY)
        return trouble
    tell = partial(finding, server=member.address, evidence=evidence, host=member.host)
    best = best_of(asked)
    if best is not None and cannot_look_up(best, asked):
        return tell("dns.servfail", Certainty.PROVEN)
    if best is not None and best.outcome in (DnsOutcome.REFUSED, DnsOutcome.OTHER_RCODE):
        return tell("dns.refused", Certainty.LIKELY, nameserver=best.nameserver)
    if (certainty := cut_off(asked)) is not None:
        return tell("dns.tcp-blocked", certainty)
    unheard = member.lookup is not None and member.lookup.silent
    denied = best if best is not None and best.outcome in NEGATIVE else None
    if unheard and denied is None:
        return _unheard(facts, member, best, evidence)
    if facts.uri.srv and member.seed and not (best is not None and best.records):
        srv_name = facts.uri.hosts[0] if facts.uri.hosts else ""
        return tell("dns.target-has-no-address", Certainty.LIKELY, host=srv_name, target=member.host)
    return (
        _impossible(member.host, tell)
        or (leads_nowhere(denied, partial(tell, "dns.host-not-found")) if denied is not None else None)
        or _told_by_its_form(facts, member, tell, unheard=unheard)
        or (_known_otherwise(facts, member.host, asked, denied, tell) if denied is not None else None)
        or _unknown(facts, member.host, asked, best, tell, unheard=unheard)
    )


def _impossible(host: str, tell: partial[Finding]) -> Finding | None:
    if _DIGITS.fullmatch(host):
        return tell(
            "dns.host-not-found",
            Certainty.LIKELY,
            summary=f"{host} is no possible IPv4 address.",
            means="One has four numbers from 0 to 255. This was looked up as a name, and no name ends in a number.",
            fix="Correct the address.",
        )
    if (odd := _impossible_name(host)) is not None:
        return tell(
            "dns.host-not-found",
            Certainty.LIKELY,
            summary=f"{host} is no possible host name: {odd}.",
            means="The parts between the dots have 1 to 63 characters.",
            fix="Correct the name.",
        )
    return None


def _told_by_its_form(facts: Facts, member: MemberFacts, tell: partial[Finding], *, unheard: bool) -> Finding | None:
    """A name of one part, or one whose form says which network knows it."""
    words = name_words(facts, member)
    if (bare := member.host.rstrip(".")) != member.host and "." not in bare:
        return tell(
            "dns.short-name",
            Certainty.LIKELY,
            summary=f"{member.host} is a short name with a dot behind it, and DNS does not know it.",
            means="The dot says that the name is complete, so that no search domain is added to it.",
            fix=f"Write {bare} without the dot, or the full name.",
            patch={"seeds": {"hosts": [f"{bare}:{member.port}"]}} if facts.uri.hosts == (member.address,) else None,
        )
    if "." not in bare:
        detail, fix, also = words or ("", "", ())
        return tell(
            "dns.short-name",
            Certainty.LIKELY if unheard else Certainty.PROVEN,
            means=detail if in_container(facts) else "",
            detail="" if in_container(facts) else detail,
            fix=fix,
            also=also,
        )
    if words is not None:
        return tell("dns.host-not-found", Certainty.LIKELY, detail=words[0], fix=words[1], also=words[2])
    return None


def _known_otherwise(
    facts: Facts, host: str, asked: list[Question], denied: Question, tell: partial[Finding]
) -> Finding | None:
    """A no that is about more than this name: it is a cluster's, or the name server knows no public name."""
    if cluster := clusters_of(facts.dns.questions):
        return tell(
            "dns.host-not-found",
            Certainty.PROVEN,
            evidence={**tell.keywords["evidence"], **evidence_of([*asked, *cluster])},
            patch={"seeds": {"srv": True, "hosts": [host]}},
            detail=f"It is the name of a cluster: DNS lists its hosts for mongodb+srv://{host} only.",
            fix=f"Write mongodb+srv://{host} instead.",
        )
    if not _knowing(denied, asked) and (zones := denied_zones(facts, denied.nameserver)):
        return tell(
            "dns.host-not-found",
            Certainty.LIKELY,
            summary=f"Your DNS server {denied.nameserver} resolves no public names, {host} among them.",
            means=NO_PUBLIC_NAMES.format(zones=zones),
            fix=PUBLIC_NAMES,
        )
    return None


def _unknown(
    facts: Facts,
    host: str,
    asked: list[Question],
    best: Question | None,
    tell: partial[Finding],
    *,
    unheard: bool,
) -> Finding:
    zone = known_zone(facts, host, best.nameserver) if best is not None and best.outcome in NEGATIVE else ""
    mine = {q.outcome for q in asked if best is not None and q.nameserver == best.nameserver}
    known = mine == {DnsOutcome.NODATA} and not _knowing(best, asked)
    if best is not None and best.records:
        return tell(
            "dns.host-not-found",
            Certainty.LIKELY,
            summary=f"This computer does not find {host}, although the name server {best.nameserver} knows it.",
            means="Programs ask the system, which goes by rules of its own: it takes no name that begins with a "
            "hyphen, looks in hosts files and other services first (nsswitch.conf), and keeps a no for a while.",
            fix="Look the name up as programs do (getent hosts, ping), clear the system's cache of names, or connect "
            f"by the address ({listed(best.records)}).",
        )
    return tell(
        "dns.host-not-found",
        Certainty.LIKELY,
        summary=f"The host {host} has no address in DNS." if known else "",
        means=_WITHOUT_ADDRESS if known else "",
        detail=f"{zone}{_why_unknown(facts, best, asked)}{_LOST if unheard else ''}",
        fix=DISAGREEMENT if _knowing(best, asked) else "",
        also=proxy_remedies(facts),
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


def completed(facts: Facts, member: MemberFacts) -> str:
    """A word about a name to which this computer adds a search domain; else empty."""
    addresses = set(member.lookup.addresses) if member.lookup is not None else set()
    own = [q for q in asked_about(facts, member.host) if q.outcome is DnsOutcome.ANSWERED]
    if any(addresses & set(q.records) for q in own):
        return ""
    asked = (q for q in facts.dns.questions if q.purpose == "completed" and q.name.startswith(f"{member.host}."))
    led = next((q for q in asked if addresses & set(q.records)), None)
    if led is None:
        return ""
    itself = f"leads to {listed(own[0].records)}" if own else "does not exist in DNS"
    # With TLS the driver would compare the dot with the certificate's names too.
    whole = "set ndots:1 in resolv.conf" if facts.tls_wanted else f"write {member.host}. with a dot at its end"
    return (
        f"This computer adds a search domain to {member.host} and reads it as {led.name}, while the name itself "
        f"{itself}. If that is another server, {whole}, or write the name that is meant."
    )


_WITHOUT_ADDRESS = (
    "The name server does not deny the name, and lists no address for it: the name stands for something else, or the "
    "server leaves private addresses out of its answers, as routers do against rebinding."
)
_LOST = " This computer's own lookup has not ended yet, as after a packet that was lost."


def _knowing(best: Question | None, asked: list[Question]) -> Question | None:
    """The name server that knows what the one that is asked first denies."""
    if best is None or best.outcome not in NEGATIVE:
        return None
    return next((q for q in asked if q.outcome is DnsOutcome.ANSWERED and q.records), None)


def _why_unknown(facts: Facts, best: Question | None, asked: list[Question]) -> str:
    if (knowing := _knowing(best, asked)) is not None and best is not None:
        return (
            f"Your name servers disagree: {best.nameserver} says so and is asked first, while "
            f"{knowing.nameserver} knows the name."
        )
    tunnels = facts.computer.surroundings.tunnels
    through = f" A tunnel is up ({listed(tunnels)})." if tunnels else ""
    return f"A name that exists only in a private zone looks the same from outside of its network.{through}"


def _unheard(facts: Facts, member: MemberFacts, best: Question | None, evidence: dict[str, Json]) -> Finding | None:
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
    chain = presented(member)
    rightful = bool(chain) and covers(chain[0], member.host)
    captive = captive_address(facts)
    # A sign-in page speaks no MongoDB, and has no certificate for that name.
    if captive is not None and captive in lookup.addresses and member.hello is None and not rightful:
        return captive_portal(facts, member.host, lookup.addresses)
    if rightful or (member.hello is not None and not chain):
        return None
    real = tuple(
        record for q in asked_about(facts, member.host) if q.outcome is DnsOutcome.ANSWERED for record in q.records
    )
    if lookup.hosts_file and real and not set(real) & set(lookup.addresses):
        return finding(
            "dns.hosts-file-override",
            Certainty.LIKELY,
            detail="If the line is meant, for a tunnel or a test, it is its target that "
            f"{'is set up for another name' if chain else 'does not answer'}.",
            server=member.address,
            evidence={"hosts_file": list(lookup.hosts_file), "dns": list(real)},
            host=member.host,
            address=listed(lookup.addresses),
            dnsAddress=listed(real),
        )
    return None
