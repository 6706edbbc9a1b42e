"""What all probes on sockets of our own share: a connection, patience with it, and what its end means.

Only plain non-blocking sockets and asyncio, so that cancelling a probe ends it within one turn of the loop.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Protocol, Self

from clearline.core.facts.servers import Reach, is_trickle
from clearline.core.hops.error_numbers import error_number
from clearline.core.hops.stream import Stream
from clearline.core.probes.tls_records import alert_of

RECEIVE_SIZE = 65536


class EndlessRecords(OSError):
    """TLS records came one after another, without data in them."""


_LONGEST = 4.0  # a line that keeps trickling gets this many times its patience
_SHOWN_BYTES = 64

# Numbers of Linux, macOS and Windows (WSA) in one table, so that facts recorded anywhere read the same everywhere. The
# systems' ranges differ wherever a number occurs in connect, send or receive.
_REACH_BY_ERRNO = {
    **dict.fromkeys((111, 61, 10061), Reach.REFUSED),
    **dict.fromkeys((2,), Reach.REFUSED),  # ENOENT: there is no such Unix socket
    **dict.fromkeys((110, 60, 10060), Reach.SILENT),
    **dict.fromkeys((104, 54, 10054, 103, 53, 10053, 32), Reach.RESET),
    **dict.fromkeys((113, 65, 10065, 112, 64, 10064), Reach.HOST_UNREACHABLE),
    # Network unreachable or down; the family is not there at all; no address of our own to connect from.
    **dict.fromkeys((101, 51, 10051, 100, 50, 10050, 97, 47, 10047, 99, 49, 10049), Reach.NETWORK_UNREACHABLE),
    **dict.fromkeys((1, 13, 22, 10013, 10022), Reach.DENIED),
    **dict.fromkeys((23, 24, 105, 55, 10024, 10055), Reach.NO_HANDLES),
}


class Line(Protocol):
    """A way to exchange bytes with a server: a plain `Connection`, or TLS over one."""

    @property
    def received_bytes(self) -> int:
        """Bytes of the server so far."""

    async def send(self, data: bytes) -> None:
        """Send all of it. Raises `OSError`."""

    async def receive(self) -> bytes:
        """What comes next; empty at the end. Raises `OSError`."""

    def close(self) -> None:
        """Hang up at once. Idempotent."""

    def retransmits(self) -> int | None:
        """Packets sent again so far; None where the system does not tell."""


class Carrier(Line, Protocol):
    """A line that carries what lies above it, such as TLS: a socket of our own, or what a way has opened."""

    def send_last(self, data: bytes) -> None:
        """Send what fits at once, if anything still can be sent: a farewell that is not waited for."""


class StreamCarrier:
    """What a way has opened. Not to be shared between tasks."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self.received_bytes = 0

    async def send(self, data: bytes) -> None:
        """Send all of it. Raises `OSError`."""
        await self._stream.send(data)

    async def receive(self) -> bytes:
        """What comes next; empty at the end. Raises `OSError`."""
        data = await self._stream.receive(RECEIVE_SIZE)
        self.received_bytes += len(data)
        return data

    def send_last(self, data: bytes) -> None:
        """Send what fits at once, if anything still can be sent."""
        self._stream.send_last(data)

    def close(self) -> None:
        """Hang up at once. Idempotent."""
        self._stream.close()

    def retransmits(self) -> int | None:
        """Unknown: the line to the server is not this computer's."""
        return None


class Connection:
    """One connected non-blocking socket of our own. Not to be shared between tasks."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self.received_bytes = 0

    async def connect(self, target: object) -> None:
        """Connect to a socket address (numeric, or a path). Raises `OSError`."""
        await asyncio.get_running_loop().sock_connect(self._socket, target)  # type: ignore[arg-type]

    async def send(self, data: bytes) -> None:
        """Send all of it. Raises `OSError`."""
        await asyncio.get_running_loop().sock_sendall(self._socket, data)

    async def receive(self) -> bytes:
        """What comes next; empty at the end. Raises `OSError`."""
        data = await asyncio.get_running_loop().sock_recv(self._socket, RECEIVE_SIZE)
        await asyncio.sleep(0)  # what has come already is given without a turn of the loop: a flood would hold it
        self.received_bytes += len(data)
        return data

    def send_last(self, data: bytes) -> None:
        """Send what fits at once, if anything still can be sent: a farewell that is not waited for."""
        try:
            self._socket.send(data)
        except OSError:
            pass

    def close(self) -> None:
        """Hang up at once. Idempotent."""
        number = self._socket.fileno()
        if number < 0:
            return
        loop = asyncio.get_running_loop()
        try:
            # The loop must forget the socket before its number can belong to another one. It is given the number: of a
            # socket that it does not know it would first ask the system for both addresses, to name it in an error.
            loop.remove_reader(number)
            loop.remove_writer(number)
        except (NotImplementedError, RuntimeError):
            # The Proactor loop of Windows keeps no such list; and a transport that was lost at a Stop may still stand
            # in the list, under the number that this socket has got since.
            pass
        self._socket.close()

    def retransmits(self) -> int | None:
        """Packets sent again so far, SYNs included: tcpi_total_retrans of TCP_INFO; None where there is none."""
        if sys.platform != "linux":
            return None
        try:
            information = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
            return int(struct.unpack_from("=I", information, 100)[0])
        except (OSError, struct.error):
            return None


class Patience:
    """How long a probe waits: ``async with Patience(...) as patience:`` around its awaits.

    After ``deadline_s`` without any progress, ``on_silence`` is called once (it must not raise) while the body goes
    on. The body ends with `TimeoutError` when ``late_s`` are over since the start and nothing moved for
    ``deadline_s``; with ``late_s`` no longer than ``deadline_s`` both happen together and ``on_silence`` is not
    called. A trickle that never ends is given up after four times the longer of both; after twice the deadline it
    counts as silence for ``on_silence``.
    """

    def __init__(self, deadline_s: float, late_s: float, on_silence: Callable[[], None] | None = None) -> None:
        self._deadline_s = deadline_s
        self._late_s = max(deadline_s, late_s)
        self._on_silence = on_silence if late_s > deadline_s else None
        self.late = False
        """There was a silence longer than the deadline."""

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        now = self._loop.time()
        self._end = now + self._late_s
        self._last_end = now + _LONGEST * self._late_s
        self._pieces = self._bytes = 0
        self._timer = self._loop.call_later(self._deadline_s, self._silence)
        self._trickle = self._loop.call_later(2 * self._deadline_s, self._look_for_trickle)
        self._timeout = asyncio.timeout_at(self._end)
        await self._timeout.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        self._trickle.cancel()
        self._on_silence = None  # it knows what knows this: of hundreds Python's collector would have to free each
        timeout = self._timeout
        del self._timeout  # it knows its task, and a task that is cancelled all that it was about
        await timeout.__aexit__(kind, error, trace)

    def progress(self, size: int) -> None:
        """So many bytes came: the silence begins anew."""
        self._pieces += 1
        self._bytes += size
        quiet_end = self._loop.time() + self._deadline_s
        if not self.late:
            self._timer.cancel()
            self._timer = self._loop.call_at(quiet_end, self._silence)
        self._timeout.reschedule(min(max(self._end, quiet_end), self._last_end))

    def _look_for_trickle(self) -> None:
        if self._on_silence and not self.late and is_trickle(self._bytes, self._pieces):
            self._on_silence()

    def _silence(self) -> None:
        self.late = True
        if self._on_silence:
            self._on_silence()


@contextmanager
def closed_on_cancel(line: Line) -> Iterator[None]:
    """Hang up when the task is cancelled inside (or something unforeseen is raised)."""
    try:
        yield
    except BaseException:
        line.close()
        raise


def reach_of(error: OSError) -> Reach:
    """How a connection ended, by the number of its error and never by its text."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Reach.VERIFY_FAILED
    if isinstance(error, ssl.SSLError):
        return Reach.TLS_ERROR if alert_of(error) is None else Reach.TLS_ALERT
    number = error_number(error)
    if number is None:
        return Reach.SILENT if isinstance(error, TimeoutError) else Reach.OTHER
    return _REACH_BY_ERRNO.get(number, Reach.OTHER)


def shown_bytes(data: bytes | bytearray) -> str:
    """The first 64 bytes as ASCII; everything else as an escape like ``\\x16`` or ``\\n``."""
    return data[:_SHOWN_BYTES].decode("latin-1").encode("unicode_escape").decode("ascii")


def milliseconds_since(start_s: float) -> float:
    """Milliseconds since a time of the loop's clock."""
    return round((asyncio.get_running_loop().time() - start_s) * 1000, 3)
