"""clearline.pyz: one file that unpacks itself once, runs every command without Qt, and says why where it cannot."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import one_file
import pytest
import unpacking

from clearline import __version__
from lab.deployment import Deployment

ROOT = Path(__file__).resolve().parents[2]
MOST = 12_500_000
MOST_OF_PROGRAM = 22_000_000


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("pyz") / one_file.named(__version__)
    one_file.pyz(ROOT, target, 1_700_000_000)
    return target


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("cache")
    yield folder
    shutil.rmtree(folder)  # the source in it names secrets


def start(file: Path, cache: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environ = kept | {"XDG_CACHE_HOME": str(cache), "CLEARLINE_HOME": str(cache / "home")}
    command = [sys.executable, "-S", "-I", str(file), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environ, timeout=60, check=False)


def test_it_is_small_and_named_after_python_and_platform(made: Path) -> None:
    assert made.stat().st_size <= MOST
    assert f"-py{sys.version_info[0]}{sys.version_info[1]}-" in made.name
    assert not [name for name in zipfile.ZipFile(made).namelist() if "PySide6" in name or "/ui/" in name]


def test_it_checks_and_unpacks_itself_once(made: Path, cache: Path, standalone: Deployment) -> None:
    assert start(made, cache, "--version").stdout == f"clearline {__version__}\n"
    [place] = (cache / "clearline-pyz").iterdir()
    before = place.stat().st_ctime_ns
    done = start(made, cache, "check", "--exit-by", "class", standalone.uri())
    assert done.returncode == 0, done.stderr
    assert "Connected" in done.stdout
    assert [(path, path.stat().st_ctime_ns) for path in (cache / "clearline-pyz").iterdir()] == [(place, before)]


def test_the_same_content_gives_the_same_bytes(made: Path, tmp_path: Path) -> None:
    again = tmp_path / made.name
    one_file.pyz(ROOT, again, 1_700_000_000)
    assert again.read_bytes() == made.read_bytes()


def test_the_window_is_said_to_be_missing(made: Path, cache: Path) -> None:
    done = start(made, cache)
    assert done.returncode == 2
    assert "PySide6" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_where_it_cannot_unpack_itself_one_sentence_says_so(made: Path, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    done = start(made, file, "--version")
    assert done.returncode == 1
    assert "cannot unpack itself" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_where_its_libraries_cannot_be_loaded_one_sentence_says_so(made: Path, tmp_path: Path) -> None:
    start(made, tmp_path, "--version")
    for library in (tmp_path / "clearline-pyz").rglob("msgspec/_core*"):
        library.write_bytes(b"as on a file system that allows no programs")
    done = start(made, tmp_path, "--version")
    assert done.returncode == 1
    assert "cannot be loaded" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    shutil.rmtree(tmp_path)


def test_another_python_is_told_which_one_it_is_for(made: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.pyz"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("__main__.py", Path(unpacking.__file__).read_bytes())
        archive.writestr(unpacking.FOR, "3.99 plan9 vax")
    done = start(other, tmp_path, "--version")
    assert done.returncode == 1
    assert "3.99 plan9 vax" in done.stderr


@pytest.mark.frozen
def test_the_program_without_a_window_is_small_and_checks(standalone: Deployment, tmp_path: Path) -> None:
    program = ROOT / "dist" / ("clearline-cli.exe" if sys.platform == "win32" else "clearline-cli")
    assert program.stat().st_size <= MOST_OF_PROGRAM
    environ = {"PATH": os.defpath, "CLEARLINE_HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    for arguments, code in ((["check", standalone.uri()], 0), (["check", "mongodb://127.0.0.1:1/"], 1), ([], 2)):
        done = subprocess.run([str(program), *arguments], capture_output=True, text=True, env=environ, check=False)
        assert done.returncode == code, done.stderr
    assert "no window" in done.stderr
