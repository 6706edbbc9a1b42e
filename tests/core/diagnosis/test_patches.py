"""What a click on a remedy changes fits the address that it is offered for, on every recorded fault."""

from __future__ import annotations

import pytest

from clearline.core.diagnosis.compose import diagnose
from clearline.core.findings import Severity
from clearline.core.uri.connection_string import build, read
from clearline.core.uri.remedies import carried_out
from faults.catalogue import FAULTS
from faults.fault import Fault
from faults.record import read as recorded


def _refusals(text: str) -> set[str]:
    return {m.cause for m in read(text).facts.mistakes if m.severity is Severity.FAILURE}


@pytest.mark.parametrize("fault", [pytest.param(f, id=f.id) for f in FAULTS if not f.unnamed])
def test_a_patch_changes_the_profile_and_breaks_nothing(fault: Fault) -> None:
    facts = recorded(fault.id)
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
