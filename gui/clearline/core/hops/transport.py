"""What stands in for a socket transport: an asyncio transport over any stream, and TLS on top of it.

Asked of it by PyMongo and asyncio: it feeds plain and buffered protocols, keeps what comes while reading is paused
(PyMongo pauses after every message), and can be wrapped by ``loop.start_tls``, which wants ``_start_tls_compatible``
and, after a failed verification, ``_force_close`` (asyncio/sslproto.py).
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Callable
from typing import Any

from clearline.core.hops.stream import ProtocolStream, PushStream, SocketStream, Stream
from clearline.core.hops.tls_handshake import bound


class HopTransport(asyncio.Transport):
    """A transport over a `PushStream`."""

    _start_tls_compatible = True

    def __init__(self, stream: PushStream, protocol: asyncio.BaseProtocol, peer: tuple[str, int]) -> None:
        super().__init__({"peername": peer, "sockname": ("", 0)})
        self._stream = stream
        self._protocol = protocol
        self._kept: deque[bytes] = deque()
        self._reading = True
        self._closing = False
        self._lost = False
        self._end: tuple[Exception | None] | None = None
        protocol.connection_made(self)
        stream.hand_over(self)

    # ------------------------------------------------------------ from the stream

    def data_received(self, data: bytes) -> None:
        """A piece from the stream."""
        if self._closing:
            return
        if not self._reading:
            self._kept.append(data)
            return
        self._deliver(data)

    def _deliver(self, data: bytes) -> None:
        protocol = self._protocol
        if isinstance(protocol, asyncio.BufferedProtocol):
            view = memoryview(data)
            while view:
                buffer = memoryview(protocol.get_buffer(len(view)))
                size = min(len(buffer), len(view))
                buffer[:size] = view[:size]
                view = view[size:]
                protocol.buffer_updated(size)
                if not self._reading and view:
                    self._kept.appendleft(bytes(view))
                    return
        else:
            protocol.data_received(data)  # type: ignore[attr-defined]

    def ended(self, error: Exception | None) -> None:
        """The stream is over."""
        self._end = (error,)
        if not self._kept:
            self._finish(error)

    def _finish(self, error: Exception | None) -> None:
        if self._lost:
            return
        self._lost = self._closing = True
        self._stream.close()
        asyncio.get_running_loop().call_soon(self._protocol.connection_lost, error)

    # ------------------------------------------------------------ asyncio.Transport

    def get_protocol(self) -> asyncio.BaseProtocol:
        """The protocol that is fed."""
        return self._protocol

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Feed another one from now on."""
        self._protocol = protocol

    def is_closing(self) -> bool:
        """Whether it is over, or about to be."""
        return self._closing

    def is_reading(self) -> bool:
        """Whether the protocol is fed."""
        return self._reading and not self._closing

    def pause_reading(self) -> None:
        """Keep what comes."""
        if self._reading and not self._closing:
            self._reading = False
            self._stream.pause()

    def resume_reading(self) -> None:
        """Feed again, first what was kept."""
        if self._reading or self._closing:
            return
        self._reading = True
        while self._kept and self._reading:
            self._deliver(self._kept.popleft())
        if self._reading and not self._kept:
            if self._end is not None:
                self._finish(self._end[0])
            else:
                self._stream.resume()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send; after the end nothing happens, as with a socket transport."""
        if not self._closing and data:
            self._stream.write(bytes(data))

    def writelines(self, list_of_data: Any) -> None:
        """Send all."""
        self.write(b"".join(list_of_data))

    def can_write_eof(self) -> bool:
        """No half-closed lines."""
        return False

    def get_write_buffer_size(self) -> int:
        """What waits to be sent is the stream's own matter."""
        return 0

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """There are none."""
        return 0, 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """There are none."""

    def close(self) -> None:
        """Hang up."""
        self._finish(None)

    def abort(self) -> None:
        """Hang up at once."""
        self._finish(None)

    def _force_close(self, error: BaseException | None) -> None:
        """Asked by asyncio's SSLProtocol after a fatal error."""
        self._finish(error if isinstance(error, Exception) else None)


async def adopt(
    stream: Stream,
    make_protocol: Callable[[], asyncio.BaseProtocol],
    peer: tuple[str, int],
    *,
    context: ssl.SSLContext | None = None,
    server_name: str | None = None,
    create_connection: Callable[..., Any] | None = None,
) -> tuple[asyncio.Transport, asyncio.BaseProtocol]:
    """Give a stream to an asyncio protocol, with TLS inside it when there is a context. Raises `OSError`.

    ``create_connection`` is the loop's own, where the caller has overridden it. Cancelling, or an error, hangs up.
    """
    loop = asyncio.get_running_loop()
    try:
        if isinstance(stream, SocketStream):
            create = create_connection or loop.create_connection
            # An empty name is asyncio's way to say "none"; with TLS and no name it would insist on one.
            name = None if context is None else server_name or ""
            transport, protocol = await create(make_protocol, sock=stream.socket, ssl=context, server_hostname=name)
            return transport, protocol
        assert isinstance(stream, PushStream)
        protocol = make_protocol()
        bound(context)
        if context is None:
            return HopTransport(stream, protocol, peer), protocol
        raw = HopTransport(stream, asyncio.Protocol(), peer)
        secured = await loop.start_tls(raw, protocol, context, server_hostname=server_name)
        if secured is None:  # asyncio gives no transport when the other side hung up during the handshake
            raise ConnectionResetError(104, "the line ended during the TLS handshake")
        protocol.connection_made(secured)
        return secured, protocol
    except BaseException:
        stream.close()
        raise


async def encrypted(
    stream: Stream, context: ssl.SSLContext, server_name: str | None, peer: tuple[str, int]
) -> ProtocolStream:
    """TLS over a stream, as a stream. Raises `OSError`, of which `ssl.SSLError` is one."""
    _, protocol = await adopt(stream, ProtocolStream, peer, context=context, server_name=server_name)
    assert isinstance(protocol, ProtocolStream)
    return protocol
