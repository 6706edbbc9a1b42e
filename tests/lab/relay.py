"""A relay in front of a real server: a line that is slow, narrow, silent, or cut."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

from lab.peer import Conversation, Peer

Way = asyncio.Queue[tuple[float, bytes]]
"""One direction of one connection: chunks with the loop time from which they may pass; empty bytes end it."""


async def pass_on(line: Conversation, target: str, first: bytes = b"") -> None:
    """Pass ``first``, and all that comes after it, to a server (``host:port``), and its answers back."""
    host, _, port = target.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(first)

    async def there() -> None:
        while data := await line.read():
            writer.write(data)
        writer.close()

    going = asyncio.ensure_future(there())
    while data := await reader.read(65536):
        await line.write(data)
    going.cancel()


class Relay(Peer):
    """Passes bytes between its clients and ``target`` (``host:port``).

    Each way takes ``delay_s``, and at most ``bytes_per_second`` pass. `hold` lets the line go silent with all its
    connections (new ones are accepted, but nothing passes), `release` opens it again, `cut` resets what is connected.
    Without a server at ``target`` a client is hung up on, as by a proxy without servers.
    """

    def __init__(
        self,
        target: str,
        *,
        delay_s: float = 0,
        bytes_per_second: float | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        listener: socket.socket | None = None,
    ) -> None:
        super().__init__(self._pass, host=host, port=port, listener=listener)
        name, _, number = target.rpartition(":")
        self._target = (name.strip("[]"), int(number))
        self._delay_s = delay_s
        self._rate = bytes_per_second
        self._lines: set[Conversation] = set()
        self._flowing = asyncio.Event()  # bound to the loop at its first wait
        self._flowing.set()

    def hold(self) -> None:
        """Let nothing pass from now on; nobody is told."""
        self.loop.call_soon_threadsafe(self._flowing.clear)

    def release(self) -> None:
        """Let everything pass again, also what was held."""
        self.loop.call_soon_threadsafe(self._flowing.set)

    def cut(self) -> None:
        """Reset every connection."""

        async def reset_all() -> None:
            for line in tuple(self._lines):
                line.reset()

        self.submit(reset_all())

    async def _pass(self, line: Conversation) -> None:
        self._lines.add(line)
        try:
            reader, writer = await asyncio.open_connection(*self._target)
        except OSError:
            self._lines.discard(line)
            raise

        async def write(data: bytes) -> None:
            writer.write(data)
            await writer.drain()

        onward, back = Way(), Way()
        tasks = [
            asyncio.create_task(self._take(line.read, onward)),
            asyncio.create_task(self._give(onward, write, writer.write_eof)),
            asyncio.create_task(self._take(lambda: reader.read(65536), back)),
            asyncio.create_task(self._give(back, line.write, line.finish)),
        ]
        try:
            await asyncio.gather(*tasks)
        finally:
            self._lines.discard(line)
            writer.transport.abort()  # before anything is awaited: the end of the relay may cancel this a second time
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.sleep(0)

    async def _take(self, read: Callable[[], Awaitable[bytes]], way: Way) -> None:
        loop = asyncio.get_running_loop()
        while True:
            data = await read()
            way.put_nowait((loop.time() + self._delay_s, data))
            if not data:
                return

    async def _give(self, way: Way, write: Callable[[bytes], Awaitable[None]], finish: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        size = max(1, int(self._rate / 10)) if self._rate else 1 << 30
        while True:
            due, data = await way.get()
            if (wait_s := due - loop.time()) > 0:
                await asyncio.sleep(wait_s)
            if not data:
                finish()
                return
            for start in range(0, len(data), size):
                await self._flowing.wait()
                piece = data[start : start + size]
                if self._rate:
                    await asyncio.sleep(len(piece) / self._rate)
                await write(piece)


class CutOff(Peer):
    """Passes everything to ``target``, and of its answers the first ``after`` bytes: then the line ends ``how``.

    *closed* is a FIN, *reset* an RST, *silent* nothing more.
    """

    def __init__(self, target: str, after: int, how: str) -> None:
        super().__init__(self._serve)
        name, _, number = target.rpartition(":")
        self._target = (name, int(number))
        self._after, self._how = after, how

    async def _serve(self, line: Conversation) -> None:
        reader, writer = await asyncio.open_connection(*self._target)

        async def onward() -> None:
            while data := await line.read():
                writer.write(data)

        async def back() -> None:
            left = self._after
            while left and (data := await reader.read(left)):
                left -= len(data)
                await line.write(data)
            if self._how == "silent":
                await asyncio.Event().wait()
            elif self._how == "reset":
                line.reset()
            else:
                line.close()

        tasks = [asyncio.create_task(onward()), asyncio.create_task(back())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            writer.transport.abort()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
