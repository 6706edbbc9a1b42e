"""What is wrong with the form of a connection string: what stands around it, scheme and credentials.

Hosts, database and options have modules of their own. FAILURE is what PyMongo refuses, or what cannot work whatever
the servers say.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final
from urllib.parse import unquote, unquote_plus

from clearline.core.facts.text import Mistake
from clearline.core.findings import Certainty, Severity
from clearline.core.profiles.profile import Profile
from clearline.core.secrets.secret import Secret
from clearline.core.text.late_patterns import late
from clearline.core.uri.encoded import decoded_address
from clearline.core.uri.hosts import HostEntry, character_name
from clearline.core.uri.lint_database import lint_database
from clearline.core.uri.lint_hosts import lint_hosts
from clearline.core.uri.lint_options import lint_options
from clearline.core.uri.lint_proxy import lint_proxy
from clearline.core.uri.mistakes import Mistakes, add_unset
from clearline.core.uri.parts import UriText
from clearline.core.uri.password import is_certain, placeholder
from clearline.core.uri.pieces import Piece, is_invisible
from clearline.core.uri.read_options import ReadOptions
from clearline.core.uri.shell_options import shell_options
from clearline.core.uri.surroundings import QUOTE_CHARACTERS
from clearline.core.uri.unset import unset, unset_password

_FAILURE, _WARNING = Severity.FAILURE, Severity.WARNING
REPAIR: Final = "use-repaired-text"
_WHOLE: Final = "mongodb://user:password@host1:27017,host2:27017/database"
_ANOTHER_HOST: Final = late(r"@(?=(?:[\w\-]+(?:\.[\w\-]+)+(?::\d{1,5})?|[\w\-]+:\d{1,5})(?:[/,?]|$))")
_BACKSLASHED: Final = late(r"(?i)mongodb(?:\+srv)?(?:\\:[/\\]|:\\/)", needs=("\\",))
_OTHER_SERVICES: Final = {
    "postgres": "PostgreSQL",
    "postgresql": "PostgreSQL",
    "mysql": "MySQL",
    "mariadb": "MariaDB",
    "redis": "Redis",
    "rediss": "Redis",
    "valkey": "Valkey",
    "amqp": "RabbitMQ (AMQP)",
    "amqps": "RabbitMQ (AMQP)",
    "kafka": "Kafka",
    "nats": "NATS",
    "mssql": "SQL Server",
    "sqlserver": "SQL Server",
    "oracle": "Oracle",
    "sqlite": "SQLite",
    "clickhouse": "ClickHouse",
    "cassandra": "Cassandra",
    "neo4j": "Neo4j",
    "bolt": "Neo4j",
    "ldap": "a directory (LDAP)",
    "ldaps": "a directory (LDAP)",
    "smtp": "a mail server",
    "ssh": "an SSH server",
    "sftp": "an SSH server",
}
"""By scheme."""
_TWO_ADDRESSES: Final = late(r"(?i)(mongodb(?:\+srv)?://\S+)\s+mongodb(?:\+srv)?://")
_SCHEME: Final = late(r"(?i)mongodb(?:\+srv)?://")
_WHOLE_ESCAPED: Final = late(r"(?i)mongodb(?:(?:\+|%2B)srv)?%3A(?:%2F|/){2}.*", re.DOTALL)


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
    if _lint_escaped_whole(found, parts) or _lint_two_addresses(found, parts):
        return found.in_order(options.open)
    _lint_around(found, parts)
    _lint_scheme(found, parts)
    _lint_repetition(found, parts)
    _lint_credentials(found, parts)
    found.about("hosts")
    entries = lint_hosts(found, parts, entries, options)
    found.about("database")
    if not parts.suspect and (parts.scheme is None or "mo" in parts.scheme.text.lower()):
        lint_database(found, parts, entries, options)
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
        found.add("uri.stray-characters", _FAILURE, (core.end, len(typed)), action=REPAIR, what=what, where=where)
        return
    if parts.prefix is not None:
        found.add(
            "uri.stray-characters", _FAILURE, parts.prefix, action=REPAIR, what="a command or a name", where="before"
        )
        return
    before, after = typed[: core.start], typed[core.end :]
    if not core.text or not (before or after):
        return
    if any(c in QUOTE_CHARACTERS or c == "<" for c in before) and any(c in QUOTE_CHARACTERS or c == ">" for c in after):
        what = "a pair of angle brackets" if "<" in before else "a pair of quotation marks"
        found.add("uri.stray-characters", _WARNING, (0, len(typed)), action=REPAIR, what=what, where="around")
        return
    for text, place, where in ((before, (0, core.start), "before"), (after, (core.end, len(typed)), "after")):
        if text:
            mark = next((c for c in text if c in QUOTE_CHARACTERS), text[0])
            found.add("uri.stray-characters", _WARNING, place, action=REPAIR, what=character_name(mark), where=where)


def _lint_escaped_whole(found: Mistakes, parts: UriText) -> bool:
    """An address that was escaped as a whole, so that nothing in it stands where it seems to stand."""
    if parts.scheme is None and _WHOLE_ESCAPED.fullmatch(parts.core.text):
        found.add(
            "uri.bad-scheme",
            _FAILURE,
            parts.core,
            scheme="the percent-encoded form of an address",
            detail="The whole address was escaped, where only user name and password are to be.",
            fix="Decode it once: %3A is :, %2F is / and %40 is @.",
        )
    elif _BACKSLASHED.match(parts.core.text):
        found.add(
            "uri.bad-scheme",
            _FAILURE,
            parts.core,
            action="drop-backslashes",
            scheme="mongodb and backslashes",
            detail="JSON and files of properties write : and / with a backslash before them, and what reads such a "
            "file takes it away again: the text was copied past that.",
            fix="Remove the backslash before each : / = and @.",
        )
    else:
        return False
    return True


def _lint_two_addresses(found: Mistakes, parts: UriText) -> bool:
    """A whole address behind another one: nothing of either stands where it seems to stand."""
    second = _TWO_ADDRESSES.match(parts.core.text)
    if second is None:
        return False
    found.add(
        "uri.nested-url",
        _FAILURE,
        parts.core.cut(second.end(1)),
        fields=("hosts",),
        fix="Keep one of the two addresses.",
        scheme=parts.scheme.text if parts.scheme is not None else "the first",
    )
    return True


def _other_service(scheme: str) -> str | None:
    """Which other service an address with that scheme belongs to."""
    words = scheme.lower().rstrip("/\\").rstrip(":").removeprefix("jdbc:").split("+")
    return _OTHER_SERVICES.get(words[0].rstrip(":"))


def _lint_scheme(found: Mistakes, parts: UriText) -> None:
    if parts.nested is not None:
        scheme = parts.scheme.text if parts.scheme is not None else "the beginning"
        found.add("uri.nested-url", _FAILURE, parts.nested, fields=("hosts",), action=REPAIR, scheme=scheme)
    elif parts.scheme is not None and (other := _other_service(parts.scheme.text)) is not None:
        found.add(
            "uri.bad-scheme",
            _FAILURE,
            parts.scheme,
            scheme=parts.scheme.text,
            detail=f"It is the address of {other}: a variable or a setting of another service may have been taken.",
            fix="Take the address of the MongoDB deployment, which begins with mongodb:// or mongodb+srv://.",
        )
    elif parts.scheme is not None and not parts.exact_scheme:
        page = parts.scheme.text.lower().startswith("http") and not _reads_as_address(parts)
        found.add(
            "uri.bad-scheme",
            _FAILURE,
            parts.scheme,
            action=None if page else REPAIR,
            scheme=parts.scheme.text,
            fix="This is the address of a page. Copy the connection string itself, which begins with mongodb:// or "
            "mongodb+srv:// (in Atlas: Connect, Drivers)."
            if page
            else "",
        )
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
    elif parts.scheme is None and parts.core.text:
        if any(c in parts.core.text for c in "/@?"):
            place = (parts.core.start, parts.core.start)
            wide = _SCHEME.match(unicodedata.normalize("NFKC", parts.core.text)) is not None
            found.add(
                "uri.bad-scheme",
                _FAILURE,
                place,
                action=None if wide else REPAIR,
                scheme="no scheme that a driver knows" if wide else "no scheme at all",
                fix="Write the colon and the slashes anew: one of them is of another alphabet's width (as \uff1a)."
                if wide
                else "",
            )
        else:
            found.add(
                "uri.not-portable",
                Severity.NOTE,  # an address, which is what a person would type here: a string for a program has more
                parts.core,
                action=REPAIR,
                what="the scheme is missing",
                suggestion="mongodb:// in front of the hosts",
            )
    if parts.exact_scheme and parts.options is not None and parts.path is None and parts.socket is None:
        found.add(
            "uri.not-portable",
            Severity.NOTE,
            (parts.options.start - 1, parts.options.start),
            action=REPAIR,
            what="the slash before the question mark is missing, which older versions want",
            suggestion="/? instead of ?",
        )


def _reads_as_address(parts: UriText) -> bool:
    """Whether what follows a wrong scheme can be hosts and a database, and not the path of a page."""
    path = unquote(parts.path.text) if parts.path is not None else ""
    return not any(c in path for c in "/#.") and not (parts.options is not None and "#" in parts.options.text)


def _lint_repetition(found: Mistakes, parts: UriText) -> None:
    repeated = parts.repeated
    if repeated is None:
        return
    # Two passwords, or two databases: only their owner knows which of them counts.
    action = REPAIR if repeated.same else None
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
            add_unset(found, piece, part, left, _FAILURE if certain else _WARNING)
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


def _other_readings(text: str, refused: dict[str, int], part: str) -> dict[str, str]:
    """What else characters between the scheme and the last @ can belong to; the others are of the part for sure."""
    readings: dict[str, str] = {}
    host = next((found.start() for found in _ANOTHER_HOST.finditer(text)), None)
    if ":" in refused and part == "password":
        readings[":"] = "If the : belongs to the user name, it is escaped there."
    if host is not None:
        other = (
            "If what follows the @ is another host, a comma goes between the hosts, and user and password stand once."
        )
        readings |= {character: other for character, index in refused.items() if index >= host}
    return readings


def _and(words: Sequence[str]) -> str:
    return " and ".join([*([", ".join(words[:-1])] if words[:-1] else []), words[-1]])


def _lint_escapes(found: Mistakes, piece: Piece, part: str, action: str, *, portable: bool) -> None:
    text = piece.text
    refused = {c: text.index(c) for c in "@:/?" if c in text}
    # PyMongo's own test: a % whose next two characters do not decode (uri_parser_shared._unquoted_percent).
    bad = [i for i, c in enumerate(text) if c == "%" and unquote_plus(text[i : i + 3]) == text[i : i + 3]]
    if bad:
        refused["%"] = bad[0]
    if refused:
        readings = _other_readings(text, refused, part)
        in_order = sorted(refused, key=lambda character: refused[character])
        # One repair escapes them all; the sentence names those that are of this part for sure, where there are any.
        certain = [character for character in in_order if character not in readings]
        named = certain or in_order
        place = (piece.start + refused[named[0]], piece.start + refused[named[-1]] + 1)
        found.add(
            "uri.unescaped-credentials",
            _FAILURE,
            place,
            action=action,
            certainty=Certainty.PROVEN if certain else Certainty.LIKELY,
            detail=" ".join(dict.fromkeys(readings.values())),
            part=part,
            character=_and(named),
            escaped=_and([f"%{ord(character):02X}" for character in named]),
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
