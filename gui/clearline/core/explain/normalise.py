"""A pasted text made comparable: colours, log prefixes, escapes and white space do not count; line numbers stay."""

from __future__ import annotations

import bisect
import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|\[(?:3[0-9]|0|1)m")
_DROPPED = re.compile(r"[\s\"'`“”‘’\\|>]+")
_PREFIXES = re.compile(
    r"^(?:\s*>+ ?"  # a quotation
    r"|(?:\d\d:\d\d:\d\d )?[\w.\-]+(?:[_\-]\d+)? +\| ?"  # docker compose, foreman
    r"|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d) (?:stdout|stderr) [FP] "  # a container's log on a node
    r"|\d{4}-\d\d-\d\dT[\d:.]+Z (?=\D)"  # docker and kubectl with times
    r"|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d [\w.\-]+ [\w.\-/]+(?:\[[\w.]+\])?: "  # syslog, journal
    r"|\d{4}-\d\d-\d\dT[\d:.]+\+\d\d:\d\d (?:app|heroku)\[[\w.]+\]: )"  # Heroku
)
_LONGEST_LINE = 20_000
_LONGEST_PREFIX = 90
_FEWEST = 3
"""Lines from which on a common beginning is one of the log."""
_NARROWEST = 60
"""Columns of the narrowest terminal that breaks lines."""
_BEGINS = re.compile(r"\s*(?:at |Caused by|\w*(?:Error|Exception)\b|\d{4}-\d\d-\d\d|\[|\{)")
"""What stands at the beginning of a line and seldom where a terminal broke one."""
_DIGITS = re.compile(r"\d")
_SERVER_LOG = re.compile(r"^\S+ [IWEFD]\d? +[A-Z_\-]+ +\[")
_ENTITY = re.compile(r"&(?:quot|amp|lt|gt|apos|#39|#x27|#34);")
_SPACES = {0xA0: " ", 0x202F: " ", 0x2007: " ", 0x3000: " ", 0x200B: None, 0xFEFF: None, 0x201C: '"', 0x201D: '"'}
_DEEPEST = 3


def compact(text: str) -> str:
    """The text as comparisons see it: lower case, without white space, quotation marks and line frames."""
    return _DROPPED.sub("", text).lower()


@dataclass(frozen=True)
class Text:
    """The lines of a paste, and two views of all of them, each of which knows its lines."""

    lines: tuple[str, ...]
    """As pasted, without colours."""
    view: str
    """Without prefixes, JSON and escapes undone."""
    view_starts: tuple[int, ...]
    tight: str
    """The view in one compact text that survives wraps inside words."""
    starts: tuple[int, ...]
    """Where each line begins in ``tight``."""
    objects: tuple[tuple[int, dict[str, Any]], ...]
    """JSON objects that fill a line, with its number."""

    def line_at(self, offset: int) -> int:
        """Number (from 1) of the line that holds that place of the compact text."""
        return bisect.bisect_right(self.starts, offset)

    def view_of(self, line: int) -> str:
        """One line of the view."""
        end = self.view_starts[line] - 1 if line < len(self.view_starts) else len(self.view)
        return self.view[self.view_starts[line - 1] : end]

    @classmethod
    def of(cls, text: str) -> Text:
        """Take a text apart."""
        lines, views, starts, view_starts, objects = [], [], [], [], []
        tight: list[str] = []
        at = view_at = 0
        pasted = [line[:_LONGEST_LINE] for line in COLOURS.sub("", text).splitlines()]
        for number, (shown, bare) in enumerate(zip(pasted, _unwrapped(_bare(pasted)), strict=True), 1):
            value = _object(bare)
            if value is not None:
                objects.append((number, value))
                head = bare[: bare.find("{")].strip()
                seen = bare if "ctx" in value else "\n".join(([head] if head else []) + list(_strings(value)))
            else:
                seen = bare
            seen = _unescaped(seen)
            lines.append(shown)
            views.append(seen)
            view_starts.append(view_at)
            view_at += len(seen) + 1
            piece = compact(seen)
            tight.append(piece)
            starts.append(at)
            at += len(piece)
        return cls(
            lines=tuple(lines),
            view="\n".join(views),
            view_starts=tuple(view_starts),
            tight="".join(tight),
            starts=tuple(starts),
            objects=tuple(objects),
        )


def _bare(lines: list[str]) -> list[str]:
    """Lines without what the log around them put before each."""
    bare = [_PREFIXES.sub("", _PREFIXES.sub("", line)).translate(_SPACES) for line in lines]
    common = _common(bare)
    return [_readable(line[common:]) for line in bare]


def _common(lines: list[str]) -> int:
    """Characters before every line that differ in their digits only: time, level and name of a logger."""
    shapes = {_DIGITS.sub("0", line[:_LONGEST_PREFIX]) for line in lines if line.strip()}
    if len([line for line in lines if line.strip()]) < _FEWEST or any(_SERVER_LOG.match(line) for line in lines):
        return 0
    first, last = min(shapes), max(shapes)
    same = next((at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    head = re.split(r"[{(\"']", first[:same])[0]
    return head.rfind(" ") + 1 if re.search(r"[\w|]", head) else 0


def _readable(line: str) -> str:
    """One line without the escapes of web pages and addresses."""
    if _ENTITY.search(line):
        line = html.unescape(line)
    if line.count("%20") + line.count("%22") > 2:
        line = unquote(line)
    return line


def _unwrapped(lines: list[str]) -> list[str]:
    """Lines that a terminal broke at one width, put together again in the place of the first."""
    width = max((len(line) for line in lines), default=0)
    if width < _NARROWEST or sum(len(line) == width for line in lines) < 2:
        return lines
    joined = list(lines)
    for at in range(len(lines) - 1, 0, -1):
        if len(lines[at - 1]) == width and not _BEGINS.match(lines[at]) and lines[at][:8] != lines[at - 1][:8]:
            joined[at - 1] += joined[at]
            joined[at] = ""
    return joined


def _unescaped(line: str) -> str:
    """One level of escaping undone at a time, as long as there is one: a log in a log."""
    if line.count("#012") > 1:  # how syslog writes the end of a line
        line = line.replace("#012", "\n")
    for _ in range(_DEEPEST):
        if '\\"' not in line and "\\n" not in line and "\\t" not in line:
            break
        line = line.replace("\\\\", "\0").replace('\\"', '"').replace("\\r", "").replace("\\n", "\n")
        line = line.replace("\\t", "\t").replace("\0", "\\")
    return line


def _object(line: str) -> dict[str, Any] | None:
    stripped = line.strip()
    if not (stripped.endswith("}") and '"' in stripped):
        return None
    stripped = stripped[max(stripped.find("{"), 0) :] if stripped.find("{") < _LONGEST_PREFIX else ""
    try:
        value = json.loads(stripped)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _strings(value: Any, name: str = "", depth: int = 0) -> Iterator[str]:
    """The texts of a JSON log line, each by itself; numbers with their names."""
    if depth > 8:
        return
    match value:
        case str():
            yield (
                value
                if name in ("message", "msg", "log", "stack", "err", "error", "line") or "\n" in value
                else (f"{name}: {value}")
            )
        case bool() | None:
            pass
        case int() | float():
            yield f"{name}: {value}"
        case dict():
            for key, inner in value.items():
                yield from _strings(inner, str(key), depth + 1)
        case list():
            for inner in value:
                yield from _strings(inner, name, depth + 1)
