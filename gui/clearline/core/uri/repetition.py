"""Credentials, scheme or database given once for every host, where an address has them once for all.

PyMongo takes the last ``@`` for the end of the credentials and the first ``/`` for the end of the hosts, so that a part
of the list is read as password or database. It refuses all these texts.
"""

from __future__ import annotations

import re
from typing import Final

from clearline.core.secrets.secret import Unshown
from clearline.core.text.late_patterns import late
from clearline.core.uri.pieces import HOST_PORT, Piece

_HOST: Final = r"(?:\[[0-9A-Fa-f:.%\w]+\]|[^\s:@/?#;|&\[\]%<>\"',]+)" + HOST_PORT
_ENTRY: Final = late(
    r"\s*(?P<scheme>(?i:mongodb)(?:\+srv)?://)?(?:(?P<userinfo>[^@/,\s]*)@)?(?P<host>" + _HOST + r")"
    r"(?:/(?P<database>[^,/?@\s]*))?(?:\?(?P<options>[^,/?@\s]*))?\s*"
)
_SCHEME: Final = late(r",\s*mongodb(?:\+srv)?://", re.IGNORECASE)
_PARTS: Final = ("userinfo", "host", "database", "options")


class Repetition(Unshown, frozen=True):
    """The one reading of such a list. ``what`` names that which is repeated, as a sentence's subject.

    ``hosts`` are the entries without it. ``credentials`` are all that stand there, ``same`` says that they, and the
    databases, do not contradict each other.
    """

    what: str
    hosts: tuple[Piece, ...]
    credentials: tuple[Piece, ...]
    path: Piece | None
    options: Piece | None
    same: bool


def repetition(rest: Piece) -> Repetition | None:
    """What is repeated in the text behind the scheme; None where nothing is, or where it can mean something else."""
    options: Piece | None = None
    if "," not in rest.text:
        return None
    if rest.text.count("?") == 1 and not _SCHEME.search(rest.text.partition("?")[2]):
        rest, options = rest.partition("?")
    found = _entries(rest.text)
    if len(found) < 2:
        return None
    names = {name: [rest.cut(*m.span(name)) for m in found if m[name] is not None] for name in _PARTS}
    credentials, paths = names["userinfo"], names["database"]
    later = found[1:]
    early_path = any(m["database"] is not None for m in found[:-1])
    if any(m["scheme"] for m in later):
        what = "The scheme is"
    elif any(m["userinfo"] is not None for m in later):
        # A single @ behind the first host may as well end a password with a comma in it.
        if len(credentials) < 2 or any(":" not in c.text for c in credentials):
            return None
        what = "User name and password are"
    elif early_path and any(m["database"] is not None for m in later):
        what = "The database name is"
    else:
        return None
    return Repetition(
        what=what,
        hosts=tuple(names["host"]),
        credentials=tuple(credentials),
        path=next((p for p in reversed(paths) if p.text), paths[-1] if paths else None),
        options=options or next(reversed(names["options"]), None),
        same=len({c.text for c in credentials}) <= 1 and len({p.text for p in paths if p.text}) <= 1,
    )


def _entries(text: str) -> list[re.Match[str]]:
    """Every entry of the list; nothing where one is no host with more around it."""
    found: list[re.Match[str]] = []
    at = 0
    while (match := _ENTRY.match(text, at)) is not None:
        found.append(match)
        if match.end() == len(text):
            return found
        if text[match.end()] != ",":
            break
        at = match.end() + 1
    return []
