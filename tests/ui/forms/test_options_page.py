"""The Options page under the keyboard: each kind of editor, what the driver ignores, and that nothing is missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from clearline.core.options import packages
from clearline.core.options.catalogue import OPTIONS, OptionGroup, option
from clearline.core.secrets.secret import Secret
from clearline.ui.forms.field_notes import FieldNote
from clearline.ui.forms.option_editors import editor
from clearline.ui.forms.option_text import unset
from clearline.ui.forms.options_page import OptionsPage
from clearline.ui.forms.pool_page import PoolPage
from ui.forms.shown_page import Background, ShownPage

HOST = "mongodb://db1.example.com/"
DOWN, SPACE, BACKSPACE, TAB = Qt.Key.Key_Down, Qt.Key.Key_Space, Qt.Key.Key_Backspace, Qt.Key.Key_Tab


@pytest.fixture
def page(qtbot: QtBot) -> ShownPage:
    return ShownPage(qtbot, OptionsPage, HOST)


def note_of(page: ShownPage, name: str) -> FieldNote:
    return page.page.rows[name].note


def test_a_switch_has_three_states_and_names_the_default(page: ShownPage) -> None:
    box = page.page.editor_of("retryWrites").control
    assert [box.itemText(place) for place in range(box.count())] == ["default: on", "on", "off"]
    page.focus(box)
    page.press(DOWN, 2)
    assert page.profile.options.retry_writes is False
    assert page.text == HOST + "?retryWrites=false"
    page.press(Qt.Key.Key_Home)
    assert page.text == HOST


def test_a_choice_offers_what_the_driver_knows(page: ShownPage) -> None:
    page.focus(page.page.editor_of("readPreference"))
    page.press(Qt.Key.Key_End)
    assert page.profile.reads.preference == "nearest"


@pytest.mark.parametrize(("typed", "value"), [("majority", "majority"), ("2", 2), ("0", 0), ("myMode", "myMode")])
def test_w_takes_a_number_or_the_name_of_a_mode(page: ShownPage, typed: str, value: int | str) -> None:
    page.type("w", typed)
    assert page.profile.writes.w == value
    page.type("w", "")
    page.press(BACKSPACE)
    assert page.profile.writes.w is None


def test_w_below_zero_is_refused_in_words(page: ShownPage) -> None:
    page.type("w", "-1")
    assert "w: -1 is not possible" in note_of(page, "w").text
    assert page.profile.writes.w is None


def test_proposals_for_w_are_chosen_with_the_keyboard(page: ShownPage) -> None:
    page.focus(page.page.editor_of("w").control)
    page.press(DOWN)
    assert page.profile.writes.w == "majority"


def test_tag_sets_are_typed_in_order(page: ShownPage) -> None:
    page.type("readPreferenceTags", "dc:east,rack:1; dc:west; any")
    assert page.profile.reads.tags == ({"dc": "east", "rack": "1"}, {"dc": "west"}, {})
    assert "readPreferenceTags=dc:east,rack:1&readPreferenceTags=dc:west&readPreferenceTags=" in page.text
    page.press(TAB)
    assert page.page.editor_of("readPreferenceTags").control.text() == "dc:east,rack:1; dc:west; any"


def test_tags_with_signs_that_separate_survive_the_field(page: ShownPage) -> None:
    page.paste(HOST + "?readPreference=nearest&readPreferenceTags=dc:a%2Cb%3Ac%25")
    editor_ = page.page.editor_of("readPreferenceTags")
    assert page.profile.reads.tags == ({"dc": "a,b:c%"},)
    line: Any = page.focus(editor_)
    line.end(False)
    QTest.keyClicks(line, "1")
    assert page.profile.reads.tags == ({"dc": "a,b:c%1"},)


def test_half_a_tag_is_said_and_not_taken(page: ShownPage) -> None:
    page.type("readPreferenceTags", "dc")
    assert "name:value" in note_of(page, "readPreferenceTags").text
    assert page.profile.reads.tags == ()


def test_tags_with_primary_contradict_beside_both_fields(page: ShownPage) -> None:
    page.type("readPreferenceTags", "dc:east")
    assert "readPreference=primary" in note_of(page, "readPreferenceTags").text
    assert note_of(page, "readPreference").isVisible()


def test_compressors_are_switched_on_and_put_in_order_with_the_keyboard(page: ShownPage) -> None:
    compressors = page.page.editor_of("compressors")
    page.focus(compressors.boxes[0])
    page.press(SPACE)
    page.focus(compressors.boxes[2])
    page.press(SPACE)
    assert page.profile.options.compressors == ("zstd", "zlib")
    page.focus(compressors.up[2])
    page.press(SPACE)
    page.press(SPACE)
    assert page.profile.options.compressors == ("zlib", "zstd")
    assert page.text == HOST + "?compressors=zlib,zstd"
    assert [box.text() for box in compressors.boxes] == ["1. zlib", "2. zstd", "snappy"]


def test_a_compressor_without_its_library_says_so(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "is_installed", lambda name: name != "snappy")
    made: Any = editor(option("compressors"))
    qtbot.addWidget(made)
    assert [box.text() for box in made.boxes] == ["zstd", "snappy (needs snappy, which is not installed)", "zlib"]


def test_the_stable_api_is_kept_by_the_profile_beyond_edits_of_the_text(page: ShownPage) -> None:
    page.focus(page.page.editor_of("server_api"))
    page.press(DOWN)
    assert page.profile.options.server_api == "1"
    page.paste(HOST + "?appName=x")
    assert page.profile.options.server_api == "1"
    assert page.page.editor_of("server_api").control.currentText() == "1"


def test_an_application_name_of_more_than_128_bytes_is_refused(page: ShownPage) -> None:
    page.type("appName", "x" * 129)
    assert "at most 128 bytes" in note_of(page, "appName").text
    assert page.profile.options.app_name is None


def test_what_needs_to_be_known_stands_beside_the_field(page: ShownPage) -> None:
    tip = page.page.editor_of("tz_aware").toolTip()
    assert "Other drivers ignore or refuse it." in tip
    assert "does nothing" in page.page.editor_of("driver").toolTip()
    assert "keyword argument" in page.page.editor_of("server_api").toolTip()


def test_options_are_found_by_their_other_names_and_choices(page: ShownPage) -> None:
    page.page.sift(["javalegacy"])
    assert [name for name, row in page.page.rows.items() if row.shown] == ["uuidRepresentation"]


# ---------------------------------------------------------------- what no field holds


def test_what_the_driver_ignores_is_listed_as_typed_and_goes_with_a_click(page: ShownPage) -> None:
    page.paste(HOST + "?useUnifiedTopology=true&appName=x&retrywrits=true")
    ignored = page.page.ignored
    assert ignored.text.splitlines() == [
        "useUnifiedTopology=true: the driver ignores it.",
        "retrywrits=true: the driver ignores it.",
    ]
    page.focus(ignored.removers[0])
    page.press(SPACE)
    assert page.text == HOST + "?retrywrits=true&appName=x"
    page.focus(ignored.removers[0])
    page.press(SPACE)
    assert not ignored.isVisible()


def test_a_misspelt_option_is_renamed_from_there(page: ShownPage) -> None:
    page.paste(HOST + "?retrywrits=false")
    buttons = [b for b in page.page.ignored.findChildren(type(page.page.reset_all)) if "Rename" in b.text()]
    page.focus(buttons[0])
    page.press(SPACE)
    assert page.profile.options.retry_writes is False


def test_an_unknown_option_that_looks_secret_is_masked_and_removed_with_its_secret(page: ShownPage) -> None:
    page.paste(HOST + "?proxyPassword=hunter22")
    assert "hunter22" not in page.page.ignored.text
    page.page.ignored.removers[0].click()
    assert "proxyPassword" not in page.opened.secrets
    assert page.text == HOST


def test_a_number_that_is_a_reference_is_not_called_ignored(page: ShownPage) -> None:
    page.paste(HOST + "?maxPoolSize=${POOL}")
    assert "known when the profile is used" in page.page.ignored.text


# ---------------------------------------------------------------- all of them


@pytest.mark.parametrize("name", [o.name for o in OPTIONS if not o.secret])
def test_every_option_has_an_editor_that_shows_its_default_and_help(qtbot: QtBot, name: str) -> None:
    made = editor(option(name))
    qtbot.addWidget(made)
    assert option(name).help in made.toolTip()
    made.show_value(unset(option(name)))
    assert made.problem is None


def test_each_option_of_the_catalogue_is_on_exactly_one_of_the_pages_made_from_it(qtbot: QtBot) -> None:
    pages = [OptionsPage(Background()), PoolPage(Background())]
    for made in pages:
        qtbot.addWidget(made)
    elsewhere = (OptionGroup.SERVER, OptionGroup.AUTH, OptionGroup.TLS)
    counts = {o.name: sum(p.editor_of(o.name) is not None for p in pages) for o in OPTIONS}
    assert {name for name, count in counts.items() if count != 1} == {o.name for o in OPTIONS if o.group in elsewhere}


def test_each_option_of_the_catalogue_is_reachable_on_exactly_one_page_of_the_window(
    make_desktop: Callable[..., Any],
) -> None:
    pages = make_desktop(show=False).window.pages
    names = ("server", "way", "auth", "tls", "pool", "options", "checklist")
    found = {o.name: [name for name in names if pages.page(name).editor_of(o.name) is not None] for o in OPTIONS}
    assert {name: where for name, where in found.items() if len(where) != 1} == {}


@pytest.mark.parametrize(
    "raw", ["", " ", "%", "%zz", ";;;", "a:b:c", "nan", "\ud800", "٣", "${X}", "x" * 5000, ",:;%2"]
)
@pytest.mark.parametrize("name", ["maxPoolSize", "w", "readPreferenceTags", "appName", "authMechanismProperties"])
def test_no_input_raises(qtbot: QtBot, name: str, raw: str) -> None:
    made = editor(option(name))
    qtbot.addWidget(made)
    line = made.focusProxy()
    line = getattr(line, "lineEdit", lambda: line)()
    line.setText(raw)
    line.textEdited.emit(raw)
    assert made.problem is None or made.problem[0]


def test_secrets_have_no_editor_here(page: ShownPage) -> None:
    page.opened.set_secret("password", Secret("sesame"))
    assert page.page.editor_of("password") is None
