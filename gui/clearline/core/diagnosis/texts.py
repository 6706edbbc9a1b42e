"""The table of what drivers and tools print when a cause is at work (``texts.toml``)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import msgspec

from clearline.core.typed_values import from_plain


class CauseTexts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One cause's row: its texts by strength, and what an explanation says of it."""

    summary: str
    fix: str = ""
    question: str | None = None
    also: tuple[str, ...] = ()
    stated: tuple[str, ...] = ()
    likely: tuple[str, ...] = ()
    possible: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()

    @property
    def by_writer(self) -> Mapping[str, tuple[str, ...]]:
        """The texts by driver or tool, ``any`` where several share one; strongest first."""
        found: dict[str, tuple[str, ...]] = {}
        for writer, words in self._split():
            found[writer] = (*found.get(writer, ()), words)
        return found

    def _split(self) -> Iterator[tuple[str, str]]:
        for entry in (*self.stated, *self.likely, *self.possible, *self.symbols):
            writer, _, words = entry.partition(": ")
            yield writer, words


@cache
def rows() -> Mapping[str, CauseTexts]:
    """The table by cause."""
    text = Path(__file__).with_name("texts.toml").read_text(encoding="utf-8")
    return {
        f"{family}.{name}": from_plain(row, CauseTexts)
        for family, causes in tomllib.loads(text).items()
        for name, row in causes.items()
    }
