"""The Checklist page: advice with why, followed with one key; the count on its tab."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from clearline.core.profiles.profile import Profile
from clearline.ui.app import Desktop
from clearline.ui.forms.checklist_page import ChecklistPage
from clearline.ui.forms.page import FormState
from clearline.ui.look import theme
from ui import played_checks as play
from ui.forms.shown_page import ShownPage

SPACE = Qt.Key.Key_Space
SET = "mongodb://app:sesame-street@db1.example.com,db2.example.com/shop?replicaSet=rs0"


@pytest.fixture
def page(qtbot: QtBot) -> ShownPage:
    return ShownPage(qtbot, ChecklistPage, SET)


def window_tab(desktop: Desktop) -> str:
    return desktop.window.pages.groups["checklist"].head.summary.words


def paste(desktop: Desktop, text: str) -> None:
    field = desktop.window.connection.field
    field.setFocus()
    field.selectAll()
    field.insert_text(text)


def test_advice_fits_into_the_panel(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    desktop = make_desktop(play.waiting())
    paste(desktop, "mongodb://root:pw@db1,db2/?socketTimeoutMS=1000&w=1&retryWrites=false&tlsInsecure=true&tls=true")
    window = desktop.window
    window.show_settings_panel(True)
    window.pages.groups["checklist"].head.setChecked(True)
    page: Any = window.pages.page("checklist")
    page.fold.click()
    assert any(button.text().endswith("…") for item in page.items.values() for button in item.buttons)
    assert page.minimumSizeHint().width() <= window.pages.width() - 2 * theme.GRID  # those of the scroll bar


def test_each_piece_says_what_why_and_what_a_click_does(page: ShownPage) -> None:
    item = page.page.items["tls.off"]
    assert item.item.title == "The connection is not encrypted."
    assert item.fix.text() == "Set tls=true"
    assert item.show_field.accessibleName() == "Show tls"
    assert page.page.summary.text() == f"{len(page.page.items)} things to look at"


def test_a_key_follows_the_advice_and_the_keyboard_goes_on_at_the_next(page: ShownPage) -> None:
    first = next(iter(page.page.items.values()))
    page.focus(first.fix)
    page.press(SPACE)
    assert page.profile.tls.enabled is True
    assert "tls.off" not in page.page.items
    assert QApplication.focusWidget() in [b for item in page.page.items.values() for b in item.buttons]


def test_following_every_piece_leaves_nothing_open(page: ShownPage) -> None:
    for _ in range(20):
        fixes = [item.fix for item in page.page.items.values() if item.fix is not None]
        if not fixes:
            break
        page.focus(fixes[0])
        page.press(SPACE)
    assert page.page.items == {}
    assert page.page.summary.text() == "Nothing to advise"


def test_what_is_in_order_is_folded_and_unfolds_with_a_key(page: ShownPage) -> None:
    count = len(page.page.model.passed_items)
    assert page.page.fold.text() == f"Show {count} in order"
    page.focus(page.page.fold)
    page.press(SPACE)
    assert page.page.fold.text() == f"Hide {count} in order"
    assert page.page._passed_column.count() == count


def test_advice_stays_the_same_widget_while_it_stays_the_same(page: ShownPage) -> None:
    before = page.page.items["compression"]
    page.paste(SET + "&appName=shop")
    assert "app-name" not in page.page.items
    assert page.page.items["compression"] is before


def test_without_a_host_there_is_no_advice(page: ShownPage) -> None:
    page.page.show_state(FormState(Profile()))
    assert page.page.items == {}
    assert page.page.summary.text() == "Advice comes with the first host"
    assert not page.page.fold.isVisible()


def test_no_word_of_it_holds_a_secret(page: ShownPage) -> None:
    profile = msgspec.structs.replace(page.profile, notes="sesame-street")
    page.page.show_state(FormState(profile, dict(page.opened.secrets)))
    item = page.page.items["file.secret"].item
    assert "sesame" not in msgspec.json.encode(item).decode()


# ---------------------------------------------------------------- in the window


def test_the_head_counts_while_one_types_without_the_page_being_made(
    qtbot: QtBot, make_desktop: Callable[..., Any]
) -> None:
    desktop = make_desktop(play.waiting())
    qtbot.waitUntil(lambda: window_tab(desktop) == "nothing to advise")
    paste(desktop, SET)
    qtbot.waitUntil(lambda: window_tab(desktop) == "4 to look at")
    QTest.keyClicks(desktop.window.connection.field, "&w=0")
    qtbot.waitUntil(lambda: window_tab(desktop) == "5 to look at")
    paste(desktop, "localhost:27017")
    qtbot.waitUntil(lambda: window_tab(desktop) == "nothing to advise")
    assert "checklist" not in desktop.window.pages.made_pages()


def test_one_click_changes_the_text_and_another_takes_it_back(make_desktop: Callable[..., Any]) -> None:
    desktop = make_desktop(play.waiting())
    paste(desktop, SET)
    pages = desktop.window.pages
    pages.turn_to("checklist")
    pages.page("checklist").items["tls.off"].fix.click()
    assert desktop.workbench.profiles.current.profile.tls.enabled is True
    [undo] = desktop.window.connection.said.buttons
    undo.click()
    assert desktop.workbench.profiles.current.text.reveal() == SET
    assert "tls.off" in pages.page("checklist").items


def test_what_no_text_can_hold_is_taken_back_too(make_desktop: Callable[..., Any]) -> None:
    desktop = make_desktop(play.waiting())
    paste(desktop, "mongodb+srv://app:pw@c0.abcde.mongodb.net/")
    pages = desktop.window.pages
    pages.turn_to("checklist")
    pages.page("checklist").items["server-api"].fix.click()
    assert desktop.workbench.profiles.current.profile.options.server_api == "1"
    desktop.window.connection.said.buttons[-1].click()
    assert desktop.workbench.profiles.current.profile.options.server_api is None


def test_the_field_is_shown_on_its_own_page(make_desktop: Callable[..., Any]) -> None:
    desktop = make_desktop(play.waiting())
    paste(desktop, SET)
    pages = desktop.window.pages
    pages.turn_to("checklist")
    pages.page("checklist").items["app-name"].show_field.click()
    assert pages.current_name == "options"
    assert "tls" not in pages.made_pages()
    assert pages.page("options").editor_of("appName").focusProxy().hasFocus()


def test_every_field_that_advice_shows_has_an_editor(make_desktop: Callable[..., Any]) -> None:
    pages = make_desktop(show=False).window.pages
    for name in ("hosts", "user", "tls", "replicaSet", "timeoutMS", "w", "server_api", "directConnection"):
        assert pages.go_to(name), name
