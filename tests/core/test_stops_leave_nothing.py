"""After Stop at any moment: no socket waits for the garbage collection, no coroutine was forgotten, nothing is told.

On the program's own loop, which is the one that closes what PyMongo forgets; and the library on any loop.
"""

from __future__ import annotations

import asyncio
import gc
import random
import sys
import warnings
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from clearline.core.check import library
from clearline.core.check.check import check, farewells, warm_up
from clearline.core.check.request import Request
from clearline.core.daemon_threads import DaemonExecutor
from clearline.core.hops.loop import HopLoop
from clearline.core.report.report import Verdict
from clearline.core.watch.exercise import ExercisePlan
from clearline.core.watch.watch import Watch
from lab.crowds import deployed, end_of_loop, stop
from lab.deployment import Deployment
from lab.mongo_peer import CLOSE, SILENCE, MongoPeer

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="counts the entries of /proc/self/fd")

Tell = Callable[[object], None]
Begin = Callable[[Tell], Awaitable[object]]
STOPS = 60


@contextmanager
def server(kind: str) -> Iterator[str]:
    """The connection string of one."""
    if kind == "many":
        with deployed("set-hello", 50) as crowd:
            yield crowd.text
        return
    answers = {"silent": {"hello": SILENCE}, "closing": {"hello": CLOSE}, "healthy": {}}
    with MongoPeer(answers[kind]) as peer:
        yield f"mongodb://127.0.0.1:{peer.port}/"


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


def stopped_again_and_again(begin: Begin, *, times: int, latest_s: float, seed: str) -> None:
    """Begin, and stop at a random moment, so many times; now and then a second time at once."""
    dice = random.Random(seed)
    late: list[object] = []

    async def play() -> None:
        asyncio.get_running_loop().set_default_executor(DaemonExecutor())
        before = sockets()
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
        await end_of_loop()

    warm_up()
    gc.collect()
    before = gc.isenabled()  # not where tests of the window ran before: their widgets are no business of other threads
    gc.disable()
    try:
        with warnings.catch_warnings(record=True) as warned, asyncio.Runner(loop_factory=HopLoop) as runner:
            warnings.simplefilter("always", RuntimeWarning)
            runner.run(play())
            gc.collect()
    finally:
        if before:
            gc.enable()
    assert late == []
    assert [str(one.message) for one in warned if issubclass(one.category, RuntimeWarning)] == []


@pytest.mark.parametrize("kind", ["healthy", "silent", "closing", "many"])
def test_stopped_checks(kind: str) -> None:
    times = STOPS if kind == "healthy" else STOPS // 4
    with server(kind) as text:
        stopped_again_and_again(
            lambda tell: check(Request(text=text), tell, on_event=tell), times=times, latest_s=0.12, seed=kind
        )


@pytest.mark.parametrize("kind", ["healthy", "silent", "closing"])
def test_stopped_watches(kind: str) -> None:
    with server(kind) as text:
        stopped_again_and_again(
            lambda tell: Watch(Request(text=text), emit=tell, on_event=tell, interval_s=0.05).run(),
            times=STOPS // 4,
            latest_s=0.15,
            seed=kind,
        )


def test_stopped_exercises(standalone: Deployment) -> None:
    async def begin(tell: Tell) -> None:
        connected = asyncio.Event()
        watch = Watch(
            Request(text=standalone.uri()),
            emit=lambda state: connected.set() if state.health.pings else None,
            on_event=tell,
            interval_s=0.05,
        )
        running = asyncio.ensure_future(watch.run())
        try:
            await connected.wait()
            await watch.exercise(ExercisePlan(workers=5), tell)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    stopped_again_and_again(begin, times=15, latest_s=0.4, seed="exercise")


@pytest.mark.parametrize("kind", ["healthy", "silent", "closing", "many"])
def test_stopped_checks_of_the_library_on_any_loop(kind: str) -> None:
    dice = random.Random(kind)

    async def play() -> None:
        before = sockets()
        for _ in range(STOPS // 4):
            task = asyncio.ensure_future(library.check(text))
            await asyncio.wait({task}, timeout=dice.uniform(0, 0.12))
            await stop(task)
            assert task.result().verdict in Verdict
        assert await no_more_than(before) == set()

    with server(kind) as text:
        warm_up()
        gc.collect()
        before = gc.isenabled()
        gc.disable()
        try:
            asyncio.run(play())
        finally:
            if before:
                gc.enable()
