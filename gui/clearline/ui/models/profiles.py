"""The profile list: what is saved and what is open, by folder, with the last verdict of each.

A flat list whose headings are rows of their own: a folder of ten thousand profiles scrolls as smoothly as one of ten,
and the keyboard walks over everything.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any, Final

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

from clearline.ui.models.profile_rows import Group, Order, ProfileRow, ordered, place_of

AnyIndex = QModelIndex | QPersistentModelIndex

_FEW: Final = 8


class ProfileRole(IntEnum):
    """What a row offers besides its name."""

    ID = Qt.ItemDataRole.UserRole + 1
    HEADING = Qt.ItemDataRole.UserRole + 2
    """Of a heading: how many rows belong to it, and whether they are folded away."""


@dataclass(frozen=True)
class Heading:
    """A row that names what stands below it."""

    group: Group
    count: int
    folded: bool


@dataclass
class _Shown:
    entries: list[Heading | int] = field(default_factory=list)
    headings: list[int] = field(default_factory=list)


class ProfilesModel(QAbstractListModel):
    """The rows that match the search, under their headings."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[ProfileRow] = []
        self._numbers: dict[str, int] = {}
        self._ordered: list[int] = []
        self._haystacks: list[str] | None = None
        self._shown = _Shown()
        self._search = ""
        self._folded: set[Group] = set()
        self.order = Order.NAME

    # ------------------------------------------------------------ Qt's questions

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Rows that match, and headings."""
        return 0 if parent.isValid() else len(self._shown.entries)

    def flags(self, index: AnyIndex) -> Qt.ItemFlag:
        """Headings are walked over, not chosen."""
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        if self.heading_at(index.row()) is not None:
            return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemNeverHasChildren
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The roles of `ProfileRole`, the name, and words for those who do not see."""
        if not index.isValid() or index.row() >= len(self._shown.entries):
            return None
        entry = self._shown.entries[index.row()]
        if isinstance(entry, Heading):
            return _heading_data(entry, role)
        row = self._rows[entry]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return row.name
            case Qt.ItemDataRole.ToolTipRole:
                return row.problem or "\n".join(filter(None, (row.name, row.address, row.profile.notes)))
            case Qt.ItemDataRole.AccessibleTextRole:
                state = "testing" if row.running else row.verdict.value if row.verdict else "not tested"
                marks = ("favourite" if row.profile.favourite else "", "unsaved" if row.unsaved else "")
                return ", ".join(filter(None, (row.name, row.address, state, *marks)))
            case ProfileRole.ID:
                return row.profile.id
        return None

    # ------------------------------------------------------------ what the list asks

    def row_of(self, profile_id: str) -> int:
        """The visible row of a profile; -1 when it is not listed, folded away or hidden by the search."""
        number = self._numbers.get(profile_id)
        try:
            return -1 if number is None else self._shown.entries.index(number)
        except ValueError:
            return -1

    def rows_of(self, profile_ids: Sequence[str]) -> list[int]:
        """The visible rows of many profiles, without those that have none."""
        if len(profile_ids) <= _FEW:
            found = [self.row_of(one) for one in profile_ids]
        else:
            places = {entry: place for place, entry in enumerate(self._shown.entries)}
            found = [places.get(self._numbers.get(one, -1), -1) for one in profile_ids]
        return [place for place in found if place >= 0]

    def entry_at(self, row: int) -> Heading | ProfileRow:
        """What stands in a visible row. To paint one takes a dozen questions, which by way of Qt take half a frame."""
        entry = self._shown.entries[row]
        return entry if isinstance(entry, Heading) else self._rows[entry]

    def heading_at(self, row: int) -> Group | None:
        """The heading in that row; None where a profile stands."""
        entries = self._shown.entries
        entry = entries[row] if 0 <= row < len(entries) else None
        return entry.group if isinstance(entry, Heading) else None

    @property
    def headings(self) -> tuple[int, ...]:
        """The visible rows in which headings stand."""
        return tuple(self._shown.headings)

    def row_of_heading(self, heading: Group) -> int:
        """The visible row of a heading; -1 when it is not there."""
        return next((row for row in self._shown.headings if self.heading_at(row) == heading), -1)

    @property
    def rows(self) -> tuple[ProfileRow, ...]:
        """Every profile, shown or not."""
        return tuple(self._rows)

    def profile_row(self, profile_id: str) -> ProfileRow | None:
        """Everything about one profile, shown or not."""
        number = self._numbers.get(profile_id)
        return None if number is None else self._rows[number]

    def matching(self) -> list[ProfileRow]:
        """Every profile that the search lets through, folded away or not, in the order of the list."""
        return [self._rows[number] for number in self._found()]

    # ------------------------------------------------------------ what it is told

    def search(self, text: str) -> None:
        """Show only rows that hold every word of the text, in any case; nothing is folded away meanwhile."""
        self._search = text
        self._refill()

    def sort(self, order: Order) -> None:  # type: ignore[override]
        """Another order below each heading."""
        self.order = order
        self._arrange()

    def fold(self, heading: Group) -> None:
        """Fold a heading's rows away, or unfold them."""
        self._folded ^= {heading}
        self._refill()

    def show(self, rows: Iterable[ProfileRow]) -> None:
        """Replace all rows; repaints only what differs where the same profiles stand in the same places."""
        before, after = self._rows, list(rows)
        if [row.profile.id for row in before] != [row.profile.id for row in after]:
            self.beginResetModel()  # a view that looks now must still find the rows that are shown
            self._rows = after
            self._numbers = {row.profile.id: number for number, row in enumerate(after)}
            self._ordered, self._haystacks = ordered(after, self.order), None
            self._shown = self._laid_out()
            self.endResetModel()
            return
        self._rows = after
        changed = [(n, old) for n, old in enumerate(before) if old is not self._rows[n] and old != self._rows[n]]
        # Who saves a connection finds it where it stood; another name or folder takes it to its place.
        moved = any((old.group, old.name) != (self._rows[n].group, self._rows[n].name) for n, old in changed)
        self._repaint(changed, moved=moved)

    def update(self, row: ProfileRow) -> None:
        """One row is another now; a new one comes first."""
        number = self._numbers.get(row.profile.id)
        if number is None:
            self.show([row, *self._rows])
        elif self._rows[number] != row:
            before, self._rows[number] = self._rows[number], row
            # While its name is typed it stays where it is.
            self._repaint([(number, before)], moved=before.group != row.group)

    def _repaint(self, changed: list[tuple[int, ProfileRow]], *, moved: bool) -> None:
        for number, old in changed:
            new = self._rows[number]
            tested = self.order is not Order.NAME and old.tested != new.tested and not new.running
            if moved or tested or (self._search and old.words != new.words):
                self._arrange()
                return
        self._haystacks = None
        for place in self.rows_of([old.profile.id for _number, old in changed]):
            self.dataChanged.emit(self.index(place), self.index(place))

    # ------------------------------------------------------------ arranging

    def _arrange(self) -> None:
        self._ordered, self._haystacks = ordered(self._rows, self.order), None
        self._refill()

    def _found(self) -> list[int]:
        words = self._search.casefold().split()
        if not words:
            return self._ordered
        if self._haystacks is None:
            self._haystacks = [self._rows[number].words for number in self._ordered]
        found = [
            (number, text) for number, text in zip(self._ordered, self._haystacks, strict=True) if words[0] in text
        ]
        for word in words[1:]:
            found = [(number, text) for number, text in found if word in text]
        return [number for number, _text in found]

    def _refill(self) -> None:
        self.beginResetModel()
        self._shown = self._laid_out()
        self.endResetModel()

    def _laid_out(self) -> _Shown:
        shown, rows = _Shown(), self._rows
        entries = shown.entries
        found = self._found()
        groups = [rows[number].group for number in found]
        first = 0
        while first < len(found):
            group = groups[first]
            end = bisect_right(groups, place_of(group), lo=first, key=place_of)
            numbers = found[first:end]
            first = end
            folded = group in self._folded and not self._search
            if group.title:
                shown.headings.append(len(entries))
                entries.append(Heading(group, len(numbers), folded))
            if not folded:
                entries.extend(numbers)
        return shown


def ago(started: str | None) -> str:
    """How long ago that was: "now", "5 min", "3 h", "2 d"; empty without a time that can be read."""
    try:
        moment = datetime.fromisoformat(started or "")
    except ValueError:
        return ""
    seconds = (datetime.now(moment.tzinfo) - moment).total_seconds()
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return "now"


def _heading_data(heading: Heading, role: int) -> Any:
    match role:
        case Qt.ItemDataRole.DisplayRole:
            return heading.group.title
        case Qt.ItemDataRole.AccessibleTextRole:
            return f"{heading.group.title}, {heading.count} profiles, {'folded' if heading.folded else 'unfolded'}"
        case ProfileRole.HEADING:
            return heading.count, heading.folded
    return None
