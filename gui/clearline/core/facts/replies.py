"""What a server answered, whatever types it chose: read as what it should be, else as if it were not there, and cut."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import islice
from typing import Any, Final

LONGEST_TEXT: Final = 1000
"""Characters of any text of a server that are kept."""
MOST_NAMES: Final = 10_000
"""Entries of any list of a server that are kept."""


def cut(text: str) -> str:
    """A server's text, as long as anything needs it; a plain one, for BSON's code is a text that has no hash."""
    text = str(text)
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"


def text(value: object) -> str | None:
    """A text, cut."""
    return cut(value) if isinstance(value, str) else None


def texts(value: object) -> tuple[str, ...]:
    """The texts of a list, cut."""
    return tuple(cut(item) for item in value[:MOST_NAMES] if isinstance(item, str)) if isinstance(value, list) else ()


def text_pairs(value: object) -> dict[str, str]:
    """A document of texts, cut."""
    if not isinstance(value, Mapping):
        return {}
    return {cut(str(name)): cut(str(item)) for name, item in islice(value.items(), MOST_NAMES)}


def whole(value: object) -> int | None:
    """A whole number; also one that came as a float."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        return None
    return int(value)


def document(value: object) -> Mapping[str, Any]:
    """A document; an empty one in place of anything else."""
    return value if isinstance(value, Mapping) else {}


def documents(value: object) -> tuple[Mapping[str, Any], ...]:
    """The documents of a list."""
    return tuple(item for item in value[:MOST_NAMES] if isinstance(item, Mapping)) if isinstance(value, list) else ()
