"""The topology of a watched deployment: a picture, every server's facts, and the diary of what changed."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from clearline.core.watch.state import WatchState
from clearline.core.watch.topology import TopologySnapshot
from clearline.ui.look import theme
from clearline.ui.models.servers_live import ChangesModel, ServersLiveModel
from clearline.ui.panels.deployment_picture import DeploymentPicture
from clearline.ui.widgets.labels import WrappedLabel
from clearline.ui.widgets.live_table import LiveTable

_KINDS = {
    "Unknown": "not known yet",
    "Single": "one server",
    "ReplicaSetWithPrimary": "replica set with a primary",
    "ReplicaSetNoPrimary": "replica set without a primary",
    "Sharded": "sharded cluster",
    "LoadBalanced": "behind a load balancer",
}
_PICTURE: Final = theme.GRID * 42
"""The width of the picture beside the table."""
_WIDE: Final = theme.GRID * 130
_HIGH: Final = theme.GRID * 50
_NO_WATCH = "No watch runs. Press Watch to see the topology live."


class TopologyPanel(QWidget):
    """Shows the topology of a `WatchState`."""

    def __init__(self) -> None:
        super().__init__()
        self.servers = ServersLiveModel()
        self.changes = ChangesModel()
        self.picture = DeploymentPicture()
        self.heading = WrappedLabel(_NO_WATCH)
        self.heading.setAccessibleName("The deployment")
        self.heading.setContentsMargins(theme.GRID * 2, theme.GRID, theme.GRID, theme.GRID // 2)
        self.table = LiveTable("Servers of the deployment")
        self.table.show_model(self.servers)
        self.diary = LiveTable("Changes of the topology, the newest first", header=False)
        self.diary.show_model(self.changes)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.heading)
        column.addWidget(self.picture, 1)
        right = QSplitter(Qt.Orientation.Vertical)
        right.setHandleWidth(1)
        right.setChildrenCollapsible(False)
        right.addWidget(self.table)
        right.addWidget(self.diary)
        right.setStretchFactor(0, 1)
        right.setStretchFactor(1, 1)
        self._split = split = QSplitter(Qt.Orientation.Horizontal)
        split.setHandleWidth(1)
        split.setChildrenCollapsible(False)
        split.addWidget(left)
        split.addWidget(right)
        split.setStretchFactor(1, 1)
        self._by_user = False
        split.splitterMoved.connect(self._on_moved)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(split)

    def _on_moved(self) -> None:
        self._by_user = True

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The picture stands above the table where both have more room that way."""
        super().resizeEvent(event)
        above = event.size().width() < theme.scaled(_WIDE) and event.size().height() >= _HIGH
        wanted = Qt.Orientation.Vertical if above else Qt.Orientation.Horizontal
        turned = self._split.orientation() is not wanted
        if turned:
            self._split.setOrientation(wanted)
        if turned or not self._by_user:
            whole = event.size().height() if above else event.size().width()
            picture = whole * 2 // 5 if above else min(_PICTURE, whole * 2 // 5)
            self._split.setSizes([picture, whole - picture])

    def show_state(self, state: WatchState | None, *, watching: bool) -> None:
        """Show another state; None before the first one came."""
        topology = state.topology if state is not None else TopologySnapshot()
        now_s = state.at_s if state is not None else 0.0
        self.heading.setText(_heading(topology) if state is not None else "" if watching else _NO_WATCH)
        self.picture.show_topology(topology, now_s)
        self.servers.show_at(topology.servers, now_s)
        sets = {server.set_name or "" for server in topology.servers if server.known}
        telling = {"tags": any(server.tags for server in topology.servers), "set": len(sets) > 1}
        for place, column in enumerate(self.servers.columns):
            hidden = not telling.get(column.title, True)
            if self.table.isColumnHidden(place) is not hidden:
                self.table.setColumnHidden(place, hidden)
        self.changes.show_changes(topology.changes)


def _heading(topology: TopologySnapshot) -> str:
    kind = _KINDS.get(topology.kind, topology.kind)
    parts = [f"{kind[:1].upper()}{kind[1:]}"]
    if topology.set_name:
        parts.append(topology.set_name)
    known = sum(server.known for server in topology.servers)
    parts.append(f"{known} of {len(topology.servers)} servers answer")
    return " · ".join(parts)
