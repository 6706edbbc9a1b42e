"""The manners of ``clearline check`` as a probe: several targets, what lies near, when it leaves, what it ends with."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from clearline.cli.attempts import has_become
from clearline.core.findings import Certainty, Finding, Severity, Stage
from clearline.core.report.report import Deployment as Kind
from clearline.core.report.report import Report, Verdict
from lab import deployments, hand_made_reports, peers
from lab.deployment import Deployment


def run(*arguments: str, folder: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if name != "MONGODB_URI"}
    return subprocess.run(
        [sys.executable, "-m", "clearline", "check", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        env={**environ, **env},
    )


def test_several_targets_are_checked_side_by_side_in_the_order_given(standalone: Deployment) -> None:
    with peers.closed_port() as port:
        refused = f"mongodb://127.0.0.1:{port}/"
        result = run("--json", refused, standalone.uri(), refused)
    assert result.returncode == 1
    assert [report["verdict"] for report in json.loads(result.stdout)] == ["failed", "connected", "failed"]


def test_a_target_that_cannot_be_read_does_not_keep_the_others_from_being_checked(
    standalone: Deployment, tmp_path: Path
) -> None:
    result = run("--json", str(tmp_path / "none.json"), standalone.uri())
    assert result.returncode == 2
    assert "none.json" in result.stderr
    assert [report["verdict"] for report in json.loads(result.stdout)] == ["connected"]


def test_several_targets_take_no_password() -> None:
    result = run("db1", "db2", "--password-env", "X")
    assert (result.returncode, result.stdout) == (2, "")
    assert "several targets take no password" in result.stderr


def test_without_a_target_the_variable_is_checked_and_named(standalone: Deployment) -> None:
    result = run("--json", MONGODB_URI=standalone.uri())
    assert result.returncode == 0
    assert "MONGODB_URI" in result.stderr
    assert json.loads(result.stdout)["verdict"] == "connected"


def test_then_the_file_of_variables_in_this_folder_is(login_server: Deployment, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f'OTHER=1\nDATABASE_URL="{login_server.uri(deployments.APP, path="appdb")}"\n')
    result = run("--json", folder=tmp_path)
    assert result.returncode == 0, result.stderr
    assert f"DATABASE_URL of {tmp_path / '.env'}" in result.stderr
    assert json.loads(result.stdout)["identity"]["user"] == "app@admin"


def test_that_file_comes_from_elsewhere(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DB=mongodb://127.0.0.1:1/?tls=true&tlsInsecure=true\n")
    result = run("--json", folder=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert "--yes" in result.stderr


@pytest.mark.parametrize("content", [None, "", "A=1\n", "\x00\xff", "DB=mongodb://\n"])
def test_where_nothing_is_named_there_is_nothing_to_check(content: str | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / ".env").write_text(content, encoding="latin-1")
    result = run(folder=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert "nothing to check" in result.stderr


def test_fast_leaves_at_the_verdict_of_a_silent_server() -> None:
    with peers.silent() as silent:
        report: dict[str, Any] = json.loads(run("--json", "--fast", f"mongodb://{silent.address}/").stdout)
    assert (report["verdict"], report["partial"]) == ("failed", True)
    assert report["elapsed_ms"] < report["verdict_ms"] + 1000  # the rest would take five seconds more


def test_quiet_says_nothing_about_what_works_and_one_sentence_about_what_does_not(standalone: Deployment) -> None:
    with peers.closed_port() as port:
        result = run("--quiet", standalone.uri(), f"mongodb://127.0.0.1:{port}/")
    assert result.returncode == 1
    assert result.stdout.count("\n") == 1
    assert f"127.0.0.1:{port}" in result.stdout


@pytest.mark.parametrize(("by", "code"), [("plain", 1), ("class", 14), ("nagios", 2)])
def test_the_exit_code_says_what_was_asked_for(by: str, code: int) -> None:
    with peers.closed_port() as port:
        assert run("--quiet", "--exit-by", by, f"mongodb://127.0.0.1:{port}/").returncode == code
    assert run("--exit-by", "nagios", "/nowhere/x.json").returncode == 3


def test_a_monitor_shows_the_first_line(standalone: Deployment) -> None:
    good = run("--fast", "--quiet", "--exit-by", "nagios", standalone.uri())
    assert re.fullmatch(r"(OK: connected|WARNING: .+) \| time=\d+\.\d{3}s\n", good.stdout)
    with peers.closed_port() as port:
        bad = f"mongodb://127.0.0.1:{port}/"
        one, several = run("--exit-by", "nagios", bad), run("--exit-by", "nagios", standalone.uri(), bad)
    first, *report = one.stdout.splitlines()
    assert first.startswith(f"CRITICAL: 127.0.0.1 answers, but nothing listens on port {port}. | time=0.")
    assert "tcp.refused" in one.stdout
    assert not any("|" in line for line in report)  # what follows a bar would be drawn as a graph
    assert several.stdout.startswith("CRITICAL: 1 of 2 connected; 127.0.0.1 answers")


def test_waiting_ends_when_it_is_so(standalone: Deployment) -> None:
    result = run("--quiet", "--until", "writable", "--for", "30", standalone.uri())
    assert (result.returncode, result.stdout) == (0, "")


def test_waiting_never_goes_on_after_a_refused_login(login_server: Deployment) -> None:
    result = run("--quiet", "--until", "primary", "--for", "60", f"mongodb://app:wrong@{login_server.address}/")
    assert result.returncode == 1
    assert "left" not in result.stderr


def test_waiting_ends_with_the_time(standalone: Deployment) -> None:
    with peers.closed_port() as port:
        result = run("--quiet", "--until", "connected", "--for", "2", f"mongodb://127.0.0.1:{port}/")
    assert result.returncode == 1
    assert "not connected yet (tcp.refused)" in result.stderr


def _report(verdict: Verdict, kind: str | None, primary: str | None = None, cause: str | None = None) -> Report:
    finding = Finding(
        cause=cause or "", severity=Severity.WARNING, certainty=Certainty.PROVEN, stage=Stage.TOPOLOGY, summary="So."
    )
    return hand_made_reports.report(
        verdict=verdict,
        findings=(finding,) if cause else (),
        deployment=Kind(kind=kind, primary=primary) if kind else None,
    )


@pytest.mark.parametrize(
    ("report", "become"),
    [
        (_report(Verdict.FAILED, "replica set", "db1:27017"), []),
        (_report(Verdict.CONNECTED, "replica set"), ["connected"]),
        (_report(Verdict.CONNECTED, "replica set", "db1:27017"), ["connected", "primary", "writable"]),
        (_report(Verdict.CONNECTED, "sharded cluster"), ["connected", "primary", "writable"]),
        (_report(Verdict.CONNECTED, "standalone", None, "access.read-only"), ["connected", "primary"]),
        (_report(Verdict.CONNECTED, "replica set", "b:1", "topology.direct-to-secondary"), ["connected", "primary"]),
        (_report(Verdict.CONNECTED, None), ["connected"]),
    ],
)
def test_what_is_waited_for_is_read_from_the_report(report: Report, become: list[str]) -> None:
    assert [until for until in ("connected", "primary", "writable") if has_become(report, until)] == become  # type: ignore[arg-type]
