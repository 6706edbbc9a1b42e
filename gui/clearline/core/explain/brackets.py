"""The one grammar under all driver families: brackets that nest, and fields between commas.

Texts are cut off, wrapped and quoted by hand, so nothing here fails: a bracket that never closes ends with the text,
and quotation marks (which C# nests without escaping) mean nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

_PAIRS = {"{": "}", "[": "]", "(": ")"}
_DEEPEST = 60
_MOST_HEADS = 100
"""Views of one text that are read."""
_READINGS = 4
"""How often the length of a text is read for them: brackets that never close reach to its end, each of them."""


def inside(text: str, at: int) -> str:
    """What the bracket at ``at`` encloses; up to the end of the text when it never closes."""
    return text[at + 1 : closing(text, at)]


def closing(text: str, at: int) -> int:
    """Place of the bracket that closes the one at ``at``; the length of the text when there is none."""
    awaited = [_PAIRS[text[at]]]
    for place in range(at + 1, len(text)):
        mark = text[place]
        if mark in _PAIRS:
            if len(awaited) < _DEEPEST:
                awaited.append(_PAIRS[mark])
        elif mark in "}])" and mark in awaited:
            while awaited.pop() != mark:  # an inner one was never closed
                pass
            if not awaited:
                return place
    return len(text)


def pieces(body: str, mark: str = ",") -> Iterator[str]:
    """The parts between the marks that stand outside of all brackets."""
    start = at = 0
    while at < len(body):
        if body[at] in _PAIRS:
            at = closing(body, at)
        elif body[at] == mark:
            yield body[start:at].strip()
            start = at + 1
        at += 1
    if body[start:].strip():
        yield body[start:].strip()


def fields(body: str, names: frozenset[str], *, marks: str = ":=") -> dict[str, str]:
    """The named fields of a bracket's inside, by lower-case name; a comma inside a value does not end it.

    A piece belongs to the field before it unless it begins with one of ``names`` and a mark. Later fields of the same
    name are added to the first, separated by a line end: ``caused by`` stands once for every cause.
    """
    found: dict[str, str] = {}
    last = ""
    for piece in pieces(body):
        name, value = _named(piece, names, marks)
        if name:
            last = name
            found[name] = f"{found[name]}\n{value}" if name in found else value
        elif last:
            found[last] += ", " + piece
    return found


def _named(piece: str, names: frozenset[str], marks: str) -> tuple[str, str]:
    place = min((at for mark in marks if (at := piece.find(mark)) >= 0), default=-1)
    name = piece[:place].strip().lower() if place >= 0 else ""
    if name in names:
        return name, piece[place + 1 :].lstrip(">").strip().strip("'\"").strip()
    # "caused by {…}" has no mark of its own
    opening = piece.find("{")
    name = piece[:opening].strip().lower() if opening > 0 else ""
    return (name, inside(piece, opening).strip()) if name in names else ("", "")


def named_brackets(text: str, head: str) -> Iterator[tuple[int, str]]:
    """Place and inside of every bracket that directly follows ``head``."""
    at, count, left = text.find(head), 0, _READINGS * len(text)
    while at >= 0 and count < _MOST_HEADS and left >= 0:
        count += 1
        opening = at + len(head)
        while opening < len(text) and text[opening] in " \n\t":
            opening += 1
        if opening < len(text) and text[opening] in _PAIRS:
            body = inside(text, opening)
            left -= len(body)
            yield at, body
        at = text.find(head, at + len(head))
