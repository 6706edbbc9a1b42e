"""Deleting profiles so that it can be undone: their files move into a folder of the user's, and leave it after a month.

A profile's secrets are not touched: they are needed again after an undo. Who empties the trash is told whose secrets
can go now.
"""

from __future__ import annotations

import os
import re
import stat
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from clearline.core.files.whole_files import locked, patiently, read_whole, write_whole
from clearline.core.profiles.profile import Profile
from clearline.core.storage.profile_file import NotSaved, ProfileProblem, Unreadable
from clearline.core.storage.store import list_profiles, load

KEPT_S: Final = 30 * 24 * 3600.0
MOST: Final = 500
"""Deleted files that are kept, the youngest ones."""

_NAME: Final = re.compile(r"(\d{20})-[0-9a-f]{8}-.+")


class Deleted(msgspec.Struct, frozen=True, kw_only=True):
    """What `undo_delete` needs: where the file was, and where it is now (None: it was gone already)."""

    path: Path
    kept: Path | None


def delete(path: Path, trash: Path) -> Deleted:
    """Move a profile's file, readable or not, into the trash; one that is gone already is fine. Raises `Unreadable`."""
    kept = trash / f"{time.time_ns():020}-{uuid.uuid4().hex[:8]}-{path.name}"
    try:
        if path.is_dir() and not path.is_symlink():
            raise Unreadable(path, "", "this is a folder")
        trash.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.parent.is_dir():
            return Deleted(path=path, kept=None)
        with locked(path.parent):
            if path.is_symlink():  # what it leads to stays; an undo makes the link anew
                kept.symlink_to(path.resolve())
                path.unlink()
            else:
                _move(path, kept)
    except FileNotFoundError:
        return Deleted(path=path, kept=None)
    except OSError as error:
        raise Unreadable(path, "", error.strerror or type(error).__name__) from error
    return Deleted(path=path, kept=kept)


def undo_delete(deleted: Deleted) -> Path:
    """Put a deleted file back and say where: under another name when its place is taken. Raises `NotSaved`.

    A profile that exists again by now, under any name of that folder, is not put beside itself.
    """
    if deleted.kept is None:
        raise NotSaved(deleted.path, "", "it was gone before it was deleted")
    folder = deleted.path.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder):
            profile_id = _id(deleted.kept)
            for stored in list_profiles(folder):
                if profile_id is not None and stored.profile is not None and stored.profile.id == profile_id:
                    raise NotSaved(stored.path, "", "this profile is there again")
            target = _free(deleted.path)
            if deleted.kept.is_symlink():
                target.symlink_to(deleted.kept.resolve())
                deleted.kept.unlink()
            else:
                _move(deleted.kept, target)
    except FileNotFoundError as error:
        raise NotSaved(deleted.path, "", "it is no longer in the trash") from error
    except OSError as error:
        raise NotSaved(deleted.path, "", error.strerror or type(error).__name__) from error
    return target


def purge(trash: Path, *, kept_s: float = KEPT_S, most: int = MOST) -> tuple[Profile, ...]:
    """Remove for good what was deleted long ago. Gives those profiles, whose secrets are not needed any more.

    Never raises: what cannot be removed stays for the next time.
    """
    try:
        found = sorted((path for path in trash.iterdir() if _NAME.fullmatch(path.name)), reverse=True)
    except OSError:
        return ()
    oldest_ns = time.time_ns() - int(kept_s * 1e9)
    gone: list[Profile] = []
    for number, path in enumerate(found):
        if number < most and int(path.name[:20]) >= oldest_ns:
            continue
        try:
            profile = load(path)
        except ProfileProblem:
            profile = None
        try:
            path.unlink()
        except OSError:
            continue
        if profile is not None:
            gone.append(profile)
    return tuple(gone)


def _move(source: Path, target: Path) -> None:
    try:
        patiently(lambda: source.rename(target))
    except OSError:
        if not source.exists():
            raise
        # To another file system: whole there before it is gone here, and open to the same people when it comes back.
        status = source.stat()
        write_whole(target, read_whole(source))
        with suppress(OSError, AttributeError):  # a group that is not ours, or a system without groups
            os.chown(target, -1, status.st_gid)
        target.chmod(stat.S_IMODE(status.st_mode))
        patiently(source.unlink)


def _free(path: Path) -> Path:
    """The path, or the first like it that is free."""
    number, free = 2, path
    while os.path.lexists(free):
        free, number = path.with_stem(f"{path.stem}-{number}"), number + 1
    return free


def _id(path: Path) -> str | None:
    try:
        return load(path).id
    except ProfileProblem:
        return None
