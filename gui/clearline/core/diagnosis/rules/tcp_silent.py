"""Findings about a server that does not answer at all: what its neighbours and its other ports tell of it."""

from __future__ import annotations

from functools import partial

from clearline.core.addresses import is_ip_address
from clearline.core.diagnosis.catalogue import finding
from clearline.core.diagnosis.rules.evidence import atlas_may_refuse, told_by_attempts
from clearline.core.diagnosis.rules.places import (
    proxy_remedies,
)
from clearline.core.facts.servers import MemberFacts, Reach, TcpFacts
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding

_COSMOS_RU = (".mongo.cosmos.azure.com", ".mongo.cosmos.azure.cn", ".documents.azure.com", ".documents.azure.cn")
_COSMOS_PORT = 10255


def silent(facts: Facts, member: MemberFacts, attempt: TcpFacts) -> Finding | None:
    """Who keeps the packets, or that the server is down; the last word is a firewall."""
    tell = partial(finding, server=member.address, evidence=told_by_attempts(member))
    host, port = member.host, member.port
    if attempt.neighbour in ("FAILED", "INCOMPLETE"):
        return tell("tcp.host-down-nearby", Certainty.LIKELY, address=attempt.address)
    if (attempt.loopback or attempt.own) and attempt.listening is True:
        return tell(
            "tcp.accept-queue-full",
            Certainty.LIKELY,
            detail="A rule of this computer's firewall that drops the packets looks the same.",
            host=host,
            port=port,
        )
    if atlas_may_refuse(facts, member) and not attempt.private:
        return tell(
            "tcp.atlas-access-list",
            Certainty.POSSIBLE,
            detail=f"A network that drops packets to port {port} looks the same: ask for it to be opened.",
            how="silence",
            also=proxy_remedies(facts),
        )
    if (
        attempt.private
        and not attempt.own
        and not any(p.reach in (Reach.OK, Reach.REFUSED) for p in member.other_ports)
        and not _neighbour_answers(facts, attempt)
    ):
        inside = host.lower().endswith((".docdb.amazonaws.com", ".docdb-elastic.amazonaws.com"))
        return tell(
            "tcp.private-address",
            Certainty.LIKELY,
            fix="Connect from a computer in the cluster's VPC, by a VPN into it, or through an SSH tunnel to one of "
            "its EC2 instances; its security group must allow the port. DocumentDB has no public address."
            if inside
            else "",
            summary=f"Nothing answers at the private address {attempt.address}." if is_ip_address(host) else "",
            detail="Where no network hands a computer an address, it gives itself one that begins with 169.254, and "
            "only its neighbours reach it there."
            if attempt.address.startswith("169.254.")
            else "",
            host=host,
            address=attempt.address,
        )
    if host.lower().endswith(_COSMOS_RU) and port != _COSMOS_PORT and len(facts.uri.hosts) == 1:
        return tell(
            "tcp.no-answer",
            Certainty.LIKELY,
            detail=f"Azure Cosmos DB for MongoDB (RU) listens on port {_COSMOS_PORT} alone.",
            fix=f"Write the port, {host}:{_COSMOS_PORT}; copy the connection string from the account in Azure.",
            patch={"seeds": {"hosts": [f"{host}:{_COSMOS_PORT}"]}},
            host=host,
            port=port,
        )
    alive = any(p.reach in (Reach.OK, Reach.REFUSED) for p in member.other_ports)
    more = (
        "Other ports of the host answer, so a firewall drops this one."
        if alive
        else "Other ports of the host are silent too."
        if member.other_ports
        else ""
    )
    full = "A server whose queue of new connections is full keeps silent as well."
    return tell(
        "tcp.no-answer",
        Certainty.LIKELY,
        detail=f"{more} {full}".strip(),
        also=() if attempt.loopback or attempt.own else proxy_remedies(facts),
        host=host,
        port=port,
    )


def _neighbour_answers(facts: Facts, attempt: TcpFacts) -> bool:
    """Whether another member in the same private network (of 65,536 addresses) was reached."""
    network = attempt.address.rsplit(".", 2)[0]
    return any(
        t.reach is Reach.OK and not t.own and t.address.rsplit(".", 2)[0] == network
        for m in facts.members
        for t in m.tcp
    )
