"""Python's garbage collection, in the GUI thread alone.

Automatic collection runs in whichever thread allocates next. In a worker it would destroy widgets that are
part of a cycle there, and Qt crashes when a widget is destroyed outside the GUI thread.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from PySide6.QtCore import QTimer

_PAUSE_MS: Final = 500
_BUSY_PAUSE_MS: Final = 100
"""After a collection, for more is to come: often and little is less of a halt than seldom and much."""


@contextmanager
def collecting_here() -> Iterator[None]:
    """Collect in the calling thread, from its Qt loop, as often as Python's own thresholds ask for it."""
    automatic = gc.isenabled()
    gc.disable()
    gc.collect()
    settle()
    timer = QTimer()
    timer.setInterval(_PAUSE_MS)
    timer.timeout.connect(lambda: timer.setInterval(_BUSY_PAUSE_MS if _collect() else _PAUSE_MS))
    timer.start()
    try:
        yield
    finally:
        timer.stop()
        gc.unfreeze()
        if automatic:
            gc.enable()


def settle() -> None:
    """What is there by now stays as long as the program: going through it each time would take longer than a frame."""
    gc.freeze()


def _collect() -> bool:
    counts, thresholds = gc.get_count(), gc.get_threshold()
    for generation in (2, 1, 0):
        if counts[generation] > thresholds[generation]:
            gc.collect(generation)
            return True
    return False
