"""The table of a live model: icon and text in each cell, columns as wide as what stands in them."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, Qt
from PySide6.QtGui import QColor, QFontMetrics, QGuiApplication, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from clearline.ui.look import theme
from clearline.ui.look.icons import pixmap
from clearline.ui.models.live_rows import ICON, TONE, LiveRows

AnyIndex = QModelIndex | QPersistentModelIndex

_LEAST = 44
_MOST = 320
_AIR = 20


class _CellDelegate(QStyledItemDelegate):
    def __init__(self, view: QTableView, *, mono: bool) -> None:
        super().__init__(view)
        self._mono = mono

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        c = theme.colours()
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        painter.save()
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, QColor(c.selection))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, QColor(c.hover))
        rect = rect.adjusted(8, 0, -8, 0)
        if drawing := index.data(ICON):
            painter.drawPixmap(rect.left(), rect.center().y() - 6, pixmap(drawing[0], theme.tone(drawing[1]), 14))
            rect = rect.adjusted(20, 0, 0, 0)
        text = index.data(Qt.ItemDataRole.DisplayRole)
        if text:
            alignment = index.data(Qt.ItemDataRole.TextAlignmentRole)
            font = theme.mono_font() if self._mono and index.column() == 0 else theme.body_font()
            painter.setFont(font)
            painter.setPen(QColor(theme.tone(index.data(TONE) or "text")))
            shown = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
            painter.drawText(rect, alignment, shown)
        painter.restore()


class LiveTable(QTableView):
    """A view of `LiveRows`."""

    def __init__(self, name: str, *, header: bool = True, mono: bool = True) -> None:
        """``mono``: the first column is read by machines, too."""
        super().__init__()
        self._mono = mono
        self._fitted: dict[int, int] = {}
        self._by_user = False
        self.setAccessibleName(name)
        self.setItemDelegate(_CellDelegate(self, mono=mono))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setMouseTracking(True)
        self.setTabKeyNavigation(False)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        rows = self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(QFontMetrics(theme.body_font()).height() + 9)
        columns = self.horizontalHeader()
        columns.setVisible(header)
        columns.setHighlightSections(False)
        columns.setStretchLastSection(True)
        columns.setMinimumSectionSize(_LEAST)
        columns.sectionResized.connect(self._on_resized)

    def show_model(self, model: LiveRows) -> None:  # type: ignore[type-arg]  # rows of any kind
        """Show a model, and keep its columns wide enough."""
        self.setModel(model)
        model.modelReset.connect(self._fit)
        model.dataChanged.connect(lambda *_: self._fit())
        model.rowsInserted.connect(lambda *_: self._fit())
        self._fit()

    def _on_resized(self) -> None:
        dragged = QGuiApplication.mouseButtons() & Qt.MouseButton.LeftButton and self.horizontalHeader().underMouse()
        self._by_user = self._by_user or bool(dragged)

    def _fit(self) -> None:
        """Columns grow to what they hold; they do not shrink again, or the eye would lose its place."""
        model = self.model()
        if self._by_user or model is None:
            return
        body = QFontMetrics(theme.body_font())
        first = QFontMetrics(theme.mono_font()) if self._mono else body
        rows = range(min(model.rowCount(), 50))
        for column in range(model.columnCount() - 1):
            metrics = body if column else first
            hidden = self.horizontalHeader().isHidden()  # not isVisible(): the table may not be on the screen yet
            title = "" if hidden else model.headerData(column, Qt.Orientation.Horizontal)
            wanted = body.horizontalAdvance(title)
            for row in rows:
                index = model.index(row, column)
                width = metrics.horizontalAdvance(index.data() or "") + (20 if index.data(ICON) else 0)
                wanted = max(wanted, width)
            wanted = max(_LEAST, min(_MOST, wanted + _AIR))
            if self._fitted.get(column, 0) < wanted:
                self._fitted[column] = wanted
                self.setColumnWidth(column, wanted)
