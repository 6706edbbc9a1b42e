"""A real DNS server, UDP and TCP, whose answers, errors and silences are a dict.

``DnsServer({("c0.lab.test", "A"): "127.0.0.1", ("c0.lab.test", "TXT"): SILENT})``. Keys are (name, type), either of
which may be ``"*"``. Values: record data as text (one, or a list), a `Behaviour`, or ``Delayed(seconds, value)`` and
``Truncated(value)`` around them. A name that is in the zone with another type answers NODATA, any other name
``default``. `cluster` writes the entries of a ``mongodb+srv`` deployment. What was asked is in ``questions``.

The product reaches it through `resolver_at`, which replaces dnspython's default resolvers (pymongo asks those too), or
as the only name server of a network namespace, which the system's ``getaddrinfo`` asks too.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dns.asyncresolver
import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.resolver
import dns.rrset

from lab.loop_thread import LoopThread


class Behaviour(enum.Enum):
    """An answer without records, or none."""

    NXDOMAIN = "NXDOMAIN"
    NODATA = "NOERROR"
    REFUSED = "REFUSED"
    SERVFAIL = "SERVFAIL"
    SILENT = "no answer at all"


NXDOMAIN, NODATA, REFUSED = Behaviour.NXDOMAIN, Behaviour.NODATA, Behaviour.REFUSED
SERVFAIL, SILENT = Behaviour.SERVFAIL, Behaviour.SILENT


@dataclass(frozen=True)
class Delayed:
    """An answer that comes ``seconds`` later."""

    seconds: float
    value: Value


@dataclass(frozen=True)
class Truncated:
    """Over UDP only the truncation mark, over TCP the answer."""

    value: Value


Value = str | Sequence[str] | Behaviour | Delayed | Truncated
Zone = Mapping[tuple[str, str], Value]


@dataclass(frozen=True)
class Question:
    """What a client asked."""

    name: str
    """Without the final dot, in lower case."""
    type: str
    tcp: bool


def cluster(
    name: str, members: Mapping[str, int], *, txt: str | Sequence[str] | None = None
) -> dict[tuple[str, str], Value]:
    """The SRV (and TXT) records of ``mongodb+srv://name``; ``members`` maps target names to ports."""
    zone: dict[tuple[str, str], Value] = {
        (f"_mongodb._tcp.{name}", "SRV"): [f"0 0 {port} {target.rstrip('.')}." for target, port in members.items()]
    }
    if txt is not None:
        zone[name, "TXT"] = txt
    else:
        zone[name, "TXT"] = NODATA
    return zone


class DnsServer(LoopThread):
    """Serves ``zone`` on ``host:port``, or on the given bound sockets. ``tcp=False``: the TCP port is closed.

    ``zone`` may be changed while it serves.
    """

    def __init__(
        self,
        zone: Zone | None = None,
        *,
        default: Value = NXDOMAIN,
        tcp: bool = True,
        delay_s: float = 0,
        host: str = "127.0.0.1",
        port: int = 0,
        sockets: tuple[socket.socket, socket.socket | None] | None = None,
    ) -> None:
        super().__init__()
        self.zone = {(name.lower().rstrip("."), kind): value for (name, kind), value in (zone or {}).items()}
        self.default = default
        self.questions: list[Question] = []
        self._tcp = tcp
        self._delay_s = delay_s
        self.host = host
        self.port = port
        self._sockets = sockets

    def asked(self, name: str, kind: str) -> int:
        """How often that was asked."""
        return sum(question.name == name and question.type == kind for question in self.questions)

    async def open(self) -> None:
        udp, tcp = self._sockets or bound_sockets(self.host, self.port, tcp=self._tcp)
        self.host, self.port = udp.getsockname()[:2]
        udp.setblocking(False)
        self._transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: _Udp(self), sock=udp)
        if tcp:
            self.serve(tcp, self._converse)

    async def close(self) -> None:
        self._transport.abort()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            size = int.from_bytes(await reader.readexactly(2), "big")
            if answer := await self.answer(await reader.readexactly(size), tcp=True):
                writer.write(len(answer).to_bytes(2, "big") + answer)
                await writer.drain()

    async def answer(self, packet: bytes, *, tcp: bool) -> bytes | None:
        """The answer to one message, after its delay; None for silence."""
        query = dns.message.from_wire(packet)
        (asked,) = query.question
        name, kind = asked.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(asked.rdtype)
        self.questions.append(Question(name, kind, tcp))
        response = dns.message.make_response(query, recursion_available=True)
        value = self._look_up(name, kind)
        delay_s = self._delay_s
        while isinstance(value, Delayed | Truncated):
            if isinstance(value, Delayed):
                delay_s += value.seconds
            elif not tcp:
                response.flags |= dns.flags.TC
            value = value.value
        if delay_s:
            await asyncio.sleep(delay_s)
        if value is SILENT:
            return None
        if isinstance(value, Behaviour):
            response.set_rcode(dns.rcode.from_text(value.value))
        elif not response.flags & dns.flags.TC:
            self._fill(response, name, kind, value)
        return response.to_wire()

    def _look_up(self, name: str, kind: str) -> Value:
        for key in ((name, kind), (name, "*"), (name, "CNAME"), ("*", kind), ("*", "*")):
            if key in self.zone:
                return self.zone[key]
        return NODATA if any(known == name for known, _ in self.zone) else self.default

    def _fill(self, response: dns.message.Message, name: str, kind: str, value: Any) -> None:
        texts = [value] if isinstance(value, str) else list(value)
        alias = (name, kind) not in self.zone and (name, "CNAME") in self.zone
        if kind == "TXT" and not alias:
            texts = [text if text.startswith('"') else f'"{text}"' for text in texts]
        response.answer.append(dns.rrset.from_text_list(f"{name}.", 60, "IN", "CNAME" if alias else kind, texts))
        if alias:
            target = texts[0].rstrip(".").lower()
            if any(target == rrset.name.to_text(omit_final_dot=True) for rrset in response.answer):
                return  # a circle
            further = self._look_up(target, kind)
            if isinstance(further, Behaviour):
                response.set_rcode(dns.rcode.from_text(further.value))
            else:
                self._fill(response, target, kind, further)


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, server: DnsServer) -> None:
        self._server = server
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: Any) -> None:
        self._transport: asyncio.DatagramTransport = transport

    def datagram_received(self, data: bytes, address: Any) -> None:
        task = asyncio.get_running_loop().create_task(self._reply(data, address))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _reply(self, data: bytes, address: Any) -> None:
        if answer := await self._server.answer(data, tcp=False):
            self._transport.sendto(answer, address)


def bound_sockets(host: str, port: int = 0, *, tcp: bool = True) -> tuple[socket.socket, socket.socket | None]:
    """A UDP socket and a TCP socket on the same port, made in the calling thread's network."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    while True:
        with contextlib.ExitStack() as stack:
            udp = stack.enter_context(socket.socket(family, socket.SOCK_DGRAM))
            udp.bind((host, port))
            stream = None
            if tcp:
                stream = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
                stream.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    stream.bind((host, udp.getsockname()[1]))
                except OSError:
                    if port:
                        raise
                    continue  # another program holds that TCP port
            stack.pop_all()
            return udp, stream


@contextlib.contextmanager
def fresh_resolvers() -> Iterator[None]:
    """dnspython reads resolv.conf once per process; what is within is to look like a program of its own."""

    def forget() -> None:
        dns.resolver.default_resolver = None
        dns.asyncresolver.default_resolver = None

    forget()
    try:
        yield
    finally:
        forget()


@contextlib.contextmanager
def resolver_at(*servers: DnsServer | tuple[str, int]) -> Iterator[None]:
    """Let dnspython's default resolvers, and so pymongo's, ask only these servers, in this order.

    Each must have an IP address of its own (all of 127.0.0.0/8 is this computer). A pair of address and port stands for
    a name server that does not exist. No server at all: a system without resolver.
    """
    where = [(server.host, server.port) if isinstance(server, DnsServer) else server for server in servers]
    before = dns.resolver.default_resolver, dns.asyncresolver.default_resolver
    plain, asynchronous = dns.resolver.Resolver(configure=False), dns.asyncresolver.Resolver(configure=False)
    for resolver in (plain, asynchronous):
        resolver.nameserver_ports = dict(where)
        resolver.nameservers = [host for host, _ in where]
        if where:
            resolver.port = where[0][1]
    dns.resolver.default_resolver, dns.asyncresolver.default_resolver = plain, asynchronous  # type: ignore[assignment]
    try:
        yield
    finally:
        dns.resolver.default_resolver, dns.asyncresolver.default_resolver = before
