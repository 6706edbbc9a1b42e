"""What a chart shows, and the few pixels of it that are worth painting. No widget here.

An own painter instead of pyqtgraph: that one and numpy add 57 MB to the program's folder and 300 to 400 ms at their
first use, to paint 10,000 points in 2.5 ms; decimated to the pixels they take 3.6 ms without either.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final


@dataclass(frozen=True)
class Curve:
    """One line: ``xs`` ascend, epoch seconds; a None among the ``ys`` interrupts the line."""

    name: str
    tone: str
    """A colour of `palette.Colours`."""
    xs: Sequence[float]
    ys: Sequence[float | None]
    steps: bool = False
    """A value holds until the next one."""
    filled: bool = False
    dashed: bool = False


@dataclass(frozen=True)
class Limit:
    """A level that is drawn across the chart."""

    name: str
    value: float
    tone: str = "muted"


@dataclass(frozen=True)
class Mark:
    """A time that is shaded: an outage, for instance. ``end`` None: it lasts."""

    name: str
    begin: float
    end: float | None
    tone: str = "failed"


@dataclass(frozen=True)
class Picture:
    """Everything that a chart shows. ``now`` is its right edge while it is not zoomed, epoch seconds."""

    title: str = ""
    unit: str = ""
    curves: tuple[Curve, ...] = ()
    limits: tuple[Limit, ...] = ()
    marks: tuple[Mark, ...] = ()
    now: float = 0.0
    reach_s: float = 300.0
    """How many seconds are shown while it is not zoomed."""
    empty: str = "Nothing yet."
    whole: bool = False
    """Only whole numbers on the axis."""
    limits_always: bool = field(default=False)
    """The axis reaches to the limits even where the curves stay far below."""


Run = list[tuple[float, float]]

_MOST_ROWS: Final = 5


def decimated(curve: Curve, begin: float, end: float, columns: int) -> list[Run]:
    """The curve between two epochs as runs of ``(x, y)``, at most four points a pixel column: first, least, most, last.

    What a column hides are only points between its least and its most, which fall on the same pixels.
    """
    xs, ys = curve.xs, curve.ys
    first = max(0, bisect_left(xs, begin) - 1)
    last = min(len(xs), bisect_right(xs, end) + 1)
    width = (end - begin) / max(1, columns)
    if last - first <= 4 * columns:
        runs = _plain_runs(xs, ys, first, last)
    else:
        runs = _squeezed_runs(xs, ys, first, last, begin, width)
    return [_stepped(run, end) if curve.steps else run for run in runs]


def _plain_runs(xs: Sequence[float], ys: Sequence[float | None], first: int, last: int) -> list[Run]:
    runs: list[Run] = [[]]
    for place in range(first, last):
        y = ys[place]
        if y is not None:
            runs[-1].append((xs[place], y))
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _squeezed_runs(
    xs: Sequence[float], ys: Sequence[float | None], first: int, last: int, begin: float, width: float
) -> list[Run]:
    runs: list[Run] = [[]]
    place = first
    while place < last:
        stop = max(
            place + 1, bisect_left(xs, begin + (math.floor((xs[place] - begin) / width) + 1) * width, place, last)
        )
        values = ys[place:stop]
        if None in values:
            for inner, y in enumerate(values, place):
                if y is not None:
                    runs[-1].append((xs[inner], y))
                elif runs[-1]:
                    runs.append([])
        else:
            column: list[float] = values  # type: ignore[assignment]
            low, high = column.index(min(column)), column.index(max(column))
            for inner in sorted({0, low, high, len(column) - 1}):
                runs[-1].append((xs[place + inner], column[inner]))
        place = stop
    return [run for run in runs if run]


def _stepped(run: Run, end: float) -> Run:
    stepped: Run = []
    for x, y in run:
        if stepped:
            stepped.append((x, stepped[-1][1]))
        stepped.append((x, y))
    if stepped[-1][0] < end:
        stepped.append((end, stepped[-1][1]))
    return stepped


def value_at(curve: Curve, x: float, tolerance: float) -> float | None:
    """What the curve says at a time: its step, or its nearest point within ``tolerance`` seconds."""
    place = bisect_right(curve.xs, x) - 1
    if curve.steps:
        return curve.ys[place] if place >= 0 else None
    near = [n for n in (place, place + 1) if 0 <= n < len(curve.xs) and abs(curve.xs[n] - x) <= tolerance]
    return curve.ys[min(near, key=lambda n: abs(curve.xs[n] - x))] if near else None


def highest(picture: Picture, begin: float, end: float) -> float:
    """The most that has to find room between two epochs, in the picture's own unit."""
    found = 0.0
    for curve in picture.curves:
        first = max(0, bisect_left(curve.xs, begin) - (1 if curve.steps else 0))
        for y in curve.ys[first : bisect_right(curve.xs, end)]:
            if y is not None and y > found:
                found = y
    for limit in picture.limits:
        if picture.limits_always or limit.value <= found * 1.6:
            found = max(found, limit.value)
    return found


def ticks(top: float, *, whole: bool, rows: int = _MOST_ROWS) -> list[float]:
    """Round numbers from 0 to at least ``top``, about ``rows`` steps of them."""
    if top <= 0:
        top = 1.0
    rough = top / max(1, min(_MOST_ROWS, rows))
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough)
    if whole:
        step = max(1.0, math.ceil(step))
    return [step * n for n in range(math.ceil(top / step - 1e-9) + 1)]


_TIME_STEPS: Final = (
    *(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5),
    *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 86_400),
)


def time_ticks(begin: float, end: float, most: int) -> list[tuple[float, str]]:
    """Round times of day between two epochs, with their words; none before anything was measured."""
    if begin < 86_400:  # of which Windows cannot tell the time of day
        return []
    span = end - begin
    step = next((s for s in _TIME_STEPS if span / s <= max(1, most)), _TIME_STEPS[-1])
    offset = datetime.fromtimestamp(begin).astimezone().utcoffset()
    shift = offset.total_seconds() if offset else 0.0
    first = math.ceil((begin + shift) / step)
    last = math.floor((end + shift) / step)
    return [(n * step - shift, clock(n * step - shift, step)) for n in range(first, last + 1)]


def clock(epoch: float, step: float = 1.0) -> str:
    """A time of day, as exact as ``step`` asks for."""
    moment = datetime.fromtimestamp(epoch)
    if step >= 60:
        return moment.strftime("%H:%M")
    if step >= 1:
        return moment.strftime("%H:%M:%S")
    return moment.strftime("%H:%M:%S.%f")[:-3]


def number(value: float) -> str:
    """A value in few digits."""
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"
