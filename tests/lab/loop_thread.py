"""An asyncio loop in a thread of its own: what every server of the laboratory runs on."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Self, TypeVar

T = TypeVar("T")


Converse = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class LoopThread:
    """A thread with one asyncio loop; a context manager that ends all its tasks and sockets.

    Subclasses override `open` and `close`, which run on the loop, and call `serve` for each listening socket.
    """

    def __init__(self) -> None:
        self.errors: list[BaseException] = []
        """What went wrong inside the server itself (never the fault that it plays)."""
        self._thread: threading.Thread | None = None
        self._listeners: list[socket.socket] = []
        self._connections: list[socket.socket] = []
        self._writers: set[asyncio.StreamWriter] = set()
        self._conversations: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Called on the loop when the context is entered."""

    async def close(self) -> None:
        """Called on the loop when the context is left, before the tasks that still run are cancelled."""

    def serve(self, listener: socket.socket, converse: Converse) -> None:
        """Accept connections on a bound socket and run ``converse`` for each. Call it on the loop.

        asyncio's own servers lose a socket that is accepted while they close.
        """
        listener.setblocking(False)
        listener.listen(4096)
        self._listeners.append(listener)
        self.loop.add_reader(listener, self._accept, listener, converse)

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop and return its result to the calling thread."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    def __enter__(self) -> Self:
        self.loop = asyncio.SelectorEventLoop()  # add_reader does not exist on the default loop of Windows
        self.loop.set_exception_handler(self._on_error)
        self._thread = threading.Thread(target=self._run, name=type(self).__name__, daemon=True)
        self._thread.start()
        try:
            self.submit(self.open())
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def _stop(self) -> None:
        assert self._thread is not None
        try:
            self.submit(self._shut_down())
        finally:
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join(60)
            self.loop.close()

    def _accept(self, listener: socket.socket, converse: Converse) -> None:
        with contextlib.suppress(OSError):  # the client is gone already
            connection, _ = listener.accept()
            connection.setblocking(False)
            self._connections.append(connection)
            task = self.loop.create_task(self._converse_on(connection, converse))
            self._conversations.add(task)  # the loop itself keeps a weak reference alone
            task.add_done_callback(self._conversations.discard)

    async def _converse_on(self, connection: socket.socket, converse: Converse) -> None:
        reader, writer = await asyncio.open_connection(sock=connection)
        self._writers.add(writer)
        try:
            await converse(reader, writer)
        except (OSError, EOFError, asyncio.CancelledError):
            pass  # the client hung up, or the laboratory closes
        except Exception as error:
            self.errors.append(error)
        finally:
            writer.close()
            self._writers.discard(writer)
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    async def _shut_down(self) -> None:
        for listener in self._listeners:
            self.loop.remove_reader(listener)
            listener.close()
        try:
            await self.close()
        finally:
            for writer in self._writers:
                writer.transport.abort()
            while tasks := asyncio.all_tasks() - {asyncio.current_task()}:  # one that ends may have begun another
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            for _ in range(5):  # closed transports give their sockets back in the next turns of the loop
                await asyncio.sleep(0)
            for connection in self._connections:
                connection.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def _on_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if not isinstance(error, OSError):  # a client that goes away is part of every fault
            self.errors.append(error or RuntimeError(context["message"]))
