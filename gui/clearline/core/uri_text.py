"""A tolerant reading of a connection string's form: where its parts are, also when they are broken.

PyMongo splits at the first ``?``, the first ``/`` and the last ``@`` before them (``uri_parser_shared._validate_uri``).
This does the same for every text that PyMongo understands, and the likely thing for the others: an ``@`` behind a
slash or question mark means that the password holds that character.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Final

from clearline.core.options import lookup
from clearline.core.redaction import looks_secret

SCHEME: Final = "mongodb://"
SRV_SCHEME: Final = "mongodb+srv://"
DEFAULT_PORT: Final = 27017

_QUOTES: Final = {
    '"': '"', "'": "'", "`": "`", "“": "”", "”": "”", "„": "“", "‘": "’", "’": "’", "‚": "‘", "«": "»", "‹": "›",
    "<": ">",
}  # fmt: skip
QUOTE_CHARACTERS: Final = frozenset("\"'`“”„‘’‚«»‹›")
_AFTER_QUOTE: Final = re.compile(r"[\s;,)\]}]*")
_WEB_SCHEMES: Final = frozenset(
    ["http", "https", "ftp", "ws", "wss", "tcp", "jdbc", "postgres", "postgresql", "mysql", "redis", "amqp"]
)
_MONGO_SLIPS: Final = frozenset({"mdb", "monogdb", "mogodb", "mogo", "momgodb", "nongodb", "ongodb"})
_SCHEME_LIKE: Final = re.compile(r"(?P<word>[A-Za-z][\w+.\-:]*?)?(?P<mark>\s*[:;]?\s*[/\\]{1,3})")
_SCHEME_ONLY: Final = re.compile(r"(?i)mongodb(\+srv)?:(?!\d+(?:[/?,]|$))")
_NESTED: Final = re.compile(
    r"(?i)(?:mongodb(?:\+srv)?|mongo|https?|ftp|tcp|wss?|jdbc):/{1,3}|[a-z][a-z0-9+.\-]*://(?!.*@)"
)
_SOCKET: Final = re.compile(r"[^,;]*?\.sock(?=[/,;]|$)")
_INNER_SCHEME: Final = re.compile(r"(?i)mongodb(?:\+srv)?://")
_OPTION_START: Final = re.compile(r"([A-Za-z][\w.\-]*)=")
_CODE_BEHIND: Final = re.compile(r"\s*[,;)\]}]\s|\s+-")
_PLAIN_HOST: Final = re.compile(r"(?:\[[^\]]*\]|[\w.\-%]+)(?::\d{1,5})?")
_HOST_LIKE: Final = re.compile(r"(?:\[[^\]]*\]|[^\s:@/?#;|&\[\]%<>\"',]+)(?::\d{1,5})?")


@dataclass(frozen=True, repr=False, slots=True)
class Piece:
    """A part of the text and where it begins. It may be a secret, so it never shows itself."""

    text: str
    start: int

    @property
    def end(self) -> int:
        """Index behind the last character."""
        return self.start + len(self.text)

    def cut(self, start: int, end: int | None = None) -> Piece:
        """A part of this part."""
        return Piece(self.text[start:end], self.start + start)

    def partition(self, separator: str) -> tuple[Piece, Piece | None]:
        """What is before and behind the first separator; None when there is no separator."""
        index = self.text.find(separator)
        if index < 0:
            return self, None
        return self.cut(0, index), self.cut(index + len(separator))

    def split(self, pattern: str) -> list[Piece]:
        """The parts between the matches of a regular expression."""
        pieces: list[Piece] = []
        at = 0
        for found in re.finditer(pattern, self.text):
            pieces.append(self.cut(at, found.start()))
            at = found.end()
        return [*pieces, self.cut(at)]


@dataclass(frozen=True, repr=False, slots=True)
class OptionPiece:
    """One ``name=value`` of the options; ``value`` is None when there is no equals sign."""

    whole: Piece
    name: Piece
    value: Piece | None


@dataclass(frozen=True, repr=False, slots=True)
class UriText:
    """A connection string taken apart. Positions count in the text as typed."""

    typed: str
    core: Piece
    """Without the white space and quotation marks around it."""
    prefix: Piece | None
    """What stands before the scheme and is no part of it: a command, an assignment."""
    tail: Piece | None
    """What stands behind the quotation mark that closes it."""
    scheme: Piece | None
    """The scheme as typed, with its colon and slashes; None when there is none."""
    nested: Piece | None
    """A second scheme where a host should be."""
    srv: bool
    userinfo: Piece | None
    user: Piece | None
    password: Piece | None
    hosts: Piece
    path: Piece | None
    """What stands between the slash behind the hosts and the question mark; None without a slash."""
    socket: Piece | None
    """A socket path that was not escaped, so that its slashes ended the host list."""
    options: Piece | None
    chunks: tuple[OptionPiece, ...] = field(default=())
    separators: str = ""
    """The option separators in use: ``&``, ``;``, both or none."""

    @property
    def exact_scheme(self) -> bool:
        """Whether PyMongo knows the scheme as it is typed."""
        return self.scheme is not None and self.scheme.text in (SCHEME, SRV_SCHEME)

    @property
    def host_entries(self) -> list[Piece]:
        """The entries of the host list, empty ones included."""
        return self.hosts.split(",")

    @property
    def suspect(self) -> bool:
        """Whether what looks like a port may be a password whose ``@host`` is missing."""
        if self.userinfo is not None or self.prefix is not None:
            return False
        entry = self.host_entries[0].text
        port = entry.partition(":")[2]
        return entry.count(":") == 1 and bool(port) and not re.fullmatch(r"[\s\d]*[;|&\s].*|\s*[+-]?\d{1,5}\s*", port)


def is_invisible(character: str) -> bool:
    """White space of any kind, a control character, or a character without width."""
    return character.isspace() or unicodedata.category(character) in ("Cc", "Cf")


def take_apart(typed: str) -> UriText:
    """Where the parts of a connection string are. Never fails."""
    core, tail = _unwrapped(typed)
    prefix, core = _without_prefix(core)
    if prefix is not None:
        core, closing = _closed(prefix, core)
        tail = closing or tail
    scheme, rest = _scheme(core)
    nested, rest = _nested(rest)
    userinfo, rest = _credentials(rest)
    if nested is None and userinfo is not None:
        nested, rest = _nested(rest)
    user = password = None
    if userinfo is not None:
        user, password = userinfo.partition(":")
    before, options = rest.partition("?")
    hosts, path = before.partition("/")
    socket, path = _socket(hosts, path)
    chunks, separators = _chunks(options)
    return UriText(
        typed=typed,
        core=core,
        prefix=prefix,
        tail=tail,
        scheme=scheme,
        nested=nested,
        srv=any(part is not None and "srv" in part.text.lower() for part in (scheme, nested)),
        userinfo=userinfo,
        user=user,
        password=password,
        hosts=hosts,
        path=path,
        socket=socket,
        options=options,
        chunks=chunks,
        separators=separators,
    )


def _unwrapped(typed: str) -> tuple[Piece, Piece | None]:
    core, tail = _stripped(Piece(typed, 0)), None
    while core.text:
        closing = _QUOTES.get(core.text[0])
        if closing is not None and (core.text[0] != "<" or _INNER_SCHEME.match(core.text, 1)):
            last = core.text.rfind(closing)
            behind = core.cut(last + 1)
            if last > 0 and _AFTER_QUOTE.fullmatch(behind.text):
                tail = _stripped(behind) if behind.text.strip() else tail
                core = _stripped(core.cut(1, last))
            elif core.text[0] == "<":
                break
            else:
                core = _stripped(core.cut(1))
        elif core.text[-1] in QUOTE_CHARACTERS and core.text.count(core.text[-1]) % 2:
            core = _stripped(core.cut(0, -1))
        else:
            break
    return core, tail


def _stripped(piece: Piece) -> Piece:
    start, end = 0, len(piece.text)
    while start < end and is_invisible(piece.text[start]):
        start += 1
    while end > start and is_invisible(piece.text[end - 1]):
        end -= 1
    return piece.cut(start, end)


def _without_prefix(core: Piece) -> tuple[Piece | None, Piece]:
    found = _INNER_SCHEME.search(core.text)
    if found is None or found.start() == 0:
        return None, core
    before = core.text[: found.start()]
    # A second scheme inside an address (or its credentials) is no prefix but a nested address.
    if "@" in before or ("/" in before and not re.search(r"\s", before)) or not re.search(r"[\s\"'`=(<]", before):
        return None, core
    return core.cut(0, found.start()), core.cut(found.start())


def _closed(prefix: Piece, core: Piece) -> tuple[Piece, Piece | None]:
    opening = prefix.text[-1]
    closing = _QUOTES.get(opening) or {"(": ")"}.get(opening)
    if closing is None:
        return core, None
    ends = [i for i, c in enumerate(core.text) if c == closing]
    # The password may hold the same quotation mark: the address ends where its hosts are complete.
    last = next((end for end in ends if _ends_here(core.text, end)), None)
    return (core, None) if last is None else (core.cut(0, last), core.cut(last))


def _ends_here(text: str, end: int) -> bool:
    address, behind = text[:end], text[end + 1 :]
    if "@" not in behind:
        return True
    rest = address.partition("://")[2]
    if "@" not in rest and not _CODE_BEHIND.match(behind):
        return False
    hosts = re.split(r"[/?]", rest[rest.rfind("@") + 1 :], maxsplit=1)[0]
    return all(_PLAIN_HOST.fullmatch(entry) for entry in hosts.split(","))


def _scheme(core: Piece) -> tuple[Piece | None, Piece]:
    for exact in (SCHEME, SRV_SCHEME):
        if core.text.startswith(exact):
            return core.cut(0, len(exact)), core.cut(len(exact))
    found = _SCHEME_LIKE.match(core.text)
    if found is not None and _is_scheme(found, core.text):
        return core.cut(0, found.end()), core.cut(found.end())
    found = _SCHEME_ONLY.match(core.text)
    if found is not None:
        return core.cut(0, found.end()), core.cut(found.end())
    return None, core


def _is_scheme(found: re.Match[str], text: str) -> bool:
    """Whether a word, a mark and slashes are meant as a scheme, and are not the beginning of hosts or credentials."""
    word = (found["word"] or "").rstrip(":").lower()
    mark = "".join(found["mark"].split())
    colon, slashes = mark[0] in ":;", mark.lstrip(":;")
    if word.startswith("mong") or word.split("+")[0] in _MONGO_SLIPS:
        return colon or len(slashes) > 1
    if word in _WEB_SCHEMES:
        return colon
    # app://word@host is rather a password with slashes than a scheme that nobody knows.
    credentials = text[found.end() : text.rfind("@") + 1]
    return slashes in ("//", "///", "\\\\") and (not word or (colon and (not credentials or ":" in credentials)))


def _nested(rest: Piece) -> tuple[Piece | None, Piece]:
    found = _NESTED.match(rest.text)
    return (rest.cut(0, found.end()), rest.cut(found.end())) if found else (None, rest)


def _socket(hosts: Piece, path: Piece | None) -> tuple[Piece | None, Piece | None]:
    """The socket path in what looks like the database, and the database behind it."""
    if hosts.text or path is None or (found := _SOCKET.match(path.text)) is None:
        return None, path
    behind = path.cut(found.end())
    whole = Piece("/" + found[0], path.start - 1)
    return whole, behind.cut(1) if behind.text.startswith("/") else None


def _credentials(rest: Piece) -> tuple[Piece | None, Piece]:
    """What stands before the ``@`` that ends the credentials, and what stands behind it."""
    region = rest.text
    question = region.find("?")
    while question >= 0:
        if _begins_options(region, question):
            region = region[:question]
            break
        question = region.find("?", question + 1)
    at = region.rfind("@")
    return (rest.cut(0, at), rest.cut(at + 1)) if at >= 0 else (None, rest)


def _begins_options(text: str, question: int) -> bool:
    """Whether the options begin behind that question mark, so that an ``@`` further on belongs to a value."""
    if "@" not in text[question:]:
        return True
    found = _OPTION_START.match(text, question + 1)
    if found is None or "@" in text[question : found.end()]:
        return False
    before = text[:question]
    if "@" in before:
        # An @ before and one behind: options if they look like options, else all of it is a password.
        return lookup(found[1]) is not None or "/" in before[before.rfind("@") :] or _hosts_end(before)
    return _are_hosts(before) and (lookup(found[1]) is not None or looks_secret(found[1]) or "/" in before)


def _hosts_end(before: str) -> bool:
    return _are_hosts(before[before.rfind("@") + 1 :]) and (":" in before[before.rfind("@") :] or "." in before)


def _are_hosts(text: str) -> bool:
    return all(_HOST_LIKE.fullmatch(entry) for entry in text.partition("/")[0].split(","))


def _chunks(options: Piece | None) -> tuple[tuple[OptionPiece, ...], str]:
    if options is None or not options.text:
        return (), ""
    separators = "".join(c for c in "&;" if c in options.text)
    # PyMongo splits at white space where there is no other separator.
    pieces = options.split("[" + separators + "]" if separators else r"\s+")
    if not separators:
        pieces = [piece for piece in pieces if piece.text] or pieces
    chunks: list[OptionPiece] = []
    for piece in pieces:
        name, value = piece.partition("=")
        chunks.append(OptionPiece(piece, name, value))
    return tuple(chunks), separators
