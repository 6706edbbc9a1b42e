"""Running a function in a network namespace, by a thread that joins it (Linux, root)."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

_CLONE_NEWNS, _CLONE_NEWNET, _CLONE_FS = 0x00020000, 0x40000000, 0x00000200
_MS_BIND, _MS_REC, _MS_PRIVATE = 4096, 16384, 1 << 18
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def in_namespace(name: str, function: Callable[[], T], *, settings: Path | None = None) -> T:
    """The result of a function run in a thread of its own that has joined a network namespace.

    Sockets belong to the namespace in which they were made, whoever uses them later. The files of the folder
    ``settings`` lie over those of the same name in ``/etc``, for that thread and the threads that it starts.
    """
    results: list[T] = []
    failures: list[BaseException] = []

    def work() -> None:
        try:
            _join(name, settings)
            results.append(function())
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=work, name=f"in {name}", daemon=True)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
    return results[0]


def _join(name: str, settings: Path | None) -> None:
    with Path("/run/netns", name).open() as namespace:
        _system("setns", namespace.fileno(), _CLONE_NEWNET)
    if settings:
        _system("unshare", _CLONE_FS | _CLONE_NEWNS)
        _system("mount", b"none", b"/", None, _MS_REC | _MS_PRIVATE, None)
        for file in settings.iterdir():
            target = Path("/etc", file.name).resolve()
            _system("mount", bytes(file), bytes(target), None, _MS_BIND, None)


def _system(function: str, *arguments: object) -> None:
    if getattr(_libc, function)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), function)
