"""The host list of a connection string: each entry as PyMongo reads it (``split_hosts``), or what is wrong with it."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote, unquote_plus

import msgspec

from clearline.core.secrets.references import REFERENCE, has_references
from clearline.core.secrets.secret import Unshown
from clearline.core.text.late_patterns import late
from clearline.core.uri.parts import DEFAULT_PORT, UriText
from clearline.core.uri.password import placeholder
from clearline.core.uri.pieces import Piece, is_invisible
from clearline.core.uri.surroundings import QUOTE_CHARACTERS

PLACEHOLDER: Final = late(r"<[^<>@]*>|\$?\{\{?[A-Za-z_ .\-]*\}\}?|%3[Cc][A-Za-z_ \-]*%3[Ee]", needs=("<", "{", "%3c"))
_USUAL: Final = late(r"([\w.\-]+)(?::(\d{1,5}))?")
"""A name or an address with or without a port, with nothing that may be wrong but the port's number."""
_NAME: Final = late(r"[\w.\-]+")
_ENTRY: Final = late(r"(?:\[[0-9A-Fa-f:.%\w]+\]|[\w.\-]*\w)(?::\d{1,5})?")
_SEPARATOR: Final = late(r"\s*[;|&，、；]\s*|\s+|%2[Cc]")
_BACKSLASH: Final = {"character": "a backslash and a comma"}
_OPEN: Final = late(r"[\w.\-]+(?::\w+)?")
_LARGEST_PORT: Final = 65535


class HostEntry(Unshown, frozen=True):
    """One entry. ``hosts`` is what it means for a profile (several when commas were missing), decoded.

    ``cause`` is None for an entry that is in order; ``start`` and ``end`` delimit what is wrong.
    """

    hosts: tuple[str, ...] = ()
    name: str = ""
    port: int | None = None
    socket: bool = False
    has_port: bool = False
    cause: str | None = None
    blanks: dict[str, str] = msgspec.field(default_factory=dict)
    start: int = 0
    end: int = 0
    ends_at: int = 0

    @property
    def address(self) -> str:
        """``host:port`` with the default port filled in and the name in lower case, or the socket's path."""
        if self.socket:
            return self.name
        if has_references(self.name):
            return self.name
        name = f"[{self.name}]" if ":" in self.name else self.name
        return f"{name.lower()}:{self.port or DEFAULT_PORT}"

    @property
    def is_address(self) -> bool:
        """Whether the name is an IP address."""
        try:
            ipaddress.ip_address(self.name.partition("%")[0])
        except ValueError:
            return False
        return True


def host_entries(parts: UriText) -> list[HostEntry]:
    """Every entry of the host list that is not empty."""
    pieces = parts.host_entries
    return [_entry(piece, last=piece is pieces[-1]) for piece in pieces if not _is_empty(piece)]


def plain_hosts(parts: UriText, entries: Sequence[HostEntry]) -> tuple[str, ...]:
    """The hosts for a profile, of the text's `host_entries`."""
    socket = (unquote_plus(parts.socket.text),) if parts.socket is not None else ()
    return (*socket, *(host for entry in entries for host in entry.hosts))


def seed_addresses(parts: UriText, entries: Sequence[HostEntry]) -> tuple[str, ...]:
    """The seeds as PyMongo will ask for them: ``host:port``, socket paths, or the SRV name alone."""
    if parts.srv:
        return tuple(entry.name.lower() for entry in entries if entry.name)
    return tuple(dict.fromkeys(entry.address for entry in entries if entry.name))


def character_name(character: str) -> str:
    """A character as a sentence names it."""
    names = {" ": "a space", "\t": "a tab", "\n": "a line break", "\r": "a line break", "\u00a0": "a no-break space"}
    if character in names:
        return names[character]
    if character in QUOTE_CHARACTERS:
        return f"a quotation mark ({character})"
    if is_invisible(character):
        kind = "an invisible character" if unicodedata.category(character) != "Zs" else "an unusual space"
        return f"{kind} (U+{ord(character):04X})"
    return f"the character {character}"


def _is_empty(piece: Piece) -> bool:
    return all(is_invisible(c) for c in piece.text)


def _entry(piece: Piece, *, last: bool = False) -> HostEntry:
    text = piece.text
    if (usual := _USUAL.fullmatch(text)) and not text.endswith(".sock"):
        return _with_port(piece, usual[1], usual[2], usual.start(2))
    if has_references(text) and _OPEN.fullmatch(REFERENCE.sub("x", text)):
        # Opaque until it is resolved: it may be a host, a port, or the whole list.
        return HostEntry(hosts=(text,), name=text, ends_at=piece.end)
    if found := PLACEHOLDER.search(text):
        word = placeholder(found[0]) or f"{found[0][0]}…{found[0][-1]}"
        name, _, port = text.partition(":")
        kept = (text if port.isdigit() or not port else name,)
        return _wrong(piece, "uri.placeholder", {"placeholder": word, "what": "host"}, found.span(), kept)
    if text.endswith(".sock"):
        path = unquote_plus(text)
        if path.startswith("["):
            return _wrong(
                piece, "uri.ipv6-brackets", {"address": "in the host list", "port": str(DEFAULT_PORT)}, None, ()
            )
        return HostEntry(hosts=(path,), name=path, socket=True, ends_at=piece.end)
    parts = [part for part in _SEPARATOR.split(text) if part]
    if (plain := text.rstrip("\\")) != text and plain:
        # What helm --set, a shell or JSON wants before a comma or slash is no part of the address.
        meant = _entry(Piece(plain, piece.start)).hosts
        if last:
            behind = {"what": "a backslash", "where": "behind the hosts of"}
            return _wrong(piece, "uri.stray-characters", behind, (len(plain), len(text)), meant)
        return _wrong(piece, "uri.host-separator", _BACKSLASH, (len(plain), len(text)), meant)
    separator = _SEPARATOR.search(text.strip())
    if separator and len(parts) > 1 and all(_ENTRY.fullmatch(part) for part in parts):
        mark = separator[0].strip() or separator[0][0]
        named = "%2C" if mark.lower() == "%2c" else mark if mark.isprintable() and mark != " " else character_name(mark)
        start = text.index(separator[0], len(text) - len(text.lstrip()))
        return _wrong(
            piece,
            "uri.host-separator",
            {"character": named},
            (start, start + len(separator[0])),
            tuple(parts),
        )
    for index, character in enumerate(text):
        if is_invisible(character) or character in QUOTE_CHARACTERS:
            clean = "".join(c for c in text if not is_invisible(c) and c not in QUOTE_CHARACTERS)
            return _stray(piece, index, _entry(Piece(clean, piece.start)).hosts)
    if text.startswith("[") and text.endswith("]") and _ENTRY.fullmatch(text[1:-1]) and text.count(":") < 2:
        return _stray(piece, 0, (text[1:-1],))  # What stands in brackets is no IPv6 address.
    if text.startswith("["):
        return _bracketed(piece)
    if text.count(":") > 1:
        return _colons(piece)
    name, colon, port = text.partition(":")
    for index, character in enumerate(name):
        if not _NAME.fullmatch(character):
            return _stray(piece, index, (text,))
    if not name:
        return _wrong(piece, "uri.missing-host", {"where": " before the port"}, (0, len(text)), ())
    return _with_port(piece, name, port if colon else None, len(name) + 1)


def _bracketed(piece: Piece) -> HostEntry:
    inner, closing, after = piece.text[1:].replace("%25", "%").partition("]")
    odd = not _is_ipv6(inner.partition("%")[0]) and not _NAME.fullmatch(inner)
    if odd or not closing or (after and not after.startswith(":")):
        return _ipv6(piece, inner.rstrip(":"), after.lstrip(":") or str(DEFAULT_PORT))
    port = after[1:] if after else None
    return _with_port(piece, inner, port, len(piece.text) - len(port or ""))


def _colons(piece: Piece) -> HostEntry:
    """Several colons without brackets: IPv6, or a port too many."""
    head, _, last = piece.text.rpartition(":")
    readings = [(piece.text, str(DEFAULT_PORT)), (head, last)]
    if "%" in head:
        readings.reverse()  # The name of an interface holds no colon.
    for address, port in readings:
        if _is_ipv6(address) and port.isdigit():
            return _ipv6(piece, address, port)
    name, _, port = piece.text.partition(":")
    return _wrong(
        piece, "uri.bad-port", {"port": port_text(port)}, (len(name) + 1, len(piece.text)), (name,) if name else ()
    )


def _ipv6(piece: Piece, address: str, port: str) -> HostEntry:
    if not _is_ipv6(address):
        return _wrong(piece, "uri.ipv6-brackets", {"address": "in the host list", "port": port_text(port)}, None, ())
    bare = port == str(DEFAULT_PORT) or port_text(port) != port
    plain = f"[{address}]" if bare else f"[{address}]:{port}"
    return _wrong(piece, "uri.ipv6-brackets", {"address": address, "port": port}, None, (plain,))


def _with_port(piece: Piece, name: str, port: str | None, at: int) -> HostEntry:
    plain = f"[{name}]" if ":" in name else name
    if port is None:
        return HostEntry(hosts=(plain,), name=name, ends_at=piece.end)
    usable = port.isascii() and port.isdigit() and len(port) <= 20 and 0 < int(port) <= _LARGEST_PORT
    if usable:
        return HostEntry(hosts=(f"{plain}:{port}",), name=name, port=int(port), has_port=True, ends_at=piece.end)
    # What is no number may be a password whose host is missing: it stays out of the profile.
    kept = (f"{plain}:{port}",) if port_text(port) == port else (plain,)
    bad = _wrong(piece, "uri.bad-port", {"port": port_text(port)}, (at, len(piece.text)), kept)
    return msgspec.structs.replace(bad, name=name, has_port=True)


def port_text(port: str) -> str:
    """A wrong port as a sentence may name it, without showing what may be a password."""
    if not port:
        return "An empty text"
    return port if re.fullmatch(r"[+-]?\d{1,5}", port) else "The text after the colon"


def escaped_socket(path: str) -> str:
    """A socket path as a connection string writes it."""
    return quote(path, safe="")


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def _stray(piece: Piece, index: int, hosts: tuple[str, ...]) -> HostEntry:
    blanks = {"what": character_name(piece.text[index]), "where": "in the host list of"}
    return _wrong(piece, "uri.stray-characters", blanks, (index, index + 1), hosts)


def _wrong(
    piece: Piece, cause: str, blanks: dict[str, str], span: tuple[int, int] | None, hosts: tuple[str, ...] | None = None
) -> HostEntry:
    start, end = span or (0, len(piece.text))
    return HostEntry(
        hosts=(piece.text,) if hosts is None else hosts,
        name=hosts[0].partition(":")[0] if hosts and not hosts[0].startswith("[") else "",
        cause=cause,
        blanks=blanks,
        start=piece.start + start,
        end=piece.start + end,
        ends_at=piece.end,
    )
