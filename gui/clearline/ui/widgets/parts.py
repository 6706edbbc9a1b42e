"""Small widgets that several panels use."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtGui import QGuiApplication, QPainter, QPaintEvent, QTextDocument
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


class WrappedLabel(QLabel):
    """A selectable text that may take several lines and never widens the window."""

    def __init__(self, text: str = "", role: str | None = None) -> None:
        super().__init__(text)
        self.setWordWrap(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setTextFormat(Qt.TextFormat.PlainText)
        if role:
            self.setProperty("role", role)


class ElidedLabel(QLabel):
    """One line of text that is cut with dots where there is no room; the whole of it is the tooltip."""

    def __init__(self, role: str | None = None) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        if role:
            self.setProperty("role", role)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw what there is room for, at the right."""
        painter = QPainter(self)
        shown = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, shown)


class RichText(QTextBrowser):
    """A read-only page of text whose builder is called again when the palette changes."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._build: Callable[[], str] = str
        self._html = ""
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setStyleSheet("QTextBrowser { border: none; border-radius: 0; }")
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

    def changeEvent(self, event: QEvent) -> None:
        """Write the page in the new palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.show_page(self._build)

    def plain(self) -> str:
        """What stands there."""
        document: QTextDocument = self.document()
        return document.toPlainText()


class CommandLine(QWidget):
    """One command in a read-only field with a button that copies it."""

    def __init__(self, system: str, line: str) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GRID // 2)
        label = QLabel(system)
        label.setProperty("role", "muted")
        label.setFixedWidth(theme.GRID * 12)
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
