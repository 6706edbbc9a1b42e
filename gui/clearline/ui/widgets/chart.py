"""A chart of curves over time: axes with units, values under the pointer, zoom, and a PNG of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QColor,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import QFileDialog, QSizePolicy, QWidget

from clearline.ui.look import theme
from clearline.ui.widgets.chart_data import (
    Picture,
    clock,
    highest,
    number,
    ticks,
    time_ticks,
    value_at,
)
from clearline.ui.widgets.curves import paint_curve, pen_of

_ZOOM: Final = 1.25
_SHORTEST_S: Final = 0.01
_LONGEST_S: Final = 7 * 86_400.0
_MARK_ALPHA: Final = 40


class Chart(QWidget):
    """Shows a `Picture`. The wheel zooms, dragging moves, a double click or 0 shows the latest again."""

    drawn = Signal(object, object)
    """It is to be written to a file: the path, and the bytes of a PNG."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._picture = Picture()
        self._window: tuple[float, float] | None = None  # the times shown, once the user zoomed
        self._pointer: QPointF | None = None
        self._dragged_from: tuple[float, tuple[float, float]] | None = None
        self.setAccessibleName(name)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        for text, act in (("Show the latest", self.reset), ("Save as PNG…", self.ask_where)):
            action = QAction(text, self)
            action.triggered.connect(lambda _checked=False, act=act: act())
            self.addAction(action)

    # ------------------------------------------------------------ what it is told

    @property
    def picture(self) -> Picture:
        """What it shows."""
        return self._picture

    @property
    def shown(self) -> tuple[float, float]:
        """The times at its left and right edge, epoch seconds."""
        if self._window is not None:
            return self._window
        return self._picture.now - self._picture.reach_s, self._picture.now

    def show_picture(self, picture: Picture) -> None:
        """Show other data."""
        self._picture = picture
        latest = [
            f"{curve.name} {number(y)}{_spaced(picture.unit)}"
            for curve in picture.curves
            if (y := next((y for y in reversed(curve.ys) if y is not None), None)) is not None
        ]
        self.setAccessibleDescription(", ".join(latest) or picture.empty)
        self.update()

    def reset(self) -> None:
        """Follow the latest again."""
        self._window = None
        self.update()

    def zoom(self, factor: float, at: float | None = None) -> None:
        """Show ``1 / factor`` of the time; the time ``at`` stays in its place (default: the right edge)."""
        begin, end = self.shown
        at = end if at is None else at
        span = min(_LONGEST_S, max(_SHORTEST_S, (end - begin) / factor))
        share = (at - begin) / (end - begin)
        self._window = (at - span * share, at + span * (1 - share))
        self.update()

    def move_by(self, share: float) -> None:
        """Move by a share of what is shown; positive is later."""
        begin, end = self.shown
        by = (end - begin) * share
        self._window = (begin + by, end + by)
        self.update()

    def as_png(self) -> bytes:
        """What is shown, twice as fine as on a plain screen."""
        from PySide6.QtCore import QBuffer, QIODevice
        from PySide6.QtGui import QPixmap

        ratio = max(2.0, self.devicePixelRatioF())
        picture = QPixmap(self.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(QColor(theme.colours().base))
        pointer, self._pointer = self._pointer, None
        painter = QPainter(picture)
        self._paint(painter)
        painter.end()
        self._pointer = pointer
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        picture.save(buffer, "PNG")
        return bytes(buffer.data().data())

    def ask_where(self) -> None:
        """Ask for a file to write it to."""
        name = f"{self._picture.title or 'chart'}.png".replace(":", "-").replace("/", "-")
        dialog = QFileDialog(self, "Save chart", name, "PNG (*.png)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("png")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._draw)
        dialog.open()

    def _draw(self, name: str) -> None:
        self.drawn.emit(Path(name), self.as_png())

    # ------------------------------------------------------------ Qt

    def sizeHint(self) -> QSize:
        """Room for a curve."""
        return QSize(theme.GRID * 50, theme.GRID * 22)

    def minimumSizeHint(self) -> QSize:
        """Axes and a little between them."""
        return QSize(theme.GRID * 25, theme.GRID * 12)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw everything."""
        painter = QPainter(self)
        self._paint(painter)
        if self.hasFocus():
            painter.setPen(QColor(theme.colours().accent))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom around the pointer."""
        steps = event.angleDelta().y() / 120
        if steps:
            self.zoom(_ZOOM**steps, self._time_at(event.position().x()))
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to move."""
        if event.button() is Qt.MouseButton.LeftButton:
            self._dragged_from = (event.position().x(), self.shown)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move what is shown, or show the values under the pointer."""
        self._pointer = event.position()
        if self._dragged_from is not None:
            x, (begin, end) = self._dragged_from
            by = (x - event.position().x()) / max(1.0, self._plot().width()) * (end - begin)
            if by:
                self._window = (begin + by, end + by)
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """It stays there."""
        self._dragged_from = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Back to the latest."""
        self.reset()

    def leaveEvent(self, event: object) -> None:
        """No values without a pointer."""
        self._pointer = None
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Plus and minus zoom, arrows move, 0 shows the latest."""
        match event.key():
            case Qt.Key.Key_Plus | Qt.Key.Key_Equal:
                self.zoom(_ZOOM)
            case Qt.Key.Key_Minus:
                self.zoom(1 / _ZOOM)
            case Qt.Key.Key_Left:
                self.move_by(-0.2)
            case Qt.Key.Key_Right:
                self.move_by(0.2)
            case Qt.Key.Key_0 | Qt.Key.Key_Home | Qt.Key.Key_End:
                self.reset()
            case _:
                super().keyPressEvent(event)

    # ------------------------------------------------------------ painting

    def _line_height(self) -> int:
        return QFontMetrics(theme.body_font()).height()

    def _plot(self) -> QRectF:
        """Where the curves are."""
        metrics = QFontMetrics(theme.body_font())
        line = metrics.height()
        begin, end = self.shown
        levels = self._levels(begin, end)
        left = max(metrics.horizontalAdvance(number(level)) for level in levels) + 14
        return QRectF(left, line + 12, max(10.0, self.width() - left - 12), max(10.0, self.height() - 2 * line - 20))

    def _levels(self, begin: float, end: float) -> list[float]:
        line = self._line_height()
        rows = (self.height() - 2 * line - 20) // (line + 6)
        return ticks(highest(self._picture, begin, end), whole=self._picture.whole, rows=rows)

    def _time_at(self, x: float) -> float:
        plot, (begin, end) = self._plot(), self.shown
        return begin + (x - plot.left()) / plot.width() * (end - begin)

    def _paint(self, painter: QPainter) -> None:
        c = theme.colours()
        picture = self._picture
        begin, end = self.shown
        plot = self._plot()
        levels = self._levels(begin, end)
        top = levels[-1]
        painter.setFont(theme.body_font())
        self._paint_legend(painter)

        def x_of(at: float) -> float:
            return plot.left() + (at - begin) / (end - begin) * plot.width()

        def y_of(value: float) -> float:
            return plot.bottom() - value / top * plot.height()

        self._paint_axes(painter, plot, [(y_of(level), number(level)) for level in levels])
        painter.save()
        painter.setClipRect(plot.adjusted(0, -1, 1, 1))
        for mark in picture.marks:
            left, right = x_of(mark.begin), x_of(end if mark.end is None else mark.end)
            shade = QColor(theme.tone(mark.tone))
            shade.setAlpha(_MARK_ALPHA)
            where = QRectF(left, plot.top(), max(2.0, right - left), plot.height())
            painter.fillRect(where, shade)
            shade.setAlpha(255)
            painter.fillRect(QRectF(where.left(), plot.top(), where.width(), 3), shade)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for curve in picture.curves:
            paint_curve(painter, curve, plot, self.shown, x_of, y_of)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.restore()
        self._paint_limits(painter, plot, top)
        if not any(len(curve.xs) for curve in picture.curves):
            painter.setPen(QColor(c.muted))
            painter.drawText(plot, Qt.AlignmentFlag.AlignCenter, picture.empty)
        elif self._pointer is not None and self._dragged_from is None and plot.contains(self._pointer):
            self._paint_values(painter, plot)

    def _paint_legend(self, painter: QPainter) -> None:
        c = theme.colours()
        metrics = painter.fontMetrics()
        picture = self._picture
        middle = 4 + metrics.height() / 2
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        left = 8.0
        title = picture.title + (f" ({picture.unit})" if picture.unit else "")
        painter.setPen(QColor(c.muted))
        painter.drawText(QPointF(left, 4 + metrics.ascent()), title)
        left += metrics.horizontalAdvance(title) + 18
        for curve in picture.curves if len(picture.curves) > 1 else ():
            painter.setPen(pen_of(curve))
            painter.drawLine(QPointF(left, middle), QPointF(left + 18, middle))
            painter.setPen(QColor(c.text))
            painter.drawText(QPointF(left + 23, 4 + metrics.ascent()), curve.name)
            left += 23 + metrics.horizontalAdvance(curve.name) + 14
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        if self._window is not None:
            painter.setPen(QColor(c.accent))
            words = "zoomed: double click shows the latest"
            if self.width() - metrics.horizontalAdvance(words) - 12 > left:
                painter.drawText(
                    QPointF(self.width() - metrics.horizontalAdvance(words) - 12, 4 + metrics.ascent()), words
                )

    def _paint_axes(self, painter: QPainter, plot: QRectF, levels: list[tuple[float, str]]) -> None:
        c = theme.colours()
        metrics = painter.fontMetrics()
        for y, words in levels:
            painter.setPen(QColor(c.line))
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
            painter.setPen(QColor(c.muted))
            box = QRectF(0, y - metrics.height() / 2, plot.left() - 6, metrics.height())
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, words)
        begin, end = self.shown
        widest = metrics.horizontalAdvance("00:00:00.000") + 24
        for at, words in time_ticks(begin, end, int(plot.width() / widest)):
            x = plot.left() + (at - begin) / (end - begin) * plot.width()
            painter.setPen(QColor(c.line))
            painter.drawLine(QPointF(x, plot.bottom()), QPointF(x, plot.bottom() + 4))
            painter.setPen(QColor(c.muted))
            box = QRectF(x - widest / 2, plot.bottom() + 4, widest, metrics.height())
            if box.left() >= 0 and box.right() <= self.width() + widest / 4:
                painter.drawText(box, Qt.AlignmentFlag.AlignHCenter, words)

    def _paint_limits(self, painter: QPainter, plot: QRectF, top: float) -> None:
        """A dashed line with its name; one that is far above the curves is only named, with an arrow."""
        line = painter.fontMetrics().height()
        for limit in self._picture.limits:
            pen = QPen(QColor(theme.tone(limit.tone)))
            pen.setStyle(Qt.PenStyle.DashLine)
            painter.setPen(pen)
            inside = limit.value <= top
            words = f"{limit.name} {number(limit.value)}{'' if inside else ' ↑'}"
            y = plot.bottom() - limit.value / top * plot.height() if inside else plot.top()
            if inside:
                painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
            width = painter.fontMetrics().horizontalAdvance(words) + 8
            below = y - plot.top() < line + 2
            # What lies above the plot is named beside the legend, not over the curves.
            box = QRectF(plot.right() - width, (y if below else y - line) if inside else 4, width, line)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)

    def _paint_values(self, painter: QPainter, plot: QRectF) -> None:
        assert self._pointer is not None
        c = theme.colours()
        metrics = painter.fontMetrics()
        at = self._time_at(self._pointer.x())
        lines = list(self._values_at(at, plot))
        painter.setPen(QColor(c.line_strong))
        painter.drawLine(QPointF(self._pointer.x(), plot.top()), QPointF(self._pointer.x(), plot.bottom()))
        width = max(metrics.horizontalAdvance(line) for line in lines) + 16
        height = metrics.height() * len(lines) + 10
        left = self._pointer.x() + 12
        if left + width > self.width():
            left = self._pointer.x() - 12 - width
        box = QRectF(max(0.0, left), min(plot.top() + 4, self.height() - height), width, height)
        painter.setBrush(QColor(c.raised))
        painter.drawRoundedRect(box, 4, 4)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QColor(c.text))
        painter.drawText(box.adjusted(8, 5, -8, -5), Qt.AlignmentFlag.AlignLeft, "\n".join(lines))

    def _values_at(self, at: float, plot: QRectF) -> Iterator[str]:
        begin, end = self.shown
        yield clock(at, (end - begin) / 300)
        near = (end - begin) / plot.width() * 12
        for curve in self._picture.curves:
            value = value_at(curve, at, near)
            if value is not None:
                yield f"{curve.name}: {number(value)}{_spaced(self._picture.unit)}"
        for mark in self._picture.marks:
            if mark.begin <= at <= (end if mark.end is None else mark.end):
                yield mark.name


def _spaced(unit: str) -> str:
    return f" {unit}" if unit else ""
