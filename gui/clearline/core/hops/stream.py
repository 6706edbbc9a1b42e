"""Bytes both ways over whatever a hop is made of: a socket, a channel, TLS inside something else.

Every stream can be read by pieces of an exact size, so that a handshake takes from it exactly what is its own and the
next protocol finds the rest. One that is pushed by callbacks (`PushStream`) can be handed over to an asyncio protocol.
"""

from __future__ import annotations

import asyncio
import socket
from abc import ABC, abstractmethod
from collections import deque
from contextlib import suppress
from typing import Protocol

RECEIVE_SIZE = 65536
_HIGH_WATER = 1 << 20


class Stream(Protocol):
    """A line to somewhere. Not to be shared between tasks."""

    def send_last(self, data: bytes) -> None:
        """Send what fits at once, if anything still can be sent: a farewell that is not waited for."""

    async def send(self, data: bytes) -> None:
        """Send all of it. Raises `OSError`."""

    async def receive(self, most: int = RECEIVE_SIZE) -> bytes:
        """What comes next, at most so much; empty at the end. Raises `OSError`."""

    def close(self) -> None:
        """Hang up at once. Idempotent."""


async def receive_exactly(stream: Stream, size: int) -> bytes:
    """So many bytes, or fewer when the stream ends before. Raises `OSError`."""
    data = b""
    while len(data) < size and (piece := await stream.receive(size - len(data))):
        data += piece
    return data


class SocketStream:
    """A connected non-blocking socket."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock

    def send_last(self, data: bytes) -> None:
        """Send what fits at once."""
        with suppress(OSError):
            self.socket.send(data)

    async def send(self, data: bytes) -> None:
        """Send all of it. Raises `OSError`."""
        await asyncio.get_running_loop().sock_sendall(self.socket, data)

    async def receive(self, most: int = RECEIVE_SIZE) -> bytes:
        """What comes next, at most so much; empty at the end. Raises `OSError`."""
        return await asyncio.get_running_loop().sock_recv(self.socket, most)

    def close(self) -> None:
        """Hang up at once. Idempotent."""
        if self.socket.fileno() < 0:
            return
        loop = asyncio.get_running_loop()
        try:
            # The loop must forget the socket before its number can belong to another one.
            loop.remove_reader(self.socket)
            loop.remove_writer(self.socket)
        except NotImplementedError:
            pass  # the Proactor loop of Windows keeps no such list
        self.socket.close()


class Taker(Protocol):
    """Who gets the bytes of a stream as they come."""

    def data_received(self, data: bytes) -> None:
        """A piece."""

    def ended(self, error: Exception | None) -> None:
        """The stream is over; None where the other side ended it in order."""


class PushStream(ABC):
    """A stream whose bytes come by `feed`. Without a taker they are kept, and the source is paused when they are many.

    A subclass says how to write, pause, resume and hang up.
    """

    def __init__(self) -> None:
        self._kept: deque[bytes] = deque()
        self._size = 0
        self._over = False
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._taker: Taker | None = None
        self._paused = False
        self._closed = False

    # ------------------------------------------------------------ from the source

    def feed(self, data: bytes) -> None:
        """The source brings a piece."""
        if self._taker is not None and not self._kept:
            self._taker.data_received(data)
            return
        self._kept.append(data)
        self._size += len(data)
        if self._size > _HIGH_WATER and not self._paused:
            self._paused = True
            self._pause()
        self._wake()

    def feed_end(self, error: Exception | None = None) -> None:
        """The source is over. Later calls change nothing."""
        if self._over:
            return
        self._over, self._error = True, error
        self._wake()
        if self._taker is not None:
            self._taker.ended(error)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # ------------------------------------------------------------ by pieces

    def send_last(self, data: bytes) -> None:
        """Send what fits at once."""
        if data and not self._over and not self._closed:
            self.write(data)

    async def send(self, data: bytes) -> None:
        """Send all of it. Raises `OSError`."""
        if self._over or self._closed:
            raise self._failure()
        self.write(data)

    async def receive(self, most: int = RECEIVE_SIZE) -> bytes:
        """What comes next, at most so much; empty at the end. Raises `OSError`."""
        while not self._kept:
            if self._over or self._closed:
                if self._error is not None:
                    raise self._failure()
                return b""
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        piece = self._kept.popleft()
        if len(piece) > most:
            self._kept.appendleft(piece[most:])
            piece = piece[:most]
        self._size -= len(piece)
        if self._paused and self._size <= _HIGH_WATER // 2:
            self._paused = False
            self._resume()
        return piece

    def put_back(self, data: bytes) -> None:
        """What was read belongs to the next reader."""
        if data:
            self._kept.appendleft(data)
            self._size += len(data)

    def _failure(self) -> OSError:
        if isinstance(self._error, OSError):
            return self._error
        return ConnectionResetError(104, "the line is closed")

    def close(self) -> None:
        """Hang up at once. Idempotent."""
        if not self._closed:
            self._closed = True
            self._wake()
            self._hang_up()

    # ------------------------------------------------------------ by callbacks

    def hand_over(self, taker: Taker) -> None:
        """From now on everything goes to the taker, first what has been kept."""
        self._taker = taker
        if self._paused:
            self._paused = False
            self._resume()
        while self._kept:
            taker.data_received(self._kept.popleft())
        self._size = 0
        if self._over:
            taker.ended(self._error)

    def pause(self) -> None:
        """Ask the source for a rest."""
        self._pause()

    def resume(self) -> None:
        """Let the source go on."""
        self._resume()

    # ------------------------------------------------------------ of the source

    @abstractmethod
    def write(self, data: bytes) -> None:
        """Send it, or keep it until it can be sent."""

    @abstractmethod
    def _pause(self) -> None: ...

    @abstractmethod
    def _resume(self) -> None: ...

    @abstractmethod
    def _hang_up(self) -> None: ...


class ProtocolStream(PushStream, asyncio.Protocol):
    """A stream over any asyncio transport, for which it is the protocol."""

    def __init__(self) -> None:
        super().__init__()
        self._transport: asyncio.Transport | None = None

    @property
    def transport(self) -> asyncio.Transport:
        """The transport underneath."""
        assert self._transport is not None
        return self._transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        self.feed(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by asyncio."""
        self.feed_end(exc)

    def write(self, data: bytes) -> None:
        """Send it, or keep it until it can be sent."""
        self.transport.write(data)

    def _pause(self) -> None:
        if not self.transport.is_closing():
            self.transport.pause_reading()

    def _resume(self) -> None:
        if not self.transport.is_closing():
            self.transport.resume_reading()

    def _hang_up(self) -> None:
        self.transport.abort()
