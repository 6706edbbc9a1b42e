"""Our own icons: strokes in ``resources/icons``, drawn in the colours of the palette in use, crisp at every scale."""

from __future__ import annotations

from functools import cache
from typing import Final

from PySide6.QtCore import QCoreApplication, QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QPushButton, QToolButton, QWidget

from clearline.paths import resource
from clearline.ui.look import theme

_WITH_AIR: Final = QSize(20, 16)


@cache
def _drawing(name: str) -> str:
    return resource(f"icons/{name}.svg").read_text("utf-8")


@cache
def _renderer(name: str, colour: str) -> QSvgRenderer:
    return QSvgRenderer(_drawing(name).replace("currentColor", colour).encode())


@cache
def _pixmap(name: str, colour: str, size: int, ratio: float, angle: int) -> QPixmap:
    pixmap = QPixmap(QSize(size, size) * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if angle:
        painter.translate(size / 2, size / 2)
        painter.rotate(angle)
        painter.translate(-size / 2, -size / 2)
    _renderer(name, colour).render(painter, QRectF(0, 0, size, size))
    painter.end()
    return pixmap


def pixmap(name: str, colour: str, size: int = 16, *, ratio: float | None = None, angle: int = 0) -> QPixmap:
    """The drawing ``name`` in a colour ``#rrggbb``; ``size`` in logical pixels, ``angle`` in degrees."""
    return _pixmap(name, colour, size, ratio or _highest_ratio(), angle)


@cache
def _icon(name: str, colour: str, disabled: str, size: int, ratio: float) -> QIcon:
    made = QIcon(_pixmap(name, colour, size, ratio, 0))
    made.addPixmap(_pixmap(name, disabled, size, ratio, 0), QIcon.Mode.Disabled)
    return made


@cache
def _widened(name: str, colour: str, ratio: float) -> QIcon:
    """The drawing with a little air behind it."""
    picture = _pixmap(name, colour, 16, ratio, 0)
    wide = QPixmap(_WITH_AIR * ratio)
    wide.setDevicePixelRatio(ratio)
    wide.fill(Qt.GlobalColor.transparent)
    painter = QPainter(wide)
    painter.drawPixmap(0, 0, picture)
    painter.end()
    return QIcon(wide)


def _highest_ratio() -> float:
    app = QCoreApplication.instance()
    return app.devicePixelRatio() if isinstance(app, QGuiApplication) else 1.0


def icon(name: str, colour: str | None = None, size: int = 16) -> QIcon:
    """The drawing as a button or a menu takes it, in the text's colour unless told otherwise."""
    return _icon(name, colour or theme.colours().text, theme.colours().muted, size, _highest_ratio())


def window_icon() -> QIcon:
    """The program's own icon, for title bar and task bar."""
    made = QIcon()
    for size in (16, 32, 64, 128):
        made.addPixmap(pixmap("clearline", "", size, ratio=1.0))
    return made


class LabelledButton(QPushButton):
    """A button with an icon and words, a little air between them; follows the palette."""

    def __init__(self, name: str, text: str, tone: str = "text") -> None:
        super().__init__(text)
        self.setIconSize(_WITH_AIR)
        self.show_icon(name, tone)

    def show_icon(self, name: str, tone: str) -> None:
        """Another drawing; ``tone`` is the name of a colour in `palette.Colours`."""
        self._name, self._tone = name, tone
        self.setIcon(_widened(name, theme.tone(tone), _highest_ratio()))

    @property
    def icon_name(self) -> str:
        """The drawing that it shows."""
        return self._name

    def changeEvent(self, event: QEvent) -> None:
        """Draw again in the new palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.show_icon(self._name, self._tone)


class IconButton(QToolButton):
    """A flat button with an icon, a tool tip and an accessible name; follows the palette."""

    def __init__(self, name: str, label: str, parent: QWidget | None = None, *, checkable: bool = False) -> None:
        super().__init__(parent)
        self._name = name
        self.setCheckable(checkable)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setIconSize(QSize(16, 16))
        self.show_as(name, label)

    def show_as(self, name: str, label: str) -> None:
        """Change the drawing and the words that say what the button does."""
        self._name = name
        self.setIcon(icon(name))
        self.setToolTip(label)
        self.setAccessibleName(label)

    def changeEvent(self, event: QEvent) -> None:
        """Draw again in the new palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.setIcon(icon(self._name))
