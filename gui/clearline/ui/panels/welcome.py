"""What stands where the results will be, before the first check."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from clearline.ui.look import theme
from clearline.ui.look.icons import pixmap

_STEPS = (
    ("Ctrl+L", "Paste a connection string as you have it, password included."),
    ("Ctrl+Return", "Test it: name servers, servers and the driver are asked side by side."),
    ("Ctrl+S", "Save it as a profile. The password goes to your keyring, not to the file."),
    ("Ctrl+Shift+K", "See it as code for PyMongo, mongosh and other drivers."),
)
_PICTURE_HEIGHT: Final = 224
_TITLE_HEIGHT: Final = 168


class Welcome(QWidget):
    """The first steps, in the middle."""

    def __init__(self) -> None:
        super().__init__()
        picture = self._picture = QLabel()
        picture.setPixmap(pixmap("clearline", "", 48))
        title = self._title = QLabel("What stands between you and your database?")
        title.setFont(theme.title_font())
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.GRID * 2)
        grid.setVerticalSpacing(theme.GRID)
        for row, (keys, words) in enumerate(_STEPS):
            key = QLabel(keys)
            key.setProperty("role", "chip")
            key.setAlignment(Qt.AlignmentFlag.AlignCenter)
            text = QLabel(words)
            grid.addWidget(key, row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(text, row, 1)
        grid.setColumnStretch(1, 1)
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setSpacing(theme.GRID * 2)
        column.addWidget(picture)
        column.addWidget(title)
        column.addLayout(grid)
        outer = QVBoxLayout(self)
        outer.addStretch(1)
        outer.addWidget(middle, 0, Qt.AlignmentFlag.AlignHCenter)
        outer.addStretch(2)

    def minimumSizeHint(self) -> QSize:
        """The form above comes first in a low window."""
        return QSize(super().minimumSizeHint().width(), 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """What has no room goes: the picture first, the steps last."""
        super().resizeEvent(event)
        self._picture.setVisible(self.height() >= _PICTURE_HEIGHT)
        self._title.setVisible(self.height() >= _TITLE_HEIGHT)
