"""MongoDB's own test suites, known by their content, never committed."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
import tempfile
from pathlib import Path

from environment import venv_python
from steps import Stop, step

SUITES = "pymongo-4.20.0"
"""The source distribution that holds them."""
SUITES_SHA256 = "f773b0aec28687587cdeda490463a82debc4566a4a3620dcc8dada9d2c0a1acd"
SUITES_FOLDERS = (
    "connection_string",
    "uri_options",
    "auth",
    "discovery_and_monitoring",
    "server_selection",
    "max_staleness",
    "connection_monitoring",
    "srv_seedlist",
)


def fetch_suites(cache: Path, archive: Path | None = None) -> Path:
    """The folder of the test suites, fetched through pip's own indexes when they are not there yet (10 seconds).

    ``archive`` is the source distribution where it is at hand already. Raises `Stop` for one of another content.
    """
    folder = cache / SUITES
    if all((folder / name).is_dir() for name in SUITES_FOLDERS):
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    if archive is None and (at_hand := cache / f"{SUITES}.tar.gz").is_file():
        archive = at_hand
    if archive is None:
        name, version = SUITES.split("-")
        pip = [str(venv_python()), "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        step([*pip, "--no-binary", ":all:", "--dest", str(cache), f"{name}=={version}"])
        archive = cache / f"{SUITES}.tar.gz"
    if hashlib.sha256(archive.read_bytes()).hexdigest() != SUITES_SHA256:
        raise Stop(f"{archive} is not the file whose content is known. Remove it, and run this command again.")
    unfinished = Path(tempfile.mkdtemp(prefix=f"{SUITES}.", dir=cache))
    with tarfile.open(archive) as tar:
        for member in tar:
            parts = Path(member.name).parts
            if member.isfile() and parts[:2] == (SUITES, "test") and parts[2] in SUITES_FOLDERS and ".." not in parts:
                target = unfinished.joinpath(*parts[2:])
                target.parent.mkdir(parents=True, exist_ok=True)
                content = tar.extractfile(member)
                assert content is not None
                target.write_bytes(content.read())
    shutil.rmtree(folder, ignore_errors=True)  # of fewer suites
    try:
        unfinished.rename(folder)  # all of them or none, also when two runs fetch them at once
    except OSError:
        shutil.rmtree(unfinished)
    return folder
