"""What a click on a remedy changes fits the address that it is offered for, on every recorded fault."""

from __future__ import annotations

import pytest

from clearline.core.diagnosis.compose import diagnose
from clearline.core.findings import Severity
from clearline.core.uri.connection_string import build, read
from clearline.core.uri.remedies import carried_out
from faults.catalogue import FAULTS
from faults.record import read as recorded


def _refusals(text: str) -> set[str]:
    return {m.cause for m in read(text).facts.mistakes if m.severity is Severity.FAILURE}


@pytest.mark.parametrize("fault_id", [fault.id for fault in FAULTS if not fault.unnamed])  # none of them is set up here
def test_a_patch_changes_the_profile_and_breaks_nothing(fault_id: str) -> None:
    facts = recorded(fault_id)
    text = facts.uri.redacted
    before = _refusals(text)
    for found in diagnose(facts):
        for remedy in found.remedies:
            if remedy.patch is None:
                continue
            reading = read(text)
            values = carried_out(reading, remedy)
            assert values is not None, f"{found.cause}: {remedy.patch} fits no profile"
            assert values.profile != reading.profile, f"{found.cause}: {remedy.patch} changes nothing"
            written = build(values.profile, values.secrets, show="masked")
            assert _refusals(written) <= before, f"{found.cause}: {text} became {written}"
