"""Reports of several checks as JUnit XML, which every CI server shows: one test case per profile."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from clearline.core.report.markdown import ticket
from clearline.core.report.report import Report, Verdict

_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped (section 2.2)."""


def to_junit(checked: Sequence[tuple[str, str, Report]], broken: Sequence[tuple[str, str]] = ()) -> str:
    """The XML of checks, each with its folder, its name and its report, and of profiles that cannot be read and why.

    A failed check is a failure, a cancelled one is skipped, an unreadable profile an error.
    """
    failed = sum(report.verdict in (Verdict.FAILED, None) for _, _, report in checked)
    skipped = sum(report.verdict is Verdict.CANCELLED for _, _, report in checked)
    counts = {
        "tests": str(len(checked) + len(broken)),
        "failures": str(failed),
        "errors": str(len(broken)),
        "skipped": str(skipped),
        "time": f"{sum(report.elapsed_ms for _, _, report in checked) / 1000:.3f}",
    }
    root = ElementTree.Element("testsuites", {"name": "clearline", **counts})
    suite = ElementTree.SubElement(root, "testsuite", {"name": "clearline check", **counts})
    if checked:
        suite.set("timestamp", min(report.started for _, _, report in checked).removesuffix("Z").partition(".")[0])
    for folder, name, report in checked:
        _case(suite, folder, name, report)
    for name, problem in broken:
        case = ElementTree.SubElement(suite, "testcase", {"classname": "clearline", "name": _legal(name), "time": "0"})
        error = ElementTree.SubElement(case, "error", {"type": "profile", "message": _legal(problem)})
        error.text = _legal(problem)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _case(suite: ElementTree.Element, folder: str, name: str, report: Report) -> None:
    where = ".".join(["clearline", *(part.replace(".", "_") for part in folder.split("/") if part)])
    attributes = {"classname": _legal(where), "name": _legal(name), "time": f"{report.elapsed_ms / 1000:.3f}"}
    case = ElementTree.SubElement(suite, "testcase", attributes)
    match report.verdict:
        case Verdict.CONNECTED:
            pass
        case Verdict.CANCELLED:
            ElementTree.SubElement(case, "skipped", {"message": "cancelled"})
        case _:
            found = report.diagnosis
            told = {"type": found.cause, "message": found.summary} if found else {"type": "failed", "message": "failed"}
            failure = ElementTree.SubElement(case, "failure", {key: _legal(text) for key, text in told.items()})
            failure.text = _legal(ticket(report))
    said = ElementTree.SubElement(case, "system-out")
    said.text = _legal(report.target.uri)


def _legal(text: str) -> str:
    return _ILLEGAL.sub("\ufffd", text)
