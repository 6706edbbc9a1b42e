"""Tests of several profiles: asked about first, run beside one another, summed up in a window of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject, Signal

from clearline.core.profiles.profile import Profile
from clearline.core.report.report import Report
from clearline.core.secrets.secret import Secrets
from clearline.ui.background.messages import Check
from clearline.ui.background.pump import Pump
from clearline.ui.background.worker import Worker
from clearline.ui.checks.batch import Batch
from clearline.ui.models.profile_rows import ProfileRow
from clearline.ui.panels.batch_window import BatchWindow
from clearline.ui.profiles.open_profiles import OpenProfiles
from clearline.ui.profiles.storage import ProfileStorage
from clearline.ui.window.main_window import MainWindow

Begin = Callable[[dict[str, str], dict[str, Secrets]], object]
AskFirst = Callable[[list[Profile], set[str], Mapping[str, Secrets], Begin], object]
"""Asks for secrets; finds out which profiles are not to be tested and calls on with why, by their ids, and with what
was typed.
"""


class Batches(QObject):
    """Every test of several profiles that has a window."""

    broke = Signal(object)
    """A bug; carries the exception."""

    def __init__(
        self,
        window: MainWindow,
        profiles: OpenProfiles,
        pump: Pump,
        storage: ProfileStorage,
        check: Check,
        ask_first: AskFirst,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._profiles = profiles
        self._pump = pump
        self._storage = storage
        self._check = check
        self._ask_first = ask_first
        self._running: list[Batch] = []
        self._ended: list[Worker] = []

    def close(self) -> list[Worker]:
        """Stop them all; gives the threads that may still have to end."""
        for batch in self._running:
            batch.close()
        return [*self._ended, *(worker for batch in self._running for worker in batch.workers)]

    def test(self, ids: list[str]) -> None:
        """Test profiles together, with a summary beside the window; those that have to ask first are left out."""
        model = self._window.profiles.model
        rows = [
            row for one in ids if (row := model.profile_row(one)) is not None and not row.problem and not row.recent
        ]
        if rows:
            foreign = {opened.profile.id for opened in self._profiles.all_open() if opened.from_elsewhere}
            typed = self._typed(rows)
            profiles = [row.profile for row in rows]
            self._ask_first(profiles, foreign, typed, lambda *found: self._begin(rows, foreign, *found))

    def _typed(self, rows: list[ProfileRow]) -> dict[str, Secrets]:
        """What was typed in the window for these, and is not kept: it is meant for the servers that stand there."""
        opened = {row.profile.id: self._profiles.opened(row.profile.id) for row in rows}
        return {
            row.profile.id: {name: one.secrets[name] for name in one.typed_secrets if name in one.secrets}
            for row in rows
            if (one := opened[row.profile.id]) is not None and one.profile.seeds == row.profile.seeds
        }

    def _begin(
        self, rows: list[ProfileRow], foreign: set[str], withheld: dict[str, str], asked: dict[str, Secrets]
    ) -> None:
        foreign |= {row.profile.id for row in rows if self._profiles.is_foreign(row.profile.id)}
        typed = {one: {**secrets, **asked.get(one, {})} for one, secrets in ({**asked, **self._typed(rows)}).items()}
        batch = Batch(self._check, self._storage, self._pump, rows, typed, withheld, foreign)
        summary = BatchWindow(batch.model, self._window)
        batch.reported.connect(self._on_report)
        batch.finished.connect(summary.show_finished)
        batch.broke.connect(self.broke)
        summary.stop_requested.connect(batch.stop)
        summary.opened.connect(lambda one: self._open(one, batch.model.report_of(one)))
        summary.closed.connect(lambda: self._on_closed(batch))
        self._window.closing.connect(summary.close)
        self._pump.frame.connect(summary.table.viewport().update)
        self._running.append(batch)
        summary.show()
        batch.start()

    def _on_closed(self, batch: Batch) -> None:
        batch.close()
        if batch in self._running:
            self._running.remove(batch)
            self._ended += batch.workers

    def _on_report(self, row: ProfileRow, secrets: Secrets, report: Report) -> None:
        self._storage.reports.record(row.profile, row.path, secrets, report)
        if (opened := self._profiles.opened(row.profile.id)) is not None and not opened.unsaved:
            opened.show_report(report)

    def _open(self, profile_id: str, report: Report | None) -> None:
        self._profiles.choose(profile_id)
        if report is not None and self._profiles.current.profile.id == profile_id:
            self._profiles.current.show_report(report)
