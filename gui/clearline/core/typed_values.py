"""JSON and plain values made into typed ones, from whichever thread.

msgspec looks into a class at its first use, and two threads that do so at once end the process: it crashes natively
(msgspec 0.22 and 0.23). So each class is looked into once, by one thread; afterwards nothing is locked.
"""

from __future__ import annotations

import re
import threading
from typing import Any, Final, TypeVar

import msgspec

T = TypeVar("T")

_lock: Final = threading.Lock()
_HALF: Final = re.compile("[\ud800-\udfff]")
_known: Final[set[Any]] = set()


def from_json(text: bytes | str, kind: type[T]) -> T:
    """A JSON text as a value of this type; raises `msgspec.DecodeError` and `msgspec.ValidationError`."""
    _look_into(kind)
    return msgspec.json.decode(text, type=kind)


def from_plain(value: object, kind: type[T], *, from_attributes: bool = False) -> T:
    """Dicts, lists and plain values as a value of this type; raises `msgspec.ValidationError`."""
    _look_into(kind)
    return msgspec.convert(value, kind, from_attributes=from_attributes)


def _look_into(kind: Any) -> None:
    if kind not in _known:
        with _lock:
            msgspec.json.Decoder(kind)
            _known.add(kind)


def to_bytes(value: object) -> bytes:
    """A value as JSON, whatever its texts hold: half a character becomes �.

    Arguments, variables of the environment and names of files may hold bytes that are no text (``os.fsdecode``), and
    everything that is said about them holds them too.
    """
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return msgspec.json.encode(_whole(msgspec.to_builtins(value, str_keys=True)))


def whole_characters(text: str) -> str:
    """The text, each half of a character replaced: such a half cannot be written to any file or socket."""
    return text if text.isascii() else _HALF.sub("\ufffd", text)


def _whole(value: Any) -> Any:
    match value:
        case str():
            return whole_characters(value)
        case list() | tuple():
            return [_whole(item) for item in value]
        case dict():
            return {_whole(key): _whole(item) for key, item in value.items()}
    return value
