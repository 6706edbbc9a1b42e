"""The check for other programs: ``from clearline import check, check_sync``."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Final

from clearline.core.check.check import check as run_check
from clearline.core.check.check import farewells, import_driver, not_begun
from clearline.core.check.request import Request
from clearline.core.daemon_threads import DaemonExecutor, start_daemon
from clearline.core.hops.loop import HopLoop
from clearline.core.report.errors import LoopRunningError, TargetError
from clearline.core.report.report import Report

LONGEST: Final = 50_000
"""Characters; far above what any deployment needs."""


async def check(target: str | Request) -> Report:
    """Check one connection and return the whole report, also of one that fails.

    ``target`` is a connection string or ``host[:port]``, or a `Request`, which also says how patient to be and what is
    allowed. Nothing is asked: a text may name files of this computer, and no command is run. It works in a thread of
    its own, so that no loop of yours stands still, whatever kind it is. Cancelling gives a report with the verdict
    *cancelled*; cancelling again does not wait for it. Raises `TargetError`.
    """
    return await _Elsewhere(_request(target)).report()


def check_sync(target: str | Request) -> Report:
    """The same, from code without asyncio. Raises `TargetError` and, where a loop runs already, `LoopRunningError`."""
    request = _request(target)
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        raise LoopRunningError("check_sync was called inside a running asyncio loop: use await check(...) there.")

    async def whole() -> Report:
        asyncio.get_running_loop().set_default_executor(DaemonExecutor())
        return await run_check(request, lambda _report: None)

    import_driver()
    with asyncio.Runner(loop_factory=HopLoop) as runner:
        return runner.run(whole())


class _Elsewhere:
    """A check on a loop of the program's own kind, in a daemon thread.

    On any other loop no hop could be gone through, and the sockets of a Stop would wait for the garbage collection.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self._found: Future[Report] = Future()
        self._found.set_running_or_notify_cancel()  # a caller that goes away does not cancel it
        self._lock = threading.Lock()
        self._stopped = False
        self._cancel: Callable[[], object] = lambda: None

    async def report(self) -> Report:
        """Do it. Cancelling stops it, and returns its report."""
        start_daemon(self._run, "check")
        found = asyncio.wrap_future(self._found)
        try:
            return await asyncio.shield(found)
        except asyncio.CancelledError:
            self._stop()
            report = await found
            if (task := asyncio.current_task()) is not None:
                task.uncancel()
            return report

    def _stop(self) -> None:
        with self._lock, suppress(RuntimeError):  # its loop has ended in this moment
            self._stopped = True
            self._cancel()

    def _run(self) -> None:
        try:
            import_driver()
            with asyncio.Runner(loop_factory=HopLoop) as runner:
                runner.run(self._whole())
        except BaseException as error:  # noqa: BLE001 - belongs to the caller
            if not self._found.done():
                self._found.set_exception(error)

    async def _whole(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(DaemonExecutor())
        with self._lock:
            if self._stopped:
                self._found.set_result(not_begun(self._request))
                return
            task = loop.create_task(run_check(self._request, lambda _report: None))
            # It has begun by then: a task that is cancelled before its first step has no report.
            self._cancel = lambda: loop.call_soon_threadsafe(task.cancel)
        self._found.set_result(await task)
        await farewells()


def _request(target: str | Request) -> Request:
    if isinstance(target, Request):
        return target
    if not target.strip():
        raise TargetError("The text is empty: give a connection string or a host.")
    if len(target) > LONGEST:
        raise TargetError(f"The text is longer than {LONGEST} characters: that is no connection string.")
    return Request(text=target)
