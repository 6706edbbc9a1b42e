"""The table of the event log: how its rows are painted, and the keys and clicks that it knows."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QRect, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QKeyEvent, QKeySequence, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from clearline.core.text.plain_text import visible
from clearline.ui.look import theme
from clearline.ui.look.event_kinds import KINDS, kind_colour, kind_icon
from clearline.ui.look.icons import pixmap
from clearline.ui.look.theme import Face
from clearline.ui.models.driver_events import DriverEventsModel
from clearline.ui.models.event_columns import (
    COLUMNS,
    CONNECTION,
    EVENT,
    GAP,
    KIND,
    MARK,
    SERVER,
    TIME,
    TOOK,
)

AnyIndex = QModelIndex | QPersistentModelIndex

_WIDTHS = {MARK: 26, TIME: 100, GAP: 92, KIND: 118, EVENT: 216, SERVER: 176, CONNECTION: 52, TOOK: 84}
_WIDE = theme.GRID * 120
_RIGHT = frozenset({TIME, GAP, CONNECTION, TOOK})
_MUTED = frozenset({TIME, GAP})
_MOST_COPIED = 50_000
_SELECTED = QStyle.StateFlag.State_Selected
_MARKED_STATES = QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver
_LEFT_FLAGS = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_RIGHT_FLAGS = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


class _Pens:
    """What painting needs, made once a palette: under a storm of events every row is painted anew 30 times a second."""

    def __init__(self) -> None:
        c = theme.colours()
        self.colours = c
        self.font = theme.font_of(Face.MONO)
        self.metrics = theme.metrics_of(Face.MONO)
        self.letter = self.metrics.horizontalAdvance("0")
        self.text, self.muted, self.failed, self.accent = map(QColor, (c.text, c.muted, c.failed, c.accent))
        self.selection, self.hover = QColor(c.selection), QColor(c.hover)
        self.kinds = {
            kind: (QColor(kind_colour(kind)), pixmap(kind_icon(kind), kind_colour(kind), 14)) for kind in KINDS
        }
        self.cross = pixmap("failed", c.failed, 14)
        self.mark = pixmap("bookmarked", c.accent, 14)


class _LogDelegate(QStyledItemDelegate):
    """Failures have an icon and the colour of failure, each kind its icon and colour."""

    def __init__(self, view: EventLog) -> None:
        super().__init__(view)
        self._view = view
        self._pens: _Pens | None = None

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        pens = self._pens
        if pens is None or pens.colours is not theme.colours() or pens.font is not theme.font_of(Face.MONO):
            pens = self._pens = _Pens()
        row, column = index.row(), index.column()
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        if state & _MARKED_STATES:
            painter.fillRect(rect, pens.selection if state & _SELECTED else pens.hover)
        model = self._view.events
        colour = pens.muted if column in _MUTED else pens.text
        left, width = rect.left() + 8, rect.width() - 16
        icon = None
        match column:
            case 0:
                if model.is_bookmarked(row):
                    painter.drawPixmap(left - 1, rect.center().y() - 6, pens.mark)
                return
            case 3:
                colour, icon = pens.kinds.get(model.event_at(row).kind, (pens.text, None))
            case 4 if model.event_at(row).failed:
                colour, icon = pens.failed, pens.cross
            case 6:
                colour = pens.accent
            case _:
                pass
        if icon is not None:
            painter.drawPixmap(left, rect.center().y() - 6, icon)
            left, width = left + 20, width - 20
        text = model.text_at(row, column)
        if not text:
            return
        # One face for all letters: what is sure to fit need not be measured.
        if len(text) * pens.letter > width or not text.isascii():
            where = Qt.TextElideMode.ElideMiddle if column == SERVER else Qt.TextElideMode.ElideRight
            text = pens.metrics.elidedText(text, where, width)
        painter.setFont(pens.font)
        painter.setPen(colour)
        painter.drawText(
            left, rect.top(), width, rect.height(), _RIGHT_FLAGS if column in _RIGHT else _LEFT_FLAGS, text
        )


class EventLog(QTableView):
    """Rows of a `DriverEventsModel`."""

    bookmark_requested = Signal(int)
    """A visible row."""
    connection_clicked = Signal(int)
    """A visible row whose connection was clicked."""
    next_bookmark_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.events = DriverEventsModel()
        self.setItemDelegate(_LogDelegate(self))
        self.setAccessibleName("Driver events")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setMouseTracking(True)
        self.setTabKeyNavigation(False)
        rows = self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self._give_height()
        columns = self.horizontalHeader()
        columns.setHighlightSections(False)
        columns.setStretchLastSection(True)
        columns.setMinimumSectionSize(_WIDTHS[MARK])
        self.clicked.connect(self._on_clicked)
        self._sized = False

    def show_events(self, model: DriverEventsModel) -> None:
        """Show another model."""
        selection = self.selectionModel()
        self.events = model
        self.setModel(model)
        if selection is not None:
            selection.deleteLater()
        if not self._sized:
            self._sized = True
            for column, width in _WIDTHS.items():
                self.setColumnWidth(column, theme.scaled(width))

    def changeEvent(self, event: QEvent) -> None:
        """Other letters are of another height."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._give_height()

    def _give_height(self) -> None:
        self.verticalHeader().setDefaultSectionSize(theme.metrics_of(Face.MONO).height() + 6)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """What an event says needs the room: where there is little, the kind stands in its name alone."""
        super().resizeEvent(event)
        for column in (GAP, KIND):
            self.setColumnHidden(column, event.size().width() < theme.scaled(_WIDE))

    @property
    def rows_selected(self) -> list[int]:
        """The selected rows, ascending."""
        parts = self.selectionModel().selection()
        ranges = [parts.at(place) for place in range(parts.count())]
        return sorted({row for part in ranges for row in range(part.top(), part.bottom() + 1)})

    def copy_rows(self) -> int:
        """Put the selected rows on the clipboard, tab-separated with a heading; returns how many."""
        model = self.events
        rows = self.rows_selected[:_MOST_COPIED]
        if not rows:
            return 0
        columns = range(TIME, len(COLUMNS))
        lines = ["\t".join(COLUMNS[column] for column in columns)]
        lines += ["\t".join(model.text_at(row, column) for column in columns) for row in rows]
        QGuiApplication.clipboard().setText(visible("\n".join(lines) + "\n", but="\n\t"))
        return len(rows)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy, mark, and go to the next mark; letters do not search the first column."""
        current = self.currentIndex()
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_rows()
        elif event.key() == Qt.Key.Key_B and current.isValid():
            self.bookmark_requested.emit(current.row())
        elif event.key() == Qt.Key.Key_N:
            self.next_bookmark_requested.emit()
        elif event.text().isalnum() and not event.modifiers():
            event.ignore()
        else:
            super().keyPressEvent(event)

    def _on_clicked(self, index: QModelIndex) -> None:
        if index.column() == MARK:
            self.bookmark_requested.emit(index.row())
        elif index.column() == CONNECTION and index.data():
            self.connection_clicked.emit(index.row())
