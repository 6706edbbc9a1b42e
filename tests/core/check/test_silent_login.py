"""A server that keeps silent about a password: the verdict does not wait for the driver, and a slow one is let in."""

from __future__ import annotations

import asyncio

import pytest

from clearline.core.check import driver_run
from clearline.core.check.check import check, farewells
from clearline.core.check.request import Request
from clearline.core.daemon_threads import DaemonExecutor
from clearline.core.report.report import Report, Verdict
from lab import deployments, loops
from lab.deployment import User
from lab.mongo_peer import SILENCE, MongoPeer
from lab.relay import Relay


@pytest.fixture(autouse=True)
def _little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver_run, "LOGIN_SILENCE_S", 0.2)


def checked(text: str) -> Report:
    async def run() -> Report:
        asyncio.get_running_loop().set_default_executor(DaemonExecutor())
        report = await check(Request(text=text), lambda _report: None)
        await farewells()
        return report

    return loops.run(run())


def test_silence_is_named_long_before_the_driver_gives_up() -> None:
    with MongoPeer({"saslStart": SILENCE}) as peer:
        report = checked(f"mongodb://app:pw-Zq7@{peer.address}/?authMechanism=SCRAM-SHA-256")
    assert report.verdict is Verdict.FAILED
    assert report.diagnosis is not None
    assert report.diagnosis.cause == "auth.no-answer"
    assert "keeps silent" in report.diagnosis.summary
    assert report.verdict_ms is not None
    assert report.verdict_ms < 5000


def test_a_slow_server_is_waited_for_and_named() -> None:
    """The step that checks the password takes ten times as long as is taken for silence."""
    slow = {"failCommands": ["saslContinue"], "blockConnection": True, "blockTimeMS": 2000, "appName": "Clearline"}
    with deployments.with_login("--setParameter", "enableTestCommands=1", users=(User("app"),)) as server:
        with server.client() as client:
            client.admin.command({"configureFailPoint": "failCommand", "mode": "alwaysOn", "data": slow})
        report = checked(server.uri(User("app")))
    assert report.verdict is Verdict.CONNECTED
    (slow_one,) = (finding for finding in report.findings if finding.cause == "tcp.high-latency")
    assert "logs in" in slow_one.summary


def test_a_mechanism_that_asks_someone_else_may_take_its_time() -> None:
    with MongoPeer({"saslStart": SILENCE}) as peer:
        text = f"mongodb://app:pw-Zq7@{peer.address}/?authMechanism=PLAIN&socketTimeoutMS=1500"
        report = checked(text)
    assert report.verdict_ms is not None
    assert report.verdict_ms >= 1000


def test_a_slow_line_is_no_silence() -> None:
    with deployments.with_login() as server, Relay(server.address, delay_s=0.2) as line:
        report = checked(server.uri(deployments.APP, path="appdb").replace(server.address, line.address))
    assert report.verdict is Verdict.CONNECTED
