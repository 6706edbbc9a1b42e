"""Files and folders that may lie on a network drive that is away: asked in a thread of their own, with a limit.

A thread that such a drive holds cannot be ended. It is left behind, and neither Stop nor the end of the program waits
for it.
"""

from __future__ import annotations

import errno
import os
import sys
import threading
from collections.abc import Callable
from pathlib import PureWindowsPath
from typing import Final, TypeVar, TypeVarTuple

from clearline.core.daemon_threads import run_in_daemon, start_daemon

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

ANSWER_S: Final = 3.0
"""A file on a slow drive has given what a check needs of it by then."""
FOLDER_S: Final = 10.0
"""A folder of many files takes longer."""


def on_another_computer(path: str, *, windows: bool = sys.platform == "win32") -> bool:
    """Whether a path leads to another computer by its look (UNC): Windows signs its user in there to open it.

    What others wrote is not to have that done before the user has agreed to it.
    """
    return windows and PureWindowsPath(path).drive.startswith("\\\\")


class NoAnswer(OSError):
    """The drive of a file or folder did not answer in time."""

    def __init__(self, place: str | os.PathLike[str], limit_s: float) -> None:
        said = f"did not answer in {limit_s:g} s: is it on a network drive that is away?"
        super().__init__(errno.ETIMEDOUT, said, os.fspath(place))
        self.limit_s = limit_s

    @property
    def sentence(self) -> str:
        """What happened, with the place."""
        return f"{self.filename} {self.strerror}"


async def asked(
    place: str | os.PathLike[str], read: Callable[[*Ts], T], *arguments: *Ts, limit_s: float = ANSWER_S
) -> T:
    """What ``read(*arguments)`` returns or raises; ``place`` names what is read. Raises `NoAnswer`."""
    import asyncio  # late, as where threads are started

    try:
        async with asyncio.timeout(limit_s):
            return await run_in_daemon(read, *arguments)
    except TimeoutError:
        raise NoAnswer(place, limit_s) from None


def waited_for(
    place: str | os.PathLike[str], read: Callable[[*Ts], T], *arguments: *Ts, limit_s: float = ANSWER_S
) -> T:
    """The same where no loop runs: it keeps the calling thread, for ``limit_s`` at most. Raises `NoAnswer`."""
    over = threading.Event()
    results: list[T] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            results.append(read(*arguments))
        except BaseException as error:  # noqa: BLE001 - raised again in the calling thread
            errors.append(error)
        finally:
            over.set()

    start_daemon(work, "drive")
    if not over.wait(limit_s):
        raise NoAnswer(place, limit_s)
    if errors:
        raise errors[0]
    return results[0]
