"""Driver events as files: JSON Lines for programs, CSV for spreadsheets. No Qt, so that any thread may write them."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from clearline.core.driver.events import DriverEvent

CSV_SUFFIX: Final = ".csv"
_RISKY: Final = ("=", "+", "-", "@", "\t", "\r")


def write_events(path: Path, events: Iterable[DriverEvent]) -> int:
    """Write events, by the path's suffix as CSV or as JSON Lines; returns how many. Raises OSError."""
    if path.suffix.casefold() == CSV_SUFFIX:
        return _write_csv(path, events)
    encode = msgspec.json.encode
    count = 0
    with path.open("wb") as file:
        for event in events:
            file.write(encode(event) + b"\n")
            count += 1
    return count


def _write_csv(path: Path, events: Iterable[DriverEvent]) -> int:
    names = DriverEvent.__struct_fields__
    count = 0
    with path.open("w", newline="", encoding="utf-8-sig") as file:  # Excel takes UTF-8 only with its mark
        writer = csv.writer(file)
        writer.writerow(names)
        for event in events:
            writer.writerow([_cell(getattr(event, name)) for name in names])
            count += 1
    return count


def _cell(value: object) -> object:
    """A text that a spreadsheet would take for a formula is kept a text."""
    if isinstance(value, str) and value.startswith(_RISKY):
        return f"'{value}"
    return "" if value is None else value
