"""A log of any length in bounded memory: lines that differ only in numbers are one line with a count."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from clearline.core.explain.explanation import NOTHING

_WHOLE = 500_000
"""Bytes up to which a text is kept as it is."""
_KEPT = 500_000
"""Most bytes of a longer log that are kept."""
_DISTINCT = 200_000
"""Most shapes of lines that are remembered."""
_LONGEST = 1 << 16
_SHOWN = 20_000
"""Bytes of one line that are kept."""
_VARYING = bytes(range(0x30, 0x3A)) + b"abcdefABCDEF-:.+"
_TELLS = re.compile(
    rb"rror|xception|ECONN|ETIMEDOUT|ENOT|EAI_|efused|imed out|imeout|ailed|[Uu]nable|annot|ertificate|SSL|TLS|x509"
    rb"|denied|nauthoriz|uthentic|losed|unreach|too many|abort|fatal|FATAL|\"s\":\"[EWF]\"|\[cause\]|Caused by|mongodb"
    rb"|20249|5286307|terminat|\berrno|ServerDescription"
)
_CONTINUES = re.compile(rb"^(?:\s|[})\]]|at |Caused by)")
_TIME = re.compile(
    rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d"
)
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"RIFF")
_PACKED = (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"%PDF")


class Folded(msgspec.Struct, frozen=True, kw_only=True):
    """How often one line of the kept text stood in the log, and when. ``line`` counts in the log, from 1."""

    line: int
    count: int = 1
    first: str = ""
    last: str = ""


class Condensed(msgspec.Struct, frozen=True, kw_only=True):
    """A text ready to be explained; ``folds`` are by line of the text, from 1, and empty when nothing was folded."""

    text: str = ""
    folds: tuple[Folded, ...] = ()
    refused: str | None = None
    """Why there is nothing to read: a picture, an archive, binary data."""


def condensed(stream: BinaryIO) -> Condensed:
    """Read a stream to its end. Raises OSError."""
    head = stream.read(_WHOLE + 1)
    if (why := _no_text(head)) is not None:
        return Condensed(refused=why)
    if len(head) <= _WHOLE:
        return Condensed(text=decoded(head))
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Condensed(text=decoded(head))
    folded = _fold(_lines(head, stream))
    return folded if folded.text.strip() else Condensed(refused=NOTHING)


def decoded(raw: bytes) -> str:
    """Text of a file: UTF-8, or UTF-16 where it says so (PowerShell writes it)."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", "replace")
    return raw.decode("utf-8-sig", "replace")


def _no_text(head: bytes) -> str | None:
    if head.startswith(_PICTURES):
        return "This is a picture: paste the words of the error instead."
    if head.startswith(_PACKED):
        return "This file is packed: unpack it, or paste the words of the error."
    if b"\0" in head[:4096] and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "This is no text but binary data: paste the words of the error."
    return None


def _lines(head: bytes, stream: BinaryIO) -> Iterator[bytes]:
    """Lines of at most 64 KiB: a longer one comes in pieces."""
    rest = head
    while rest:
        *whole, rest = rest.split(b"\n")
        yield from whole
        if len(rest) > _LONGEST:
            yield rest
            rest = b""
        block = stream.read(1 << 20)
        if not block:
            break
        rest += block
    if rest:
        yield rest


def _fold(lines: Iterator[bytes]) -> Condensed:
    shapes: dict[bytes, int] = {}
    kept: list[bytes] = []
    where: list[int] = []
    counts: list[int] = []
    lasts: list[bytes] = []
    size, following = 0, 0
    for number, line in enumerate(lines, 1):
        ends = line if len(line) <= 2000 else line[:1000] + line[-1000:]
        shape = ends.translate(None, _VARYING)
        place = shapes.get(shape)
        if place is not None:
            if place >= 0:
                counts[place] += 1
                lasts[place] = line[:300]
                following = 0
            continue
        found = _TELLS.search(line)
        telling = found is not None
        if found is not None and found.end() > _SHOWN:
            line = line[found.start() - _SHOWN // 4 :]  # where the words stand in a line without an end
        if telling:
            following = 12
        elif following and _CONTINUES.match(line):
            following -= 1
        else:
            following = 0
        if len(shapes) < _DISTINCT:
            shapes[shape] = len(kept) if telling or following else -1
        if (telling or following) and size < _KEPT:
            kept.append(line[:_SHOWN])
            where.append(number)
            counts.append(1)
            lasts.append(b"")
            size += min(len(line), _SHOWN)
        elif shapes.get(shape) == len(kept):
            shapes[shape] = -1
    folds = tuple(
        Folded(line=line, count=count, first=_time(words), last=_time(last) if last else "")
        for line, count, words, last in zip(where, counts, kept, lasts, strict=True)
    )
    return Condensed(text=decoded(b"\n".join(kept)), folds=folds)


def _time(line: bytes) -> str:
    found = _TIME.search(line[:300])
    return found[0].decode("ascii", "replace") if found else ""
