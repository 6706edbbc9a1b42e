"""A watch: keeps a client open and tells how the deployment, its topology, its pools and the line to it are.

A round asks the server that reads go to, then each other server that holds data. Rounds come after the interval, and
at once when the driver notices that a server's role has changed. A lost connection is explained by a check; a refused
login pauses everything, for repeated failures can lock an account.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from clearline.core.check.check import check, farewells
from clearline.core.check.preparation import Prepared, prepared
from clearline.core.check.request import Permits, Request
from clearline.core.daemon_threads import run_in_daemon
from clearline.core.diagnosis.rules.files import files
from clearline.core.driver.events import DriverEvent
from clearline.core.driver.oidc import wants_human
from clearline.core.facts.whole import Facts
from clearline.core.findings import Finding
from clearline.core.probes.files import inspect_files
from clearline.core.profiles.profile import Pool
from clearline.core.report.report import Report
from clearline.core.secrets.redaction import redact
from clearline.core.secrets.secret import Secrets
from clearline.core.watch.exercise import ExercisePlan, ExerciseResult, is_local
from clearline.core.watch.exercises import Exercises
from clearline.core.watch.explaining import Explainer
from clearline.core.watch.findings import WatchFacts, findings
from clearline.core.watch.health import HealthFold, HealthState, Pause
from clearline.core.watch.judgement import judged, lacking
from clearline.core.watch.pool import PoolSnapshot
from clearline.core.watch.session import Answer, Outcome, Session, objection
from clearline.core.watch.state import WatchState
from clearline.core.watch.topology import DATA_BEARING, TopologyFold

__all__ = ["Watch", "WatchState"]

EMIT_EVERY_S = 0.25
SHORTEST_INTERVAL_S, LONGEST_INTERVAL_S = 0.05, 3600.0
TROUBLED_INTERVAL_S = 2.0
"""While something is missing, it is asked at least so often: the end of an outage shall be seen soon."""
_ROUND_GAP_S = 0.25
_OLD_CONNECTIONS = 3
"""So many connections that were idle may be dead before the server counts as silent."""
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
        self._request = request
        self._emit = emit
        self._on_event = on_event
        self._log = log and on_event is not None
        self._diagnoses = diagnose
        self._ready: Prepared | None = None
        self._oidc_hosts: tuple[str, ...] = ()
        self._interval_s = _bounded(interval_s)
        self._began = time.monotonic()
        self._began_wall = time.time()
        self._session: Session | None = None
        self._topology = TopologyFold()
        self._health = HealthFold()
        self._pause: Pause | None = None
        self._exercises = Exercises(at_s=self._at_s, changed=self._changed)
        self._explainer = Explainer(
            self._health,
            self._check,
            changed=self._changed,
            login_refused=lambda cause: self._login_refused(None, cause.server, cause.summary),
        )
        self._tasks: set[asyncio.Task[Any]] = set()
        self._wake = asyncio.Event()
        self._missing: frozenset[str] = frozenset()
        self._ended = False
        self._flush_handle: asyncio.TimerHandle | None = None
        self._observing = False
        self._emitted_s = float("-inf")

    # ------------------------------------------------------------ for the caller

    @property
    def state(self) -> WatchState:
        """The state now."""
        at_s = self._at_s()
        pools = self._session.pools if self._session is not None else None
        topology = self._topology.snapshot()
        return WatchState(
            started=self._began_wall,
            at_s=at_s,
            interval_s=self._interval_s,
            health=self._health.snapshot(at_s),
            topology=topology,
            pools=pools.snapshot() if pools else (),
            series=pools.series(at_s) if pools else {},
            exercise=self._exercises.result,
            findings=self._findings(),
            paused=self._pause,
            local=is_local(server.address for server in topology.servers),
            ended=self._ended,
        )

    def ping_now(self) -> None:
        """Ask at once instead of after the interval. Does nothing while paused."""
        if self._pause is None:
            self._wake.set()

    def set_interval(self, seconds: float) -> None:
        """Another time between pings, 0.05 s to an hour; the next ping comes at once. The same one changes nothing."""
        if (interval_s := _bounded(seconds)) == self._interval_s:
            return
        self._interval_s = interval_s
        self._changed()
        self.ping_now()

    def resume(self, secrets: Secrets | None = None) -> None:
        """Go on after a pause, with other secrets where given. Does nothing when not paused."""
        if self._pause is None:
            return
        if secrets is not None:
            if self._request.text is not None:  # it may hold the old password
                reading = self._request.reading
                self._request = replace(self._request, profile=reading.profile, text=None)
                secrets = {**reading.secrets, **secrets}
            self._request = replace(self._request, secrets=secrets)
        self._pause = self._ready = None
        self._health.judge(HealthState.CHECKING, "It is tried again.", self._at_s(), time.time())
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
        session, ready = self._session, self._ready
        if session is None or ready is None or session.closing or self._pause is not None:
            raise ValueError("The watch has no open connection to exercise.")
        new_session = partial(self._new_session, ready, self._heard_elsewhere, log=False, overrides=plan.pool)
        return await self._exercises.run(plan, session, new_session, emit or (lambda _result: None))

    async def run(self) -> None:
        """Watch until cancelled, which closes the client within a second. How a server is never raises."""
        self._health.judge(HealthState.CHECKING, "The first ping is on its way.", self._at_s(), time.time())
        try:
            self._flush()
            while True:
                self._wake.clear()
                if self._pause is None:
                    await self._round()
                await self._until_next()
        finally:
            await self._shut_down()

    # ------------------------------------------------------------ the course of a watch

    async def _until_next(self) -> None:
        """Until the interval is over, or something has happened; at least a moment after the latest round."""
        troubled = self._health.state in (HealthState.DOWN, HealthState.DEGRADED)
        interval_s = min(self._interval_s, TROUBLED_INTERVAL_S) if troubled else self._interval_s
        await asyncio.sleep(min(_ROUND_GAP_S, interval_s))
        timeout = None if self._pause is not None else max(0.0, interval_s - _ROUND_GAP_S)
        if not self._wake.is_set():
            try:
                await asyncio.wait_for(self._wake.wait(), timeout)
            except TimeoutError:
                pass

    async def _round(self) -> None:
        session = self._session or await self._open()
        if session is None:
            return
        answer = await self._asked(session, None)
        if session.closing:
            return
        others = await self._ask_others(session, answer)
        if not session.closing:
            self._judge(session, answer, others)

    async def _open(self) -> Session | None:
        """A new client; None when there cannot be one (paused) or the SRV name was not found (down)."""
        if self._ready is None:  # else a command that prints a secret would run again each time a name is not found
            self._ready = await prepared(self._request)
            if wants_human(self._ready.profile):
                self._oidc_hosts = await self._request.sign_in_hosts()
        ready = self._ready
        if (why := objection(ready)) is not None:
            self._hold(why)
            return None
        self._topology.begin_anew(partial(redact, secrets=tuple(ready.secrets.values())))
        try:
            session = self._new_session(ready, self._heard, log=self._log)
        except Exception as error:  # noqa: BLE001 - the constructor raises far more than PyMongoError
            self._hold(await self._why_refused(ready, error))
            return None
        self._session = session
        try:
            await session.open()
        except Exception as error:  # noqa: BLE001 - a name that is not found, for instance
            from pymongo.errors import PyMongoError

            self._session = None
            self._follow(session.close_soon())
            if isinstance(error, PyMongoError):
                self._settle(Answer(outcome=Outcome.SILENT, text=self._said(error)), (), None)
            else:
                self._hold(await self._why_refused(ready, error))
            return None
        return session

    async def _why_refused(self, ready: Prepared, error: Exception) -> str:
        """Why there can be no client: the files that we looked at ourselves, else the driver's own words."""
        now = datetime.now(UTC)
        looked_at = await run_in_daemon(inspect_files, ready.profile, ready.secrets, now, ready.text)
        for found in files(Facts(files=looked_at, files_checked=True)):
            return redact(found.summary, ready.secrets.values())
        return f"The driver refuses the settings: {self._said(error)}"

    def _new_session(
        self, ready: Prepared, on_event: Callable[[DriverEvent], None], *, log: bool, overrides: Pool | None = None
    ) -> Session:
        return Session(
            ready,
            started=self._began,
            on_event=on_event,
            on_refused_login=self._login_refused,
            log=log,
            on_prompt=self._request.permits.on_prompt,
            oidc_hosts=self._oidc_hosts,
            overrides=overrides,
        )

    async def _asked(self, session: Session, server: str | None) -> Answer:
        """One server's answer. A connection that was idle may be dead though the server lives: then a new one tells."""
        answer = await session.ask(server, self._topology.version)
        for _ in range(_OLD_CONNECTIONS):
            if answer.outcome is not Outcome.SILENT or not answer.over_old_connection or session.closing:
                break
            if server is None and self._health.state is HealthState.HEALTHY:
                why = f"{answer.server} does not answer; it is asked again over a new connection."
                self._health.judge(HealthState.DEGRADED, why, self._at_s(), time.time())
                self._changed()
            answer = await session.ask(server, self._topology.version)
        if answer.server is not None:
            if answer.outcome is Outcome.SILENT:
                self._topology.failure(answer.server, self._at_s(), answer.text)
            self._topology.pinged(answer.server, answer.rtt_ms, answer.version)
        return answer

    async def _ask_others(self, session: Session, answer: Answer) -> tuple[Answer, ...]:
        if answer.outcome in (Outcome.REFUSED, Outcome.UNUSABLE, Outcome.UNSIGNED):
            return ()
        self._observe()
        servers = self._topology.snapshot().servers
        servers = tuple(s for s in servers if s.role in DATA_BEARING and s.address != answer.server)
        return tuple(await asyncio.gather(*(self._asked(session, server.address) for server in servers)))

    # ------------------------------------------------------------ judging

    def _judge(self, session: Session, answer: Answer, others: tuple[Answer, ...]) -> None:
        if answer.outcome is Outcome.REFUSED:
            self._login_refused(answer.code, answer.server, answer.text, answer.code_name)
        elif answer.outcome is Outcome.UNUSABLE:
            self._hold(f"The driver refuses the settings: {answer.text}")
        elif answer.outcome is Outcome.UNSIGNED:
            self._hold(f"The sign-in came to nothing: {answer.text}.")  # else the page would open again every round
        else:
            self._observe()
            self._settle(answer, others, session.pools.busy(answer.server))

    def _settle(self, answer: Answer, others: tuple[Answer, ...], busy: PoolSnapshot | None) -> None:
        """Take a round's outcome in, and explain what is missing."""
        usual_ms = None if answer.rtt_ms is None else self._health.is_slow(answer.rtt_ms)
        verdict = judged(answer, others, self._topology.snapshot(), busy=busy, usual_ms=usual_ms)
        at_s, at = self._at_s(), time.time()
        if verdict.state is HealthState.HEALTHY:
            self._restored(at_s, at)
        else:
            self._health.judge(verdict.state, verdict.why, at_s, at, outage=verdict.outage)
        self._health.pinged(at_s, at, answer.rtt_ms, answer.server, answer.text)
        lasting, self._missing = verdict.missing & self._missing, verdict.missing
        if answer.outcome is Outcome.QUEUED:
            self._note_cause()
        elif lasting or answer.outcome is Outcome.SILENT:
            self._explain()  # One that is missing beside others not at first sight: a restart is over in a moment.
        self._changed()

    def _restored(self, at_s: float, at: float) -> None:
        running = self._health.running
        self._health.judge(HealthState.HEALTHY, "Every server answers.", at_s, at)
        if running is not None and running.cause is None and running.report is None:
            cause = next((f for f in self._findings() if f.cause == "pool.failover"), None)
            if cause is not None and cause.evidence.get("at_s", 0.0) >= running.began_s - 1.0:
                self._health.amend(running.number, cause=cause)

    def _note_cause(self) -> None:
        running = self._health.running
        cause = next((f for f in self._findings() if f.cause == "pool.exhausted"), None)
        if running is not None and running.cause is None and cause is not None:
            self._health.amend(running.number, cause=cause)

    def _findings(self) -> tuple[Finding, ...]:
        changes = self._topology.snapshot().changes
        if self._session is None:
            return findings(WatchFacts(changes=changes))
        pools = self._session.pools
        busy = pools.busy()
        return findings(
            WatchFacts(
                dead_idle=pools.dead_idle(),
                slow_growth=pools.slow_growth(self._at_s()),
                used_up=(busy,) if busy is not None and busy.waiting else (),
                changes=changes,
            )
        )

    # ------------------------------------------------------------ why it was lost

    def _explain_if_down(self) -> None:
        if self._health.state is HealthState.DOWN:
            self._explain()

    def _explain(self) -> None:
        human = self._ready is not None and wants_human(self._ready.profile)  # not asked to sign in for that
        if self._diagnoses and not human and self._pause is None and not self._ended:
            self._explainer.explain()

    async def _check(self) -> Report:
        """With the secrets that the client has: the user is not asked, and no command is run, because of an outage."""
        request = self._request
        known = self._ready.secrets if self._ready is not None else {}
        commands = {name for name, one in request.profile.secrets.items() if one.place == "command"}
        printed = {name: known[name] for name in commands & known.keys()}
        permits = Permits(may_run=request.permits.may_run)
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
        if self._pause is not None:
            return
        at_s, at = self._at_s(), time.time()
        self._pause = Pause(at=at, text=text, **fields)
        self._health.judge(HealthState.PAUSED, text, at_s, at)
        if self._session is not None:
            self._follow(self._session.close_soon(silently=True))
            self._session = None
        self._exercises.cancel()
        self._explainer.cancel()
        self._changed()

    # ------------------------------------------------------------ events

    def _heard(self, event: DriverEvent) -> None:
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
                self._topology.failure(event.server, event.at_s, event.text)
            elif event.name == "ServerHeartbeatSucceeded":
                self._topology.heartbeat(event.server, event.at_s)
        if not self._observing:  # the driver changes its mind right after it has told
            self._observing = True
            asyncio.get_running_loop().call_soon(self._observe)

    def _heard_elsewhere(self, event: DriverEvent) -> None:
        """Events of an exercise's own client."""
        if self._on_event is not None:
            self._on_event(event)
        self._exercises.heard(event, own=True)

    def _observe(self) -> None:
        self._observing = False
        session = self._session
        if session is None or session.closing:
            return
        at_s, at = self._at_s(), time.time()
        self._see_dead_start(at_s, at)
        if self._topology.observe(session.client.topology_description, at_s, at):
            topology = self._topology.snapshot()
            state, why = self._health.state, lacking(topology)
            if why and state in (HealthState.HEALTHY, HealthState.DEGRADED):
                if not any(server.known for server in topology.servers):
                    self._health.judge(HealthState.DOWN, why, at_s, at, outage=True)
                    # A line that was only cut is back by then, and its new login was the only one.
                    asyncio.get_running_loop().call_later(_BLIP_S, self._explain_if_down)
                elif state is HealthState.HEALTHY:
                    self._health.judge(HealthState.DEGRADED, why, at_s, at, outage=True)
            self.ping_now()
            self._changed()

    def _see_dead_start(self, at_s: float, at: float) -> None:
        """Every server has refused the driver before any ping was answered: no need to wait for the ping's deadline."""
        if self._health.state not in (HealthState.UNKNOWN, HealthState.CHECKING):
            return
        topology = self._topology.snapshot()
        if topology.servers and all(not one.known and one.last_error is not None for one in topology.servers):
            why = lacking(topology) or "No server answers."
            self._health.judge(HealthState.DOWN, why, at_s, at, outage=True)
            self._explain()
            self._changed()

    # ------------------------------------------------------------ telling

    def _changed(self) -> None:
        """Something is new: tell it soon, but not more often than four times a second."""
        if self._flush_handle is None and not self._ended:
            wait_s = max(0.0, self._emitted_s + EMIT_EVERY_S - self._at_s())
            self._flush_handle = asyncio.get_running_loop().call_later(wait_s, self._flush)

    def _flush(self) -> None:
        self._flush_handle = None
        self._emitted_s = self._at_s()
        if self._session is not None and self._session.pools.sample(self._emitted_s):
            self._changed()  # a peak is followed by what comes after it
        self._emit(self.state)

    def _said(self, error: Exception) -> str:
        from clearline.core.driver.event_texts import error_text

        secrets = self._ready.secrets if self._ready is not None else self._request.known_secrets
        return redact(error_text(error), secrets.values())

    def _at_s(self) -> float:
        return time.monotonic() - self._began

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
        if self._session is not None:
            self._follow(self._session.close_soon())
        if self._tasks:
            try:
                await asyncio.shield(asyncio.gather(*self._tasks, return_exceptions=True))
                await farewells()
            except asyncio.CancelledError:
                pass  # a second Stop: the client goes on closing, a second at most
        if self._health.state not in (HealthState.PAUSED, HealthState.UNKNOWN):
            self._health.judge(HealthState.UNKNOWN, "The watch has ended.", self._at_s(), time.time())
        self._ended = True
        if self._flush_handle is not None:
            self._flush_handle.cancel()
        self._emit(self.state)


def _bounded(seconds: float) -> float:
    return min(max(seconds, SHORTEST_INTERVAL_S), LONGEST_INTERVAL_S)
