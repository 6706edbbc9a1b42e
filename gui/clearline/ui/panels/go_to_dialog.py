"""The dialog "Go to": a field that finds connections, settings, pages and actions by a few letters of their names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from PySide6.QtCore import QModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter
from PySide6.QtWidgets import QDialog, QLayout, QLineEdit, QListView, QStyle, QStyledItemDelegate, QVBoxLayout, QWidget

from clearline.ui.look import theme
from clearline.ui.models.go_to_entries import KIND_WORDS, Entry, GoToModel
from clearline.ui.widgets.labels import WrappedLabel

_WIDTH: Final = theme.GRID * 72
_HEIGHT: Final = theme.GRID * 48
_ROW: Final = 28


class _Row(QStyledItemDelegate):
    """Title at the left, kind and detail at the right."""

    def paint(self, painter: QPainter, option: object, index: QModelIndex) -> None:  # type: ignore[override]
        entry: Entry = index.data(Qt.ItemDataRole.UserRole)
        c, rect = theme.colours(), QRect(option.rect)  # type: ignore[attr-defined]
        if option.state & QStyle.StateFlag.State_Selected:  # type: ignore[attr-defined]
            painter.fillRect(rect, QColor(c.selection))
        inner = rect.adjusted(12, 0, -12, 0)
        metrics = painter.fontMetrics()
        said = entry.detail or KIND_WORDS[entry.kind]
        right = metrics.elidedText(said, Qt.TextElideMode.ElideMiddle, inner.width() // 2)
        taken = metrics.horizontalAdvance(right) + 16
        left = metrics.elidedText(entry.title, Qt.TextElideMode.ElideRight, inner.width() - taken)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(QColor(c.text))
        painter.drawText(inner, middle | Qt.AlignmentFlag.AlignLeft, left)
        painter.setPen(QColor(c.muted))
        painter.drawText(inner, middle | Qt.AlignmentFlag.AlignRight, right)

    def sizeHint(self, option: object, index: QModelIndex) -> QSize:  # type: ignore[override]
        return QSize(0, _ROW)


class GoToDialog(QDialog):
    """Shows the entries that fit what is typed; Return or a click acts on one."""

    def __init__(self, find: Callable[[str], Sequence[Entry]], parent: QWidget) -> None:
        """``find`` gives the entries that fit what was typed, the best first; it is called at each key."""
        super().__init__(parent)
        self.setWindowTitle("Go to")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(True)
        self._find = find
        self.field = QLineEdit()
        self.field.setPlaceholderText("A connection, a setting, a page or an action")
        self.field.setAccessibleName("Find a connection, a setting, a page or an action")
        self.field.setClearButtonEnabled(True)
        self.model = GoToModel()
        self.list = QListView()
        self.list.setModel(self.model)
        self.list.setItemDelegate(_Row(self.list))
        self.list.setUniformItemSizes(True)
        self.list.setAccessibleName("What fits")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.clicked.connect(self._act)
        self.nothing = WrappedLabel("Nothing of that name.", "muted")
        self.nothing.hide()
        column = QVBoxLayout(self)
        column.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)  # some platforms cannot change it
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(theme.GRID)
        column.addWidget(self.field)
        column.addWidget(self.nothing)
        column.addWidget(self.list, 1)
        self.resize(_WIDTH, _HEIGHT)
        self.field.textChanged.connect(self._sift)
        self._sift("")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The arrows choose while the field keeps the cursor."""
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 10, Qt.Key.Key_PageUp: -10}
        key = Qt.Key(event.key())
        if key in steps and self.model.rowCount():
            row = self.list.currentIndex().row() + steps[key]
            self.list.setCurrentIndex(self.model.index(max(0, min(row, self.model.rowCount() - 1))))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._act(self.list.currentIndex())
        else:
            super().keyPressEvent(event)

    def _sift(self, text: str) -> None:
        self.model.show(self._find(text))
        self.list.setCurrentIndex(self.model.index(0))
        self.nothing.setVisible(not self.model.rowCount())

    def _act(self, index: QModelIndex) -> None:
        entry: Entry | None = index.data(Qt.ItemDataRole.UserRole)
        if entry is not None:
            self.accept()
            entry.act()
