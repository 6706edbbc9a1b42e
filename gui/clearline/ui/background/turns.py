"""What the window has to do, one piece per turn of Qt's loop: between two pieces it paints, and hears the user."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, QObject, QTimer

_PAUSE_MS: Final = 1
"""Without one a timer may fire in the turn in which it was started, and twice in one turn."""


class Turns(QObject):
    """Pieces of work that may wait for a moment, in the order in which they were first asked for."""

    def __init__(self, window: QObject | None = None) -> None:
        """None is done in a turn in which the ``window`` paints."""
        super().__init__(window)
        self._pieces: dict[Callable[[], object], None] = {}
        self._rests = False
        self._timer = QTimer(self)
        self._timer.setInterval(_PAUSE_MS)
        self._timer.timeout.connect(self._turn)
        if window is not None:
            window.installEventFilter(self)

    @property
    def waiting(self) -> bool:
        """Whether there is anything left to do."""
        return bool(self._pieces)

    def add(self, *pieces: Callable[[], object]) -> None:
        """Do these soon; one that waits already is done once, so each has to do what is right by then."""
        self._pieces.update(dict.fromkeys(pieces))
        if self._pieces and not self._timer.isActive():
            self._timer.start()

    def drop(self, *pieces: Callable[[], object]) -> None:
        """Do not do these any more."""
        for piece in pieces:
            self._pieces.pop(piece, None)

    def finish(self, *pieces: Callable[[], object]) -> None:
        """Do those of these that wait, now."""
        for piece in pieces:
            if piece in self._pieces:
                self.drop(piece)
                piece()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Notice that the window paints."""
        if event.type() == QEvent.Type.UpdateRequest:
            self._rests = True
        return False

    def _turn(self) -> None:
        if self._rests:
            self._rests = False
            return
        if not self._pieces:
            self._timer.stop()
            return
        self._rests = True  # until what the piece has changed is laid out
        piece = next(iter(self._pieces))
        self.drop(piece)
        piece()
