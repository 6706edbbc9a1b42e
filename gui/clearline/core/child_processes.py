"""Programs that were started here in sessions of their own, ended together with all that they have started themselves.

Windows knows no such sessions: there a job object holds a program and what it starts.

No signal that ends this program reaches such a session, so each is known here until it is over. Between its birth and
the note of its number it would be known to none: so the end of this program waits for the starts that are under way,
and no other begins after it.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    import asyncio
    import subprocess

T = TypeVar("T")

_START_S: Final = 0.5
"""How long a start is waited for at the end of this program: it takes milliseconds where nothing holds its thread."""


class Jobs:
    """Windows' groups, each by the number of its first process. ``kernel32`` is that library; nothing raises.

    Handles have 32 bits on every Windows, so that they are plain numbers here.
    """

    def __init__(self, kernel32: Any) -> None:
        self._kernel32 = kernel32
        self._open: dict[int, tuple[int, int]] = {}

    def begin(self, process: int) -> None:
        """From now on what it starts belongs to it. While it is known here no other process gets its number."""
        handle = self._kernel32.OpenProcess(_SET_QUOTA | _TERMINATE, 0, process)
        if not handle:  # it is gone already
            return
        job = self._kernel32.CreateJobObjectW(None, None)
        self._kernel32.AssignProcessToJobObject(job, handle)
        self._open[process] = handle, job

    def end(self, process: int) -> None:
        """End it with all that it has started; where Windows let it into no job, it alone."""
        if process in self._open:
            handle, job = self._open[process]
            self._kernel32.TerminateJobObject(job, 1)
            self._kernel32.TerminateProcess(handle, 1)

    def forget(self, process: int) -> None:
        """It is over; what it has started may go on."""
        for handle in self._open.pop(process, ()):
            self._kernel32.CloseHandle(handle)


_TERMINATE: Final = 0x0001
_SET_QUOTA: Final = 0x0100
"""PROCESS_TERMINATE and PROCESS_SET_QUOTA, the rights that a job needs."""
_jobs: Jobs | None = None
if sys.platform == "win32":
    import ctypes

    _jobs = Jobs(ctypes.WinDLL("kernel32"))
_running: Final[set[int]] = set()
"""The groups that are to end with this program."""
_gate: Final = threading.Condition()  # over a lock that a signal's handler may take again
_starts: Final[dict[object, int]] = {}
"""The starts that are under way, each with the number of its thread."""
_over = False


def note_started(group: int) -> None:
    """A program was started, which is the first of its group. Called inside `start_under_way`."""
    _running.add(group)
    if _jobs is not None:
        _jobs.begin(group)


def note_ended(group: int) -> None:
    """It is over: another program may get its number."""
    _running.discard(group)
    if _jobs is not None:
        _jobs.forget(group)


@contextmanager
def start_under_way() -> Iterator[None]:
    """From before a program is started until it is noted. Raises OSError when this program is about to end."""
    start = object()
    with _gate:
        if _over:
            raise OSError(errno.ECANCELED, os.strerror(errno.ECANCELED))
        _starts[start] = threading.get_native_id()
    try:
        yield
    finally:
        with _gate:
            del _starts[start]
            _gate.notify_all()


def end_all() -> None:
    """Just before this program ends, for nothing can be started afterwards: from any thread, and from the handler of a
    signal.
    """
    global _over
    with _gate:
        _over = True
        _gate.wait_for(lambda: not _starts, _START_S)
        held = set(_starts.values())
    for group in (*_running, *(group for thread in held for group in _begun_by(thread))):
        end_group(group)


def _begun_by(thread: int) -> list[int]:
    """What a thread has started and may not have noted, as Linux knows it (proc(5))."""
    with suppress(OSError, ValueError):
        children = Path(f"/proc/self/task/{thread}/children").read_text("ascii")
        return [child for child in map(int, children.split()) if _leads_group(child)]
    return []


def _leads_group(process: int) -> bool:
    with suppress(OSError):
        return os.getpgid(process) == process
    return False


async def begun(starting: Coroutine[Any, Any, T], end: Callable[[T], Coroutine[Any, Any, None]]) -> T:
    """What ``starting`` gives, which starts a program and notes it. Raises what it raises, and as `start_under_way`.

    Cancelled, it waits for the start, a matter of milliseconds, and has the program ended: asyncio's own way, to end it
    half-started, waits for pipes that a child of it may hold for ever.
    """
    import asyncio  # late, as in daemon_threads.py

    async def noted() -> T:
        with start_under_way():
            return await starting

    task = asyncio.ensure_future(noted())
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        if not task.cancelled() and task.exception() is None:
            await asyncio.shield(end(task.result()))
        raise
    finally:
        starting.close()  # of which nothing has run where the start was refused


def end_with_children(process: asyncio.subprocess.Process | subprocess.Popen[bytes]) -> None:
    """End a program that was started in a session of its own, and what outlives it."""
    end_group(process.pid)
    note_ended(process.pid)


def end_group(group: int) -> None:
    """End all that belongs to a program that was noted."""
    if _jobs is not None:
        _jobs.end(group)
        return
    with suppress(ProcessLookupError, PermissionError):  # all gone; macOS says the latter of a group of dead ones
        os.killpg(group, signal.SIGKILL)
