"""What is wrong with the text, beside its field: one line per mistake, with a button that mends it."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from clearline.core.diagnosis.catalogue import fix_of, title_of
from clearline.core.facts.text import Mistake
from clearline.ui.look import theme
from clearline.ui.look.status import status_icon, status_tone
from clearline.ui.widgets.editors import visit_behind
from clearline.ui.widgets.parts import StatusIcon, WrappedLabel
from clearline.ui.widgets.remedy_words import label

_MOST_MISTAKES: Final = 2
_LOOK_AFTER_MS: Final = 100
_LOW: Final = 560
"""Height of a window below which the form needs the line more."""


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
        self.after = _After()
        self._column.addWidget(self.after)
        self._wanted: Mistake | None = None
        self._looking = QTimer(self)
        self._looking.setSingleShot(True)
        self._looking.setInterval(_LOOK_AFTER_MS)
        self._looking.timeout.connect(self._look_ahead)
        self.look_ahead: Callable[[Mistake], str | None] = lambda _mistake: None
        """What the text becomes when a mistake is mended, for eyes; None where nothing is to be seen of it."""
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
        """Say what is wrong, and soon what the first repair makes of the text; the lines stay while the mistakes do."""
        self._wanted = next((mistake for mistake in mistakes[:_MOST_MISTAKES] if label(mistake)), None)
        self.after.setVisible(self._wanted is not None and self.window().height() >= _LOW)
        if self._wanted is not None:
            self._looking.start()
        if mistakes == self._shown:
            return
        self._shown = mistakes
        lines = [self._mistake_line(mistake) for mistake in mistakes[:_MOST_MISTAKES]]
        if lines and len(mistakes) > _MOST_MISTAKES:
            lines[-1].words.setText(f"{lines[-1].words.text()} <i>… and {len(mistakes) - _MOST_MISTAKES} more</i>")
        self._show(lines)

    def show_hint(self, text: str) -> None:
        """Say something about the field that is no mistake."""
        self._shown = self._wanted = None
        self.after.hide()
        self._show([_Line("note", "accent", escape(text))])

    def add_undo(self, said: str) -> None:
        """Say what was done to the text, and offer to take that back."""
        line = _Line("passed", "passed", escape(said), "Undo", "Bring back the text as it was typed.")
        assert line.button is not None
        line.button.clicked.connect(self.undo_requested)
        self._shown = None
        self._show([*self._lines, line])

    def _look_ahead(self) -> None:
        if self._wanted is not None:
            becomes = self.look_ahead(self._wanted)
            self.after.show_text(
                f"“{label(self._wanted)}”" + (" makes it" if becomes else ":"), becomes or fix_of(self._wanted)
            )

    def _mistake_line(self, mistake: Mistake) -> _Line:
        sentence = escape(title_of(mistake))
        if mistake.end > mistake.start:
            sentence += f' <a href="show" style="color:{theme.colours().accent}">Show</a>'
        fix = fix_of(mistake)
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
        for place, line in enumerate(lines):
            self._column.insertWidget(place, line)
        visit_behind(self, [stop for line in lines for stop in (line.words, line.button) if stop is not None])
        self._lines = lines
        self.setVisible(bool(lines))


class _After(QWidget):
    """The text as it will be, in one line."""

    def __init__(self) -> None:
        super().__init__()
        self._text = ""
        self._what = QLabel()
        self._what.setProperty("role", "muted")
        self._words = QLabel()
        self._words.setFont(theme.mono_font())
        self._words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout(self)
        row.setContentsMargins(22, 0, 0, 0)  # under the words of the mistake
        row.setSpacing(theme.GRID)
        row.addWidget(self._what)
        row.addWidget(self._words, 1)
        self.hide()

    @property
    def text(self) -> str:
        """What it says, whole."""
        return self._text

    def show_text(self, what: str, text: str) -> None:
        """Show what a repair leads to."""
        self._text = text
        self._what.setText(what)
        self._words.setToolTip(text)
        self._words.setAccessibleName(f"{what}: {text}")
        self._elide()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """What does not fit is left out."""
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        width = self.width() - self._what.sizeHint().width() - 22 - theme.GRID
        self._words.setText(self._words.fontMetrics().elidedText(self._text, Qt.TextElideMode.ElideMiddle, width))


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
