"""Which of the signs in one error text counts."""

from __future__ import annotations

import re

from clearline.core.explain.normalise import compact
from clearline.core.explain.signs import Sign, signs

_ORDER = (
    "verify", "alert", "not-tls", "unknown-name", "name-later", "no-handles", "denied", "refused", "unreachable",
    "no-network", "silent", "reset", "aborted", "tls-closed", "closed", "lost",
)  # fmt: skip
"""Of several signs in one error the most specific counts."""
_OF_THE_POOL = ("checkingout", "tocheckout", "waitingforaconnectionto")
_NUMBERED = re.compile(r"connection\d{1,9}to\S{1,200}timedout")
"""Node's word of a connection that was there: that its server never answered is not said."""


def decisive(words: str) -> Sign | None:
    """The sign that counts in one error text."""
    tight = compact(words)
    found = min((s for s in signs(tight) if s.kind in _ORDER), key=lambda s: _ORDER.index(s.kind), default=None)
    if found is not None and found.kind == "lost":
        return Sign(kind="closed", at=found.at)  # of one server in a view: it never worked
    waited = "timedout" in tight and not any(p in tight for p in _OF_THE_POOL)
    if waited and _NUMBERED.search(tight) and "onfirstconnect" not in tight:
        waited = False
    return Sign(kind="silent") if found is None and waited else found
