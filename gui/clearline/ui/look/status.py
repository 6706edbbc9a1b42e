"""How a status looks and reads: an icon, a word, and a colour that only repeats them."""

from __future__ import annotations

from typing import Final

from clearline.core.findings import Severity
from clearline.core.report.report import Status, Verdict
from clearline.ui.look.theme import tone

_ICONS: Final[dict[Status | Verdict | Severity, str]] = {
    **{status: status.value for status in Status},
    Verdict.CONNECTED: "passed",
    Verdict.FAILED: "failed",
    Verdict.CANCELLED: "cancelled",
    Severity.FAILURE: "failed",
    Severity.WARNING: "warning",
    Severity.NOTE: "note",
}
_WORDS: Final[dict[Status | Verdict | Severity, str]] = {
    Status.PASSED: "passed",
    Status.WARNING: "warning",
    Status.FAILED: "failed",
    Status.SKIPPED: "skipped",
    Status.CANCELLED: "stopped",
    Status.RUNNING: "running",
    Status.WAITING: "waiting",
    Verdict.CONNECTED: "Connected",
    Verdict.FAILED: "Failed",
    Verdict.CANCELLED: "Stopped",
    Severity.FAILURE: "failure",
    Severity.WARNING: "warning",
    Severity.NOTE: "note",
}


def status_icon(state: Status | Verdict | Severity) -> str:
    """The icon's name."""
    return _ICONS[state]


def status_word(state: Status | Verdict | Severity) -> str:
    """The word that stands beside the icon."""
    return _WORDS[state]


def status_tone(state: Status | Verdict | Severity) -> str:
    """The colour that repeats icon and word, by its name in `Colours`."""
    match state:
        case Status.PASSED | Verdict.CONNECTED:
            return "passed"
        case Status.WARNING | Severity.WARNING:
            return "warning"
        case Status.FAILED | Verdict.FAILED | Severity.FAILURE:
            return "failed"
        case Status.RUNNING:
            return "accent"
        case _:
            return "muted"


def status_colour(state: Status | Verdict | Severity) -> str:
    """`status_tone` in the palette in use."""
    return tone(status_tone(state))
