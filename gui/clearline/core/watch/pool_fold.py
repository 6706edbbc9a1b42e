"""The driver's connection pools, folded from its events: each event in O(1), all of it in bounded memory.

Pure: `PoolFold` is fed with `DriverEvent` values, in the order and in the thread in which they happen, and gives frozen
snapshots. Rules of the numbers: CMAP spec, and ``pymongo.asynchronous.pool`` for the order of its events.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import Any

from clearline.core.driver.events import DriverEvent
from clearline.core.watch.pool import DeadIdle, PoolLimits, PoolSample, PoolSnapshot, Quantiles, SlowGrowth

IDLE_DROP_S = 60.0
"""A connection that was quiet for less is not suspected of having been forgotten on the way: no product does it so
soon (Azure 4 minutes, AWS 350 s)."""
REPLACED_WITHIN_S = 10.0
"""A new connection that works so soon after a dead one proves that the server was there all the time."""
_LATEST = 1024
_AT_ONCE_S = 0.05
"""The driver checks a broken connection in and closes it in the same breath."""
_FINE_SAMPLES = 240
_COARSE_SAMPLES = 420
_COARSE_STEP_S = 2.0
_LONGEST_S = 900.0
_MOST_SERVERS = 100
_LAST_WORDS = frozenset(
    {"PoolClosed", "PoolCleared", "ConnectionClosed", "ConnectionCheckedIn", "ConnectionCheckOutFailed"}
)


class Durations:
    """Durations in milliseconds, added in O(1); the quantiles are those of the latest 1,024."""

    def __init__(self) -> None:
        self._latest: deque[float] = deque(maxlen=_LATEST)
        self._count = 0
        self._sum = 0.0
        self._max = 0.0
        self._known: Quantiles | None = Quantiles()

    def add(self, ms: float) -> None:
        """One more."""
        self._latest.append(ms)
        self._count += 1
        self._sum += ms
        if ms > self._max:
            self._max = ms
        self._known = None

    def quantiles(self) -> Quantiles:
        """What they are together."""
        if self._known is None:
            ranked = sorted(self._latest)
            last = len(ranked) - 1
            self._known = Quantiles(
                count=self._count,
                mean=self._sum / self._count,
                median=ranked[last // 2],
                p95=ranked[round(last * 0.95)],
                p99=ranked[round(last * 0.99)],
                max=self._max,
            )
        return self._known


class Series:
    """The points of one chart: the last minute as it was, 15 minutes in steps of two seconds, their peaks kept."""

    def __init__(self) -> None:
        self._fine: deque[PoolSample] = deque()
        self._coarse: deque[PoolSample] = deque(maxlen=_COARSE_SAMPLES)

    def add(self, sample: PoolSample) -> bool:
        """Add a point; False when it says nothing new, for then the last step just goes on."""
        fine = self._fine
        if fine:
            last = fine[-1]
            if (last.in_use, last.idle, last.waiting) == (sample.in_use, sample.idle, sample.waiting):
                return False
        fine.append(sample)
        if len(fine) > _FINE_SAMPLES:
            self._age(fine.popleft())
        return True

    def points(self, now_s: float) -> tuple[PoolSample, ...]:
        """Oldest first, without what is older than 15 minutes, save the last of those: it still holds at the edge."""
        coarse = self._coarse
        while len(coarse) > 1 and coarse[1].at_s < now_s - _LONGEST_S:
            coarse.popleft()
        return (*coarse, *self._fine)

    def _age(self, old: PoolSample) -> None:
        coarse = self._coarse
        if coarse and old.at_s - coarse[-1].at_s < _COARSE_STEP_S:
            last = coarse[-1]
            coarse[-1] = PoolSample(
                at_s=last.at_s,
                in_use=max(last.in_use, old.in_use),
                idle=old.idle,
                waiting=max(last.waiting, old.waiting),
            )
        else:
            coarse.append(old)


class _Pool:
    """One server's pool while its events come in."""

    def __init__(self, server: str, limits: PoolLimits) -> None:
        self.server = server
        self.limits = limits
        self.making: dict[int, float] = {}
        self.idle: dict[int, float] = {}
        self.out: dict[int, float] = {}
        """Connections by number, and since when they are being made, idle, in use."""
        self.quiet_s: dict[int, float] = {}
        """For how long a connection had been idle when it was last checked out."""
        self.asking = 0
        self.made = 0
        self.check_outs = 0
        self.closed: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.check_out = Durations()
        self.make = Durations()
        self.generation = 0
        self.paused = True
        self.most_in_use = self.most_waiting = 0
        self.peak_in_use = self.peak_waiting = 0
        self.series = Series()
        self.growing_since: float | None = None
        self.grown_ms = 0.0
        self.suspects: deque[tuple[float, float]] = deque(maxlen=200)
        """Time of death and quiet time of connections that died idle, not yet proven by a new one."""
        self.dead_idle = 0
        self.dead_idle_shortest_s = 0.0
        self.trouble_at_s = float("-inf")
        """The latest sign that the server was away, a failed heartbeat, or that this program was."""

    @property
    def waiting(self) -> int:
        return max(0, self.asking - len(self.making))

    def feed(self, event: DriverEvent) -> None:
        at_s, number = event.at_s, event.connection_id or 0
        match event.name:
            case "ConnectionCheckOutStarted":
                self._note_peaks(at_s)  # without this one: where a connection is free it has it at once
                self.asking += 1
                return
            case "ConnectionCheckedOut":
                self._checked_out(at_s, number, event.duration_ms)
            case "ConnectionCheckedIn":
                if self.out.pop(number, None) is not None:
                    self.idle[number] = at_s
            case "ConnectionCheckOutFailed":
                self._note_peaks(at_s)
                self.asking = max(0, self.asking - 1)
                self.failed[event.reason or "unknown"] += 1
            case "ConnectionCreated":
                self.making[number] = at_s
            case "ConnectionReady":
                self._ready(at_s, number, event.duration_ms)
                return  # who asked for it has it in the next event
            case "ConnectionClosed":
                self._closed(at_s, number, event.reason or "unknown")
            case "PoolReady":
                self.paused = False
            case "PoolCleared":
                self.generation += 1
                self.paused = True
            case _:
                return
        self._note_peaks(at_s)

    def _checked_out(self, at_s: float, number: int, duration_ms: float | None) -> None:
        self.asking = max(0, self.asking - 1)
        self.check_outs += 1
        quiet_since = self.idle.pop(number, None)
        self.out[number] = at_s
        if quiet_since is not None:
            self.quiet_s[number] = at_s - quiet_since
        if duration_ms is not None:
            self.check_out.add(duration_ms)

    def _ready(self, at_s: float, number: int, duration_ms: float | None) -> None:
        self.making.pop(number, None)
        self.idle[number] = at_s  # until it is checked out, which is at once where an operation asked for it
        self.made += 1
        if duration_ms is not None:
            self.make.add(duration_ms)
        while self.suspects:
            died_s, quiet_s = self.suspects.popleft()
            if at_s - died_s <= REPLACED_WITHIN_S and self.trouble_at_s < died_s - quiet_s:
                shortest = self.dead_idle_shortest_s
                self.dead_idle_shortest_s = min(shortest, quiet_s) if self.dead_idle else quiet_s
                self.dead_idle += 1

    def _closed(self, at_s: float, number: int, reason: str) -> None:
        self.closed[reason] += 1
        self.making.pop(number, None)
        taken = self.out.pop(number, None)
        quiet_since = self.idle.pop(number, None)
        quiet_s = self.quiet_s.pop(number, 0.0)
        if reason != "error":
            return
        if taken is None and quiet_since is not None and at_s - quiet_since > _AT_ONCE_S:
            quiet_s = at_s - quiet_since  # it was found closed when it was to be used
        if quiet_s >= IDLE_DROP_S:
            self.suspects.append((at_s, quiet_s))

    def _note_peaks(self, at_s: float) -> None:
        in_use, waiting = len(self.out), self.waiting
        if in_use > self.peak_in_use:
            self.peak_in_use = in_use
            self.most_in_use = max(self.most_in_use, in_use)
        if waiting > self.peak_waiting:
            self.peak_waiting = waiting
            self.most_waiting = max(self.most_waiting, waiting)
        limits = self.limits
        growing = (
            waiting > 0
            and len(self.making) >= limits.max_connecting
            and not self.idle
            and (limits.max_pool_size is None or in_use + len(self.making) < limits.max_pool_size)
        )
        if growing and self.growing_since is None:
            self.growing_since = at_s
        elif not growing and self.growing_since is not None and not self._between_two(waiting):
            self.grown_ms += (at_s - self.growing_since) * 1000
            self.growing_since = None

    def _between_two(self, waiting: int) -> bool:
        """Whether one connection was just made and the next one is about to be begun: it grows on."""
        room = self.limits.max_pool_size is None or len(self.out) + len(self.making) < self.limits.max_pool_size
        return waiting > 0 and room and len(self.idle) <= 1

    def sample(self, at_s: float) -> bool:
        added = self.series.add(
            PoolSample(
                at_s=at_s,
                in_use=self.peak_in_use,
                idle=len(self.idle),
                waiting=max(self.peak_waiting, self.waiting),
            )
        )
        self.peak_in_use, self.peak_waiting = len(self.out), self.waiting
        return added

    def snapshot(self) -> PoolSnapshot:
        return PoolSnapshot(
            server=self.server,
            in_use=len(self.out),
            idle=len(self.idle),
            making=len(self.making),
            waiting=self.waiting,
            made=self.made,
            closed=dict(self.closed),
            check_outs=self.check_outs,
            failed_check_outs=dict(self.failed),
            check_out_ms=self.check_out.quantiles(),
            make_ms=self.make.quantiles(),
            generation=self.generation,
            paused=self.paused,
            most_in_use=self.most_in_use,
            most_waiting=self.most_waiting,
            limits=self.limits,
        )


class PoolFold:
    """Folds the events of one client into the state of its pools: O(1) for each event, bounded memory."""

    def __init__(self, limits: PoolLimits | None = None) -> None:
        self._limits = limits or PoolLimits()
        self._pools: dict[str, _Pool] = {}

    def feed(self, event: DriverEvent) -> None:
        """One event, in the order of their happening; events that are not about pools only end suspicions."""
        server = event.server
        if server is None:
            return
        match event.kind:
            case "connection" | "pool":
                pool = self._pools.get(server)
                if event.name == "PoolCreated" or pool is None:
                    if event.name in _LAST_WORDS:
                        return  # of a pool that went with its server
                    pool = self._opened(server, pool)
                if event.name == "PoolClosed":
                    pool.feed(event)
                    pool.paused = True
                    return
                pool.feed(event)
            case "heartbeat" if event.failed and (pool := self._pools.get(server)) is not None:
                pool.trouble_at_s = event.at_s
            case "server" if event.name == "ServerClosed":
                self._pools.pop(server, None)
            case _:
                pass

    def unwatched(self, at_s: float) -> None:
        """The program stood still until now: what ended meanwhile, something on the way need not have dropped."""
        for pool in self._pools.values():
            pool.trouble_at_s = at_s

    def _opened(self, server: str, before: _Pool | None) -> _Pool:
        pool = _Pool(server, self._limits)
        if before is not None:
            pool.series = before.series  # the same server again, e.g. after the client was built anew
        elif len(self._pools) >= _MOST_SERVERS:
            self._pools.pop(next(iter(self._pools)))
        self._pools[server] = pool
        return pool

    def sample(self, at_s: float) -> bool:
        """Add a point to each chart; True when one of them changed."""
        return sum(pool.sample(at_s) for pool in self._pools.values()) > 0

    def snapshot(self) -> tuple[PoolSnapshot, ...]:
        """All pools now, by server address."""
        return tuple(self._pools[server].snapshot() for server in sorted(self._pools))

    def series(self, now_s: float) -> dict[str, tuple[PoolSample, ...]]:
        """The charts, by server address."""
        return {server: self._pools[server].series.points(now_s) for server in sorted(self._pools)}

    def restart_peaks(self) -> None:
        """Count ``most_in_use`` and ``most_waiting`` from now on."""
        for pool in self._pools.values():
            pool.most_in_use = pool.peak_in_use = len(pool.out)
            pool.most_waiting = pool.peak_waiting = pool.waiting

    def busy(self, server: str | None = None) -> PoolSnapshot | None:
        """A pool (of this server) all of whose connections are in use; None when there is none."""
        for pool in self._pools.values():
            most = pool.limits.max_pool_size
            if (server is None or pool.server == server) and most is not None and len(pool.out) >= most:
                return pool.snapshot()
        return None

    def dead_idle(self) -> tuple[DeadIdle, ...]:
        """Where idle connections had been forgotten on the way."""
        return tuple(
            DeadIdle(server=pool.server, count=pool.dead_idle, shortest_s=pool.dead_idle_shortest_s)
            for pool in self._pools.values()
            if pool.dead_idle
        )

    def slow_growth(self, at_s: float) -> tuple[SlowGrowth, ...]:
        """Where work waited while the pool grew, at most one per server."""
        found = []
        for pool in self._pools.values():
            waited_ms = pool.grown_ms
            if pool.growing_since is not None:
                waited_ms += (at_s - pool.growing_since) * 1000
            if waited_ms > 0:
                found.append(
                    SlowGrowth(
                        server=pool.server,
                        waited_ms=waited_ms,
                        made=pool.made,
                        make_ms=pool.make.quantiles().median,
                        max_connecting=pool.limits.max_connecting,
                    )
                )
        return tuple(found)


def limits_of(client: Any) -> PoolLimits:
    """The pool options in force of a PyMongo client."""
    options = client.options.pool_options
    idle_s, queue_s = options.max_idle_time_seconds, options.wait_queue_timeout
    return PoolLimits(
        max_pool_size=_most(options.max_pool_size),
        min_pool_size=options.min_pool_size,
        max_connecting=options.max_connecting,
        max_idle_time_ms=None if idle_s is None else idle_s * 1000,
        wait_queue_timeout_ms=None if queue_s is None else queue_s * 1000,
    )


def _most(size: float | None) -> int | None:
    """PyMongo says "no limit" with None, 0 or infinity."""
    return int(size) if size and size != float("inf") else None
