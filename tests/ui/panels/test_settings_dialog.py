from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from clearline.core.facts.whole import SILENCE_S
from clearline.core.storage.settings import Settings
from clearline.ui.panels.settings_dialog import SettingsDialog


@pytest.fixture
def host(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    return made


@pytest.fixture
def dialog(qtbot: QtBot, host: QWidget) -> SettingsDialog:
    made = SettingsDialog(Settings(), host)
    with qtbot.waitActive(made):
        made.open()
        made.activateWindow()
    return made


def test_each_setting_is_applied_when_it_is_changed(qtbot: QtBot, dialog: SettingsDialog) -> None:
    changes = []
    dialog.chosen.connect(lambda name, value: changes.append((name, value)))
    dialog.silence.setFocus()
    qtbot.keyClick(dialog.silence, Qt.Key.Key_Up)
    qtbot.keyClick(dialog.tray, Qt.Key.Key_Space)
    qtbot.keyClick(dialog.secrets, Qt.Key.Key_Down)
    assert changes == [("silence_s", SILENCE_S + 1), ("tray", True), ("new_secrets", "session")]


def test_escape_closes_it(qtbot: QtBot, dialog: SettingsDialog) -> None:
    with qtbot.waitSignal(dialog.finished):
        qtbot.keyClick(dialog, Qt.Key.Key_Escape)


def test_nothing_is_cut_off(dialog: SettingsDialog) -> None:
    for label in dialog.findChildren(QLabel):
        if not label.wordWrap():
            assert label.width() >= label.sizeHint().width(), label.text()
    for editor in (dialog.colours, dialog.secrets, dialog.silence, dialog.interval, dialog.events):
        assert editor.height() >= editor.minimumSizeHint().height()
        assert editor.accessibleName() or dialog.findChildren(QLabel)


def test_it_fits_a_small_screen_at_150_percent(dialog: SettingsDialog) -> None:
    assert dialog.height() <= 768 / 1.5
    assert dialog.width() <= 1366 / 1.5


def test_a_setting_is_found_by_its_words(dialog: Any) -> None:
    dialog.search.setText("silen")
    assert dialog.silence.isVisible()
    assert not dialog.colours.isVisible()
    assert not dialog.tray.isVisible()
    dialog.search.clear()
    assert dialog.colours.isVisible()
    assert dialog.tray.isVisible()
