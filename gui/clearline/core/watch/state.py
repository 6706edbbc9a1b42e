"""What a watch tells: one frozen value with everything in it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from clearline.core.findings import Finding
from clearline.core.watch.exercise import ExerciseResult
from clearline.core.watch.health import HealthSnapshot, Pause
from clearline.core.watch.pool import PoolSample, PoolSnapshot
from clearline.core.watch.topology import TopologySnapshot


class WatchState(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a watch knows now. A new one comes at most four times a second, and only after a change."""

    started: float
    """Epoch seconds; every ``at_s`` counts from here."""
    at_s: float
    """Age of this state."""
    interval_s: float
    health: HealthSnapshot = HealthSnapshot()
    topology: TopologySnapshot = TopologySnapshot()
    pools: tuple[PoolSnapshot, ...] = ()
    """By server address."""
    series: Mapping[str, tuple[PoolSample, ...]] = {}
    """The pools' last 15 minutes, by server address."""
    exercise: ExerciseResult | None = None
    """The one that runs, or the latest."""
    findings: tuple[Finding, ...] = ()
    """What shows only over time: slow growth of a pool, idle connections that died, a fail-over, a used-up pool."""
    paused: Pause | None = None
    local: bool = False
    """Every server is on this computer: no need to ask before an exercise."""
    ended: bool = False
    """The last state of a watch: its client is closed."""
