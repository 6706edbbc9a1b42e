"""Connection strings and reports that leave the window: copied, or written to a file. Never with a secret."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog

from clearline.core.findings import Finding
from clearline.core.report import markdown
from clearline.core.report.formats import Form, written
from clearline.core.report.network_note import network_note
from clearline.core.report.report import Report
from clearline.ui.profiles.open_profiles import OpenProfiles
from clearline.ui.profiles.storage import ProfileStorage
from clearline.ui.window.main_window import MainWindow

_REPORTS: Final = "HTML (*.html);;Markdown (*.md);;JSON (*.json)"


class SendingReports(QObject):
    """What is copied or exported of the profile in front."""

    def __init__(self, window: MainWindow, storage: ProfileStorage, profiles: OpenProfiles) -> None:
        super().__init__(window)
        self._window = window
        self._storage = storage
        self._profiles = profiles

    def copy_text(self) -> None:
        """The connection string in front, without its secrets."""
        QGuiApplication.clipboard().setText(self._profiles.current.redacted)
        self._window.say("Copied without secrets.")

    def copy_report(self, form: Form = Form.MARKDOWN) -> None:
        """The report in front."""
        report = self._window.answer.shown_report
        if report is None:
            self._window.say("There is no report yet.")
            return
        QGuiApplication.clipboard().setText(written(report, form))
        self._window.say("Report copied.")

    def copy_note(self, finding: Finding) -> None:
        """A message about one finding, for the people who run the network."""
        report = self._window.answer.shown_report
        if report is not None:
            QGuiApplication.clipboard().setText(network_note(report, finding))
            self._window.say("Message copied.")

    def export(self, report: Report | None = None) -> None:
        """Ask for a file and write a report to it: HTML, Markdown or JSON by the file's name."""
        report = report or self._window.answer.shown_report
        if report is None:
            self._window.say("There is no report yet.")
            return
        name = self._profiles.current.profile.name or "connection"
        dialog = QFileDialog(self._window, "Export report", f"{name}.html", _REPORTS)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("html")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda chosen: self._storage.reports.write(report, Path(chosen)))
        dialog.open()

    def copy_ticket(self) -> None:
        """What a ticket needs, in few lines."""
        report = self._window.answer.shown_report
        if report is None:
            self._window.say("There is no report yet.")
            return
        QGuiApplication.clipboard().setText(markdown.ticket(report))
        self._window.say("Copied for a ticket.")
