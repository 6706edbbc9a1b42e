"""The page that explains an error text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot

from clearline.core.explain.explain import explain
from clearline.core.explain.remaining import AfterCheck
from clearline.ui.panels.explanation import ExplanationPage

TEXT = "app starts\nMongoServerSelectionError: connect ECONNREFUSED 192.0.2.7:27017"


@pytest.fixture
def page(qtbot: QtBot) -> Iterator[Any]:
    around, made = QWidget(), ExplanationPage()
    made.setParent(around)
    qtbot.addWidget(around)
    around.show()
    yield made
    around.close()


def test_what_is_typed_is_explained_once_the_typing_pauses(qtbot: QtBot, page: Any) -> None:
    with qtbot.waitSignal(page.text_entered) as entered:
        page.field.setPlainText(TEXT)
    assert entered.args == [TEXT]


def test_the_likeliest_cause_its_certainty_and_the_deciding_line_are_shown(page: Any) -> None:
    page.field.setPlainText(TEXT)
    explanation = explain(TEXT)
    page.show_explanation(explanation)
    first, *others = explanation.causes
    assert page.sentence.text() == first.summary
    assert page.facts.text().startswith("likely · tcp.refused · ")
    assert page.facts.text().endswith("nothing was asked yet")
    shown = page.page.plain()
    assert "line 2: " in shown
    assert first.summary not in shown  # once
    assert all(found.summary in shown for found in others)
    assert all(f"→ {found.fix}" in shown for found in others)
    [marked] = page.field.extraSelections()
    assert marked.cursor.block().text() == TEXT.splitlines()[1]


def test_the_test_of_a_named_server_is_the_next_step(qtbot: QtBot, page: Any) -> None:
    assert not page.stops[0].text().startswith("Test")
    with qtbot.waitSignal(page.primary_changed):
        page.show_explanation(explain(TEXT))
    assert page.primary is page.stops[0]
    assert page.primary.text() == "Test 192.0.2.7:27017"


def test_a_server_of_the_text_can_be_tested(qtbot: QtBot, page: Any) -> None:
    page.field.setPlainText(TEXT)
    page.show_explanation(explain(TEXT))
    [button] = [b for b in page.findChildren(QPushButton) if b.text() == "Test 192.0.2.7:27017"]
    with qtbot.waitSignal(page.test_requested) as asked:
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert asked.args == ["mongodb://192.0.2.7:27017/?directConnection=true"]


def test_a_check_says_which_causes_remain(page: Any) -> None:
    page.show_explanation(explain(TEXT))
    first, *others = [found.cause for found in page.causes]
    page.show_checked({first: AfterCheck.FOUND} | dict.fromkeys(others, AfterCheck.OPEN))
    assert "The check confirms" in page.page.plain()
    assert "the check found it" in page.facts.text()
    assert "the check found it" not in page.page.plain()
    page.show_checked({first: AfterCheck.OPEN} | dict.fromkeys(others, AfterCheck.REFUTED))
    assert "one cause remains" in page.page.plain()
    page.show_checked(dict.fromkeys([first, *others], AfterCheck.REFUTED))
    assert "refutes every cause" in page.page.plain()
    assert "on this computer" in page.page.plain()


def test_several_servers_are_tested_in_one_run(qtbot: QtBot, page: Any) -> None:
    text = "\n".join(f"MongoServerSelectionError: connect ECONNREFUSED 192.0.2.{n}:27017" for n in (7, 8))
    page.show_explanation(explain(text))
    [button] = [b for b in page.findChildren(QPushButton) if b.text() == "Test these servers"]
    with qtbot.waitSignal(page.test_requested) as asked:
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert asked.args == ["mongodb://192.0.2.7:27017,192.0.2.8:27017/"]


def test_words_of_the_text_are_never_markup(page: Any) -> None:
    page.show_explanation(explain("MongoServerError: <img src=x> bad auth : Authentication failed."))
    assert "<img src=x>" in page.page.plain()


def test_an_address_can_be_sent_back(qtbot: QtBot, page: Any) -> None:
    page.show_text("mongodb://db1.example.com/ ")
    page.show_explanation(explain("mongodb://db1.example.com/ "))
    with qtbot.waitSignal(page.address_meant):
        qtbot.mouseClick(page.address, Qt.MouseButton.LeftButton)
