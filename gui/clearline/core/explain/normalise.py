"""A pasted text made comparable: colours, escapes and white space do not count; line numbers stay."""

from __future__ import annotations

import bisect
import re
from dataclasses import dataclass

_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\[(?:3[0-9]|0|1)m")
_DROPPED = re.compile(r"[\s\"'`“”‘’\\|>]+")
_LONGEST_LINE = 20_000


def compact(text: str) -> str:
    """The text as comparisons see it: lower case, without white space, quotation marks and line frames."""
    return _DROPPED.sub("", text).lower()


@dataclass(frozen=True)
class Text:
    """The lines of a paste, and all of them in one compact text that survives wraps inside words."""

    lines: tuple[str, ...]
    tight: str
    starts: tuple[int, ...]
    """Where each line begins in ``tight``."""

    def line_at(self, offset: int) -> int:
        """Number (from 1) of the line that holds that place of the compact text."""
        return bisect.bisect_right(self.starts, offset)

    @classmethod
    def of(cls, text: str) -> Text:
        """Take a text apart; one level of escaped line ends is undone."""
        clean = _COLOURS.sub("", text)
        pieces, starts, length, lines = [], [], 0, []
        for line in clean.splitlines():
            shown = line[:_LONGEST_LINE]
            lines.append(shown)
            starts.append(length)
            piece = compact(shown.replace("\\n", " ").replace("\\t", " "))
            pieces.append(piece)
            length += len(piece)
        return cls(lines=tuple(lines), tight="".join(pieces), starts=tuple(starts))
