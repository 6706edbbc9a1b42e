from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from clearline.core.profiles.profile import Profile, Seeds
from clearline.core.report.report import Verdict
from clearline.ui.models.batch import BatchModel, BatchRole
from clearline.ui.models.profile_rows import ProfileRow
from ui import played_checks as play


def rows(*names: str) -> list[ProfileRow]:
    return [ProfileRow(Profile(id=name, name=name, seeds=Seeds(hosts=("db1:27017",)))) for name in names]


FAILED = replace(play.EMPTY, verdict=Verdict.FAILED, findings=(play.WRONG_SOURCE,), verdict_ms=1234.0)


def test_the_model_behaves_as_qt_demands(qtmodeltester: Any, qapp: QApplication) -> None:
    model = BatchModel(rows("A", "B"))
    model.change("A", running=True)
    qtmodeltester.check(model)


def test_the_summary_counts_what_is_where(qapp: QApplication) -> None:
    model = BatchModel(rows("A", "B", "C", "D"))
    assert model.summary() == "4 waiting"
    model.change("A", running=True)
    model.change("B", stopped=True)
    model.change("C", withheld="It asks first.")
    assert model.summary() == "1 stopped, 1 not tested, 1 testing, 1 waiting"
    model.change("A", running=False, report=FAILED)
    assert model.summary() == "1 failed, 1 stopped, 1 not tested, 1 waiting"


def test_a_row_tells_its_result_its_cause_and_its_time(qapp: QApplication) -> None:
    model = BatchModel(rows("A"))
    model.change("A", report=FAILED)
    texts = [model.index(0, column).data() for column in range(model.columnCount())]
    assert texts == ["A", "db1:27017", "failed", play.WRONG_SOURCE.summary, "1,234 ms"]
    assert model.index(0, 2).data(BatchRole.VERDICT) is Verdict.FAILED
    assert model.index(0, 2).data(Qt.ItemDataRole.AccessibleTextRole) == "result: failed"


def test_a_pipe_in_a_name_does_not_break_the_copied_table(qapp: QApplication) -> None:
    model = BatchModel(rows("a | b"))
    assert "| a \\| b | db1:27017 | waiting |" in model.markdown()
