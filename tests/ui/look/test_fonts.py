"""The system is asked for its faces once, each caller may change its own, and other ones are worn when they come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtGui import QFont, QFontDatabase, QFontMetrics
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from clearline.core.report.report import Verdict
from clearline.core.secrets.secret import Secret
from clearline.ui.app import Desktop
from clearline.ui.look import theme
from clearline.ui.profiles.open_profile import Origin
from ui import played_checks as play


def test_the_system_is_asked_once(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    theme.body_font()
    theme.mono_font()

    def asked_again(*_arguments: Any) -> QFont:
        raise AssertionError

    monkeypatch.setattr(QFontDatabase, "systemFont", asked_again)
    changed = theme.body_font()
    changed.setPointSizeF(40)
    assert theme.body_font().pointSizeF() != 40
    theme.mono_font().setItalic(True)
    assert not theme.mono_font().italic()


@pytest.fixture
def other_fonts(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """The system takes letters of nearly twice the size, and tells the window."""
    usual, system_font = qapp.font(), QFontDatabase.systemFont

    def larger(which: QFontDatabase.SystemFont) -> QFont:
        font = QFont(system_font(which))
        font.setPointSizeF(18)
        return font

    def change() -> None:
        monkeypatch.setattr(QFontDatabase, "systemFont", larger)
        for shown in qapp.topLevelWidgets():
            if (handle := shown.windowHandle()) is not None:
                QApplication.sendEvent(handle, QEvent(QEvent.Type.ThemeChange))
        QApplication.processEvents()

    yield change
    monkeypatch.undo()
    theme._forget_fonts()
    qapp.setFont(usual)


def test_other_fonts_of_the_system_are_worn_at_once(
    qtbot: QtBot, make_desktop: Callable[..., Any], other_fonts: Callable[[], None]
) -> None:
    desktop: Desktop = make_desktop(play.playing(play.report(Verdict.FAILED, play.ASK_PASSWORD, play.STALE_SET)))
    window, front = desktop.window, desktop.workbench.profiles.current
    front.set_text(Secret("mongodb://app:s3cret@db1.example.com:27017/orders"), Origin.ELSEWHERE)
    desktop.workbench.test()
    qtbot.waitUntil(lambda: not front.running and not window.turns.waiting)
    banner, matrix = window.answer.banner, window.answer.servers.table
    row = matrix.verticalHeader().defaultSectionSize()
    strip = window.answer.strip.height()
    other_fonts()
    assert theme.body_font().pointSizeF() == 18
    assert window.connection.button.font().pointSizeF() == 18
    assert window.connection.field.font().pointSizeF() == 17.5
    assert banner.word.font().weight() == QFont.Weight.DemiBold
    assert banner.word.font().pointSizeF() == 18
    assert banner.sentence.font().pointSizeF() == 27
    assert matrix.verticalHeader().defaultSectionSize() > row
    assert window.answer.strip.height() > strip
    assert QFontMetrics(theme.body_font()).horizontalAdvance("db1") == theme.width_in(theme.Face.BODY, "db1")


def test_each_line_of_a_form_has_the_room_that_larger_letters_need(
    qtbot: QtBot, make_desktop: Callable[..., Any], other_fonts: Callable[[], None]
) -> None:
    other_fonts()
    theme._forget_fonts()
    desktop: Desktop = make_desktop(play.waiting())
    desktop.window.resize(1366, 740)
    text = "mongodb://app:s3cret@db1.example.com:27017,db2.example.com,db3.example.com/orders?replicaSet=rs0&tls=true"
    desktop.workbench.profiles.current.set_text(Secret(text), Origin.ELSEWHERE)
    pages = desktop.window.pages
    pages.turn_to("server")
    page: Any = pages.page("server")
    qtbot.waitUntil(lambda: page.isVisible() and len(page.hosts.entries) == 3)
    qtbot.waitUntil(lambda: page.hosts.height() >= page.hosts.sizeHint().height())
