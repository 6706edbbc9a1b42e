from __future__ import annotations

import gc
import threading
import weakref
from typing import Any

from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from clearline.ui.background.collecting import collecting_here
from clearline.ui.background.turns import Turns


class Cycle(QObject):
    """Garbage that only a collection frees; it notes the thread in which that happened."""

    def __init__(self, freed_in: Any) -> None:
        super().__init__()
        self.me = self
        self.destroyed.connect(lambda: freed_in.append(threading.current_thread()))


def test_cycles_are_freed_in_the_thread_of_the_window_whichever_thread_makes_them(qtbot: QtBot) -> None:
    freed_in = []
    with collecting_here(Turns()):
        cycle = weakref.ref(Cycle(freed_in))

        def litter() -> None:
            for _ in range(200_000):
                one: list[object] = []
                one.append(one)

        thread = threading.Thread(target=litter)
        thread.start()
        thread.join()
        assert cycle() is not None
        qtbot.waitUntil(lambda: cycle() is None)
    assert freed_in == [threading.main_thread()]
    assert not gc.isenabled()  # as before: the other tests of the window want it so


def test_what_became_garbage_when_it_was_old_is_freed_at_rest(qtbot: QtBot) -> None:
    with collecting_here(Turns()):
        freed_in: list[threading.Thread] = []
        cycle = Cycle(freed_in)
        gone = weakref.ref(cycle)
        for _ in range(gc.get_threshold()[2] + 1):
            gc.collect(1)
        del cycle
        qtbot.waitUntil(lambda: gone() is None)
