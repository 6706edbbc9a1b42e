"""The virtual environment beside pyproject.toml, which everything is installed into."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Sequence  # noqa: UP035 (an older Python has to get as far as our message)

from steps import ROOT, Stop, say, step

VENV = ROOT / ".venv"
OLDEST = (3, 11)
NEWER = ("3.14", "3.13", "3.12", "3.11")


def has_venv_module() -> bool:
    """Debian's python3 comes without what makes a virtual environment; it is in python3-venv."""
    return importlib.util.find_spec("ensurepip") is not None


def venv_python() -> Path:
    """The interpreter of the virtual environment."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def usable_venv() -> bool:
    """False when there is no virtual environment, or its Python is too old or was removed from the computer."""
    return runs_in_venv(f"import sys; sys.exit(sys.version_info < {OLDEST})")


def runs_in_venv(code: str) -> bool:
    """Whether the Python of the virtual environment is there and runs this without an error."""
    return runs([str(venv_python()), "-c", code])


def runs(command: Sequence[str]) -> bool:
    """Whether the program is there and ends well. It may say what it likes."""
    try:
        return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def base_python() -> list[str]:
    """The command of a Python that is new enough: this one, else one on PATH."""
    if sys.version_info >= OLDEST:
        return [sys.executable]
    for version in NEWER:
        found = shutil.which("python" + version)
        if found and runs([found, "-c", "import ensurepip"]):  # a launcher may be there without its Python
            return [found]
    raise Stop(f"Clearline needs Python {OLDEST[0]}.{OLDEST[1]} or newer; this is {sys.version.split()[0]}.")


def make_venv() -> None:
    """Make .venv, with pip in it; nothing when it is there and works."""
    if not usable_venv():
        if VENV.exists():
            say(f"{VENV} has no working Python {OLDEST[0]}.{OLDEST[1]} or newer any more and is made again.")
        step([*base_python(), "-m", "venv", "--clear", str(VENV)])
    if not runs_in_venv("import pip"):
        step([str(venv_python()), "-m", "ensurepip"])


def pip_install() -> list[str]:
    """The beginning of each installation into the virtual environment."""
    return [str(venv_python()), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
