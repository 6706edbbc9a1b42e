"""From facts to the report: stages, the deployment, who is logged in. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import clearline
from clearline.core.diagnosis.catalogue import causes
from clearline.core.diagnosis.compose import diagnose
from clearline.core.diagnosis.rules.products import is_genuine, product_named
from clearline.core.diagnosis.server_results import rounded, server_result
from clearline.core.diagnosis.server_selection import oldest_first
from clearline.core.diagnosis.standing import answered, is_connected, replica_set_name
from clearline.core.facts.hops import HopFacts
from clearline.core.facts.login import DriverState
from clearline.core.facts.names import counting, txt_options
from clearline.core.facts.whole import Facts
from clearline.core.findings import STAGES, Finding, Severity, Stage
from clearline.core.report.report import (
    Cell,
    Computer,
    Deployment,
    DriverResult,
    HopResult,
    HopStageResult,
    Identity,
    PodResult,
    Report,
    ResolverResult,
    ServerResult,
    StageResult,
    Status,
    SystemProxyResult,
    Target,
    Verdict,
)
from clearline.core.typed_values import from_plain


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
    servers = tuple(server_result(facts, member, verdict) for member in facts.members)
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
            asked=driver.state is not DriverState.NOT_STARTED,
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
        results.append(StageResult(stage=stage, status=status, elapsed_ms=rounded(elapsed_ms)))
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
            elapsed_ms=None if step.passed is None else rounded(step.elapsed_ms),
        )
        for step in hop.steps
    )
    if hop.opened or hop.unopened:
        stages += (HopStageResult(stage="channel", status=Status.PASSED if hop.opened else Status.FAILED),)
    return HopResult(kind=hop.kind, server=hop.server, stages=stages)


# ---------------------------------------------------------------- the whole


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
