"""A watch: keeps a client open and tells how the deployment, its topology, its pools and the line to it are.

A round asks the server that reads go to, then each other server that holds data. Rounds come after the interval, and
at once when the driver notices that a server's role has changed. A lost connection is explained by a check; a refused
login pauses everything, for repeated failures can lock an account.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from msgspec.structs import replace

from clearline.core.check.check import check, farewells
from clearline.core.check.request import Permits, Request
from clearline.core.driver.events import DriverEvent
from clearline.core.driver.oidc import wants_human
from clearline.core.hops.asking import Agreed
from clearline.core.report.report import Report
from clearline.core.secrets.secret import Secrets
from clearline.core.watch.exercise import ExercisePlan, ExerciseResult, is_local
from clearline.core.watch.exercises import Exercises
from clearline.core.watch.explaining import Explainer
from clearline.core.watch.health import HealthState, Pause
from clearline.core.watch.judgement import lacking
from clearline.core.watch.live import Live
from clearline.core.watch.rounds import Rounds
from clearline.core.watch.session import stop_if_cancelled
from clearline.core.watch.state import WatchState

__all__ = ["Watch", "WatchState"]

EMIT_EVERY_S = 0.25
_REST = 10
"""By how much longer than telling took nothing is told: the state of a thousand servers is dear."""
_FEW = 50
_LOOK_GAP_S = 0.05
"""Of more servers than a few, changes are taken in together."""
SHORTEST_INTERVAL_S, LONGEST_INTERVAL_S = 0.05, 3600.0
_BLIP_S = 0.5
_TOPOLOGY_EVENTS = frozenset({"heartbeat", "server", "topology"})


class Watch:
    """One live session over one profile. All methods belong to the loop in which `run` runs."""

    def __init__(
        self,
        request: Request,
        *,
        emit: Callable[[WatchState], None],
        on_event: Callable[[DriverEvent], None] | None = None,
        interval_s: float = 10.0,
        log: bool = True,
        diagnose: bool = True,
    ) -> None:
        """``on_event`` hears each driver event, and with ``log`` PyMongo's log records too, in the loop's thread.

        ``diagnose``: a check explains each outage; it is as patient as ``request`` says.
        """
        self._live = Live(request, _bounded(interval_s), self._changed)
        self._emit = emit
        self._on_event = on_event
        self._diagnoses = diagnose
        self._rounds = Rounds(
            self._live,
            heard=self._heard,
            observe=self._observe,
            explain=self._explain,
            hold=self._hold,
            login_refused=self._login_refused,
            follow=self._follow,
            log=log and on_event is not None,
        )
        self._exercises = Exercises(at_s=self._live.at_s, changed=self._changed)
        self._explainer = Explainer(
            self._live.health,
            self._check,
            changed=self._changed,
            login_refused=lambda cause: self._login_refused(None, cause.server, cause.summary),
        )
        self._tasks: set[asyncio.Task[Any]] = set()
        self._wake = asyncio.Event()
        self._ended = False
        self._flush_handle: asyncio.TimerHandle | None = None
        self._observing = False
        self._next_emit_s = 0.0

    # ------------------------------------------------------------ for the caller

    @property
    def state(self) -> WatchState:
        """The state now."""
        at_s = self._live.at_s()
        pools = self._live.session.pools if self._live.session is not None else None
        topology = self._live.topology.snapshot()
        return WatchState(
            started=self._live.began_wall,
            at_s=at_s,
            interval_s=self._live.interval_s,
            health=self._live.health.snapshot(at_s),
            topology=topology,
            pools=pools.snapshot() if pools else (),
            series=pools.series(at_s) if pools else {},
            exercise=self._exercises.result,
            findings=self._live.findings(),
            paused=self._live.pause,
            local=not self._live.request.reading.profile.hops
            and is_local(server.address for server in topology.servers),
            ended=self._ended,
        )

    def ping_now(self) -> None:
        """Ask at once instead of after the interval. Does nothing while paused."""
        if self._live.pause is None:
            self._wake.set()

    def set_interval(self, seconds: float) -> None:
        """Another time between pings, 0.05 s to an hour; the next ping comes at once. The same one changes nothing."""
        if (interval_s := _bounded(seconds)) == self._live.interval_s:
            return
        self._live.interval_s = interval_s
        self._changed()
        self.ping_now()

    def resume(self, secrets: Secrets | None = None) -> None:
        """Go on after a pause, with other secrets where given. Does nothing when not paused."""
        if self._live.pause is None:
            return
        if secrets is not None:
            if self._live.request.text is not None:  # it may hold the old password
                reading = self._live.request.reading
                self._live.request = replace(self._live.request, profile=reading.profile, text=None)
                secrets = {**reading.secrets, **secrets}
            self._live.request = replace(self._live.request, secrets=secrets)
        self._live.pause = self._live.ready = None
        self._live.health.judge(HealthState.CHECKING, "It is tried again.", self._live.at_s(), time.time())
        self._changed()
        self._wake.set()

    async def exercise(
        self, plan: ExercisePlan, emit: Callable[[ExerciseResult], None] | None = None
    ) -> ExerciseResult:
        """Exercise the pool; progress is in `WatchState.exercise` too. Cancelling ends it at once.

        Raises ValueError when it cannot be done: another one runs, the watch is paused or has ended, or the server
        cannot do it. What the driver raises at the first try is raised too.
        """
        if self._exercises.running:
            raise ValueError("An exercise is running already.")
        session, ready = self._live.session, self._live.ready
        if session is None or ready is None or session.closing or self._live.pause is not None:
            raise ValueError("The watch has no open connection to exercise.")
        new_session = partial(self._rounds.new_session, ready, self._heard_elsewhere, log=False, overrides=plan.pool)
        return await self._exercises.run(plan, session, new_session, emit or (lambda _result: None))

    async def run(self) -> None:
        """Watch until cancelled, which closes the client within a second. How a server is never raises."""
        self._live.health.judge(HealthState.CHECKING, "The first ping is on its way.", self._live.at_s(), time.time())
        try:
            self._flush()
            while True:
                stop_if_cancelled()
                self._wake.clear()
                if self._live.pause is None:
                    await self._rounds.round()
                stop_if_cancelled()
                await self._rounds.until_next(self._wake)
        finally:
            await self._shut_down()

    # ------------------------------------------------------------ why it was lost

    def _explain_if_down(self) -> None:
        if self._live.health.state is HealthState.DOWN:
            self._explain()

    def _explain(self) -> None:
        human = self._live.ready is not None and wants_human(self._live.ready.profile)  # not asked to sign in for that
        if self._diagnoses and not human and self._live.pause is None and not self._ended:
            self._explainer.explain()

    async def _check(self) -> Report:
        """With the secrets that the client has: the user is not asked, and no command is run, because of an outage."""
        request = self._live.request
        known = self._live.ready.secrets if self._live.ready is not None else {}
        commands = {name for name, one in request.profile.secrets.items() if one.place == "command"}
        printed = {name: known[name] for name in commands & known.keys()}
        way = Agreed(host_keys=request.permits.way.host_keys)
        permits = Permits(may_run=request.permits.may_run, way=way)
        asked = replace(request, secrets={**request.secrets, **printed}, permits=permits)
        return await check(asked, lambda _partial: None)

    # ------------------------------------------------------------ pausing

    def _login_refused(
        self, code: int | None, server: str | None, text: str = "", code_name: str | None = None
    ) -> None:
        """Close the client at once: neither a ping nor the driver's care for its pool shall try the login again."""
        said = f" ({code})" if code is not None else ""
        where = f"{server} refused" if server else "The server refused"
        words = f"{where} the login{said}. Another try could lock the account: change the password, or try again."
        self._hold(f"{text} {words}".strip() if code is None else words, code=code, code_name=code_name, server=server)

    def _hold(self, text: str, **fields: Any) -> None:
        if self._live.pause is not None:
            return
        at_s, at = self._live.at_s(), time.time()
        self._live.pause = Pause(at=at, text=text, **fields)
        self._live.health.judge(HealthState.PAUSED, text, at_s, at)
        if self._live.session is not None:
            self._follow(self._live.session.close_soon(silently=True))
            self._live.session = None
        self._exercises.cancel()
        self._explainer.cancel()
        self._changed()

    # ------------------------------------------------------------ events

    def _heard(self, event: DriverEvent) -> None:
        if self._ended:
            return  # a second Stop: the client is still closing
        if self._on_event is not None:
            self._on_event(event)
        if event.kind == "log":
            return
        self._exercises.heard(event, own=False)
        if event.kind in _TOPOLOGY_EVENTS or event.name == "PoolCleared":
            self._heard_of_topology(event)
        self._changed()

    def _heard_of_topology(self, event: DriverEvent) -> None:
        if event.kind == "heartbeat" and event.server is not None:
            if event.failed:
                self._live.topology.failure(event.server, event.at_s, event.text)
            elif event.name == "ServerHeartbeatSucceeded":
                self._live.topology.heartbeat(event.server, event.at_s)
        if not self._observing:  # the driver changes its mind right after it has told
            self._observing = True
            crowd = self._live.topology.size > _FEW
            asyncio.get_running_loop().call_later(_LOOK_GAP_S if crowd else 0.0, self._observe)

    def _heard_elsewhere(self, event: DriverEvent) -> None:
        """Events of an exercise's own client."""
        if self._on_event is not None and not self._ended:
            self._on_event(event)
        self._exercises.heard(event, own=True)

    def _observe(self) -> None:
        self._observing = False
        session = self._live.session
        if session is None or session.closing:
            return
        at_s, at = self._live.at_s(), time.time()
        description = session.client.topology_description
        session.expect(len(description.server_descriptions()))
        self._see_dead_start(at_s, at)
        if self._live.topology.observe(description, at_s, at):
            topology = self._live.topology.snapshot()
            state, why = self._live.health.state, lacking(topology)
            if why and state in (HealthState.HEALTHY, HealthState.DEGRADED):
                if not any(server.known for server in topology.servers):
                    self._live.health.judge(HealthState.DOWN, why, at_s, at, outage=True)
                    # A line that was only cut is back by then, and its new login was the only one.
                    asyncio.get_running_loop().call_later(_BLIP_S, self._explain_if_down)
                elif self._live.health.running is None:
                    self._live.health.judge(HealthState.DEGRADED, why, at_s, at, outage=True)
            self.ping_now()
            self._changed()

    def _see_dead_start(self, at_s: float, at: float) -> None:
        """Every server has refused the driver before any ping was answered: no need to wait for the ping's deadline."""
        if self._live.health.state not in (HealthState.UNKNOWN, HealthState.CHECKING):
            return
        if self._live.topology.all_failed:
            why = lacking(self._live.topology.snapshot()) or "No server answers."
            self._live.health.judge(HealthState.DOWN, why, at_s, at, outage=True)
            self._explain()
            self._changed()

    # ------------------------------------------------------------ telling

    def _changed(self) -> None:
        """Something is new: tell it soon, but not more often than four times a second."""
        if self._flush_handle is None and not self._ended:
            wait_s = max(0.0, self._next_emit_s - self._live.at_s())
            self._flush_handle = asyncio.get_running_loop().call_later(wait_s, self._flush)

    def _flush(self) -> None:
        self._flush_handle = None
        at_s = self._live.at_s()
        self._next_emit_s = at_s + EMIT_EVERY_S
        peaked = self._live.session is not None and self._live.session.pools.sample(at_s)
        self._emit(self.state)
        self._next_emit_s = max(self._next_emit_s, at_s + _REST * (self._live.at_s() - at_s))
        if peaked:
            self._changed()  # a peak is followed by what comes after it

    # ------------------------------------------------------------ tasks and the end

    def _follow(self, task: asyncio.Task[None]) -> asyncio.Task[None]:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _shut_down(self) -> None:
        self._exercises.cancel()
        if (diagnosis := self._explainer.task) is not None:
            diagnosis.cancel()
            self._follow(diagnosis)
        if self._live.session is not None:
            self._follow(self._live.session.close_soon())
        if self._tasks:
            try:
                await asyncio.shield(asyncio.gather(*self._tasks, return_exceptions=True))
                await farewells()
            except asyncio.CancelledError:
                pass  # a second Stop: the client goes on closing, a second at most
        if self._live.health.state not in (HealthState.PAUSED, HealthState.UNKNOWN):
            self._live.health.judge(HealthState.UNKNOWN, "The watch has ended.", self._live.at_s(), time.time())
        self._ended = True
        if self._flush_handle is not None:
            self._flush_handle.cancel()
        self._emit(self.state)
        if self._live.session is not None:
            self._live.session.let_go()


def _bounded(seconds: float) -> float:
    return min(max(seconds, SHORTEST_INTERVAL_S), LONGEST_INTERVAL_S)
