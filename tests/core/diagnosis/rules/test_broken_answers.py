"""Answers that no client could take: what is proven by them, and what is only likely."""

from __future__ import annotations

from typing import Any

import pytest

from clearline.core.diagnosis.compose import diagnose
from clearline.core.facts.login import DriverFacts, DriverState
from clearline.core.facts.servers import Reach, ServerExtras
from clearline.core.findings import Certainty, Finding, Stage
from lab.hand_made_facts import HELLO, driver, facts, inside, look, member, plain

RAISED = DriverFacts(state=DriverState.RAISED)
TLS = {"tls": True}


def head(*parts: Any, options: dict[str, Any] | None = None, **changes: Any) -> Finding:
    return diagnose(facts(member(*parts, **changes), options=options or {}, driver=RAISED))[0]


def test_a_compressed_answer_to_hello_is_proven() -> None:
    found = head(plain(Reach.NOT_MONGODB, compressed_bytes=400_000_000, first_bytes="\\xd4", received_bytes=65536))
    assert (found.cause, found.certainty) == ("hello.compressed-unasked", Certainty.PROVEN)
    assert "400,000,000" in found.summary


def test_a_compressed_answer_after_hello_counts_where_the_driver_fails_too() -> None:
    extras = ServerExtras(compressed_at="buildInfo", compressed_bytes=9)
    assert head(plain(HELLO), extras=extras).cause == "hello.compressed-unasked"
    connected = DriverFacts(state=DriverState.CONNECTED)
    known = facts(member(plain(HELLO), extras=extras), driver=connected)
    assert "hello.compressed-unasked" not in [f.cause for f in diagnose(known)]


@pytest.mark.parametrize(
    "parts",
    [
        (driver(Reach.TLS_ERROR, endless=True, received_bytes=1_000_009),),
        (driver(), inside(Reach.OTHER, endless=True)),
    ],
)
def test_records_without_end_are_proven(parts: tuple[Any, ...]) -> None:
    found = head(*parts, options=TLS)
    assert (found.cause, found.certainty) == ("tls.endless-records", Certainty.PROVEN)


def test_a_certificate_that_is_none_is_proven() -> None:
    found = head(driver(Reach.TLS_ERROR, unreadable=True, server_hello=True), options=TLS)
    assert (found.cause, found.certainty) == ("tls.unreadable-certificate", Certainty.PROVEN)


def test_a_certificate_that_only_we_cannot_read_is_no_cause() -> None:
    found = head(driver(Reach.TLS_ALERT, alert=40, unreadable=True, server_hello=True), look(Reach.OK), options=TLS)
    assert found.cause != "tls.unreadable-certificate"


def test_drops_are_likely_for_a_line_may_do_the_same() -> None:
    slow = {"received_bytes": 4, "pieces": 4, "elapsed_ms": 3000.0}
    found = head(plain(Reach.SILENT, **slow), look(Reach.SILENT))
    assert (found.cause, found.certainty, found.stage) == ("hello.trickle", Certainty.LIKELY, Stage.HELLO)
    found = head(driver(Reach.SILENT, **slow), options=TLS)
    assert (found.cause, found.stage) == ("hello.trickle", Stage.TLS)


def test_an_answer_that_stops_after_its_first_packet_is_no_trickle() -> None:
    found = head(driver(Reach.SILENT, received_bytes=60, pieces=1, server_hello=True), options=TLS)
    assert found.cause == "tcp.large-packets-lost"
