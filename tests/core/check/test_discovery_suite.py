"""MongoDB's suite for discovery, played by scripted servers: a real check comes to the outcome of each case.

The hosts a, b, c … of the suite are addresses of the loopback of a network namespace. What a case does not let answer
refuses.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from clearline.core.report.report import Report, Verdict
from faults.fault import Case
from faults.run import run_case
from lab import namespaces
from lab.mongo_peer import Failure, MongoPeer
from lab.namespaces import Network
from lab.spec_suites import ONE_LOOK, Play, serves, split

pytestmark = pytest.mark.skipif(namespaces.unavailable() is not None, reason=str(namespaces.unavailable()))

HOSTS = {name: f"127.0.1.{number}" for number, name in enumerate("abcdefgh", 1)}
_ROLES = {
    "RSPrimary": {"primary"},
    "RSSecondary": {"secondary"},
    "RSArbiter": {"arbiter"},
    "RSOther": {"other", "starting up", "hidden"},
    "RSGhost": {"not initiated"},
    "Standalone": {"standalone"},
    "Mongos": {"router"},
}


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    with Network(hosts=HOSTS) as network:
        network.dns_server({})
        yield network


def _report(case: dict[str, Any], latest: dict[str, Any], network: Network) -> Report:
    with ExitStack() as stack:
        for address, answer in latest.items():
            host, port = split(address)
            if answer:
                listener = network.listen_inside(port, HOSTS.get(host, "127.0.0.1"))
                stack.enter_context(MongoPeer({"hello": answer, **_without_data(answer)}, listener=listener))
        return run_case(Case(case["uri"], network), late_s=2.0)[0]


def _without_data(answer: dict[str, Any]) -> dict[str, Any]:
    """An arbiter serves no reads."""
    refused = Failure(13436, "node is not in primary or recovering state", "NotPrimaryOrSecondary")
    return {"find": refused} if answer.get("arbiterOnly") else {}


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in ONE_LOOK])
def test_a_check_comes_to_the_outcome(case: dict[str, Any], network: Network) -> None:
    *_, (latest, outcome) = Play(case).phases()
    report = _report(case, latest, network)
    if outcome.get("compatible", True):
        assert report.verdict is (Verdict.CONNECTED if serves(case, outcome) else Verdict.FAILED), report.findings
    else:  # PyMongo connects where it has not heard of the bad server yet, and raises at the next operation.
        assert {"hello.too-old", "hello.too-new"} & {found.cause for found in report.findings}
    roles = {server.address: server.role for server in report.servers if server.role}
    for address, server in outcome["servers"].items():
        if server["type"] in _ROLES and address in roles:
            assert roles[address] in _ROLES[server["type"]]
    primaries = [address for address, server in outcome["servers"].items() if server["type"] == "RSPrimary"]
    if primaries and report.deployment is not None:
        assert report.deployment.primary == primaries[0]
    if report.verdict is Verdict.FAILED:
        assert report.diagnosis is not None
        assert report.diagnosis.cause not in ("driver.unexplained", "driver.disagrees")
