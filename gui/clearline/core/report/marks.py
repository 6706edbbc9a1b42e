"""How a status, a verdict and a severity look and read: one table for terminal, HTML, Markdown and window."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from clearline.core.findings import Severity
from clearline.core.report.report import Report, Status, Verdict

Tone = Literal["good", "warning", "bad", "quiet"]
"""What a colour may repeat; each medium has its own colours for the four."""


class Mark(NamedTuple):
    """One row of the table."""

    glyph: str
    """One character of Unicode."""
    plain: str
    """The same for a terminal that has ASCII alone."""
    word: str
    """Stands beside the glyph, or in its place where text is read aloud."""
    tone: Tone


MARKS: Final[dict[Status | Verdict | Severity | None, Mark]] = {
    Status.PASSED: Mark("✔", "ok", "passed", "good"),
    Status.WARNING: Mark("!", "WARN", "warning", "warning"),
    Status.FAILED: Mark("✖", "FAIL", "failed", "bad"),
    Status.SKIPPED: Mark("–", "-", "skipped", "quiet"),
    Status.CANCELLED: Mark("–", "-", "stopped", "quiet"),
    Status.RUNNING: Mark("…", "...", "running", "quiet"),
    Status.WAITING: Mark("…", "...", "waiting", "quiet"),
    Verdict.CONNECTED: Mark("✔", "[OK]", "Connected", "good"),
    Verdict.FAILED: Mark("✖", "[FAIL]", "Failed", "bad"),
    Verdict.CANCELLED: Mark("–", "[--]", "Stopped", "warning"),
    None: Mark("…", "[..]", "Not finished", "warning"),
    Severity.FAILURE: Mark("✖", "[FAIL]", "Failure", "bad"),
    Severity.WARNING: Mark("!", "[WARN]", "Warning", "warning"),
    Severity.NOTE: Mark("·", "[NOTE]", "Note", "quiet"),
}
"""By state; None is a check without a verdict yet."""


def left_out(report: Report) -> str:
    """A line for below the servers; empty where all were looked at."""
    count = len(report.not_looked_at)
    servers = "server is" if count == 1 else "servers are"
    return f"{count:,} more {servers} named, which this check did not look at." if count else ""
