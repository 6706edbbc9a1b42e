"""The JUnit XML holds one test case per profile, whatever their names are made of."""

from __future__ import annotations

from xml.etree import ElementTree

from clearline.cli.junit import to_junit
from clearline.core.findings import Certainty, Finding, Severity, Stage
from clearline.core.report.report import DriverResult, Report, Target, Verdict


def report(verdict: Verdict | None, summary: str = "Nothing listens on db1.") -> Report:
    finding = Finding(
        cause="tcp.refused",
        severity=Severity.FAILURE,
        certainty=Certainty.PROVEN,
        stage=Stage.TCP,
        summary=summary,
    )
    return Report(
        app_version="0.1.0",
        started="2026-11-22T10:15:00.123Z",
        elapsed_ms=1234.5,
        target=Target(profile="Orders", uri="mongodb://app:***@db1/"),
        verdict=verdict,
        findings=(finding,) if verdict is Verdict.FAILED else (),
        driver=DriverResult(name="pymongo", version="4.20.0"),
    )


def test_each_check_is_a_case_with_its_folder_and_time() -> None:
    root = ElementTree.fromstring(to_junit([("Shop/Staging v1.2", "Orders", report(Verdict.CONNECTED))]))
    [suite] = root
    assert root.tag == "testsuites"
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped", "time", "timestamp")} == {
        "tests": "1",
        "failures": "0",
        "errors": "0",
        "skipped": "0",
        "time": "1.234",
        "timestamp": "2026-11-22T10:15:00",
    }
    [case] = suite
    assert case.attrib == {"classname": "clearline.Shop.Staging v1_2", "name": "Orders", "time": "1.234"}
    assert [child.tag for child in case] == ["system-out"]


def test_a_failure_carries_cause_sentence_and_proof() -> None:
    [[case]] = ElementTree.fromstring(to_junit([("", "Orders", report(Verdict.FAILED))]))
    failure = case.find("failure")
    assert failure is not None
    assert failure.attrib == {"type": "tcp.refused", "message": "Nothing listens on db1."}
    assert "Cause: `tcp.refused`" in (failure.text or "")


def test_cancelled_checks_are_skipped_and_broken_files_are_errors() -> None:
    text = to_junit([("", "a", report(Verdict.CANCELLED)), ("", "b", report(None))], [("x.json", "line 1: malformed")])
    [suite] = ElementTree.fromstring(text)
    assert [suite.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["3", "1", "1", "1"]
    assert [case[0].tag for case in suite] == ["skipped", "failure", "error"]
    assert suite[2][0].get("message") == "line 1: malformed"


def test_characters_that_xml_cannot_hold_do_not_break_it() -> None:
    name = "a\x00b\x1b[31m<&>\"'\ud800 ü 🙂"
    [[case]] = ElementTree.fromstring(to_junit([(name, name, report(Verdict.FAILED, name))], ()).encode())
    assert case.get("name") == "a\ufffdb\ufffd[31m<&>\"'\ufffd ü 🙂"
