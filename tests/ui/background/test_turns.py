from __future__ import annotations

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from clearline.ui.background.turns import Turns

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")


class Painted(QWidget):
    """Notes when it is painted."""

    def __init__(self, log: list[str]) -> None:
        super().__init__()
        self.log = log

    def paintEvent(self, event: QPaintEvent) -> None:
        self.log.append("paint")


def test_each_piece_has_a_turn_of_its_own_and_the_one_after_it_is_for_painting(qtbot: QtBot) -> None:
    turns, done = Turns(), []
    turns.add(lambda: done.append("a"), lambda: done.append("b"))
    seen = []
    while turns.waiting:
        QApplication.processEvents()
        seen.append("".join(done))
    assert "ab" in seen
    assert seen.count("") >= 1  # the turn in which both were asked for
    assert seen.count("a") >= 2


def test_what_waits_is_done_once_and_keeps_its_place(qtbot: QtBot) -> None:
    turns, done = Turns(), []

    def first() -> None:
        done.append("first")

    turns.add(first, lambda: done.append("second"))
    turns.add(first)
    qtbot.waitUntil(lambda: not turns.waiting)
    assert done == ["first", "second"]


def test_what_is_wanted_at_once_does_not_wait_and_what_is_not_wanted_is_not_done(qtbot: QtBot) -> None:
    turns, done = Turns(), []

    def now() -> None:
        done.append("now")

    def never() -> None:
        done.append("never")

    turns.add(never, now)
    turns.finish(now)
    assert done == ["now"]
    turns.finish(now)
    turns.drop(never)
    assert not turns.waiting
    qtbot.wait(1)
    assert done == ["now"]


def test_a_piece_may_ask_for_more_and_the_timer_rests_when_there_is_none(qtbot: QtBot) -> None:
    turns, done = Turns(), []

    def first() -> None:
        done.append("first")
        turns.add(lambda: done.append("second"))

    turns.add(first)
    [timer] = turns.findChildren(QTimer)
    qtbot.waitUntil(lambda: not timer.isActive())
    assert done == ["first", "second"]


def test_nothing_is_done_in_a_turn_in_which_the_window_paints(qtbot: QtBot) -> None:
    log: list[str] = []
    window = Painted(log)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    turns = Turns(window)

    def change() -> None:
        log.append("piece")
        window.update()

    def again() -> None:
        change()

    qtbot.waitUntil(lambda: "paint" in log)
    log.clear()
    turns.add(change, again)
    while turns.waiting:
        log.append("turn")
        QApplication.processEvents()
    log.append("turn")
    QApplication.processEvents()
    in_turns = [one.split() for one in " ".join(log).split("turn")]
    assert [one for one in in_turns if one] == [["piece"], ["paint"], ["piece"], ["paint"]]
