"""Each public fault, set up for real: the headline or the finding, in time, and without a secret in the report."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from clearline.core.check.request import LATE_S
from faults.catalogue import FAULTS, SET_UP_EVERY_TIME
from faults.fault import Fault
from faults.laboratory import Laboratory
from faults.run import run

SOON_S = 2.0
SLOWER = 5
"""By so much a computer may be slower than a quiet one of today, or busier."""
ANSWERING_MS, SILENT_MS = 1000.0 * SLOWER, 2200.0 * SLOWER
"""Three times what a quiet computer needs, and the deadline with the same margin. The bench shows the real times."""


@pytest.fixture(scope="module")
def laboratory() -> Iterator[Laboratory]:
    with Laboratory() as lab:
        yield lab


def _marked(fault: Fault) -> object:
    marks = [pytest.mark.xfail(reason=fault.unnamed, strict=True)] if fault.unnamed else []
    return pytest.param(fault, id=fault.id, marks=marks)


# A scripted peer may be ended while somebody still talks to it.
@pytest.mark.filterwarnings("ignore:unclosed <StreamWriter:ResourceWarning")
@pytest.mark.parametrize("fault", [_marked(fault) for fault in SET_UP_EVERY_TIME])
def test_the_check_names_the_fault(fault: Fault, laboratory: Laboratory) -> None:
    # Silence stays silence: waiting for late answers is worth its seconds only where there are some.
    outcome = run(fault, laboratory, LATE_S if fault.id in SLOW_BY_NATURE else SOON_S)
    assert outcome.miss is None, f"{fault.title}: expected {fault.failed or ''} {fault.connected or ''}; {outcome.miss}"
    assert not outcome.leaked
    assert outcome.report.verdict_ms is not None
    if fault.id not in SLOW_BY_NATURE:
        assert outcome.report.verdict_ms < (SILENT_MS if fault.silent else ANSWERING_MS)


SLOW_BY_NATURE = {"D04e", "K08", "T08", "T08b", "T08c", "T08f", "D14b", "H15", "H16", "M196", "E53"}
"""They connect at the speed of their line."""


def test_every_row_has_an_id_of_its_own() -> None:
    assert len({fault.id for fault in FAULTS}) == len(FAULTS)
