"""Two places compared: what decides is told first; and many places as one matrix."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from clearline.core.findings import Certainty, Finding, Severity, Stage
from clearline.core.report.html import places_to_html
from clearline.core.report.places import Meeting, Place, differences, matrix, named
from clearline.core.report.report import (
    Cell,
    ChainEntry,
    Computer,
    DriverResult,
    Identity,
    Latency,
    Report,
    ResolverResult,
    ServerResult,
    Status,
    SystemProxyResult,
    Target,
    TlsSummary,
    Verdict,
)

DB = "db1.example.com:27017"
COMPUTER = Computer(
    system="Linux 6.1",
    libc="glibc 2.36",
    resolvers=(ResolverResult(address="10.0.0.2", kind="company"),),
    trust="OpenSSL's files, 142 authorities",
    openssl="3.0.15",
    python="3.11.7",
)
PASSED, FAILED = Cell(status=Status.PASSED), Cell(status=Status.FAILED)


def chain(*issuers: str) -> TlsSummary:
    links = tuple(ChainEntry(subject="CN=db1", issuer=issuer, not_after="2027-01-01T00:00:00Z") for issuer in issuers)
    return TlsSummary(version="TLSv1.3", cipher=None, chain=links)


def server(**fields: Any) -> ServerResult:
    return ServerResult(address=DB, seed=True, advertised=True, **fields)


def report(*servers: ServerResult, failed_at: Stage | None = None, **fields: Any) -> Report:
    finding = Finding(
        cause=f"{failed_at.value}.cause" if failed_at else "",
        severity=Severity.FAILURE,
        certainty=Certainty.LIKELY,
        stage=failed_at or Stage.DNS,
        summary="It fails.",
    )
    whole = {
        "app_version": "1",
        "started": "",
        "elapsed_ms": 1.0,
        "target": Target(profile="", uri="mongodb://db1.example.com/"),
        "verdict": Verdict.FAILED if failed_at else Verdict.CONNECTED,
        "findings": (finding,) if failed_at else (),
        "servers": servers,
        "computer": COMPUTER,
        "driver": DriverResult(name="PyMongo", version="4.20.1"),
    }
    return Report(**{**whole, **fields})


def told(here: Report, there: Report) -> list[str]:
    return [difference.words for difference in differences(Place("laptop", here), Place("pod", there))]


def test_the_same_report_differs_in_nothing() -> None:
    one = report(server(cells={"dns": PASSED}))
    assert told(one, one) == []


COMPANY_DNS = server(answers={"10.0.0.2": ("10.0.4.11",)}, source="10.8.0.7 (tun0)")
DECIDING = {
    "split DNS": (
        report(COMPANY_DNS),
        report(replace(COMPANY_DNS, answers={"10.0.0.2": ()}), failed_at=Stage.DNS),
        "answers for db1.example.com:27017 10.0.4.11; in pod none",
    ),
    "another answer": (
        report(COMPANY_DNS),
        report(replace(COMPANY_DNS, answers={"10.0.0.2": ("192.0.2.9",)}), failed_at=Stage.TCP),
        "the name server 10.0.0.2 answers for",
    ),
    "access by one address": (
        report(server(source="10.8.0.7 (tun0)")),
        report(server(source="192.168.1.4 (wlan0)"), failed_at=Stage.TCP),
        f"In laptop connections to {DB} leave from 10.8.0.7 (tun0); in pod 192.168.1.4 (wlan0).",
    ),
    "another authority": (
        report(server(tls=chain("CN=Company CA"))),
        report(server(tls=chain("CN=Proxy CA")), failed_at=Stage.TLS),
        "was issued by CN=Company CA; in pod",
    ),
    "a chain cut short": (
        report(server(tls=chain("CN=CA 1", "CN=CA 2"))),
        report(server(tls=chain("CN=CA 1")), failed_at=Stage.TLS),
        "2 certificates",
    ),
    "trust store": (
        report(),
        report(computer=replace(COMPUTER, trust="no authorities"), failed_at=Stage.TLS),
        "the trusted authorities are OpenSSL's files, 142 authorities; in pod no authorities",
    ),
    "proxy": (
        report(),
        report(computer=replace(COMPUTER, proxies={"HTTPS_PROXY": "http://proxy:3128"}), failed_at=Stage.TCP),
        "the proxies are none; in pod HTTPS_PROXY=http://proxy:3128",
    ),
    "proxy of the desktop": (
        report(computer=replace(COMPUTER, system_proxy=SystemProxyResult())),
        report(
            computer=replace(COMPUTER, system_proxy=SystemProxyResult(source="KDE", proxy="http://proxy:3128")),
            failed_at=Stage.TCP,
        ),
        "the proxy of the system's settings is none; in pod http://proxy:3128",
    ),
    "IPv6": (
        report(computer=replace(COMPUTER, ipv6=True)),
        report(computer=replace(COMPUTER, ipv6=False), failed_at=Stage.TCP),
        "IPv6 leads out: true; in pod false",
    ),
    "container": (
        report(),
        report(computer=replace(COMPUTER, container="docker"), failed_at=Stage.TCP),
        "In laptop the container is none; in pod docker",
    ),
    "resolver order": (
        report(),
        report(
            computer=replace(COMPUTER, resolvers=(ResolverResult(address="8.8.8.8", kind="public"),)),
            failed_at=Stage.DNS,
        ),
        "8.8.8.8 (public)",
    ),
    "timeouts": (
        report(effective={"connectTimeoutMS": 20000}),
        report(effective={"connectTimeoutMS": 5}, failed_at=Stage.DRIVER),
        "connectTimeoutMS is 20000; in pod 5",
    ),
    "library version": (
        report(),
        report(driver=DriverResult(name="PyMongo", version="3.4.0"), failed_at=Stage.DRIVER),
        "In laptop PyMongo is 4.20.1; in pod 3.4.0",
    ),
    "user": (
        report(identity=Identity(user="app@admin", mechanism=None, roles=(), databases=())),
        report(identity=Identity(user="app@orders", mechanism=None, roles=(), databases=()), failed_at=Stage.ACCESS),
        "the user is app@admin",
    ),
}


@pytest.mark.parametrize("case", DECIDING)
def test_what_decides_stands_in_the_first_three_sentences(case: str) -> None:
    here, there, deciding = DECIDING[case]
    noise = replace(there.computer or COMPUTER, python="3.13.1", openssl="3.5.0", system="Linux 6.8")
    words = told(here, replace(there, computer=noise, app_version="2"))
    assert words[0].startswith("In laptop it connects; in pod it fails at ")
    assert any(deciding in sentence for sentence in words[:3]), words


def test_a_stage_that_a_place_did_not_reach_is_no_difference() -> None:
    here = report(server(cells={"dns": PASSED, "tcp": PASSED}))
    there = report(server(cells={"dns": FAILED}), failed_at=Stage.DNS)
    assert not [words for words in told(here, there) if "the stage tcp" in words]


def test_a_much_longer_round_trip_is_told_and_a_little_longer_one_not() -> None:
    def rtt(median: float) -> Report:
        return report(server(rtt_ms=Latency(min=median, median=median, max=median)))

    assert told(rtt(1.2), rtt(180.0)) == [f"In laptop a round trip to {DB} takes 1 ms; in pod 180 ms."]
    assert told(rtt(20.0), rtt(30.0)) == []


@pytest.mark.parametrize(("role", "first"), [(None, "a round trip"), ("standalone", "PyMongo")])
def test_what_answered_the_hello_did_not_fail_for_its_slowness(role: str | None, first: str) -> None:
    def at(median: float, driver: str, role: str | None, stage: Stage | None) -> Report:
        there = server(role=role, rtt_ms=Latency(min=median, median=median, max=median))
        made = report(there, failed_at=stage, driver=DriverResult(name="PyMongo", version=driver))
        return replace(made, findings=tuple(replace(one, server=DB) for one in made.findings))

    words = told(at(1, "3.12.3", "standalone", None), at(41, "4.20.1", role, Stage.HELLO))
    assert first in next(sentence for sentence in words if "round trip" in sentence or "PyMongo" in sentence)


def test_many_places_make_a_matrix_of_the_first_stage_that_fails() -> None:
    places = named(
        [
            ("node", report(server(cells={"dns": PASSED, "tcp": PASSED}))),
            ("node", report(server(cells={"dns": PASSED, "tcp": FAILED, "tls": FAILED}), failed_at=Stage.TCP)),
            ("other", report()),
        ]
    )
    assert [place.name for place in places] == ["node", "node (2)", "other"]
    merged = matrix(places)
    assert merged.servers == (DB,)
    assert merged.cells == ((Meeting(Status.PASSED), Meeting(Status.FAILED, Stage.TCP), None),)


def test_the_page_escapes_what_a_report_brings() -> None:
    evil = report(replace(server(cells={"tcp": PASSED}), address="<script>:1"))
    page = places_to_html(matrix(named([("<img>", evil)])))
    assert "<script>" not in page
    assert "<img>" not in page
    assert "&lt;script&gt;:1" in page
