"""What a click on a remedy changes fits the address that it is offered for, on every recorded fault."""

from __future__ import annotations

from collections.abc import Iterator

from clearline.core.diagnosis.compose import diagnose
from clearline.core.findings import Severity
from clearline.core.uri.connection_string import build, read
from clearline.core.uri.remedies import carried_out
from faults.catalogue import FAULTS
from faults.record import read as recorded

NAMED = [fault.id for fault in FAULTS if not fault.unnamed]
"""Not the faults themselves: the servers that they would start are not used here."""


def _refusals(text: str) -> set[str]:
    return {m.cause for m in read(text).facts.mistakes if m.severity is Severity.FAILURE}


def test_a_patch_changes_the_profile_and_breaks_nothing() -> None:
    """One test for all faults, that names each which fails: a test for each would take twice as long."""
    assert [wrong for fault_id in NAMED for wrong in _wrong_patches(fault_id)] == []


def _wrong_patches(fault_id: str) -> Iterator[str]:
    facts = recorded(fault_id)
    text = facts.uri.redacted
    before = _refusals(text)
    for found in diagnose(facts):
        for remedy in found.remedies:
            if remedy.patch is None:
                continue
            reading = read(text)
            values = carried_out(reading, remedy)
            told = f"{fault_id}: {found.cause}: {remedy.patch}"
            if values is None:
                yield f"{told} fits no profile"
                continue
            if values.profile == reading.profile:
                yield f"{told} changes nothing"
            written = build(values.profile, values.secrets, show="masked")
            if not _refusals(written) <= before:
                yield f"{told}: {text} became {written}"
