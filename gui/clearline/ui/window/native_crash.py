"""Crashes below Python (in Qt, in a library): written down by the interpreter itself, and shown at the next start."""

from __future__ import annotations

import faulthandler
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from clearline.core.files.whole_files import read_whole

_MOST_BYTES: Final = 256 * 1024
_OLD_S: Final = 7 * 86400.0


@contextmanager
def written_down(folder: Path) -> Iterator[None]:
    """While it lasts, a crash leaves its stack in a file of ``folder``; a clean end leaves none.

    Python's faulthandler writes names of files and functions, never a value. One that was switched on before (by
    ``-X faulthandler``) is left alone, and so is a program whose folder cannot be written.
    """
    if faulthandler.is_enabled():
        yield
        return
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / f"{os.getpid()}-{int(time.time())}.txt"
        file = os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb")
    except OSError:
        yield
        return
    with file:
        faulthandler.enable(file)
        try:
            yield
        finally:
            faulthandler.disable()
    with suppress(OSError):
        path.unlink()


def take_earlier(folder: Path) -> list[str]:
    """The stacks of crashes since the last time, which are forgotten here. Never raises.

    An empty file belongs to a program that runs, or to one that was killed; an old one of these goes too.
    """
    found = []
    for path in sorted(folder.glob("*.txt")):
        with suppress(OSError):
            text = read_whole(path, _MOST_BYTES).decode("utf-8", "replace")
            if text:
                found.append(text)
            if text or time.time() - path.stat().st_mtime > _OLD_S:
                path.unlink()
    return found
