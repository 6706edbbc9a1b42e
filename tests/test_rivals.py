"""A headline that is merely possible lists what else it may be, in every form of the report."""

from __future__ import annotations

import html
import json
from collections.abc import Callable

import pytest

from all_rows import all_rows
from clearline.cli.report_text import render
from clearline.core.diagnosis.catalogue import blanks_of, causes, finding
from clearline.core.findings import Certainty, Finding, Severity, Stage
from clearline.core.report.html import to_html
from clearline.core.report.markdown import ticket, to_markdown
from clearline.core.report.report import Report, Verdict, to_json
from clearline.ui.panels.diagnosis import finding_html
from lab import hand_made_reports

WITH_RIVALS = [code for code, cause in causes().items() if cause.rivals]


def possible(code: str) -> Finding:
    blanks = dict.fromkeys(blanks_of(causes()[code]), "x")
    return finding(code, Certainty.POSSIBLE, severity=Severity.FAILURE, stage=Stage.TCP, fill=blanks)


def report(found: Finding) -> Report:
    return hand_made_reports.report(started="2026-11-20T12:00:00.000Z", verdict=Verdict.FAILED, findings=(found,))


def as_text(report: Report) -> str:
    return " ".join(render(report, colour=False, width=100).split())


def as_json(report: Report) -> str:
    return str(json.loads(to_json(report))["findings"][0]["detail"])


FORMS: dict[str, Callable[[Report], str]] = {
    "text": as_text,
    "JSON": as_json,
    "HTML": lambda report: html.unescape(to_html(report)),
    "Markdown": lambda report: to_markdown(report).replace("\\", ""),
    "window": lambda report: html.unescape(finding_html(report.findings[0], None, told=True)),
    "ticket": lambda report: ticket(report).replace("\\", ""),
}


@pytest.mark.parametrize("form", FORMS)
@all_rows("code", WITH_RIVALS)
def test_every_form_lists_the_rivals(form: str, code: str) -> None:
    told = FORMS[form](report(possible(code)))
    assert [rival for rival in causes()[code].rivals if rival not in told] == []


@all_rows("code", [code for code in causes() if code not in WITH_RIVALS])
def test_nothing_is_merely_possible_without_rivals(code: str) -> None:
    with pytest.raises(KeyError, match="what else"):
        possible(code)


@pytest.mark.parametrize("certainty", [Certainty.PROVEN, Certainty.LIKELY])
@all_rows("code", WITH_RIVALS)
def test_what_is_surer_names_its_own_doubt_alone(code: str, certainty: Certainty) -> None:
    blanks = dict.fromkeys(blanks_of(causes()[code]), "x")
    assert "may as well be" not in finding(code, certainty, stage=Stage.TCP, fill=blanks).detail
