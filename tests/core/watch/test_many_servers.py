"""Deployments of many servers: a watch sees them all, an exercise finds its way, and Stop works at any moment."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator

import pytest

from clearline.core.profiles.profile import Pool
from clearline.core.watch import session
from clearline.core.watch.exercise import ExercisePlan
from clearline.core.watch.health import HealthState
from clearline.core.watch.state import WatchState
from clearline.core.watch.watch import Watch
from lab import loops
from lab.crowds import COUNTS, SHAPES, Deployment, deployed, latest_stop_s, random_stops, srv_deployment, stop
from lab.watching import Watched, is_

# A close that takes longer than its second, where the computer is busy, is not waited for.
pytestmark = pytest.mark.filterwarnings("ignore:Unclosed AsyncMongoClient:ResourceWarning")


def judged(state: WatchState) -> bool:
    """Whether the first round is over."""
    return state.health.state not in (HealthState.UNKNOWN, HealthState.CHECKING)


@pytest.fixture(params=COUNTS)
def count(request: pytest.FixtureRequest) -> int:
    number: int = request.param
    return number


@pytest.fixture(params=SHAPES.values(), ids=SHAPES)
def deployment(request: pytest.FixtureRequest, count: int) -> Iterator[Deployment]:
    with deployed(request.param, count) as deployment:
        yield deployment


def test_a_watch_of_many_servers_sees_them_all_exercises_them_and_ends_at_once(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    if deployment.whole:  # a computer that is busy beyond measure is no silence
        monkeypatch.setattr(session, "ANSWER_WITHIN_S", 60.0)

    async def play() -> None:
        async with Watched(deployment.text, diagnose=False, interval_s=3600) as watched:
            state = await watched.until(judged, timeout_s=100)
            assert len(state.topology.servers) == deployment.followed
            assert len(state.health.why) < 200, "a sentence names a few"
            if deployment.whole:
                state = await watched.until(is_(HealthState.HEALTHY), timeout_s=100)
                assert all(server.known for server in state.topology.servers)
            else:
                wanted = HealthState.DEGRADED if deployment.works else HealthState.DOWN
                assert state.health.state is wanted
            if deployment.works:
                await exercised(watched.watch)
            await stop(watched.task)

    async def exercised(watch: Watch) -> None:
        result = await watch.exercise(ExercisePlan(workers=20, duration_s=0.3, pool=Pool()))
        assert result.operations > 0
        assert not result.errors
        endless = asyncio.create_task(watch.exercise(ExercisePlan(workers=20, duration_s=60)))
        await asyncio.wait({endless}, timeout=random.Random(deployment.count).uniform(0, 0.4))
        await stop(endless)

    loops.run(play())


def test_stop_ends_a_watch_of_many_servers_at_any_moment(deployment: Deployment) -> None:
    moments = random.Random(f"{deployment.count} {deployment.works} {deployment.whole}")

    async def play() -> None:
        for _ in range(random_stops(deployment.count)):
            async with Watched(deployment.text, diagnose=False, interval_s=3600) as watched:
                await asyncio.wait({watched.task}, timeout=moments.uniform(0, latest_stop_s(deployment.count)))
                await stop(watched.task)

    loops.run(play())


def test_an_srv_name_with_many_targets_is_watched_and_stopped(count: int) -> None:
    async def play(text: str) -> None:
        async with Watched(text, diagnose=False, interval_s=3600) as watched:
            state = await watched.until(is_(HealthState.HEALTHY), timeout_s=100)
            assert len(state.topology.servers) == count
            await stop(watched.task)

    with srv_deployment(count) as (network, text):
        network.call(lambda: loops.run(play(text)))
