"""A program that was started here ends with this one, also in the moment between its birth and the note of it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from clearline.core import child_processes
from clearline.core.child_processes import Jobs, begun, end_all, note_started, start_under_way
from lab.held_pipe import HeldPipe

pytestmark = pytest.mark.skipif(os.name != "posix", reason="groups of POSIX")


class Kernel32:
    """What is asked of Windows. Handles are numbers: that of a job is its process's, and 1000."""

    def __init__(self, *, refusing: bool = False) -> None:
        self.ended: list[int] = []
        self.open: set[int] = set()
        self.jobs: dict[int, int] = {}
        self.OpenProcess = lambda _rights, _inherits, number: self._opened(0 if refusing else number)
        self.CreateJobObjectW = lambda _security, _name: self._opened(1000 + max(self.open))

    def _opened(self, handle: int) -> int:
        self.open |= {handle} - {0}
        return handle

    def AssignProcessToJobObject(self, job: int, process: int) -> int:
        self.jobs[job] = process
        return 1

    def TerminateJobObject(self, job: int, _status: int) -> int:
        self.ended.append(self.jobs[job])
        return 1

    def TerminateProcess(self, process: int, _status: int) -> int:
        return int(process in self.open)

    def CloseHandle(self, handle: int) -> int:
        self.open.remove(handle)
        return 1


def test_on_windows_jobs_end_what_programs_have_started(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel32 = Kernel32()
    monkeypatch.setattr(child_processes, "_jobs", Jobs(kernel32))
    for number in (11, 12):
        with start_under_way():
            note_started(number)
    child_processes.note_ended(12)  # by itself: what it leaves goes on
    end_all()
    assert kernel32.ended == [11]
    child_processes.note_ended(11)
    assert kernel32.open == set()


def test_on_windows_a_program_that_is_gone_already_is_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel32 = Kernel32(refusing=True)
    monkeypatch.setattr(child_processes, "_jobs", Jobs(kernel32))
    note_started(11)
    child_processes.end_group(11)
    child_processes.note_ended(11)
    assert (kernel32.ended, kernel32.open) == ([], set())


@pytest.fixture(autouse=True)
def _over_for_this_test_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_processes, "_over", False)


@contextmanager
def being_started(pipe: HeldPipe, before_the_note: Callable[[], object]) -> Iterator[None]:
    """A program that reads the pipe runs, and the thread that has started it is still about to note it."""
    born = threading.Event()
    programs: list[subprocess.Popen[bytes]] = []

    def start() -> None:
        with start_under_way():
            programs.append(subprocess.Popen(["cat", pipe.path], start_new_session=True))
            born.set()
            before_the_note()
            note_started(programs[0].pid)

    thread = threading.Thread(target=start)
    thread.start()
    assert born.wait(30)
    yield
    thread.join(30)
    programs[0].wait(30)
    child_processes.note_ended(programs[0].pid)


def test_the_end_waits_for_a_start_that_is_under_way(tmp_path: Path) -> None:
    def until_the_end_begins() -> None:
        while not child_processes._over:
            threading.Event().wait(0.001)

    with HeldPipe(tmp_path / "pipe") as pipe, being_started(pipe, until_the_end_begins):
        end_all()
        pipe.assert_no_reader_is_left()


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells what a thread has started")
def test_a_start_whose_thread_is_held_is_ended_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_processes, "_START_S", 0.01)
    held = threading.Event()
    with HeldPipe(tmp_path / "pipe") as pipe, being_started(pipe, held.wait):
        end_all()
        pipe.assert_no_reader_is_left()
        held.set()


def test_another_thread_and_another_session_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_processes, "_START_S", 0.01)
    held = threading.Event()
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, start_new_session=True) as browser:
        with HeldPipe(tmp_path / "pipe") as pipe, being_started(pipe, held.wait):
            end_all()
            held.set()
        assert browser.poll() is None
        browser.communicate(timeout=30)
        assert browser.returncode == 0


def test_nothing_is_started_once_the_end_has_begun() -> None:
    started: list[int] = []

    async def start() -> None:
        started.append(1)

    async def end(_: None) -> None:
        started.clear()

    end_all()
    with pytest.raises(OSError, match="cancel"):
        asyncio.run(begun(start(), end))
    assert not started
