"""PyMongo's own part of a check: handshake, the one login attempt, one read, and what the account may do."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from clearline.core.check.access import Access
from clearline.core.check.driver_errors import code_name_of, code_of, described
from clearline.core.check.ledger import Ledger
from clearline.core.check.running import closing
from clearline.core.driver.client import Built, close_client, effective_options
from clearline.core.driver.events import DriverEvents, LoginStep, Opening
from clearline.core.driver.monitors import shed_frames
from clearline.core.facts.fact import replace
from clearline.core.facts.login import DriverState, LoginFacts
from clearline.core.facts.whole import SILENCE_S
from clearline.core.secrets.secret import Secrets

if TYPE_CHECKING:
    from pymongo import AsyncMongoClient

UNAUTHORIZED = 13
ATLAS_ERROR = 8000
"""Atlas' proxy in front of shared clusters answers with this one code to whatever is not allowed."""
_SCRAM = frozenset({"DEFAULT", "SCRAM-SHA-1", "SCRAM-SHA-256"})
LOGIN_SILENCE_S = 2 * SILENCE_S
"""So long a server that answers hello at once may keep silent about a password until that is told."""
_PROMPT_MS = 300.0
READ_COLLECTION = "clearline"
"""The collection of the one read. It need not exist: the answer is empty then, and the right to read is proven."""


class DriverRun:
    """One client from its first contact to its close. Everything it learns goes into the ledger; it never raises."""

    def __init__(self, built: Built, ledger: Ledger, events: DriverEvents, secrets: Secrets, late_s: float) -> None:
        """``late_s`` is how long a login may be silent and still change the verdict, see `Patience`."""
        self.lines = built.lines
        self._built = built
        self._client: AsyncMongoClient[dict[str, Any]] = built.client
        self._ledger = ledger
        self._events = events
        self._secrets = secrets
        self._late_s = late_s
        events.on_login_sent = self._login_sent
        events.on_opening = self._opening

    async def connect_and_read(self) -> None:
        """Connect, log in and read once. The verdict *connected* is exactly this."""
        step = "resolve"
        try:
            await self._client.aconnect()
            self._ledger.driver(effective=effective_options(self._client))
            step = "read"
            database = self._client.get_default_database("test")
            await database[READ_COLLECTION].find_one({}, projection={"_id": True})
        except asyncio.CancelledError as stop:
            shed_frames(stop)
            raise
        except Exception as error:  # noqa: BLE001 - the driver raises far more than PyMongoError
            self._failed(error, step)
            shed_frames(error)
        else:
            self._connected(0)

    def _login_sent(self, step: LoginStep) -> None:
        """Have a look at it later: the driver itself would wait for 20 seconds and more.

        Only SCRAM is the server's own affair; behind other mechanisms it may have to ask someone who takes time.
        """
        if self._uses_scram:
            asyncio.get_running_loop().call_later(LOGIN_SILENCE_S, self._look_at_login, step)

    def _opening(self, opening: Opening) -> None:
        """The same for a connection whose hello brings the first step of the login along (Authentication spec)."""
        if self._uses_scram:
            asyncio.get_running_loop().call_later(LOGIN_SILENCE_S, self._look_at_opening, opening)

    def _look_at_opening(self, opening: Opening) -> None:
        if self._events.opening is opening and self._events.login_step is None:
            self._tell_silence(LoginStep(name="saslStart", database="", server=opening.server))

    def _look_at_login(self, step: LoginStep) -> None:
        if self._events.login_step is step:
            self._tell_silence(step)

    def _tell_silence(self, step: LoginStep) -> None:
        facts = self._ledger.facts
        if facts.driver.state is not DriverState.WAITING:
            return
        member = facts.member(step.server)
        told = [e.elapsed_ms for e in member.exchanges if e.hello is not None] if member is not None else []
        if told and min(told) < _PROMPT_MS:
            login = replace(self._login(succeeded=False), silent=True, failed_step=step.name, server=step.server)
            self._ledger.put(login=login)
            asyncio.get_running_loop().call_later(max(0.0, self._late_s - LOGIN_SILENCE_S), self._give_up_login)

    def _give_up_login(self) -> None:
        """It was waited for as long as for any other late answer."""
        if self._ledger.facts.driver.state is DriverState.WAITING and self._ledger.facts.login.silent:
            self._ledger.driver(state=DriverState.GIVEN_UP)

    def _connected(self, code: int) -> None:
        facts = self._ledger.facts
        self._ledger.put(login=self._login(succeeded=True))
        self._ledger.access(read_code=code, read_database=facts.uri.database or "test")
        self._ledger.driver(
            state=DriverState.CONNECTED,
            exception=None,
            message=None,
            code=None,
            server=self._events.last_server,
        )

    def _failed(self, error: Exception, step: str) -> None:
        from pymongo.errors import OperationFailure

        from clearline.core.driver.oidc_provider import SignInProblem

        code = code_of(error)
        failed_login = self._events.failed_login_step
        # A login inside hello (speculativeAuthenticate: X.509, OIDC) leaves no command event. But no read is sent over
        # a connection that is not logged in: where the server turned down the read itself, the login was accepted.
        unproven = step == "read" and failed_login is None and self._breaks_off(error)
        answered = step == "read" and isinstance(error, OperationFailure) and failed_login is None and not unproven
        # Turned down before any command was sent: that was the hello, which asks about the user who is to log in.
        at_hello = answered and self._wants_login() and self._events.last_server is None
        answered = answered and not at_hello
        # The first step of OIDC only asks the server for the provider, at which there was no sign-in then.
        began = self._events.login_step is not None and not isinstance(error, SignInProblem)
        logged_in = self._wants_login() and failed_login is None and not unproven and (began or answered)
        if code in (UNAUTHORIZED, ATLAS_ERROR) and logged_in and step == "read":
            # Logged in and turned away at one collection: the connection works, a right is missing.
            self._connected(code)
            return
        here = (
            self._wants_login()
            and not began
            and step == "read"
            and not (answered or at_hello or unproven)
            and self._events.connected
            and not _from_network(error)
        )
        self._ledger.put(login=self._login(succeeded=logged_in, error=error, refused_here=here, unproven=unproven))
        if step == "read" and failed_login is None and not at_hello and code is not None:
            self._ledger.access(read_code=code)
        by = "login" if failed_login is not None or here or unproven or at_hello else step
        self.tell(error, by)

    def tell(self, error: Exception, raised_by: str) -> None:
        """Enter what PyMongo raised."""
        from pymongo.errors import ServerSelectionTimeoutError

        self._ledger.driver(
            **described(error, self._secrets),
            state=DriverState.RAISED,
            raised_by=raised_by,
            server=self._events.last_server,
            selection_timed_out=isinstance(error, ServerSelectionTimeoutError),
        )

    @property
    def _uses_scram(self) -> bool:
        credentials = self._client.options.pool_options._credentials
        return credentials is not None and credentials.mechanism in _SCRAM

    def _wants_login(self) -> bool:
        return self._client.options.pool_options._credentials is not None

    def _breaks_off(self, error: Exception) -> bool:
        """PyMongo itself raises over what a server answers in SCRAM (RFC 5802): its nonce, its iteration count, its
        signature. What a server refuses comes with the server's document; this has none.
        """
        from pymongo.errors import OperationFailure

        credentials = self._client.options.pool_options._credentials
        if credentials is None or credentials.mechanism not in _SCRAM or not self._events.connected:
            return False
        if isinstance(error, OperationFailure):
            return error.details is None
        # An answer that is no SCRAM message at all. Before the first, such an error is about the password (SASLprep).
        step = self._events.login_step
        return step is not None and step.passed is True and isinstance(error, (ValueError, LookupError, TypeError))

    def _login(
        self, *, succeeded: bool, error: Exception | None = None, refused_here: bool = False, unproven: bool = False
    ) -> LoginFacts:
        credentials = self._client.options.pool_options._credentials
        if credentials is None:
            return LoginFacts()
        step, failed = self._events.login_step, self._events.failed_login_step
        return LoginFacts(
            mechanism=credentials.mechanism if credentials.mechanism != "DEFAULT" else self._events.mechanism,
            database=credentials.source,
            user=credentials.username,
            attempted=succeeded or step is not None or refused_here or unproven,
            succeeded=succeeded,
            opening_ms=self._events.opening_ms if succeeded else None,
            failed_step=failed.name if failed else None,
            code=(failed.code if failed else None) or (code_of(error) if error and failed else None),
            code_name=(failed.code_name if failed else None) or (code_name_of(error) if error and failed else None),
            server=(failed or step).server if (failed or step) else None,  # type: ignore[union-attr]
            refused_here=refused_here,
            unproven=unproven,
        )

    async def learn_access(self) -> None:
        """After the verdict: what the account may do, asked one after another over the connection of the read."""
        self._built.monitors.no_more()
        await Access(self._client, self._ledger).learn()

    def close_soon(self) -> asyncio.Task[None]:
        """Begin to close the client, see `close_client`; returns the task that does it."""
        task = asyncio.get_running_loop().create_task(self._close())
        closing.add(task)
        task.add_done_callback(closing.discard)
        return task

    async def _close(self) -> None:
        try:
            await close_client(self._built)
        finally:
            self._events.end()


def _from_network(error: Exception) -> bool:
    from pymongo.errors import ConnectionFailure

    return isinstance(error, ConnectionFailure)
