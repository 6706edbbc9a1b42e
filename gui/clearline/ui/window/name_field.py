"""The name of the profile in front, written where it is read."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QLineEdit, QSizePolicy, QStyle, QStyleOptionFrame

from clearline.ui.look import theme

_LEAST: Final = theme.GRID * 9
_MOST: Final = theme.GRID * 48
_ASIDE: Final = theme.GRID * 3
"""What the field has beside its letters."""
_INSIDE: Final = 2
"""Between the edge of a field's contents and its first letter, as Qt has it."""


class NameField(QLineEdit):
    """As wide as the name, so that what belongs to it stands beside it; a longer one is cut with dots."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("profileName")
        theme.write_in(self, theme.Face.STRONG)
        self.setPlaceholderText("New connection")
        self.setAccessibleName("Profile name")
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.textChanged.connect(self._fit)
        self._fit()

    def show_host(self, host: str) -> None:
        """What a connection without a name is called: its host."""
        self.setPlaceholderText(host or "New connection")
        self._fit()

    @property
    def shown(self) -> str:
        """What is read there while it is not written in."""
        name = self.text() or self.placeholderText()
        return self.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, self._room().width())

    def sizeHint(self) -> QSize:
        """As wide as the name, up to a limit."""
        name = self.text() or self.placeholderText()
        width = self.fontMetrics().horizontalAdvance(name) + _ASIDE
        return QSize(max(_LEAST, min(width, theme.scaled(_MOST))), super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        """So much of it even where the window is narrow."""
        return QSize(min(self.sizeHint().width(), theme.scaled(_LEAST * 2)), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Other room, other dots."""
        super().resizeEvent(event)
        self._tell()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt shows the beginning of a name that has no room, and that it goes on nowhere."""
        if self.hasFocus() or self.shown == self.text() or not self.text():
            super().paintEvent(event)
            return
        option = QStyleOptionFrame()
        self.initStyleOption(option)
        painter = QPainter(self)
        self.style().drawPrimitive(QStyle.PrimitiveElement.PE_PanelLineEdit, option, painter, self)
        painter.setPen(self.palette().color(QPalette.ColorRole.Text))
        painter.drawText(self._room(), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, self.shown)
        painter.end()

    def _room(self) -> QRect:
        option = QStyleOptionFrame()
        self.initStyleOption(option)
        contents = self.style().subElementRect(QStyle.SubElement.SE_LineEditContents, option, self)
        return contents.adjusted(_INSIDE, 0, -_INSIDE, 0)

    def _fit(self) -> None:
        self.updateGeometry()
        self._tell()

    def _tell(self) -> None:
        name = self.text() or self.placeholderText()
        cut = f"{name}\n" if self.shown != name else ""
        self.setToolTip(f"{cut}Give this connection a name")
