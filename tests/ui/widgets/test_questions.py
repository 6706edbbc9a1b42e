from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from clearline.ui.widgets.questions import LineQuestion, Question


@pytest.fixture
def host(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    return made


def ask(qtbot: QtBot, host: QWidget, words: str, given: list[str]) -> Question:
    made = Question(host, "Title", words, (("Yes", lambda: given.append("yes")), ("No", lambda: given.append("no"))))
    with qtbot.waitActive(made):
        made.open()
        made.activateWindow()
    return made


@pytest.mark.parametrize("words", ["Short.", "A sentence that is long enough to need more than one line. " * 3])
def test_all_words_can_be_read(qtbot: QtBot, host: QWidget, words: str) -> None:
    question = ask(qtbot, host, words, [])
    [label] = [one for one in question.findChildren(QLabel) if one.text()]
    assert label.geometry().right() < question.width()
    assert label.height() >= label.heightForWidth(label.width())


def test_very_many_words_scroll_and_leave_the_buttons_in_reach(qtbot: QtBot, host: QWidget) -> None:
    question = ask(qtbot, host, "rm -rf / && " * 5000, [])
    assert question.findChildren(QScrollArea)
    assert question.height() < 700 / 1.5
    assert all(button.geometry().bottom() < question.height() for button in question.buttons.values())


def test_each_answer_is_given_once_and_escape_is_the_last(qtbot: QtBot, host: QWidget) -> None:
    given = []
    question = ask(qtbot, host, "?", given)
    qtbot.keyClick(question, Qt.Key.Key_Return)
    assert given == ["yes"]
    qtbot.keyClick(ask(qtbot, host, "?", given), Qt.Key.Key_Escape)
    assert given == ["yes", "no"]


def test_a_question_that_is_withdrawn_gets_no_answer(qtbot: QtBot, host: QWidget) -> None:
    given = []
    question = ask(qtbot, host, "?", given)
    with qtbot.waitSignal(question.finished):
        question.withdraw()
    assert given == []


def test_a_line_is_given_without_space_around_it(qtbot: QtBot, host: QWidget) -> None:
    given = []
    line = LineQuestion(host, "Folder", "old", given.append)
    line.open()
    qtbot.keyClicks(line.entry, "  Team / Prod ")
    qtbot.keyClick(line.entry, Qt.Key.Key_Return)
    assert given == ["Team / Prod"]
