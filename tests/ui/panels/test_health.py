from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from clearline.core.report.report import Verdict
from clearline.core.watch.health import HealthSnapshot, HealthState
from clearline.core.watch.state import WatchState
from clearline.ui.models.outages import share_text
from clearline.ui.panels import health_page
from clearline.ui.panels.health import Health, HealthIndicator, health_of
from ui import played_checks as play


def test_each_verdict_has_its_word() -> None:
    assert health_of(None, running=False).health is Health.UNKNOWN
    assert health_of(None, running=True).health is Health.CHECKING
    assert health_of(play.report(Verdict.FAILED, play.WRONG_NAME), running=False).health is Health.DOWN
    assert health_of(play.connected(play.STALE_SET), running=False).health is Health.DEGRADED
    assert health_of(play.report(Verdict.CANCELLED), running=False).health is Health.UNKNOWN


@pytest.mark.parametrize(
    ("share", "words"),
    [(1.0, "100 %"), (0.999999, "99.99 %"), (0.9987, "99.87 %"), (0.6759, "67.6 %"), (0.5, "50 %"), (0.0, "0 %")],
)
def test_a_share_of_time_is_as_exact_as_it_matters(share: float, words: str) -> None:
    assert share_text(share) == words


def test_a_verdict_counts_although_late_answers_are_still_awaited() -> None:
    assert health_of(play.connected(), running=True).health is Health.HEALTHY


def test_the_latency_is_the_primary_s(qtbot: QtBot) -> None:
    indicator = HealthIndicator()
    qtbot.addWidget(indicator)
    indicator.show_reading(health_of(play.connected(), running=False))
    assert indicator.accessibleName() == "Health: healthy 1.4 ms"


def test_time_that_was_degraded_is_told_beside_the_time_that_it_was_up() -> None:
    health = HealthSnapshot(state=HealthState.HEALTHY, up_s=100.0, degraded_s=16.9)
    state = WatchState(started=1000.0, at_s=100.0, interval_s=10.0, health=health)
    assert health_page._numbers(state).startswith("up 100 % of 1 min 40 s, 16.9 s of it degraded")
