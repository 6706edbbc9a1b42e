"""Everything about one driver event: its fields, its command's other half, its connection's life."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from html import escape

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from clearline.core.driver.events import DriverEvent
from clearline.ui.look import theme
from clearline.ui.look.event_kinds import kind_icon
from clearline.ui.look.icons import IconButton
from clearline.ui.models.connection_life import LifeLine
from clearline.ui.models.event_columns import time_text
from clearline.ui.widgets.evidence import as_html
from clearline.ui.widgets.labels import WrappedLabel
from clearline.ui.widgets.life_line import LifeLineView
from clearline.ui.widgets.marks import StatusIcon
from clearline.ui.widgets.rich_text import RichText


class EventDetail(QWidget):
    """Shows one event."""

    life_requested = Signal(str, int, float)
    """Server, connection id, and a time at which it had that id."""
    only_requested = Signal(str, object)
    """Show only the events of a server, and of a connection id unless that is None."""
    closed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._event: DriverEvent | None = None
        self._icon = StatusIcon()
        self.heading = QLabel()
        self.heading.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        theme.write_in(self.heading, theme.Face.MONO)
        self.life = IconButton("watch", "Life line: when this connection was made, used and closed")
        self.only_connection = IconButton("kind-connection", "Show only this connection")
        self.only_server = IconButton("kind-server", "Show only this server")
        close = IconButton("cancelled", "Close the details")
        close.clicked.connect(self.closed)
        head = QHBoxLayout()
        head.setSpacing(2)
        head.addWidget(self._icon)
        head.addSpacing(theme.GRID // 2)
        head.addWidget(self.heading, 1)
        for button in (self.life, self.only_connection, self.only_server, close):
            head.addWidget(button)
        self.page = RichText("Details of the event")
        self.page.document().setDocumentMargin(0)
        self._life_title = WrappedLabel()
        self.line = LifeLineView()
        column = QVBoxLayout(self)
        column.setContentsMargins(12, theme.GRID // 2, theme.GRID, theme.GRID)
        column.setSpacing(theme.GRID // 2)
        column.addLayout(head)
        column.addWidget(self.page, 1)
        column.addWidget(self._life_title)
        column.addWidget(self.line)
        self.setMinimumWidth(theme.GRID * 30)
        self.life.clicked.connect(self._ask_for_life)
        self.only_connection.clicked.connect(lambda: self._only(connection=True))
        self.only_server.clicked.connect(lambda: self._only(connection=False))

    def show_event(
        self, event: DriverEvent, *, began: float | None = None, others: tuple[DriverEvent, ...] = ()
    ) -> None:
        """Show an event; ``began`` is the epoch from which its time counts, ``others`` belong to the same command."""
        same_connection = self._event is not None and (
            (self._event.server, self._event.connection_id) == (event.server, event.connection_id)
        )
        self._event = event
        self._icon.show_icon("failed" if event.failed else kind_icon(event.kind), "failed" if event.failed else "muted")
        self.heading.setText(event.name)
        self.page.show_page(partial(_page, event, began, others))
        connected = event.connection_id is not None and event.server is not None
        self.life.setVisible(connected)
        self.only_connection.setVisible(connected)
        self.only_server.setVisible(event.server is not None)
        if not same_connection:
            self._life_title.hide()
            self.line.hide()

    def show_life(self, life: LifeLine) -> None:
        """Show the life of a connection below the event."""
        self._life_title.setText(f"Connection {life.connection_id} to {life.server}: {life.sentence}.")
        self._life_title.show()
        self.line.show_life(life)
        self.line.show()

    def _ask_for_life(self) -> None:
        if self._event and self._event.server is not None and self._event.connection_id is not None:
            self.life_requested.emit(self._event.server, self._event.connection_id, self._event.at_s)

    def _only(self, *, connection: bool) -> None:
        if self._event and self._event.server is not None:
            self.only_requested.emit(self._event.server, self._event.connection_id if connection else None)


def _page(event: DriverEvent, began: float | None, others: tuple[DriverEvent, ...]) -> str:
    clock = datetime.fromtimestamp(began + event.at_s).strftime("%H:%M:%S.%f")[:-3] if began is not None else None
    facts = {
        "says": event.text or None,
        "result": "failed" if event.failed else None,
        "reason": event.reason,
        "since start": time_text(event.at_s),
        "at": clock,
        "took": None if event.duration_ms is None else f"{event.duration_ms:,.3f} ms",
        "kind": event.kind,
        "server": event.server,
        "connection": event.connection_id,
        "command": event.command,
        "request": event.request_id,
        "error code": event.code,
        "type now": event.role,
    }
    html = as_html({name: value for name, value in facts.items() if value is not None})
    for other in others:
        gap = (other.at_s - event.at_s) * 1000
        html += (
            f'<p style="color:{theme.colours().muted}; margin-top:8px">{escape(other.name)} '
            f"{abs(gap):,.1f} ms {'later' if gap >= 0 else 'earlier'}: {escape(other.text)}</p>"
        )
    return html
