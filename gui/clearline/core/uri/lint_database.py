"""What is wrong with the database of a connection string, or with what stands in its place."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, unquote_plus

from clearline.core.findings import Certainty, Severity
from clearline.core.options.catalogue import lookup
from clearline.core.secrets.references import REFERENCE, has_references
from clearline.core.text.late_patterns import late
from clearline.core.uri.hosts import HostEntry, character_name
from clearline.core.uri.mistakes import Mistakes, add_unset
from clearline.core.uri.parts import UriText
from clearline.core.uri.password import placeholder
from clearline.core.uri.pieces import Piece, is_invisible
from clearline.core.uri.read_options import ReadOptions
from clearline.core.uri.unset import unset

_FAILURE, _WARNING = Severity.FAILURE, Severity.WARNING
_BAD_DATABASE: Final = late(r'[/ "$\\\0]')
"""PyMongo refuses the first four in the text (uri_parser_shared._BAD_DB_CHARS), the others at the first use."""
_LONGEST_DATABASE: Final = 63
_WHOLE: Final = "mongodb://user:password@host1:27017,host2:27017/database"
_HOSTS_IN_PATH: Final = late(r"([\w\-]*)((?:,[\w.\-]+:\d{1,5})+)")
_OPTIONS_IN_PATH: Final = late(r"(?:[&;]|%3[Ff])([A-Za-z][\w.\-]*)=")
_AROUND: Final = "/ \"'\\"
"""What is no part of a database name and often stands before or behind it."""
_CLOSING: Final = ";,>)"


def lint_database(found: Mistakes, parts: UriText, entries: list[HostEntry], options: ReadOptions) -> None:
    """Find what is wrong after the hosts' slash: a name that no database can have, options, or more hosts."""
    path = parts.path
    if path is None or not path.text or found.has("uri.bad-port"):
        return
    decoded = unquote_plus(path.text)
    if has_references(path.text) and not _BAD_DATABASE.search(REFERENCE.sub("", decoded)):
        return
    name, dot, _ = decoded.partition(".")
    remove = {"seeds": {"database": None}}
    if (left := unset(path.text)) is not None:
        add_unset(found, path, "database", left, _WARNING)
        return
    if re.fullmatch(r"<[^<>]*>", decoded):
        login = parts.userinfo is not None and "authSource" not in options.effective
        word = placeholder(decoded) or "<…>"
        severity = _FAILURE if login else _WARNING
        found.add("uri.placeholder", severity, path, patch=remove, placeholder=word, what="database name")
        return
    if listed := _HOSTS_IN_PATH.fullmatch(decoded):
        hosts = [*(entry.hosts[0] for entry in entries if entry.hosts), *listed[2][1:].split(",")]
        found.add(
            "uri.repeated-per-host",
            _WARNING,
            path,
            fields=("hosts", "database"),
            patch={"seeds": {"hosts": hosts, "database": listed[1] or None}},
            certainty=Certainty.LIKELY,
            what="The database name is",
            example=_WHOLE,
        )
        return
    if _lint_path(found, parts, path, decoded):
        return
    plain = decoded.strip()
    if all(is_invisible(c) for c in plain) or (any(c in decoded for c in "\r\n") and not _BAD_DATABASE.search(plain)):
        # A text that was folded into several lines, as YAML and editors do.
        what = character_name(next((c for c in decoded if c in "\r\n"), decoded[0]))
        where = "behind the database of" if plain else "behind the hosts of"
        patch = {"seeds": {"database": plain or None}}
        severity = _FAILURE if " " in decoded else _WARNING
        found.add("uri.stray-characters", severity, path, patch=patch, what=what, where=where)
        return
    if bad := _BAD_DATABASE.search(name):
        character = "the character NUL" if bad[0] == "\0" else "a space" if bad[0] == " " else bad[0]
        inner = name.strip(_AROUND)
        meant = None if dot or _BAD_DATABASE.search(inner) else {"seeds": {"database": inner or None}}
        found.add("uri.bad-database-name", _FAILURE, path, patch=meant, database=name, character=character)
        return
    if len(name.encode()) > _LONGEST_DATABASE:
        character = f"more than {_LONGEST_DATABASE} bytes"
        found.add("uri.bad-database-name", _FAILURE, path, database=name, character=character)
    if strays := [c for c in decoded if is_invisible(c)]:
        what, where = character_name(strays[0]), "in the database name of"
        patch = {"seeds": {"database": "".join(c for c in decoded if not is_invisible(c)) or None}}
        found.add("uri.stray-characters", _WARNING, path, patch=patch, what=what, where=where)
    elif path.text[-1] in _CLOSING and parts.options is None:
        patch = {"seeds": {"database": decoded.rstrip(_CLOSING) or None}}
        place = (path.end - 1, path.end)
        what = character_name(path.text[-1])
        found.add("uri.stray-characters", _WARNING, place, patch=patch, what=what, where="after")
    if "#" in path.text:
        found.add(
            "uri.not-portable",
            _WARNING,
            path,
            what="a # stands in the database name, at which other programs end an address",
            suggestion="%23 if it belongs to the name, or the name before it alone",
        )
    if dot and not found.has("uri.unescaped-socket-path"):
        found.add(
            "uri.not-portable",
            Severity.NOTE,
            path,
            patch={"seeds": {"database": name or None}},
            what="a dot stands in the database name, which they take for a collection's",
            suggestion=f"/{quote(name)} alone",
        )


def _lint_path(found: Mistakes, parts: UriText, path: Piece, decoded: str) -> bool:
    """Options behind the database without a question mark, and backslashes that a shell or JSON left."""
    if parts.options is None and (begins := _OPTIONS_IN_PATH.search(path.text)) and lookup(begins[1]) is not None:
        # Who logs in would be looked for in a database of that long name; all others are let in.
        found.add(
            "uri.malformed-options",
            _FAILURE if parts.userinfo is not None else _WARNING,
            (path.start + begins.start(), path.end),
            fields=("database",),
            action="options-from-path",
            what="the question mark before them is missing",
            option="them",
            fix=f"Write ? instead of {begins[0].partition(begins[1])[0]} before {begins[1]}.",
        )
        return True
    name = decoded.rstrip("\\")
    if name != decoded and "\\" not in name:
        found.add(
            "uri.stray-characters",
            _FAILURE,
            path,
            patch={"seeds": {"database": name or None}},
            what="a backslash",
            where="behind the database name of",
        )
        return True
    return False
