"""What starts the program on Linux also runs where the program cannot, and says so."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import bundle
import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux" or shutil.which("gcc") is None, reason="gcc compiles it")
NEWER_THAN_ANY = (2, 999)


@pytest.fixture
def launcher(tmp_path: Path) -> Path:
    bundle.make_launcher(tmp_path / "clearline", bundle.FLOOR)
    return tmp_path / "clearline"


@pytest.fixture
def too_old(tmp_path: Path) -> Path:
    """One that finds every system too old."""
    bundle.make_launcher(tmp_path / "clearline", NEWER_THAN_ANY)
    return tmp_path / "clearline"


def _script(path: Path, *lines: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(("#!/bin/sh", *lines, "")))
    path.chmod(0o755)


def _run(*words: object, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(word) for word in words], env=environ, capture_output=True, text=True, check=False)


def test_it_becomes_the_program_beside_it_with_its_words_and_its_name(launcher: Path, tmp_path: Path) -> None:
    _script(tmp_path / "clearline-program", 'echo "$$ $1,$2 $PLACE"; exit 3')
    link = tmp_path / "elsewhere"
    link.mkdir()
    (link / "clearline").symlink_to(launcher)
    started = subprocess.Popen(
        [link / "clearline", "ein Wort", "ü"], env={"PLACE": "kept"}, stdout=subprocess.PIPE, text=True
    )
    told, _ = started.communicate()
    assert told == f"{started.pid} ein Wort,ü kept\n"
    assert started.returncode == 3


def test_it_asks_for_nothing_that_an_old_system_lacks(launcher: Path) -> None:
    assert bundle.floor_of(launcher.parent)["clearline"] <= (2, 17)


def test_on_an_older_system_it_says_which_one_is_new_enough(too_old: Path) -> None:
    ended = _run(too_old, "check", "127.0.0.1")
    has = os.confstr("CS_GNU_LIBC_VERSION").split()[1]  # type: ignore[union-attr]
    assert (ended.returncode, ended.stdout) == (126, "")
    assert ended.stderr == f"clearline: Clearline needs glibc 2.999 or newer, and this system has {has}.\n"


@pytest.mark.parametrize("dialog", ["zenity", "kdialog", "xmessage"])
def test_without_a_terminal_the_dialog_that_is_there_shows_it(too_old: Path, tmp_path: Path, dialog: str) -> None:
    programs, shown = tmp_path / "bin", tmp_path / "shown.txt"
    _script(programs / dialog, f'printf "%s\\n" "$@" >"{shown}"; exit 1')
    assert _run(too_old, PATH=str(programs), DISPLAY=":7").returncode == 126
    assert "Clearline needs glibc 2.999" in shown.read_text()
    shown.unlink()
    _run(too_old, PATH=str(programs))  # no screen
    assert not shown.exists()


def test_taken_out_of_its_folder_it_says_so(launcher: Path) -> None:
    ended = _run(launcher)
    assert ended.returncode == 126
    assert ended.stderr == (
        f"clearline: {launcher}-program cannot be started (No such file or directory). Keep everything of the folder"
        " together.\n"
    )


@pytest.mark.parametrize(
    ("floor", "known"),
    [
        ((2, 34), "Debian 12, Ubuntu 22.04, RHEL 9 and newer have it."),
        ((2, 36), "Debian 12, Ubuntu 24.04, RHEL 10 and newer have it."),
        ((2, 40), "Debian 13 and newer have it."),
    ],
)
def test_the_releases_that_it_names_have_that_glibc(floor: tuple[int, int], known: str) -> None:
    assert bundle.sentence_of(floor).endswith(f"and this system has %s. {known}")
