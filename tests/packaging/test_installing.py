"""Everything is installed once, until the requirements change, into a Python that is new enough."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import dev
import environment
import installing
import pytest
import steps

ROOT = Path(__file__).resolve().parents[2]


def test_an_installation_is_not_repeated_until_the_requirements_change(tmp_path: Path) -> None:
    stamp = installing.stamp_of(b"[project]", b"", tmp_path)
    assert not installing.is_installed("test", stamp, tmp_path)
    installing.stamp_file("test", tmp_path).write_text(stamp)
    assert installing.is_installed("test", stamp, tmp_path)
    assert not installing.is_installed("test", installing.stamp_of(b"[project]\nname = 'x'", b"", tmp_path), tmp_path)
    assert not installing.is_installed("test", installing.stamp_of(b"[project]", b"pytest==9.1.0", tmp_path), tmp_path)


def test_a_checkout_that_was_moved_is_installed_again(tmp_path: Path) -> None:
    assert installing.stamp_of(b"", b"", tmp_path) != installing.stamp_of(b"", b"", tmp_path / "moved")


def test_the_test_extra_serves_every_command_and_the_others_not(tmp_path: Path) -> None:
    stamp = installing.stamp_of(b"", b"", tmp_path)
    installing.stamp_file("build", tmp_path).write_text(stamp)
    assert [extra for extra in installing.INCLUDES if installing.is_installed(extra, stamp, tmp_path)] == ["build", ""]
    installing.stamp_file("test", tmp_path).write_text(stamp)
    assert all(installing.is_installed(dev.EXTRAS[command], stamp, tmp_path) for command in dev.COMMANDS)


def test_the_extras_are_those_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert set(dev.EXTRAS.values()) - {""} <= set(project["optional-dependencies"])
    assert "clearline[demo,build]" in project["optional-dependencies"]["test"]


def test_the_newest_versions_take_the_place_of_the_locked_ones_for_one_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    taken: list[list[str]] = []
    monkeypatch.setattr(installing, "step", lambda command, environ=None: taken.append(command[2:]))
    monkeypatch.setattr(installing, "VENV", tmp_path)
    stamp = installing.stamp_of(b"", b"", tmp_path)
    installing.stamp_file("test", tmp_path).write_text(stamp)
    installing.set_up_newest("test")
    assert taken[0][:2] == ["pip", "install"]
    assert "--upgrade" in taken[0]
    assert not installing.is_installed("test", stamp, tmp_path)  # the next command brings the locked ones back


def test_the_script_runs_on_a_python_that_is_too_old_far_enough_to_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "OLDEST", (9, 0))
    monkeypatch.setattr(environment, "NEWER", ())
    with pytest.raises(steps.Stop, match=r"needs Python 9\.0 or newer"):
        environment.base_python()


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands for a launcher")
def test_a_launcher_whose_python_is_not_there_is_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, script in (("python9.2", "exit 127"), ("python9.1", "exit 0")):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(environment, "OLDEST", (9, 0))
    monkeypatch.setattr(environment, "NEWER", ("9.2", "9.1"))
    assert environment.base_python() == [str(tmp_path / "python9.1")]
