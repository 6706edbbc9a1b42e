"""Secrets in one encrypted file under a passphrase: for a computer that has no keyring.

The file is sealed as an encrypted export is (``encrypted.py``); in it is an object of texts by service and user,
as a keyring has them. A `SecretsFile` takes the place of the keyring in the vault (`Vault.use`).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
from keyring.backend import KeyringBackend

from clearline.core.exchange import encrypted
from clearline.core.exchange.imported import NotRecognised
from clearline.core.files.whole_files import locked, read_whole, write_whole
from clearline.core.secrets.secret import Secret

_FORMAT: Final = "clearline-secrets"
_MOST: Final = 16 * 1024 * 1024


class SecretsFile(KeyringBackend):
    """The open file. Any thread may use it, one at a time; blocks on the disk, and for half a second to open it.

    What another Clearline writes meanwhile is read again. Raises OSError and `ImportProblem`, which the vault handles.
    """

    priority = 0.1
    viable = False  # never found by the library: it needs a passphrase
    name = "encrypted file"

    def __init__(self, file: Path, passphrase: Secret) -> None:
        """Open the file, or make it. Raises `WrongPassphrase`, the other kinds of `ImportProblem`, and OSError."""
        super().__init__()  # type: ignore[no-untyped-call]
        self._file = file
        self._passphrase = passphrase
        self._sealer: encrypted.Sealer | None = None
        self._seen = b""
        self._entries: dict[str, str] = {}
        if file.exists():
            self._read()
        else:
            self._change(lambda _entries: None)

    def get_password(self, service: str, username: str) -> str | None:
        """As a keyring."""
        self._read()
        return self._entries.get(f"{service}\n{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        """As a keyring."""
        self._change(lambda entries: entries.update({f"{service}\n{username}": password}))

    def delete_password(self, service: str, username: str) -> None:
        """As a keyring."""
        self._change(lambda entries: entries.pop(f"{service}\n{username}", None))

    def _read(self) -> None:
        raw = read_whole(self._file, _MOST)
        if raw != self._seen:
            self._entries = _entries_of(raw, self._passphrase)
            self._seen = raw

    def _change(self, change: Callable[[dict[str, str]], object]) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with locked(self._file.parent):
            if self._file.exists():
                self._read()
            entries = dict(self._entries)
            change(entries)
            self._sealer = self._sealer or encrypted.Sealer(self._passphrase)
            raw = self._sealer.seal(msgspec.json.encode({"format": _FORMAT, "version": 1, "entries": entries}))
            write_whole(self._file, raw)
            self._entries, self._seen = entries, raw


def _entries_of(raw: bytes, passphrase: Secret) -> dict[str, str]:
    try:
        document = msgspec.json.decode(raw)
        if not isinstance(document, dict) or document.get("format") != encrypted.FORMAT:
            raise NotRecognised("It is no encrypted file of secrets.")
        inner = msgspec.json.decode(encrypted.unseal(document, passphrase))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise NotRecognised("It is damaged.") from None
    if not isinstance(inner, dict) or inner.get("format") != _FORMAT or inner.get("version") != 1:
        raise NotRecognised("What is encrypted in it are no secrets.")
    entries = inner.get("entries")
    if not isinstance(entries, dict):
        raise NotRecognised("What is encrypted in it are no secrets.")
    return {name: text for name, text in entries.items() if isinstance(text, str)}
