"""The Pool & timeouts page under the keyboard: values, ranges, contradictions, filter, reset."""

from __future__ import annotations

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from clearline.core.facts.text import Mistake
from clearline.core.findings import Severity
from clearline.core.options.catalogue import option
from clearline.core.profiles.profile import Profile
from clearline.ui.forms.page import FormState
from clearline.ui.forms.pool_page import PoolPage
from ui.forms.shown_page import ShownPage

HOST = "mongodb://db1.example.com/"
RETURN, TAB, SPACE, BACKSPACE = Qt.Key.Key_Return, Qt.Key.Key_Tab, Qt.Key.Key_Space, Qt.Key.Key_Backspace


@pytest.fixture
def pool(qtbot: QtBot) -> ShownPage:
    return ShownPage(qtbot, PoolPage, HOST)


def shown(page: PoolPage) -> list[str]:
    return [name for name, row in page.rows.items() if row.label.isVisible()]


def test_what_is_typed_stands_in_the_connection_string(pool: ShownPage) -> None:
    pool.type("maxPoolSize", "50")
    pool.type("connectTimeoutMS", "2500.5")
    assert pool.text == HOST + "?maxPoolSize=50&connectTimeoutMS=2500.5"
    assert pool.profile.pool.max_pool_size == 50


def test_what_stands_in_the_connection_string_is_shown(pool: ShownPage) -> None:
    pool.paste(HOST + "?maxIdleTimeMS=60000")
    assert pool.page.editor_of("maxIdleTimeMS").focusProxy().text() == "60000"


def test_every_default_is_a_placeholder(pool: ShownPage) -> None:
    for name, row in pool.page.rows.items():
        assert option(name).default in row.editor.focusProxy().placeholderText()


@pytest.mark.parametrize(
    ("name", "typed", "said"),
    [
        ("maxPoolSize", "many", "a whole number from 0 up"),
        ("maxPoolSize", "-1", "a whole number from 0 up"),
        ("maxConnecting", "0", "a whole number from 1 up"),
        ("maxIdleTimeMS", "0", "above 0"),
        ("waitQueueTimeoutMS", "soon", "a number of milliseconds"),
        ("connectTimeoutMS", "-5", "from 0 up"),
        ("heartbeatFrequencyMS", "499.9x", "from 500 up"),
        ("timeoutMS", "1e400", "without a unit"),
    ],
)
def test_nonsense_stays_visible_and_is_said_with_name_value_and_range_and_reaches_no_profile(
    pool: ShownPage, name: str, typed: str, said: str
) -> None:
    editor = pool.page.editor_of(name)
    pool.focus(editor)
    QApplication.clipboard().setText(typed)
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    note = pool.page.rows[name].note
    assert note.isVisible()
    for words in (name, typed, said, "stays in force"):
        assert words in note.text
    assert editor.focusProxy().text() == typed
    assert pool.text == HOST
    assert editor.focusProxy().property("mistake") == "warning"


def test_the_value_before_stays_in_force_while_nonsense_is_typed(pool: ShownPage) -> None:
    pool.paste(HOST + "?maxPoolSize=7")
    pool.type("maxPoolSize", "50x")
    assert pool.profile.pool.max_pool_size == 7
    assert "7 stays in force" in pool.page.rows["maxPoolSize"].note.text
    pool.press(BACKSPACE)
    assert not pool.page.rows["maxPoolSize"].note.isVisible()
    assert pool.profile.pool.max_pool_size == 50


def test_nonsense_survives_other_edits_and_goes_with_the_profile(pool: ShownPage) -> None:
    pool.type("maxPoolSize", "lots")
    pool.type("minPoolSize", "2")
    entry = pool.page.editor_of("maxPoolSize").focusProxy()
    assert entry.text() == "lots"
    pool.page.show_state(FormState(Profile()))
    assert entry.text() == ""
    assert not pool.page.rows["maxPoolSize"].note.isVisible()


def test_a_newer_value_in_the_text_replaces_nonsense(pool: ShownPage) -> None:
    pool.type("maxPoolSize", "lots")
    pool.paste(HOST + "?maxPoolSize=7")
    assert pool.page.editor_of("maxPoolSize").focusProxy().text() == "7"


def test_numbers_are_written_plainly_when_the_cursor_leaves(pool: ShownPage) -> None:
    pool.type("maxPoolSize", "007")
    pool.press(TAB)
    assert pool.page.editor_of("maxPoolSize").focusProxy().text() == "7"


def test_an_emptied_field_is_not_set(pool: ShownPage) -> None:
    pool.paste(HOST + "?maxPoolSize=7")
    pool.type("maxPoolSize", "")
    pool.press(BACKSPACE)
    assert pool.profile.pool.max_pool_size is None
    assert pool.text == HOST


def test_the_drivers_contradiction_stands_beside_both_fields_and_one_click_ends_it(pool: ShownPage) -> None:
    pool.paste(HOST + "?maxPoolSize=5&minPoolSize=9")
    rows = pool.page.rows
    assert "minPoolSize=9" in rows["minPoolSize"].note.text
    assert "minPoolSize=9" in rows["maxPoolSize"].note.text
    [button] = rows["minPoolSize"].note.buttons
    pool.focus(button)
    pool.press(SPACE)
    assert not rows["minPoolSize"].note.isVisible()
    assert not rows["maxPoolSize"].note.isVisible()
    assert pool.profile.pool.min_pool_size is None


def test_only_the_mistakes_of_a_field_stand_beside_it(pool: ShownPage) -> None:
    mistake = Mistake(
        cause="uri.bad-value",
        severity=Severity.FAILURE,
        blanks={"option": "localThresholdMS", "value": "x", "rule": "no", "suggestion": "15"},
        fields=("localThresholdMS",),
    )
    pool.page.show_state(FormState(pool.profile, mistakes=(mistake,)))
    noted = [name for name, row in pool.page.rows.items() if row.note is not None and row.note.isVisible()]
    assert noted == ["localThresholdMS"]
    assert pool.page.rows["localThresholdMS"].note.buttons == []


def test_a_reference_in_the_text_is_told_and_replaced_by_what_is_typed(pool: ShownPage) -> None:
    pool.paste(HOST + "?maxPoolSize=${POOL}")
    assert "maxPoolSize=${POOL}" in pool.page.rows["maxPoolSize"].note.text
    pool.type("maxPoolSize", "80")
    assert pool.text == HOST + "?maxPoolSize=80"
    assert not pool.page.rows["maxPoolSize"].note.isVisible()


def test_a_value_that_the_driver_drops_is_replaced_by_what_is_typed(pool: ShownPage) -> None:
    pool.paste(HOST + "?maxPoolSize=many")
    assert "many" in pool.page.rows["maxPoolSize"].note.text
    pool.type("maxPoolSize", "80")
    assert pool.text == HOST + "?maxPoolSize=80"


def test_return_tests(pool: ShownPage) -> None:
    pool.type("maxPoolSize", "5")
    pool.press(RETURN)
    assert pool.submitted == 1


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("maxpool", ["maxPoolSize"]),
        ("idle", ["minPoolSize", "maxIdleTimeMS"]),
        ("heart", ["heartbeatFrequencyMS"]),
        ("whole operation", ["timeoutMS"]),
    ],
)
def test_the_filter_finds_by_name_and_by_what_an_option_is_for(pool: ShownPage, typed: str, found: list[str]) -> None:
    pool.page.sift(typed.split())
    assert shown(pool.page) == found


def test_a_filter_without_a_hit_says_so(pool: ShownPage) -> None:
    pool.page.sift(["zzz"])
    assert "zzz" in pool.page.nothing.text()
    assert pool.page.nothing.isVisible()


def test_only_what_i_changed_hides_the_rest_but_not_the_row_in_which_i_type(pool: ShownPage, qtbot: QtBot) -> None:
    pool.paste(HOST + "?maxPoolSize=5&timeoutMS=100")
    pool.focus(pool.page.only_changed)
    pool.press(SPACE)
    assert shown(pool.page) == ["maxPoolSize", "timeoutMS"]
    pool.type("maxPoolSize", "")
    pool.press(BACKSPACE)
    qtbot.wait(1)
    assert shown(pool.page) == ["maxPoolSize", "timeoutMS"]
    pool.type("maxPoolSize", "6")
    assert pool.profile.pool.max_pool_size == 6


def test_changes_are_counted_and_one_is_reset_with_its_button(pool: ShownPage) -> None:
    pool.type("maxPoolSize", "5")
    pool.type("timeoutMS", "soon")
    assert [row.option.name for row in pool.page.changed_rows()] == ["maxPoolSize", "timeoutMS"]
    for name in ("maxPoolSize", "timeoutMS"):
        pool.focus(pool.page.rows[name].reset)
        pool.press(SPACE)
        assert pool.page.editor_of(name).focusProxy().hasFocus()
        assert not pool.page.rows[name].reset.isVisible()
    assert pool.page.changed_rows() == []
    assert pool.text == HOST


def test_all_are_reset_at_once_and_one_step_brings_them_back(pool: ShownPage) -> None:
    text = HOST + "?maxPoolSize=5&connectTimeoutMS=100&timeoutMS=200"
    pool.paste(text)
    pool.focus(pool.page.reset_all)
    pool.press(SPACE)
    assert pool.text == HOST
    assert pool.page.undo.hasFocus()
    pool.press(SPACE)
    assert pool.text == text
    assert not pool.page.undo.isVisible()


def test_after_another_edit_the_reset_is_final(pool: ShownPage) -> None:
    pool.paste(HOST + "?maxPoolSize=5")
    pool.page.reset_all.click()
    pool.type("minPoolSize", "1")
    assert not pool.page.undo.isVisible()


def test_a_field_that_the_filter_hides_is_shown_when_it_is_asked_for(pool: ShownPage) -> None:
    pool.page.sift(["heart"])
    assert pool.page.show_field("maxPoolSize")
    assert pool.page.editor_of("maxPoolSize").focusProxy().hasFocus()
    assert pool.page.editor_of("maxPoolSize").isVisible()


def test_help_default_and_link_are_said_on_hover_and_to_screen_readers(pool: ShownPage) -> None:
    editor = pool.page.editor_of("maxPoolSize")
    about = option("maxPoolSize")
    for words in (about.help, "Default: 100", about.docs):
        assert words in editor.toolTip()
        assert words in editor.focusProxy().accessibleDescription()
    assert editor.focusProxy().accessibleName() == "maxPoolSize"


def test_nothing_scrolls_sideways_in_a_narrow_panel(qtbot: QtBot) -> None:
    case = ShownPage(qtbot, PoolPage, HOST, size=(416, 500))
    assert case.page.minimumSizeHint().width() <= case.area.viewport().width()


def test_the_fields_follow_one_another_with_the_tab_key(pool: ShownPage) -> None:
    pool.focus(pool.page.editor_of("maxPoolSize"))
    pool.press(TAB)
    assert QApplication.focusWidget() is pool.page.editor_of("minPoolSize").focusProxy()


def test_showing_the_same_state_again_changes_nothing(pool: ShownPage) -> None:
    pool.type("maxPoolSize", "12")
    entry = pool.page.editor_of("maxPoolSize").focusProxy()
    entry.setCursorPosition(1)
    pool.show()
    assert (entry.text(), entry.cursorPosition()) == ("12", 1)


def test_values_of_a_file_that_break_a_range_are_shown_as_they_are(pool: ShownPage) -> None:
    profile = msgspec.structs.replace(pool.profile, pool=msgspec.structs.replace(pool.profile.pool, max_connecting=-3))
    pool.page.show_state(FormState(profile))
    assert pool.page.editor_of("maxConnecting").focusProxy().text() == "-3"
