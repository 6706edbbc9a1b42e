"""Short messages at the lower right of the window, over what stands there, so that nothing moves for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QWidget

from clearline.ui.look import theme
from clearline.ui.widgets.labels import WrappedLabel

_WIDTH: Final = theme.GRID * 60
_EDGE: Final = theme.GRID * 2
_BORDER: Final = 1


class Toast(QFrame):
    """One message at a time, with buttons or without; it goes away by itself."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("toast")
        self._words = WrappedLabel()
        self._words.setAccessibleName("Message")
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(_EDGE, theme.GRID, _EDGE, theme.GRID)
        self._row.setSpacing(theme.GRID)
        self._row.addWidget(self._words, 1)
        self._buttons: list[QPushButton] = []
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._end)
        self.hide()

    @property
    def text(self) -> str:
        """What it says at the moment."""
        return self._words.text()

    @property
    def buttons(self) -> list[QPushButton]:
        """The buttons of the message that stands there."""
        return list(self._buttons)

    def say(self, message: str, answers: tuple[tuple[str, Callable[[], object]], ...], stays_ms: int) -> None:
        """Show a message; its buttons end it, and so does time."""
        self._end()
        self._words.setText(message)
        for words, act in answers:
            button = QPushButton(words)
            button.setObjectName("small")
            button.clicked.connect(self._end)
            button.clicked.connect(lambda _checked=False, act=act: act())
            self._row.addWidget(button)
            self._buttons.append(button)
        self.place()
        self.show()
        self.raise_()
        self._timer.start(stays_ms)

    def place(self) -> None:
        """Stand at the lower right of the window."""
        window = self.parentWidget()
        if window is None or not self.text:
            return
        room = min(_WIDTH, window.width() - 2 * _EDGE)
        buttons = sum(button.sizeHint().width() + self._row.spacing() for button in self._buttons)
        wanted = self._words.fontMetrics().horizontalAdvance(self.text) + buttons + 2 * _EDGE + 2 * _BORDER + 2
        width = min(room, wanted)
        frame = 2 * _BORDER
        words = self._words.heightForWidth(width - buttons - 2 * _EDGE - frame)
        tallest = max([words, *(button.sizeHint().height() for button in self._buttons)])
        height = tallest + 2 * theme.GRID + frame
        self.setGeometry(window.width() - width - _EDGE, window.height() - height - _EDGE, width, height)

    def _end(self) -> None:
        self._timer.stop()
        self.hide()
        self._words.clear()
        for button in self._buttons:
            self._row.removeWidget(button)
            button.hide()
            button.deleteLater()
        self._buttons = []
