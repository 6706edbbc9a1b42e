"""What was learnt of the login, the user's rights and PyMongo itself."""

from __future__ import annotations

from enum import Enum
from typing import Any

from clearline.core.facts.fact import Fact


class LoginFacts(Fact, frozen=True, kw_only=True):
    """The driver's one login attempt, read from its command events and its exception."""

    mechanism: str | None = None
    database: str | None = None
    user: str | None = None
    attempted: bool = False
    succeeded: bool = False
    failed_step: str | None = None
    """Name of the command that failed: ``saslStart``, ``saslContinue``, ``authenticate``."""
    code: int | None = None
    code_name: str | None = None
    server: str | None = None
    refused_here: bool = False
    """Refused on this computer before anything was sent (SASLprep, a missing package, a missing token file)."""
    silent: bool = False
    """A command of the login got no answer for long, though the server answers hello at once."""
    opening_ms: float | None = None
    """What the connection took that logged in: handshakes and login."""
    unproven: bool = False
    """PyMongo broke a SCRAM login off, because the server's part of the proof does not hold."""


class Privilege(Fact, frozen=True, kw_only=True):
    """What the logged-in user may do on one resource; ``collection`` is empty for the whole database."""

    database: str
    collection: str
    actions: tuple[str, ...]
    cluster: bool = False
    any_resource: bool = False


class AccessFacts(Fact, frozen=True, kw_only=True):
    """What connectionStatus and a few reads on the driver's own connection said."""

    user: str | None = None
    roles: tuple[str, ...] = ()
    privileges: tuple[Privilege, ...] = ()
    asked: bool = False
    read_database: str | None = None
    read_code: int | None = None
    """Code of the driver's one read: 0 it works; None it was not tried or had no server code."""
    product_version: str | None = None
    modules: tuple[str, ...] = ()
    ferretdb: bool = False
    genuine: bool | None = None
    """buildInfo has what only MongoDB's own builds have."""
    product: str | None = None
    """Another product that buildInfo names."""
    build_info_fields: tuple[str, ...] = ()
    atlas: bool | None = None
    databases: tuple[str, ...] = ()
    write_concern_modes: tuple[str, ...] | None = None
    fsync_locked: bool | None = None
    connections_available: int | None = None
    connections_current: int | None = None
    connections_active: int | None = None
    holders: tuple[str, ...] = ()
    """Who holds the most connections, where currentOp tells: application or driver, and how many."""
    diagnostics_code: int | None = None


class DriverState(Enum):
    """How far PyMongo itself came."""

    WAITING = "waiting"
    CONNECTED = "connected"
    RAISED = "raised"
    NOT_STARTED = "not-started"
    GIVEN_UP = "given-up"
    """The check ended before PyMongo did."""


class Heard(Fact, frozen=True, kw_only=True):
    """Who answered one of the driver's hellos."""

    process_id: str | None = None
    me: str | None = None
    set_name: str | None = None
    kind: str | None = None
    """As `Hello.kind`; None: not told."""


class DriverFacts(Fact, frozen=True, kw_only=True):
    """PyMongo with the user's own options. ``message`` is redacted and only shown, never decided on."""

    state: DriverState = DriverState.WAITING
    exception: str | None = None
    """Qualified name of the exception's class."""
    bases: tuple[str, ...] = ()
    """Qualified names of the exception's base classes, nearest first."""
    message: str | None = None
    words: str | None = None
    """The server's own words in its refusal (redacted; shown, never decided on)."""
    code: int | None = None
    code_name: str | None = None
    raised_by: str | None = None
    """``constructor``, ``resolve``, ``login`` or ``read``."""
    selection_timed_out: bool = False
    server: str | None = None
    """The server that the driver's read (or its refusal) came from."""
    unanswered: str | None = None
    """The latest command that got no answer: its line ended, or was silent for too long."""
    warnings: tuple[str, ...] = ()
    effective: dict[str, Any] = {}
    """Options in force after TXT records and defaults, secrets as ``"***"``."""
    seeds: tuple[str, ...] = ()
    heard: dict[str, Heard] = {}
    """By address: who answered the driver's latest hello, on a connection of its own."""
    unheard: dict[str, int] = {}
    """By address: how many of the driver's hellos got no answer before it connected."""
    elapsed_ms: float | None = None
