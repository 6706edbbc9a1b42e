"""The set-up finds out what a machine lacks, and installs it or says how."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import steps
import system_packages
from system_packages import (
    SCREEN,
    has_screen,
    install_system_packages,
    installed_packages,
    missing_packages,
    wanted_packages,
)

_LISTING = (
    "installed\tlibcurl4t64\tlibcurl4 (= 8.5.0-2ubuntu10)\n"
    "installed\tlibgl1\t\n"
    "config-files\tlibegl1\t\n"
    "installed\tdbus\tdefault-dbus-system-bus (= 1.14), dbus-system-bus\n"
)


def test_a_package_that_another_one_provides_counts_as_installed() -> None:
    assert {"libcurl4", "libcurl4t64", "dbus-system-bus"} <= installed_packages(_LISTING)


def test_a_removed_package_whose_settings_remain_is_missing() -> None:
    assert missing_packages(["libegl1", "libgl1", "libcurl4"], installed_packages(_LISTING)) == ["libegl1"]


@pytest.mark.skipif(not shutil.which("dpkg-query"), reason="Debian and Ubuntu only")
def test_the_packages_of_this_computer_are_read() -> None:
    query = ["dpkg-query", "-W", "-f", "${db:Status-Status}\\t${Package}\\t${Provides}\\n"]
    listing = subprocess.run(query, capture_output=True, check=True, text=True).stdout
    assert "dpkg" in installed_packages(listing)


def test_the_libraries_of_a_window_are_wanted_only_where_there_is_a_screen() -> None:
    def wanted(screen: bool) -> set[str]:
        return set(wanted_packages("demo", screen=screen, found=lambda _: True, venv_module=True))

    assert wanted(screen=True) - wanted(screen=False) == set(SCREEN)
    assert {"libegl1", "libcurl4"} <= wanted(screen=False)


def test_a_program_that_is_on_path_needs_no_package() -> None:
    def wanted(*found: str) -> list[str]:
        return list(wanted_packages("test", screen=False, found=lambda name: name in found, venv_module=True))

    assert "gnome-keyring" in wanted()
    assert "gnome-keyring" not in wanted("gnome-keyring-daemon")


def test_a_python_without_ensurepip_needs_python3_venv() -> None:
    assert "python3-venv" in wanted_packages("run", screen=False, found=lambda _: True, venv_module=False)


@pytest.fixture
def bare_debian(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A PATH on which dpkg knows nothing but libgl1, and apt-get writes down what it is asked for."""
    log = tmp_path / "asked"
    for name, script in (
        ("dpkg-query", r"printf 'installed\tlibgl1\t\n'"),
        ("apt-get", f'echo "$DEBIAN_FRONTEND: $*" >> {log}'),
    ):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    return log


@pytest.mark.skipif(sys.platform != "linux", reason="Debian and Ubuntu only")
def test_root_installs_only_what_is_missing(bare_debian: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_packages.os, "geteuid", lambda: 0)
    install_system_packages("run", venv_module=True)
    update, install = bare_debian.read_text().splitlines()
    assert update == "noninteractive: update -q"
    assert install.startswith("noninteractive: install -y --no-install-recommends libegl1 libglib2.0-0 ")
    assert "libgl1" not in install.split()


@pytest.mark.skipif(sys.platform != "linux", reason="Debian and Ubuntu only")
def test_without_root_the_one_command_is_told_and_nothing_done(
    bare_debian: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system_packages.os, "geteuid", lambda: 1000)
    with pytest.raises(steps.Stop, match=r"\n  sudo apt-get install -y --no-install-recommends libegl1 .*\n"):
        install_system_packages("run", venv_module=True)
    assert not bare_debian.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="Debian and Ubuntu only")
def test_another_linux_is_left_alone_with_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    install_system_packages("demo", venv_module=True)
    assert capsys.readouterr().out.count("\n") == 1


@pytest.mark.parametrize(
    ("environ", "platform", "expected"),
    [({}, "linux", False), ({"DISPLAY": ":1"}, "linux", True), ({}, "win32", True), ({}, "darwin", True)],
)
def test_a_screen_is_what_the_session_names(environ: dict[str, str], platform: str, expected: bool) -> None:
    assert has_screen(environ, platform) is expected


# --- the lock file -----------------------------------------------------------------------------------------------
