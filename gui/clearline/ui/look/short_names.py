"""Long names of many servers, short enough for a column and still told apart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile
from typing import Final

_LONGEST: Final = 14
"""Letters of a run that all names share; of a longer one the beginning, or the end, is kept."""
_KEPT: Final = 8


def shorten(names: Sequence[str], *, tail: bool = True) -> dict[str, str]:
    """Each name with what it shares with all others cut: what differs stays whole.

    Names are taken apart at dots, colons and dashes. ``tail`` False drops the end that all share altogether.
    Two different names never become the same.
    """
    taken = [re.split(r"(?<=[.:-])", name) for name in dict.fromkeys(names)]
    if len(taken) < 2:
        return {name: name for name in names}
    shortest = min(map(len, taken)) - 1  # at least one part is a name's own
    head = sum(1 for _ in takewhile(_same, zip(*(parts[:shortest] for parts in taken), strict=True)))
    ends = [parts[head:][::-1] for parts in taken]
    least = min(map(len, ends)) - 1
    end = sum(1 for _ in takewhile(_same, zip(*(parts[:least] for parts in ends), strict=True)))
    found = {}
    for parts in taken:
        front, own = "".join(parts[:head]), "".join(parts[head : len(parts) - end])
        back = "".join(parts[len(parts) - end :])
        if len(front) > _LONGEST:
            front = f"{front[:_KEPT]}…{front[-1]}"
        if not tail:
            own, back = own.rstrip(".:-") or own, ""
        elif len(back) > _LONGEST:
            back = f"…{back[-_KEPT:]}"
        found["".join(parts)] = front + own + back
    distinct = len(set(found.values())) == len(found)
    return found if distinct else {name: name for name in names}


def _same(parts: tuple[str, ...]) -> bool:
    return len(set(parts)) == 1
