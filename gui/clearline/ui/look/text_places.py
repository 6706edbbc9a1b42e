"""Places in a text: Python counts characters, Qt counts UTF-16 units, of which an emoji has two."""

from __future__ import annotations


def to_qt(text: str, place: int) -> int:
    """Where Qt sees a place."""
    return place if text.isascii() else len(text[:place].encode("utf-16-le", "surrogatepass")) // 2


def from_qt(text: str, place: int) -> int:
    """Where a place of Qt's is in Python's text."""
    if text.isascii():
        return place
    return len(text.encode("utf-16-le", "surrogatepass")[: place * 2].decode("utf-16-le", "surrogatepass"))
