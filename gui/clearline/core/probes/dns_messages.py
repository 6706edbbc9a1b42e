"""One DNS message to one name server and back. dnspython builds and reads it; the sockets are our own.

They are connected, because only those hear that a port is closed, which dnspython's asynchronous sockets do not.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from clearline.core.facts.names import DnsOutcome
from clearline.core.facts.replies import cut
from clearline.core.hops.opener import Opener
from clearline.core.hops.stream import Stream, receive_exactly

if TYPE_CHECKING:
    import dns.asyncresolver
    import dns.message
    import dns.rdata

Server = tuple[str, int]
"""Address and port of a name server."""

_SEND_AGAIN_AFTER_S: Final = (0.2, 0.6, 1.0)  # one lost packet is no silence; resolvers repeat themselves too
_RECEIVE_ERRORS: Final = {  # IP_RECVERR and IPV6_RECVERR, which the socket module does not name
    socket.AF_INET: (socket.IPPROTO_IP, 11),
    socket.AF_INET6: (socket.IPPROTO_IPV6, 25),
}
_ERROR_PORT_UNREACHABLE: Final = 1234  # what a Windows proactor loop says of a UDP port; it has no errno
_MOST_ALIASES: Final = 16  # as dnspython follows; more than a circle of any length that is met
_OUTCOMES: Final = {2: DnsOutcome.SERVFAIL, 3: DnsOutcome.NXDOMAIN, 5: DnsOutcome.REFUSED}


class Reply(msgspec.Struct, frozen=True):
    """How one exchange ended; fields as in `Question`."""

    outcome: DnsOutcome
    rcode: int | None = None
    truncated: bool = False
    records: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    errno: int | None = None


def installed_resolver() -> dns.asyncresolver.Resolver | None:
    """dnspython's default resolver, which PyMongo's asynchronous client asks; None before its first use."""
    import dns.asyncresolver

    return cast("dns.asyncresolver.Resolver | None", dns.asyncresolver.default_resolver)


def make_query(name: str, type: str) -> dns.message.QueryMessage:
    """The message that dnspython's default resolver would send, with the EDNS settings of resolv.conf.

    Raises `dns.exception.DNSException` for a name that DNS cannot express.
    """
    import dns.message

    query = dns.message.make_query(name, type)
    if (resolver := installed_resolver()) is not None:
        query.use_edns(resolver.edns, resolver.ednsflags, resolver.payload, options=resolver.ednsoptions)
        if resolver.flags is not None:
            query.flags = resolver.flags
    return query


async def over_udp(query: dns.message.QueryMessage, nameserver: Server) -> Reply:
    """Send the query, twice more while nothing comes, and return the answer. Raises `OSError`."""
    loop, wire = asyncio.get_running_loop(), query.to_wire()
    with _socket_for(nameserver, socket.SOCK_DGRAM) as (sock, address):
        if sys.platform == "linux":  # else an unreachable host or network is not told to a UDP socket
            sock.setsockopt(*_RECEIVE_ERRORS[sock.family], 1)
        sock.connect(address)
        sock.send(wire)
        timers = [loop.call_later(delay_s, _send_again, sock, wire) for delay_s in _SEND_AGAIN_AFTER_S]
        try:
            while True:
                packet = await loop.sock_recv(sock, 65535)
                if packet[:2] == wire[:2] and (reply := _read(packet, query)) is not None:
                    return reply
        finally:
            for timer in timers:
                timer.cancel()


async def over_tcp(query: dns.message.QueryMessage, nameserver: Server) -> Reply:
    """Send the query on a new connection and return the answer. Raises `OSError`, `EOFError` when it is cut off."""
    loop = asyncio.get_running_loop()
    with _socket_for(nameserver, socket.SOCK_STREAM) as (sock, address):
        await loop.sock_connect(sock, address)
        await loop.sock_sendall(sock, query.to_wire(prepend_length=True))
        size = int.from_bytes(await _exactly(sock, 2), "big")
        return _read(await _exactly(sock, size), query, whole=True) or Reply(DnsOutcome.MALFORMED)


async def over_way(query: dns.message.QueryMessage, nameserver: Server, way: Opener) -> Reply:
    """The same at the far side of hops. Raises `OSError`, `EOFError`."""
    stream = await way.open(*nameserver)
    try:
        await stream.send(query.to_wire(prepend_length=True))
        size = int.from_bytes(await _whole(stream, 2), "big")
        return _read(await _whole(stream, size), query, whole=True) or Reply(DnsOutcome.MALFORMED)
    finally:
        stream.close()


async def _whole(stream: Stream, size: int) -> bytes:
    data = await receive_exactly(stream, size)
    if len(data) < size:
        raise EOFError
    return data


def outcome_of(error: OSError) -> DnsOutcome:
    """What a socket's error says: the port is closed; else the server, the way to it or our own socket is missing."""
    if isinstance(error, ConnectionRefusedError | ConnectionResetError):  # Windows resets a UDP socket
        return DnsOutcome.PORT_CLOSED
    if getattr(error, "winerror", None) == _ERROR_PORT_UNREACHABLE:
        return DnsOutcome.PORT_CLOSED
    return DnsOutcome.UNREACHABLE


@contextlib.contextmanager
def _socket_for(nameserver: Server, kind: socket.SocketKind) -> Iterator[tuple[socket.socket, Any]]:
    import dns.inet

    family = dns.inet.af_for_address(nameserver[0])
    with socket.socket(family, kind) as sock:
        sock.setblocking(False)
        yield sock, dns.inet.low_level_address_tuple(nameserver, family)


def _send_again(sock: socket.socket, wire: bytes) -> None:
    try:
        sock.send(wire)
    except OSError:
        pass  # the exchange itself hears of it


async def _exactly(sock: socket.socket, size: int) -> bytes:
    loop, data = asyncio.get_running_loop(), b""
    while len(data) < size:
        piece = await loop.sock_recv(sock, size - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def _read(packet: bytes, query: dns.message.QueryMessage, *, whole: bool = False) -> Reply | None:
    """What a packet says; None when it answers another question.

    ``whole``: it came over TCP, where nothing is cut off, whatever it says of itself.
    """
    import dns.exception
    import dns.flags
    import dns.message

    try:
        response = dns.message.from_wire(packet, raise_on_truncation=not whole)
        if not query.is_response(response):
            return None
        rcode = int(response.rcode())
        assert isinstance(response, dns.message.QueryMessage)
        aliases = _aliases(response)
        if rcode:
            return Reply(_OUTCOMES.get(rcode, DnsOutcome.OTHER_RCODE), rcode=rcode, aliases=aliases)
        if len(set(aliases)) < len(aliases):  # they lead round in a circle, and so to nothing
            return Reply(DnsOutcome.NODATA, rcode=0, aliases=aliases)
        answer = response.resolve_chaining().answer
    except dns.message.Truncated:
        return Reply(DnsOutcome.ANSWERED, rcode=0, truncated=True)
    except (dns.exception.DNSException, ValueError):  # ValueError: numbers out of range that dnspython lets through
        return Reply(DnsOutcome.MALFORMED)
    if answer is None:
        return Reply(DnsOutcome.NODATA, rcode=0, aliases=aliases)
    records = tuple(_text(record) for record in answer)
    return Reply(DnsOutcome.ANSWERED, rcode=0, records=records, aliases=aliases)


def _aliases(response: dns.message.QueryMessage) -> tuple[str, ...]:
    """The names that the CNAME records of an answer lead to from the one that was asked about."""
    import dns.rdataclass
    import dns.rdatatype

    at, found = response.question[0].name, list[str]()
    while len(found) < _MOST_ALIASES:
        alias = response.get_rrset(response.answer, at, dns.rdataclass.IN, dns.rdatatype.CNAME)
        if alias is None:
            break
        at = alias[0].target
        found.append(at.to_text(omit_final_dot=True).lower())
    return tuple(found)


def _text(record: dns.rdata.Rdata) -> str:
    from dns.rdtypes.ANY.TXT import TXT
    from dns.rdtypes.IN.SRV import SRV

    match record:
        case SRV():
            target = record.target.to_text(omit_final_dot=True).lower()
            return f"{record.priority} {record.weight} {record.port} {target}"
        case TXT():
            return cut(b"".join(record.strings).decode("utf-8", "replace"))
        case _:
            return record.to_text()
