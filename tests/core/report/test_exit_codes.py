"""The number that a check ends with, one by one and several together."""

from __future__ import annotations

import pytest

from clearline.core.findings import STAGES, Certainty, Finding, Severity, Stage
from clearline.core.report.exit_codes import OF_STAGE, WAYS, ExitBy, exit_code, not_tried, together
from clearline.core.report.report import Report, Verdict
from lab import hand_made_reports


def report(verdict: Verdict | None, severity: Severity | None = None, stage: Stage = Stage.TCP) -> Report:
    found = [
        Finding(cause="tcp.refused", severity=severity, certainty=Certainty.PROVEN, stage=stage, summary="It is so.")
        for severity in ([severity] if severity else [])
    ]
    return hand_made_reports.report(verdict=verdict, findings=tuple(found))


@pytest.mark.parametrize(
    ("verdict", "severity", "plain", "by_class", "nagios"),
    [
        (Verdict.CONNECTED, None, 0, 0, 0),
        (Verdict.CONNECTED, Severity.NOTE, 0, 0, 0),
        (Verdict.CONNECTED, Severity.WARNING, 0, 0, 1),
        (Verdict.FAILED, Severity.FAILURE, 1, 14, 2),
        (Verdict.FAILED, None, 1, 1, 2),
        (Verdict.CANCELLED, None, 130, 130, 3),
        (None, None, 1, 1, 2),
    ],
)
def test_the_code_follows_verdict_and_way(
    verdict: Verdict | None, severity: Severity | None, plain: int, by_class: int, nagios: int
) -> None:
    one = report(verdict, severity)
    assert [exit_code(one, by) for by in WAYS] == [plain, by_class, nagios]


def test_each_stage_has_a_code_of_its_own() -> None:
    codes = [exit_code(report(Verdict.FAILED, Severity.FAILURE, stage), "class") for stage in STAGES]
    assert set(OF_STAGE) == set(STAGES)
    assert len(set(codes)) == len(codes)
    assert not {0, 1, 2, 130} & set(codes)


@pytest.mark.parametrize(
    ("by", "codes", "all_together"),
    [
        ("plain", [], 0),
        ("plain", [0, 1, 0], 1),
        ("plain", [1, 2, 0], 2),
        ("plain", [1, 2, 130], 130),
        ("class", [0, 18, 14], 18),
        ("nagios", [0, 1, 3, 2], 2),
        ("nagios", [0, 1, 3], 3),
        ("nagios", [1, 0], 1),
    ],
)
def test_several_targets_end_with_the_gravest(by: ExitBy, codes: list[int], all_together: int) -> None:
    assert together(codes, by) == all_together


def test_what_was_not_tried_has_its_own_code() -> None:
    assert [not_tried(by) for by in WAYS] == [2, 2, 3]
