"""A bounded store of driver events in columns: a million take a fifth of what a million objects take.

What repeats (kind, name, server, reason, …) is kept once as a *shape*; a row is a few numbers and its text. Events are
numbered from 0 in the order in which they came; event n lies at place ``n % capacity``.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from operator import attrgetter
from typing import Any, Final

from clearline.core.driver.events import DriverEvent

_OF_A_ROW: Final = ("at_s", "connection_id", "duration_ms", "text", "request_id")
SHAPE_FIELDS: Final = tuple(name for name in DriverEvent.__struct_fields__ if name not in _OF_A_ROW)
_shape = attrgetter(*SHAPE_FIELDS)
_KIND, _NAME, _SERVER, _FAILED = (SHAPE_FIELDS.index(name) for name in ("kind", "name", "server", "failed"))
_NONE: Final = -1
_NOT_TIMED: Final = -1.0

Shape = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events to show. Empty and None mean any."""

    kind: str = ""
    without: str = ""
    """A kind that is left out."""
    server: str = ""
    connection_id: int | None = None
    text: str = ""
    """Held by the event's name, server, connection id or text, in any case."""
    failed: bool = False
    """Only failures."""

    @property
    def everything(self) -> bool:
        """Whether it lets all events pass."""
        return self == EventFilter()


class _Shapes(dict[Shape, int]):
    """Numbers for shapes, given out as they come."""

    def __init__(self) -> None:
        super().__init__()
        self.listed: list[Shape] = []

    def __missing__(self, shape: Shape) -> int:
        number = self[shape] = len(self.listed)
        self.listed.append(shape)
        return number


class EventRing:
    """The newest events, at most ``capacity``."""

    def __init__(self, capacity: int, shapes: _Shapes | None = None) -> None:
        self.capacity = capacity
        self.first = 0
        """Number of the oldest event kept."""
        self.end = 0
        """Number of the next event."""
        self._shapes = _Shapes() if shapes is None else shapes
        self._at = array("d")
        self._shape = array("I")
        self._connection = array("q")
        self._took = array("d")
        self._request = array("q")
        self._text: list[str] = []
        self._columns: tuple[Any, ...] = (
            self._at,
            self._shape,
            self._connection,
            self._took,
            self._request,
            self._text,
        )

    def __len__(self) -> int:
        return self.end - self.first

    def sibling(self) -> EventRing:
        """An empty ring whose rows `take_over` can copy as they are."""
        return EventRing(self.capacity, self._shapes)

    def resized(self, capacity: int) -> EventRing:
        """The newest of these events in a ring with another bound, numbered from 0."""
        whole = EventRing(self.capacity, self._shapes)
        whole.take_over(self)
        other = EventRing(capacity, self._shapes)
        keep = min(len(self), capacity)
        other._put(0, *(column[len(column) - keep :] for column in whole._columns))
        return other

    def snapshot(self) -> EventRing:
        """A copy that another thread may read while this one goes on."""
        copy = EventRing(self.capacity, self._shapes)
        for mine, theirs in zip(self._columns, copy._columns, strict=True):
            theirs.extend(mine)
        copy.first, copy.end = self.first, self.end
        return copy

    # ------------------------------------------------------------ coming

    def extend(self, batch: Sequence[DriverEvent], offset_s: float = 0.0) -> None:
        """Add events; ``offset_s`` is added to their times. The oldest go where there is no room."""
        skipped = max(0, len(batch) - self.capacity)
        if skipped:
            batch = batch[skipped:]
        self._put(
            skipped,
            array("d", [event.at_s + offset_s for event in batch]),
            array("I", map(self._shapes.__getitem__, map(_shape, batch))),
            array("q", [_NONE if event.connection_id is None else event.connection_id for event in batch]),
            array("d", [_NOT_TIMED if event.duration_ms is None else event.duration_ms for event in batch]),
            array("q", [_NONE if event.request_id is None else event.request_id for event in batch]),
            [event.text for event in batch],
        )

    def take_over(self, other: EventRing) -> None:
        """Add all events of a `sibling`."""
        start = other.first % other.capacity
        self._put(0, *(column[start:] + column[:start] for column in other._columns))

    def _put(self, skipped: int, *columns: Any) -> None:
        count = len(columns[0])
        first = self.end + skipped
        place = first % self.capacity
        for column, fresh in zip(self._columns, columns, strict=True):
            if len(column) < self.capacity and not skipped:  # it still grows, so the next place is its end
                room = self.capacity - len(column)
                column.extend(fresh[:room])
                column[: max(0, count - room)] = fresh[room:]
            elif skipped:  # the batch fills the whole ring
                column[:] = fresh[count - place :] + fresh[: count - place]
            else:
                before_the_seam = min(count, self.capacity - place)
                column[place : place + before_the_seam] = fresh[:before_the_seam]
                column[: count - before_the_seam] = fresh[before_the_seam:]
        self.end = first + count
        self.first = max(self.first, self.end - self.capacity)

    # ------------------------------------------------------------ reading

    def event(self, number: int) -> DriverEvent:
        """An event as it came."""
        place = number % self.capacity
        connection, took, request = self._connection[place], self._took[place], self._request[place]
        return DriverEvent(
            at_s=self._at[place],
            connection_id=None if connection == _NONE else connection,
            duration_ms=None if took == _NOT_TIMED else took,
            request_id=None if request == _NONE else request,
            text=self._text[place],
            **dict(zip(SHAPE_FIELDS, self._shapes.listed[self._shape[place]], strict=True)),
        )

    def at_s(self, number: int) -> float:
        """When it happened."""
        return self._at[number % self.capacity]

    def servers(self) -> list[str]:
        """Every server that an event named so far, sorted."""
        return sorted({shape[_SERVER] for shape in self._shapes.listed if shape[_SERVER]})

    def connections(self, server: str = "") -> list[int]:
        """The connection ids among the events kept, newest first; with ``server`` only its own."""
        if server:
            ours = {n for n, shape in enumerate(self._shapes.listed) if shape[_SERVER] == server}
            found = {c for c, s in zip(self._connection, self._shape, strict=True) if s in ours}
        else:
            found = set(self._connection)
        return sorted(found - {_NONE}, reverse=True)

    def of_request(self, request_id: int) -> list[int]:
        """Numbers of the events of one command, oldest first."""
        places = [place for place, request in enumerate(self._request) if request == request_id]
        return sorted(self._number(place) for place in places)

    def matching(self, wanted: EventFilter, start: int | None = None) -> array[int]:
        """Numbers of the events from ``start`` on that pass a filter, ascending."""
        start = self.first if start is None else max(start, self.first)
        found = array("q")
        while start < self.end:
            place = start % self.capacity
            stop = min(self.end, start + len(self._text) - place)
            found.extend(self._matching(wanted, start, slice(place, place + stop - start)))
            start = stop
        return found

    def _matching(self, wanted: EventFilter, start: int, piece: slice) -> Iterator[int] | list[int]:
        text = wanted.text
        out, ask, passed = 0, 1, 2
        verdicts = bytearray(out for _ in self._shapes.listed)
        for number, shape in enumerate(self._shapes.listed):
            if (
                (wanted.kind and shape[_KIND] != wanted.kind)
                or (wanted.without and shape[_KIND] == wanted.without)
                or (wanted.server and shape[_SERVER] != wanted.server)
                or (wanted.failed and not shape[_FAILED])
            ):
                continue
            words = f"{shape[_NAME]} {shape[_SERVER] or ''}".casefold()
            verdicts[number] = passed if text in words else ask
        shapes = self._shape[piece]
        numbers = range(start, start + len(shapes))
        if wanted.connection_id is not None:
            one = wanted.connection_id
            texts, connections = self._text[piece], self._connection[piece]
            rows = zip(numbers, shapes, texts, connections, strict=True)
            return [
                n for n, s, t, c in rows if c == one and verdicts[s] and (verdicts[s] == passed or text in t.casefold())
            ]
        if not text:
            return compress(numbers, map(verdicts.__getitem__, shapes))
        if text.isdigit():
            connections = self._connection[piece]
            named = {c for c in set(connections) if c != _NONE and text in str(c)}
            rows = zip(numbers, shapes, self._text[piece], connections, strict=True)
            return [
                n for n, s, t, c in rows if (verdict := verdicts[s]) and (verdict == passed or text in t or c in named)
            ]
        pairs = zip(numbers, shapes, self._text[piece], strict=True)
        return [n for n, s, t in pairs if (v := verdicts[s]) and (v == passed or text in t.casefold())]

    def _number(self, place: int) -> int:
        number = self.first - self.first % self.capacity + place
        return number if number >= self.first else number + self.capacity


def rows_before(numbers: array[int], start: int, limit: int) -> int:
    """How many of the ascending ``numbers`` from position ``start`` on are below ``limit``."""
    return bisect_left(numbers, limit, start) - start
