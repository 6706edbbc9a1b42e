"""Stop at any moment, again and again: what is left open, forgotten or told afterwards."""

from __future__ import annotations

import asyncio
import gc
import random
import threading
import warnings
from collections.abc import Awaitable, Callable
from pathlib import Path

from clearline.core.check.check import farewells, warm_up
from clearline.core.daemon_threads import DaemonExecutor
from clearline.core.hops.loop import HopLoop
from lab.collector import no_collector
from lab.crowds import end_of_loop, stop

Tell = Callable[[object], None]
Begin = Callable[[Tell], Awaitable[object]]


def sockets() -> set[str]:
    """Of this process, the servers' ends included."""
    found = set()
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found.add(str(entry.readlink()))
        except OSError:  # the entry of the listing itself, which is over
            continue
    return {name for name in found if name.startswith("socket:")}


async def no_more_than(before: set[str]) -> set[str]:
    """What is open beyond that, once the servers have seen the end of each line too."""
    for _ in range(100):
        if not (left := sockets() - before):
            break
        await asyncio.sleep(0.02)
    return left


def children() -> set[str]:
    """The processes that this thread has started and that are not over."""
    return set(Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text().split())


def stopped_again_and_again(begin: Begin, *, times: int, latest_s: float, seed: str) -> None:
    """Begin, and stop at a random moment, so many times; now and then a second time at once."""
    dice = random.Random(seed)
    late: list[object] = []

    async def play() -> None:
        asyncio.get_running_loop().set_default_executor(DaemonExecutor())
        before, started = sockets(), children()
        for _ in range(times):
            over = asyncio.Event()

            def tell(told: object, over: asyncio.Event = over) -> None:
                if over.is_set():
                    late.append(told)

            task = asyncio.ensure_future(begin(tell))
            await asyncio.wait({task}, timeout=dice.uniform(0, latest_s))
            if dice.random() < 1 / 3:
                asyncio.get_running_loop().call_soon(task.cancel)
            await stop(task)
            over.set()
        await farewells()
        assert await no_more_than(before) == set(), "open, and waiting for the garbage collection"
        while children() - started:  # the loop is told of their end
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.02)
        await end_of_loop()

    warm_up()
    gc.collect()
    with no_collector(), warnings.catch_warnings(record=True) as warned:
        with asyncio.Runner(loop_factory=HopLoop) as runner:
            warnings.simplefilter("always", RuntimeWarning)
            runner.run(play())
            gc.collect()
    assert late == []
    assert [str(one.message) for one in warned if issubclass(one.category, RuntimeWarning)] == []
