"""The matrix of servers and stages: it takes snapshots of the report and repaints the cells that changed."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from clearline.core.findings import SERVER_STAGES
from clearline.core.report.report import Cell, ServerResult, Status
from clearline.ui.look.short_names import shorten
from clearline.ui.look.status import status_word

AnyIndex = QModelIndex | QPersistentModelIndex

_TITLES = {"dns": "DNS", "tcp": "TCP", "tls": "TLS", "hello": "hello", "auth": "auth", "access": "access"}
_PRECISE_BELOW_MS = 10
NOTHING = Cell(status=Status.WAITING)
"""Of a stage that was not come to yet."""


_MOST_APART = 20
"""Rows whose changes are told cell by cell; of more each view would be asked thousands of times."""
_MIDDLING = 22
"""Letters of the shared beginning and end of long names where there is some room."""


class ServerRole(IntEnum):
    """What an index offers besides its text."""

    SERVER = Qt.ItemDataRole.UserRole + 1
    STAGE = Qt.ItemDataRole.UserRole + 2
    STATUS = Qt.ItemDataRole.UserRole + 3
    ELAPSED_MS = Qt.ItemDataRole.UserRole + 4


class ServersByStageModel(QAbstractTableModel):
    """One row per server; the first column names it, the others are its stages."""

    def __init__(self) -> None:
        super().__init__()
        self._servers: tuple[ServerResult, ...] = ()
        self._short: dict[str, tuple[str, ...]] | None = None
        """By address; made when it is first painted."""

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Servers."""
        return 0 if parent.isValid() else len(self._servers)

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """The server and its stages."""
        return 0 if parent.isValid() else 1 + len(SERVER_STAGES)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The stages' names."""
        if role != Qt.ItemDataRole.DisplayRole or orientation is not Qt.Orientation.Horizontal:
            return None
        return "server" if section == 0 else _TITLES[SERVER_STAGES[section - 1].value]

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The roles of `ServerRole`, short text, and words for those who do not see."""
        if not index.isValid() or index.row() >= len(self._servers):
            return None
        server = self._servers[index.row()]
        if role == ServerRole.SERVER:
            return server
        if index.column() == 0:
            match role:
                case Qt.ItemDataRole.DisplayRole:
                    return server.address
                case Qt.ItemDataRole.ToolTipRole | Qt.ItemDataRole.AccessibleTextRole:
                    return f"{server.address}, {about(server)}"
            return None
        stage = SERVER_STAGES[index.column() - 1]
        cell = server.cells.get(stage.value, NOTHING)
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return cell.note or elapsed_text(cell.elapsed_ms)
            case Qt.ItemDataRole.ToolTipRole | Qt.ItemDataRole.AccessibleTextRole:
                words = (
                    f"{_TITLES[stage.value]} of {server.address}: {status_word(cell.status)}",
                    elapsed_text(cell.elapsed_ms),
                    cell.note,
                )
                return ", ".join(filter(None, words))
            case ServerRole.STAGE:
                return stage
            case ServerRole.STATUS:
                return cell.status
            case ServerRole.ELAPSED_MS:
                return cell.elapsed_ms
        return None

    def server_at(self, row: int) -> ServerResult:
        """The server of a row."""
        return self._servers[row]

    def shortened(self, server: ServerResult) -> tuple[str, ...]:
        """Its address, cut where it does not differ from the others: forms that are shorter and shorter."""
        if self._short is None:
            names = [one.address for one in self._servers]
            forms = shorten(names, kept=_MIDDLING), shorten(names), shorten(names, tail=False)
            self._short = {name: tuple(form[name] for form in forms) for name in names}
        return self._short[server.address]

    def show(self, servers: tuple[ServerResult, ...]) -> None:
        """Take a newer snapshot. Rows are matched by address, so that the selection stays where it is."""
        before = self._servers
        names, kept = [server.address for server in servers], [server.address for server in before]
        if set(names) != set(kept):
            self._short = None
        if names[: len(before)] != kept:
            self.beginResetModel()
            self._servers = servers
            self.endResetModel()
            return
        self._servers = servers[: len(before)]
        changed = [row for row, new in enumerate(self._servers) if new != before[row]]
        if len(changed) > _MOST_APART:
            last = self.index(changed[-1], len(SERVER_STAGES))
            self.dataChanged.emit(self.index(changed[0], 0), last)
        else:
            for row in changed:
                self._repaint(row, before[row], self._servers[row])
        if more := servers[len(before) :]:
            self.beginInsertRows(QModelIndex(), len(before), len(before) + len(more) - 1)
            self._servers = servers
            self.endInsertRows()

    def repaint_running(self, rows: range) -> None:
        """Let the cells of these rows that run turn a little further."""
        for row in rows:
            for column, stage in enumerate(SERVER_STAGES, 1):
                cell = self._servers[row].cells.get(stage.value)
                if cell is not None and cell.status is Status.RUNNING:
                    index = self.index(row, column)
                    self.dataChanged.emit(index, index, [ServerRole.STATUS])

    def _repaint(self, row: int, old: ServerResult, new: ServerResult) -> None:
        for column, stage in enumerate(SERVER_STAGES, 1):
            if old.cells.get(stage.value) != new.cells.get(stage.value):
                index = self.index(row, column)
                self.dataChanged.emit(index, index)
        first = self.index(row, 0)
        self.dataChanged.emit(first, first)


def about(server: ServerResult) -> str:
    """What is known of a server, in few words."""
    origin = "" if server.advertised else "seed only" if server.seed else ""
    rtt = latency_text(server.rtt_ms.median) if server.rtt_ms else ""
    return " · ".join(filter(None, (server.role, server.version, rtt, origin if not server.role else "")))


def latency_text(rtt_ms: float) -> str:
    """A round trip in few characters."""
    return f"{rtt_ms:.1f} ms" if rtt_ms < _PRECISE_BELOW_MS else f"{rtt_ms:.0f} ms"


def elapsed_text(elapsed_ms: float | None) -> str:
    """A time as the matrix shows it."""
    if elapsed_ms is None:
        return ""
    if elapsed_ms < 1:
        return "<1 ms"
    return f"{elapsed_ms:.0f} ms" if elapsed_ms < 1000 else f"{elapsed_ms / 1000:.1f} s"
