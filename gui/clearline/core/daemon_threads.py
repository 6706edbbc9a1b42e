"""Threads for the calls that block and cannot be cancelled (getaddrinfo, the keyring): daemons that nobody waits for.

asyncio's own executor is joined twice, when the loop closes and when the interpreter ends, so one dead resolver would
keep a closed window alive for half a minute.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar, TypeVarTuple

P = ParamSpec("P")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class DaemonExecutor(ThreadPoolExecutor):
    """For ``loop.set_default_executor``: every call gets a daemon thread of its own, and shutdown waits for none.

    asyncio accepts only a ThreadPoolExecutor, hence the base class; its pool and its queue are not used, because its
    threads are joined at exit and because calls that never return would fill it up.
    """

    def __init__(self) -> None:
        super().__init__(max_workers=1)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Start ``fn`` at once, in a new thread."""
        future: Future[T] = Future()

        def work() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001 - belongs to whoever waits for the result
                future.set_exception(error)
            else:
                future.set_result(result)

        _start(work, fn)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Return at once, whatever still runs."""


async def run_in_daemon(function: Callable[[*Ts], T], *args: *Ts) -> T:
    """What ``function(*args)`` returns or raises, computed in a daemon thread of its own.

    Cancelling returns at once and leaves the thread behind, as closing the loop does; its late result is dropped.
    """
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
        except BaseException as error:  # noqa: BLE001 - belongs to whoever awaits the result
            _tell(loop, fail, error)
        else:
            _tell(loop, succeed, result)

    _start(work, function)
    return await future


def _start(work: Callable[[], None], function: Callable[..., object]) -> None:
    name = f"daemon-{getattr(function, '__name__', 'call')}"
    threading.Thread(target=work, name=name, daemon=True).start()


def _tell(loop: asyncio.AbstractEventLoop, settle: Callable[[T], None], value: T) -> None:
    try:
        loop.call_soon_threadsafe(settle, value)
    except RuntimeError:
        pass  # the loop is closed: nobody waits any more
