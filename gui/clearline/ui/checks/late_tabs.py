"""History and Code: tabs that are made when they are looked at, and kept up to date while they are."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from clearline.ui.checks.sending_reports import Reporting
from clearline.ui.panels.code import CodePanel
from clearline.ui.panels.history import HistoryPanel
from clearline.ui.profiles.open_profile import OpenProfile
from clearline.ui.profiles.storage import Shelf
from clearline.ui.window.main_window import MainWindow


class LatePanels(QObject):
    """Fills them from the profile in front."""

    def __init__(
        self, window: MainWindow, shelf: Shelf, reporting: Reporting, current: Callable[[], OpenProfile]
    ) -> None:
        super().__init__(window)
        self._window = window
        self._shelf = shelf
        self._reporting = reporting
        self._current = current
        window.results.made.connect(self._on_made)
        window.results.currentChanged.connect(lambda _place: self.show())
        shelf.listed.connect(self.show)

    def _on_made(self, name: str, panel: QWidget) -> None:
        if name == "history":
            assert isinstance(panel, HistoryPanel)
            panel.report_requested.connect(lambda report: self._current().show_report(report))
            panel.export_requested.connect(self._reporting.export)
        self.show()

    def show(self) -> None:
        """What stands in the tab in front, if it is one that is made late."""
        results, opened = self._window.results, self._current()
        panel = results.made_widgets().get(results.current_name)
        if isinstance(panel, HistoryPanel):
            profile_id = opened.profile.id
            self._shelf.reports(
                profile_id,
                lambda reports: panel.show_reports(reports) if self._current().profile.id == profile_id else None,
            )
        self.show_code()

    def turn_to_code(self) -> None:
        """The connection in front as code, tested or not."""
        self._window.show_results(True)
        self._window.results.turn_to("code")
        self._window.results.get("code").setFocus()

    def show_code(self) -> None:
        """The code of the profile in front, once its tab was made."""
        panel = self._window.results.made_widgets().get("code")
        if isinstance(panel, CodePanel):
            panel.show_profile(self._current().profile)
