"""What an SSH connection goes over, and the channels that go over it: as asyncssh wants them, and as everyone else."""

from __future__ import annotations

import errno
import socket
from contextlib import suppress
from typing import Any, Final

import asyncssh

from clearline.core.hops.key_exchange import Overheard
from clearline.core.hops.stream import ProtocolStream, PushStream, SocketStream, Stream
from clearline.core.hops.transport import HopTransport, adopt

_SMALL: Final = 4096
_PIECE: Final = 65536
"""A large read takes a fifth less of the processor by pieces of this size."""
_ERRNO_OF: Final = {
    "Connection refused": errno.ECONNREFUSED,
    "No route to host": errno.EHOSTUNREACH,
    "Host is unreachable": errno.EHOSTUNREACH,
    "Network is unreachable": errno.ENETUNREACH,
    "Connection timed out": errno.ETIMEDOUT,
    "Operation timed out": errno.ETIMEDOUT,
}
"""strerror(3) of glibc, musl and the BSDs, which sshd sends as they are: the protocol has no number for them."""
_EAI_OF: Final = {
    "Name or service not known": socket.EAI_NONAME,
    "Name does not resolve": socket.EAI_NONAME,
    "nodename nor servname provided, or not known": socket.EAI_NONAME,
    "hostname nor servname provided, or not known": socket.EAI_NONAME,
    "No address associated with hostname": socket.EAI_NONAME,
    "Temporary failure in name resolution": socket.EAI_AGAIN,
}
"""gai_strerror(3), likewise."""


class Carried:
    """What asyncssh takes for a tunnel, and uses as its line."""

    def __init__(self, stream: PushStream, peer: tuple[str, int]) -> None:
        self._stream = stream
        self._peer = peer
        self.ours, self.theirs = Overheard(), Overheard()
        self.ended = False
        """The line itself is over, and not only silent."""

    async def create_connection(self, factory: Any, host: str, port: int) -> tuple[None, Any]:
        """Called by the library."""
        conn = factory()
        _SshTransport(self._stream, conn, ("", 0), self)
        return None, conn


class _SshTransport(HopTransport):
    """Also listens to the beginning, which tells what both sides propose."""

    def __init__(self, stream: PushStream, protocol: Any, peer: tuple[str, int], carried: Carried) -> None:
        self._carried = carried
        self._socket = _socket_of(stream)
        super().__init__(stream, protocol, peer)

    def data_received(self, data: bytes) -> None:
        """A piece from the server."""
        if not self._carried.theirs.over:
            self._carried.theirs.hear(data)
        if self._socket is not None and len(data) < _SMALL:
            # sshd waits for the acknowledgement with its next small packet (Nagle), 40 ms without this.
            with suppress(OSError):
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        # The library copies all that is left for each packet that it takes out: little at a time is copied little.
        for start in range(0, len(data), _PIECE):
            super().data_received(data[start : start + _PIECE])

    def ended(self, error: Exception | None) -> None:
        """The line is over."""
        self._carried.ended = True
        super().ended(error)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """A piece for the server."""
        if not self._carried.ours.over:
            self._carried.ours.hear(bytes(data))
        super().write(data)


class Channel(PushStream, asyncssh.SSHTCPSession[bytes]):
    """One line through the server."""

    def __init__(self, lost: Any) -> None:
        super().__init__()
        self._lost = lost
        self._channel: asyncssh.SSHTCPChannel[bytes] | None = None

    def connection_made(self, chan: asyncssh.SSHTCPChannel[bytes]) -> None:
        """Called by the library."""
        self._channel = chan

    def data_received(self, data: bytes, datatype: Any = None) -> None:
        """Called by the library."""
        self.feed(data)

    def eof_received(self) -> bool:
        """Called by the library."""
        self.feed_end(None)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the library: with an error when the whole connection is gone."""
        self.feed_end(None if exc is None else self._lost(exc))

    def write(self, data: bytes) -> None:
        """Send it, or keep it until it can be sent."""
        if self._channel is not None and not self._channel.is_closing():
            with suppress(BrokenPipeError):
                self._channel.write(data)

    def _pause(self) -> None:
        if self._channel is not None:
            self._channel.pause_reading()

    def _resume(self) -> None:
        if self._channel is not None:
            self._channel.resume_reading()

    def _hang_up(self) -> None:
        if self._channel is not None:
            self._channel.close()


async def pushed(stream: Stream, host: str) -> PushStream:
    """A stream that can be handed over to a protocol."""
    if isinstance(stream, PushStream):
        return stream
    assert isinstance(stream, SocketStream)
    _, protocol = await adopt(stream, ProtocolStream, (host, 0))
    assert isinstance(protocol, ProtocolStream)
    return protocol


def why_refused(problem: asyncssh.ChannelOpenError) -> dict[str, Any]:
    """What a server says about a target that it does not open, as fields of a failure."""
    words = problem.reason
    return {"code": problem.code, "said": words[:300], "errno": _ERRNO_OF.get(words), "eai": _EAI_OF.get(words)}


def _socket_of(stream: Stream) -> Any:
    """The TCP socket underneath, where it can be told to acknowledge at once (Linux)."""
    if not hasattr(socket, "TCP_QUICKACK") or not isinstance(stream, ProtocolStream):
        return None
    sock = stream.transport.get_extra_info("socket")
    return sock if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6) else None
