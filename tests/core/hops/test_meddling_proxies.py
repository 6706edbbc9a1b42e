"""Proxies that open lines and do something to them: break TLS open, or end what is quiet. Real servers behind them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from clearline.core.check.check import check, farewells
from clearline.core.check.request import Request
from clearline.core.daemon_threads import DaemonExecutor
from clearline.core.driver.events import DriverEvent
from clearline.core.findings import Certainty, Finding, Severity, Stage
from clearline.core.hops.loop import HopLoop
from clearline.core.profiles.hop import HttpProxy
from clearline.core.profiles.profile import Profile, Seeds, Tls, patched
from clearline.core.report.report import Report, Verdict
from clearline.core.watch.cut_lines import CutLines
from clearline.core.watch.watch import Watch
from lab import loops
from lab.certificates import Authority, server_context
from lab.deployment import Deployment
from lab.meddling_proxies import MeddlingProxy

HERE = "127.0.0.1"
FAR = "db.far.test"


def run(profile: Profile) -> Report:
    async def go() -> Report:
        asyncio.get_running_loop().set_default_executor(DaemonExecutor())
        report = await check(Request(profile), lambda _: None)
        await farewells()
        return report

    return loops.run(go())


def through(proxy: MeddlingProxy, host: str, tls: Tls) -> Profile:
    return Profile(hops=(HttpProxy(host=HERE, port=proxy.port),), seeds=Seeds(hosts=(f"{host}:27017",)), tls=tls)


@pytest.mark.parametrize(
    ("host", "name", "organization"),
    [(FAR, "Corporate TLS inspection CA", "Zscaler Inc."), ("c0-shard-00-00.ab12c.mongodb.net", "Gate CA", "Example")],
    ids=["a product by its name", "an authority that Atlas never has"],
)
def test_a_proxy_that_breaks_tls_open(
    tmp_path: Path, standalone: Deployment, host: str, name: str, organization: str
) -> None:
    gate = Authority(tmp_path, name, organization)
    with MeddlingProxy(standalone.address, tls=server_context(gate.server(host))) as proxy:
        report = run(through(proxy, host, Tls(enabled=True)))
        assert f"{host}:27017" in proxy.wished
    assert report.verdict is Verdict.FAILED
    assert report.diagnosis is not None
    found = report.diagnosis
    assert (found.cause, found.stage, found.certainty) == ("proxy.intercepts-tls", Stage.HOP, Certainty.LIKELY)
    assert host in found.summary


def test_an_authority_without_a_known_name_is_not_called_an_interception(
    tmp_path: Path, standalone: Deployment
) -> None:
    own = Authority(tmp_path, "Example Root", "Example")
    with MeddlingProxy(standalone.address, tls=server_context(own.server(FAR))) as proxy:
        report = run(through(proxy, FAR, Tls(enabled=True)))
    assert report.diagnosis is not None
    assert report.diagnosis.cause.startswith("tls.")


def test_a_proxy_that_breaks_tls_open_and_is_trusted_is_told_all_the_same(
    tmp_path: Path, standalone: Deployment
) -> None:
    gate = Authority(tmp_path, "Corporate TLS inspection CA", "Zscaler Inc.")
    with MeddlingProxy(standalone.address, tls=server_context(gate.server(FAR))) as proxy:
        report = run(through(proxy, FAR, Tls(enabled=True, ca_file=str(gate.ca_file))))
    assert report.verdict is Verdict.CONNECTED
    assert ("proxy.intercepts-tls", Severity.WARNING) in {(f.cause, f.severity) for f in report.findings}


# ---------------------------------------------------------------- quiet lines


def test_a_proxy_that_ends_quiet_lines_is_found_by_a_watch(standalone: Deployment) -> None:
    async def watched(profile: Profile) -> Finding:
        asyncio.get_running_loop().set_default_executor(DaemonExecutor())
        found: asyncio.Future[Finding] = asyncio.get_running_loop().create_future()

        def told(state: object) -> None:
            for one in getattr(state, "findings", ()):
                if one.cause == "proxy.idle-limit" and not found.done():
                    found.set_result(one)

        watch = Watch(Request(profile), emit=told, log=False)
        task = asyncio.create_task(watch.run())
        try:
            return await asyncio.wait_for(found, 60)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    with MeddlingProxy(standalone.address, idle_s=1.0) as proxy, asyncio.Runner(loop_factory=HopLoop) as runner:
        profile = through(proxy, FAR, Tls())
        finding = runner.run(watched(profile))
    assert (finding.severity, finding.certainty) == (Severity.WARNING, Certainty.LIKELY)
    assert finding.summary == f"The proxy {HERE} ends connections that are idle for 1 seconds."
    assert finding.remedies[0].patch is not None
    mended = patched(profile, finding.remedies[0].patch)
    assert mended.pool.max_idle_time_ms == mended.timeouts.heartbeat_frequency_ms == pytest.approx(500, abs=100)


def heartbeat(name: str, ms: float, *, server: str = "db:27017", reason: str | None = "closed") -> DriverEvent:
    failed = name == "ServerHeartbeatFailed"
    return DriverEvent(
        at_s=0.0,
        kind="heartbeat",
        name=name,
        server=server,
        duration_ms=ms,
        failed=failed,
        awaited=True,
        reason=reason if failed else None,
    )


def fed(*events: DriverEvent) -> CutLines:
    lines = CutLines()
    for event in events:
        lines.feed(event)
    return lines


def ends(*seconds: float, server: str = "db:27017", reason: str | None = "closed") -> list[DriverEvent]:
    return [heartbeat("ServerHeartbeatFailed", s * 1000, server=server, reason=reason) for s in seconds]


def test_ends_after_the_same_quiet_time_are_a_limit() -> None:
    limit = fed(*ends(4.0, 4.1, 4.05)).limit()
    assert limit is not None
    assert limit.seconds == pytest.approx(4.05)


@pytest.mark.parametrize(
    "events",
    [
        ends(4.0, 4.1),
        ends(2.0, 7.0, 4.0),
        ends(0.1, 0.1, 0.1),
        ends(30.0, 30.0, 30.0, reason=None),
        [*ends(4.0), *ends(4.0, server="b:27017"), *ends(4.0, server="c:27017")],
        [*ends(4.0, 4.0), heartbeat("ServerHeartbeatSucceeded", 10_000), *ends(4.0)],
    ],
    ids=["too few", "at any time", "at once", "silence", "one end of all servers", "it may be quiet for longer"],
)
def test_what_is_no_limit(events: list[DriverEvent]) -> None:
    assert fed(*events).limit() is None
