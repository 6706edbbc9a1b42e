"""What the driver's events say of its pools: counted event by event, in bounded memory."""

from __future__ import annotations

import asyncio
import random
import time
import tracemalloc

import pytest
from pymongo import AsyncMongoClient

from clearline.core.driver.events import DriverEvent, DriverEvents, EventBuffer
from clearline.core.watch.pool import PoolLimits, PoolSample, PoolSnapshot
from clearline.core.watch.pool_fold import Durations, PoolFold, Series, limits_of
from lab import loops
from lab.cost import least_cpu_s
from lab.deployment import Deployment

SERVER = "db:27017"


class Story:
    """Tells a fold what happens, at times of the test's choice."""

    def __init__(self, **limits: int) -> None:
        self.fold = PoolFold(PoolLimits(**limits))  # type: ignore[arg-type]
        self.now = 0.0
        self.tell("PoolCreated", kind="pool").tell("PoolReady", kind="pool")

    def tell(
        self, name: str, number: int | None = None, *, after: float = 0.0, kind: str = "connection", **more: object
    ) -> Story:
        self.now += after
        self.fold.feed(DriverEvent(at_s=self.now, kind=kind, name=name, server=SERVER, connection_id=number, **more))  # type: ignore[arg-type]
        return self

    def check_out_new(self, number: int, *, making_s: float = 0.0) -> Story:
        self.tell("ConnectionCheckOutStarted").tell("ConnectionCreated", number)
        self.tell("ConnectionReady", number, after=making_s, duration_ms=making_s * 1000)
        return self.tell("ConnectionCheckedOut", number, duration_ms=making_s * 1000)

    def check_out(self, number: int) -> Story:
        return self.tell("ConnectionCheckOutStarted").tell("ConnectionCheckedOut", number, duration_ms=0.1)

    def check_in(self, number: int) -> Story:
        return self.tell("ConnectionCheckedIn", number)

    @property
    def pool(self) -> PoolSnapshot:
        (pool,) = self.fold.snapshot()
        return pool


def test_a_connection_is_made_used_idle_and_closed() -> None:
    story = Story()
    story.tell("ConnectionCheckOutStarted").tell("ConnectionCreated", 1)
    assert (story.pool.making, story.pool.waiting, story.pool.size) == (1, 0, 1)
    story.tell("ConnectionReady", 1, duration_ms=12.0).tell("ConnectionCheckedOut", 1, duration_ms=12.5)
    assert (story.pool.in_use, story.pool.idle, story.pool.made) == (1, 0, 1)
    assert story.pool.make_ms.median == 12.0
    assert story.pool.check_out_ms.median == 12.5
    story.check_in(1)
    assert (story.pool.in_use, story.pool.idle) == (0, 1)
    story.tell("ConnectionClosed", 1, reason="idle")
    assert (story.pool.size, dict(story.pool.closed), story.pool.closed_in_all) == (0, {"idle": 1}, 1)


def test_those_who_wait_for_a_full_pool_are_counted() -> None:
    story = Story(max_pool_size=1).check_out_new(1)
    for _ in range(3):
        story.tell("ConnectionCheckOutStarted")
    assert (story.pool.in_use, story.pool.waiting) == (1, 3)
    assert story.fold.busy(SERVER) == story.pool
    story.tell("ConnectionCheckOutFailed", reason="timeout", duration_ms=100.0)
    assert (story.pool.waiting, dict(story.pool.failed_check_outs)) == (2, {"timeout": 1})
    story.check_in(1).tell("ConnectionCheckedOut", 1, duration_ms=50.0)
    assert (story.pool.waiting, story.pool.most_waiting) == (1, 3)


def test_a_check_out_that_has_its_connection_at_once_has_not_waited() -> None:
    story = Story().check_out_new(1).check_in(1)
    story.fold.sample(story.now)
    story.check_out(1).check_in(1)
    assert story.pool.most_waiting == 0
    story.fold.sample(1.0)
    assert story.fold.series(1.0)[SERVER][-1].waiting == 0


def test_a_cleared_pool_has_another_generation_and_is_paused_until_it_is_ready() -> None:
    story = Story().check_out_new(1).check_in(1)
    story.tell("PoolCleared", kind="pool", failed=True)
    assert (story.pool.generation, story.pool.paused) == (1, True)
    story.tell("ConnectionClosed", 1, reason="stale").tell("PoolReady", kind="pool")
    assert (story.pool.generation, story.pool.paused, dict(story.pool.closed)) == (1, False, {"stale": 1})


def test_a_peak_between_two_samples_is_in_the_chart() -> None:
    story = Story().check_out_new(1).check_out_new(2).check_in(1).check_in(2)
    story.fold.sample(0.25)
    story.fold.sample(0.5)
    assert story.fold.series(0.5)[SERVER] == (
        PoolSample(at_s=0.25, in_use=2, idle=2, waiting=0),
        PoolSample(at_s=0.5, in_use=0, idle=2, waiting=0),
    )
    assert not story.fold.sample(0.75)


def test_a_dead_idle_connection_that_a_new_one_replaces_at_once_was_dropped_on_the_way() -> None:
    story = Story().check_out_new(1).check_in(1)
    story.now += 300
    story.check_out(1).tell("ConnectionCheckedIn", 1, after=3.0).tell("ConnectionClosed", 1, reason="error")
    assert not story.fold.dead_idle()
    story.check_out_new(2)
    (dead,) = story.fold.dead_idle()
    assert (dead.server, dead.count) == (SERVER, 1)
    assert dead.shortest_s == pytest.approx(300)


def test_a_connection_found_closed_before_its_use_counts_too() -> None:
    story = Story().check_out_new(1).check_in(1)
    story.tell("ConnectionCheckOutStarted", after=400).tell("ConnectionClosed", 1, reason="error")
    story.tell("ConnectionCreated", 2).tell("ConnectionReady", 2, duration_ms=1.0)
    assert story.fold.dead_idle()[0].shortest_s == pytest.approx(400)


def test_a_server_that_was_away_has_not_dropped_idle_connections() -> None:
    story = Story().check_out_new(1).check_in(1)
    story.tell("ServerHeartbeatFailed", after=200, kind="heartbeat", failed=True)
    story.now += 100
    story.check_out(1).tell("ConnectionClosed", 1, reason="error").check_out_new(2)
    assert not story.fold.dead_idle()


def test_what_ended_while_the_program_stood_still_was_not_dropped_on_the_way() -> None:
    story = Story().check_out_new(1).check_in(1)
    story.now += 300
    story.fold.unwatched(story.now)
    story.now += 1
    story.check_out(1).tell("ConnectionClosed", 1, reason="error").check_out_new(2)
    assert not story.fold.dead_idle()
    story.check_in(2)
    story.now += 300
    story.check_out(2).tell("ConnectionClosed", 2, reason="error").check_out_new(3)
    assert story.fold.dead_idle()


def test_a_busy_connection_that_breaks_is_not_an_idle_one() -> None:
    story = Story().check_out_new(1)
    story.tell("ConnectionCheckedIn", 1, after=300).tell("ConnectionClosed", 1, reason="error").check_out_new(2)
    assert not story.fold.dead_idle()


def test_growing_two_at_a_time_while_others_wait_is_measured() -> None:
    story = Story(max_pool_size=50, max_connecting=2)
    for _ in range(6):
        story.tell("ConnectionCheckOutStarted")
    story.tell("ConnectionCreated", 1).tell("ConnectionCreated", 2)
    for first in (1, 3, 5):
        for number in (first, first + 1):
            story.tell("ConnectionReady", number, after=0.1, duration_ms=200.0)
            story.tell("ConnectionCheckedOut", number, duration_ms=200.0)
            if number + 2 <= 6:
                story.tell("ConnectionCreated", number + 2)
    (slow,) = story.fold.slow_growth(story.now)
    assert slow.waited_ms == pytest.approx(400)
    assert (slow.made, slow.make_ms, slow.max_connecting) == (6, 200.0, 2)


def test_waiting_for_a_full_pool_is_not_slow_growth() -> None:
    story = Story(max_pool_size=2, max_connecting=2).check_out_new(1).check_out_new(2)
    story.tell("ConnectionCheckOutStarted").tell("ConnectionCheckOutStarted")
    story.tell("ConnectionCheckedIn", 1, after=5.0)
    assert not story.fold.slow_growth(story.now)


def test_a_closed_server_is_forgotten_and_a_new_pool_starts_anew_with_the_old_chart() -> None:
    story = Story().check_out_new(1)
    story.fold.sample(0.25)
    story.tell("PoolCreated", kind="pool")
    assert (story.pool.made, len(story.fold.series(1)[SERVER])) == (0, 1)
    story.tell("ServerClosed", kind="server")
    assert story.fold.snapshot() == ()
    story.tell("ConnectionClosed", 1, reason="poolClosed")  # the driver closes the server first, then what it had
    story.tell("PoolClosed", kind="pool")
    assert story.fold.snapshot() == ()


def test_quantiles_are_those_of_the_latest_and_the_maximum_of_all() -> None:
    durations = Durations()
    durations.add(9999.0)
    for ms in range(1, 2001):
        durations.add(float(ms))
    found = durations.quantiles()
    assert (found.count, found.max) == (2001, 9999.0)
    assert found.median == pytest.approx(1488, abs=2)
    assert found.p95 == pytest.approx(1949, abs=2)
    assert Durations().quantiles().count == 0


def test_a_chart_keeps_fifteen_minutes_and_its_peaks_in_bounded_memory() -> None:
    series = Series()
    for step in range(4 * 3600):
        series.add(PoolSample(at_s=step / 4, in_use=90 if step == 4 * 3000 else step % 2, idle=0, waiting=0))
    points = series.points(3600.0)
    assert len(points) < 700
    assert max(point.in_use for point in points) == 90
    assert points[0].at_s == pytest.approx(2700, abs=5)
    assert [p.at_s for p in points] == sorted(p.at_s for p in points)


def test_a_full_working_day_of_events_does_not_grow_memory_and_each_costs_microseconds() -> None:
    story = Story(max_pool_size=20)
    numbers = random.Random(1)

    def work(operations: int) -> float:
        began = time.perf_counter()
        for _ in range(operations):
            number = numbers.randrange(20)
            story.now += 0.1
            if number == 0:  # now and then one dies and another is made
                story.tell("ConnectionClosed", number, reason="error").check_out_new(number).check_in(number)
            else:
                story.check_out(number).check_in(number)
            story.fold.sample(story.now)
        return time.perf_counter() - began

    work(20_000)  # half an hour: every ring is full
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    work(2_000)
    between = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    taken_s = work(28_800)
    tracemalloc.start()
    base = tracemalloc.get_traced_memory()[0]
    work(2_000)
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert between - before < 400_000
    assert after - base < 400_000  # the same churn of the same rings, eight hours later
    assert taken_s / (28_800 * 4) < 100e-6


def test_the_events_of_a_real_client_add_up(standalone: Deployment) -> None:
    async def play() -> None:
        events: list[DriverEvent] = []
        listeners = DriverEvents(events.append, started=0.0).listeners()
        client = AsyncMongoClient(standalone.uri(maxPoolSize=5), event_listeners=listeners)
        fold = PoolFold(limits_of(client))
        assert limits_of(client) == PoolLimits(max_pool_size=5)
        await asyncio.gather(*(client.admin.command("ping") for _ in range(40)))
        for event in events:
            fold.feed(event)
        (pool,) = fold.snapshot()
        assert (pool.in_use, pool.making, pool.waiting) == (0, 0, 0)
        assert pool.idle == pool.made <= 5
        assert pool.check_outs == 40
        assert pool.most_in_use <= 5
        assert pool.most_waiting > 10
        await client.close()

    loops.run(play())


def test_no_limit_is_none() -> None:
    client = AsyncMongoClient("mongodb://db/?maxPoolSize=0&maxIdleTimeMS=1500&waitQueueTimeoutMS=20", connect=False)
    limits = limits_of(client)
    assert (limits.max_pool_size, limits.max_idle_time_ms, limits.wait_queue_timeout_ms) == (None, 1500.0, 20.0)


def test_a_hundred_thousand_events_a_second_pass_through_the_buffer() -> None:
    buffer = EventBuffer()
    event = DriverEvent(at_s=0.0, kind="connection", name="ConnectionCheckedIn", server=SERVER, connection_id=1)

    def a_second() -> None:
        for _ in range(100_000):
            buffer.append(event)
        assert len(buffer.drain()) == 100_000

    assert least_cpu_s(a_second) < 1.0
    assert buffer.dropped == 0
