"""A report that was pasted, with what the engine that ran the check printed around it."""

from __future__ import annotations

from pathlib import Path

import pytest

from clearline.core.report.formats import Form, written
from clearline.core.report.report import to_json
from clearline.core.report.report_file import ReportProblem, pasted_report, report_of, reports_of
from ui import played_checks as play

REPORT = to_json(play.connected())
FAILED = to_json(play.connected(play.WRONG_NAME))
STAMPED = "".join(f"2026-11-29T14:05:0{n % 10}.1234567Z {line}\n" for n, line in enumerate(REPORT.splitlines()))


@pytest.mark.parametrize(
    "text",
    [
        REPORT,
        f'pod "clearline" created\n{REPORT}\npod "clearline" deleted {{ok}}',
        f"here | CHANGED | rc=0 >>\n{REPORT}\n",
        f"##[group]Run pipx {{}}\n{STAMPED}",
        f"\ufeff{STAMPED}2026-11-29T14:05:09.1Z Post job cleanup.",
        f"clearline: checking what MONGODB_URI of the environment holds.\n{REPORT}",
        "".join(f"[pod/app-1/check] {line}\n" for line in STAMPED.splitlines()),
        "".join(f"check-1  | {line}\n" for line in REPORT.splitlines()),
        STAMPED.replace("1234567Z", "123456789+02:00"),
    ],
    ids=[
        "alone",
        "kubectl",
        "ansible",
        "a log of GitHub",
        "such a log as a file",
        "kubectl logs",
        "its prefixes and stamps",
        "docker compose logs",
        "the stamps of Podman",
    ],
)
def test_what_stands_around_it_is_left_out(text: str, tmp_path: Path) -> None:
    assert pasted_report(text) == play.connected()
    file = tmp_path / "report.json"
    file.write_text(text, encoding="utf-8")
    assert report_of(file) == play.connected()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_what_a_shell_of_windows_writes_is_read(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "report.json"
    file.write_text(REPORT.replace("\n", "\r\n"), encoding=encoding, newline="")
    assert report_of(file) == play.connected()


def test_several_reports_of_one_log_are_several_places(tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_text(f"first\n{REPORT}\nsecond\n[{REPORT},\n{REPORT}]\n", encoding="utf-8")
    assert reports_of(file) == (play.connected(),) * 3


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no report of Clearline"),
        ("all is well", "no report of Clearline"),
        (REPORT[:-30], "cut off"),
        ("{" * 100_000, "no report of Clearline"),
        (REPORT.replace('"version": 1,', '"version": 2,', 1), "newer Clearline"),
        (f"a >>\n{REPORT}\nb >>\n{REPORT}", "2 reports"),
    ],
)
def test_what_is_none_is_said_in_one_sentence(text: str, words: str) -> None:
    with pytest.raises(ReportProblem, match=words) as problem:
        pasted_report(text)
    assert str(problem.value).startswith("This text")


@pytest.mark.parametrize("deep", ["[" * 60 + "]" * 60, "[" * 900 + "]" * 900, '{"a":' * 500 + "1" + "}" * 500], ids=len)
def test_a_report_that_is_nested_too_deep_is_told_and_never_shown(deep: str, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_text(REPORT.replace('"effective": {', f'"effective": {{"maxPoolSize": {deep}, ', 1))
    with pytest.raises(ReportProblem, match=r"nested more than 64 deep|cut off or damaged"):
        report_of(file)


@pytest.mark.parametrize("place", ['"profile": "', '"asked": "', '"message": "', '"code": "', '"summary": "'])
def test_half_a_character_in_a_report_breaks_nothing(place: str, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_text(FAILED.replace(place, f"{place}\\ud800", 1))
    try:
        report = report_of(file)
    except ReportProblem as problem:
        assert str(problem).isprintable()  # noqa: PT017 - the other way out
        return
    for form in Form:
        written(report, form).encode()
