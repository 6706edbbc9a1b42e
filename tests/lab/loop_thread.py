"""An asyncio loop in a thread of its own: what every server of the laboratory runs on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, Self, TypeVar

T = TypeVar("T")


class LoopThread:
    """A thread with one asyncio loop; a context manager that ends all its tasks and sockets.

    Subclasses override `open` and `close`, which run on the loop.
    """

    def __init__(self) -> None:
        self.errors: list[BaseException] = []
        """What went wrong inside the server itself (never the fault that it plays)."""
        self._thread: threading.Thread | None = None

    async def open(self) -> None:
        """Called on the loop when the context is entered."""

    async def close(self) -> None:
        """Called on the loop when the context is left, before the tasks that still run are cancelled."""

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop and return its result to the calling thread."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    def __enter__(self) -> Self:
        self.loop = asyncio.new_event_loop()
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
            self._thread.join(10)
            self.loop.close()

    async def _shut_down(self) -> None:
        try:
            await self.close()
        finally:
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for _ in range(5):  # closed transports give their sockets back in the next turns of the loop
                await asyncio.sleep(0)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def _on_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if not isinstance(error, OSError):  # a client that goes away is part of every fault
            self.errors.append(error or RuntimeError(context["message"]))
