"""The first line of the window: the connection string with eye, copy and Test, and what is wrong with the text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from clearline.core.facts.text import Mistake
from clearline.core.findings import Severity
from clearline.core.profiles.profile import Profile
from clearline.ui.forms.connection_field import ConnectionField
from clearline.ui.forms.masked_text import Redact
from clearline.ui.forms.mistakes import MistakeLine
from clearline.ui.forms.reads_as import reads_as
from clearline.ui.look import theme
from clearline.ui.look.icons import IconButton, LabelledButton
from clearline.ui.look.style_sheet import restyle

_TYPING_PAUSE_MS: Final = 800
"""Who types is told what is wrong after a pause of this length, or when the field is left."""


class _TestButton(LabelledButton):
    """Who double-clicks means one click: the second would stop what the first began."""

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Take no notice."""
        event.accept()


class ConnectionLine(QWidget):
    """Field, buttons and mistakes."""

    test_requested = Signal()
    stop_requested = Signal()
    copy_requested = Signal()
    repair_requested = Signal(object)
    """The `Mistake` of the text to mend."""

    def __init__(self, redact: Redact) -> None:
        super().__init__()
        self._running = False
        self._primary = True
        self._mistakes: tuple[Mistake, ...] = ()
        self._length = 0
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_TYPING_PAUSE_MS)
        self._pause.timeout.connect(self._say)
        self._undo: Callable[[], object] = tuple
        self.field = ConnectionField(redact)
        self.eye = IconButton("eye", "Show the secrets", checkable=True)
        self.copy = IconButton("copy", "Copy without secrets")
        self.button = _TestButton("test", "Test", "on_accent")
        self.button.setObjectName("primary")
        self.button.setMinimumWidth(theme.GRID * 12)
        self.button.setDefault(True)
        row = QHBoxLayout()
        row.setSpacing(theme.GRID // 2)
        row.addWidget(self.field, 1)
        row.addWidget(self.eye)
        row.addWidget(self.copy)
        row.addSpacing(theme.GRID // 2)
        row.addWidget(self.button)
        self.said = MistakeLine()
        self.said.place_requested.connect(self.field.select_place)
        self.said.repair_requested.connect(self.repair_requested)
        self.said.undo_requested.connect(self._take_back)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(row)
        column.addWidget(self.said)
        self.field.editingFinished.connect(self._say)
        self.field.too_long.connect(self._say_too_long)
        self.eye.toggled.connect(self._reveal)
        self.copy.clicked.connect(self.copy_requested)
        self.button.clicked.connect(lambda: (self.stop_requested if self._running else self.test_requested).emit())
        self.show_running(False)

    def show_running(self, running: bool) -> None:
        """One button: Test, or Stop while a check runs."""
        self._running = running
        self._draw()

    def show_primary(self, primary: bool) -> None:
        """Whether Test is the next step; where something else is, it is only outlined."""
        self._primary = primary
        self._draw()

    def _draw(self) -> None:
        filled = self._primary and not self._running
        self.button.setText("Stop" if self._running else "Test")
        self.button.show_icon("stop" if self._running else "test", "on_accent" if filled else "text")
        self.button.setAccessibleName("Stop the check" if self._running else "Test the connection")
        self.button.setToolTip("Esc" if self._running else "Ctrl+Enter")
        restyle(self.button, "running", "false" if filled else "true")

    def show_reading(self, profile: Profile) -> None:
        """Say how the text was understood."""
        self.said.show_reading(reads_as(profile))

    def show_mistakes(self, mistakes: tuple[Mistake, ...]) -> None:
        """Say what is wrong with the text, and mark the places; who types is not interrupted."""
        length, before = len(self.field.text()), self._length
        self._mistakes, self._length = mistakes, length
        if mistakes and self.field.hasFocus() and abs(length - before) == 1:
            self._pause.start()
        else:
            self._say()

    def _say(self) -> None:
        self._pause.stop()
        mistakes = self._mistakes
        self.field.mark(tuple((m.start, m.end, m.severity is Severity.FAILURE) for m in mistakes if m.end > m.start))
        worst = Severity.FAILURE if any(m.severity is Severity.FAILURE for m in mistakes) else Severity.WARNING
        restyle(self.field, "mistake", worst.value if mistakes else "")
        self.said.show_mistakes(mistakes)

    def show_repaired(self, take_back: Callable[[], object], said: str = "Repaired.") -> None:
        """Say that a mistake was mended, or what else was done; until the text changes again that can be taken back."""
        self._undo = take_back
        self.said.add_undo(said)

    def _reveal(self, revealed: bool) -> None:
        self.field.set_revealed(revealed)
        self.eye.show_as("eye-off" if revealed else "eye", "Hide the secrets" if revealed else "Show the secrets")

    def _say_too_long(self, length: int) -> None:
        self.said.show_hint(f"Nothing was pasted: {length:,} characters are no connection string.")

    def _take_back(self) -> None:
        self._undo()
