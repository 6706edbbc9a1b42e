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


class CutLines:
    """Fed with the events of one client, in their order."""

    def __init__(self) -> None:
        self._ends: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=_ENOUGH))

    def feed(self, event: DriverEvent) -> None:
        """Take one event in; only heartbeats matter."""
        if event.kind != "heartbeat" or event.server is None or not event.awaited:
            return
        if event.name == "ServerHeartbeatSucceeded":
            self._ends.pop(event.server, None)  # so long it may be quiet
        elif event.failed and event.duration_ms is not None:
            ends = self._ends[event.server]
            if event.reason == "closed":
                ends.append(event.duration_ms / 1000)
            else:
                ends.clear()  # a silence is another matter

    def limit(self) -> IdleLimit | None:
        """The idle limit that the ends of some server's line show; None when they show none."""
        for server, ends in self._ends.items():
            shortest, longest = min(ends, default=0.0), max(ends, default=0.0)
            alike = longest - shortest <= max(_ALIKE_S, longest * _ALIKE)
            if len(ends) == _ENOUGH and shortest >= _SHORTEST_S and alike:
                return IdleLimit(server, sorted(ends)[_ENOUGH // 2], _ENOUGH)
        return None
