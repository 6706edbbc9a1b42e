"""What is wrong with the text, beside its field: one line per mistake, with a button that mends it."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from clearline.core.diagnosis.catalogue import causes
from clearline.core.facts import Mistake
from clearline.ui import theme
from clearline.ui.forms.rows import visit_behind
from clearline.ui.panels.parts import StatusIcon, WrappedLabel
from clearline.ui.panels.remedies import label
from clearline.ui.status import status_icon, status_tone

_MOST_MISTAKES = 2


class MistakeLines(QWidget):
    """The worst mistakes, or a hint; hidden without any."""

    repair_requested = Signal(object)
    """The `Mistake` to mend."""
    place_requested = Signal(int, int)
    """Where a mistake is in the text."""
    undo_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[Mistake, ...] | None = ()
        self._lines: list[_Line] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(2, 0, 0, 0)
        self._column.setSpacing(2)
        self.hide()

    @property
    def text(self) -> str:
        """Everything that is said, as rich text."""
        return "\n".join(line.words.text() for line in self._lines)

    @property
    def buttons(self) -> list[QPushButton]:
        """The buttons of all lines."""
        return [line.button for line in self._lines if line.button is not None]

    def show_mistakes(self, mistakes: tuple[Mistake, ...]) -> None:
        """Say what is wrong; the lines stay as they are while the mistakes do."""
        if mistakes == self._shown:
            return
        self._shown = mistakes
        lines = [self._mistake_line(mistake) for mistake in mistakes[:_MOST_MISTAKES]]
        if lines and len(mistakes) > _MOST_MISTAKES:
            lines[-1].words.setText(f"{lines[-1].words.text()} <i>… and {len(mistakes) - _MOST_MISTAKES} more</i>")
        self._show(lines)

    def show_hint(self, text: str) -> None:
        """Say something about the field that is no mistake."""
        self._shown = None
        self._show([_Line("note", "accent", escape(text))])

    def add_undo(self, said: str) -> None:
        """Say what was done to the text, and offer to take that back."""
        line = _Line("passed", "passed", escape(said), "Undo", "Bring back the text as it was typed.")
        assert line.button is not None
        line.button.clicked.connect(self.undo_requested)
        self._shown = None
        self._show([*self._lines, line])

    def _mistake_line(self, mistake: Mistake) -> _Line:
        cause = causes()[mistake.cause]
        sentence = escape(cause.title.format_map(mistake.blanks))
        if mistake.end > mistake.start:
            sentence += f' <a href="show" style="color:{theme.colours().accent}">Show</a>'
        fix = cause.fix.format_map(mistake.blanks)
        line = _Line(status_icon(mistake.severity), status_tone(mistake.severity), sentence, label(mistake), fix)
        line.words.setToolTip(fix)
        line.words.linkActivated.connect(lambda _link: self.place_requested.emit(mistake.start, mistake.end))
        if line.button is not None:
            line.button.clicked.connect(lambda: self.repair_requested.emit(mistake))
        return line

    def _show(self, lines: list[_Line]) -> None:
        for old in self._lines:
            if old not in lines:
                self._column.removeWidget(old)
                old.hide()
                old.deleteLater()
        for line in lines:
            self._column.addWidget(line)
        visit_behind(self, [stop for line in lines for stop in (line.words, line.button) if stop is not None])
        self._lines = lines
        self.setVisible(bool(lines))


class _Line(QWidget):
    def __init__(self, icon: str, tone: str, sentence: str, button: str = "", tip: str = "") -> None:
        super().__init__()
        mark = StatusIcon()
        mark.show_icon(icon, tone)
        self.words = WrappedLabel()
        self.words.setTextFormat(Qt.TextFormat.RichText)
        self.words.setText(sentence)
        self.words.setObjectName("words")
        self.words.setAccessibleName("Mistake in the connection string")
        self.words.setTextInteractionFlags(
            Qt.TextInteractionFlag.LinksAccessibleByMouse | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(mark)
        row.addWidget(self.words, 1)
        self.button = QPushButton(button) if button else None
        if self.button is not None:
            self.button.setObjectName("small")
            self.button.setToolTip(tip)
            self.button.setAccessibleDescription(tip)
            row.addWidget(self.button)
