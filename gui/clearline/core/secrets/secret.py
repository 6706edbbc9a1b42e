"""Secrets in memory: values that print as dots.

The vault that keeps them between sessions (OS keyring or memory) is in ``vault.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

PASSWORD: Final = "password"  # noqa: S105 - the secret's name, not a secret
"""The name under which the login's password is filed; other secrets are filed under their option's name."""

KEY_PASSWORD: Final = "tlsCertificateKeyFilePassword"  # noqa: S105
AWS_SESSION_TOKEN: Final = "AWS_SESSION_TOKEN"  # noqa: S105
PROXY_PASSWORD: Final = "proxyPassword"  # noqa: S105


def hop_password(number: int) -> str:
    """The name of the password with which a hop is logged in to; hops count from 0, the outermost."""
    return f"hop.{number}.password"


def hop_passphrase(number: int) -> str:
    """The name of the passphrase that opens the private key of an SSH hop."""
    return f"hop.{number}.passphrase"


def is_of_hop(name: str) -> bool:
    """Whether a secret belongs to a hop, so that no connection string can hold it."""
    return name.startswith("hop.")


def hop_secrets(hops: int) -> tuple[str, ...]:
    """The names of all secrets that so many hops may have."""
    return tuple(name(number) for number in range(hops) for name in (hop_password, hop_passphrase))


class Secret:
    """A text that never shows itself: ``str``, ``repr`` and formatting give dots; only ``reveal()`` gives the text."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself. Call it where the driver or the keyring needs it, and nowhere else."""
        return self._text

    def __repr__(self) -> str:
        return "Secret('•••')"

    def __str__(self) -> str:
        return "•••"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __bool__(self) -> bool:
        return bool(self._text)

    def __reduce__(self) -> str:
        raise TypeError("a Secret is never pickled")


Secrets = Mapping[str, Secret]
"""The secrets of one profile by name: ``password`` or the option's name."""


class Unshown(msgspec.Struct, frozen=True):
    """Base of values that hold or may hold a secret in plain text: they never show themselves."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(•••)"
