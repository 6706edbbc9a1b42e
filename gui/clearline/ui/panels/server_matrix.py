"""The table of servers by stages, which paints its cells in one go.

A delegate is called for each cell, and what goes through Qt for it, a dozen calls each way, takes several times as long
as drawing the words.
"""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QModelIndex, Qt, Signal
from PySide6.QtGui import QColor, QCursor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QTableView

from clearline.core.findings import SERVER_STAGES
from clearline.core.report.report import ServerResult, Status
from clearline.ui.look import theme
from clearline.ui.look.icons import pixmap
from clearline.ui.look.status import status_colour, status_icon, status_word
from clearline.ui.look.theme import Face
from clearline.ui.models.servers_by_stage import NOTHING, ServersByStageModel, about, elapsed_text
from clearline.ui.widgets.delegates import turning

STAGES: Final = (None, *(stage.value for stage in SERVER_STAGES))
"""By column; the first one names the server."""
_MOST_ROWS: Final = 12
"""Rows that are shown at once; of more servers the table scrolls."""
_LOUD: Final = (Status.FAILED, Status.WARNING)
_QUIET: Final = (Status.SKIPPED, Status.CANCELLED, Status.WAITING)
_ICON: Final = 20
"""An icon and the air behind it."""
_LEFT, _RIGHT, _EDGE = 8, 6, 3
"""What stays free of a cell at its sides, above and below."""


class ServerMatrix(QTableView):
    """A server in each row, a stage in each column; in a cell the status' icon, its time, its note."""

    resized = Signal()

    def __init__(self, model: ServersByStageModel) -> None:
        super().__init__()
        self._servers = model
        self._pale = False
        self.setModel(model)
        self.setAccessibleName("Servers and stages")
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectItems)
        self.setShowGrid(False)
        self.setMouseTracking(True)
        self.setTabKeyNavigation(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setMinimumWidth(300)
        self.verticalHeader().hide()
        self._give_height()

    @property
    def pale(self) -> bool:
        """Whether it shows what is no longer about what is in front: all in grey."""
        return self._pale

    def show_pale(self, pale: bool) -> None:
        """In grey, or not."""
        if pale is not self._pale:
            self._pale = pale
            self.viewport().update()

    def fit(self) -> None:
        """As high as its rows, up to a limit; where the columns have no room, their scroll bar hides none."""
        rows, columns = min(_MOST_ROWS, self._servers.rowCount()), self.horizontalHeader()
        height = columns.sizeHint().height() + rows * self.verticalHeader().defaultSectionSize() + 2
        if columns.length() > self.viewport().width():
            height += self.horizontalScrollBar().sizeHint().height()
        if self.height() != height:
            self.setFixedHeight(height)

    def rows_in_sight(self, top: int, bottom: int) -> range:
        """The rows that these lines of the viewport touch."""
        first, last = self.rowAt(top), self.rowAt(bottom)
        return range(0) if first < 0 else range(first, last + 1 if last >= 0 else self._servers.rowCount())

    def changeEvent(self, event: QEvent) -> None:
        """Other letters are of another height."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._give_height()
            self.fit()

    def _give_height(self) -> None:
        self.verticalHeader().setDefaultSectionSize(theme.metrics_of(Face.BODY).height() * 2 + theme.GRID)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Tell of another size."""
        super().resizeEvent(event)
        self.resized.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the cells that are asked for."""
        painter = QPainter(self.viewport())
        self._mark(painter)
        where = event.rect()
        rows = self.rows_in_sight(where.top(), where.bottom())
        first, last = self.columnAt(where.left()), self.columnAt(where.right())
        columns = range(first, last + 1 if last >= 0 else len(STAGES)) if first >= 0 else range(0)
        lines = [(row, self.rowViewportPosition(row)) for row in rows]
        for column in columns:
            left, width = self.columnViewportPosition(column) + _LEFT, self.columnWidth(column) - _LEFT - _RIGHT
            if (stage := STAGES[column]) is None:
                for row, top in lines:
                    self._name(painter, row, left, top, width)
            else:
                self._cells(painter, stage, lines, left, width)
        painter.end()

    def _mark(self, painter: QPainter) -> None:
        """What is chosen, what the pointer is on, and where the keyboard stands."""
        c, current, pointed = theme.colours(), self.currentIndex(), QModelIndex()
        chosen = current if self.selectionModel().isSelected(current) else QModelIndex()
        if self.viewport().underMouse():
            pointed = self.indexAt(self.viewport().mapFromGlobal(QCursor.pos()))
        if chosen.isValid():
            painter.fillRect(self.visualRect(chosen), QColor(c.selection))
        if pointed.isValid() and pointed != chosen:
            painter.fillRect(self.visualRect(pointed), QColor(c.hover))
        if current.isValid() and self.hasFocus():
            painter.setPen(QColor(c.accent))
            painter.drawRect(self.visualRect(current).adjusted(0, 0, -1, -1))

    def _name(self, painter: QPainter, row: int, left: int, top: int, width: int) -> None:
        """Who a server is, and below it what is known of it."""
        c, server = theme.colours(), self._servers.server_at(row)
        name = server.address
        if theme.width_in(Face.MONO, name) > width:
            shorter = self._servers.shortened(server)
            name = next((one for one in shorter if theme.width_in(Face.MONO, one) <= width), shorter[-1])
        upper, lower, _middle = self._lines(Face.MONO)
        _draw(
            painter, Face.MONO, QColor(c.muted if self._pale else c.text), left, top + upper, width, name, middle=True
        )
        _draw(painter, Face.BODY, QColor(c.muted), left, top + lower, width, about(server))

    def _cells(self, painter: QPainter, stage: str, lines: list[tuple[int, int]], left: int, width: int) -> None:
        """One stage of these servers."""
        c, pale = theme.colours(), self._pale
        muted, text = QColor(c.muted), QColor(c.text)
        upper, lower, middle = self._lines(Face.BODY)
        ascent = theme.metrics_of(Face.BODY).ascent()
        for row, top in lines:
            cell = self._servers.server_at(row).cells.get(stage, NOTHING)
            status = cell.status
            said, note = _cell_lines(status, cell.elapsed_ms, cell.note)
            colour = c.muted if pale else status_colour(status)
            angle = turning() if status is Status.RUNNING else 0
            line = top + (upper if note else middle)
            centre = line - ascent + (theme.metrics_of(Face.BODY).height() - 1) // 2
            painter.drawPixmap(left, centre - 7, pixmap(status_icon(status), colour, 16, angle=angle))
            if said:
                tone = QColor(colour) if status in _LOUD else muted if pale or status in _QUIET else text
                _draw(painter, Face.BODY, tone, left + _ICON, line, width - _ICON, said)
            if note:
                _draw(painter, Face.BODY, muted, left, top + lower, width, note)

    def _lines(self, face: Face) -> tuple[int, int, int]:
        """Where in a row the upper and the lower line stand, and one that has no other."""
        body, metrics = theme.metrics_of(Face.BODY), theme.metrics_of(face)
        whole = self.verticalHeader().defaultSectionSize() - 2 * _EDGE
        half = whole // 2
        return (
            _EDGE + (half - metrics.height() + 1) // 2 + metrics.ascent(),
            _EDGE + half + (half - body.height() + 1) // 2 + body.ascent(),
            _EDGE + (whole - body.height() + 1) // 2 + body.ascent(),
        )


def _draw(
    painter: QPainter, face: Face, tone: QColor, left: int, line: int, width: int, text: str, *, middle: bool = False
) -> None:
    """A text on its line, cut with dots where it has no room."""
    if theme.width_in(face, text) > width:
        where = Qt.TextElideMode.ElideMiddle if middle else Qt.TextElideMode.ElideRight
        text = theme.metrics_of(face).elidedText(text, where, width)
    painter.setFont(theme.font_of(face))
    painter.setPen(tone)
    painter.drawText(left, line, text)


def width_of(server: ServerResult, stage: str | None) -> int:
    """What a cell needs to show both of its lines whole; ``stage`` None: the one that names the server."""
    if stage is None:
        name, known = theme.width_in(Face.MONO, server.address), theme.width_in(Face.BODY, about(server))
        return max(name, known) + _LEFT + _RIGHT + 4
    cell = server.cells.get(stage, NOTHING)
    upper, lower = _cell_lines(cell.status, cell.elapsed_ms, cell.note)
    return max(theme.width_in(Face.BODY, upper) + _ICON, theme.width_in(Face.BODY, lower)) + _LEFT + _RIGHT + 4


def _cell_lines(status: Status, elapsed_ms: float | None, note: str) -> tuple[str, str]:
    """The two lines of a cell; the lower one may be empty."""
    said = elapsed_text(elapsed_ms)
    if status is Status.SKIPPED and note and not said:
        return note, ""  # why it was left out says that it was
    if not said and status is not Status.WAITING:
        said = status_word(status)
    return said, note
