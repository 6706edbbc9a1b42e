"""Words beside a field, as every page shows them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from clearline.core.diagnosis.catalogue import fix_of, title_of
from clearline.core.facts.text import Mistake
from clearline.core.findings import Remedy, Severity
from clearline.core.uri import connection_string
from clearline.ui.forms.field_notes import FieldNote, mistakes_of
from clearline.ui.widgets.editors import put_into, scroll_area

CONFLICT = connection_string.read("mongodb://h/?maxPoolSize=5&minPoolSize=9").mistakes[0]
WARNING = Mistake(
    cause="uri.ignored-value",
    severity=Severity.WARNING,
    blanks={"option": "w", "value": "<b>", "default": "1", "choices": "majority"},
    fields=("w",),
)


@pytest.fixture
def noted(qtbot: QtBot) -> Any:
    """Makes notes in windows of a given width."""
    holders = []

    def make(width: int = 500) -> FieldNote:
        holder = QWidget()
        note = FieldNote("minPoolSize")
        QVBoxLayout(holder).addWidget(note)
        area = scroll_area()
        put_into(area, holder)
        qtbot.addWidget(area)
        area.resize(width, 200)
        area.show()
        holders.append(area)
        return note

    return make


def said(mistake: Mistake) -> str:
    return f"{title_of(mistake)} {fix_of(mistake)}"


def test_words_name_the_field_the_value_and_the_remedy() -> None:
    assert said(CONFLICT) == (
        "minPoolSize=9 cannot be combined with maxPoolSize=5. Keep maxPoolSize and remove the other."
    )


def test_mistakes_are_found_by_the_field_whose_fault_they_are() -> None:
    assert mistakes_of("minPoolSize", (CONFLICT, WARNING)) == (CONFLICT,)
    assert mistakes_of("w", (CONFLICT, WARNING)) == (WARNING,)
    assert mistakes_of("tls", (CONFLICT, WARNING)) == ()


def test_the_worst_comes_first_and_typed_markup_stays_text(noted: Callable[..., Any]) -> None:
    note = noted()
    note.show_mistakes((WARNING, CONFLICT))
    assert note.isVisible()
    assert note.text.splitlines() == [said(CONFLICT), said(WARNING)]
    assert note.worst is Severity.FAILURE
    assert "w=<b>" in note.accessibleDescription()


def test_its_button_asks_for_the_repair_and_keeps_the_keyboard_while_nothing_changes(
    qtbot: QtBot, noted: Callable[..., Any]
) -> None:
    note = noted()
    note.show_mistakes((CONFLICT,))
    [button] = note.buttons
    with qtbot.waitSignal(note.repair_requested) as asked:
        QTest.keyClick(button, Qt.Key.Key_Space)
    assert asked.args == [CONFLICT]
    note.show_mistakes((CONFLICT,))
    assert note.buttons == [button]


def test_without_mistakes_it_takes_no_room(noted: Callable[..., Any]) -> None:
    note = noted()
    note.show_mistakes((CONFLICT,))
    note.show_mistakes(())
    assert (note.isVisible(), note.text, note.worst) == (False, "", None)


def test_it_says_what_is_no_mistake_with_a_remedy_of_its_own(qtbot: QtBot, noted: Callable[..., Any]) -> None:
    note = noted()
    remedy = Remedy(text="Do it.", patch={"tls": {"enabled": True}})
    note.say(Severity.NOTE, "A word about it.", "Do it.", remedy)
    assert (note.text, note.buttons[0].text()) == ("A word about it. Do it.", "Set tls=true")
    with qtbot.waitSignal(note.repair_requested) as asked:
        note.buttons[0].click()
    assert asked.args == [remedy]


def test_in_a_narrow_place_the_button_goes_below_the_words(qtbot: QtBot, noted: Callable[..., Any]) -> None:
    wide, narrow = noted(600), noted(300)
    for note in (wide, narrow):
        note.show_mistakes((CONFLICT,))
    qtbot.waitUntil(lambda: narrow.buttons[0].y() > 10)
    assert wide.buttons[0].y() < 10
