"""What is wrong with the hosts of a connection string, and with its one name where it is mongodb+srv://."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote_plus

from clearline.core.findings import Certainty, Severity
from clearline.core.options.catalogue import lookup
from clearline.core.secrets.references import has_references
from clearline.core.text.late_patterns import late
from clearline.core.uri.hosts import HostEntry, escaped_socket
from clearline.core.uri.mistakes import Mistakes, add_unset
from clearline.core.uri.parts import UriText
from clearline.core.uri.pieces import Piece, is_invisible
from clearline.core.uri.read_options import ReadOptions
from clearline.core.uri.unset import unset, unset_host

_FAILURE, _WARNING = Severity.FAILURE, Severity.WARNING
_REPAIR: Final = "use-repaired-text"
_SLASHES: Final = "its slashes must be percent-encoded"
_RECORD: Final = "_mongodb._tcp."
_INJECTED: Final = late(r"([\w.\-]+):(tcp://([\d.]+):(\d{1,5}))(?:/([^?/]*))?(?=[?]|$)", needs=("tcp://",))
_OPTIONS_IN_PATH: Final = late(r"(?:[&;]|%3[Ff])([A-Za-z][\w.\-]*)=")
_PORT_WITH_DEFAULT: Final = late(r"([^:$]+):(\$\{[^{}]*\})", needs=("${",))


def lint_hosts(found: Mistakes, parts: UriText, entries: list[HostEntry], options: ReadOptions) -> list[HostEntry]:
    """Find what is wrong with each host and with all of them; returns the entries that there really are."""
    if parts.socket is not None:
        path = parts.socket.text
        found.add(
            "uri.unescaped-socket-path",
            _FAILURE,
            parts.socket,
            action=_REPAIR,
            path=path,
            escaped=escaped_socket(path),
            what=_SLASHES,
        )
        return []
    pieces = parts.host_entries
    if _lint_injected_port(found, parts):
        return entries
    if _lint_missing_mark(found, parts):
        return entries
    left = {piece.end for piece in pieces if _lint_unset_host(found, piece)}
    written = {piece.end: piece.text for piece in pieces}
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
        if entry.ends_at in left or _lint_path_of_a_socket(found, entry, written[entry.ends_at]):
            continue
        action = _REPAIR if entry.hosts and entry.cause not in ("uri.placeholder", "uri.bad-port") else None
        unread = entry.cause == "uri.ipv6-brackets" and not entry.hosts
        fix = "Put the IPv6 address alone into square brackets, and the port behind them." if unread else ""
        found.note(entry.cause, _FAILURE, (entry.start, entry.end), entry.blanks, action=action, fix=fix)
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
            what=_SLASHES,
        )
    return entries


def _lint_path_of_a_socket(found: Mistakes, entry: HostEntry, text: str) -> bool:
    """An escaped path that drivers do not take for a socket's: it does not end in .sock. ``text`` is as written."""
    path = unquote_plus(text)
    if not text.lower().startswith("%2f") or path == text:
        return False
    found.add(
        "uri.unescaped-socket-path",
        _FAILURE,
        (entry.start, entry.end),
        fix="Write the path of the socket itself, such as %2Ftmp%2Fmongodb-27017.sock.",
        path=path,
        escaped=text,
        what="it does not end in .sock",
    )
    return True


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
            add_unset(found, part, what, left, _FAILURE)
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
                patch=keep_tls if local else None,  # such a name may be one all the same
                certainty=Certainty.PROVEN if local else Certainty.POSSIBLE,
                what="localhost is no name of a cluster" if local else what,
            )
