"""How the cause is known, and what else was found; each finding with its meaning, its fixes and its evidence."""

from __future__ import annotations

from functools import partial
from html import escape
from typing import Final

from PySide6.QtCore import QModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QBoxLayout, QLabel, QListView, QSizePolicy, QVBoxLayout, QWidget

from clearline.core.findings import Finding, Stage
from clearline.core.report.network_note import concerns_network
from clearline.core.report.report import Report, ServerResult, Verdict
from clearline.core.uri.remedies import weakens
from clearline.ui.look import theme
from clearline.ui.look.icons import LabelledButton
from clearline.ui.look.status import stage_word
from clearline.ui.models.findings import FindingRole, FindingsModel
from clearline.ui.widgets.delegates import FindingDelegate
from clearline.ui.widgets.evidence import as_html, chain_html
from clearline.ui.widgets.flow import Flow
from clearline.ui.widgets.labels import section
from clearline.ui.widgets.laid_out import laid_out_once
from clearline.ui.widgets.remedy_words import offered, remedy_button
from clearline.ui.widgets.rich_text import FittedText

_TWO_COLUMNS: Final = 880
_MOST_ROWS_HEIGHT: Final = 400


class FindingDetail(QWidget):
    """One finding: what it means, what can be done, and how it is known."""

    remedy_chosen = Signal(object)
    note_requested = Signal(object)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.page = FittedText(name)
        self._fixes = Flow()
        self._shown: tuple[object, ...] = ()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID)
        column.addWidget(self.page)
        column.addLayout(self._fixes)

    def show_finding(self, finding: Finding | None, report: Report | None, *, told: bool) -> None:
        """Show it; ``told``: sentence, first advice and safe fixes stand in the verdict already."""
        self.setVisible(finding is not None)
        if (finding, report, told) == self._shown:
            return
        self._shown = (finding, report, told)
        while (item := self._fixes.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        if finding is None:
            self.page.show_page(str)
            return
        self.page.show_page(partial(finding_html, finding, _server_of(finding, report), told=told))
        fixes = offered(finding, report)
        if told:
            fixes = [remedy for place, remedy in enumerate(fixes) if weakens(remedy) or place > 1]
        buttons = [remedy_button(remedy) for remedy in fixes]
        for remedy, button in zip(fixes, buttons, strict=True):
            button.clicked.connect(lambda _checked=False, remedy=remedy: self.remedy_chosen.emit(remedy))
        if concerns_network(finding) and not told:
            note = LabelledButton("copy", "Copy for your network team")
            note.setToolTip("A short message with hosts, addresses and commands that show the fault without Clearline.")
            note.clicked.connect(lambda: self.note_requested.emit(finding))
            buttons.insert(sum(not weakens(remedy) for remedy in fixes), note)
        for button in buttons:
            self._fixes.addWidget(button)

    def show_stale(self, stale: bool) -> None:
        """Grey, and its fixes cannot be pressed."""
        self.page.show_pale(stale)
        for place in range(self._fixes.count()):
            if (item := self._fixes.itemAt(place)) is not None and (button := item.widget()) is not None:
                button.setEnabled(not stale)


class DiagnosisPanel(QWidget):
    """Two columns where there is room: the cause, and what else was found."""

    remedy_chosen = Signal(object)
    note_requested = Signal(object)
    """The finding that the network team shall read about."""

    def __init__(self) -> None:
        super().__init__()
        self._report: Report | None = None
        self._stage: Stage | None = None
        self.model = FindingsModel()
        self.list = _Rows()
        self.list.setModel(self.model)
        self.list.setItemDelegate(FindingDelegate(self.list))
        self.list.setAccessibleName("Findings")
        self._why = section("How we know")
        self.cause = FindingDetail("How the cause is known")
        self.page = self.cause.page
        self._also = section("Also found")
        self.more = FindingDetail("Finding in detail")
        for detail in (self.cause, self.more):
            detail.remedy_chosen.connect(self.remedy_chosen)
            detail.note_requested.connect(self.note_requested)
        self._nothing = QLabel()
        self._nothing.setProperty("role", "muted")
        self._left, left = _column(self._why, self.cause)
        self._right, _right = _column(self._also, self.list, self.more)
        left.addStretch(1)
        _right.addStretch(1)
        self._columns = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._columns.setSpacing(theme.GRID * 2)
        self._columns.addWidget(self._left, 1)
        self._columns.addWidget(self._right, 1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addLayout(self._columns)
        whole.addWidget(self._nothing)
        self.list.selectionModel().currentChanged.connect(self._on_current)
        self.model.modelReset.connect(self._on_reset)
        self.model.dataChanged.connect(lambda *_: self._on_current(self.list.currentIndex()))
        self.show_report(None, running=False)
        self._show()

    def show_report(self, report: Report | None, *, running: bool) -> None:
        """Show the findings of this report."""
        before, self._report = self._report, report
        if running:
            self._nothing.setText("Nothing to report yet.")
        elif report and report.verdict is Verdict.CONNECTED:
            self._nothing.setText("Nothing to complain about: every stage passed.")
        else:
            self._nothing.setText("No findings.")
        if any(one is not None and one.findings for one in (before, report)):
            self._show()

    def show_stale(self, stale: bool) -> None:
        """Grey and without fixes: it is about an earlier state of the connection."""
        if stale is not self.list.property("pale"):
            self.list.setProperty("pale", stale)
            self.list.viewport().update()
        for detail in (self.cause, self.more):
            detail.show_stale(stale)

    def show_stage(self, stage: Stage | None) -> None:
        """Only what concerns one stage; None: everything."""
        self._stage = stage
        self._show()

    @property
    def current(self) -> Finding | None:
        """The finding that was chosen among the others, else the cause."""
        found: Finding | None = self.list.currentIndex().data(FindingRole.FINDING)
        return found or self._cause()

    def _cause(self) -> Finding | None:
        cause = self._report.diagnosis if self._report is not None else None
        return cause if cause is None or self._stage in (None, cause.stage) else None

    def _show(self) -> None:
        with laid_out_once(self):
            self._show_findings()
        self.list.fit()

    def _show_findings(self) -> None:
        report, cause = self._report, self._cause()
        said = report.diagnosis if report is not None else None
        findings = report.findings if report is not None else ()
        others = tuple(f for f in findings if f is not said and self._stage in (None, f.stage))
        self._left.setVisible(cause is not None)
        self.cause.show_finding(cause, report, told=True)
        self.model.show(others)
        self._right.setVisible(bool(others))
        self._also.setText(f"Also found  {len(others)}" if cause is not None else f"Found  {len(others)}")
        self._nothing.setVisible(cause is None and not others)

    def _on_reset(self) -> None:
        self._on_current(QModelIndex())

    def _on_current(self, current: QModelIndex) -> None:
        finding: Finding | None = current.data(FindingRole.FINDING)
        self.more.show_finding(finding, self._report, told=False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Two columns where there is room."""
        super().resizeEvent(event)
        directions = QBoxLayout.Direction
        wide = event.size().width() >= _TWO_COLUMNS
        wanted = directions.LeftToRight if wide else directions.TopToBottom
        if self._columns.direction() != wanted:
            self._columns.setDirection(wanted)
        self.list.fit()


class _Rows(QListView):
    """As high as its rows, up to a limit: the page around it scrolls."""

    def __init__(self) -> None:
        super().__init__()
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def fit(self) -> None:
        """Take the height that the rows need."""
        self.doItemsLayout()
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        """All rows, or as many as the limit lets."""
        model = self.model()
        height = 0
        for row in range(model.rowCount()):
            height += self.sizeHintForRow(row)
            if height > _MOST_ROWS_HEIGHT:
                return QSize(300, _MOST_ROWS_HEIGHT)
        return QSize(300, height + 2)

    def minimumSizeHint(self) -> QSize:
        """Never lower than its rows."""
        return QSize(160, self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Sentences break differently in another width."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.updateGeometry()


def _column(*widgets: QWidget) -> tuple[QWidget, QVBoxLayout]:
    made = QWidget()
    column = QVBoxLayout(made)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(theme.GRID)
    for widget in widgets:
        column.addWidget(widget)
    return made, column


def _server_of(finding: Finding, report: Report | None) -> ServerResult | None:
    """The server that a finding is about, where it is about one."""
    servers = report.servers if report is not None else ()
    return next((server for server in servers if finding.server == server.address), None)


def _is_place(finding: Finding, name: str) -> bool:
    """Whether it tells where in the text a mistake is: the field marks it."""
    return finding.stage is Stage.URI and name in ("from", "to")


def finding_html(finding: Finding, server: ServerResult | None, *, told: bool) -> str:
    """One finding as a page; ``told``: without the sentence and the first advice, which stand in the verdict."""
    c = theme.colours()
    parts = []
    if finding.detail:
        parts.append(f'<p style="margin-top:0px; margin-bottom:4px">{escape(finding.detail)}</p>')
    safe = [remedy for remedy in finding.remedies if not weakens(remedy)]
    texts = [remedy.text for remedy in finding.remedies if not (told and safe and remedy is safe[0])]
    if texts:
        title = "Otherwise" if told and safe else "What to do"
        parts.append(f'<p style="color:{c.muted}; margin-top:8px; margin-bottom:2px"><b>{title}</b></p>')
        parts += [f'<p style="margin-top:0px; margin-bottom:2px">{escape(text)}</p>' for text in texts]
    evidence = {name: value for name, value in finding.evidence.items() if not _is_place(finding, name)}
    if "chain" in evidence and server is not None and (chain := chain_html(server)):
        del evidence["chain"]
        parts.append(
            f'<p style="color:{c.muted}; margin-top:8px; margin-bottom:2px"><b>Certificates sent</b></p>{chain}'
        )
    parts.append(as_html(evidence))
    where = f" at {finding.server}" if finding.server else ""
    parts.append(
        f'<p style="color:{c.muted}; margin-top:6px; margin-bottom:0px">{escape(finding.cause)} · '
        f"{finding.certainty.value} · stage {stage_word(finding.stage)}{escape(where)}</p>"
    )
    return "".join(parts)
