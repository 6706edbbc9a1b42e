"""The line that Nagios and its kin show of a check: what follows ``--exit-by nagios`` prints first.

    CRITICAL: nothing listens on port 27017 of db1 | time=0.034s

As the Monitoring Plugins Development Guidelines have it: the word of the exit code, one sentence, then after a bar what
is drawn as a graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from clearline.cli.text_grid import shown
from clearline.core.findings import Severity
from clearline.core.report.exit_codes import exit_code
from clearline.core.report.report import Report, Verdict

_WORDS: Final = ("OK", "WARNING", "CRITICAL", "UNKNOWN")


def monitor_line(reports: Sequence[Report], code: int) -> str:
    """The line for reports that together end with ``code``, the exit code by ``nagios``."""
    connected = sum(report.verdict is Verdict.CONNECTED for report in reports)
    counted = f"{connected} of {len(reports)} connected"
    gravest = next((report for report in reports if exit_code(report, "nagios") == code), None)
    said = _why(gravest) if gravest is not None else ""
    if len(reports) == 1:
        said = said or ("connected" if code == 0 else "connected, but not yet what was waited for")
    else:
        said = f"{counted}; {said}" if said else counted
    slowest = max((report.verdict_ms or report.elapsed_ms for report in reports), default=0.0)
    drawn = f" | time={slowest / 1000:.3f}s" if reports else ""
    return f"{_WORDS[code]}: {shown(said).replace('|', '/')}{drawn}"


def _why(report: Report) -> str:
    """What is wrong with one, as a sentence; empty where it connects without a warning."""
    if report.verdict is Verdict.CANCELLED:
        return "stopped"
    wanted = Severity.WARNING if report.verdict is Verdict.CONNECTED else Severity.FAILURE
    return next((finding.summary for finding in report.findings if finding.severity is wanted), "")
