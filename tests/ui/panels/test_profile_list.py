from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QItemSelectionModel, QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu, QWidget
from pytestqt.qtbot import QtBot

from clearline.core.profiles.profile import Profile
from clearline.ui.models.profile_rows import Order, ProfileRow
from clearline.ui.models.profiles import ProfileRole
from clearline.ui.panels.profile_list import ListAction, ProfileList

SELECT = QItemSelectionModel.SelectionFlag.Select


def row(name: str, **more: str) -> ProfileRow:
    return ProfileRow(Profile(id=name, name=name, **more), Path(f"{name}.json"))


@pytest.fixture
def host(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    made.resize(260, 600)
    return made


@pytest.fixture
def panel(qtbot: QtBot, host: QWidget) -> ProfileList:
    made = ProfileList()
    made.setParent(host)
    made.resize(260, 600)
    made.model.show([row("A"), row("B"), row("C", folder="Team"), row("D", folder="Team")])
    with qtbot.waitActive(host):
        host.show()
        host.activateWindow()
    return made


def choose(panel: ProfileList, *names: str) -> None:
    choice = panel.list.selectionModel()
    choice.clear()
    for name in names:
        choice.select(panel.model.index(panel.model.row_of(name)), SELECT)


def texts(menu: QMenu) -> list[str]:
    return [action.text() for action in menu.actions() if not action.isSeparator()]


def test_the_arrow_keys_lead_from_the_search_through_headings_and_profiles(qtbot: QtBot, panel: ProfileList) -> None:
    chosen = []
    panel.chosen.connect(chosen.append)
    panel.search.setFocus()
    qtbot.keyClick(panel.search, Qt.Key.Key_Down)
    for _ in range(4):
        qtbot.keyClick(panel.list, Qt.Key.Key_Down)
    assert list(dict.fromkeys(chosen)) == ["A", "B", "C", "D"]
    qtbot.keyClick(panel.list, Qt.Key.Key_Home)
    assert chosen[-1] == "A"
    qtbot.keyClick(panel.list, Qt.Key.Key_End)
    assert chosen[-1] == "D"


def test_left_folds_and_right_unfolds_and_neither_does_the_other(qtbot: QtBot, panel: ProfileList) -> None:
    panel.list.setCurrentIndex(panel.model.index(2))
    assert panel.model.heading_at(2) is not None
    qtbot.keyClick(panel.list, Qt.Key.Key_Right)
    assert panel.model.rowCount() == 5
    qtbot.keyClick(panel.list, Qt.Key.Key_Left)
    assert panel.model.rowCount() == 3
    qtbot.keyClick(panel.list, Qt.Key.Key_Left)
    assert panel.model.rowCount() == 3
    assert panel.list.currentIndex().row() == 2
    qtbot.keyClick(panel.list, Qt.Key.Key_Space)
    assert panel.model.rowCount() == 5


def test_two_quick_clicks_fold_and_unfold(qtbot: QtBot, panel: ProfileList) -> None:
    place = panel.list.visualRect(panel.model.index(2)).center()
    qtbot.mouseDClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert panel.model.rowCount() == 3


def test_rows_have_the_height_of_what_stands_in_them_also_after_others_went(panel: ProfileList) -> None:
    heights = [panel.list.rowHeight(n) for n in range(5)]
    assert heights[2] < heights[0]
    assert heights[0] == heights[1] == heights[3] == heights[4]
    panel.model.show([row("C", folder="Team"), row("A"), row("B"), row("E")])
    assert [panel.list.rowHeight(n) == heights[0] for n in range(5)] == [True, True, True, False, True]


def test_what_is_selected_stays_so_when_rows_come_and_go(qtbot: QtBot, panel: ProfileList) -> None:
    chosen = []
    panel.select("B")
    choose(panel, "B", "D")
    panel.chosen.connect(chosen.append)
    panel.model.show([row("0"), row("A"), row("B"), row("D", folder="Team")])
    assert panel.selected() == ["B", "D"]
    panel.select("B")
    assert panel.selected() == ["B", "D"]
    panel.model.sort(Order.FAILED_FIRST)
    assert panel.selected() == ["B", "D"]
    assert chosen == []


@pytest.fixture
def with_control(qtbot: QtBot, host: QWidget) -> Iterator[None]:
    """The Ctrl key is held, as while a shortcut does its work."""
    QTest.keyPress(host.windowHandle(), Qt.Key.Key_Control, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.keyboardModifiers() == Qt.KeyboardModifier.ControlModifier
    yield
    QTest.keyRelease(host.windowHandle(), Qt.Key.Key_Control, Qt.KeyboardModifier.NoModifier)


def test_only_the_profile_in_front_is_selected_while_a_shortcut_is_held(panel: ProfileList, with_control: None) -> None:
    for name in ("A", "B", "C", "A"):
        panel.select(name)
        assert panel.selected() == [name]
    panel.select("not listed yet")
    assert panel.selected() == []
    assert not panel.list.currentIndex().isValid()
    panel.model.show([row("A"), row("B"), row("not listed yet")])
    panel.select("not listed yet")
    assert panel.selected() == ["not listed yet"]


def test_another_profile_in_front_ends_a_selection_that_it_is_part_of(panel: ProfileList) -> None:
    panel.select("A")
    choose(panel, "A", "B", "D")
    panel.select("B")
    assert panel.selected() == ["B"]


def test_control_and_a_click_add_to_the_selection_although_the_profile_comes_to_the_front(
    qtbot: QtBot, panel: ProfileList
) -> None:
    panel.chosen.connect(panel.select)

    def click(name: str, modifier: Any) -> None:
        place = panel.list.visualRect(panel.model.index(panel.model.row_of(name))).center()
        qtbot.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, modifier, place)

    click("A", Qt.KeyboardModifier.NoModifier)
    click("C", Qt.KeyboardModifier.ControlModifier)
    assert panel.selected() == ["A", "C"]
    click("D", Qt.KeyboardModifier.ShiftModifier)
    assert panel.selected() == ["A", "C", "D"]
    click("B", Qt.KeyboardModifier.NoModifier)
    assert panel.selected() == ["B"]


def test_who_walks_over_headings_is_not_taken_away(qtbot: QtBot, panel: ProfileList) -> None:
    panel.select("A")
    panel.list.setFocus()
    qtbot.waitUntil(panel.list.hasFocus)
    panel.list.setCurrentIndex(panel.model.index(2))
    panel.model.show([row("0"), row("A"), row("B"), row("C", folder="Team")])
    panel.select("A")
    assert panel.model.heading_at(panel.list.currentIndex().row()) is not None


def test_the_keys_for_deleting_and_renaming_ask_for_it(qtbot: QtBot, panel: ProfileList) -> None:
    asked = []
    panel.asked.connect(lambda what, ids: asked.append((what, ids)))
    choose(panel, "A")
    qtbot.keyClick(panel.list, Qt.Key.Key_F2)
    choose(panel, "A", "B")
    qtbot.keyClick(panel.list, Qt.Key.Key_F2)
    qtbot.keyClick(panel.list, Qt.Key.Key_Delete)
    assert asked == [(ListAction.RENAME, ["A"]), (ListAction.DELETE, ["A", "B"])]


def test_the_menu_offers_what_fits(panel: ProfileList) -> None:
    one = texts(panel.menu_for(["A"]))
    assert one[:5] == ["Test", "Watch", "Duplicate", "Rename…", "Notes…"]
    several = texts(panel.menu_for(["A", "B"]))
    assert several[0] == "Test (2)"
    assert "Rename…" not in several
    broken = ProfileRow(Profile(id="x"), Path("x.json"), problem="x.json: line 1")
    recent = ProfileRow(Profile(id="recent:0"), recent="mongodb://db/")
    panel.model.show([broken, recent])
    menu = panel.menu_for(["x"])
    enabled = {action.text() for action in menu.actions() if action.isEnabled() and not action.isSeparator()}
    assert {"Show the file", "Delete"} <= enabled
    assert not {"Test", "Rename…", "Export…"} & enabled
    assert texts(panel.menu_for(["recent:0"])) == ["Forget these"]


def test_all_that_match_the_search_can_be_tested(qtbot: QtBot, panel: ProfileList) -> None:
    asked = []
    panel.asked.connect(lambda what, ids: asked.append((what, ids)))
    assert "Test all (4)" in texts(panel.more_menu())
    qtbot.keyClicks(panel.search, "team")
    menu = panel.more_menu()
    next(action for action in menu.actions() if action.text() == "Test all that match (2)").trigger()
    assert asked == [(ListAction.TEST, ["C", "D"])]


def test_an_empty_list_says_why(qtbot: QtBot, panel: ProfileList) -> None:
    qtbot.keyClicks(panel.search, "nothing like it")
    assert panel.empty.isVisible()
    assert panel.empty.text() == "No profile matches."
    panel.search.clear()
    assert not panel.empty.isVisible()
    assert panel.model.index(0).data(ProfileRole.ID) == "A"


def test_without_a_mouse_the_menu_is_that_of_the_row_where_the_keyboard_is(panel: ProfileList) -> None:
    nowhere = QPoint(-1, -1)
    asked = []
    panel.asked.connect(lambda what, ids: asked.append((what, ids)))
    for place in (0, 2):
        panel.list.setCurrentIndex(panel.model.index(place))
        menu, point = panel.menu_at(nowhere)
        assert panel.list.visualRect(panel.model.index(place)).contains(point)
        menu.actions()[0].trigger()
    assert asked == [(ListAction.TEST, ["A"]), (ListAction.TEST, ["C", "D"])]
