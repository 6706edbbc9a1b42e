"""A check that is repeated while what failed may pass: never after a mistake in the settings or a refused login."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from clearline.core.diagnosis.catalogue import causes
from clearline.core.report.report import Report, Verdict

MOST_ATTEMPTS = 100


class RetryPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How often and how soon. Raises ValueError when it is out of bounds."""

    attempts: int = 1
    """In all, the first one included: 1 to 100."""
    delay_s: float = 1.0
    """Before the second attempt."""
    factor: float = 2.0
    """Each later delay is so many times the one before; 1 keeps it."""
    longest_delay_s: float = 30.0

    def __post_init__(self) -> None:
        if not 1 <= self.attempts <= MOST_ATTEMPTS:
            raise ValueError(f"attempts must be between 1 and {MOST_ATTEMPTS}")
        if self.delay_s < 0 or self.longest_delay_s < 0 or self.factor < 1:
            raise ValueError("delays cannot be negative, and do not shrink")

    def delay_after(self, attempt: int) -> float:
        """Seconds to wait after this attempt (1 is the first)."""
        return float(min(self.longest_delay_s, self.delay_s * self.factor ** (attempt - 1)))


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt that has ended."""

    number: int
    of: int
    report: Report
    again_in_s: float | None
    """None: it is the last one."""
    why: str
    """Why it is repeated, or not, a few words."""


def may_pass(report: Report) -> bool:
    """Whether the same check may fare better in a moment: the network, a server, an election."""
    diagnosis = report.diagnosis
    return report.verdict is Verdict.FAILED and diagnosis is not None and causes()[diagnosis.cause].may_pass


async def with_retries(
    check: Callable[[], Awaitable[Report]], plan: RetryPlan, on_attempt: Callable[[Attempt], None]
) -> Report:
    """The report of the first check that connects, or of the last one; ``on_attempt`` hears of each as it ends.

    ``check`` never raises (`core.check.check`, its arguments bound). Cancelling between two attempts raises
    CancelledError; during one, nothing is repeated, and its report says *cancelled*, or what was known by then.
    """
    for number in range(1, plan.attempts + 1):
        report, stopped = await _attempted(check)
        again, why = (None, "it was stopped") if stopped else _next(report, number, plan)
        on_attempt(Attempt(number=number, of=plan.attempts, report=report, again_in_s=again, why=why))
        if again is None:
            break
        await asyncio.sleep(again)
    return report


async def _attempted(check: Callable[[], Awaitable[Report]]) -> tuple[Report, bool]:
    """A check's report, and whether it was cancelled meanwhile: it swallows that, and may say *failed* all the same."""
    attempt = asyncio.ensure_future(check())
    report = await attempt  # in a task of its own the check takes nothing of the cancellation away from this one
    task = asyncio.current_task()
    if task is None or not task.cancelling():
        return report, False
    task.uncancel()
    return report, True


def _next(report: Report, number: int, plan: RetryPlan) -> tuple[float | None, str]:
    if report.verdict is not Verdict.FAILED:
        return None, report.verdict.value if report.verdict else "no verdict"
    if not may_pass(report):
        return None, "trying again would change nothing"
    if number == plan.attempts:
        return None, "the last attempt"
    return plan.delay_after(number), "it may pass"
