"""The one timer that brings the results of all workers into the window, once per frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from weakref import WeakSet

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from clearline.ui.background.turns import Turns
from clearline.ui.background.worker import Worker

FRAME_MS: Final = 33
_IDLE_MS: Final = 500
_IDLE_ROUNDS: Final = 6  # the driver's server and topology events come up to a second late


class Pump(QObject):
    """Calls every puller 30 times a second while something happens, seldom afterwards, then not at all."""

    frame = Signal()
    """After each round that pulled, while something runs: for what turns or blinks."""

    def __init__(self, turns: Turns) -> None:
        super().__init__()
        self._turns = turns
        self._pullers: list[tuple[Callable[[], bool], Callable[[], bool]]] = []
        self._wired: WeakSet[Worker] = WeakSet()
        self._quiet_rounds = 0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._pull_soon)

    @property
    def active(self) -> bool:
        """Whether the timer runs."""
        return self._timer.isActive()

    def add(self, pull: Callable[[], bool], running: Callable[[], bool]) -> None:
        """A source: ``pull`` takes what has come and says whether that was anything; ``running`` expects more."""
        self._pullers.append((pull, running))

    def remove(self, pull: Callable[[], bool]) -> None:
        """A source that is gone."""
        self._pullers = [entry for entry in self._pullers if entry[0] != pull]

    def wire(self, worker: Worker) -> None:
        """Let a worker's wake-up pull at once instead of at the next frame."""
        if worker not in self._wired:
            self._wired.add(worker)
            worker.woken.connect(self._pull_soon, Qt.ConnectionType.QueuedConnection)
            worker.stirred.connect(self._on_stirred, Qt.ConnectionType.QueuedConnection)

    def kick(self) -> None:
        """Something begins."""
        self._quiet_rounds = 0
        self._timer.start(FRAME_MS)

    def stop(self) -> None:
        """Nothing is looked at any more."""
        self._pullers = []
        self._timer.stop()
        self._turns.drop(self.pull)

    @Slot()
    def _on_stirred(self) -> None:
        if not self._timer.isActive() or self._timer.interval() != FRAME_MS:
            self.kick()

    @Slot()
    def _pull_soon(self) -> None:
        if self._pullers:
            self._turns.add(self.pull)
        else:
            self._timer.stop()

    @Slot()
    def pull(self) -> None:
        """One round."""
        news = running = False
        for pull, is_running in tuple(self._pullers):
            news = pull() or news
            running = is_running() or running
        if running:
            self.frame.emit()
        if news or running:
            self._quiet_rounds = 0
            if self._timer.interval() != FRAME_MS or not self._timer.isActive():
                self._timer.start(FRAME_MS)
            return
        self._quiet_rounds += 1
        if self._quiet_rounds == 1:
            self._timer.start(_IDLE_MS)
        elif self._quiet_rounds > _IDLE_ROUNDS:
            self._timer.stop()
