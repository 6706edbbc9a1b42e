"""Import and dropped files in the real window."""

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

from clearline.core.exchange import ours, reading
from clearline.core.exchange.imported import Imported
from clearline.core.exchange.planning import Choice
from clearline.core.keyring.vault import SERVICE
from clearline.core.profiles.profile import Profile, Seeds
from clearline.core.secrets.secret import PASSWORD, Secret
from clearline.core.storage import profile_file, store
from clearline.ui.app import Desktop
from clearline.ui.models.imports import ImportColumn
from clearline.ui.panels.import_dialog import ImportDialog
from clearline.ui.profiles.importing import Importing
from clearline.ui.widgets.questions import Question
from clearline.ui.window.main_window import MainWindow
from ui import played_checks as play
from ui.saved_profiles import ORDERS

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
def desktop(with_orders: Desktop) -> Desktop:
    return with_orders


@pytest.fixture
def importing(with_orders: Desktop) -> Importing:
    return with_orders.workbench.importing


def preview(qtbot: QtBot, dialog: ImportDialog) -> list[str]:
    qtbot.waitUntil(lambda: dialog.model.rowCount() > 0)
    return [dialog.model.index(row, ImportColumn.STATE).data() for row in range(dialog.model.rowCount())]


def saved(tmp_path: Path) -> dict[str, Profile]:
    return {one.profile.name: one.profile for one in store.list_profiles(tmp_path / "profiles") if one.profile}


def test_a_file_is_previewed_imported_and_listed(
    qtbot: QtBot, desktop: Desktop, importing: Importing, tmp_path: Path, keyring_in_memory: Any
) -> None:
    path = tmp_path / "compass.json"
    path.write_text(json.dumps(COMPASS))
    brought = []
    importing.imported.connect(brought.extend)
    dialog = importing.ask_import([path])
    assert preview(qtbot, dialog) == ["new", "invalid"]
    assert dialog.import_.text() == "Import 1"
    qtbot.mouseClick(dialog.import_, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dialog.model.done)
    assert preview(qtbot, dialog) == ["imported", "skipped"]
    assert dialog.preview.summary.text() == "1 imported, 1 skipped"
    stock = saved(tmp_path)["Stock"]
    assert keyring_in_memory.kept[SERVICE, f"{stock.id}/{PASSWORD}"] == "hunter2"
    assert [result.profile.name for result in brought] == ["Stock"]
    assert desktop.workbench.outside.holds(stock.id), "for the question before the first connect"
    assert not desktop.workbench.outside.holds(ORDERS.id)
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
    qtbot: QtBot, desktop: Desktop, importing: Importing, tmp_path: Path
) -> None:
    store.save_in(tmp_path / "profiles", Profile(name="Old", folder="Team/West", seeds=Seeds(hosts=("old:27017",))))
    desktop.workbench.storage.load_list()
    qtbot.waitUntil(lambda: len(desktop.workbench.storage.stored) == 2)
    dialog = importing.ask_import()
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
    qtbot: QtBot, desktop: Desktop, importing: Importing, make_desktop: Callable[..., Any]
) -> None:
    QGuiApplication.clipboard().setText("mongodb://db3/?tls=true&tlsInsecure=true")
    dialog = importing.ask_import()
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
        qtbot.waitUntil(lambda workbench=workbench, one=imported: workbench.outside.holds(one.profile.id))
        workbench.profiles.open_profile(imported.profile, path=imported.path)
        workbench.test()
        qtbot.waitUntil(lambda window=window: window.window.findChild(Question) is not None)
        assert not workbench.profiles.current.running
        window.window.findChild(Question).buttons["Cancel"].click()


def test_the_same_file_again_is_the_same(qtbot: QtBot, importing: Importing, tmp_path: Path) -> None:
    path = tmp_path / "shared.json"
    ours.write([ORDERS], path)
    dialog = importing.ask_import([path])
    assert preview(qtbot, dialog) == ["same"]
    assert not dialog.import_.isEnabled()
    dialog.reject()


def test_replacing_is_chosen_for_one_with_the_keyboard(qtbot: QtBot, importing: Importing, tmp_path: Path) -> None:
    path = tmp_path / "shared.json"
    ours.write([Profile(id=ORDERS.id, name="Orders", seeds=Seeds(hosts=("db9",)))], path)
    dialog = importing.ask_import([path])
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
    qtbot: QtBot, importing: Importing, tmp_path: Path
) -> None:
    path = tmp_path / "shared.json"
    other = Profile(name="Other", seeds=Seeds(hosts=("db2",)))
    ours.write([other], path, {other.id: {PASSWORD: Secret("x")}}, Secret("open sesame"))
    dialog = importing.ask_import()
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


def test_text_on_the_clipboard_is_read_and_never_shown(qtbot: QtBot, importing: Importing) -> None:
    QGuiApplication.clipboard().setText("mongodb://app:hunter2@db3/\nmongodb://db4/")
    dialog = importing.ask_import()
    qtbot.keyClick(dialog, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert preview(qtbot, dialog) == ["new", "new"]
    assert dialog.source.text() == "from the clipboard"
    assert "hunter2" not in dialog.model.index(0, ImportColumn.ADDRESS).data()
    dialog.reject()


def test_what_is_no_list_of_connections_says_so_and_another_file_can_be_chosen(
    qtbot: QtBot, importing: Importing, tmp_path: Path
) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear all")
    dialog = importing.ask_import([path])
    qtbot.waitUntil(lambda: "no connection in it" in dialog.said.text())
    assert dialog.choose.isEnabled()
    assert not dialog.import_.isEnabled()
    dialog.reject()


def test_closing_while_it_reads_leaves_nothing_behind(
    qtbot: QtBot, desktop: Desktop, importing: Importing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go = threading.Event(), threading.Event()
    read = reading.read_files

    def slow(paths: list[Path], passphrase: None) -> Imported:
        begun.set()
        go.wait(60)
        return read(paths, passphrase)

    monkeypatch.setattr(reading, "read_files", slow)
    path = tmp_path / "list.txt"
    path.write_text("mongodb://db3/")
    dialog = importing.ask_import([path])
    qtbot.waitUntil(begun.is_set)
    dialog.reject()
    go.set()
    done = []
    desktop.workbench.storage.background.ask(lambda: _nothing(), done.append)
    qtbot.waitUntil(lambda: bool(done))
    assert desktop.window.findChild(ImportDialog) is None


async def _nothing() -> Any:
    return True


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
    qtbot: QtBot, desktop: Desktop, importing: Importing, tmp_path: Path
) -> None:
    log, damaged = tmp_path / "app.log", tmp_path / "connections.json"
    log.write_text("MongoServerSelectionError: connect ECONNREFUSED 127.0.0.1:27017\n    at connect (db.js:1:1)\n")
    damaged.write_text('{"format": "clearline-export", "profiles": [')
    importing.take_files([log])
    answer = desktop.window.answer
    qtbot.waitUntil(lambda: answer.shows_explanation and bool(answer.explanation.causes))
    assert not desktop.window.findChildren(ImportDialog)
    importing.take_files([damaged])
    qtbot.waitUntil(lambda: bool(desktop.window.findChildren(ImportDialog)))
