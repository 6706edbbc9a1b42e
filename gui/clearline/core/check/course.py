"""The course of a check: the text, the files, the driver with its head start, then the probes beside it.

Where the driver would first have to be imported, the probes knock before that: it is left out where nothing opens.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from clearline.core.addresses import is_loopback
from clearline.core.check.driver_errors import described
from clearline.core.check.driver_news import DriverNews
from clearline.core.check.examine import Examiner
from clearline.core.check.outcome import Outcome
from clearline.core.check.preparation import prepared
from clearline.core.check.questions import Terms, note_nameservers
from clearline.core.check.refusals import all_refuse
from clearline.core.check.running import Running
from clearline.core.check.seed_list import Known, add_seeds, look_up_seeds, sought
from clearline.core.check.this_computer import Inspection
from clearline.core.daemon_threads import run_in_daemon
from clearline.core.diagnosis.catalogue import causes
from clearline.core.diagnosis.standing import is_connected, load_balanced, single_topology
from clearline.core.driver.foreseen import is_plain, options_in_force
from clearline.core.facts.fact import replace
from clearline.core.facts.login import DriverState
from clearline.core.facts.names import counting
from clearline.core.facts.text import UriFacts
from clearline.core.findings import Severity, Stage
from clearline.core.hops.hop_log import Terms as HopTerms
from clearline.core.hops.loop import going
from clearline.core.hops.way import Way, lay
from clearline.core.probes.files import NO_ANSWER, NO_FILE
from clearline.core.profiles.login_fields import stays_here
from clearline.core.report.report import Verdict
from clearline.core.secrets.redaction import redact
from clearline.core.secrets.secret import KEY_PASSWORD, Secrets
from clearline.core.tls.trust import adopt_system_roots
from clearline.core.uri.connection_string import Reading, build
from clearline.core.uri.read_options import AFTER

if TYPE_CHECKING:
    from clearline.core.check.driver_run import DriverRun
    from clearline.core.driver.events import DriverEvent
    from clearline.core.driver.oidc import OnPrompt

HEAD_START_S = 0.03
"""What a healthy server on a local network needs for handshake, login and one read."""

_VALIDATION_OFF = ("tlsInsecure", "tlsAllowInvalidCertificates", "tlsAllowInvalidHostnames")

_WITHHELD = "(not shown: PyMongo may quote a part of the password)"


class Course:
    """Does one step after the other and enters what it learns; what that comes to is the outcome's question."""

    def __init__(
        self,
        run: Running,
        outcome: Outcome,
        on_event: Callable[[DriverEvent], None] | None,
        bring_driver: Callable[[], Awaitable[object]] | None,
    ) -> None:
        self._run = run
        self._ledger = run.ledger
        self._reporter = run.reporter
        self._outcome = outcome
        self._on_event = on_event
        self._bring_driver = bring_driver
        self._may_talk = asyncio.Event()
        """The driver has had its head start."""
        self._reading: Reading = run.request.reading
        self._profile = self._reading.profile
        self._secrets: Secrets = run.request.known_secrets
        self._keywords: dict[str, Any] = {}
        self._driver: DriverRun | None = None
        self._context: asyncio.Task[Any] | None = None
        self._way: Way | None = None
        self._known = Known.NOWHERE
        """Where the SRV name was found already."""
        self._text: str | None = None
        """For the driver, where the profile's own text leads it to another place."""

    async def run(self) -> bool:
        """Start everything; False when nothing is contacted, so that there is nothing to wait for."""
        usable = await self._prepare()
        self._reporter.stage_ms[Stage.URI] = self._reporter.elapsed_ms
        if not usable or self._would_bare_password():
            await self._import_driver()
            await self._refused_text()
            return False
        await self._lay_way()
        if not await self._seek_seeds():
            self._ledger.driver(state=DriverState.NOT_STARTED)
            self._reporter.decide(Verdict.FAILED)
            return False
        if await self._all_refuse():
            self._ledger.driver(state=DriverState.NOT_STARTED, effective=options_in_force(self._ledger.facts.uri))
            await run_in_daemon(adopt_system_roots)  # which comes with the driver, and the report names them
            self._inspect_surroundings()
            self._may_talk.set()  # should one of them open after all
            return True
        await self._import_driver()
        if await self._build_driver():
            assert self._driver is not None
            if self._ledger.facts.uri.srv:
                await note_nameservers(self._ledger)  # Reads them anew for the driver too: networks change.
            with going(self._way, self._driver.lines):
                self._run.driver_task = self._run.spawn(self._drive(self._driver))
            await self._head_start()  # Nothing is painted meanwhile: a healthy local server is through by then.
        if self._driver is not None or self._ledger.facts.driver.raised_by == "constructor":
            self._inspect_surroundings()
        if self._driver is not None:
            self._start_probes()
        self._may_talk.set()
        return True

    def _inspect_surroundings(self) -> None:
        Inspection(self._run, self._profile, self._secrets, self._reading.text, self._ca_file).begin()

    async def _import_driver(self) -> None:
        """As far as it is not here. The time of that is none of the check's."""
        if self._bring_driver is not None:
            began = time.perf_counter()
            await self._bring_driver()
            self._reporter.began += time.perf_counter() - began

    async def _all_refuse(self) -> bool:
        """Whether the driver, which is not here yet, could only say that all servers refuse. Begins the probes."""
        plain = self._way is None and not self._keywords and is_plain(self._ledger.facts.uri)
        if self._bring_driver is None or not plain:
            return False
        self._start_probes()
        return await all_refuse(self._ledger)

    async def _head_start(self) -> None:
        """Let the driver go first: until it is through, or in trouble, or slower than a healthy local server."""
        assert self._run.driver_task is not None
        trouble = asyncio.ensure_future(self._run.trouble.wait())
        try:
            await asyncio.wait(
                {self._run.driver_task, trouble}, timeout=HEAD_START_S, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            trouble.cancel()
        self._outcome.judge()

    # ------------------------------------------------------------ the text

    async def _prepare(self) -> bool:
        """Resolve references, get secrets and trusted authorities together; False when something is missing."""
        permits = self._run.request.permits
        if permits.not_agreed:
            self._ledger.put(uri=replace(self._reading.facts, mistakes=permits.not_agreed))
            return False
        ready = await prepared(self._run.request)
        self._reading, self._profile, self._secrets = ready.reading, ready.profile, ready.secrets
        self._keywords = ready.keywords
        self._reporter.hide(ready.exposed, ready.secrets.values())
        uri = ready.facts
        if permits.on_prompt is not None:
            await self._sign_in_by_hand(permits.on_prompt)
        self._ledger.put(uri=uri)
        return not any(mistake.severity is Severity.FAILURE for mistake in uri.mistakes)

    async def _sign_in_by_hand(self, on_prompt: OnPrompt) -> None:
        from clearline.core.driver.oidc import HumanSignIn, wants_human  # with urllib and http.server

        if wants_human(self._profile):
            self._run.sign_in = HumanSignIn(on_prompt)
            hosts = await self._run.request.sign_in_hosts()
            self._keywords["authMechanismProperties"] = self._run.sign_in.properties(hosts)

    async def _refused_text(self) -> None:
        """No server is contacted; what the driver's constructor says, which opens the files, is noted."""
        stuck = any(mistake.cause in (NO_FILE, NO_ANSWER) for mistake in self._ledger.facts.uri.mistakes)
        if not self._run.request.permits.not_agreed and not stuck:
            await self._build_driver()
        if self._ledger.facts.driver.state is DriverState.WAITING:
            self._ledger.driver(state=DriverState.NOT_STARTED)
        self._reporter.decide(Verdict.FAILED)

    def _would_bare_password(self) -> bool:
        """PLAIN and OIDC over a line without TLS show it to every machine on the way: not without consent."""
        here = not self._profile.hops and all(map(is_loopback, self._ledger.facts.uri.hosts))
        if not self._confined or here:
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

    # ------------------------------------------------------------ the way

    async def _lay_way(self) -> None:
        """What the profile's servers are reached through; what keeps a connection is logged in to before all else.

        A human may be asked meanwhile, for whom the driver would not wait.
        """
        if self._profile.hops:
            patience = self._run.request.patience
            terms = HopTerms(deadline_s=patience.silence_s, late_s=patience.late_s)
            permits = self._run.request.permits
            way = await lay(
                self._profile.hops,
                self._secrets,
                terms=terms,
                changed=self._way_changed,
                agreed=permits.way,
                may_run=permits.may_run,
            )
            with going(way):  # raises on a loop that would go directly
                self._way = way
            self._way_changed()
            entering = self._run.spawn(way.enter())
            while not entering.done() and not any(hop.failure is not None for hop in way.facts):
                self._ledger.changed.clear()
                changed = asyncio.ensure_future(self._ledger.changed.wait())
                await asyncio.wait({entering, changed}, return_when=asyncio.FIRST_COMPLETED)
                changed.cancel()

    def _way_changed(self) -> None:
        if self._way is None:
            return
        self._ledger.put(hops=self._way.facts)
        if self._run.examiner is not None:
            self._run.examiner.way_changed()

    async def _seek_seeds(self) -> bool:
        """Behind hops an SRV name may be known at the far side alone; False: the driver has nothing to go by."""
        facts = self._ledger.facts
        if self._way is None or not facts.uri.srv or any(hop.failure is not None for hop in facts.hops):
            return True
        await note_nameservers(self._ledger)
        patience = self._run.request.patience
        found = await sought(
            self._profile,
            self._way,
            deadline_s=patience.silence_s,
            on_question=self._ledger.ask,
        )
        self._known = found.known
        if found.known is not Known.NOWHERE or self._profile.far_dns.first:
            self._ledger.put(dns=replace(self._ledger.facts.dns, finished=True))
        if found.long is not None:
            self._text = build(found.long, self._secrets, show="plain")
        return found.long is not None or not (found.known is Known.FAR or self._profile.far_dns.first)

    # ------------------------------------------------------------ the driver

    async def _build_driver(self) -> bool:
        """Build the client; False when its constructor refuses, which is then a fact."""
        from clearline.core.check.driver_run import DriverRun  # late: not where every server refuses
        from clearline.core.driver.client import build_client, built_beside

        events = DriverNews(self._run, self._secrets, self._on_event).listen()
        build = partial(
            build_client,
            self._text or self._reading.driver_text,
            self._ledger.facts.uri.options,
            listeners=events.listeners(),
            longest_wait_s=self._run.request.patience.late_s,
            server_api=self._profile.options.server_api,
            extra=self._keywords,
            confined=self._confined,
        )
        try:
            built = await built_beside(build, tls=self._ledger.facts.tls_wanted)
        except Exception as error:  # noqa: BLE001 - the constructor raises far more than PyMongoError
            told = described(error, self._secrets)
            if _may_quote_a_piece(self._ledger.facts.uri, self._secrets):
                told["message"] = _WITHHELD
            self._ledger.driver(**told, state=DriverState.RAISED, raised_by="constructor")
            return False
        self._ledger.driver(warnings=_safe(built.warnings, self._secrets))
        events.follow(built.client)
        self._driver = DriverRun(built, self._ledger, events, self._secrets, self._run.request.patience.late_s)
        return True

    async def _drive(self, driver: DriverRun) -> None:
        began = time.perf_counter()
        await driver.connect_and_read()
        elapsed = (time.perf_counter() - began) * 1000
        self._reporter.stage_ms[Stage.DRIVER] = elapsed
        self._ledger.driver(elapsed_ms=elapsed)
        if is_connected(self._ledger.facts):
            self._outcome.judge()
            await driver.learn_access()
        elif self._confined and not all(is_loopback(member.address) for member in self._ledger.facts.members):
            self._refuse_bare_password()  # a server here leads elsewhere, where the driver did not follow
        elif self._ledger.facts.login.failed_step is not None:
            await self._outcome.explain_login()
        elif "pymongo.errors.ConnectionFailure" in self._ledger.facts.driver.bases and self._run.examiner is not None:
            await self._run.examiner.look_again()

    # ------------------------------------------------------------ the probes

    def _start_probes(self) -> None:
        if self._run.examiner is not None:
            return
        facts = self._ledger.facts
        options = facts.uri.options
        patience = self._run.request.patience
        password = self._secrets.get(KEY_PASSWORD)
        self._run.examiner = Examiner(
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
                ask_revocation=options.get("tlsDisableOCSPEndpointCheck") is False,
                compressors=tuple(options.get("compressors") or ()),
                deadline_s=patience.silence_s,
                late_s=patience.late_s,
                way=self._way,
                may_talk=self._may_talk,
            ),
            self._run.spawn,
        )
        if facts.uri.srv and self._known is not Known.NOWHERE:
            add_seeds(self._ledger, self._run.examiner, list(counting(facts.dns.questions)))
        elif facts.uri.srv:
            seeds = look_up_seeds(
                self._ledger, self._run.examiner, deadline_s=patience.silence_s, late_s=patience.late_s
            )
            self._run.spawn(seeds)
        else:
            for host in facts.uri.hosts:
                self._run.examiner.add(host, seed=True)

    async def _tls_context(self) -> Any:
        from clearline.core.driver.client import tls_context

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

    # ------------------------------------------------------------ the end

    def abandon(self) -> asyncio.Task[None] | None:
        """End everything without waiting for anything; the task returned closes the client, a second at most."""
        if self._run.driver_task is not None:
            self._run.driver_task.cancel()  # before its client is closed
        # A turn later: what awaits the check hears of its end first, for hundreds take a while to end.
        asyncio.get_running_loop().call_soon(self._end_probes)
        if self._run.sign_in is not None:
            self._run.sign_in.stop()
        if self._context is not None:
            self._context.cancel()
        if self._way is not None:
            self._way.close()  # before the client, whose goodbye would wait for a dead line
        driver, self._driver = self._driver, None  # what may still know this shall not keep its client
        if driver is None:
            return None
        with going(self._way, driver.lines):  # its goodbye may open a connection, to a server that it chooses anew
            return driver.close_soon()

    def _end_probes(self) -> None:
        # A second time would interrupt the driver's cleaning up. Whatever else is being cancelled in this very turn, is
        # so by a limit of its own, and would go on.
        for task in self._run.tasks - {self._run.driver_task}:
            task.cancel()
        if self._run.examiner is not None:
            self._run.examiner.close()  # with the lines that were opened in that last turn
        # Each of them holds this course, and it them: such a circle waits for a collection of garbage.
        self._run.examiner = self._run.driver_task = self._run.inspection = None


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
