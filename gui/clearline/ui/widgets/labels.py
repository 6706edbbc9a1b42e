"""Texts that several panels use: heard by name, wrapped, cut with dots, steady in a form, the heading of a group."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QEvent, QSize, Qt, QTimer
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent, QTextDocument, QTextOption
from PySide6.QtWidgets import QFormLayout, QLabel, QSizePolicy, QWidget


class HeardLabel(QLabel):
    """A text whose accessible name says what it is about, and then the text: a screen reader reads names alone."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self._called = ""

    def setAccessibleName(self, name: str) -> None:
        """What it is about."""
        self._called = name
        self._tell()

    def setText(self, text: str) -> None:
        """Another text."""
        super().setText(text)
        self._tell()

    def _tell(self) -> None:
        if self._called:
            said = "" if self.textFormat() is Qt.TextFormat.RichText else self.text()
            super().setAccessibleName(self._called if said in self._called else f"{self._called}: {said}")


class WrappedLabel(HeardLabel):
    """A selectable text that may take several lines and never widens the window; long words are broken, not cut."""

    def __init__(self, text: str = "", role: str | None = None) -> None:
        self._heights: dict[int, int] = {}
        super().__init__(text)
        self.setWordWrap(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setTextFormat(Qt.TextFormat.PlainText)
        if role:
            self.setProperty("role", role)

    def setText(self, text: str) -> None:
        """Another text; the same one is not laid out again."""
        if text != self.text():
            self._heights.clear()
            super().setText(text)

    def heightForWidth(self, width: int) -> int:
        """With words that are longer than a line (paths, host names) broken wherever the line ends."""
        if width not in self._heights:  # layouts ask many times for what changes seldom
            self._break_words()
            self._heights[width] = super().heightForWidth(width)
        return self._heights[width]

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another size."""
        super().resizeEvent(event)
        self._break_words()

    def changeEvent(self, event: QEvent) -> None:
        """Another font or style."""
        self._heights.clear()
        super().changeEvent(event)

    def _break_words(self) -> None:
        super().heightForWidth(self.width())  # with each new text or size QLabel breaks between words alone
        page: QTextDocument | None = self.findChild(QTextDocument)
        if page is not None:
            breaking = page.defaultTextOption()
            breaking.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
            page.setDefaultTextOption(breaking)


class ElidedLabel(HeardLabel):
    """One line of text that is cut with dots where there is no room; the whole of it is the tooltip."""

    def __init__(self, role: str | None = None, *, middle: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._cut = Qt.TextElideMode.ElideMiddle if middle else Qt.TextElideMode.ElideRight
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        if role:
            self.setProperty("role", role)

    def setText(self, text: str) -> None:
        """Another text."""
        super().setText(text)
        self.setToolTip(text)

    @property
    def shown(self) -> str:
        """As much of it as there is room for."""
        return self.fontMetrics().elidedText(self.text(), self._cut, self.width())

    def minimumSizeHint(self) -> QSize:
        """As narrow as need be."""
        return QSize(0, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw what there is room for."""
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(self.rect(), self.alignment(), self.shown)


def section(text: str) -> QLabel:
    """The heading of a group."""
    label = QLabel(text)
    label.setProperty("role", "section")
    return label


def tell_forms(changed: QWidget) -> None:
    """Let the forms around measure their rows anew, soon: a layout that is at work would not hear it."""
    QTimer.singleShot(0, changed, partial(_measure_anew, changed))


def _measure_anew(changed: QWidget) -> None:
    around = changed.parentWidget()
    while around is not None:
        if forms := around.findChildren(QFormLayout):
            for form in forms:
                form.invalidate()
            return
        around = around.parentWidget()


class SteadyLabel(WrappedLabel):
    """Tells the forms around when it says something else, for a QFormLayout remembers how high its rows were."""

    def setText(self, text: str) -> None:
        """Say something else."""
        if text != self.text():
            super().setText(text)
            tell_forms(self)
