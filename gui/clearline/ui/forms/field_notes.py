"""What is wrong with one field, said beside its editor: icon, words, and a button where one click mends it."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from clearline.core.diagnosis.catalogue import fix_of, title_of
from clearline.core.facts.text import Mistake
from clearline.core.findings import Remedy, Severity
from clearline.ui.look import theme
from clearline.ui.look.status import status_icon, status_tone, status_word
from clearline.ui.widgets.labels import SteadyLabel
from clearline.ui.widgets.marks import StatusIcon
from clearline.ui.widgets.remedy_words import label
from clearline.ui.widgets.tab_order import visit_behind


def mistakes_of(name: str, mistakes: tuple[Mistake, ...]) -> tuple[Mistake, ...]:
    """The mistakes that are the fault of a field (canonical option name, ``hosts``, ``user``, …), in their order."""
    return tuple(mistake for mistake in mistakes if name in mistake.fields)


class FieldNote(QWidget):
    """One line per mistake of a field; takes no room without any. Give it a parent, or a place in a layout,
    before it has to say something."""

    repair_requested = Signal(object)
    """The `Mistake`, or the `Remedy` given to `say`, to carry out."""

    def __init__(self, field: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._field = field
        self._shown: tuple[object, ...] = ()
        self._lines: list[_NoteLine] = []
        self._column: QVBoxLayout | None = None
        self.setAccessibleName(f"About {field}")
        self.hide()

    @property
    def text(self) -> str:
        """Everything that is said, one line per mistake, plain."""
        return "\n".join(line.said for line in self._lines)

    @property
    def buttons(self) -> list[QPushButton]:
        """The buttons that mend something."""
        return [line.button for line in self._lines if line.button is not None]

    @property
    def worst(self) -> Severity | None:
        """The severity of the worst line; None when nothing is said."""
        return min((line.severity for line in self._lines), key=list(Severity).index, default=None)

    def show_mistakes(self, mistakes: tuple[Mistake, ...]) -> None:
        """Say what is wrong, the worst first; nothing is rebuilt while it stays the same."""
        if mistakes == self._shown:
            return
        self._shown = mistakes
        ranked = sorted(mistakes, key=lambda mistake: list(Severity).index(mistake.severity))
        self._show([_NoteLine(self._field, m.severity, title_of(m), fix_of(m), m) for m in ranked])

    def say(self, severity: Severity, title: str, fix: str = "", remedy: Mistake | Remedy | None = None) -> None:
        """Say something that is no mistake of the connection string, as about what is being typed."""
        said = (severity, title, fix, remedy)
        if said == self._shown:
            return
        self._shown = said
        self._show([_NoteLine(self._field, severity, title, fix, remedy)])

    def _show(self, lines: list[_NoteLine]) -> None:
        for old in self._lines:
            old.hide()
            old.deleteLater()
        if lines and self._column is None:
            self._column = QVBoxLayout(self)
            self._column.setContentsMargins(0, 1, 0, 3)
            self._column.setSpacing(2)
        stops: list[QWidget] = []
        for line in lines:
            assert self._column is not None
            self._column.addWidget(line)
            if line.button is not None:
                line.button.clicked.connect(lambda _checked=False, what=line.remedy: self.repair_requested.emit(what))
                stops.append(line.button)
        visit_behind(self, stops)
        self._lines = lines
        self.setAccessibleDescription(self.text)
        self.setVisible(bool(lines))


_WORDS: Final = 280
"""Width that words need for a button to stand beside them."""


class _NoteLine(QWidget):
    def __init__(
        self, field: str, severity: Severity, title: str, fix: str, remedy: Mistake | Remedy | None = None
    ) -> None:
        super().__init__()
        self.severity = severity
        self.remedy = remedy
        self.said = f"{title} {fix}".strip()
        mark = StatusIcon(14)
        mark.show_icon(status_icon(severity), status_tone(severity))
        words = SteadyLabel()
        words.setText(self.said)
        words.setAccessibleName(f"{status_word(severity).capitalize()} at {field}: {self.said}")
        said = QHBoxLayout()
        said.setSpacing(theme.GRID // 2)
        said.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        said.addWidget(words, 1)
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(theme.GRID // 2)
        self._row.addLayout(said, 1)
        self.button: QPushButton | None = None
        what = label(remedy) if remedy is not None else ""
        if what:
            self.button = QPushButton(what)
            self.button.setObjectName("small")
            self.button.setToolTip(fix)
            self.button.setAccessibleDescription(fix)
            self._row.addWidget(self.button, 0, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The button goes below the words where there is little room beside them."""
        super().resizeEvent(event)
        beside = self.button.sizeHint().width() if self.button is not None else 0
        wide = self.width() >= _WORDS + beside
        self._row.setDirection(QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom)
