"""Findings about the driver's own connection where the servers can be reached: time limits, and changes meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from clearline.core.diagnosis.catalogue import finding
from clearline.core.diagnosis.rules.hello import BEHIND
from clearline.core.diagnosis.server_selection import Outlook, outlook, read_mode
from clearline.core.diagnosis.standing import answered, is_connected, own_exchange
from clearline.core.facts.login import DriverState
from clearline.core.facts.servers import MemberFacts, Reach, TlsKind
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding, Severity, Stage

_KILLED = 11601
"""Server code Interrupted."""
_TOO_LONG = (50, 262)
"""Server codes MaxTimeMSExpired and ExceededTimeLimit."""
_UNSETTLED = frozenset({11602, 13436})
"""Server codes InterruptedDueToReplStateChange and NotPrimaryOrSecondary: of no member that is asked on purpose."""
_STEPPED_DOWN = (189, 10058, 10107, 11602, 13435, 13436)
"""Server codes PrimarySteppedDown, LegacyNotPrimary, NotWritablePrimary, InterruptedDueToReplStateChange,
NotPrimaryNoSecondaryOk, NotPrimaryOrSecondary (Server Discovery and Monitoring spec, "not writable primary" and "node
is recovering")."""
_SHUTTING_DOWN = (91, 11600)
"""Server codes ShutdownInProgress and InterruptedAtShutdown."""
_QUEUE = "pymongo.errors.WaitQueueTimeoutError"
_NETWORK = "pymongo.errors.NetworkTimeout"
_OWN_LIMITS = ("timeoutMS", "socketTimeoutMS", "connectTimeoutMS", "serverSelectionTimeoutMS")
_LIKE_SECONDS = 120
"""No timeout in milliseconds is as short as this on purpose, and many in seconds are."""
SHORT_MS = 3000
"""A timeout of the user's below this is suspected when it ran out; ours is longer."""


def _own_limit(facts: Facts) -> tuple[str, float] | None:
    """The shortest timeout that the user set, where it is short."""
    values = [
        (float(v), name)
        for name in _OWN_LIMITS
        if isinstance(v := facts.uri.options.get(name), int | float) and not isinstance(v, bool) and 0 < v < SHORT_MS
    ]
    return (min(values)[1], min(values)[0]) if values else None


def _in_seconds(limit: tuple[str, float] | None) -> str:
    """A word about a number that may have been meant in seconds."""
    if limit is None or limit[1] > _LIKE_SECONDS:
        return ""
    return f"{limit[0]}={limit[1]:g} are milliseconds: {limit[1]:g} seconds are written {limit[1] * 1000:g}."


def _slowest_ms(member: MemberFacts) -> float:
    steps = [t.elapsed_ms for t in member.tcp]
    steps += [t.elapsed_ms for t in member.tls]
    steps += [e.elapsed_ms for e in member.exchanges]
    return max(steps, default=0.0)


def time_limits(facts: Facts) -> Iterable[Finding]:
    """The servers answer, and a timeout of the user's own ran out first."""
    driver = facts.driver
    if driver.state is not DriverState.RAISED or outlook(facts) is not Outlook.POSSIBLE:
        return
    if facts.login.failed_step is not None and driver.code is not None:
        return  # The login's own limit at the server, or at what it asks: its words tell.
    limit = _own_limit(facts)
    evidence = {"exception": driver.exception, "code": driver.code, "limit": limit}
    if driver.code in _TOO_LONG or (limit is not None and driver.exception == _NETWORK):
        yield finding(
            "pool.operation-timeout",
            # The server has limits of its own (defaultMaxTimeMS, or a wait inside of it) and gives the same code.
            Certainty.LIKELY,
            stage=Stage.DRIVER,
            evidence=evidence,
            detail=_in_seconds(limit),
            option=limit[0] if limit else "the time limit",
        )
    elif limit is not None and driver.selection_timed_out:
        live = [m for m, _ in answered(facts)]
        slowest = max(live, key=_slowest_ms)
        yield finding(
            "tcp.too-slow",
            Certainty.LIKELY,
            server=slowest.address,
            evidence=evidence,
            detail=f"{limit[0]}={limit[1]:g} allows less than that. {_in_seconds(limit)}".strip(),
            host=slowest.host,
            seconds=f"{_slowest_ms(slowest) / 1000:.2f}",
            ms=round(max(2000.0, 3 * _slowest_ms(slowest))),
        )


def pool(facts: Facts) -> Iterable[Finding]:
    """The pool's own limit, reached while an operation waited for a connection."""
    if facts.driver.exception == _QUEUE:
        count = facts.uri.options.get("maxPoolSize", 100)
        yield finding(
            "pool.exhausted",
            Certainty.LIKELY,
            stage=Stage.DRIVER,
            evidence={"maxPoolSize": count},
            detail="A waitQueueTimeoutMS that is shorter than opening a connection takes looks the same.",
            count=count,
        )


def changes(facts: Facts) -> Iterable[Finding]:
    """What happened to the server between its first answer and the driver's read."""
    driver = facts.driver
    if driver.state is not DriverState.RAISED:
        return
    if driver.code == _KILLED:
        # The same code ends what a client left, or what a change of the collection got in the way of.
        yield finding("pool.operation-killed", Certainty.LIKELY, stage=Stage.DRIVER, evidence={"code": driver.code})
    live = answered(facts)
    direct = facts.uri.options.get("directConnection") is True
    primary = next((m.address for m, h in live if h.kind == "primary"), None)
    # A secondary that was asked on purpose says "not primary" too, for instance to a linearizable read.
    asked_primary = read_mode(facts) in ("primary", "primaryPreferred")
    if driver.code in _STEPPED_DOWN and primary is not None and not direct and asked_primary:
        if primary != driver.server:
            yield finding(
                "pool.failover",
                Certainty.LIKELY,
                stage=Stage.DRIVER,
                severity=Severity.FAILURE,
                server=driver.server,
                evidence={"code": driver.code},
                old=driver.server or "The old primary",
                new=primary,
            )
        else:
            yield finding(
                "topology.primary-refuses",
                Certainty.LIKELY,
                server=primary,
                evidence={"code": driver.code, "words": driver.words},
                host=primary,
            )
    elif driver.code in _STEPPED_DOWN and live and (facts.login.failed_step is not None or driver.code in _UNSETTLED):
        host = driver.server or live[0][0].address
        what = "a read" if facts.login.failed_step is None else "the login"
        yield finding(
            "topology.recovering",
            Certainty.LIKELY,
            server=driver.server,
            evidence={"code": driver.code, "words": driver.words},
            summary=f"{host} is changing its state, and turns {what} away because of that.",
            means="An election, a rollback or its own start interrupts what it is asked.",
            fix="Check again in some seconds; if it stays so, look at rs.status().",
            host=host,
        )
    for member in facts.members:
        if member.afterwards is None and driver.code not in _SHUTTING_DOWN:
            continue
        reach = member.afterwards.reach if member.afterwards else None
        evidence = {"afterwards": reach.value if reach else None, "code": driver.code}
        if reach is Reach.REFUSED or (driver.code in _SHUTTING_DOWN and driver.server == member.address):
            code = "pool.server-went-away"
        elif reach is Reach.SILENT:
            code = "pool.line-went-silent"
        else:
            continue
        # That it stops is the server's own word; a port that refuses may as well be a forwarder's, or a firewall's.
        told = code == "pool.server-went-away" and reach is not Reach.REFUSED
        router = member.hello is not None and member.hello.kind == "router"
        yield finding(
            code,
            Certainty.PROVEN if told and not router else Certainty.LIKELY,
            summary=f"{member.address} says that it is shutting down." if told else "",
            detail=BEHIND if told and router else "",
            stage=Stage.DRIVER,
            server=member.address,
            evidence=evidence,
            host=member.address,
        )


_PROMPT_MS = 300.0
_AT_LAST_MS = 4000.0
"""A check has PyMongo wait that long for a connection before it tries another."""


def unsteady(facts: Facts) -> Iterable[Finding]:
    """The driver got through at last, though the server answers our connections at once: some of its own were lost."""
    if not is_connected(facts) or _own_limit(facts) is not None:
        return
    took_ms = facts.driver.elapsed_ms or 0.0
    for member, hello in answered(facts):
        lost = facts.driver.unheard.get(member.address, 0)
        if hello.set_name is not None and lost == 1:
            lost = 0  # a member ends all its lines when its role or its set's settings change
        asked = member.extras.slowest_ms if member.extras is not None else None
        prompt = max(_slowest_ms(member), asked or 0.0) < _PROMPT_MS
        waited = (
            took_ms > _AT_LAST_MS and asked is not None and facts.login.mechanism is None and not _looked_up(member)
        )
        if member.address not in facts.driver.heard or not prompt or not (lost or waited):
            continue
        yield finding(
            "tcp.unsteady",
            Certainty.LIKELY,
            server=member.address,
            evidence={"hellos without an answer": lost, "ms until connected": round(took_ms)},
            summary=f"{member.host} serves some connections and not others: it answers at once, and PyMongo connected "
            f"after {took_ms / 1000:.1f} s.",
            detail="A server that was just starting looks the same.",
            host=member.address,
        )


_LONG_LOGIN_MS = 1500.0


def slow_login(facts: Facts) -> Iterable[Finding]:
    """A login that takes its time at a server which answers all else at once."""
    login, member = facts.login, facts.member(facts.driver.server or "")
    if not is_connected(facts) or member is None or (login.opening_ms or 0.0) < _LONG_LOGIN_MS:
        return
    asked = member.extras.slowest_ms if member.extras is not None else None
    if asked is None or max(_slowest_ms(member), asked) >= _PROMPT_MS or _looked_up(member):
        return
    seconds = f"{(login.opening_ms or 0.0) / 1000:.1f}"
    yield finding(
        "tcp.high-latency",
        Certainty.LIKELY,
        stage=Stage.AUTH,
        server=member.address,
        evidence={"ms until logged in": round(login.opening_ms or 0.0), "ms of other answers": round(asked)},
        summary=f"{member.host} answers at once, and a connection that logs in takes {seconds} s.",
        means="It works, and each new connection of a program takes as long.",
        detail="The server waits for something at a login (the data of its users, a directory), a high number of "
        "SCRAM iterations is computed on this computer, or a packet of that one connection was lost.",
        fix="Look at the server's log of that moment, and at scramIterationCount and scramSHA256IterationCount.",
        host=member.host,
        ms=round(login.opening_ms or 0.0),
    )


_LONG_HANDSHAKE_MS = 1000.0


def slow_handshake(facts: Facts) -> Iterable[Finding]:
    """A TLS handshake that takes its time at a server which answers all else at once."""
    for member, _ in answered(facts):
        took = member.handshake(TlsKind.DRIVER)
        if not facts.tls_wanted or took is None or took.elapsed_ms < _LONG_HANDSHAKE_MS or not is_connected(facts):
            continue
        own = own_exchange(facts, member)
        others = [t.elapsed_ms for t in member.tcp if t.reach is Reach.OK] + ([own.elapsed_ms] if own else [])
        if not others or max(others) >= _PROMPT_MS:
            continue
        seconds = f"{took.elapsed_ms / 1000:.1f}"
        yield finding(
            "tcp.high-latency",
            Certainty.LIKELY,
            stage=Stage.TLS,
            server=member.address,
            evidence={"ms of the handshake": round(took.elapsed_ms), "ms of other steps": round(max(others))},
            summary=f"{member.host} takes {seconds} s for a TLS handshake, and answers at once otherwise.",
            means="It works, and each new connection of a program takes as long.",
            detail="The server, or what ends TLS in front of it, waits for something in a handshake (the answer of a "
            "revocation service that it sends along, its processor), or packets of that one connection were lost.",
            fix="Look at the server's log and load at that moment; measure again to tell a lost packet from the rest.",
            host=member.host,
            ms=round(took.elapsed_ms),
        )
        return


def _looked_up(member: MemberFacts) -> bool:
    """Whether time may have gone into looking its name up, or into the first of several addresses."""
    return (member.lookup is not None and not member.lookup.literal) or len(member.tcp) > 1


RULES: tuple[Callable[[Facts], Iterable[Finding]], ...] = (
    time_limits,
    pool,
    changes,
    unsteady,
    slow_login,
    slow_handshake,
)
