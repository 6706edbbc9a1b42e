from __future__ import annotations

import random
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from clearline.ui.widgets.chart import Chart
from clearline.ui.widgets.chart_data import Curve, Limit, Mark, Picture, decimated, ticks, time_ticks, value_at

NOON = 1_767_225_600.0


def curve(points: list[tuple[float | None, ...] | tuple[float, ...]] | list[tuple[float, ...]], **more: bool) -> Curve:
    return Curve("ping", "accent", [x for x, _ in points], [y for _, y in points], **more)


@pytest.fixture
def chart(qtbot: QtBot, qapp: QApplication) -> Chart:
    made = Chart("Latency over time")
    made.resize(600, 240)
    qtbot.addWidget(made)
    return made


def test_few_points_are_painted_as_they_are() -> None:
    points = [(0.0, 1.0), (1.0, 5.0), (2.0, 2.0)]
    assert decimated(curve(points), 0, 10, 100) == [points]


@pytest.mark.parametrize("seed", range(5))
def test_of_many_points_every_column_keeps_its_least_and_its_most(seed: int) -> None:
    chance = random.Random(seed)
    points = [(n / 100, chance.random() * 100) for n in range(10_000)]
    (run,) = decimated(curve(points), 0, 100, 50)
    assert len(run) <= 4 * 52
    assert run == sorted(run, key=lambda point: point[0])
    for column in range(50):
        inside = [y for x, y in points if column * 2 <= x < column * 2 + 2]
        kept = [y for x, y in run if column * 2 <= x < column * 2 + 2]
        assert (min(kept), max(kept)) == (min(inside), max(inside))


def test_a_failed_ping_interrupts_the_line() -> None:
    points = [(0.0, 1.0), (1.0, 2.0), (2.0, None), (3.0, None), (4.0, 3.0)]
    assert decimated(curve(points), 0, 10, 100) == [[(0.0, 1.0), (1.0, 2.0)], [(4.0, 3.0)]]
    many = [(n / 10, None if n % 100 == 50 else 1.0) for n in range(5000)]
    assert len(decimated(curve(many), 0, 500, 50)) == 51


def test_steps_hold_until_the_next_value_and_to_the_edge() -> None:
    points = [(0.0, 1), (4.0, 3)]
    assert decimated(curve(points, steps=True), 0, 10, 100) == [[(0.0, 1), (4.0, 1), (4.0, 3), (10, 3)]]


def test_a_value_is_read_from_the_step_or_from_the_nearest_point() -> None:
    points = [(0.0, 1.0), (4.0, 3.0)]
    assert value_at(curve(points, steps=True), 3.9, 0.1) == 1.0
    assert value_at(curve(points), 3.9, 0.2) == 3.0
    assert value_at(curve(points), 2.0, 0.2) is None


@pytest.mark.parametrize(
    ("top", "whole", "expected"),
    [
        (0.0, False, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (97, False, [0, 20, 40, 60, 80, 100]),
        (3, True, [0, 1, 2, 3]),
        (0.013, False, [0, 0.005, 0.01, 0.015]),
    ],
)
def test_the_axis_has_round_numbers(top: float, whole: bool, expected: list[float] | list[int]) -> None:
    assert ticks(top, whole=whole) == pytest.approx(expected)


def test_the_time_axis_has_round_times() -> None:
    marks = time_ticks(NOON + 0.4, NOON + 300.2, 6)
    assert [at - NOON for at, _ in marks] == [60, 120, 180, 240, 300]
    assert all(len(words) == 5 for _, words in marks)
    assert time_ticks(-300.0, 0.0, 6) == [], "nothing was measured, and Windows knows no time of day before 1970"


def test_a_chart_follows_until_it_is_zoomed_and_again_after_a_double_click(qtbot: QtBot, chart: Chart) -> None:
    picture = Picture(title="Latency", unit="ms", curves=(curve([(NOON, 2.0)]),), now=NOON, reach_s=100)
    chart.show_picture(picture)
    assert chart.shown == (NOON - 100, NOON)
    chart.zoom(2.0)
    assert chart.shown == (NOON - 50, NOON)
    qtbot.keyClick(chart, Qt.Key.Key_Left)
    assert chart.shown == (NOON - 60, NOON - 10)
    chart.show_picture(Picture(now=NOON + 50, reach_s=100))
    assert chart.shown == (NOON - 60, NOON - 10)
    qtbot.mouseDClick(chart, Qt.MouseButton.LeftButton)
    assert chart.shown == (NOON - 50, NOON + 50)


def test_the_wheel_zooms_around_the_pointer(qtbot: QtBot, chart: Chart) -> None:
    chart.show_picture(Picture(curves=(curve([(NOON, 2.0)]),), now=NOON, reach_s=100))
    where = QPointF(chart._plot().center())
    at = chart._time_at(where.x())
    wheel = QWheelEvent(
        where, chart.mapToGlobal(where), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    chart.wheelEvent(wheel)
    assert chart._time_at(where.x()) == pytest.approx(at, abs=1e-3)
    begin, end = chart.shown
    assert end - begin == pytest.approx(80)


def test_values_under_the_pointer_name_curve_unit_and_outage(chart: Chart) -> None:
    outage = Mark("lost at 12:00:00", NOON - 10, None)
    picture = Picture(unit="ms", curves=(curve([(NOON - 5, 2.5)]),), marks=(outage,), now=NOON, reach_s=100)
    chart.show_picture(picture)
    lines = list(chart._values_at(NOON - 5, chart._plot()))
    assert lines[1:] == ["ping: 2.5 ms", "lost at 12:00:00"]


def test_it_is_saved_as_a_picture_of_what_is_shown(qtbot: QtBot, chart: Chart, tmp_path: Path) -> None:
    chart.show_picture(
        Picture(
            title="Latency",
            unit="ms",
            curves=(curve([(NOON - n, float(n % 7)) for n in range(90, 0, -1)], filled=True),),
            limits=(Limit("median", 3.0), Limit("maxPoolSize", 400)),
            marks=(Mark("lost", NOON - 30, NOON - 20),),
            now=NOON,
            reach_s=100,
        )
    )
    with qtbot.waitSignal(chart.drawn) as drawn:
        chart._draw(str(tmp_path / "chart.png"))
    path, content = drawn.args
    assert path == tmp_path / "chart.png"
    assert QImage.fromData(content).width() >= 1200


def test_it_says_in_words_what_it_shows(chart: Chart) -> None:
    chart.show_picture(Picture(unit="ms", curves=(curve([(NOON, 2.5)]),), now=NOON))
    assert chart.accessibleDescription() == "ping 2.5 ms"
    chart.show_picture(Picture(empty="No ping yet."))
    assert chart.accessibleDescription() == "No ping yet."
