"""Which saved profiles came from outside: what they want is asked about before the first connect (``concerns.py``)."""

from __future__ import annotations

import errno
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import msgspec

from clearline.core.files.whole_files import BROKEN, locked, read_whole, write_whole

FILE_NAME: Final = "imported.json"
_FORMAT: Final = "clearline-imported"
_MOST: Final = 100_000
"""Far more than a user has: one that is dropped would no longer be asked about."""


class Outside:
    """The ids of imported profiles, in one file beside the profiles' folder. Any thread may use it; blocks on the disk.

    While the file cannot be read every profile counts as imported, for any of them may be, and no other is marked. The
    mark stays when the profile is edited: an agreement holds for what it was given for and is asked for only once.
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    def ids(self) -> frozenset[str] | None:
        """All of them; None when that cannot be read."""
        try:
            return frozenset(self._listed())
        except OSError:
            return None

    def holds(self, profile_id: str) -> bool:
        """Whether that is one of them, or may be."""
        ids = self.ids()
        return ids is None or profile_id in ids

    def mark(self, profile_ids: Iterable[str]) -> None:
        """From now on these come from outside. Raises OSError."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with locked(self.file.parent):
            ids = dict.fromkeys((*self._listed(), *profile_ids))
            document = {"format": _FORMAT, "version": 1, "profiles": list(ids)[-_MOST:]}
            write_whole(self.file, msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")

    def _listed(self) -> list[str]:
        try:
            document: Any = msgspec.json.decode(read_whole(self.file))
            return [one for one in document["profiles"] if isinstance(one, str)]
        except (FileNotFoundError, NotADirectoryError):
            return []
        except (*BROKEN, KeyError, TypeError):
            raise OSError(
                errno.EINVAL, "Is broken; without it every profile counts as your own", str(self.file)
            ) from None
