"""What each pymongo event says, in a few words: names, sizes, codes and times, never a command's body or reply.

Source of the event classes: ``pymongo.monitoring``; of their units: ``pymongo._telemetry`` (pools and heartbeats say
seconds, commands microseconds).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from clearline.core.facts import replies

LOGIN_COMMANDS = frozenset({"saslStart", "saslContinue", "authenticate"})
"""The commands whose failure is a refused login (Authentication spec)."""

_ON_A_COLLECTION = frozenset(
    {"find", "aggregate", "insert", "update", "delete", "count", "distinct", "findAndModify", "listIndexes"}
)
_CLOSED_BECAUSE = {
    "stale": "stale: the pool was cleared",
    "idle": "idle for longer than maxIdleTimeMS",
    "error": "an error on the connection",
    "poolClosed": "the pool was closed",
}
_NO_CONNECTION_BECAUSE = {
    "timeout": "no connection became free in time",
    "connectionError": "a new connection could not be made",
    "poolClosed": "the pool was closed",
}

Fields = dict[str, Any]
"""Fields of a ``DriverEvent``, its kind, name and time left out."""


def address_text(address: tuple[str, int | None]) -> str:
    """``host:port``, ``[v6]:port`` or the path of a Unix socket."""
    host, port = replies.cut(address[0]), address[1]
    if port is None:
        return host
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def error_text(error: Exception) -> str:
    """Class and message, without the list of timeouts that pymongo appends. May hold anything: redact it."""
    return f"{type(error).__name__}: {error}".partition(" (configured timeouts:")[0]


def failure_code(failure: Mapping[str, Any] | None) -> int | None:
    """The server's error code; None when the command failed without an answer."""
    code = (failure or {}).get("code")
    return code if isinstance(code, int) else None


def _pool(event: Any) -> Fields:
    return {"server": address_text(event.address)}


def _pool_created(event: Any) -> Fields:
    options = [f"{name} {value:g}" for name, value in event.options.items() if isinstance(value, int | float)]
    return _pool(event) | {"text": ", ".join(options)}


def _pool_cleared(event: Any) -> Fields:
    text = "connections in use are interrupted" if event.interrupt_connections else "its connections are now stale"
    return _pool(event) | {"text": text, "failed": True}


def _connection(event: Any) -> Fields:
    return {"server": address_text(event.address), "connection_id": event.connection_id}


def _connection_timed(event: Any) -> Fields:
    return _connection(event) | {"duration_ms": _ms(event.duration)}


def _connection_closed(event: Any) -> Fields:
    reason = event.reason
    text = _CLOSED_BECAUSE.get(reason, reason)
    return _connection(event) | {"reason": reason, "text": text, "failed": reason == "error"}


def _check_out_failed(event: Any) -> Fields:
    reason = event.reason
    return {
        "server": address_text(event.address),
        "duration_ms": _ms(event.duration),
        "reason": reason,
        "text": _NO_CONNECTION_BECAUSE.get(reason, reason),
        "failed": True,
    }


def _command(event: Any, where: str, more: str = "") -> Fields:
    return {
        "server": address_text(event.connection_id),
        "text": f"{event.command_name} on {where}, request {event.request_id}{more}",
        "command": event.command_name,
        "request_id": event.request_id,
    }


def _command_started(event: Any) -> Fields:
    name, where = event.command_name, event.database_name
    if name in _ON_A_COLLECTION and isinstance(collection := event.command.get(name), str):
        where = f"{where}.{collection}"
    return _command(event, where)


def _command_succeeded(event: Any) -> Fields:
    more = ""
    if isinstance(cursor := event.reply.get("cursor"), Mapping):
        batch = cursor.get("firstBatch", cursor.get("nextBatch"))
        more = f": {len(batch)} documents" if isinstance(batch, list) else ""
    return _command(event, event.database_name, more) | {"duration_ms": event.duration_micros / 1000}


def _command_failed(event: Any) -> Fields:
    failure = event.failure or {}
    code = failure_code(failure)
    # Without an answer of the server pymongo files the exception's class name as errtype.
    why = replies.text(failure.get("codeName")) or replies.text(failure.get("errtype")) or "refused"
    more = f": {why}" if code is None else f": {why} ({code})"
    return _command(event, event.database_name, more) | {
        "duration_ms": event.duration_micros / 1000,
        "code": code,
        "failed": True,
    }


def _heartbeat_started(event: Any) -> Fields:
    return {"server": address_text(event.connection_id), "text": "waits for a change" if event.awaited else ""}


def _heartbeat_succeeded(event: Any) -> Fields:
    from pymongo.server_type import SERVER_TYPE

    role = SERVER_TYPE._fields[event.reply.server_type]
    return {
        "server": address_text(event.connection_id),
        "duration_ms": _ms(event.duration),
        # The duration of an awaited heartbeat is mostly the server's waiting, not the way there and back.
        "text": f"{role}, awaited" if event.awaited else role,
        "role": role,
        "awaited": bool(event.awaited),
    }


def _heartbeat_failed(event: Any) -> Fields:
    from pymongo.errors import AutoReconnect, NetworkTimeout

    closed = isinstance(event.reply, AutoReconnect) and not isinstance(event.reply, NetworkTimeout)
    return {
        "awaited": bool(event.awaited),
        "reason": "closed" if closed else None,
        "server": address_text(event.connection_id),
        "duration_ms": _ms(event.duration),
        "text": error_text(event.reply),
        "failed": True,
    }


def _server(event: Any) -> Fields:
    return {"server": address_text(event.server_address)}


def _server_changed(event: Any) -> Fields:
    before, after = event.previous_description.server_type_name, event.new_description.server_type_name
    error = event.new_description.error
    text = _change(before, after) + (f": {error_text(error)}" if error else "")
    return _server(event) | {"text": text, "role": after, "failed": error is not None}


def _topology(_event: Any) -> Fields:
    return {}


def _topology_changed(event: Any) -> Fields:
    before, after = event.previous_description.topology_type_name, event.new_description.topology_type_name
    servers = event.new_description.server_descriptions().values()
    known = sum(server.is_server_type_known for server in servers)
    return {"text": f"{_change(before, after)}, {known} of {len(servers)} servers known", "role": after}


def _change(before: str, after: str) -> str:
    return after if before == after else f"{before} → {after}"


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000


def log_fields(fields: Mapping[str, Any], redact: Callable[[str], str]) -> Fields:
    """What one of PyMongo's structured log records says (``pymongo.logger``): its message, names and times.

    Commands, replies and descriptions are left alone: they are long, and may hold anything.
    """
    first = fields.get("message", "")
    message = str(getattr(first, "value", first))  # PyMongo's messages are members of enums
    told: Fields = {"failed": any(word in message for word in ("failed", "cleared"))}
    if host := fields.get("serverHost"):
        told["server"] = address_text((host, fields.get("serverPort")))
    if (number := fields.get("driverConnectionId")) is not None:
        told["connection_id"] = number
    if (duration := fields.get("durationMS")) is not None:
        told["duration_ms"] = duration.total_seconds() * 1000 if hasattr(duration, "total_seconds") else duration
    if (command := fields.get("commandName")) is not None:
        told |= {"command": command, "request_id": fields.get("requestId")}
        message += f": {command}"
        if database := fields.get("databaseName"):
            message += f" on {database}"
    if operation := fields.get("operation"):
        message += f" for {operation}"
        if "selector" in fields:
            message += f", {_selector(fields['selector'])}"
    if (remaining := fields.get("remainingTimeMS")) is not None:
        message += f", {remaining:.0f} ms left"
    if reason := fields.get("reason"):
        message += f": {reason}"
    told["text"] = redact(f"{message}: {_failure(failure)}") if (failure := fields.get("failure")) else message
    return told


def _selector(selector: Any) -> str:
    """A read preference's name, or the name of PyMongo's selector function."""
    return str(getattr(selector, "name", None) or getattr(selector, "__name__", None) or type(selector).__name__)


def _failure(failure: Any) -> str:
    if isinstance(failure, Exception):
        return error_text(failure)
    if isinstance(failure, Mapping):
        return replies.cut(str(failure.get("codeName") or failure.get("errtype") or failure.get("code") or "refused"))
    return str(failure).partition(" (configured timeouts:")[0].partition(", Timeout: ")[0]


EVENT_TEXTS: dict[str, tuple[str, Callable[[Any], Fields]]] = {
    "PoolCreated": ("pool", _pool_created),
    "PoolReady": ("pool", _pool),
    "PoolCleared": ("pool", _pool_cleared),
    "PoolClosed": ("pool", _pool),
    "ConnectionCreated": ("connection", _connection),
    "ConnectionReady": ("connection", _connection_timed),
    "ConnectionClosed": ("connection", _connection_closed),
    "ConnectionCheckOutStarted": ("connection", _pool),
    "ConnectionCheckOutFailed": ("connection", _check_out_failed),
    "ConnectionCheckedOut": ("connection", _connection_timed),
    "ConnectionCheckedIn": ("connection", _connection),
    "CommandStarted": ("command", _command_started),
    "CommandSucceeded": ("command", _command_succeeded),
    "CommandFailed": ("command", _command_failed),
    "ServerOpening": ("server", _server),
    "ServerDescriptionChanged": ("server", _server_changed),
    "ServerClosed": ("server", _server),
    "TopologyOpened": ("topology", _topology),
    "TopologyDescriptionChanged": ("topology", _topology_changed),
    "TopologyClosed": ("topology", _topology),
    "ServerHeartbeatStarted": ("heartbeat", _heartbeat_started),
    "ServerHeartbeatSucceeded": ("heartbeat", _heartbeat_succeeded),
    "ServerHeartbeatFailed": ("heartbeat", _heartbeat_failed),
}
"""Kind and words of every event, by pymongo's name for it without ``Event``."""
