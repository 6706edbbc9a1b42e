"""Exercise of a pool: what is asked for, what came of it, and what the numbers say. `exercise_run` does it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum

import msgspec

from clearline.core.addresses import is_loopback
from clearline.core.profiles.profile import Pool
from clearline.core.watch.pool import PoolLimits, PoolSample, PoolSnapshot, Quantiles

MOST_WORKERS = 200
LONGEST_S = 60.0


class _Value(msgspec.Struct, frozen=True, kw_only=True):
    pass


class Work(Enum):
    """What each worker does again and again."""

    PING = "ping"
    READ = "read"
    """find_one on `ExercisePlan.collection`."""
    WAIT = "wait"
    """An awaitable hello: the server answers after `ExercisePlan.wait_ms`. Needs no privilege."""


class ExercisePlan(_Value, frozen=True, kw_only=True):
    """What to do. Raises ValueError when it is out of bounds."""

    workers: int = 20
    """1 to `MOST_WORKERS`."""
    duration_s: float = 10.0
    """Up to `LONGEST_S`."""
    work: Work = Work.PING
    collection: str | None = None
    """``database.collection``, for `Work.READ`."""
    wait_ms: float = 100.0
    """For `Work.WAIT`: 1 to 10,000."""
    pool: Pool | None = None
    """Pool options to try instead of the profile's, on a client of its own; what it does not set stays as in the
    profile. None: the watch's own client is exercised, so that its pool is seen at work."""

    def __post_init__(self) -> None:
        if not 1 <= self.workers <= MOST_WORKERS:
            raise ValueError(f"workers must be between 1 and {MOST_WORKERS}")
        if not 0 < self.duration_s <= LONGEST_S:
            raise ValueError(f"the duration must be at most {LONGEST_S:g} s")
        if not 1 <= self.wait_ms <= 10_000:
            raise ValueError("the server can be asked to wait between 1 ms and 10 s")
        if self.work is Work.READ and not all((self.collection or "").partition(".")[::2]):
            raise ValueError("a read needs a collection: database.collection")


class ExerciseResult(_Value, frozen=True, kw_only=True):
    """How it goes (``finished`` False) or went."""

    plan: ExercisePlan
    limits: PoolLimits
    """The pool options in force."""
    finished: bool = False
    elapsed_s: float = 0.0
    operations: int = 0
    per_second: float = 0.0
    operation_ms: Quantiles = Quantiles()
    """From the program's view, waiting for a connection included."""
    command_ms: Quantiles = Quantiles()
    """From sending the command to its answer: the network and the server."""
    check_out_ms: Quantiles = Quantiles()
    """Waiting for a connection."""
    make_ms: Quantiles = Quantiles()
    """Making a connection, login included."""
    made: int = 0
    """Connections made for it."""
    alone_ms: float | None = None
    """One command before the workers began, median of five."""
    growing_ms: float = 0.0
    """For how long an operation waited although the pool was not full, because maxConnecting were being made."""
    busy: float = 0.0
    """Share of the time in which this program's own thread was computing, 0 to 1."""
    wait_queue_timeouts: int = 0
    errors: Mapping[str, int] = {}
    """Other failures, by exception class."""
    unserved: int = 0
    """Workers whose first operation was still under way at the end."""
    pools: tuple[PoolSnapshot, ...] = ()
    series: Mapping[str, tuple[PoolSample, ...]] = {}
    """By server; ``at_s`` counts as everywhere from the watch's begin."""
    sentence: str = ""
    """What `interpret` says, once it is finished."""


def is_local(addresses: Iterable[str]) -> bool:
    """Whether every server (``host:port``) is on this computer, so that no other user is disturbed."""
    return bool(found := tuple(addresses)) and all(
        is_loopback(address) or address.endswith(".sock") for address in found
    )


_BUSY = 0.85
_NOTHING_MS = 2.0


def interpret(result: ExerciseResult) -> str:
    """What the numbers say, in one sentence: the narrowest place comes first."""
    for rule in (_nothing_worked, _gave_up, _starved, _pool_bound, _slow_growth, _computer_bound, _server_bound):
        if sentence := rule(result):
            return sentence
    size = max((pool.most_in_use for pool in result.pools), default=0)
    return (
        f"All well: {_workers(result)} made {result.per_second:,.0f} operations a second over {_connections(size)}, "
        f"{_ms(result.operation_ms.median)} each, and no operation waited long for a connection{_failures(result)}."
    )


def _nothing_worked(result: ExerciseResult) -> str | None:
    if result.operations:
        return None
    if not (result.errors or result.wait_queue_timeouts):
        return "No operation ended in that time."
    if result.wait_queue_timeouts and not result.errors:
        return _gave_up(result)
    name, count = max(result.errors.items(), key=lambda item: item[1])
    return f"No operation succeeded: {count} ended with {name}."


def _gave_up(result: ExerciseResult) -> str | None:
    if not result.wait_queue_timeouts:
        return None
    asked = result.operations + result.wait_queue_timeouts + sum(result.errors.values())
    limit = result.limits.wait_queue_timeout_ms
    within = f"waitQueueTimeoutMS={limit:g}" if limit else "the time limit"
    return (
        f"{result.wait_queue_timeouts:,} of {asked:,} operations gave up, for none of the {_most(result)} connections "
        f"became free within {within}: raise maxPoolSize, or let them wait longer."
    )


def _starved(result: ExerciseResult) -> str | None:
    """PyMongo's pool is not fair: who has just given a connection back may be the next who gets it."""
    most = result.limits.max_pool_size
    if most is None or not result.unserved or result.elapsed_s * 1000 < 2 * result.command_ms.median:
        return None
    if not any(pool.most_in_use >= most for pool in result.pools):
        return None
    of_them = f"{result.unserved} of {_workers(result)}"
    spent = _ms(result.elapsed_s * 1000)
    return f"With maxPoolSize={most}, {of_them} ended no operation in {spent}{_bottleneck(result)}"


def _bottleneck(result: ExerciseResult) -> str:
    if result.busy >= _BUSY:
        return "; but this computer was busy all the time, so more connections would hardly help."
    return ": the pool, not the server, is the bottleneck."


def _pool_bound(result: ExerciseResult) -> str | None:
    most = result.limits.max_pool_size
    waited, command = result.check_out_ms.mean, result.command_ms.median
    if most is None or result.plan.workers <= most or waited < max(_NOTHING_MS, command / 4):
        return None
    if not any(pool.most_in_use >= most for pool in result.pools):
        return None
    return (
        f"With maxPoolSize={most}, {_workers(result)} waited {_ms(waited)} on average for a connection and "
        f"{_ms(command)} for the server{_bottleneck(result)}"
    )


def _slow_growth(result: ExerciseResult) -> str | None:
    if result.growing_ms < max(50.0, 3 * (result.make_ms.median or 0.0)) or result.made <= result.limits.max_connecting:
        return None
    if result.check_out_ms.max < result.growing_ms / 4:
        return None
    return (
        f"The pool grew slowly: making {result.made} connections, {result.limits.max_connecting} at a time "
        f"(maxConnecting) and {_ms(result.make_ms.median)} each, let operations wait {_ms(result.check_out_ms.max)} at "
        "worst; minPoolSize keeps connections ready."
    )


def _computer_bound(result: ExerciseResult) -> str | None:
    if result.busy < _BUSY or result.plan.workers == 1:
        return None
    return (
        f"{_workers(result)} made {result.per_second:,.0f} operations a second, {_ms(result.operation_ms.median)} "
        "each, and kept this program's one processor fully busy: neither the pool nor the server is the bottleneck."
    )


def _server_bound(result: ExerciseResult) -> str | None:
    alone, command = result.alone_ms, result.command_ms.median
    if alone is None or command < 3 * alone or command - alone < _NOTHING_MS:
        return None
    return (
        f"{_workers(result)} at once got each answer after {_ms(command)}, one alone after {_ms(alone)}; none waited "
        "long for a connection: the server or the line to it, not the pool, is the bottleneck."
    )


def _failures(result: ExerciseResult) -> str:
    count = sum(result.errors.values())
    return f"; {count:,} failed" if count else ""


def _most(result: ExerciseResult) -> str:
    most = result.limits.max_pool_size
    return "many" if most is None else str(most)


def _workers(result: ExerciseResult) -> str:
    return "1 worker" if result.plan.workers == 1 else f"{result.plan.workers} workers"


def _connections(count: int) -> str:
    return "1 connection" if count == 1 else f"{count} connections"


def _ms(ms: float) -> str:
    if ms >= 9_950:
        return f"{ms / 1000:.0f} s"
    if ms >= 995:
        return f"{ms / 1000:.1f} s"
    return f"{ms:.0f} ms" if ms >= 9.95 else f"{ms:.1f} ms"
