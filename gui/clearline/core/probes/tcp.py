"""TCP: does a server take the connection, and what does it do before either side speaks?"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import socket
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from clearline.core.facts.fact import replace
from clearline.core.facts.servers import Listening, OtherPort, Reach, TcpFacts
from clearline.core.facts.whole import SILENCE_S
from clearline.core.hops import windows_sockets
from clearline.core.hops.error_numbers import error_number
from clearline.core.hops.loop import KeptSocket
from clearline.core.hops.trouble import HopError
from clearline.core.hops.way import Way
from clearline.core.probes.computer import is_own_address
from clearline.core.probes.connection import (
    Carrier,
    Connection,
    Patience,
    StreamCarrier,
    closed_on_cancel,
    milliseconds_since,
    reach_of,
    shown_bytes,
)

_PRIVATE = tuple(
    ipaddress.ip_network(network)
    for network in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",  # RFC 6598: carriers and overlay networks
        "169.254.0.0/16",
        "fc00::/7",
        "fe80::/10",
    )
)
_NEIGHBOURS = Path("/proc/thread-self/net/arp")
_STATE_BY_FLAGS = {0x0: "INCOMPLETE", 0x2: "REACHABLE", 0x4: "PERMANENT", 0x6: "PERMANENT"}
_ASK_NEIGHBOURS = frozenset({Reach.SILENT, Reach.HOST_UNREACHABLE})
_ASK_SOURCE = frozenset({Reach.OK, Reach.SILENT, Reach.NETWORK_UNREACHABLE})


async def connect(
    address: str,
    port: int | None,
    *,
    deadline_s: float,
    late_s: float = 0.0,
    on_early: Callable[[TcpFacts], None] | None = None,
) -> TcpFacts:
    """Try one address and hang up. Same contract as `open_connection`."""
    facts, connection = await open_connection(address, port, deadline_s=deadline_s, late_s=late_s, on_early=on_early)
    if connection is not None:
        connection.close()
    return facts


async def open_connection(
    address: str,
    port: int | None,
    *,
    deadline_s: float,
    late_s: float = 0.0,
    on_early: Callable[[TcpFacts], None] | None = None,
) -> tuple[TcpFacts, Connection | None]:
    """Connect to one IP address, or to a Unix socket path with ``port`` None; the connection is open when OK.

    After ``deadline_s`` of silence ``on_early`` gets SILENT facts, and the same attempt goes on until ``late_s`` after
    its start; an answer that comes then has ``late`` set. Cancelling closes the socket at once. Raises nothing itself.
    """
    started = asyncio.get_running_loop().time()
    place = _place(address, port)
    try:
        target = _target(address, port)
        sock = KeptSocket(target.family, socket.SOCK_STREAM)
    except OSError as error:  # no such family here, no file handle left
        return replace(place, reach=reach_of(error), errno=error_number(error)), None
    connection = Connection(sock)

    def ended(reach: Reach, number: int | None = None) -> TcpFacts:
        return replace(
            place,
            reach=reach,
            errno=number,
            elapsed_ms=milliseconds_since(started),
            late=patience.late and reach is not Reach.SILENT,
            neighbour=_neighbour(address) if reach in _ASK_NEIGHBOURS else None,
            retransmits=connection.retransmits() if reach is Reach.SILENT else None,
            source=_own_end(sock) if reach in _ASK_SOURCE else None,
            no_socket=_in_place_of_a_socket(address) if port is None and reach is not Reach.OK else None,
        )

    patience = Patience(deadline_s, late_s, (lambda: on_early(ended(Reach.SILENT))) if on_early else None)
    with closed_on_cancel(connection):
        sock.setblocking(False)
        try:
            if port is not None:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if windows_sockets.ON_WINDOWS and place.own:
                    windows_sockets.no_syn_again(sock)
            async with patience:
                await connection.connect(target.address)
        except OSError as error:
            facts = ended(reach_of(error), error_number(error))
            connection.close()
            error.__traceback__ = None  # Windows' loop keeps the error in a future that its frames hold: a circle.
            return facts, None
    return ended(Reach.OK), connection


def _in_place_of_a_socket(path: str) -> str | None:
    """What stands at a path that could not be connected to, where it is no socket: Linux refuses there as well.

    It was looked up a moment ago, by the attempt itself, so that this does not wait for a drive.
    """
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError):
        return None
    if stat.S_ISSOCK(mode):
        return None
    return "a file" if stat.S_ISREG(mode) else "a folder" if stat.S_ISDIR(mode) else "a device"


def _own_end(sock: socket.socket) -> str | None:
    try:
        name = sock.getsockname()
    except OSError:
        return None  # it was cut at once
    return str(name[0]) if isinstance(name, tuple) else None


async def open_over(
    way: Way, host: str, port: int | None, *, deadline_s: float | None = None
) -> tuple[TcpFacts, StreamCarrier | None]:
    """Have a way open a line to ``host``; it is open when the facts say OK, else the way's own facts say why not.

    Without a deadline the way's own patience counts. Cancelling closes the line at once. Raises nothing itself.
    """
    started = asyncio.get_running_loop().time()
    place = TcpFacts(address=host, family="", reach=Reach.OTHER)
    try:
        async with asyncio.timeout(deadline_s):
            stream = await way.open(host, port or 0)
    except HopError as error:
        return replace(place, errno=error.failure.errno, elapsed_ms=milliseconds_since(started)), None
    except TimeoutError:
        return replace(place, reach=Reach.SILENT, elapsed_ms=milliseconds_since(started)), None
    return replace(place, reach=Reach.OK, elapsed_ms=milliseconds_since(started)), StreamCarrier(stream)


async def listen(
    address: str,
    port: int | None,
    *,
    wait_s: float = 0.2,
    attempts: int = 1,
    deadline_s: float = SILENCE_S,
    way: Way | None = None,
) -> Listening:
    """Connect, say nothing for ``wait_s`` and see what arrives.

    SILENT is what MongoDB does; NOT_MONGODB is a greeting; RESET and CLOSED come unprompted; anything else is how the
    connection itself failed (within ``deadline_s``). With several ``attempts``, one after another, the facts are those
    of the first and ``attempts`` holds the reach of each: a server at its connection limit lets some through.
    """
    heard = [await _listen_once(address, port, wait_s, deadline_s, way) for _ in range(attempts)]
    if attempts == 1:
        return heard[0]
    return replace(heard[0], attempts=tuple(facts.reach.value for facts in heard))


async def other_ports(
    address: str, ports: Sequence[int] = (22, 80, 443, 27018), *, deadline_s: float = SILENCE_S
) -> tuple[OtherPort, ...]:
    """Try other ports of the same address, all at once; to be asked only after silence."""
    tried = await asyncio.gather(*(connect(address, port, deadline_s=deadline_s) for port in ports))
    return tuple(
        OtherPort(port=port, reach=facts.reach, elapsed_ms=facts.elapsed_ms)
        for port, facts in zip(ports, tried, strict=True)
    )


async def _listen_once(address: str, port: int | None, wait_s: float, deadline_s: float, way: Way | None) -> Listening:
    connection: Carrier | None
    if way is None:
        tcp, connection = await open_connection(address, port, deadline_s=deadline_s)
    else:
        tcp, connection = await open_over(way, address, port, deadline_s=deadline_s)
    if connection is None:
        return Listening(reach=tcp.reach, errno=tcp.errno, elapsed_ms=tcp.elapsed_ms)
    started = asyncio.get_running_loop().time()
    greeting, number = b"", None
    with contextlib.closing(connection):
        try:
            async with asyncio.timeout(wait_s):
                greeting = await connection.receive()
            reach = Reach.NOT_MONGODB if greeting else Reach.CLOSED
        except OSError as error:
            reach, number = reach_of(error), error_number(error)
    return Listening(
        reach=reach, first_bytes=shown_bytes(greeting), errno=number, elapsed_ms=milliseconds_since(started)
    )


class _Target(NamedTuple):
    family: int
    address: tuple[object, ...] | str


def _target(address: str, port: int | None) -> _Target:
    """The socket address. Raises `OSError` when ``address`` is no IP address (host names are the resolver's work)."""
    if port is None:
        if not hasattr(socket, "AF_UNIX"):
            raise OSError(errno.EAFNOSUPPORT, "no Unix sockets on this system")
        return _Target(socket.AF_UNIX, address)
    numeric = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV  # answers at once, from the text alone
    found = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=numeric)
    family, *_, target = found[0]
    if len(target) == 4:  # the loop takes an IPv6 zone as a number only
        return _Target(family, (str(target[0]).partition("%")[0], *target[1:]))
    return _Target(family, target)


def _place(address: str, port: int | None) -> TcpFacts:
    """What the address itself tells; its reach is yet to be found."""
    if port is None:
        return TcpFacts(address=address, family="unix", reach=Reach.OTHER, loopback=True, own=True)
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return TcpFacts(address=address, family="", reach=Reach.OTHER)
    family = f"ipv{ip.version}"
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    return TcpFacts(
        address=address,
        family=family,
        reach=Reach.OTHER,
        loopback=ip.is_loopback,
        private=any(ip in network for network in _PRIVATE),
        own=ip.is_loopback or is_own_address(address),
    )


def _neighbour(address: str) -> str | None:
    """The state of an IPv4 neighbour on Linux; INCOMPLETE also stands for FAILED, which the table does not split."""
    try:
        lines = _NEIGHBOURS.read_text("ascii").splitlines()[1:]
    except OSError:
        return None
    for fields in map(str.split, lines):
        if fields[0] == address:
            return _STATE_BY_FLAGS.get(int(fields[2], 16))
    return None
