"""How a curve is painted: its line, its points, a ground below it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QPainter,
    QPen,
    QPolygonF,
)

from clearline.ui.look import theme
from clearline.ui.widgets.chart_data import (
    Curve,
    decimated,
)

_FILL_ALPHA: Final = 46

Scale = Callable[[float], float]
"""From a time or a value to a coordinate, pixels."""


def paint_curve(
    painter: QPainter, curve: Curve, plot: QRectF, shown: tuple[float, float], x_of: Scale, y_of: Scale
) -> None:
    """Draw what there is of a curve between two times."""
    begin, end = shown
    columns = max(1, int(plot.width()))
    for run in decimated(curve, begin, end, columns):
        points = [QPointF(x_of(x), y_of(y)) for x, y in run]
        # Qt's thick and smooth strokes take a second for what a thin line draws in milliseconds, where a line goes
        # up and down in every pixel; the difference cannot be seen there.
        dense = len(points) > columns and not curve.steps
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, not dense)
        if curve.filled:
            colour = QColor(theme.tone(curve.tone))
            colour.setAlpha(_FILL_ALPHA)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            above = _tops(points) if dense else points
            bottom = [QPointF(above[-1].x(), plot.bottom()), QPointF(above[0].x(), plot.bottom())]
            painter.drawPolygon(QPolygonF([*above, *bottom]))
            painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(theme.tone(curve.tone)), 0) if dense else pen_of(curve))
        if len(points) == 1:
            painter.drawEllipse(points[0], 1.5, 1.5)
        else:
            painter.drawPolyline(QPolygonF(points))


def _tops(points: list[QPointF]) -> list[QPointF]:
    """The highest point of each pixel column."""
    tops: dict[int, QPointF] = {}
    for point in points:
        column = int(point.x())
        if column not in tops or point.y() < tops[column].y():
            tops[column] = point
    return list(tops.values())


def pen_of(curve: Curve) -> QPen:
    """The pen of its line, in the palette in use."""
    pen = QPen(QColor(theme.tone(curve.tone)))
    pen.setWidthF(1.6)
    pen.setCosmetic(True)
    if curve.dashed:
        pen.setStyle(Qt.PenStyle.DashLine)
    return pen
