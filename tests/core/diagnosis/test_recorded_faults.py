"""The rules on the recorded facts of every public fault: the same findings as on the day, without any network."""

from __future__ import annotations

import pytest

from clearline.core.diagnosis.compose import diagnose
from clearline.core.diagnosis.standing import has_failed, is_connected
from clearline.core.report.report import DriverResult, Report, Target, Verdict
from faults.catalogue import FAULTS
from faults.fault import Fault
from faults.record import read

NAMED: dict[str, Fault] = {fault.id: fault for fault in FAULTS if not fault.unnamed}


@pytest.mark.parametrize("fault_id", NAMED)  # not the fault itself: the servers that it would start are not used here
def test_the_rules_name_the_recorded_fault(fault_id: str) -> None:
    fault = NAMED[fault_id]
    facts = read(fault.id)
    verdict = Verdict.CONNECTED if is_connected(facts) else Verdict.FAILED
    report = Report(
        app_version="",
        started="",
        elapsed_ms=0,
        target=Target(profile="", uri=facts.uri.redacted),
        verdict=verdict,
        findings=diagnose(facts),
        driver=DriverResult(name="pymongo", version=""),
    )
    assert is_connected(facts) != has_failed(facts), "the recorded check had no verdict"
    assert fault.judge(report) is None, f"{fault.title}: expected {fault.failed or ''} {fault.connected or ''}"
