"""Findings about names that stand for other names (CNAME records)."""

from __future__ import annotations

from functools import partial

from clearline.core.diagnosis.rules.resolvers import NEGATIVE, asked_about, asked_for, evidence_of
from clearline.core.facts.names import DnsOutcome, Question
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding, Json

_PRIVATE = "Where it is a name of a private zone, the alias leads on inside of that network only."


def leads_nowhere(best: Question, tell: partial[Finding]) -> Finding | None:
    """An alias that is there while the name that it stands for is not: the spelling is right, the record is old."""
    if best.outcome not in NEGATIVE or not best.aliases:
        return None
    target = best.aliases[-1]
    if target == best.name.lower() or target in best.aliases[:-1]:
        return tell(
            certainty=Certainty.PROVEN,
            summary=f"{best.name} is an alias (CNAME) that leads round in a circle.",
            means=f"Its CNAME records lead to {' and '.join(dict.fromkeys(best.aliases))}, and none of them to an "
            "address or a server.",
            fix="Have the owner of the domain correct the CNAME records.",
        )
    missing = "does not exist in DNS" if best.outcome is DnsOutcome.NXDOMAIN else "has no such record in DNS"
    return tell(
        certainty=Certainty.LIKELY,
        summary=f"{best.name} is an alias (CNAME) of {target}, which {missing}.",
        means="So the name is spelled right, and what it stands for was renamed, moved or deleted.",
        detail=_PRIVATE,
        fix=f"Have the record of {best.name} corrected, or connect by the server's own name.",
    )


def of_a_cluster(facts: Facts, host: str, evidence: dict[str, Json], tell: partial[Finding]) -> Finding | None:
    """An alias of a cluster's name, made for that name alone: lookups of SRV records do not go by it."""
    known = next((q for q in asked_for(facts, "alias") if q.records), None)
    if known is None:
        return None
    service, _, target = known.name.partition("._tcp.")
    return tell(
        certainty=Certainty.PROVEN,
        evidence={**evidence, **evidence_of([*asked_for(facts, "srv", "bare"), known])},
        summary=f"{host} is an alias (CNAME) of the cluster name {target}, and SRV lookups do not go by it.",
        means=f"Drivers ask for {service}._tcp.{host}, which does not exist; the cluster's record is {known.name}.",
        fix=f"Write mongodb+srv://{target}. A name of your own needs SRV records of its own, and TLS asks for names "
        "that are in the servers' certificates.",
        patch={"seeds": {"hosts": [target]}},
    )


def alias_of(facts: Facts, host: str) -> str | None:
    """The name that a host's name stands for in the end; None where it is no alias."""
    return next((q.aliases[-1] for q in asked_about(facts, host) if q.aliases and q.records), None)
