"""A server's log joined to a check: what the server knew of the very connections that the check made."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import BinaryIO

import msgspec

from clearline.core.explain.explain import explain
from clearline.core.explain.explanation import Explanation
from clearline.core.explain.reading import log_entry
from clearline.core.explain.record import LogEntry
from clearline.core.explain.server_knew import server_knew
from clearline.core.report.report import Report

_MARGIN = timedelta(seconds=5)
"""Clocks of two computers differ."""
_LONGEST = 1 << 16
_MOST = 2000


class Nothing(Exception):
    """The log and the check do not meet; the text says why."""


def explain_server_log(stream: BinaryIO, report: Report) -> Explanation:
    """Explain what a server's log tells of a check. Raises `Nothing` and OSError."""
    text = lines_of_check(stream, report)
    knew = server_knew(entry for entry, _, _ in _entries(io.BytesIO(text.encode())))
    return msgspec.structs.replace(explain(text), server_knew=knew)


def lines_of_check(stream: BinaryIO, report: Report) -> str:
    """The log's lines of the check's own connections: by its addresses or its application name, else by time alone.

    Raises `Nothing` and OSError.
    """
    start = datetime.fromisoformat(report.started)
    window = start - _MARGIN, start + timedelta(milliseconds=report.elapsed_ms) + _MARGIN
    ours = {s.source.rpartition(":")[0] if s.source and s.source.count(":") == 1 else s.source for s in report.servers}
    ours.discard(None)
    name = report.effective.get("appName")
    in_time: list[tuple[LogEntry, str, str]] = []
    read, first, last = 0, "", ""
    for entry, context, line in _entries(stream):
        read += 1
        first, last = first or entry.time, entry.time or last
        if _within(entry.time, window) and len(in_time) < _MOST:
            in_time.append((entry, context, line))
    if not read:
        raise Nothing("This is not the JSON log of a MongoDB server (4.4 or newer).")
    if not in_time:
        raise Nothing(f"The log goes from {first} to {last}; the check began at {report.started}.")
    connections = {
        context
        for entry, context, _ in in_time
        if context.startswith("conn")
        and (entry.remote.rpartition(":")[0] in ours or (name is not None and entry.application == name))
    }
    chosen = [line for _, context, line in in_time if context in connections] or [line for _, _, line in in_time]
    return "\n".join(chosen)


def _entries(stream: BinaryIO) -> Iterator[tuple[LogEntry, str, str]]:
    while raw := stream.readline(_LONGEST):
        if not raw.lstrip().startswith(b"{"):
            continue
        try:
            value = json.loads(raw)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict) and isinstance(value.get("id"), int) and "ctx" in value:
            yield log_entry(value), str(value["ctx"]), raw.decode("utf-8", "replace").strip()


def _within(time: str, window: tuple[datetime, datetime]) -> bool:
    try:
        moment = datetime.fromisoformat(time)
        return window[0] <= moment <= window[1]
    except (ValueError, TypeError):
        return False
