"""One check: the driver and the facts, side by side, until the verdict and what explains it.

The driver gets a head start, for on a healthy line it needs no help; its first failed heartbeat, or silence, sets
the probes off. Whatever either learns goes into one ledger, and after every entry two pure questions are asked of it:
is the verdict known, and what are the findings.
"""

from __future__ import annotations

import asyncio
import time
import unicodedata
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from clearline.core.addresses import is_loopback
from clearline.core.check.driver_run import DriverRun, described
from clearline.core.check.examine import Examiner
from clearline.core.check.ledger import Ledger
from clearline.core.check.preparation import prepared
from clearline.core.check.questions import Terms, note_nameservers
from clearline.core.check.reporter import Teller
from clearline.core.check.request import Request
from clearline.core.check.seed_list import look_up_seeds
from clearline.core.daemon_threads import run_in_daemon
from clearline.core.diagnosis.catalogue import causes
from clearline.core.diagnosis.standing import (
    Standing,
    has_failed,
    is_connected,
    load_balanced,
    single_topology,
    standing,
)
from clearline.core.driver.client import build_client, tls_context
from clearline.core.driver.events import DriverEvent, DriverEvents
from clearline.core.facts.login import DriverState
from clearline.core.facts.text import UriFacts
from clearline.core.facts.whole import Facts
from clearline.core.findings import Severity, Stage
from clearline.core.probes import dns
from clearline.core.probes.computer import inspect_computer
from clearline.core.probes.files import inspect_files
from clearline.core.profiles.login_fields import stays_here
from clearline.core.report.report import Report, Verdict
from clearline.core.secrets.redaction import redact
from clearline.core.secrets.secret import KEY_PASSWORD, Secrets
from clearline.core.tls.trust import adopt_system_roots
from clearline.core.uri.connection_string import Reading
from clearline.core.uri.read_options import AFTER

if TYPE_CHECKING:
    from clearline.core.driver.oidc import HumanSignIn, OnPrompt

LONGEST_S = 15.0
"""A check is over then, whatever still moves."""
HEAD_START_S = 0.03
"""What a healthy server on a local network needs for handshake, login and one read."""

_VALIDATION_OFF = ("tlsInsecure", "tlsAllowInvalidCertificates", "tlsAllowInvalidHostnames")

_WITHHELD = "(not shown: PyMongo may quote a part of the password)"

_farewells: set[asyncio.Task[None]] = set()
"""Clients that are still saying goodbye; asyncio itself keeps only weak references to tasks."""


def warm_up() -> None:
    """Import what a check needs and imports late (0.2 to 0.7 s): off the GUI thread, before the first check.

    In the frozen program also lets OpenSSL find this computer's trusted authorities.
    """
    import cryptography.x509  # noqa: F401
    import pymongo.asynchronous.mongo_client  # noqa: F401

    dns.preload()
    adopt_system_roots()


async def check(
    request: Request,
    emit: Callable[[Report], None],
    *,
    on_event: Callable[[DriverEvent], None] | None = None,
    on_facts: Callable[[Facts], None] | None = None,
) -> Report:
    """Do one check and return the whole report; never raises.

    ``emit`` gets partial reports (``verdict`` None, then the verdict with what is known) and last the whole one;
    ``on_event`` hears each driver event, in this loop's thread; ``on_facts`` once, at the end, all that was learnt.
    Cancelling the task gives a report with the verdict *cancelled*, or with the verdict that was known by then.
    """
    run = _Check(request, emit, on_event)
    report = await run.report()
    if on_facts is not None:
        on_facts(run.facts)
    return report


class _Check:
    def __init__(
        self, request: Request, emit: Callable[[Report], None], on_event: Callable[[DriverEvent], None] | None
    ) -> None:
        began = time.perf_counter()
        self._request = request
        self._on_event = on_event
        self._sign_in: HumanSignIn | None = None
        self._reading: Reading = request.reading
        self._profile = self._reading.profile
        self._secrets: Secrets = request.known_secrets
        self._keywords: dict[str, Any] = {}
        self._ledger = Ledger(Facts(uri=self._reading.facts, deadline_ms=request.patience.silence_s * 1000))
        self._teller = Teller(self._profile.name, self._ledger, emit, began)
        self._tasks: set[asyncio.Task[None]] = set()
        self._examiner: Examiner | None = None
        self._driver: DriverRun | None = None
        self._driver_task: asyncio.Task[None] | None = None
        self._inspection: asyncio.Task[None] | None = None
        self._trouble = asyncio.Event()
        self._context: asyncio.Task[Any] | None = None

    @property
    def facts(self) -> Facts:
        """All that has been learnt so far."""
        return self._ledger.facts

    # ------------------------------------------------------------ the course of a check

    async def report(self) -> Report:
        """The whole check; see `check`."""
        stopped = False
        try:
            await self._run()
        except asyncio.CancelledError:
            # Stop is an answer here, not an error: the caller gets what is known so far, a verdict if there is one.
            stopped = True
            if (task := asyncio.current_task()) is not None:
                task.uncancel()
            self._teller.verdict = self._teller.verdict or Verdict.CANCELLED
        except Exception as error:  # noqa: BLE001 - a bug of ours must not take the report away
            self._teller.note_bug(error)
        farewell = self._abandon()
        if farewell is not None and not stopped:
            # Shielded: a Stop during the goodbye neither loses the report nor leaves the client open.
            try:
                await asyncio.shield(farewell)
            except asyncio.CancelledError:
                if (task := asyncio.current_task()) is not None:
                    task.uncancel()
        if self._teller.verdict is None:
            self._teller.decide(Verdict.FAILED)
        if self._teller.verdict is Verdict.FAILED and not has_failed(self._ledger.facts):
            self._ledger.update("driver", state=DriverState.GIVEN_UP)
        return self._teller.finish()

    async def _run(self) -> None:
        usable = await self._prepare()
        self._teller.stage_ms[Stage.URI] = self._teller.elapsed_ms
        if not usable or self._would_bare_password():
            self._refused_text()
            return
        await self._inspect_files()
        if self._build_driver():
            assert self._driver is not None
            if self._ledger.facts.uri.srv:
                await note_nameservers(self._ledger)  # Reads them anew for the driver too: networks change.
            self._driver_task = self._spawn(self._drive(self._driver))
            await self._head_start()  # Nothing is painted meanwhile: a healthy local server is through by then.
        if self._driver is not None or self._ledger.facts.driver.raised_by == "constructor":
            self._inspection = self._spawn(self._inspect_computer())
        if self._driver is not None:
            self._start_probes()
        await self._until_explained()

    async def _head_start(self) -> None:
        """Let the driver go first: until it is through, or in trouble, or slower than a healthy local server."""
        assert self._driver_task is not None
        trouble = asyncio.ensure_future(self._trouble.wait())
        try:
            await asyncio.wait({self._driver_task, trouble}, timeout=HEAD_START_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            trouble.cancel()
        self._judge()

    async def _until_explained(self) -> None:
        """Judge after every entry, until the verdict is given and everything still asked is answered or late."""
        ledger = self._ledger
        end = self._teller.began + (LONGEST_S if self._sign_in is None else self._sign_in.patience_s)
        while True:
            self._judge()
            self._teller.frame()
            if self._teller.verdict is not None and not self._waiting():
                return
            if time.perf_counter() > end:
                return
            ledger.changed.clear()
            done = asyncio.ensure_future(ledger.changed.wait())
            try:
                await asyncio.wait(
                    {done, *self._tasks},
                    timeout=max(0.0, end - time.perf_counter()),
                    return_when=asyncio.FIRST_COMPLETED,
                )
            finally:
                done.cancel()

    def _waiting(self) -> bool:
        """Whether something may still come that the report should wait for."""
        tasks = {t for t in self._tasks if not t.done()}
        if self._teller.verdict is Verdict.FAILED and self._driver_task is not None and has_failed(self._ledger.facts):
            # The driver would only wait for its timeout; a late answer to a probe makes it worth waiting for again.
            tasks.discard(self._driver_task)
        return bool(tasks)

    # ------------------------------------------------------------ the text, the files, this computer

    async def _prepare(self) -> bool:
        """Resolve references, get secrets and trusted authorities together; False when something is missing."""
        permits = self._request.permits
        if permits.not_agreed:
            self._ledger.put(uri=replace(self._reading.facts, mistakes=permits.not_agreed))
            return False
        ready = await prepared(self._request)
        self._reading, self._profile, self._secrets = ready.reading, ready.profile, ready.secrets
        self._keywords = ready.keywords
        self._teller.hide(ready.exposed)
        uri = ready.facts
        if permits.on_prompt is not None:
            await self._sign_in_by_hand(permits.on_prompt)
        self._ledger.put(uri=uri)
        return not any(mistake.severity is Severity.FAILURE for mistake in uri.mistakes)

    async def _sign_in_by_hand(self, on_prompt: OnPrompt) -> None:
        from clearline.core.driver.oidc import HumanSignIn, wants_human  # with urllib and http.server

        if wants_human(self._profile):
            self._sign_in = HumanSignIn(on_prompt)
            hosts = await self._request.sign_in_hosts()
            self._keywords["authMechanismProperties"] = self._sign_in.properties(hosts)

    def _refused_text(self) -> None:
        """No server is contacted; what the driver's constructor says is noted for the report."""
        if not self._request.permits.not_agreed:
            self._build_driver()
        if self._ledger.facts.driver.state is DriverState.WAITING:
            self._ledger.update("driver", state=DriverState.NOT_STARTED)
        self._teller.decide(Verdict.FAILED)

    def _would_bare_password(self) -> bool:
        """PLAIN over a line without TLS shows the password to every machine on the way: not without consent."""
        if not self._confined or all(map(is_loopback, self._ledger.facts.uri.hosts)):
            return False
        self._refuse_bare_password()
        return True

    @property
    def _confined(self) -> bool:
        """The password would be readable on the way, so it stays on this computer."""
        return stays_here(self._ledger.facts.uri.mistakes, self._profile)

    def _refuse_bare_password(self) -> None:
        uri = self._ledger.facts.uri
        self._ledger.put(uri=_with_severity(uri, "auth.password-in-clear", Severity.FAILURE))

    async def _inspect_files(self) -> None:
        tls = self._profile.tls
        if tls.ca_file or tls.certificate_key_file or tls.crl_file:
            began = time.perf_counter()
            files = await run_in_daemon(
                inspect_files, self._profile, self._secrets, self._teller.started, self._reading.text
            )
            self._ledger.put(files=files)
            self._teller.stage_ms[Stage.FILES] = (time.perf_counter() - began) * 1000
        self._ledger.put(files_checked=True)

    async def _inspect_computer(self) -> None:
        self._ledger.put(computer=await run_in_daemon(inspect_computer, self._profile, self._ca_file))

    # ------------------------------------------------------------ the driver

    def _build_driver(self) -> bool:
        """Build the client; False when its constructor refuses, which is then a fact."""
        events = DriverEvents(
            self._on_event or (lambda _event: None),
            secrets=self._secrets,
            on_heartbeat_failed=self._heartbeat_failed,
        )
        try:
            built = build_client(
                self._reading.driver_text,
                self._ledger.facts.uri.options,
                listeners=events.listeners(),
                longest_wait_s=self._request.patience.late_s,
                server_api=self._profile.options.server_api,
                extra=self._keywords,
                confined=self._confined,
            )
        except Exception as error:  # noqa: BLE001 - the constructor raises far more than PyMongoError
            told = described(error, self._secrets)
            if _may_quote_a_piece(self._ledger.facts.uri, self._secrets):
                told["message"] = _WITHHELD
            self._ledger.update("driver", **told, state=DriverState.RAISED, raised_by="constructor")
            return False
        self._ledger.update("driver", warnings=_safe(built.warnings, self._secrets))
        events.follow(built.client)
        self._driver = DriverRun(built, self._ledger, events, self._secrets)
        return True

    async def _drive(self, driver: DriverRun) -> None:
        began = time.perf_counter()
        await driver.connect_and_read()
        elapsed = (time.perf_counter() - began) * 1000
        self._teller.stage_ms[Stage.DRIVER] = elapsed
        self._ledger.update("driver", elapsed_ms=elapsed)
        if is_connected(self._ledger.facts):
            self._judge()
            await driver.learn_access()
        elif self._confined and not all(is_loopback(member.address) for member in self._ledger.facts.members):
            self._refuse_bare_password()  # a server here leads elsewhere, where the driver did not follow
        elif self._ledger.facts.login.failed_step is not None:
            await self._explain_login()
        elif "pymongo.errors.ConnectionFailure" in self._ledger.facts.driver.bases and self._examiner is not None:
            await self._examiner.look_again()

    async def _explain_login(self) -> None:
        """After a refused login: which users and mechanisms the server knows, over a line that is open already."""
        self._trouble.set()
        while not _can_be_asked(self._ledger.facts):
            self._ledger.changed.clear()
            await self._ledger.changed.wait()
        if self._examiner is not None:
            await self._examiner.ask_mechanisms(candidate_users(self._ledger.facts))

    def _heartbeat_failed(self, server: str, error: Exception) -> None:
        if self._ledger.facts.driver.state is DriverState.WAITING:
            self._ledger.update("driver", **described(error, self._secrets))
        self._trouble.set()

    # ------------------------------------------------------------ the probes

    def _start_probes(self) -> None:
        facts = self._ledger.facts
        options = facts.uri.options
        patience = self._request.patience
        password = self._secrets.get(KEY_PASSWORD)
        self._examiner = Examiner(
            self._ledger,
            Terms(
                tls=facts.tls_wanted,
                context=self._tls_context,
                ca_file=_text(options.get("tlsCAFile")) or self._ca_file,
                validated=not any(options.get(name) is True for name in _VALIDATION_OFF),
                client_certificate=_text(options.get("tlsCertificateKeyFile")),
                client_key_password=password.reveal() if password else None,
                single=single_topology(facts),
                load_balanced=load_balanced(facts),
                compressors=tuple(options.get("compressors") or ()),
                deadline_s=patience.silence_s,
                late_s=patience.late_s,
            ),
            self._spawn,
        )
        if facts.uri.srv:
            seeds = look_up_seeds(self._ledger, self._examiner, deadline_s=patience.silence_s, late_s=patience.late_s)
            self._spawn(seeds)
        else:
            for host in facts.uri.hosts:
                self._examiner.add(host, seed=True)

    async def _tls_context(self) -> Any:
        if self._context is None:
            self._context = asyncio.ensure_future(
                run_in_daemon(tls_context, {**self._ledger.facts.uri.options, **self._trusting()}, self._secrets)
            )
        try:
            return await asyncio.shield(self._context)
        except Exception:  # noqa: BLE001 - the file probe and the driver tell what is wrong with it
            return None

    @property
    def _ca_file(self) -> str | None:
        """The authorities of the profile's trust source, where it has one."""
        return _text(self._keywords.get("tlsCAFile"))

    def _trusting(self) -> dict[str, str]:
        return {"tlsCAFile": self._ca_file} if self._ca_file is not None else {}

    # ------------------------------------------------------------ judging

    def _judge(self) -> None:
        facts = self._ledger.facts
        if is_connected(facts):
            if self._teller.verdict is not Verdict.CONNECTED:
                self._teller.decide(Verdict.CONNECTED)
                self._teller.frame(force=True)
        elif self._teller.verdict is None and has_failed(facts) and self._is_explained():
            self._teller.decide(Verdict.FAILED)
            self._teller.frame(force=True)

    def _is_explained(self) -> bool:
        """Whether everything has been asked that could name the cause; each question has its own deadline."""
        facts = self._ledger.facts
        if any(m.severity is Severity.FAILURE for m in facts.uri.mistakes):
            return True
        if self._examiner is None:
            return not self._tasks or all(t.done() for t in self._tasks)
        if facts.uri.srv and not facts.dns.finished and not facts.members:
            return False
        if facts.driver.state is DriverState.RAISED and self._driver_task is not None and not self._driver_task.done():
            return False  # It asks on about the login, or about the server that it lost.
        inspected = bool(facts.computer.system) or (self._inspection is not None and self._inspection.done())
        return inspected and all(m.finished for m in facts.members)

    # ------------------------------------------------------------ tasks

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._teller.note_bug(error)
        self._ledger.changed.set()

    def _abandon(self) -> asyncio.Task[None] | None:
        """End everything without waiting for anything; the task returned is the client's goodbye, a second at most."""
        for task in list(self._tasks):
            task.cancel()
        if self._sign_in is not None:
            self._sign_in.stop()
        if self._context is not None:
            self._context.cancel()
        if self._examiner is not None:
            self._examiner.close()
        if self._driver is None:
            return None
        farewell = asyncio.get_running_loop().create_task(self._driver.close())
        _farewells.add(farewell)
        farewell.add_done_callback(_farewells.discard)
        return farewell


async def farewells() -> None:
    """Wait for the clients of stopped checks that are still closing, a second at most: before this loop ends."""
    loop = asyncio.get_running_loop()
    if open_here := {task for task in _farewells if task.get_loop() is loop}:
        await asyncio.wait(open_here)


def _can_be_asked(facts: Facts) -> bool:
    """Whether some server has answered the probes' hello, or none will."""
    members = facts.members
    ready = any(standing(facts, m) is Standing.ANSWERED and m.finished for m in members)
    return ready or (bool(members) and all(m.finished for m in members))


def _with_severity(uri: UriFacts, cause: str, severity: Severity) -> UriFacts:
    """The facts with another weight of one kind of mistake."""
    weighed = (replace(m, severity=severity) if m.cause == cause else m for m in uri.mistakes)
    return replace(uri, mistakes=tuple(weighed))


def _may_quote_a_piece(uri: UriFacts, secrets: Secrets) -> bool:
    """Whether PyMongo took another part of the text for the password, so that its words may quote the rest."""
    return bool(secrets) and any(causes()[mistake.cause].splits_password for mistake in uri.mistakes)


def _safe(warnings: tuple[str, ...], secrets: Secrets) -> tuple[str, ...]:
    """What PyMongo warned about, without secrets; nothing at all where a name may be a piece of one."""
    if any(name.startswith(AFTER) for name in secrets):
        return ()
    return tuple(redact(warning, secrets.values()) for warning in warnings)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def candidate_users(facts: Facts) -> tuple[str, ...]:
    """``database.user`` for the databases where a user may live, and for the name in small letters."""
    login = facts.login
    user = login.user or facts.uri.user or ""
    databases = dict.fromkeys(d for d in (login.database, facts.uri.database, "admin", "$external") if d)
    composed = unicodedata.normalize("NFC", user)  # a name pasted from a Mac may come in decomposed letters
    names = dict.fromkeys(n for n in (user, user.lower(), user.strip(), composed) if n)
    return tuple(f"{database}.{name}" for name in names for database in databases)
