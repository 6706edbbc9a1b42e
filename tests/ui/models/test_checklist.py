"""The checklist as Qt's views take it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from clearline.core.checklist.checklist import checklist
from clearline.core.checklist.rule import Importance
from clearline.core.uri import connection_string
from clearline.ui.models.checklist import AdviceRole, ChecklistModel


def items(text: str) -> Any:
    return checklist(connection_string.read(text).profile)


def test_the_model_keeps_qts_rules(qtmodeltester: Any) -> None:
    model = ChecklistModel()
    qtmodeltester.check(model)
    model.show(items("mongodb://db1.example.com/?w=0"))
    qtmodeltester.check(model)


def test_rows_say_importance_and_sentence(qtbot: QtBot) -> None:
    model = ChecklistModel()
    found = items("mongodb://db1.example.com/?w=0")
    model.show(found)
    first = model.index(0)
    assert first.data() == found[0].title
    assert first.data(Qt.ItemDataRole.AccessibleTextRole) == f"warning: {found[0].title}"
    assert first.data(AdviceRole.IMPORTANCE) is Importance.WARNING
    assert first.data(AdviceRole.ADVICE) is found[0]
    last = model.index(model.rowCount() - 1)
    assert last.data(Qt.ItemDataRole.AccessibleTextRole).startswith("in order: ")
    assert len(model.open_items) + len(model.passed_items) == model.rowCount()


def test_the_same_list_is_not_told_again(qtbot: QtBot) -> None:
    model = ChecklistModel()
    model.show(items("mongodb://db1.example.com/"))
    resets = []
    model.modelReset.connect(lambda: resets.append(1))
    model.show(items("mongodb://db1.example.com/"))
    assert resets == []
