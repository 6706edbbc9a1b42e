"""The driver's connection pools, as frozen values: who is in use, who waits, what a connection cost.

`pool_fold` makes them of the driver's events.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class _Value(msgspec.Struct, frozen=True, kw_only=True):
    pass


class PoolLimits(_Value, frozen=True, kw_only=True):
    """The pool options in force, PyMongo's defaults included. None: no limit."""

    max_pool_size: int | None = 100
    min_pool_size: int = 0
    max_connecting: int = 2
    max_idle_time_ms: float | None = None
    wait_queue_timeout_ms: float | None = None


class Quantiles(_Value, frozen=True, kw_only=True):
    """Durations in milliseconds: ``count``, ``mean`` and ``max`` of all, the others of the latest 1,024."""

    count: int = 0
    mean: float = 0.0
    median: float = 0.0
    p95: float = 0.0
    p99: float = 0.0
    max: float = 0.0


class PoolSnapshot(_Value, frozen=True, kw_only=True):
    """The pool of one server now. ``in_use + idle + making`` is its size."""

    server: str
    in_use: int = 0
    idle: int = 0
    making: int = 0
    """Connections that are being made: connect, handshake, login."""
    waiting: int = 0
    """Check-outs that have neither got a connection nor are making one."""
    made: int = 0
    """Connections made in total."""
    closed: Mapping[str, int] = {}
    """Connections closed in total, by PyMongo's reason: ``stale``, ``idle``, ``error``, ``poolClosed``."""
    check_outs: int = 0
    failed_check_outs: Mapping[str, int] = {}
    """By PyMongo's reason: ``timeout``, ``connectionError``, ``poolClosed``."""
    check_out_ms: Quantiles = Quantiles()
    """From asking to having; making a connection included."""
    make_ms: Quantiles = Quantiles()
    """Making one connection, login included."""
    generation: int = 0
    """How often the pool was cleared; connections of an older generation are stale."""
    paused: bool = False
    """Cleared and not yet ready again: no connection can be checked out."""
    most_in_use: int = 0
    """At once, since the pool was made or the latest exercise began; as is ``most_waiting``."""
    most_waiting: int = 0
    limits: PoolLimits = PoolLimits()

    @property
    def size(self) -> int:
        """Connections in all."""
        return self.in_use + self.idle + self.making

    @property
    def closed_in_all(self) -> int:
        """Connections closed, whatever the reason."""
        return sum(self.closed.values())


class PoolSample(_Value, frozen=True, kw_only=True, gc=False):
    """A point of the chart, ``at_s`` seconds since the watch began: the most in use and the most waiting since the
    sample before, and the idle ones at its end. Equal neighbours are left out: draw steps."""

    at_s: float
    in_use: int
    idle: int
    waiting: int


class DeadIdle(_Value, frozen=True, kw_only=True):
    """Connections that had died while they were idle, though the server was there: a new one worked at once."""

    server: str
    count: int
    shortest_s: float
    """The shortest time without use after which one was dead."""


class SlowGrowth(_Value, frozen=True, kw_only=True):
    """A time in which work waited although the pool was not full, because it grew only so fast."""

    server: str
    waited_ms: float
    """In all."""
    made: int
    """Connections made by the pool so far."""
    make_ms: float
    """Median of making one."""
    max_connecting: int
