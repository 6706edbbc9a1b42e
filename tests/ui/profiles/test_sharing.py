"""Import, export, copying and dropped files in the real window."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from clearline.core.exchange import ours, portable, reading
from clearline.core.exchange.imported import Imported
from clearline.core.exchange.planning import Choice
from clearline.core.exchange.reading import read_file
from clearline.core.keyring.vault import SERVICE
from clearline.core.profiles.profile import Auth, Profile, Seeds
from clearline.core.secrets.secret import PASSWORD, Secret
from clearline.core.storage import profile_file, store
from clearline.ui.app import Desktop
from clearline.ui.models.imports import ImportColumn
from clearline.ui.panels.export_dialog import ExportDialog
from clearline.ui.panels.import_dialog import ImportDialog
from clearline.ui.profiles.sharing import Sharing
from clearline.ui.widgets.questions import Question
from clearline.ui.window.main_window import MainWindow
from ui import played_checks as play

ORDERS = Profile(id="a" * 32, name="Orders", seeds=Seeds(hosts=("db1:27017",)), auth=Auth(user="app"))
COMPASS = {
    "type": "Compass Connections",
    "version": {"$numberInt": "1"},
    "connections": [
        {
            "id": "1",
            "favorite": {"name": "Stock"},
            "connectionOptions": {"connectionString": "mongodb://app:hunter2@db7/"},
        },
        {"id": "2", "favorite": {"name": "Broken"}, "connectionOptions": {"connectionString": "mongodb://"}},
    ],
}


@pytest.fixture
def desktop(make_desktop: Callable[..., Any], qtbot: QtBot, tmp_path: Path) -> Desktop:
    store.save_in(tmp_path / "profiles", ORDERS)
    made = make_desktop(play.waiting())
    qtbot.waitUntil(lambda: bool(made.workbench.storage.stored))
    return made


@pytest.fixture
def sharing(desktop: Desktop) -> Sharing:
    return desktop.workbench.sharing


def preview(qtbot: QtBot, dialog: ImportDialog) -> list[str]:
    qtbot.waitUntil(lambda: dialog.model.rowCount() > 0)
    return [dialog.model.index(row, ImportColumn.STATE).data() for row in range(dialog.model.rowCount())]


def saved(tmp_path: Path) -> dict[str, Profile]:
    return {one.profile.name: one.profile for one in store.list_profiles(tmp_path / "profiles") if one.profile}


def test_a_file_is_previewed_imported_and_listed(
    qtbot: QtBot, desktop: Desktop, sharing: Sharing, tmp_path: Path, keyring_in_memory: Any
) -> None:
    path = tmp_path / "compass.json"
    path.write_text(json.dumps(COMPASS))
    brought = []
    sharing.imported.connect(brought.extend)
    dialog = sharing.ask_import([path])
    assert preview(qtbot, dialog) == ["new", "invalid"]
    assert dialog.import_.text() == "Import 1"
    qtbot.mouseClick(dialog.import_, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dialog.model.done)
    assert preview(qtbot, dialog) == ["imported", "skipped"]
    assert dialog.preview.summary.text() == "1 imported, 1 skipped"
    stock = saved(tmp_path)["Stock"]
    assert keyring_in_memory.kept[SERVICE, f"{stock.id}/{PASSWORD}"] == "hunter2"
    assert [result.profile.name for result in brought] == ["Stock"]
    assert sharing.is_from_outside(stock.id), "for the question before the first connect"
    assert not sharing.is_from_outside(ORDERS.id)
    qtbot.waitUntil(lambda: len(desktop.workbench.storage.stored) == 2)
    qtbot.mouseClick(dialog.import_, Qt.MouseButton.LeftButton)
    assert not dialog.isVisible()
    assert desktop.window.message == "1 connection imported."
    [undo] = desktop.window.offers
    undo.click()
    qtbot.waitUntil(lambda: "Stock" not in saved(tmp_path))
    assert "Orders" in saved(tmp_path)
    qtbot.waitUntil(lambda: "“Stock” is deleted" in desktop.window.message)


def test_many_are_imported_into_a_folder_that_is_there_or_new(
    qtbot: QtBot, desktop: Desktop, sharing: Sharing, tmp_path: Path
) -> None:
    store.save_in(tmp_path / "profiles", Profile(name="Old", folder="Team/West", seeds=Seeds(hosts=("old:27017",))))
    desktop.workbench.storage.load_list()
    qtbot.waitUntil(lambda: len(desktop.workbench.storage.stored) == 2)
    dialog = sharing.ask_import()
    into = dialog.preview.into
    assert [into.itemText(n) for n in range(into.count())] == ["Team", "Team/West"]
    QGuiApplication.clipboard().setText("mongodb://db8/\nmongodb://db9/")
    dialog.paste.click()
    assert preview(qtbot, dialog) == ["new", "new"]
    assert dialog.preview.table.isColumnHidden(ImportColumn.FOLDER)
    into.setEditText("Team / East ")
    assert not dialog.preview.table.isColumnHidden(ImportColumn.FOLDER)
    assert dialog.model.index(1, ImportColumn.FOLDER).data() == "Team/East"
    dialog.import_.click()
    qtbot.waitUntil(lambda: dialog.model.done)
    assert {name: one.folder for name, one in saved(tmp_path).items()} == {
        "Orders": ORDERS.folder,
        "Old": "Team/West",
        "db8": "Team/East",
        "db9": "Team/East",
    }


def test_what_was_imported_is_asked_about_before_the_first_connect_also_after_a_restart(
    qtbot: QtBot, desktop: Desktop, sharing: Sharing, make_desktop: Callable[..., Any]
) -> None:
    QGuiApplication.clipboard().setText("mongodb://db3/?tls=true&tlsInsecure=true")
    dialog = sharing.ask_import()
    qtbot.keyClick(dialog, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert preview(qtbot, dialog) == ["new"]
    assert "tlsInsecure" in dialog.model.words(0)
    dialog.import_.click()
    qtbot.waitUntil(lambda: dialog.model.done)
    dialog.accept()
    for window in (desktop, make_desktop(play.waiting())):
        workbench = window.workbench
        qtbot.waitUntil(lambda workbench=workbench: len(workbench.storage.stored) == 2)
        [imported] = [one for one in workbench.storage.stored if one.profile.name == "db3"]
        qtbot.waitUntil(lambda workbench=workbench, one=imported: workbench.sharing.is_from_outside(one.profile.id))
        workbench.profiles.open_profile(imported.profile, path=imported.path)
        workbench.test()
        qtbot.waitUntil(lambda window=window: window.window.findChild(Question) is not None)
        assert not workbench.profiles.current.running
        window.window.findChild(Question).buttons["Cancel"].click()


def test_the_same_file_again_is_the_same(qtbot: QtBot, sharing: Sharing, tmp_path: Path) -> None:
    path = tmp_path / "shared.json"
    ours.write([ORDERS], path)
    dialog = sharing.ask_import([path])
    assert preview(qtbot, dialog) == ["same"]
    assert not dialog.import_.isEnabled()
    dialog.reject()


def test_replacing_is_chosen_for_one_with_the_keyboard(qtbot: QtBot, sharing: Sharing, tmp_path: Path) -> None:
    path = tmp_path / "shared.json"
    ours.write([Profile(id=ORDERS.id, name="Orders", seeds=Seeds(hosts=("db9",)))], path)
    dialog = sharing.ask_import([path])
    assert preview(qtbot, dialog) == ["changed"]
    qtbot.waitUntil(dialog.preview.table.hasFocus)
    qtbot.keyClick(dialog.preview.table, Qt.Key.Key_Space)
    assert dialog.model.choices == {0: Choice.REPLACE}
    assert dialog.preview.one.currentText() == "replace"
    assert "seeds.hosts: db1:27017 → db9" in dialog.preview.details.plain()
    dialog.import_.click()
    qtbot.waitUntil(lambda: dialog.model.done)
    assert saved(tmp_path)["Orders"].seeds.hosts == ("db9",)
    dialog.accept()


def test_the_passphrase_is_asked_for_only_when_needed_and_a_wrong_one_is_said_beside_it(
    qtbot: QtBot, sharing: Sharing, tmp_path: Path
) -> None:
    path = tmp_path / "shared.json"
    other = Profile(name="Other", seeds=Seeds(hosts=("db2",)))
    ours.write([other], path, {other.id: {PASSWORD: Secret("x")}}, Secret("open sesame"))
    dialog = sharing.ask_import()
    assert not dialog.passphrase_row.isVisible()
    dialog.files_chosen.emit([path])
    qtbot.waitUntil(dialog.passphrase_row.isVisible)
    assert dialog.wrong.text() == ""
    qtbot.keyClicks(dialog.passphrase.entry, "open")
    qtbot.keyClick(dialog.passphrase.entry, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: dialog.wrong.text() != "")
    assert dialog.findChild(QFileDialog) is None, "Return opens, and presses no other button"
    assert dialog.isVisible()
    dialog.passphrase.entry.setText("open sesame")
    qtbot.mouseClick(dialog.unlock, Qt.MouseButton.LeftButton)
    assert preview(qtbot, dialog) == ["new"]
    assert not dialog.passphrase_row.isVisible()
    assert dialog.passphrase.entry.text() == ""
    dialog.reject()


def test_text_on_the_clipboard_is_read_and_never_shown(qtbot: QtBot, sharing: Sharing) -> None:
    QGuiApplication.clipboard().setText("mongodb://app:hunter2@db3/\nmongodb://db4/")
    dialog = sharing.ask_import()
    qtbot.keyClick(dialog, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert preview(qtbot, dialog) == ["new", "new"]
    assert dialog.source.text() == "from the clipboard"
    assert "hunter2" not in dialog.model.index(0, ImportColumn.ADDRESS).data()
    dialog.reject()


def test_what_is_no_list_of_connections_says_so_and_another_file_can_be_chosen(
    qtbot: QtBot, sharing: Sharing, tmp_path: Path
) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear all")
    dialog = sharing.ask_import([path])
    qtbot.waitUntil(lambda: "no connection in it" in dialog.said.text())
    assert dialog.choose.isEnabled()
    assert not dialog.import_.isEnabled()
    dialog.reject()


def test_closing_while_it_reads_leaves_nothing_behind(
    qtbot: QtBot, desktop: Desktop, sharing: Sharing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go = threading.Event(), threading.Event()
    read = reading.read_files

    def slow(paths: list[Path], passphrase: None) -> Imported:
        begun.set()
        go.wait(10)
        return read(paths, passphrase)

    monkeypatch.setattr(reading, "read_files", slow)
    path = tmp_path / "list.txt"
    path.write_text("mongodb://db3/")
    dialog = sharing.ask_import([path])
    qtbot.waitUntil(begun.is_set)
    dialog.reject()
    go.set()
    done = []
    desktop.workbench.storage.background.ask(lambda: _nothing(), done.append)
    qtbot.waitUntil(lambda: bool(done))
    assert desktop.window.findChild(ImportDialog) is None


async def _nothing() -> Any:
    return True


# ---------------------------------------------------------------- export


def test_what_is_ticked_is_exported_without_secrets(
    qtbot: QtBot, desktop: Desktop, sharing: Sharing, tmp_path: Path
) -> None:
    [path] = (tmp_path / "profiles").glob("o*")
    desktop.workbench.profiles.open_profile(ORDERS, {PASSWORD: Secret("hunter2")}, path=path)
    dialog = sharing.ask_export()
    assert [profile.name for profile in dialog.chosen] == ["Orders"]
    assert "without any password" in dialog.sentence.text()
    path = tmp_path / "out.json"
    dialog.file.setText(str(path))
    qtbot.mouseClick(dialog.export, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: desktop.window.findChild(ExportDialog) is None or not dialog.isVisible())
    assert "hunter2" not in path.read_text()
    assert [item.profile for item in read_file(path).items] == [ORDERS]
    assert desktop.window.message == "Exported to out.json."


def test_passwords_go_along_only_encrypted(
    qtbot: QtBot, desktop: Desktop, sharing: Sharing, tmp_path: Path, keyring_in_memory: Any
) -> None:
    keyring_in_memory.set_password(SERVICE, f"{ORDERS.id}/{PASSWORD}", "hunter2")
    dialog = sharing.ask_export([ORDERS.id])
    dialog.passwords.setChecked(True)
    assert not dialog.with_secrets, "not without a passphrase"
    dialog.encrypt.setChecked(True)
    assert not dialog.export.isEnabled()
    for entry, text in ((dialog.passphrase, "correct horse"), (dialog.again, "correct hors")):
        qtbot.keyClicks(entry.entry, text)
    assert dialog.hint.text() == "The two differ."
    assert not dialog.export.isEnabled()
    qtbot.keyClicks(dialog.again.entry, "e")
    path = tmp_path / "out.json"
    dialog.file.setText(str(path))
    dialog.export.click()
    qtbot.waitUntil(path.exists)
    qtbot.waitUntil(lambda: not (isValid(dialog) and dialog.isVisible()))
    assert "hunter2" not in path.read_text()
    [item] = read_file(path, Secret("correct horse")).items
    assert item.secrets == {PASSWORD: Secret("hunter2")}


def test_a_file_that_is_there_is_replaced_only_after_a_question(qtbot: QtBot, sharing: Sharing, tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    path.write_text("precious")
    dialog = sharing.ask_export([ORDERS.id])
    dialog.file.setText(str(path))
    dialog.export.click()
    qtbot.waitUntil(lambda: dialog.findChild(Question) is not None)
    assert path.read_text() == "precious"
    dialog.findChild(Question).buttons["Replace"].click()
    qtbot.waitUntil(lambda: path.read_text() != "precious")
    qtbot.waitUntil(lambda: not (isValid(dialog) and dialog.isVisible()))


def test_what_the_disk_refuses_is_said_in_the_dialog(qtbot: QtBot, sharing: Sharing, tmp_path: Path) -> None:
    dialog = sharing.ask_export([ORDERS.id])
    dialog.file.setText(str(tmp_path / "nowhere" / "out.json"))
    dialog.export.click()
    qtbot.waitUntil(dialog.failed.isVisible)
    assert dialog.export.isEnabled()
    dialog.reject()


# ---------------------------------------------------------------- copy


def copied() -> str:
    return QGuiApplication.clipboard().text()


def test_the_connection_string_is_copied_in_three_ways(qtbot: QtBot, desktop: Desktop, sharing: Sharing) -> None:
    desktop.workbench.profiles.open_profile(ORDERS, {PASSWORD: Secret("p@ss")})
    menus = desktop.window.menus
    menus.copy_placeholder.trigger()
    assert copied() == "mongodb://app:<password>@db1:27017/"
    menus.copy_variables.trigger()
    assert copied() == "mongodb://app:${MONGODB_PASSWORD}@db1:27017/"
    menus.copy_password.trigger()
    question = desktop.window.findChild(Question)
    assert question.isVisible()
    assert copied() == "mongodb://app:${MONGODB_PASSWORD}@db1:27017/", "not before the answer"
    question.buttons["Copy with the password"].click()
    assert copied() == "mongodb://app:p%40ss@db1:27017/"


def test_no_is_the_default_answer_to_copying_the_password(qtbot: QtBot, desktop: Desktop, sharing: Sharing) -> None:
    desktop.workbench.profiles.open_profile(ORDERS, {PASSWORD: Secret("p@ss")})
    QGuiApplication.clipboard().setText("before")
    sharing.copy_with_password()
    question = desktop.window.findChild(Question)
    qtbot.keyClick(question, Qt.Key.Key_Return)
    assert not question.isVisible()
    assert copied() == "before"


# ---------------------------------------------------------------- dropped files


def drop(window: MainWindow, paths: list[Path]) -> bool:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    keys = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    enter = QDragEnterEvent(window.rect().center(), *keys)
    QApplication.sendEvent(window, enter)
    QApplication.sendEvent(window, QDropEvent(QPointF(window.rect().center()), *keys))
    return enter.isAccepted()


def test_a_dropped_profile_is_opened_and_other_files_go_to_the_import(
    qtbot: QtBot, desktop: Desktop, tmp_path: Path
) -> None:
    profile, others = tmp_path / "one.json", tmp_path / "list.txt"
    profile.write_bytes(profile_file.encode(Profile(id="x", name="Dropped", seeds=Seeds(hosts=("db8",))), schema=False))
    others.write_text("mongodb://db9/")
    assert drop(desktop.window, [profile, others])
    qtbot.waitUntil(lambda: desktop.workbench.profiles.current.profile.name == "Dropped")
    qtbot.waitUntil(lambda: desktop.window.findChild(ImportDialog) is not None)
    dialog = desktop.window.findChild(ImportDialog)
    assert preview(qtbot, dialog) == ["new"]
    dialog.reject()


def test_a_file_without_connections_is_explained_and_a_damaged_export_is_not(
    qtbot: QtBot, desktop: Desktop, sharing: Sharing, tmp_path: Path
) -> None:
    log, damaged = tmp_path / "app.log", tmp_path / "connections.json"
    log.write_text("MongoServerSelectionError: connect ECONNREFUSED 127.0.0.1:27017\n    at connect (db.js:1:1)\n")
    damaged.write_text('{"format": "clearline-export", "profiles": [')
    sharing.take_files([log])
    answer = desktop.window.answer
    qtbot.waitUntil(lambda: answer.shows_explanation and bool(answer.explanation.causes))
    assert not desktop.window.findChildren(ImportDialog)
    sharing.take_files([damaged])
    qtbot.waitUntil(lambda: bool(desktop.window.findChildren(ImportDialog)))


def test_a_portable_copy_asks_once_on_this_computer_whose_profiles_it_carries(
    make_desktop: Callable[..., Any], qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusted = threading.Event()
    monkeypatch.setattr("clearline.ui.profiles.sharing.portable_dir", lambda: tmp_path)
    monkeypatch.setattr(portable, "is_foreign_copy", lambda: not trusted.is_set())
    monkeypatch.setattr(portable, "trust_this_copy", trusted.set)
    store.save_in(tmp_path / "profiles", ORDERS)
    desktop = make_desktop(play.waiting())
    sharing = desktop.workbench.sharing
    assert sharing.is_from_outside(ORDERS.id), "also before it has been looked up"
    qtbot.waitUntil(lambda: bool(desktop.window.offers))
    [agree] = desktop.window.offers
    assert agree.text() == "They are mine"
    qtbot.mouseClick(agree, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not sharing.is_from_outside(ORDERS.id))
    assert trusted.is_set()
