"""The check for other programs: ``from clearline import check, check_sync``."""

from __future__ import annotations

import asyncio
from typing import Final

from clearline.core.check.check import check as run_check
from clearline.core.check.check import import_driver
from clearline.core.check.request import Request
from clearline.core.daemon_threads import DaemonExecutor, run_in_daemon
from clearline.core.errors import LoopRunningError, TargetError
from clearline.core.hops.loop import HopLoop
from clearline.core.report.report import Report

LONGEST: Final = 50_000
"""Characters; far above what any deployment needs."""


async def check(target: str | Request) -> Report:
    """Check one connection and return the whole report, also of one that fails.

    ``target`` is a connection string or ``host[:port]``, or a `Request`, which also says how patient to be and what is
    allowed. Nothing is asked: a text may name files of this computer, and no command is run. Cancelling gives a report
    with the verdict *cancelled*. Raises `TargetError`.
    """
    request = _request(target)
    await run_in_daemon(import_driver)
    return await run_check(request, lambda _report: None)


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
        return await check(request)

    with asyncio.Runner(loop_factory=HopLoop) as runner:
        return runner.run(whole())


def _request(target: str | Request) -> Request:
    if isinstance(target, Request):
        return target
    if not target.strip():
        raise TargetError("The text is empty: give a connection string or a host.")
    if len(target) > LONGEST:
        raise TargetError(f"The text is longer than {LONGEST} characters: that is no connection string.")
    return Request(text=target)
