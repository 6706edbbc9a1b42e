"""From facts to the report: stages, cells, the deployment."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from clearline.core.diagnosis.assembly import assemble
from clearline.core.facts.login import AccessFacts, DriverFacts, DriverState, LoginFacts, Privilege
from clearline.core.facts.names import DnsOutcome, Lookup
from clearline.core.facts.servers import Hello, Reach, RttFacts, ServerExtras
from clearline.core.facts.whole import Facts
from clearline.core.findings import Stage
from clearline.core.report.report import Cell, Report, Status, Verdict
from lab.hand_made_deployments import (
    PRIMARY,
    ROUTER,
    SECONDARY,
    SRV,
    dead,
    in_set,
    live,
    names,
    question,
    tcp,
    unnamed,
)
from lab.hand_made_facts import HELLO, driver, facts, inside, member, plain

V6 = "2001:db8::1"
STARTED = datetime(2026, 11, 20, 12, tzinfo=UTC)


def report(known: Facts, verdict: Verdict | None = Verdict.CONNECTED, **changes: Any) -> Report:
    return assemble(known, profile_name="Orders", started=STARTED, elapsed_ms=12.34, verdict=verdict, **changes)


def stages(known: Facts, verdict: Verdict | None = Verdict.CONNECTED) -> dict[Stage, Status]:
    return {s.stage: s.status for s in report(known, verdict).stages}


def cell(known: Facts, stage: Stage, verdict: Verdict | None = Verdict.CONNECTED, server: int = 0) -> Cell:
    return report(known, verdict).servers[server].cells[stage.value]


READ = {"access": AccessFacts(read_code=0, read_database="test")}
CONNECTED = DriverFacts(state=DriverState.CONNECTED, server="db1:27017")
LOGIN = LoginFacts(attempted=True, succeeded=True, server="db1:27017", mechanism="SCRAM-SHA-256", user="app")


# ---------------------------------------------------------------- stages


def test_a_healthy_server_without_login_or_tls_passes_what_it_ran() -> None:
    known = facts(live(HELLO), driver=CONNECTED, **READ)
    assert stages(known) == {
        Stage.URI: Status.PASSED,
        Stage.FILES: Status.SKIPPED,
        Stage.HOP: Status.SKIPPED,
        Stage.DNS: Status.PASSED,
        Stage.TCP: Status.PASSED,
        Stage.TLS: Status.SKIPPED,
        Stage.HELLO: Status.PASSED,
        Stage.TOPOLOGY: Status.PASSED,
        Stage.AUTH: Status.SKIPPED,
        Stage.ACCESS: Status.PASSED,
        Stage.DRIVER: Status.PASSED,
    }


def test_a_refused_port_fails_its_stage_and_skips_the_rest() -> None:
    known = facts(dead(), driver=DriverFacts(state=DriverState.RAISED, selection_timed_out=True))
    told = stages(known, Verdict.FAILED)
    assert (told[Stage.DNS], told[Stage.TCP], told[Stage.DRIVER]) == (Status.PASSED, Status.FAILED, Status.FAILED)
    assert {told[s] for s in (Stage.HELLO, Stage.TOPOLOGY, Stage.AUTH, Stage.ACCESS)} == {Status.SKIPPED}


def test_a_driver_that_was_not_waited_for_has_not_failed() -> None:
    assert stages(facts(dead()), Verdict.FAILED)[Stage.DRIVER] is Status.SKIPPED


def test_a_warning_colours_its_stage() -> None:
    known = facts(live(PRIMARY), live(SECONDARY, "db2"), dead("db3"), driver=CONNECTED, **READ)
    assert stages(known)[Stage.TOPOLOGY] is Status.WARNING


def test_what_did_not_run_before_a_stop_is_cancelled() -> None:
    told = stages(facts(live(HELLO, finished=False)), Verdict.CANCELLED)
    assert told[Stage.HELLO] is Status.PASSED
    assert told[Stage.ACCESS] is Status.CANCELLED


def test_while_a_check_runs_the_next_step_runs_and_the_others_wait() -> None:
    known = facts(member(tcp(Reach.OK), finished=False))
    assert cell(known, Stage.TCP, None).status is Status.PASSED
    assert cell(known, Stage.HELLO, None).status is Status.RUNNING
    assert cell(known, Stage.ACCESS, None).status is Status.WAITING
    assert stages(known, None)[Stage.HELLO] is Status.RUNNING
    assert stages(known, None)[Stage.ACCESS] is Status.WAITING


def test_a_dns_failure_without_members_fails_the_stage() -> None:
    known = facts(dns=names(question("srv", DnsOutcome.NXDOMAIN), question("bare", DnsOutcome.NXDOMAIN)), **SRV)
    assert stages(known, Verdict.FAILED)[Stage.DNS] is Status.FAILED


def test_measured_times_are_rounded_into_the_stages() -> None:
    told = report(facts(live(HELLO)), stage_ms={Stage.DNS: 12.3456})
    assert {s.stage: s.elapsed_ms for s in told.stages}[Stage.DNS] == 12.3
    assert told.elapsed_ms == 12.3
    assert told.started == "2026-11-20T12:00:00.000Z"


# ---------------------------------------------------------------- cells


@pytest.mark.parametrize(
    ("one", "status", "note"),
    [
        (live(HELLO), Status.PASSED, "192.0.2.7"),
        (live(HELLO, lookup=Lookup(host="192.0.2.7", addresses=("192.0.2.7",), literal=True)), Status.SKIPPED, "IP"),
        (unnamed(), Status.FAILED, "not found"),
        (unnamed(lookup=Lookup(host="db1", silent=True)), Status.FAILED, "no answer"),
        (live(HELLO, lookup=None, port=None), Status.SKIPPED, "socket"),
    ],
)
def test_the_name_cell(one: Any, status: Status, note: str) -> None:
    told = cell(facts(one), Stage.DNS, Verdict.FAILED)
    assert told.status is status
    assert note in told.note


@pytest.mark.parametrize(
    ("attempts", "status"),
    [
        ((tcp(Reach.OK),), Status.PASSED),
        ((tcp(Reach.NETWORK_UNREACHABLE, V6, "ipv6"), tcp(Reach.OK)), Status.PASSED),
        ((tcp(Reach.REFUSED, V6, "ipv6"), tcp(Reach.OK)), Status.PASSED),
        ((tcp(Reach.SILENT, V6, "ipv6"), tcp(Reach.OK)), Status.WARNING),
        ((tcp(Reach.REFUSED),), Status.FAILED),
    ],
)
def test_the_port_cell_minds_only_a_family_that_costs_time(attempts: tuple[Any, ...], status: Status) -> None:
    told = cell(facts(member(*attempts, plain(HELLO))), Stage.TCP)
    assert told.status is status
    assert len(told.evidence["attempts"]) == len(attempts)


def test_the_tls_cell_tells_version_alert_or_verification() -> None:
    on = {"options": {"tls": True}}
    assert cell(facts(member(driver(), inside(HELLO)), **on), Stage.TLS).note == "TLSv1.3"
    alert = member(driver(Reach.TLS_ALERT, alert=40))
    assert cell(facts(alert, **on), Stage.TLS, Verdict.FAILED).note == "alert 40"
    untrusted = member(driver(Reach.VERIFY_FAILED, verify_code=19))
    assert cell(facts(untrusted, **on), Stage.TLS, Verdict.FAILED).note == "verify 19"
    assert cell(facts(live(HELLO)), Stage.TLS).status is Status.SKIPPED


@pytest.mark.parametrize(
    ("hello", "status", "note"),
    [
        (PRIMARY, Status.PASSED, "primary"),
        (ROUTER, Status.PASSED, "router"),
        (in_set("other"), Status.PASSED, "starting up"),
        (Hello(max_wire_version=8), Status.FAILED, "standalone"),
    ],
)
def test_the_hello_cell_tells_the_role(hello: Hello, status: Status, note: str) -> None:
    told = cell(facts(live(hello)), Stage.HELLO)
    assert (told.status, told.note) == (status, note)


def test_a_silent_hello_is_a_failed_cell() -> None:
    told = cell(facts(member(plain(Reach.NOT_MONGODB, first_bytes="HTTP/1.1"))), Stage.HELLO, Verdict.FAILED)
    assert (told.status, told.note) == (Status.FAILED, "not mongodb")
    assert told.evidence["first_bytes"] == "HTTP/1.1"


def test_login_and_read_stand_at_the_server_that_they_went_to() -> None:
    known = facts(live(PRIMARY), live(SECONDARY, "db2"), driver=CONNECTED, login=LOGIN, user="app", **READ)
    assert cell(known, Stage.AUTH).status is Status.PASSED
    assert cell(known, Stage.ACCESS).note == "read test"
    assert cell(known, Stage.AUTH, server=1).status is Status.SKIPPED
    assert cell(known, Stage.ACCESS, server=1).status is Status.SKIPPED


def test_a_refused_login_and_a_missing_right_tell_their_code() -> None:
    refused = LoginFacts(attempted=True, failed_step="saslContinue", code=18, server="db1:27017", user="app")
    known = facts(live(HELLO), login=refused, user="app", driver=DriverFacts(state=DriverState.RAISED, code=18))
    told = cell(known, Stage.AUTH, Verdict.FAILED)
    assert (told.status, told.note) == (Status.FAILED, "code 18")
    without_roles = AccessFacts(asked=True, user="app@admin", read_code=13)
    limited = facts(live(HELLO), driver=CONNECTED, login=LOGIN, user="app", access=without_roles)
    assert cell(limited, Stage.ACCESS).status is Status.WARNING


def test_a_database_that_no_text_names_is_no_trouble_where_others_can_be_read() -> None:
    elsewhere = Privilege(database="appdb", collection="", actions=("find", "insert"))
    access = AccessFacts(
        asked=True,
        user="app@admin",
        roles=("readWrite@appdb",),
        privileges=(elsewhere,),
        read_code=13,
        read_database="test",
    )
    known = facts(live(HELLO), driver=CONNECTED, login=LOGIN, user="app", access=access)
    told = cell(known, Stage.ACCESS)
    assert (told.status, told.note) == (Status.PASSED, "not test")


# ---------------------------------------------------------------- the whole


@pytest.mark.parametrize(
    ("members", "kind", "set_name", "primary"),
    [
        ((live(HELLO),), "standalone", None, None),
        ((live(ROUTER),), "sharded cluster", None, None),
        ((live(PRIMARY), live(SECONDARY, "db2")), "replica set", "rs0", "db1:27017"),
        ((live(SECONDARY, "db2"),), "replica set", "rs0", "db1:27017"),
        ((live(Hello(is_replica_set=True, max_wire_version=17)),), "replica set", None, None),
        ((live(Hello(service_id="65a0", msg="isdbgrid", max_wire_version=21)),), "load balanced", None, None),
    ],
)
def test_what_the_servers_are_together(
    members: tuple[Any, ...], kind: str, set_name: str | None, primary: str | None
) -> None:
    told = report(facts(*members)).deployment
    assert told is not None
    assert (told.kind, told.set_name, told.primary) == (kind, set_name, primary)


def test_a_deployment_that_never_answered_is_none() -> None:
    assert report(facts(dead()), Verdict.FAILED).deployment is None


def test_the_edition_is_in_the_modules() -> None:
    plain_one = live(HELLO, extras=ServerExtras(version="6.0.5", genuine=True))
    enterprise = live(HELLO, extras=ServerExtras(version="8.0.1", modules=("enterprise",), genuine=True))
    foreign = live(HELLO, extras=ServerExtras(version="8.2.11", product="SecantusDB", genuine=False))
    told = [report(facts(one)).deployment for one in (plain_one, enterprise, foreign)]
    assert [(d.version, d.edition) for d in told if d] == [
        ("6.0.5", "community"),
        ("8.0.1", "enterprise"),
        ("8.2.11", None),
    ]
    assert told[2] is not None
    assert told[2].product == "SecantusDB"


@pytest.mark.parametrize(
    ("host", "product"),
    [
        ("db1", None),
        ("x.docdb.amazonaws.com", "Amazon DocumentDB"),
        ("x.mongo.cosmos.azure.com", "Azure Cosmos DB"),
    ],
)
def test_the_product_is_what_the_findings_say(host: str, product: str | None) -> None:
    told = report(facts(live(HELLO, host), connected=True)).deployment
    assert told is not None
    assert told.product == product


def test_who_is_logged_in_is_told_only_when_the_server_said_so() -> None:
    known = facts(live(HELLO), driver=CONNECTED, login=LOGIN, access=AccessFacts(user="app@admin", read_code=0))
    told = report(known).identity
    assert told is not None
    assert (told.user, told.mechanism) == ("app@admin", "SCRAM-SHA-256")
    assert report(facts(live(HELLO))).identity is None


def test_round_trips_are_summed_up() -> None:
    told = report(facts(live(HELLO, rtt=RttFacts(samples_ms=(3.0, 1.0, 2.0))))).servers[0].rtt_ms
    assert told is not None
    assert (told.min, told.median, told.max) == (1.0, 2.0, 3.0)


def test_the_drivers_words_are_told_unless_it_connected() -> None:
    raised = DriverFacts(state=DriverState.RAISED, exception="pymongo.errors.X", message="no")
    assert report(facts(dead(), driver=raised), Verdict.FAILED).driver.message == "no"
    assert report(facts(live(HELLO), driver=CONNECTED)).driver.exception is None


def test_options_in_force_come_from_the_text_and_then_from_the_driver() -> None:
    known = facts(
        live(HELLO),
        driver=DriverFacts(state=DriverState.CONNECTED, effective={"tls": True, "replicaSet": "rs0"}),
        options={"tls": True, "w": 1},
    )
    assert report(known).effective == {"tls": True, "w": 1, "replicaSet": "rs0"}
