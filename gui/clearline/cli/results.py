"""What several commands do with reports: keep them, write them as JUnit XML, and whether to colour them."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from clearline.cli.output import print_aside
from clearline.cli.usage import complain
from clearline.core.files.drives import FOLDER_S, waited_for
from clearline.core.profiles.profile import Profile
from clearline.core.report.report import Report
from clearline.core.secrets.secret import Secrets


def record(profile: Profile, report: Report, secrets: Secrets) -> None:
    """Keep the report of a saved profile; what the disk refuses is said and changes nothing."""
    from clearline.core.report.history import History
    from clearline.paths import history_dir

    try:
        folder = history_dir()
        waited_for(folder, lambda: History(folder).record(profile, report, secrets.values()), limit_s=FOLDER_S)
    except OSError as error:
        print_aside(f"clearline check: the report is not kept: {error.strerror or type(error).__name__}")


def write_junit(file: Path, checked: Sequence[tuple[Profile, Report]], broken: Sequence[tuple[str, str]] = ()) -> bool:
    """Write the JUnit XML; False when it cannot be, which is said."""
    from clearline.cli.junit import to_junit

    named = [(profile.folder, profile.name or report.target.uri, report) for profile, report in checked]
    return _written(file, "w", to_junit(named, broken))


def write_summary(file: Path, reports: Sequence[Report]) -> bool:
    """Add the reports as Markdown to a file, as CI systems have their summaries; False when it cannot be, and told."""
    from clearline.core.report.markdown import to_markdown

    return _written(file, "a", "".join(f"{to_markdown(report)}\n" for report in reports))


def _written(file: Path, mode: str, text: str) -> bool:
    def write() -> None:
        with file.open(mode, encoding="utf-8") as opened:
            opened.write(text)

    try:
        waited_for(file, write, limit_s=FOLDER_S)
    except OSError as error:
        complain("check", f"{file} cannot be written: {error.strerror}")
        return False
    return True


def colours() -> bool:
    """Whether standard output takes colours."""
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ
