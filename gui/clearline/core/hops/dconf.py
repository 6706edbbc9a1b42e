"""GNOME's settings as dconf keeps them, read from its files without starting ``gsettings``.

A database is one file of GVDB: a hash table of keys, each the end of its parent's, and of values (gvdb-format.h). A
user's own comes first, then those of the system, unless one of these locks a key. What a distribution sets as default
is in no such file.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from clearline.core.files.whole_files import read_whole

Value = str | int | bool | tuple[str, ...]

_MOST: Final = 4 << 20
_PROFILE: Final = "etc/dconf/profile/user"
_SIGNATURES: Final = {b"GVariant": "<", b"raVGtnai": ">"}
_BLOOM: Final = (1 << 27) - 1
_NO_PARENT: Final = 0xFFFFFFFF
_DEEPEST: Final = 64
_LONGEST_KEY: Final = 1000
_LOCKS: Final = ".locks"


class Damaged(Exception):
    """A file is none of dconf's, or holds a value of a kind that is not read here."""


def settings(folder: str, home: Path, environ: Mapping[str, str], root: Path = Path("/")) -> dict[str, Value]:
    """All that is set below a folder of dconf (``/system/proxy/``), by the rest of the key.

    Empty: nothing is, or there is no dconf. Raises `Damaged`, and OSError for a database that cannot be read.
    """
    config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    found: dict[str, Value] = {}
    for database in _databases(config, root):
        try:
            raw = read_whole(database, _MOST)
        except FileNotFoundError:
            continue
        values, locked = _read(raw, folder)
        found = {**values, **found, **{key: values[key] for key in locked & values.keys()}}
    return found


def _databases(config: Path, root: Path) -> Iterator[Path]:
    """The files of the profile, the user's first (dconf(7))."""
    try:
        lines = read_whole(root / _PROFILE, _MOST).decode("utf-8", "replace").splitlines()
    except OSError:
        lines = ["user-db:user"]
    for line in lines:
        kind, _, name = line.partition("#")[0].strip().partition(":")
        if not re.fullmatch(r"[\w.\-]+", name):
            continue
        if kind == "user-db":
            yield config / "dconf" / name
        elif kind == "system-db":
            yield root / "etc/dconf/db" / name


def _read(raw: bytes, folder: str) -> tuple[dict[str, Value], set[str]]:
    """The values below a folder, and which of them are locked."""
    order = _SIGNATURES.get(raw[:8])
    if order is None:
        raise Damaged("no database of dconf")
    try:
        start, end = struct.unpack_from("<II", raw, 16)
        values: dict[str, Value] = {}
        locked: set[str] = set()
        for key, kind, place in _items(raw, start, end):
            if kind == "v" and key.startswith(folder):
                values[key.removeprefix(folder)] = _value(raw[slice(*place)], order)
            elif kind == "H" and key == _LOCKS:
                locked = {name.removeprefix(folder) for name, _, _ in _items(raw, *place) if name.startswith(folder)}
    except (struct.error, IndexError, ValueError):
        raise Damaged("a damaged database of dconf") from None
    return values, locked


def _items(raw: bytes, start: int, end: int) -> Iterator[tuple[str, str, tuple[int, int]]]:
    """Each entry of a table: its whole key, its kind, and where its value is."""
    table = memoryview(raw)[start:end]
    bloom, buckets = struct.unpack_from("<II", table)
    rows = list(struct.iter_unpack("<IIIHBxII", table[8 + 4 * ((bloom & _BLOOM) + buckets) :]))
    if any(size > _LONGEST_KEY for _, _, _, size, _, _, _ in rows):
        raise Damaged("a key of dconf that is far too long")
    names = [raw[at : at + size].decode("utf-8", "replace") for _, _, at, size, _, _, _ in rows]
    for number, (_, parent, _, _, kind, first, last) in enumerate(rows):
        key = names[number]
        for _ in range(_DEEPEST):
            if parent == _NO_PARENT:
                break
            key, parent = names[parent] + key, rows[parent][1]
        yield key, chr(kind), (first, last)


def _value(raw: bytes, order: str) -> Value:
    """A variant in a variant (the serialisation of GVariant): the value, a zero byte, its type."""
    content, zero, kind = raw.rpartition(b"\0")
    match kind:
        case b"s" if zero:
            return content.rstrip(b"\0").decode("utf-8", "replace")
        case b"i" if zero:
            return int(struct.unpack(f"{order}i", content)[0])
        case b"b" if zero:
            return content == b"\1"
        case b"as" if zero:
            return _texts(content, order)
    raise Damaged(f"a value of the type {kind[:20]!r}")


def _texts(raw: bytes, order: str) -> tuple[str, ...]:
    """An array of texts: the texts, and at the end where each of them ends."""
    if not raw:
        return ()
    width, letter = (1, "B") if len(raw) < 1 << 8 else (2, "H") if len(raw) < 1 << 16 else (4, "I")
    (table,) = struct.unpack(f"{order}{letter}", raw[-width:])
    ends = [found for (found,) in struct.iter_unpack(f"{order}{letter}", raw[table:])]
    starts = [0, *ends[:-1]]
    return tuple(raw[a:b].rstrip(b"\0").decode("utf-8", "replace") for a, b in zip(starts, ends, strict=True))
