from __future__ import annotations

from typing import Any

import pytest

from clearline.core.diagnosis.rules import access
from clearline.core.facts.login import AccessFacts, Privilege
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding, Severity, Stage
from lab.hand_made_deployments import SECONDARY, live
from lab.hand_made_facts import HELLO, facts, member, plain

READ = ("find", "listCollections")
READ_WRITE = (*READ, "insert", "update", "remove")


def on(database: str, *actions: str, **changes: Any) -> Privilege:
    return Privilege(database=database, collection="", actions=actions, **changes)


def findings(database: str | None, *privileges: Privilege, connected: bool = True, **changes: Any) -> list[Finding]:
    fields: dict[str, Any] = {"asked": True, "user": "app@admin", "roles": ("readWrite@appdb",), "read_code": 0}
    known: Facts = facts(
        member(plain(HELLO)),
        user="app",
        database=database,
        connected=connected,
        access=AccessFacts(privileges=privileges, **{**fields, **changes}),
    )
    return [f for rule in access.RULES for f in rule(known)]


def causes(database: str | None, *privileges: Privilege, **changes: Any) -> list[str]:
    return [f.cause for f in findings(database, *privileges, **changes)]


def test_rights_that_suffice_give_nothing() -> None:
    assert causes("appdb", on("appdb", *READ_WRITE)) == []
    assert causes("appdb", on("", *READ_WRITE)) == []
    assert causes("appdb", on("", *READ_WRITE, any_resource=True)) == []
    assert causes(None, on("appdb", *READ_WRITE), read_code=13, read_database="test") == []
    assert causes(None, on("appdb", *READ)) == []


def test_one_writable_collection_is_not_read_only() -> None:
    one = Privilege(database="appdb", collection="orders", actions=("insert",))
    assert causes("appdb", on("appdb", *READ), one) == []


def test_no_right_on_the_paths_database_is_a_warning() -> None:
    (found,) = findings("other", on("appdb", *READ_WRITE), read_code=13)
    assert (found.cause, found.severity) == ("access.no-privilege", Severity.WARNING)
    assert "user app may not read database other" in found.summary
    assert "readWrite@appdb" in found.detail


def test_cluster_rights_let_no_user_read() -> None:
    assert causes("appdb", on("", "serverStatus", "find", cluster=True)) == ["access.no-privilege"]


def test_without_a_database_only_a_user_who_can_read_nothing_is_warned_of() -> None:
    (found,) = findings(None, on("admin", "serverStatus", cluster=True), roles=("clusterMonitor@admin",))
    assert found.cause == "access.no-privilege"
    assert "any database" in found.summary


def test_a_read_only_user_is_a_note() -> None:
    (found,) = findings("appdb", on("appdb", *READ))
    assert (found.cause, found.severity) == ("access.read-only", Severity.NOTE)


def test_a_user_without_any_role_is_named() -> None:
    assert causes("appdb", roles=()) == ["access.no-roles"]
    assert causes(None, roles=()) == ["access.no-roles"]


def test_a_server_that_does_not_list_privileges_is_judged_by_the_read() -> None:
    (found,) = findings("appdb", read_code=13)
    assert (found.cause, found.certainty) == ("access.no-privilege", Certainty.LIKELY)
    assert causes("appdb", read_code=0) == []
    assert causes(None, read_code=13) == []


def test_without_a_login_no_rights_are_missing() -> None:
    assert causes("appdb", user=None, roles=()) == []
    assert causes("appdb", roles=(), asked=False) == []
    assert causes("appdb", roles=(), connected=False) == []
    assert causes("appdb", roles=(), ferretdb=True) == []


def test_diagnostics_out_of_reach_are_a_note() -> None:
    (found,) = findings("appdb", on("appdb", *READ_WRITE), diagnostics_code=13)
    assert (found.cause, found.severity) == ("access.no-diagnostics", Severity.NOTE)
    assert causes("appdb", on("appdb", *READ_WRITE), diagnostics_code=0) == []


def test_a_lock_for_a_backup_blocks_writes() -> None:
    (found,) = findings("appdb", on("appdb", *READ_WRITE), fsync_locked=True)
    assert (found.cause, found.severity, found.stage) == ("pool.writes-blocked", Severity.WARNING, Stage.ACCESS)
    assert "db1:27017" in found.summary


def test_a_user_name_with_an_at_sign_is_shown_whole() -> None:
    (found,) = findings("appdb", on("appdb", *READ), user="me@example.com@admin")
    assert "me@example.com" in found.summary


@pytest.mark.parametrize(("current", "left", "told"), [(79, 21, False), (80, 20, True), (100, 0, True)])
def test_a_server_whose_connections_are_nearly_used_up_is_told_with_numbers(
    current: int, left: int, told: bool
) -> None:
    known = facts(
        member(plain(HELLO)),
        connected=True,
        access=AccessFacts(
            connections_current=current,
            connections_available=left,
            holders=("orders (PyMongo): 70",),
            genuine=True,
        ),
        options={"maxPoolSize": 30},
    )
    found = list(access.nearly_full(known))
    assert bool(found) is told
    if told:
        assert f"{current} of 100" in found[0].summary
        assert "orders (PyMongo): 70" in found[0].detail
        assert "up to 30" in found[0].detail


def test_figures_of_another_product_that_leave_no_room_for_this_check_are_not_believed() -> None:
    told = AccessFacts(connections_current=3, connections_available=0, product="SecantusDB")
    assert list(access.nearly_full(facts(member(plain(HELLO)), connected=True, access=told))) == []
    room = AccessFacts(connections_current=90, connections_available=10, product="SecantusDB")
    (found,) = access.nearly_full(facts(member(plain(HELLO)), connected=True, access=room))
    assert found.certainty is Certainty.LIKELY


def test_rights_that_another_product_lists_are_likely() -> None:
    (found,) = findings("appdb", on("appdb", *READ), genuine=False)
    assert (found.cause, found.certainty) == ("access.read-only", Certainty.LIKELY)
    (found,) = findings("appdb", on("appdb", *READ), genuine=True)
    assert found.certainty is Certainty.PROVEN


def test_a_secondary_that_is_locked_for_a_backup_blocks_no_writes_of_the_primary() -> None:
    locked = facts(live(SECONDARY), connected=True, access=AccessFacts(fsync_locked=True))
    (found,) = access.writes_blocked(locked)
    assert (found.severity, found.certainty) == (Severity.NOTE, Certainty.LIKELY)
    assert "go on" in found.detail
