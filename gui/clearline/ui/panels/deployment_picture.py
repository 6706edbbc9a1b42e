"""A small picture of the deployment: its servers, who knows whom, and this computer's lines to them."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QToolTip, QWidget

from clearline.core.watch.topology import ChangeKind, ServerState, TopologySnapshot
from clearline.ui.look import theme
from clearline.ui.look.icons import pixmap
from clearline.ui.models.servers_live import role_icon, role_word

_FRESH_S = 10.0
_NEWS = frozenset({ChangeKind.ROLE, ChangeKind.ELECTED, ChangeKind.LOST, ChangeKind.BACK, ChangeKind.JOINED})


class DeploymentPicture(QWidget):
    """Paints a `TopologySnapshot`. A thick frame marks a server whose role has changed a moment ago."""

    def __init__(self) -> None:
        super().__init__()
        self._topology = TopologySnapshot()
        self._fresh: frozenset[str] = frozenset()
        self._boxes: list[tuple[QRectF, ServerState]] = []
        self.setMouseTracking(True)
        self.setAccessibleName("Picture of the deployment")

    def sizeHint(self) -> QSize:
        """Room for three members."""
        return QSize(theme.GRID * 44, theme.GRID * 28)

    def minimumSizeHint(self) -> QSize:
        """Less is unreadable."""
        return QSize(theme.GRID * 26, theme.GRID * 15)

    def show_topology(self, topology: TopologySnapshot, now_s: float) -> None:
        """Show the deployment as it is ``now_s`` seconds after the watch began."""
        fresh = frozenset(
            change.server
            for change in topology.changes
            if change.server and change.kind in _NEWS and now_s - change.at_s < _FRESH_S
        )
        if (topology, fresh) == (self._topology, self._fresh):
            return
        self._topology, self._fresh = topology, fresh
        self.setAccessibleDescription(
            ", ".join(f"{server.address} {role_word(server.role)}" for server in topology.servers)
        )
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Lines first, boxes over them."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        servers = sorted(self._topology.servers, key=lambda s: s.role != "RSPrimary")
        self._boxes = list(zip(self._places(painter, servers), servers, strict=True))
        self._paint_lines(painter)
        self._paint_client(painter)
        for box, server in self._boxes:
            self._paint_server(painter, box, server)
        painter.end()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tell about the server under the pointer."""
        for box, server in self._boxes:
            if box.contains(event.position()):
                QToolTip.showText(event.globalPosition().toPoint(), _told(server), self)
                return
        QToolTip.hideText()

    def _client(self, painter: QPainter) -> QRectF:
        metrics = QFontMetrics(theme.body_font())
        width = metrics.horizontalAdvance("this computer") + 20
        return QRectF((self.width() - width) / 2, self.height() - metrics.height() - 12, width, metrics.height() + 6)

    def _places(self, painter: QPainter, servers: list[ServerState]) -> list[QRectF]:
        """In rows above this computer; the primary comes first."""
        if not servers:
            return []
        metrics = QFontMetrics(theme.body_font())
        height = metrics.height() * 2 + 10
        mono = QFontMetrics(theme.mono_font())
        wanted = 24 + max(
            max(mono.horizontalAdvance(server.address), metrics.horizontalAdvance(role_word(server.role)) + 18)
            for server in servers
        )
        room = self.width() - 16
        width = min(max(wanted, 110), 190, room)
        per_row = max(1, min(len(servers), int((room + 14) // (width + 14))))
        rows = math.ceil(len(servers) / per_row)
        top_room = self._client(painter).top() - 26
        step = max(height + 6, min(height + 40, (top_room - height) / max(1, rows - 1))) if rows > 1 else 0
        top = max(6.0, (top_room - (rows - 1) * step - height) / 2)
        boxes = []
        for number, _server in enumerate(servers):
            row, column = divmod(number, per_row)
            in_row = min(per_row, len(servers) - row * per_row)
            gap = (room - in_row * width) / (in_row + 1)
            left = 8 + gap + column * (width + gap)
            lower = (row % 2 == 0 and column % 2 == 1) * min(18.0, max(0.0, (top_room - top - height) / 2))
            boxes.append(QRectF(left, top + row * step + (lower if rows == 1 else 0), width, height))
        return boxes

    def _paint_lines(self, painter: QPainter) -> None:
        c = theme.colours()
        middles = {server.address: box.center() for box, server in self._boxes}
        hosts = {server.address: set(server.hosts) for _, server in self._boxes}
        names = list(middles)
        for place, one in enumerate(names):
            for other in names[place + 1 :]:
                knows, known = other in hosts[one], one in hosts[other]
                if knows or known:
                    pen = QPen(QColor(c.line_strong), 1.2)
                    if not (knows and known):
                        pen.setStyle(Qt.PenStyle.DashLine)
                    painter.setPen(pen)
                    painter.drawLine(middles[one], middles[other])
        client = self._client(painter)
        font = theme.body_font()
        painter.setFont(font)
        metrics = QFontMetrics(font)
        for box, server in self._boxes:
            start, end = QPointF(client.center().x(), client.top()), QPointF(box.center().x(), box.bottom())
            pen = QPen(QColor(c.accent if server.known else c.failed), 1.4)
            if not server.known:
                pen.setStyle(Qt.PenStyle.DotLine)
            painter.setPen(pen)
            painter.drawLine(start, end)
            words = f"{server.rtt_ms:,.1f} ms" if server.rtt_ms is not None and server.known else ""
            if words:
                at = start + (end - start) * 0.55
                width = metrics.horizontalAdvance(words) + 6
                label = QRectF(at.x() - width / 2, at.y() - metrics.height() / 2, width, metrics.height())
                painter.fillRect(label, QColor(c.base))
                painter.setPen(QColor(c.muted))
                painter.drawText(label, Qt.AlignmentFlag.AlignCenter, words)

    def _paint_client(self, painter: QPainter) -> None:
        c = theme.colours()
        box = self._client(painter)
        painter.setPen(QColor(c.line_strong))
        painter.setBrush(QColor(c.neutral_back))
        painter.drawRoundedRect(box, 6, 6)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QColor(c.muted))
        painter.setFont(theme.body_font())
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, "this computer")

    def _paint_server(self, painter: QPainter, box: QRectF, server: ServerState) -> None:
        c = theme.colours()
        name, tone = role_icon(server)
        fresh = server.address in self._fresh
        primary = server.role == "RSPrimary"
        painter.setPen(QPen(QColor(c.accent if fresh or primary else theme.tone(tone)), 2.6 if fresh else 1.2))
        painter.setBrush(QColor(c.raised if server.known else c.failed_back))
        painter.drawRoundedRect(box, 6, 6)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        upper = QRectF(box.left() + 8, box.top() + 4, box.width() - 16, box.height() / 2 - 4)
        lower = upper.translated(0, upper.height())
        painter.setFont(theme.mono_font())
        painter.setPen(QColor(c.text))
        shown = QFontMetrics(theme.mono_font()).elidedText(
            server.address, Qt.TextElideMode.ElideMiddle, int(upper.width())
        )
        painter.drawText(upper, Qt.AlignmentFlag.AlignCenter, shown)
        metrics = QFontMetrics(theme.body_font())
        words = role_word(server.role)
        width = min(lower.width(), metrics.horizontalAdvance(words) + 18.0)
        left = lower.center().x() - width / 2
        painter.drawPixmap(QPointF(left, lower.center().y() - 7), pixmap(name, theme.tone(tone), 14))
        painter.setFont(theme.body_font())
        painter.setPen(QColor(c.muted if server.known else c.failed))
        painter.drawText(
            QRectF(left + 18, lower.top(), width, lower.height()),
            Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft,
            words,
        )


def _told(server: ServerState) -> str:
    lines = [server.address, role_word(server.role)]
    if server.version:
        lines.append(f"MongoDB {server.version}")
    if server.tags:
        lines.append(", ".join(f"{name}: {value}" for name, value in server.tags.items()))
    if server.known_by:
        lines.append(f"named by {', '.join(server.known_by)}")
    if server.last_error and not server.known:
        lines.append(server.last_error)
    return "\n".join(lines)
