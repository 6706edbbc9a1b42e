"""What is different since it worked is told in sentences, and nothing that was merely not seen counts as different."""

from __future__ import annotations

from msgspec.structs import replace

from clearline.core.findings import Certainty, Finding, Severity, Stage
from clearline.core.report.report import (
    Cell,
    ChainEntry,
    Deployment,
    DriverResult,
    Identity,
    Report,
    ServerResult,
    Status,
    Target,
    TlsSummary,
    Verdict,
)
from clearline.core.report.what_changed import Kind, compare


def server(address: str = "db1:27017", ip: str = "10.0.0.5", serial: str = "1f", **fields: object) -> ServerResult:
    usual: dict[str, object] = {
        "address": address,
        "seed": True,
        "advertised": True,
        "role": "primary",
        "version": "7.0.5",
        "cells": {
            "dns": Cell(status=Status.PASSED, evidence={"addresses": [ip, "10.0.0.9"]}),
            "tls": Cell(status=Status.PASSED, evidence={"serial": serial}),
        },
        "tls": TlsSummary(
            version="TLSv1.3",
            cipher="x",
            chain=(ChainEntry(subject="CN=db1", issuer="CN=Lab CA", not_after="2027-01-01T00:00:00Z"),),
        ),
    }
    return ServerResult(**{**usual, **fields})  # type: ignore[arg-type]


GOOD = Report(
    app_version="0.1.0",
    started="2026-11-22T10:15:00Z",
    elapsed_ms=20.0,
    target=Target(profile="Orders", uri="mongodb://app:***@db1/"),
    verdict=Verdict.CONNECTED,
    servers=(server(), server("db2:27017", role="secondary")),
    deployment=Deployment(kind="replica set", product="MongoDB", version="7.0.5", set_name="rs0", primary="db1:27017"),
    identity=Identity(user="app@admin", mechanism="SCRAM-SHA-256", roles=("readWrite@orders",), databases=("orders",)),
    effective={"tls": True, "replicaSet": "rs0"},
    driver=DriverResult(name="pymongo", version="4.20.0"),
)
REFUSED = Finding(
    cause="tcp.refused",
    severity=Severity.FAILURE,
    certainty=Certainty.PROVEN,
    stage=Stage.TCP,
    server="db1:27017",
    summary="Nothing listens on db1:27017.",
)


def words(now: Report, before: Report = GOOD) -> list[str]:
    return [change.words for change in compare(now, before)]


def with_server(**fields: object) -> Report:
    return replace(GOOD, servers=(server(**fields), GOOD.servers[1]))  # type: ignore[arg-type]


def test_the_same_again_is_no_change() -> None:
    assert compare(GOOD, GOOD) == ()


def test_another_address_is_told_whatever_the_order_of_the_answers() -> None:
    assert words(with_server(ip="10.0.0.6")) == [
        "The address of db1:27017 is now 10.0.0.6, 10.0.0.9; it was 10.0.0.5, 10.0.0.9."
    ]
    turned = Cell(status=Status.PASSED, evidence={"addresses": ["10.0.0.9", "10.0.0.5"]})
    cells = {**GOOD.servers[0].cells, "dns": turned}
    assert words(with_server(cells=cells)) == []


def test_a_renewed_certificate_is_told_by_its_serial_number() -> None:
    [change] = compare(with_server(serial="2a"), GOOD)
    assert change.words == "The serial number of the certificate of db1:27017 is now 2a; it was 1f."
    assert (change.kind, change.before, change.after, change.server) == (Kind.CERTIFICATE, "1f", "2a", "db1:27017")


def test_another_issuer_is_told() -> None:
    chain = (ChainEntry(subject="CN=db1", issuer="CN=ACME TLS Inspection", not_after="2027-01-01T00:00:00Z"),)
    tls = TlsSummary(version="TLSv1.2", cipher="x", chain=chain)
    assert words(with_server(tls=tls)) == [
        "The issuer of the certificate of db1:27017 is now CN=ACME TLS Inspection; it was CN=Lab CA.",
        "The TLS version of db1:27017 is now TLSv1.2; it was TLSv1.3.",
    ]


def test_a_certificate_that_was_not_seen_is_no_change() -> None:
    assert words(with_server(tls=None, cells={})) == []


def test_members_that_came_and_went_are_told() -> None:
    now = replace(GOOD, servers=(GOOD.servers[0], server("db3:27017")))
    assert words(now) == ["db2:27017 is no longer a server of it.", "db3:27017 is a server that was not there."]


def test_members_that_an_early_end_did_not_learn_of_are_not_gone() -> None:
    before = replace(GOOD, servers=(GOOD.servers[0], replace(GOOD.servers[1], seed=False)))
    now = replace(GOOD, servers=(replace(GOOD.servers[0], advertised=False),))
    assert words(now, before) == []


def test_another_primary_and_none_at_all_are_told() -> None:
    assert GOOD.deployment
    moved = replace(GOOD, deployment=replace(GOOD.deployment, primary="db2:27017"))
    assert words(moved) == ["The primary is now db2:27017; it was db1:27017."]
    gone = replace(GOOD, deployment=replace(GOOD.deployment, primary=None))
    assert words(gone) == ["There is no primary; it was db1:27017."]


def test_versions_set_name_and_role_are_told() -> None:
    assert GOOD.deployment
    now = replace(
        with_server(version="8.0.1", role="secondary"),
        deployment=replace(GOOD.deployment, version="8.0.1", set_name="rs1"),
        driver=DriverResult(name="pymongo", version="4.21.0"),
    )
    assert words(now) == [
        "The role of db1:27017 is now secondary; it was primary.",
        "The version of db1:27017 is now 8.0.1; it was 7.0.5.",
        "The name of the replica set is now rs1; it was rs0.",
        "The version of the deployment is now 8.0.1; it was 7.0.5.",
        "The version of pymongo is now 4.21.0; it was 4.20.0.",
    ]


def test_roles_given_and_taken_are_told() -> None:
    assert GOOD.identity
    now = replace(GOOD, identity=replace(GOOD.identity, roles=("read@orders",)))
    assert words(now) == [
        "The role readWrite@orders of app@admin is gone.",
        "The role read@orders of app@admin is new.",
    ]
    assert words(replace(GOOD, identity=None)) == []


def test_options_in_force_are_told() -> None:
    now = replace(GOOD, effective={"tls": False, "compressors": ["zstd", "snappy"]})
    assert words(now) == [
        "The option tls is now false; it was true.",
        "The option replicaSet is no longer set; it was rs0.",
        "The option compressors is set, to zstd, snappy.",
    ]


def test_new_findings_and_those_that_went_are_told() -> None:
    now = replace(GOOD, findings=(REFUSED,), verdict=Verdict.FAILED)
    assert words(now) == ["New failure: Nothing listens on db1:27017."]
    assert words(GOOD, now) == ["No longer found: Nothing listens on db1:27017."]


def test_another_target_comes_first() -> None:
    now = replace(with_server(serial="2a"), target=Target(profile="Orders", uri="mongodb://app:***@db2/"))
    assert words(now)[0].startswith("The connection string is now mongodb://app:***@db2/")
