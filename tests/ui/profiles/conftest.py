from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from pytestqt.qtbot import QtBot

from clearline.core.keyring.vault import SERVICE
from clearline.core.profiles.profile import Auth, Profile
from clearline.core.secrets.secret import PASSWORD
from clearline.core.storage import store
from clearline.ui.app import Desktop
from clearline.ui.profiles import storage
from ui import played_checks as play
from ui.conftest import KeyringInMemory
from ui.saved_profiles import ORDERS, ids, profile


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "profiles"


@pytest.fixture
def with_profiles(make_desktop: Callable[..., Any], folder: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A desktop whose list shows saved profiles, and which looks for others' edits all the time."""
    monkeypatch.setattr(storage, "_LOOK_AGAIN_S", 0.02)

    def make(*profiles: Profile, check: Any = None) -> Desktop:
        for one in profiles:
            store.save_in(folder, one)
        desktop = make_desktop(check or play.waiting())
        qtbot.waitUntil(lambda: len(ids(desktop)) >= len(profiles))
        return desktop

    return make


@pytest.fixture
def desktop(with_profiles: Callable[..., Desktop]) -> Desktop:
    """The saved profile A is in front."""
    made = with_profiles(profile("A"))
    made.workbench.profiles.choose(ids(made)[0])
    return made


@pytest.fixture
def with_orders(make_desktop: Callable[..., Desktop], folder: Path, qtbot: QtBot) -> Desktop:
    """The profile Orders is saved and listed."""
    store.save_in(folder, ORDERS)
    made = make_desktop(play.waiting())
    qtbot.waitUntil(lambda: bool(made.workbench.storage.stored))
    return made


@pytest.fixture
def signed_in(qtbot: QtBot, with_profiles: Callable[..., Desktop], keyring_in_memory: KeyringInMemory) -> Desktop:
    """The saved profile A is in front, and its password was found in the keyring."""
    one = replace(profile("A"), auth=Auth(user="app"))
    keyring_in_memory.set_password(SERVICE, f"{one.id}/{PASSWORD}", "s3cret-w0rd")
    made = with_profiles(one)
    made.workbench.profiles.choose(one.id)
    qtbot.waitUntil(lambda: PASSWORD in made.workbench.profiles.current.secrets)
    return made


class HangingKeyring(KeyringInMemory):
    """Its prompt is never answered, until the test is over."""

    name = "hanging keyring"

    def __init__(self) -> None:
        super().__init__()
        self.over = threading.Event()
        self.asked = 0

    def get_password(self, service: str, username: str) -> None:
        self.asked += 1
        self.over.wait(60)

    def set_password(self, service: str, username: str, password: str) -> None:
        self.get_password(service, username)

    def delete_password(self, service: str, username: str) -> None:
        self.get_password(service, username)


@pytest.fixture
def hanging() -> Iterator[Any]:
    made = HangingKeyring()
    yield made
    made.over.set()
