"""Clearline in the virtual environment, with an extra: in the versions of the lock file, or the newest ones."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from environment import VENV, base_python, make_venv, pip_install, runs_in_venv
from lock_file import LOCK, WINDOW, locked, without
from steps import ROOT, step

INCLUDES = {"test": ("test", "demo", "build", ""), "demo": ("demo", ""), "build": ("build", ""), "": ("",)}
"""What is installed together with an extra, so that `run` after `test` installs nothing."""


def stamp_of(pyproject: bytes, lock: bytes, root: Path) -> str:
    """What an installation depends on: the requirements, and the place, which an editable install writes down."""
    return hashlib.sha256(b"\0".join((pyproject, lock, os.fsencode(root)))).hexdigest()


def is_installed(extra: str, stamp: str, venv: Path) -> bool:
    """Whether this extra, or one that includes it, was installed from the same pyproject.toml."""
    for other, included in INCLUDES.items():
        file = stamp_file(other, venv)
        if extra in included and file.is_file() and file.read_text(encoding="ascii") == stamp:
            return True
    return False


def stamp_file(extra: str, venv: Path) -> Path:
    """Where the stamp of a finished installation is kept."""
    return venv / f"clearline-installed-{extra or 'alone'}.stamp"


def set_up(extra: str) -> None:
    """Install Clearline with this extra into .venv; nothing when that was done before."""
    make_venv()
    stamp = stamp_of((ROOT / "pyproject.toml").read_bytes(), LOCK.read_bytes(), ROOT)
    if is_installed(extra, stamp, VENV) and runs_in_venv("import clearline"):
        return
    wanted = VENV / "clearline-wanted.txt"
    wanted.write_text(locked(LOCK.read_text(encoding="utf-8"), extra), encoding="utf-8")
    step([*pip_install(), "--require-hashes", "--only-binary", ":all:", "--requirement", str(wanted)])
    step([*pip_install(), "--no-deps", "--no-build-isolation", "--editable", "."])
    stamp_file(extra, VENV).write_text(stamp, encoding="ascii")


def set_up_newest(extra: str) -> None:
    """Install the newest versions that pyproject.toml allows; the next command brings the locked ones back."""
    for other in INCLUDES:
        stamp_file(other, VENV).unlink(missing_ok=True)
    step([*pip_install(), "--upgrade", "--upgrade-strategy", "eager", "--editable", f".[{extra}]"])


def set_up_without_window() -> str:
    """Make another environment, with what the tests need but the window and what drives it; returns its Python."""
    place = ROOT / ".cache" / "without-window"
    step([*base_python(), "-m", "venv", "--clear", str(place)])
    python = str(place / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
    wanted = place / "clearline-wanted.txt"
    wanted.write_text(
        without(locked(LOCK.read_text(encoding="utf-8"), "test"), (*WINDOW, "pytest-qt")), encoding="utf-8"
    )
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    step([*pip, "--require-hashes", "--only-binary", ":all:", "--requirement", str(wanted)])
    step([*pip, "--no-build-isolation", "--editable", "."])
    return python
