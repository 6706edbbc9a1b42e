"""Trouble on the driver's own connection, while the servers can be reached."""

from __future__ import annotations

from typing import Any

import pytest

from clearline.core.diagnosis.rules.working import RULES
from clearline.core.facts.login import DriverFacts, DriverState, LoginFacts
from clearline.core.facts.servers import MemberFacts, Reach, TcpFacts
from clearline.core.facts.whole import Facts
from clearline.core.findings import Finding
from lab.hand_made_deployments import in_set, live
from lab.hand_made_facts import HELLO, facts


def raised(exception: str, code: int | None = None, **fields: Any) -> DriverFacts:
    return DriverFacts(state=DriverState.RAISED, exception=exception, code=code, server="db1:27017", **fields)


def found(known: Facts) -> list[Finding]:
    return [finding for rule in RULES for finding in rule(known)]


def causes(known: Facts) -> list[str]:
    return [finding.cause for finding in found(known)]


def alive(**changes: Any) -> MemberFacts:
    return live(HELLO, **changes)


@pytest.mark.parametrize(
    ("exception", "code", "options", "expected"),
    [
        ("pymongo.errors.NetworkTimeout", None, {"socketTimeoutMS": 5}, ["pool.operation-timeout"]),
        ("pymongo.errors.ExecutionTimeout", 50, {"timeoutMS": 10}, ["pool.operation-timeout"]),
        ("pymongo.errors.ExecutionTimeout", 50, {}, ["pool.operation-timeout"]),
        ("pymongo.errors.NetworkTimeout", None, {}, []),
        ("pymongo.errors.NetworkTimeout", None, {"socketTimeoutMS": 60000}, []),
        ("pymongo.errors.WaitQueueTimeoutError", None, {"maxPoolSize": 1}, ["pool.exhausted"]),
        ("pymongo.errors.OperationFailure", 11601, {}, ["pool.operation-killed"]),
        ("pymongo.errors.OperationFailure", 59, {"timeoutMS": 10}, []),
    ],
)
def test_limits_are_named_by_class_and_code(
    exception: str, code: int | None, options: dict[str, Any], expected: list[str]
) -> None:
    assert causes(facts(alive(), options=options, driver=raised(exception, code))) == expected


def test_a_selection_that_ran_out_names_the_users_own_time_out() -> None:
    driver = raised("pymongo.errors.ServerSelectionTimeoutError", selection_timed_out=True)
    (finding,) = found(facts(alive(), options={"connectTimeoutMS": 20}, driver=driver))
    assert finding.cause == "tcp.too-slow"
    assert "connectTimeoutMS=20" in finding.detail


@pytest.mark.parametrize(
    ("reach", "expected"),
    [
        (Reach.REFUSED, ["pool.server-went-away"]),
        (Reach.SILENT, ["pool.line-went-silent"]),
        (Reach.OK, []),
    ],
)
def test_what_became_of_a_lost_server_is_asked_again(reach: Reach, expected: list[str]) -> None:
    again = TcpFacts(address="203.0.113.1", family="ipv4", reach=reach)
    known = facts(alive(afterwards=again), driver=raised("pymongo.errors.AutoReconnect"))
    assert causes(known) == expected


@pytest.mark.parametrize("code", [91, 11600])
def test_a_server_that_says_that_it_shuts_down_went_away(code: int) -> None:
    assert causes(facts(alive(), driver=raised("pymongo.errors.NotPrimaryError", code))) == ["pool.server-went-away"]


def test_a_step_down_in_the_middle_is_a_failover() -> None:
    new = live(in_set("primary", primary="db2:27017"), host="db2")
    known = facts(new, options={"replicaSet": "rs0"}, driver=raised("pymongo.errors.NotPrimaryError", 10107))
    assert causes(known) == ["pool.failover"]


@pytest.mark.parametrize(("code", "at_login"), [(10107, True), (13436, True), (13436, False), (11602, False)])
def test_a_member_that_changes_its_state_turns_away_for_a_while(code: int, at_login: bool) -> None:
    login = LoginFacts(attempted=True, failed_step="saslStart", code=code) if at_login else LoginFacts()
    secondary = live(in_set("secondary"))
    known = facts(secondary, driver=raised("OperationFailure", code), login=login)
    assert causes(known) == ["topology.recovering"]


def test_not_primary_from_a_secondary_that_was_asked_on_purpose_is_no_change_of_state() -> None:
    secondary = live(in_set("secondary"))
    assert causes(facts(secondary, driver=raised("OperationFailure", 10107))) == []


def test_nothing_is_said_of_a_check_that_connected() -> None:
    assert causes(facts(alive(), connected=True)) == []


def test_a_timeout_that_was_meant_in_seconds_is_shown_in_both_units() -> None:
    def told(ms: int) -> str:
        gone = DriverFacts(state=DriverState.RAISED, exception="pymongo.errors.NetworkTimeout", raised_by="read")
        known = facts(live(HELLO), options={"socketTimeoutMS": ms}, driver=gone)
        (found,) = (f for rule in RULES for f in rule(known))
        return found.detail

    assert "30 seconds are written 30000" in told(30)
    assert "written" not in told(500)
