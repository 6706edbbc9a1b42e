from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from clearline.core.facts.whole import SILENCE_S
from clearline.core.profiles.profile import Profile, Seeds
from clearline.core.storage import store
from clearline.core.storage.settings import Settings
from clearline.ui.models.profile_rows import Order
from clearline.ui.profiles.settings import CurrentSettings
from ui import played_checks as play


def written(tmp_path: Path) -> dict[str, float | str] | dict[str, int | str]:
    return json.loads((tmp_path / "settings.json").read_text())


def test_what_was_chosen_is_there_at_the_next_start(
    qtbot: QtBot, make_desktop: Callable[..., Any], tmp_path: Path
) -> None:
    for name in ("A", "B"):
        store.save_in(tmp_path / "profiles", Profile(name=name, seeds=Seeds(hosts=("db1:27017",))))
    desktop = make_desktop(play.waiting())
    desktop.window.profiles.order_chosen.emit(Order.FAILED_FIRST)
    desktop.workbench.change_settings(silence_s=3.0)
    qtbot.waitUntil(lambda: (tmp_path / "settings.json").exists() and "silence_s" in written(tmp_path))
    later = make_desktop(play.waiting())
    assert later.window.profiles.model.order is Order.FAILED_FIRST
    assert later.workbench.settings.values.silence_s == 3.0


def test_a_broken_file_of_settings_stops_nothing_and_is_kept_aside(
    qtbot: QtBot, make_desktop: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "settings.json").write_text("{ broken")
    desktop = make_desktop(play.waiting())
    assert desktop.workbench.settings.values == Settings()
    assert (tmp_path / "settings.json.broken").read_text() == "{ broken"
    desktop.workbench.change_settings(tray=True)
    qtbot.waitUntil(lambda: (tmp_path / "settings.json").exists())


def test_what_the_disk_refuses_is_only_not_remembered(
    qtbot: QtBot, make_desktop: Callable[..., Any], tmp_path: Path
) -> None:
    desktop = make_desktop(play.waiting())
    (tmp_path / "settings.json").mkdir()
    desktop.workbench.change_settings(silence_s=4.0)
    assert desktop.workbench.settings.values.silence_s == 4.0
    desktop.workbench.settings.keep_place(desktop.window)


def test_the_same_value_is_no_change(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    desktop = make_desktop(play.waiting(), show=False)
    changes = []
    desktop.workbench.settings.changed.connect(lambda: changes.append(1))
    desktop.workbench.change_settings(silence_s=SILENCE_S)
    desktop.workbench.change_settings(silence_s=2.0)
    assert len(changes) == 1


def test_the_window_comes_back_where_it_was(qtbot: QtBot, tmp_path: Path) -> None:
    first, second = QWidget(), QWidget()
    for window in (first, second):
        qtbot.addWidget(window)
    first.setGeometry(40, 60, 500, 300)
    remembered = CurrentSettings(tmp_path / "settings.json")
    assert not remembered.restore(second)
    remembered.keep_place(first)
    assert CurrentSettings(tmp_path / "settings.json").restore(second)
    assert second.size() == first.size()
