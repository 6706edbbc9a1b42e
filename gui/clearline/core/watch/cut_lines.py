"""Lines that end whenever they have been quiet for a certain time, told by the heartbeats that await a change.

A server answers an awaited hello after ten seconds at the latest, so such a line is quiet for so long and no longer.
Where something on the way closes it after the same time again and again, with no awaited answer in between, that has an
idle limit.
"""

from __future__ import annotations

from collections import defaultdict, deque
from typing import Final

import msgspec

from clearline.core.driver.events import DriverEvent

_ENOUGH: Final = 3
"""So many ends of one server's line have to agree: one server that restarts ends all lines, but once."""
_SHORTEST_S: Final = 0.9
_ALIKE_S: Final = 0.25
_ALIKE: Final = 0.1
"""They agree within so many seconds, or so large a part."""


class IdleLimit(msgspec.Struct, frozen=True):
    """After how long a quiet line was closed, and how often that was seen."""

    server: str
    seconds: float
    count: int


class Ends:
    """After how long the latest lines of one kind were closed."""

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=_ENOUGH)

    def add(self, seconds: float) -> None:
        """One was closed after having been quiet for so long."""
        self._seconds.append(seconds)

    def clear(self) -> None:
        """What came before says nothing any more."""
        self._seconds.clear()

    def limit(self, server: str) -> IdleLimit | None:
        """The limit that they show; None when they show none."""
        shortest, longest = min(self._seconds, default=0.0), max(self._seconds, default=0.0)
        alike = longest - shortest <= max(_ALIKE_S, longest * _ALIKE)
        if len(self._seconds) < _ENOUGH or shortest < _SHORTEST_S or not alike:
            return None
        return IdleLimit(server, sorted(self._seconds)[_ENOUGH // 2], _ENOUGH)


class CutLines:
    """Fed with the events of one client, in their order."""

    def __init__(self) -> None:
        self._ends: dict[str, Ends] = defaultdict(Ends)

    def feed(self, event: DriverEvent) -> None:
        """Take one event in; only heartbeats matter."""
        if event.kind != "heartbeat" or event.server is None or not event.awaited:
            return
        if event.name == "ServerHeartbeatSucceeded":
            self._ends.pop(event.server, None)  # so long it may be quiet
        elif event.failed and event.duration_ms is not None:
            ends = self._ends[event.server]
            if event.reason == "closed":
                ends.add(event.duration_ms / 1000)
            else:
                ends.clear()  # a silence is another matter

    def limit_of(self, server: str) -> IdleLimit | None:
        """The idle limit that the ends of this server's line show; None when they show none."""
        ends = self._ends.get(server)
        return None if ends is None else ends.limit(server)

    def limit(self) -> IdleLimit | None:
        """The idle limit that the ends of some server's line show; None when they show none."""
        return next((found for server, ends in self._ends.items() if (found := ends.limit(server)) is not None), None)
