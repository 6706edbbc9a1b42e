"""Several charts over one axis of time: latency, pool, members, what happened. An outage shades all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter

from clearline.ui.look import theme
from clearline.ui.widgets.chart import Chart
from clearline.ui.widgets.chart_data import Mark, Picture, clock, highest, number, ticks, time_ticks, value_at
from clearline.ui.widgets.curves import Scale, paint_curve

_GAP: Final = 18
"""Between two lanes: half a line of the lower one's highest number and of the upper one's lowest stand in it."""
_BAR: Final = 18
_MOST_BARS: Final = 6
_EVENTS: Final = 24
_SHADE_ALPHA: Final = 40


@dataclass(frozen=True)
class Span:
    """What a member was for a time; ``end`` None: it still is. Strong ones are filled and carry their word."""

    begin: float
    end: float | None
    word: str
    strong: bool = False
    broken: bool = False


@dataclass(frozen=True)
class Bar:
    """One member over time."""

    name: str
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class Tick:
    """Something that happened."""

    at: float
    words: str
    tone: str = "muted"


@dataclass(frozen=True)
class Score:
    """All lanes: the first two are curves, each with an axis of its own."""

    latency: Picture = field(default_factory=Picture)
    pool: Picture = field(default_factory=Picture)
    bars: tuple[Bar, ...] = ()
    more_bars: int = 0
    """Members that have no bar: there are too many."""
    ticks: tuple[Tick, ...] = ()


class Lanes(Chart):
    """Shows a `Score`. Zoom, moving and saving are those of a chart."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._score = Score()

    def show_score(self, score: Score) -> None:
        """Show other data."""
        self._score = score
        self.show_picture(score.latency)

    def sizeHint(self) -> QSize:
        """Room for every lane."""
        return QSize(theme.GRID * 50, theme.GRID * 40)

    def minimumSizeHint(self) -> QSize:
        """Curves may be flat, names not."""
        return QSize(theme.GRID * 36, self._fixed() + 2 * theme.GRID * 6)

    # ------------------------------------------------------------ painting

    def _fixed(self) -> int:
        """The height of what does not stretch: members, events, time axis, gaps."""
        rows = max(1, len(self._score.bars[:_MOST_BARS]) + bool(self._score.more_bars))
        return rows * _BAR + _EVENTS + self._line_height() + 4 * _GAP + 12

    def _plot(self) -> QRectF:
        metrics = QFontMetrics(theme.body_font())
        names = [bar.name for bar in self._score.bars[:_MOST_BARS]] or [""]
        widest = max(metrics.horizontalAdvance(name) for name in (*names, "connections", "Members"))
        left = min(self.width() * 0.35, widest + metrics.horizontalAdvance("8,000") + 24)
        return QRectF(left, 8, max(10.0, self.width() - left - 12), max(10.0, self.height() - self._line_height() - 16))

    def _paint(self, painter: QPainter) -> None:
        plot, score = self._plot(), self._score
        begin, end = self.shown
        painter.setFont(theme.body_font())
        c = theme.colours()

        def x_of(at: float) -> float:
            return plot.left() + (at - begin) / (end - begin) * plot.width()

        line = self._line_height()
        widest = painter.fontMetrics().horizontalAdvance("00:00:00") + 40
        for at, words in time_ticks(begin, end, int(plot.width() / widest)):
            x = x_of(at)
            painter.setPen(QColor(c.line))
            painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom() + 4))
            painter.setPen(QColor(c.muted))
            box = QRectF(min(x - widest / 2, self.width() - widest), plot.bottom() + 4, widest, line)
            painter.drawText(box, Qt.AlignmentFlag.AlignHCenter, words)
        stretch = max(40.0, (plot.height() - (self._fixed() - line)) / 2)
        top = plot.top()
        for picture, name, unit in ((score.latency, "Latency", "ms"), (score.pool, "Pool", "connections")):
            lane = QRectF(plot.left(), top, plot.width(), stretch)
            self._paint_name(painter, top, name, unit)
            if len(picture.curves) > 1:
                self._paint_curve_names(painter, top + 2 * line, stretch - 2 * line, picture)
            self._paint_lane(painter, lane, picture)
            top += stretch + _GAP
            self._paint_rule(painter, top - _GAP / 2)
        self._paint_name(painter, top, "Members", "")
        top = self._paint_bars(painter, plot, top, x_of) + _GAP
        self._paint_rule(painter, top - _GAP / 2)
        self._paint_name(painter, top, "Events", "")
        self._paint_ticks(painter, QRectF(plot.left(), top, plot.width(), _EVENTS), x_of)
        painter.save()
        painter.setClipRect(plot)
        for mark in score.latency.marks:
            self._paint_mark(painter, plot, mark, x_of)
        painter.restore()
        if self._pointer is not None and self._dragged_from is None and plot.contains(self._pointer):
            self._paint_values(painter, plot)

    def _paint_name(self, painter: QPainter, top: float, name: str, unit: str) -> None:
        c, line = theme.colours(), self._line_height()
        painter.setPen(QColor(c.text))
        painter.drawText(QPointF(0, top + line - 3), name)
        painter.setPen(QColor(c.muted))
        painter.drawText(QPointF(0, top + 2 * line - 3), unit)

    def _paint_curve_names(self, painter: QPainter, top: float, height: float, picture: Picture) -> None:
        """The names of the curves in their colours, as far as they have room under the name of the lane."""
        line = self._line_height()
        for place, curve in enumerate(picture.curves[: max(0, int(height // line))]):
            painter.setPen(QColor(theme.tone(curve.tone)))
            painter.drawText(QPointF(0, top + (place + 1) * line - 3), f"– {curve.name}")

    def _paint_rule(self, painter: QPainter, y: float) -> None:
        painter.setPen(QColor(theme.colours().line))
        painter.drawLine(QPointF(0, y), QPointF(self.width(), y))

    def _paint_mark(self, painter: QPainter, plot: QRectF, mark: Mark, x_of: Scale) -> None:
        left, right = x_of(mark.begin), plot.right() if mark.end is None else x_of(mark.end)
        shade = QColor(theme.tone(mark.tone))
        painter.fillRect(QRectF(left, plot.top(), max(2.0, right - left), 3), shade)
        shade.setAlpha(_SHADE_ALPHA)
        painter.fillRect(QRectF(left, plot.top(), max(2.0, right - left), plot.height()), shade)

    def _paint_lane(self, painter: QPainter, lane: QRectF, picture: Picture) -> None:
        c, line = theme.colours(), self._line_height()
        begin, end = self.shown
        levels = ticks(highest(picture, begin, end), whole=picture.whole, rows=max(1, int(lane.height() // (line + 8))))
        highest_level = levels[-1]

        def x_of(at: float) -> float:
            return lane.left() + (at - begin) / (end - begin) * lane.width()

        def y_of(value: float) -> float:
            return lane.bottom() - value / highest_level * lane.height()

        for level in levels:
            y = y_of(level)
            painter.setPen(QColor(c.line))
            painter.drawLine(QPointF(lane.left(), y), QPointF(lane.right(), y))
            painter.setPen(QColor(c.muted))
            box = QRectF(0, y - line / 2, lane.left() - 6, line)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, number(level))
        painter.save()
        painter.setClipRect(lane.adjusted(0, -1, 1, 1))
        for curve in picture.curves:
            paint_curve(painter, curve, lane, self.shown, x_of, y_of)
        painter.restore()
        if not any(len(curve.xs) for curve in picture.curves):
            painter.setPen(QColor(c.muted))
            painter.drawText(lane, Qt.AlignmentFlag.AlignCenter, picture.empty)

    def _paint_bars(self, painter: QPainter, plot: QRectF, top: float, x_of: Scale) -> float:
        c = theme.colours()
        metrics = painter.fontMetrics()
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for bar in self._score.bars[:_MOST_BARS]:
            painter.setPen(QColor(c.muted))
            room = plot.left() - 6 - metrics.horizontalAdvance("Members  ")
            name = metrics.elidedText(bar.name, Qt.TextElideMode.ElideMiddle, int(room))
            painter.drawText(QRectF(0, top, plot.left() - 6, _BAR), right, name)
            for span in bar.spans:
                left = max(plot.left(), x_of(span.begin))
                end = plot.right() if span.end is None else min(plot.right(), x_of(span.end))
                if end <= left or span.broken:
                    continue
                if span.strong:
                    box = QRectF(left, top + 1, end - left, _BAR - 2)
                    painter.fillRect(box, QColor(c.accent))
                    if metrics.horizontalAdvance(span.word) + 8 < box.width():
                        painter.setPen(QColor(c.on_accent))
                        painter.drawText(box.adjusted(6, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, span.word)
                else:
                    painter.fillRect(QRectF(left, top + _BAR / 2 - 2, end - left, 4), QColor(c.line_strong))
            top += _BAR
        if self._score.more_bars:
            painter.setPen(QColor(c.muted))
            painter.drawText(QRectF(0, top, plot.left() - 6, _BAR), right, f"{self._score.more_bars} more")
            top += _BAR
        return top if self._score.bars else top + _BAR

    def _paint_ticks(self, painter: QPainter, lane: QRectF, x_of: Scale) -> None:
        for tick in self._score.ticks:
            x = x_of(tick.at)
            if lane.left() <= x <= lane.right():
                painter.fillRect(QRectF(x - 1, lane.top() + 2, 2, lane.height() - 4), QColor(theme.tone(tick.tone)))

    def _values_at(self, at: float, plot: QRectF) -> Iterator[str]:
        begin, end = self.shown
        near = (end - begin) / plot.width() * 12
        yield clock(at, (end - begin) / 300)
        for picture, unit in ((self._score.latency, " ms"), (self._score.pool, "")):
            for curve in picture.curves:
                if (value := value_at(curve, at, near)) is not None:
                    yield f"{curve.name}: {number(value)}{unit}"
        for bar in self._score.bars[:_MOST_BARS]:
            for span in bar.spans:
                if span.begin <= at <= (end if span.end is None else span.end):
                    yield f"{bar.name}: {span.word}"
        yield from (mark.name for mark in self._score.latency.marks if mark.begin <= at <= (mark.end or end))
        yield from (tick.words for tick in self._score.ticks if abs(tick.at - at) <= near / 3)
