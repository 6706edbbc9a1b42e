"""How the rows and cells of lists and tables are painted: icon and word, never colour alone."""

from __future__ import annotations

import time

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from clearline.core.findings import Severity
from clearline.core.report.report import Verdict
from clearline.ui.look import theme
from clearline.ui.look.icons import pixmap
from clearline.ui.look.palette import PROFILE_COLOURS
from clearline.ui.look.status import status_colour, status_icon
from clearline.ui.look.theme import Face
from clearline.ui.models.batch import BatchRole
from clearline.ui.models.findings import FindingRole
from clearline.ui.models.profile_rows import ProfileRow
from clearline.ui.models.profiles import Heading, ProfileRole, ProfilesModel, ago

AnyIndex = QModelIndex | QPersistentModelIndex

_RAIL = theme.GRID * 10
"""A list narrower than this shows icons alone."""


def turning() -> int:
    """The angle of the icon of what runs, in steps that the pixmap cache can keep; one where nothing moves."""
    return 0 if theme.is_still() else int(time.monotonic() * 12) % 12 * 30


_MARKED = (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver | QStyle.StateFlag.State_HasFocus).value


class _Rows(QStyledItemDelegate):
    """Background of selection and hover, shared by all."""

    def is_pale(self) -> bool:
        """Whether its view shows what is no longer about what is in front: all in grey."""
        view = self.parent()
        return view is not None and bool(view.property("pale"))

    def background(self, painter: QPainter, option: QStyleOptionViewItem) -> None:
        state: QStyle.StateFlag = option.state
        if not state.value & _MARKED:  # numbers: with Python's own enumerations it takes as long as drawing a word
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


_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def _line(
    painter: QPainter,
    face: Face,
    colour: str,
    rect: QRect,
    text: str,
    *,
    right: bool = False,
    middle: bool = False,
    width: int | None = None,
) -> int:
    """One line of text in the middle of its height, elided; returns its width. ``width``: the text's, where known."""
    metrics = theme.metrics_of(face)
    if width is None:
        width = metrics.horizontalAdvance(text)
    if width > rect.width():  # nearly always it has room, and eliding takes as long as drawing
        where = Qt.TextElideMode.ElideMiddle if middle else Qt.TextElideMode.ElideRight
        text = metrics.elidedText(text, where, rect.width())
        width = metrics.horizontalAdvance(text)
    painter.setFont(theme.font_of(face))
    painter.setPen(QColor(colour))
    if right:
        painter.drawText(rect, _RIGHT, text)
    else:  # at a point: in a box Qt takes half as long again
        below = rect.top() + (rect.height() - metrics.height() + 1) // 2 + metrics.ascent()
        painter.drawText(rect.left(), below, text)
    return width


class ProfileDelegate(_Rows):
    """Two lines: the name with the last verdict's icon, and where it leads. A heading has one."""

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        """Two lines of text and air."""
        height = theme.metrics_of(Face.BODY).height()
        if index.data(ProfileRole.HEADING) is not None:
            return QSize(120, height + theme.GRID)
        return QSize(120, height * 2 + theme.GRID + 4)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        """Draw one profile, or a heading."""
        profiles = index.model()
        assert isinstance(profiles, ProfilesModel)
        entry = profiles.entry_at(index.row())
        painter.save()
        if isinstance(entry, Heading):
            self._paint_heading(painter, option, entry)
        else:
            self._paint_profile(painter, option, entry)
        painter.restore()

    def _paint_heading(self, painter: QPainter, option: QStyleOptionViewItem, heading: Heading) -> None:
        c = theme.colours()
        self.background(painter, option)
        if option.rect.width() < _RAIL:
            middle = option.rect.center().y()
            painter.fillRect(option.rect.left() + 12, middle, option.rect.width() - 24, 1, QColor(c.line_strong))
            return
        rect: QRect = option.rect.adjusted(12, 2, -10, 0)
        arrow = pixmap("down", c.muted, 12, angle=270 if heading.folded else 0)
        painter.drawPixmap(rect.left(), rect.center().y() - 6, arrow)
        width = _line(painter, Face.BODY, c.muted, rect, str(heading.count), right=True)
        _line(painter, Face.BODY, c.muted, rect.adjusted(26, 0, -width - 4, 0), heading.group.title, middle=True)

    def _paint_profile(self, painter: QPainter, option: QStyleOptionViewItem, row: ProfileRow) -> None:
        c = theme.colours()
        self.background(painter, option)
        rect: QRect = option.rect
        if colour := PROFILE_COLOURS.get(row.profile.colour or ""):
            painter.fillRect(QRect(rect.left(), rect.top(), 3, rect.height()), QColor(colour))
        if row.running:
            picture = pixmap("running", c.accent, 16, angle=turning())
        elif row.problem:
            picture = pixmap("warning", c.warning, 16)
        elif row.verdict is None:
            picture = pixmap("waiting", c.muted, 16)
        else:
            picture = pixmap(status_icon(row.verdict), status_colour(row.verdict), 16)
        half = rect.height() // 2
        if rect.width() < _RAIL:
            painter.drawPixmap(rect.center().x() - 7, rect.top() + half - 8, picture)
            return
        painter.drawPixmap(rect.left() + 12, rect.top() + half - 8, picture)
        left = rect.left() + 38
        upper = QRect(left, rect.top() + 4, rect.right() - left - 10, half - 4)
        body = Face.BODY
        if row.unsaved:
            width = theme.metrics_of(body).horizontalAdvance("•")
            _line(painter, body, c.accent, QRect(upper.right() - width, upper.top(), width, upper.height()), "•")
            upper.setRight(upper.right() - width - 4)
        if row.profile.favourite:
            painter.drawPixmap(upper.right() - 12, upper.center().y() - 6, pixmap("star", c.warning, 12))
            upper.setRight(upper.right() - 16)
        if row.watched:
            painter.drawPixmap(upper.right() - 12, upper.center().y() - 6, pixmap("watch", c.accent, 12))
            upper.setRight(upper.right() - 16)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        name = Face.STRONG if chosen else body
        _line(painter, name, c.text, upper, row.name)
        lower = QRect(left, rect.top() + half, rect.right() - left - 10, half - 4)
        if when := ago(row.tested):
            width = _line(painter, body, c.muted, lower, when, right=True)
            lower.setRight(lower.right() - width - 8)
        _line(painter, body, c.muted, lower, row.said or "no server yet", middle=not row.problem)


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
        _line(painter, Face.BODY, tone, rect.adjusted(22, 0, 0, 0), index.data())
        painter.restore()


class FindingDelegate(_Rows):
    """Icon, sentence, and below it severity, certainty, stage and server in words."""

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        """As many lines as the sentence needs in the list's width, at most three, and one more."""
        metrics = theme.metrics_of(Face.BODY)
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
        below = theme.metrics_of(Face.BODY).height()
        painter.setFont(theme.font_of(Face.BODY))
        painter.setPen(QColor(c.muted if self.is_pale() else c.text))
        painter.drawText(
            text.adjusted(0, 0, 0, -below - 2), int(Qt.TextFlag.TextWordWrap), index.data(Qt.ItemDataRole.DisplayRole)
        )
        lower = QRect(text.left(), text.bottom() - below, text.width(), below)
        _line(painter, Face.BODY, c.muted, lower, index.data(FindingRole.SUBTITLE))
        painter.restore()
