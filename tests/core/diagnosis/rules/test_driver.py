"""The driver on this computer, the text's mistakes as findings, and the last word."""

from __future__ import annotations

from typing import Any

import pytest

from clearline.core.diagnosis.rules import driver, uri
from clearline.core.facts.computer import ComputerFacts
from clearline.core.facts.login import DriverFacts, DriverState
from clearline.core.facts.servers import Hello
from clearline.core.facts.text import Mistake
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding, Severity, Stage
from lab.hand_made_deployments import dead, live
from lab.hand_made_facts import HELLO, facts


def said(known: Facts) -> dict[str, Finding]:
    return {f.cause: f for rule in driver.RULES for f in rule(known)}


@pytest.mark.parametrize(
    ("module", "mechanism", "package"),
    [
        ("pymongo_auth_aws", "MONGODB-AWS", "pymongo[aws]"),
        ("kerberos", "GSSAPI", "pymongo[gssapi]"),
        ("winkerberos", "GSSAPI", "pymongo[gssapi]"),
        ("something", "GSSAPI", "something"),
    ],
)
def test_a_mechanism_without_its_package_is_named_with_what_to_install(
    module: str, mechanism: str, package: str
) -> None:
    known = facts(computer=ComputerFacts(missing_packages=(module,)), options={"authMechanism": mechanism})
    found = said(known)["driver.missing-package"]
    assert mechanism in found.summary
    assert package in found.summary


@pytest.mark.parametrize(("module", "name"), [("snappy", "snappy"), ("zstandard", "zstd"), ("backports.zstd", "zstd")])
def test_a_compressor_without_its_package_is_a_note(module: str, name: str) -> None:
    found = said(facts(computer=ComputerFacts(missing_packages=(module,)), options={"compressors": [name]}))
    assert set(found) == {"driver.compressor-missing"}
    assert found["driver.compressor-missing"].severity is Severity.NOTE
    assert name in found["driver.compressor-missing"].summary


@pytest.mark.parametrize(
    ("offered", "missing", "noted"),
    [((), (), True), (("zstd",), (), False), (("snappy",), (), True), ((), ("zstandard",), False)],
)
def test_compression_that_the_server_does_not_offer_is_a_note(
    offered: tuple[str, ...], missing: tuple[str, ...], noted: bool
) -> None:
    server = Hello(is_writable_primary=True, max_wire_version=17, compression=offered)
    computer = ComputerFacts(missing_packages=missing)
    known = facts(live(server), connected=True, computer=computer, options={"compressors": ["zstd"]})
    assert ("driver.compression-not-offered" in said(known)) is noted


def test_compression_is_judged_by_a_connection_only() -> None:
    assert said(facts(live(HELLO), options={"compressors": ["zstd"]})) == {}


RAISED: dict[str, Any] = {"state": DriverState.RAISED, "exception": "pymongo.errors.X"}


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (facts(live(HELLO), driver=DriverFacts(**RAISED)), "driver.disagrees"),
        (facts(live(HELLO), driver=DriverFacts(**RAISED, code=42)), "driver.unexplained"),
        (facts(dead(), driver=DriverFacts(**RAISED)), "driver.unexplained"),
        (facts(driver=DriverFacts(state=DriverState.NOT_STARTED)), "driver.unexplained"),
    ],
)
def test_the_last_word_accuses_the_driver_only_when_all_probes_succeed(known: Facts, expected: str) -> None:
    found = driver.last_word(known)
    assert (found.cause, found.certainty, found.severity) == (expected, Certainty.POSSIBLE, Severity.FAILURE)


def test_the_last_word_quotes_the_driver() -> None:
    assert "odd news" in driver.last_word(facts(driver=DriverFacts(**RAISED, message="odd news"))).summary


def test_each_mistake_of_the_text_is_a_finding_with_its_place_and_its_remedy() -> None:
    typo = Mistake(
        cause="uri.misspelt-option",
        severity=Severity.WARNING,
        blanks={"option": "replicSet", "suggestion": "replicaSet"},
        start=20,
        end=29,
        patch={"seeds": {"replicaSet": "rs0"}},
    )
    (found,) = uri.mistakes(facts(mistakes=(typo,)))
    assert (found.stage, found.severity, found.server) == (Stage.URI, Severity.WARNING, None)
    assert found.evidence == {"from": 20, "to": 29}
    assert found.remedies[0].patch == {"seeds": {"replicaSet": "rs0"}}
