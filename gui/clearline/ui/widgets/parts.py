"""Small widgets that several panels use."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QPainter, QPainterPath, QPaintEvent, QTextDocument, QWheelEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QLayoutItem,
    QLineEdit,
    QSizePolicy,
    QTextBrowser,
    QWidget,
)

from clearline.ui.look import theme
from clearline.ui.look.icons import IconButton, pixmap
from clearline.ui.look.palette import PROFILE_COLOURS


class StatusIcon(QLabel):
    """An icon that follows the palette; the word stands beside it, so it is silent for screen readers."""

    def __init__(self, size: int = 16) -> None:
        super().__init__()
        self._size = size
        self._name = ""
        self._tone = ""
        self.setFixedSize(size, size)

    def show_icon(self, name: str, tone: str, angle: int = 0) -> None:
        """Draw another icon; ``tone`` is the name of a colour in `palette.Colours`."""
        self._name, self._tone = name, tone
        self.setPixmap(pixmap(name, theme.tone(tone), self._size, angle=angle))

    def changeEvent(self, event: QEvent) -> None:
        """Draw in the new palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._name:
            self.show_icon(self._name, self._tone)


class EnvironmentMark(QWidget):
    """The word of an environment, with a shield in its colour."""

    def __init__(self) -> None:
        super().__init__()
        self._icon = QLabel()
        self._icon.setFixedSize(16, 16)
        self.word = HeardLabel()
        self.word.setAccessibleName("Environment")
        self.word.setFont(theme.strong_font())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, theme.GRID, 0)
        row.setSpacing(4)
        row.addWidget(self._icon)
        row.addWidget(self.word)
        self.hide()

    def show_environment(self, word: str, colour: str | None) -> None:
        """Another word; an empty one hides it."""
        self.setVisible(bool(word))
        self.word.setText(word)
        if word:
            tone = PROFILE_COLOURS.get(colour or "", theme.colours().muted)
            self._icon.setPixmap(pixmap("shield", tone, 16))


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
    """A selectable text that may take several lines and never widens the window."""

    def __init__(self, text: str = "", role: str | None = None) -> None:
        super().__init__(text)
        self.setWordWrap(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setTextFormat(Qt.TextFormat.PlainText)
        if role:
            self.setProperty("role", role)


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

    def minimumSizeHint(self) -> QSize:
        """As narrow as need be."""
        return QSize(0, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw what there is room for."""
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        shown = self.fontMetrics().elidedText(self.text(), self._cut, self.width())
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)


class RichText(QTextBrowser):
    """A read-only page of text whose builder is called again when the palette changes."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._build: Callable[[], str] = str
        self._html = ""
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self._pale = False
        self._dress()
        self.setOpenLinks(False)
        self.document().setDocumentMargin(theme.GRID)

    def show_page(self, build: Callable[[], str]) -> None:
        """Show what ``build`` writes as HTML, keeping the place when it is the same page as before."""
        self._build = build
        html = build()
        if html == self._html:
            return
        self._html = html
        bar = self.verticalScrollBar()
        place = bar.value()
        self.setHtml(html)
        bar.setValue(place)

    def show_pale(self, pale: bool) -> None:
        """In grey: what stands there is no longer about what is in front."""
        if pale != self._pale:
            self._pale = pale
            self._dress()

    def _dress(self) -> None:
        tone = f" color: {theme.colours().muted};" if self._pale else ""
        self.setStyleSheet(f"QTextBrowser {{ border: none; border-radius: 0;{tone} }}")

    def changeEvent(self, event: QEvent) -> None:
        """Write the page in the new palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.show_page(self._build)

    def plain(self) -> str:
        """What stands there."""
        document: QTextDocument = self.document()
        return document.toPlainText()


class FittedText(RichText):
    """A page of text that is as high as what stands in it: what is around it scrolls."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.document().setDocumentMargin(0)
        self.document().documentLayout().documentSizeChanged.connect(self._fit)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The page around it scrolls."""
        event.ignore()

    def _fit(self, size: QSizeF) -> None:
        self.setFixedHeight(math.ceil(size.height()) + 2)


class Card(QFrame):
    """A tinted ground with a bar of its tone at the left: quieter than a frame, and told apart without colour."""

    def __init__(self, tone: str = "neutral") -> None:
        super().__init__()
        self._tone = tone

    def show_tone(self, tone: str) -> None:
        """``passed``, ``warning``, ``failed`` or ``neutral``."""
        if tone != self._tone:
            self._tone = tone
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw ground and bar."""
        c = theme.colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        shape = QPainterPath()
        shape.addRoundedRect(QRectF(self.rect()), 6, 6)
        painter.setClipPath(shape)
        painter.fillRect(self.rect(), QColor(theme.tone(f"{self._tone}_back")))
        bar = c.line_strong if self._tone == "neutral" else theme.tone(self._tone)
        painter.fillRect(QRect(0, 0, 4, self.height()), QColor(bar))
        painter.end()


class CommandLine(QWidget):
    """One command in a read-only field with a button that copies it."""

    def __init__(self, system: str, line: str) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GRID // 2)
        label = QLabel(system)
        label.setProperty("role", "muted")
        label.setFixedWidth(theme.scaled(theme.GRID * 12))
        self.field = QLineEdit(line)
        self.field.setReadOnly(True)
        self.field.setFont(theme.mono_font())
        self.field.setAccessibleName(f"Command for {system}")
        self.field.setToolTip(line)
        self.field.setCursorPosition(0)
        button = IconButton("copy", f"Copy the command for {system}")
        button.clicked.connect(self._copy)
        row.addWidget(label)
        row.addWidget(self.field, 1)
        row.addWidget(button)

    def show_pale(self, pale: bool) -> None:
        """In grey: it asks for what is no longer in front."""
        restyle(self.field, "pale", "true" if pale else "")

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.field.text())


class Flow(QLayout):
    """Widgets in a row that goes on in the next line where there is no room."""

    def __init__(self) -> None:
        super().__init__()
        self._items: list[QLayoutItem] = []
        self.setSpacing(theme.GRID)

    def addItem(self, item: QLayoutItem) -> None:
        """Qt's own way in; use `addWidget`."""
        self._items.append(item)

    def count(self) -> int:
        """How many widgets."""
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        """One of them, None past the end."""
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        """Take one out, None past the end."""
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def hasHeightForWidth(self) -> bool:
        """Narrower is higher."""
        return True

    def heightForWidth(self, width: int) -> int:
        """The height of all lines."""
        return self._place(QRect(0, 0, width, 0), move=False)

    def sizeHint(self) -> QSize:
        """As narrow as the widest widget; the height follows from the width."""
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        """Room for the largest widget."""
        size = QSize()
        for item in self._items:
            size = size.expandedTo(item.minimumSize())
        margins = self.contentsMargins()
        return size + QSize(margins.left() + margins.right(), margins.top() + margins.bottom())

    def setGeometry(self, rect: QRect) -> None:
        """Put every widget in its place."""
        super().setGeometry(rect)
        self._place(rect, move=True)

    def _place(self, rect: QRect, *, move: bool) -> int:
        inner = rect.marginsRemoved(self.contentsMargins())
        left, top, height = inner.left(), inner.top(), 0
        for item in self._items:
            if item.isEmpty():  # hidden
                continue
            size = item.sizeHint()
            if left > inner.left() and left + size.width() > inner.right() + 1:
                left, top, height = inner.left(), top + height + self.spacing(), 0
            if move:
                item.setGeometry(QRect(left, top, min(size.width(), inner.width()), size.height()))
            left += size.width() + self.spacing()
            height = max(height, size.height())
        return top + height - rect.top() + self.contentsMargins().bottom()


def section(text: str) -> QLabel:
    """The heading of a group."""
    label = QLabel(text)
    label.setProperty("role", "section")
    return label


def restyle(widget: QWidget, name: str, value: str) -> None:
    """Set a property that the style sheet looks at, and let it look again."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)
