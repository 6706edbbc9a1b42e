"""Regular expressions that are compiled at their first use: a short command imports far more of them than it uses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, cast


class _LatePattern:
    def __init__(self, pattern: str, flags: int) -> None:
        self._pattern = pattern
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        found = getattr(re.compile(self._pattern, self._flags), name)
        self.__dict__[name] = found  # the next use does not come here any more
        return found


class _Rare:
    """Of a late pattern, what most texts need not be searched for."""

    def __init__(self, pattern: _LatePattern, needs: tuple[str, ...]) -> None:
        self._late = pattern
        self._needs = needs

    def _may_match(self, text: str) -> bool:
        if not text.isascii():  # where letters have more forms than upper and lower case
            return True
        lowered = text.lower()
        for needed in self._needs:  # noqa: SIM110 - any() takes twice the time, of which there is to be none
            if needed in lowered:
                return True
        return False

    def search(self, text: str, *place: int) -> re.Match[str] | None:
        return self._late.search(text, *place) if self._may_match(text) else None

    def match(self, text: str, *place: int) -> re.Match[str] | None:
        return self._late.match(text, *place) if self._may_match(text) else None

    def fullmatch(self, text: str, *place: int) -> re.Match[str] | None:
        return self._late.fullmatch(text, *place) if self._may_match(text) else None

    def finditer(self, text: str, *place: int) -> Iterator[re.Match[str]]:
        return self._late.finditer(text, *place) if self._may_match(text) else iter(())

    def findall(self, text: str, *place: int) -> list[Any]:
        return self._late.findall(text, *place) if self._may_match(text) else []

    def sub(self, new: str | Callable[[re.Match[str]], str], text: str, count: int = 0) -> str:
        return self._late.sub(new, text, count) if self._may_match(text) else text

    def __getattr__(self, name: str) -> Any:
        return getattr(self._late, name)


def late(pattern: str, flags: int = 0, *, needs: tuple[str, ...] = ()) -> re.Pattern[str]:
    """As ``re.compile``, but a pattern that is wrong raises `re.error` only when it is used.

    ``needs``, in lower case: what matches has one of these in it, in any case. Compiling takes longer than seeing that
    a text has none.
    """
    made = _LatePattern(pattern, flags)
    return cast("re.Pattern[str]", _Rare(made, needs) if needs else made)
