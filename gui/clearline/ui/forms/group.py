"""One group of settings: a head that folds, says what is set in it and counts what is wrong, and the page below."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QVBoxLayout, QWidget

from clearline.ui.look import theme
from clearline.ui.look.icons import pixmap

_HEIGHT: Final = 36
_SIDE: Final = theme.GRID * 2


@dataclass(frozen=True, slots=True)
class Summary:
    """What the head of a group says beside its title."""

    words: str = ""
    wrong: int = 0
    """Mistakes in its fields."""
    blamed: bool = False
    """The answer in front is about one of its fields."""


class GroupHead(QAbstractButton):
    """Chevron, title, what is set; at the right what is wrong."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self._summary = Summary()
        self.setText(title)
        self.setCheckable(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.toggled.connect(lambda _on: self._describe())
        self._describe()

    @property
    def summary(self) -> Summary:
        """What it says."""
        return self._summary

    def show_summary(self, summary: Summary) -> None:
        """Say something else."""
        if summary != self._summary:
            self._summary = summary
            self._describe()
            self.update()

    def sizeHint(self) -> QSize:
        """One line."""
        return QSize(200, max(_HEIGHT, QFontMetrics(theme.body_font()).height() + theme.GRID * 2))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        c, summary = theme.colours(), self._summary
        painter = QPainter(self)
        if self.underMouse():
            painter.fillRect(self.rect(), QColor(c.hover))
        painter.fillRect(0, self.height() - 1, self.width(), 1, QColor(c.line))
        if self.hasFocus():
            painter.setPen(QColor(c.accent))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -2))
        middle = self.height() // 2
        chevron = pixmap("down", c.muted, 12, angle=0 if self.isChecked() else 270)
        painter.drawPixmap(_SIDE - 4, middle - 6, chevron)
        left, right = _SIDE + 18, self.width() - _SIDE
        if summary.wrong or summary.blamed:
            said = _wrong_words(summary)
            painter.setFont(theme.body_font())
            width = painter.fontMetrics().horizontalAdvance(said)
            painter.setPen(QColor(c.failed))
            _draw(painter, QRect(right - width, 0, width, self.height()), said)
            painter.drawPixmap(right - width - 22, middle - 8, pixmap("failed", c.failed, 16))
            right -= width + 30
        painter.setFont(theme.strong_font())
        painter.setPen(QColor(c.text))
        title = painter.fontMetrics().horizontalAdvance(self.text())
        _draw(painter, QRect(left, 0, title, self.height()), self.text())
        left += title + 10
        painter.setFont(theme.body_font())
        painter.setPen(QColor(c.muted))
        words = painter.fontMetrics().elidedText(summary.words, Qt.TextElideMode.ElideMiddle, max(0, right - left))
        _draw(painter, QRect(left, 0, max(0, right - left), self.height()), words)
        painter.end()

    def _describe(self) -> None:
        said = [self.text(), self._summary.words]
        if self._summary.wrong or self._summary.blamed:
            said.append(_wrong_words(self._summary))
        said.append("open" if self.isChecked() else "closed")
        self.setAccessibleName(", ".join(filter(None, said)))


class Group(QWidget):
    """Head and body; the body's page is made when it is opened first."""

    opened = Signal(bool)

    def __init__(self, title: str) -> None:
        super().__init__()
        self.head = GroupHead(title)
        self.body = QWidget()
        self._inner = QVBoxLayout(self.body)
        self._inner.setContentsMargins(0, 0, 0, 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.head)
        column.addWidget(self.body)
        self.body.hide()
        self.head.toggled.connect(self._on_toggled)

    @property
    def is_open(self) -> bool:
        """Whether the body is shown."""
        return self.head.isChecked()

    def put(self, page: QWidget) -> None:
        """Give it its page."""
        self._inner.addWidget(page)
        page.show()  # at once: the layout would do it by an event of its own

    def _on_toggled(self, on: bool) -> None:
        self.opened.emit(on)
        self.body.setVisible(on)


def _wrong_words(summary: Summary) -> str:
    if not summary.wrong:
        return "see the answer"
    return "1 mistake" if summary.wrong == 1 else f"{summary.wrong} mistakes"


def _draw(painter: QPainter, rect: QRect, text: str) -> None:
    painter.drawText(rect, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), text)
