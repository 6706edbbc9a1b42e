"""The stages of the whole check in one row: icon and word, and below them what came of it; a click chooses one."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from clearline.core.findings import STAGES, Stage
from clearline.core.report.report import Report, StageResult, Status, Verdict
from clearline.ui.look import theme
from clearline.ui.look.icons import pixmap
from clearline.ui.look.status import stage_word, status_colour, status_icon, status_word
from clearline.ui.look.theme import Face
from clearline.ui.models.servers_by_stage import elapsed_text
from clearline.ui.widgets.delegates import turning

_LEFT_OUT = {Stage.FILES: "none", Stage.HOP: "none", Stage.TLS: "off", Stage.AUTH: "no login"}
"""What it means when a stage is left out of a check that went past it."""
_QUIET: Final = (Status.WAITING, Status.SKIPPED, Status.CANCELLED)
_HEIGHT: Final = 44
_ICON: Final = 14
_LONGEST: Final = 12
"""Letters of a server's own note that have room under a stage."""
_WIDEST_GAP: Final = 72
_AROUND: Final = (-8, 0, 8, 0)
"""What belongs to a stage beside its words, as edges to move: the box of one that is marked."""


class StageStrip(QWidget):
    """Paints the stages of a report."""

    stage_chosen = Signal(object)
    """The `Stage` to look at alone; None for all."""

    def __init__(self) -> None:
        super().__init__()
        self._stages: dict[Stage, StageResult] = {}
        self._words: dict[Stage, str] = {}
        self._front: Stage | None = None
        self._chosen: Stage | None = None
        self._cursor: Stage | None = None
        self._pale = False
        self._placed: tuple[QSize, list[tuple[QRect, Stage]], bool] | None = None
        """Where they stand in which room; forgotten with the words that it follows from."""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Stages of the check")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def show_report(self, report: Report | None, *, stale: bool = False) -> None:
        """Show the stages of this report; ``stale``: without colours."""
        stages = {result.stage: result for result in report.stages} if report else {}
        said = report.diagnosis if report else None
        front = said.stage if said is not None else None
        words = {stage: _below(report, result) for stage, result in stages.items()} if report else {}
        if (stages, words, front, stale) != (self._stages, self._words, self._front, self._pale):
            self._stages, self._words, self._front, self._pale = stages, words, front, stale
            self._placed = None
            self._describe()
            self.update()

    def choose(self, stage: Stage | None) -> None:
        """Mark the stage that the page is about, without telling."""
        if stage is not self._chosen:
            self._chosen = stage
            self._describe()
            self.update()

    def turn(self) -> None:
        """The next step of the turning icons."""
        for place, stage in self._places()[0]:
            result = self._stages.get(stage)
            if result is not None and result.status is Status.RUNNING:
                self.update(place.adjusted(*_AROUND))

    # ------------------------------------------------------------ Qt

    def sizeHint(self) -> QSize:
        """Two lines."""
        return QSize(400, max(_HEIGHT, theme.metrics_of(Face.BODY).height() * 2 + theme.GRID + 2))

    def minimumSizeHint(self) -> QSize:
        """Short labels need little."""
        return QSize(300, self.sizeHint().height())

    def changeEvent(self, event: QEvent) -> None:
        """Other letters stand elsewhere."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._placed = None
            self.updateGeometry()

    def event(self, event: QEvent) -> bool:
        """A stage tells its time on hover."""
        if isinstance(event, QHelpEvent):
            stage = self._at(event.pos())
            if stage is not None:
                result = self._stages.get(stage)
                QToolTip.showText(event.globalPos(), _told(result) if result else stage_word(stage), self)
                return True
            QToolTip.hideText()
            return True
        return super().event(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click chooses a stage, a second one all again."""
        stage = self._at(event.position().toPoint())
        if stage is not None and event.button() is Qt.MouseButton.LeftButton:
            self._cursor = stage
            self._toggle(stage)

    @property
    def _at_cursor(self) -> Stage:
        """Where the keyboard stands: at first on the stage that the page is about."""
        return self._cursor or self._chosen or self._front or STAGES[0]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and Right go from stage to stage, Return chooses."""
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        key = Qt.Key(event.key())
        if key in steps:
            place = STAGES.index(self._at_cursor) + steps[key]
            self._cursor = STAGES[max(0, min(len(STAGES) - 1, place))]
            self._describe()
            self.update()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and not event.modifiers():
            self._toggle(self._at_cursor)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw icons, names and what came of them."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        c = theme.colours()
        places, narrow = self._places()
        marked = self._chosen or self._front
        for rect, stage in places:
            if not rect.adjusted(*_AROUND).intersects(event.rect()):
                continue
            result = self._stages.get(stage)
            status = result.status if result else Status.WAITING
            colour = c.muted if self._pale else status_colour(status)
            face = Face.STRONG if stage is marked else Face.BODY
            focused = self.hasFocus() and stage is self._at_cursor
            if stage is marked or focused:
                box = QRectF(rect).adjusted(-7.5, 0.5, 7.5, -0.5)
                painter.setPen(QColor(c.accent if focused else colour))
                painter.setBrush(QColor(self._ground(status) if stage is marked else c.base))
                painter.drawRoundedRect(box, 5, 5)
            angle = turning() if status is Status.RUNNING else 0
            picture = pixmap(status_icon(status), colour, _ICON, angle=angle)
            metrics = theme.metrics_of(face)
            line = metrics.height()
            top = rect.top() + (rect.height() - 2 * line - 2) // 2
            painter.setFont(theme.font_of(face))
            painter.setPen(QColor(c.muted if self._pale or status in _QUIET else c.text))
            if narrow:
                painter.drawPixmap(QPoint(rect.center().x() - _ICON // 2, top + (line - _ICON) // 2), picture)
                painter.drawText(QPoint(rect.left(), top + line + 2 + metrics.ascent()), stage_word(stage))
                continue
            painter.drawPixmap(QPoint(rect.left(), top + (line - _ICON) // 2), picture)
            painter.drawText(QPoint(rect.left() + _ICON + 5, top + metrics.ascent()), stage_word(stage))
            painter.setFont(theme.font_of(Face.BODY))
            painter.setPen(QColor(c.muted))
            painter.drawText(QPoint(rect.left(), top + line + 2 + metrics.ascent()), self._words.get(stage, ""))
        painter.end()

    def _ground(self, status: Status) -> str:
        c = theme.colours()
        backs = {Status.FAILED: c.failed_back, Status.WARNING: c.warning_back, Status.PASSED: c.passed_back}
        return c.neutral_back if self._pale else backs.get(status, c.neutral_back)

    def _places(self) -> tuple[list[tuple[QRect, Stage]], bool]:
        """Where each stage stands, and whether the icon stands over the word because there is little room."""
        if self._placed is not None and self._placed[0] == self.size():
            return self._placed[1:]
        name, below = theme.metrics_of(Face.STRONG), theme.metrics_of(Face.BODY)
        wide = [
            max(_ICON + 5 + name.horizontalAdvance(stage_word(s)), below.horizontalAdvance(self._words.get(s, "")))
            for s in STAGES
        ]
        room = self.width() - 2 * theme.GRID
        narrow = sum(wide) + 6 * (len(STAGES) - 1) > room
        widths = [name.horizontalAdvance(stage_word(s)) for s in STAGES] if narrow else wide
        gap = max(2, min(_WIDEST_GAP, (room - sum(widths)) // (len(STAGES) - 1)))
        places, left = [], theme.GRID
        for stage, width in zip(STAGES, widths, strict=True):
            places.append((QRect(left, 0, width, self.height()), stage))
            left += width + gap
        self._placed = self.size(), places, narrow
        return places, narrow

    def _at(self, point: QPoint) -> Stage | None:
        for rect, stage in self._places()[0]:
            if rect.adjusted(*_AROUND).contains(point):
                return stage
        return None

    def _toggle(self, stage: Stage) -> None:
        self._chosen = None if self._chosen is stage else stage
        self._describe()
        self.update()
        self.stage_chosen.emit(self._chosen)

    def _describe(self) -> None:
        said = [_told(result) for result in self._stages.values()]
        if self._cursor is not None:
            said.insert(0, f"at {stage_word(self._cursor)}")
        self.setAccessibleDescription("; ".join(said))


def _below(report: Report, result: StageResult) -> str:
    """The few words under a stage: what one server noted when it failed, else how long it took."""
    if result.status is Status.SKIPPED:
        went_past = report.verdict is Verdict.CONNECTED or result.stage in (Stage.FILES, Stage.HOP)
        return _LEFT_OUT.get(result.stage, "") if went_past else ""
    if result.status in (Status.FAILED, Status.WARNING):
        name = result.stage.value
        cells = [cell for server in report.servers if (cell := server.cells.get(name)) is not None]
        bad = [cell for cell in cells if cell.status is result.status]
        if len(report.servers) > 1 and bad:
            return f"{len(bad)} of {len(cells)}"
        if len(bad) == 1 and 0 < len(bad[0].note) <= _LONGEST:
            return bad[0].note
    if result.elapsed_ms is not None and result.status is Status.PASSED:
        return elapsed_text(result.elapsed_ms)
    return "" if result.status is Status.WAITING else status_word(result.status)


def _told(result: StageResult) -> str:
    words = f"{stage_word(result.stage)}: {status_word(result.status)}"
    return f"{words}, {elapsed_text(result.elapsed_ms)}" if result.elapsed_ms is not None else words
