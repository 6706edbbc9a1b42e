"""PyMongo's own part of a check: handshake, the one login attempt, one read, and what the account may do."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypedDict

from clearline.core.check.ledger import Ledger
from clearline.core.check.running import closing
from clearline.core.diagnosis.rules.access import NEARLY_FULL
from clearline.core.driver.client import Built, close_client, effective_options
from clearline.core.driver.events import DriverEvents, LoginStep, Opening
from clearline.core.driver.monitors import shed_frames
from clearline.core.facts.fact import replace
from clearline.core.facts.login import DriverState, LoginFacts, Privilege
from clearline.core.facts.replies import document, documents, text, texts, whole
from clearline.core.facts.whole import SILENCE_S
from clearline.core.probes.build_info import is_genuine, named_product
from clearline.core.secrets.redaction import redact_beginning
from clearline.core.secrets.secret import Secrets

if TYPE_CHECKING:
    from pymongo import AsyncMongoClient

UNAUTHORIZED = 13
ATLAS_ERROR = 8000
"""Atlas' proxy in front of shared clusters answers with this one code to whatever is not allowed."""
_SCRAM = frozenset({"DEFAULT", "SCRAM-SHA-1", "SCRAM-SHA-256"})
_LONGEST_WORDS = 240
LOGIN_SILENCE_S = 2 * SILENCE_S
"""So long a server that answers hello at once may keep silent about a password until that is told."""
ASKING_S = 2 * SILENCE_S
"""So long a question after the verdict may go without an answer."""
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
        self._mute = False
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

        code = _code(error)
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
            code=(failed.code if failed else None) or (_code(error) if error and failed else None),
            code_name=(failed.code_name if failed else None) or (_code_name(error) if error and failed else None),
            server=(failed or step).server if (failed or step) else None,  # type: ignore[union-attr]
            refused_here=refused_here,
            unproven=unproven,
        )

    async def learn_access(self) -> None:
        """After the verdict: who is logged in with which rights, the server's version, modes and locks.

        Commands go to the server of the read, one after another over the same connection.
        """
        self._built.monitors.no_more()
        status = await self._ask({"connectionStatus": 1, "showPrivileges": True})
        auth = document((status or {}).get("authInfo"))
        users = documents(auth.get("authenticatedUsers"))
        self._ledger.access(
            asked=status is not None and "authInfo" in status,
            user=_in_database(users[0], "user") if users else None,
            roles=tuple(_in_database(role, "role") for role in documents(auth.get("authenticatedUserRoles"))),
            privileges=tuple(map(_privilege, documents(auth.get("authenticatedUserPrivileges")))),
        )
        info = await self._ask({"buildInfo": 1})
        if info and info.get("ok"):
            self._ledger.access(
                product_version=text(info.get("version")) or None,
                modules=texts(info.get("modules")),
                ferretdb="ferretdb" in info,
                genuine=is_genuine(info),
                product=named_product(info),
                build_info_fields=texts(list(info)),
            )
        names = await self._ask({"listDatabases": 1, "nameOnly": True, "authorizedDatabases": True})
        if names and names.get("ok"):
            found = (text(one.get("name")) for one in documents(names.get("databases")))
            self._ledger.access(databases=tuple(name for name in found if name))
        w = self._ledger.facts.uri.options.get("w")
        if isinstance(w, str) and w != "majority":
            config = await self._ask({"replSetGetConfig": 1})
            if config and config.get("ok"):
                settings = document(document(config.get("config")).get("settings"))
                self._ledger.access(write_concern_modes=texts(list(document(settings.get("getLastErrorModes")))))
        await self._learn_capacity()
        operations = await self._ask({"currentOp": 1, "ns": "clearline.none"})
        if operations is not None:
            ok = bool(operations.get("ok"))
            self._ledger.access(
                fsync_locked=bool(operations.get("fsyncLock")) if ok else None,
                diagnostics_code=0 if ok else whole(operations.get("code")),
            )

    async def _learn_capacity(self) -> None:
        """How many connections the server has left, and, where few are, who holds them. Without rights nothing."""
        status = await self._ask(_CONNECTIONS_ONLY)
        connections = (status or {}).get("connections")
        if not isinstance(connections, Mapping):
            return
        current, available, active = (connections.get(name) for name in ("current", "available", "active"))
        if not (isinstance(current, int) and isinstance(available, int)):
            return
        self._ledger.access(
            connections_current=current,
            connections_available=available,
            connections_active=active if isinstance(active, int) else None,
        )
        if current >= NEARLY_FULL * (current + available):
            operations = await self._ask({"currentOp": 1, "$all": True})  # idle connections are among them
            self._ledger.access(holders=_holders(operations))

    async def _ask(self, command: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """One command on ``admin``; the server's refusal is an answer with ``ok`` 0, no answer at all is None.

        The report waits for these, so that a server which hangs at one is not asked the next.
        """
        from pymongo.errors import OperationFailure

        if self._mute:
            return None
        try:
            async with asyncio.timeout(ASKING_S):
                answer: Mapping[str, Any] = await self._client.admin.command(
                    dict(command), read_preference=self._client.read_preference
                )
        except TimeoutError as error:
            shed_frames(error)
            self._mute = True
            return None
        except OperationFailure as error:
            shed_frames(error)
            return {"ok": 0, **(error.details or {}), "code": error.code}
        except asyncio.CancelledError as stop:
            shed_frames(stop)
            raise
        except Exception as error:  # noqa: BLE001 - a lost connection after the verdict only means that less is known
            shed_frames(error)
            return None
        return answer

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


class Described(TypedDict):
    """An exception, as `DriverFacts` has it."""

    exception: str
    bases: tuple[str, ...]
    message: str
    words: str | None
    code: int | None
    code_name: str | None


def described(error: BaseException, secrets: Secrets) -> Described:
    """An exception as facts: class names and codes to decide on, the redacted message to show."""
    kind = type(error)
    return {
        "exception": f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins."),
        "bases": tuple(f"{b.__module__}.{b.__qualname__}".removeprefix("builtins.") for b in kind.__mro__[1:-2]),
        "message": redact_beginning(str(error), secrets.values()),
        "words": redact_beginning(words, secrets.values(), most=_LONGEST_WORDS) if (words := _words(error)) else None,
        "code": _code(error),
        "code_name": _code_name(error),
    }


def _code(error: BaseException | None) -> int | None:
    # NotPrimaryError keeps the server's code in its details alone.
    details = getattr(error, "details", None)
    code = getattr(error, "code", details.get("code") if isinstance(details, Mapping) else None)
    return code if isinstance(code, int) else None


def _words(error: BaseException) -> str | None:
    """The server's own sentence in a refusal, without what PyMongo adds."""
    details = getattr(error, "details", None)
    said = details.get("errmsg") if isinstance(details, Mapping) else None
    return said.rstrip(" .") if isinstance(said, str) and said.strip() else None


def _code_name(error: BaseException | None) -> str | None:
    details = getattr(error, "details", None)
    name = details.get("codeName") if isinstance(details, Mapping) else None
    return text(name)


def _from_network(error: Exception) -> bool:
    from pymongo.errors import ConnectionFailure

    return isinstance(error, ConnectionFailure)


def _in_database(entry: Mapping[str, Any], what: str) -> str:
    return f"{text(entry.get(what))}@{text(entry.get('db'))}"


def _privilege(entry: Mapping[str, Any]) -> Privilege:
    resource = document(entry.get("resource"))
    return Privilege(
        database=text(resource.get("db")) or "",
        collection=text(resource.get("collection")) or "",
        actions=texts(entry.get("actions")),
        cluster=bool(resource.get("cluster")),
        any_resource=bool(resource.get("anyResource")),
    )


_CONNECTIONS_ONLY = {
    "serverStatus": 1,
    **dict.fromkeys(("metrics", "wiredTiger", "locks", "tcmalloc", "repl", "opcounters", "network", "sharding"), 0),
}


def _holders(operations: Mapping[str, Any] | None) -> tuple[str, ...]:
    """The applications, else drivers, with the most connections: ``orders (PyMongo): 412``."""
    counts: dict[str, int] = {}
    for row in documents((operations or {}).get("inprog")):
        if not row.get("connectionId"):
            continue
        driver = document(document(row.get("clientMetadata")).get("driver")).get("name")
        name = f"{str(row.get('appName') or 'no name')[:60]} ({str(driver or 'unknown')[:40]})"
        counts[name] = counts.get(name, 0) + 1
    most = sorted(counts.items(), key=lambda item: -item[1])[:3]
    return tuple(f"{name}: {count}" for name, count in most)
