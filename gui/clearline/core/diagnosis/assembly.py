"""From facts to the report: cells, stages, the deployment, who is logged in. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import clearline
from clearline.core.addresses import eai_name
from clearline.core.diagnosis.catalogue import causes
from clearline.core.diagnosis.compose import diagnose
from clearline.core.diagnosis.rules.access import rights
from clearline.core.diagnosis.rules.hops import told
from clearline.core.diagnosis.rules.products import is_genuine, product_named
from clearline.core.diagnosis.standing import (
    Standing,
    answered,
    is_connected,
    oldest_first,
    own_exchange,
    own_hello,
    replica_set_name,
    standing,
)
from clearline.core.facts.hops import HopFacts
from clearline.core.facts.login import DriverState
from clearline.core.facts.names import counting, questions_by_host, txt_options
from clearline.core.facts.servers import MemberFacts, Reach, TlsKind
from clearline.core.facts.whole import Facts
from clearline.core.findings import SERVER_STAGES, STAGES, Finding, Severity, Stage
from clearline.core.report.report import (
    Cell,
    ChainEntry,
    Computer,
    Deployment,
    DriverResult,
    HopResult,
    HopStageResult,
    Identity,
    Latency,
    PodResult,
    Report,
    ResolverResult,
    ServerResult,
    StageResult,
    Status,
    SystemProxyResult,
    Target,
    TlsSummary,
    Verdict,
)
from clearline.core.typed_values import from_plain

_MOST_NAMED = 200
"""Members of one hello that its evidence lists; a genuine set has 50 at most."""
_COLUMNS = tuple((stage, stage.value) for stage in SERVER_STAGES)  # an enum's value is slow to ask for
_ROLE_WORDS = {"standalone": "standalone", "router": "router", "ghost": "not initiated", "other": "starting up"}


def assemble(
    facts: Facts,
    *,
    profile_name: str,
    started: datetime,
    elapsed_ms: float,
    verdict_ms: float | None = None,
    verdict: Verdict | None = None,
    stage_ms: Mapping[Stage, float] | None = None,
    driver_version: str = "",
    on_bug: Callable[[Exception], None] | None = None,
) -> Report:
    """The report for what is known now; ``verdict`` None means that the check still runs.

    ``on_bug`` hears of a rule that raised; see `diagnose`.
    """
    findings = diagnose(facts, on_bug)
    servers = tuple(_server(facts, member, verdict) for member in facts.members)
    driver = facts.driver
    return Report(
        app_version=clearline.__version__,
        started=started.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        elapsed_ms=round(elapsed_ms, 1),
        verdict_ms=None if verdict_ms is None else round(verdict_ms, 1),
        target=Target(profile=profile_name, uri=facts.uri.redacted),
        verdict=verdict,
        findings=findings,
        stages=_stages(facts, findings, servers, verdict, stage_ms or {}),
        hops=tuple(map(_hop, facts.hops)),
        servers=servers,
        not_looked_at=facts.passed_over,
        computer=_computer(facts),
        deployment=_deployment(facts, findings),
        identity=_identity(facts),
        effective={**_from_txt(facts), **facts.uri.options, **facts.driver.effective},
        driver=DriverResult(
            name="pymongo",
            version=driver_version,
            exception=driver.exception if driver.state is not DriverState.CONNECTED else None,
            message=driver.message if driver.state is not DriverState.CONNECTED else None,
        ),
    )


# ---------------------------------------------------------------- stages


def _stages(
    facts: Facts,
    findings: tuple[Finding, ...],
    servers: tuple[ServerResult, ...],
    verdict: Verdict | None,
    stage_ms: Mapping[Stage, float],
) -> tuple[StageResult, ...]:
    failed_at = next((f.stage for f in findings if f.severity is Severity.FAILURE), None)
    results = []
    for stage in STAGES:
        worst = min((list(Severity).index(f.severity) for f in findings if f.stage is stage), default=2)
        name = stage.value
        cells = [c for s in servers if (c := s.cells.get(name)) is not None]
        if worst == 0:
            status = Status.FAILED
        elif worst == 1:
            status = Status.WARNING
        elif _ran(facts, stage, cells):
            status = Status.PASSED
        elif verdict is None:
            running = any(c.status is Status.RUNNING for c in cells)
            status = Status.RUNNING if running else Status.WAITING
        elif verdict is Verdict.CANCELLED:
            status = Status.CANCELLED
        else:
            status = Status.SKIPPED
        if status is Status.PASSED and failed_at is not None and not cells and stage is Stage.DRIVER:
            status = Status.FAILED
        elapsed_ms = stage_ms.get(stage, _slowest(facts, stage, cells))
        results.append(StageResult(stage=stage, status=status, elapsed_ms=_rounded(elapsed_ms)))
    return tuple(results)


def _slowest(facts: Facts, stage: Stage, cells: list[Cell]) -> float | None:
    """What a stage that servers go through side by side took: its slowest cell, or lookup of the SRV name."""
    times = [c.elapsed_ms for c in cells if c.elapsed_ms is not None]
    if stage is Stage.HOP:
        times += [sum(step.elapsed_ms for step in hop.steps) for hop in facts.hops]
    if stage is Stage.DNS:
        times += [q.elapsed_ms for q in facts.dns.questions if q.purpose in ("srv", "txt")]
    return max(times, default=None)


def _ran(facts: Facts, stage: Stage, cells: list[Cell]) -> bool:
    match stage:
        case Stage.URI:
            return bool(facts.uri.redacted)
        case Stage.FILES:
            return facts.files_checked and bool(facts.files)
        case Stage.HOP:
            return any(hop.up for hop in facts.hops)
        case Stage.TOPOLOGY:
            return bool(answered(facts))
        case Stage.AUTH:
            return facts.login.attempted and facts.login.succeeded
        case Stage.ACCESS:
            return is_connected(facts)
        case Stage.DRIVER:
            return is_connected(facts) or facts.driver.state is DriverState.RAISED
        case Stage.DNS if facts.dns.questions and not cells:
            return True
        case _:
            return any(c.status is Status.PASSED for c in cells)


# ---------------------------------------------------------------- hops


def _hop(hop: HopFacts) -> HopResult:
    statuses = {True: Status.PASSED, False: Status.FAILED, None: Status.RUNNING}
    stages = tuple(
        HopStageResult(
            stage=step.stage.value,
            status=statuses[step.passed],
            elapsed_ms=None if step.passed is None else _rounded(step.elapsed_ms),
        )
        for step in hop.steps
    )
    if hop.opened or hop.unopened:
        stages += (HopStageResult(stage="channel", status=Status.PASSED if hop.opened else Status.FAILED),)
    return HopResult(kind=hop.kind, server=hop.server, stages=stages)


# ---------------------------------------------------------------- servers


def _server(facts: Facts, member: MemberFacts, verdict: Verdict | None) -> ServerResult:
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
    evidence = {
        "addresses": list(lookup.addresses),
        "eai": None if lookup.eai is None else eai_name(lookup.eai) or lookup.eai,
        "hosts_file": list(lookup.hosts_file),
    }
    if lookup.addresses:
        return Cell(
            status=Status.SKIPPED if lookup.literal else Status.PASSED,
            elapsed_ms=None if lookup.literal else _rounded(lookup.elapsed_ms),
            note="IP address" if lookup.literal else ", ".join(lookup.addresses[:3]),
            evidence=evidence,
        )
    note = "no answer" if lookup.silent else "not found"
    return Cell(status=Status.FAILED, elapsed_ms=_rounded(lookup.elapsed_ms), note=note, evidence=evidence)


def _way_cell(facts: Facts, member: MemberFacts) -> Cell | None:
    """The line that the last hop opened to the server, or did not."""
    way = [f"{hop.kind} {hop.server}" for hop in facts.hops]
    if opened := next((t for t in member.tcp if t.reach is Reach.OK), None):
        note = f"through {way[-1]}"
        evidence = {"through": way}
        return Cell(status=Status.PASSED, elapsed_ms=_rounded(opened.elapsed_ms), note=note, evidence=evidence)
    failure = facts.hops[-1].not_opened(member.address)
    if failure is None:
        return None
    note = failure.trouble.value.replace("-", " ") if failure.code is None else f"{facts.hops[-1].kind} {failure.code}"
    evidence = {"through": way, **told(failure)}
    return Cell(status=Status.FAILED, elapsed_ms=_rounded(failure.elapsed_ms), note=note, evidence=evidence)


def _tcp_cell(facts: Facts, member: MemberFacts) -> Cell | None:
    if facts.hops:
        return _way_cell(facts, member)
    if not member.tcp:
        return None
    evidence: dict[str, Any] = {
        "attempts": [
            {"address": t.address, "result": t.reach.value, "errno": t.errno, "ms": _rounded(t.elapsed_ms)}
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
            elapsed_ms=_rounded(attempt.elapsed_ms),
            note=attempt.reach.value.replace("-", " "),
            evidence=evidence,
        )
    # A family that this computer does not have is no trouble: the driver passes over it at once.
    silent = [t for t in member.tcp if t.reach is Reach.SILENT]
    return Cell(
        status=Status.WARNING if silent else Status.PASSED,
        elapsed_ms=_rounded(best.elapsed_ms),
        note=f"{silent[0].address} is silent" if silent else "",
        evidence=evidence,
    )


def _tls_cell(facts: Facts, member: MemberFacts) -> Cell | None:
    if not facts.tls_wanted:
        return Cell(status=Status.SKIPPED, note="off")
    handshake = member.handshake(TlsKind.DRIVER)
    if handshake is None:
        return None
    evidence: dict[str, Any] = {
        "result": handshake.reach.value,
        "version": handshake.version,
        "cipher": handshake.cipher,
        "alert": handshake.alert,
        "verify_code": handshake.verify_code,
        "serial": next((c.serial for c in _chain(member)), None),
        "chain": [f"{c.subject}  ←  {c.issuer}  (until {c.not_after})" for c in _chain(member)],
    }
    if handshake.reach is Reach.OK:
        return Cell(
            status=Status.PASSED,
            elapsed_ms=_rounded(handshake.elapsed_ms),
            note=handshake.version or "",
            evidence=evidence,
        )
    note = f"alert {handshake.alert}" if handshake.alert is not None else handshake.reach.value.replace("-", " ")
    if handshake.verify_code is not None:
        note = f"verify {handshake.verify_code}"
    return Cell(status=Status.FAILED, elapsed_ms=_rounded(handshake.elapsed_ms), note=note, evidence=evidence)


def _chain(member: MemberFacts) -> tuple[Any, ...]:
    return next((t.chain for t in member.tls if t.chain), ())


def _hello_cell(facts: Facts, member: MemberFacts) -> Cell | None:
    exchange = own_exchange(facts, member)
    if exchange is None:
        return None
    hello = exchange.hello
    evidence: dict[str, Any] = {"result": exchange.reach.value, "errno": exchange.errno}
    if exchange.first_bytes:
        evidence["first_bytes"] = exchange.first_bytes
    if hello is None:
        return Cell(
            status=Status.FAILED,
            elapsed_ms=_rounded(exchange.elapsed_ms),
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
        elapsed_ms=_rounded(exchange.elapsed_ms),
        note=_ROLE_WORDS.get(hello.kind, hello.kind),
        evidence=evidence,
    )


def _auth_cell(facts: Facts, member: MemberFacts) -> Cell | None:
    login = facts.login
    if facts.uri.user is None and not login.attempted:
        return Cell(status=Status.SKIPPED, note="no login") if member.finished else None
    if not login.attempted or login.server != member.address:
        return None
    evidence: dict[str, Any] = {
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


# ---------------------------------------------------------------- the whole


def _source(facts: Facts, member: MemberFacts) -> str | None:
    left = (t for t in member.tcp if t.source and t.reach is not Reach.NETWORK_UNREACHABLE)
    known = sorted(left, key=lambda t: t.reach is not Reach.OK)
    address = known[0].source if known else None
    interface = facts.computer.surroundings.interfaces.get(address or "")
    return f"{address} ({interface})" if interface else address


def _computer(facts: Facts) -> Computer | None:
    known = facts.computer
    if not known.system:
        return None
    around = known.surroundings
    roots = "" if known.trusted_roots is None else f", {known.trusted_roots} authorities"
    return Computer(
        system=known.system,
        container=around.container,
        image=around.image,
        pod=from_plain(around.pod, PodResult, from_attributes=True) if around.pod is not None else None,
        vm=around.vm,
        wsl=around.wsl,
        ci=around.ci,
        platform=around.platform,
        libc=around.libc,
        resolvers=tuple(ResolverResult(address=r.address, kind=r.kind) for r in around.resolvers),
        search=around.search,
        ndots=around.ndots,
        hosts_names=around.hosts_names,
        proxies=around.proxies,
        system_proxy=None
        if facts.system_proxy is None
        else from_plain(facts.system_proxy, SystemProxyResult, from_attributes=True),
        trust=f"{known.trust_source}{roots}",
        openssl=known.openssl,
        python=known.python,
        ipv6=known.has_ipv6_route,
        tunnels=around.tunnels,
        nat=around.nat,
    )


def _deployment(facts: Facts, findings: tuple[Finding, ...]) -> Deployment | None:
    live = answered(facts)
    if not live:
        return None
    kinds = {h.kind for _, h in live}
    wanted = replica_set_name(facts)
    in_sets = [h for _, h in live if h.set_name]
    named = next((h for h in in_sets if h.set_name == wanted), in_sets[0] if in_sets else None)
    if any(h.service_id for _, h in live):
        kind = "load balanced"
    elif "router" in kinds:
        kind = "sharded cluster"
    elif named is not None or "ghost" in kinds:
        kind = "replica set"
    else:
        kind = "standalone"
    version = facts.access.product_version or next((m.extras.version for m, _ in live if m.extras), None)
    modules = facts.access.modules or next((m.extras.modules for m, _ in live if m.extras), ())
    claims = [(m, h) for m, h in live if h.is_writable_primary and named is not None and h.set_name == named.set_name]
    writable = oldest_first(claims)[-1][0].address if claims else None
    return Deployment(
        kind=kind,
        product=_product(facts, findings),
        version=version,
        edition=_edition(facts, modules),
        set_name=named.set_name if named else None,
        primary=writable or (named.primary if named else None),
    )


def _from_txt(facts: Facts) -> dict[str, Any]:
    """The options that the TXT record adds, under their canonical names."""
    names = {"authsource": "authSource", "replicaset": "replicaSet", "loadbalanced": "loadBalanced"}
    brought = txt_options(counting(facts.dns.questions))
    found = {names[key.lower()]: value for key, value in brought.items() if key.lower() in names}
    return {name: value == "true" if name == "loadBalanced" else value for name, value in found.items()}


def _edition(facts: Facts, modules: tuple[str, ...]) -> str | None:
    """The edition, where the build is known to be MongoDB's own."""
    if not is_genuine(facts):
        return None
    return "enterprise" if "enterprise" in modules else "community"


def _product(facts: Facts, findings: tuple[Finding, ...]) -> str | None:
    """The product: MongoDB only where buildInfo proves it."""
    told = next((product for f in findings if (product := causes()[f.cause].product)), None)
    return product_named(facts) or told or ("MongoDB" if is_genuine(facts) else None)


def _identity(facts: Facts) -> Identity | None:
    if not facts.access.user:
        return None
    return Identity(
        user=facts.access.user,
        mechanism=facts.login.mechanism,
        roles=facts.access.roles,
        databases=facts.access.databases,
    )


def _rounded(ms: float | None) -> float | None:
    return None if ms is None else round(ms, 1)
