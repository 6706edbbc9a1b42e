"""pymongo's listeners turned into small frozen values: copied, redacted, bounded."""

from __future__ import annotations

import msgspec


class DriverEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """One thing that the driver did.

    ``at_s`` is seconds since the recording began. ``kind`` is ``pool``, ``connection``, ``command``, ``server``,
    ``topology``, ``heartbeat`` or ``log``; ``name`` is pymongo's event name without ``Event``, e.g.
    ``ConnectionCheckedOut``. ``text`` holds the rest in plain words and never a secret.
    """

    at_s: float
    kind: str
    name: str
    server: str | None = None
    connection_id: int | None = None
    duration_ms: float | None = None
    text: str = ""
    failed: bool = False
