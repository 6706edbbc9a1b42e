"""What watching costs: events a second, and the processor time of ten idle watches. Run it by hand.

``python tests/bench/watch.py [SECONDS]`` prints one line a measurement.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from clearline.core.check.check import warm_up
from clearline.core.check.request import Request
from clearline.core.driver.events import DriverEvent, EventBuffer
from clearline.core.watch.exercise import ExercisePlan
from clearline.core.watch.pool_fold import PoolFold
from clearline.core.watch.watch import Watch
from lab import deployments

SERVER = "db:27017"


def a_storm(operations: int) -> list[DriverEvent]:
    """What the driver says of so many operations over twenty connections."""
    events = [DriverEvent(at_s=0.0, kind="pool", name="PoolCreated", server=SERVER)]
    for number in range(20):
        events.append(
            DriverEvent(at_s=0.0, kind="connection", name="ConnectionCreated", server=SERVER, connection_id=number)
        )
        events.append(
            DriverEvent(
                at_s=0.0,
                kind="connection",
                name="ConnectionReady",
                server=SERVER,
                connection_id=number,
                duration_ms=3.0,
            )
        )
    for step in range(operations):
        at_s, number = step / 20_000, step % 20
        events.append(DriverEvent(at_s=at_s, kind="connection", name="ConnectionCheckOutStarted", server=SERVER))
        events.append(
            DriverEvent(
                at_s=at_s,
                kind="connection",
                name="ConnectionCheckedOut",
                server=SERVER,
                connection_id=number,
                duration_ms=0.05,
            )
        )
        events.append(DriverEvent(at_s=at_s, kind="command", name="CommandStarted", server=SERVER, command="ping"))
        events.append(
            DriverEvent(
                at_s=at_s, kind="command", name="CommandSucceeded", server=SERVER, command="ping", duration_ms=0.4
            )
        )
        events.append(
            DriverEvent(at_s=at_s, kind="connection", name="ConnectionCheckedIn", server=SERVER, connection_id=number)
        )
    return events


def storm() -> None:
    """Events a second through the buffer alone, and through the fold and the buffer."""
    events = a_storm(20_000)
    buffer = EventBuffer()
    began = time.perf_counter()
    for event in events:
        buffer.append(event)
    print(f"EventBuffer alone: {len(events) / (time.perf_counter() - began):,.0f} events/s")
    fold, buffer = PoolFold(), EventBuffer()
    began = time.perf_counter()
    for event in events:
        fold.feed(event)
        buffer.append(event)
    print(f"PoolFold and EventBuffer: {len(events) / (time.perf_counter() - began):,.0f} events/s")
    began = time.perf_counter()
    for _ in range(100):
        fold.feed(events[-1])
        fold.snapshot()
    print(f"a snapshot: {(time.perf_counter() - began) * 10:.3f} ms")


async def idle(uri: str, profiles: int, seconds: float, *, log: bool) -> None:
    """Processor time of watches on which nothing happens but their pings every ten seconds."""
    buffer = EventBuffer()
    states = 0

    def emit(_state: object) -> None:
        nonlocal states
        states += 1

    tasks = [
        asyncio.create_task(Watch(Request(text=uri), emit=emit, on_event=buffer.append, log=log).run())
        for _ in range(profiles)
    ]
    await asyncio.sleep(3)
    states, cpu_s, began = 0, time.process_time(), time.perf_counter()
    await asyncio.sleep(seconds)
    gone_s = time.perf_counter() - began
    share = (time.process_time() - cpu_s) / gone_s
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    print(f"{profiles} idle watches, log {log}: {share:.2%} of one core, {states / gone_s:.1f} states/s")


async def busy(uri: str, *, log: bool) -> None:
    """Operations a second of an exercise, with and without the log records."""
    buffer = EventBuffer()
    watch = Watch(Request(text=uri), emit=lambda _state: None, on_event=buffer.append, log=log)
    task = asyncio.create_task(watch.run())
    while watch.state.health.pings == 0:
        await asyncio.sleep(0.05)
    result = await watch.exercise(ExercisePlan(workers=20, duration_s=3))
    events = len(buffer) + buffer.dropped
    print(f"an exercise, log {log}: {result.per_second:,.0f} operations/s, {events / result.elapsed_s:,.0f} events/s")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def main() -> None:
    """All measurements; the argument is how long the idle watches are looked at."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 30.0
    warm_up()
    storm()
    with deployments.standalone() as one, deployments.replica_set() as three:
        for log in (False, True):
            asyncio.run(busy(one.uri(), log=log))
        asyncio.run(idle(one.uri(), 10, seconds, log=True))
        asyncio.run(idle(three.uri(), 10, seconds, log=True))
    print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
