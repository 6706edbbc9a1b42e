"""What is wrong with the form of a connection string: scheme, strays, credentials, hosts and database.

The options have a module of their own. FAILURE is what PyMongo refuses, or what cannot work whatever the servers say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, unquote_plus

from clearline.core.facts.text import Mistake
from clearline.core.findings import Certainty, Severity
from clearline.core.late_patterns import late
from clearline.core.options.catalogue import lookup
from clearline.core.profiles.profile import Profile
from clearline.core.secrets.references import REFERENCE, has_references
from clearline.core.secrets.secret import Secret
from clearline.core.uri.encoded import decoded_address
from clearline.core.uri.hosts import HostEntry, character_name, escaped_socket
from clearline.core.uri.lint_options import lint_options
from clearline.core.uri.lint_proxy import lint_proxy
from clearline.core.uri.mistakes import Mistakes
from clearline.core.uri.parts import UriText
from clearline.core.uri.password import is_certain, placeholder
from clearline.core.uri.pieces import Piece, is_invisible
from clearline.core.uri.read_options import ReadOptions
from clearline.core.uri.shell_options import shell_options
from clearline.core.uri.surroundings import QUOTE_CHARACTERS
from clearline.core.uri.unset import Unset, unset, unset_host, unset_password

_FAILURE, _WARNING = Severity.FAILURE, Severity.WARNING
_REPAIR: Final = "use-repaired-text"
_BAD_DATABASE: Final = late(r'[/ "$\\\0]')
"""PyMongo refuses the first four in the text (uri_parser_shared._BAD_DB_CHARS), the others at the first use."""
_LONGEST_DATABASE: Final = 63
_RECORD: Final = "_mongodb._tcp."
_WHOLE: Final = "mongodb://user:password@host1:27017,host2:27017/database"
_HOSTS_IN_PATH: Final = late(r"([\w\-]*)((?:,[\w.\-]+:\d{1,5})+)")
_INJECTED: Final = late(r"([\w.\-]+):(tcp://([\d.]+):(\d{1,5}))(?:/([^?/]*))?(?=[?]|$)")
_OPTIONS_IN_PATH: Final = late(r"(?:[&;]|%3[Ff])([A-Za-z][\w.\-]*)=")
_AROUND: Final = "/ \"'\\"
"""What is no part of a database name and often stands before or behind it."""
_HOST_AT_END: Final = late(r"[\w\-]+(?:\.[\w\-]+)+(?::\d{1,5})?|[\w\-]+:\d{1,5}")
_PORT_WITH_DEFAULT: Final = late(r"([^:$]+):(\$\{[^{}]*\})")
_WHOLE_ESCAPED: Final = late(r"(?i)mongodb(?:(?:\+|%2B)srv)?%3A(?:%2F|/){2}.*", re.DOTALL)
_CLOSING: Final = ";,>)"


def lint(
    parts: UriText,
    entries: list[HostEntry],
    options: ReadOptions,
    profile: Profile,
    secrets: Sequence[Secret],
    *,
    prompting: bool = False,
    proxy_password: bool = False,
) -> tuple[Mistake, ...]:
    """Every mistake of the text, the most important first.

    ``prompting``: the user can sign in by hand (OIDC); ``proxy_password``: that of the proxy comes from somewhere.
    """
    found = Mistakes(secrets)
    _lint_around(found, parts)
    _lint_scheme(found, parts)
    _lint_repetition(found, parts)
    _lint_credentials(found, parts)
    found.about("hosts")
    entries = _lint_hosts(found, parts, entries, options)
    found.about("database")
    if not parts.suspect and (parts.scheme is None or "mo" in parts.scheme.text.lower()):
        _lint_database(found, parts, entries, options)
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
    lint_proxy(found, options.proxy, proxy_password=proxy_password)
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
    elif parts.scheme is None and decoded_address(parts.core.text) is not None:
        found.add(
            "uri.bad-scheme",
            _FAILURE,
            parts.core,
            action="decode-base64",
            scheme="the base64 form of an address",
            detail="A Kubernetes secret shows its values so.",
            fix="Decode it first (base64 -d), or take it from the secret by a reference, which decodes it.",
        )
    elif parts.scheme is None and _WHOLE_ESCAPED.fullmatch(parts.core.text):
        found.add(
            "uri.bad-scheme",
            _FAILURE,
            parts.core,
            scheme="the percent-encoded form of an address",
            detail="The whole address was escaped, where only user name and password are to be.",
            fix="Decode it once: %3A is :, %2F is / and %40 is @.",
        )
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
            Severity.NOTE,
            (parts.options.start - 1, parts.options.start),
            action=_REPAIR,
            what="the slash before the question mark is missing, which older versions want",
            suggestion="/? instead of ?",
        )


def _lint_repetition(found: Mistakes, parts: UriText) -> None:
    repeated = parts.repeated
    if repeated is None:
        return
    # Two passwords, or two databases: only their owner knows which of them counts.
    action = _REPAIR if repeated.same else None
    place = (repeated.hosts[0].start, repeated.hosts[-1].end)
    found.add(
        "uri.repeated-per-host",
        _FAILURE,
        place,
        fields=("hosts",),
        action=action,
        certainty=Certainty.PROVEN if repeated.same else Certainty.LIKELY,
        what=repeated.what,
        example=_WHOLE,
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
        left = unset(piece.text) if piece is parts.user else unset_password(piece.text)
        if left is not None:
            certain = left.certain or (left.shown is not None and piece is parts.user)
            _add_unset(found, piece, part, left, _FAILURE if certain else _WARNING)
            if not certain:
                _lint_escapes(found, piece, part, action, portable=True)
            continue
        word = placeholder(piece.text)
        if word is not None:
            severity = _FAILURE if is_certain(word) else _WARNING
            sure = Certainty.PROVEN if severity is _FAILURE else Certainty.LIKELY  # it may be what was chosen
            found.add("uri.placeholder", severity, piece, certainty=sure, placeholder=word, what=part)
            if severity is _FAILURE:
                continue
        _lint_escapes(found, piece, part, action, portable=word is not None)


def _add_unset(found: Mistakes, place: Piece, what: str, left: Unset, severity: Severity) -> None:
    found.add(
        "uri.not-set",
        severity,
        place,
        certainty=Certainty.PROVEN if left.certain and what != "password" else Certainty.LIKELY,
        what=what,
        placeholder=left.shown or found.quoted(left.value),
        origin=f"{left.origin}.",
    )


def _other_reading(text: str, character: str, index: int, part: str) -> str:
    """What else a character between the scheme and the last @ can belong to; empty where it is of the part for sure."""
    if character == ":" and part == "password":
        return "If it belongs to the user name, it is escaped there."
    if character == "@" and _HOST_AT_END.fullmatch(text, index + 1):
        return "If what follows is another host, a comma goes between the hosts, and user and password stand once."
    return ""


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
        other = _other_reading(text, character, index, part)
        found.add(
            "uri.unescaped-credentials",
            _FAILURE,
            place,
            action=action,
            certainty=Certainty.LIKELY if other else Certainty.PROVEN,
            detail=other,
            part=part,
            character=character,
            escaped=escaped,
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


def _lint_hosts(found: Mistakes, parts: UriText, entries: list[HostEntry], options: ReadOptions) -> list[HostEntry]:
    if parts.socket is not None:
        path = parts.socket.text
        found.add(
            "uri.unescaped-socket-path", _FAILURE, parts.socket, action=_REPAIR, path=path, escaped=escaped_socket(path)
        )
        return []
    pieces = parts.host_entries
    if _lint_injected_port(found, parts):
        return entries
    if _lint_missing_mark(found, parts):
        return entries
    left = {piece.end for piece in pieces if _lint_unset_host(found, piece)}
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
        if entry.ends_at in left:
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


def _lint_missing_mark(found: Mistakes, parts: UriText) -> bool:
    """Options directly behind the hosts, with & where the question mark belongs."""
    if parts.options is not None or parts.path is not None or parts.repeated is not None:
        return False
    begins = _OPTIONS_IN_PATH.search(parts.hosts.text)
    if begins is None or lookup(begins[1]) is None:
        return False
    found.add(
        "uri.malformed-options",
        _FAILURE,
        (parts.hosts.start + begins.start(), parts.hosts.end),
        action="options-from-path",
        what="the question mark before them is missing",
        option="them",
        fix=f"Write /? instead of {begins[0][0]} before {begins[1]}.",
    )
    return True


def _lint_unset_host(found: Mistakes, piece: Piece) -> bool:
    """Whether the host or the port of an entry is what a program writes for want of a value."""
    name, port = piece, None
    if split := _PORT_WITH_DEFAULT.fullmatch(piece.text) or re.fullmatch(r"(.*[^:]):([^:\]]*)", piece.text, re.DOTALL):
        name, port = piece.cut(0, split.end(1)), piece.cut(split.start(2))
    for part, what, left in ((name, "host", unset_host(name.text)), (port, "port", port and unset(port.text))):
        if part is not None and left:
            _add_unset(found, part, what, left, _FAILURE)
            return True
    return False


def _lint_injected_port(found: Mistakes, parts: UriText) -> bool:
    """``MONGO_PORT`` as Kubernetes and Docker's links set it for a service called mongo: a whole address."""
    injected = _INJECTED.match(parts.core.text, parts.hosts.start - parts.core.start)
    if injected is None:
        return False
    place = parts.core.cut(injected.start(2), injected.end(2))
    name, address, port, path = injected[1], injected[3], injected[4], injected[5]
    found.add(
        "uri.bad-port",
        _FAILURE,
        place,
        fields=("hosts",),
        patch={"seeds": {"hosts": [f"{name}:{port}"], "database": unquote_plus(path) or None}},
        fix=f"Write {port} for the port. A variable of another name than NAME_PORT is not overwritten; "
        "enableServiceLinks: false in the pod keeps Kubernetes from setting such variables.",
        detail=f"Kubernetes, and Docker's old links, set NAME_PORT to tcp://{address}:{port} for a service NAME.",
        port=place.text,
    )
    return True


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
            what = "a name without a dot is seldom one in DNS"
            local = entry.name.lower().strip(".") == "localhost"
            found.add(
                "uri.srv-form",
                _FAILURE if local else _WARNING,
                parts.hosts,
                patch=keep_tls,
                certainty=Certainty.PROVEN if local else Certainty.POSSIBLE,
                what="localhost is no name of a cluster" if local else what,
            )


# ---------------------------------------------------------------- database


def _lint_database(found: Mistakes, parts: UriText, entries: list[HostEntry], options: ReadOptions) -> None:
    path = parts.path
    if path is None or not path.text or found.has("uri.bad-port"):
        return
    decoded = unquote_plus(path.text)
    if has_references(path.text) and not _BAD_DATABASE.search(REFERENCE.sub("", decoded)):
        return
    name, dot, _ = decoded.partition(".")
    remove = {"seeds": {"database": None}}
    if (left := unset(path.text)) is not None:
        _add_unset(found, path, "database", left, _WARNING)
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
    if bad := _BAD_DATABASE.search(name):
        character = "the character NUL" if bad[0] == "\0" else "a space" if bad[0] == " " else bad[0]
        inner = name.strip(_AROUND)
        meant = None if _BAD_DATABASE.search(inner) else {"seeds": {"database": inner or None}}
        found.add("uri.bad-database-name", _FAILURE, path, patch=meant, database=name, character=character)
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
