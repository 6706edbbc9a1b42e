"""A certificate file in the form: its path, and at once a card of what the file is and what is wrong with it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from clearline.core.daemon_threads import run_in_daemon
from clearline.core.findings import Severity
from clearline.core.inspection.file_report import FileProblem, FileReport, Line, inspect_file
from clearline.core.secrets.secret import Secret
from clearline.ui.background.background import Background
from clearline.ui.background.inquiry import Inquiry
from clearline.ui.look import theme
from clearline.ui.look.status import status_icon, status_tone, status_word
from clearline.ui.widgets.command_field import CommandField
from clearline.ui.widgets.editors import FileEntry
from clearline.ui.widgets.labels import SteadyLabel
from clearline.ui.widgets.marks import StatusIcon

_SHELL: Final = "PowerShell" if sys.platform == "win32" else "Terminal"
_MARK: Final = 14


class FileCard(QWidget):
    """What one file is: kind, whom it names, until when, its key, and what is wrong with the command that mends it."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self._shown: FileReport | None = None
        self._rows: list[QWidget] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(2, 2, 0, 4)
        self._column.setSpacing(3)
        self.commands: list[CommandField] = []
        self.hide()

    @property
    def text(self) -> str:
        """Everything that is said, one line each."""
        labels = (label for row in self._rows for label in row.findChildren(SteadyLabel))
        return "\n".join(label.text() for label in labels)

    def show_report(self, report: FileReport | None) -> None:
        """Show what a file is; None shows nothing."""
        if report == self._shown:
            return
        self._shown = report
        for row in self._rows:
            row.hide()
            row.deleteLater()
        self._rows, self.commands = [], []
        if report is not None:
            self._fill(report)
        self.setVisible(report is not None)

    def _fill(self, report: FileReport) -> None:
        worst = min((p.severity for p in report.problems), key=list(Severity).index, default=None)
        head = Path(report.facts.path).name if report.good else ""
        self._add(worst, report.kind, f"{self._name}: {head}", good=report.good)
        plain = [line for line in report.lines if line.severity is None]
        said = {problem.title for problem in report.problems}
        for line in (*plain, *(line for line in report.lines if line.severity is not None)):
            if not any(line.words in title for title in said):
                self._line(line)
        for problem in report.problems:
            self._problem(problem)

    def _line(self, line: Line) -> None:
        self._add(line.severity, f"{line.label}: {line.words}", line.label, muted=line.severity is None)

    def _problem(self, problem: FileProblem) -> None:
        self._add(problem.severity, f"{problem.title} {problem.fix}", self._name)
        for text in problem.commands:
            command = CommandField(_SHELL, text)
            self.commands.append(command)
            self._put(command)

    def _add(
        self, severity: Severity | None, words: str, about: str, *, good: bool = False, muted: bool = False
    ) -> None:
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(theme.GRID // 2)
        mark = StatusIcon(_MARK)
        if severity is not None:
            mark.show_icon(status_icon(severity), status_tone(severity))
        elif good:
            mark.show_icon("passed", "passed")
        label = SteadyLabel(words, "muted" if muted else None)
        word = f"{status_word(severity)}, " if severity is not None else ""
        label.setAccessibleName(f"{word}{about}: {words}")
        line.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(label, 1)
        self._put(row)

    def _put(self, row: QWidget) -> None:
        self._rows.append(row)
        self._column.addWidget(row)


class InspectedFile(QWidget):
    """A path and the card of its file, which is read again when path, password or variables change."""

    entered = Signal(object)
    """The path as typed or picked; None when the field is empty."""
    inspected = Signal(object)
    """A newer `FileReport`, or None."""

    def __init__(self, background: Background, option: str, name: str, placeholder: str, pattern: str) -> None:
        super().__init__()
        self._option = option
        self._inquiry = Inquiry(background, self)
        self._given: tuple[str, Secret | None, str | None] | None = None
        self.report: FileReport | None = None
        self.file = FileEntry(name, placeholder, pattern)
        self.entry = self.file.entry
        self.card = FileCard(name)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.file)
        column.addWidget(self.card)
        self.setFocusProxy(self.file)
        self.file.entered.connect(self.entered)

    def show_value(self, path: str | None, key_password: Secret | None, env_file: str | None) -> None:
        """Show a path, and soon what lies there."""
        self.file.show_value(path)
        if path is None:
            self._given = None
            self._inquiry.drop()
            self._show(None)
            return
        self._given = (path, key_password, env_file)
        self._inspect()

    def showEvent(self, event: QShowEvent) -> None:
        """The file may be another one by now."""
        super().showEvent(event)
        if self._given is not None:
            self._inquiry.drop()
            self._inspect()

    def _inspect(self) -> None:
        assert self._given is not None
        path, key_password, env_file = self._given
        before = self.report.facts.path if self.report is not None else None
        new = self._inquiry.ask(
            self._given,
            lambda: run_in_daemon(inspect_file, self._option, path, key_password, env_file),
            self._show,
        )
        if new and before is not None and before != path:
            self._show(None)  # what is said must be about what stands there

    def _show(self, report: FileReport | None) -> None:
        self.report = report
        self.card.show_report(report)
        self.inspected.emit(report)


def muted_label(text: str = "", name: str = "") -> QLabel:
    """A sentence that explains, under what it explains."""
    label = SteadyLabel(text, "muted")
    label.setAccessibleName(name)
    return label
