"""A table of frozen values that are replaced as a whole a few times a second; only what differs is repainted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

AnyIndex = QModelIndex | QPersistentModelIndex
Row = TypeVar("Row")

VALUE = Qt.ItemDataRole.UserRole + 1
"""The role of the frozen value behind a row."""
ICON = Qt.ItemDataRole.UserRole + 2
"""The role of an icon's name and its tone, where a cell has one."""
TONE = Qt.ItemDataRole.UserRole + 3
"""The role of the text's colour by its name in `palette.Colours`; None is the usual one."""


@dataclass(frozen=True)
class Column(Generic[Row]):
    """One column: its title, what it means, and the functions that read a row."""

    title: str
    meaning: str
    text: Callable[[Row], str]
    tip: Callable[[Row], str] | None = None
    icon: Callable[[Row], tuple[str, str] | None] | None = None
    tone: Callable[[Row], str | None] | None = None
    number: bool = False


class LiveRows(QAbstractTableModel, Generic[Row]):
    """Rows of one kind of value, known by a key."""

    def __init__(self, columns: Sequence[Column[Row]], key: Callable[[Row], str]) -> None:
        super().__init__()
        self.columns = tuple(columns)
        self._key = key
        self._rows: list[Row] = []

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """How many values."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """How many columns."""
        return 0 if parent.isValid() else len(self.columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Titles and meanings."""
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self.columns[section].title
            case Qt.ItemDataRole.ToolTipRole:
                return self.columns[section].meaning
            case Qt.ItemDataRole.TextAlignmentRole:
                return self._alignment(section)
        return None

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What a cell says, and `VALUE`, `ICON`, `TONE`."""
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row, column = self._rows[index.row()], self.columns[index.column()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return column.text(row)
            case Qt.ItemDataRole.ToolTipRole:
                return column.tip(row) if column.tip else None
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{column.title}: {column.text(row) or 'none'}"
            case Qt.ItemDataRole.TextAlignmentRole:
                return self._alignment(index.column())
            case _ if role == VALUE:
                return row
            case _ if role == ICON:
                return column.icon(row) if column.icon else None
            case _ if role == TONE:
                return column.tone(row) if column.tone else None
        return None

    @property
    def rows(self) -> list[Row]:
        """The values, in their order."""
        return list(self._rows)

    def row_of(self, key: str) -> int:
        """The row with that key; -1 when there is none."""
        return next((n for n, row in enumerate(self._rows) if self._key(row) == key), -1)

    def show(self, rows: Sequence[Row]) -> None:
        """Replace all rows."""
        before = self._rows
        if [self._key(row) for row in before] != [self._key(row) for row in rows]:
            self.beginResetModel()
            self._rows = list(rows)
            self.endResetModel()
            return
        self._rows = list(rows)
        last = len(self.columns) - 1
        for number, (old, new) in enumerate(zip(before, rows, strict=True)):
            if old != new:
                self.dataChanged.emit(self.index(number, 0), self.index(number, last))

    def refresh(self) -> None:
        """What the cells say has changed by itself (the age of something)."""
        if self._rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, len(self.columns) - 1))

    def _alignment(self, column: int) -> Qt.AlignmentFlag:
        side = Qt.AlignmentFlag.AlignRight if self.columns[column].number else Qt.AlignmentFlag.AlignLeft
        return side | Qt.AlignmentFlag.AlignVCenter
