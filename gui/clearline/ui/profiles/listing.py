"""The rows of the profile list as the disk has them: made in a worker, so that ten thousand cost the window nothing."""

from __future__ import annotations

import threading
from collections.abc import Container
from dataclasses import dataclass, field
from pathlib import Path

from clearline.core.profiles.arrangement import folders
from clearline.core.profiles.profile import Profile
from clearline.core.report.history import History, Last, Recent
from clearline.core.storage.store import ProfileFolder, Stored
from clearline.ui.models.profile_rows import Order, ProfileRow, ordered


@dataclass(frozen=True)
class Listing:
    """One reading of everything that is listed. Equal readings have equal rows."""

    stored: list[Stored] = field(default_factory=list)
    lasts: dict[str, Last] = field(default_factory=dict)
    recent: tuple[Recent, ...] = ()
    rows: list[ProfileRow] = field(default_factory=list)
    """Of the stored ones, sorted by name."""
    places: dict[str, int] = field(default_factory=dict)
    """Where a profile's row is, by its id."""
    folders: tuple[str, ...] = ()

    def recent_rows(self, shown: Container[str] = ()) -> list[ProfileRow]:
        """What was tested and never saved, but for the connection strings that are ``shown`` already."""
        return [
            ProfileRow(
                Profile(id=f"recent:{number}"), verdict=one.last.verdict, tested=one.last.started, recent=one.uri
            )
            for number, one in enumerate(self.recent)
            if one.uri not in shown
        ]


class Lister:
    """Reads folder and history. Blocks on the disk."""

    def __init__(self, files: ProfileFolder, history: History) -> None:
        self._files = files
        self._history = history
        self._known: dict[Path, tuple[Stored, Last | None, ProfileRow]] = {}
        self._reading = threading.Lock()  # a drive may hold the thread of before

    def read(self) -> Listing:
        """Everything as it is now; what is as it was gives the same rows."""
        with self._reading:
            return self._read()

    def _read(self) -> Listing:
        stored, lasts = self._files.read(), self._history.lasts()
        known: dict[Path, tuple[Stored, Last | None, ProfileRow]] = {}
        for one in stored:
            last = lasts.get(one.profile.id) if one.profile is not None else None
            before = self._known.get(one.path)
            same = before is not None and before[0] is one and before[1] == last
            known[one.path] = before if before is not None and same else (one, last, stored_row(one, last))
        self._known = known
        rows = [row for _, _, row in known.values()]
        rows = [rows[number] for number in ordered(rows, Order.NAME)]
        return Listing(
            stored,
            lasts,
            self._history.recent(),
            rows,
            {row.profile.id: place for place, row in enumerate(rows)},
            folders(row.profile for row in rows),
        )


def stored_row(stored: Stored, last: Last | None) -> ProfileRow:
    """The row of a file, readable or not."""
    return ProfileRow(
        stored.profile or Profile(id=f"file:{stored.path}"),
        stored.path,
        verdict=last.verdict if last else None,
        tested=last.started if last else None,
        problem=str(stored.problem or ""),
        own=stored.own,
    ).prepared()
