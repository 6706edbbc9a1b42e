"""What earlier tests and watches of this profile found, and what has changed since it worked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from html import escape

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QPushButton, QSplitter, QVBoxLayout, QWidget

from clearline.core.report.report import Report, Verdict
from clearline.core.report.what_changed import compare
from clearline.core.watch.health import Outage
from clearline.ui.look import theme
from clearline.ui.look.icons import icon
from clearline.ui.look.status import status_colour, status_icon, status_word
from clearline.ui.models.outages import lasted_text, outage_text
from clearline.ui.widgets.rich_text import RichText


@dataclass(frozen=True)
class Entry:
    """One line: a test, or a loss that a watch saw, with the check that was run for it."""

    report: Report | None
    outage: Outage | None = None

    @property
    def at(self) -> float:
        """When it was, in epoch seconds; 0 where the report does not tell."""
        if self.outage is not None:
            return self.outage.began
        try:
            return datetime.fromisoformat(self.report.started).timestamp() if self.report is not None else 0.0
        except ValueError:
            return 0.0


class HistoryPanel(QWidget):
    """A list of reports, the newest first; beside it what is different from the last one that connected.

    Fifty rows at the most, made anew when they change: item widgets are cheap enough for them.
    """

    report_requested = Signal(object)
    """A `Report` to be shown in the other tabs."""
    export_requested = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._entries: tuple[Entry, ...] = ()
        self.list = QListWidget()
        self.list.setAccessibleName("Earlier tests and outages")
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
        foot.setContentsMargins(theme.GRID, 0, 0, 0)
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
        return self._entries[row].report if 0 <= row < len(self._entries) else None

    def show_reports(self, reports: tuple[Report, ...], outages: tuple[Outage, ...] = ()) -> None:
        """Show the reports of a profile, and the losses of its connection that a watch saw, the newest first."""
        told = {(outage.report.started, outage.report.verdict) for outage in outages if outage.report is not None}
        entries = [Entry(report) for report in reports if (report.started, report.verdict) not in told]
        entries += [Entry(outage.report, outage) for outage in outages]
        shown = tuple(sorted(entries, key=lambda entry: -entry.at))
        if shown == self._entries:
            return
        self._entries = shown
        self.list.clear()
        for entry in shown:
            self.list.addItem(_item(entry))
        self.list.setCurrentRow(0 if shown else -1)
        self._show_row(self.list.currentRow())

    def _request(self) -> None:
        if self.current is not None:
            self.report_requested.emit(self.current)

    def _request_export(self) -> None:
        if self.current is not None:
            self.export_requested.emit(self.current)

    def _show_row(self, row: int) -> None:
        chosen = self._entries[row] if 0 <= row < len(self._entries) else None
        for button in (self.show_it, self.export):
            button.setVisible(chosen is not None)
            button.setEnabled(chosen is not None and chosen.report is not None)
        outages = tuple(entry.outage for entry in self._entries if entry.outage is not None)
        older = self._entries[row + 1 :] if chosen else ()
        self.page.show_page(partial(_page, chosen, older, outages))


def _item(entry: Entry) -> QListWidgetItem:
    report, outage = entry.report, entry.outage
    if outage is not None:
        picture = icon("outage", theme.tone("failed" if outage.lasted_s is None else "muted"))
        lasted = "not yet restored" if outage.lasted_s is None else lasted_text(outage.lasted_s)
        words = outage.cause.summary if outage.cause is not None else outage.why
        item = QListWidgetItem(picture, f"{_day_and_time(outage.began)}   Connection lost · {lasted}\n{words}")
    else:
        assert report is not None
        verdict = report.verdict or Verdict.CANCELLED
        cause = report.diagnosis
        words = cause.summary if cause is not None else f"{report.verdict_ms or 0:,.0f} ms"
        picture = icon(status_icon(verdict), status_colour(verdict))
        item = QListWidgetItem(picture, f"{moment(report.started)}   {status_word(verdict)}\n{words}")
    item.setToolTip(words)
    return item


def _day_and_time(epoch: float) -> str:
    return datetime.fromtimestamp(epoch).strftime("%d %b %H:%M:%S")


def moment(started: str) -> str:
    """A report's time in this computer's time zone: "23 Nov 05:32:07"."""
    try:
        return datetime.fromisoformat(started).astimezone().strftime("%d %b %H:%M:%S")
    except ValueError:
        return started


def _page(entry: Entry | None, older: tuple[Entry, ...], outages: tuple[Outage, ...]) -> str:
    c = theme.colours()
    if entry is None:
        return f'<p style="color:{c.muted}">Tests of this profile are listed here once it is saved.</p>'
    told = _outage_html(entry.outage, outages) if entry.outage is not None else ""
    if entry.report is None:
        return told
    reports = (one.report for one in older if one.report is not None and one.outage is None)
    good = next((one for one in reports if one.verdict is Verdict.CONNECTED), None)
    if good is None:
        return f'{told}<p style="color:{c.muted}">No earlier test that connected is kept: nothing to compare.</p>'
    changes = list(dict.fromkeys(compare(entry.report, good)))
    head = f"{told}<p><b>Since it worked on {escape(moment(good.started))}</b></p>"
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


def _outage_html(outage: Outage, outages: tuple[Outage, ...]) -> str:
    c = theme.colours()
    told = f"<p>{escape(outage_text(outage).rstrip('.'))}.</p>"
    if len(outages) > 1:
        over = [one.lasted_s for one in outages if one.lasted_s is not None]
        longest = f", {lasted_text(sum(over))} in all, the longest {lasted_text(max(over))}" if over else ""
        told += f'<p style="color:{c.muted}">{len(outages)} outages since the watch began{longest}.</p>'
    return told
