"""Export, and a connection string copied for others, in the real window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from clearline.core.exchange.reading import read_file
from clearline.core.keyring.vault import SERVICE
from clearline.core.secrets.secret import PASSWORD, Secret
from clearline.ui.app import Desktop
from clearline.ui.panels.export_dialog import ExportDialog
from clearline.ui.profiles.exporting import Exporting
from clearline.ui.widgets.questions import Question
from ui.saved_profiles import ORDERS


@pytest.fixture
def exporting(with_orders: Desktop) -> Exporting:
    return with_orders.workbench.exporting


def test_what_is_ticked_is_exported_without_secrets(
    qtbot: QtBot, with_orders: Desktop, exporting: Exporting, tmp_path: Path
) -> None:
    [path] = (tmp_path / "profiles").glob("o*")
    with_orders.workbench.profiles.open_profile(ORDERS, {PASSWORD: Secret("hunter2")}, path=path)
    dialog = exporting.ask_export()
    assert [profile.name for profile in dialog.chosen] == ["Orders"]
    assert "without any password" in dialog.sentence.text()
    path = tmp_path / "out.json"
    dialog.file.setText(str(path))
    qtbot.mouseClick(dialog.export, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: with_orders.window.findChild(ExportDialog) is None or not dialog.isVisible())
    assert "hunter2" not in path.read_text()
    assert [item.profile for item in read_file(path).items] == [ORDERS]
    assert with_orders.window.message == "Exported to out.json."


def test_passwords_go_along_only_encrypted(
    qtbot: QtBot, with_orders: Desktop, exporting: Exporting, tmp_path: Path, keyring_in_memory: Any
) -> None:
    keyring_in_memory.set_password(SERVICE, f"{ORDERS.id}/{PASSWORD}", "hunter2")
    dialog = exporting.ask_export([ORDERS.id])
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


def test_a_file_that_is_there_is_replaced_only_after_a_question(
    qtbot: QtBot, exporting: Exporting, tmp_path: Path
) -> None:
    path = tmp_path / "out.json"
    path.write_text("precious")
    dialog = exporting.ask_export([ORDERS.id])
    dialog.file.setText(str(path))
    dialog.export.click()
    qtbot.waitUntil(lambda: dialog.findChild(Question) is not None)
    assert path.read_text() == "precious"
    dialog.findChild(Question).buttons["Replace"].click()
    qtbot.waitUntil(lambda: path.read_text() != "precious")
    qtbot.waitUntil(lambda: not (isValid(dialog) and dialog.isVisible()))


def test_what_the_disk_refuses_is_said_in_the_dialog(qtbot: QtBot, exporting: Exporting, tmp_path: Path) -> None:
    dialog = exporting.ask_export([ORDERS.id])
    dialog.file.setText(str(tmp_path / "nowhere" / "out.json"))
    dialog.export.click()
    qtbot.waitUntil(dialog.failed.isVisible)
    assert dialog.export.isEnabled()
    dialog.reject()


def copied() -> str:
    return QGuiApplication.clipboard().text()


def test_the_connection_string_is_copied_in_three_ways(
    qtbot: QtBot, with_orders: Desktop, exporting: Exporting
) -> None:
    with_orders.workbench.profiles.open_profile(ORDERS, {PASSWORD: Secret("p@ss")})
    menus = with_orders.window.menus
    menus.copy_placeholder.trigger()
    assert copied() == "mongodb://app:<password>@db1:27017/"
    menus.copy_variables.trigger()
    assert copied() == "mongodb://app:${MONGODB_PASSWORD}@db1:27017/"
    menus.copy_password.trigger()
    question = with_orders.window.findChild(Question)
    assert question.isVisible()
    assert copied() == "mongodb://app:${MONGODB_PASSWORD}@db1:27017/", "not before the answer"
    question.buttons["Copy with the password"].click()
    assert copied() == "mongodb://app:p%40ss@db1:27017/"


def test_no_is_the_default_answer_to_copying_the_password(
    qtbot: QtBot, with_orders: Desktop, exporting: Exporting
) -> None:
    with_orders.workbench.profiles.open_profile(ORDERS, {PASSWORD: Secret("p@ss")})
    QGuiApplication.clipboard().setText("before")
    with_orders.workbench.exporting.copy_with_password()
    question = with_orders.window.findChild(Question)
    qtbot.keyClick(question, Qt.Key.Key_Return)
    assert not question.isVisible()
    assert copied() == "before"
