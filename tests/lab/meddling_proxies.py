"""HTTP proxies that do something to the lines they open, before a real server: they break TLS open, or cut quiet lines.

Scripted, for no proxy of Debian's does either without being built for it.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable

from lab.peer import Conversation, Peer


class MeddlingProxy(Peer):
    """Answers every CONNECT with 200, and leads to ``target`` (``host:port``) whatever was wished for.

    With ``tls`` it ends the client's TLS and speaks plainly to the server. A line that is quiet for ``idle_s`` is
    closed, or forgotten without a word (``forgets``), and one that has lived for ``life_s`` is closed in any case.
    """

    def __init__(
        self,
        target: str,
        *,
        tls: ssl.SSLContext | None = None,
        idle_s: float | None = None,
        forgets: bool = False,
        life_s: float | None = None,
    ) -> None:
        super().__init__(self._serve)
        name, _, number = target.rpartition(":")
        self._target = (name, int(number))
        self._inside = tls
        self._idle_s, self._forgets, self._life_s = idle_s, forgets, life_s
        self.wished: list[str] = []
        """The targets that were asked for."""

    async def _serve(self, line: Conversation) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += await line.read_exactly(1)
        self.wished.append(head.split(b" ")[1].decode())
        await line.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        if self._inside is not None and not await line.secure(self._inside):
            return
        reader, writer = await asyncio.open_connection(*self._target)

        async def write(data: bytes) -> None:
            writer.write(data)
            await writer.drain()

        heard = asyncio.Event()
        tasks = [
            asyncio.create_task(self._pump(line.read, write, heard)),
            asyncio.create_task(self._pump(lambda: reader.read(65536), line.write, heard)),
            asyncio.create_task(self._quiet(heard)),
        ]
        try:
            await asyncio.wait(tasks, timeout=self._life_s, return_when=asyncio.FIRST_COMPLETED)
            if self._forgets:
                for task in tasks:
                    task.cancel()
                await asyncio.Event().wait()
        finally:
            writer.transport.abort()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _pump(
        self, read: Callable[[], Awaitable[bytes]], write: Callable[[bytes], Awaitable[None]], heard: asyncio.Event
    ) -> None:
        while data := await read():
            heard.set()
            await write(data)

    async def _quiet(self, heard: asyncio.Event) -> None:
        """Until the line has been quiet for too long."""
        while True:
            heard.clear()
            try:
                async with asyncio.timeout(self._idle_s):
                    await heard.wait()
            except TimeoutError:
                return
