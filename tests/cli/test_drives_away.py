"""Profiles and reports on a drive that is away: every command ends, with a sentence."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from clearline.__main__ import main
from clearline.cli import explain, list_profiles, results, targets
from clearline.core.files.drives import waited_for
from clearline.core.profiles.profile import Profile, Seeds
from clearline.core.report import report_file
from clearline.core.report.history import History
from clearline.core.storage import store
from clearline.core.storage.store import save_in
from clearline.paths import profiles_dir

PIPES = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes of that kind")
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
    monkeypatch.setattr(targets, "FOLDER_S", 60.0)  # the profile is there, and may take its time
    path = save_in(profiles_dir(), Profile(name="kept for the drive", seeds=Seeds(hosts=("127.0.0.1:1",))))
    try:
        assert main(["check", "kept for the drive"]) == 1
    finally:
        path.unlink()
    assert AWAY in capsys.readouterr().err


@PIPES
@pytest.mark.parametrize("option", ["--junit", "--summary"])
def test_a_file_that_is_to_be_written(
    option: str, hold: threading.Event, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    os.mkfifo(held := tmp_path / "result")  # opening it waits for a reader
    assert main(["check", "127.0.0.1:1", option, str(held)]) == 2
    assert AWAY in capsys.readouterr().err
    os.close(os.open(held, os.O_RDONLY | os.O_NONBLOCK))


@pytest.mark.parametrize("command", [["diff", "a", "b"], ["merge", "a", "b"]])
def test_a_report_of_another_place(
    command: list[str], hold: threading.Event, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(report_file, "FOLDER_S", 0.05)
    monkeypatch.setattr(report_file, "read_whole", lambda *_: hold.wait())
    assert main(command) == 2
    assert AWAY in capsys.readouterr().err


def test_a_log_that_is_to_be_explained(
    hold: threading.Event, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(explain, "waited_for", lambda *a, **more: waited_for(*a, **more | {"limit_s": 0.05}))
    monkeypatch.setattr(Path, "is_file", lambda _path: hold.wait())
    assert main(["explain", str(tmp_path / "app.log")]) == 2
    assert AWAY in capsys.readouterr().err


@PIPES
def test_a_log_that_another_program_prints_may_take_its_time(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(explain, "waited_for", lambda *a, **more: waited_for(*a, **more | {"limit_s": 0.5}))
    os.mkfifo(pipe := tmp_path / "log")

    def print_late() -> None:
        with pipe.open("w") as end:
            threading.Event().wait(1.0)
            end.write("pymongo.errors.ServerSelectionTimeoutError: db1:27017: [Errno 111] Connection refused\n")

    threading.Thread(target=print_late).start()
    assert main(["explain", str(pipe)]) == 0
    assert "tcp.refused" in capsys.readouterr().out
