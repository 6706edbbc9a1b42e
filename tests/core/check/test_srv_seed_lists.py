"""MongoDB's suite for SRV seed lists, whole: a real DNS server, real checks, the outcomes that the suite expects."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import bson
import pytest

from clearline.core.findings import Severity
from clearline.core.report.report import Report, Verdict
from clearline.core.uri.connection_string import read
from faults.fault import Case
from faults.run import run_case
from lab import namespaces
from lab.certificates import Authority, server_context
from lab.dns_server import Zone
from lab.mongo_peer import Answer, Command, MongoPeer, member_hello, mongos_hello
from lab.namespaces import OUTSIDE, Network
from lab.spec_suites import FETCH, SUITES, documents

pytestmark = pytest.mark.skipif(namespaces.unavailable() is not None, reason=str(namespaces.unavailable()))

CASES = [pytest.param(name.replace("/", " "), case, id=name) for name, case in documents("srv_seedlist")]
PARENT = "test.build.10gen.cc"


def _srv(port: int = 27017, target: str = f"localhost.{PARENT}") -> str:
    return f"0 0 {port} {target}."


def _zone() -> Zone:
    """The records that the suite's README demands of its name server."""
    records = {
        "test1": [_srv(), _srv(27018)],
        "test2": [_srv(27018), _srv(27019)],
        **{f"test{n}": [_srv()] for n in (3, 5, 6, 7, 8, 10, 11, 20, 21)},
        "test12": [_srv(target="localhost.build.10gen.cc")],
        "test13": [_srv(target=PARENT)],
        "test14": [_srv(target="localhost.not-test.build.10gen.cc")],
        "test15": [_srv(target="localhost.test.not-build.10gen.cc")],
        "test16": [_srv(target="localhost.test.build.not-10gen.cc")],
        "test17": [_srv(target="localhost.test.build.10gen.not-cc")],
        "test18": [_srv(target=f"localhost.sub.{PARENT}")],
        "test19": [_srv(target="localhost.evil.build.10gen.cc"), _srv()],
        "test23": [_srv(8000)],
        "test24": [_srv(8000)],
    }
    texts = {
        "test5": ['"replicaSet=repl0&authSource=thisDB"'],
        "test6": ['"replicaSet=repl0"', '"authSource=otherDB"'],
        "test7": ['"ssl=false"'],
        "test8": ['"authSource"'],
        "test10": ['"socketTimeoutMS=500"'],
        "test11": ['"replicaS" "et=rep" "l0"'],
        "test20": ['"loadBalanced=true"'],
        "test21": ['"loadBalanced=false"'],
        "test24": ['"loadBalanced=true"'],
    }
    zone: dict[tuple[str, str], Any] = {(f"_mongodb._tcp.{n}.{PARENT}", "SRV"): r for n, r in records.items()}
    zone |= {(f"{name}.{PARENT}", "TXT"): text for name, text in texts.items()}
    zone[f"_customname._tcp.test22.{PARENT}", "SRV"] = [_srv(), _srv(27018)]
    for same in (PARENT, "build.10gen.cc"):  # a host that has the name of its own cluster
        zone[f"_mongodb._tcp.{same}", "SRV"] = [_srv(target=same)]
    targets = {record.split()[3].rstrip(".") for found in records.values() for record in found}
    return {**zone, **{(target, "A"): OUTSIDE for target in (*targets, "build.10gen.cc")}}


CAUSES = {
    "no-results": "dns.srv-not-found",
    "not-enough-parts": "dns.srv-not-found",
    "misformatted-option": "dns.txt-invalid",
    "two-txt-records": "dns.txt-invalid",
    "txt-record-not-allowed-option": "dns.txt-invalid",
    "txt-record-with-unallowed-option": "dns.txt-invalid",
    "parent": "dns.srv-target-refused",
    "srvAllowedHostsSuffix-mismatch": "dns.srv-target-refused",
    "srvAllowedHostsSuffix-without_dot_fail": "dns.srv-target-refused",
    "srvAllowedHostsSuffix": "uri.bad-value",
    "uri-with-": "uri.srv-form",
    "conflicts": "uri.conflicting-options",
    "loadBalanced": "uri.conflicting-options",
    "direct-connection-true": "uri.conflicting-options",
}
"""What an expert would name, by a part of the case's name; the first that fits."""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(Path(tmp_path_factory.mktemp("authority")))


@pytest.fixture(scope="module")
def network(authority: Authority) -> Iterator[Network]:
    """The suite's zone, and servers with TLS at all its targets."""
    context = server_context(authority.server(f"localhost.{PARENT}"))
    with Network() as network, ExitStack() as stack:
        for port in (27017, 27018, 27019, 8000):
            stack.enter_context(MongoPeer({"hello": _hello}, tls=context, listener=network.listen(port)))
        network.dns_server(_zone())
        yield network


@pytest.fixture(scope="module")
def plain() -> Iterator[Network]:
    with Network() as network, MongoPeer({"hello": _hello}, listener=network.listen(27017)):
        network.dns_server(_zone())
        yield network


def _hello(command: Command) -> Answer:
    """A router behind a balancer for whom asks for one, else a member of the suite's set."""
    if command.document.get("loadBalanced"):
        return mongos_hello(serviceId=bson.ObjectId())
    hosts = [f"localhost.{PARENT}:27017", f"localhost.{PARENT}:27018"]
    return member_hello("repl0", hosts, me=hosts[0], primary=hosts[0], role="primary")


def test_the_suite_is_there() -> None:
    assert (SUITES / "srv_seedlist").is_dir(), FETCH
    assert len(CASES) >= 64


@pytest.mark.parametrize(("name", "case"), CASES)
def test_a_check_comes_to_the_outcome(name: str, case: dict[str, Any], network: Network, plain: Network) -> None:
    report = _report(case["uri"], plain if "ssl=false" in case["uri"] else network)
    failures = [f.cause for f in report.findings if f.severity is Severity.FAILURE]
    if case.get("error"):
        assert report.verdict is Verdict.FAILED
        assert failures[0] == next(cause for part, cause in CAUSES.items() if part in name)
        return
    seeds = {server.address for server in report.servers if server.seed}
    if "seeds" in case:
        assert seeds >= set(case["seeds"])
        assert len(seeds) == len(case["seeds"])
    told = report.effective
    for option, value in case.get("options", {}).items():
        assert told.get("tls" if option == "ssl" else option, None) == value, option
    _compare_text(case)


def _compare_text(case: dict[str, Any]) -> None:
    profile = read(case["uri"]).facts
    for option, value in case.get("parsed_options", {}).items():
        match option:
            case "user":
                assert profile.user == value
            case "db" | "defaultDatabase" | "auth_database":
                assert profile.database == value
            case "password":
                assert [secret.reveal() for secret in read(case["uri"]).secrets.values()] == [value]
            case _:
                pytest.fail(f"{option} is not compared")


def _report(uri: str, network: Network) -> Report:
    return run_case(Case(uri, network), late_s=2.0)[0]
