"""Turns: of many alike things only some begin at once, so that none of them finds the loop busy with all the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """``places`` at once; what takes longer than ``longest_s`` goes on, but lets the next one begin.

    So a crowd that is silent holds nothing up for long, and one that answers is met a few at a time. Where the loop is
    late itself, it is not the one whose turn it is that takes long.
    """

    def __init__(self, places: int, longest_s: float) -> None:
        self._places = asyncio.Semaphore(places)
        self._longest_s = longest_s
        self._waiting = 0
        self._begun = asyncio.Event()
        self._begun.set()

    async def all_begun(self) -> None:
        """Wait until nothing waits for a turn."""
        await self._begun.wait()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn, first come first served, and have it for the time of the block."""
        self._waiting += 1
        self._begun.clear()
        try:
            await self._places.acquire()
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._begun.set()
        loop = asyncio.get_running_loop()
        over: asyncio.TimerHandle | None = None

        def wait() -> None:
            nonlocal over
            over = loop.call_later(self._longest_s, give_up)

        def give_up() -> None:
            nonlocal over
            assert over is not None
            if loop.time() - over.when() > self._longest_s / 2:
                wait()
                return
            over = None
            self._places.release()

        wait()
        try:
            yield
        finally:
            if over is not None:
                over.cancel()
                self._places.release()
