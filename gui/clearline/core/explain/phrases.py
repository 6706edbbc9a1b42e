"""The table of what drivers print (``diagnosis/texts.toml``), compared with a text."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from clearline.core.diagnosis.texts import rows
from clearline.core.explain.normalise import Text, compact
from clearline.core.findings import Certainty

_STATEMENT = 24
"""Fewest compact characters of a text that proves its cause: shorter ones also stand in other sentences."""


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """One text of the table found: whose cause it is, in which line, how much of the text it is."""

    cause: str
    certainty: Certainty
    writer: str
    line: int
    length: int


def hits(text: Text) -> Iterator[Hit]:
    """Every text of the table that stands in the paste, one place each."""
    for cause, row in rows().items():
        for certainty, entries in (
            (Certainty.PROVEN, row.stated),
            (Certainty.LIKELY, row.likely),
            (Certainty.POSSIBLE, row.possible),
        ):
            for entry in entries:
                writer, _, words = entry.partition(": ")
                first, *rest = (compact(part) for part in words.split("…"))
                at = text.tight.find(first)
                if at < 0:
                    continue
                if rest:
                    pattern = ".{0,160}?".join(re.escape(part) for part in (first, *rest))
                    found = re.search(pattern, text.tight)
                    if found is None:
                        continue
                    at = found.start()
                length = sum(len(part) for part in (first, *rest))
                if length >= 6:
                    weak = length < _STATEMENT or bool(rest)
                    sure = Certainty.LIKELY if weak and certainty is Certainty.PROVEN else certainty
                    yield Hit(cause=cause, certainty=sure, writer=writer, line=text.line_at(at), length=length)
