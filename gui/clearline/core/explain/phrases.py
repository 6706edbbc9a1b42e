"""The table of what drivers print (``diagnosis/texts.toml``), compared with a text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import msgspec

from clearline.core.diagnosis.texts import rows
from clearline.core.explain.normalise import Text, compact
from clearline.core.findings import Certainty

_STATEMENT = 24
"""Fewest compact characters of a text that proves its cause: shorter ones also stand in other sentences."""
_SHORTEST = 6
_BEGINNING = 6
"""Characters of a text by which it is found."""
_LINES = 2
"""Lines over which one sentence may be wrapped."""


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """One text of the table found: whose cause it is, in which line, how much of the text it is."""

    cause: str
    certainty: Certainty
    writer: str
    line: int
    length: int
    longest: int
    """Compact characters of the longest part without a gap: a short one also stands in other programs' sentences."""


@cache
def _entries() -> tuple[tuple[str, Certainty, str, tuple[str, ...]], ...]:
    """Every text of the table: cause, strength, writer and its compact parts."""
    return tuple(
        (cause, certainty, writer, tuple(compact(part) for part in words.split("…")))
        for cause, row in rows().items()
        for certainty, entries in (
            (Certainty.PROVEN, row.stated),
            (Certainty.LIKELY, row.likely),
            (Certainty.POSSIBLE, row.possible),
        )
        for writer, _, words in (entry.partition(": ") for entry in entries)
    )


@cache
def _by_beginning() -> dict[str, list[int]]:
    """The places of the texts in the table, by the characters that their first parts begin with."""
    places: dict[str, list[int]] = {}
    for place, (*_, parts) in enumerate(_entries()):
        places.setdefault(parts[0][:_BEGINNING], []).append(place)
    return places


@cache
def _short_beginnings() -> tuple[str, ...]:
    """Those of first parts that are shorter themselves."""
    return tuple(begin for begin in _by_beginning() if len(begin) < _BEGINNING)


def _possible(tight: str) -> list[int]:
    """The places of all texts that may stand in a paste: looking for each of them takes ten times as long."""
    known = _by_beginning()
    begins = {tight[at : at + _BEGINNING] for at in range(len(tight))} & known.keys()
    begins.update(begin for begin in _short_beginnings() if begin in tight)
    return sorted({place for begin in begins for place in known[begin]})


def hits(text: Text) -> Iterator[Hit]:
    """Every text of the table that stands in the paste, one place each."""
    tight = text.tight
    entries = _entries()
    for place in _possible(tight):
        cause, certainty, writer, parts = entries[place]
        at = tight.find(parts[0])
        if at < 0:
            continue
        if len(parts) > 1:
            found = re.search(".{0,160}?".join(map(re.escape, parts)), tight)
            if found is None or text.line_at(found.end() - 1) - text.line_at(found.start()) > _LINES:
                continue
            at = found.start()
        length = sum(map(len, parts))
        if length < _SHORTEST:
            continue
        weak = length < _STATEMENT or len(parts) > 1
        yield Hit(
            cause=cause,
            certainty=Certainty.LIKELY if weak and certainty is Certainty.PROVEN else certainty,
            writer=writer,
            line=text.line_at(at),
            length=length,
            longest=max(map(len, parts)),
        )
