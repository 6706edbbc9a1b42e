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
        place = _Place(self._places, self._longest_s)
        try:
            yield
        finally:
            place.leave()


class _Place:
    """The place of one whose turn it is."""

    def __init__(self, places: asyncio.Semaphore, longest_s: float) -> None:
        self._places = places
        self._longest_s = longest_s
        self._over: asyncio.TimerHandle | None = None
        self._wait()

    def leave(self) -> None:
        """The turn is over, unless it was given up before."""
        if self._over is not None:
            self._over.cancel()
            self._over = None  # no circle: of hundreds Python's collector would have to free each
            self._places.release()

    def _wait(self) -> None:
        self._over = asyncio.get_running_loop().call_later(self._longest_s, self._give_up)

    def _give_up(self) -> None:
        assert self._over is not None
        if asyncio.get_running_loop().time() - self._over.when() > self._longest_s / 2:
            self._wait()
            return
        self._over = None
        self._places.release()
