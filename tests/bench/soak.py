"""Checks over every kind of server, hostile ones too, a third of them stopped at random moments, for minutes.

Run it with ``python3 packaging/dev.py bench soak --minutes 10``. Prints how many ran and crashed, what they left behind
(descriptors, threads, memory), how long Stop took, and how long the loop stood still. Never fails on a time.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import random
import statistics
import sys
import threading
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from clearline.core.check.check import check, farewells, warm_up
from clearline.core.check.request import Request
from clearline.core.daemon_threads import DaemonExecutor
from clearline.core.profiles.profile import Profile
from lab import peers
from lab.mongo_peer import CLOSE, RESET, SILENCE, MongoPeer, hello, member_hello

MOST_CHECKS = 5000
BEAT_S = 0.002


def servers(stack: ExitStack) -> dict[str, str]:
    """Connection strings by the kind of their server."""

    def peer(answers: dict[str, Any]) -> MongoPeer:
        return stack.enter_context(MongoPeer(answers))

    found = {f"hello {manner.name.lower()}": peer({"hello": manner}).port for manner in (SILENCE, CLOSE, RESET)}
    found |= {"healthy": peer({}).port, "odd hello": peer({"hello": hello(hosts=["x:²", None, 3], setName="rs0")}).port}
    found["silent"] = int(stack.enter_context(peers.silent()).address.rpartition(":")[2])
    texts = {kind: f"mongodb://127.0.0.1:{port}/" for kind, port in found.items()}
    texts["refused"] = "mongodb://127.0.0.1:1,127.0.0.2:1,127.0.0.3:1/"
    for count in (50, 300, 5000):
        crowd = peer({})
        me = f"127.0.0.1:{crowd.port}"
        named = [f"127.0.{1 + n // 250}.{1 + n % 250}:9" for n in range(count)]
        crowd.answers = {"hello": member_hello("rs0", [me, *named], me=me, primary=me, role="primary")}
        texts[f"{count} members"] = f"mongodb://{me}/?replicaSet=rs0"
    return texts


class Bugs(logging.Handler):
    """What checks note of mistakes of ours, a rule that raises among them: they go on, and only the log tells."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.told: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        """Count one."""
        self.told[record.getMessage()] += 1


async def soak(texts: dict[str, str], seconds: float, dice: random.Random) -> None:
    """Check after check until the time is over; print what came of it."""
    loop = asyncio.get_running_loop()
    loop.set_default_executor(DaemonExecutor())
    ran: Counter[str] = Counter()
    bugs = Bugs()
    logging.getLogger("clearline").addHandler(bugs)
    crashed: Counter[str] = Counter()
    stops_ms: list[float] = []
    stall_s, last = 0.0, loop.time()

    def beat() -> None:
        nonlocal stall_s, last
        now = loop.time()
        stall_s, last = max(stall_s, now - last - BEAT_S), now
        loop.call_later(BEAT_S, beat)

    beat()
    before, end = resources(), loop.time() + seconds
    while loop.time() < end and ran.total() < MOST_CHECKS:
        kind = dice.choice(list(texts))
        request = Request(Profile(), {}, text=texts[kind])
        task = loop.create_task(check(request, lambda _report: None))
        if dice.random() < 1 / 3:
            await asyncio.wait({task}, timeout=dice.uniform(0, 0.6))
            if not task.done():
                began = time.perf_counter()
                task.cancel()
                await asyncio.wait({task})
                stops_ms.append((time.perf_counter() - began) * 1000)
        try:
            await task
        except (Exception, asyncio.CancelledError) as error:
            crashed[f"{kind}: {type(error).__name__}"] += 1
        ran[kind] += 1
    await farewells()
    await asyncio.sleep(0.1)
    print(f"checks   {ran.total()}: " + ", ".join(f"{n} {kind}" for kind, n in ran.most_common()))
    print(f"crashes  {crashed.total()} {dict(crashed) or ''}")
    print(f"bugs     {bugs.told.total()} {dict(bugs.told) or ''}")
    for name, was, now in zip(("descriptors", "threads", "memory MB"), before, resources(), strict=True):
        print(f"{name:<12} {was} before, {now} after")
    if len(stops_ms) > 2:
        cuts = statistics.quantiles(stops_ms, n=100, method="inclusive")
        print(f"Stop ms  p50 {cuts[49]:.1f}  p99 {cuts[98]:.1f}  max {max(stops_ms):.1f}  ({len(stops_ms)} stops)")
    print(f"the loop stood still for {stall_s * 1000:.0f} ms at most")


def resources() -> tuple[int, int, int]:
    """Open descriptors, threads and resident MB of this process (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return (
        len(list(Path("/proc/self/fd").iterdir())),
        threading.active_count(),
        pages * os.sysconf("SC_PAGE_SIZE") >> 20,
    )


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    warm_up()
    with ExitStack() as stack:
        asyncio.run(soak(servers(stack), arguments.minutes * 60, random.Random(arguments.seed)))


if __name__ == "__main__":
    main()
