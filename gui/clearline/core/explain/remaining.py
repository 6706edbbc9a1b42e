"""How the causes that a text allowed stand after a check: found, refuted, not reached, or not to be seen."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from clearline.core.diagnosis.catalogue import HOP_FAMILIES
from clearline.core.findings import STAGES, Severity, Stage
from clearline.core.report.report import Report, Status, Verdict


class AfterCheck(Enum):
    """How one cause stands after a check."""

    FOUND = "found"
    REFUTED = "refuted"
    """The check got past the place where it would have shown."""
    OPEN = "open"
    """The check ended before it."""
    UNSEEN = "unseen"
    """It is about the program, its computer or its work: no check from here can show it."""


_UNSEEN = frozenset({"app", "server", "env", "pool", "driver"})


def standings(causes: Iterable[str], report: Report) -> dict[str, AfterCheck]:
    """The standing of each cause after a check that ended."""
    found = {f.cause for f in report.findings if f.severity in (Severity.FAILURE, Severity.WARNING)}
    return {cause: AfterCheck.FOUND if cause in found else _otherwise(cause, report) for cause in causes}


def _otherwise(cause: str, report: Report) -> AfterCheck:
    family = cause.partition(".")[0]
    if family in _UNSEEN:
        return AfterCheck.UNSEEN
    stage = Stage.HOP if family in HOP_FAMILIES or family == "k8s" else Stage(family)
    status = next((result.status for result in report.stages if result.stage is stage), None)
    if stage in (Stage.AUTH, Stage.ACCESS) and report.identity is None:
        return AfterCheck.REFUTED if status is Status.FAILED else AfterCheck.OPEN  # without a login nothing was tried
    if status in (Status.PASSED, Status.WARNING, Status.FAILED):
        return AfterCheck.REFUTED  # at that stage the check saw something else, or no fault
    if report.verdict is Verdict.CONNECTED and STAGES.index(stage) <= STAGES.index(Stage.TOPOLOGY):
        return AfterCheck.REFUTED
    return AfterCheck.OPEN
