"""Latency: repeated hellos on one open line, and one large answer, which tells a narrow line from a long one."""

from __future__ import annotations

import asyncio

from clearline.core.facts.servers import Reach, RttFacts
from clearline.core.facts.whole import SILENCE_S
from clearline.core.probes.commands import Command
from clearline.core.probes.connection import Line

_LARGE = {"listCommands": 1}  # some 90 kB from MongoDB 6.0, without login
_ROUND_TRIPS_OF_LARGE = 2.5
"""After fewer, a large answer may still be shorter than hello's: on a line so narrow that hello's takes a second."""


async def round_trips(
    line: Line,
    count: int = 10,
    *,
    deadline_s: float = SILENCE_S,
    late_s: float = 0.0,
    budget_s: float = 2.0,
    large_s: float = 1.0,
) -> RttFacts:
    """Time ``count`` hellos, one after another, on a line that has said hello; the line is closed if one fails.

    No further one begins once ``budget_s`` are over. Then one large answer is fetched for at most ``large_s``, or some
    round trips where they are longer: if the line is too narrow for that, ``large_bytes`` is what had come, and the
    line is closed; with 0 none is fetched.
    `Patience` explains ``deadline_s`` and ``late_s``.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + budget_s
    samples: list[float] = []
    small_bytes = 0
    retransmits = line.retransmits()
    alive = True
    while alive and len(samples) < count and loop.time() < end:
        hello = Command(line, {"ismaster": 1})
        await hello.run(deadline_s=deadline_s, late_s=late_s)
        alive = hello.reach is Reach.OK
        if alive:
            samples.append(hello.elapsed_ms)
            small_bytes = len(hello.received)
            retransmits = line.retransmits()
    large = Command(line, _LARGE)
    if alive and samples and large_s:
        patience_s = max(large_s, _ROUND_TRIPS_OF_LARGE * min(samples) / 1000)
        try:
            async with asyncio.timeout(patience_s):
                await large.run(deadline_s=patience_s)
        except TimeoutError:
            pass  # a narrow line: what has come so far tells how narrow
    return RttFacts(
        samples_ms=tuple(samples),
        small_bytes=small_bytes,
        large_bytes=len(large.received),
        large_ms=large.elapsed_ms if large.received else None,
        retransmits=retransmits,
    )
