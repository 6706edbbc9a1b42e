"""The life of one connection of a pool, read from its events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from clearline.core.driver.events import DriverEvent


class Phase(Enum):
    """What a connection does."""

    MAKING = "being made"
    IDLE = "idle"
    IN_USE = "in use"


@dataclass(frozen=True, slots=True)
class Span:
    """A phase; ``end_s`` is that of the latest event where it lasts."""

    phase: Phase
    begin_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class LifeLine:
    """Seconds count as in the events. ``made`` None: it was made before the oldest event that is kept."""

    server: str
    connection_id: int
    spans: tuple[Span, ...]
    made_s: float | None = None
    make_ms: float | None = None
    closed_s: float | None = None
    closed_because: str = ""
    check_outs: int = 0

    @property
    def in_use_s(self) -> float:
        """Seconds in use, all check-outs together."""
        return sum(span.end_s - span.begin_s for span in self.spans if span.phase is Phase.IN_USE)

    @property
    def sentence(self) -> str:
        """The life in words."""
        parts = ["made before the oldest event kept" if self.made_s is None else f"made at {self.made_s:,.3f} s"]
        if self.make_ms is not None:
            parts[0] += f" in {self.make_ms:,.1f} ms"
        times = "once" if self.check_outs == 1 else f"{self.check_outs:,} times"
        parts.append(f"checked out {times}, {self.in_use_s:,.3f} s in all" if self.check_outs else "never checked out")
        if self.closed_s is None:
            parts.append("open")
        else:
            parts.append(f"closed at {self.closed_s:,.3f} s" + (f": {self.closed_because}" * bool(self.closed_because)))
        return "; ".join(parts)


def life_of(server: str, connection_id: int, events: Iterable[DriverEvent], *, at_s: float, now_s: float) -> LifeLine:
    """Read the events of one connection, oldest first; ``now_s`` is how far the log reaches.

    A later client counts its connections from 1 again: it is the one that had this number at ``at_s``.
    """
    events = _one_life(list(events), at_s)
    spans: list[Span] = []
    phase: Phase | None = None
    since = latest = 0.0
    made_s = make_ms = closed_s = None
    because = ""
    check_outs = 0

    def turn(to: Phase | None, at: float) -> None:
        nonlocal phase, since
        if phase is not None:
            spans.append(Span(phase, since, at))
        phase, since = to, at

    for event in events:
        latest = event.at_s
        match event.name:
            case "ConnectionCreated":
                made_s = latest
                turn(Phase.MAKING, latest)
            case "ConnectionReady":
                make_ms = event.duration_ms
                turn(Phase.IDLE, latest)
            case "ConnectionCheckedOut":
                check_outs += 1
                turn(Phase.IN_USE, latest)
            case "ConnectionCheckedIn":
                turn(Phase.IDLE, latest)
            case "ConnectionClosed":
                closed_s, because = latest, event.text or event.reason or ""
                turn(None, latest)
            case _:
                pass
    if phase is not None:
        turn(None, max(latest, now_s))
    return LifeLine(server, connection_id, tuple(spans), made_s, make_ms, closed_s, because, check_outs)


def _one_life(events: list[DriverEvent], at_s: float) -> list[DriverEvent]:
    births = [n for n, event in enumerate(events) if event.name == "ConnectionCreated"]
    begin = max((n for n in births if events[n].at_s <= at_s), default=0)
    end = min((n for n in births if n > begin and events[n].at_s > at_s), default=len(events))
    return events[begin:end]
