from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from keyring.errors import KeyringLocked
from msgspec.structs import replace
from pytestqt.qtbot import QtBot

from clearline.core.keyring.vault import SERVICE, Vault
from clearline.core.profiles.profile import Auth, Seeds
from clearline.core.secrets.secret import PASSWORD, Secret
from clearline.core.storage import store
from clearline.ui.checks.secrets_dialog import SecretsDialog
from clearline.ui.panels.profile_list import ListAction
from clearline.ui.profiles import storage
from ui import played_checks as play
from ui.conftest import KeyringInMemory
from ui.saved_profiles import (
    ids,
    profile,
    verdict_by_host,
)


def test_a_file_that_is_in_the_list_already_is_brought_to_the_front(
    qtbot: QtBot, with_profiles: Callable[..., Any], tmp_path: Path
) -> None:
    one = profile("A")
    desktop = with_profiles(one)
    store.save(one, tmp_path / "same.json")
    desktop.workbench.storage.load(tmp_path / "same.json")
    qtbot.waitUntil(lambda: desktop.workbench.profiles.current.profile.id == one.id)
    assert not desktop.workbench.consents.is_foreign(desktop.workbench.profiles.current)


def test_another_version_of_a_listed_profile_does_not_get_its_secrets(
    qtbot: QtBot, with_profiles: Callable[..., Any], tmp_path: Path, keyring_in_memory: Any
) -> None:
    one = replace(profile("A"), auth=Auth(user="app"))
    keyring_in_memory.set_password(SERVICE, f"{one.id}/{PASSWORD}", "s3cret-w0rd")
    desktop = with_profiles(one)
    store.save(replace(one, seeds=Seeds(hosts=("evil:27017",))), tmp_path / "sent.json")
    desktop.workbench.storage.load(tmp_path / "sent.json")
    qtbot.waitUntil(lambda: desktop.workbench.profiles.current.profile.seeds.hosts == ("evil:27017",))
    current = desktop.workbench.profiles.current
    assert current.profile.id != one.id
    assert current.unsaved
    assert current.secrets == {}
    assert desktop.workbench.consents.is_foreign(current)


def test_a_file_does_not_meet_the_edits_and_secrets_of_an_open_profile_without_one(
    qtbot: QtBot, with_profiles: Callable[..., Any], tmp_path: Path
) -> None:
    desktop = with_profiles(profile("A"))
    one = replace(profile("B"), auth=Auth(user="app"))
    opened = desktop.workbench.profiles.open_profile(one, {PASSWORD: Secret("s3cret-w0rd")})
    store.save(replace(one, seeds=Seeds(hosts=("evil:27017",))), tmp_path / "sent.json")
    desktop.workbench.storage.load(tmp_path / "sent.json")
    qtbot.waitUntil(lambda: desktop.workbench.profiles.current.profile.seeds.hosts == ("evil:27017",))
    current = desktop.workbench.profiles.current
    assert current is not opened
    assert current.secrets == {}
    assert desktop.workbench.consents.is_foreign(current)
    assert opened.profile == one


def test_a_file_elsewhere_that_changes_is_shown_and_does_not_come_to_the_front(
    qtbot: QtBot, with_profiles: Callable[..., Any], tmp_path: Path
) -> None:
    one = profile("Elsewhere")
    desktop = with_profiles(profile("A"))
    store.save(one, tmp_path / "other.json")
    desktop.workbench.storage.load(tmp_path / "other.json")
    qtbot.waitUntil(lambda: desktop.workbench.profiles.current.profile.id == one.id)
    opened = desktop.workbench.profiles.current
    desktop.workbench.profiles.choose(next(i for i in ids(desktop) if i != one.id))
    store.save(replace(one, seeds=Seeds(hosts=("new:27017",))), tmp_path / "other.json")
    qtbot.waitUntil(lambda: opened.profile.seeds.hosts == ("new:27017",))
    assert desktop.workbench.profiles.current.profile.name == "A"


class LockedKeyring(KeyringInMemory):
    """Locked, until the test opens it."""

    name = "locked keyring"
    locked = True

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise KeyringLocked("unlock me")
        return super().get_password(service, username)


def test_a_locked_keyring_is_told_and_asked_again_when_the_user_says_so(
    qtbot: QtBot, make_desktop: Callable[..., Any], folder: Path
) -> None:
    keyring, one = LockedKeyring(), replace(profile("A"), auth=Auth(user="app"))
    keyring.set_password(SERVICE, f"{one.id}/{PASSWORD}", "s3cret-w0rd")
    store.save_in(folder, one)
    desktop = make_desktop(play.waiting(), vault=Vault(keyring))
    qtbot.waitUntil(lambda: len(ids(desktop)) == 1)
    desktop.workbench.profiles.choose(one.id)
    qtbot.waitUntil(lambda: "locked" in desktop.window.message)
    current = desktop.workbench.profiles.current
    assert "locked" in desktop.workbench.storage.secrets.where(current)[PASSWORD]
    desktop.workbench.save()  # what was not read is not removed
    keyring.locked = False
    desktop.window.menus.ask_keyring.trigger()
    qtbot.waitUntil(lambda: PASSWORD in current.secrets)
    assert keyring.kept
    assert not current.unsaved


def test_a_test_from_the_list_has_the_password_of_the_keyring(
    qtbot: QtBot, with_profiles: Callable[..., Any], keyring_in_memory: Any
) -> None:
    one, check = replace(profile("A"), auth=Auth(user="app")), verdict_by_host()
    keyring_in_memory.set_password(SERVICE, f"{one.id}/{PASSWORD}", "s3cret-w0rd")
    desktop = with_profiles(one, check=check)
    desktop.window.profiles.asked.emit(ListAction.TEST, [one.id])
    qtbot.waitUntil(lambda: check.secrets == {"A": {PASSWORD: Secret("s3cret-w0rd")}})


def test_who_presses_test_twice_does_not_wait_for_a_keyring_that_hangs(
    qtbot: QtBot, make_desktop: Callable[..., Any], folder: Path, hanging: Any
) -> None:
    one, check = replace(profile("A"), auth=Auth(user="app")), verdict_by_host()
    store.save_in(folder, one)
    desktop = make_desktop(check, vault=Vault(hanging))
    qtbot.waitUntil(lambda: len(ids(desktop)) == 1)
    desktop.window.profiles.asked.emit(ListAction.TEST, [one.id])
    assert "keyring" in desktop.window.message
    assert not desktop.workbench.profiles.current.running
    desktop.workbench.test()
    [dialog] = desktop.window.findChildren(SecretsDialog)  # what the keyring does not give is asked for
    dialog.accept()
    qtbot.waitUntil(lambda: check.secrets == {"A": {}})


def test_a_folder_whose_drive_is_away_is_told_and_asked_again(
    qtbot: QtBot, make_desktop: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    desktop = make_desktop(play.waiting())
    kept, back = desktop.workbench.storage, threading.Event()
    qtbot.waitUntil(lambda: not kept.is_reading)
    monkeypatch.setattr(storage, "FOLDER_S", 0.05)
    monkeypatch.setattr(kept._files, "read", lambda: (back.wait(), [])[1])
    with qtbot.waitSignal(kept.problem) as told:
        kept.load_list()
    assert "is it on a network drive that is away?" in told.args[0]
    assert not kept.is_reading
    back.set()
    monkeypatch.undo()
    problems: list[str] = []
    kept.problem.connect(problems.append)
    kept.load_list()
    qtbot.waitUntil(lambda: not kept.is_reading)
    assert problems == []
