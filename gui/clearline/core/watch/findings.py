"""Findings that show only over time, from what a watch has seen of its pools and its deployment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec

from clearline.core.addresses import split_address
from clearline.core.diagnosis.catalogue import finding
from clearline.core.diagnosis.rules.selection import LAGS_S
from clearline.core.facts.hops import HopFacts
from clearline.core.findings import Certainty, Finding, Json, Severity, Stage, read_again
from clearline.core.watch.cut_lines import IdleLimit
from clearline.core.watch.pool import DeadIdle, PoolSnapshot, SlowGrowth
from clearline.core.watch.topology import ChangeKind, TopologyChange

NOTICED_MS = 250.0
"""Waiting for a pool to grow is worth a word from here on."""
SAFE_IDLE_MS = 120_000
"""Below the limits of the usual balancers (Azure 240 s, AWS 350 s) with room to spare."""
_MOST_READY = 20
_OR_ELSE = "it was restarted, or a balancer or a name with several addresses leads to another server now"
_HEARTBEAT_S = 10.0
"""heartbeatFrequencyMS where it is not set: a line of the driver's monitor is quiet for so long."""


class WatchFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the rules look at."""

    dead_idle: tuple[DeadIdle, ...] = ()
    slow_growth: tuple[SlowGrowth, ...] = ()
    used_up: tuple[PoolSnapshot, ...] = ()
    """Pools all of whose connections are in use while an operation waits."""
    changes: tuple[TopologyChange, ...] = ()
    behind: Mapping[str, float] = {}
    """By secondary: seconds behind the primary."""
    idle_limit: IdleLimit | None = None
    proxy: HopFacts | None = None
    """The HTTP proxy on the way, which has such limits."""
    hops: str = ""
    """The way in words; empty: there are none on it."""


def idle_limit(facts: WatchFacts) -> Iterable[Finding]:
    """Quiet lines are closed after the same time again and again."""
    limit, proxy = facts.idle_limit, facts.proxy
    if limit is None:
        return
    if proxy is not None:
        yield _of_proxy(proxy, limit.seconds, {"server": limit.server, "ends": limit.count})
    elif facts.hops:
        yield finding(
            "pool.idle-connections-dropped",
            Certainty.LIKELY,
            stage=Stage.DRIVER,
            server=limit.server,
            evidence={"idle_s": round(limit.seconds, 1), "ends": limit.count, "hops": facts.hops},
            detail=f"Through {facts.hops}, {limit.count} were ended after {limit.seconds:.0f} s without a word.",
            patch=_more_often(limit.seconds),
        )
    else:
        yield finding(
            "pool.idle-connections-dropped",
            Certainty.LIKELY,
            stage=Stage.DRIVER,
            server=limit.server,
            summary=f"Lines to {limit.server} are ended once they have been quiet for {limit.seconds:.0f} s.",
            means="A firewall, NAT or balancer ends quiet lines, or what stands in front of the server does.",
            detail=f"{limit.count} in a row ended so, and one on which something was said now and then did not.",
            evidence={"idle_s": round(limit.seconds, 1), "ends": limit.count},
            patch=_more_often(limit.seconds),
        )


def _more_often(seconds: float) -> dict[str, object]:
    """Settings with which no line of the driver is quiet for so long."""
    half_ms = max(500, round(seconds * 500))
    patch: dict[str, object] = {"pool": {"maxIdleTimeMS": half_ms}}
    if seconds < _HEARTBEAT_S:
        patch["timeouts"] = {"heartbeatFrequencyMS": half_ms}
    return patch


def _of_proxy(proxy: HopFacts, seconds: float, evidence: dict[str, Json]) -> Finding:
    return finding(
        "proxy.idle-limit",
        Certainty.LIKELY,
        evidence={"proxy": proxy.server, "idle_s": round(seconds, 1), **evidence},
        patch=_more_often(seconds),
        host=proxy.host,
        seconds=f"{seconds:.0f}",
    )


def idle_connections(facts: WatchFacts) -> Iterable[Finding]:
    """A connection that had been quiet was dead, and a new one worked at once."""
    for dead in facts.dead_idle:
        if facts.proxy is not None:
            evidence: dict[str, Json] = {"server": dead.server, "dead": dead.count}
            yield _of_proxy(facts.proxy, dead.shortest_s, evidence)
            continue
        below_ms = min(SAFE_IDLE_MS, round(dead.shortest_s * 500))
        yield finding(
            "pool.idle-connections-dropped",
            Certainty.LIKELY,
            stage=Stage.DRIVER,
            server=dead.server,
            evidence={"dead": dead.count, "shortest_idle_s": round(dead.shortest_s, 1)},
            detail=f"{dead.count} died so; the shortest had been quiet for {dead.shortest_s:.0f} s.",
            patch={"pool": {"maxIdleTimeMS": below_ms}},
        )


def slow_growth(facts: WatchFacts) -> Iterable[Finding]:
    """Work waited although the pool was not full."""
    for slow in facts.slow_growth:
        if slow.waited_ms < NOTICED_MS or slow.made <= slow.max_connecting:
            continue
        yield finding(
            "pool.slow-growth",
            Certainty.PROVEN,
            stage=Stage.DRIVER,
            server=slow.server,
            evidence={"waited_ms": round(slow.waited_ms), "made": slow.made, "make_ms": round(slow.make_ms, 1)},
            detail=f"While it grew to {slow.made} connections, work waited for {slow.waited_ms / 1000:.1f} s in all.",
            patch={"pool": {"minPoolSize": min(slow.made, _MOST_READY)}},
            count=slow.max_connecting,
            ms=round(slow.make_ms),
        )


def used_up(facts: WatchFacts) -> Iterable[Finding]:
    """Every connection of a pool is busy, and an operation waits."""
    for pool in facts.used_up:
        yield finding(
            "pool.exhausted",
            Certainty.PROVEN,
            stage=Stage.DRIVER,
            server=pool.server,
            severity=Severity.WARNING,
            evidence={"in_use": pool.in_use, "waiting": pool.waiting},
            count=pool.limits.max_pool_size,
        )


def fail_over(facts: WatchFacts) -> Iterable[Finding]:
    """The primary is another one than before; only the latest time is told."""
    elected = [c for c in facts.changes if c.kind is ChangeKind.ELECTED]
    for change in elected[-1:]:
        old = next((c.server for c in reversed(facts.changes) if _stepped_down(c, change)), None)
        if old is not None:
            yield finding(
                "pool.failover",
                Certainty.PROVEN,
                stage=Stage.DRIVER,
                server=change.server,
                evidence={"elections": len(elected), **read_again(at_s=round(change.at_s, 1))},
                old=old,
                new=change.server,
            )


def lagging(facts: WatchFacts) -> Iterable[Finding]:
    """Secondaries that have fallen far behind the primary."""
    for server, seconds in facts.behind.items():
        if seconds >= LAGS_S:
            yield finding(
                "topology.lagging-member",
                Certainty.LIKELY,
                server=server,
                evidence={"behind_s": round(seconds)},
                host=server,
                seconds=round(seconds),
            )


def _stepped_down(change: TopologyChange, elected: TopologyChange) -> bool:
    return change.before == "RSPrimary" and change.server != elected.server and change.at_s <= elected.at_s


def another_process(server: str, *, member: bool) -> Finding:
    """What a server was away for: another process answers at its address than before.

    A ``member`` of a replica set says who it is; behind any other address there may be several servers.
    """
    what = "it was restarted" if member else _OR_ELSE
    return finding(
        "pool.server-went-away",
        Certainty.PROVEN if member else Certainty.LIKELY,
        stage=Stage.DRIVER,
        server=server,
        summary=f"Another server process answers at {server} than before: {what}.",
        means="What its hello says of itself (topologyVersion.processId) is another one since it is back.",
        fix="Read in its log, or ask those who run it, why the former one ended.",
        evidence={"server": server},
        host=server,
    )


def refused_for_it(refused: Finding) -> Finding | None:
    """The port of a server refused, and the server has run all the while; None where the finding names no port."""
    if refused.server is None or (where := split_address(refused.server))[1] is None:
        return None
    return finding(
        "tcp.local-firewall",
        Certainty.LIKELY,
        server=refused.server,
        means="The server that is back is the same process as before, so it ran all the while: a firewall, a forwarder "
        "or a balancer on the way refused for it.",
        fix="Look at what lies on the way to it, and at this computer's own firewall, for that time.",
        evidence={"server": refused.server, **refused.evidence},
        host=where[0],
        port=where[1],
    )


RULES: tuple[Callable[[WatchFacts], Iterable[Finding]], ...] = (
    used_up,
    idle_limit,
    idle_connections,
    slow_growth,
    fail_over,
    lagging,
)


def findings(facts: WatchFacts) -> tuple[Finding, ...]:
    """Every finding that the facts support, the most important first."""
    return tuple(found for rule in RULES for found in rule(facts))
