"""A connection through the hops on which nothing is said: after how long does something on the way end it?

The lines of the driver's monitors are quiet for ten seconds at most, and those that a watch asks over until its next
round. An application's may be quiet for longer: a limit between that and a minute meets them, and would never be seen
here. So one more connection says hello, which needs no login, and nothing after that. Where such a one is ended again
and again after the same time, another that keeps talking tells whether it was the quiet: some servers end each
connection that does not log in for a while.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import Final

from clearline.core.addresses import split_address
from clearline.core.daemon_threads import run_in_daemon
from clearline.core.facts.servers import Reach
from clearline.core.facts.whole import SILENCE_S
from clearline.core.hops.opener import Opener
from clearline.core.hops.stream import SocketStream, Stream
from clearline.core.hops.transport import encrypted
from clearline.core.hops.trouble import HopError
from clearline.core.probes.connection import StreamCarrier
from clearline.core.probes.hello import ask, say_hello
from clearline.core.watch.cut_lines import Ends, IdleLimit

LONGEST_S: Final = 65.0
"""A line that may be quiet for so long is of no further interest: drivers and pools are slower only on demand."""
ANSWER_S: Final = SILENCE_S
_TALKS: Final = 4
"""So many times within the limit the line that keeps talking says something..."""
_TALKS_FOR: Final = 1.5
"""...for so many times the limit."""


class Directly:
    """Opens lines from this computer to a server, by no hop."""

    async def open(self, host: str, port: int) -> Stream:
        """Raises `OSError`."""
        [(family, kind, _, _, address), *_] = await run_in_daemon(socket.getaddrinfo, host, port, 0, socket.SOCK_STREAM)
        sock = socket.socket(family, kind)
        sock.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(sock, address)
        except BaseException:
            sock.close()
            raise
        return SocketStream(sock)

    def close(self) -> None:
        """Nothing is kept."""


class QuietLine:
    """To be run once by a watch: `run` through hops, `confirm` where heartbeats have met a limit.

    ``context`` is the driver's own, None without TLS.
    """

    def __init__(self, way: Opener, context: ssl.SSLContext | None, *, load_balanced: bool = False) -> None:
        self._way = way
        self._context = context
        self._load_balanced = load_balanced
        self.limit: IdleLimit | None = None
        """Once it is known."""

    async def run(self, server: str) -> None:
        """Try one server until a limit is known, or a line outlives `LONGEST_S`. Never raises but when cancelled."""
        ends = Ends()
        try:
            while (limit := ends.limit(server)) is None:
                quiet_s = await self._until_ended(server)
                if quiet_s is None:
                    return
                ends.add(quiet_s)
            if await self._outlives(server, limit.seconds):
                self.limit = limit
        except OSError:  # the hop, or the server, is another matter now
            return

    async def confirm(self, limit: IdleLimit) -> None:
        """Take a limit that others have met, where a line on which something is said outlives it. Never raises so."""
        try:
            if await self._outlives(limit.server, limit.seconds):
                self.limit = limit
        except OSError:
            return

    async def _until_ended(self, server: str) -> float | None:
        """After how many seconds of quiet a line was ended, or found dead; None: it was not, or something was said."""
        line = await self._opened(server)
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(LONGEST_S):
                said = await line.receive()
        except TimeoutError:
            dead = await ask(line, {"ping": 1}, deadline_s=ANSWER_S) is None
            return LONGEST_S if dead else None
        except HopError:  # the hop's own connection is over, and this line with it
            return None
        except OSError:
            said = b""
        finally:
            line.close()
        return None if said else loop.time() - began

    async def _outlives(self, server: str, seconds: float) -> bool:
        """Whether a line on which something is said now and then lives for longer than the quiet ones."""
        line = await self._opened(server)
        try:
            for _ in range(round(_TALKS * _TALKS_FOR)):
                await asyncio.sleep(seconds / _TALKS)
                if await ask(line, {"ping": 1}, deadline_s=ANSWER_S) is None:
                    return False
            return True
        finally:
            line.close()

    async def _opened(self, server: str) -> StreamCarrier:
        """A line that has said hello. Raises `OSError`."""
        host, port = split_address(server)
        stream = await self._way.open(host, port or 0)
        if self._context is not None:
            stream = await encrypted(stream, self._context, host, (host, port or 0))
        line = StreamCarrier(stream)
        tls, balanced = self._context is not None, self._load_balanced
        hello = await say_hello(line, tls=tls, deadline_s=ANSWER_S, load_balanced=balanced)
        if hello.reach is not Reach.OK:
            raise ConnectionAbortedError(hello.reach.value)
        return line
