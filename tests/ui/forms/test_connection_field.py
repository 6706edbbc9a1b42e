from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QAccessible, QAccessibleInterface, QClipboard, QDropEvent, QGuiApplication, QInputMethodEvent
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from clearline.core.secrets.redaction import redact
from clearline.core.secrets.secret import Secret
from clearline.ui.forms.connection_field import ConnectionField
from clearline.ui.forms.masked_text import DOT, FOLDED

URI = "mongodb://app:s3cret-w0rd@db1:27017/orders"
SHOWN = f"mongodb://app:{FOLDED}@db1:27017/orders"


@pytest.fixture
def field(qtbot: QtBot) -> ConnectionField:
    made = ConnectionField(redact)
    made.heard = []
    made.texts = []
    made.edited.connect(lambda plain: made.heard.append(plain.reveal()))
    made.textChanged.connect(made.texts.append)
    qtbot.addWidget(made)
    made.show()
    made.setFocus()
    qtbot.waitUntil(made.hasFocus)
    return made


def all_undone(field: ConnectionField) -> list[str]:
    """Every text that undo can bring back."""
    texts = [field.text()]
    while field.isUndoAvailable():
        field.undo()
        texts.append(field.text())
    return texts


def paste(text: str) -> None:
    QGuiApplication.clipboard().setText(text)


@pytest.mark.parametrize("revealed", [False, True])
def test_each_typed_character_is_told_once(qtbot: QtBot, field: ConnectionField, revealed: bool) -> None:
    field.show_plain(Secret(URI))
    field.set_revealed(revealed)
    field.end(False)
    qtbot.keyClicks(field, "?w=1")
    qtbot.keyClick(field, Qt.Key.Key_Backspace)
    assert field.heard == [URI + "?", URI + "?w", URI + "?w=", URI + "?w=1", URI + "?w="]


def test_a_pasted_string_is_masked_before_the_field_ever_holds_it(qtbot: QtBot, field: ConnectionField) -> None:
    paste(URI)
    qtbot.keyClick(field, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert field.text() == SHOWN
    assert field.heard == [URI]
    assert not any("s3cret" in text for text in [*field.texts, *all_undone(field)])


def test_a_command_without_an_address_gets_the_one_that_its_options_come_to(field: ConnectionField) -> None:
    field.insert_text("mongosh --host db1.example.com -u app -p s3cret-w0rd")
    assert field.heard == ['mongosh "mongodb://db1.example.com/" -u app -p s3cret-w0rd']
    assert not any("s3cret" in text for text in field.texts)


def test_a_typed_password_is_dots_from_its_first_letter_on(qtbot: QtBot, field: ConnectionField) -> None:
    qtbot.keyClicks(field, "mongodb://app:@db1/")
    for _ in range(5):
        qtbot.keyClick(field, Qt.Key.Key_Left)
    qtbot.keyClicks(field, "s3cret")
    assert field.text() == f"mongodb://app:{DOT * 6}@db1/"
    assert field.heard[-1] == "mongodb://app:s3cret@db1/"
    assert not any("s3" in text for text in [*field.texts, *all_undone(field)])


def test_a_string_typed_from_left_to_right_ends_masked(qtbot: QtBot, field: ConnectionField) -> None:
    qtbot.keyClicks(field, URI)
    assert field.heard[-1] == URI
    assert "s3cret" not in field.text()
    assert not any("s3cret" in text for text in all_undone(field))


def test_what_a_screen_reader_hears_has_dots(field: ConnectionField) -> None:
    field.show_plain(Secret(URI))
    reader: QAccessibleInterface = QAccessible.queryAccessibleInterface(field)
    assert reader.text(QAccessible.Text.Value) == SHOWN
    assert reader.text(QAccessible.Text.Name) == "Connection string"


def test_editing_the_host_keeps_the_password_and_can_be_undone(qtbot: QtBot, field: ConnectionField) -> None:
    field.show_plain(Secret(URI))
    field.setCursorPosition(SHOWN.index("db1"))
    qtbot.keyClick(field, Qt.Key.Key_X)
    assert field.heard[-1] == URI.replace("db1", "xdb1")
    qtbot.keyClick(field, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert (field.text(), field.heard[-1]) == (SHOWN, URI)


def test_deleting_everything_and_undoing_brings_the_password_back(qtbot: QtBot, field: ConnectionField) -> None:
    field.show_plain(Secret(URI))
    field.selectAll()
    qtbot.keyClick(field, Qt.Key.Key_Delete)
    assert field.heard[-1] == ""
    qtbot.keyClick(field, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert (field.text(), field.heard[-1]) == (SHOWN, URI)


def test_backspace_on_the_dots_removes_the_password(qtbot: QtBot, field: ConnectionField) -> None:
    field.show_plain(Secret(URI))
    field.setCursorPosition(SHOWN.index("@"))
    qtbot.keyClick(field, Qt.Key.Key_Backspace)
    assert field.text() == "mongodb://app:@db1:27017/orders"
    assert field.heard[-1] == field.text()


def test_copying_the_masked_text_copies_dots(qtbot: QtBot, field: ConnectionField) -> None:
    field.show_plain(Secret(URI))
    field.selectAll()
    qtbot.keyClick(field, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == SHOWN


def test_cutting_and_pasting_back_what_is_shown_keeps_the_password(qtbot: QtBot, field: ConnectionField) -> None:
    field.show_plain(Secret(URI))
    field.selectAll()
    qtbot.keyClick(field, Qt.Key.Key_X, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(field, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert (field.text(), field.heard[-1]) == (SHOWN, URI)


def test_the_eye_shows_the_text_and_closing_it_forgets_the_history(qtbot: QtBot, field: ConnectionField) -> None:
    field.show_plain(Secret(URI))
    field.set_revealed(True)
    assert field.text() == URI
    qtbot.keyClick(field, Qt.Key.Key_End)
    qtbot.keyClick(field, Qt.Key.Key_X)
    assert field.heard[-1] == URI + "x"
    field.set_revealed(False)
    assert field.text() == SHOWN + "x"
    assert not any("s3cret" in text for text in all_undone(field))


def test_an_input_method_cannot_bring_a_secret_in_either(field: ConnectionField) -> None:
    event = QInputMethodEvent()
    event.setCommitString("mongodb://app:gehäim@db1/")
    QApplication.sendEvent(field, event)
    assert field.heard == ["mongodb://app:gehäim@db1/"]
    assert "geh" not in field.text()


def test_dropped_text_is_masked(field: ConnectionField) -> None:
    data = QMimeData()
    data.setText(URI)
    actions, button = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    field.dropEvent(QDropEvent(QPointF(QPoint(5, 5)), actions, data, button, Qt.KeyboardModifier.NoModifier))
    assert (field.text(), field.heard) == (SHOWN, [URI])


def test_line_breaks_around_a_pasted_string_are_left_out(qtbot: QtBot, field: ConnectionField) -> None:
    paste(f"{URI}\r\n")
    field.paste_clipboard(QClipboard.Mode.Clipboard)
    assert field.heard == [URI]


def test_leaving_the_field_folds_what_was_typed(qtbot: QtBot, field: ConnectionField) -> None:
    field.show_plain(Secret("mongodb://app:@db1/"))
    field.setCursorPosition(14)
    qtbot.keyClicks(field, "s3cret")
    field.clearFocus()
    assert field.text() == f"mongodb://app:{FOLDED}@db1/"
    assert field.plain.reveal() == "mongodb://app:s3cret@db1/"


def test_marks_are_set_without_changing_the_text(field: ConnectionField) -> None:
    field.show_plain(Secret(URI))
    field.mark(((URI.index("db1"), URI.index("db1") + 3, True),))
    assert (field.text(), field.heard) == (SHOWN, [])
    field.select_place(URI.index("db1"), URI.index("db1") + 3)
    assert field.selectedText() == "db1"


@pytest.mark.parametrize("text", ["/var/log/mongodb/mongod.log", "C:\\data\\mongod.log", "file:///tmp/app.log"])
def test_the_path_of_a_log_is_no_connection_string(qtbot: QtBot, field: Any, text: str) -> None:
    with qtbot.waitSignal(field.file_pasted) as pasted:
        field.insert_text(text)
    assert pasted.args[0].name.endswith(".log")
    assert not field.plain


@pytest.mark.parametrize("text", ["mongodb:///tmp/a.sock/", "db.example.com:27017", "/tmp/mongodb-27017.sock"])
def test_an_address_is_no_path_of_a_log(qtbot: QtBot, field: Any, text: str) -> None:
    with qtbot.assertNotEmitted(field.file_pasted):
        field.insert_text(text)


ROCKETS = "mongodb://\U0001f680app\U0001f680:s3cret-w0rd@db1,db2/orders"


@pytest.mark.parametrize("revealed", [False, True])
def test_places_behind_an_emoji_are_where_they_seem(qtbot: QtBot, field: ConnectionField, revealed: bool) -> None:
    field.show_plain(Secret(ROCKETS))
    field.set_revealed(revealed)
    field.select_place(ROCKETS.index("db2"), ROCKETS.index("/orders"))
    assert field.selectedText() == "db2"
    qtbot.keyClicks(field, "x")
    qtbot.keyClicks(field, "y")
    assert field.plain.reveal() == ROCKETS.replace("db2", "xy")
    paste(":27017")
    qtbot.keyClick(field, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert field.plain.reveal() == ROCKETS.replace("db2", "xy:27017")
    field.set_revealed(not revealed)
    field.select_place(ROCKETS.index("db1"), ROCKETS.index("db1") + 3)
    assert field.selectedText() == "db1"


def test_what_is_marked_behind_an_emoji_is_marked_whole(field: ConnectionField, monkeypatch: Any) -> None:
    events: list[QInputMethodEvent] = []
    monkeypatch.setattr(QLineEdit, "inputMethodEvent", lambda _field, event: events.append(event))
    field.show_plain(Secret("mongodb://db\U0001f680/?x=1"))
    field.mark(((12, 13, True), (15, 18, False)))
    places = [(mark.start + field.cursorPosition(), mark.length) for mark in events[-1].attributes()]
    assert places == [(12, 2), (16, 3)]
