"""How often, how long and how many at once a command checks what it was given."""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from itertools import count
from typing import Literal

import msgspec
from msgspec.structs import replace

from clearline.cli import interrupts
from clearline.cli.interrupts import LoopStuck, on_signals
from clearline.cli.output import print_aside
from clearline.core.check.request import Request
from clearline.core.check.retry import Attempt, RetryPlan, may_pass, with_retries
from clearline.core.daemon_threads import run_in_daemon
from clearline.core.report.exit_codes import exit_code
from clearline.core.report.report import Report, Verdict

Heard = Callable[[Report], None]
"""Told the newest state of a check: what is known if it cannot be ended."""
Bring = Callable[[], Awaitable[object]]
Until = Literal["connected", "primary", "writable"]
AT_ONCE = 8
FRAME_S = 1.0
"""Partial reports come no more often: they are for a check that cannot be ended, and each costs some milliseconds."""
PAUSE_S = 1.0
"""Between two attempts while something is waited for."""
_WRITERS = ("standalone", "sharded cluster", "load balanced")
"""Kinds of deployment (`Report.deployment`) that take writes without naming a primary."""
_NO_WRITES = ("topology.direct-to-secondary", "access.read-only")


class Manner(msgspec.Struct, frozen=True):
    """What the command line says about the way of checking."""

    plan: RetryPlan = msgspec.field(default_factory=RetryPlan)
    fast: bool = False
    """Leave at the verdict: what comes later is not waited for."""
    until: Until | None = None
    within_s: float = 60.0
    """How long ``until`` waits."""


def manner_of(arguments: argparse.Namespace) -> Manner:
    """What the arguments of ``check`` say."""
    plan = RetryPlan(attempts=arguments.attempts, delay_s=arguments.delay)
    return Manner(plan, fast=arguments.fast, until=arguments.until, within_s=arguments.within)


def code_of(report: Report, arguments: argparse.Namespace) -> int:
    """What one report counts: connected is not enough where something else was waited for."""
    missed = arguments.until is not None and report.verdict is Verdict.CONNECTED
    if missed and not has_become(report, arguments.until):
        return 2 if arguments.exit_by == "nagios" else 1
    return exit_code(report, arguments.exit_by)


def checked(
    requests: Sequence[Request], manner: Manner, tell: Callable[[int, Request, Report], None] = lambda *_: None
) -> list[Report]:
    """Check the requests side by side and return their reports in order. Signals end all of them.

    ``tell`` hears of each that ended in its turn: how many have, which one, and what came out.
    """
    from clearline.core.check.check import farewells, import_driver, not_begun

    known: dict[int, Report] = {}

    async def all_of_them() -> list[Report]:
        loop = asyncio.get_running_loop()
        bring_driver = _once_for_all(import_driver)  # 0.1 to 0.4 s, in which Ctrl-C is heard already
        turn = asyncio.Semaphore(AT_ONCE)
        done = count(1)

        async def one(number: int, request: Request) -> Report:
            try:
                async with turn:
                    report = await _course(request, manner, partial(known.__setitem__, number), bring_driver)
            except asyncio.CancelledError:  # before its turn
                return not_begun(request)
            tell(next(done), request, report)
            return report

        tasks = [loop.create_task(one(number, request)) for number, request in enumerate(requests)]
        on_signals(lambda: [task.cancel() for task in tasks])
        reports = await asyncio.gather(*tasks)
        await farewells()
        return reports

    try:
        return interrupts.run(all_of_them)
    except LoopStuck as stuck:
        print_aside(f"clearline check: {stuck}; this is what is known.")
        return [
            replace(report, verdict=report.verdict or Verdict.CANCELLED)
            if (report := known.get(number)) is not None
            else not_begun(request)
            for number, request in enumerate(requests)
        ]


def _once_for_all(work: Callable[[], None]) -> Bring:
    """Does it in another thread at the first call; later ones await the same."""
    begun: list[asyncio.Task[None]] = []

    async def wait() -> None:
        if not begun:
            begun.append(asyncio.get_running_loop().create_task(run_in_daemon(work)))
        await asyncio.shield(begun[0])

    return wait


def _course(request: Request, manner: Manner, heard: Heard, bring_driver: Bring) -> Awaitable[Report]:
    do = _awaited if manner.until else _repeated
    return do(request, manner, heard, bring_driver)


async def _repeated(request: Request, manner: Manner, heard: Heard, bring_driver: Bring) -> Report:
    last: list[Report] = []

    def tell(attempt: Attempt) -> None:
        last[:] = [attempt.report]
        if attempt.again_in_s is not None:
            found = attempt.report.diagnosis
            print_aside(
                f"clearline check: attempt {attempt.number} of {attempt.of} failed"
                f" ({found.cause if found else 'no cause'}); again in {attempt.again_in_s:g} s"
            )

    try:
        return await with_retries(lambda: _once(request, manner, heard, bring_driver), manner.plan, tell)
    except asyncio.CancelledError:
        if not last:
            raise
        return replace(last[0], verdict=Verdict.CANCELLED)


async def _awaited(request: Request, manner: Manner, heard: Heard, bring_driver: Bring) -> Report:
    """Check again and again until the deployment is what is waited for, its failure cannot pass, or time is up."""
    assert manner.until is not None
    ends = time.monotonic() + manner.within_s
    while True:
        report = await _once(request, manner, heard, bring_driver)
        if has_become(report, manner.until) or report.verdict is Verdict.CANCELLED:
            return report
        waits = report.verdict is Verdict.CONNECTED or may_pass(report)
        if not waits or time.monotonic() + PAUSE_S > ends:
            return report
        found = report.diagnosis
        why = found.cause if found else "connected, but that is not all"
        left = ends - time.monotonic()
        print_aside(f"clearline check: not {manner.until} yet ({why}); {left:.0f} s left")
        try:
            await asyncio.sleep(PAUSE_S)
        except asyncio.CancelledError:
            return replace(report, verdict=Verdict.CANCELLED)


def has_become(report: Report, until: Until) -> bool:
    """Whether the deployment is what ``--until`` waits for."""
    if report.verdict is not Verdict.CONNECTED:
        return False
    deployment = report.deployment
    leads = deployment is not None and (deployment.primary is not None or deployment.kind in _WRITERS)
    match until:
        case "connected":
            return True
        case "primary":
            return leads
        case "writable":
            return leads and not any(finding.cause in _NO_WRITES for finding in report.findings)


def _once(request: Request, manner: Manner, heard: Heard, bring_driver: Bring) -> Awaitable[Report]:
    from clearline.core.check.check import check

    if manner.fast:
        return _to_its_verdict(request, heard, bring_driver)
    return check(request, heard, frame_s=FRAME_S, bring_driver=bring_driver)


async def _to_its_verdict(request: Request, heard: Heard, bring_driver: Bring) -> Report:
    """The report at the moment of its verdict, marked as partial; the whole one where the check ends by itself."""
    from clearline.core.check.check import check

    loop = asyncio.get_running_loop()
    decided: asyncio.Future[Report] = loop.create_future()

    def take(report: Report) -> None:
        heard(report)
        if report.verdict is not None and not decided.done():
            decided.set_result(report)

    task = loop.create_task(check(request, take, frame_s=FRAME_S, bring_driver=bring_driver))
    try:
        await asyncio.wait((task, decided), return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        task.cancel()
        return await task
    if task.done():
        return task.result()
    task.cancel()
    await task
    return replace(decided.result(), partial=True)
