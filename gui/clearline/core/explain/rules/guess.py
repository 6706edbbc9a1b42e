"""What a rule says: one cause that a text allows, and how much speaks for it."""

from __future__ import annotations

import msgspec

from clearline.core.findings import Certainty


class Guess(msgspec.Struct, frozen=True, kw_only=True):
    """One cause that a text allows, and how much speaks for it."""

    weight: int
    cause: str
    certainty: Certainty = Certainty.LIKELY
    line: int = 0
    server: str | None = None
    summary: str = ""
    fix: str = ""
    at: int | None = None
    """Place in the compact text, where the line is not known yet."""
    words: str = ""
    """Words of the deciding line, where neither is known."""
