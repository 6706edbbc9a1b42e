"""What a computation costs, whatever else the computer does meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable


def least_cpu_s(work: Callable[[], object], *, times: int = 5) -> float:
    """Seconds of this thread's processor, of several times the least: what takes the processor away is not counted."""

    def once() -> float:
        began = time.thread_time()
        work()
        return time.thread_time() - began

    return min(once() for _ in range(times))
