"""Clearline for the command line in one file: clearline.pyz for a Python that is there, and a program with its own."""

from __future__ import annotations

import hashlib
import platform
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import unpacking

HERE = Path(__file__).resolve().parent
LEFT_OUT = re.compile(
    r"(^|/)(__pycache__|tests?|docs|include)/|\.(pyi|pyx|pxd|c|h|cpp|exe)$|\.dist-info/(RECORD|INSTALLER|direct_url.*|REQUESTED)$"
    r"|^(\.\.|bin/)|^clearline/(ui/|resources/(icons|lgpl)/)"
)
"""What no command reads."""


def named(version: str) -> str:
    """The name of the file: it is for one minor version of Python on one platform."""
    system = {"win32": "windows", "darwin": "macos"}.get(sys.platform, sys.platform)
    return f"clearline-{version}-py{sys.version_info[0]}{sys.version_info[1]}-{system}-{platform.machine().lower()}.pyz"


def headless(lock: str) -> Iterator[metadata.Distribution]:
    """The packages of the lock file's part without a window that are installed here: those of this system."""
    chosen = False
    for line in lock.splitlines():
        if line.startswith("# for "):
            chosen = "headless" in line[len("# for ") :].split(", ")
        elif chosen and (name := re.match(r"([A-Za-z0-9._-]+)==", line)):
            try:
                yield metadata.distribution(name[1])
            except metadata.PackageNotFoundError:
                continue


def files(root: Path, distributions: Iterable[metadata.Distribution]) -> dict[str, bytes]:
    """What is unpacked, by its path: Clearline, its resources, and the packages."""
    found: dict[str, Path] = {}
    for distribution in distributions:
        for file in distribution.files or ():
            found[file.as_posix()] = Path(str(distribution.locate_file(file)))
    for folder, below in ((root / "gui" / "clearline", "clearline"), (root / "resources", "clearline/resources")):
        for path in folder.rglob("*"):
            found[f"{below}/{path.relative_to(folder).as_posix()}"] = path
    return {
        name: path.read_bytes() for name, path in sorted(found.items()) if not LEFT_OUT.search(name) and path.is_file()
    }


def pyz(root: Path, target: Path, when: int) -> None:
    """Write clearline.pyz: the same bytes for the same content."""
    content = files(root, headless((root / "requirements.lock").read_text("utf-8")))
    mark = hashlib.sha256()
    for name, data in content.items():
        mark.update(f"{name}\0{len(data)}\0".encode() + data)
    moment = datetime.fromtimestamp(when, UTC).timetuple()[:6]
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        file.write(b"#!/usr/bin/env python3\n")
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:

            def put(name: str, data: bytes) -> None:
                info = zipfile.ZipInfo(name, moment)
                info.compress_type = zipfile.ZIP_DEFLATED
                info.external_attr = 0o644 << 16
                info.create_system = 3
                archive.writestr(info, data)

            put("__main__.py", (HERE / "unpacking.py").read_bytes())
            put(unpacking.FOR, unpacking.here().encode())
            put("site.txt", mark.hexdigest()[:20].encode())
            for name, data in content.items():
                put(f"{unpacking.SITE}{name}", data)
    target.chmod(0o755)


if __name__ == "__main__":
    from clearline import __version__

    made = HERE.parent / "dist" / named(__version__)
    pyz(HERE.parent, made, int(sys.argv[1]))
    print(f"{made.stat().st_size / 1e6:7.1f} MB  {made.relative_to(HERE.parent)}")
