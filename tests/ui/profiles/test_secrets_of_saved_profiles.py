from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from clearline.core.keyring.vault import Vault
from clearline.core.profiles.profile import Auth, SecretSource
from clearline.core.report.report import Verdict
from clearline.core.secrets.secret import PASSWORD
from clearline.core.storage import store
from clearline.ui.app import Desktop
from clearline.ui.panels.profile_list import ListAction
from ui import played_checks as play
from ui.saved_profiles import (
    CONTROL,
    batch,
    edit,
    ids,
    on_disk,
    profile,
    verdict_by_host,
)


def test_another_store_is_one_click_and_moves_the_secret(
    qtbot: QtBot, signed_in: Desktop, folder: Path, keyring_in_memory: Any
) -> None:
    current = signed_in.workbench.profiles.current
    signed_in.window.pages.edited.emit("secrets", {PASSWORD: SecretSource(place="session")})
    qtbot.waitUntil(lambda: keyring_in_memory.kept == {})
    qtbot.waitUntil(lambda: on_disk(folder)["A"].secrets == {PASSWORD: SecretSource(place="session")})
    assert not current.unsaved
    assert current.secrets[PASSWORD].reveal() == "s3cret-w0rd"
    signed_in.window.pages.edited.emit("secrets", {})
    qtbot.waitUntil(lambda: list(keyring_in_memory.kept.values()) == ["s3cret-w0rd"])
    qtbot.waitUntil(lambda: on_disk(folder)["A"].secrets == {})


def test_a_secret_that_is_to_be_asked_leaves_the_keyring_when_the_profile_is_saved(
    qtbot: QtBot, signed_in: Desktop, keyring_in_memory: Any
) -> None:
    signed_in.window.pages.edited.emit("secrets", {PASSWORD: SecretSource(place="ask")})
    assert signed_in.workbench.profiles.current.unsaved
    assert keyring_in_memory.kept
    qtbot.keyClick(signed_in.window, Qt.Key.Key_S, CONTROL)
    qtbot.waitUntil(lambda: keyring_in_memory.kept == {})


@pytest.mark.parametrize(("place", "kept"), [("keyring", ["s3cret-w0rd"]), ("session", []), ("ask", [])])
def test_the_setting_decides_where_the_secrets_of_new_profiles_go(
    qtbot: QtBot, make_desktop: Callable[..., Any], folder: Path, keyring_in_memory: Any, place: str, kept: list[str]
) -> None:
    desktop = make_desktop(play.waiting())
    desktop.workbench.change_settings(new_secrets=place)
    edit(desktop, "mongodb://blank/")
    desktop.workbench.new_profile()
    edit(desktop, "mongodb://app:s3cret-w0rd@db1/")
    qtbot.keyClick(desktop.window, Qt.Key.Key_S, CONTROL)
    current = desktop.workbench.profiles.current
    qtbot.waitUntil(lambda: not current.unsaved)
    assert {one.place for one in current.profile.secrets.values()} == ({place} - {"keyring"})
    qtbot.waitUntil(lambda: list(keyring_in_memory.kept.values()) == kept)


def test_with_a_keyring_that_hangs_a_profile_is_saved_and_tested_all_the_same(
    qtbot: QtBot, make_desktop: Callable[..., Any], folder: Path, hanging: Any
) -> None:
    check = play.playing(play.connected())
    desktop = make_desktop(check, vault=Vault(hanging))
    edit(desktop, "mongodb://app:s3cret-w0rd@db1/")
    qtbot.keyClick(desktop.window, Qt.Key.Key_S, CONTROL)
    current = desktop.workbench.profiles.current
    qtbot.waitUntil(lambda: not current.unsaved)
    assert len(on_disk(folder)) == 1
    assert "this session only" in desktop.workbench.storage.secrets.where(current)[PASSWORD]
    desktop.workbench.test()  # at once: for which servers the secret was given is known before the keyring is asked
    qtbot.waitUntil(lambda: current.report is not None and not current.running)
    assert current.report.verdict is Verdict.CONNECTED


def test_with_a_keyring_that_hangs_several_tests_can_be_stopped_at_once(
    qtbot: QtBot, make_desktop: Callable[..., Any], folder: Path, hanging: Any
) -> None:
    for number in range(12):
        store.save_in(folder, replace(profile(f"P{number:02}"), auth=Auth(user="app")))
    desktop = make_desktop(verdict_by_host(), vault=Vault(hanging))
    qtbot.waitUntil(lambda: len(ids(desktop)) == 12)
    desktop.window.profiles.asked.emit(ListAction.TEST, ids(desktop))
    summary = batch(qtbot, desktop)
    qtbot.waitUntil(lambda: hanging.asked > 0)
    qtbot.mouseClick(summary.stop, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: summary.stop.text() == "Close")
    assert summary.said.text() == "12 stopped."


def test_closing_the_window_ends_a_test_of_several(qtbot: QtBot, with_profiles: Callable[..., Any]) -> None:
    names = [f"P{n:02}" for n in range(12)]
    check = verdict_by_host(slow=names)
    desktop = with_profiles(*(profile(name) for name in names), check=check)
    desktop.window.profiles.asked.emit(ListAction.TEST, ids(desktop))
    qtbot.waitUntil(lambda: check.running == 8)
    summary = batch(qtbot, desktop)
    desktop.window.close()
    assert not summary.isVisible()
    assert desktop.workbench.close()
    assert check.running == 0
