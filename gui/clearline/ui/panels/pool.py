"""The connection pools of a watched deployment: numbers per server, and the last minutes as a chart."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSplitter, QVBoxLayout, QWidget

from clearline.core.watch.pool import PoolLimits, PoolSample
from clearline.core.watch.state import WatchState
from clearline.ui.look import theme
from clearline.ui.look.icons import IconButton, LabelledButton
from clearline.ui.models.live_rows import VALUE
from clearline.ui.models.pools import PoolsModel
from clearline.ui.panels.exercise import ExerciseForm
from clearline.ui.widgets.chart import Chart
from clearline.ui.widgets.chart_data import Curve, Limit, Picture
from clearline.ui.widgets.editors import Choice
from clearline.ui.widgets.labels import WrappedLabel
from clearline.ui.widgets.live_table import LiveTable

REACHES = (("1 minute", 60.0), ("5 minutes", 300.0), ("15 minutes", 900.0))
_NO_WATCH = "No watch runs. Press Watch to keep a connection open and see its pool."


class PoolPanel(QWidget):
    """Shows the pools of a `WatchState`."""

    exercise_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._state: WatchState | None = None
        self._reach_s = REACHES[0][1]
        self.model = PoolsModel()
        self.table = LiveTable("Connection pools")
        self.table.show_model(self.model)
        self.chart = Chart("Connections of the pool over time")
        self.exercise = LabelledButton("test", "Exercise the pool…")
        self.exercise.setToolTip("Many workers at once over this connection; it never writes")
        self.form = ExerciseForm()
        self.said = WrappedLabel(role="muted")
        self.said.setMaximumHeight(QFontMetrics(theme.body_font()).lineSpacing() * 2 + 2)
        self.said.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.reach = Choice("How much of the past the chart shows", REACHES)
        self.reach.chosen.connect(self._on_reach)
        latest = IconButton("follow", "Show the latest")
        latest.clicked.connect(self.chart.reset)
        save = IconButton("save", "Save the chart as PNG")
        save.clicked.connect(self.chart.ask_where)
        bar = QHBoxLayout()
        bar.setContentsMargins(theme.GRID * 2, 6, theme.GRID * 2, 6)
        bar.setSpacing(theme.GRID)
        bar.addWidget(self.exercise)
        bar.addWidget(self.said, 1, Qt.AlignmentFlag.AlignVCenter)
        for widget in (self.reach, latest, save):
            bar.addWidget(widget)
        split = QSplitter(Qt.Orientation.Vertical)
        split.setHandleWidth(1)
        split.setChildrenCollapsible(False)
        split.addWidget(self.table)
        split.addWidget(self.chart)
        split.setStretchFactor(1, 1)
        split.setSizes([112, 220])
        self.table.setMinimumHeight(theme.GRID * 8)
        self._nothing = QLabel(_NO_WATCH)
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._nothing.setProperty("role", "muted")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(bar)
        column.addWidget(self.form)
        column.addWidget(split, 1)
        self.exercise.clicked.connect(self.exercise_requested)
        self.table.selectionModel().currentRowChanged.connect(lambda *_: self._draw())
        self.show_state(None, watching=False)

    def show_state(self, state: WatchState | None, *, watching: bool) -> None:
        """Show another state; None before the first one came."""
        self._state = state
        self.exercise.setEnabled(watching and state is not None and state.paused is None)
        self.model.show(state.pools if state is not None else ())
        if self.model.rowCount() and not self.table.currentIndex().isValid():
            self.table.selectRow(self._busiest())
        said = _said(state, told=not self.form.isHidden()) if watching else _NO_WATCH
        self.said.setText(said)
        self.said.setToolTip(said)  # the whole of it where the line is too short
        self._draw()

    @property
    def primary(self) -> QPushButton | None:
        """The filled button, while the form of the exercise is open."""
        return None if self.form.isHidden() else self.form.start

    @property
    def server(self) -> str | None:
        """The server whose pool the chart shows."""
        pool = self.table.currentIndex().data(VALUE)
        return pool.server if pool is not None else None

    def _busiest(self) -> int:
        rows = self.model.rows
        return max(range(len(rows)), key=lambda n: (rows[n].made, rows[n].check_outs))

    def _on_reach(self, reach: object) -> None:
        assert isinstance(reach, float)
        self._reach_s = reach
        self.chart.reset()
        self._draw()

    def _draw(self) -> None:
        state, server = self._state, self.server
        if state is None or server is None:
            self.chart.show_picture(Picture(title="Connections", empty="No connection was made yet."))
            return
        limits = next((pool.limits for pool in state.pools if pool.server == server), PoolLimits())
        self.chart.show_picture(
            pool_picture(server, state.series.get(server, ()), limits, state.started, state.at_s, self._reach_s)
        )


def pool_picture(
    server: str, samples: tuple[PoolSample, ...], limits: PoolLimits, started: float, at_s: float, reach_s: float
) -> Picture:
    """The chart of one pool."""
    xs = [started + sample.at_s for sample in samples]
    levels = [Limit("minPoolSize", limits.min_pool_size)] if limits.min_pool_size else []
    if limits.max_pool_size is not None:
        levels.append(Limit("maxPoolSize", limits.max_pool_size, "warning"))
    return Picture(
        title=f"Connections to {server}",
        curves=(
            Curve("idle", "muted", xs, [sample.idle for sample in samples], steps=True, dashed=True),
            Curve("in use", "accent", xs, [sample.in_use for sample in samples], steps=True, filled=True),
            Curve("waiting", "warning", xs, [sample.waiting for sample in samples], steps=True),
        ),
        limits=tuple(levels),
        now=started + at_s,
        reach_s=reach_s,
        empty="No connection was made yet.",
        whole=True,
    )


def _said(state: WatchState | None, *, told: bool) -> str:
    """What the latest exercise found, unless its open form has ``told`` it; else how many connections there are."""
    if state is None:
        return "The first connection is being made."
    if state.exercise is not None and state.exercise.finished and not told:
        return state.exercise.sentence
    size = sum(pool.size for pool in state.pools)
    servers = len(state.pools)
    connections = f"{size:,} connection{'s' if size != 1 else ''}"
    return f"{connections} to {servers} server{'s' if servers != 1 else ''}." if servers else ""
