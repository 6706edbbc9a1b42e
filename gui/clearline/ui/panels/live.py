"""Live: overview, pool, topology and events of the connection that is watched, as sub-views of one page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from clearline.ui.look import theme
from clearline.ui.look.icons import LabelledButton
from clearline.ui.widgets.labels import WrappedLabel
from clearline.ui.widgets.lazy_tabs import LazyTabs

if TYPE_CHECKING:
    from clearline.ui.panels.events import EventsPanel


class LivePage(QWidget):
    """The sub-views; without a watch and without events one button that begins to watch."""

    watch_requested = Signal()
    next_step_changed = Signal()
    """Another of its buttons is filled, or none."""

    def __init__(self) -> None:
        super().__init__()
        self.views = LazyTabs("Views of the watch")
        self.views.bar.setObjectName("segments")
        self.views.add_lazy("health", "Overview", _health_page)
        self.views.add_lazy("pool", "Pool", _pool_panel)
        self.views.add_lazy("topology", "Topology", _topology_panel)
        self.views.add_lazy("events", "Events", _events_panel)
        for place, name in enumerate(self.views.names, start=1):
            key = QShortcut(QKeySequence(str(place)), self, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
            key.activated.connect(lambda name=name: self.views.turn_to(name))
        self.views.turned.connect(lambda _name: self.next_step_changed.emit())
        self.views.made.connect(self._on_made)
        row = QHBoxLayout()
        row.setContentsMargins(theme.GRID * 2, theme.GRID, theme.GRID * 2, theme.GRID)
        row.addWidget(self.views.bar)
        row.addStretch(1)
        shown = QWidget()
        column = QVBoxLayout(shown)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row)
        column.addWidget(self.views, 1)
        self.watch = LabelledButton("watch", "Watch", "on_accent")
        self.watch.setObjectName("primary")
        self.watch.clicked.connect(self.watch_requested)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._invitation())
        self._stack.addWidget(shown)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._stack)

    @property
    def events(self) -> EventsPanel:
        """The log of the driver's events, made now if it is not there yet."""
        panel = self.views.get("events")
        from clearline.ui.panels.events import EventsPanel

        assert isinstance(panel, EventsPanel)
        return panel

    def show_live(self, there: bool) -> None:
        """The sub-views, or the invitation to watch."""
        if self._stack.currentIndex() != int(there):
            self._stack.setCurrentIndex(int(there))
            self.next_step_changed.emit()

    @property
    def primary(self) -> QPushButton | None:
        """The filled button, if there is one: Watch, Start of the exercise, or Go on after a pause."""
        if self._stack.currentIndex() == 0:
            return self.watch
        return getattr(self.views.made_widgets().get(self.views.current_name), "primary", None)

    def show_count(self, events: int) -> None:
        """How many events are kept."""
        self.views.set_title("events", f"Events {events:,}" if events else "Events")

    def _on_made(self, name: str, view: QWidget) -> None:
        if name == "health":
            view.next_step_changed.connect(self.next_step_changed)  # type: ignore[attr-defined]

    def _invitation(self) -> QWidget:
        page = QWidget()
        words = WrappedLabel(
            "Watching keeps the connection open and shows its latency, its pool, its servers and every event of the "
            "driver. When it is lost, the cause is found at once.",
            "muted",
        )
        inner = QWidget()
        inner.setMaximumWidth(theme.scaled(theme.GRID * 60))
        column = QVBoxLayout(inner)
        column.setSpacing(theme.GRID * 2)
        column.addWidget(words)
        row = QHBoxLayout()
        row.addWidget(self.watch)
        row.addStretch(1)
        column.addLayout(row)
        outer = QVBoxLayout(page)
        outer.addStretch(1)
        middle = QHBoxLayout()
        middle.addStretch(1)
        middle.addWidget(inner, 4)
        middle.addStretch(1)
        outer.addLayout(middle)
        outer.addStretch(2)
        return page


def _topology_panel() -> QWidget:
    from clearline.ui.panels.topology import TopologyPanel

    return TopologyPanel()


def _pool_panel() -> QWidget:
    from clearline.ui.panels.pool import PoolPanel

    return PoolPanel()


def _health_page() -> QWidget:
    from clearline.ui.panels.health_page import HealthPage

    return HealthPage()


def _events_panel() -> QWidget:
    from clearline.ui.panels.events import EventsPanel

    return EventsPanel()
