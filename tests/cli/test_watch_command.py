"""``clearline watch`` as its users meet it: lines, JSON lines, exit codes, and an end without noise."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from clearline.cli import interrupts, watch
from clearline.cli.watch import Teller, summary
from clearline.core.findings import Certainty, Finding, Severity, Stage
from clearline.core.watch.health import HealthSnapshot, HealthState, Outage
from clearline.core.watch.rounds import Rounds
from clearline.core.watch.state import WatchState
from lab import deployments
from lab.deployment import Deployment
from lab.mongo_peer import MongoPeer


@contextlib.contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "clearline", "watch", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        with process:
            yield process
    finally:
        process.kill()


def until(process: subprocess.Popen[str], kind: str, **fields: Any) -> dict[str, Any]:
    """The next JSON line of that type with those fields."""
    assert process.stdout is not None
    for line in process.stdout:
        told = json.loads(line)
        if told["type"] == kind and all(told[name] == value for name, value in fields.items()):
            assert isinstance(told, dict)
            return told
    raise AssertionError(f"no {kind} {fields}: {process.stderr.read() if process.stderr else ''}")


def test_a_killed_server_is_told_in_json_lines_until_ctrl_c() -> None:
    with deployments.standalone() as deployment, running(deployment.uri(), "--jsonl", "--interval", "0.3") as process:
        first = until(process, "watch")
        assert first["interval_s"] == 0.3
        assert until(process, "ping")["rtt_ms"] > 0
        until(process, "health", state="healthy")
        deployment.server.kill()
        until(process, "health", state="down")
        assert until(process, "outage", cause="tcp.refused")["lasted_s"] is None
        deployment.server.start()
        until(process, "health", state="healthy")
        ended = until(process, "outage", number=1, worst="down", cause="pool.server-went-away")
        assert "Another server process answers" in ended["summary"]
        assert ended["began"] > first["at"]
        assert ended["lasted_s"] > 0
        process.send_signal(signal.SIGINT)
        last = until(process, "summary")
        assert last["outages"] == 1
        assert 0 < last["uptime"] < 1
        assert process.wait(60) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_people_get_lines_and_a_summary(standalone: Deployment) -> None:
    with running(standalone.uri(), "--interval", "0.2", "--for", "1", "--pings") as process:
        out, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert err == ""
    lines = out.splitlines()
    assert "watching" in lines[0]
    assert standalone.address in lines[0]
    assert any("healthy   Every server answers. (" in line for line in lines)
    assert any(f"ping      {standalone.address} " in line for line in lines)
    assert "0 unanswered; median " in lines[-1]
    assert lines[-1].endswith("up 100.00 % of the time; 0 outages.")


def test_a_refused_login_ends_the_watch_with_1_and_without_the_password() -> None:
    with deployments.with_login() as deployment:
        with running(deployment.uri("app", "wr0ng-s3cret")) as process:
            out, err = process.communicate(timeout=20)
        assert deployment.logins() == [("app", False)]
    assert process.returncode == 1
    assert "paused" in out
    assert "refused the login (18)" in out
    assert "wr0ng-s3cret" not in out + err


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes of that kind")
def test_a_reader_that_goes_away_ends_the_watch_without_noise(standalone: Deployment) -> None:
    with running(standalone.uri(), "--jsonl", "--interval", "0.05") as process:
        until(process, "watch")
        assert process.stdout is not None
        os.close(process.stdout.fileno())
        with contextlib.suppress(OSError):
            process.stdout.close()
        assert process.wait(60) == 1
        assert process.stderr is not None
        assert process.stderr.read() == ""


@pytest.mark.parametrize("arguments", [(), ("db", "--interval", "0"), ("nowhere.json",), ("db", "--for", "-1")])
def test_a_wrong_command_line_is_2(arguments: tuple[str, ...]) -> None:
    with running(*arguments) as process:
        _, err = process.communicate(timeout=20)
    assert process.returncode == 2
    assert "clearline watch" in err


def state(*outages: Outage, health: HealthState = HealthState.DOWN) -> WatchState:
    return WatchState(started=1000.0, at_s=5.0, interval_s=10.0, health=HealthSnapshot(state=health, outages=outages))


def test_an_outage_is_told_when_it_begins_when_it_is_explained_and_when_it_ends() -> None:
    lines: list[dict[str, Any]] = []
    teller = Teller(lines.append)
    outage = {"number": 1, "worst": HealthState.DOWN, "began": 1001.0, "began_s": 1.0, "why": "gone"}
    cause = Finding(
        cause="tcp.refused", severity=Severity.FAILURE, certainty=Certainty.PROVEN, stage=Stage.TCP, summary="Closed."
    )
    for each in (
        Outage(**outage),
        Outage(**outage, diagnosing=True),
        Outage(**outage, cause=cause),
        Outage(**outage, cause=cause, lasted_s=4.0),
    ):
        teller.take(state(each))
        teller.take(state(each))
    told = [(line["cause"], line["lasted_s"]) for line in lines if line["type"] == "outage"]
    assert told == [(None, None), ("tcp.refused", None), ("tcp.refused", 4.0)]


def test_what_is_learnt_at_the_end_of_an_outage_or_after_it_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    teller = Teller(watch._Words(pings=False).show)
    outage = {"number": 1, "worst": HealthState.DOWN, "began": 1001.0, "began_s": 1.0, "why": "gone"}
    refused, back = (
        Finding(cause=c, severity=Severity.FAILURE, certainty=Certainty.LIKELY, stage=Stage.TCP, summary=words)
        for c, words in (("tcp.refused", "Closed."), ("pool.server-went-away", "Another process."))
    )
    for each in (
        Outage(**outage, cause=refused),
        Outage(**outage, cause=back, lasted_s=4.0),
        Outage(**outage | {"number": 2}, lasted_s=4.0),
        Outage(**outage | {"number": 2}, cause=refused, lasted_s=4.0),
    ):
        teller.take(state(each))
    lines = [line[10:].strip() for line in capsys.readouterr().out.splitlines() if "down" not in line[:20]]
    assert [line.split()[0] for line in lines] == ["cause", "restored", "restored", "cause"]
    assert lines[1].endswith("over after 4.0 s. Another process.")
    assert lines[2].endswith("over after 4.0 s.")


def test_the_summary_counts() -> None:
    assert summary(state())["uptime"] is None
    assert summary(state())["watched_s"] == 5.0


def test_time_that_was_degraded_is_told_beside_the_time_that_it_was_up() -> None:
    health = HealthSnapshot(state=HealthState.HEALTHY, up_s=100.0, degraded_s=16.9)
    last = summary(WatchState(started=1000.0, at_s=100.0, interval_s=10.0, health=health))
    assert last["degraded_s"] == 16.9
    assert "up 100.00 % of the time, 16.9 s of it degraded;" in watch._summary_text(last)


@pytest.mark.parametrize("form", [[], ["--jsonl"]])
def test_a_watch_that_stands_still_says_what_is_known_and_leaves(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], form: list[str]
) -> None:
    over, round_before = threading.Event(), Rounds.round

    async def hold(rounds: Rounds) -> None:
        await round_before(rounds)
        if rounds._live.health.snapshot(0).pings > 1:
            over.wait()  # the loop's own thread, as a driver does that computes for ever
            raise asyncio.CancelledError

    monkeypatch.setattr(Rounds, "round", hold)
    monkeypatch.setattr(interrupts, "AT_MOST", 8)
    with MongoPeer({}) as peer:
        address = f"mongodb://127.0.0.1:{peer.port}/"
        assert watch.run([address, "--interval", "0.3", *form]) == 1
    over.set()
    out, err = capsys.readouterr()
    assert "this is what is known" in err
    last = out.splitlines()[-1]
    assert "pings" in last
    assert json.loads(last)["type"] == "summary" if form else "watched for" in last
