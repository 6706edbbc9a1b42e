"""The check in front, run from another place, and what differs between that place and here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject

from clearline.core.daemon_threads import run_in_daemon
from clearline.core.report.places import Difference
from clearline.core.report.report import Report
from clearline.ui.background.background import Background
from clearline.ui.panels.places_dialog import PlacesDialog
from clearline.ui.profiles.open_profiles import OpenProfiles
from clearline.ui.window.main_window import MainWindow


class ComparingPlaces(QObject):
    """One dialog at a time."""

    def __init__(self, window: MainWindow, background: Background, profiles: OpenProfiles) -> None:
        super().__init__(window)
        self._window = window
        self._background = background
        self._profiles = profiles
        self._dialog: PlacesDialog | None = None

    def run_elsewhere(self) -> None:
        """Show the commands that run the check in front from another place."""
        self._opened().command.setFocus()

    def compare(self) -> None:
        """Take the report of another place."""
        self._opened().field.setFocus()

    def _opened(self) -> PlacesDialog:
        if self._dialog is None:
            from clearline.core.snippets.elsewhere import elsewhere

            self._dialog = dialog = PlacesDialog(self._window)
            dialog.show_ways(elsewhere(self._profiles.current.redacted))
            dialog.text_entered.connect(self._compare_text)
            dialog.file_chosen.connect(self._compare_file)
            dialog.copied.connect(lambda: self._window.say("Copied without secrets."))
            dialog.finished.connect(self._forget)
        self._dialog.show()
        self._dialog.activateWindow()
        return self._dialog

    def _compare_text(self, text: str) -> None:
        def read() -> Report:
            from clearline.core.report.report_file import pasted_report

            return pasted_report(text)

        self._compare("the other place", read)

    def _compare_file(self, path: Path) -> None:
        def read() -> Report:
            from clearline.core.report.report_file import report_of

            return report_of(path)

        self._compare(path.stem, read)

    def _compare(self, name: str, read: Callable[[], Report]) -> None:
        here = self._window.answer.shown_report

        def compared() -> tuple[Difference, ...]:
            from clearline.core.report.places import differences, named
            from clearline.core.report.report_file import ReportProblem

            there = read()
            if here is None:
                raise ReportProblem("There is no report of this computer yet: test first, then compare.")
            return differences(*named((("this place", here), (name, there))))

        self._background.ask(lambda: run_in_daemon(compared), self._show, self._failed)

    def _show(self, found: tuple[Difference, ...]) -> None:
        if self._dialog is not None:
            self._dialog.show_differences([difference.words for difference in found])

    def _failed(self, error: Exception) -> None:
        if self._dialog is not None:
            self._dialog.show_problem(str(error))

    def _forget(self) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None
