"""What a watch noticed: outages, and findings that show only over time, the newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from clearline.core.findings import Finding
from clearline.core.report.report import Report
from clearline.core.watch.health import HealthState, Outage
from clearline.core.watch.state import WatchState
from clearline.ui.look.status import status_icon, status_tone
from clearline.ui.models.live_rows import Column, LiveRows


@dataclass(frozen=True)
class Notice:
    """One line. ``report`` explains it, where there is one."""

    key: str
    text: str
    icon: tuple[str, str]
    detail: str = ""
    report: Report | None = None


def clock_text(epoch: float) -> str:
    """A time of day."""
    return datetime.fromtimestamp(epoch).strftime("%H:%M:%S")


def share_text(share: float) -> str:
    """A tenth of a percent; beyond 99 % the hundredths count, and only what is whole is called so."""
    text = f"{100 * share:.{2 if share > 0.99 else 1}f}"
    if share < 1 and float(text) == 100:
        text = "99.99"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} %"


def lasted_text(seconds: float) -> str:
    """A duration in words."""
    if seconds < 60:
        return f"{seconds:,.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def outage_text(outage: Outage) -> str:
    """``Connection lost at …, restored after …``, and the cause."""
    down = outage.worst is HealthState.DOWN
    words = "Connection lost" if down else "Degraded"
    text = f"{words} at {clock_text(outage.began)}"
    if outage.lasted_s is None:
        text += ", not yet restored" if down else ", and still is"
    else:
        text += f", restored after {lasted_text(outage.lasted_s)}" if down else f", for {lasted_text(outage.lasted_s)}"
    if outage.cause is not None:
        text += f": {outage.cause.summary}"
    elif outage.diagnosing:
        text += ". The cause is being looked for."
    elif outage.why:
        text += f": {outage.why}"
    return text


def notices_of(state: WatchState) -> list[Notice]:
    """All that is worth a line."""
    outages = [
        Notice(
            f"outage {outage.number}",
            outage_text(outage),
            ("outage", "failed" if outage.worst is HealthState.DOWN else "warning")
            if outage.lasted_s is None
            else ("passed", "passed"),
            outage.why,
            outage.report,
        )
        for outage in reversed(state.health.outages)
    ]
    return [*map(_of_finding, state.findings), *outages]


def _of_finding(finding: Finding) -> Notice:
    return Notice(
        f"finding {finding.cause} {finding.server}",
        finding.summary,
        (status_icon(finding.severity), status_tone(finding.severity)),
        finding.detail,
    )


class NoticesModel(LiveRows[Notice]):
    """Shows `Notice` values."""

    def __init__(self) -> None:
        column: Column[Notice] = Column(
            "What happened",
            "Outages and what shows only over time",
            lambda n: n.text,
            lambda n: f"{n.text}\n{n.detail}".strip(),
            lambda n: n.icon,
        )
        super().__init__((column,), lambda notice: notice.key)
