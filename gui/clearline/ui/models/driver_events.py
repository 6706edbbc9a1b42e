"""The log of driver events: a table over a ring buffer, with a filter index of its own.

Events come in batches, one insertion per frame. QSortFilterProxyModel takes seconds for what the index does in
milliseconds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal

from clearline.core.driver_events import DriverEvent

AnyIndex = QModelIndex | QPersistentModelIndex

COLUMNS: Final = ("time", "kind", "event", "server", "conn", "took", "details")
CAPACITY: Final = 100_000
_NUMBERS: Final = frozenset({0, 4, 5})


class EventRole(IntEnum):
    """What an index offers besides its text."""

    EVENT = Qt.ItemDataRole.UserRole + 1
    KIND = Qt.ItemDataRole.UserRole + 2
    FAILED = Qt.ItemDataRole.UserRole + 3


class DriverEventsModel(QAbstractTableModel):
    """The newest events, at most ``capacity``; older ones are counted in `dropped`."""

    counts_changed = Signal()

    def __init__(self, capacity: int = CAPACITY) -> None:
        super().__init__()
        self._capacity = capacity
        self._ring: list[DriverEvent] = []
        self._first = 0  # number of the oldest event kept; event n lies at ring[n % capacity]
        self._end = 0  # number of the next event
        self._hits: list[int] | None = None  # numbers of the events that pass the filter; None: all do
        self._hits_from = 0  # hits before this position are gone from the ring
        self._kind = ""
        self._text = ""
        self._lost_before = 0
        self._paused = False
        self._held: deque[DriverEvent] = deque(maxlen=capacity)
        self._lost_held = 0

    # ------------------------------------------------------------ Qt's questions

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Events that pass the filter."""
        if parent.isValid():
            return 0
        return self._end - self._first if self._hits is None else len(self._hits) - self._hits_from

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """See `COLUMNS`."""
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The columns' names."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return COLUMNS[section]
            case Qt.ItemDataRole.TextAlignmentRole:
                return _alignment(section)
        return None

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The roles of `EventRole` and the text of each column."""
        if not index.isValid() or index.row() >= self.rowCount():
            return None
        event = self.event_at(index.row())
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return _text(event, index.column())
            case Qt.ItemDataRole.ToolTipRole if index.column() == len(COLUMNS) - 1:
                return event.text
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{COLUMNS[index.column()]}: {_text(event, index.column())}"
            case Qt.ItemDataRole.TextAlignmentRole:
                return _alignment(index.column())
            case EventRole.EVENT:
                return event
            case EventRole.KIND:
                return event.kind
            case EventRole.FAILED:
                return event.failed
        return None

    # ------------------------------------------------------------ what the panel uses

    @property
    def kept(self) -> int:
        """Events in the buffer, whether the filter shows them or not."""
        return self._end - self._first

    @property
    def dropped(self) -> int:
        """Events that came and are gone: pushed out here, or lost before they came."""
        return self._first + self._lost_before + self._lost_held

    @property
    def paused(self) -> bool:
        """Whether new events wait instead of being shown."""
        return self._paused

    @property
    def held(self) -> int:
        """Events that wait for the end of the pause."""
        return len(self._held)

    def set_paused(self, paused: bool) -> None:
        """Let new events wait, or show those that waited."""
        if paused is self._paused:
            return
        self._paused = paused
        if not paused:
            held, self._held = list(self._held), deque(maxlen=self._capacity)
            self.append(held)

    def event_at(self, row: int) -> DriverEvent:
        """The event in a visible row."""
        number = self._first + row if self._hits is None else self._hits[self._hits_from + row]
        return self._ring[number % self._capacity]

    def shown(self) -> Iterable[DriverEvent]:
        """The visible events, oldest first."""
        return (self.event_at(row) for row in range(self.rowCount()))

    def append(self, batch: Sequence[DriverEvent], lost_before: int | None = None) -> None:
        """Add a batch with one insertion. ``lost_before`` counts what was dropped on the way here, in total."""
        if lost_before is not None:
            self._lost_before = lost_before
        if self._paused:
            self._lost_held += max(0, len(self._held) + len(batch) - self._capacity)
            self._held.extend(batch)
        elif batch:
            self._make_room(len(batch))
            self._insert(batch)
        self.counts_changed.emit()

    def clear(self) -> None:
        """Forget everything, the counts included."""
        self.beginResetModel()
        self._ring.clear()
        self._held.clear()
        self._first = self._end = self._lost_before = self._lost_held = self._hits_from = 0
        self._hits = None if self._hits is None else []
        self.endResetModel()
        self.counts_changed.emit()

    def show_only(self, kind: str, text: str) -> None:
        """Filter by kind (empty: all) and by a text that some column holds, in any case."""
        wanted = (kind, text.casefold().strip())
        if wanted == (self._kind, self._text):
            return
        self.beginResetModel()
        self._kind, self._text = wanted
        self._hits_from = 0
        numbers = range(self._first, self._end)
        ring, capacity = self._ring, self._capacity
        self._hits = [n for n in numbers if self._passes(ring[n % capacity])] if kind or self._text else None
        self.endResetModel()
        self.counts_changed.emit()

    # ------------------------------------------------------------ the ring

    def _make_room(self, coming: int) -> None:
        oldest = max(self._first, min(self._end, self._end + coming - self._capacity))
        if oldest == self._first:
            return
        if self._hits is None:
            gone = oldest - self._first
        else:
            gone = sum(1 for _ in _while_below(self._hits, self._hits_from, oldest))
        if gone:
            self.beginRemoveRows(QModelIndex(), 0, gone - 1)
        self._first = oldest
        if self._hits is not None:
            self._hits_from += gone
            if self._hits_from > self._capacity:
                del self._hits[: self._hits_from]
                self._hits_from = 0
        if gone:
            self.endRemoveRows()

    def _insert(self, batch: Sequence[DriverEvent]) -> None:
        skipped = max(0, len(batch) - self._capacity)
        first = self._end + skipped
        fresh = batch[skipped:]
        hits = None if self._hits is None else [first + i for i, event in enumerate(fresh) if self._passes(event)]
        coming = len(fresh) if hits is None else len(hits)
        if coming:
            row = self.rowCount()
            self.beginInsertRows(QModelIndex(), row, row + coming - 1)
        if skipped:  # the batch fills the whole ring: event n belongs to place n % capacity
            turn = first % self._capacity
            self._ring = [*fresh[len(fresh) - turn :], *fresh[: len(fresh) - turn]]
            self._first = first
        else:
            for number, event in enumerate(fresh, first):
                if number == len(self._ring) < self._capacity:
                    self._ring.append(event)
                else:
                    self._ring[number % self._capacity] = event
        self._end = first + len(fresh)
        if self._hits is not None and hits:
            self._hits.extend(hits)
        if coming:
            self.endInsertRows()

    def _passes(self, event: DriverEvent) -> bool:
        if self._kind and event.kind != self._kind:
            return False
        if not self._text:
            return True
        return self._text in f"{event.name} {event.server or ''} {event.connection_id or ''} {event.text}".casefold()


def _while_below(numbers: list[int], start: int, limit: int) -> Iterable[int]:
    for position in range(start, len(numbers)):
        if numbers[position] >= limit:
            return
        yield position


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in _NUMBERS else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


def _text(event: DriverEvent, column: int) -> str:
    match column:
        case 0:
            return f"{event.at_s * 1000:,.1f} ms"
        case 1:
            return event.kind
        case 2:
            return event.name
        case 3:
            return event.server or ""
        case 4:
            return "" if event.connection_id is None else str(event.connection_id)
        case 5:
            return "" if event.duration_ms is None else f"{event.duration_ms:,.1f} ms"
        case _:
            return event.text
