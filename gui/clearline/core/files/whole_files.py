"""Files that are whole after any crash, and locks that a crash releases: what every file of the user's is written with.

A killed program leaves the old file or the new one, and no lock: the operating system gives a dead process's lock back.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

OURS: Final = ".clearline-"
"""How the names of half-written files begin."""

BROKEN: Final = (ValueError, RecursionError)
"""What decoding a broken file raises: msgspec.DecodeError and UnicodeDecodeError are ValueErrors."""

PATIENCE_S: Final = 5.0
"""How long to wait for a lock. Its holder writes one small file; longer means that it was stopped."""

_STALE_S: Final = 3600.0
_PAUSE_S: Final = 0.002
_HELD: Final = (5, 32)  # ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION
_TRIES: Final = 10
_PAUSE_FOR_READERS_S: Final = 0.05


class Locked(OSError):
    """Another program has held the lock for longer than `PATIENCE_S`."""

    def __init__(self) -> None:
        super().__init__(0, "another program keeps this folder locked")


MOST_BYTES: Final = 8 * 1024 * 1024
"""The longest file of ours that is read."""


def expanded(text: str) -> Path:
    """A path that someone wrote, ``~`` being a home folder.

    Where there is no such home, or no path can be that, the text stays as it is: what opens it says so (`OSError`).
    """
    try:
        return Path(text).expanduser()
    except (RuntimeError, ValueError):  # no such user, a process without a home; a zero byte
        return Path(text)


def read_whole(path: Path, most: int = MOST_BYTES) -> bytes:
    """The content of a regular file. Raises OSError, with a reason, also for what is none and for one that is longer.

    A pipe in its place would keep us waiting for ever, and a device never ends; neither is opened for more than a look.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except ValueError:  # a zero byte, half a surrogate pair
        raise OSError(errno.EINVAL, "Is no possible name of a file", str(path)) from None
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            kind = errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL
            raise OSError(kind, "Is no regular file", str(path))
        # A file object refuses a folder too, but by its number, and leaves that open.
        with open(descriptor, "rb", closefd=False) as file:
            content: bytes | None = file.read(most + 1)
    finally:
        os.close(descriptor)
    if content is None:  # files of /proc that have nothing to say now
        raise OSError(errno.EAGAIN, "Says nothing", str(path))
    if len(content) > most:
        raise OSError(errno.EFBIG, f"Is longer than {most:,} bytes", str(path))
    return content


def write_whole(path: Path, content: bytes, *, shared: bool = False) -> None:
    """Put a whole new file in the place of the old one. Raises OSError.

    It is for its owner only (0600). ``shared``: it is one that the user may share with others; in the place of an old
    one it keeps that one's mode and group, and a new one gets what the folder and the umask give to any file.
    A crash at any moment, of the computer too, leaves the one or the other. What such crashes have left beside it goes.
    """
    _sweep(path.parent)
    descriptor, name = _shared_file(path) if shared else _own_file(path)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        patiently(lambda: Path(name).replace(path))
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    if os.name == "posix":  # elsewhere a folder cannot be opened; NTFS journals the rename
        with suppress(OSError):  # some network file systems refuse; the new file is there all the same
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)


def patiently(act: Callable[[], object]) -> None:
    """Replace, rename or remove a file by ``act``, which is called again while it is held. Raises OSError.

    On Windows an editor, an indexer or a virus scanner may hold a file for a moment, and that forbids all three.
    """
    patience = threading.Event()  # never set: waiting for it is a pause
    for _ in range(_TRIES - 1):
        try:
            act()
            return
        except OSError as error:
            if getattr(error, "winerror", None) not in _HELD:
                raise
            patience.wait(_PAUSE_FOR_READERS_S)
    act()


def _own_file(path: Path) -> tuple[int, str]:
    """A new file beside ``path`` that only its owner may open."""
    import tempfile  # late, with shutil and all that compresses: a short command writes no file

    return tempfile.mkstemp(dir=path.parent, prefix=OURS, suffix=".tmp")


def _shared_file(path: Path) -> tuple[int, str]:
    """A new file beside ``path``, with the mode and group of the one that stands there."""
    name = str(path.parent / f"{OURS}{uuid.uuid4().hex}.tmp")
    descriptor = os.open(name, os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_BINARY", 0), 0o666)
    if os.name == "posix":
        with suppress(OSError):  # no file of before, or a file system without owners
            old = path.stat()
            mode = stat.S_IMODE(old.st_mode) & 0o777
            os.fchmod(descriptor, mode & 0o700)
            with suppress(OSError):  # a group that the user is no member of
                os.fchown(descriptor, -1, old.st_gid)
            own_group = os.fstat(descriptor).st_gid == old.st_gid
            os.fchmod(descriptor, mode if own_group else mode & 0o707)
    return descriptor, name


def _sweep(folder: Path) -> None:
    """Remove what writes that were killed have left; a young file may belong to a write under way."""
    with suppress(OSError):  # a folder that may be written and not listed
        for path in folder.glob(f"{OURS}*.tmp"):
            with suppress(OSError):
                if time.time() - path.lstat().st_mtime > _STALE_S:
                    path.unlink()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the only lock on a folder, among all threads and processes of this computer. Raises `Locked`, OSError.

    Not re-entrant. The folder itself is locked where the system can do that, so that no file is left in it; elsewhere a
    file in the user's folder for temporary files stands for it. A file system without locks is used without.
    """
    descriptor = _lockable(folder)
    try:
        patience = threading.Event()  # never set: waiting for it is a pause
        end = time.monotonic() + PATIENCE_S
        while not _taken(descriptor):
            if time.monotonic() > end:
                raise Locked
            patience.wait(_PAUSE_S)
        yield
    finally:
        os.close(descriptor)  # gives the lock back


def held(path: Path) -> int | None:
    """Lock a file, made when missing (0600), until the descriptor is closed or the process ends. Does not wait.

    None: another one holds it. Raises OSError. A file system without locks is used without.
    """
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    descriptor = os.open(path, flags, 0o600)
    try:
        if _taken(descriptor):
            return descriptor
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


if sys.platform == "win32":
    import msvcrt

    def _lockable(folder: Path) -> int:
        import hashlib
        import tempfile

        name = hashlib.sha256(str(folder.resolve()).casefold().encode("utf-8", "replace")).hexdigest()
        return os.open(Path(tempfile.gettempdir(), f"clearline-{name[:32]}.lock"), os.O_RDWR | os.O_CREAT)

    def _taken(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    _NO_LOCKS = {errno.EBADF, errno.ENOLCK, errno.ENOTSUP, errno.EINVAL, errno.ENOSYS}

    def _lockable(folder: Path) -> int:
        return os.open(folder, os.O_RDONLY)

    def _taken(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno in _NO_LOCKS:  # network file systems that lock files only
                return True
            raise
        return True
