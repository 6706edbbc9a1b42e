"""JSON as people and programs leave it in settings files: with comments, trailing commas and raw tabs in strings.

Settings of VS Code are such texts. The libraries cost more than these lines: `json5` is pure Python and some thousand
times slower than `json`, which a large settings file makes visible; `commentjson` brings a parser generator along and
has not been released since 2020.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from clearline.core.exchange.imported import NotRecognised

DEEPEST: Final = 64

# The possessive repetitions and the way out at the end of the text keep a hostile text from costing quadratic time.
_STRING: Final = r'"(?:[^"\\]|\\.)*+(?:"|\Z)'
_TOKEN: Final = re.compile(rf"{_STRING}|//[^\r\n]*+|/\*.*?(?:\*/|\Z)", re.DOTALL)
_COMMA: Final = re.compile(rf"{_STRING}|,(?=\s*+[\]}}])", re.DOTALL)
_BRACKET: Final = re.compile(rf"{_STRING}|[\[\]{{}}]", re.DOTALL)


def parse(text: str) -> Any:
    """The value of a text. Raises `NotRecognised` with the place, without quoting anything."""
    plain = _COMMA.sub(lambda found: " " if found[0] == "," else found[0], _TOKEN.sub(_blank, text))
    depth = 0
    for found in _BRACKET.finditer(plain):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(found[0], 0)
        if depth > DEEPEST:
            raise NotRecognised(f"This JSON is nested more than {DEEPEST} levels deep, as no list of connections is.")
    try:
        return json.loads(plain, strict=False)
    except json.JSONDecodeError as error:
        raise NotRecognised(f"This JSON is broken at line {error.lineno}, column {error.colno}.") from None
    except (ValueError, RecursionError):  # a number of thousands of digits
        raise NotRecognised("This JSON holds a number that no program reads.") from None


def plain_numbers(value: Any) -> Any:
    """A value of extended JSON (EJSON) with its wrapped numbers and dates as plain ones."""
    if isinstance(value, list):
        return [plain_numbers(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        [(key, inner)] = value.items()
        if key in ("$numberInt", "$numberLong", "$numberDouble") and isinstance(inner, str):
            return _number(inner)
        if key == "$date":
            return plain_numbers(inner)
    return {key: plain_numbers(inner) for key, inner in value.items()}


def all_of(value: Any, key: str) -> Iterator[Any]:
    """Every value that stands under a key, at any depth."""
    if isinstance(value, list):
        for entry in value:
            yield from all_of(entry, key)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name == key:
                yield inner
            yield from all_of(inner, key)


def _blank(found: re.Match[str]) -> str:
    """A comment as white space of its size, so that places in the text stay the same."""
    return found[0] if found[0].startswith('"') else re.sub(r"[^\r\n]", " ", found[0])


def _number(text: str) -> int | float | str:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text
