"""What the window has to do, one piece per turn of Qt's loop: between two pieces it paints, and hears the user."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer


class Turns(QObject):
    """Pieces of work that may wait for a moment, in the order in which they were first asked for."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pieces: dict[Callable[[], object], None] = {}
        self._painted = False
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._turn)

    @property
    def waiting(self) -> bool:
        """Whether there is anything left to do."""
        return bool(self._pieces)

    def add(self, *pieces: Callable[[], object]) -> None:
        """Do these soon; one that waits already is done once, so each has to do what is right by then."""
        self._pieces.update(dict.fromkeys(pieces))
        if self._pieces and not self._timer.isActive():
            self._painted = False  # what this turn of the loop has changed
            self._timer.start(0)

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

    def _turn(self) -> None:
        if not self._painted:  # what was changed last is painted in this turn, which has nothing else to do
            self._painted = True
            return
        self._painted = False
        if not self._pieces:
            self._timer.stop()
            return
        piece = next(iter(self._pieces))
        self.drop(piece)
        piece()
