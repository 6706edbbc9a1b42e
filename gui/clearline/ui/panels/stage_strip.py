"""The stages of the whole check in one row: icon and word for each, filling while it runs."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QRect, QSize
from PySide6.QtGui import QColor, QFontMetrics, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from clearline.core.findings import STAGES, Stage
from clearline.core.report.report import Report, StageResult, Status
from clearline.ui.look import theme
from clearline.ui.look.icons import pixmap
from clearline.ui.look.status import status_colour, status_icon, status_word
from clearline.ui.models.servers_by_stage import elapsed_text
from clearline.ui.widgets.delegates import turning

_NAMES = {
    Stage.URI: "URI",
    Stage.FILES: "files",
    Stage.DNS: "DNS",
    Stage.TCP: "TCP",
    Stage.TLS: "TLS",
    Stage.HELLO: "hello",
    Stage.TOPOLOGY: "topology",
    Stage.AUTH: "auth",
    Stage.ACCESS: "access",
    Stage.DRIVER: "driver",
}


class StageStrip(QWidget):
    """Paints the stages of a report."""

    def __init__(self) -> None:
        super().__init__()
        self._stages: dict[Stage, StageResult] = {}
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Stages of the check")

    def show_report(self, report: Report | None) -> None:
        """Show the stages of this report."""
        stages = {result.stage: result for result in report.stages} if report else {}
        if stages != self._stages:
            self._stages = stages
            self.setAccessibleDescription("; ".join(_words(s) for s in stages.values()))
            self.update()

    def turn(self) -> None:
        """The next step of the turning icons."""
        if any(result.status is Status.RUNNING for result in self._stages.values()):
            self.update()

    def sizeHint(self) -> QSize:
        """One line."""
        return QSize(400, max(24, QFontMetrics(theme.body_font()).height() + 8))

    def minimumSizeHint(self) -> QSize:
        """Short labels need little."""
        return QSize(300, self.sizeHint().height())

    def event(self, event: QEvent) -> bool:
        """A stage tells its time on hover."""
        if isinstance(event, QHelpEvent):
            for rect, stage in self._places():
                if rect.contains(event.pos()):
                    result = self._stages.get(stage)
                    QToolTip.showText(event.globalPos(), _words(result) if result else _NAMES[stage], self)
                    return True
            QToolTip.hideText()
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw icons, names and the line that joins them."""
        c = theme.colours()
        painter = QPainter(self)
        painter.setFont(theme.body_font())
        metrics = painter.fontMetrics()
        middle = self.height() // 2
        previous_right = None
        for rect, stage in self._places():
            result = self._stages.get(stage)
            status = result.status if result else Status.WAITING
            if previous_right is not None and rect.left() - previous_right > 10:
                painter.setPen(QColor(c.line_strong))
                painter.drawLine(previous_right + 5, middle, rect.left() - 5, middle)
            colour = status_colour(status)
            angle = turning() if status is Status.RUNNING else 0
            picture = pixmap(status_icon(status), colour, 14, angle=angle)
            painter.drawPixmap(QPoint(rect.left(), middle - 7), picture)
            quiet = status in (Status.WAITING, Status.SKIPPED, Status.CANCELLED)
            painter.setPen(QColor(c.muted if quiet else c.text))
            painter.drawText(rect.left() + 18, middle + metrics.ascent() // 2 - 1, _NAMES[stage])
            previous_right = rect.right()
        painter.end()

    def _places(self) -> list[tuple[QRect, Stage]]:
        metrics = QFontMetrics(theme.body_font())
        widths = [18 + metrics.horizontalAdvance(_NAMES[stage]) for stage in STAGES]
        gap = max(4, min(32, (self.width() - sum(widths)) // (len(STAGES) - 1)))
        places = []
        left = 0
        for stage, width in zip(STAGES, widths, strict=True):
            places.append((QRect(left, 0, width, self.height()), stage))
            left += width + gap
        return places


def _words(result: StageResult) -> str:
    words = f"{_NAMES[result.stage]}: {status_word(result.status)}"
    return f"{words}, {elapsed_text(result.elapsed_ms)}" if result.elapsed_ms is not None else words
