"""What keeps the window from opening is one sentence with the package of this distribution, before Qt is asked."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from clearline import obstacles

DEBIAN = "ID=debian\nVERSION_ID=12\n"
POSIX_ONLY = pytest.mark.skipif(sys.platform == "win32", reason="shell scripts and Unix sockets")


def everything(_name: str) -> bool:
    return True


def without(*lacking: str) -> obstacles.Loads:
    return lambda name: name not in lacking


def before(environ: dict[str, str], loads: obstacles.Loads = everything, answers: bool = True) -> str | None:
    return obstacles.before_window(environ, platform="linux", loads=loads, answers=lambda _: answers)


def test_a_screen_that_answers_is_no_obstacle() -> None:
    assert before({"DISPLAY": ":1"}) is None


@pytest.mark.parametrize("chosen", ["offscreen", "vnc:size=800x600", "minimal"])
def test_a_platform_of_the_user_s_own_choice_is_left_alone(chosen: str) -> None:
    assert before({"QT_QPA_PLATFORM": chosen}, without("libxcb.so.1"), answers=False) is None


def test_windows_and_macos_always_have_a_screen() -> None:
    assert obstacles.before_window({}, platform="win32") is None
    assert obstacles.after_import_error(without("libGL.so.1"), "darwin") is None


def test_no_screen_at_all_is_said_with_what_works_without_one() -> None:
    said = before({})
    assert said is not None
    assert "neither DISPLAY nor WAYLAND_DISPLAY" in said
    assert "clearline check" in said


def test_a_screen_that_does_not_answer_is_named() -> None:
    assert "DISPLAY names (:7) does not answer" in str(before({"DISPLAY": ":7"}, answers=False))


def test_a_missing_library_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(obstacles, "_os_release", lambda: DEBIAN)
    said = before({"DISPLAY": ":1"}, without("libxcb-cursor.so.0"))
    assert said is not None
    assert "needs libxcb-cursor.so.0" in said
    assert "sudo apt install libxcb-cursor0." in said
    said = obstacles.after_import_error(without("libGL.so.1", "libEGL.so.1"), "linux")
    assert said is not None
    assert "sudo apt install libgl1 libegl1." in said
    assert obstacles.after_import_error(everything, "linux") is None


@POSIX_ONLY
def test_wayland_alone_needs_its_libraries_and_x11_beside_it_will_do(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as compositor:
        compositor.bind(str(tmp_path / "wayland-0"))
        compositor.listen()
        alone = {"WAYLAND_DISPLAY": "wayland-0", "XDG_RUNTIME_DIR": str(tmp_path)}
        assert before(alone) is None
        assert "libwayland-cursor.so.0" in str(before(alone, without("libwayland-cursor.so.0")))
        assert before({**alone, "DISPLAY": ":1"}, without("libwayland-cursor.so.0")) is None
    assert "WAYLAND_DISPLAY names" in str(before(alone))


@pytest.mark.parametrize(
    ("release", "command"),
    [
        (DEBIAN, "sudo apt install libgl1"),
        ('ID=linuxmint\nID_LIKE="ubuntu debian"\n', "sudo apt install libgl1"),
        ('ID="almalinux"\nID_LIKE="rhel centos fedora"\n', "sudo dnf install libglvnd-glx"),
        ("ID='opensuse-leap'\nID_LIKE='suse opensuse'\n", "sudo zypper install libglvnd"),
        ("ID=arch\n", "sudo pacman -S libglvnd"),
        ("", "install what Debian calls libgl1"),
    ],
)
def test_the_package_is_that_of_the_distribution(release: str, command: str) -> None:
    assert obstacles.install(["libGL.so.1"], release) == command


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_other_systems_have_no_packages_of_fonts(platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(obstacles, "_os_release", lambda: DEBIAN)
    assert "apt install fonts-dejavu-core" in obstacles.no_fonts("linux")
    said = obstacles.no_fonts(platform)
    assert said.startswith("No fonts are installed here")
    assert not {"apt", "Debian", "fonts-dejavu-core"} & set(said.replace(".", "").split())


@POSIX_ONLY
def test_a_folder_that_cannot_be_written_is_said_with_the_way_out(tmp_path: Path) -> None:
    assert obstacles.unwritable(tmp_path / "a" / "b") is None
    (tmp_path / "file").touch()
    said = obstacles.unwritable(tmp_path / "file" / "x")
    assert said is not None
    assert str(tmp_path / "file" / "x") in said
    assert "CLEARLINE_HOME" in said


# ---------------------------------------------------------------- how it is told


@pytest.fixture
def dialogs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH that holds nothing but what a test puts there."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def program(folder: Path, name: str) -> None:
    """A dialog that writes down what it is asked to show."""
    (folder / name).write_text(f'#!/bin/sh\nprintf "%s\\n" "$0" "$@" >> {folder}/shown\n')
    (folder / name).chmod(0o755)


@POSIX_ONLY
@pytest.mark.parametrize("name", ["zenity", "kdialog", "xmessage"])
def test_without_a_terminal_a_dialog_of_the_desktop_shows_it(
    dialogs: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    program(dialogs, name)
    said = io.StringIO()
    monkeypatch.setattr(sys, "stderr", said)
    obstacles.tell("There is <b>no</b> screen.", {"DISPLAY": ":1"})
    shown = (dialogs / "shown").read_text()
    assert "There is <b>no</b> screen." in shown
    assert ("--no-markup" in shown) is (name == "zenity")
    assert said.getvalue() == "clearline: There is <b>no</b> screen.\n"


@POSIX_ONLY
def test_a_terminal_or_no_screen_needs_no_dialog(dialogs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(dialogs, "zenity")
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", terminal)
    obstacles.tell("No.", {"DISPLAY": ":1"})
    monkeypatch.setattr(sys, "stderr", None)  # a windowed program has none
    obstacles.tell("No.", {})
    assert not (dialogs / "shown").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="screens of Linux")
def test_the_program_itself_ends_with_one_sentence() -> None:
    environ = {n: v for n, v in os.environ.items() if n not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")}
    for more, words in (({}, "no screen here"), ({"DISPLAY": "127.0.0.1:99"}, "127.0.0.1:99) does not answer")):
        ended = subprocess.run(
            [sys.executable, "-m", "clearline"],
            env={**environ, **more},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == 1
        assert words in ended.stderr
        assert ended.stderr.count("\n") == 1
