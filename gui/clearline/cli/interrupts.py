"""A command's asyncio loop in a thread of its own, watched by the main one, which hears Ctrl-C and can always leave.

Nothing inside a loop can end what stops the loop itself: a server may ask for a password hash that takes an hour, or
a library may wait for itself. So the loop gives a sign of life at every beat, and the main thread counts those that
are missing.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final, Generic, TypeVar

from clearline.core.child_processes import end_all
from clearline.core.daemon_threads import DaemonExecutor, start_daemon
from clearline.core.hops.loop import HopLoop

T = TypeVar("T")

BEAT_S: Final = 0.25
AFTER_STOP: Final = 12
"""Missing beats (3 s) that end a command whose user has pressed Ctrl-C."""
AT_MOST: Final = 64
"""Missing beats (16 s) that end it in any case: longer than the longest check."""
_CLOSING_S: Final = 1.5
INTERRUPTED: Final = 130
_ENDS: Final = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class LoopStuck(Exception):
    """The loop gave no sign of life any more; its thread is left behind and ends with the process."""

    def __init__(self, *, stopped: bool) -> None:
        super().__init__("the program was kept busy and did not come to an end")
        self.stopped = stopped
        """The user had asked for the end."""


def run(command: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """What ``command()`` returns or raises, awaited in a loop of another thread. Raises `LoopStuck`.

    The first Ctrl-C does what `on_signals` was told, or cancels the command; the second ends the process.
    """
    watched = _Watched(command)
    handlers = {}
    if threading.current_thread() is threading.main_thread():
        for number in _ENDS:
            if number is not signal.SIGINT and signal.getsignal(number) is signal.SIG_IGN:  # nohup
                continue
            handlers[number] = signal.signal(number, lambda number, _frame: watched.on_signal(signal.Signals(number)))
    try:
        return watched.result()
    finally:
        for number, before in handlers.items():
            signal.signal(number, before)


def on_signals(act: Callable[[], object], *numbers: signal.Signals) -> None:
    """Call ``act`` on the running loop, one of `run`, when one of these signals comes (Ctrl-C unless others are named).

    A command that says nothing about SIGTERM, or SIGHUP of a terminal that is closed, is ended by it at once.
    """
    watched = _by_loop[asyncio.get_running_loop()]
    for number in numbers or (signal.SIGINT,):
        watched.acts[number] = act


_by_loop: dict[asyncio.AbstractEventLoop, _Watched[Any]] = {}


class _Watched(Generic[T]):
    def __init__(self, command: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._command = command
        self.acts: dict[signal.Signals, Callable[[], object]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[T] | None = None
        self._done = threading.Event()
        self._closed = threading.Event()
        self._outcome: list[T] = []
        self._error: BaseException | None = None
        self._beats = 0
        self._stopped = False
        self._next: asyncio.Handle | None = None

    # ------------------------------------------------------------ main thread

    def result(self) -> T:
        """Start the loop and wait for its end as long as it lives.

        Raises what the command raises, KeyboardInterrupt after Ctrl-C, and `LoopStuck`.
        """
        start_daemon(self._live, "loop")
        seen = missing = 0
        while not self._done.wait(BEAT_S):
            # Counted, not timed: a computer that slept has missed no beat.
            missing = missing + 1 if self._beats == seen else 0
            seen = self._beats
            if missing >= (AFTER_STOP if self._stopped else AT_MOST):
                raise LoopStuck(stopped=self._stopped)
        self._closed.wait(_CLOSING_S)  # what is left of the loop may hang: the result is here
        if isinstance(self._error, asyncio.CancelledError) and self._stopped:
            raise KeyboardInterrupt from None  # in a moment for which the command has no way of its own
        if self._error is not None:
            raise self._error
        return self._outcome[0]

    def on_signal(self, number: signal.Signals) -> None:
        """Runs in the signal's handler."""
        if self._stopped or (number is not signal.SIGINT and number not in self.acts):
            end_all()
            os._exit(INTERRUPTED if number is signal.SIGINT else 128 + number)
        self._stopped = True
        act = self.acts.get(number) or self._cancel
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended meanwhile
                self._loop.call_soon_threadsafe(act)

    # ------------------------------------------------------------ the loop's thread

    def _live(self) -> None:
        try:
            with asyncio.Runner(loop_factory=HopLoop) as runner:
                try:
                    self._outcome.append(runner.run(self._main()))
                except BaseException as error:  # noqa: BLE001 - raised again in the main thread
                    self._error = error
                finally:
                    self._done.set()
        finally:
            self._closed.set()

    async def _main(self) -> T:
        loop = self._loop = asyncio.get_running_loop()
        loop.set_default_executor(DaemonExecutor())
        _by_loop[loop] = self
        self._beat()
        self._task = loop.create_task(self._command())
        if self._stopped:
            self._task.cancel()
        try:
            return await self._task
        finally:
            if self._next is not None:
                self._next.cancel()
            del _by_loop[loop]

    def _beat(self) -> None:
        self._beats += 1
        self._next = asyncio.get_running_loop().call_later(BEAT_S / 2, self._beat)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()
