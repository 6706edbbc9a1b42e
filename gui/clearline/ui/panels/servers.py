"""The matrix of servers and stages, and the evidence of the selected cell with commands that show the same."""

from __future__ import annotations

from functools import partial
from html import escape

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QFontMetrics, QGuiApplication, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from clearline.core.findings import SERVER_STAGES, Stage
from clearline.core.report.network_note import Command, commands_for
from clearline.core.report.report import Report, ServerResult, Status
from clearline.ui.look import theme
from clearline.ui.look.icons import IconButton
from clearline.ui.look.status import status_word
from clearline.ui.models.servers_by_stage import ServerRole, ServersByStageModel, elapsed_text
from clearline.ui.widgets.delegates import MatrixDelegate
from clearline.ui.widgets.evidence import as_html, chain_html
from clearline.ui.widgets.parts import CommandLine, RichText

_LEAST_ADDRESS = 160
_LEAST_STAGE = 72


class _Matrix(QTableView):
    resized = Signal()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.resized.emit()


class ServersPanel(QWidget):
    """Fills in while the check runs."""

    def __init__(self) -> None:
        super().__init__()
        self.model = ServersByStageModel()
        self._srv_name: str | None = None
        self._uri = ""
        self._commands: list[Command] = []
        self.table = _Matrix()
        self.table.setModel(self.model)
        self.table.setItemDelegate(MatrixDelegate(self.table))
        self.table.setAccessibleName("Servers and stages")
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectItems)
        self.table.setShowGrid(False)
        self.table.setMouseTracking(True)
        self.table.setTabKeyNavigation(False)
        self.table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.table.setMinimumWidth(300)
        rows = self.table.verticalHeader()
        rows.hide()
        rows.setDefaultSectionSize(QFontMetrics(theme.body_font()).height() * 2 + theme.GRID)
        columns = self.table.horizontalHeader()
        columns.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        columns.setHighlightSections(False)
        columns.setMinimumSectionSize(_LEAST_STAGE)
        self._widths_by_user = False
        self._fitting = False
        columns.sectionResized.connect(self._on_column_resized)
        self.table.resized.connect(self._fit_columns)

        self.heading = QLabel()
        self.heading.setTextFormat(Qt.TextFormat.PlainText)
        self.page = RichText("Evidence of the selected cell")
        self.page.document().setDocumentMargin(0)
        self._lines = QVBoxLayout()
        self._lines.setSpacing(4)
        self._copy_all = IconButton("copy", "Copy evidence and commands")
        self._copy_all.clicked.connect(self._copy)
        pane = QWidget()
        column = QVBoxLayout(pane)
        column.setContentsMargins(12, theme.GRID, theme.GRID, theme.GRID)
        column.setSpacing(theme.GRID // 2)
        head = QHBoxLayout()
        head.addWidget(self.heading, 1)
        head.addWidget(self._copy_all)
        column.addLayout(head)
        column.addWidget(self.page, 1)
        column.addLayout(self._lines)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setHandleWidth(1)
        split.setChildrenCollapsible(False)
        split.addWidget(self.table)
        split.addWidget(pane)
        split.setStretchFactor(0, 2)
        split.setStretchFactor(1, 1)
        split.setSizes([690, 310])
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(split)
        self.table.selectionModel().currentChanged.connect(lambda current, _: self._show(current))
        self.model.dataChanged.connect(self._on_data)
        self.model.modelReset.connect(lambda: self._show(QModelIndex()))
        self._show(QModelIndex())

    def show_report(self, report: Report | None, *, srv_name: str | None = None) -> None:
        """Show the servers of this report; when a server failed and nothing is selected, its first failure is."""
        self._srv_name = srv_name
        self._uri = report.target.uri if report else ""
        self.model.show(report.servers if report else ())
        self._fit_columns()
        if report and report.verdict is not None and not self.table.currentIndex().isValid():
            self.table.setAutoScroll(False)  # the servers' names stay in sight
            self._select_most_telling(report)
            self.table.setAutoScroll(True)

    def select(self, server: str, stage: Stage) -> None:
        """Put the selection on one cell."""
        for row in range(self.model.rowCount()):
            if self.model.index(row, 0).data() == server and stage in SERVER_STAGES:
                self.table.setCurrentIndex(self.model.index(row, 1 + SERVER_STAGES.index(stage)))

    def _fit_columns(self) -> None:
        """The stages get what their cells need, the addresses what is left; what is left over is shared."""
        rows = range(self.model.rowCount())
        if self._widths_by_user or not rows:
            return
        count = self.model.columnCount()
        address, *stages = (
            max(MatrixDelegate.width_of(self.model.index(row, column)) for row in rows) for column in range(count)
        )
        stages = [max(_LEAST_STAGE, width) for width in stages]
        room = self.table.viewport().width() - sum(stages)
        address = max(_LEAST_ADDRESS, min(address, room))
        spare = max(0, room - address) // count
        self._fitting = True
        for column, width in enumerate([address, *stages]):
            self.table.setColumnWidth(column, width + spare)
        self._fitting = False

    def _on_column_resized(self) -> None:
        self._widths_by_user = self._widths_by_user or not self._fitting

    def _select_most_telling(self, report: Report) -> None:
        said = report.diagnosis
        if said is not None and said.server is not None:
            self.select(said.server, Stage.HELLO if said.stage is Stage.TOPOLOGY else said.stage)
            if self.table.currentIndex().isValid():
                return
        for wanted in (Status.FAILED, Status.WARNING, Status.PASSED):
            for row, server in enumerate(report.servers):
                for column, stage in enumerate(SERVER_STAGES, 1):
                    cell = server.cells.get(stage.value)
                    if cell is not None and cell.status is wanted:
                        self.table.setCurrentIndex(self.model.index(row, column))
                        return

    def _on_data(self, first: QModelIndex, last: QModelIndex, roles: list[int]) -> None:
        current = self.table.currentIndex()
        if roles == [ServerRole.STATUS] or not current.isValid():
            return
        if first.row() <= current.row() <= last.row() and first.column() <= current.column() <= last.column():
            self._show(current)

    def _show(self, index: QModelIndex) -> None:
        server: ServerResult | None = index.data(ServerRole.SERVER) if index.isValid() else None
        stage: Stage | None = index.data(ServerRole.STAGE) if index.isValid() else None
        if server is None:
            self.heading.setText("")
            self.page.show_page(partial(_hint_html, "Select a cell to see its evidence."))
            self._show_commands([])
            return
        if stage is None:
            self.heading.setText(server.address)
            self.page.show_page(partial(_server_html, server))
            self._show_commands([])
            return
        status: Status = index.data(ServerRole.STATUS)
        time_text = elapsed_text(index.data(ServerRole.ELAPSED_MS))
        title = self.model.headerData(index.column(), Qt.Orientation.Horizontal)
        self.heading.setText(" · ".join(filter(None, (server.address, title, status_word(status), time_text))))
        self.page.show_page(partial(_cell_html, server, stage))
        self._show_commands(commands_for(stage, server.address, srv_name=self._srv_name, redacted_uri=self._uri))

    def _show_commands(self, commands: list[Command]) -> None:
        self._copy_all.setVisible(bool(commands))
        if commands == self._commands:
            return
        self._commands = commands
        while (item := self._lines.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        for command in commands:
            self._lines.addWidget(CommandLine(command.system, command.line))

    def _copy(self) -> None:
        commands = "\n".join(f"{command.line}   # {command.system}" for command in self._commands)
        QGuiApplication.clipboard().setText(f"{self.heading.text()}\n\n{self.page.plain().strip()}\n\n{commands}\n")


def _hint_html(text: str) -> str:
    return f'<p style="color:{theme.colours().muted}">{escape(text)}</p>'


def _cell_html(server: ServerResult, stage: Stage) -> str:
    cell = server.cells.get(stage.value)
    if cell is None:
        return _hint_html("Not tried.")
    note = f"<p>{escape(cell.note)}</p>" if cell.note else ""
    chain = chain_html(server) if stage is Stage.TLS else ""
    return note + chain + as_html(cell.evidence) or _hint_html("No evidence.")


def _server_html(server: ServerResult) -> str:
    latency = server.rtt_ms
    facts = {
        "role": server.role,
        "set name": server.set_name,
        "version": server.version,
        "named by": " and ".join(
            word for word, told in (("the profile", server.seed), ("other servers", server.advertised)) if told
        ),
        "round trip": f"{latency.median:.3g} ms (min {latency.min:.3g}, max {latency.max:.3g})" if latency else None,
    }
    return as_html({name: value for name, value in facts.items() if value}) + chain_html(server)
