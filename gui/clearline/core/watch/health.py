"""How a deployment is: the state, the rule behind it, pings, outages."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from enum import Enum
from typing import Any

import msgspec
from msgspec.structs import replace

from clearline.core.findings import Finding
from clearline.core.report.report import Report

_LATEST_PINGS = 3600
_LATEST_OUTAGES = 100
_WHOLE_REPORTS = 20
_USUAL_OF = 60
_UP = frozenset({"healthy", "degraded"})
SLOW_FACTOR = 5.0
SLOW_MS = 500.0
"""A ping is slow when it takes both this long and `SLOW_FACTOR` times as long as usual."""
_ENOUGH_FOR_USUAL = 5


class _Value(msgspec.Struct, frozen=True, kw_only=True):
    pass


class HealthState(Enum):
    """How the deployment is, by the rules of `RULES`."""

    UNKNOWN = "unknown"
    CHECKING = "checking"
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    DOWN = "down"
    PAUSED = "paused"


RULES: Mapping[HealthState, str] = {
    HealthState.UNKNOWN: "Not asked yet.",
    HealthState.CHECKING: "The first ping is on its way.",
    HealthState.HEALTHY: "The latest ping was answered in time, and every server of the deployment answers.",
    HealthState.DEGRADED: "Something answers, but not all is well: a server is silent, there is no primary, "
    "the pool is used up, or the answer took far longer than usual.",
    HealthState.DOWN: "No server answered the latest ping in time.",
    HealthState.PAUSED: "The login was refused, or the settings cannot work. Nothing is tried again until you say so, "
    "because repeated failures can lock an account.",
}
"""When a state holds, in words."""


class Ping(_Value, frozen=True, kw_only=True, gc=False):
    """One round: hello and ping to the server that reads go to. ``rtt_ms`` None: not answered in time."""

    at: float
    """Epoch seconds."""
    at_s: float
    """Seconds since the watch began."""
    state: HealthState
    """What it made of the deployment."""
    rtt_ms: float | None = None
    server: str | None = None
    text: str = ""
    """Why it failed, in the driver's words, redacted."""


class Outage(_Value, frozen=True, kw_only=True):
    """A time in which the deployment was down or degraded."""

    number: int
    """1 is the watch's first."""
    worst: HealthState
    """``DOWN`` or ``DEGRADED``."""
    began: float
    """Epoch seconds."""
    began_s: float
    """Seconds since the watch began."""
    lasted_s: float | None = None
    """None: it lasts."""
    why: str = ""
    """What was missing, one sentence."""
    diagnosing: bool = False
    """The probes are running."""
    report: Report | None = None
    """The check that was run when it began; None while it runs, or when none was run."""
    cause: Finding | None = None
    """The finding of the report (or of the watch) that explains it."""


class Pause(_Value, frozen=True, kw_only=True):
    """Why the watch does nothing, until `Watch.resume`."""

    at: float
    """Epoch seconds."""
    text: str
    """One sentence, without any secret."""
    code: int | None = None
    code_name: str | None = None
    server: str | None = None


class HealthSnapshot(_Value, frozen=True, kw_only=True):
    """The health now, and how it was."""

    state: HealthState = HealthState.UNKNOWN
    why: str = RULES[HealthState.UNKNOWN]
    """What makes it so now, one sentence."""
    since: float | None = None
    """Epoch seconds at which the state began."""
    pings: int = 0
    failures: int = 0
    """Pings without an answer."""
    up_s: float = 0.0
    """Seconds in which it was healthy or degraded, since the watch began."""
    degraded_s: float = 0.0
    """Those of ``up_s`` in which it was degraded."""
    down_s: float = 0.0
    rtt_ms: float | None = None
    """The latest ping's; None when it was not answered."""
    median_ms: float | None = None
    """Of the latest 60 pings, as is the 95th percentile."""
    p95_ms: float | None = None
    latencies: tuple[Ping, ...] = ()
    """The latest 3,600, oldest first."""
    outages: tuple[Outage, ...] = ()
    """The latest 100, oldest first."""
    outages_in_all: int = 0

    @property
    def rule(self) -> str:
        """When this state holds, in words."""
        return RULES[self.state]

    @property
    def uptime(self) -> float | None:
        """Share of the time in which it was up, 0 to 1; None before the first answer."""
        watched = self.up_s + self.down_s
        return self.up_s / watched if watched else None


class HealthFold:
    """Folds the outcome of each ping into the health. Memory is bounded. Times come from the caller.

    ``at_s`` is seconds since the watch began, ``at`` epoch seconds.
    """

    def __init__(self) -> None:
        self.state = HealthState.UNKNOWN
        self.why = RULES[HealthState.UNKNOWN]
        self._since: float | None = None
        self._since_s = 0.0
        self._counted_s: float | None = None
        self._up_s = self._down_s = self._degraded_s = 0.0
        self._pings = self._failures = 0
        self._rtt_ms: float | None = None
        self._latencies: deque[Ping] = deque(maxlen=_LATEST_PINGS)
        self._outages: deque[Outage] = deque(maxlen=_LATEST_OUTAGES)
        self._in_all = 0

    def judge(
        self,
        state: HealthState,
        why: str,
        at_s: float,
        at: float,
        *,
        outage: bool = False,
        since_s: float | None = None,
    ) -> None:
        """The state is this now, because of ``why``. ``outage``: it is told as a time in which something was missing.

        ``since_s``: when the question was asked that has had no answer. An outage began then, and not when waiting for
        the answer ended. Being healthy ends an outage; a slow answer neither begins nor ends one.
        """
        self._count(at_s)
        unanswered_s = 0.0 if since_s is None else max(0.0, at_s - since_s)
        if state is HealthState.DOWN and self.state is not state:
            if self.state.value in _UP:
                self._up_s = max(0.0, self._up_s - unanswered_s)
            if self.state is HealthState.DEGRADED:
                self._degraded_s = max(0.0, self._degraded_s - min(unanswered_s, at_s - self._since_s))
            self._down_s += unanswered_s
        if state is not self.state:
            self._since, self._since_s = at, at_s
        self.state, self.why = state, why
        running = self.running
        if outage and running is None:
            self._in_all += 1
            began_s, began = at_s - unanswered_s, at - unanswered_s
            self._outages.append(Outage(number=self._in_all, worst=state, began=began, began_s=began_s, why=why))
        elif outage and running is not None and state is HealthState.DOWN and running.worst is not state:
            self.amend(running.number, worst=state, why=why)
        elif running is not None and state is HealthState.HEALTHY:
            self.amend(running.number, lasted_s=at_s - running.began_s)

    def pinged(self, at_s: float, at: float, rtt_ms: float | None, server: str | None, text: str = "") -> None:
        """One ping's outcome, after `judge` has said what it makes of the deployment."""
        self._pings += 1
        self._failures += rtt_ms is None
        self._rtt_ms = rtt_ms
        self._latencies.append(Ping(at=at, at_s=at_s, state=self.state, rtt_ms=rtt_ms, server=server, text=text))

    def is_slow(self, rtt_ms: float) -> float | None:
        """The usual time, where this one is far above it."""
        usual = sorted(p.rtt_ms for p in self._recent(_USUAL_OF) if p.rtt_ms is not None)
        if len(usual) < _ENOUGH_FOR_USUAL:
            return None
        median = usual[len(usual) // 2]
        return median if rtt_ms > max(SLOW_MS, SLOW_FACTOR * median) else None

    @property
    def running(self) -> Outage | None:
        """The outage that lasts."""
        return self._outages[-1] if self._outages and self._outages[-1].lasted_s is None else None

    def outage(self, number: int) -> Outage | None:
        """One of those that are kept."""
        return next((outage for outage in self._outages if outage.number == number), None)

    def amend(self, number: int, **news: Any) -> None:
        """Add to what is known of an outage; one that is forgotten already stays so."""
        for index in range(len(self._outages) - 1, -1, -1):
            if self._outages[index].number == number:
                self._outages[index] = replace(self._outages[index], **news)
                break
        reports = [i for i, outage in enumerate(self._outages) if outage.report is not None]
        for index in reports[:-_WHOLE_REPORTS]:
            self._outages[index] = replace(self._outages[index], report=None)

    def unwatched(self, at_s: float, gap_s: float) -> None:
        """The program stood still for the latest ``gap_s`` seconds: in which state that was is not known."""
        self._count(at_s)
        if self.state is HealthState.DOWN:
            self._down_s = max(0.0, self._down_s - gap_s)
        elif self.state.value in _UP:
            self._up_s = max(0.0, self._up_s - gap_s)
            if self.state is HealthState.DEGRADED:
                self._degraded_s = max(0.0, self._degraded_s - gap_s)

    def _recent(self, count: int) -> list[Ping]:
        pings = self._latencies
        return [pings[i] for i in range(max(0, len(pings) - count), len(pings))]

    def _count(self, at_s: float) -> None:
        if self._counted_s is not None:
            gone = at_s - self._counted_s
            if self.state.value in _UP:
                self._up_s += gone
                self._degraded_s += gone if self.state is HealthState.DEGRADED else 0.0
            elif self.state is HealthState.DOWN:
                self._down_s += gone
        self._counted_s = at_s

    def snapshot(self, at_s: float) -> HealthSnapshot:
        """The health now."""
        self._count(at_s)
        ranked = sorted(p.rtt_ms for p in self._recent(_USUAL_OF) if p.rtt_ms is not None)
        return HealthSnapshot(
            state=self.state,
            why=self.why,
            since=self._since,
            pings=self._pings,
            failures=self._failures,
            up_s=self._up_s,
            degraded_s=self._degraded_s,
            down_s=self._down_s,
            rtt_ms=self._rtt_ms,
            median_ms=ranked[(len(ranked) - 1) // 2] if ranked else None,
            p95_ms=ranked[round((len(ranked) - 1) * 0.95)] if ranked else None,
            latencies=tuple(self._latencies),
            outages=tuple(self._outages),
            outages_in_all=self._in_all,
        )
