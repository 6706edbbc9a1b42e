"""What the numbers of an exercise say in one sentence, from numbers and from real pools."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from msgspec.structs import replace
from pymongo import AsyncMongoClient
from pymongo.errors import AutoReconnect

from clearline.core.driver.events import DriverEvent, DriverEvents
from clearline.core.driver.one_server import note, selector
from clearline.core.watch.exercise import ExercisePlan, ExerciseResult, Work, interpret, is_local
from clearline.core.watch.exercise_run import Exercise
from clearline.core.watch.pool import PoolLimits, PoolSnapshot, Quantiles
from clearline.core.watch.pool_fold import PoolFold, limits_of
from lab import loops
from lab.deployment import Deployment
from lab.relay import Relay


def result(**fields: Any) -> ExerciseResult:
    limits = fields.pop("limits", PoolLimits())
    used = fields.pop("used", 20)
    base = ExerciseResult(
        plan=ExercisePlan(workers=fields.pop("workers", 20)),
        limits=limits,
        elapsed_s=10.0,
        operations=20_000,
        per_second=2000.0,
        operation_ms=Quantiles(count=20_000, mean=2.1, median=2.0, p95=4.0, p99=5.0, max=9.0),
        command_ms=Quantiles(count=20_000, mean=2.0, median=1.9, p95=3.9, p99=4.9, max=8.0),
        check_out_ms=Quantiles(count=20_000, mean=0.1, median=0.05, p95=0.2, p99=0.3, max=5.0),
        make_ms=Quantiles(count=19, mean=5.0, median=5.0, p95=6.0, p99=6.0, max=7.0),
        made=19,
        alone_ms=1.5,
        busy=0.3,
        pools=(PoolSnapshot(server="db:27017", most_in_use=used, limits=limits),),
    )
    return replace(base, **fields)


def ms(mean: float) -> Quantiles:
    return Quantiles(count=100, mean=mean, median=mean, p95=mean, p99=mean, max=mean)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (
            {},
            "All well: 20 workers made 2,000 operations a second over 20 connections, 2.0 ms each, "
            "and no operation waited long for a connection.",
        ),
        (
            {
                "workers": 40,
                "limits": PoolLimits(max_pool_size=10),
                "used": 10,
                "check_out_ms": ms(310),
                "command_ms": ms(103),
            },
            "With maxPoolSize=10, 40 workers waited 310 ms on average for a connection and 103 ms for the server: "
            "the pool, not the server, is the bottleneck.",
        ),
        (
            {
                "workers": 40,
                "limits": PoolLimits(max_pool_size=10),
                "used": 10,
                "check_out_ms": ms(310),
                "command_ms": ms(103),
                "busy": 0.97,
            },
            "With maxPoolSize=10, 40 workers waited 310 ms on average for a connection and 103 ms for the server; "
            "but this computer was busy all the time, so more connections would hardly help.",
        ),
        (
            {"limits": PoolLimits(max_pool_size=3), "used": 3, "unserved": 17, "command_ms": ms(2000)},
            "With maxPoolSize=3, 17 of 20 workers ended no operation in 10 s: the pool, not the server, is the "
            "bottleneck.",
        ),
        (
            {
                "limits": PoolLimits(max_pool_size=5, wait_queue_timeout_ms=100),
                "wait_queue_timeouts": 250,
                "operations": 750,
            },
            "250 of 1,000 operations gave up, for none of the 5 connections became free within waitQueueTimeoutMS=100: "
            "raise maxPoolSize, or let them wait longer.",
        ),
        (
            {"growing_ms": 1800.0, "check_out_ms": replace(ms(30), max=1900.0), "make_ms": ms(200)},
            "The pool grew slowly: making 19 connections, 2 at a time (maxConnecting) and 200 ms each, let operations "
            "wait 1.9 s at worst; minPoolSize keeps connections ready.",
        ),
        (
            {"command_ms": ms(60), "operation_ms": ms(60.2), "alone_ms": 4.0},
            "20 workers at once got each answer after 60 ms, one alone after 4.0 ms; none waited long for a "
            "connection: the server or the line to it, not the pool, is the bottleneck.",
        ),
        (
            {"busy": 0.95},
            "20 workers made 2,000 operations a second, 2.0 ms each, and kept this program's one processor fully busy: "
            "neither the pool nor the server is the bottleneck.",
        ),
        (
            {"operations": 0, "errors": {"AutoReconnect": 7, "NetworkTimeout": 2}},
            "No operation succeeded: 7 ended with AutoReconnect.",
        ),
        ({"operations": 0}, "No operation ended in that time."),
        (
            {"workers": 1, "used": 1, "errors": {"AutoReconnect": 3}},
            "All well: 1 worker made 2,000 operations a second over 1 connection, 2.0 ms each, and no operation waited "
            "long for a connection; 3 failed.",
        ),
    ],
)
def test_the_numbers_become_a_sentence(fields: dict[str, Any], sentence: str) -> None:
    assert interpret(result(**fields)) == sentence


@pytest.mark.parametrize(
    "wrong",
    [
        {"workers": 0},
        {"workers": 201},
        {"duration_s": 61.0},
        {"duration_s": 0.0},
        {"wait_ms": 0.0},
        {"wait_ms": 20_000.0},
        {"work": Work.READ},
        {"work": Work.READ, "collection": "no_collection"},
    ],
)
def test_a_plan_out_of_bounds_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        ExercisePlan(**wrong)


@pytest.mark.parametrize(
    ("addresses", "local"),
    [
        (["127.0.0.1:27017"], True),
        (["localhost:1", "[::1]:27017"], True),
        (["/tmp/mongodb-27017.sock"], True),
        (["127.0.0.1:27017", "db.example.com:27017"], False),
        (["192.168.1.5:27017"], False),
        ([], False),
    ],
)
def test_local_is_what_is_on_this_computer_alone(addresses: list[str], local: bool) -> None:
    assert is_local(addresses) is local


def exercised(uri: str, plan: ExercisePlan) -> ExerciseResult:
    async def play() -> ExerciseResult:
        from pymongo import AsyncMongoClient

        feeds: list[Callable[[DriverEvent], None]] = []

        def heard(event: DriverEvent) -> None:
            note(event)
            for feed in feeds:
                feed(event)

        listeners = DriverEvents(heard).listeners()
        client = AsyncMongoClient(uri, event_listeners=listeners, server_selector=selector)
        pools = PoolFold(limits_of(client))
        loop = asyncio.get_running_loop()
        exercise = Exercise(plan, client, pools, at_s=loop.time)
        feeds.extend((pools.feed, exercise.feed))
        progress: list[ExerciseResult] = []
        try:
            found = await exercise.run(progress.append)
        finally:
            await client.close()
        assert progress
        assert not progress[0].finished
        return found

    return loops.run(play())


def test_a_pool_that_is_too_small_is_the_bottleneck(standalone: Deployment) -> None:
    plan = ExercisePlan(workers=16, duration_s=0.8, work=Work.WAIT, wait_ms=50)
    found = exercised(standalone.uri(maxPoolSize=4), plan)
    assert found.sentence.startswith("With maxPoolSize=4, 16 workers waited ")
    assert found.sentence.endswith("the pool, not the server, is the bottleneck.")
    assert found.command_ms.median > 25
    assert found.alone_ms is not None
    assert found.alone_ms > 50
    assert found.made <= 4
    assert found.per_second < 90


def test_workers_that_never_have_their_turn_are_no_good_sign(standalone: Deployment) -> None:
    plan = ExercisePlan(workers=12, duration_s=1, work=Work.WAIT, wait_ms=700)
    found = exercised(standalone.uri(maxPoolSize=2), plan)
    assert found.unserved >= 6
    assert f"{found.unserved} of 12 workers ended no operation" in found.sentence


def test_a_pool_that_is_large_enough_is_well(standalone: Deployment) -> None:
    plan = ExercisePlan(workers=8, duration_s=0.8, work=Work.WAIT, wait_ms=100)
    found = exercised(standalone.uri(maxConnecting=8), plan)
    assert found.sentence.startswith("All well: 8 workers made "), found.sentence
    assert found.errors == {}


def test_requests_that_give_up_waiting_are_counted_apart(standalone: Deployment) -> None:
    plan = ExercisePlan(workers=10, duration_s=0.6, work=Work.WAIT, wait_ms=100)
    found = exercised(standalone.uri(maxPoolSize=2, waitQueueTimeoutMS=40), plan)
    assert found.wait_queue_timeouts > 10
    assert found.errors == {}
    assert "waitQueueTimeoutMS=40" in found.sentence
    assert found.pools[0].failed_check_outs["timeout"] >= found.wait_queue_timeouts


def test_a_long_line_makes_the_pool_grow_slowly(standalone: Deployment) -> None:
    with Relay(standalone.address, delay_s=0.05) as relay:
        plan = ExercisePlan(workers=16, duration_s=1.5)
        found = exercised(f"mongodb://{relay.address}/?directConnection=true", plan)
    assert found.sentence.startswith("The pool grew slowly: making "), found.sentence
    assert found.growing_ms > 250
    assert found.make_ms.median > 90


def test_a_server_that_waits_for_another_time_does_so_over_every_member(replica_set: Deployment) -> None:
    plan = ExercisePlan(workers=6, duration_s=0.8, work=Work.WAIT, wait_ms=100)
    found = exercised(replica_set.uri(readPreference="nearest", localThresholdMS=1000), plan)
    assert found.operations <= 6 * 9
    assert len([pool for pool in found.pools if pool.most_in_use]) == 1


class LosesStop:
    """A client whose first command is stopped, and makes of that an error or an answer of its own."""

    read_preference = None

    def __init__(self, then: Exception | dict[str, Any]) -> None:
        self.options = AsyncMongoClient(connect=False).options
        self._then = then
        self.asked = asyncio.Event()
        self.commands = 0

    @property
    def admin(self) -> LosesStop:
        return self

    async def command(self, *_: object, **__: object) -> dict[str, Any]:
        self.commands += 1
        if self.commands == 1:
            self.asked.set()
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
        if isinstance(self._then, Exception):
            raise self._then
        return self._then


@pytest.mark.parametrize("work", [Work.PING, Work.WAIT])
@pytest.mark.parametrize("then", [AutoReconnect("connection closed"), {"ok": 1.0}], ids=["an error", "an answer"])
def test_a_stop_that_the_driver_takes_for_something_else_ends_it(work: Work, then: Exception | dict[str, Any]) -> None:
    async def play() -> None:
        client: Any = LosesStop(then)
        exercise = Exercise(ExercisePlan(work=work, duration_s=0.1), client, PoolFold(), at_s=time.monotonic)
        task = asyncio.ensure_future(exercise.run(lambda _: None))
        await client.asked.wait()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert client.commands == 1

    loops.run(play())
