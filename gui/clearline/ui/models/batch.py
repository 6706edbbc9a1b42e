"""The table of a test of several profiles: one row each, from waiting to its verdict."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from clearline.core.profiles.profile import Profile
from clearline.core.report.markdown import plain
from clearline.core.report.report import Report, Verdict
from clearline.ui.look.status import status_word
from clearline.ui.models.profile_rows import ProfileRow

AnyIndex = QModelIndex | QPersistentModelIndex

COLUMNS: Final = ("profile", "server", "result", "cause", "took")
RESULT: Final = 2


class BatchRole(IntEnum):
    """What a row offers besides its text."""

    ID = Qt.ItemDataRole.UserRole + 1
    VERDICT = Qt.ItemDataRole.UserRole + 2
    RUNNING = Qt.ItemDataRole.UserRole + 3


@dataclass(frozen=True)
class BatchRow:
    """One profile of the test."""

    listed: ProfileRow
    running: bool = False
    report: Report | None = None
    stopped: bool = False
    withheld: str = ""
    """Why it is not tested with the others."""

    @property
    def profile(self) -> Profile:
        """What is tested."""
        return self.listed.profile

    @property
    def verdict(self) -> Verdict | None:
        """How it ended, if it did."""
        return Verdict.CANCELLED if self.stopped else self.report.verdict if self.report else None

    @property
    def words(self) -> str:
        """Where it is, or how it ended."""
        if self.verdict is not None:
            return status_word(self.verdict).lower()
        if self.withheld:
            return "not tested"
        return "testing" if self.running else "waiting"


class BatchModel(QAbstractTableModel):
    """Rows in the order of the list."""

    def __init__(self, rows: list[ProfileRow]) -> None:
        super().__init__()
        self.rows = [BatchRow(row) for row in rows]
        self._counts = Counter(row.words for row in self.rows)
        self._places = {row.profile.id: place for place, row in enumerate(rows)}

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Profiles."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """See `COLUMNS`."""
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The columns' names."""
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        return None

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The roles of `BatchRole` and the text of each column."""
        if not index.isValid():
            return None
        row = self.rows[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.ToolTipRole:
                return self._text(row, index.column())
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{COLUMNS[index.column()]}: {self._text(row, index.column())}"
            case BatchRole.ID:
                return row.profile.id
            case BatchRole.VERDICT:
                return row.verdict
            case BatchRole.RUNNING:
                return row.running
        return None

    def change(self, profile_id: str, **changes: Any) -> None:
        """One profile has come further."""
        place = self._places[profile_id]
        before = self.rows[place]
        after = self.rows[place] = replace(before, **changes)
        self._counts[before.words] -= 1
        self._counts[after.words] += 1
        self.dataChanged.emit(self.index(place, 0), self.index(place, len(COLUMNS) - 1))

    def is_running(self, profile_id: str) -> bool:
        """Whether one profile is being tested."""
        return self.rows[self._places[profile_id]].running

    def report_of(self, profile_id: str) -> Report | None:
        """The report of one profile."""
        return self.rows[self._places[profile_id]].report

    def summary(self) -> str:
        """How many are where, in words."""
        order = ("connected", "failed", "stopped", "not tested", "testing", "waiting")
        return ", ".join(f"{self._counts[word]:,} {word}" for word in order if self._counts[word])

    def markdown(self) -> str:
        """The table as Markdown, without secrets, as the reports are."""
        lines = [f"| {' | '.join(COLUMNS)} |", "|" + " --- |" * len(COLUMNS)]
        for row in self.rows:
            cells = (plain(self._text(row, column)) for column in range(len(COLUMNS)))
            lines.append(f"| {' | '.join(cells)} |")
        return "\n".join(lines) + "\n"

    def _text(self, row: BatchRow, column: int) -> str:
        report = row.report
        match column:
            case 0:
                return row.listed.name
            case 1:
                return row.listed.address
            case 2:
                return row.words
            case 3:
                if row.withheld:
                    return row.withheld
                found = report.diagnosis if report is not None else None
                return found.summary if found is not None else ""
            case _:
                if report is None or report.verdict_ms is None:
                    return ""
                return f"{report.verdict_ms:,.0f} ms"
