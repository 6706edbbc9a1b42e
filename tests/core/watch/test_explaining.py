"""One check for each outage, also when the first one was stopped."""

from __future__ import annotations

import asyncio

from clearline.core.report.report import Report, Verdict
from clearline.core.watch.explaining import Explainer
from clearline.core.watch.findings import another_process
from clearline.core.watch.health import HealthFold, HealthState
from lab import hand_made_reports, loops


def test_what_the_return_of_the_server_told_is_not_lost_to_a_check_that_ends_later() -> None:
    async def play() -> None:
        health = HealthFold()
        health.judge(HealthState.DOWN, "gone", 1.0, 1001.0, outage=True)
        known = another_process("db:27017", member=True)

        async def check() -> Report:
            health.judge(HealthState.HEALTHY, "back", 2.0, 1002.0)
            health.amend(1, cause=known)
            return hand_made_reports.report(verdict=Verdict.FAILED)

        explainer = Explainer(health, check, changed=lambda: None, login_refused=lambda _cause: None)
        explainer.explain()
        assert explainer.task is not None
        await explainer.task
        (outage,) = health.snapshot(3.0).outages
        assert outage.report is not None
        assert outage.cause == known

    loops.run(play())


def test_an_outage_whose_check_was_stopped_before_it_began_is_explained_later() -> None:
    async def play() -> None:
        health = HealthFold()
        health.judge(HealthState.DOWN, "gone", 1.0, 1001.0, outage=True)

        async def check() -> Report:
            return hand_made_reports.report(verdict=Verdict.FAILED)

        explainer = Explainer(health, check, changed=lambda: None, login_refused=lambda _cause: None)
        explainer.explain()
        task = explainer.task
        assert task is not None
        explainer.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.sleep(0)
        assert health.running is not None
        assert not health.running.diagnosing
        explainer.explain()
        assert explainer.task is not None
        await explainer.task
        assert health.running.report is not None

    loops.run(play())
