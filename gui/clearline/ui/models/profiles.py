"""The profile list: what is saved and what is open, with the last verdict of each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

from clearline.core.profile import Profile
from clearline.core.report import Verdict

AnyIndex = QModelIndex | QPersistentModelIndex


class ProfileRole(IntEnum):
    """What a row offers besides its name."""

    ID = Qt.ItemDataRole.UserRole + 1
    ADDRESS = Qt.ItemDataRole.UserRole + 2
    VERDICT = Qt.ItemDataRole.UserRole + 3
    UNSAVED = Qt.ItemDataRole.UserRole + 4
    RUNNING = Qt.ItemDataRole.UserRole + 5
    COLOUR = Qt.ItemDataRole.UserRole + 6
    PROBLEM = Qt.ItemDataRole.UserRole + 7


@dataclass(frozen=True)
class ProfileRow:
    """One line of the list. ``problem`` says why a file cannot be read; such a row has an empty profile."""

    profile: Profile
    path: Path | None = None
    verdict: Verdict | None = None
    unsaved: bool = False
    running: bool = False
    problem: str = ""

    @property
    def name(self) -> str:
        """What the user called it, else the file's name, else a name for the nameless."""
        return self.profile.name or (self.path.stem if self.path else "New connection")

    @property
    def address(self) -> str:
        """Where it leads, in few words."""
        hosts = self.profile.seeds.hosts
        if not hosts:
            return ""
        return f"SRV {hosts[0]}" if self.profile.seeds.srv else hosts[0] + (f" +{len(hosts) - 1}" if hosts[1:] else "")


class ProfilesModel(QAbstractListModel):
    """The rows that match the search, in their given order."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[ProfileRow] = []
        self._shown: list[int] = []
        self._search = ""

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Rows that match the search."""
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The roles of `ProfileRole`, the name, and words for those who do not see."""
        if not index.isValid() or index.row() >= len(self._shown):
            return None
        row = self._rows[self._shown[index.row()]]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return row.name
            case Qt.ItemDataRole.ToolTipRole:
                return row.problem or "\n".join(filter(None, (row.name, row.address, row.profile.notes)))
            case Qt.ItemDataRole.AccessibleTextRole:
                state = "testing" if row.running else row.verdict.value if row.verdict else "not tested"
                return ", ".join(filter(None, (row.name, row.address, state, "unsaved" if row.unsaved else "")))
            case ProfileRole.ID:
                return row.profile.id
            case ProfileRole.ADDRESS:
                return row.problem or row.address
            case ProfileRole.VERDICT:
                return row.verdict
            case ProfileRole.UNSAVED:
                return row.unsaved
            case ProfileRole.RUNNING:
                return row.running
            case ProfileRole.COLOUR:
                return row.profile.colour
            case ProfileRole.PROBLEM:
                return row.problem
        return None

    def row_of(self, profile_id: str) -> int:
        """The visible row of a profile; -1 when it is not listed or the search hides it."""
        for row, position in enumerate(self._shown):
            if self._rows[position].profile.id == profile_id:
                return row
        return -1

    def search(self, text: str) -> None:
        """Show only rows whose name or address holds every word of the text, in any case."""
        self._search = text
        self._refill()

    def show(self, rows: list[ProfileRow]) -> None:
        """Replace all rows; repaints only what differs where the same profiles stand in the same order."""
        same = [r.profile.id for r in rows] == [r.profile.id for r in self._rows]
        before, self._rows = self._rows, list(rows)
        shown = self._matching()
        if not same or shown != self._shown:
            self._refill()
            return
        for row, position in enumerate(self._shown):
            if before[position] != self._rows[position]:
                self.dataChanged.emit(self.index(row), self.index(row))

    def _matching(self) -> list[int]:
        words = self._search.casefold().split()
        return [
            position
            for position, row in enumerate(self._rows)
            if all(word in f"{row.name} {row.address}".casefold() for word in words)
        ]

    def _refill(self) -> None:
        self.beginResetModel()
        self._shown = self._matching()
        self.endResetModel()
