"""What earlier tests of this profile found, and what has changed since it worked."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from html import escape

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QPushButton, QSplitter, QVBoxLayout, QWidget

from clearline.core.report.report import Report, Verdict
from clearline.core.report.what_changed import compare
from clearline.ui.look import theme
from clearline.ui.look.icons import icon
from clearline.ui.look.status import status_colour, status_icon, status_word
from clearline.ui.widgets.parts import RichText


class HistoryPanel(QWidget):
    """A list of reports, the newest first; beside it what is different from the last one that connected.

    Fifty rows at the most, made anew when they change: item widgets are cheap enough for them.
    """

    report_requested = Signal(object)
    """A `Report` to be shown in the other tabs."""
    export_requested = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._reports: tuple[Report, ...] = ()
        self.list = QListWidget()
        self.list.setAccessibleName("Earlier tests")
        self.list.setSpacing(3)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setWordWrap(True)
        self.page = RichText("What has changed")
        self.show_it = QPushButton("Show this report")
        self.export = QPushButton("Export…")
        for button in (self.show_it, self.export):
            button.setObjectName("small")
        beside = QWidget()
        column = QVBoxLayout(beside)
        column.setContentsMargins(theme.GRID, theme.GRID, theme.GRID, theme.GRID)
        column.setSpacing(theme.GRID)
        column.addWidget(self.page, 1)
        foot = QHBoxLayout()
        foot.addWidget(self.show_it)
        foot.addWidget(self.export)
        foot.addStretch(1)
        column.addLayout(foot)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setHandleWidth(1)
        split.setChildrenCollapsible(False)
        split.addWidget(self.list)
        split.addWidget(beside)
        split.setSizes([320, 640])
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(split)
        self.list.currentRowChanged.connect(self._show_row)
        self.list.itemActivated.connect(lambda _item: self._request())
        self.show_it.clicked.connect(self._request)
        self.export.clicked.connect(self._request_export)
        self._show_row(-1)

    @property
    def current(self) -> Report | None:
        """The report that is selected."""
        row = self.list.currentRow()
        return self._reports[row] if 0 <= row < len(self._reports) else None

    def show_reports(self, reports: tuple[Report, ...]) -> None:
        """Show the reports of a profile, the newest first."""
        if reports == self._reports:
            return
        self._reports = reports
        self.list.clear()
        for report in reports:
            self.list.addItem(_item(report))
        self.list.setCurrentRow(0 if reports else -1)
        self._show_row(self.list.currentRow())

    def _request(self) -> None:
        if self.current is not None:
            self.report_requested.emit(self.current)

    def _request_export(self) -> None:
        if self.current is not None:
            self.export_requested.emit(self.current)

    def _show_row(self, row: int) -> None:
        chosen = self._reports[row] if 0 <= row < len(self._reports) else None
        self.show_it.setEnabled(chosen is not None)
        self.export.setEnabled(chosen is not None)
        self.page.show_page(partial(_page, chosen, self._reports[row + 1 :] if chosen else ()))


def _item(report: Report) -> QListWidgetItem:
    verdict = report.verdict or Verdict.CANCELLED
    cause = report.diagnosis
    words = cause.summary if cause is not None else f"{report.verdict_ms or 0:,.0f} ms"
    item = QListWidgetItem(
        icon(status_icon(verdict), status_colour(verdict)),
        f"{moment(report.started)}   {status_word(verdict)}\n{words}",
    )
    item.setToolTip(words)
    return item


def moment(started: str) -> str:
    """A report's time in this computer's time zone: "23 Nov 05:32:07"."""
    try:
        return datetime.fromisoformat(started).astimezone().strftime("%d %b %H:%M:%S")
    except ValueError:
        return started


def _page(report: Report | None, older: tuple[Report, ...]) -> str:
    c = theme.colours()
    if report is None:
        return f'<p style="color:{c.muted}">Tests of this profile are listed here once it is saved.</p>'
    good = next((one for one in older if one.verdict is Verdict.CONNECTED), None)
    if good is None:
        return f'<p style="color:{c.muted}">No earlier test of this profile connected: there is nothing to compare.</p>'
    changes = list(dict.fromkeys(compare(report, good)))
    head = f"<p><b>Since it worked on {escape(moment(good.started))}</b></p>"
    if not changes:
        return f'{head}<p style="color:{c.muted}">Nothing that Clearline sees has changed.</p>'
    rows = "".join(
        f"<li>{escape(change.words)}{f' <b>{escape(change.server)}</b>' if change.server else ''}"
        + (
            f'<br><span style="color:{c.muted}">{escape(change.before or "nothing")} → '
            f"{escape(change.after or 'nothing')}</span>"
            if change.before or (change.after and change.after not in change.words)
            else ""
        )
        + "</li>"
        for change in changes
    )
    return f"{head}<ul>{rows}</ul>"
