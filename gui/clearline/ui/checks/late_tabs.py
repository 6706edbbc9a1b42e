"""History and Code: tabs that are made when they are looked at, and kept up to date while they are."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from clearline.core.report.report import Report
from clearline.core.watch.health import Outage
from clearline.ui.checks.sending_reports import SendingReports
from clearline.ui.panels.code import CodePanel
from clearline.ui.panels.history import HistoryPanel
from clearline.ui.profiles.open_profile import OpenProfile
from clearline.ui.profiles.open_profiles import OpenProfiles
from clearline.ui.profiles.storage import ProfileStorage
from clearline.ui.window.main_window import MainWindow


class LateTabs(QObject):
    """Fills them from the profile in front."""

    def __init__(
        self, window: MainWindow, storage: ProfileStorage, reporting: SendingReports, profiles: OpenProfiles
    ) -> None:
        super().__init__(window)
        self._window = window
        self._storage = storage
        self._reporting = reporting
        self._profiles = profiles
        self.outages_of: Callable[[OpenProfile], tuple[Outage, ...]] = lambda _opened: ()
        """The losses that a watch has seen."""
        window.results.made.connect(self._on_made)
        window.results.turned.connect(lambda _name: self.show())
        storage.listed.connect(self.show)

    def _on_made(self, name: str, panel: QWidget) -> None:
        if name == "history":
            assert isinstance(panel, HistoryPanel)
            panel.report_requested.connect(self._show_report)
            panel.export_requested.connect(self._reporting.export)
        self.show()

    def _show_report(self, report: Report) -> None:
        self._profiles.current.show_report(report)
        self._window.turn_to("answer")

    def show(self) -> None:
        """What stands in the tab in front, if it is one that is made late."""
        results, opened = self._window.results, self._profiles.current
        panel = results.made_widgets().get(results.current_name)
        if isinstance(panel, HistoryPanel):
            profile_id = opened.profile.id

            def answered(reports: tuple[Report, ...]) -> None:
                if self._profiles.current.profile.id == profile_id:
                    panel.show_reports(reports, self.outages_of(opened))

            self._storage.reports.of_profile(profile_id, answered)
        self.show_code()

    def turn_to_code(self) -> None:
        """The connection in front as code, tested or not."""
        self._window.results.turn_to("code")
        self._window.results.get("code").setFocus()

    def show_code(self) -> None:
        """The code of the profile in front, once its tab was made."""
        panel = self._window.results.made_widgets().get("code")
        if isinstance(panel, CodePanel):
            panel.show_profile(self._profiles.current.profile)
