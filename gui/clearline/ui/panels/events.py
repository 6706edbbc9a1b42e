"""The live log of driver events: follow, filter, pause, clear, save."""

from __future__ import annotations

from pathlib import Path

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from clearline.ui import theme
from clearline.ui.icons import IconButton
from clearline.ui.models.driver_events import DriverEventsModel
from clearline.ui.panels.delegates import EventDelegate

_KINDS = ("", "pool", "connection", "command", "server", "topology", "heartbeat", "log")
_WIDTHS = (96, 100, 228, 184, 48, 80)


class EventsPanel(QWidget):
    """A view of the events of one profile; it follows the newest until the user scrolls away."""

    save_failed = Signal(str)
    paused_changed = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self._model = DriverEventsModel()
        self._follows = True
        self._scrolling = False
        self.table = QTableView()
        self.table.setItemDelegate(EventDelegate(self.table))
        self.table.setAccessibleName("Driver events")
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setShowGrid(False)
        self.table.setWordWrap(False)
        self.table.setMouseTracking(True)
        self.table.setTabKeyNavigation(False)
        rows = self.table.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(QFontMetrics(theme.mono_font()).height() + 6)
        columns = self.table.horizontalHeader()
        columns.setHighlightSections(False)
        columns.setStretchLastSection(True)
        columns.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)

        self.kind = QComboBox()
        self.kind.setAccessibleName("Show events of one kind")
        for kind in _KINDS:
            self.kind.addItem(kind or "all kinds", kind)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Filter")
        self.search.setAccessibleName("Filter events by text")
        self.search.setClearButtonEnabled(True)
        self.search.setMaximumWidth(260)
        self.counts = QLabel()
        self.counts.setProperty("role", "muted")
        self.follow = IconButton("follow", "Follow the newest event", checkable=True)
        self.follow.setChecked(True)
        self.pause = IconButton("pause", "Pause: keep what is shown, events are kept for later", checkable=True)
        self.clear = IconButton("clear", "Clear the log")
        self.save = IconButton("save", "Save the shown events as JSON Lines")
        bar = QHBoxLayout()
        bar.setContentsMargins(theme.GRID, 6, theme.GRID, 6)
        bar.setSpacing(theme.GRID // 2)
        for widget in (self.kind, self.search):
            bar.addWidget(widget)
        bar.addStretch(1)
        bar.addWidget(self.counts)
        bar.addSpacing(theme.GRID)
        for button in (self.follow, self.pause, self.clear, self.save):
            bar.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(bar)
        column.addWidget(self.table, 1)

        self.kind.currentIndexChanged.connect(self._filter)
        self.search.textChanged.connect(self._filter)
        self.follow.toggled.connect(self._on_follow)
        self.pause.toggled.connect(self._on_pause)
        self.clear.clicked.connect(lambda: self._model.clear())
        self.save.clicked.connect(self._ask_where)
        bar_of_rows = self.table.verticalScrollBar()
        bar_of_rows.valueChanged.connect(self._on_scrolled)
        bar_of_rows.rangeChanged.connect(self._keep_at_end)
        self._model.counts_changed.connect(self._show_counts)
        self.show_model(self._model)

    @property
    def model(self) -> DriverEventsModel:
        """What it shows."""
        return self._model

    def show_model(self, model: DriverEventsModel) -> None:
        """Show the events of another profile, through the same filter."""
        self._model.counts_changed.disconnect(self._show_counts)
        self._model = model
        selection = self.table.selectionModel()
        self.table.setModel(model)
        if selection is not None:
            selection.deleteLater()
        for column, width in enumerate(_WIDTHS):
            self.table.setColumnWidth(column, width)
        model.counts_changed.connect(self._show_counts)
        self.pause.setChecked(model.paused)
        self._filter()
        self._show_counts()

    def write_shown(self, path: Path) -> None:
        """Write the shown events, one JSON object a line. Raises OSError."""
        encode = msgspec.json.encode
        with path.open("wb") as file:
            for event in self._model.shown():
                file.write(encode(event) + b"\n")

    def _filter(self) -> None:
        self._model.show_only(self.kind.currentData() or "", self.search.text())

    def _on_follow(self, follows: bool) -> None:
        self._follows = follows
        if follows:
            self._scroll_to_end()

    def _on_scrolled(self, value: int) -> None:
        if not self._scrolling:  # the user did it
            self.follow.setChecked(value >= self.table.verticalScrollBar().maximum())

    def _keep_at_end(self, _first: int, _last: int) -> None:
        if self._follows:
            self._scroll_to_end()

    def _scroll_to_end(self) -> None:
        bar = self.table.verticalScrollBar()
        self._scrolling = True
        bar.setValue(bar.maximum())
        self._scrolling = False

    def _on_pause(self, paused: bool) -> None:
        self._model.set_paused(paused)
        self.pause.show_as(
            "resume" if paused else "pause",
            "Show what came meanwhile" if paused else "Pause: keep what is shown, events are kept for later",
        )

    def _show_counts(self) -> None:
        model = self._model
        shown, kept = model.rowCount(), model.kept
        words = [f"{shown:,} of {kept:,} events" if shown != kept else f"{kept:,} events"]
        if model.held:
            words.append(f"{model.held:,} waiting")
        if model.dropped:
            words.append(f"{model.dropped:,} dropped")
        self.counts.setText(" · ".join(words))

    def _ask_where(self) -> None:
        dialog = QFileDialog(self, "Save events", "driver-events.jsonl", "JSON Lines (*.jsonl)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("jsonl")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._save)
        dialog.open()

    def _save(self, name: str) -> None:
        try:
            self.write_shown(Path(name))
        except OSError as error:
            self.save_failed.emit(f"The events could not be saved to {name}: {error.strerror}.")
