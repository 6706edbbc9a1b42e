"""MongoDB's test suites are taken out of an archive whose content is known."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import pytest
import steps
import suites


def _archive(folder: Path, *names: str) -> Path:
    path = folder / "suites.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name in names:
            entry = tarfile.TarInfo(name)
            entry.size = len(name)
            tar.addfile(entry, io.BytesIO(name.encode()))
    return path


def test_only_the_suites_are_taken_from_the_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = f"{suites.SUITES}/test"
    names = (f"{root}/auth/legacy/a.json", f"{root}/uri_options/b.json", f"{root}/other/c.json", f"{root}/auth/../x")
    archive = _archive(tmp_path, *names)
    monkeypatch.setattr(suites, "SUITES_SHA256", hashlib.sha256(archive.read_bytes()).hexdigest())
    monkeypatch.setattr(suites, "SUITES_FOLDERS", ("auth", "uri_options"))
    fewer = tmp_path / "cache" / suites.SUITES / "auth"
    fewer.mkdir(parents=True)  # of an earlier run that fetched fewer
    folder = suites.fetch_suites(tmp_path / "cache", archive)
    found = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    assert found == [str(Path("auth/legacy/a.json")), str(Path("uri_options/b.json"))]
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [suites.SUITES]
    assert suites.fetch_suites(tmp_path / "cache") == folder  # nothing is fetched a second time


def test_an_archive_of_another_content_is_refused(tmp_path: Path) -> None:
    with pytest.raises(steps.Stop, match="not the file"):
        suites.fetch_suites(tmp_path / "cache", _archive(tmp_path, "x"))
