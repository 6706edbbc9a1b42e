"""The dialog that exports connections."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from clearline.core.profiles.profile import Profile
from clearline.ui.panels.export_dialog import ExportDialog


def test_nothing_moves_while_the_passphrase_is_typed(qtbot: QtBot, tmp_path: Path) -> None:
    host = QWidget()
    qtbot.addWidget(host)
    dialog = ExportDialog([one := Profile(name="Orders")], [one.id], one.id, tmp_path, host)
    dialog.show()
    dialog.encrypt.click()
    qtbot.wait(20)
    places = [dialog.file.geometry(), dialog.passphrase.geometry(), dialog.passwords.geometry()]
    for words in ("a", "four words", "four words in a row that are long"):
        dialog.passphrase.entry.setText(words)
        dialog.passphrase.entry.textEdited.emit(words)
        qtbot.wait(20)
        assert [dialog.file.geometry(), dialog.passphrase.geometry(), dialog.passwords.geometry()] == places
