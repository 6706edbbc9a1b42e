"""What a command that checks ends with: one number for one report or for several.

| way    | connected | connected, warnings | failed               | not tried (usage, consent) | stopped |
|--------|-----------|---------------------|----------------------|----------------------------|---------|
| plain  | 0         | 0                   | 1                    | 2                          | 130     |
| class  | 0         | 0                   | 10 and more, by stage | 2                         | 130     |
| nagios | 0 OK      | 1 WARNING           | 2 CRITICAL           | 3 UNKNOWN                  | 3       |
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, get_args

from clearline.core.findings import Severity, Stage
from clearline.core.report.report import Report, Verdict

ExitBy = Literal["plain", "class", "nagios"]
WAYS: Final[tuple[ExitBy, ...]] = get_args(ExitBy)

OF_STAGE: Final[dict[Stage, int]] = {
    Stage.URI: 10,
    Stage.FILES: 11,
    Stage.HOP: 12,
    Stage.DNS: 13,
    Stage.TCP: 14,
    Stage.TLS: 15,
    Stage.HELLO: 16,
    Stage.TOPOLOGY: 17,
    Stage.AUTH: 18,
    Stage.ACCESS: 19,
    Stage.DRIVER: 20,
}
"""``class``: the stage at which the check failed. A number keeps its meaning when stages are added."""
_STOPPED: Final = 130
_USAGE: Final = 2
_UNKNOWN: Final = 3
_NAGIOS_ORDER: Final = (2, 3, 1, 0)
"""What several results are together, the gravest first (Monitoring Plugins Development Guidelines)."""


def exit_code(report: Report, by: ExitBy = "plain") -> int:
    """What a check of one target ends with."""
    match report.verdict:
        case Verdict.CONNECTED:
            warned = any(finding.severity is Severity.WARNING for finding in report.findings)
            return int(by == "nagios" and warned)
        case Verdict.CANCELLED:
            return _UNKNOWN if by == "nagios" else _STOPPED
    if by == "plain":
        return 1
    if by == "nagios":
        return 2
    return OF_STAGE[report.diagnosis.stage] if report.diagnosis else 1


def not_tried(by: ExitBy = "plain") -> int:
    """What a target that could not be checked ends with: wrong usage, no consent, a secret that is missing."""
    return _UNKNOWN if by == "nagios" else _USAGE


def together(codes: Iterable[int], by: ExitBy = "plain") -> int:
    """What several targets end with: stopped, then not tried, then failed (the first), then connected."""
    found = list(codes)
    if by == "nagios":
        return next((code for code in _NAGIOS_ORDER if code in found), 0)
    graver = (code for code in (_STOPPED, _USAGE) if code in found)
    return next(graver, next((code for code in found if code), 0))
