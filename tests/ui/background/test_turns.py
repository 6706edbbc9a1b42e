from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from clearline.ui.background.turns import Turns


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
