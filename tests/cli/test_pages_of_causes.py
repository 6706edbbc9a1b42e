"""Every form of a report names each finding's code and page."""

from __future__ import annotations

import pytest

from clearline.cli.junit import to_junit
from clearline.core.diagnosis.catalogue import finding
from clearline.core.findings import Certainty
from clearline.core.report.html import to_html
from clearline.core.report.markdown import ticket, to_markdown
from clearline.core.report.report import Verdict, to_json
from lab import hand_made_reports

REPORT = hand_made_reports.report(
    started="2026-11-20T12:00:00Z",
    verdict=Verdict.FAILED,
    findings=(finding("tcp.refused", Certainty.LIKELY, server="db1:27017", host="db1", port=27017),),
)


@pytest.mark.parametrize(
    "text",
    [to_json(REPORT), to_html(REPORT), to_markdown(REPORT), ticket(REPORT), to_junit([("", "db1", REPORT)], [])],
    ids=["json", "html", "markdown", "ticket", "junit"],
)
def test_code_and_page_are_named(text: str) -> None:
    assert "tcp.refused" in text.replace("causes/tcp.refused.md", "")
    assert "causes/tcp.refused.md" in text
