"""The program's own loop, on which everything runs that contacts a server."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

from clearline.core.hops.loop import HopLoop

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """What it returns. PyMongo forgets sockets at a Stop, which this loop closes and asyncio's own leaves open."""
    with asyncio.Runner(loop_factory=HopLoop) as runner:
        return runner.run(work)


async def cancelled_in_s(task: asyncio.Task[Any]) -> float:
    """How long a task takes to end once it is cancelled, seconds."""
    started = time.perf_counter()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert task.cancelled()
    return time.perf_counter() - started
