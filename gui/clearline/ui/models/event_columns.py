"""The columns of the event log and what stands in them."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt

from clearline.core.driver.events import DriverEvent

COLUMNS: Final = ("mark", "time", "gap", "kind", "event", "server", "conn", "took", "details")
MARK, TIME, GAP, KIND, EVENT, SERVER, CONNECTION, TOOK, DETAILS = range(len(COLUMNS))
NUMBERS: Final = frozenset({TIME, GAP, CONNECTION, TOOK})
TITLES: Final = {MARK: ""}
MEANINGS: Final = (
    "A mark of yours",
    "Time since the check, or the watch, began",
    "Time since the row above",
    "What the event is about",
    "PyMongo's name of the event",
    "The server it is about",
    "The driver's number of the connection",
    "How long it took",
    "What it says, and why",
)


def alignment(column: int) -> Qt.AlignmentFlag:
    """Numbers to the right."""
    side = Qt.AlignmentFlag.AlignRight if column in NUMBERS else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


_MS_PER_S: Final = 1000
_LONG_S: Final = 10


def time_text(seconds: float) -> str:
    """A time since the beginning."""
    return f"{seconds * _MS_PER_S:,.1f} ms" if seconds < _LONG_S else f"{seconds:,.3f} s"


def gap_text(seconds: float) -> str:
    """A time since the event above."""
    ms = max(0.0, seconds) * _MS_PER_S
    if ms < _MS_PER_S:
        return f"+{ms:.1f} ms"
    return f"+{ms / _MS_PER_S:,.2f} s"


def cell_text(event: DriverEvent, column: int) -> str:
    """What an event says in a column, but for the gap, which it cannot know."""
    match column:
        case 0:
            return ""
        case 1:
            return time_text(event.at_s)
        case 3:
            return event.kind
        case 4:
            return event.name
        case 5:
            return event.server or ""
        case 6:
            return "" if event.connection_id is None else str(event.connection_id)
        case 7:
            return "" if event.duration_ms is None else f"{event.duration_ms:,.1f} ms"
        case _:
            return event.text
