"""How everything looks: two palettes, one grid, two font sizes, one mono face, one accent colour.

Fusion with palettes of our own, because a platform may know its scheme without being able to apply it. Status is
always an icon and a word; its colour only repeats them.
"""

from __future__ import annotations

from enum import Enum
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication, QWidget

from clearline.ui.look.palette import DARK, LIGHT, Colours

if TYPE_CHECKING:
    from PySide6.QtGui import QFont, QFontMetrics

GRID: Final = 8
"""Distances are multiples or halves of this many logical pixels."""
_USUAL_LETTERS: Final = 14
"""Pixels; up to this size the widths of panels fit as they are."""
_LEAST_POINTS: Final = 10
_OTHER_FONTS: Final = (QEvent.Type.ThemeChange, QEvent.Type.ApplicationFontChange)
_HALF: Final = 128


class Face(Enum):
    """What words are written in."""

    BODY = "body"
    STRONG = "strong"
    TITLE = "title"
    MONO = "mono"


class Scheme(Enum):
    """Which palette to wear."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class Theme(QObject):
    """The palette in use; one per application."""

    def __init__(self, app: QApplication, scheme: Scheme = Scheme.SYSTEM) -> None:
        super().__init__(app)
        global _worn
        self._app = app
        self._scheme = scheme
        self._dressed = False
        self._came_dark = app.palette().color(QPalette.ColorRole.Window).lightness() < _HALF
        _worn = None
        self._wear()

    @property
    def scheme(self) -> Scheme:
        """What was chosen, which may be to follow the system."""
        return self._scheme

    def choose(self, scheme: Scheme) -> None:
        """Wear this palette from now on, or follow the system."""
        self._scheme = scheme
        self._wear()

    def write(self) -> None:
        """Take the face of all words: before the first of them, and after the first paint, which needs no face."""
        self._app.setFont(body_font())

    def follow_fonts(self, window: QWidget) -> None:
        """Write anew whenever this window hears that the system has other fonts."""
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Notice other fonts of the system."""
        if event.type() in _OTHER_FONTS:
            before = [font_of(face) for face in Face]
            _forget_fonts()
            if [font_of(face) for face in Face] != before:
                self.write()
                self._app.setStyleSheet(self._app.styleSheet())  # else what it has dressed keeps the former size
                for widget in self._app.allWidgets():
                    if face := widget.property("face"):
                        widget.setFont(font_of(Face(face)))
        return False

    def _follow_system(self) -> None:
        if self._scheme is Scheme.SYSTEM:
            self._wear()

    def _wear(self) -> None:
        global _worn
        match self._scheme:
            case Scheme.DARK:
                wanted = DARK
            case Scheme.LIGHT:
                wanted = LIGHT
            case Scheme.SYSTEM:
                wanted = DARK if self._system_is_dark() else LIGHT
        if wanted is _worn:
            return
        _worn = wanted
        self._app.setPalette(palette(wanted))
        if self._dressed:
            self._put_on()

    def dress(self) -> None:
        """Put the style sheet on. Late, for every widget that is moved while it is on is polished again."""
        if not self._dressed:
            self._dressed = True
            self._app.styleHints().colorSchemeChanged.connect(self._follow_system)
        self._follow_system()
        self._put_on()

    def _system_is_dark(self) -> bool:
        if not self._dressed:
            return self._came_dark  # asking Qt makes all its enumerations, which takes 15 ms: after the first paint
        from PySide6.QtCore import Qt

        match self._app.styleHints().colorScheme():
            case Qt.ColorScheme.Dark:
                return True
            case Qt.ColorScheme.Light:
                return False
            case _:
                return self._came_dark

    def _put_on(self) -> None:
        from clearline.ui.look.style_sheet import style_sheet  # the first paint does without it

        sheet = style_sheet(colours())
        if self._app.styleSheet() != sheet:  # putting it on polishes every widget, though nothing changes
            self._app.setStyleSheet(sheet)


_worn: Colours | None = None


_still = False


def keep_still(still: bool) -> None:
    """Whether what moves by itself stands still, for those whom motion disturbs."""
    global _still
    _still = still


def is_still() -> bool:
    """Whether nothing may move by itself."""
    return _still


def colours() -> Colours:
    """The palette in use."""
    return _worn or LIGHT


def tone(name: str) -> str:
    """A colour of the palette in use, by its name in `Colours`."""
    value: str = getattr(colours(), name)
    return value


def palette(c: Colours) -> QPalette:
    """Qt's palette for it."""
    made = QPalette()
    role = QPalette.ColorRole
    for which, value in (
        (role.Window, c.window),
        (role.WindowText, c.text),
        (role.Base, c.base),
        (role.AlternateBase, c.window),
        (role.ToolTipBase, c.raised),
        (role.ToolTipText, c.text),
        (role.PlaceholderText, c.muted),
        (role.Text, c.text),
        (role.Button, c.raised),
        (role.ButtonText, c.text),
        (role.BrightText, c.failed),
        (role.Link, c.accent),
        (role.LinkVisited, c.accent),
        (role.Highlight, c.selection),
        (role.HighlightedText, c.text),
        (role.Accent, c.accent),
        (role.Light, c.raised),
        (role.Midlight, c.hover),
        (role.Mid, c.line),
        (role.Dark, c.line_strong),
        (role.Shadow, c.line_strong),
    ):
        made.setColor(which, QColor(value))
    for which in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, which, QColor(c.muted))
    return made


@cache
def _asked_font(name: str) -> QFont:
    """Asked once: it takes as long as drawing a word."""
    from PySide6.QtGui import QFontDatabase  # of Qt's types each takes time when it is first named

    return QFontDatabase.systemFont(QFontDatabase.SystemFont[name])


@cache
def font_of(face: Face) -> QFont:
    """The one font of a face, for painters, which ask for each word; to change it takes a copy."""
    from PySide6.QtGui import QFont

    font = QFont(_asked_font("FixedFont" if face is Face.MONO else "GeneralFont"))
    if face is Face.MONO:
        font.setPointSizeF(font_of(Face.BODY).pointSizeF() - 0.5)
    elif 0 < font.pointSizeF() < _LEAST_POINTS:
        font.setPointSizeF(_LEAST_POINTS)
    if face in (Face.STRONG, Face.TITLE):
        font.setWeight(QFont.Weight.DemiBold)
    if face is Face.TITLE:
        font.setPointSizeF(font.pointSizeF() * 1.5)
    return font


def write_in(widget: QWidget, face: Face) -> None:
    """Write a widget's words in this face, with another font too when the system takes another."""
    widget.setProperty("face", face.value)
    widget.setFont(font_of(face))


@lru_cache(maxsize=4096)  # hundreds of servers say much the same
def width_in(face: Face, text: str) -> int:
    """How wide a text is."""
    return metrics_of(face).horizontalAdvance(text)


def _forget_fonts() -> None:
    for known in (_asked_font, font_of, metrics_of, width_in):
        known.cache_clear()


@cache
def metrics_of(face: Face) -> QFontMetrics:
    """How wide and high the letters of a face are."""
    from PySide6.QtGui import QFontMetrics

    return QFontMetrics(font_of(face))


def _copy_of(face: Face) -> QFont:
    from PySide6.QtGui import QFont

    return QFont(font_of(face))


def body_font() -> QFont:
    """The system's own face, at least ten points: smaller is a strain all day."""
    return _copy_of(Face.BODY)


def scaled(pixels: int) -> int:
    """A width made for letters of the usual size, with larger ones as much wider."""
    from PySide6.QtGui import QFontInfo

    return round(pixels * max(1.0, QFontInfo(body_font()).pixelSize() / _USUAL_LETTERS))


def strong_font() -> QFont:
    """The body's face, heavier: names and words that carry a state."""
    return _copy_of(Face.STRONG)


def title_font() -> QFont:
    """The second, larger size: the one sentence of a page that answers what was asked."""
    return _copy_of(Face.TITLE)


def mono_font() -> QFont:
    """The one mono face, for what machines read: addresses, commands, events."""
    return _copy_of(Face.MONO)
