"""Long names of many servers, short enough for a column and still told apart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile
from typing import Final

SHORT: Final = 8
"""Letters that are kept of a run that all names share, at its beginning or its end."""


def shorten(names: Sequence[str], *, kept: int = SHORT, tail: bool = True) -> dict[str, str]:
    """Each name with what it shares with all others cut: what differs stays whole.

    Names are taken apart at dots, colons and dashes; of a shared run ``kept`` letters stay. ``tail`` False drops the
    end that all share altogether.
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
        if len(front) > kept + 6:
            front = f"{front[:kept]}…{front[-1]}"
        if not tail:
            own, back = own.rstrip(".:-") or own, ""
        elif len(back) > kept + 6:
            back = f"…{back[-kept:]}"
        found["".join(parts)] = front + own + back
    distinct = len(set(found.values())) == len(found)
    return found if distinct else {name: name for name in names}


def _same(parts: tuple[str, ...]) -> bool:
    return len(set(parts)) == 1
