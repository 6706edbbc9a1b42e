"""The servers of a report, each with its cells: what every stage came to there. Pure."""

from __future__ import annotations

from typing import Any

from clearline.core.addresses import eai_name
from clearline.core.diagnosis.rules.access import rights
from clearline.core.diagnosis.rules.hops import told
from clearline.core.diagnosis.standing import Standing, is_connected, own_exchange, own_hello, standing
from clearline.core.facts.names import questions_by_host
from clearline.core.facts.servers import MemberFacts, Reach, TlsKind
from clearline.core.facts.whole import Facts
from clearline.core.findings import SERVER_STAGES, Json, Stage, read_again
from clearline.core.report.report import (
    Cell,
    ChainEntry,
    Latency,
    ServerResult,
    Status,
    TlsSummary,
    Verdict,
)

_MOST_NAMED = 200
"""Members of one hello that its evidence lists; a genuine set has 50 at most."""
_COLUMNS = tuple((stage, stage.value) for stage in SERVER_STAGES)  # an enum's value is slow to ask for
_ROLE_WORDS = {"standalone": "standalone", "router": "router", "ghost": "not initiated", "other": "starting up"}


def server_result(facts: Facts, member: MemberFacts, verdict: Verdict | None) -> ServerResult:
    """What one server came to; ``verdict`` None means that the check still runs."""
    hello = own_hello(facts, member) or member.hello
    handshake = member.handshake(TlsKind.DRIVER) or member.handshake(TlsKind.LOOK)
    extras = member.extras
    return ServerResult(
        address=member.address,
        seed=member.seed,
        advertised=bool(member.advertised_by),
        source=_source(facts, member),
        answers={
            q.nameserver: q.records for q in questions_by_host(facts.dns.questions).get(member.host, ()) if q.records
        },
        role=_ROLE_WORDS.get(hello.kind, hello.kind) if hello else None,
        set_name=hello.set_name if hello else None,
        version=extras.version if extras else None,
        rtt_ms=_latency(member),
        cells={name: _cell(facts, member, stage, verdict) for stage, name in _COLUMNS},
        tls=TlsSummary(
            version=handshake.version,
            cipher=handshake.cipher,
            chain=tuple(ChainEntry(subject=c.subject, issuer=c.issuer, not_after=c.not_after) for c in handshake.chain),
        )
        if handshake and (handshake.version or handshake.chain)
        else None,
    )


def _latency(member: MemberFacts) -> Latency | None:
    rtt = member.rtt
    if rtt is None or not rtt.samples_ms:
        return None
    return Latency(min=round(min(rtt.samples_ms), 2), median=round(rtt.median_ms, 2), max=round(max(rtt.samples_ms), 2))


def _cell(facts: Facts, member: MemberFacts, stage: Stage, verdict: Verdict | None) -> Cell:
    cell = _measured_cell(facts, member, stage)
    if cell is not None:
        return cell
    if verdict is Verdict.CANCELLED:
        return Cell(status=Status.CANCELLED)
    if verdict is None and standing(facts, member) is Standing.PENDING:
        earlier = SERVER_STAGES[: SERVER_STAGES.index(stage)]
        done = all(_measured_cell(facts, member, s) is not None for s in earlier)
        return Cell(status=Status.RUNNING if done else Status.WAITING)
    return Cell(status=Status.SKIPPED)


def _measured_cell(facts: Facts, member: MemberFacts, stage: Stage) -> Cell | None:
    """The cell of what is known; None when nothing is."""
    match stage:
        case Stage.DNS:
            return _dns_cell(facts, member)
        case Stage.TCP:
            return _tcp_cell(facts, member)
        case Stage.TLS:
            return _tls_cell(facts, member)
        case Stage.HELLO:
            return _hello_cell(facts, member)
        case Stage.AUTH:
            return _auth_cell(facts, member)
        case Stage.ACCESS:
            return _access_cell(facts, member)
    return None


def _dns_cell(facts: Facts, member: MemberFacts) -> Cell | None:
    if facts.hops:
        return Cell(status=Status.SKIPPED, note="at the far side")
    lookup = member.lookup
    if lookup is None:
        return Cell(status=Status.SKIPPED, note="socket") if member.port is None else None
    evidence: dict[str, Json] = {
        **read_again(addresses=list(lookup.addresses)),
        "eai": None if lookup.eai is None else eai_name(lookup.eai) or lookup.eai,
        "hosts_file": list(lookup.hosts_file),
    }
    if lookup.addresses:
        return Cell(
            status=Status.SKIPPED if lookup.literal else Status.PASSED,
            elapsed_ms=None if lookup.literal else rounded(lookup.elapsed_ms),
            note="IP address" if lookup.literal else ", ".join(lookup.addresses[:3]),
            evidence=evidence,
        )
    note = "no answer" if lookup.silent else "not found"
    return Cell(status=Status.FAILED, elapsed_ms=rounded(lookup.elapsed_ms), note=note, evidence=evidence)


def _way_cell(facts: Facts, member: MemberFacts) -> Cell | None:
    """The line that the last hop opened to the server, or did not."""
    way = [f"{hop.kind} {hop.server}" for hop in facts.hops]
    if opened := next((t for t in member.tcp if t.reach is Reach.OK), None):
        note = f"through {way[-1]}"
        return Cell(status=Status.PASSED, elapsed_ms=rounded(opened.elapsed_ms), note=note, evidence={"through": way})
    failure = facts.hops[-1].not_opened(member.address)
    if failure is None:
        return None
    note = failure.trouble.value.replace("-", " ") if failure.code is None else f"{facts.hops[-1].kind} {failure.code}"
    evidence: dict[str, Json] = {"through": way, **told(failure)}
    return Cell(status=Status.FAILED, elapsed_ms=rounded(failure.elapsed_ms), note=note, evidence=evidence)


def _tcp_cell(facts: Facts, member: MemberFacts) -> Cell | None:
    if facts.hops:
        return _way_cell(facts, member)
    if not member.tcp:
        return None
    evidence: dict[str, Json] = {
        "attempts": [
            {"address": t.address, "result": t.reach.value, "errno": t.errno, "ms": rounded(t.elapsed_ms)}
            for t in member.tcp
        ]
    }
    if member.other_ports:
        evidence["other_ports"] = {str(p.port): p.reach.value for p in member.other_ports}
    best = next((t for t in member.tcp if t.reach is Reach.OK), None)
    if best is None:
        attempt = member.tcp[0]
        return Cell(
            status=Status.FAILED,
            elapsed_ms=rounded(attempt.elapsed_ms),
            note=attempt.reach.value.replace("-", " "),
            evidence=evidence,
        )
    # A family that this computer does not have is no trouble: the driver passes over it at once.
    silent = [t for t in member.tcp if t.reach is Reach.SILENT]
    return Cell(
        status=Status.WARNING if silent else Status.PASSED,
        elapsed_ms=rounded(best.elapsed_ms),
        note=f"{silent[0].address} is silent" if silent else "",
        evidence=evidence,
    )


def _tls_cell(facts: Facts, member: MemberFacts) -> Cell | None:
    if not facts.tls_wanted:
        return Cell(status=Status.SKIPPED, note="off")
    handshake = member.handshake(TlsKind.DRIVER)
    if handshake is None:
        return None
    evidence: dict[str, Json] = {
        "result": handshake.reach.value,
        "version": handshake.version,
        "cipher": handshake.cipher,
        "alert": handshake.alert,
        "verify_code": handshake.verify_code,
        **read_again(serial=next((c.serial for c in _chain(member)), None)),
        "chain": [f"{c.subject}  ←  {c.issuer}  (until {c.not_after})" for c in _chain(member)],
    }
    if handshake.reach is Reach.OK:
        return Cell(
            status=Status.PASSED,
            elapsed_ms=rounded(handshake.elapsed_ms),
            note=handshake.version or "",
            evidence=evidence,
        )
    note = f"alert {handshake.alert}" if handshake.alert is not None else handshake.reach.value.replace("-", " ")
    if handshake.verify_code is not None:
        note = f"verify {handshake.verify_code}"
    return Cell(status=Status.FAILED, elapsed_ms=rounded(handshake.elapsed_ms), note=note, evidence=evidence)


def _chain(member: MemberFacts) -> tuple[Any, ...]:
    return next((t.chain for t in member.tls if t.chain), ())


def _hello_cell(facts: Facts, member: MemberFacts) -> Cell | None:
    exchange = own_exchange(facts, member)
    if exchange is None:
        return None
    hello = exchange.hello
    evidence: dict[str, Json] = {"result": exchange.reach.value, "errno": exchange.errno}
    if exchange.first_bytes:
        evidence["first_bytes"] = exchange.first_bytes
    if hello is None:
        return Cell(
            status=Status.FAILED,
            elapsed_ms=rounded(exchange.elapsed_ms),
            note=exchange.reach.value.replace("-", " "),
            evidence=evidence,
        )
    evidence |= {
        "kind": hello.kind,
        "setName": hello.set_name,
        "primary": hello.primary,
        "me": hello.me,
        "hosts": list(hello.hosts[:_MOST_NAMED]),
        "wire_versions": f"{hello.min_wire_version}-{hello.max_wire_version}",
        "clock_skew_s": hello.clock_skew_s,
        "tags": dict(hello.tags),
    }
    return Cell(
        status=Status.PASSED if standing(facts, member) is Standing.ANSWERED else Status.FAILED,
        elapsed_ms=rounded(exchange.elapsed_ms),
        note=_ROLE_WORDS.get(hello.kind, hello.kind),
        evidence=evidence,
    )


def _auth_cell(facts: Facts, member: MemberFacts) -> Cell | None:
    login = facts.login
    if facts.uri.user is None and not login.attempted:
        return Cell(status=Status.SKIPPED, note="no login") if member.finished else None
    if not login.attempted or login.server != member.address:
        return None
    evidence: dict[str, Json] = {
        "mechanism": login.mechanism,
        "database": login.database,
        "failed_step": login.failed_step,
        "code": login.code,
        "saslSupportedMechs": {name: list(m) for name, m in facts.user_mechanisms.items()},
    }
    if login.succeeded:
        return Cell(status=Status.PASSED, note=login.mechanism or "", evidence=evidence)
    return Cell(status=Status.FAILED, note=f"code {login.code}" if login.code else "refused", evidence=evidence)


def _access_cell(facts: Facts, member: MemberFacts) -> Cell | None:
    access = facts.access
    if facts.driver.server != member.address or access.read_code is None:
        return None
    evidence = {"read_code": access.read_code, "roles": list(access.roles), "database": access.read_database}
    if access.read_code == 0:
        return Cell(status=Status.PASSED, note=f"read {access.read_database}", evidence=evidence)
    if is_connected(facts) and not any(rights(facts)):  # only the database that is tried where none is named
        return Cell(status=Status.PASSED, note=f"not {access.read_database}", evidence=evidence)
    status = Status.WARNING if is_connected(facts) else Status.FAILED
    return Cell(status=status, note=f"code {access.read_code}", evidence=evidence)


def _source(facts: Facts, member: MemberFacts) -> str | None:
    left = (t for t in member.tcp if t.source and t.reach is not Reach.NETWORK_UNREACHABLE)
    known = sorted(left, key=lambda t: t.reach is not Reach.OK)
    address = known[0].source if known else None
    interface = facts.computer.surroundings.interfaces.get(address or "")
    return f"{address} ({interface})" if interface else address


def rounded(ms: float | None) -> float | None:
    """Milliseconds as a report holds them: to a tenth."""
    return None if ms is None else round(ms, 1)
