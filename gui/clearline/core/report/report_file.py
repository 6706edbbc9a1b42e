"""Reports that others made, as files or pasted: ``clearline check --json`` from another place. Read as what is hostile.

An engine prints its own lines around a report (``kubectl logs`` also what went to stderr), puts a stamp or a name
before each line, or, as PowerShell does, writes UTF-16.
"""

from __future__ import annotations

import codecs
import json
import re
from pathlib import Path

import msgspec

from clearline.core.files.drives import FOLDER_S, waited_for
from clearline.core.files.whole_files import BROKEN, read_whole
from clearline.core.report.errors import ClearlineError
from clearline.core.report.report import Report
from clearline.core.typed_values import from_plain

LONGEST = 16_000_000
"""Bytes; the report of a thousand servers takes a tenth of it."""
_BEFORE_LINES = re.compile(
    r"^\ufeff?(?:\[pod/[^\]\n]*\] |[\w.-]+ *\| )?(?:\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d) )?", re.MULTILINE
)
"""What the logs of Kubernetes, Docker Compose and GitHub Actions put before each line."""
_BEGINS = re.compile(r'\{\s*"format"\s*:\s*"clearline-report"')
_DEEPEST = 64
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
    """The one report in a text. Raises `ReportProblem`, also when there are several."""
    found = _reports("This text", text.encode("utf-8", "surrogatepass") if len(text) <= LONGEST else b"{}")
    if len(found) > 1:
        raise ReportProblem(
            f"This text holds {len(found)} reports; one can be compared. To compare several, keep each in a file: "
            "clearline merge *.json."
        )
    return found[0]


def _reports(name: str, raw: bytes) -> tuple[Report, ...]:
    try:
        tree = msgspec.json.decode(raw)
    except BROKEN:
        tree = _among_other_lines(name, raw)
    trees = tree if isinstance(tree, list) else [tree]
    if not trees or len(trees) > MOST:
        raise ReportProblem(f"{name} holds {len(trees)} reports; between 1 and {MOST} can be read.")
    return tuple(_report(name, one) for one in trees)


def _among_other_lines(name: str, raw: bytes) -> list[object]:
    """Every report in a text that is no JSON as a whole. Raises `ReportProblem`: none, or one that is cut off."""
    encoding = "utf-16" if raw[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8"
    text = _BEFORE_LINES.sub("", raw.decode(encoding, "replace"))
    trees: list[object] = []
    end = 0
    while begins := _BEGINS.search(text, end):
        try:
            tree, end = json.JSONDecoder().raw_decode(text, begins.start())
        except (ValueError, RecursionError):
            raise ReportProblem(f"{name} holds a report that is cut off or damaged: take all of it.") from None
        trees.append(tree)
    if not trees:
        raise ReportProblem(f"{name} is no report of Clearline: make one with clearline check --json.")
    return trees


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
    if _is_deep(tree):
        raise ReportProblem(f"{name} is nested more than {_DEEPEST} deep, as no report is.")
    try:
        return from_plain(tree, Report)
    except UnicodeError:
        raise ReportProblem(f"{name} is damaged: a text in it ends within a character.") from None
    except (msgspec.ValidationError, RecursionError) as error:
        raise ReportProblem(f"{name} is damaged: {str(error)[:200]}.") from None


def _is_deep(tree: object) -> bool:
    """Whether it is nested deeper than what shows a report can follow."""
    level = [tree]
    for _ in range(_DEEPEST):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return False
    return True
