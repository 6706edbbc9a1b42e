"""A watch as lanes over one axis of time: latency, the pool in use, who was primary when, what happened."""

from __future__ import annotations

from clearline.core.watch.health import HealthState
from clearline.core.watch.state import WatchState
from clearline.core.watch.topology import TopologyChange, spoken
from clearline.ui.look.short_names import shorten
from clearline.ui.models.outages import clock_text
from clearline.ui.widgets.chart_data import Curve, Limit, Mark, Picture
from clearline.ui.widgets.lanes import Bar, Score, Span, Tick

_MOST_BARS = 6


def score_of(state: WatchState | None, reach_s: float) -> Score:
    """All lanes of a watch."""
    latency = latency_picture(state, reach_s)
    if state is None:
        return Score(latency, Picture(empty="No connection was made yet."))
    bars = _bars(state)
    return Score(latency, _pool(state), bars[:_MOST_BARS], max(0, len(bars) - _MOST_BARS), _ticks(state))


def latency_picture(state: WatchState | None, reach_s: float) -> Picture:
    """The pings of a watch, its outages shaded."""
    if state is None:
        return Picture(title="Latency", unit="ms", empty="No ping yet.")
    health = state.health
    pings = health.latencies
    marks = tuple(
        Mark(
            f"{'lost' if outage.worst is HealthState.DOWN else 'degraded'} at {clock_text(outage.began)}",
            outage.began,
            None if outage.lasted_s is None else outage.began + outage.lasted_s,
            "failed" if outage.worst is HealthState.DOWN else "warning",
        )
        for outage in health.outages
    )
    curve = Curve("ping", "accent", [ping.at for ping in pings], [ping.rtt_ms for ping in pings], filled=True)
    usual = (Limit("median", round(health.median_ms, 2)),) if health.median_ms is not None else ()
    now = state.started + state.at_s
    return Picture(
        title="Latency", unit="ms", curves=(curve,), limits=usual, marks=marks, now=now, reach_s=reach_s,
        empty="No ping yet.",
    )  # fmt: skip


def busiest(state: WatchState) -> str | None:
    """The server whose pool was asked most."""
    return max(state.pools, key=lambda pool: (pool.check_outs, pool.made)).server if state.pools else None


def _pool(state: WatchState) -> Picture:
    samples = state.series.get(busiest(state) or "", ())
    xs = [state.started + sample.at_s for sample in samples]
    return Picture(
        title="Pool",
        curves=(
            Curve("in use", "accent", xs, [sample.in_use for sample in samples], steps=True, filled=True),
            Curve("waiting", "warning", xs, [sample.waiting for sample in samples], steps=True, dashed=True),
        ),
        whole=True,
        empty="No connection was made yet.",
    )


def _bars(state: WatchState) -> tuple[Bar, ...]:
    """Each member over time, the primary first."""
    topology = state.topology
    names = shorten([server.address for server in topology.servers], tail=False)
    by_server: dict[str, list[TopologyChange]] = {server.address: [] for server in topology.servers}
    for change in topology.changes:
        if change.server in by_server and change.after is not None:
            by_server[change.server].append(change)
    servers = sorted(topology.servers, key=lambda server: server.address != topology.primary)
    return tuple(
        Bar(names[server.address], _spans(by_server[server.address], server.role, state.started)) for server in servers
    )


def _spans(changes: list[TopologyChange], now: str, started: float) -> tuple[Span, ...]:
    spans, role, begin = [], changes[0].before if changes else now, started
    for change in changes:
        if role is not None:
            spans.append(_span(begin, change.at, role))
        role, begin = change.after, change.at
    return (*spans, _span(begin, None, now))


def _span(begin: float, end: float | None, role: str) -> Span:
    strong = role in ("RSPrimary", "Standalone", "Mongos", "LoadBalancer")
    return Span(begin, end, spoken(role), strong=strong, broken=role == "Unknown")


def _ticks(state: WatchState) -> tuple[Tick, ...]:
    changes = [Tick(change.at, change.text) for change in state.topology.changes]
    lost = [
        Tick(ping.at, ping.text or "a ping failed", "failed") for ping in state.health.latencies if ping.rtt_ms is None
    ]
    return (*changes, *lost)
