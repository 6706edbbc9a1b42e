"""A record as the facts of a check, so that the check's own rules judge what a text tells."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from clearline.core.explain.record import Record, Seen
from clearline.core.explain.signs import Sign
from clearline.core.facts.login import DriverFacts, DriverState
from clearline.core.facts.names import Lookup
from clearline.core.facts.servers import (
    Exchange,
    Hello,
    MemberFacts,
    Reach,
    TcpFacts,
    TlsFacts,
    TlsKind,
)
from clearline.core.facts.text import UriFacts
from clearline.core.facts.whole import Facts

_TCP = {
    "refused": Reach.REFUSED,
    "silent": Reach.SILENT,
    "unreachable": Reach.HOST_UNREACHABLE,
    "no-network": Reach.NETWORK_UNREACHABLE,
    "denied": Reach.DENIED,
    "no-handles": Reach.NO_HANDLES,
}


def facts_of(record: Record) -> Facts:
    """The facts that the rules of the check can judge; servers whose state the text leaves open stay unfinished."""
    seeds = tuple(with_port(h) for a in record.addresses for h in a.hosts)
    members = tuple(_member(server, record) for server in record.servers)
    options: dict[str, object] = {}
    names = [view.set_name for view in record.views if view.set_name]
    if names:
        options["replicaSet"] = names[0]
    if _speaks_tls(record, members):
        options["tls"] = True
    direct = any(view.topology == "single" for view in record.views)
    if direct and len(members) == 1:
        options["directConnection"] = True
    return Facts(
        uri=UriFacts(
            redacted="mongodb://…",
            srv=False,
            hosts=seeds or tuple(m.address for m in members),
            options=options,
        ),
        members=members,
        driver=DriverFacts(state=DriverState.RAISED, selection_timed_out=True, exception="ServerSelectionTimeoutError"),
    )


def _speaks_tls(record: Record, members: tuple[MemberFacts, ...]) -> bool:
    asked = any(a.srv or a.options.get("tls", a.options.get("ssl", "")).lower() == "true" for a in record.addresses)
    return asked or "atlas" in record.surroundings or any(m.tls for m in members)


def with_port(host: str) -> str:
    """A host of an address with the port that it means."""
    last = host.rpartition("]")[2]
    return host if ":" in last or host.endswith(".sock") else f"{host}:27017"


def failing(record: Record) -> Iterator[tuple[Seen, str]]:
    """Every server with the kind of its innermost error; an empty kind where it tells none."""
    for server in record.servers:
        yield server, server.sign.kind if server.sign else ""


def _member(server: Seen, record: Record) -> MemberFacts:
    sign = server.sign
    member = MemberFacts(
        address=server.address.lower(), host=server.host, port=server.port, seed=True, lookup=_lookup(server, sign)
    )
    if sign is not None and sign.kind in ("unknown-name", "name-later"):
        return _replace(member, finished=True)
    if sign is not None and sign.kind in _TCP:
        return _replace(member, tcp=(_attempt(server, _TCP[sign.kind], sign.number),), finished=True)
    open_ = (_attempt(server, Reach.OK, 0),)
    if sign is not None and sign.kind in ("verify", "alert", "not-tls"):
        return _replace(member, tcp=open_, tls=(_handshake(sign),), finished=True)
    if hello := _hello(server, record):
        tls = _asked_for_tls(record)
        return _replace(member, tcp=open_, exchanges=(Exchange(tls=tls, reach=Reach.OK, hello=hello),), finished=True)
    return member


def _replace(member: MemberFacts, **changes: object) -> MemberFacts:
    import msgspec

    return msgspec.structs.replace(member, **changes)


def _asked_for_tls(record: Record) -> bool:
    return "atlas" in record.surroundings or any(
        a.srv or a.options.get("tls", a.options.get("ssl", "")).lower() == "true" for a in record.addresses
    )


def _lookup(server: Seen, sign: Sign | None) -> Lookup:
    if sign is not None and sign.kind == "unknown-name":
        return Lookup(host=server.host, eai=-2)
    if sign is not None and sign.kind == "name-later":
        return Lookup(host=server.host, eai=-3)
    literal = is_address(server.host)
    return Lookup(host=server.host, addresses=(server.host,), literal=literal)


def is_address(host: str) -> bool:
    """Whether a host is an IP address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether a host is this computer as it sees itself."""
    return host == "localhost" or (is_address(host) and ipaddress.ip_address(host).is_loopback)


def is_private(host: str) -> bool:
    """Whether a host is an address of a private network."""
    return (
        is_address(host)
        and ipaddress.ip_address(host).is_private
        and not is_loopback(host)
        and not (host.startswith(("192.0.2.", "198.51.100.", "203.0.113.")))
    )


def _attempt(server: Seen, reach: Reach, number: int) -> TcpFacts:
    family = "unix" if "/" in server.host else "ipv6" if ":" in server.host else "ipv4"
    return TcpFacts(
        address=server.host,
        family=family,
        reach=reach,
        errno=number or None,
        loopback=is_loopback(server.host),
        private=is_private(server.host),
    )


def _handshake(sign: Sign) -> TlsFacts:
    if sign.kind == "verify":
        return TlsFacts(kind=TlsKind.DRIVER, reach=Reach.VERIFY_FAILED, verify_code=sign.number, server_hello=True)
    if sign.kind == "alert":
        return TlsFacts(kind=TlsKind.DRIVER, reach=Reach.TLS_ALERT, alert=sign.number)
    return TlsFacts(kind=TlsKind.DRIVER, reach=Reach.NOT_MONGODB, openssl_reason="WRONG_VERSION_NUMBER")


_UNTOLD = "whose name is not told"
"""Where a set's name stands in a sentence."""


def _hello(server: Seen, record: Record) -> Hello | None:
    name = next((v.set_name for v in record.views if v.set_name), _UNTOLD)
    newest = 21
    match server.type:
        case "primary":
            hosts = tuple(s.address for s in record.servers)
            return Hello(
                set_name=name, is_writable_primary=True, me=server.address, hosts=hosts, max_wire_version=newest
            )
        case "secondary":
            hosts = tuple(s.address for s in record.servers)
            return Hello(set_name=name, secondary=True, me=server.address, hosts=hosts, max_wire_version=newest)
        case "arbiter":
            hosts = tuple(s.address for s in record.servers if s.type != "arbiter")
            arbiters = tuple(s.address for s in record.servers if s.type == "arbiter")
            return Hello(
                set_name=name,
                arbiter_only=True,
                me=server.address,
                hosts=hosts,
                arbiters=arbiters,
                max_wire_version=newest,
            )
        case "ghost":
            return Hello(is_replica_set=True, max_wire_version=newest)
        case "other":
            return Hello(set_name=name, me=server.address, max_wire_version=newest)
        case "standalone":
            return Hello(is_writable_primary=True, max_wire_version=newest)
        case "mongos":
            return Hello(msg="isdbgrid", max_wire_version=newest)
    return None
