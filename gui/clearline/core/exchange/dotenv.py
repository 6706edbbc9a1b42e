"""The connection strings of an environment file: every ``NAME=value`` whose value is one.

References to other variables, ``${NAME}``, stay references: the profile then names the file as its own ``.env`` file.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from clearline.core.exchange.from_text import item_from
from clearline.core.exchange.imported import Format, Imported, within_limits
from clearline.core.profiles.profile import Profile

_LINE: Final = re.compile(
    r"^[ \t]*(?:export[ \t]+|set[ \t]+)?(?P<name>[A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=[ \t]*(?P<value>[^\r\n]*)",
    re.MULTILINE,
)
_URI: Final = re.compile(r"mongodb(?:\+srv)?://", re.IGNORECASE)
_ESCAPED: Final = re.compile(r"\\(.)")


def looks_like(text: str) -> bool:
    """Whether a connection string follows the name of a variable, and none anywhere else."""
    matches = [found for found in _LINE.finditer(text) if _URI.match(_unquoted(found["value"]))]
    lines = [line for line in text.splitlines() if _URI.search(line) and not line.lstrip().startswith("#")]
    return bool(matches) and len(matches) == len(lines)


def read(text: str, path: Path | None) -> Imported:
    """The connections of the text. ``path`` is where it came from, None when it was pasted. Raises `TooLarge`."""
    found = ((m["name"], _unquoted(m["value"])) for m in _LINE.finditer(text))
    entries = within_limits((name, value) for name, value in found if _URI.match(value))
    file = str(path.resolve()) if path else None
    return Imported(
        format=Format.DOTENV,
        items=tuple(item_from(value, name=name, base=Profile(env_file=file)) for name, value in entries),
    )


def _unquoted(value: str) -> str:
    """The value without its quotation marks, or without the comment after it."""
    value = value.strip()
    quote = value[:1]
    if quote in ("'", '"', "`"):
        end = value.find(quote, 1)
        while quote == '"' and end > 0 and value[end - 1] == "\\":
            end = value.find(quote, end + 1)
        inner = value[1:end] if end > 0 else value[1:]
        return _ESCAPED.sub(r"\1", inner) if quote == '"' else inner
    return re.split(r"\s#", value, maxsplit=1)[0].rstrip()
