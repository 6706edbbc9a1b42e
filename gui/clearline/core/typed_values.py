"""JSON and plain values made into typed ones, from whichever thread.

msgspec looks into a class at its first use, and two threads that do so at once end the process: it crashes natively
(msgspec 0.22 and 0.23). So each class is looked into once, by one thread; afterwards nothing is locked.
"""

from __future__ import annotations

import threading
from typing import Any, Final, TypeVar

import msgspec

T = TypeVar("T")

_lock: Final = threading.Lock()
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
