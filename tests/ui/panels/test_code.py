"""The Code tab as it is used."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from clearline.core.profiles.profile import Profile
from clearline.core.snippets import snippets
from clearline.core.uri import connection_string
from clearline.ui.look import theme
from clearline.ui.look.palette import DARK, LIGHT
from clearline.ui.panels.code import CodePanel

URI = "mongodb://app:s3cret-w0rd@db1.example.com:27017/orders?replicaSet=rs0&maxPoolSize=50"


def profile_of(text: str = URI) -> Profile:
    return connection_string.read(text).profile


@pytest.fixture
def panel(qtbot: QtBot) -> Iterator[CodePanel]:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(1200, 400)
    made = CodePanel()
    made.setParent(window)
    made.resize(1100, 340)
    yield made
    window.close()


def shown(qtbot: QtBot, panel: CodePanel, profile: Profile | None = None) -> CodePanel:
    with qtbot.waitExposed(panel.window()):
        panel.window().show()
    panel.show_profile(profile or profile_of())
    return panel


def test_without_an_address_there_is_no_code_to_copy(qtbot: QtBot, panel: CodePanel) -> None:
    shown(qtbot, panel, Profile())
    assert panel.code.toPlainText() == ""
    assert "once it has an address" in panel.note.text()
    assert not panel.copy.isEnabled()
    panel.show_profile(profile_of())
    assert "db1.example.com" in panel.code.toPlainText()
    assert panel.copy.isEnabled()


def test_nothing_is_written_until_it_is_seen(qtbot: QtBot, panel: CodePanel) -> None:
    panel.show_profile(profile_of())
    assert panel.keys == ()
    with qtbot.waitExposed(panel.window()):
        panel.window().show()
    assert "db1.example.com" in panel.text


def test_every_snippet_can_be_chosen_with_the_keyboard(qtbot: QtBot, panel: CodePanel) -> None:
    shown(qtbot, panel)
    panel.list.setFocus()
    seen = [panel.text]
    for _ in range(len(panel.keys) - 1):
        qtbot.keyClick(panel.list, Qt.Key.Key_Down)
        seen.append(panel.text)
    assert seen == [snippet.text for snippet in snippets(profile_of())]
    assert panel.code.toPlainText() == panel.text


def test_the_line_above_says_what_the_code_needs(qtbot: QtBot, panel: CodePanel) -> None:
    shown(qtbot, panel)
    assert panel.note.text() == "Reads MONGODB_PASSWORD from the environment. Needs pymongo (pip install)."


def test_code_and_env_template_are_copied_without_any_secret(qtbot: QtBot, panel: CodePanel) -> None:
    shown(qtbot, panel)
    qtbot.keyClick(panel.copy, Qt.Key.Key_Space)
    assert QGuiApplication.clipboard().text() == panel.text
    qtbot.mouseClick(panel.copy_env, Qt.MouseButton.LeftButton)
    assert "MONGODB_PASSWORD=\n" in QGuiApplication.clipboard().text()
    assert "s3cret-w0rd" not in panel.text + QGuiApplication.clipboard().text()


def test_another_profile_keeps_the_kind_and_the_place(qtbot: QtBot, panel: CodePanel) -> None:
    shown(qtbot, panel)
    panel.choose("pool")
    panel.code.verticalScrollBar().setValue(12)
    panel.show_profile(profile_of(URI.replace("db1", "db2")))
    assert "db2.example.com" in panel.code.toPlainText()
    assert panel.code.verticalScrollBar().value() == 12


def test_edits_of_a_profile_are_written_when_they_pause(qtbot: QtBot, panel: CodePanel) -> None:
    first = profile_of()
    shown(qtbot, panel, first)
    for end in ("d", "db", "db9"):
        edited = connection_string.read(URI.replace("db1", end), profile=first).profile
        panel.show_profile(edited)
        assert "db1.example.com" in panel.text
    qtbot.waitUntil(lambda: "db9.example.com" in panel.code.toPlainText())


def test_what_has_not_changed_is_not_written_again(qtbot: QtBot, panel: CodePanel) -> None:
    shown(qtbot, panel)
    cursor = panel.code.textCursor()
    cursor.select(cursor.SelectionType.Document)
    panel.code.setTextCursor(cursor)
    panel.show_profile(profile_of())
    assert panel.code.textCursor().hasSelection()


def test_where_it_is_narrow_a_choice_stands_in_for_the_list(qtbot: QtBot, panel: CodePanel) -> None:
    shown(qtbot, panel)
    panel.resize(560, 300)
    qtbot.waitUntil(panel.choice.isVisible)
    assert not panel.list.isVisible()
    qtbot.keyClick(panel.choice, Qt.Key.Key_Down)
    assert "AsyncMongoClient" in panel.text
    panel.resize(1100, 300)
    qtbot.waitUntil(panel.list.isVisible)


def test_code_is_painted_in_the_palette_in_use(qtbot: QtBot, panel: CodePanel, qapp: QApplication) -> None:
    worn = theme.Theme(qapp, theme.Scheme.LIGHT)
    worn.dress()
    shown(qtbot, panel)
    assert colour_of(panel, "import") == LIGHT.accent
    worn.choose(theme.Scheme.DARK)
    qtbot.waitUntil(lambda: colour_of(panel, "import") == DARK.accent)
    worn.choose(theme.Scheme.LIGHT)
    assert QApplication.palette().color(QPalette.ColorRole.Base).name() == LIGHT.base


def colour_of(panel: CodePanel, word: str) -> str | None:
    block = panel.code.document().begin()
    while block.isValid():
        at = block.text().find(word)
        for piece in block.layout().formats():
            if at >= 0 and piece.start <= at < piece.start + piece.length:
                return piece.format.foreground().color().name()
        block = block.next()
    return None
