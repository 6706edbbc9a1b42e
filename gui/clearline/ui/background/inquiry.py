"""A question about what is being typed: asked when the typing pauses, and only the newest answer counts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Final

from PySide6.QtCore import QObject, QTimer

from clearline.ui.background.background import Background

PAUSE_MS: Final = 200


class Inquiry(QObject):
    """At most one question at a time, each about something (``about``) that is compared to know whether it is new."""

    def __init__(self, background: Background, parent: QObject) -> None:
        super().__init__(parent)
        self._background = background
        self._about: Hashable = None
        self._begin: Callable[[], None] | None = None
        self._give_up: Callable[[], None] | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PAUSE_MS)
        self._timer.timeout.connect(self._ask)

    @property
    def about(self) -> Hashable:
        """What the newest question is about; None when there is none."""
        return self._about

    def ask(self, about: Hashable, question: Callable[[], Awaitable[Any]], answered: Callable[[Any], object]) -> bool:
        """Ask soon, unless it is about the same as before; True when it is new."""
        if about == self._about:
            return False
        self.drop()
        self._about = about

        def begin() -> None:
            self._give_up = self._background.ask(question, answered)

        self._begin = begin
        self._timer.start()
        return True

    def drop(self) -> None:
        """Nothing is to be known any more; the next question is new in any case."""
        self._about = None
        self._timer.stop()
        if self._give_up is not None:
            self._give_up()
            self._give_up = None

    def _ask(self) -> None:
        if self._begin is not None:
            self._begin()
