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

from clearline.ui.background.turns import Turns

_PAUSE_MS: Final = 100
_BUSY_PAUSE_MS: Final = 20
"""After a collection, for more is to come: often and little is less of a halt than seldom and much."""
_YOUNG_IN_MIDDLE: Final = 4
"""Collections of what is young, each in such a pause, before what they left is gone through again."""
_REST: Final = 10
"""Pauses in which next to nothing was made. What is old is gone through then: that takes longer than a frame."""
_LONGEST_WITHOUT_REST: Final = 200
"""Collections of the middle, some twenty seconds of storm, for which what is old may wait for rest."""


@contextmanager
def collecting_here(turns: Turns) -> Iterator[None]:
    """Collect in the calling thread, in these turns of its Qt loop, as often as Python's own thresholds ask for it."""
    automatic = gc.isenabled()
    collector = _Collector()
    gc.disable()
    gc.collect()
    settle()
    timer = QTimer()
    timer.setInterval(_PAUSE_MS)

    def look() -> None:
        timer.setInterval(_BUSY_PAUSE_MS if collector.look() else _PAUSE_MS)

    timer.timeout.connect(lambda: turns.add(look))
    timer.start()
    try:
        yield
    finally:
        timer.stop()
        turns.drop(look)
        gc.unfreeze()
        if automatic:
            gc.enable()


def settle() -> None:
    """What is there by now stays as long as the program: going through it each time would take longer than a frame."""
    gc.freeze()


class _Collector:
    def __init__(self) -> None:
        self._quiet = 0

    def look(self) -> bool:
        """Collect what is due; whether anything was."""
        generation = self._due()
        if generation is not None:
            gc.collect(generation)
        return generation is not None

    def _due(self) -> int | None:
        (young, middle, old), (many_young, _, many_old) = gc.get_count(), gc.get_threshold()
        if young > many_young:
            self._quiet = 0
            if old > _LONGEST_WITHOUT_REST:
                return 2
            return 1 if middle >= _YOUNG_IN_MIDDLE else 0
        self._quiet += 1
        return 2 if self._quiet >= _REST and old > many_old else None
