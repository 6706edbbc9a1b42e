"""Tests of several profiles: asked about first, run beside one another, summed up in a window of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from clearline.core.report.report import Report
from clearline.core.secrets.secret import Secrets
from clearline.ui.background.messages import Check
from clearline.ui.background.worker import LineThread
from clearline.ui.checks.batch import Batch
from clearline.ui.models.profiles import ProfileRow
from clearline.ui.panels.batch_window import BatchWindow

if TYPE_CHECKING:
    from clearline.ui.workbench import Workbench


class Batches(QObject):
    """Every test of several profiles that has a window."""

    def __init__(self, bench: Workbench, check: Check) -> None:
        super().__init__(bench)
        self._bench = bench
        self._check = check
        self._running: list[Batch] = []
        self._ended: list[LineThread] = []

    def close(self) -> list[LineThread]:
        """Stop them all; gives the threads that may still have to end."""
        for batch in self._running:
            batch.close()
        return [*self._ended, *(line for batch in self._running for line in batch.lines)]

    def test(self, ids: list[str]) -> None:
        """Test profiles together, with a summary beside the window; those that have to ask first are left out."""
        model = self._bench.window.profiles.model
        rows = [
            row for one in ids if (row := model.profile_row(one)) is not None and not row.problem and not row.recent
        ]
        if rows:
            foreign = {opened.profile.id for opened in self._bench.all_open() if opened.from_elsewhere}
            typed = {opened.profile.id: opened.secrets for opened in self._bench.all_open()}
            self._bench.consents.before_tests(
                [row.profile for row in rows], foreign, typed, lambda withheld: self._begin(rows, withheld)
            )

    def _begin(self, rows: list[ProfileRow], withheld: dict[str, str]) -> None:
        typed = {opened.profile.id: dict(opened.secrets) for opened in self._bench.all_open()}
        batch = Batch(self._check, self._bench.shelf, self._bench.pump, rows, typed, withheld)
        summary = BatchWindow(batch.model, self._bench.window)
        batch.reported.connect(self._on_report)
        batch.finished.connect(summary.show_finished)
        batch.broke.connect(self._bench.broke)
        summary.stop_requested.connect(batch.stop)
        summary.opened.connect(lambda one: self._open(one, batch.model.report_of(one)))
        summary.closed.connect(lambda: self._on_closed(batch))
        self._bench.window.closing.connect(summary.close)
        self._bench.pump.frame.connect(summary.table.viewport().update)
        self._running.append(batch)
        summary.show()
        batch.start()

    def _on_closed(self, batch: Batch) -> None:
        batch.close()
        if batch in self._running:
            self._running.remove(batch)
            self._ended += batch.lines

    def _on_report(self, row: ProfileRow, secrets: Secrets, report: Report) -> None:
        self._bench.shelf.record(row.profile, row.path, secrets, report)
        if (opened := self._bench.opened(row.profile.id)) is not None and not opened.unsaved:
            opened.show_report(report)

    def _open(self, profile_id: str, report: Report | None) -> None:
        self._bench.choose(profile_id)
        if report is not None and self._bench.current.profile.id == profile_id:
            self._bench.current.show_report(report)
