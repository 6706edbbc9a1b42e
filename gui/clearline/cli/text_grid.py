"""Aligned and coloured text for terminals: widths as a terminal counts them, and nothing that could command it."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence

from clearline.core.report.marks import Tone
from clearline.core.text.late_patterns import late
from clearline.core.text.plain_text import visible

COLOURS: Mapping[Tone, str] = {"good": "green", "warning": "yellow", "bad": "red", "quiet": "dim"}
"""The style that repeats a mark."""
_CODES = {"bold": 1, "dim": 2, "red": 31, "green": 32, "yellow": 33, "cyan": 36}
_STYLED = late(r"\x1b\[[0-9;]*m")
_GAP = "  "


class Palette:
    """Puts ANSI styles around texts, or does not."""

    def __init__(self, colour: bool) -> None:
        self._colour = colour

    def __call__(self, text: str, *styles: str) -> str:
        """The text in the named styles."""
        if not self._colour or not text:
            return text
        return f"\x1b[{';'.join(str(_CODES[style]) for style in styles)}m{text}\x1b[0m"

    @staticmethod
    def stripped(text: str) -> str:
        """The text without styles."""
        return _STYLED.sub("", text)


def shown(text: str) -> str:
    """Text from elsewhere on one line, its control characters visible: a server must not steer the terminal."""
    return visible(" ".join(text.split()))


def columns(text: str) -> int:
    """How many columns a text takes, styles not counted."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in Palette.stripped(text)
    )


def cut(text: str, width: int) -> str:
    """A plain text of at most ``width`` characters, its middle left out where it is longer."""
    if len(text) <= width:
        return text
    if width < 5:
        return text[: max(width, 0)]
    left = (width - 3) // 2
    return f"{text[:left]}...{text[len(text) - (width - 3 - left) :]}"


def grid(rows: Sequence[Sequence[str]], width: int) -> list[str] | None:
    """Rows as aligned columns; None when they do not fit. Empty columns are left out; the first may be shortened."""
    used = [index for index in range(len(rows[0])) if any(row[index] for row in rows[1:])]
    kept = [[row[index] for index in used] for row in rows]
    widths = [max(columns(row[index]) for row in kept) for index in range(len(used))]
    excess = sum(widths) + len(_GAP) * (len(widths) - 1) - width
    if excess > 0:
        if widths[0] - excess < min(20, widths[0]):
            return None
        widths[0] -= excess
        kept = [[cut(row[0], widths[0]) if columns(row[0]) > widths[0] else row[0], *row[1:]] for row in kept]
    return [_GAP.join(_padded(text, size) for text, size in zip(row, widths, strict=True)).rstrip() for row in kept]


def _padded(text: str, width: int) -> str:
    return text + " " * (width - columns(text))
