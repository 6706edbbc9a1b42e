"""Short ways to write down deployments by hand: members of sets, dead servers, answers of name servers."""

from __future__ import annotations

from typing import Any

from clearline.core.facts.names import DnsFacts, DnsOutcome, Lookup, Question
from clearline.core.facts.servers import Hello, MemberFacts, OtherPort, Reach, TcpFacts
from lab.hand_made_facts import member, plain

ROUTER = Hello(is_writable_primary=True, msg="isdbgrid", max_wire_version=17)
GHOST = Hello(is_replica_set=True, max_wire_version=17)
THREE = ("db1:27017", "db2:27017", "db3:27017")
NAMESERVERS = ("192.0.2.53", "192.0.2.54")
CLUSTER = "c0.example.com"
SRV: dict[str, Any] = {"srv": True, "hosts": (CLUSTER,), "options": {"tls": False}}


def in_set(role: str, name: str = "rs0", hosts: tuple[str, ...] = THREE, **changes: Any) -> Hello:
    """The hello of a member of a set: ``role`` is primary, secondary, arbiter, hidden or other."""
    roles: dict[str, dict[str, bool]] = {
        "primary": {"is_writable_primary": True},
        "secondary": {"secondary": True},
        "arbiter": {"arbiter_only": True},
        "hidden": {"secondary": True, "hidden": True},
        "other": {},
    }
    fields = {"max_wire_version": 17, "set_name": name, "hosts": hosts, **roles[role]}
    return Hello(**{**fields, **changes})


PRIMARY = in_set("primary", primary=THREE[0])
SECONDARY = in_set("secondary", primary=THREE[0])
LEADERLESS = in_set("secondary")
"""A secondary that knows of no primary."""


def tcp(reach: Reach, address: str = "192.0.2.7", family: str = "ipv4", **changes: Any) -> TcpFacts:
    """One attempt to connect."""
    return TcpFacts(address=address, family=family, reach=reach, **changes)


def live(hello: Hello, host: str = "db1", **changes: Any) -> MemberFacts:
    """A server that answers hello without TLS."""
    return member(plain(hello), host=host, **changes)


def dead(host: str = "db1", reach: Reach = Reach.REFUSED, **changes: Any) -> MemberFacts:
    """A server that does not accept connections; ``ports`` are other ports of it that do."""
    ports = tuple(OtherPort(port=port, reach=Reach.OK, elapsed_ms=1.0) for port in changes.pop("ports", ()))
    of_attempt = set(TcpFacts.__struct_fields__) - {"address"}
    own = {name: changes.pop(name) for name in list(changes) if name in of_attempt}
    address = changes.pop("ip", "192.0.2.7")
    return member(tcp(reach, address, **own), host=host, **{"other_ports": ports, **changes})


def unnamed(host: str = "db1", eai: int | None = -2, **changes: Any) -> MemberFacts:
    """A server whose name the system does not resolve."""
    return member(host=host, **{"tcp": (), "lookup": Lookup(host=host, eai=eai), **changes})


def question(purpose: str, outcome: DnsOutcome, *records: str, server: int = 0, **changes: Any) -> Question:
    """One question to the first or second name server."""
    names = {"srv": f"_mongodb._tcp.{CLUSTER}", "control": "0f3a.invalid"}
    types = {"srv": "SRV", "txt": "TXT"}
    fields: dict[str, Any] = {
        "name": names.get(purpose, CLUSTER),
        "type": types.get(purpose, "A"),
        "nameserver": NAMESERVERS[server],
        "elapsed_ms": 5.0,
    }
    return Question(purpose=purpose, outcome=outcome, records=records, **{**fields, **changes})


def everything(outcome: DnsOutcome, server: int = 0) -> tuple[Question, ...]:
    """One name server that answers all questions about the SRV name alike."""
    return tuple(question(purpose, outcome, server=server) for purpose in ("srv", "txt", "bare", "control"))


def good_answers(*targets: str, server: int = 0) -> tuple[Question, ...]:
    """One name server that knows the SRV name."""
    records = [f"0 0 27017 {target}" for target in targets or ("db1.example.com",)]
    return (
        question("srv", DnsOutcome.ANSWERED, *records, server=server),
        question("txt", DnsOutcome.NODATA, server=server),
        question("bare", DnsOutcome.NODATA, server=server),
        question("control", DnsOutcome.NXDOMAIN, server=server),
    )


def names(*questions: Question, servers: tuple[str, ...] | None = NAMESERVERS) -> DnsFacts:
    """DNS when everything is answered or past its deadline."""
    return DnsFacts(nameservers=servers, questions=questions, finished=True)
