"""The health indicator: icon, word and latency."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from clearline.core.findings import Severity
from clearline.core.report.report import Report, Verdict
from clearline.ui.models.servers_by_stage import latency_text
from clearline.ui.widgets.delegates import turning
from clearline.ui.widgets.labels import ElidedLabel
from clearline.ui.widgets.marks import StatusIcon


class Health(Enum):
    """How a deployment is, as far as the last check showed."""

    UNKNOWN = "not tested"
    CHECKING = "checking"
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    DOWN = "down"
    PAUSED = "paused"


@dataclass(frozen=True)
class HealthReading:
    """State, latency and why."""

    health: Health
    rtt_ms: float | None = None
    why: str = ""
    live: bool = False
    """Told by a watch, not by the last check."""


def health_of(report: Report | None, *, running: bool, stale: bool = False) -> HealthReading:
    """Down: the check failed. Degraded: connected with warnings. Healthy: connected without.

    ``stale``: the connection was changed since that report was made, which then says nothing.
    """
    if stale and not running:
        return HealthReading(Health.UNKNOWN, why="The connection was changed since its last test.")
    if running and (report is None or report.verdict is None):
        return HealthReading(Health.CHECKING, why="A check is running.")
    if report is None or report.verdict is None:
        return HealthReading(Health.UNKNOWN, why="No check has run.")
    match report.verdict:
        case Verdict.CANCELLED:
            return HealthReading(Health.UNKNOWN, why="The last check was stopped.")
        case Verdict.FAILED:
            return HealthReading(Health.DOWN, why=report.diagnosis.summary if report.diagnosis else "")
        case Verdict.CONNECTED:
            primary = report.deployment.primary if report.deployment else None
            trips = {s.address: s.rtt_ms.median for s in report.servers if s.rtt_ms}
            rtt = trips.get(primary or "", min(trips.values(), default=None))
            warning = next((f for f in report.findings if f.severity is Severity.WARNING), None)
            if warning is not None:
                return HealthReading(Health.DEGRADED, rtt, warning.summary)
            return HealthReading(Health.HEALTHY, rtt, "Connected without warnings.")


_ICONS = {
    Health.UNKNOWN: "waiting",
    Health.CHECKING: "running",
    Health.HEALTHY: "passed",
    Health.DEGRADED: "warning",
    Health.DOWN: "failed",
    Health.PAUSED: "pause",
}


_TONES = {
    Health.UNKNOWN: "muted",
    Health.CHECKING: "accent",
    Health.HEALTHY: "passed",
    Health.DEGRADED: "warning",
    Health.DOWN: "failed",
    Health.PAUSED: "warning",
}


_MEANINGS = {
    Health.UNKNOWN: "Not known.",
    Health.CHECKING: "",
    Health.HEALTHY: "",
    Health.DEGRADED: "Connected, with a warning:",
    Health.DOWN: "The last test failed:",
    Health.PAUSED: "",
}


class _Watched(ElidedLabel):
    """Which servers are watched, in what room is left; where that is too little nothing: few letters tell nothing."""

    def __init__(self) -> None:
        super().__init__("muted", middle=True)
        self.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    @property
    def shown(self) -> str:
        """As much as has room, at least half of it."""
        needed = self.fontMetrics().horizontalAdvance(self.text())
        return super().shown if self.width() * 2 >= needed else ""


class HealthIndicator(QWidget):
    """Shows one `HealthReading`."""

    def __init__(self) -> None:
        super().__init__()
        self._about = _Watched()
        self._about.setText("watching")
        self._icon = StatusIcon()
        self._word = QLabel()
        self._latency = QLabel()
        self._latency.setProperty("role", "muted")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self._about, 1)
        for widget in (self._icon, self._word, self._latency):
            row.addWidget(widget)
        self._reading = HealthReading(Health.UNKNOWN)
        self.show_reading(self._reading)

    @property
    def reading(self) -> HealthReading:
        """What it shows."""
        return self._reading

    def show_reading(self, reading: HealthReading) -> None:
        """Show another state."""
        self._reading = reading
        self._word.setText(reading.health.value)
        self._latency.setText(latency_text(reading.rtt_ms) if reading.rtt_ms is not None else "")
        self._latency.setVisible(reading.rtt_ms is not None)
        self._tell()
        self.setAccessibleName(f"Health: {reading.health.value} {self._latency.text()}".strip())
        self._draw()

    def show_watched(self, hosts: tuple[str, ...], *, before_changes: bool = False) -> None:
        """Say which servers are watched, whatever stands in the field meanwhile."""
        more = f" +{len(hosts) - 1}" if len(hosts) > 1 else ""
        when = " (before your changes)" if before_changes else ""
        self._about.setText(f"watching {hosts[0]}{more}{when}" if hosts else "watching")
        self._tell()

    def _tell(self) -> None:
        reading = self._reading
        trip = f"A round trip to the server took {self._latency.text()}." if reading.rtt_ms is not None else ""
        meaning = "" if reading.live else _MEANINGS[reading.health]
        self.setToolTip("\n".join(filter(None, (f"{meaning} {reading.why}".strip(), trip, self._about.text()))))

    def turn(self) -> None:
        """The next step of the turning icon."""
        if self._reading.health is Health.CHECKING:
            self._draw()

    def _draw(self) -> None:
        angle = turning() if self._reading.health is Health.CHECKING else 0
        self._icon.show_icon(_ICONS[self._reading.health], _TONES[self._reading.health], angle)
