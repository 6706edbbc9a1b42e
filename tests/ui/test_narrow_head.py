"""What stands in the window's head where there is little room: names with dots, words whole or not at all."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from clearline.core.secrets.secret import Secret
from clearline.ui.panels.health import Health, HealthIndicator, HealthReading
from clearline.ui.profiles.open_profile import Origin
from clearline.ui.window.name_field import NameField
from ui import played_checks as play

LONG = "Orders of the warehouse in Rotterdam, production, read by the reporting service of the finance department"

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # a widget shown alone is a window


@pytest.fixture
def name(qtbot: QtBot) -> NameField:
    made = NameField()
    qtbot.addWidget(made)
    made.show()
    return made


def test_a_long_name_is_cut_with_dots_and_told_whole(name: NameField) -> None:
    name.setText(LONG)
    name.resize(name.sizeHint())
    assert name.shown.endswith("…")
    assert name.toolTip().startswith(f"{LONG}\n")
    name.setText("Orders")
    name.resize(name.sizeHint())
    assert name.shown == "Orders"
    assert name.toolTip() == "Give this connection a name"


def test_who_writes_a_long_name_sees_its_letters_not_the_dots(qtbot: QtBot, name: NameField) -> None:
    name.setText(LONG)
    name.resize(name.sizeHint())
    name.setCursorPosition(0)
    with qtbot.waitActive(name):
        name.activateWindow()
    name.clearFocus()
    resting = name.grab().toImage()
    name.setFocus(Qt.FocusReason.OtherFocusReason)
    qtbot.waitUntil(name.hasFocus)
    right = name.rect().adjusted(name.width() - 40, 4, -10, -4)
    assert name.grab().toImage().copy(right) != resting.copy(right)


def test_which_servers_are_watched_is_said_in_words_or_not_at_all(qtbot: QtBot) -> None:
    health = HealthIndicator()
    qtbot.addWidget(health)
    health.show_reading(HealthReading(Health.HEALTHY, 1.9, live=True))
    health.show_watched(("db1.example.com:27017", "db2.example.com:27017"))
    whole = 400
    health.show()
    seen = set()
    for width in range(whole, 100, -10):
        health.resize(width, 30)
        QApplication.processEvents()
        seen.add(health._about.shown)
    assert "" in seen
    assert "watching db1.example.com:27017 +1" in seen
    assert all(len(words) > len("watching …") for words in seen - {""})
    assert "watching db1.example.com:27017 +1" in health.toolTip()


def test_a_narrow_window_keeps_its_head_inside(qtbot: QtBot, make_desktop: Any) -> None:
    desktop = make_desktop(play.playing(play.connected()))
    window = desktop.window
    window.resize(800, 600)
    current = desktop.workbench.profiles.current
    current.set_text(Secret("mongodb://db1.example.com:27017,db2.example.com/?replicaSet=rs0"), Origin.ELSEWHERE)
    current.rename(LONG)
    window.show_watching(True)
    QApplication.processEvents()
    for part in (window.name, window.save, window.watch):
        place = part.mapTo(window, part.rect().topRight()).x()
        assert place < window.width(), part
    assert window.width() == 800
