"""Whose profiles a portable copy carries."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from clearline.core.consent import portable
from clearline.core.storage import store
from ui import played_checks as play
from ui.saved_profiles import ORDERS


def test_a_portable_copy_asks_once_on_this_computer_whose_profiles_it_carries(
    make_desktop: Callable[..., Any], qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusted = threading.Event()
    monkeypatch.setattr("clearline.ui.profiles.from_outside.portable_dir", lambda: tmp_path)
    monkeypatch.setattr(portable, "is_foreign_copy", lambda: not trusted.is_set())
    monkeypatch.setattr(portable, "trust_this_copy", trusted.set)
    store.save_in(tmp_path / "profiles", ORDERS)
    desktop = make_desktop(play.waiting())
    outside = desktop.workbench.outside
    assert outside.holds(ORDERS.id), "also before it has been looked up"
    qtbot.waitUntil(lambda: bool(desktop.window.offers))
    [agree] = desktop.window.offers
    assert agree.text() == "They are mine"
    qtbot.mouseClick(agree, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not outside.holds(ORDERS.id))
    assert trusted.is_set()
