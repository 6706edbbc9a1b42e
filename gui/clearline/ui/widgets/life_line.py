"""The life line of one connection: when it was made, used, idle, closed."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QToolTip, QWidget

from clearline.ui.look import theme
from clearline.ui.models.connection_life import LifeLine, Phase, Span

_BAR = 18
_TONES = {Phase.MAKING: "warning", Phase.IDLE: "line_strong", Phase.IN_USE: "accent"}
_HEIGHTS = {Phase.MAKING: 0.6, Phase.IDLE: 0.25, Phase.IN_USE: 1.0}  # told apart without colour, too


class LifeLineView(QWidget):
    """Paints a `LifeLine`; the thicker, the busier."""

    def __init__(self) -> None:
        super().__init__()
        self._life: LifeLine | None = None
        self.setMouseTracking(True)
        self.setAccessibleName("Life line of the connection")

    def sizeHint(self) -> QSize:
        """A bar, its scale, its legend."""
        return QSize(200, _BAR + QFontMetrics(theme.body_font()).height() * 2 + 14)

    def minimumSizeHint(self) -> QSize:
        """As high as it wants to be."""
        return QSize(120, self.sizeHint().height())

    def show_life(self, life: LifeLine) -> None:
        """Show another one."""
        self._life = life
        self.setAccessibleDescription(life.sentence)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw bar, scale and legend."""
        life = self._life
        if life is None or not life.spans:
            return
        c = theme.colours()
        painter = QPainter(self)
        begin, end = _reach(life)
        painted = -1.0
        for span in life.spans:
            left, right = self._x(span.begin_s, begin, end), self._x(span.end_s, begin, end)
            if right < painted + 1 and span.phase is Phase.IDLE:
                continue  # less than a pixel that is painted already
            painted = right
            height = _BAR * _HEIGHTS[span.phase]
            where = QRectF(left, 2 + (_BAR - height) / 2, max(1.0, right - left), height)
            painter.fillRect(where, QColor(theme.tone(_TONES[span.phase])))
        painter.setPen(QColor(c.muted))
        font = theme.body_font()
        painter.setFont(font)
        line = QFontMetrics(font).height()
        scale = QRectF(0, _BAR + 6, self.width(), line)
        painter.drawText(scale, Qt.AlignmentFlag.AlignLeft, f"{begin:,.3f} s")
        painter.drawText(scale, Qt.AlignmentFlag.AlignRight, f"{end:,.3f} s")
        left = 0.0
        for phase in Phase:
            height = 10 * _HEIGHTS[phase]
            top = _BAR + 10 + line
            painter.fillRect(QRectF(left, top + (line - height) / 2, 12, height), QColor(theme.tone(_TONES[phase])))
            painter.drawText(QPointF(left + 17, top + QFontMetrics(font).ascent()), phase.value)
            left += 17 + QFontMetrics(font).horizontalAdvance(phase.value) + 14
        painter.end()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Say what lies under the pointer."""
        span = self._span_at(event.position().x())
        if span is not None:
            took = (span.end_s - span.begin_s) * 1000
            QToolTip.showText(
                event.globalPosition().toPoint(),
                f"{span.phase.value} for {took:,.1f} ms, from {span.begin_s:,.3f} s",
                self,
            )

    def _x(self, at_s: float, begin: float, end: float) -> float:
        return (at_s - begin) / (end - begin) * (self.width() - 1)

    def _span_at(self, x: float) -> Span | None:
        if self._life is None or not self._life.spans:
            return None
        begin, end = _reach(self._life)
        spans = [s for s in self._life.spans if self._x(s.begin_s, begin, end) <= x + 1]
        return spans[-1] if spans else None


def _reach(life: LifeLine) -> tuple[float, float]:
    begin, end = life.spans[0].begin_s, life.spans[-1].end_s
    return begin, max(end, begin + 1e-6)
