"""A portable copy: the program with everything that it keeps in a folder beside it, carried from computer to computer.

What is in that folder may have been written by others on the way, so it counts as from elsewhere (``concerns.py``)
until the user has agreed to this copy once on this computer. The agreement stays here, the folder's name for it, a
random word, goes along. Its secrets are never in a computer's keyring: only in the encrypted file
(``keyring/vault.py``).
"""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import Final

from clearline.core.consent.agreements import Agreements
from clearline.core.files.whole_files import read_whole, write_whole
from clearline.paths import agreements_file, portable_dir

_NAME_FILE: Final = "copy.txt"
_NAME: Final = re.compile(r"[0-9a-f]{32}")


def is_foreign_copy() -> bool:
    """Whether this is a portable copy that the user has not agreed to on this computer. Blocks on the disk."""
    folder = portable_dir()
    return folder is not None and not _is_trusted(folder)


def trust_this_copy() -> None:
    """It is the user's own on this computer from now on. Nothing for a copy that is not portable. Raises OSError."""
    if (folder := portable_dir()) is not None:
        name = _name(folder)
        if name is None:
            name = secrets.token_hex(16)
            write_whole(folder / _NAME_FILE, name.encode("ascii"))
        Agreements(agreements_file()).trust_copy(name)


def _is_trusted(folder: Path) -> bool:
    name = _name(folder)
    return name is not None and Agreements(agreements_file()).trusts_copy(name)


def _name(folder: Path) -> str | None:
    try:
        found = read_whole(folder / _NAME_FILE, 64).decode("ascii").strip()
    except (OSError, ValueError):
        return None
    return found if _NAME.fullmatch(found) else None
