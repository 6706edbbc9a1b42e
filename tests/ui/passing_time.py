"""Time that tests advance: what the window does after a pause of the user, it does when a test waits for more."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QEventLoop, QTimer, QTimerEvent
from PySide6.QtWidgets import QApplication

from clearline.ui.background.turns import Turns

LONGEST_PAUSE_MS = 2000
"""Of who types, or of what is laid out. Messages that are to be read stand longer, and no test waits for their end."""


def advance() -> bool:
    """Let the pause that ends next be over now; False when the window waits for none."""
    waiting = [
        timer
        for window in QApplication.topLevelWidgets()
        for timer in window.findChildren(QTimer)
        if timer.isSingleShot() and timer.isActive() and timer.interval() <= LONGEST_PAUSE_MS
    ]
    if not waiting:
        return False
    first = min(waiting, key=QTimer.remainingTime)
    QCoreApplication.sendEvent(first, QTimerEvent(first.timerId()))
    return True


def is_showing() -> bool:
    """Whether a window has yet to show a part of what it knows."""
    return any(turns.waiting for window in QApplication.topLevelWidgets() for turns in window.findChildren(Turns))


def run_for(pause_ms: int) -> None:
    """Let events run for so long, and the workers with them: `QTest.qWait` keeps Python's lock all the while."""
    loop = QEventLoop()
    QTimer.singleShot(pause_ms, loop, loop.quit)
    loop.exec()
