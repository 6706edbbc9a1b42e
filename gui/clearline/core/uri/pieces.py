"""Parts of a connection string that know where they stand in it."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from clearline.core.secrets.secret import Unshown

HOST_PORT: Final = r"(?::(?:\d{1,5}|\$\{\w+\}))?"
"""A port after a host, as a regular expression: a number or a reference."""


class Piece(Unshown, frozen=True):
    """A part of the text and where it begins. It may be a secret, so it never shows itself."""

    text: str
    start: int

    @property
    def end(self) -> int:
        """Index after the last character."""
        return self.start + len(self.text)

    def cut(self, start: int, end: int | None = None) -> Piece:
        """A part of this part."""
        return Piece(self.text[start:end], self.start + start)

    def partition(self, separator: str) -> tuple[Piece, Piece | None]:
        """What is before and after the first separator; None when there is no separator."""
        index = self.text.find(separator)
        if index < 0:
            return self, None
        return self.cut(0, index), self.cut(index + len(separator))

    def split(self, pattern: str) -> list[Piece]:
        """The parts between the matches of a regular expression."""
        pieces: list[Piece] = []
        at = 0
        for found in re.finditer(pattern, self.text):
            pieces.append(self.cut(at, found.start()))
            at = found.end()
        return [*pieces, self.cut(at)]


def is_invisible(character: str) -> bool:
    """White space of any kind, a control character, or a character without width."""
    if "!" <= character <= "~":  # most are
        return False
    return character.isspace() or unicodedata.category(character) in ("Cc", "Cf")
