"""Text from elsewhere, made harmless for the terminal and the eye that it is shown to."""

from __future__ import annotations

import unicodedata
from typing import Final

_STEERING: Final = frozenset({"Cc", "Cf", "Cs"})
"""Controls, which a terminal obeys; turns of direction and what is not seen; halves of characters."""


def visible(text: str, *, but: str = "") -> str:
    """The text with what steers a terminal or a reader's eye as �; ``but``: characters that stay."""
    if text.isprintable():
        return text
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if c not in but and unicodedata.category(c) in _STEERING else c for c in text
    )
