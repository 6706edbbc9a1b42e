"""Python's collector in the hands of a test."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_collector() -> Iterator[None]:
    """Nothing is collected but by the test itself.

    Afterwards it is as before, which may be off: where tests of the window ran in this process, their widgets are no
    business of other threads.
    """
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()
