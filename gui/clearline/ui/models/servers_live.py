"""The servers of a watched deployment, one row each, and the diary of what changed."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from clearline.core.watch.topology import ChangeKind, ServerState, TopologyChange
from clearline.ui.models.live_rows import Column, LiveRows

_ROLES: Final = {
    "RSPrimary": "primary",
    "RSSecondary": "secondary",
    "RSArbiter": "arbiter",
    "RSOther": "other member",
    "RSGhost": "not initiated",
    "Standalone": "standalone",
    "Mongos": "mongos",
    "LoadBalancer": "load balancer",
    "Unknown": "does not answer",
}


def role_word(role: str) -> str:
    """PyMongo's server type in plain words."""
    return _ROLES.get(role, role)


def role_icon(server: ServerState) -> tuple[str, str]:
    """Icon and tone."""
    if not server.known:
        return "failed", "failed"
    return ("bookmarked", "accent") if server.role == "RSPrimary" else ("passed", "passed")


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:,.1f} ms"


_LONG_AGO_S: Final = 120


def ago(seconds: float) -> str:
    """How long something is ago."""
    if seconds < 1:
        return "now"
    return f"{seconds:,.0f} s ago" if seconds < _LONG_AGO_S else f"{seconds / 60:,.0f} min ago"


def _known(server: ServerState) -> str:
    parts = []
    if server.hosts:
        parts.append(f"names {len(server.hosts)}")
    if server.known_by:
        parts.append(f"named by {len(server.known_by)}")
    elif server.seed:
        parts.append("only a seed")
    return ", ".join(parts)


def _known_tip(server: ServerState) -> str:
    lines = [f"Names in its hello: {', '.join(server.hosts) or 'no server'}"]
    lines.append(f"Named by: {', '.join(server.known_by) or 'no server'}")
    if server.primary:
        lines.append(f"Takes for the primary: {server.primary}")
    return "\n".join(lines)


class ServersLiveModel(LiveRows[ServerState]):
    """Shows `ServerState` values; ages count from `now_s`."""

    def __init__(self) -> None:
        self._now_s = 0.0
        # What a narrow window has room for stands first.
        columns: tuple[Column[ServerState], ...] = (
            Column("server", "The address that the driver uses", lambda s: s.address, lambda s: s.address),
            Column(
                "type",
                "What it says it is",
                lambda s: role_word(s.role),
                lambda s: s.role,
                role_icon,
                lambda s: None if s.known else "failed",
            ),
            Column("our ping", "The latest ping of the watch", lambda s: _ms(s.ping_ms), number=True),
            Column("heartbeat", "When its latest heartbeat was answered", self._heartbeat, number=True),
            Column("driver's RTT", "The driver's average over its heartbeats", lambda s: _ms(s.rtt_ms), number=True),
            Column("version", "The server's version", lambda s: s.version or "", self._wire),
            Column("who knows whom", "Whom its hello names, and who names it", _known, _known_tip),
            Column("tags", "Its tags", lambda s: ", ".join(f"{k}:{v}" for k, v in s.tags.items())),
            Column("set", "The replica set's name", lambda s: s.set_name or ""),
            Column(
                "last error",
                "The latest failure, in the driver's words",
                self._error,
                lambda s: s.last_error or "",
                tone=lambda s: "muted" if s.known else "failed",
            ),
        )
        super().__init__(columns, lambda server: server.address)

    def show_at(self, servers: tuple[ServerState, ...], now_s: float) -> None:
        """Show the servers as they are at ``now_s`` seconds after the watch began."""
        same = self.rows == list(servers)
        self._now_s = now_s
        self.show(servers)
        if same:
            self.refresh()

    def _heartbeat(self, server: ServerState) -> str:
        at_s = server.heartbeat_at_s
        return "never" if at_s is None else ago(self._now_s - at_s)

    def _error(self, server: ServerState) -> str:
        if not server.last_error:
            return ""
        when = "" if server.last_error_at_s is None else f"{ago(self._now_s - server.last_error_at_s)}: "
        return f"{when}{server.last_error}"

    def _wire(self, server: ServerState) -> str:
        return "" if server.wire_version is None else f"wire version {server.wire_version}"


_CHANGE_ICONS: Final = {
    ChangeKind.TOPOLOGY: ("kind-topology", "muted"),
    ChangeKind.JOINED: ("plus", "accent"),
    ChangeKind.LEFT: ("minus", "warning"),
    ChangeKind.ROLE: ("kind-server", "accent"),
    ChangeKind.ELECTED: ("bookmarked", "accent"),
    ChangeKind.LOST: ("failed", "failed"),
    ChangeKind.BACK: ("passed", "passed"),
}


class ChangesModel(LiveRows[TopologyChange]):
    """The diary, the newest first."""

    def __init__(self) -> None:
        columns: tuple[Column[TopologyChange], ...] = (
            Column("at", "Time of day", lambda c: datetime.fromtimestamp(c.at).strftime("%H:%M:%S.%f")[:-3]),
            Column("change", "What changed", lambda c: c.text, lambda c: c.text, lambda c: _CHANGE_ICONS[c.kind]),
        )
        super().__init__(columns, lambda change: f"{change.at} {change.text}")

    def show_changes(self, changes: tuple[TopologyChange, ...]) -> None:
        """Show a diary whose newest entry comes last."""
        newest_first = list(reversed(changes))
        fresh = len(newest_first) - len(self._rows)
        if fresh > 0 and newest_first[fresh:] == self._rows:
            from PySide6.QtCore import QModelIndex

            self.beginInsertRows(QModelIndex(), 0, fresh - 1)
            self._rows = newest_first
            self.endInsertRows()
        else:
            self.show(newest_first)
