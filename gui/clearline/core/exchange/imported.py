"""What was read from a file that others wrote, and why it could not be read."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from enum import Enum
from typing import Any, Final

import msgspec

from clearline.core.profiles.profile import Colour, Profile
from clearline.core.secrets.secret import Secrets

MOST_BYTES: Final = 8 * 1024 * 1024
MOST_ITEMS: Final = 2000
LONGEST_NAME: Final = 200


class Format(Enum):
    """What kind of file it is; the value is what people call it."""

    OURS = "Clearline connections"
    OURS_ENCRYPTED = "Clearline connections, encrypted"
    COMPASS = "Compass connections"
    ROBO3T = "Robo 3T settings"
    DBEAVER = "DBeaver connections"
    VSCODE = "VS Code settings"
    DOTENV = "Environment file (.env)"
    URI_LIST = "Connection strings"
    SEVERAL = "Several files"


class ImportProblem(Exception):
    """Why nothing could be read; its text is for the user and never quotes the file."""


class NotRecognised(ImportProblem):
    """The content is none of the known formats, or is damaged."""


class NewerFormat(ImportProblem):
    """The file was written by a newer program than this one can read."""


class TooLarge(ImportProblem):
    """The file is larger, holds more, or asks for more memory than any honest one."""


class CannotRead(ImportProblem):
    """The operating system did not give the file."""


class NeedsPassphrase(ImportProblem):
    """There are encrypted secrets in it and no passphrase was given."""


class WrongPassphrase(ImportProblem):
    """The passphrase does not open it; a damaged file cannot be told from that."""


class ImportedItem(msgspec.Struct, frozen=True, kw_only=True):
    """One connection of a file. It comes from outside: the user has not agreed to connect to it yet.

    ``profile`` is None when nothing could be made of it; ``problem`` says why, or what the driver will refuse. Secrets
    are only in ``secrets``. ``kept_foreign`` names what PyMongo makes no use of: it stands in ``profile.unread`` or in
    the notes. ``remarks`` are other things worth knowing before importing. ``has_identity`` says that the profile's id
    is the connection's own, the same in the next export; ``whole`` that the profile sets everything, also what other
    programs have no place for (folder, notes, sources of secrets).
    """

    name: str
    profile: Profile | None = None
    secrets: Secrets = {}
    problem: str = ""
    kept_foreign: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    has_identity: bool = False
    whole: bool = False

    @property
    def folder(self) -> str:
        """Where it stood in the list it came from."""
        return self.profile.folder if self.profile else ""

    @property
    def colour(self) -> Colour | None:
        """Its colour, as one of ours."""
        return self.profile.colour if self.profile else None

    @property
    def favourite(self) -> bool:
        """Whether it was a favourite."""
        return self.profile is not None and self.profile.favourite


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What one file, or one pasted text, holds."""

    format: Format
    items: tuple[ImportedItem, ...] = ()
    passed_over: int = 0
    """Lines of the text in which no connection string stands."""


def foreign_id(program: str, own_id: str) -> str:
    """The profile id for another program's id: the same each time, so that a later export meets the same profile."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{program}:{own_id}".encode("utf-8", "replace").decode()).hex


def one_line(value: Any) -> str:
    """A name from a file as one line of text; empty for what is no text."""
    if not isinstance(value, str):
        return ""
    whole = value[: LONGEST_NAME * 4].encode("utf-8", "replace").decode()
    return " ".join("".join(c if c.isprintable() else " " for c in whole).split())[:LONGEST_NAME]


def within_limits(entries: Iterable[Any]) -> list[Any]:
    """The entries of a file as a list. Raises `TooLarge` for more than `MOST_ITEMS`."""
    listed = list(entries)
    if len(listed) > MOST_ITEMS:
        raise TooLarge(f"It holds {len(listed):,} connections; at most {MOST_ITEMS:,} are read from one file.")
    return listed
