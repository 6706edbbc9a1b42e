"""How the rows and cells of lists and tables are painted: icon and word, never colour alone."""

from __future__ import annotations

import time
from functools import lru_cache

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from clearline.core.findings import SERVER_STAGES, Severity
from clearline.core.report.report import ServerResult, Status, Verdict
from clearline.ui.look import theme
from clearline.ui.look.icons import pixmap
from clearline.ui.look.palette import PROFILE_COLOURS
from clearline.ui.look.status import status_colour, status_icon, status_word
from clearline.ui.models.batch import BatchRole
from clearline.ui.models.findings import FindingRole
from clearline.ui.models.profiles import ProfileRole
from clearline.ui.models.servers_by_stage import NOTHING, ServerRole, ServersByStageModel, about, elapsed_text

AnyIndex = QModelIndex | QPersistentModelIndex

_RAIL = theme.GRID * 10
"""A list narrower than this shows icons alone."""


def turning() -> int:
    """The angle of the icon of what runs, in steps that the pixmap cache can keep; one where nothing moves."""
    return 0 if theme.is_still() else int(time.monotonic() * 12) % 12 * 30


_MARKED = QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver | QStyle.StateFlag.State_HasFocus


class _Rows(QStyledItemDelegate):
    """Background of selection and hover, shared by all."""

    def is_pale(self) -> bool:
        """Whether its view shows what is no longer about what is in front: all in grey."""
        view = self.parent()
        return view is not None and bool(view.property("pale"))

    def background(self, painter: QPainter, option: QStyleOptionViewItem) -> None:
        state: QStyle.StateFlag = option.state
        if not state & _MARKED:
            return
        c = theme.colours()
        rect: QRect = option.rect
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, QColor(c.selection))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, QColor(c.hover))
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QColor(c.accent))
            painter.drawRect(rect.adjusted(0, 0, -1, -1))


_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def _line(
    painter: QPainter,
    font: QFont,
    colour: str,
    rect: QRect,
    text: str,
    *,
    right: bool = False,
    middle: bool = False,
    width: int | None = None,
) -> int:
    """One line of text, elided; returns its width. ``width``: the text's own, where it is known."""
    painter.setFont(font)
    painter.setPen(QColor(colour))
    if width is None:
        width = QFontMetrics(font).horizontalAdvance(text)
    if width > rect.width():  # nearly always it has room, and eliding takes as long as drawing
        metrics = QFontMetrics(font)
        where = Qt.TextElideMode.ElideMiddle if middle else Qt.TextElideMode.ElideRight
        text = metrics.elidedText(text, where, rect.width())
        width = metrics.horizontalAdvance(text)
    painter.drawText(rect, _RIGHT if right else _LEFT, text)
    return width


class ProfileDelegate(_Rows):
    """Two lines: the name with the last verdict's icon, and where it leads. A heading has one."""

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        """Two lines of text and air."""
        height = QFontMetrics(theme.body_font()).height()
        if index.data(ProfileRole.HEADING) is not None:
            return QSize(120, height + theme.GRID)
        return QSize(120, height * 2 + theme.GRID + 4)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        """Draw one profile, or a heading."""
        painter.save()
        heading = index.data(ProfileRole.HEADING)
        if heading is not None:
            self._paint_heading(painter, option, index.data(), *heading)
        else:
            self._paint_profile(painter, option, index)
        painter.restore()

    def _paint_heading(
        self, painter: QPainter, option: QStyleOptionViewItem, title: str, count: int, folded: bool
    ) -> None:
        c = theme.colours()
        self.background(painter, option)
        if option.rect.width() < _RAIL:
            middle = option.rect.center().y()
            painter.fillRect(option.rect.left() + 12, middle, option.rect.width() - 24, 1, QColor(c.line_strong))
            return
        rect: QRect = option.rect.adjusted(12, 2, -10, 0)
        painter.drawPixmap(rect.left(), rect.center().y() - 6, pixmap("down", c.muted, 12, angle=270 if folded else 0))
        width = _line(painter, theme.body_font(), c.muted, rect, str(count), right=True)
        _line(painter, theme.body_font(), c.muted, rect.adjusted(26, 0, -width - 4, 0), title, middle=True)

    def _paint_profile(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        c = theme.colours()
        self.background(painter, option)
        rect: QRect = option.rect
        if colour := PROFILE_COLOURS.get(index.data(ProfileRole.COLOUR) or ""):
            painter.fillRect(QRect(rect.left(), rect.top(), 3, rect.height()), QColor(colour))
        verdict: Verdict | None = index.data(ProfileRole.VERDICT)
        if index.data(ProfileRole.RUNNING):
            picture = pixmap("running", c.accent, 16, angle=turning())
        elif index.data(ProfileRole.PROBLEM):
            picture = pixmap("warning", c.warning, 16)
        elif verdict is None:
            picture = pixmap("waiting", c.muted, 16)
        else:
            picture = pixmap(status_icon(verdict), status_colour(verdict), 16)
        half = rect.height() // 2
        if rect.width() < _RAIL:
            painter.drawPixmap(rect.center().x() - 7, rect.top() + half - 8, picture)
            return
        painter.drawPixmap(rect.left() + 12, rect.top() + half - 8, picture)
        left = rect.left() + 38
        upper = QRect(left, rect.top() + 4, rect.right() - left - 10, half - 4)
        body: QFont = option.font
        if index.data(ProfileRole.UNSAVED):
            width = QFontMetrics(body).horizontalAdvance("•")
            _line(painter, body, c.accent, QRect(upper.right() - width, upper.top(), width, upper.height()), "•")
            upper.setRight(upper.right() - width - 4)
        if index.data(ProfileRole.FAVOURITE):
            painter.drawPixmap(upper.right() - 12, upper.center().y() - 6, pixmap("star", c.warning, 12))
            upper.setRight(upper.right() - 16)
        if index.data(ProfileRole.WATCHED):
            painter.drawPixmap(upper.right() - 12, upper.center().y() - 6, pixmap("watch", c.accent, 12))
            upper.setRight(upper.right() - 16)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        name = theme.strong_font() if chosen else body
        _line(painter, name, c.text, upper, index.data(Qt.ItemDataRole.DisplayRole))
        lower = QRect(left, rect.top() + half, rect.right() - left - 10, half - 4)
        if when := index.data(ProfileRole.WHEN):
            width = _line(painter, body, c.muted, lower, when, right=True)
            lower.setRight(lower.right() - width - 8)
        where = index.data(ProfileRole.ADDRESS) or "no server yet"
        _line(painter, body, c.muted, lower, where, middle=not index.data(ProfileRole.PROBLEM))


class VerdictDelegate(_Rows):
    """A result as icon and word."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        """Draw one result."""
        c = theme.colours()
        painter.save()
        self.background(painter, option)
        rect: QRect = option.rect.adjusted(4, 0, -4, 0)
        verdict: Verdict | None = index.data(BatchRole.VERDICT)
        if index.data(BatchRole.RUNNING):
            picture, tone = pixmap("running", c.accent, 16, angle=turning()), c.accent
        elif verdict is None:
            picture, tone = pixmap("waiting", c.muted, 16), c.muted
        else:
            tone = status_colour(verdict)
            picture = pixmap(status_icon(verdict), tone, 16)
        painter.drawPixmap(rect.left(), rect.center().y() - 7, picture)
        _line(painter, theme.body_font(), tone, rect.adjusted(22, 0, 0, 0), index.data())
        painter.restore()


class MatrixDelegate(_Rows):
    """A cell of the matrix: the status' icon, its time, its note."""

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        """Room for two short lines."""
        return QSize(96, QFontMetrics(theme.body_font()).height() * 2 + theme.GRID)

    @staticmethod
    def width_of(server: ServerResult, stage: str | None) -> int:
        """What a cell needs to show both of its lines whole; ``stage`` None: the one that names the server."""
        if stage is None:
            return max(_width(server.address, mono=True), _width(about(server))) + 18
        cell = server.cells.get(stage, NOTHING)
        upper, lower = _cell_lines(cell.status, cell.elapsed_ms, cell.note)
        return max(_width(upper) + 20, _width(lower)) + 18

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        """Draw one cell."""
        c = theme.colours()
        body: QFont = option.font  # the same, and asking the system for it costs as much as drawing a word
        painter.save()
        self.background(painter, option)
        rect: QRect = option.rect.adjusted(8, 3, -6, -3)
        half = rect.height() // 2
        upper = QRect(rect.left(), rect.top(), rect.width(), half)
        lower = QRect(rect.left(), rect.top() + half, rect.width(), half)
        servers, column = index.model(), index.column()
        assert isinstance(servers, ServersByStageModel)  # asked by hand: a way through Qt costs more than the drawing
        server = servers.server_at(index.row())
        if column == 0:
            name, mono = server.address, theme.mono_font()
            metrics = QFontMetrics(mono)
            if metrics.horizontalAdvance(name) > upper.width():
                shorter = index.data(ServerRole.SHORT)
                name = next((one for one in shorter if metrics.horizontalAdvance(one) <= upper.width()), shorter[-1])
            _line(painter, mono, c.muted if self.is_pale() else c.text, upper, name, middle=True)
            _line(painter, body, c.muted, lower, about(server), width=_width(about(server)))
            painter.restore()
            return
        cell = server.cells.get(SERVER_STAGES[column - 1].value, NOTHING)
        status, pale = cell.status, self.is_pale()
        colour = c.muted if pale else status_colour(status)
        angle = turning() if status is Status.RUNNING else 0
        time_text, note = _cell_lines(status, cell.elapsed_ms, cell.note)
        line = upper if note else rect
        painter.drawPixmap(line.left(), line.center().y() - 7, pixmap(status_icon(status), colour, 16, angle=angle))
        strong = status in (Status.FAILED, Status.WARNING)
        quiet = status in (Status.SKIPPED, Status.CANCELLED, Status.WAITING)
        tone = colour if strong else c.muted if quiet or pale else c.text
        _line(painter, body, tone, line.adjusted(20, 0, 0, 0), time_text, width=_width(time_text))
        if note:
            _line(painter, body, c.muted, lower, note, width=_width(note))
        painter.restore()


def _cell_lines(status: Status, elapsed_ms: float | None, note: str) -> tuple[str, str]:
    """The two lines of a cell; the lower one may be empty."""
    time_text = elapsed_text(elapsed_ms)
    if status is Status.SKIPPED and note and not time_text:
        return note, ""  # why it was left out says that it was
    if not time_text and status is not Status.WAITING:
        time_text = status_word(status)
    return time_text, note


@lru_cache(maxsize=4096)  # hundreds of servers say much the same
def _width(text: str, *, mono: bool = False) -> int:
    return QFontMetrics(theme.mono_font() if mono else theme.body_font()).horizontalAdvance(text)


class FindingDelegate(_Rows):
    """Icon, sentence, and below it severity, certainty, stage and server in words."""

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        """As many lines as the sentence needs in the list's width, at most three, and one more."""
        metrics = QFontMetrics(theme.body_font())
        view = self.parent()
        room = view.viewport().width() if isinstance(view, QListView) else option.rect.width()
        width = max(120, room - 52)
        text = metrics.boundingRect(
            QRect(0, 0, width, 1000), int(Qt.TextFlag.TextWordWrap), index.data(Qt.ItemDataRole.DisplayRole)
        )
        lines = min(text.height(), metrics.lineSpacing() * 3)
        return QSize(160, lines + metrics.height() + theme.GRID * 2)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        """Draw one finding."""
        c = theme.colours()
        painter.save()
        self.background(painter, option)
        severity: Severity = index.data(FindingRole.SEVERITY)
        rect: QRect = option.rect.adjusted(4, 7, -10, -6)
        tone = c.muted if self.is_pale() else status_colour(severity)
        painter.drawPixmap(rect.left(), rect.top() + 1, pixmap(status_icon(severity), tone, 16))
        text = rect.adjusted(28, 0, 0, 0)
        font = theme.body_font()
        below = QFontMetrics(font).height()
        painter.setFont(font)
        painter.setPen(QColor(c.muted if self.is_pale() else c.text))
        painter.drawText(
            text.adjusted(0, 0, 0, -below - 2), int(Qt.TextFlag.TextWordWrap), index.data(Qt.ItemDataRole.DisplayRole)
        )
        lower = QRect(text.left(), text.bottom() - below, text.width(), below)
        _line(painter, font, c.muted, lower, index.data(FindingRole.SUBTITLE))
        painter.restore()
