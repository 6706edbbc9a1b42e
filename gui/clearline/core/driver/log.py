"""PyMongo's own log records as driver events of kind ``log``, for the clients that have a listener.

PyMongo's loggers are process-wide (``pymongo.connection``, ``pymongo.serverSelection``, ``pymongo.topology``,
``pymongo.command``), so one handler is set while there is a listener, and routes each record by the client's
id. Other handlers of the program see what they saw before: records below their old level stay here. Without a
listener the loggers are as they were, and a record costs nothing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from clearline.core.driver.event_texts import log_fields
from clearline.core.driver.events import DriverEvent

_TOPOLOGY = "pymongo.topology"
NAMES = ("pymongo.connection", "pymongo.serverSelection", _TOPOLOGY, "pymongo.command")

_lock = threading.Lock()
_listeners: dict[Any, Callable[[Mapping[str, Any], str], None]] = {}
_sparing: set[Any] = set()
"""Of them, those that do without what is said of the topology."""
_taps: dict[str, _Tap] = {}


class _Tap(logging.Handler):
    """Sits on one of the loggers: hands debug records to the listener of their client, the rest to the program."""

    def __init__(self, logger: logging.Logger) -> None:
        super().__init__(logging.NOTSET)
        self._logger = logger
        self._short_name = logger.name.removeprefix("pymongo.")
        self._level, self._propagate = logger.level, logger.propagate
        self._shown_from = logger.getEffectiveLevel()
        self._others = tuple(logger.handlers)
        logger.addHandler(self)
        for other in self._others:
            logger.removeHandler(other)
        logger.propagate = False
        logger.setLevel(logging.DEBUG)

    def handle(self, record: logging.LogRecord) -> bool:
        """No lock: listeners are quick and safe to call from any thread."""
        fields = getattr(record.msg, "_kwargs", None)
        if fields is not None:
            listener = _listeners.get(fields.get("clientId") or fields.get("topologyId"))
            if listener is not None:
                listener(fields, self._short_name)
        if record.levelno >= self._shown_from:
            for other in self._others:
                if record.levelno >= other.level:
                    other.handle(record)
            if self._propagate and self._logger.parent is not None:
                self._logger.parent.callHandlers(record)
        return True

    def remove(self) -> None:
        """Leave the logger as it was."""
        self._logger.removeHandler(self)
        for other in self._others:
            self._logger.addHandler(other)
        self._logger.propagate = self._propagate
        self._logger.setLevel(self._level)


class DriverLog:
    """Hands the log records of one client to ``emit`` as driver events, from `open` to `close`.

    ``emit`` is called in the thread that logs, which is the loop's. ``started`` is the ``time.monotonic()`` from which
    ``at_s`` counts. Texts are made of names, numbers and class names; where a record quotes an error, ``redact`` is
    applied. Bodies and replies of commands are never read.
    """

    def __init__(
        self,
        client_id: Any,
        emit: Callable[[DriverEvent], object],
        *,
        started: float,
        redact: Callable[[str], str],
    ) -> None:
        self._client_id = client_id
        self._emit = emit
        self._started = started
        self._redact = redact
        self.faults = 0
        """Records that could not be told: bugs of ours, kept away from the driver."""

    def open(self) -> None:
        """Begin. Idempotent."""
        with _lock:
            _listeners[self._client_id] = self._record
            _fit_taps()

    def spare_topology(self) -> None:
        """Do without the records about the topology: for each, PyMongo writes out all servers twice. Idempotent."""
        with _lock:
            if self._client_id in _listeners:
                _sparing.add(self._client_id)
                _fit_taps()

    def close(self) -> None:
        """End; the last one to do so leaves PyMongo's loggers as they were. Idempotent."""
        with _lock:
            _listeners.pop(self._client_id, None)
            _sparing.discard(self._client_id)
            _fit_taps()

    def _record(self, fields: Mapping[str, Any], logger: str) -> None:
        try:
            told = log_fields(fields, self._redact)
            self._emit(DriverEvent(at_s=time.monotonic() - self._started, kind="log", name=logger, **told))
        except Exception:  # noqa: BLE001 - logging must not break the driver; a bug of ours to count
            self.faults += 1


def _fit_taps() -> None:
    """Set handlers on the loggers that have a listener, and leave the others as they were; hold the lock."""
    wanted = set(NAMES) if _listeners else set()
    if not _listeners.keys() - _sparing:
        wanted.discard(_TOPOLOGY)
    for name in _taps.keys() - wanted:
        _taps.pop(name).remove()
    for name in wanted - _taps.keys():
        _taps[name] = _Tap(logging.getLogger(name))


def listening() -> Collection[Any]:
    """The ids of the clients whose records are handed over now."""
    return tuple(_listeners)
