"""Words of a screenshot that were read wrong, 0 for O and l or 1 for I, set right where a known word has that shape."""

from __future__ import annotations

import re
from functools import cache

from clearline.core.diagnosis.texts import rows
from clearline.core.explain.signs import symbols

_LONGEST = 20_000
"""Characters of a text that may come from a picture; a log does not."""
_SHAPES = str.maketrans("oOlIi|", "001111")
_MISREAD = re.compile(
    r"(?<![A-Za-z0-9])(?=[A-Za-z]{1,39}[01|]|[01][a-z]{3}|[A-Z]{1,39}l[A-Z]"
    r"|l[bcdfghjkmnpqrstvwxz])"  # no word begins so
    r"[A-Za-z01|]{4,40}(?![A-Za-z0-9])"
)
_OFTEN = "atlas mongodb localhost cluster whitelisted invalid connection timed getaddrinfo scheme failed certificate"


def repaired(text: str) -> str:
    """The text with each misread word as it was meant; of the same length, so that places stay."""
    if len(text) > _LONGEST:
        return text
    return _MISREAD.sub(_meant, text)


def _meant(found: re.Match[str]) -> str:
    word = found[0]
    known = _known().get(word.lower().translate(_SHAPES))
    if known is None or known == word.lower():
        return word
    capitals = [letter.isupper() for letter in word if letter.isalpha() and letter not in "lI"]
    if capitals and all(capitals):
        return known.upper()
    return "".join(
        letter if letter.lower() == meant else meant.upper() if at == 0 and letter in "I1" else meant
        for at, (letter, meant) in enumerate(zip(word, known, strict=True))
    )


@cache
def _known() -> dict[str, str]:
    """Words of the table and symbols of systems by their shape; of two with one shape neither."""
    words = {*_OFTEN.split(), *symbols()}
    for row in rows().values():
        for entry in (*row.stated, *row.likely, *row.possible):
            words |= {word.lower() for word in re.findall(r"[A-Za-z]{4,40}", entry.partition(": ")[2])}
    known: dict[str, str] = {}
    for word in sorted(words):
        shape = word.translate(_SHAPES)
        known[shape] = "" if shape in known else word
    return {shape: word for shape, word in known.items() if word}
