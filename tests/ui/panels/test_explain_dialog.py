"""The dialog that explains an error text."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot

from clearline.core.explain.explain import explain
from clearline.core.explain.remaining import Standing
from clearline.ui.panels.explain_dialog import ExplainDialog

TEXT = "app starts\nMongoServerSelectionError: connect ECONNREFUSED 192.0.2.7:27017"


@pytest.fixture
def host(qtbot: QtBot) -> Any:
    made = QWidget()
    qtbot.addWidget(made)
    return made


@pytest.fixture
def dialog(host: QWidget | str) -> Any:
    made = ExplainDialog(host)
    made.show()
    return made


def test_what_is_typed_is_explained_once_the_typing_pauses(qtbot: QtBot, dialog: Any) -> None:
    with qtbot.waitSignal(dialog.text_entered) as entered:
        dialog.field.setPlainText(TEXT)
    assert entered.args == [TEXT]


def test_the_causes_their_certainty_and_the_deciding_line_are_shown(dialog: Any) -> None:
    dialog.field.setPlainText(TEXT)
    dialog.show_explanation(explain(TEXT))
    assert "tcp.refused" in dialog.page.plain()
    assert "likely" in dialog.page.plain()
    assert "line 2: " in dialog.page.plain()
    [marked] = dialog.field.extraSelections()
    assert marked.cursor.block().text() == TEXT.splitlines()[1]


def test_a_server_of_the_text_can_be_tested(qtbot: QtBot, dialog: Any) -> None:
    dialog.field.setPlainText(TEXT)
    dialog.show_explanation(explain(TEXT))
    [button] = [b for b in dialog.findChildren(QPushButton) if b.text() == "Test 192.0.2.7:27017"]
    with qtbot.waitSignal(dialog.test_requested) as asked:
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert asked.args == ["mongodb://192.0.2.7:27017/?directConnection=true"]


def test_a_check_says_which_causes_remain(dialog: Any) -> None:
    dialog.show_explanation(explain(TEXT))
    first, *others = [found.cause for found in dialog.causes]
    dialog.show_checked({first: Standing.FOUND} | dict.fromkeys(others, Standing.OPEN))
    shown = dialog.page.plain()
    assert "The check confirms" in shown
    assert shown.count("the check found it") == 1
    dialog.show_checked({first: Standing.OPEN} | dict.fromkeys(others, Standing.REFUTED))
    assert "one cause remains" in dialog.page.plain()
    dialog.show_checked(dict.fromkeys([first, *others], Standing.REFUTED))
    assert "refutes every cause" in dialog.page.plain()
    assert "on this computer" in dialog.page.plain()


def test_several_servers_are_tested_in_one_run(qtbot: QtBot, dialog: Any) -> None:
    text = "\n".join(f"MongoServerSelectionError: connect ECONNREFUSED 192.0.2.{n}:27017" for n in (7, 8))
    dialog.show_explanation(explain(text))
    [button] = [b for b in dialog.findChildren(QPushButton) if b.text() == "Test these servers"]
    with qtbot.waitSignal(dialog.test_requested) as asked:
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert asked.args == ["mongodb://192.0.2.7:27017,192.0.2.8:27017/"]


def test_words_of_the_text_are_never_markup(dialog: Any) -> None:
    dialog.show_explanation(explain("MongoServerError: <img src=x> bad auth : Authentication failed."))
    assert "<img src=x>" in dialog.page.plain()


def test_an_address_can_be_sent_back(qtbot: QtBot, dialog: Any) -> None:
    dialog.show_text("mongodb://db1.example.com/ ")
    dialog.show_explanation(explain("mongodb://db1.example.com/ "))
    with qtbot.waitSignal(dialog.address_meant):
        qtbot.mouseClick(dialog.address, Qt.MouseButton.LeftButton)
