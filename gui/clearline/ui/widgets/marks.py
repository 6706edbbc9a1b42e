"""What a status or an environment looks like: an icon, a word, a ground in its colour."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, QRectF
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget

from clearline.ui.look import theme
from clearline.ui.look.icons import pixmap
from clearline.ui.look.palette import PROFILE_COLOURS
from clearline.ui.widgets.labels import HeardLabel


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
        theme.write_in(self.word, theme.Face.STRONG)
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
