"""The summary of a test of several profiles, beside the main window."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLayout,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from clearline.ui.look import theme
from clearline.ui.models.batch import RESULT, BatchModel, BatchRole
from clearline.ui.widgets.delegates import VerdictDelegate
from clearline.ui.widgets.labels import WrappedLabel


class BatchWindow(QDialog):
    """Shows a `BatchModel`."""

    stop_requested = Signal()
    opened = Signal(str)
    """The id of the profile to bring to the front with its report."""
    closed = Signal()
    """It is gone, however: what still runs is to be stopped."""

    def __init__(self, model: BatchModel, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.model = model
        self.setWindowTitle(f"Test of {model.rowCount():,} profiles")
        self.table = QTableView()
        self.table.setModel(model)
        self.table.setAccessibleName("Results by profile")
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setShowGrid(False)
        self.table.setWordWrap(False)
        self.table.verticalHeader().hide()
        self.table.setItemDelegateForColumn(RESULT, VerdictDelegate(self.table))
        head = self.table.horizontalHeader()
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for column, width in enumerate((160, 180, 96, 320, 72)):
            self.table.setColumnWidth(column, width)
        head.setSectionResizeMode(3, QHeaderView.ResizeMode.Stretch)
        self.said = WrappedLabel()
        self.said.setAccessibleName("Summary")
        self.copy = QPushButton("Copy table")
        self.stop = QPushButton("Stop")
        self.stop.setObjectName("primary")
        foot = QHBoxLayout()
        foot.setSpacing(theme.GRID)
        foot.addWidget(self.said, 1)
        foot.addWidget(self.copy)
        foot.addWidget(self.stop)
        column_layout = QVBoxLayout(self)
        column_layout.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)  # some platforms cannot change it
        column_layout.setContentsMargins(16, 16, 16, 12)
        column_layout.setSpacing(12)
        column_layout.addWidget(self.table, 1)
        column_layout.addLayout(foot)
        self.resize(theme.GRID * 120, theme.GRID * 60)
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(model.markdown()))
        self.stop.clicked.connect(self._on_stop)
        self.table.activated.connect(self._open)
        self.table.doubleClicked.connect(self._open)
        self.finished.connect(self.closed)
        model.dataChanged.connect(self._show_summary)
        self._finished = False
        self._show_summary()

    def show_finished(self) -> None:
        """Nothing runs any more: the button closes."""
        self._finished = True
        self.stop.setText("Close")
        self._show_summary()

    def _show_summary(self) -> None:
        self.said.setText(f"{self.model.summary().capitalize()}.")

    def _on_stop(self) -> None:
        if self._finished:
            self.reject()
        else:
            self.stop_requested.emit()

    def _open(self, index: QModelIndex) -> None:
        self.opened.emit(index.data(BatchRole.ID))
