"""Files on a drive that is away: the window says so, and all else that is asked of the disk goes on."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from clearline.core.files.drives import waited_for
from clearline.core.files.whole_files import write_whole
from clearline.core.profiles.profile import Profile, Seeds
from clearline.core.storage import store
from clearline.ui.app import Desktop
from clearline.ui.profiles import exporting, report_storage, storage
from lab import hand_made_reports
from ui import played_checks as play

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="stands for a drive with a pipe")

AWAY = "is it on a network drive that is away?"
REPORT = hand_made_reports.report()


@pytest.fixture
def desktop(make_desktop: Callable[..., Any], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Desktop:
    made: Desktop = make_desktop(play.waiting())
    qtbot.waitUntil(lambda: not made.workbench.storage.is_reading)
    monkeypatch.setattr(storage, "_FILE_S", 0.0)
    wait_for_drives(monkeypatch, 0.1)
    return made


def wait_for_drives(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """A drive that is there may take its time on a busy computer."""
    for module in (report_storage, storage):
        monkeypatch.setattr(module, "FOLDER_S", seconds)


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Path]:
    """A pipe without a reader: who opens it for writing waits."""
    os.mkfifo(pipe := tmp_path / "held")
    yield pipe
    os.close(os.open(pipe, os.O_RDONLY | os.O_NONBLOCK))


def test_a_profile_that_is_saved_there_does_not_hold_the_others(
    qtbot: QtBot, desktop: Desktop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    files, back, real = desktop.workbench.storage, threading.Event(), store.save_in
    here = Profile(name="here", seeds=Seeds(hosts=("db2",)))

    def save_in(folder: Path, profile: Profile, *more: Any, **options: Any) -> Path:
        if profile.name == "there":
            back.wait()
        return real(folder, profile, *more, **options)

    monkeypatch.setattr(store, "save_in", save_in)
    with qtbot.waitSignal(files.problem) as told:
        files.add(Profile(name="there", seeds=Seeds(hosts=("db1",))))
    assert AWAY in told.args[0]
    wait_for_drives(monkeypatch, 60)
    done = threading.Event()
    files.add(here, done.set)
    qtbot.waitUntil(done.is_set)
    assert [one.profile.name for one in store.list_profiles(files.folder) if one.profile] == ["here"]
    back.set()


def test_a_report_and_a_chart_that_are_written_there(
    qtbot: QtBot, desktop: Desktop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    files, back = desktop.workbench.storage, threading.Event()
    monkeypatch.setattr(report_storage, "write_whole", lambda *_args, **_options: back.wait())
    for write in (
        lambda: files.reports.write(REPORT, tmp_path / "report.html"),
        lambda: files.reports.write_chart(tmp_path / "chart.png", b"png"),
    ):
        with qtbot.waitSignal(files.problem) as told:
            write()
        assert AWAY in told.args[0]
    back.set()
    monkeypatch.setattr(report_storage, "write_whole", write_whole)
    wait_for_drives(monkeypatch, 60)
    with qtbot.waitSignal(files.saved):
        files.reports.write_chart(tmp_path / "chart.png", b"png")
    assert (tmp_path / "chart.png").read_bytes() == b"png"


def test_a_log_that_lies_there_leaves_the_disk_to_others(
    qtbot: QtBot, desktop: Desktop, held: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = desktop.workbench
    work.explaining.ask()
    page = desktop.window.answer.explanation
    page.file_chosen.emit(held)
    qtbot.waitUntil(lambda: "cannot be read" in page.sentence.text())
    wait_for_drives(monkeypatch, 60)
    done = threading.Event()
    work.storage.add(Profile(name="here", seeds=Seeds(hosts=("db2",))), done.set)
    qtbot.waitUntil(done.is_set)


def test_whether_the_users_documents_are_there_holds_no_frame(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    back = threading.Event()
    assert exporting._is_there(tmp_path)
    monkeypatch.setattr(Path, "is_dir", lambda _path: back.wait())
    assert waited_for(tmp_path, exporting._is_there, tmp_path, limit_s=0.2) is False
    back.set()
