"""Where reports are kept, as the window uses it: the history of each profile, and files that the user names."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject, Signal

from clearline.core.daemon_threads import run_in_daemon
from clearline.core.files.drives import FOLDER_S, asked
from clearline.core.files.whole_files import write_whole
from clearline.core.profiles.profile import Profile
from clearline.core.report.formats import form_of, written
from clearline.core.report.history import History, Last
from clearline.core.report.report import Report
from clearline.core.secrets.secret import Secrets
from clearline.ui.background.background import Background
from clearline.ui.profiles.listing import Listing

T = TypeVar("T")


class ReportStorage(QObject):
    """Keeps and gives reports; every answer comes later."""

    outage_recorded = Signal(str)
    """The id of a profile; the report of a loss of its connection is kept now."""
    recorded = Signal(str)
    """The report of a saved profile was kept; carries its id, `lasts` says how it ended."""
    recents_changed = Signal()
    """What was tested and never saved is something else now."""
    written = Signal(object)
    """A report or a chart was written to a file; carries its path."""
    failed = Signal(object)
    """What the disk refused, or a bug; carries the exception."""

    def __init__(self, background: Background, history: History) -> None:
        super().__init__()
        self._background = background
        self._history = history
        self.lasts: dict[str, Last] = {}
        """How the last check of each profile ended, by its id."""

    def record(self, profile: Profile, path: Path | None, secrets: Secrets, report: Report) -> None:
        """Keep a finished check's report; of a profile that was never saved only that there was one."""
        masked = tuple(secrets.values())
        if path is None:
            self._ask(
                lambda: run_in_daemon(self._history.note_recent, report, masked),
                lambda _nothing: self.recents_changed.emit(),
            )
            return

        def done(_report: Report) -> None:
            self.lasts[profile.id] = Last(verdict=report.verdict, started=report.started)
            self.recorded.emit(profile.id)

        self._ask(lambda: run_in_daemon(self._history.record, profile, report, masked), done)

    def record_outage(self, profile: Profile, secrets: Secrets, report: Report) -> None:
        """Keep the report that explains why a watched connection was lost."""
        masked = tuple(secrets.values())
        keep = partial(self._history.record, profile, report, masked, outage=True)
        self._ask(lambda: run_in_daemon(keep), lambda _report: self.outage_recorded.emit(profile.id))

    def write(self, report: Report, path: Path) -> None:
        """Write a report to a file, in the form that its name asks for."""

        self._write(path, lambda: written(report, form_of(path)).encode())

    def write_chart(self, path: Path, png: bytes) -> None:
        """Write the picture of a chart to a file."""
        self._write(path, lambda: png)

    def _write(self, path: Path, content: Callable[[], bytes]) -> None:
        def write() -> None:
            write_whole(path, content(), shared=True)

        self._ask(lambda: asked(path, write, limit_s=FOLDER_S), lambda _nothing: self.written.emit(path))

    def of_profile(self, profile_id: str, answered: Callable[[tuple[Report, ...]], object]) -> None:
        """The kept reports of one profile, the newest first."""
        self._ask(lambda: run_in_daemon(self._history.reports, profile_id), answered)

    def forget(self, profile_id: str) -> None:
        """Keep nothing of a profile that is gone for good."""
        self._ask(lambda: run_in_daemon(self._history.forget, profile_id), lambda _nothing: None)

    def forget_recent(self) -> None:
        """Remember no connection string any more that was never saved."""
        self._ask(lambda: run_in_daemon(self._history.forget_recent), lambda _nothing: self.recents_changed.emit())

    def take_in(self, read: Listing) -> None:
        """Bring a reading of the disk up to date with what was kept since."""
        newer = {one: last for one, last in self.lasts.items() if _newer(last, read.lasts.get(one))}
        for one, last in newer.items():
            if (place := read.places.get(one)) is not None:
                read.rows[place] = replace(read.rows[place], verdict=last.verdict, tested=last.started)
        self.lasts = {**read.lasts, **newer}

    def _ask(self, question: Callable[[], Awaitable[T]], answered: Callable[[T], object]) -> None:
        self._background.ask(question, answered, self.failed.emit)


def _newer(kept: Last, read: Last | None) -> bool:
    return read is None or kept.started > read.started
