"""Watches that play a course of states without any network, for tests of what the window does with them."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from clearline.core.findings import Certainty, Finding, Severity, Stage
from clearline.core.profiles.profile import Profile
from clearline.core.report.report import Verdict
from clearline.core.watch.exercise import ExerciseResult
from clearline.core.watch.health import HealthSnapshot, HealthState, Outage, Pause, Ping
from clearline.core.watch.pool import PoolLimits, PoolSample, PoolSnapshot, Quantiles
from clearline.core.watch.state import WatchState
from clearline.core.watch.topology import ChangeKind, ServerState, TopologyChange, TopologySnapshot
from ui import played_checks as play

BEGAN = 1_767_225_600.0
SERVERS = tuple(f"db{n}.example.com:27017" for n in (1, 2, 3))
REFUSED = Finding(
    cause="tcp.refused",
    severity=Severity.FAILURE,
    certainty=Certainty.PROVEN,
    stage=Stage.TCP,
    summary="Nothing listens on port 27017 of db1.example.com.",
)


def topology(primary: str | None = SERVERS[0], lost: tuple[str, ...] = ()) -> TopologySnapshot:
    return TopologySnapshot(
        kind="ReplicaSetWithPrimary" if primary else "ReplicaSetNoPrimary",
        set_name="rs0",
        primary=primary,
        servers=tuple(
            ServerState(
                address=server,
                role="Unknown" if server in lost else "RSPrimary" if server == primary else "RSSecondary",
                seed=server == SERVERS[0],
                set_name="rs0",
                version="7.0.5",
                tags={"region": "north"},
                hosts=SERVERS,
                known_by=tuple(other for other in SERVERS if other != server),
                rtt_ms=1.5,
                ping_ms=1.1,
                heartbeat_at_s=10.0,
                last_error="AutoReconnect: connection closed" if server in lost else None,
                last_error_at_s=12.0 if server in lost else None,
            )
            for server in SERVERS
        ),
        changes=(
            TopologyChange(at=BEGAN + 1, at_s=1.0, kind=ChangeKind.ROLE, server=SERVERS[0], text="db1 is primary."),
        ),
    )


def state(health: HealthState = HealthState.HEALTHY, **more: Pause) -> WatchState:
    """Ten pings, one pool in use, one set of three."""
    pings = tuple(
        Ping(at=BEGAN + n, at_s=float(n), state=HealthState.HEALTHY, rtt_ms=1.0 + n / 10, server=SERVERS[0])
        for n in range(10)
    )
    values = {
        "started": BEGAN,
        "at_s": 15.0,
        "interval_s": 10.0,
        "health": HealthSnapshot(
            state=health,
            why="The latest ping was answered.",
            since=BEGAN,
            pings=10,
            up_s=15.0,
            rtt_ms=1.9,
            median_ms=1.4,
            p95_ms=1.9,
            latencies=pings,
        ),
        "topology": topology(),
        "pools": (
            PoolSnapshot(
                server=SERVERS[0],
                in_use=3,
                idle=2,
                waiting=1,
                made=9,
                closed={"idle": 3, "error": 1},
                check_outs=40,
                check_out_ms=Quantiles(count=40, mean=1.0, median=0.5, p95=4.0, p99=8.0, max=9.5),
                generation=2,
                limits=PoolLimits(max_pool_size=10),
            ),
        ),
        "series": {SERVERS[0]: tuple(PoolSample(at_s=float(n), in_use=n % 4, idle=2, waiting=0) for n in range(15))},
    }
    return WatchState(**{**values, **more})


def lost() -> WatchState:
    """The connection is gone, and why."""
    report = play.report(Verdict.FAILED, REFUSED)
    outage = Outage(
        number=1, worst=HealthState.DOWN, began=BEGAN + 12, began_s=12.0, why="No answer.", report=report, cause=REFUSED
    )
    down = state(HealthState.DOWN)
    health = msgspec.structs.replace(down.health, failures=1, rtt_ms=None, outages=(outage,), outages_in_all=1)
    return msgspec.structs.replace(down, health=health, topology=topology(None, SERVERS))


def lost_just_now() -> WatchState:
    """The connection is gone, and the check for its cause still runs."""
    down = lost()
    outage = msgspec.structs.replace(down.health.outages[0], report=None, cause=None, diagnosing=True)
    return msgspec.structs.replace(down, health=msgspec.structs.replace(down.health, outages=(outage,)))


def restored() -> WatchState:
    """It is back after four seconds."""
    up = lost()
    outage = msgspec.structs.replace(up.health.outages[0], lasted_s=4.2)
    health = msgspec.structs.replace(up.health, state=HealthState.HEALTHY, rtt_ms=1.2, outages=(outage,))
    return msgspec.structs.replace(up, health=health, topology=topology())


def lost_again() -> WatchState:
    """Two losses are over, the third lasts."""
    [latest] = lost().health.outages
    earlier = tuple(
        msgspec.structs.replace(latest, number=n, began=BEGAN + at, began_s=at, lasted_s=s, report=None)
        for n, at, s in ((1, 2.0, 35.2), (2, 6.0, 1.4))
    )
    latest = msgspec.structs.replace(latest, number=3)
    down = lost()
    health = msgspec.structs.replace(down.health, outages=(*earlier, latest), outages_in_all=3)
    return msgspec.structs.replace(down, health=health)


def paused() -> WatchState:
    """The login was refused."""
    pause = Pause(at=BEGAN + 12, text="db1.example.com refuses the password of user app.", code=18)
    return state(HealthState.PAUSED, paused=pause)


class PlayedWatch:
    """Emits what the test tells it to."""

    def __init__(self, asked: bool, emit: Any, on_event: Any) -> None:
        self.asked = asked
        self.emit = emit
        self.on_event = on_event
        self.running = False
        self.acts = []
        self.result: asyncio.Future[ExerciseResult] | None = None

    async def run(self) -> None:
        self.running = True
        try:
            self.emit(state())
            await asyncio.Event().wait()
        finally:
            self.running = False

    def ping_now(self) -> None:
        self.acts.append("ping")

    def set_interval(self, seconds: int) -> None:
        self.acts.append(seconds)

    def resume(self, secrets: dict[str, str] | str | None = None) -> None:
        self.acts.append(secrets)

    async def exercise(self, plan: Any) -> Any:
        self.acts.append(plan)
        self.result = asyncio.get_running_loop().create_future()
        return await self.result


def playing() -> Any:
    """What `compose` takes as ``watch``; the watches that were opened are in ``.opened``."""

    def open_watch(
        profile: Profile | None, secrets: dict[str, str] | str, *, emit: Any, on_event: Any, text: str, interval_s: Any
    ) -> Any:
        open_watch.opened.append(PlayedWatch((profile, dict(secrets), text, interval_s), emit, on_event))
        return open_watch.opened[-1]

    open_watch.opened = []
    return open_watch
