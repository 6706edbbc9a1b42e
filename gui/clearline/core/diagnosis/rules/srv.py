"""Findings about the SRV name of the deployment, and the records that it leads to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial

from clearline.core.diagnosis.catalogue import (
    finding,
    listed,
)
from clearline.core.diagnosis.rules.cnames import leads_nowhere, of_a_cluster
from clearline.core.diagnosis.rules.members import by_hosts, seeds, unusable
from clearline.core.diagnosis.rules.resolvers import (
    DEAF,
    DISAGREEMENT,
    NEGATIVE,
    NO_PUBLIC_NAMES,
    PUBLIC_NAMES,
    asked_for,
    best_of,
    captive_portal,
    cut_off,
    denied_zones,
    evidence_of,
    garbage,
    hears,
    known_zone,
    resolver_trouble,
)
from clearline.core.diagnosis.standing import answered
from clearline.core.facts.names import (
    DnsOutcome,
    Question,
    counting,
    srv_target_allowed,
    txt_options,
    txt_parts,
)
from clearline.core.facts.whole import (
    Facts,
)
from clearline.core.findings import (
    Certainty,
    Finding,
    Json,
    Remedy,
    Severity,
    Stage,
)

_TURNED_DOWN = (DnsOutcome.REFUSED, DnsOutcome.SERVFAIL, DnsOutcome.OTHER_RCODE)
_ALLOWED_IN_TXT = {"authsource", "replicaset", "loadbalanced"}


def srv_name(facts: Facts) -> Iterable[Finding]:
    """What is wrong with the SRV name: its lookups, their targets, the TXT record."""
    if not facts.uri.srv or not facts.uri.hosts:
        return
    host = facts.uri.hosts[0]
    srv = asked_for(facts, "srv")
    far = [q for q in facts.dns.questions if q.far and q.purpose == "srv"]
    known_there = any(q.far for q in srv) and any(q.records for q in srv)
    if far and not known_there and (found := _far_side(facts, host, far)):
        yield found
        return
    if not srv:
        if facts.dns.nameservers == () and (trouble := resolver_trouble(facts, host)):
            yield trouble
        return
    if not known_there and (trouble := resolver_trouble(facts, host)):
        yield trouble
        return
    best = best_of(srv)
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
    if here and any(q.records for q in asked_for(facts, "bare")):
        return None  # an ordinary host: its own finding tells
    evidence = evidence_of([*here, *far])
    best = best_of(far)
    if best is None:
        return None
    if best.outcome in NEGATIVE:
        too = " as well" if any(q.outcome in NEGATIVE for q in here) else ""
        said = f"The name server at the far side of the hops, {best.nameserver}, says so{too}."
        return finding("dns.srv-not-found", Certainty.LIKELY, evidence=evidence, detail=said, host=host)
    return finding("dns.far-unanswered", Certainty.LIKELY, evidence=evidence, nameserver=best.nameserver, host=host)


def _srv_failure(facts: Facts, host: str, srv: list[Question], best: Question) -> Finding | None:
    bare = asked_for(facts, "bare")
    evidence = evidence_of([*srv, *bare, *asked_for(facts, "control", "zone")])
    if (certainty := cut_off(srv)) is not None:
        return finding("dns.tcp-blocked", certainty, evidence=evidence, host=host)
    if any(q.truncated for q in srv) and not any(q.transport == "tcp" for q in srv):
        return None  # The second question, over TCP, is still under way.
    if best.outcome in NEGATIVE:
        return _denied(facts, host, srv, best, evidence)
    elsewhere = [q for q in asked_for(facts, "bare", "control") if q.nameserver == best.nameserver]
    if best.outcome is DnsOutcome.SERVFAIL:
        return finding("dns.servfail", Certainty.PROVEN, evidence=evidence, host=host)
    malformed = [q for q in (*srv, *elsewhere) if q.outcome is DnsOutcome.MALFORMED]
    if best.outcome is DnsOutcome.MALFORMED and any(q in malformed for q in elsewhere):
        return garbage(malformed, host)
    if any(hears(q.outcome) and q.outcome not in _TURNED_DOWN for q in elsewhere):
        # Only an answer about the same domain shows that it is the kind of record which is turned down.
        domain = any(hears(q.outcome) and q.purpose == "bare" and q.outcome not in _TURNED_DOWN for q in elsewhere)
        sure = domain and best.outcome not in DEAF
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
            summary=f"Your DNS server {best.nameserver} refuses to look {host} up.",
            detail="It refuses ordinary names too, so it may refuse to serve this computer at all.",
            nameserver=best.nameserver,
        )
    if best.outcome is DnsOutcome.MALFORMED:
        return garbage([q for q in srv if q.outcome is DnsOutcome.MALFORMED], host)
    return None


def _denied(facts: Facts, host: str, srv: list[Question], best: Question, evidence: dict[str, Json]) -> Finding | None:
    """The name has no SRV record, by the word of a name server; None while the bare name is still asked about."""
    bare = asked_for(facts, "bare")
    addresses = tuple(record for q in bare for record in q.records)
    if captive := captive_portal(facts, host, addresses):
        return captive
    if knowing := next((q for q in srv if q.outcome is DnsOutcome.ANSWERED and q.records), None):
        return finding(
            "dns.srv-not-found",
            Certainty.PROVEN,
            evidence=evidence,
            detail=f"Your name servers disagree: {best.nameserver} says so and is asked first, while "
            f"{knowing.nameserver} knows the name.",
            fix=DISAGREEMENT,
            host=host,
        )
    tell = partial(finding, "dns.srv-not-found", host=host)
    if found := of_a_cluster(facts, host, evidence, tell) or leads_nowhere(best, partial(tell, evidence=evidence)):
        return found
    if addresses:
        return _no_srv_record(facts, host, addresses, evidence)
    if not any(hears(q.outcome) for q in bare):
        return None  # Whether the bare name has an address is not known yet.
    if policy := _policy(facts, host):
        return finding(
            "dns.srv-not-found", Certainty.LIKELY, evidence=evidence, detail=policy, fix=_BY_HOSTS, host=host
        )
    if zones := denied_zones(facts, best.nameserver):
        return finding(
            "dns.srv-not-found",
            Certainty.LIKELY,
            evidence=evidence,
            summary=f"Your DNS server {best.nameserver} resolves no public names, {host} among them.",
            means=NO_PUBLIC_NAMES.format(zones=zones),
            fix=PUBLIC_NAMES,
            host=host,
        )
    if service := facts.uri.options.get("srvServiceName"):
        return finding(
            "dns.srv-not-found",
            Certainty.LIKELY,
            evidence=evidence,
            summary=f"DNS does not know _{service}._tcp.{host}.",
            means=f"srvServiceName={service} asks for it; without it, drivers ask for _mongodb._tcp.{host}.",
            fix="Remove srvServiceName unless the deployment calls for it; else correct it, or the cluster's name.",
            host=host,
        )
    private = "A cluster name that exists only in a private zone looks the same from outside of its network."
    if facts.hops:
        private = (
            "Only this computer was asked. Where the network behind the hops alone knows the name, write a name "
            "server of that network beside them: it is asked over the hops then."
        )
    detail = f"{known_zone(facts, host, best.nameserver)}{private}"
    return finding("dns.srv-not-found", Certainty.LIKELY, evidence=evidence, detail=detail, host=host)


def _no_srv_record(facts: Facts, host: str, addresses: tuple[str, ...], evidence: dict[str, Json]) -> Finding:
    """The name has addresses of its own, and no SRV record."""
    if host.lower().endswith(_NO_SERVERS):
        return finding(
            "dns.no-srv-record",
            Certainty.LIKELY,
            evidence=evidence,
            summary=f"{host} is a web site of MongoDB's, and no cluster.",
            means="The names of Atlas' clusters end in .mongodb.net.",
            fix="Copy the connection string from Atlas: Connect, beside the cluster.",
            host=host,
        )
    first = f"mongodb://{host}:27017"
    hidden = "A DNS server that hides SRV records answers the same: another network decides."
    return finding(
        "dns.no-srv-record",
        Certainty.LIKELY,
        evidence=evidence,
        patch=by_hosts(facts, hosts=[f"{host}:27017"]),
        fix=f"Write {first}/?tls=true, for mongodb+srv:// stood for TLS too; without where the server has none."
        if facts.tls_wanted
        else "",
        detail=f"It has the address {listed(addresses)}; {first} names it as one host. "
        f"{_policy(facts, host) or hidden}",
        host=host,
    )


_NO_SERVERS = (".mongodb.com", ".mongodb-api.com")
"""Domains of the pages of Atlas, and of its interfaces by HTTP."""
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
    evidence = evidence_of([answer])
    if targets and all(target in (".", "") for target in targets):
        yield finding("dns.srv-withdrawn", Certainty.PROVEN, evidence=evidence, host=host)
        return
    if portless := [record.split()[3].rstrip(".") for record in answer.records if record.split()[2:3] == ["0"]]:
        yield finding(
            "dns.srv-port-zero",
            Certainty.PROVEN,
            evidence=evidence,
            severity=None if len(portless) == len(targets) else Severity.WARNING,
            host=host,
            target=portless[0] or ".",
        )
        if len(portless) == len(targets):
            return
    suffix = facts.uri.options.get("srvAllowedHostsSuffix")
    for target in targets:
        if not srv_target_allowed(host, target, suffix if isinstance(suffix, str) else None):
            yield finding(
                "dns.srv-target-refused",
                Certainty.PROVEN,
                evidence=evidence,
                host=host,
                target=target.rstrip(".") or ".",
            )
            return


def _txt(facts: Facts, host: str) -> Finding | None:
    txt = asked_for(facts, "txt")
    best = best_of(txt)
    if best is None or best.outcome in NEGATIVE:
        return None
    if best.outcome is not DnsOutcome.ANSWERED:
        certainty = Certainty.LIKELY if best.outcome in DEAF else Certainty.PROVEN
        return finding("dns.txt-blocked", certainty, evidence=evidence_of(txt), host=host)
    what = txt_problem(best.records)
    if what is None:
        return None
    tell = partial(finding, "dns.txt-invalid", Certainty.PROVEN, evidence=evidence_of(txt), host=host, what=what)
    if what.startswith("loadBalanced"):
        return tell(
            severity=Severity.WARNING,
            summary=f"PyMongo leaves out a part of the TXT record of {host}: {what}.",
            means="Other drivers may refuse the whole address over it.",
            fix="Have the record corrected.",
        )
    return tell()


def txt_problem(records: tuple[str, ...]) -> str | None:
    """Why drivers refuse these TXT records (Initial DNS Seedlist Discovery spec, TXT options)."""
    if len(records) > 1:
        return f"there are {len(records)} of them"
    if records and "&" in records[0] and ";" in records[0]:
        return "& and ; both stand between its options"
    for pair in txt_parts(records[0]) if records else ():
        name, equals, value = pair.partition("=")
        if not pair:
            return "an & stands in it without an option"
        if not equals:
            return "it is a text for another purpose"
        if name.lower() not in _ALLOWED_IN_TXT:
            return f"it sets {name}" if re.fullmatch(r"[A-Za-z]{2,40}", name) else "it is a text for another purpose"
        if not value:
            return f"{name} has no value"
        if name.lower() == "loadbalanced" and value not in ("true", "false"):
            return f"loadBalanced={value} is neither true nor false"
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
    answer = best_of(asked_for(facts, "srv"))
    records = answer.records if answer is not None else ()
    targets = {":".join(seed) for record in records if len(seed := record.split()[:1:-1]) == 2}
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


def drawn_by_lot(facts: Facts) -> Iterable[Finding]:
    """srvMaxHosts picks some of the hosts at random, and not all of them work."""
    most = facts.uri.options.get("srvMaxHosts") or 0
    targets = seeds(facts)
    live = [m.address for m, _ in answered(facts) if m.seed]
    dead = [m.address for m in unusable(facts) if m.seed]
    if facts.uri.srv and 0 < most < len(targets) and live and dead:
        yield finding(
            "topology.drawn-by-lot",
            Certainty.PROVEN,
            evidence={"answer": live, "do not": dead},
            patch={"seeds": {"srvMaxHosts": None}},
            most=most,
            count=len(targets),
            alive="only 1 answers" if len(live) == 1 else f"only {len(live)} answer",
        )


RULES = (srv_name, txt_against_text, drawn_by_lot)
