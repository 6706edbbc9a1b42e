"""A watched deployment at a glance: its state and the rule behind it, all lanes over one axis of time, what changed."""

from __future__ import annotations

from functools import partial
from html import escape

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSplitter, QVBoxLayout, QWidget

from clearline.core.watch.health import RULES, HealthSnapshot, HealthState
from clearline.core.watch.state import WatchState
from clearline.ui.look import theme
from clearline.ui.look.icons import IconButton, LabelledButton
from clearline.ui.look.short_names import shorten
from clearline.ui.models.live_rows import VALUE
from clearline.ui.models.outages import Notice, NoticesModel, clock_text, lasted_text, notices_of, share_text
from clearline.ui.models.pools import reasons
from clearline.ui.models.servers_live import role_word
from clearline.ui.panels.watch_lanes import busiest, score_of
from clearline.ui.widgets.editors import Choice, SecretEntry, put_into, scroll_area
from clearline.ui.widgets.labels import WrappedLabel, section
from clearline.ui.widgets.lanes import Lanes
from clearline.ui.widgets.live_table import LiveTable
from clearline.ui.widgets.marks import StatusIcon
from clearline.ui.widgets.rich_text import FittedText

INTERVALS: tuple[tuple[str, object], ...] = (
    ("every second", 1.0),
    ("every 2 s", 2.0),
    ("every 5 s", 5.0),
    ("every 10 s", 10.0),
    ("every 30 s", 30.0),
    ("every minute", 60.0),
    ("every 5 minutes", 300.0),
)
REACHES: tuple[tuple[str, object], ...] = (
    ("5 minutes", 300.0),
    ("30 minutes", 1800.0),
    ("2 hours", 7200.0),
    ("10 hours", 36_000.0),
)
STATE_ICONS = {
    HealthState.UNKNOWN: ("waiting", "muted"),
    HealthState.CHECKING: ("running", "accent"),
    HealthState.HEALTHY: ("passed", "passed"),
    HealthState.DEGRADED: ("warning", "warning"),
    HealthState.DOWN: ("failed", "failed"),
    HealthState.PAUSED: ("pause", "warning"),
}
_MOST_MEMBERS = 7
_NO_WATCH = "No watch runs. Press Watch to keep the connection open and see how it is."


class HealthPage(QWidget):
    """Shows the health of a `WatchState`."""

    interval_chosen = Signal(object)
    """Seconds."""
    ping_requested = Signal()
    report_requested = Signal(object)
    """The `Report` that explains an outage."""
    exercise_requested = Signal()
    resume_requested = Signal(object)
    """The new password as a `Secret`, or None to try the old one again."""
    next_step_changed = Signal()
    """*Go on* is the next step now, or no longer."""

    def __init__(self) -> None:
        super().__init__()
        self._state: WatchState | None = None
        self._reach_s = 300.0
        self._icon = StatusIcon()
        self.word = QLabel()
        theme.write_in(self.word, theme.Face.STRONG)
        self.why = WrappedLabel()
        self.numbers = WrappedLabel(role="muted")
        self.interval = Choice("How often it is asked", INTERVALS)
        self.interval.chosen.connect(self.interval_chosen)
        ping = IconButton("test", "Ask now")
        ping.clicked.connect(self.ping_requested)
        self.reach = Choice("How much of the past the chart shows", REACHES)
        self.reach.chosen.connect(self._on_reach)
        self.chart = Lanes("Latency, pool, members and events over time")
        self.beside = FittedText("Members and pool")
        self.beside.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.exercise = LabelledButton("test", "Exercise the pool…")
        self.exercise.setToolTip("Many workers at once over this connection; it never writes")
        self.exercise.clicked.connect(self.exercise_requested)
        latest = IconButton("follow", "Show the latest")
        latest.clicked.connect(self.chart.reset)
        save = IconButton("save", "Save the chart as PNG")
        save.clicked.connect(self.chart.ask_where)
        head = QHBoxLayout()
        head.setContentsMargins(theme.GRID * 2, 2, theme.GRID * 2, 2)
        head.setSpacing(theme.GRID)
        head.addWidget(self._icon)
        head.addWidget(self.word)
        head.addWidget(self.why, 1)
        for widget in (self.interval, ping, self.reach, latest, save):
            head.addWidget(widget)
        second = QHBoxLayout()
        second.setContentsMargins(theme.GRID * 2, 0, theme.GRID * 2, 6)
        second.addWidget(self.numbers)

        self._pause = self._make_pause()
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(theme.GRID, 0, theme.GRID, theme.GRID)
        column.addWidget(self.beside)
        row_of_exercise = QHBoxLayout()
        row_of_exercise.setContentsMargins(0, theme.GRID, 0, 0)
        row_of_exercise.addWidget(self.exercise)
        row_of_exercise.addStretch(1)
        column.addLayout(row_of_exercise)
        column.addStretch(1)
        self._below = below = self._make_changes()
        above = QWidget()
        row = QHBoxLayout(above)
        row.setContentsMargins(theme.GRID * 2, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.chart, 3)
        row.addWidget(right, 2)
        split = QSplitter(Qt.Orientation.Vertical)
        split.setHandleWidth(1)
        split.setChildrenCollapsible(False)
        split.addWidget(above)
        split.addWidget(below)
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 1)
        split.setSizes([380, 130])
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(head)
        whole.addLayout(second)
        whole.addWidget(self._pause)
        area = scroll_area()  # a window may be lower than names and lanes need
        put_into(area, split)
        whole.addWidget(area, 1)
        self._on_notice(QModelIndex())
        self.show_state(None, watching=False, interval_s=10.0)

    def _make_pause(self) -> QWidget:
        """Why the watch pauses, and what lets it go on."""
        self.password = SecretEntry("New password", "the new password")
        self.go_on = QPushButton("Go on")
        self.go_on.setObjectName("primary")
        self.go_on.clicked.connect(self._on_go_on)
        self.password.entry.returnPressed.connect(self._on_go_on)
        self._pause_said = WrappedLabel(role="warning")
        made = QWidget()
        strip = QHBoxLayout(made)
        strip.setContentsMargins(12, 4, 12, theme.GRID)
        strip.setSpacing(theme.GRID)
        strip.addWidget(self._pause_said, 1)
        strip.addWidget(self.password)
        strip.addWidget(self.go_on)
        self._new_password: object = None
        self.password.entered.connect(self._on_password)
        return made

    def _make_changes(self) -> QWidget:
        """The outages and what was noticed, the chosen one in words."""
        self.notices = NoticesModel()
        self.list = LiveTable("Outages and what was noticed", header=False, mono=False)
        self.list.show_model(self.notices)
        self.show_report = QPushButton("Show its diagnosis")
        self.show_report.setObjectName("small")
        self.show_report.setToolTip("The check that was run when the connection was lost")
        self.show_report.clicked.connect(self._on_show_report)
        self.list.activated.connect(lambda _index: self._on_show_report())
        self._notice = WrappedLabel(role="muted")
        made = QWidget()
        under = QVBoxLayout(made)
        under.setContentsMargins(theme.GRID * 2, 4, theme.GRID * 2, 4)
        under.setSpacing(4)
        under.addWidget(section("What changed"))
        under.addWidget(self.list, 1)
        foot = QHBoxLayout()
        foot.addWidget(self._notice, 1)
        foot.addWidget(self.show_report, 0, Qt.AlignmentFlag.AlignTop)
        under.addLayout(foot)
        self.list.selectionModel().currentRowChanged.connect(self._on_notice)
        self.notices.dataChanged.connect(lambda *_: self._on_notice(self.list.currentIndex()))
        self.notices.modelReset.connect(lambda: self._on_notice(QModelIndex()))
        return made

    @property
    def primary(self) -> QPushButton | None:
        """The filled button, while the watch is paused."""
        return None if self._pause.isHidden() else self.go_on

    def show_state(self, state: WatchState | None, *, watching: bool, interval_s: float) -> None:
        """Show another state; None before the first one came."""
        self._state = state
        health = state.health if state is not None else HealthSnapshot()
        shown = health.state if watching else HealthState.UNKNOWN
        self._icon.show_icon(*STATE_ICONS[shown])
        self.word.setText(shown.value if watching else "not watched")
        self.why.setText(health.why if watching else _NO_WATCH)
        tip = _rules_html(shown)
        for label in (self._icon, self.word, self.why):
            label.setToolTip(tip)
        self.numbers.setText(_numbers(state) if state is not None else "")
        self.interval.show_value(interval_s)
        paused = watching and state is not None and state.paused is not None
        if paused is self._pause.isHidden():
            self._pause.setVisible(paused)
            self.next_step_changed.emit()
        if state is not None and state.paused is not None:
            self._pause_said.setText(f"{state.paused.text} {RULES[HealthState.PAUSED]}")
        self.notices.show(notices_of(state) if state is not None else [])
        self._below.setVisible(bool(self.notices.rowCount()))
        self.chart.show_score(score_of(state, self._reach_s))
        self.beside.show_page(partial(_beside_html, state))
        self.exercise.setEnabled(watching and state is not None and state.paused is None)

    def _on_reach(self, reach: object) -> None:
        assert isinstance(reach, float)
        self._reach_s = reach
        self.chart.reset()
        self.chart.show_score(score_of(self._state, reach))

    def _on_password(self, secret: object) -> None:
        self._new_password = secret

    def _on_go_on(self) -> None:
        secret, self._new_password = self._new_password, None
        self.password.show_secret(None)
        self.resume_requested.emit(secret)

    def _on_notice(self, index: QModelIndex) -> None:
        notice: Notice | None = index.data(VALUE) if index.isValid() else None
        said = notice.text if notice else ""
        if notice is not None and notice.detail and notice.detail not in said:
            said += f"\n{notice.detail}"
        self._notice.setText(said)
        self._notice.setVisible(notice is not None)
        self.show_report.setVisible(notice is not None and notice.report is not None)

    def _on_show_report(self) -> None:
        notice: Notice | None = self.list.currentIndex().data(VALUE)
        if notice is not None and notice.report is not None:
            self.report_requested.emit(notice.report)


def _beside_html(state: WatchState | None) -> str:
    """The members with role and round trip, and the figures of the pool that is used most."""
    if state is None:
        return ""
    c = theme.colours()
    names = shorten([server.address for server in state.topology.servers], tail=False)  # as the lanes call them
    cells = (
        (
            escape(names[server.address]),
            f'<span style="color:{c.text if server.known else c.failed}">{escape(role_word(server.role))}</span>',
            f"{server.ping_ms:,.1f} ms" if server.ping_ms is not None else "",
        )
        for server in state.topology.servers[:_MOST_MEMBERS]
    )
    rows = "".join(
        "<tr>" + "".join(f'<td style="padding-right:8px; white-space:nowrap">{one}</td>' for one in row) + "</tr>"
        for row in cells
    )
    title = f"Members of {state.topology.set_name}" if state.topology.set_name else "Servers"
    parts = [_heading(title), f'<table style="margin-bottom:12px">{rows}</table>']
    if (more := len(state.topology.servers) - _MOST_MEMBERS) > 0:
        parts.append(f'<p style="color:{c.muted}">{more} more are under Topology.</p>')
    pool = next((pool for pool in state.pools if pool.server == busiest(state)), None)
    if pool is not None:
        most = pool.limits.max_pool_size
        times = pool.check_out_ms
        facts = {
            "In use": f"{pool.in_use:,} of {most:,} (maxPoolSize)" if most is not None else f"{pool.in_use:,}",
            "Waiting": f"{pool.waiting:,}" if pool.waiting else "none",
            "Made": f"{pool.made:,}" + (f", closed {reasons(pool.closed)}" if reasons(pool.closed) else ""),
            "Check-out": f"median {times.median:,.1f} ms, worst {times.max:,.1f} ms" if times.count else "none yet",
        }
        lines = "".join(
            f'<tr><td style="padding-right:16px; color:{c.muted}">{name}</td><td>{escape(words)}</td></tr>'
            for name, words in facts.items()
        )
        parts += [_heading(f"Pool of {names.get(pool.server, pool.server)}"), f"<table>{lines}</table>"]
    return "".join(parts)


def _heading(words: str) -> str:
    return f'<p style="color:{theme.colours().muted}; margin-bottom:4px"><b>{escape(words)}</b></p>'


def _numbers(state: WatchState) -> str:
    health = state.health
    parts = []
    if health.uptime is not None:
        degraded = f", {lasted_text(health.degraded_s)} of it degraded" if health.degraded_s >= 1 else ""
        parts.append(f"up {share_text(health.uptime)} of {lasted_text(health.up_s + health.down_s)}{degraded}")
    parts.append(f"{health.pings:,} pings, {health.failures:,} failed")
    if health.rtt_ms is not None:
        parts.append(f"latest {health.rtt_ms:,.1f} ms")
    if health.median_ms is not None and health.p95_ms is not None:
        parts.append(f"median {health.median_ms:,.1f} ms, p95 {health.p95_ms:,.1f} ms")
    if health.since is not None:
        parts.append(f"{health.state.value} since {clock_text(health.since)}")
    return " · ".join(parts)


def _rules_html(now: HealthState) -> str:
    lines = []
    for state, rule in RULES.items():
        line = f"<b>{escape(state.value)}</b>: {escape(rule)}"
        lines.append(f"<p>▸ {line}</p>" if state is now else f"<p>{line}</p>")
    return "".join(lines)
