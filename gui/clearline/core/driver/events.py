"""pymongo's listeners turned into small frozen values: copied, redacted, bounded.

Listeners run inside the driver, on the path of every command: each event is copied to a few words at once, and no
mistake of ours may reach the driver. Events about servers and the topology do not come from listeners, see
`DriverEvents.follow`.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from functools import cache
from inspect import isfunction
from typing import TYPE_CHECKING, Any

import msgspec

from clearline.core.driver.event_texts import EVENT_TEXTS, LOGIN_COMMANDS, address_text, failure_code
from clearline.core.facts import replies
from clearline.core.secrets.secret import Secrets

if TYPE_CHECKING:
    from pymongo import AsyncMongoClient
    from pymongo.monitoring import _EventListener
    from pymongo.topology_description import TopologyDescription

BUFFER_LIMIT = 100_000
"""Events that an `EventBuffer` holds unless it is told otherwise."""
LOOK_EVERY_S = 0.25
"""A change of the topology is told at once after a heartbeat, and in any case so soon."""
_LOOK_GAP_S = 0.02
"""Many servers answer at once: their changes are told together."""
_FEW = 20
"""Of so few servers each change is looked for at once: a client that lives a few milliseconds shows it no longer."""
_EAGER_LOOKS = 3
_CHANGE_FOLLOWS = frozenset(
    {
        "PoolCreated",
        "PoolReady",
        "PoolCleared",
        "ServerHeartbeatStarted",
        "ServerHeartbeatSucceeded",
        "ServerHeartbeatFailed",
    }
)
_WITH_FREE_TEXT = frozenset({"ServerHeartbeatFailed", "ServerDescriptionChanged"})  # they quote an exception


class DriverEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """One thing that the driver did.

    ``at_s`` is seconds since the recording began. ``kind`` is ``pool``, ``connection``, ``command``, ``server``,
    ``topology``, ``heartbeat`` or ``log``; ``name`` is pymongo's event name without ``Event``, e.g.
    ``ConnectionCheckedOut``. ``text`` holds the rest in plain words and never a secret.
    """

    at_s: float
    kind: str
    name: str
    server: str | None = None
    connection_id: int | None = None
    duration_ms: float | None = None
    text: str = ""
    failed: bool = False
    command: str | None = None
    request_id: int | None = None
    """Joins a command's start and its end."""
    code: int | None = None
    """The server's error code, where the server refused."""
    reason: str | None = None
    """pymongo's own word for why a connection was closed or could not be had, e.g. ``stale``; for a heartbeat
    ``closed`` when its connection ended, and did not fall silent."""
    awaited: bool = False
    """A heartbeat that the server answers only when something changes, or after ten seconds."""
    role: str | None = None
    """The new server type, or the new topology type, as pymongo names it, e.g. ``RSPrimary``."""


class LoginStep(msgspec.Struct, frozen=True, kw_only=True):
    """One command of a login. ``passed`` is None until it ended; ``code`` is None when no server refused it."""

    name: str
    database: str
    server: str
    passed: bool | None = None
    code: int | None = None
    code_name: str | None = None


class Opening(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One connection of the pool that was begun."""

    server: str


class DriverEvents:
    """Turns the events of one client into `DriverEvent` values, handed to ``emit`` in the thread where they happen.

    Without ``emit`` none are made, and only the hooks are called.
    ``started`` is the ``time.monotonic()`` from which ``at_s`` counts. ``emit`` and the hooks must be quick and safe
    to call from any thread. Hooks, all optional: ``on_command_failed(name, code)``, code None without an answer;
    ``on_heartbeat_failed(server, error)``; ``on_heartbeat_succeeded(server, hello document, seconds)``. The error and
    the document belong to the driver: read them, do not keep them.
    """

    def __init__(
        self,
        emit: Callable[[DriverEvent], object] | None,
        *,
        started: float | None = None,
        secrets: Secrets | None = None,
        on_command_failed: Callable[[str, int | None], object] | None = None,
        on_heartbeat_failed: Callable[[str, Exception], object] | None = None,
        on_heartbeat_succeeded: Callable[[str, Mapping[str, Any], float], object] | None = None,
    ) -> None:
        self._emit = emit
        self._started = time.monotonic() if started is None else started
        self._secrets = tuple(secret.reveal() for secret in (secrets or {}).values() if secret)
        self._on_command_failed = on_command_failed
        self._on_heartbeat_failed = on_heartbeat_failed
        self._on_heartbeat_succeeded = on_heartbeat_succeeded
        self.login_step: LoginStep | None = None
        """The latest command of a login."""
        self.failed_login_step: LoginStep | None = None
        """The first command of a login that failed."""
        self.on_login_sent: Callable[[LoginStep], object] | None = None
        """Told of each command of a login when it is sent."""
        self.mechanism: str | None = None
        """What the driver chose for a login whose mechanism was left to it; None until the login began."""
        self.last_server: str | None = None
        """The server of the latest command, logins included."""
        self.connected = False
        """A connection of the pool was begun, so a server had been selected."""
        self.opening: Opening | None = None
        """The latest connection of the pool, while it cannot be used yet."""
        self.opening_ms: float | None = None
        """What the latest connection of the pool took until it could be used: handshakes and login."""
        self.on_opening: Callable[[Opening], object] | None = None
        """Told of each connection of the pool when it is begun."""
        self.faults = 0
        """Events that could not be told, or whose hook raised: bugs of ours, kept away from the driver."""
        self.last_fault = ""
        """Event and exception class of the latest of them."""
        self._follower: _Follower | None = None

    def listeners(self) -> list[_EventListener]:
        """Listeners for ``event_listeners`` of a client, for what pymongo publishes at the moment when it happens."""
        from pymongo import monitoring

        bases = (
            monitoring.ConnectionPoolListener,
            monitoring.CommandListener,
            monitoring.ServerHeartbeatListener,
        )
        return [_listener_of(base)(self._record) for base in bases]

    def follow(self, client: AsyncMongoClient[Any]) -> None:
        """Tell of the client's servers and topology too, from its first contact to `end`; in its running loop.

        pymongo 4.20 hands those events through a queue of 100 which it fills by a blocking put in the loop's own
        thread, while the task that empties it waits for that thread: from about 33 servers on, a client with a server
        or topology listener stops its loop for ever. So they are told from the descriptions that the client shows.
        """
        if self._emit is None:
            return
        self._follower = _Follower(client, self._record)

    def end(self) -> None:
        """The client is closed: tell so, and nothing more. Idempotent.

        Who listens holds the client as a rule, and the client these events: let go of, all of it goes at once, and does
        not wait for a collection of garbage that would halt the window.
        """
        if self._follower is not None:
            self._follower.end()
            self._follower = None
        self._emit = self._on_command_failed = self.on_login_sent = self.on_opening = None
        self._on_heartbeat_failed = self._on_heartbeat_succeeded = None

    def _record(self, event: Any) -> None:
        name = type(event).__name__.removesuffix("Event")
        if self._follower is not None and name in _CHANGE_FOLLOWS:
            self._follower.look_soon()
        for step in (self._tell, self._react):  # the one shall happen when the other fails
            try:
                step(name, event)
            except Exception as error:  # noqa: BLE001 - pymongo would print it on stderr; it is a bug of ours to count
                self.faults += 1
                self.last_fault = f"{name}: {type(error).__name__}"

    def _tell(self, name: str, event: Any) -> None:
        if self._emit is None:
            return
        at_s = time.monotonic() - self._started
        kind, fields_of = EVENT_TEXTS[name]
        fields = fields_of(event)
        # Other texts are made of names, which hold a secret only by coincidence: looking first saves most of the time.
        text = fields.get("text", "")
        if name in _WITH_FREE_TEXT or any(secret in text for secret in self._secrets):
            from clearline.core.secrets.redaction import redact_beginning

            fields["text"] = redact_beginning(text, self._secrets)
        self._emit(DriverEvent(at_s=at_s, kind=kind, name=name, **fields))

    def _react(self, name: str, event: Any) -> None:
        match name:
            case "CommandStarted" | "CommandSucceeded" | "CommandFailed":
                self.last_server = address_text(event.connection_id)
                if event.command_name in LOGIN_COMMANDS:
                    self._follow_login(name, event)
                if name == "CommandFailed" and self._on_command_failed:
                    self._on_command_failed(event.command_name, failure_code(event.failure))
            case "ConnectionCreated":
                self.connected = True
                self.opening = Opening(server=address_text(event.address))
                if self.on_opening is not None:
                    self.on_opening(self.opening)
            case "ConnectionReady":
                self.opening = None
                self.opening_ms = event.duration * 1000
            case "ConnectionClosed":
                self.opening = None
            case "ServerHeartbeatFailed" if self._on_heartbeat_failed:
                self._on_heartbeat_failed(address_text(event.connection_id), event.reply)
            case "ServerHeartbeatSucceeded" if self._on_heartbeat_succeeded:
                server = address_text(event.connection_id)
                self._on_heartbeat_succeeded(server, event.reply.document, event.duration)
            case _:
                pass

    def _follow_login(self, name: str, event: Any) -> None:
        match name:
            case "CommandStarted":
                self.login_step = _login_step(event)
                # Events blank a login's body, but the order tells: hello has spoken SCRAM-SHA-256 ahead, so that only
                # saslContinue is left; saslStart means that it did not work for this user (pymongo.asynchronous.auth).
                first = {"saslContinue": "SCRAM-SHA-256", "saslStart": "SCRAM-SHA-1"}
                self.mechanism = self.mechanism or first.get(event.command_name)
                if self.on_login_sent is not None:
                    self.on_login_sent(self.login_step)
            case "CommandSucceeded":
                self.login_step = _login_step(event, passed=True)
            case _:
                self.login_step = _login_step(event, event.failure, passed=False)
                self.failed_login_step = self.failed_login_step or self.login_step


class _Follower:
    """Compares the descriptions that a client shows, and tells what changed as pymongo's own events would."""

    def __init__(self, client: AsyncMongoClient[Any], tell: Callable[[Any], None]) -> None:
        from bson import ObjectId

        self._client = client
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._id = ObjectId()  # events want one; pymongo's own is private, and nothing reads it
        self._seen: TopologyDescription | None = None
        self._next: asyncio.TimerHandle | None = None
        self._looked_s = float("-inf")
        self._eager = 0

    def look_soon(self) -> None:
        """Something has happened that changes the description a moment after it was told."""
        self._eager = _EAGER_LOOKS
        few = self._seen is None or len(self._seen.server_descriptions()) <= _FEW
        at_s = max(self._loop.time(), self._looked_s + (0.0 if few else _LOOK_GAP_S))
        if self._next is None or self._next.when() > at_s:
            self._look_at(at_s)

    def end(self) -> None:
        """Tell that all is closed."""
        from pymongo import monitoring

        if self._next is not None:
            self._next.cancel()
        if self._seen is not None:
            self._compare()
            for address in self._seen.server_descriptions():
                self._tell(monitoring.ServerClosedEvent(address, self._id))
            self._tell(monitoring.TopologyClosedEvent(self._id))

    def _look_at(self, at_s: float) -> None:
        if self._next is not None:
            self._next.cancel()
        self._next = self._loop.call_at(at_s, self._look)

    def _look(self) -> None:
        self._looked_s = self._loop.time()
        self._next = None
        self._compare()
        self._eager = max(0, self._eager - 1)
        self._look_at(self._looked_s + (_LOOK_GAP_S if self._eager else LOOK_EVERY_S))

    def _compare(self) -> None:
        from pymongo import monitoring
        from pymongo.server_description import ServerDescription
        from pymongo.topology_description import TOPOLOGY_TYPE, TopologyDescription

        now, before = self._client.topology_description, self._seen
        if now is before:
            return
        if before is None:
            before = TopologyDescription(TOPOLOGY_TYPE.Unknown, {}, None, None, None, None)
            self._tell(monitoring.TopologyOpenedEvent(self._id))
        self._seen = now
        old, new = before.server_descriptions(), now.server_descriptions()
        changed = now.topology_type != before.topology_type or old.keys() != new.keys()
        for address, server in new.items():
            known = old.get(address)
            if known is None:
                self._tell(monitoring.ServerOpeningEvent(address, self._id))
                known = ServerDescription(address)  # it may have answered before the first look
            if server is not known and server != known:
                changed = True
                self._tell(monitoring.ServerDescriptionChangedEvent(known, server, address, self._id))
        for address in old.keys() - new.keys():
            self._tell(monitoring.ServerClosedEvent(address, self._id))
        if changed:
            self._tell(monitoring.TopologyDescriptionChangedEvent(before, now, self._id))


class EventBuffer:
    """The latest events of one line, for a reader that comes by now and then. Any thread may append and drain."""

    def __init__(self, limit: int = BUFFER_LIMIT) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._events: deque[DriverEvent] = deque()
        self._dropped = 0

    def append(self, event: DriverEvent) -> None:
        """Add one event; when the buffer is full, the oldest goes."""
        with self._lock:
            if len(self._events) >= self._limit:
                self._events.popleft()
                self._dropped += 1
            self._events.append(event)

    def drain(self) -> list[DriverEvent]:
        """All events since the last call, oldest first; the buffer is empty afterwards."""
        with self._lock:
            events, self._events = self._events, deque()
        return list(events)

    @property
    def dropped(self) -> int:
        """How many events were lost so far because they were not drained in time."""
        return self._dropped

    def __len__(self) -> int:
        return len(self._events)


@cache
def _listener_of(base: type[_EventListener]) -> Callable[[Callable[[Any], None]], _EventListener]:
    """A listener that hands every event to what it is made with: pymongo's listener classes have a method per event."""

    def take(self: Any, record: Callable[[Any], None]) -> None:
        self.record = record

    def hand_over(self: Any, event: Any) -> None:
        self.record(event)

    methods = [name for name, member in vars(base).items() if isfunction(member)]
    return type(base.__name__, (base,), {**dict.fromkeys(methods, hand_over), "__init__": take})


def _login_step(event: Any, failure: Mapping[str, Any] | None = None, *, passed: bool | None = None) -> LoginStep:
    return LoginStep(
        name=event.command_name,
        database=event.database_name,
        server=address_text(event.connection_id),
        passed=passed,
        code=failure_code(failure),
        code_name=replies.text((failure or {}).get("codeName")),
    )
