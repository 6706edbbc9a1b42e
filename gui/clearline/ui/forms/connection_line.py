"""The first line of the window: the connection string with eye, copy and Test, and what is wrong with the text."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from clearline.core.facts.text import Mistake
from clearline.core.findings import Severity
from clearline.ui.forms.connection_field import ConnectionField
from clearline.ui.forms.masked_text import Redact
from clearline.ui.forms.mistakes import MistakeLines
from clearline.ui.look import theme
from clearline.ui.look.icons import IconButton, LabelledButton
from clearline.ui.widgets.parts import restyle


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
        self.said = MistakeLines()
        self.said.place_requested.connect(self.field.select_place)
        self.said.repair_requested.connect(self.repair_requested)
        self.said.undo_requested.connect(self._take_back)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self.said)
        self.field.too_long.connect(self._say_too_long)
        self.eye.toggled.connect(self._reveal)
        self.copy.clicked.connect(self.copy_requested)
        self.button.clicked.connect(lambda: (self.stop_requested if self._running else self.test_requested).emit())
        self.show_running(False)

    def show_running(self, running: bool) -> None:
        """One button: Test, or Stop while a check runs."""
        self._running = running
        self.button.setText("Stop" if running else "Test")
        self.button.show_icon("stop" if running else "test", "text" if running else "on_accent")
        self.button.setAccessibleName("Stop the check" if running else "Test the connection")
        self.button.setToolTip("Esc" if running else "Ctrl+Return")
        restyle(self.button, "running", "true" if running else "false")

    def show_mistakes(self, mistakes: tuple[Mistake, ...]) -> None:
        """Say what is wrong with the text, and mark the places."""
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
