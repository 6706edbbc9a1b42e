"""A TCP or TLS server that plays a script on every connection. `lab.peers` has the common scripts."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import socket
import ssl
import struct
import threading
from collections.abc import Awaitable, Callable
from typing import TypeVar

from lab.loop_thread import LoopThread

T = TypeVar("T")
_RST_ON_CLOSE = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)  # SO_LINGER: on, zero seconds


class Conversation:
    """One accepted connection of a peer. What is read and written is free of TLS."""

    def __init__(self, peer: Peer, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.peer = peer
        self.number = number
        """0 for the first connection of this peer."""
        self.host: str = writer.get_extra_info("sockname")[0]
        """The address of this computer that the client connected to."""
        self._reader = reader
        self._writer = writer
        self._buffer = b""
        self._tls: ssl.SSLObject | None = None
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()

    async def secure(self, context: ssl.SSLContext, *, heard: bytes = b"") -> bool:
        """Do the server's side of a TLS handshake; False when it failed, after the client got its alert.

        ``heard`` is what was read of it already.

        asyncio's own TLS servers hang up without sending the alert.
        """
        self._incoming.write(heard)
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        try:
            await self._through_tls(self._tls.do_handshake)
        except ssl.SSLError:
            self.finish()
            while await self._reader.read(65536):  # unread bytes would turn the end into a reset, and lose the alert
                pass
            return False
        return True

    async def read(self, size: int = 65536) -> bytes:
        """The next bytes, at most ``size``; empty at the end of the connection."""
        if self._tls is None:
            data = await self._reader.read(size)
        else:
            try:
                data = await self._through_tls(functools.partial(self._tls.read, size))
            except ssl.SSLError:
                data = b""  # the client ended TLS, or the connection under it
        self.peer.received[self.number] += data
        return data

    async def read_exactly(self, size: int) -> bytes:
        """``size`` bytes. Raises `EOFError` when the client hangs up before."""
        while len(self._buffer) < size:
            data = await self.read()
            if not data:
                raise EOFError
            self._buffer += data
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        return data

    async def write(self, data: bytes) -> None:
        """Send bytes."""
        if self._tls is None:
            self._writer.write(data)
            await self._writer.drain()
        else:
            await self._through_tls(functools.partial(self._tls.write, data))

    def finish(self) -> None:
        """Send FIN, and go on listening."""
        with contextlib.suppress(OSError):
            self._writer.write_eof()

    def close(self) -> None:
        """Hang up with FIN, after TLS's close_notify."""
        if self._tls is not None and not self._writer.is_closing():
            with contextlib.suppress(ssl.SSLError):
                self._tls.unwrap()
            self._writer.write(self._outgoing.read())
        self._writer.close()

    def reset(self) -> None:
        """Hang up with RST."""
        connection = self._writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST_ON_CLOSE)
        self._writer.transport.abort()

    async def until_closed(self) -> None:
        """Swallow what comes until the client hangs up."""
        while await self.read():
            pass

    async def _through_tls(self, step: Callable[[], T]) -> T:
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                await self._flush()
                data = await self._reader.read(65536)
                if data:
                    self._incoming.write(data)
                else:
                    self._incoming.write_eof()
            finally:
                await self._flush()

    async def _flush(self) -> None:
        if self._outgoing.pending:
            self._writer.write(self._outgoing.read())
            await self._writer.drain()


Script = Callable[[Conversation], Awaitable[None]]


class Peer(LoopThread):
    """A TCP (or TLS) server that plays ``script`` on every connection; the connection closes when the script ends."""

    def __init__(
        self,
        script: Script,
        *,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        listener: socket.socket | None = None,
    ) -> None:
        super().__init__()
        self._script = script
        self._tls = tls
        self._where = (host, port)
        self._listener = listener
        self._changed = threading.Condition()
        self.received: list[bytes] = []
        """What each connection sent, TLS removed."""
        self.handshakes = 0
        """How many TLS handshakes succeeded."""
        self.host: str
        self.port: int

    @property
    def address(self) -> str:
        """``host:port`` as a connection string takes it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def connections(self) -> int:
        """How many connections there were, whether or not their TLS handshake succeeded."""
        return len(self.received)

    def wait_for(self, condition: Callable[[], bool], *, timeout_s: float = 60) -> None:
        """Wait until something that a conversation changes is true. Raises `TimeoutError`."""
        with self._changed:
            if not self._changed.wait_for(condition, timeout_s):
                raise TimeoutError("the peer waited in vain")

    def notify(self) -> None:
        """Make `wait_for` look again."""
        with self._changed:
            self._changed.notify_all()

    async def open(self) -> None:
        listener = self._listener or bound_socket(*self._where)
        self.host, self.port = listener.getsockname()[:2]
        self.serve(listener, self._converse)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.received.append(b"")
        line = Conversation(self, self.connections - 1, reader, writer)
        self.notify()
        try:
            if self._tls:
                if not await line.secure(self._tls):
                    return
                self.handshakes += 1
                self.notify()
            await self._script(line)
        finally:
            line.close()
            self.notify()


def bound_socket(host: str, port: int = 0) -> socket.socket:
    """A TCP socket bound to an address, made in the calling thread's network."""
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except BaseException:
        bound.close()
        raise
    return bound
