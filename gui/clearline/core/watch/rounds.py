"""The rounds of a watch: a client is opened, its servers are asked, and what they say is judged."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

from clearline.core.check.preparation import Prepared, prepared
from clearline.core.diagnosis.rules.files import files
from clearline.core.driver.events import DriverEvent
from clearline.core.driver.oidc import wants_human
from clearline.core.driver.turns import Turns
from clearline.core.facts.whole import Facts
from clearline.core.files.drives import NoAnswer, asked
from clearline.core.findings import Finding
from clearline.core.probes.files import inspect_files
from clearline.core.profiles.profile import Pool
from clearline.core.secrets.redaction import redact, redact_beginning
from clearline.core.watch.findings import another_process, refused_for_it
from clearline.core.watch.health import HealthState
from clearline.core.watch.judgement import judged
from clearline.core.watch.live import Live
from clearline.core.watch.pool import PoolSnapshot
from clearline.core.watch.session import ANSWER_WITHIN_S, Answer, Outcome, Session, objection
from clearline.core.watch.topology import DATA_BEARING

TROUBLED_INTERVAL_S = 2.0
"""While something is missing, it is asked at least so often: the end of an outage shall be seen soon."""
_ROUND_GAP_S = 0.25
_ASKED_AT_ONCE = 32
"""Servers that are asked at once: of a thousand each would seem silent."""
_LONGEST_TURN_S = 1.0
"""A server that takes longer does not keep the next ones waiting."""
_OF_ITS_END = frozenset({"tcp.refused", "tcp.closed-on-connect", "topology.member-unreachable"})
"""Causes that a process which has ended leaves behind."""
_STOOD_STILL_S = 5.0
"""By how much later than meant a wait ends where this computer slept, or the program was stopped."""
_OLD_CONNECTIONS = 3
"""So many connections that were idle may be dead before the server counts as silent."""
_LONGEST_QUESTION_S = ANSWER_WITHIN_S * (1 + _OLD_CONNECTIONS)
"""What took longer was not waiting for an answer: this computer slept."""


class LoginRefused(Protocol):
    """Pauses, for another try could lock the account."""

    def __call__(self, code: int | None, server: str | None, text: str = "", code_name: str | None = None) -> None:
        """Say what the server, or the check, said of it."""


class Rounds:
    """Asks the server that reads go to, then each other one that holds data; and again after the interval.

    ``heard`` gets the events of the client, the log's too with ``log``; ``observe`` takes in what the driver thinks of
    the topology now; ``explain`` has a check explain what is missing; ``hold`` pauses and says why; ``follow`` is given
    the task that closes a client.
    """

    def __init__(
        self,
        live: Live,
        *,
        heard: Callable[[DriverEvent], None],
        observe: Callable[[], None],
        explain: Callable[[], None],
        hold: Callable[[str], None],
        login_refused: LoginRefused,
        follow: Callable[[asyncio.Task[None]], object],
        log: bool,
    ) -> None:
        self._live = live
        self._heard = heard
        self._observe = observe
        self._explain = explain
        self._hold = hold
        self._login_refused = login_refused
        self._follow = follow
        self._log = log
        self._missing: frozenset[str] = frozenset()
        self._turns = Turns(_ASKED_AT_ONCE, _LONGEST_TURN_S)

    async def until_next(self, wake: asyncio.Event) -> None:
        """Until the interval is over, or something has happened; at least a moment after the latest round."""
        began_s = self._live.at_s()
        troubled = self._live.health.state in (HealthState.DOWN, HealthState.DEGRADED)
        interval_s = min(self._live.interval_s, TROUBLED_INTERVAL_S) if troubled else self._live.interval_s
        await asyncio.sleep(min(_ROUND_GAP_S, interval_s))
        timeout = None if self._live.pause is not None else max(0.0, interval_s - _ROUND_GAP_S)
        if not wake.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await wake.wait()
        if timeout is not None and (gap_s := self._live.at_s() - began_s - interval_s) > _STOOD_STILL_S:
            self._live.stood_still(gap_s)

    async def round(self) -> None:
        """One round; how a server is never raises."""
        session = self._live.session or await self._open()
        if session is None:
            return
        await session.settle()
        asked_s = self._live.at_s()
        answer = await self._asked(session, None)
        if session.closing:
            return
        if answer.outcome is Outcome.ANSWERED and answer.server is not None:
            session.try_quiet(answer.server)
            asked_s = self._live.at_s()
        others = await self._ask_others(session, answer)
        if not session.closing:
            self._judge(session, answer, others, asked_s)

    async def _open(self) -> Session | None:
        """A new client; None when there cannot be one (paused) or the SRV name was not found (down)."""
        # Kept where a name is not found: else a command that prints a secret would run again each time.
        if self._live.ready is None:
            self._live.ready = await prepared(self._live.request)
            if wants_human(self._live.ready.profile):
                self._live.oidc_hosts = await self._live.request.sign_in_hosts()
        ready, asked_s = self._live.ready, self._live.at_s()
        if (why := objection(ready)) is not None:
            self._hold(why)
            return None
        self._live.topology.begin_anew(partial(redact_beginning, secrets=tuple(ready.secrets.values())))
        try:
            session = await self.new_session(ready, self._heard, log=self._log)
        except Exception as error:  # noqa: BLE001 - the constructor raises far more than PyMongoError
            self._hold(await self._why_refused(ready, error))
            return None
        self._live.session = session
        try:
            await session.open()
        except Exception as error:  # noqa: BLE001 - a name that is not found, for instance
            from pymongo.errors import PyMongoError

            self._live.session = None
            self._follow(session.close_soon())
            if isinstance(error, PyMongoError):
                self._settle(Answer(outcome=Outcome.SILENT, text=self._live.said(error)), (), None, asked_s)
            else:
                self._hold(await self._why_refused(ready, error))
            return None
        return session

    async def _why_refused(self, ready: Prepared, error: Exception) -> str:
        """Why there can be no client: the files that we looked at ourselves, else the driver's own words."""
        now = datetime.now(UTC)
        try:
            what = (ready.profile, ready.secrets, now, ready.text)
            looked_at = await asked("A file of this connection", inspect_files, *what)
        except NoAnswer as silence:
            return silence.sentence
        for found in files(Facts(files=looked_at, files_checked=True)):
            return redact(found.summary, ready.secrets.values())
        return f"The driver refuses the settings: {self._live.said(error)}"

    async def new_session(
        self, ready: Prepared, on_event: Callable[[DriverEvent], None], *, log: bool, overrides: Pool | None = None
    ) -> Session:
        """A client of these settings that has contacted no server yet. Raises what the driver raises."""
        session = Session(
            ready,
            started=self._live.began,
            on_event=on_event,
            on_refused_login=self._login_refused,
            log=log,
            oidc_hosts=self._live.oidc_hosts,
            permits=self._live.request.permits,
            overrides=overrides,
        )
        await session.build()
        return session

    async def _asked(self, session: Session, server: str | None) -> Answer:
        """One server's answer. A connection that was idle may be dead though the server lives: then a new one tells."""
        answer = await session.ask(server, self._live.topology.version)
        for _ in range(_OLD_CONNECTIONS):
            if answer.outcome is not Outcome.SILENT or not answer.over_old_connection or session.closing:
                break
            if server is None and self._live.health.state is HealthState.HEALTHY:
                why = f"{answer.server} does not answer; it is asked again over a new connection."
                self._live.health.judge(HealthState.DEGRADED, why, self._live.at_s(), time.time())
                self._live.changed()
            answer = await session.ask(server, self._live.topology.version)
        if answer.server is not None:
            if answer.outcome is Outcome.SILENT:
                self._live.topology.failure(answer.server, self._live.at_s(), answer.text)
            self._live.topology.pinged(answer.server, answer.rtt_ms, answer.version)
        return answer

    async def _ask_others(self, session: Session, answer: Answer) -> tuple[Answer, ...]:
        if answer.outcome in (Outcome.REFUSED, Outcome.UNUSABLE, Outcome.UNSIGNED):
            return ()
        await session.settle()  # the answer may have come from the one of a set that names the others
        self._observe()
        servers = self._live.topology.snapshot().servers
        servers = tuple(s for s in servers if s.role in DATA_BEARING and s.address != answer.server)
        return tuple(await asyncio.gather(*(self._asked_in_turn(session, server.address) for server in servers)))

    async def _asked_in_turn(self, session: Session, server: str) -> Answer:
        async with self._turns.turn():
            return await self._asked(session, server)

    def _judge(self, session: Session, answer: Answer, others: tuple[Answer, ...], asked_s: float) -> None:
        if answer.outcome is Outcome.REFUSED:
            self._login_refused(answer.code, answer.server, answer.text, answer.code_name)
        elif answer.outcome is Outcome.UNUSABLE:
            self._hold(f"The driver refuses the settings: {answer.text}")
        elif answer.outcome is Outcome.UNSIGNED:
            self._hold(f"The sign-in came to nothing: {answer.text}.")  # else the page would open again every round
        else:
            self._observe()
            self._settle(answer, others, session.pools.busy(answer.server), asked_s)

    def _settle(self, answer: Answer, others: tuple[Answer, ...], busy: PoolSnapshot | None, asked_s: float) -> None:
        """Take a round's outcome in, and explain what is missing. ``asked_s``: when the first question was asked that
        may have had no answer.
        """
        usual_ms = None if answer.rtt_ms is None else self._live.health.is_slow(answer.rtt_ms)
        verdict = judged(answer, others, self._live.topology.snapshot(), busy=busy, usual_ms=usual_ms)
        at_s, at = self._live.at_s(), time.time()
        asked_s = max(asked_s, at_s - _LONGEST_QUESTION_S)
        if verdict.state is HealthState.HEALTHY:
            self._restored(at_s, at)
        else:
            self._live.health.judge(verdict.state, verdict.why, at_s, at, outage=verdict.outage, since_s=asked_s)
        self._live.health.pinged(at_s, at, answer.rtt_ms, answer.server, answer.text)
        lasting, self._missing = verdict.missing & self._missing, verdict.missing
        if answer.outcome is Outcome.QUEUED:
            self._note_cause()
        elif lasting or answer.outcome is Outcome.SILENT:
            self._explain()  # One that is missing beside others not at first sight: a restart is over in a moment.
        self._live.changed()

    def _restored(self, at_s: float, at: float) -> None:
        running = self._live.health.running
        self._live.health.judge(HealthState.HEALTHY, "Every server answers.", at_s, at)
        if running is None:
            return
        back, known = self._live.topology.returned_since(running.began_s), running.cause
        if (cause := self._of_the_return(back, known)) is not None:
            self._live.health.amend(running.number, cause=cause)
        elif known is None and running.report is None:
            cause = next((f for f in self._live.findings() if f.cause == "pool.failover"), None)
            if cause is not None and cause.at_s >= running.began_s - 1.0:
                self._live.health.amend(running.number, cause=cause)
            elif cause is None and all(back.values()) and at_s - running.began_s < _ROUND_GAP_S + TROUBLED_INTERVAL_S:
                self._live.health.amend(running.number, cause=self._live.of_idle_limit())

    def _of_the_return(self, back: Mapping[str, bool], known: Finding | None) -> Finding | None:
        """What the processes that answer again say of the outage; ``known`` is what a check says of it."""
        server = None if known is None else known.server
        replaced = [address for address, same in back.items() if not same]
        if replaced and (known is None or (known.cause in _OF_ITS_END and server in replaced)):
            there = server or min(replaced)
            found = next((s for s in self._live.topology.snapshot().servers if s.address == there), None)
            return another_process(there, member=found is not None and found.set_name is not None)
        if known is not None and known.cause == "tcp.refused" and server is not None and back.get(server):
            return refused_for_it(known)
        return None

    def _note_cause(self) -> None:
        running = self._live.health.running
        cause = next((f for f in self._live.findings() if f.cause == "pool.exhausted"), None)
        if running is not None and running.cause is None and cause is not None:
            self._live.health.amend(running.number, cause=cause)
