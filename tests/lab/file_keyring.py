"""A keyring in one JSON file, so that programs that a test starts find what the test has kept for them.

Chosen by ``PYTHON_KEYRING_BACKEND=lab.file_keyring.FileKeyring``; the file is named by ``LAB_KEYRING``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from keyring.backend import KeyringBackend


class FileKeyring(KeyringBackend):
    """Keeps everything in clear: for tests alone."""

    priority = 5  # type: ignore[assignment]
    name = "lab keyring"

    @property
    def _file(self) -> Path:
        return Path(os.environ["LAB_KEYRING"])

    def _entries(self) -> dict[str, str]:
        return dict(json.loads(self._file.read_text())) if self._file.exists() else {}

    def get_password(self, service: str, username: str) -> str | None:
        return self._entries().get(f"{service}\n{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        self._file.write_text(json.dumps(self._entries() | {f"{service}\n{username}": password}))

    def delete_password(self, service: str, username: str) -> None:
        entries = self._entries()
        del entries[f"{service}\n{username}"]
        self._file.write_text(json.dumps(entries))


def environment(file: Path) -> Mapping[str, str]:
    """What a child process needs to use the keyring in that file."""
    return {
        "PYTHON_KEYRING_BACKEND": f"{__name__}.{FileKeyring.__name__}",
        "LAB_KEYRING": str(file),
        "PYTHONPATH": str(Path(__file__).parents[1]),
    }
