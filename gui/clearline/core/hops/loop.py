"""The program's loop, through which PyMongo goes a way without knowing: three public methods, overridden.

And it has a way past what is ready, for Stop.

PyMongo's async path asks the running loop for everything: ``getaddrinfo``, ``sock_connect``, ``create_connection``. The
host name for TLS travels beside the address, so the name that is verified stays the server's own. A `Target` is no
address that a real socket accepts: a path that forgets the way raises instead of connecting directly.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Final, NamedTuple

from clearline.core.hops.opener import Opener
from clearline.core.hops.stream import Stream
from clearline.core.hops.tls_handshake import bound
from clearline.core.hops.transport import adopt

_FEW_LINES: Final = 16
"""So many are kept in mind, though they may be closed."""


class Lines:
    """The connections of one client. Where its tasks are cancelled PyMongo forgets some, which would stay open.

    They are held until they are closed: nothing else may hold one that is forgotten while it reads nothing.
    """

    def __init__(self) -> None:
        self._open: set[asyncio.Transport] = set()
        self._full = _FEW_LINES
        self._over = False

    def add(self, transport: asyncio.Transport) -> None:
        """One more; once they were cut it is cut, too."""
        if self._over:
            transport.abort()
            return
        self._open.add(transport)
        if len(self._open) > self._full:
            self._open = {line for line in self._open if not line.is_closing()}
            self._full = max(_FEW_LINES, 2 * len(self._open))

    def cut(self) -> None:
        """The client is closed: nothing else will close what is still open."""
        self._over = True
        for transport in self._open:
            transport.abort()
        self._open.clear()


_going: ContextVar[Opener | None] = ContextVar("clearline-way", default=None)
_lines: ContextVar[Lines | None] = ContextVar("clearline-lines", default=None)


class KeptSocket(socket.socket):
    """A socket that stays open when its connect is cancelled: its owner closes it, and asks it something before."""


class Target(NamedTuple):
    """Where a way is to lead, in the place of a socket address."""

    host: str
    port: int
    way: Opener


@contextmanager
def going(way: Opener | None, lines: Lines | None = None) -> Iterator[None]:
    """What is connected inside, also by tasks that are started inside, goes this way and is one of these lines.

    Raises RuntimeError on another loop than `HopLoop`, which would connect directly.
    """
    if way is not None and not isinstance(asyncio.get_running_loop(), HopLoopMixin):
        raise RuntimeError("a way needs a HopLoop")
    token, token_of_lines = _going.set(way), _lines.set(lines)
    try:
        yield
    finally:
        _going.reset(token)
        _lines.reset(token_of_lines)


def _is_of_pymongo(context: dict[str, Any]) -> bool:
    """Whether an error is that of a task in which PyMongo's own code runs, such as a monitor."""
    task = context.get("future")
    code = getattr(task.get_coro(), "cr_code", None) if isinstance(task, asyncio.Task) else None
    return code is not None and "pymongo" in Path(code.co_filename).parts


class HopLoopMixin:
    """Over any loop of asyncio."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._opened: weakref.WeakKeyDictionary[socket.socket, tuple[Stream, Target]] = weakref.WeakKeyDictionary()

    def call_first(self, callback: Callable[[], object]) -> None:
        """Call it in this loop's thread before all that is ready by now. For any thread.

        For Stop: with hundreds of servers a turn of the loop takes a while, and ``call_soon_threadsafe`` waits for its
        end.
        """
        self._ready.appendleft(asyncio.Handle(callback, (), self))  # type: ignore[attr-defined, arg-type]
        self._write_to_self()  # type: ignore[attr-defined]

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """As asyncio does, but for what PyMongo's own protocol and tasks raise over an odd server: no bug is here.

        asyncio ends that line, and the driver tells of it, or what waits for the driver does.
        """
        if not (type(context.get("protocol")).__module__.startswith("pymongo.") or _is_of_pymongo(context)):
            super().call_exception_handler(context)  # type: ignore[misc]

    async def getaddrinfo(self, host: Any, port: Any, **keywords: Any) -> Any:
        """With a way nothing is looked up here: the name is the address. One that is written out needs no thread."""
        way = _going.get()
        if way is None:
            if isinstance(port, int) and isinstance(host, str) and _is_written_out(host):
                keywords["flags"] = keywords.get("flags", 0) | socket.AI_NUMERICHOST
                return socket.getaddrinfo(host, port, **keywords)
            return await super().getaddrinfo(host, port, **keywords)  # type: ignore[misc]
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", Target(str(host), int(port), way))]

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        """Open the target's line. Raises `HopError`. A cancelled connect closes its socket, unless it is kept."""
        try:
            if isinstance(address, Target):
                self._opened[sock] = (await address.way.open(address.host, address.port), address)
                return
            if isinstance(address, str | bytes) and (way := _going.get()) is not None:
                await way.open(str(address), 0)  # a Unix socket, to which no way leads: it raises
            await super().sock_connect(sock, address)  # type: ignore[misc]
        except asyncio.CancelledError:
            if not isinstance(sock, KeptSocket):
                sock.close()  # PyMongo forgets it, and it would stay open until Python collects its garbage
            raise

    async def create_connection(self, protocol_factory: Any, *arguments: Any, **keywords: Any) -> Any:
        """The transport of a line that a way has opened, or an ordinary one."""
        transport, protocol = await self._create_connection(protocol_factory, *arguments, **keywords)
        if (lines := _lines.get()) is not None:
            lines.add(transport)
        return transport, protocol

    async def _create_connection(self, protocol_factory: Any, *arguments: Any, **keywords: Any) -> Any:
        create = super().create_connection  # type: ignore[misc]
        bound(keywords.get("ssl"))
        sock = keywords.get("sock")
        opened = None if sock is None else self._opened.pop(sock, None)
        if sock is None or opened is None:
            return await create(protocol_factory, *arguments, **keywords)
        stream, target = opened
        sock.close()
        return await adopt(
            stream,
            protocol_factory,
            (target.host, target.port),
            context=keywords.get("ssl"),
            server_name=keywords.get("server_hostname"),
            create_connection=create,
        )


if sys.platform == "win32":

    class HopLoop(HopLoopMixin, asyncio.ProactorEventLoop):
        """For ``asyncio.Runner(loop_factory=HopLoop)``."""

else:

    class HopLoop(HopLoopMixin, asyncio.SelectorEventLoop):
        """For ``asyncio.Runner(loop_factory=HopLoop)``."""


def _is_written_out(host: str) -> bool:
    """Whether a host is an address already, so that no name server is asked and nothing can block."""
    for family in (socket.AF_INET, socket.AF_INET6):
        with suppress(OSError, ValueError):
            socket.inet_pton(family, host)
            return True
    return False
