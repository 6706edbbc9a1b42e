"""What is tried in clean systems is judged by what it prints and how it ends; the roots have a job of their own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="roots of Linux")
clean_roots = pytest.importorskip("clean_roots")


@pytest.mark.parametrize(
    ("code", "printed", "wrong"),
    [
        (1, "clearline: The window needs libGL.so.1, which ...: sudo apt install libgl1 libegl1.", []),
        (0, "clearline: The window needs libGL.so.1: sudo apt install libgl1", ["ended with 0, not 1"]),
        (1, "sudo apt install libgl1", ["does not say 'needs libGL.so.1'"]),
        (1, "Traceback\nneeds libGL.so.1 sudo apt install libgl1", ["prints a traceback"]),
    ],
)
def test_a_trial_is_judged_by_its_code_its_words_and_no_traceback(code: int, printed: str, wrong: list[str]) -> None:
    assert clean_roots.problems(clean_roots.NO_LIBGL, code, printed) == wrong


def test_the_program_runs_read_only_without_rights_home_or_a_tmp_to_run_from(tmp_path: Path) -> None:
    command = clean_roots.entering(tmp_path / "root", tmp_path / "dist", clean_roots.CHECK, "127.0.0.1:27017")
    script = command[7]
    assert "remount,ro,bind" in script
    assert "noexec" in script
    assert command[-3:] == [clean_roots.PROGRAM, "check", "127.0.0.1:27017"]
    assert "--reuid=65534" in command
    assert not [word for word in command if word.startswith(("HOME=", "LANG=", "LC_"))]
    assert " " in clean_roots.PROGRAM
    assert not clean_roots.PROGRAM.isascii()


def test_the_quickest_root_is_among_what_ci_tries() -> None:
    assert "try-build --quick" in (Path(__file__).resolve().parents[2] / ".ci" / "run").read_text()
