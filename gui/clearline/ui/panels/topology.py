"""The topology of a watched deployment: a picture, every server's facts, and the diary of what changed."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QSplitter, QVBoxLayout, QWidget

from clearline.core.watch.state import WatchState
from clearline.core.watch.topology import TopologySnapshot
from clearline.ui.look import theme
from clearline.ui.models.servers_live import ChangesModel, ServersLiveModel
from clearline.ui.panels.deployment_picture import DeploymentPicture
from clearline.ui.widgets.live_table import LiveTable

_KINDS = {
    "Unknown": "not known yet",
    "Single": "one server",
    "ReplicaSetWithPrimary": "replica set with a primary",
    "ReplicaSetNoPrimary": "replica set without a primary",
    "Sharded": "sharded cluster",
    "LoadBalanced": "behind a load balancer",
}
_NO_WATCH = "No watch runs. Press Watch to see the topology live."


class TopologyPanel(QWidget):
    """Shows the topology of a `WatchState`."""

    def __init__(self) -> None:
        super().__init__()
        self.servers = ServersLiveModel()
        self.changes = ChangesModel()
        self.picture = DeploymentPicture()
        self.heading = QLabel(_NO_WATCH)
        self.heading.setTextFormat(Qt.TextFormat.PlainText)
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
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setHandleWidth(1)
        split.setChildrenCollapsible(False)
        split.addWidget(left)
        split.addWidget(right)
        split.setStretchFactor(1, 1)
        split.setSizes([380, 720])
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(split)

    def show_state(self, state: WatchState | None, *, watching: bool) -> None:
        """Show another state; None before the first one came."""
        topology = state.topology if state is not None else TopologySnapshot()
        now_s = state.at_s if state is not None else 0.0
        self.heading.setText(_heading(topology) if state is not None else "" if watching else _NO_WATCH)
        self.picture.show_topology(topology, now_s)
        self.servers.show_at(topology.servers, now_s)
        self.changes.show_changes(topology.changes)


def _heading(topology: TopologySnapshot) -> str:
    kind = _KINDS.get(topology.kind, topology.kind)
    parts = [f"{kind[:1].upper()}{kind[1:]}"]
    if topology.set_name:
        parts.append(topology.set_name)
    known = sum(server.known for server in topology.servers)
    parts.append(f"{known} of {len(topology.servers)} servers answer")
    return " · ".join(parts)
