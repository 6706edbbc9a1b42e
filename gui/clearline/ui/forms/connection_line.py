"""The first line of the window: the connection string with eye, copy and Test, and what is wrong with the text."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from clearline.core.facts import Mistake
from clearline.core.report import Severity
from clearline.ui import theme
from clearline.ui.forms.connection_field import ConnectionField
from clearline.ui.forms.masked_text import Redact
from clearline.ui.forms.mistakes import mistake_sentence
from clearline.ui.icons import IconButton, LabelledButton
from clearline.ui.panels.parts import StatusIcon, WrappedLabel, restyle
from clearline.ui.status import status_icon, status_tone

_MOST_MISTAKES = 2


class ConnectionLine(QWidget):
    """Field, buttons and mistakes."""

    test_requested = Signal()
    stop_requested = Signal()
    copy_requested = Signal()

    def __init__(self, redact: Redact) -> None:
        super().__init__()
        self._running = False
        self._mistakes: tuple[Mistake, ...] = ()
        self.field = ConnectionField(redact)
        self.eye = IconButton("eye", "Show the secrets", checkable=True)
        self.copy = IconButton("copy", "Copy without secrets")
        self.button = LabelledButton("test", "Test", "on_accent")
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
        self._mark = StatusIcon()
        self.words = WrappedLabel()
        self.words.setAccessibleName("Mistakes in the connection string")
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.LinksAccessibleByMouse)
        self.words.setTextFormat(Qt.TextFormat.RichText)
        self.words.linkActivated.connect(self._go_to)
        self._said = QWidget()
        said = QHBoxLayout(self._said)
        said.setContentsMargins(2, 0, 0, 0)
        said.setSpacing(6)
        said.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        said.addWidget(self.words, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self._said)
        self._said.hide()
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
        self._mistakes = mistakes
        self._said.setVisible(bool(mistakes))
        self.field.mark(tuple((m.start, m.end, m.severity is Severity.FAILURE) for m in mistakes if m.end > m.start))
        worst = Severity.FAILURE if any(m.severity is Severity.FAILURE for m in mistakes) else Severity.WARNING
        restyle(self.field, "mistake", worst.value if mistakes else "")
        if not mistakes:
            self.words.setText("")
            return
        self._mark.show_icon(status_icon(worst), status_tone(worst))
        lines = [mistake_sentence(m, number) for number, m in enumerate(mistakes[:_MOST_MISTAKES])]
        if len(mistakes) > _MOST_MISTAKES:
            lines.append(f"and {len(mistakes) - _MOST_MISTAKES} more")
        self.words.setText("<br>".join(lines))

    def hint(self, text: str) -> None:
        """Say something about the field that is no mistake."""
        self._said.setVisible(bool(text))
        self._mark.show_icon("note", "accent")
        self.words.setText(text)

    def _reveal(self, revealed: bool) -> None:
        self.field.set_revealed(revealed)
        self.eye.show_as("eye-off" if revealed else "eye", "Hide the secrets" if revealed else "Show the secrets")

    def _go_to(self, link: str) -> None:
        mistake = self._mistakes[int(link)]
        self.field.select_place(mistake.start, mistake.end)
