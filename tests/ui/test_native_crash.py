"""A crash below Python is written down, and shown once at the next start."""

from __future__ import annotations

import faulthandler
import subprocess
import sys
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from clearline.ui.window.crash import CrashReporter
from clearline.ui.window.native_crash import take_earlier, written_down

CRASH = """
import ctypes, sys
from pathlib import Path
from clearline.ui.window.native_crash import written_down

def the_place_of_the_crash():
    ctypes.string_at(0)

with written_down(Path(sys.argv[1])):
    the_place_of_the_crash()
"""


def test_the_stack_of_a_crash_is_found_once(tmp_path: Path) -> None:
    crashed = subprocess.run([sys.executable, "-c", CRASH, str(tmp_path)], capture_output=True, check=False)
    assert crashed.returncode != 0
    [text] = take_earlier(tmp_path)
    assert "the_place_of_the_crash" in text
    assert take_earlier(tmp_path) == []


def test_a_clean_end_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faulthandler, "is_enabled", lambda: False)
    monkeypatch.setattr(faulthandler, "enable", lambda _file: None)
    monkeypatch.setattr(faulthandler, "disable", lambda: None)
    with written_down(tmp_path / "crashes"):
        assert len(list((tmp_path / "crashes").iterdir())) == 1
    assert list((tmp_path / "crashes").iterdir()) == []
    assert take_earlier(tmp_path / "nowhere") == []


def test_an_earlier_crash_is_offered_in_the_dialog(qtbot: QtBot) -> None:
    reporter = CrashReporter(lambda text: text.replace("pw", "***"))
    reporter.report_earlier(["Fatal Python error: Segmentation fault pw"])
    qtbot.waitUntil(lambda: bool(reporter.texts))
    assert "last time" in reporter.texts[0]
    assert "***" in reporter.texts[0]
