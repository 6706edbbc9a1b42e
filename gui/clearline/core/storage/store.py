"""Profiles on the disk: one file each, whole after any crash, and no edit lost silently.

What cannot be read is named with its exact place, and is never overwritten. Who saves says what was read before
(``base``); a file that was changed elsewhere since is not overwritten either (`ChangedOnDisk`). Looking and writing
happen under a lock on the folder, so that this holds between two running Clearlines too.
"""

from __future__ import annotations

import re
import threading
import time
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from clearline.core.files.whole_files import locked, read_whole, write_whole
from clearline.core.profiles.profile import Profile
from clearline.core.storage import profile_file
from clearline.core.storage.folder_watch import Seen, scan
from clearline.core.storage.profile_file import (
    SCHEMA_FILE,
    BrokenProfile,
    ChangedOnDisk,
    NewerVersion,
    NotSaved,
    ProfileProblem,
    Unreadable,
    schema,
    schema_text,
)

__all__ = [
    "SCHEMA_FILE",
    "BrokenProfile",
    "ChangedOnDisk",
    "NewerVersion",
    "NotSaved",
    "ProfileFolder",
    "ProfileProblem",
    "Stored",
    "Unreadable",
    "is_own",
    "list_profiles",
    "load",
    "save",
    "save_in",
    "schema",
    "schema_text",
]

_SLUG_LENGTH: Final = 40
_COARSEST_NS: Final = 2_000_000_000
"""FAT keeps times in steps of two seconds: a file that young may change again without another time."""


class Stored(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One file of the profiles folder: its profile, or the problem with it."""

    path: Path
    profile: Profile | None = None
    problem: ProfileProblem | None = None
    own: bool = True
    """It is no link to a file outside the folder, which others may write."""


def is_own(path: Path, folder: Path) -> bool:
    """Whether a file is one of that folder: it lies there, and is no link that leads out of it."""
    try:
        return path.absolute().parent.resolve() == path.resolve().parent == folder.resolve()
    except (OSError, RuntimeError):  # a link that leads to itself
        return False


def load(path: Path) -> Profile:
    """The profile in a file. Raises `Unreadable`, `BrokenProfile` or `NewerVersion`.

    A file without ``id`` gets one made from its path, the same each time.
    """
    try:
        raw = read_whole(path)
    except OSError as error:
        raise Unreadable(path, "", _said(error)) from error
    return profile_file.decode(raw, path)


def save(profile: Profile, path: Path, *, base: Profile | None = None) -> None:
    """Write a profile as a whole or not at all, with the mode of the file that is there. Raises `NotSaved`.

    A new file gets the mode that the folder and the umask give to any file: the user has chosen the place.

    A file that exists and is no readable profile is left alone. ``base`` is the profile as it was last read or saved:
    a file that holds another one by now, or is gone, raises `ChangedOnDisk`. Without it the file is overwritten.
    """
    try:
        with locked(held := path.resolve().parent):
            _write(profile, path, base, held, shared=True)
    except (OSError, RuntimeError) as error:  # RuntimeError: a link that leads to itself
        raise NotSaved(path, "", _said(error)) from error


def save_in(folder: Path, profile: Profile, previous: Path | None = None, *, base: Profile | None = None) -> Path:
    """Save a profile in the profiles folder, made when missing, and say where. Raises `NotSaved`.

    The file is named after the profile. ``previous`` is where the profile was before: after a change of its name the
    file is renamed, unless people named it; there is never a second one. ``base`` as for `save`; a file that was
    renamed meanwhile is found by the profile's id.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder):
            _put_schema(folder)
            if previous is not None and not previous.exists():
                moved = _stored_of(folder, profile.id)
                if base is not None:
                    raise ChangedOnDisk(moved.path if moved else previous, moved.profile if moved else None)
                previous = moved.path if moved else None
            if previous is None:
                names = _names(folder, profile)
                target = next(path for path in names if not path.exists() or _holds(path, profile.id))
                _write(profile, target, None, folder)
                return target
            _write(profile, previous, base, folder)
            return _renamed(folder, profile, previous)
    except (OSError, RuntimeError) as error:
        raise NotSaved(folder, "", _said(error)) from error


def list_profiles(folder: Path) -> list[Stored]:
    """Every profile of a folder by name, the unreadable ones at the end, each with its problem.

    Raises OSError for a folder that cannot be read.
    """
    return ProfileFolder(folder).read()


class ProfileFolder:
    """One folder of profiles, of which only changed files are read again. Any thread may ask it; blocks on the disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._known: dict[str, tuple[Seen, Stored]] = {}

    def read(self) -> list[Stored]:
        """As `list_profiles`; the same files give the same objects."""
        with self._lock:
            began = time.time_ns()
            known: dict[str, tuple[Seen, Stored]] = {}
            listed: dict[str, Stored] = {}
            for name, seen in scan(self.folder).items():
                before = self._known.get(name)
                stored = before[1] if before and before[0] == seen else _stored(self.folder / name)
                listed[name] = stored
                if began - seen.mtime_ns > _COARSEST_NS:
                    known[name] = (seen, stored)
            self._known = known
        return _in_order(listed[name] for name in sorted(listed))


def _stored(path: Path) -> Stored:
    try:
        return Stored(path=path, profile=load(path), own=not path.is_symlink() or is_own(path, path.parent))
    except ProfileProblem as problem:
        return Stored(path=path, problem=problem)


def _in_order(listed: Iterable[Stored]) -> list[Stored]:
    """By name; of two files with the same id the second is a problem."""
    readable: list[tuple[str, Stored]] = []
    problems: list[Stored] = []
    owners: dict[str, Path] = {}
    for stored in listed:
        if stored.profile is None:
            problems.append(stored)
        elif (owner := owners.setdefault(stored.profile.id, stored.path)) != stored.path:
            message = f"the same id as in {owner.name}; remove it to make this a copy"
            problems.append(Stored(path=stored.path, problem=BrokenProfile(stored.path, "$.id", message)))
        else:
            readable.append((stored.profile.name.casefold(), stored))
    readable.sort(key=lambda pair: pair[0])
    return [stored for _, stored in readable] + problems


def _write(profile: Profile, path: Path, base: Profile | None, held: Path, *, shared: bool = False) -> None:
    """Save under the lock on ``held``, and on the folder of a file that ``path`` only links to.

    Raises `NotSaved`, OSError, RuntimeError.
    """
    if where := profile_file.secret_in_clear(profile):
        raise NotSaved(path, where, "expected a reference such as ${NAME}; a secret is never saved")
    target = path.resolve()  # a link to a file elsewhere stays a link
    with ExitStack() as locks:
        if target.parent != held.resolve():
            locks.enter_context(locked(target.parent))
        try:
            current = load(target) if target.exists() else None
        except ProfileProblem as problem:
            message = f"not overwritten, because it cannot be read: {problem.message}"
            raise NotSaved(path, problem.where, message) from problem
        if base is not None and current not in (base, profile):
            raise ChangedOnDisk(path, current)
        try:
            content = profile_file.encode(profile, schema=(target.parent / SCHEMA_FILE).exists())
        except UnicodeEncodeError as error:
            raise NotSaved(path, "", "a text in it ends within a character") from error
        write_whole(target, content, shared=shared or target.exists())


def _renamed(folder: Path, profile: Profile, path: Path) -> Path:
    target = next(_names(folder, profile))
    if not path.stem.endswith(f"-{_short_id(profile)}") or path.parent != folder or target.exists():
        return path
    try:
        path.rename(target)
    except OSError:
        return path  # saved all the same, under the old name
    return target


def _stored_of(folder: Path, profile_id: str) -> Stored | None:
    """The readable file of a folder that holds that profile."""
    return next((s for s in list_profiles(folder) if s.profile is not None and s.profile.id == profile_id), None)


def _put_schema(folder: Path) -> None:
    path, text = folder / SCHEMA_FILE, schema_text()
    if not path.exists() or read_whole(path) != text.encode():
        write_whole(path, text.encode())


def _short_id(profile: Profile) -> str:
    """Eight characters of the id that any file system takes."""
    plain = re.sub(r"[^0-9a-z]", "", profile.id.lower())
    return plain[:8] or sha256(profile.id.encode()).hexdigest()[:8]


def _names(folder: Path, profile: Profile) -> Iterator[Path]:
    """The names that a profile's file may have, the best one first."""
    words = re.sub(r"[\W_]+", "-", unicodedata.normalize("NFC", profile.name).casefold())
    stem = f"{words.strip('-')[:_SLUG_LENGTH].rstrip('-') or 'profile'}-{_short_id(profile)}"
    yield folder / f"{stem}.json"
    number = 2
    while True:
        yield folder / f"{stem}-{number}.json"
        number += 1


def _holds(path: Path, profile_id: str) -> bool:
    try:
        return load(path).id == profile_id
    except ProfileProblem:
        return False


def _said(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
