"""The versions of all parts, as the command and the window show them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import clearline
from clearline import licences
from clearline.versions import in_lines, versions


def test_every_part_that_an_answer_depends_on_has_its_version() -> None:
    found = versions()
    assert found["Clearline"] == f"{clearline.__version__}, Python package"
    for part in ("pymongo", "dnspython", "cryptography", "OpenSSL", "Python", "certifi"):
        assert re.match(r"\d+\.\d+", found[part]), part
    assert any(re.match(r"6\.\d+", version) for part, version in found.items() if part.startswith("PySide6"))
    assert next(iter(found)) == "Clearline"


def test_the_standalone_program_reads_them_from_its_licences(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for part in ("pymongo 4.20.1", "certifi 2026.1.1"):
        (tmp_path / f"{part}.txt").touch()
    monkeypatch.setattr(licences, "is_frozen", lambda: True)
    monkeypatch.setattr(licences, "resource", lambda _name: tmp_path)
    assert licences.parts() == {"certifi": "2026.1.1", "pymongo": "4.20.1"}


def test_the_command_prints_a_line_each() -> None:
    assert in_lines({"a": "1", "long": "2"}) == "a     1\nlong  2"
    ended = subprocess.run(
        [sys.executable, "-m", "clearline", "--version", "--verbose"], capture_output=True, text=True, check=True
    )
    assert ended.stdout.splitlines()[0].split()[:2] == ["Clearline", f"{clearline.__version__},"]
