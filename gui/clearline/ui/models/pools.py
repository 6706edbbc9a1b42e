"""The driver's connection pools, one row a server."""

from __future__ import annotations

from collections.abc import Mapping

from clearline.core.watch.pool import PoolSnapshot
from clearline.ui.models.live_rows import Column, LiveRows


def _ms(value: float) -> str:
    return f"{value:,.1f}" if value < 1000 else f"{value:,.0f}"


def _count(value: int) -> str:
    return f"{value:,}"


def reasons(counts: Mapping[str, int]) -> str:
    """Counts by reason, in words."""
    return ", ".join(f"{reason} {count:,}" for reason, count in sorted(counts.items()) if count)


def _timed(pool: PoolSnapshot, value: float) -> str:
    return _ms(value) if pool.check_out_ms.count else "–"


def _limit(pool: PoolSnapshot) -> str:
    limits = pool.limits
    most = "no limit" if limits.max_pool_size is None else f"{limits.max_pool_size:,}"
    return f"{limits.min_pool_size:,} – {most}"


def _full(pool: PoolSnapshot) -> tuple[str, str] | None:
    if pool.paused:
        return "pause", "warning"
    most = pool.limits.max_pool_size
    if most is not None and pool.in_use >= most:
        return "warning", "warning"
    return None


def _full_tip(pool: PoolSnapshot) -> str:
    if pool.paused:
        return "Paused: cleared after an error, no connection can be checked out until a heartbeat succeeds."
    return f"Used up: all {pool.in_use:,} connections are in use." if _full(pool) else ""


_COLUMNS: tuple[Column[PoolSnapshot], ...] = (
    Column("server", "The pool belongs to this server", lambda p: p.server, _full_tip, _full),
    Column("in use", "Checked-out connections", lambda p: _count(p.in_use), number=True),
    Column("idle", "Connections that wait for work", lambda p: _count(p.idle), number=True),
    Column("making", "Connections that connect, shake hands or log in", lambda p: _count(p.making), number=True),
    Column(
        "waiting",
        "Check-outs that wait for a connection",
        lambda p: _count(p.waiting),
        tone=lambda p: "warning" if p.waiting else None,
        number=True,
    ),
    Column("min – max", "minPoolSize and maxPoolSize in force", _limit, number=True),
    Column(
        "check-out ms: median",
        "From asking for a connection to having it",
        lambda p: _timed(p, p.check_out_ms.median),
        number=True,
    ),
    Column("p95", "95 of 100 check-outs took less", lambda p: _timed(p, p.check_out_ms.p95), number=True),
    Column("max", "The longest check-out", lambda p: _timed(p, p.check_out_ms.max), number=True),
    Column("made", "Connections made so far", lambda p: _count(p.made), number=True),
    Column("clears", "How often the pool was cleared: its generation", lambda p: _count(p.generation), number=True),
    Column(
        "failed",
        "Check-outs that got no connection",
        lambda p: reasons(p.failed_check_outs) or "0",
        tone=lambda p: "failed" if any(p.failed_check_outs.values()) else None,
    ),
    Column(
        "closed",
        "Connections closed so far; the reasons are in the tool tip",
        lambda p: _count(p.closed_in_all) + (f" ({reasons(p.closed)})" if p.closed_in_all else ""),
        lambda p: reasons(p.closed),
    ),
)


class PoolsModel(LiveRows[PoolSnapshot]):
    """Shows `PoolSnapshot` values."""

    def __init__(self) -> None:
        super().__init__(_COLUMNS, lambda pool: pool.server)
