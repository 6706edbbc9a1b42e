from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from clearline.ui.background.inquiry import Inquiry
from clearline.ui.background.messages import Answer
from clearline.ui.background.pump import Pump
from clearline.ui.background.turns import Turns
from clearline.ui.background.worker import Worker
from ui import played_checks as play


@pytest.fixture
def background(qtbot: QtBot) -> Iterator[Worker]:
    line, pump = Worker(play.waiting()), Pump(Turns())
    pump.wire(line)

    def pull() -> bool:
        for message in line.take():
            assert isinstance(message, Answer)
            message.deliver()
        return False

    pump.add(pull, lambda: False)
    yield line
    line.close()
    assert line.ended_within(60_000)


def test_only_the_question_after_the_pause_is_asked(qtbot: QtBot, background: Worker) -> None:
    asked, told, owner = [], [], QObject()
    inquiry = Inquiry(background, owner)

    async def question(about: Any) -> Any:
        asked.append(about)
        return about

    for about in ("a", "ab", "abc"):
        assert inquiry.ask(about, lambda about=about: question(about), told.append)
    qtbot.waitUntil(lambda: told == ["abc"])
    assert asked == ["abc"]
    assert not inquiry.ask("abc", lambda: question("abc"), told.append)


def test_a_late_answer_about_something_else_is_dropped(qtbot: QtBot, background: Worker) -> None:
    told, owner, begun = [], QObject(), []
    inquiry = Inquiry(background, owner)

    async def slow() -> None:
        begun.append(True)
        await asyncio.Event().wait()

    async def quick() -> Any:
        return "quick"

    inquiry.ask("slow", slow, told.append)
    qtbot.waitUntil(lambda: bool(begun))
    inquiry.ask("quick", quick, told.append)
    qtbot.waitUntil(lambda: told == ["quick"])
    inquiry.drop()
    assert inquiry.about is None
