"""Our encrypted files: any text under a passphrase, in a JSON document that says how it was encrypted.

The format, for authors of another reader::

    {
      "format": "clearline-profiles-encrypted",
      "version": 1,
      "kdf": {"name": "scrypt", "n": 131072, "r": 8, "p": 1, "salt": <base64, 16 bytes>},
      "cipher": {"name": "AES-256-GCM", "nonce": <base64, 12 bytes>},
      "data": <base64: the ciphertext followed by the tag of 16 bytes>
    }

The key is ``scrypt(passphrase, salt, n, r, p)`` of 32 bytes; the passphrase is its UTF-8 text in Unicode's normal form
NFC, so that the same letters typed on another system open the file. The associated data that the tag covers as well is
the document without ``data``, as JSON in UTF-8 with sorted keys and without white space: nothing can weaken or change
the head unnoticed. The plaintext is a document of ``ours.py``, UTF-8.

``n`` = 2**17 with ``r`` = 8 takes 128 MiB and 0.2 to 0.5 seconds (RFC 7914; OWASP's recommendation since 2023). Files
that ask for more than 256 MiB or four passes are refused: they are an attack on the reader's computer.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import unicodedata
from enum import Enum
from typing import Any, Final

import msgspec

from clearline.core.exchange.imported import NewerFormat, NotRecognised, TooLarge, WrongPassphrase
from clearline.core.secrets.secret import Secret

FORMAT: Final = "clearline-profiles-encrypted"
VERSION: Final = 1

_N: Final = 2**17
_R: Final = 8
_P: Final = 1
_MOST_MEMORY: Final = 256 * 1024 * 1024
_MOST_PASSES: Final = 4
_SALT: Final = 16
_NONCE: Final = 12
_TAG: Final = 16
_KEY: Final = 32


class Strength(Enum):
    """How long a passphrase withstands guessing; the value is for the user."""

    WEAK = "Weak: guessed within hours. Take several words."
    FAIR = "Fair: keeps the curious out. Four or more random words are better."
    GOOD = "Good."


def strength(passphrase: Secret) -> Strength:
    """A rough measure by length and variety; it knows no dictionary."""
    text = passphrase.reveal()
    kinds = sum(
        any(test(c) for c in text) for test in (str.islower, str.isupper, str.isdigit, lambda c: not c.isalnum())
    )
    worth = len(text) + 2 * (kinds - 1) if len(set(text)) > len(text) // 3 else len(set(text))
    if worth < 12:
        return Strength.WEAK
    return Strength.FAIR if worth < 20 else Strength.GOOD


class Sealer:
    """Seals under one passphrase, whose key is made once: for a file that is written often. Each has its own nonce."""

    def __init__(self, passphrase: Secret) -> None:
        self._salt = os.urandom(_SALT)
        self._made = _key(passphrase, self._salt, _N, _R, _P)

    def seal(self, plain: bytes) -> bytes:
        """As `seal`."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = os.urandom(_NONCE)
        head: dict[str, Any] = {
            "format": FORMAT,
            "version": VERSION,
            "kdf": {"name": "scrypt", "n": _N, "r": _R, "p": _P, "salt": _text(self._salt)},
            "cipher": {"name": "AES-256-GCM", "nonce": _text(nonce)},
        }
        data = AESGCM(self._made).encrypt(nonce, plain, _associated(head))
        return msgspec.json.format(msgspec.json.encode({**head, "data": _text(data)}), indent=2) + b"\n"


def seal(plain: bytes, passphrase: Secret) -> bytes:
    """The document that holds ``plain`` under a passphrase."""
    return Sealer(passphrase).seal(plain)


def unseal(document: dict[str, Any], passphrase: Secret) -> bytes:
    """What `seal` was given. Raises `WrongPassphrase`, `NotRecognised`, `NewerFormat` or `TooLarge`."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    version = document.get("version")
    if isinstance(version, int) and not isinstance(version, bool) and version > VERSION:
        raise NewerFormat("It was encrypted by a newer Clearline.")
    kdf, cipher = document.get("kdf"), document.get("cipher")
    if (
        version != VERSION
        or not isinstance(kdf, dict)
        or not isinstance(cipher, dict)
        or kdf.get("name") != "scrypt"
        or cipher.get("name") != "AES-256-GCM"
    ):
        raise NotRecognised("It does not say how it was encrypted, or in a way that Clearline never used.")
    n, r, p = (_whole(kdf.get(name)) for name in ("n", "r", "p"))
    if n & (n - 1) or n < 2:
        raise NotRecognised("The head of the encrypted file is damaged.")
    if n * r * 128 > _MOST_MEMORY or p > _MOST_PASSES:
        raise TooLarge("Opening it would take more memory than an honest file asks for.")
    salt, nonce, data = _bytes(kdf.get("salt")), _bytes(cipher.get("nonce")), _bytes(document.get("data"))
    if len(salt) != _SALT or len(nonce) != _NONCE or len(data) < _TAG:
        raise NotRecognised("The head of the encrypted file is damaged.")
    head = {name: value for name, value in document.items() if name != "data"}
    try:
        return AESGCM(_key(passphrase, salt, n, r, p)).decrypt(nonce, data, _associated(head))
    except InvalidTag:
        raise WrongPassphrase("The passphrase does not open this file.") from None


def _key(passphrase: Secret, salt: bytes, n: int, r: int, p: int) -> bytes:
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    normal = unicodedata.normalize("NFC", passphrase.reveal()).encode("utf-8", "surrogatepass")
    try:
        return Scrypt(salt=salt, length=_KEY, n=n, r=r, p=p).derive(normal)
    except MemoryError:
        raise TooLarge("This computer has too little free memory to open the file.") from None
    except ValueError:  # OpenSSL has limits of its own on how the three may be combined
        raise NotRecognised("The head of the encrypted file is damaged.") from None


def _associated(head: dict[str, Any]) -> bytes:
    text = json.dumps(head, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "surrogatepass")


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: Any) -> bytes:
    try:
        return base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError):
        return b""


def _whole(value: Any) -> int:
    """A number of the head; one that is none, or is beyond reason, is as bad as a missing one."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**32 else 0
