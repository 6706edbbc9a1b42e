"""All findings: the list, and for the selected one its meaning, its fixes and its evidence."""

from __future__ import annotations

from functools import partial
from html import escape

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QLabel,
    QListView,
    QSplitter,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from clearline.core.findings import Finding
from clearline.core.report.network_note import concerns_network
from clearline.core.report.report import Report, Verdict
from clearline.core.uri.remedies import weakens
from clearline.ui.look import theme
from clearline.ui.look.icons import LabelledButton
from clearline.ui.models.findings import FindingRole, FindingsModel
from clearline.ui.widgets.delegates import FindingDelegate
from clearline.ui.widgets.evidence import as_html
from clearline.ui.widgets.parts import Flow, RichText
from clearline.ui.widgets.remedy_words import offered, remedy_button


class DiagnosisPanel(QWidget):
    """Findings of a report, most important first."""

    remedy_chosen = Signal(object)
    note_requested = Signal(object)
    """The finding that the network team shall read about."""

    def __init__(self) -> None:
        super().__init__()
        self._report: Report | None = None
        self.model = FindingsModel()
        self.list = QListView()
        self.list.setModel(self.model)
        self.list.setItemDelegate(FindingDelegate(self.list))
        self.list.setAccessibleName("Findings")
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setResizeMode(QListView.ResizeMode.Adjust)
        self.list.setMouseTracking(True)
        self.list.setMinimumWidth(220)
        self.page = RichText("Finding in detail")
        self._fixes = Flow()
        self._fixes.setContentsMargins(theme.GRID, 0, theme.GRID, theme.GRID)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.page, 1)
        column.addLayout(self._fixes)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setHandleWidth(1)
        split.setChildrenCollapsible(False)
        split.addWidget(self.list)
        split.addWidget(right)
        split.setStretchFactor(0, 2)
        split.setStretchFactor(1, 3)
        self._nothing = QLabel()
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._nothing.setProperty("role", "muted")
        self._stack = QStackedLayout(self)
        self._stack.addWidget(split)
        self._stack.addWidget(self._nothing)
        self.list.selectionModel().currentChanged.connect(self._on_current)
        self.model.modelReset.connect(self._select_first)
        self.model.dataChanged.connect(lambda *_: self._on_current(self.list.currentIndex()))
        self.show_report(None, running=False)

    def show_report(self, report: Report | None, *, running: bool) -> None:
        """Show the findings of this report."""
        self._report = report
        self.model.show(report.findings if report else ())
        self._stack.setCurrentIndex(0 if self.model.rowCount() else 1)
        if running:
            self._nothing.setText("Nothing to report yet.")
        elif report and report.verdict is Verdict.CONNECTED:
            self._nothing.setText("Nothing to complain about: every stage passed.")
        else:
            self._nothing.setText("No findings.")

    @property
    def current(self) -> Finding | None:
        """The selected finding."""
        found: Finding | None = self.list.currentIndex().data(FindingRole.FINDING)
        return found

    def _select_first(self) -> None:
        if self.model.rowCount():
            self.list.setCurrentIndex(self.model.index(0))
        else:
            self._show(None)

    def _on_current(self, current: QModelIndex) -> None:
        finding: Finding | None = current.data(FindingRole.FINDING)
        self._show(finding)

    def _show(self, finding: Finding | None) -> None:
        while (item := self._fixes.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        if finding is None:
            self.page.show_page(str)
            return
        self.page.show_page(partial(finding_html, finding))
        fixes = [(remedy, remedy_button(remedy)) for remedy in offered(finding, self._report)]
        for remedy, button in fixes:
            button.clicked.connect(lambda _checked=False, remedy=remedy: self.remedy_chosen.emit(remedy))
        buttons = [button for _, button in fixes]
        if concerns_network(finding):
            note = LabelledButton("copy", "Copy for your network team")
            note.setToolTip("A short message with hosts, addresses and commands that show the fault without Clearline.")
            note.clicked.connect(lambda: self.note_requested.emit(finding))
            safe = sum(not weakens(remedy) for remedy, _ in fixes)
            buttons.insert(safe, note)
        for button in buttons:
            self._fixes.addWidget(button)


def finding_html(finding: Finding) -> str:
    """One finding as a page."""
    c = theme.colours()

    def head(text: str) -> str:
        return f'<p style="color:{c.muted}; margin-bottom:2px; margin-top:10px"><b>{text}</b></p>'

    parts = [f"<p><b>{escape(finding.summary)}</b></p>"]
    if finding.detail:
        parts.append(f"<p>{escape(finding.detail)}</p>")
    if finding.remedies:
        parts.append(head("What to do"))
        parts += [f'<p style="margin-top:2px; margin-bottom:2px">{escape(r.text)}</p>' for r in finding.remedies]
    if finding.evidence:
        parts += [head("Evidence"), as_html(finding.evidence)]
    where = f" at {finding.server}" if finding.server else ""
    parts.append(
        f'<p style="color:{c.muted}; margin-top:10px">{escape(finding.cause)} · {finding.certainty.value} · '
        f"stage {finding.stage.value}{escape(where)}</p>"
    )
    return "".join(parts)
