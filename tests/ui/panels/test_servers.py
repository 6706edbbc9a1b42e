"""The table of a deployment of hundreds and thousands of servers: what is listed, what is found, what is measured."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from clearline.core.findings import Stage
from clearline.core.report.report import ServerResult, Verdict
from clearline.ui.panels import servers as shown_servers
from clearline.ui.panels.server_matrix import width_of
from clearline.ui.panels.servers import ServersPanel
from ui import played_checks as play

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # a panel shown alone is a window


@pytest.fixture
def panel(qtbot: QtBot) -> ServersPanel:
    made = ServersPanel()
    qtbot.addWidget(made)
    made.resize(900, 600)
    made.show()
    return made


def listed(panel: ServersPanel) -> list[str]:
    return [panel.model.server_at(row).address for row in range(panel.model.rowCount())]


def crowd(count: int, *failed: int) -> tuple[ServerResult, ...]:
    return tuple(play.server(n, failed_at=Stage.TLS if n in failed else None) for n in range(1, count + 1))


def test_of_thousands_those_with_problems_stand_first_and_the_others_are_found_by_name(panel: ServersPanel) -> None:
    panel.show_report(play.report(Verdict.FAILED, play.WRONG_NAME, servers=crowd(5000, 7, 2500, 4999)))
    bad = [f"db{n}.example.com:27017" for n in (7, 2500, 4999)]
    assert panel.only_problems.isChecked()
    assert panel.only_problems.text() == "Only problems (3)"
    assert listed(panel) == bad
    panel.only_problems.setChecked(False)
    assert listed(panel)[:4] == [*bad, "db1.example.com:27017"]
    assert panel.model.rowCount() == 300
    assert panel._count.text() == "Servers  5000, the first 300 of 5000 listed"
    panel.search.setText("db4711.")
    assert listed(panel) == ["db4711.example.com:27017"]
    assert panel._count.text() == "Servers  5000"


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str | None]]:
    cells: list[tuple[str, str | None]] = []

    def counted(server: ServerResult, stage: str | None) -> int:
        cells.append((server.address, stage))
        return width_of(server, stage)

    monkeypatch.setattr(shown_servers, "width_of", counted)
    return cells


def test_a_cell_is_measured_once_and_again_only_when_it_changed(
    panel: ServersPanel, measured: list[tuple[str, str | None]]
) -> None:
    servers = crowd(250)
    panel.show_report(play.report(None, servers=servers))
    assert len(measured) == len(set(measured)) == 250 * panel.model.columnCount()
    measured.clear()
    newer = (*servers[:99], play.server(100, failed_at=Stage.TLS), *servers[100:])
    panel.show_report(play.report(None, servers=newer))
    assert {address for address, _ in measured} == {"db100.example.com:27017"}
    measured.clear()
    panel.resize(700, 500)
    assert not measured


def test_a_column_grows_with_what_comes_into_it_later(panel: ServersPanel) -> None:
    panel.show_report(play.report(None, servers=(play.server(1, reached=1), play.server(2, reached=1))))
    servers = (play.server(1, reached=1), play.server(2, failed_at=Stage.TLS))
    panel.show_report(play.report(None, servers=servers))
    column = 3  # TLS
    assert panel.table.columnWidth(column) >= width_of(servers[1], Stage.TLS.value)


def test_what_runs_turns_where_it_is_seen(panel: ServersPanel) -> None:
    running = tuple(play.server(number, reached=1) for number in range(1, 251))
    panel.show_report(play.report(None, servers=running))
    turned: set[int] = set()
    panel.model.dataChanged.connect(lambda first, last: turned.update(range(first.row(), last.row() + 1)))
    panel.turn()
    assert 0 in turned
    assert len(turned) < 20
    turned.clear()
    panel.table.scrollToBottom()
    panel.turn()
    assert 249 in turned
    assert 0 not in turned
    panel.hide()
    turned.clear()
    panel.turn()
    assert not turned


def test_no_row_hides_behind_a_scroll_bar(panel: ServersPanel) -> None:
    for width in (900, 500, 900, 400):
        panel.resize(width, 600)
        panel.show_report(play.report(Verdict.CONNECTED, servers=crowd(3)))
        QApplication.processEvents()
        assert panel.table.horizontalScrollBar().isVisible() is (width < 900)
        assert not panel.table.verticalScrollBar().isVisible()
        assert panel.table.rowViewportPosition(2) + panel.table.rowHeight(2) <= panel.table.viewport().height()


def test_only_what_is_seen_is_painted_and_qt_is_asked_for_no_cell(
    panel: ServersPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel.show_report(play.report(None, servers=crowd(250, 3)))
    panel.table.grab()  # whatever Qt asks for when it lays the table out
    painted: set[int] = set()
    server_at = panel.model.server_at
    monkeypatch.setattr(panel.model, "server_at", lambda row: painted.add(row) or server_at(row))
    monkeypatch.setattr(panel.model, "data", lambda *_: pytest.fail("a way through Qt takes longer than the drawing"))
    panel.table.viewport().grab()
    assert 0 in painted
    assert len(painted) < 20
