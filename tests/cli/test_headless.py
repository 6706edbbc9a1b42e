"""Everything but the window works where PySide6 is absent: with the packages of the lock file's headless part alone."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

import clearline
from lab import peers
from lab.deployment import Deployment

pytestmark = pytest.mark.skipif(
    bool(sys.flags.ignore_environment), reason="this Python reads no PYTHONPATH, so nothing can be taken away from it"
)
ROOT = Path(__file__).resolve().parents[2]
HOUSE = Path(clearline.__file__).parent


def headless_packages() -> Iterator[str]:
    """The packages that the lock file gives a computer without a window, as far as this system has use for them."""
    chosen = False
    for line in (ROOT / "requirements.lock").read_text("utf-8").splitlines():
        if line.startswith("# for "):
            chosen = "headless" in line[6:].split(", ")
        elif chosen and (named := re.match(r"([A-Za-z0-9._-]+)==", line)):
            try:
                metadata.distribution(named[1])
            except metadata.PackageNotFoundError:
                continue  # of another system
            yield named[1]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with those packages and Clearline, and nothing else."""
    folder = tmp_path_factory.mktemp("headless")
    for name in headless_packages():
        distribution = metadata.distribution(name)
        tops = {Path(file).parts[0] for file in distribution.files or ()}
        for top in tops - {"..", "__pycache__", *(path.name for path in folder.iterdir())}:
            (folder / top).symlink_to(Path(str(distribution.locate_file(top))))
    (folder / "clearline").symlink_to(HOUSE)
    return folder


@pytest.fixture
def run(site: Path, tmp_path: Path) -> Any:
    def started(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        environ = {**os.environ, "PYTHONPATH": str(site), "CLEARLINE_HOME": str(tmp_path / "home")}
        command = [sys.executable, "-S", "-m", "clearline", *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, env=environ, input=stdin, timeout=60, check=False
        )

    return started


def test_there_is_no_qt_and_no_package_of_the_tests(site: Path) -> None:
    there = {path.name for path in site.iterdir()}
    assert {"pymongo", "msgspec", "dns", "keyring"} <= there
    assert not {"PySide6", "shiboken6", "pytest", "hatchling", "mypy"} & there


def test_the_commands_work_without_qt(run: Any, standalone: Deployment, tmp_path: Path) -> None:
    one, other = tmp_path / "one.json", tmp_path / "other.json"
    done = run("check", "--json", standalone.uri())
    assert done.returncode == 0, done.stderr
    one.write_text(done.stdout)
    with peers.closed_port() as port:
        failed = run("check", "--json", f"mongodb://127.0.0.1:{port}/")
    other.write_text(failed.stdout)
    assert failed.returncode == 1
    assert run("check", f"mongodb://{standalone.address}/?tls=true").returncode == 1
    assert run("check", "mongodb+srv://name.invalid/").returncode == 1
    assert run("diff", str(one), str(other)).returncode == 1
    assert run("merge", "--html", str(one), str(other)).returncode == 1
    assert run("list").returncode == 0
    assert run("explain", "-", stdin="[Errno 111] Connection refused: db1:27017").returncode == 0
    assert run("watch", "--for", "1", standalone.uri()).returncode == 0
    assert run("completion", "bash").returncode == 0


@pytest.mark.parametrize("arguments", [(), ("demo",), ("--screenshot", "x.png")])
def test_the_window_says_in_one_sentence_how_to_add_it(run: Any, arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "pip install" in done.stderr
    assert len(done.stderr.splitlines()) == 1
