from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from clearline.core.findings import Stage
from clearline.core.report.report import Status
from clearline.ui.models.servers_by_stage import ServerRole, ServersByStageModel, elapsed_text
from ui.played_checks import server


def test_the_model_behaves_as_qt_demands(qtmodeltester: Any, qapp: QApplication) -> None:
    model = ServersByStageModel()
    model.show((server(1), server(2, failed_at=Stage.TLS)))
    qtmodeltester.check(model)


def test_only_the_cells_that_changed_are_repainted(qapp: QApplication) -> None:
    model = ServersByStageModel()
    model.show((server(1, reached=1), server(2, reached=1)))
    repainted = set()
    model.dataChanged.connect(lambda first, last: repainted.add((first.row(), first.column())))
    model.show((server(1, reached=1), server(2, reached=2)))
    assert repainted == {(1, 0), (1, 2), (1, 3)}  # the server, TCP that passed, TLS that runs


def test_changes_of_many_servers_are_told_in_one(qapp: QApplication) -> None:
    model = ServersByStageModel()
    model.show(tuple(server(number, reached=1) for number in range(1, 40)))
    told = []
    model.dataChanged.connect(lambda first, last: told.append((first.row(), first.column(), last.row(), last.column())))
    model.show((server(1, reached=1), *(server(number, reached=2) for number in range(2, 40))))
    assert told == [(1, 0, 38, 6)]


def test_members_that_turn_up_later_are_added_below_without_a_reset(qapp: QApplication) -> None:
    model = ServersByStageModel()
    model.show((server(1),))
    resets, added = [], []
    model.modelReset.connect(lambda: resets.append(1))
    model.rowsInserted.connect(lambda _parent, first, last: added.append((first, last)))
    model.show((server(1), server(2), server(3)))
    assert (resets, added, model.rowCount()) == ([], [(1, 2)], 3)


def test_servers_that_go_reset_the_rows(qapp: QApplication) -> None:
    model = ServersByStageModel()
    model.show((server(1), server(2)))
    model.show((server(2),))
    assert [model.index(row, 0).data() for row in range(model.rowCount())] == ["db2.example.com:27017"]


def test_a_cell_offers_status_time_note_and_evidence(qapp: QApplication) -> None:
    model = ServersByStageModel()
    model.show((server(2, failed_at=Stage.TLS),))
    cell = model.index(0, 3)
    assert cell.data(ServerRole.STAGE) is Stage.TLS
    assert cell.data(ServerRole.STATUS) is Status.FAILED
    assert cell.data(ServerRole.SERVER).cells[Stage.TLS.value].evidence["verify code"] == 62
    assert cell.data(Qt.ItemDataRole.AccessibleTextRole) == "TLS of db2.example.com:27017: failed, 24 ms, wrong name"


def test_times_are_short() -> None:
    assert [elapsed_text(ms) for ms in (None, 0.4, 11.6, 1530.0)] == ["", "<1 ms", "12 ms", "1.5 s"]
