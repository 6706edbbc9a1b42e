"""Which checks are repeated, when, and that nobody repeats a wrong password."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from clearline.core.check.check import check
from clearline.core.check.request import Request
from clearline.core.check.retry import Attempt, RetryPlan, may_pass, with_retries
from clearline.core.diagnosis.catalogue import causes
from clearline.core.findings import Certainty, Finding, Severity, Stage
from clearline.core.report.report import Report, Verdict
from lab import deployments, hand_made_reports, loops
from lab.peer import bound_socket


def report(verdict: Verdict, cause: str = "tcp.refused") -> Report:
    finding = Finding(
        cause=cause, severity=Severity.FAILURE, certainty=Certainty.PROVEN, stage=Stage.TCP, summary="It fails."
    )
    return hand_made_reports.report(verdict=verdict, findings=() if verdict is Verdict.CONNECTED else (finding,))


def played(*reports: Report, **plan: Any) -> list[Attempt]:
    attempts: list[Attempt] = []
    coming = iter(reports)

    async def next_report() -> Report:
        return next(coming)

    plan = {"delay_s": 0.0, "attempts": 5, **plan}
    last = loops.run(with_retries(next_report, RetryPlan(**plan), attempts.append))
    assert last is attempts[-1].report
    return attempts


def test_a_refused_connection_is_tried_again_until_it_works() -> None:
    attempts = played(report(Verdict.FAILED), report(Verdict.FAILED), report(Verdict.CONNECTED))
    assert [(a.number, a.of, a.again_in_s, a.why) for a in attempts] == [
        (1, 5, 0.0, "it may pass"),
        (2, 5, 0.0, "it may pass"),
        (3, 5, None, "connected"),
    ]


def test_the_last_attempt_is_the_last() -> None:
    attempts = played(report(Verdict.FAILED), report(Verdict.FAILED), attempts=2)
    assert attempts[-1].why == "the last attempt"


@pytest.mark.parametrize(
    "cause",
    ["auth.wrong-password", "uri.unescaped-credentials", "files.not-found", "tls.self-signed",
     "topology.wrong-set-name", "dns.srv-not-found", "access.no-privilege", "driver.missing-package"],
)  # fmt: skip
def test_settings_and_logins_are_never_tried_again(cause: str) -> None:
    (attempt,) = played(report(Verdict.FAILED, cause))
    assert (attempt.again_in_s, attempt.why) == (None, "trying again would change nothing")


def test_a_stopped_check_is_not_repeated() -> None:
    assert not may_pass(report(Verdict.CANCELLED))


def test_no_cause_about_a_login_or_a_setting_may_pass() -> None:
    passing = {code.split(".")[0] for code, cause in causes().items() if cause.may_pass}
    assert passing
    assert not passing & {"auth", "uri", "files", "tls", "access"}


def test_the_delay_grows_up_to_its_limit() -> None:
    plan = RetryPlan(attempts=6, delay_s=1, factor=3, longest_delay_s=10)
    assert [plan.delay_after(number) for number in range(1, 6)] == [1, 3, 9, 10, 10]


@pytest.mark.parametrize("wrong", [{"attempts": 0}, {"attempts": 101}, {"delay_s": -1}, {"factor": 0.5}])
def test_a_plan_out_of_bounds_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        RetryPlan(**wrong)


def test_a_stop_during_an_attempt_that_has_failed_already_repeats_nothing() -> None:
    async def play() -> None:
        running = asyncio.Event()
        attempts: list[Attempt] = []

        async def failing() -> Report:
            """As a check that is stopped while it waits for late answers: the verdict stays."""
            running.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if (own := asyncio.current_task()) is not None:
                    own.uncancel()
            return report(Verdict.FAILED)

        task = asyncio.create_task(with_retries(failing, RetryPlan(attempts=3, delay_s=60), attempts.append))
        await running.wait()
        task.cancel()
        async with asyncio.timeout(60):
            assert (await task).verdict is Verdict.FAILED
        assert [attempt.again_in_s for attempt in attempts] == [None]

    loops.run(play())


def test_a_stop_between_two_attempts_ends_at_once() -> None:
    async def play() -> None:
        told = asyncio.Event()

        async def failing() -> Report:
            return report(Verdict.FAILED)

        task = asyncio.create_task(
            with_retries(failing, RetryPlan(attempts=3, delay_s=60, longest_delay_s=60), lambda _a: told.set())
        )
        await told.wait()
        task.cancel()
        began = time.monotonic()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.monotonic() - began < 0.5

    loops.run(play())


def test_a_real_port_where_nothing_listens_is_tried_again() -> None:
    async def play() -> list[Attempt]:
        attempts: list[Attempt] = []
        await with_retries(
            lambda: check(Request(text=f"mongodb://127.0.0.1:{port}/"), lambda _report: None),
            RetryPlan(attempts=2, delay_s=0.01),
            attempts.append,
        )
        return attempts

    with bound_socket("127.0.0.1", 0) as socket:  # bound, never listening
        port = socket.getsockname()[1]
        attempts = loops.run(play())
    assert [a.number for a in attempts] == [1, 2]


def test_a_real_wrong_password_is_tried_once() -> None:
    async def play() -> None:
        await with_retries(
            lambda: check(Request(text=server.uri("app", "wrong")), lambda _report: None),
            RetryPlan(attempts=5, delay_s=0.0),
            lambda _attempt: None,
        )

    with deployments.with_login() as server:
        loops.run(play())
        assert server.logins() == [("app", False)]
