"""Whether the window can be painted on this computer: fonts, icons, a picture of it. `RuntimeError` where not."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtGui import QFontDatabase, QGuiApplication, QImage
from PySide6.QtSvg import QSvgRenderer

from clearline import obstacles
from clearline.paths import resource

_COLOURS: Final = 8
"""A window with text and icons has more."""
_STEP: Final = 2
_ALIASES: Final = frozenset({"Monospace", "Sans Serif", "Serif"})
"""Families that Qt names with fontconfig whether there is any font or not."""


def has_fonts() -> bool:
    """False where every letter would be a box. Fonts are looked for at the first text: not before the first paint."""
    return bool(_families())


def fonts() -> str:
    """How many there are."""
    if not has_fonts():
        raise RuntimeError(obstacles.no_fonts())
    return f"{len(_families())} families"


def _families() -> set[str]:
    return set(QFontDatabase.families()) - _ALIASES


def icons() -> str:
    """Every icon that comes with the program is a picture that Qt can draw."""
    found = sorted(resource("icons").glob("*.svg"))
    broken = [path.name for path in found if not QSvgRenderer(str(path)).isValid()]
    if broken or not found:
        raise RuntimeError(f"cannot be drawn: {', '.join(broken) or 'there are none'}")
    return f"{len(found)} icons"


def picture(file: Path) -> str:
    """What the picture of the window holds: more than one colour."""
    image = QImage(str(file))
    places = ((x, y) for x in range(0, image.width(), _STEP) for y in range(0, image.height(), _STEP))
    colours = {image.pixel(x, y) for x, y in places}
    if len(colours) <= _COLOURS:
        raise RuntimeError(f"the window stays empty ({len(colours)} colours)")
    return f"{image.width()} x {image.height()}, platform {QGuiApplication.platformName()}"
