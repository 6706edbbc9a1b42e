"""Programs that were started here in sessions of their own, ended together with all that they have started themselves.

No signal that ends this program reaches such a session, so each is known here until it is over. Between its birth and
the note of its number it would be known to none: so the end of this program waits for the starts that are under way,
and no other begins after it.
"""

from __future__ import annotations

import errno
import os
import signal
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

_running: Final[set[int]] = set()
"""The groups that are to end with this program."""
_gate: Final = threading.Condition()  # over a lock that a signal's handler may take again
_starts: Final[dict[object, int]] = {}
"""The starts that are under way, each with the number of its thread."""
_over = False


def note_started(group: int) -> None:
    """A program was started, which is the first of its group. Called inside `start_under_way`."""
    _running.add(group)


def note_ended(group: int) -> None:
    """It is over: another program may get its number."""
    _running.discard(group)


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
    if os.name == "posix":
        for group in (*_running, *(group for thread in held for group in _begun_by(thread))):
            _end_group(group)


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
    """End a program that was started in a session of its own, and what outlives it; on Windows the program alone."""
    if os.name == "posix":
        _end_group(process.pid)
    else:
        with suppress(ProcessLookupError, PermissionError):
            process.kill()
    note_ended(process.pid)


def _end_group(group: int) -> None:
    with suppress(ProcessLookupError, PermissionError):  # all gone; macOS says the latter of a group of dead ones
        os.killpg(group, signal.SIGKILL)
