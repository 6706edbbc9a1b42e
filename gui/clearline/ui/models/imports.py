"""The connections of a file before they are imported, and what became of each afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QIcon

from clearline.core.exchange.planning import Choice, PlannedItem, State, below
from clearline.core.exchange.saving import ItemResult, Outcome
from clearline.core.profiles.arrangement import tidy_folder
from clearline.core.uri.connection_string import build
from clearline.ui.look import theme
from clearline.ui.look.icons import icon, pixmap

AnyIndex = QModelIndex | QPersistentModelIndex


class ImportColumn(IntEnum):
    """The columns from left to right."""

    CHOICE = 0
    NAME = 1
    STATE = 2
    DETAILS = 3
    ADDRESS = 4
    FOLDER = 5


_HEADINGS: Final = {
    ImportColumn.CHOICE: "Import",
    ImportColumn.NAME: "Name",
    ImportColumn.STATE: "State",
    ImportColumn.DETAILS: "What to know",
    ImportColumn.ADDRESS: "Connection string",
    ImportColumn.FOLDER: "Folder",
}
_STATES: Final = {
    State.NEW: ("plus", "accent"),
    State.SAME: ("passed", "muted"),
    State.CHANGED: ("warning", "warning"),
    State.INVALID: ("failed", "failed"),
}
_OUTCOMES: Final = {
    Outcome.IMPORTED: ("passed", "passed"),
    Outcome.REPLACED: ("passed", "passed"),
    Outcome.SKIPPED: ("skipped", "muted"),
    Outcome.FAILED: ("failed", "failed"),
}


def choice_word(planned: PlannedItem, choice: Choice) -> str:
    """What a choice means for that item."""
    match choice:
        case Choice.COPY:
            return "add a copy" if planned.existing else "add"
        case Choice.REPLACE:
            return "replace"
        case Choice.SKIP:
            return "skip"


class ImportsModel(QAbstractTableModel):
    """One row per item; the first column has a box that takes it or leaves it."""

    def __init__(self) -> None:
        super().__init__()
        self._planned: tuple[PlannedItem, ...] = ()
        self._choices: list[Choice] = []
        self._results: tuple[ItemResult, ...] = ()
        self._into = ""

    # ------------------------------------------------------------ content

    @property
    def planned(self) -> tuple[PlannedItem, ...]:
        """What is shown."""
        return self._planned

    @property
    def done(self) -> bool:
        """Whether the results are shown: nothing can be chosen any more."""
        return bool(self._results)

    def show(self, planned: Sequence[PlannedItem]) -> None:
        """Show another file's items, each with its default choice."""
        self.beginResetModel()
        self._planned = tuple(planned)
        self._choices = [one.default for one in self._planned]
        self._results = ()
        self.endResetModel()

    def show_results(self, results: Sequence[ItemResult]) -> None:
        """Say what became of every item."""
        self._results = tuple(results)
        self._repaint()

    def result(self, row: int) -> ItemResult | None:
        """What became of an item, None before."""
        return self._results[row] if self._results else None

    # ------------------------------------------------------------ choices

    @property
    def into(self) -> str:
        """The folder that new ones go into; empty is the top."""
        return self._into

    def put_into(self, folder: str) -> None:
        """Choose the folder that new ones go into."""
        self._into = tidy_folder(folder)
        self._repaint()

    @property
    def choices(self) -> dict[int, Choice]:
        """What was chosen, by row."""
        return dict(enumerate(self._choices))

    @property
    def taken(self) -> int:
        """How many would be saved."""
        return sum(choice is not Choice.SKIP for choice in self._choices)

    def choose(self, row: int, choice: Choice) -> None:
        """Choose for one item; what it does not offer is not chosen."""
        if self._set(row, choice):
            self._repaint(row)

    def take_all(self, taken: bool) -> None:
        """Tick all boxes, or none; those that the driver would refuse stay as they are."""
        for row, one in enumerate(self._planned):
            if not taken:
                self._set(row, Choice.SKIP)
            elif one.state is not State.INVALID and self._choices[row] is Choice.SKIP:
                self._set(row, _taking(one))
        self._repaint()

    def choose_for_known(self, choice: Choice) -> None:
        """Choose for everything that is saved already in some form."""
        for row, one in enumerate(self._planned):
            if one.existing is not None and one.state is not State.INVALID:
                self._set(row, choice)
        self._repaint()

    def _set(self, row: int, choice: Choice) -> bool:
        if self.done or choice not in self._planned[row].choices or self._choices[row] is choice:
            return False
        self._choices[row] = choice
        return True

    # ------------------------------------------------------------ Qt

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Items."""
        return 0 if parent.isValid() else len(self._planned)

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """`ImportColumn`."""
        return 0 if parent.isValid() else len(ImportColumn)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The columns' names."""
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return _HEADINGS[ImportColumn(section)]
        return None

    def flags(self, index: AnyIndex) -> Qt.ItemFlag:
        """Only the first column can be ticked, where there is something to import."""
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren
        if index.column() == ImportColumn.CHOICE and not self.done and len(self._planned[index.row()].choices) > 1:
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        return flags

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Words, icons, the tick, and the whole text as a tool tip."""
        if not index.isValid() or index.row() >= len(self._planned):
            return None
        row, column = index.row(), ImportColumn(index.column())
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._text(row, column)
            case Qt.ItemDataRole.ToolTipRole:
                return self._text(row, column) if column is not ImportColumn.DETAILS else self.words(row)
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{_HEADINGS[column]}: {self._text(row, column) or 'none'}"
            case Qt.ItemDataRole.DecorationRole if column is ImportColumn.STATE:
                name, tone = self._mark(row)
                made = icon(name, theme.tone(tone))
                made.addPixmap(pixmap(name, theme.tone(tone)), QIcon.Mode.Selected)  # Qt would bleach it
                return made
            case Qt.ItemDataRole.CheckStateRole if (
                column is ImportColumn.CHOICE and len(self._planned[row].choices) > 1 and not self.done
            ):
                return Qt.CheckState.Unchecked if self._choices[row] is Choice.SKIP else Qt.CheckState.Checked
        return None

    def setData(self, index: AnyIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Tick or untick an item."""
        if role != Qt.ItemDataRole.CheckStateRole or not self.flags(index) & Qt.ItemFlag.ItemIsUserCheckable:
            return False
        row = index.row()
        ticked = Qt.CheckState(value) is Qt.CheckState.Checked
        self.choose(row, _taking(self._planned[row]) if ticked else Choice.SKIP)
        return True

    # ------------------------------------------------------------ words

    def words(self, row: int) -> str:
        """Everything worth knowing about an item, one thing a line."""
        one, result = self._planned[row], self.result(row)
        lines = [result.words] if result and result.words else []
        lines += [one.item.problem] if one.item.problem else []
        lines += one.remarks
        if one.existing is not None and one.state is State.SAME:
            lines.append(f"Saved already as {one.existing.name or 'a connection without a name'}.")
        if one.differences:
            name = one.existing.name if one.existing else ""
            lines.append(f"Differs from {name or 'the saved one'}: " + "; ".join(one.differences))
        if one.item.kept_foreign:
            lines.append("PyMongo ignores, kept: " + ", ".join(one.item.kept_foreign))
        return "\n".join(lines)

    def _text(self, row: int, column: ImportColumn) -> str:
        one = self._planned[row]
        match column:
            case ImportColumn.CHOICE:
                return "" if self.done or len(one.choices) == 1 else choice_word(one, self._choices[row])
            case ImportColumn.NAME:
                return one.item.name
            case ImportColumn.STATE:
                return self._results[row].outcome.value if self._results else one.state.value
            case ImportColumn.DETAILS:
                return self.words(row).replace("\n", "  ·  ")
            case ImportColumn.ADDRESS:
                return build(one.item.profile) if one.item.profile else ""
            case ImportColumn.FOLDER:
                stays = self._choices[row] is Choice.REPLACE and one.replacement is not None
                return one.replacement.folder if stays and one.replacement else below(self._into, one.item.folder)

    def _mark(self, row: int) -> tuple[str, str]:
        return _OUTCOMES[self._results[row].outcome] if self._results else _STATES[self._planned[row].state]

    def _repaint(self, row: int | None = None) -> None:
        if self._planned:
            first, last = (row, row) if row is not None else (0, len(self._planned) - 1)
            self.dataChanged.emit(self.index(first, 0), self.index(last, len(ImportColumn) - 1))


def _taking(planned: PlannedItem) -> Choice:
    """What a tick means: the newer state of the very same connection replaces it, anything else stands beside."""
    profile, existing = planned.item.profile, planned.existing
    same = profile is not None and existing is not None and profile.id == existing.id
    return Choice.REPLACE if same and Choice.REPLACE in planned.choices else Choice.COPY
