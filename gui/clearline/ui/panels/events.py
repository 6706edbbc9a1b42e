"""The live log of driver events: follow, filter, pause, mark, copy, save; details of the selected one beside it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QSizePolicy,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from clearline.core.files.drives import FOLDER_S, asked
from clearline.ui.background.background import Background
from clearline.ui.look import theme
from clearline.ui.look.event_kinds import KINDS, kind_colour, kind_icon
from clearline.ui.look.icons import IconButton, icon
from clearline.ui.models.connection_life import life_of
from clearline.ui.models.driver_events import DriverEventsModel
from clearline.ui.models.event_files import write_events
from clearline.ui.models.event_ring import EventFilter
from clearline.ui.panels.event_detail import EventDetail
from clearline.ui.panels.event_log import EventLog
from clearline.ui.widgets.labels import ElidedLabel

_MOST_LISTED = 500
_FORMATS = "JSON Lines (*.jsonl);;CSV (*.csv)"
_PAUSE = "Pause: keep what is shown, events are kept for later"


class _LateChoice(QComboBox):
    """A list that is asked for when it is opened."""

    def __init__(self, name: str, everything: str, values: Callable[[], list[tuple[str, object]]]) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(len(everything))
        self._values = values
        self.addItem(everything, None)

    def showPopup(self) -> None:
        """List what there is now."""
        self._fill()
        super().showPopup()

    def focusInEvent(self, event: object) -> None:
        """The keyboard chooses without opening it."""
        self._fill()
        super().focusInEvent(event)  # type: ignore[arg-type]

    def choose(self, text: str, value: object) -> None:
        """Select a value, listed or not; None is everything."""
        place = 0 if value is None else self.findData(value)
        if place < 0:
            self.addItem(text, value)
            place = self.count() - 1
        self.setCurrentIndex(place)

    def _fill(self) -> None:
        chosen, words = self.currentData(), self.currentText()
        self.blockSignals(True)
        while self.count() > 1:
            self.removeItem(self.count() - 1)
        for text, value in self._values():
            self.addItem(text, value)
        self.choose(words, chosen)
        self.blockSignals(False)


_NO_LOG = "all but the log"
_DROPPED = "The oldest went to make room. While a pool is exercised, only failures and what changes of servers is kept."


class EventsPanel(QWidget):
    """A view of the events of one profile; it follows the newest until the user scrolls away."""

    save_failed = Signal(str)
    saved = Signal(str)
    """What was written where, in words."""
    paused_changed = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self._model = DriverEventsModel()
        self._background: Background | None = None
        self._follows = True
        self._scrolling = False
        self.table = EventLog()
        self.detail = EventDetail()
        self.detail.hide()

        self.kind = QComboBox()
        self.kind.setAccessibleName("Show events of one kind")
        self.kind.addItem("all events", _NO_LOG)  # the driver's log tells most of them a second time
        self.kind.addItem("events and log", "")
        for kind in KINDS:
            self.kind.addItem(icon(kind_icon(kind), kind_colour(kind)), kind, kind)
        self.server = _LateChoice(
            "Show events of one server", "all servers", lambda: [(s, s) for s in self._model.servers()]
        )
        self.connection = _LateChoice("Show events of one connection", "all connections", self._connections)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Filter")
        self.search.setAccessibleName("Filter events by text")
        self.search.setClearButtonEnabled(True)
        self.search.setMinimumWidth(theme.scaled(theme.GRID * 8))
        self.search.setMaximumWidth(theme.scaled(220))
        self.failures = IconButton("failed", "Only failures", checkable=True)
        self.marked = IconButton(
            "bookmark", "Only bookmarked events (B marks a row, N goes to the next)", checkable=True
        )
        self.counts = ElidedLabel("muted")
        self.counts.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        self.follow = IconButton("follow", "Follow the newest event", checkable=True)
        self.follow.setChecked(True)
        self.pause = IconButton("pause", _PAUSE, checkable=True)
        self.copy = IconButton("copy", "Copy the selected rows")
        self.clear = IconButton("clear", "Clear the log")
        self.save = IconButton("save", "Save the shown events as JSON Lines or CSV")
        self._lay_out()
        self._connect()
        self.show_model(self._model)

    def _lay_out(self) -> None:
        bar = QHBoxLayout()
        bar.setContentsMargins(theme.GRID * 2, 6, theme.GRID * 2, 6)
        bar.setSpacing(theme.GRID // 2)
        for widget in (self.kind, self.server, self.connection):
            bar.addWidget(widget)
        bar.addWidget(self.search, 1)
        for button in (self.failures, self.marked):
            bar.addWidget(button)
        bar.addStretch(1)
        bar.addWidget(self.counts)
        bar.addSpacing(theme.GRID // 2)
        for button in (self.follow, self.pause, self.copy, self.clear, self.save):
            bar.addWidget(button)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setHandleWidth(1)
        split.setChildrenCollapsible(False)
        split.addWidget(self.table)
        split.addWidget(self.detail)
        split.setStretchFactor(0, 1)
        split.setSizes([800, 330])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(bar)
        column.addWidget(split, 1)

    def _connect(self) -> None:
        self.kind.currentIndexChanged.connect(self._filter)
        self.server.currentIndexChanged.connect(self._filter)
        self.connection.currentIndexChanged.connect(self._filter)
        self.search.textChanged.connect(self._filter)
        self.failures.toggled.connect(self._filter)
        self.marked.toggled.connect(self._filter)
        self.follow.toggled.connect(self._on_follow)
        self.pause.toggled.connect(self._on_pause)
        self.copy.clicked.connect(self.table.copy_rows)
        self.clear.clicked.connect(lambda: self._model.clear())
        self.save.clicked.connect(self._ask_where)
        self.table.bookmark_requested.connect(lambda row: self._model.toggle_bookmark(row))
        self.table.next_bookmark_requested.connect(self._go_to_next_bookmark)
        self.table.connection_clicked.connect(self._on_connection_clicked)
        self._add_actions()
        self.detail.life_requested.connect(self.show_life)
        self.detail.only_requested.connect(self.show_only)
        self.detail.closed.connect(self._close_detail)
        bar_of_rows = self.table.verticalScrollBar()
        bar_of_rows.valueChanged.connect(self._on_scrolled)
        bar_of_rows.rangeChanged.connect(self._keep_at_end)
        self._model.counts_changed.connect(self._show_counts)

    @property
    def model(self) -> DriverEventsModel:
        """What it shows."""
        return self._model

    def use(self, background: Background) -> None:
        """Files are written there instead of in the GUI thread."""
        self._background = background

    def show_model(self, model: DriverEventsModel) -> None:
        """Show the events of another profile, through the same filter."""
        if self.table.model() is model:
            return  # Qt would keep its selection, which goes with the model that was shown before
        self._model.counts_changed.disconnect(self._show_counts)
        self._model = model
        self.table.show_events(model)
        self.table.selectionModel().currentRowChanged.connect(self._on_current)
        self.detail.hide()
        model.counts_changed.connect(self._show_counts)
        self.pause.setChecked(model.paused)
        for choice in (self.server, self.connection):
            choice.choose("", None)
        self._filter()
        self._show_counts()

    def show_only(self, server: str, connection_id: int | None = None) -> None:
        """Show the events of one server, or of one of its connections."""
        self.server.choose(server, server)
        value = None if connection_id is None else (server, connection_id)
        self.connection.choose(str(connection_id), value)

    def show_life(self, server: str, connection_id: int, at_s: float) -> None:
        """Show the life line of the connection that had this number at that time, beside the log."""
        events = self._model.of_connection(server, connection_id)
        self.detail.show_life(life_of(server, connection_id, events, at_s=at_s, now_s=self._model.latest_s))

    def _connections(self) -> list[tuple[str, object]]:
        server = self.server.currentData()
        if server is None:
            return []  # a number means nothing without its server
        return [(f"connection {number}", (server, number)) for number in self._model.connections(server)[:_MOST_LISTED]]

    def _filter(self) -> None:
        server, connection = self.server.currentData(), self.connection.currentData()
        if connection is not None and connection[0] != server:
            self.connection.setCurrentIndex(0)  # comes back here
            return
        self.connection.setEnabled(server is not None)
        self.connection.setToolTip("" if server is not None else "Choose a server first.")
        kind = self.kind.currentData() or ""
        wanted = EventFilter(
            kind="" if kind == _NO_LOG else kind,
            without="log" if kind == _NO_LOG else "",
            server=server or "",
            connection_id=None if connection is None else connection[1],
            text=self.search.text(),
            failed=self.failures.isChecked(),
        )
        current = self._model.number_at(row) if (row := self.table.currentIndex().row()) >= 0 else None
        self._model.show_only(wanted, bookmarked=self.marked.isChecked())
        if self._follows:
            self._scroll_to_end()
        elif current is not None and (row := self._model.row_of(current)) >= 0:
            self.table.setCurrentIndex(self._model.index(row, 0))

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
        self.pause.show_as("resume" if paused else "pause", "Show what came meanwhile" if paused else _PAUSE)
        self.paused_changed.emit(paused)

    def _on_current(self, current: QModelIndex) -> None:
        if not current.isValid():
            return
        event = self._model.event_at(current.row())
        others = (
            ()
            if event.request_id is None
            else tuple(other for other in self._model.of_request(event.request_id) if other.name != event.name)
        )
        self.detail.show_event(event, began=self._model.began, others=others)
        self.detail.show()

    def _on_connection_clicked(self, row: int) -> None:
        event = self._model.event_at(row)
        if event.server is not None and event.connection_id is not None:
            self.show_life(event.server, event.connection_id, event.at_s)

    def _close_detail(self) -> None:
        self.detail.hide()
        self.table.setFocus()

    def _go_to_next_bookmark(self) -> None:
        row = self.table.currentIndex().row()
        here = self._model.number_at(row) if row >= 0 else -1
        marks = self._model.bookmarks
        for number in [n for n in marks if n > here] + marks:
            if (found := self._model.row_of(number)) >= 0:
                self.follow.setChecked(False)
                self.table.selectRow(found)
                self.table.scrollTo(self._model.index(found, 0))
                return

    def _add_actions(self) -> None:
        def of_current(act: Callable[[int], object]) -> None:
            if (row := self.table.currentIndex().row()) >= 0:
                act(row)

        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        for text, act in (
            ("Copy rows", lambda _row: self.table.copy_rows()),
            ("Bookmark", lambda row: self._model.toggle_bookmark(row)),
            ("Life line of the connection", self._on_connection_clicked),
            ("Only this connection", lambda row: self._only(row, connection=True)),
            ("Only this server", lambda row: self._only(row, connection=False)),
        ):
            action = QAction(text, self.table)
            action.triggered.connect(lambda _checked=False, act=act: of_current(act))
            self.table.addAction(action)

    def _only(self, row: int, *, connection: bool) -> None:
        event = self._model.event_at(row)
        if event.server is not None:
            self.show_only(event.server, event.connection_id if connection else None)

    def _show_counts(self) -> None:
        model = self._model
        shown, kept = model.rowCount(), model.kept
        words = [f"{shown:,} of {kept:,} events" if shown != kept else f"{kept:,} events"]
        if model.held:
            words.append(f"{model.held:,} waiting")
        if model.dropped:
            words.append(f"{model.dropped:,} dropped")
        self.counts.setText(" · ".join(words))
        if model.dropped:
            self.counts.setToolTip(f"{self.counts.text()}\n{_DROPPED}")

    def _ask_where(self) -> None:
        dialog = QFileDialog(self, "Save events", "driver-events.jsonl", _FORMATS)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("jsonl")
        dialog.filterSelected.connect(lambda chosen: dialog.setDefaultSuffix("csv" if "csv" in chosen else "jsonl"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda name: self.save_shown(Path(name)))
        dialog.open()

    def save_shown(self, path: Path) -> None:
        """Write the shown events; `saved` or `save_failed` tells how it went."""
        if self._background is None:
            return
        write = partial(write_events, path, self._model.shown_elsewhere())
        self._background.ask(
            lambda: asked(path, write, limit_s=FOLDER_S),
            lambda count: self.saved.emit(f"{count:,} events saved to {path.name}."),
            lambda error: self.save_failed.emit(f"The events could not be saved to {path}: {_why(error)}."),
        )


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
