"""The matrix of servers and stages; what the selected cell holds stands below it (`cell_detail`)."""

from __future__ import annotations

from operator import itemgetter
from typing import Final

from PySide6.QtCore import QItemSelectionRange, QModelIndex, QSignalBlocker, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from clearline.core.findings import SERVER_STAGES, Finding, Stage
from clearline.core.report.network_note import commands_for
from clearline.core.report.report import Report, ServerResult, Status, Verdict
from clearline.ui.look import theme
from clearline.ui.look.status import status_word
from clearline.ui.models.servers_by_stage import ServerRole, ServersByStageModel, elapsed_text
from clearline.ui.panels.cell_detail import CellDetail
from clearline.ui.panels.server_matrix import STAGES, ServerMatrix, width_of
from clearline.ui.widgets.labels import section
from clearline.ui.widgets.laid_out import laid_out_once

_LEAST_ADDRESS: Final = 160
_LEAST_STAGE: Final = 72
_MANY: Final = 6
"""From so many servers on, those with problems are shown alone first, and there is a filter."""
_MOST_LISTED: Final = 300
"""Rows of the table; a deployment of more servers is looked through by name, or for those with problems."""
_BAD: Final = (Status.FAILED, Status.WARNING)
_FINE: Final = len(_BAD)


class ServersPanel(QWidget):
    """Fills in while the check runs. One server needs no matrix: the stages above say the same."""

    def __init__(self) -> None:
        super().__init__()
        self.model = ServersByStageModel()
        self._servers: tuple[ServerResult, ...] = ()
        self._badness: list[int] = []
        """Of each of these servers."""
        self._widths = [0] * len(STAGES)
        """What the widest cell of each column needs; measured once per cell, for measuring thousands takes seconds."""
        self._verdict: Verdict | None = None
        self._cause: Finding | None = None
        self._srv_name: str | None = None
        self._uri = ""
        self.table = ServerMatrix(self.model)
        columns = self.table.horizontalHeader()
        columns.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        columns.setHighlightSections(False)
        columns.setMinimumSectionSize(_LEAST_STAGE)
        self._widths_by_user = False
        self._fitting = False
        columns.sectionResized.connect(self._on_column_resized)
        self.table.resized.connect(self._fit_columns)

        self.only_problems = QCheckBox("Only problems")
        self.only_problems.toggled.connect(self._on_filtered)
        self.only_problems.setToolTip("P")
        key = QShortcut(QKeySequence("P"), self, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
        key.activated.connect(self._on_key)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Find a server")
        self.search.setAccessibleName("Find a server")
        self.search.setClearButtonEnabled(True)
        self.search.setMaximumWidth(theme.GRID * 26)
        self.search.textChanged.connect(self._on_filtered)
        self._count = section("Servers")
        self._head = QWidget()
        head = QHBoxLayout(self._head)
        head.setContentsMargins(0, 0, 0, 0)
        head.setSpacing(theme.GRID * 2)
        head.addWidget(self._count)
        head.addWidget(self.only_problems)
        head.addStretch(1)
        head.addWidget(self.search)

        self.detail = CellDetail()
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(theme.GRID)
        whole.addWidget(self._head)
        whole.addWidget(self.table)
        whole.addWidget(self.detail)
        self.table.selectionModel().currentChanged.connect(lambda current, _: self._show(current))
        self.model.dataChanged.connect(self._on_data)
        self.model.rowsInserted.connect(lambda _, first, last: self._measure(range(first, last + 1)))
        self.model.modelReset.connect(self._on_reset)
        self._show(QModelIndex())

    def show_report(self, report: Report | None, *, srv_name: str | None = None) -> None:
        """Show the servers of this report."""
        self._srv_name = srv_name
        self._uri = report.target.uri if report else ""
        decided = report is not None and report.verdict is not None
        self._servers = report.every_server if report else ()
        looked_at = report.servers if report else ()
        self._badness = [*map(_badness, looked_at), *[_FINE] * (len(self._servers) - len(looked_at))]
        if decided and self._verdict is None and report is not None:
            bad, count = self._bad_ones, len(self._servers)
            with QSignalBlocker(self.only_problems):
                self.only_problems.setChecked(0 < bad < count and count >= _MANY)
        self._verdict = report.verdict if report else None
        self._cause = report.diagnosis if report else None
        self._sift()

    def turn(self) -> None:
        """The next step of what turns, where it is seen."""
        if self.table.isVisible():
            self.model.repaint_running(self.table.rows_in_sight(0, self.table.viewport().height()))

    def show_stale(self, stale: bool) -> None:
        """Grey: it is about an earlier state of the connection."""
        self.table.show_pale(stale)
        self.detail.show_stale(stale)

    def show_stage(self, stage: Stage | None) -> None:
        """Put the selection on the most telling server of a stage; None: on what told most."""
        if stage in SERVER_STAGES and self.model.rowCount():
            column = 1 + SERVER_STAGES.index(stage)
            for wanted in (Status.FAILED, Status.WARNING):
                for row in range(self.model.rowCount()):
                    if self.model.index(row, column).data(ServerRole.STATUS) is wanted:
                        self._choose(row, column)
                        return
            self._choose(0, column)
        elif stage is not None:
            self.table.setCurrentIndex(QModelIndex())

    def _choose(self, row: int, column: int) -> None:
        self.table.setAutoScroll(False)  # the servers' names stay in sight
        self.table.setCurrentIndex(self.model.index(row, column))
        self.table.setAutoScroll(True)

    def _on_key(self) -> None:
        if self.only_problems.isVisible():
            self.only_problems.toggle()

    def _on_filtered(self) -> None:
        self._sift()

    @property
    def _bad_ones(self) -> int:
        return len(self._badness) - self._badness.count(_FINE)

    def _sift(self) -> None:
        """Show the servers that are asked for: while a check runs in their own order, then those that failed first."""
        words = self.search.text().lower().split()
        rated = list(zip(self._badness, self._servers, strict=True))
        if self._verdict is not None:
            rated.sort(key=itemgetter(0))
        bad = self._bad_ones
        several, many = len(rated) > 1, len(rated) >= _MANY
        if many and self.only_problems.isChecked():
            rated = [entry for entry in rated if entry[0] != _FINE]
        servers = [server for _, server in rated]
        if many and words:
            servers = [server for server in servers if all(word in server.address.lower() for word in words)]
        self.model.show(tuple(servers[:_MOST_LISTED]))
        listed = f", the first {_MOST_LISTED} of {len(servers)} listed" if len(servers) > _MOST_LISTED else ""
        self._count.setText(f"Servers  {len(self._servers)}{listed}")
        self.only_problems.setText(f"Only problems ({bad})")
        with laid_out_once(self):
            self.only_problems.setVisible(many and bool(bad))
            self.search.setVisible(many)
            self._head.setVisible(several)
            self.table.setVisible(several)
        self._fit_columns()
        self.setVisible(bool(self._servers))

    def select(self, server: str, stage: Stage) -> None:
        """Put the selection on one cell."""
        for row in range(self.model.rowCount()):
            if self.model.index(row, 0).data() == server and stage in SERVER_STAGES:
                self._choose(row, 1 + SERVER_STAGES.index(stage))

    def _fit_columns(self) -> None:
        """The stages get what their cells need, the addresses what is left; what is left over is shared."""
        if not self._widths_by_user and self.model.rowCount():
            self._share_width()
        self.table.fit()

    def _share_width(self) -> None:
        count = self.model.columnCount()
        address, *stages = self._widths
        stages = [max(_LEAST_STAGE, width) for width in stages]
        room = self.table.viewport().width() - sum(stages)
        address = max(_LEAST_ADDRESS, min(address, room))
        spare = max(0, room - address) // count
        self._fitting = True
        for column, width in enumerate([address, *stages]):
            self.table.setColumnWidth(column, width + spare)
        self._fitting = False

    def _measure(self, rows: range, columns: range = range(len(STAGES))) -> None:
        servers = [self.model.server_at(row) for row in rows]
        for column in columns:
            widest = max(width_of(server, STAGES[column]) for server in servers)
            self._widths[column] = max(self._widths[column], widest)

    def _on_reset(self) -> None:
        self._widths = [0] * len(STAGES)
        if rows := self.model.rowCount():
            self._measure(range(rows))
        self._show(QModelIndex())

    def _on_column_resized(self) -> None:
        if not self._fitting:
            self._widths_by_user = True
            self.table.fit()

    def choose_most_telling(self) -> None:
        """Once there is a verdict, select what failed, where nothing is selected."""
        if self._verdict is None or self.table.currentIndex().isValid():
            return
        said = self._cause
        if said is not None and said.server is not None:
            self.select(said.server, Stage.HELLO if said.stage is Stage.TOPOLOGY else said.stage)
            if self.table.currentIndex().isValid():
                return
        for wanted in _BAD:
            for row in range(self.model.rowCount()):
                for column, stage in enumerate(SERVER_STAGES, 1):
                    cell = self.model.server_at(row).cells.get(stage.value)
                    if cell is not None and cell.status is wanted:
                        self._choose(row, column)
                        return

    def _on_data(self, first: QModelIndex, last: QModelIndex, roles: list[int]) -> None:
        if roles == [ServerRole.STATUS]:
            return
        self._measure(range(first.row(), last.row() + 1), range(first.column(), last.column() + 1))
        current = self.table.currentIndex()
        if current.isValid() and QItemSelectionRange(first, last).contains(current):
            self._show(current)

    def _show(self, index: QModelIndex) -> None:
        server: ServerResult | None = index.data(ServerRole.SERVER) if index.isValid() else None
        stage: Stage | None = index.data(ServerRole.STAGE) if index.isValid() else None
        if server is None:
            self.detail.show_nothing()
            return
        if stage is None:
            self.detail.show_server(server)
            return
        told = self._cause if self._cause is not None and _is_about(self._cause, server, stage) else None
        status: Status = index.data(ServerRole.STATUS)
        title = self.model.headerData(index.column(), Qt.Orientation.Horizontal)
        words = (server.address, title, status_word(status), elapsed_text(index.data(ServerRole.ELAPSED_MS)))
        commands = commands_for(stage, server.address, srv_name=self._srv_name, redacted_uri=self._uri)
        self.detail.show_cell(" · ".join(filter(None, words)), server, stage, told, commands)


def _badness(server: ServerResult) -> int:
    """0 where it failed, 1 where it warns, 2 for the rest."""
    statuses = [cell.status for cell in server.cells.values()]
    return next((n for n, bad in enumerate(_BAD) if bad in statuses), _FINE)


def _is_about(finding: Finding, server: ServerResult, stage: Stage) -> bool:
    """Whether a finding tells what this cell holds."""
    return finding.stage is stage and finding.server in (None, server.address)
