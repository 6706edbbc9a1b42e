"""Regular expressions that are compiled at their first use: a short command imports far more of them than it uses."""

from __future__ import annotations

import re
from typing import Any, cast


class _LatePattern:
    def __init__(self, pattern: str, flags: int) -> None:
        self._pattern = pattern
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        found = getattr(re.compile(self._pattern, self._flags), name)
        self.__dict__[name] = found  # the next use does not come here any more
        return found


def late(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """As ``re.compile``, but a pattern that is wrong raises `re.error` only when it is used."""
    return cast("re.Pattern[str]", _LatePattern(pattern, flags))
