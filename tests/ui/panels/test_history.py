from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from clearline.core.report.report import Report, Verdict
from clearline.core.watch.health import HealthState, Outage
from clearline.ui.panels.code import CodePanel
from clearline.ui.panels.history import HistoryPanel
from clearline.ui.panels.profile_list import ProfileList
from ui import played_checks as play

GOOD = replace(play.connected(), started="2026-01-01T10:00:00.000Z")
BAD = replace(play.EMPTY, verdict=Verdict.FAILED, findings=(play.WRONG_SOURCE,), started="2026-01-02T10:00:00.000Z")


@pytest.fixture
def host(qtbot: QtBot) -> Any:
    made = QWidget()
    qtbot.addWidget(made)
    made.resize(900, 400)
    return made


@pytest.fixture
def panel(qtbot: QtBot, host: QWidget | str) -> Any:
    made = HistoryPanel()
    made.setParent(host)
    made.resize(900, 400)
    with qtbot.waitActive(host):
        host.show()
        host.activateWindow()
    return made


def test_without_reports_it_says_when_there_will_be_some(panel: CodePanel | ProfileList) -> None:
    panel.show_reports(())
    assert "once it is saved" in panel.page.plain()
    assert not panel.show_it.isEnabled()
    assert not panel.export.isEnabled()


def test_a_failure_is_compared_with_the_last_that_worked(panel: CodePanel | ProfileList) -> None:
    panel.show_reports((BAD, GOOD))
    assert panel.list.item(0).text().endswith(play.WRONG_SOURCE.summary)
    said = panel.page.plain()
    assert "Since it worked on" in said
    assert said.count(play.WRONG_SOURCE.summary) == 1


def test_where_nothing_ever_worked_there_is_nothing_to_compare(panel: CodePanel | ProfileList) -> None:
    panel.show_reports((BAD,))
    assert "No earlier test that connected is kept" in panel.page.plain()


def test_return_shows_the_report_that_is_selected_and_it_can_be_exported(
    qtbot: QtBot, panel: CodePanel | ProfileList
) -> None:
    shown, exported = [], []
    panel.report_requested.connect(shown.append)
    panel.export_requested.connect(exported.append)
    panel.show_reports((BAD, GOOD))
    panel.list.setFocus()
    qtbot.keyClick(panel.list, Qt.Key.Key_Down)
    qtbot.keyClick(panel.list, Qt.Key.Key_Return)
    qtbot.mouseClick(panel.export, Qt.MouseButton.LeftButton)
    assert (shown, exported) == ([GOOD], [GOOD])


def test_a_report_whose_time_cannot_be_read_is_listed_all_the_same(panel: CodePanel | ProfileList) -> None:
    panel.show_reports((replace(GOOD, started="some day"),))
    assert panel.list.item(0).text().startswith("some day")


def outage(number: int, began: str, lasted_s: float | None, report: Report | None = None) -> Outage:
    at = datetime.fromisoformat(began).timestamp()
    cause = report.diagnosis if report is not None else None
    return Outage(
        number=number,
        worst=HealthState.DOWN,
        began=at,
        began_s=0.0,
        lasted_s=lasted_s,
        why="No server answers.",
        report=report,
        cause=cause,
    )


def test_the_outages_of_a_connection_stand_among_its_tests(qtbot: QtBot, panel: Any) -> None:
    losses = (
        outage(1, "2026-01-01T12:00:00+00:00", 35.0),
        outage(2, BAD.started, 2.0, BAD),
        outage(3, "2026-01-03T12:00:00+00:00", None),
    )
    panel.show_reports((BAD, GOOD), losses)
    lines = [panel.list.item(row).text() for row in range(panel.list.count())]
    assert ["Connection lost" in line for line in lines] == [True, True, True, False]  # what was kept stands once
    lengths = ("not yet restored", "2.0 s", "35.0 s")
    assert all(length in line for length, line in zip(lengths, lines, strict=False))
    panel.list.setCurrentRow(1)
    said = panel.page.plain()
    assert play.WRONG_SOURCE.summary in said
    assert "3 outages since the watch began, 37.0 s in all, the longest 35.0 s" in said
    assert "Since it worked on" in said
    shown = []
    panel.report_requested.connect(shown.append)
    qtbot.mouseClick(panel.show_it, Qt.MouseButton.LeftButton)
    assert shown == [BAD]
    panel.list.setCurrentRow(2)
    assert not panel.show_it.isEnabled()  # no check was run for it
    assert "No server answers" in panel.page.plain()
