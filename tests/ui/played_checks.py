"""Checks that play a course of events without any network, for tests of what the window does with them."""

from __future__ import annotations

import asyncio
from threading import Event
from typing import Any

from clearline.core.driver.events import DriverEvent
from clearline.core.findings import SERVER_STAGES, STAGES, Certainty, Finding, Remedy, Severity, Stage
from clearline.core.profiles.profile import Profile
from clearline.core.report.report import (
    Cell,
    ChainEntry,
    Deployment,
    DriverResult,
    Identity,
    Latency,
    Report,
    ServerResult,
    StageResult,
    Status,
    Target,
    TlsSummary,
    Verdict,
)
from clearline.core.secrets.secret import Secret

EMPTY = Report(
    app_version="0",
    started="2026-01-01T00:00:00.000Z",
    elapsed_ms=0.0,
    target=Target(profile="", uri="mongodb://db1.example.com:27017/orders"),
    driver=DriverResult(name="pymongo", version="4"),
)

WRONG_NAME = Finding(
    cause="tls.hostname-mismatch",
    severity=Severity.FAILURE,
    certainty=Certainty.PROVEN,
    stage=Stage.TLS,
    server="db2.example.com:27017",
    summary="The certificate of db2.example.com is made out to db2.internal.example.com and to cache.example.com.",
    detail="Whoever answers there cannot prove to be db2.example.com, so the driver refuses to talk to it.",
    remedies=(
        Remedy(
            text="Connect to db2.internal.example.com instead.",
            patch={"seeds": {"hosts": ["db2.internal.example.com:27017"]}},
        ),
        Remedy(text="Have the certificate reissued with db2.example.com among its names."),
    ),
    evidence={
        "asked for": "db2.example.com",
        "names": ["db2.internal.example.com", "cache.example.com"],
        "verify code": 62,
    },
)
STALE_SET = Finding(
    cause="topology.unreachable-member",
    severity=Severity.WARNING,
    certainty=Certainty.LIKELY,
    stage=Stage.TCP,
    server="db3.example.com:27017",
    summary="Member db3.example.com of the set does not answer.",
    detail="The others do without it; reads that ask for it will wait.",
    evidence={"errno": 111, "addresses": ["10.0.0.7"]},
)
WRONG_SOURCE = Finding(
    cause="auth.wrong-source",
    severity=Severity.FAILURE,
    certainty=Certainty.LIKELY,
    stage=Stage.AUTH,
    summary="User app lives in database admin, not in orders.",
    detail="admin offers mechanisms for app, orders does not.",
    remedies=(Remedy(text="Use authSource=admin.", patch={"auth": {"source": "admin"}}),),
)
UNESCAPED = Finding(
    cause="uri.unescaped-credentials",
    severity=Severity.FAILURE,
    certainty=Certainty.PROVEN,
    stage=Stage.URI,
    summary="The password contains / unescaped.",
    remedies=(Remedy(text="Write / as %2F.", action="escape-password"),),
)
ASK_PASSWORD = Finding(
    cause="auth.wrong-password",
    severity=Severity.FAILURE,
    certainty=Certainty.PROVEN,
    stage=Stage.AUTH,
    summary="The password of user app is wrong.",
    remedies=(Remedy(text="Type the password again.", action="ask-password"),),
)


def server(number: int, *, failed_at: Stage | None = None, reached: int = len(SERVER_STAGES)) -> ServerResult:
    """A member whose first ``reached`` stages are done."""
    cells = {}
    notes = {
        "dns": f"10.0.0.{number}",
        "tls": "TLSv1.3",
        "hello": "MongoDB 7.0.5",
        "auth": "SCRAM-SHA-256",
        "access": "rw orders",
    }
    broken = False
    for place, stage in enumerate(SERVER_STAGES):
        if broken:
            cells[stage.value] = Cell(status=Status.SKIPPED)
        elif stage is failed_at:
            broken = True
            cells[stage.value] = Cell(
                status=Status.FAILED,
                elapsed_ms=24.0,
                note="wrong name",
                evidence={"verify code": 62, "address": f"10.0.0.{number}", "peer": {"port": 27017, "family": "IPv4"}},
            )
        elif place < reached:
            cells[stage.value] = Cell(
                status=Status.PASSED,
                elapsed_ms=0.4 + place * 9.3,
                note=notes.get(stage.value, ""),
                evidence={"addresses": [f"10.0.0.{number}"], "resolver": "getaddrinfo"},
            )
        else:
            cells[stage.value] = Cell(status=Status.RUNNING if place == reached else Status.WAITING)
    known = reached > 3 and failed_at is None
    return ServerResult(
        address=f"db{number}.example.com:27017",
        seed=number == 1,
        advertised=known,
        role=("primary" if number == 1 else "secondary") if known else None,
        version="7.0.5" if known else None,
        rtt_ms=Latency(min=1.1, median=1.4, max=3.0) if known else None,
        cells=cells,
        tls=TlsSummary(
            version="TLSv1.3",
            cipher="TLS_AES_256_GCM_SHA384",
            chain=(
                ChainEntry(
                    subject=f"CN=db{number}.example.com", issuer="CN=Example CA", not_after="2027-01-01T00:00:00Z"
                ),
            ),
        ),
    )


def report(
    verdict: Verdict | None,
    *findings: Finding,
    servers: tuple[ServerResult, ...] = (),
    **more: Deployment | Identity | Target | None,
) -> Report:
    """A report with every stage."""
    failed = {finding.stage for finding in findings if finding.severity is Severity.FAILURE}
    warned = {finding.stage for finding in findings if finding.severity is Severity.WARNING}
    done = verdict is not None
    status = Status.PASSED if done else Status.RUNNING
    stages = tuple(
        StageResult(
            stage=stage,
            status=Status.FAILED if stage in failed else Status.WARNING if stage in warned else status,
            elapsed_ms=3.1 if done else None,
        )
        for stage in STAGES
    )
    values = {name: getattr(EMPTY, name) for name in ("app_version", "started", "target", "driver")}
    values |= {
        "verdict": verdict,
        "findings": findings,
        "servers": servers,
        "stages": stages,
        "elapsed_ms": 231.0,
        "verdict_ms": 84.0,
    }
    return Report(**{**values, **more})


def connected(*findings: Finding) -> Report:
    return report(
        Verdict.CONNECTED,
        *findings,
        servers=tuple(server(n) for n in (1, 2, 3)),
        deployment=Deployment(
            kind="replica set", product="MongoDB", version="7.0.5", set_name="rs0", primary="db1.example.com:27017"
        ),
        identity=Identity(
            user="app@admin", mechanism="SCRAM-SHA-256", roles=("readWrite@orders",), databases=("orders",)
        ),
    )


def playing(*reports: Report, events: list[DriverEvent] | tuple[Any, ...] = (), pause: None = None) -> Any:
    """A check that emits these reports and returns the last one."""

    async def check(
        profile: Profile | None,
        secrets: dict[str, str] | str,
        emit: Any,
        *,
        text: str | None = None,
        on_event: Any = None,
    ) -> Any:
        check.asked.append((profile, dict(secrets), text))
        for one in reports[:-1]:
            emit(one)
            await asyncio.sleep(0 if pause is None else pause)
        for event in events:
            on_event(event)
        emit(reports[-1])
        return reports[-1]

    check.asked = []
    return check


def noting() -> Any:
    """A check that notes the secrets of each test and connects."""

    async def check(_profile: Profile, secrets: dict[str, Secret], *_: Any, **__: Any) -> Any:
        check.secrets.append(dict(secrets))
        return connected()

    check.secrets = []
    return check


def waiting(started: Event | None = None) -> Any:
    """A check that runs until it is cancelled, and then reports as the real one does."""

    async def check(_profile: Any, _secrets: Any, emit: Any, **_more: Any) -> Any:
        emit(report(None, servers=(server(1, reached=2),)))
        if started is not None:
            started.set()
        check.running += 1
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            asyncio.current_task().uncancel()
        finally:
            check.running -= 1
        return report(Verdict.CANCELLED, servers=(server(1, reached=2),))

    check.running = 0
    return check


def event(number: int, kind: str = "command", **more: bool | float | str | None) -> DriverEvent:
    values = {
        "at_s": number / 1000,
        "kind": kind,
        "name": "CommandStarted",
        "server": "db1.example.com:27017",
        "connection_id": 3,
        "text": f"ping {number}",
    }
    return DriverEvent(**{**values, **more})
