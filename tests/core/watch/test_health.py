"""The health's states, its clocks, and its outages, with times of the test's own."""

from __future__ import annotations

import tracemalloc

import pytest

from clearline.core.report.report import Report
from clearline.core.watch.health import RULES, HealthFold, HealthState
from lab import hand_made_reports
from lab.cost import least_cpu_s

HEALTHY, DEGRADED, DOWN = HealthState.HEALTHY, HealthState.DEGRADED, HealthState.DOWN


class Story:
    """A fold, and the seconds that pass."""

    def __init__(self) -> None:
        self.fold = HealthFold()
        self.now = 0.0

    def judge(self, state: HealthState, *, after: float = 1.0, why: str = "so", outage: bool = False) -> Story:
        self.now += after
        self.fold.judge(state, why, self.now, 1000.0 + self.now, outage=outage)
        return self

    def ping(self, rtt_ms: float | None) -> Story:
        self.fold.pinged(self.now, 1000.0 + self.now, rtt_ms, "db:27017")
        return self


def report() -> Report:
    return hand_made_reports.report()


def test_every_state_has_its_rule_in_words() -> None:
    assert set(RULES) == set(HealthState)
    assert HealthFold().snapshot(0).rule == RULES[HealthState.UNKNOWN]


def test_up_and_down_time_are_counted_apart_and_a_pause_counts_as_neither() -> None:
    story = Story().judge(HEALTHY).judge(DOWN, after=30, outage=True).judge(HEALTHY, after=10)
    story.judge(HealthState.PAUSED, after=20)
    found = story.fold.snapshot(story.now + 500)
    assert (found.up_s, found.down_s) == (50, 10)
    assert found.uptime == pytest.approx(50 / 60)
    assert found.since == 1000 + story.now


def test_an_outage_begins_gets_worse_and_ends_when_it_is_healthy_again() -> None:
    story = Story().judge(HEALTHY)
    story.judge(DEGRADED, why="b is silent", outage=True).judge(DOWN, after=4, why="all are silent", outage=True)
    story.judge(DEGRADED, after=3, why="b is silent", outage=True)
    assert story.fold.running is not None
    story.judge(HEALTHY, after=5)
    (outage,) = story.fold.snapshot(story.now).outages
    assert (outage.number, outage.worst, outage.why, outage.lasted_s) == (1, DOWN, "all are silent", 12)
    assert (outage.began_s, outage.began) == (2, 1002)
    assert story.fold.running is None


def test_an_outage_began_when_the_question_was_asked_that_had_no_answer() -> None:
    story = Story().judge(HEALTHY).judge(HEALTHY, after=10).judge(DEGRADED, after=3, why="it is asked again")
    story.now += 3
    story.fold.judge(DOWN, "silent", story.now, 1000.0 + story.now, outage=True, since_s=11)
    story.judge(HEALTHY, after=10)
    found = story.fold.snapshot(story.now)
    (outage,) = found.outages
    assert (outage.began_s, outage.began, outage.lasted_s) == (11, 1011, 16)
    assert (found.up_s, found.degraded_s, found.down_s) == (10, 0, 16)


def test_degraded_time_is_told_as_a_part_of_the_time_that_it_was_up() -> None:
    story = Story().judge(HEALTHY).judge(DEGRADED, after=5, outage=True).judge(HEALTHY, after=7)
    found = story.fold.snapshot(story.now + 1)
    assert (found.up_s, found.degraded_s, found.uptime) == (13, 7, 1.0)


@pytest.mark.parametrize(("state", "left"), [(HEALTHY, (10, 0)), (DOWN, (0, 10))])
def test_time_in_which_the_program_stood_still_counts_for_no_state(
    state: HealthState, left: tuple[float, float]
) -> None:
    story = Story().judge(state)
    story.now += 40
    story.fold.unwatched(story.now, 30)
    found = story.fold.snapshot(story.now)
    assert (found.up_s, found.down_s) == left


def test_a_slow_answer_is_degraded_but_no_outage() -> None:
    story = Story()
    for _ in range(10):
        story.judge(HEALTHY).ping(20.0)
    assert story.fold.is_slow(60.0) is None
    assert story.fold.is_slow(501.0) == 20.0
    story.judge(DEGRADED).ping(600.0)
    assert not story.fold.snapshot(story.now).outages


def test_a_first_answer_is_never_slow() -> None:
    assert HealthFold().is_slow(5000.0) is None


def test_pings_are_a_series_with_the_outages_marked() -> None:
    story = Story().judge(HEALTHY).ping(1.0).judge(DOWN, outage=True).ping(None).judge(HEALTHY).ping(3.0)
    found = story.fold.snapshot(story.now)
    assert [(p.rtt_ms, p.state) for p in found.latencies] == [(1.0, HEALTHY), (None, DOWN), (3.0, HEALTHY)]
    assert (found.pings, found.failures, found.rtt_ms, found.median_ms) == (3, 1, 3.0, 1.0)


def test_only_the_latest_reports_are_kept_whole() -> None:
    story = Story()
    for number in range(1, 31):
        story.judge(DOWN, outage=True)
        story.fold.amend(number, report=report())
        story.judge(HEALTHY)
    found = story.fold.snapshot(story.now)
    assert found.outages_in_all == 30
    assert [outage.report is not None for outage in found.outages] == [False] * 10 + [True] * 20


def test_weeks_of_trouble_stay_within_bounds_and_cost_little() -> None:
    story = Story()

    def a_day() -> None:
        for _ in range(8640):
            story.judge(DOWN, after=5, outage=True).ping(None).judge(HEALTHY, after=5).ping(1.0)

    a_day()
    tracemalloc.start()
    a_day()
    before = tracemalloc.get_traced_memory()[0]
    a_day()
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert abs(after - before) < 50_000
    found = story.fold.snapshot(story.now)
    assert (len(found.latencies), len(found.outages)) == (3600, 100)
    assert found.outages_in_all == 3 * 8640
    assert least_cpu_s(lambda: story.fold.snapshot(story.now)) < 0.01
