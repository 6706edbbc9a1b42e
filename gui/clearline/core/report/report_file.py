"""Reports as files that others made: ``clearline check --json`` from another place. Read as what is hostile."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec

from clearline.core.drives import FOLDER_S, waited_for
from clearline.core.report.errors import ClearlineError
from clearline.core.report.report import Report
from clearline.core.typed_values import from_plain
from clearline.core.whole_files import BROKEN, read_whole

LONGEST = 16_000_000
"""Bytes; the report of a thousand servers takes a tenth of it."""
_STAMPS = re.compile(r"^\ufeff?\d{4}-\d\d-\d\dT[\d:.]+Z ", re.MULTILINE)
"""What the logs of GitHub Actions put before each line."""
_BEGINS = re.compile(r'\{\s*"format"\s*:\s*"clearline-report"')
MOST = 500
"""Reports in one file."""


class ReportProblem(ClearlineError):
    """A file that holds no report. Its text is one sentence that names the file."""


def reports_of(path: Path) -> tuple[Report, ...]:
    """The reports of a file: one object, or an array of them (``check --all --json``). Raises `ReportProblem`."""
    try:
        raw = waited_for(path, read_whole, path, LONGEST, limit_s=FOLDER_S)
    except OSError as error:
        raise ReportProblem(f"{path} cannot be read: {error.strerror or type(error).__name__}.") from None
    return _reports(str(path), raw)


def pasted_report(text: str) -> Report:
    """The report in a text that was pasted, with whatever an engine printed around it. Raises `ReportProblem`."""
    text = _STAMPS.sub("", text) if len(text) <= LONGEST else ""
    begins = [found.start() for found in _BEGINS.finditer(text)] or [text.find("{")]
    if begins == [-1]:
        raise ReportProblem("This text is no report of Clearline: paste what clearline check --json printed.")
    if len(begins) > 1:
        raise ReportProblem(
            f"This text holds {len(begins)} reports; one can be compared. To compare several, keep each in a file: "
            "clearline merge *.json."
        )
    try:
        _, end = json.JSONDecoder().raw_decode(text, begins[0])
    except (ValueError, RecursionError):
        raise ReportProblem("This text is no JSON: paste all that clearline check --json printed.") from None
    return _reports("This text", text[begins[0] : end].encode("utf-8", "surrogatepass"))[0]


def _reports(name: str, raw: bytes) -> tuple[Report, ...]:
    try:
        tree = msgspec.json.decode(raw)
    except BROKEN:
        raise ReportProblem(f"{name} is no JSON.") from None
    trees = tree if isinstance(tree, list) else [tree]
    if not trees or len(trees) > MOST:
        raise ReportProblem(f"{name} holds {len(trees)} reports; between 1 and {MOST} can be read.")
    return tuple(_report(name, one) for one in trees)


def report_of(path: Path) -> Report:
    """The one report of a file. Raises `ReportProblem`, also when there are several."""
    found = reports_of(path)
    if len(found) > 1:
        raise ReportProblem(f"{path} holds {len(found)} reports; one is needed.")
    return found[0]


def _report(name: str, tree: object) -> Report:
    if not isinstance(tree, dict) or tree.get("format") != "clearline-report":
        raise ReportProblem(f"{name} is no report of Clearline: make one with clearline check --json.")
    if tree.get("version") != 1:
        raise ReportProblem(f"{name} was written by a newer Clearline; its format is {str(tree.get('version'))[:20]}.")
    try:
        return from_plain(tree, Report)
    except (msgspec.ValidationError, RecursionError) as error:
        raise ReportProblem(f"{name} is damaged: {str(error)[:200]}.") from None
