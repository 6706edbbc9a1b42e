"""What numbers and symbols say: errors of the system and of getaddrinfo, in any language of the system."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

_ADDRESS = r"(?:\[[0-9a-f:.%]+\]|::1|[a-z0-9_][a-z0-9_.\-]*[a-z0-9]|[a-z0-9]):\d{2,5}(?!\d)"
HOST = re.compile(rf"(?<![\w.@/\-]){_ADDRESS}", re.IGNORECASE)
_SYMBOLS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        (
            "refused",
            r"ECONNREFUSED|\[Errno (?:111|61)\]|WinError 10061|os error (?:111|61|10061)\)|connection refused"
            r"|SocketException \((?:111|61|10061)\)|actively refused|couldn't connect to server",
        ),
        (
            "unreachable",
            r"EHOSTUNREACH|\[Errno (?:113|65)\]|WinError 10065|os error (?:113|65|10065)\)|no route to host",
        ),
        ("no-network", r"ENETUNREACH|\[Errno (?:101|51)\]|WinError 10051|os error (?:101|51|10051)\)"),
        ("no-family", r"EAFNOSUPPORT|10047|address incompatible with the requested protocol"),
        ("denied", r"WinError 10013|os error 10013\)|connect EACCES|connect EPERM"),
        (
            "silent",
            r"ETIMEDOUT|\[Errno (?:110|60)\]|WinError 10060|os error (?:110|60|10060)\)"
            r"|connection timed out|connect timed out"
            r"|SocketException \((?:110|60|10060)\)|i/o timeout|connection timeout calling"
            r"|Connection \d+ to \S+ timed out"
            r"|:\d+: timed out",
        ),
        ("slow", r"socket timeout calling|Read timed out"),
        ("unknown-name", r"getaddrinfo ENOTFOUND|\[Errno (?:-2|8|11001)\]|WinError 11001"),
        ("name-later", r"EAI_AGAIN|\[Errno (?:-3|11002)\]|Resource temporarily unavailable"),
        ("reset", r"ECONNRESET|\[Errno (?:104|54)\]|WinError 10054|os error (?:104|54|10054)\)|connection reset"),
        ("lost", r"Prematurely reached end of stream|connection \d+ to \S+ closed|socket was unexpectedly closed"),
        ("closed", r"connection closed|\bEOF\b"),
        (
            "login",
            r"Authentication failed|auth failed|\"?code\"?: ?18\b|\(AuthenticationFailed\)|error 18\b"
            r"|Unable to authenticate",
        ),
        (
            "vague",
            r"server selection timed out|No suitable servers found|No servers? (?:is|are) available"
            r"|Timed out after \d+ ms"
            r"|server selection timeout"
            r"|No \w+ server is available in cluster|Could not connect to any servers|A timeout occur",
        ),
    )
)


class Symbol(msgspec.Struct, frozen=True, kw_only=True):
    """One fact found: its kind, its line (from 1), the server beside it where one stands."""

    kind: str
    line: int
    server: str | None


def symbols(lines: tuple[str, ...]) -> Iterator[Symbol]:
    """The first place of every kind."""
    for kind, pattern in _SYMBOLS:
        for number, line in enumerate(lines, 1):
            if found := pattern.search(line):
                near = HOST.search(line, found.end()) or HOST.search(line)
                yield Symbol(kind=kind, line=number, server=near[0] if near else None)
                break
