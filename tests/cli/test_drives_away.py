"""Profiles and reports on a drive that is away: every command ends, with a sentence."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from clearline.__main__ import main
from clearline.cli import list_profiles, results, targets
from clearline.core.profiles.profile import Profile, Seeds
from clearline.core.report.history import History
from clearline.core.storage import store
from clearline.core.storage.store import save_in
from clearline.paths import profiles_dir

AWAY = "is it on a network drive that is away?"


@pytest.fixture
def hold(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """What a held reader waits for."""
    for module in (list_profiles, results, targets):
        monkeypatch.setattr(module, "FOLDER_S", 0.05)
    back = threading.Event()
    yield back
    back.set()


@pytest.mark.parametrize("command", [["list"], ["check", "--all"], ["check", "orders"], ["watch", "orders"]])
def test_the_folder_of_profiles(
    command: list[str], hold: threading.Event, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(store, "list_profiles", lambda _folder: hold.wait())
    assert main(command) in (1, 2)
    assert AWAY in capsys.readouterr().err


def test_the_history_in_which_a_report_is_kept(
    hold: threading.Event, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(History, "record", lambda *_: hold.wait())
    path = save_in(profiles_dir(), Profile(name="kept for the drive", seeds=Seeds(hosts=("127.0.0.1:1",))))
    try:
        assert main(["check", "kept for the drive"]) == 1
    finally:
        path.unlink()
    assert AWAY in capsys.readouterr().err
