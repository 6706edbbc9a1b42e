"""A tolerant reading of a connection string's form: where its parts are, also when they are broken.

PyMongo splits at the first ``?``, the first ``/`` and the last ``@`` before them (``uri_parser_shared._validate_uri``).
This does the same for every text that PyMongo understands, and the likely thing for the others: an ``@`` after a
slash or question mark means that the password holds that character.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote_plus

from msgspec.structs import replace

from clearline.core.options.catalogue import OptionType, lookup
from clearline.core.options.names import IN_USE_ENCRYPTION, PROXY_OPTIONS, closest_name, foreign_name
from clearline.core.secrets.redaction import looks_secret
from clearline.core.secrets.references import has_references, is_reference
from clearline.core.secrets.secret import Unshown
from clearline.core.text.late_patterns import late
from clearline.core.uri.pieces import HOST_PORT, Piece, is_invisible
from clearline.core.uri.repetition import Repetition, repetition
from clearline.core.uri.surroundings import surroundings

SCHEME: Final = "mongodb://"
SRV_SCHEME: Final = "mongodb+srv://"
DEFAULT_PORT: Final = 27017

_WEB_SCHEMES: Final = frozenset(
    ["http", "https", "ftp", "ws", "wss", "tcp", "jdbc", "postgres", "postgresql", "mysql", "redis", "amqp"]
)
_MONGO_SLIPS: Final = frozenset({"mdb", "monogdb", "mogodb", "mogo", "momgodb", "nongodb", "ongodb"})
_SCHEME_LIKE: Final = late(r"(?P<word>[A-Za-z][\w+.\-:]*?)?(?P<mark>\s*[:;]?\s*[/\\]{1,3})")
_SCHEME_ONLY: Final = late(r"(?i)mongodb(\+srv)?:(?!\d+(?:[/?,]|$))")
_NESTED: Final = late(
    r"(?i)(?:mongodb(?:\+srv)?|mongo|https?|ftp|tcp|wss?|jdbc):/{1,3}|[a-z][a-z0-9+.\-]*://(?!.*@)", needs=(":/",)
)
_SLASHES_TOO_MANY: Final = late(r"/+(?=localhost\b|[^/?]*[:.@])")
"""After the two of the scheme, and before what can only be meant as a host or a login."""
_SOCKET: Final = late(r"[^,;]*?\.sock(?=[/,;]|$)")
_LONG: Final = 8
"""A shorter name is too soon like another."""
_OPTION_START: Final = late(r"([A-Za-z][\w.\-]*)=")
_SEPARATOR: Final = {"&;": r"&amp;|\\u0026|[&;]", "&": r"\\u0026|&", ";": ";", "": r"\s+"}
_HOST_LIKE: Final = late(r"(?:\[[^\]]*\]|[^\s:@/?#;|&\[\]%<>\"',]+)" + HOST_PORT)


class OptionPiece(Unshown, frozen=True):
    """One ``name=value`` of the options; ``value`` is None when there is no equals sign."""

    whole: Piece
    name: Piece
    value: Piece | None
    split_at: int | None = None
    """Where a separator stands unescaped in a secret: PyMongo refuses the text, so that the value is all of it."""
    doubtful: bool = False
    """It follows a secret and has an unknown name: it may be the rest of that secret."""


class UriText(Unshown, frozen=True):
    """A connection string taken apart. Positions count in the text as typed."""

    typed: str
    core: Piece
    """Without the white space and quotation marks around it."""
    prefix: Piece | None
    """What stands before the scheme and is no part of it: a command, an assignment."""
    tail: Piece | None
    """What follows the quotation mark that closes it."""
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
    """What stands between the slash after the hosts and the question mark; None without a slash."""
    socket: Piece | None
    """A socket path that was not escaped, so that its slashes ended the host list."""
    options: Piece | None
    chunks: tuple[OptionPiece, ...] = ()
    separators: str = ""
    """The option separators in use: ``&``, ``;``, both or none."""
    repeated: Repetition | None = None
    """What is given once for every host; the pieces are then those of its one reading."""

    @property
    def exact_scheme(self) -> bool:
        """Whether PyMongo knows the scheme as it is typed."""
        return self.scheme is not None and self.scheme.text in (SCHEME, SRV_SCHEME)

    @property
    def host_entries(self) -> list[Piece]:
        """The entries of the host list, empty ones included."""
        return list(self.repeated.hosts) if self.repeated is not None else self.hosts.split(",")

    @property
    def suspect(self) -> bool:
        """Whether what looks like a port may be a password whose ``@host`` is missing."""
        if self.userinfo is not None or self.prefix is not None:
            return False
        entry = self.host_entries[0].text
        port = entry.partition(":")[2]
        if has_references(port):
            return False
        return entry.count(":") == 1 and bool(port) and not re.fullmatch(r"[\s\d]*[;|&\s].*|\s*[+-]?\d{1,5}\s*", port)


def take_apart(typed: str) -> UriText:
    """Where the parts of a connection string are. Never fails."""
    core, prefix, tail = surroundings(typed)
    scheme, rest = _scheme(core)
    if scheme is not None and (repeated := repetition(rest)) is not None:
        return _repeated(typed, core, prefix, tail, scheme, repeated)
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


def _repeated(
    typed: str, core: Piece, prefix: Piece | None, tail: Piece | None, scheme: Piece, repeated: Repetition
) -> UriText:
    userinfo = repeated.credentials[0] if repeated.credentials else None
    user, password = userinfo.partition(":") if userinfo is not None else (None, None)
    chunks, separators = _chunks(repeated.options)
    return UriText(
        typed=typed,
        core=core,
        prefix=prefix,
        tail=tail,
        scheme=scheme,
        nested=None,
        srv="srv" in scheme.text.lower(),
        userinfo=userinfo,
        user=user,
        password=password,
        hosts=Piece(",".join(host.text for host in repeated.hosts), repeated.hosts[0].start),
        path=repeated.path,
        socket=None,
        options=repeated.options,
        chunks=chunks,
        separators=separators,
        repeated=repeated,
    )


def _scheme(core: Piece) -> tuple[Piece | None, Piece]:
    for exact in (SCHEME, SRV_SCHEME):
        if core.text.startswith(exact):
            end = len(exact)
            if (more := _SLASHES_TOO_MANY.match(core.text, end)) and not _SOCKET.match(core.text, end + 1):
                end = more.end()
            return core.cut(0, end), core.cut(end)
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
    # app://word@host is rather a password with slashes than an unknown scheme.
    credentials = text[found.end() : text.rfind("@") + 1]
    return slashes in ("//", "///", "\\\\") and (not word or (colon and (not credentials or ":" in credentials)))


def _nested(rest: Piece) -> tuple[Piece | None, Piece]:
    found = _NESTED.match(rest.text)
    return (rest.cut(0, found.end()), rest.cut(found.end())) if found else (None, rest)


def _socket(hosts: Piece, path: Piece | None) -> tuple[Piece | None, Piece | None]:
    """The socket path in what looks like the database, and the database after it."""
    if hosts.text or path is None or (found := _SOCKET.match(path.text)) is None:
        return None, path
    after = path.cut(found.end())
    whole = Piece("/" + found[0], path.start - 1)
    return whole, after.cut(1) if after.text.startswith("/") else None


def _credentials(rest: Piece) -> tuple[Piece | None, Piece]:
    """What stands before the ``@`` that ends the credentials, and what follows it."""
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
    """Whether the options begin after that question mark, so that an ``@`` further on belongs to a value."""
    if "@" not in text[question:]:
        return True
    found = _OPTION_START.match(text, question + 1)
    if found is None or "@" in text[question : found.end()]:
        return False
    before = text[:question]
    if "@" in before:
        # An @ before and one after: options if they look like options, else all of it is a password.
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
    # What a web page or a JSON file made of & is no & for PyMongo, but it is what was meant.
    meant = "&;" if "&amp;" in options.text else "&" if "\\u0026" in options.text else separators
    pieces = options.split(_SEPARATOR[meant])
    if not separators:
        pieces = [piece for piece in pieces if piece.text] or pieces
    chunks: list[OptionPiece] = []
    for piece in pieces:
        name, value = piece.partition("=")
        chunks.append(OptionPiece(piece, name, value))
    return tuple(_with_whole_secrets(options, chunks)), separators


def _with_whole_secrets(options: Piece, chunks: list[OptionPiece]) -> Iterator[OptionPiece]:
    """The options, where a separator that was not escaped does not end a secret.

    What follows a secret and has no known name may be the rest of it. Up to the last piece without an
    equals sign, which PyMongo refuses anyway, it is; what is left PyMongo only ignores, so that it cannot be told.
    """
    at = 0
    while at < len(chunks):
        chunk = chunks[at]
        at += 1
        if not _is_secret(chunk):
            yield chunk
            continue
        end = at
        while end < len(chunks) and not is_option_name(chunks[end].name.text):
            end += 1
        bare = [n for n in range(at, end) if chunks[n].value is None and chunks[n].name.text.strip()]
        if bare:
            until = chunks[bare[-1]].whole.end - options.start
            whole = options.cut(chunk.whole.start - options.start, until)
            name, value = whole.partition("=")
            chunk, at = OptionPiece(whole, name, value, split_at=chunk.whole.end), bare[-1] + 1
        yield chunk
        for rest in chunks[at:end]:
            yield replace(rest, doubtful=rest.value is not None)
        at = end


def _is_secret(chunk: OptionPiece) -> bool:
    """Whether an option's value is a secret, or holds one."""
    if chunk.value is None or is_reference(chunk.value.text):
        return False
    option = lookup(chunk.name.text)
    if option is not None and option.type is OptionType.PROPERTIES:
        return looks_secret(unquote_plus(chunk.value.text))
    return option.secret if option is not None else looks_secret(chunk.name.text)


def is_option_name(text: str) -> bool:
    """Whether an option has that name, with any driver, or almost; or it is a name that speaks of a secret."""
    name = "".join(c for c in text if not is_invisible(c))
    if name.lower() in IN_USE_ENCRYPTION | PROXY_OPTIONS or lookup(name) is not None:
        return True
    if looks_secret(name) and re.fullmatch(r"[\w.\-]+", name):
        return True
    return foreign_name(name)[0] or (len(name) >= _LONG and closest_name(name) is not None)
