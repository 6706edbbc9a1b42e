"""One open client of a watch: it asks servers how they are, tells what the driver does, and closes within a second."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from enum import Enum
from functools import partial
from typing import Any

import msgspec

from clearline.core.addresses import is_loopback, split_address
from clearline.core.check.preparation import Prepared
from clearline.core.check.request import Permits
from clearline.core.check.seed_list import Known, sought
from clearline.core.daemon_threads import run_in_daemon
from clearline.core.diagnosis.catalogue import causes
from clearline.core.driver.client import build_client, built_beside, close_client
from clearline.core.driver.event_texts import LOGIN_COMMANDS, error_text
from clearline.core.driver.events import DriverEvent, DriverEvents
from clearline.core.driver.log import DriverLog
from clearline.core.driver.oidc import HumanSignIn, wants_human
from clearline.core.driver.oidc_provider import SignInProblem
from clearline.core.driver.one_server import Question, asking, note, selector
from clearline.core.facts.hops import HopFacts
from clearline.core.findings import Severity
from clearline.core.hops.hop_log import Terms
from clearline.core.hops.loop import going
from clearline.core.hops.opener import Opener
from clearline.core.hops.way import Way, lay
from clearline.core.probes.dns import nameservers
from clearline.core.profiles.login_fields import stays_here, tls_wanted
from clearline.core.profiles.profile import Pool
from clearline.core.secrets.redaction import redact, redact_beginning
from clearline.core.uri.connection_string import build
from clearline.core.watch.cut_lines import CutLines, IdleLimit
from clearline.core.watch.pool_fold import PoolFold, limits_of
from clearline.core.watch.quiet_line import Directly, QuietLine

ANSWER_WITHIN_S = 3.0
"""A ping's deadline of its own, whatever the user's timeouts are."""
RESCAN_S = 60.0
"""How often the SRV record is asked for again (Polling SRV Records for mongos Discovery: 60 s at least)."""
_LAST_LOOKS_S = 1.0
"""For so long servers that are silent are waited for, when no other answers any more, before they are judged."""
_MOST_DESCRIBED = 50
"""PyMongo's log describes all servers at each change; a replica set has so many at most."""
_NOT_ABOUT_THE_LOGIN = frozenset({6, 7, 50, 89, 91, 189, 202, 262, 9001, 10107, 11600, 11602, 13435, 13436})
"""Server codes of a login that failed because the server or the network did: HostUnreachable, HostNotFound,
MaxTimeMSExpired, NetworkTimeout, ShutdownInProgress, PrimarySteppedDown, NetworkInterfaceExceededTimeLimit,
ExceededTimeLimit, SocketException, NotWritablePrimary, InterruptedAtShutdown, InterruptedDueToReplStateChange,
NotPrimaryNoSecondaryOk, NotPrimaryOrSecondary."""
_REFUSED_CODES = frozenset({11, 18, 8000})
"""UserNotFound, AuthenticationFailed, AtlasError: the last is what Atlas' proxy says to a wrong password."""


class Outcome(Enum):
    """What one question came to."""

    ANSWERED = "answered"
    SILENT = "silent"
    """No answer in time, or no connection."""
    QUEUED = "queued"
    """No connection of the pool was free."""
    REFUSED = "refused"
    """The login was turned down."""
    UNUSABLE = "unusable"
    """The settings cannot work."""
    UNSIGNED = "unsigned"
    """There was no sign-in: the page was closed, refused, or waited too long."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One server's answer, or its want. ``text`` is redacted."""

    outcome: Outcome
    server: str | None = None
    rtt_ms: float | None = None
    version: str | None = None
    text: str = ""
    code: int | None = None
    code_name: str | None = None
    over_old_connection: bool = False
    """It was asked over a connection that had been idle; another one may fare better."""


class Session:
    """A client that is made by `build` and contacts no server before `open`.

    ``on_event`` hears everything in the loop's thread; ``on_refused_login`` hears of a login that the server turned
    down, at the very moment: more attempts may lock the account. ``permits`` let a human sign in (OIDC), also for
    ``oidc_hosts``, and say what was agreed to about hops. ``overrides`` are pool options to try.
    """

    def __init__(
        self,
        ready: Prepared,
        *,
        started: float,
        on_event: Callable[[DriverEvent], None],
        on_refused_login: Callable[[int, str | None], None],
        log: bool,
        oidc_hosts: tuple[str, ...] = (),
        permits: Permits | None = None,
        overrides: Pool | None = None,
    ) -> None:
        self._secrets = ready.secrets
        self._permits = permits or Permits()
        self._on_event = on_event
        self._on_refused_login = on_refused_login
        self._told_refusal = False
        self._events = DriverEvents(
            self._heard, started=started, secrets=ready.secrets, on_command_failed=self._command_failed
        )
        extra: dict[str, Any] = {"server_selector": selector, **ready.keywords}
        self._patience_s: float | None = None
        self._sign_in: HumanSignIn | None = None
        on_prompt = self._permits.on_prompt
        if on_prompt is not None and wants_human(ready.profile):
            self._sign_in = HumanSignIn(on_prompt)
            self._patience_s = self._sign_in.patience_s
            extra["authMechanismProperties"] = self._sign_in.properties(oidc_hosts)
        if overrides is not None:
            extra |= {name: value for name, value in msgspec.to_builtins(overrides).items() if value is not None}
        self._ready, self._extra = ready, extra
        self._started, self._wants_log = started, log
        self._way: Way | None = None
        self._cut_lines = CutLines()
        self._quiet: QuietLine | None = None
        self._trying_quiet: asyncio.Task[None] | None = None
        self._rescanning: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._settled = False

    async def build(self) -> None:
        """Make the client. Raises what the driver raises."""
        await self._use(self._ready.text)

    async def _use(self, text: str) -> None:
        build = partial(
            build_client,
            text,
            self._ready.reading.facts.options,
            listeners=self._events.listeners(),
            longest_wait_s=None,
            server_api=self._ready.profile.options.server_api,
            extra=self._extra,
            confined=stays_here(self._ready.facts.mistakes, self._ready.profile),
        )
        self._built = await built_beside(build, tls=tls_wanted(self._ready.profile))
        self.client = self._built.client
        self._events.follow(self.client)
        self.pools = PoolFold(limits_of(self.client))
        self._log = DriverLog(self.client._topology_id, self._logged, started=self._started, redact=self.redact)

    async def open(self) -> None:
        """Look up the SRV name, where there is one, and begin to watch the servers. Raises what the driver raises."""
        if self._ready.profile.hops:
            await self._lay_way()
        if self._wants_log:
            self._log.open()
            self.expect(len(self.client._topology_settings.seeds))
        if self._ready.profile.seeds.srv:
            await run_in_daemon(nameservers)  # reads them anew for the driver, too: networks change
        with self.going():
            await self.client.aconnect()

    async def _lay_way(self) -> None:
        """What the servers are reached through; an SRV name that only the far side knows is asked for there."""
        profile, permits, terms = self._ready.profile, self._permits, Terms()
        self._way = await lay(profile.hops, self._secrets, terms=terms, agreed=permits.way, may_run=permits.may_run)
        await self._way.enter()
        if not profile.seeds.srv or any(hop.failure is not None for hop in self._way.facts):
            return
        found = await sought(profile, self._way, deadline_s=terms.deadline_s, on_question=lambda _: None)
        if found.long is not None:
            await close_client(self._built)
            await self._use(build(found.long, self._secrets, show="plain"))
            if not profile.seeds.srv_max_hosts:
                self._rescanning = asyncio.get_running_loop().create_task(self._rescan(self._way))
        elif found.known is Known.FAR or profile.far_dns.first:
            from pymongo.errors import ConfigurationError

            raise ConfigurationError("The name server at the far side names no servers for this cluster.")

    async def _rescan(self, way: Way) -> None:
        """Tell the driver of servers that come and go in the far side's SRV record, as it would find them by itself.

        It takes them only where the deployment is sharded, or nothing is known of it (Polling SRV Records for mongos
        Discovery).
        """
        profile = self._ready.profile
        alone = msgspec.structs.replace(profile, far_dns=msgspec.structs.replace(profile.far_dns, first=True))
        while True:
            await asyncio.sleep(RESCAN_S)
            found = await sought(alone, way, deadline_s=Terms().deadline_s, on_question=lambda _: None)
            if found.long is not None:
                seeds = [split_address(host) for host in found.long.seeds.hosts]
                with self.going():  # what it opens goes the way, too
                    await self.client._topology.on_srv_update(seeds)

    async def settle(self) -> None:
        """Of many servers the driver asks a few at a time: wait until it has asked them all, the first time."""
        if not self._settled and self._built.monitors.crowded:
            await self._built.monitors.first_looks(_LAST_LOOKS_S)
            self._settled = True

    def expect(self, servers: int) -> None:
        """The deployment has so many servers: of very many the log says less."""
        if servers > _MOST_DESCRIBED:
            self._log.spare_topology()

    def going(self) -> AbstractContextManager[None]:
        """Within it the client's connections go the profile's way; whatever uses the client does so inside of it."""
        return going(self._way, self._built.lines)

    @property
    def hops(self) -> tuple[HopFacts, ...]:
        """What is known of the hops on the way."""
        return () if self._way is None else self._way.facts

    @property
    def proxy(self) -> HopFacts | None:
        """The last HTTP proxy on the way."""
        return next((hop for hop in reversed(self.hops) if hop.kind == "http"), None)

    @property
    def idle_limit(self) -> IdleLimit | None:
        """After how long something on the way ends quiet lines, once that is known."""
        tried = None if self._quiet is None else self._quiet.limit
        # Where nothing is known of the way, lines that end after the same time may have ended for another reason.
        return tried if self._way is None else self._cut_lines.limit() or tried

    def try_quiet(self, server: str) -> None:
        """Try how long a line to a server that answers may be quiet, where there are hops. The first call counts."""
        if self._way is None or self._quiet is not None:
            return
        self._quiet = self._quiet_line(self._way)
        self._trying_quiet = asyncio.get_running_loop().create_task(self._quiet.run(server))

    def _confirm_limit(self, server: str) -> None:
        """Try once whether a line that keeps talking outlives those of the heartbeats that ended all alike."""
        if self._way is None and self._quiet is None and (limit := self._cut_lines.limit_of(server)) is not None:
            self._quiet = self._quiet_line(Directly())
            self._trying_quiet = asyncio.get_running_loop().create_task(self._quiet.confirm(limit))

    def _quiet_line(self, way: Opener) -> QuietLine:
        context = self.client.options.pool_options._ssl_context  # PyMongo has no public name for it
        return QuietLine(way, context, load_balanced=bool(self._ready.profile.seeds.load_balanced))

    @property
    def closing(self) -> bool:
        """Whether it was told to close."""
        return self._closing is not None

    def redact(self, text: str) -> str:
        """A text without the secrets."""
        return redact_beginning(text, self._secrets.values())

    async def ask(self, server: str | None, knows_version: Callable[[str], object]) -> Answer:
        """Hello and ping to one server; None asks the one that the user's read preference chooses. Never raises.

        A server whose version is not known is asked for it, too.
        """
        from pymongo.read_preferences import Nearest

        preference = self.client.read_preference if server is None else Nearest()
        with self.going(), asking(server) as question:
            try:
                async with asyncio.timeout(self._patience_s or ANSWER_WITHIN_S):
                    await self.client.admin.command("hello", read_preference=preference)
                    stop_if_cancelled()
                    asked = question.server
                    question.wanted = server or asked
                    await self.client.admin.command("ping", read_preference=preference)
                    stop_if_cancelled()
                    rtt_ms = question.answered_ms
                    known = asked is None or knows_version(asked)
                    version = None if known else await self._version(preference)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is how the server is
                stop_if_cancelled()
                return self._failed(error, question, server)
        self._patience_s = None  # who has signed in once is not asked again for every ping
        return Answer(outcome=Outcome.ANSWERED, server=asked, rtt_ms=rtt_ms, version=version)

    async def _version(self, preference: Any) -> str | None:
        from pymongo.errors import OperationFailure

        try:
            answer: Mapping[str, Any] = await self.client.admin.command("buildInfo", read_preference=preference)
        except OperationFailure:
            return None
        return str(answer.get("version", "")) or None

    def _failed(self, error: Exception, question: Question, wanted: str | None) -> Answer:
        from pymongo import errors

        server = question.server or wanted
        old = question.connection_id is not None and not question.began_connection
        text = self.redact(error_text(error))
        details = getattr(error, "details", None)
        code_name = details.get("codeName") if isinstance(details, Mapping) else None
        code = getattr(error, "code", None)
        outcome = Outcome.SILENT
        match error:
            case errors.WaitQueueTimeoutError():
                outcome = Outcome.QUEUED
            case SignInProblem():
                outcome = Outcome.UNSIGNED
            case TimeoutError() if self._patience_s is not None:
                outcome, text = Outcome.UNSIGNED, f"there was no sign-in within {self._patience_s:g} s"
            case TimeoutError():
                text = f"No answer within {ANSWER_WITHIN_S:g} s."
                if question.connection_id is None and server is not None and self.pools.busy(server):
                    outcome, text = Outcome.QUEUED, f"No connection became free within {ANSWER_WITHIN_S:g} s."
            case errors.OperationFailure() if code in _REFUSED_CODES or self._login_failed(code):
                outcome = Outcome.REFUSED
            case errors.NotPrimaryError() | errors.ConnectionFailure():
                pass
            case errors.OperationFailure() if code not in _NOT_ABOUT_THE_LOGIN:
                outcome = Outcome.ANSWERED  # it lives, whatever it thinks of the question
            case errors.ConfigurationError() | ValueError() | TypeError():
                outcome = Outcome.UNUSABLE
            case _:
                pass
        return Answer(
            outcome=outcome,
            server=server,
            text=text,
            code=code if isinstance(code, int) else None,
            code_name=code_name,
            over_old_connection=old,
        )

    def _login_failed(self, code: int | None) -> bool:
        step = self._events.failed_login_step
        return step is not None and step.code == code and code not in _NOT_ABOUT_THE_LOGIN

    # ------------------------------------------------------------ events

    def _heard(self, event: DriverEvent) -> None:
        note(event)
        self.pools.feed(event)
        self._cut_lines.feed(event)
        if event.kind == "heartbeat" and event.failed and event.server is not None and not self.closing:
            self._confirm_limit(event.server)
        self._on_event(event)

    def _logged(self, event: DriverEvent) -> None:
        self._on_event(event)

    def _command_failed(self, name: str, code: int | None) -> None:
        if name not in LOGIN_COMMANDS or code is None or code in _NOT_ABOUT_THE_LOGIN or self._told_refusal:
            return
        self._told_refusal = True
        step = self._events.failed_login_step
        self._on_refused_login(code, step.server if step else None)

    # ------------------------------------------------------------ the end

    def close_soon(self, *, silently: bool = False) -> asyncio.Task[None]:
        """Begin to close, and return the task that does it, a second at most. Idempotent.

        ``silently``: without a goodbye to the servers, which may need another login.
        """
        if self._closing is None:
            if self._sign_in is not None:
                self._sign_in.stop()
            for task in (self._rescanning, self._trying_quiet):
                if task is not None:
                    task.cancel()
            if silently and (topology := self.client._topology) is not None:
                topology.pop_all_sessions()
            if self._way is not None:
                self._way.close()  # before the client, whose goodbye would wait for a dead line
            with self.going():
                self._closing = asyncio.get_running_loop().create_task(self._close())
        return self._closing

    def let_go(self) -> None:
        """Nothing is asked of it any more: where its client is closed, that goes now, and not with a collection."""
        if self._closing is not None and self._closing.done():
            del self.client, self._built

    async def _close(self) -> None:
        try:
            await close_client(self._built)
        finally:
            self._events.end()
            self._log.close()


def stop_if_cancelled() -> None:
    """Raise `CancelledError` in a task that was cancelled: PyMongo takes that for an error of its own now and then, or
    loses it in `asyncio.wait_for` (Python 3.11).
    """
    if (task := asyncio.current_task()) is not None and task.cancelling():
        raise asyncio.CancelledError


def objection(ready: Prepared) -> str | None:
    """Why no server may be contacted with this, one sentence; None: nothing speaks against it."""
    facts = ready.facts
    for mistake in facts.mistakes:
        if mistake.severity is Severity.FAILURE:
            blanks = {name: str(value) for name, value in mistake.blanks.items()}
            return redact(causes()[mistake.cause].title.format_map(blanks), ready.secrets.values())
    here = not ready.profile.hops and all(map(is_loopback, facts.hosts))
    if stays_here(facts.mistakes, ready.profile) and not here:
        return "Without TLS the password or token would be readable on the way: use TLS, or allow it in the profile."
    return None
