"""What the vault says about itself: where secrets are, why they are not in the keyring, how moving one went."""

from __future__ import annotations

from enum import Enum

import msgspec

from clearline.core.profiles.profile import Profile
from clearline.paths import portable_dir


class WhereKept(Enum):
    """Where a secret is."""

    KEYRING = "keyring"
    MEMORY = "memory"


class WhyMemory(Enum):
    """Why secrets stay in memory."""

    NOT_ASKED = "the keyring was not asked yet"
    NO_KEYRING = "this computer has no keyring that keeps secrets safe"
    LOCKED = "the keyring is locked"
    REFUSED = "access to the keyring was refused"
    SLOW = "the keyring does not answer; it may be waiting for you to unlock it"
    ERROR = "the keyring reported an error"


def why_words(why: WhyMemory) -> str:
    """Why secrets stay in memory, as a part of a sentence."""
    if why is WhyMemory.NO_KEYRING and portable_dir() is not None:
        return "a portable copy uses no keyring of the computers that it meets"
    return why.value


class VaultState(msgspec.Struct, frozen=True, kw_only=True):
    """Where new secrets go, as the latest use of the keyring showed. ``keyring`` is its name as people know it."""

    where: WhereKept
    keyring: str | None = None
    why: WhyMemory | None = None
    """None when they go to the keyring."""

    def __str__(self) -> str:
        if self.why is None:
            return f"in the {self.keyring}"
        return f"this session only: {why_words(self.why)}"


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """How moving a secret went. ``done`` is False when it could not be read (``state`` says why): nothing changed."""

    profile: Profile
    """With the new place when it is done; to be saved."""
    done: bool
    left_behind: bool = False
    """The keyring could not be asked to forget its copy."""
    state: VaultState
