"""The one exception of this room: a hop that cannot be used, or that does not open a target, with what tells why."""

from __future__ import annotations

import errno

from clearline.core.facts.hops import HopFailure


class HopError(OSError):
    """Raised instead of a connection. ``failure`` holds everything known; the text is for PyMongo's own messages."""

    def __init__(self, failure: HopFailure) -> None:
        place = f"{failure.kind} hop {failure.host}:{failure.port}"
        about = f" to {failure.target}" if failure.target else ""
        number = failure.errno or errno.ECONNABORTED
        super().__init__(number, f"{place}{about}: {failure.stage.value}, {failure.trouble.value}")
        self.failure = failure
