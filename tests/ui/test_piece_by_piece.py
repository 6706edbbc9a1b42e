"""A report of thousands of servers is shown in several turns of the loop, the answer first; never half of it stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from clearline.core.findings import Stage
from clearline.core.report.report import Verdict
from clearline.core.secrets.secret import Secret
from clearline.ui.app import Desktop
from clearline.ui.profiles.open_profile import Origin
from ui import played_checks as play

URI = "mongodb://app:s3cret@db1.example.com:27017/orders?replicaSet=rs0"
CROWD = play.report(
    Verdict.FAILED,
    play.WRONG_NAME,
    play.STALE_SET,
    servers=tuple(play.server(n, failed_at=Stage.TLS if n % 2 else None) for n in range(1, 5001)),
)


def shown(desktop: Desktop) -> tuple[str, int, int]:
    """The word of the verdict, how many other findings stand below it, how many servers."""
    answer = desktop.window.answer
    return answer.banner.word.text(), answer.diagnosis.model.rowCount(), answer.servers.model.rowCount()


@pytest.fixture
def desktop(qtbot: QtBot, make_desktop: Callable[..., Any]) -> Desktop:
    """A check of thousands has ended a moment ago, and of its report no more than the verdict is shown."""
    made: Desktop = make_desktop(play.playing(CROWD))
    opened = made.workbench.profiles.current
    opened.set_text(Secret(URI), Origin.ELSEWHERE)
    qtbot.waitUntil(lambda: not made.window.turns.waiting)
    made.workbench.test()
    while opened.running:
        QApplication.processEvents()
    assert shown(made) == ("Cannot connect", 0, 0)
    return made


def test_a_report_of_thousands_is_shown_part_by_part(qtbot: QtBot, desktop: Desktop) -> None:
    seen = [shown(desktop)]
    while desktop.window.turns.waiting:
        QApplication.processEvents()
        if shown(desktop) not in seen:
            seen.append(shown(desktop))
    assert seen == [("Cannot connect", 0, 0), ("Cannot connect", 1, 0), ("Cannot connect", 1, 300)]


def test_of_a_profile_that_left_the_front_meanwhile_nothing_is_shown(qtbot: QtBot, desktop: Desktop) -> None:
    former = desktop.workbench.profiles.current
    desktop.workbench.new_profile()
    assert not desktop.window.answer.shows_report
    qtbot.waitUntil(lambda: not desktop.window.turns.waiting)
    assert not desktop.window.answer.shows_report
    assert shown(desktop)[1:] == (0, 0)
    desktop.workbench.profiles.choose(former.profile.id)
    assert shown(desktop) == ("Cannot connect", 1, 300)  # whole at once: no part of it is of the other profile


def test_a_check_that_begins_meanwhile_is_shown_in_the_place_of_the_former(qtbot: QtBot, desktop: Desktop) -> None:
    opened = desktop.workbench.profiles.current
    opened.test(wrap=lambda _check: play.waiting())
    qtbot.waitUntil(lambda: shown(desktop) == ("Testing…", 0, 1))
    opened.stop()
    qtbot.waitUntil(lambda: not opened.running)
    assert shown(desktop) == ("Stopped", 0, 1)


def test_an_edit_meanwhile_leaves_nothing_that_could_be_pressed(qtbot: QtBot, desktop: Desktop) -> None:
    desktop.workbench.profiles.current.set_text(Secret(URI + "&tls=true"), Origin.ELSEWHERE)
    qtbot.waitUntil(lambda: not desktop.window.turns.waiting)
    answer = desktop.window.answer
    assert answer.primary is None
    assert answer.servers.table.pale
    assert answer.diagnosis.list.property("pale")


def test_the_window_closes_meanwhile(qtbot: QtBot, desktop: Desktop) -> None:
    desktop.window.may_close = lambda: True
    desktop.window.close()
    QApplication.processEvents()
    assert desktop.crashes.texts == []


def test_what_the_first_report_needs_is_made_before_it(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    answer = make_desktop(play.waiting()).window.answer
    qtbot.waitUntil(lambda: {"servers", "diagnosis"} <= vars(answer).keys())
    assert not answer.shows_report
