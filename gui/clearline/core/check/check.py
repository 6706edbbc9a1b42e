"""One check: the driver and the facts, side by side, until the verdict and what explains it.

The driver gets a head start, for on a healthy line it needs no help; its first failed heartbeat, or silence, sets
the probes off. Whatever either learns goes into one ledger, and after every entry two pure questions are asked of it:
is the verdict known, and what are the findings.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from clearline.core.check.course import Course
from clearline.core.check.outcome import Outcome
from clearline.core.check.reporter import FRAME_S
from clearline.core.check.request import Request
from clearline.core.check.running import Running, closing
from clearline.core.facts.whole import Facts
from clearline.core.probes import dns
from clearline.core.probes.commands import declaring
from clearline.core.report.report import Report, Verdict
from clearline.core.tls.trust import adopt_system_roots

if TYPE_CHECKING:
    from clearline.core.driver.events import DriverEvent


def warm_up() -> None:
    """Import all that checks may need and import late (0.2 to 0.7 s): off the GUI thread, before the first check."""
    import cryptography.x509  # noqa: F401

    import_driver()
    dns.preload()


def import_driver() -> None:
    """Import what every check needs, and no more: for a process that lives for one check.

    In the frozen program also lets OpenSSL find this computer's trusted authorities.
    """
    import pymongo.asynchronous.mongo_client  # noqa: F401

    import clearline.core.check.driver_run  # noqa: F401

    adopt_system_roots()


async def check(
    request: Request,
    emit: Callable[[Report], None],
    *,
    frame_s: float = FRAME_S,
    on_event: Callable[[DriverEvent], None] | None = None,
    on_facts: Callable[[Facts], None] | None = None,
    bring_driver: Callable[[], Awaitable[object]] | None = None,
) -> Report:
    """Do one check and return the whole report; never raises.

    ``emit`` gets partial reports: with the verdict None no more often than ``frame_s``, at once when it is known, and
    last the whole one. ``on_event`` hears each driver event, in this loop's thread; ``on_facts`` once, at the end, all
    that was learnt. None of them hears anything once this has returned. ``bring_driver`` is `import_driver` in another
    thread: a check that is sure of its verdict without the driver does not call it.
    Cancelling the task gives a report with the verdict *cancelled*, or with the verdict that was known by then.
    """
    run = Running(request, emit, frame_s)
    outcome = Outcome(run)
    course = Course(run, outcome, on_event, bring_driver)
    with declaring(request.reading.profile.options.server_api):
        report = await outcome.report(course.run, course.abandon)
    run.over = True
    if on_facts is not None:
        on_facts(run.ledger.facts)
    return report


def not_begun(request: Request) -> Report:
    """The report of a check that was stopped before its first step: nothing of it is done, and no file is opened."""
    run = Running(request, lambda _report: None, FRAME_S)
    run.reporter.verdict = Verdict.CANCELLED
    return run.reporter.finish()


async def farewells() -> None:
    """Wait for the clients of stopped checks that are still closing, a second at most: before this loop ends."""
    loop = asyncio.get_running_loop()
    if open_here := {task for task in closing if task.get_loop() is loop}:
        await asyncio.wait(open_here)
