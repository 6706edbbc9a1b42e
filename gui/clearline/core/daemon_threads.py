"""Threads for the calls that block and cannot be cancelled (getaddrinfo, the keyring): daemons that are not waited for.

asyncio's own executor is joined twice, when the loop closes and when the interpreter ends, so one dead resolver would
keep a closed window alive for half a minute.

A daemon that still runs when the interpreter is taken down is ended in the middle of whatever C++ or Rust it is in
(an import, the keyring's library), and such code aborts the whole program. So a program that leaves one behind ends
before that, by `depart`.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar, TypeVarTuple

from clearline.core.child_processes import end_all

if TYPE_CHECKING:
    import asyncio

P = ParamSpec("P")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_IDLE: Final = "idle"
_IDLE_S: Final = 1.0
"""How long a thread that has nothing to do waits for more."""

_lock = threading.Lock()
_running: set[_Worker] = set()


class _Here(threading.local):
    def __init__(self) -> None:
        self.idle: list[_Worker] = []


_here = _Here()
_exit_code: int | None = None


class DaemonExecutor(ThreadPoolExecutor):
    """For ``loop.set_default_executor``: every call gets a daemon thread to itself, and shutdown waits for none.

    asyncio accepts only a ThreadPoolExecutor, hence the base class; its pool and its queue are not used, because its
    threads are joined at exit and because calls that never return would fill it up.
    """

    def __init__(self) -> None:
        super().__init__(max_workers=1)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Start ``fn`` at once."""
        future: Future[T] = Future()

        def work() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001 - belongs to the caller that waits for the result
                future.set_exception(error)
            else:
                future.set_result(result)

        start_daemon(work, f"daemon-{getattr(fn, '__name__', 'call')}")
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Return at once, whatever still runs."""


async def run_in_daemon(function: Callable[[*Ts], T], *args: *Ts) -> T:
    """What ``function(*args)`` returns or raises, computed in a daemon thread that does nothing else meanwhile.

    Cancelling returns at once and leaves the thread behind, as closing the loop does; its late result is dropped.
    """
    import asyncio  # late: a fifth of the time of a command that has no loop

    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def succeed(result: T) -> None:
        if not future.done():
            future.set_result(result)

    def fail(error: BaseException) -> None:
        if not future.done():
            future.set_exception(error)

    def work() -> None:
        try:
            result = function(*args)
        except BaseException as error:  # noqa: BLE001 - belongs to the caller that awaits the result
            _tell(loop, fail, error)
        else:
            _tell(loop, succeed, result)

    start_daemon(work, f"daemon-{getattr(function, '__name__', 'call')}")
    return await future


def start_daemon(work: Callable[[], object], name: str) -> None:
    """Run ``work`` in a daemon thread that does nothing else meanwhile."""
    idle = _here.idle
    with _lock:
        rested = idle.pop() if idle else None
        worker = rested or _Worker(idle)
        _running.add(worker)
    if rested is not None:
        worker.take(work, name)
    else:
        worker.start(work, name)


class _Worker:
    """A daemon thread. It waits a moment for more work: a new thread is dear where another one holds the GIL.

    It works for the thread alone that has started it, for on Linux it inherits that thread's network namespace.
    """

    def __init__(self, idle: list[_Worker]) -> None:
        self._idle = idle
        self._works: SimpleQueue[tuple[Callable[[], object], str]] = SimpleQueue()

    def start(self, work: Callable[[], object], name: str) -> None:
        """Begin, with its first work."""
        threading.Thread(target=self._run, args=(work, name), name=name, daemon=True).start()

    def take(self, work: Callable[[], object], name: str) -> None:
        """The next work, for one that was among the idle."""
        self._works.put((work, name))

    def _run(self, work: Callable[[], object], name: str) -> None:
        thread = threading.current_thread()
        while True:
            thread.name = name
            try:
                work()
            finally:
                with _lock:
                    _running.discard(self)
            del work  # with all that it holds
            thread.name = _IDLE
            with _lock:
                self._idle.append(self)
            try:
                work, name = self._works.get(timeout=_IDLE_S)
            except Empty:
                with _lock:
                    if self in self._idle:
                        self._idle.remove(self)
                        return
                work, name = self._works.get()  # chosen in the last moment


def end_with(code: int) -> None:
    """How the program ends, so that it can leave a thread behind, and its modules as they are, see `depart`."""
    global _exit_code
    _exit_code = code


def depart() -> None:
    """End the process at once, with the code of `end_with`, leaving its threads where they are.

    What they have started ends with it.
    """
    end_all()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    os._exit(1 if _exit_code is None else _exit_code)


@atexit.register
def _leave() -> None:
    if _exit_code is None:
        return  # an error is on its way, whose code only the interpreter knows
    if _running or "PySide6" not in sys.modules:  # taking a command's modules apart takes a fifth of its time
        depart()


def _tell(loop: asyncio.AbstractEventLoop, settle: Callable[[T], None], value: T) -> None:
    try:
        loop.call_soon_threadsafe(settle, value)
    except RuntimeError:
        pass  # the loop is closed: it is not waited for any more
