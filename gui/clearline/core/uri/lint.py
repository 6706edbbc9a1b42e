"""What is wrong with the form of a connection string: scheme, strays, credentials, hosts and database.

The options have a module of their own. FAILURE is what PyMongo refuses, or what cannot work whatever the servers say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, unquote_plus

from clearline.core.facts.text import Mistake
from clearline.core.findings import Severity
from clearline.core.profiles.profile import Profile
from clearline.core.secrets.references import REFERENCE, has_references
from clearline.core.secrets.secret import Secret
from clearline.core.uri.hosts import HostEntry, character_name, escaped_socket, host_entries
from clearline.core.uri.lint_options import lint_options
from clearline.core.uri.mistakes import Mistakes
from clearline.core.uri.parts import UriText
from clearline.core.uri.password import is_certain, placeholder
from clearline.core.uri.pieces import Piece, is_invisible
from clearline.core.uri.read_options import ReadOptions
from clearline.core.uri.shell_options import shell_options
from clearline.core.uri.surroundings import QUOTE_CHARACTERS

_FAILURE, _WARNING = Severity.FAILURE, Severity.WARNING
_REPAIR: Final = "use-repaired-text"
_BAD_DATABASE: Final = re.compile(r'[/ "$\\\0]')
"""PyMongo refuses the first four in the text (uri_parser_shared._BAD_DB_CHARS), the others at the first use."""
_LONGEST_DATABASE: Final = 63
_RECORD: Final = "_mongodb._tcp."
_CLOSING: Final = ";,>)"


def lint(
    parts: UriText, options: ReadOptions, profile: Profile, secrets: Sequence[Secret], *, prompting: bool = False
) -> tuple[Mistake, ...]:
    """Every mistake of the text, the most important first. ``prompting``: the user can sign in by hand (OIDC)."""
    found = Mistakes(secrets)
    _lint_around(found, parts)
    _lint_scheme(found, parts)
    _lint_credentials(found, parts)
    found.about("hosts")
    entries = _lint_hosts(found, parts, options)
    found.about("database")
    if not parts.suspect and (parts.scheme is None or "mo" in parts.scheme.text.lower()):
        _lint_database(found, parts, options)
    found.about()
    lint_options(
        found,
        parts,
        options,
        profile,
        seeds=max(len(entries), 1),
        broken=found.has("uri.unescaped-credentials"),
        prompting=prompting,
    )
    return found.in_order(options.open)


# ---------------------------------------------------------------- around and scheme


def _lint_around(found: Mistakes, parts: UriText) -> None:
    core, typed = parts.core, parts.typed
    if parts.prefix is None and shell_options(parts):
        # What they say would be lost: not what is meant.
        what, where = "the rest of a command", "after"
        found.add("uri.stray-characters", _FAILURE, (core.end, len(typed)), action=_REPAIR, what=what, where=where)
        return
    if parts.prefix is not None:
        found.add(
            "uri.stray-characters", _FAILURE, parts.prefix, action=_REPAIR, what="a command or a name", where="before"
        )
        return
    before, after = typed[: core.start], typed[core.end :]
    if not core.text or not (before or after):
        return
    if any(c in QUOTE_CHARACTERS or c == "<" for c in before) and any(c in QUOTE_CHARACTERS or c == ">" for c in after):
        what = "a pair of angle brackets" if "<" in before else "a pair of quotation marks"
        found.add("uri.stray-characters", _WARNING, (0, len(typed)), action=_REPAIR, what=what, where="around")
        return
    for text, place, where in ((before, (0, core.start), "before"), (after, (core.end, len(typed)), "after")):
        if text:
            mark = next((c for c in text if c in QUOTE_CHARACTERS), text[0])
            found.add("uri.stray-characters", _WARNING, place, action=_REPAIR, what=character_name(mark), where=where)


def _lint_scheme(found: Mistakes, parts: UriText) -> None:
    if parts.nested is not None:
        scheme = parts.scheme.text if parts.scheme is not None else "the beginning"
        found.add("uri.nested-url", _FAILURE, parts.nested, fields=("hosts",), action=_REPAIR, scheme=scheme)
    elif parts.scheme is not None and not parts.exact_scheme:
        found.add("uri.bad-scheme", _FAILURE, parts.scheme, action=_REPAIR, scheme=parts.scheme.text)
    elif parts.scheme is None and parts.core.text:
        if any(c in parts.core.text for c in "/@?"):
            place = (parts.core.start, parts.core.start)
            found.add("uri.bad-scheme", _FAILURE, place, action=_REPAIR, scheme="no scheme at all")
        else:
            found.add(
                "uri.not-portable",
                _WARNING,
                parts.core,
                action=_REPAIR,
                what="the scheme is missing",
                suggestion="mongodb:// in front of the hosts",
            )
    if parts.exact_scheme and parts.options is not None and parts.path is None and parts.socket is None:
        found.add(
            "uri.not-portable",
            _WARNING,
            (parts.options.start - 1, parts.options.start),
            action=_REPAIR,
            what="the slash before the question mark is missing",
            suggestion="/? instead of ?",
        )


# ---------------------------------------------------------------- credentials


def _lint_credentials(found: Mistakes, parts: UriText) -> None:
    if parts.userinfo is None or parts.user is None:
        return
    if "<" in parts.userinfo.text[:1] and (word := placeholder(parts.userinfo.text)) is not None:
        found.about("user", "password")
        found.add("uri.placeholder", _FAILURE, parts.userinfo, placeholder=word, what="user name and password")
        return
    if not parts.user.text:
        found.add("uri.missing-username", _FAILURE, parts.userinfo, fields=("user",))
    for piece, part, action in (
        (parts.user, "user name", "escape-user"),
        (parts.password, "password", "escape-password"),
    ):
        if piece is None or not piece.text:
            continue
        found.about("user" if piece is parts.user else "password")
        word = placeholder(piece.text)
        if word is not None:
            severity = _FAILURE if is_certain(word) else _WARNING
            found.add("uri.placeholder", severity, piece, placeholder=word, what=part)
            if severity is _FAILURE:
                continue
        _lint_escapes(found, piece, part, action, portable=word is not None)


def _lint_escapes(found: Mistakes, piece: Piece, part: str, action: str, *, portable: bool) -> None:
    text = piece.text
    refused = {c: text.index(c) for c in "@:/?" if c in text}
    # PyMongo's own test: a % whose next two characters do not decode (uri_parser_shared._unquoted_percent).
    bad = [i for i, c in enumerate(text) if c == "%" and unquote_plus(text[i : i + 3]) == text[i : i + 3]]
    if bad:
        refused["%"] = bad[0]
    for character, index in sorted(refused.items(), key=lambda item: item[1]):
        place = (piece.start + index, piece.start + index + 1)
        escaped = f"%{ord(character):02X}"
        found.add(
            "uri.unescaped-credentials", _FAILURE, place, action=action, part=part, character=character, escaped=escaped
        )
    strays = [i for i, c in enumerate(text) if is_invisible(c) and c != " "]
    if strays:
        place = (piece.start + strays[0], piece.start + strays[0] + 1)
        where = f"in the {part} of"
        found.add("uri.stray-characters", _WARNING, place, what=character_name(text[strays[0]]), where=where)
    if refused or portable:
        return
    for character in "#[] ":
        if character in text:
            place = (piece.start + text.index(character), piece.start + text.index(character) + 1)
            name = "space" if character == " " else character
            found.add(
                "uri.not-portable",
                _WARNING,
                place,
                action=action,
                what=f"the {part} holds a {name} that is not escaped",
                suggestion=f"%{ord(character):02X} instead",
            )


# ---------------------------------------------------------------- hosts


def _lint_hosts(found: Mistakes, parts: UriText, options: ReadOptions) -> list[HostEntry]:
    if parts.socket is not None:
        path = parts.socket.text
        found.add(
            "uri.unescaped-socket-path", _FAILURE, parts.socket, action=_REPAIR, path=path, escaped=escaped_socket(path)
        )
        return []
    pieces = parts.host_entries
    entries = host_entries(parts)
    for number, piece in enumerate(pieces):
        if all(is_invisible(c) for c in piece.text):
            if len(pieces) == 1 and not found.has("uri.nested-url"):
                found.add("uri.missing-host", _FAILURE, piece, where="")
            elif len(pieces) > 1:
                where = " before the first comma" if number == 0 else " after a comma"
                action = _REPAIR if entries else None
                found.add("uri.missing-host", _FAILURE, piece, action=action, where=where)
    for entry in entries:
        if entry.cause is None or (parts.srv and entry.has_port):
            continue
        action = _REPAIR if entry.hosts and entry.cause not in ("uri.placeholder", "uri.bad-port") else None
        found.note(entry.cause, _FAILURE, (entry.start, entry.end), entry.blanks, action=action)
    if parts.srv:
        _lint_srv(found, parts, entries, options.effective)
    elif (
        parts.path is not None and parts.path.text.endswith(".sock") and len(pieces) == 1 and ":" not in pieces[0].text
    ):
        path = f"{pieces[0].text}/{parts.path.text}"
        found.add(
            "uri.unescaped-socket-path",
            _WARNING,
            (pieces[0].start, parts.path.end),
            path=path,
            escaped=escaped_socket(path),
        )
    return entries


def _lint_srv(found: Mistakes, parts: UriText, entries: list[HostEntry], effective: Mapping[str, Any]) -> None:
    keep_tls: dict[str, Any] = {"seeds": {"srv": False}, "tls": {"enabled": True}}
    names = [entry for entry in entries if entry.name]
    if len(entries) > 1:
        what = f"it names {len(entries)} hosts"
        found.add("uri.srv-form", _FAILURE, parts.hosts, patch=keep_tls, what=what)
        return
    for entry in names:
        if has_references(entry.name):
            continue
        if entry.has_port:
            patch = {"seeds": {"hosts": [entry.name]}}
            place = (entry.ends_at - 1, entry.ends_at)
            found.add("uri.srv-form", _FAILURE, place, patch=patch, what="a port follows the name")
        if entry.socket or entry.is_address:
            what = "a socket path stands there" if entry.socket else "an IP address stands there"
            found.add("uri.srv-form", _FAILURE, parts.hosts, patch=keep_tls, what=what)
        elif entry.name.lower().startswith(_RECORD):
            what = f"{_RECORD} stands before the name, and drivers add that themselves"
            patch = {"seeds": {"hosts": [entry.name[len(_RECORD) :]]}}
            found.add("uri.srv-form", _FAILURE, parts.hosts, patch=patch, what=what)
        elif entry.name.endswith(".") and "." in entry.name.strip(".") and "srvAllowedHostsSuffix" not in effective:
            # PyMongo counts the empty label after the dot, so no target is in the name's domain (srv_resolver).
            patch = {"seeds": {"hosts": [entry.name.rstrip(".")]}}
            found.add("uri.srv-form", _FAILURE, parts.hosts, patch=patch, what="a dot follows the name")
        elif "." not in entry.name.strip(".") and entry.cause in (None, "uri.bad-port"):
            what = "a name without a dot is no name in DNS"
            found.add("uri.srv-form", _FAILURE, parts.hosts, patch=keep_tls, what=what)


# ---------------------------------------------------------------- database


def _lint_database(found: Mistakes, parts: UriText, options: ReadOptions) -> None:
    path = parts.path
    if path is None or not path.text:
        return
    decoded = unquote_plus(path.text)
    if has_references(path.text) and not re.search(_BAD_DATABASE, REFERENCE.sub("", decoded)):
        return
    name, dot, _ = decoded.partition(".")
    remove = {"seeds": {"database": None}}
    if re.fullmatch(r"<[^<>]*>", decoded):
        login = parts.userinfo is not None and "authSource" not in options.effective
        word = placeholder(decoded) or "<…>"
        severity = _FAILURE if login else _WARNING
        found.add("uri.placeholder", severity, path, patch=remove, placeholder=word, what="database name")
        return
    if bad := _BAD_DATABASE.search(name):
        character = "the character NUL" if bad[0] == "\0" else "a space" if bad[0] == " " else bad[0]
        found.add("uri.bad-database-name", _FAILURE, path, patch=remove, database=name, character=character)
        return
    if len(name.encode()) > _LONGEST_DATABASE:
        character = f"more than {_LONGEST_DATABASE} bytes"
        found.add("uri.bad-database-name", _FAILURE, path, patch=remove, database=name, character=character)
    if strays := [c for c in decoded if is_invisible(c)]:
        what, where = character_name(strays[0]), "in the database name of"
        patch = {"seeds": {"database": "".join(c for c in decoded if not is_invisible(c)) or None}}
        found.add("uri.stray-characters", _WARNING, path, patch=patch, what=what, where=where)
    elif path.text[-1] in _CLOSING and parts.options is None:
        patch = {"seeds": {"database": decoded.rstrip(_CLOSING) or None}}
        place = (path.end - 1, path.end)
        what = character_name(path.text[-1])
        found.add("uri.stray-characters", _WARNING, place, patch=patch, what=what, where="after")
    if dot and not found.has("uri.unescaped-socket-path"):
        found.add(
            "uri.not-portable",
            _WARNING,
            path,
            patch={"seeds": {"database": name or None}},
            what="the path names a collection",
            suggestion=f"/{quote(name)} alone",
        )
