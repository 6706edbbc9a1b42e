"""Where things stand in the real window: the answer has the room, settings beside or over it, keys reach everything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPalette
from PySide6.QtWidgets import QApplication, QPushButton, QScrollArea
from pytestqt.qtbot import QtBot

from clearline.core.findings import Stage
from clearline.core.report.report import Report, Verdict
from clearline.core.secrets.secret import Secret
from clearline.ui.app import Desktop
from clearline.ui.look import theme
from clearline.ui.look.palette import PRODUCTION
from clearline.ui.models.go_to_entries import Entry, Kind, found
from clearline.ui.panels.diagnosis import DiagnosisPanel
from clearline.ui.panels.go_to_dialog import GoToDialog
from clearline.ui.profiles.open_profile import Origin
from clearline.ui.widgets import announcement
from clearline.ui.widgets.delegates import turning
from lab.cost import least_cpu_s
from ui import played_checks as play

CONTROL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
URI = "mongodb://app:s3cret@db1.example.com:27017/orders?replicaSet=rs0"
TITLE_BAR = 28
BUSY = 20
"""How much slower a computer may be that does other things at the same time."""


def after_check(
    qtbot: QtBot, make_desktop: Callable[..., Any], report: Report, size: tuple[int, ...] = (1366, 768)
) -> Desktop:
    desktop = make_desktop(play.playing(report))
    desktop.window.resize(*size)
    desktop.workbench.profiles.current.set_text(Secret(URI), Origin.ELSEWHERE)
    desktop.workbench.test()
    qtbot.waitUntil(lambda: not desktop.workbench.profiles.current.running)
    QApplication.processEvents()
    return desktop


@pytest.mark.parametrize(("size", "least"), [((1366, 768 - TITLE_BAR), 540), ((911, 512 - TITLE_BAR), 310)])
def test_the_answer_has_the_room(
    qtbot: QtBot, make_desktop: Callable[..., Any], size: tuple[int, ...], least: int
) -> None:
    desktop = after_check(qtbot, make_desktop, play.report(Verdict.FAILED, play.ASK_PASSWORD), size)
    qtbot.waitUntil(lambda: desktop.window.results.height() >= least)


@pytest.mark.parametrize(("width", "rail", "over"), [(1366, False, False), (1024, True, False), (880, True, True)])
def test_settings_stand_beside_the_answer_or_over_it(
    qtbot: QtBot, make_desktop: Callable[..., Any], width: int, rail: bool, over: bool
) -> None:
    desktop = after_check(qtbot, make_desktop, play.connected(), (width, 700))
    window = desktop.window
    qtbot.keyClick(window, Qt.Key.Key_Comma, CONTROL)
    QApplication.processEvents()
    assert window.pages.isVisible()
    assert (window.profiles.width() < 60) is rail
    left = window.pages.mapTo(window, QPoint(0, 0)).x()
    right = window.results.mapTo(window, window.results.rect().topRight()).x()
    assert (right >= left) is over
    assert left + window.pages.width() <= window.width()
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not window.pages.isVisible()


def test_one_filter_finds_an_option_of_any_group(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    pages = make_desktop(play.waiting()).window.pages
    pages.wanted.emit()
    pages.filter.setText("maxpoolsize")
    qtbot.waitUntil(lambda: "pool" in pages.made_pages() and pages.groups["pool"].is_open)
    rows = pages.page("pool").rows
    assert [name for name, row in rows.items() if row.shown] == ["maxPoolSize"]
    assert not pages.groups["tls"].isVisible()
    pages.filter.setText("no such thing")
    assert "no such thing" in pages.nothing.text()
    pages.filter.clear()
    assert all(group.isVisible() for group in pages.groups.values())
    assert not pages.groups["pool"].is_open  # as it was


def test_heads_say_what_is_set_and_what_is_wrong(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    desktop = make_desktop(play.waiting())
    desktop.workbench.profiles.current.set_text(Secret("mongodb://h/?minPoolSize=9&maxPoolSize=5"), Origin.ELSEWHERE)
    heads = {name: group.head for name, group in desktop.window.pages.groups.items()}
    qtbot.waitUntil(lambda: heads["pool"].summary.words == "2 set")
    assert heads["pool"].summary.wrong == 1
    assert "1 mistake" in heads["pool"].accessibleName()
    assert heads["server"].summary.words == "h"


def test_choosing_a_stage_shows_it_alone_and_choosing_it_again_all(
    qtbot: QtBot, make_desktop: Callable[..., Any]
) -> None:
    desktop = after_check(qtbot, make_desktop, play.report(Verdict.FAILED, play.ASK_PASSWORD, play.STALE_SET))
    answer = desktop.window.answer
    assert answer.diagnosis.model.rowCount() == 1
    answer.strip.setFocus()
    # The keyboard stands on the stage that failed.
    qtbot.keyClick(answer.strip, Qt.Key.Key_Return)
    assert (answer.diagnosis.cause.isVisible(), answer.diagnosis.model.rowCount()) == (True, 0)
    qtbot.keyClick(answer.strip, Qt.Key.Key_Return)
    assert answer.diagnosis.model.rowCount() == 1


def test_of_many_servers_those_with_problems_stand_alone_first(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    servers = tuple(play.server(n, failed_at=Stage.TCP if n in (9, 21) else None) for n in range(1, 31))
    desktop = after_check(qtbot, make_desktop, play.report(Verdict.CONNECTED, play.STALE_SET, servers=servers))
    panel = desktop.window.answer.servers
    assert panel.only_problems.isChecked()
    assert panel.model.rowCount() == 2
    panel.only_problems.click()
    assert panel.model.rowCount() == 30
    assert panel.model.index(0, 0).data() == "db9.example.com:27017"
    panel.search.setText("db17")
    assert panel.model.rowCount() == 1


def test_one_server_needs_no_matrix(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    desktop = after_check(qtbot, make_desktop, play.report(Verdict.CONNECTED, servers=(play.server(1),)))
    assert not desktop.window.answer.servers.table.isVisible()


def test_pages_are_turned_by_keys(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    window = make_desktop(play.waiting()).window
    for key, name in (
        (Qt.Key.Key_2, "live"),
        (Qt.Key.Key_3, "code"),
        (Qt.Key.Key_4, "history"),
        (Qt.Key.Key_1, "answer"),
    ):
        qtbot.keyClick(window, key, ALT)
        assert window.results.current_name == name
    window.turn_by(-1)
    assert window.results.current_name == "history"


def test_exactly_one_button_is_filled(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    desktop = make_desktop(play.playing(play.report(Verdict.FAILED, play.ASK_PASSWORD)))
    window = desktop.window
    assert window.connection.button.property("running") == "false"
    desktop.workbench.profiles.current.set_text(Secret(URI), Origin.ELSEWHERE)
    desktop.workbench.test()
    qtbot.waitUntil(lambda: window.answer.banner.primary is not None)
    assert window.connection.button.property("running") == "true"
    desktop.workbench.profiles.current.set_text(Secret(URI + "&tls=true"), Origin.ELSEWHERE)
    assert window.answer.banner.primary is None
    assert window.connection.button.property("running") == "false"


def test_who_types_is_not_interrupted(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    line = make_desktop(play.waiting()).window.connection
    line.field.setFocus()
    qtbot.keyClicks(line.field, "mongodb://h:270170")
    assert line.said.buttons == []
    assert not line.field.property("mistake")
    qtbot.waitUntil(lambda: "not a usable port" in line.said.text)


def test_go_to_leads_to_a_setting_and_to_a_page(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    window = make_desktop(play.waiting()).window
    for typed, reached in (
        ("maxpool", lambda: window.focusWidget() is window.pages.page("pool").editor_of("maxPoolSize").control),
        ("history", lambda: window.results.current_name == "history"),
    ):
        qtbot.keyClick(window, Qt.Key.Key_K, CONTROL)
        dialog = window.findChild(GoToDialog)
        qtbot.keyClicks(dialog.field, typed)
        qtbot.keyClick(dialog.field, Qt.Key.Key_Return)
        qtbot.waitUntil(reached)
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)


def test_ten_thousand_connections_are_searched_within_a_frame() -> None:
    entries = [
        Entry(Kind.PROFILE, f"orders-{n}", "", f"orders-{n} db{n}.example.com", lambda: None) for n in range(10_000)
    ]
    assert len(found(entries, "orders 9999")) == 1
    assert least_cpu_s(lambda: found(entries, "orders 9999")) < 0.016 * BUSY


def test_f6_goes_from_pane_to_pane_and_back(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    desktop = after_check(qtbot, make_desktop, play.report(Verdict.FAILED, play.ASK_PASSWORD))
    window = desktop.window
    window.connection.field.setFocus()
    seen = []
    for _ in range(3):
        qtbot.keyClick(window, Qt.Key.Key_F6)
        seen.append(window.focusWidget())
    assert seen == [window.answer.banner.primary, window.profiles.list, window.connection.field]
    qtbot.keyClick(window, Qt.Key.Key_F6, Qt.KeyboardModifier.ShiftModifier)
    assert window.focusWidget() is window.profiles.list


def test_tab_goes_through_answer_settings_and_list_in_turn(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    window = after_check(qtbot, make_desktop, play.report(Verdict.FAILED, play.ASK_PASSWORD, play.STALE_SET)).window
    window.show_settings_panel(True)
    heads = [group.head for group in window.pages.groups.values()]
    page: Any = window.pages.page("server")
    qtbot.waitUntil(page.isVisible)
    panes = (window.connection, window.answer, window.pages, window.profiles)
    window.connection.field.setFocus()
    seen: list[Any] = []
    while len(seen) < 90 and (not seen or window.focusWidget() is not window.connection.field):
        seen.append(window.focusWidget())
        qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Tab)
    assert len(set(seen)) == len(seen)
    behind = seen[seen.index(window.settings) + 1 :]
    places = [next((n for n, pane in enumerate(panes) if pane.isAncestorOf(one)), len(panes)) for one in behind]
    assert places == sorted(places)
    server = seen.index(heads[0])
    assert page.isAncestorOf(seen[server + 1])
    assert [one for one in seen if one in heads] == heads
    there = list(seen)
    for former in reversed(there):
        qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Backtab, Qt.KeyboardModifier.ShiftModifier)
        assert window.focusWidget() is former


def test_the_fix_is_the_next_stop_after_test(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    window = after_check(qtbot, make_desktop, play.report(Verdict.FAILED, play.ASK_PASSWORD)).window
    window.connection.button.setFocus()
    qtbot.keyClick(window.connection.button, Qt.Key.Key_Tab)
    assert window.focusWidget() is window.answer.banner.primary


def test_the_verdict_is_told_to_who_hears_the_window(
    qtbot: QtBot, make_desktop: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = []

    hearing = SimpleNamespace(isActive=lambda: True, updateAccessibility=lambda event: told.append(event.message()))
    monkeypatch.setattr(announcement, "QAccessible", hearing)
    after_check(qtbot, make_desktop, play.report(Verdict.FAILED, play.ASK_PASSWORD))
    assert told == ["Cannot connect The password of user app is wrong. → Type the password again."]


def test_nothing_turns_for_who_wants_it_still(make_desktop: Callable[..., Any]) -> None:
    desktop = make_desktop(play.waiting())
    desktop.workbench.change_settings(still=True)
    assert {turning() for _ in range(50)} == {0}
    desktop.workbench.change_settings(still=False)
    assert not theme.is_still()


def test_every_action_of_a_menu_has_a_letter_of_its_own(make_desktop: Callable[..., Any]) -> None:
    window = make_desktop(play.waiting(), show=False).window
    for menu in window.menuBar().actions():
        texts = [action.text() for action in menu.menu().actions() if action.text()]
        letters = [text[text.index("&") + 1].lower() for text in texts]
        assert len(set(letters)) == len(letters), texts


def test_a_production_profile_colours_the_window_and_says_its_word(
    qtbot: QtBot, make_desktop: Callable[..., Any]
) -> None:
    desktop = make_desktop(play.waiting())
    window, current = desktop.window, desktop.workbench.profiles.current
    current.set_text(Secret(URI), Origin.ELSEWHERE)
    assert not window.environment.isVisible()
    current.rename("Orders production")
    assert window.environment.word.text() == "Production"
    tinted = window.grab().toImage().pixelColor(4, window.height() - 4)
    assert window.menuBar().property("tint") == PRODUCTION
    current.rename("Orders staging")
    assert window.environment.word.text() == "Staging"
    assert window.menuBar().property("tint") == ""
    assert window.grab().toImage().pixelColor(4, window.height() - 4) != tinted


@pytest.mark.parametrize("size", [(911, 484), (800, 420)])
def test_long_names_of_many_servers_are_told_apart_in_a_narrow_window(
    qtbot: QtBot, make_desktop: Callable[..., Any], size: tuple[int, ...]
) -> None:
    names = [
        f"orders-mongodb-{n}.orders-mongodb-headless.production-eu-west-2.svc.cluster.local:27017"
        for n in range(91, 100)
    ]
    servers = tuple(msgspec.structs.replace(play.server(n), address=name) for n, name in enumerate(names))
    desktop = after_check(qtbot, make_desktop, play.report(Verdict.CONNECTED, servers=servers), size)
    model = desktop.window.answer.servers.model
    shown = [model.shortened(model.server_at(row))[-1] for row in range(9)]
    assert len(set(shown)) == 9
    room = desktop.window.answer.servers.table.columnWidth(0) - 14
    assert all(QFontMetrics(theme.mono_font()).horizontalAdvance(name) <= room for name in shown)


def is_pale(diagnosis: DiagnosisPanel) -> bool:
    delegate: Any = diagnosis.list.itemDelegate()
    return bool(delegate.is_pale())


def test_a_stale_answer_is_grey_as_a_whole_and_fixes_nothing(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    desktop = after_check(qtbot, make_desktop, play.report(Verdict.FAILED, play.WRONG_NAME, play.STALE_SET))
    diagnosis = desktop.window.answer.diagnosis
    grey = QColor(theme.tone("muted"))
    assert diagnosis.page.palette().color(QPalette.ColorRole.Text) != grey
    desktop.workbench.profiles.current.set_text(Secret(URI + "&tls=true"), Origin.ELSEWHERE)
    assert diagnosis.page.palette().color(QPalette.ColorRole.Text) == grey
    assert is_pale(diagnosis)
    assert not any(button.isEnabled() for button in diagnosis.cause.findChildren(QPushButton))
    desktop.workbench.profiles.current.set_text(Secret(URI), Origin.ELSEWHERE)
    assert not is_pale(diagnosis)


@pytest.mark.parametrize("group", ["server", "way", "auth", "tls", "pool", "options", "checklist"])
def test_no_group_of_settings_is_wider_than_the_panel(
    qtbot: QtBot, make_desktop: Callable[..., Any], group: str
) -> None:
    pages = make_desktop(play.waiting()).window.pages
    pages.turn_to(group)
    page = pages.page(group)
    area = page.parentWidget()
    while not isinstance(area, QScrollArea):
        area = area.parentWidget()
    qtbot.waitUntil(lambda: area.verticalScrollBar().isVisible() or page.isVisible())
    bar = area.verticalScrollBar().sizeHint().width()
    assert page.minimumSizeHint().width() <= area.width() - bar


def test_what_stands_in_a_menu_within_a_menu_is_listed_with_its_name(make_desktop: Callable[..., Any]) -> None:
    words = [words for words, _action in make_desktop(play.waiting()).window.menus.listed()]
    assert "Copy as: with a placeholder for the password" in words
    assert "Colours: dark" in words
    assert all(words)


@pytest.fixture
def font_as_found(qapp: QApplication) -> Iterator[None]:
    """The font of the application outlives a window, and the next test's would be measured with it."""
    found = qapp.font()
    yield
    qapp.setFont(found)


@pytest.mark.usefixtures("font_as_found")
def test_larger_letters_have_as_much_more_room(
    qtbot: QtBot, make_desktop: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = theme.body_font()

    def larger() -> QFont:
        font = QFont(usual)
        font.setPointSizeF(15.75)  # 21 pixels
        return font

    assert theme.scaled(100) == 100
    monkeypatch.setattr(theme, "body_font", larger)
    assert theme.scaled(100) == 150
    desktop = after_check(qtbot, make_desktop, play.report(Verdict.FAILED, play.ASK_PASSWORD))
    window = desktop.window
    window.resize(1366, 740)
    window.answer.banner.press_fix()
    assert window.pages.width() == theme.scaled(416)
    page: Any = window.pages.page("auth")
    assert page.minimumSizeHint().width() <= window.pages.width()
    assert window.pages.mapTo(window, window.pages.rect().topRight()).x() < window.width()
    window.show_settings_panel(False)
    window.resize(2000, 900)
    assert window.profiles.width() >= theme.scaled(208)
