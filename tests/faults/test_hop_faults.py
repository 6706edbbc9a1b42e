"""Each fault of a hop, set up for real: its cause at the stage of the hops, and no secret in what is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from clearline.core.findings import Stage
from faults import proxy_hops, ssh_hops
from faults.hop_fault import HopFault, HopLaboratory, run
from lab import ssh_server

pytestmark = [
    pytest.mark.skipif(ssh_server.unavailable() is not None, reason=str(ssh_server.unavailable())),
    pytest.mark.xdist_group("ssh"),
]
SOON_S = 2.0
"""Silence stays silence: waiting for late answers is worth no seconds here."""
FAULTS = (*ssh_hops.TABLE.rows, *proxy_hops.TABLE.rows)


@pytest.fixture(scope="module")
def laboratory() -> Iterator[HopLaboratory]:
    with HopLaboratory() as lab:
        yield lab


# A scripted peer may be ended while the program still talks to it.
@pytest.mark.filterwarnings("ignore:unclosed <StreamWriter:ResourceWarning")
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_the_hop_is_named(fault: HopFault, laboratory: HopLaboratory) -> None:
    outcome = run(fault, laboratory, SOON_S)
    assert outcome.miss is None, f"{fault.title}: expected {fault.causes}; {outcome.miss}"
    assert not outcome.leaked
    [found] = [one for one in outcome.found if one.cause in fault.causes][:1]
    assert found.stage is (Stage.TOPOLOGY if fault.id == "D01" else Stage.HOP)


def test_every_row_has_an_id_of_its_own() -> None:
    assert len({fault.id for fault in FAULTS}) == len(FAULTS) == 72
