"""Python's garbage collection, in the GUI thread alone.

Automatic collection runs in whichever thread allocates next. In the thread of a line it would destroy widgets that are
part of a cycle there, and Qt crashes when a widget is destroyed outside the GUI thread.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from PySide6.QtCore import QTimer

_PAUSE_MS: Final = 500


@contextmanager
def collecting_here() -> Iterator[None]:
    """Collect in the calling thread, from its Qt loop, as often as Python's own thresholds ask for it.

    What stands there already is never looked at again: it lives as long as the program, and going through it would
    take longer than a frame.
    """
    gc.disable()
    gc.collect()
    gc.freeze()
    timer = QTimer()
    timer.setInterval(_PAUSE_MS)
    timer.timeout.connect(_collect)
    timer.start()
    try:
        yield
    finally:
        timer.stop()
        gc.unfreeze()
        gc.enable()


def _collect() -> None:
    counts, thresholds = gc.get_count(), gc.get_threshold()
    for generation in (2, 1, 0):
        if counts[generation] > thresholds[generation]:
            gc.collect(generation)
            return
