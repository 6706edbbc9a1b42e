"""The log of driver events: a table over a ring of columns, with a filter index of its own.

Events come in batches, one insertion per frame. QSortFilterProxyModel takes seconds for what the index does in
milliseconds.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from enum import IntEnum
from typing import Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal

from clearline.core.driver.events import DriverEvent
from clearline.ui.models.event_columns import (
    COLUMNS,
    DETAILS,
    GAP,
    MARK,
    MEANINGS,
    TITLES,
    alignment,
    cell_text,
    gap_text,
)
from clearline.ui.models.event_ring import EventFilter, EventRing, rows_before

AnyIndex = QModelIndex | QPersistentModelIndex

CAPACITY: Final = 100_000


class EventRole(IntEnum):
    """What an index offers besides its text."""

    EVENT = Qt.ItemDataRole.UserRole + 1
    KIND = Qt.ItemDataRole.UserRole + 2
    FAILED = Qt.ItemDataRole.UserRole + 3
    BOOKMARKED = Qt.ItemDataRole.UserRole + 4


class DriverEventsModel(QAbstractTableModel):
    """The newest events, at most ``capacity``; older ones are counted in `dropped`."""

    counts_changed = Signal()

    def __init__(self, capacity: int = CAPACITY) -> None:
        super().__init__()
        self._ring = EventRing(capacity)
        self._hits: array[int] | None = None  # numbers of the events that pass the filter; None: all do
        self._hits_from = 0  # hits before this position are gone from the ring
        self._filter = EventFilter()
        self._only_bookmarked = False
        self._bookmarks: set[int] = set()
        self._lost_before = 0
        self._gone_before = 0
        self._paused = False
        self._held = self._ring.sibling()
        self._latest: tuple[int, DriverEvent] | None = None
        self.began: float | None = None
        """Epoch seconds from which the events' times count, where that is known."""

    # ------------------------------------------------------------ Qt's questions

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Events that pass the filter."""
        if parent.isValid():
            return 0
        return len(self._ring) if self._hits is None else len(self._hits) - self._hits_from

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """See `COLUMNS`."""
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The columns' names."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return TITLES.get(section, COLUMNS[section])
            case Qt.ItemDataRole.ToolTipRole:
                return MEANINGS[section]
            case Qt.ItemDataRole.TextAlignmentRole:
                return alignment(section)
        return None

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The roles of `EventRole` and the text of each column."""
        if not index.isValid() or index.row() >= self.rowCount():
            return None
        row, column = index.row(), index.column()
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self.text_at(row, column)
            case Qt.ItemDataRole.ToolTipRole if column == DETAILS:
                return self.event_at(row).text
            case Qt.ItemDataRole.AccessibleTextRole:
                if column == MARK:
                    return "bookmarked" if self.is_bookmarked(row) else ""
                return f"{COLUMNS[column]}: {self.text_at(row, column)}"
            case Qt.ItemDataRole.TextAlignmentRole:
                return alignment(column)
            case EventRole.EVENT:
                return self.event_at(row)
            case EventRole.KIND:
                return self.event_at(row).kind
            case EventRole.FAILED:
                return self.event_at(row).failed
            case EventRole.BOOKMARKED:
                return self.is_bookmarked(row)
        return None

    # ------------------------------------------------------------ what the panel uses

    @property
    def capacity(self) -> int:
        """The most events that are kept."""
        return self._ring.capacity

    @property
    def kept(self) -> int:
        """Events in the buffer, whether the filter shows them or not."""
        return len(self._ring)

    @property
    def dropped(self) -> int:
        """Events that came and are gone: pushed out here, or lost before they came."""
        return self._ring.first + self._held.first + self._lost_before + self._gone_before

    @property
    def paused(self) -> bool:
        """Whether new events wait instead of being shown."""
        return self._paused

    @property
    def held(self) -> int:
        """Events that wait for the end of the pause."""
        return len(self._held)

    @property
    def filter(self) -> EventFilter:
        """What is shown."""
        return self._filter

    def set_paused(self, paused: bool) -> None:
        """Let new events wait, or show those that waited."""
        if paused is self._paused:
            return
        self._paused = paused
        if not paused:
            held, self._held = self._held, self._ring.sibling()
            self._gone_before += held.first
            self._add(len(held), lambda: self._ring.take_over(held))
            self.counts_changed.emit()

    def event_at(self, row: int) -> DriverEvent:
        """The event in a visible row."""
        number = self.number_at(row)
        if self._latest is None or self._latest[0] != number:  # a row is asked for cell by cell
            self._latest = (number, self._ring.event(number))
        return self._latest[1]

    @property
    def latest_s(self) -> float:
        """When the latest event happened that is kept, shown or not."""
        return self._ring.at_s(self._ring.end - 1) if len(self._ring) else 0.0

    def number_at(self, row: int) -> int:
        """The number of the event in a visible row; it stays the same as long as the event is kept."""
        return self._ring.first + row if self._hits is None else self._hits[self._hits_from + row]

    def row_of(self, number: int) -> int:
        """The visible row of an event; -1 when it is gone or hidden."""
        hits = self._hits
        row = number - self._ring.first if hits is None else rows_before(hits, self._hits_from, number)
        found = 0 <= row < self.rowCount() and self.number_at(row) == number
        return row if found else -1

    def text_at(self, row: int, column: int) -> str:
        """What a cell says."""
        if column == GAP:
            if row == 0:
                return ""
            gap = self._ring.at_s(self.number_at(row)) - self._ring.at_s(self.number_at(row - 1))
            return gap_text(gap)
        return cell_text(self.event_at(row), column)

    def shown(self) -> Iterator[DriverEvent]:
        """The visible events, oldest first."""
        return map(self._ring.event, self._shown_numbers())

    def shown_elsewhere(self) -> Iterator[DriverEvent]:
        """As `shown`, from a copy: another thread may go through it while new events come."""
        ring = self._ring.snapshot()
        hits = None if self._hits is None else self._hits[self._hits_from :]
        return map(ring.event, range(ring.first, ring.end) if hits is None else hits)

    def servers(self) -> list[str]:
        """The servers that events name."""
        return self._ring.servers()

    def connections(self, server: str = "") -> list[int]:
        """The connections that events name, newest first."""
        return self._ring.connections(server)

    def of_connection(self, server: str, connection_id: int) -> list[DriverEvent]:
        """Every event kept of one connection, oldest first."""
        numbers = self._ring.matching(EventFilter(server=server, connection_id=connection_id))
        return [self._ring.event(number) for number in numbers]

    def of_request(self, request_id: int) -> list[DriverEvent]:
        """The events kept of one command, oldest first."""
        return [self._ring.event(number) for number in self._ring.of_request(request_id)]

    def append(self, batch: Sequence[DriverEvent], lost_before: int | None = None, offset_s: float = 0.0) -> None:
        """Add a batch with one insertion. ``lost_before`` counts what was dropped on the way here, in total;
        ``offset_s`` is added to the events' times."""
        if lost_before is not None:
            self._lost_before = lost_before
        if self._paused:
            self._held.extend(batch, offset_s)
        elif batch:
            self._add(len(batch), lambda: self._ring.extend(batch, offset_s))
        self.counts_changed.emit()

    def clear(self) -> None:
        """Forget everything, the counts included."""
        self._lost_before = self._gone_before = 0
        self._bookmarks.clear()
        self._replace(EventRing(self._ring.capacity))

    def set_capacity(self, capacity: int) -> None:
        """Keep more events from now on, or fewer at once."""
        if capacity == self._ring.capacity:
            return
        ring = self._ring.resized(capacity)
        shift = self._ring.end - ring.end  # it numbers from 0
        self._gone_before += shift
        self._bookmarks = {number - shift for number in self._bookmarks}
        self._replace(ring)

    def show_only(self, wanted: EventFilter, *, bookmarked: bool = False) -> None:
        """Show what passes the filter, with ``bookmarked`` only what was marked."""
        wanted = replace(wanted, text=wanted.text.casefold().strip())
        if (wanted, bookmarked) == (self._filter, self._only_bookmarked):
            return
        self.beginResetModel()
        self._filter, self._only_bookmarked = wanted, bookmarked
        self._find()
        self.endResetModel()
        self.counts_changed.emit()

    # ------------------------------------------------------------ bookmarks

    def is_bookmarked(self, row: int) -> bool:
        """Whether the event in that row was marked."""
        return bool(self._bookmarks) and self.number_at(row) in self._bookmarks

    @property
    def bookmarks(self) -> list[int]:
        """Numbers of the marked events, ascending."""
        return sorted(self._bookmarks)

    def toggle_bookmark(self, row: int) -> None:
        """Mark the event in that row, or take its mark away."""
        self._bookmarks ^= {self.number_at(row)}
        self.dataChanged.emit(self.index(row, 0), self.index(row, len(COLUMNS) - 1))
        self.counts_changed.emit()

    # ------------------------------------------------------------ the ring

    def _shown_numbers(self) -> Iterator[int]:
        if self._hits is None:
            return iter(range(self._ring.first, self._ring.end))
        return iter(self._hits[self._hits_from :])

    def _replace(self, ring: EventRing) -> None:
        self.beginResetModel()
        self._ring = ring
        self._held = ring.sibling()
        self._latest = None
        self._bookmarks = {number for number in self._bookmarks if ring.first <= number < ring.end}
        self._find()
        self.endResetModel()
        self.counts_changed.emit()

    def _find(self) -> None:
        self._hits_from = 0
        self._hits = None
        if self._only_bookmarked:
            marked = self._bookmarks
            self._hits = array("q", [n for n in self._ring.matching(self._filter) if n in marked])
        elif not self._filter.everything:
            self._hits = self._ring.matching(self._filter)

    def _add(self, coming: int, add: Callable[[], object]) -> None:
        """Make room, then let ``add`` put ``coming`` events in."""
        if not coming:
            return
        ring = self._ring
        oldest = max(ring.first, min(ring.end, ring.end + coming - ring.capacity))
        gone = oldest - ring.first if self._hits is None else rows_before(self._hits, self._hits_from, oldest)
        if gone:
            self.beginRemoveRows(QModelIndex(), 0, gone - 1)
        ring.first = oldest
        if self._hits is not None:
            self._hits_from += gone
            if self._hits_from > ring.capacity:
                del self._hits[: self._hits_from]
                self._hits_from = 0
        if gone:
            self.endRemoveRows()
        if self._bookmarks:
            self._bookmarks = {number for number in self._bookmarks if number >= oldest}

        before, end = self.rowCount(), ring.end
        self._latest = None
        if self._hits is None:
            self.beginInsertRows(QModelIndex(), before, before + min(coming, ring.capacity) - 1)
            add()
            self.endInsertRows()
            return
        add()
        hits = array("q") if self._only_bookmarked else ring.matching(self._filter, end)
        if hits:  # the views have not looked yet: what came is not among the hits
            self.beginInsertRows(QModelIndex(), before, before + len(hits) - 1)
            self._hits.extend(hits)
            self.endInsertRows()
