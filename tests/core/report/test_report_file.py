"""A report that was pasted, with what the engine that ran the check printed around it."""

from __future__ import annotations

import pytest

from clearline.core.report.report import to_json
from clearline.core.report.report_file import ReportProblem, pasted_report
from ui import played_checks as play

REPORT = to_json(play.connected())
STAMPED = "".join(f"2026-11-29T14:05:0{n % 10}.1234567Z {line}\n" for n, line in enumerate(REPORT.splitlines()))


@pytest.mark.parametrize(
    "text",
    [
        REPORT,
        f'pod "clearline" created\n{REPORT}\npod "clearline" deleted {{ok}}',
        f"here | CHANGED | rc=0 >>\n{REPORT}\n",
        f"##[group]Run pipx {{}}\n{STAMPED}",
        f"\ufeff{STAMPED}2026-11-29T14:05:09.1Z Post job cleanup.",
    ],
    ids=["alone", "kubectl", "ansible", "a log of GitHub", "such a log as a file"],
)
def test_what_stands_around_it_is_left_out(text: str) -> None:
    assert pasted_report(text) == play.connected()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no report of Clearline"),
        ("all is well", "no report of Clearline"),
        (REPORT[:-30], "no JSON"),
        ("{" * 100_000, "no JSON"),
        (REPORT.replace('"version": 1,', '"version": 2,', 1), "newer Clearline"),
        (f"a >>\n{REPORT}\nb >>\n{REPORT}", "2 reports"),
    ],
)
def test_what_is_none_is_said_in_one_sentence(text: str, words: str) -> None:
    with pytest.raises(ReportProblem, match=words) as problem:
        pasted_report(text)
    assert str(problem.value).startswith("This text")
