"""How a status looks and reads: an icon, a word, and a colour that only repeats them."""

from __future__ import annotations

from typing import Final

from clearline.core.findings import Severity, Stage
from clearline.core.report.marks import MARKS, Tone
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
_STAGES: Final[dict[Stage, str]] = {
    stage: stage.value.upper() for stage in (Stage.URI, Stage.DNS, Stage.TCP, Stage.TLS)
}
_TONES: Final[dict[Tone, str]] = {"good": "passed", "warning": "warning", "bad": "failed", "quiet": "muted"}


def status_icon(state: Status | Verdict | Severity) -> str:
    """The icon's name."""
    return _ICONS[state]


def status_word(state: Status | Verdict | Severity) -> str:
    """The word that stands beside the icon."""
    return MARKS[state].word


def stage_word(stage: Stage) -> str:
    """A stage as people write it."""
    return _STAGES.get(stage, stage.value)


def status_tone(state: Status | Verdict | Severity) -> str:
    """The colour that repeats icon and word, by its name in `Colours`."""
    if state in (Status.RUNNING, Verdict.CANCELLED):  # neither good nor bad: what it says stands in the word
        return "accent" if state is Status.RUNNING else "muted"
    return _TONES[MARKS[state].tone]


def status_colour(state: Status | Verdict | Severity) -> str:
    """`status_tone` in the palette in use."""
    return tone(status_tone(state))
