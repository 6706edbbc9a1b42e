"""What of an evidence is read again: as it was written, and nothing where a report from elsewhere holds nonsense."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

import clearline
from clearline.core.findings import Certainty, Finding, Json, ReadAgain, Severity, Stage, read_again
from clearline.core.report.report import Cell, Status

WRITTEN = ReadAgain(servers_alike=["db1:1", "db2:1"], hop="socks5://p:1", at_s=2.5, addresses=["10.0.0.1"], serial="7f")
READ = {**WRITTEN, "servers_alike": ("db1:1", "db2:1"), "addresses": ("10.0.0.1",)}
NONSENSE: tuple[Json, ...] = (None, 5, "five", [], [None], {}, {"hop": {}})


def finding(evidence: dict[str, Json]) -> Finding:
    return Finding(
        cause="tcp.refused",
        severity=Severity.FAILURE,
        certainty=Certainty.PROVEN,
        stage=Stage.TCP,
        summary="",
        evidence=evidence,
    )


def reader_of(name: str, evidence: dict[str, Json]) -> object:
    """What its property says: of a finding, or of a cell."""
    owner = Finding if hasattr(Finding, name) else Cell
    value = finding(evidence) if owner is Finding else Cell(status=Status.PASSED, evidence=evidence)
    return getattr(value, name)


@pytest.mark.parametrize("name", ReadAgain.__annotations__)
def test_what_was_written_is_read(name: str) -> None:
    assert reader_of(name, read_again(**WRITTEN)) == READ[name]


@pytest.mark.parametrize("value", NONSENSE)
@pytest.mark.parametrize("name", ReadAgain.__annotations__)
def test_nonsense_of_another_program_has_the_type_of_sense(name: str, value: Json) -> None:
    read = reader_of(name, {name: value})
    assert read is None or isinstance(read, type(READ[name]))
    assert isinstance(msgspec.json.encode(read), bytes)


def test_an_evidence_is_read_by_its_properties_alone() -> None:
    """A name that is misspelt elsewhere would be found by nothing."""
    by_name = re.compile(r"\.evidence(\[|\.get\b)")
    modules = Path(clearline.__file__).parent.rglob("*.py")
    reading = {path.name for path in modules if by_name.search(path.read_text(encoding="utf-8"))}
    assert reading == {"findings.py", "report.py"}
