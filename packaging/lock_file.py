"""requirements.lock: exact versions and hashes, made by uv for every system and Python at once; and its parts."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Collection, Sequence  # noqa: UP035 (an older Python has to get as far as our message)

from environment import OLDEST, pip_install, venv_python
from steps import ROOT, Stop, say, step

LOCK = ROOT / "requirements.lock"
UV = "uv==0.13.9"
"""What resolves for every system and Python at once, which pip cannot."""
LOCKED = {"run": "", "demo": "demo", "build": "build", "test": "test", "headless": ""}
"""The name of each part of the lock file, and its extra."""
WINDOW = ("pyside6-essentials", "shiboken6")
"""What `headless` leaves out: every command works without it, and with --no-deps so does the installation."""
HEADER = """\
# Exact versions and hashes of all that `python3 packaging/dev.py` installs, on every system and Python. The line above
# a package says for what it is needed. Made by `python3 packaging/dev.py lock`; users of the wheel get the ranges of
# pyproject.toml.
"""
FOR = "# for "


def locked(lock: str, extra: str) -> str:
    """The part of the lock file that an extra needs: requirements with hashes, as pip reads them."""
    lines, wanted = [], False
    for line in lock.splitlines(keepends=True):
        if line.startswith(FOR):
            wanted = (extra or "run") in line[len(FOR) :].strip().split(", ")
        elif wanted:
            lines.append(line)
    return "".join(lines)


def without(requirements: str, names: Collection[str]) -> str:
    """Requirements but for these packages."""
    lines, wanted = [], True
    for line in requirements.splitlines(keepends=True):
        if line[:1].isalnum():
            wanted = line.split("==")[0] not in names
        if wanted:
            lines.append(line)
    return "".join(lines)


def uv_program() -> str:
    """uv: the one in a place of its own below .cache, installed there when it is missing."""
    place = ROOT / ".cache" / UV.replace("==", "-")
    if not place.is_dir():
        step([*pip_install(), "--no-deps", "--target", str(place), UV])
    return str(place / "bin" / ("uv.exe" if os.name == "nt" else "uv"))


def lock(arguments: Sequence[str]) -> None:
    """Renew the lock file: what the ranges of pyproject.toml no longer allow, or everything with --upgrade.

    Settings of this machine (indexes, mirrors, wheels on its disk) are left out: the file is for everywhere.
    """
    if unknown := set(arguments) - {"--upgrade"}:
        raise Stop(f"lock takes --upgrade alone, not {' '.join(sorted(unknown))}.")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("UV_", "PIP_"))}
    compile_ = [
        uv_program(), "pip", "compile", "--quiet", "--no-config", "--default-index", "https://pypi.org/simple",
        "--universal", "--python-version", ".".join(map(str, OLDEST)), "--no-header", "--no-annotate",
        "--only-binary", ":all:",
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        backend = Path(folder, "build-backend.txt")
        code = "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['build-system']['requires'])"
        asked = subprocess.run([str(venv_python()), "-c", code], cwd=ROOT, stdout=subprocess.PIPE, check=True)
        backend.write_bytes(b"\n".join(asked.stdout.split(b" ")))
        every = Path(folder, "every.txt")
        if LOCK.exists() and not arguments:
            shutil.copy(LOCK, every)  # uv keeps the versions that it finds here, where it can
        sources = ["pyproject.toml", str(backend)]
        step([*compile_, "--generate-hashes", "--extra", "test", "--output-file", str(every), *sources], environ)
        parts = {}
        for part, extra in LOCKED.items():
            file = Path(folder, f"{part}.txt")
            chosen = ["--extra", extra] if extra else []
            asked_for = sources
            if part == "headless":  # for users, who install the wheel: neither the window nor what builds one
                chosen = [word for name in WINDOW for word in ("--no-emit-package", name)]
                asked_for = sources[:1]
            step([*compile_, *chosen, "--constraint", str(every), "--output-file", str(file), *asked_for], environ)
            parts[part] = {line.split("==")[0] for line in file.read_text(encoding="utf-8").splitlines()}
        LOCK.write_text(HEADER + divided(every.read_text(encoding="utf-8"), parts), encoding="utf-8", newline="\n")
    say(f"{LOCK.name} is renewed.")


def divided(requirements: str, parts: dict[str, set[str]]) -> str:
    """Requirements with a line above each package that says which parts need it."""
    lines = []
    for line in requirements.splitlines(keepends=True):
        if line[:1].isalnum():
            name = line.split("==")[0]
            lines.append(f"\n{FOR}{', '.join(part for part, names in parts.items() if name in names)}\n")
        lines.append(line)
    return "".join(lines)
