"""Checklist rules on the pool and on how long things may take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from clearline.core.checklist.rule import OPTIONS_DOCS, Advice, Look, advice, default_ms, passed, warning

_MANY: Final = 500
"""Connections of one process to one server: as many as a small Atlas cluster takes in all; each costs about 1 MB."""
_MANY_IDLE: Final = 50
_DEFAULT_POOL: Final = 100
_ELECTION_MS: Final = 12_000
"""An election with default settings is over in 12 s (manual, "Replica Set Elections")."""
_SHORT_SOCKET_MS: Final = 30_000
_LAZY_HEARTBEAT_MS: Final = 60_000
_OPERATION_MS: Final = 30_000
_IDLE_MS: Final = 120_000
"""Below the 240 s of Azure's load balancers and the 350 s of Amazon's."""
_POOL_DOCS: Final = "administration/connection-pool-overview/"


def _pool(look: Look) -> Iterator[Advice]:
    pool = look.profile.pool
    most = _DEFAULT_POOL if pool.max_pool_size is None else pool.max_pool_size
    least = pool.min_pool_size or 0
    if most == 0:
        yield warning(
            "pool.unbounded",
            "maxPoolSize=0 lets the pool grow without end.",
            "When the server slows down, the program opens ever more connections and slows it down further.",
            "maxPoolSize",
            fix="Use the default, 100.",
            patch={"pool": {"maxPoolSize": None}},
            docs=_POOL_DOCS,
        )
    elif least > most:
        yield warning(
            "pool.bounds",
            f"minPoolSize, {least}, is above maxPoolSize, {most}.",
            "The driver refuses the pair before it contacts a server.",
            "minPoolSize",
            "maxPoolSize",
            fix="Let the pool shrink to nothing when idle.",
            patch={"pool": {"minPoolSize": None}},
            docs=_POOL_DOCS,
        )
    elif most >= _MANY:
        yield advice(
            "pool.large",
            f"One process may open {most} connections to each server.",
            "Times the number of processes that easily exceeds what a server takes; each costs it about 1 MB.",
            "maxPoolSize",
            fix="Use the default, 100.",
            patch={"pool": {"maxPoolSize": None, **({"minPoolSize": None} if least > _DEFAULT_POOL else {})}},
            docs=_POOL_DOCS,
        )
    elif least >= _MANY_IDLE:
        yield advice(
            "pool.idle",
            f"Each process keeps {least} connections open to every server, busy or not.",
            "They are opened at the start and again after every failover, all at once.",
            "minPoolSize",
            fix="Open connections when they are needed.",
            patch={"pool": {"minPoolSize": None}},
            docs=_POOL_DOCS,
        )
    else:
        yield passed(
            "pool.bounds", f"The pool is bounded: {least} to {most} connections to each server.", "maxPoolSize"
        )
    balanced = look.profile.seeds.load_balanced is True or any("-pl-" in host for host in look.hosts if look.atlas)
    if pool.max_idle_time_ms is None and (balanced or look.without_retries == "Azure Cosmos DB"):
        yield advice(
            "pool.firewall",
            "Idle connections are kept for ever, with a load balancer on the way.",
            "It forgets a connection after some idle minutes, without telling: the next query on it fails or hangs.",
            "maxIdleTimeMS",
            fix="Close connections after two idle minutes.",
            patch={"pool": {"maxIdleTimeMS": _IDLE_MS}},
            docs=OPTIONS_DOCS + "maxIdleTimeMS",
        )


def _times(look: Look) -> Iterator[Advice]:
    times = look.profile.timeouts
    default_connect, default_selection = default_ms("connectTimeoutMS"), default_ms("serverSelectionTimeoutMS")
    connect = default_connect if times.connect_timeout_ms is None else times.connect_timeout_ms
    selection = default_selection if times.server_selection_timeout_ms is None else times.server_selection_timeout_ms
    if times.connect_timeout_ms == 0:
        yield warning(
            "times.connect-for-ever",
            "connectTimeoutMS=0 waits for a silent host for ever.",
            "A firewall that drops packets then looks like a program that hangs.",
            "connectTimeoutMS",
            fix="Use the default, 20 s.",
            patch={"timeouts": {"connectTimeoutMS": None}},
        )
    elif selection and connect >= selection:
        wanted = max(1, int(selection / 3))
        yield warning(
            "times.order",
            f"One connection may take {_s(connect)}, the whole search for a server {_s(selection)}.",
            "The search ends before a silent host is given up: the error then says no more than “No servers found yet”,"
            " and a second address of that host is never tried.",
            "connectTimeoutMS",
            "serverSelectionTimeoutMS",
            fix="Give a connection a third of the search.",
            patch={"timeouts": {"connectTimeoutMS": wanted}},
            docs=OPTIONS_DOCS + "connectTimeoutMS",
        )
    else:
        yield passed("times.order", "A connection is given up before the search for a server.", "connectTimeoutMS")
    if times.server_selection_timeout_ms is not None and look.several and not look.local:
        if selection < _ELECTION_MS:
            yield advice(
                "times.election",
                f"An operation gives up after {_s(selection)} without a server.",
                "An election takes up to 12 s. With less patience every failover becomes an error that the retries"
                " would have bridged.",
                "serverSelectionTimeoutMS",
                fix="Wait 15 s, longer than an election.",
                patch={"timeouts": {"serverSelectionTimeoutMS": 15_000}},
                docs="core/replica-set-elections/",
            )
        else:
            yield passed("times.election", "The search for a server outlasts an election.", "serverSelectionTimeoutMS")
    yield from _limits(look)
    if times.heartbeat_frequency_ms is not None and times.heartbeat_frequency_ms > _LAZY_HEARTBEAT_MS:
        yield advice(
            "times.heartbeat",
            f"Servers are looked at only every {_s(times.heartbeat_frequency_ms)}.",
            "A member that went away, or came back, is noticed that late.",
            "heartbeatFrequencyMS",
            fix="Use the default, 10 s.",
            patch={"timeouts": {"heartbeatFrequencyMS": None}},
        )


def _limits(look: Look) -> Iterator[Advice]:
    """How long an operation may take, the wait for a connection included."""
    times, socket = look.profile.timeouts, look.profile.timeouts.socket_timeout_ms
    if look.limited:
        # With timeoutMS PyMongo takes what is left of it for each message and drops wtimeout (_csot).
        void = {
            name: patch
            for name, value, patch in (
                ("socketTimeoutMS", socket, ("timeouts", "socketTimeoutMS")),
                ("wTimeoutMS", look.profile.writes.wtimeout_ms, ("writes", "wTimeoutMS")),
            )
            if value is not None
        }
        if void:
            names = " and ".join(void)
            patch: dict[str, Any] = {}
            for section, name in void.values():
                patch.setdefault(section, {})[name] = None
            yield advice(
                "times.superseded",
                f"{names} {'has' if len(void) == 1 else 'have'} no effect beside timeoutMS.",
                "timeoutMS covers the whole operation, and the driver sets the others aside.",
                *void,
                "timeoutMS",
                fix=f"Remove {names}.",
                patch=patch,
            )
        yield passed("times.limited", f"Every operation ends within {_s(times.timeout_ms or 0)}.", "timeoutMS")
    elif not socket:
        if not look.local:
            yield advice(
                "times.unlimited",
                "Operations may wait for ever.",
                "Neither an answer nor a free connection of the pool is waited for with a limit. One stuck server then"
                " holds every thread. Choose a limit above your slowest query.",
                "timeoutMS",
                fix="End every operation after 30 s.",
                patch={"timeouts": {"timeoutMS": _OPERATION_MS}},
                docs=OPTIONS_DOCS + "timeoutMS",
            )
    elif socket < _SHORT_SOCKET_MS:
        yield advice(
            "times.socket",
            f"socketTimeoutMS cuts every answer off after {_s(socket)}.",
            "A longer query is not stopped by that: it goes on on the server, is repeated by the retries, and its"
            " connection is thrown away. timeoutMS tells the server the limit, too.",
            "socketTimeoutMS",
            fix="Use timeoutMS for the limit.",
            patch={"timeouts": {"socketTimeoutMS": None, "timeoutMS": max(socket, 1)}},
            docs=OPTIONS_DOCS + "socketTimeoutMS",
        )
    elif look.profile.pool.wait_queue_timeout_ms is None:
        yield advice(
            "times.wait-queue",
            "The wait for a free connection has no limit.",
            "When all connections of the pool are busy, callers queue up and nothing tells you.",
            "waitQueueTimeoutMS",
            fix="Fail after 10 s in the queue.",
            patch={"pool": {"waitQueueTimeoutMS": 10_000}},
            docs=OPTIONS_DOCS + "waitQueueTimeoutMS",
        )
    else:
        yield passed("times.limited", "Answers and free connections are waited for with a limit.", "socketTimeoutMS")


def _s(milliseconds: float) -> str:
    """Milliseconds as people say them."""
    return f"{milliseconds:g} ms" if milliseconds < 1000 else f"{milliseconds / 1000:g} s"


RULES: Final[tuple[Callable[[Look], Iterator[Advice]], ...]] = (_times, _pool)
"""In the order in which they are told."""
