"""Programs that were started here in sessions of their own, ended together with all that they have started themselves.

No signal that ends this program reaches such a session, so each is known here until it is over.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final, TypeVar

T = TypeVar("T")

_running: Final[set[int]] = set()
"""The groups that are to end with this program."""


def note_started(group: int) -> None:
    """A program was started, which is the first of its group."""
    _running.add(group)


def note_ended(group: int) -> None:
    """It is over: another program may get its number."""
    _running.discard(group)


def end_all() -> None:
    """Before this program ends: from any thread, and from the handler of a signal."""
    if os.name == "posix":
        for group in tuple(_running):
            _end_group(group)


async def begun(starting: Coroutine[Any, Any, T], end: Callable[[T], Coroutine[Any, Any, None]]) -> T:
    """What ``starting`` a program gives. Cancelled, it waits for the start, a matter of milliseconds, and has it ended.

    asyncio's own way, to end the program half-started, waits for pipes that a child of it may hold for ever.
    """
    task = asyncio.ensure_future(starting)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        if not task.cancelled() and task.exception() is None:
            await asyncio.shield(end(task.result()))
        raise


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
