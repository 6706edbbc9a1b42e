"""The program's loop lets Stop pass by what is ready."""

from __future__ import annotations

import asyncio
import threading

from clearline.core.hops.loop import HopLoop
from lab import loops

READY = 100


def test_what_is_called_first_passes_by_all_that_is_ready() -> None:
    ran: list[str] = []

    async def play() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, HopLoop)
        called, done = threading.Event(), asyncio.Event()

        def begin() -> None:
            ran.append("begin")
            started.set()
            assert called.wait(10)

        def elsewhere() -> None:
            started.wait(10)
            loop.call_first(lambda: ran.append("stop"))
            called.set()

        started = threading.Event()
        thread = threading.Thread(target=elsewhere)
        thread.start()
        loop.call_soon(begin)
        for _ in range(READY):
            loop.call_soon(ran.append, "ready")
        loop.call_soon(done.set)
        await done.wait()
        thread.join()

    loops.run(play())
    assert ran == ["begin", "stop", *["ready"] * READY]


def test_what_is_called_first_wakes_a_loop_that_waits() -> None:
    async def play() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, HopLoop)
        woken = asyncio.Event()
        threading.Timer(0.01, lambda: loop.call_first(woken.set)).start()
        async with asyncio.timeout(10):
            await woken.wait()

    loops.run(play())
