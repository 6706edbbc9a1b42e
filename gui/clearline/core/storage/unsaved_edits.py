"""Edits that are not saved yet, kept on the disk for the case that the program does not end properly.

Each running program has a file of its own, and beside it one that it keeps locked as long as it lives: the operating
system gives a dead process's lock back, and so the next program knows whose edits are left over. A profile stands in
it as in its own file, so without any secret.
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec

from clearline.core.files.whole_files import BROKEN, MOST_BYTES, held, patiently, read_whole, write_whole
from clearline.core.profiles.profile import Profile
from clearline.core.storage import profile_file
from clearline.core.storage.profile_file import ProfileProblem
from clearline.core.typed_values import from_json

_FORMAT: Final = "clearline-unsaved-edits"
_VERSION: Final = 1
_MOST: Final = 200
"""How many edited connections are kept."""
_FRAME_BYTES: Final = 256
"""More than what stands around each of them."""
_ASIDE: Final = ".set-aside"
_OLD_S: Final = 3600.0


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """A profile as it stands in the window, edited and not saved."""

    profile: Profile
    saved_among_profiles: bool
    """It is an edit of a profile in the folder of the profiles; else a connection that has no file there."""
    from_elsewhere: bool
    """It was written by others: it asks before it does what they want."""


class LeftOver(msgspec.Struct, frozen=True, kw_only=True):
    """What programs that did not end properly have left."""

    edits: tuple[Edit, ...]
    problems: tuple[str, ...]
    """Which file could not be read, wholly or in part, why, and where it is now."""


class _Kept(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    profile: msgspec.Raw
    saved_among_profiles: bool = False
    from_elsewhere: bool = True


class _Document(msgspec.Struct, frozen=True, kw_only=True):
    format: str
    version: int
    edits: list[_Kept]


class UnsavedEdits:
    """The file of this program, and those of programs that are no more. Any thread may ask it; blocks on the disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._own: tuple[Path, int] | None = None
        self._taken: list[tuple[Path, int]] = []
        self._closed = False

    def write(self, edits: Iterable[Edit], *, instead: bool = True) -> None:
        """Keep these and not those of before; ``instead``: also not what `take_left_over` gave. Raises OSError."""
        kept = list(edits)
        with self._lock:
            if self._closed:
                return
            if kept:
                path = self._own_file()
                write_whole(path, _encoded(kept))
            elif self._own is not None:
                patiently(partial(self._own[0].unlink, missing_ok=True))
            while instead and self._taken:  # they stand in the own file by now, or are not wanted any more
                _remove(*self._taken.pop())

    def take_left_over(self) -> LeftOver:
        """What programs that do not run any more have left. Never raises.

        It stays on the disk until the next `write`, so that another crash loses nothing; other programs leave it alone.
        """
        edits: list[Edit] = []
        problems: list[str] = []
        with self._lock:
            for path in sorted(self.folder.glob("*.json")):
                if self._closed or (self._own is not None and path == self._own[0]):
                    continue
                try:
                    lock = held(path.with_suffix(".lock"))
                except OSError:
                    continue  # a folder that cannot be written: the next program may try
                if lock is None:
                    continue  # its program runs
                self._taken.append((path, lock))
                with suppress(FileNotFoundError):  # another program was faster
                    found, wrong = _decoded(path)
                    edits += found
                    if wrong:
                        problems.append(_set_aside(path, wrong))
            self._tidy()
        return LeftOver(edits=tuple(edits), problems=tuple(problems))

    def close(self, edits: Iterable[Edit], *, instead: bool = True) -> None:
        """The end: these are kept for the next start, and no more is written. Raises OSError. As `write` otherwise."""
        try:
            self.write(edits, instead=instead)
        finally:
            with self._lock:
                self._closed = True
                if self._own is not None:
                    path, lock = self._own
                    if path.exists():
                        os.close(lock)
                    else:
                        _remove(path, lock)
                for _path, lock in self._taken:
                    os.close(lock)  # what could not be written anew stays where it is
                self._own, self._taken = None, []

    def _own_file(self) -> Path:
        if self._own is None:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            path = self.folder / f"{uuid.uuid4().hex}.json"
            lock = held(path.with_suffix(".lock"))
            assert lock is not None  # the name is new
            self._own = (path, lock)
        return self._own[0]

    def _tidy(self) -> None:
        """Remove locks without a file."""
        for path in self.folder.glob("*.lock"):
            with suppress(OSError):
                if not path.with_suffix(".json").exists() and time.time() - path.stat().st_mtime > _OLD_S:
                    lock = held(path)
                    if lock is not None:
                        _remove(path.with_suffix(".json"), lock)


def _encoded(edits: list[Edit]) -> bytes:
    """The content of the file; what one file cannot hold is left out from the end."""
    kept: list[_Kept] = []
    room = MOST_BYTES - _MOST * _FRAME_BYTES
    for edit in edits[:_MOST]:
        try:
            raw = profile_file.encode(profile_file.without_secrets(edit.profile), schema=False)
        except UnicodeEncodeError:
            continue  # a text that ends within a character: it is being typed
        room -= len(raw)
        if room < 0:
            break
        kept.append(
            _Kept(
                profile=msgspec.Raw(raw),
                saved_among_profiles=edit.saved_among_profiles,
                from_elsewhere=edit.from_elsewhere,
            )
        )
    return msgspec.json.encode(_Document(format=_FORMAT, version=_VERSION, edits=kept))


def _decoded(path: Path) -> tuple[list[Edit], str]:
    """The edits of a file, and what is wrong with it, if anything. Raises FileNotFoundError."""
    try:
        head: Any = msgspec.json.decode(raw := read_whole(path))
        if isinstance(head, dict) and isinstance(version := head.get("version"), int) and version > _VERSION:
            return [], "it was written by a newer Clearline"
        document = from_json(raw, _Document)
    except FileNotFoundError:
        raise
    except OSError as error:
        return [], (error.strerror or type(error).__name__).lower()
    except BROKEN:
        return [], "it holds something else"
    if document.format != _FORMAT:
        return [], "it holds something else"
    edits: list[Edit] = []
    wrong = "it holds more than is ever kept" if len(document.edits) > _MOST else ""
    for one in document.edits[:_MOST]:
        try:
            profile = profile_file.decode(bytes(one.profile), path)
        except ProfileProblem as problem:
            wrong = f"{problem.where}: {problem.message}" if problem.where else problem.message
        else:
            edits.append(
                Edit(
                    profile=profile,
                    saved_among_profiles=one.saved_among_profiles,
                    from_elsewhere=one.from_elsewhere,
                )
            )
    return edits, wrong


def _set_aside(path: Path, wrong: str) -> str:
    """Give it a name under which it is not read again, and say so."""
    aside = path.with_suffix(_ASIDE)
    try:
        path.rename(aside)
    except OSError:
        return f"{path}: {wrong}."
    return f"{wrong}. They are in {aside}."


def _remove(path: Path, lock: int) -> None:
    """The file first: a lock without one means nothing. Windows removes no file that is open."""
    with suppress(OSError):
        patiently(partial(path.unlink, missing_ok=True))
    if os.name == "posix":
        with suppress(OSError):
            path.with_suffix(".lock").unlink(missing_ok=True)
    os.close(lock)
    with suppress(OSError):
        path.with_suffix(".lock").unlink(missing_ok=True)
