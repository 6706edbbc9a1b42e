"""What a check says of the causes that a text allowed."""

from __future__ import annotations

import pytest

from clearline.core.explain.explain import explain
from clearline.core.explain.remaining import AfterCheck, standings
from clearline.core.explain.targets import as_checked, together
from clearline.core.findings import Certainty, Finding, Severity, Stage
from clearline.core.report.report import Identity, Report, StageResult, Status, Verdict
from lab import hand_made_reports


def report(verdict: Verdict, *found: str, login: bool = False, **statuses: Status) -> Report:
    identity = Identity(user="app", mechanism=None, roles=(), databases=()) if login else None
    return hand_made_reports.report(
        started="2026-01-01T00:00:00+00:00",
        verdict=verdict,
        findings=tuple(
            Finding(cause=c, severity=Severity.FAILURE, certainty=Certainty.PROVEN, stage=Stage.TCP, summary=c)
            for c in found
        ),
        stages=tuple(StageResult(stage=Stage(name), status=status) for name, status in statuses.items()),
        identity=identity,
    )


def test_what_the_check_found_is_confirmed_and_another_fault_of_its_stage_is_refuted() -> None:
    silent = report(Verdict.FAILED, "tcp.no-answer", dns=Status.PASSED, tcp=Status.FAILED)
    assert standings(["tcp.no-answer", "tcp.refused", "dns.host-not-found", "auth.wrong-password"], silent) == {
        "tcp.no-answer": AfterCheck.FOUND,
        "tcp.refused": AfterCheck.REFUTED,
        "dns.host-not-found": AfterCheck.REFUTED,
        "auth.wrong-password": AfterCheck.OPEN,
    }


@pytest.mark.parametrize("cause", ["app.client-not-connected", "env.container-localhost", "server.does-not-start"])
def test_no_check_refutes_what_is_about_the_program(cause: str) -> None:
    assert standings([cause], report(Verdict.CONNECTED, tcp=Status.PASSED)) == {cause: AfterCheck.UNSEEN}


def test_a_connection_without_a_login_says_nothing_of_a_password() -> None:
    passed = {"tcp": Status.PASSED, "auth": Status.PASSED}
    assert standings(["auth.wrong-password"], report(Verdict.CONNECTED, **passed))["auth.wrong-password"] is (
        AfterCheck.OPEN
    )
    assert standings(["auth.wrong-password"], report(Verdict.CONNECTED, login=True, **passed)) == {
        "auth.wrong-password": AfterCheck.REFUTED
    }


def test_servers_that_spoke_tls_are_checked_with_tls_and_all_in_one_run() -> None:
    text = "certificate verify failed: self-signed certificate mongodb\n" + "\n".join(
        f"connect ECONNREFUSED db{n}.example.com:27017" for n in (1, 2)
    )
    targets = as_checked(explain(text))
    assert targets == (
        "mongodb://db1.example.com:27017/?directConnection=true&tls=true",
        "mongodb://db2.example.com:27017/?directConnection=true&tls=true",
    )
    assert together(targets) == "mongodb://db1.example.com:27017,db2.example.com:27017/?tls=true"
    assert together(targets[:1]) is None
