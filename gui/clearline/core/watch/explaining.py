"""Why a connection was lost: a check is run for each outage, once, and its report goes to the outage."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from clearline.core.findings import Finding
from clearline.core.report.report import Report, Verdict
from clearline.core.watch.health import HealthFold, Outage


class Explainer:
    """Runs ``check`` for the outage that lasts.

    ``changed`` is called when more is known, ``login_refused`` when the cause is the login.
    """

    def __init__(
        self,
        health: HealthFold,
        check: Callable[[], Awaitable[Report]],
        *,
        changed: Callable[[], None],
        login_refused: Callable[[Finding], None],
    ) -> None:
        self._health = health
        self._check = check
        self._changed = changed
        self._login_refused = login_refused
        self.task: asyncio.Task[None] | None = None
        """The check that runs."""

    def explain(self) -> None:
        """Begin, unless it runs already, was done, or nothing is out."""
        outage = self._health.running
        if self.task is not None or outage is None or outage.report or outage.diagnosing:
            return
        if outage.cause is not None and outage.cause.cause == "pool.exhausted":
            return
        self._health.amend(outage.number, diagnosing=True)
        self.task = asyncio.get_running_loop().create_task(self._explain(outage))
        self.task.add_done_callback(partial(self._done, outage.number))

    def cancel(self) -> None:
        """Stop the check that runs."""
        if self.task is not None and self.task is not asyncio.current_task():
            self.task.cancel()

    async def _explain(self, outage: Outage) -> None:
        report = await self._check()
        if report.verdict is not Verdict.CANCELLED and self._tells(report, outage):
            cause = report.diagnosis or next(iter(report.findings), None)
            if (now := self._health.outage(outage.number)) is not None and now.lasted_s is not None:
                cause = now.cause or cause  # what was learnt from the server's return says more
            self._health.amend(outage.number, diagnosing=False, report=report, cause=cause)
        else:
            self._health.amend(outage.number, diagnosing=False)
        self._changed()
        if report.diagnosis is not None and report.diagnosis.cause.startswith("auth."):
            self._login_refused(report.diagnosis)

    def _tells(self, report: Report, outage: Outage) -> bool:
        """A check that finds everything in order came too late to explain anything."""
        still = self._health.running
        return report.verdict is Verdict.FAILED or (still is not None and still.number == outage.number)

    def _done(self, number: int, task: asyncio.Task[None]) -> None:
        self.task = None
        if task.cancelled():  # before its first step, or by a second stop: it may be explained later
            self._health.amend(number, diagnosing=False)
