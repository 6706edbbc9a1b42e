"""After Stop at any moment: no socket waits for the garbage collection, no coroutine was forgotten, nothing is told.

On the program's own loop, which is the one that closes what PyMongo forgets; and the library on any loop.
"""

from __future__ import annotations

import asyncio
import gc
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from clearline.core.check import library
from clearline.core.check.check import check, warm_up
from clearline.core.check.request import Request
from clearline.core.report.report import Verdict
from clearline.core.watch.exercise import ExercisePlan
from clearline.core.watch.watch import Watch
from lab.collector import no_collector
from lab.crowds import deployed, stop
from lab.deployment import Deployment
from lab.mongo_peer import CLOSE, SILENCE, MongoPeer
from lab.stops import Tell, no_more_than, sockets, stopped_again_and_again

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="counts the entries of /proc/self/fd")

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
        with no_collector():
            asyncio.run(play())
