"""Names and the servers behind them, each beside the situations that look almost the same."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from clearline.core.diagnosis.compose import diagnose
from clearline.core.facts.login import DriverFacts, DriverState, Heard
from clearline.core.facts.servers import Hello, MemberFacts
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding, Severity
from lab.hand_made_deployments import PRIMARY, ROUTER, SECONDARY, THREE, dead, in_set, live
from lab.hand_made_facts import HELLO, facts


def said(known: Facts) -> dict[str, Finding]:
    found: dict[str, Finding] = {}
    for one in diagnose(known):
        found.setdefault(one.cause, one)
    return found


def headline(known: Facts) -> Finding:
    return next(f for f in diagnose(known) if f.severity is Severity.FAILURE)


def run(hello: Hello, process: str, host: str = "db1", **changes: Any) -> MemberFacts:
    return live(replace(hello, process_id=process), host, **changes)


def given_up(*members: MemberFacts, **changes: Any) -> Facts:
    return facts(*members, driver=DriverFacts(state=DriverState.RAISED, selection_timed_out=True), **changes)


# ---------------------------------------------------------------- a name that leads to another member


def secondary_called(me: str) -> Hello:
    return in_set("secondary", primary=THREE[0], me=me)


def test_three_names_that_end_at_one_secondary_are_no_set_without_a_primary() -> None:
    members = [run(secondary_called(THREE[1]), "p", f"db{n}") for n in (1, 2, 3)]
    found = headline(given_up(*members, options={"replicaSet": "rs0"}))
    assert (found.cause, found.certainty) == ("topology.leads-elsewhere", Certainty.PROVEN)
    assert "db1:27017 and db3:27017" in found.summary
    assert "topology.no-primary" not in said(given_up(*members))


def test_three_names_that_end_at_one_primary_are_no_two_primaries() -> None:
    primary = in_set("primary", primary=THREE[0], me=THREE[0], election_id="7f", set_version=1)
    known = facts(*(run(primary, "p", f"db{n}") for n in (1, 2, 3)), connected=True)
    assert said(known)["topology.leads-elsewhere"].severity is Severity.WARNING
    assert "topology.stale-primary" not in said(known)


def test_a_name_that_leads_to_a_member_not_seen_itself_is_likely_and_names_the_other_reading() -> None:
    known = facts(live(PRIMARY), live(secondary_called(THREE[2]), "db2"), dead("db3"), connected=True)
    found = said(known)["topology.leads-elsewhere"]
    assert found.certainty is Certainty.LIKELY
    assert "db.hello().me" in found.detail


def test_a_seed_that_no_member_lists_is_only_another_name() -> None:
    alias = run(in_set("primary", primary=THREE[0], me=THREE[0]), "a", "alias")
    same = run(in_set("primary", primary=THREE[0], me=THREE[0]), "a", seed=False)
    assert "topology.leads-elsewhere" not in said(facts(alias, same, live(SECONDARY, "db2"), connected=True))


def test_capitals_in_the_sets_configuration_are_the_same_name() -> None:
    capital = in_set("primary", hosts=("DB1:27017",), me="DB1:27017")
    assert "topology.leads-elsewhere" not in said(facts(live(capital), connected=True))


def test_a_direct_connection_goes_where_it_is_told() -> None:
    known = facts(live(secondary_called(THREE[2]), "db2"), connected=True, options={"directConnection": True})
    assert "topology.leads-elsewhere" not in said(known)


# ---------------------------------------------------------------- one server that stands there twice


def test_one_single_server_under_two_names_is_told_as_that_and_one_name_is_kept() -> None:
    found = headline(given_up(run(HELLO, "p", "localhost"), run(HELLO, "p", "db1")))
    assert (found.cause, found.certainty) == ("topology.one-server-twice", Certainty.LIKELY)
    assert found.remedies[0].patch == {"seeds": {"hosts": ["localhost:27017"]}}
    assert "topology.standalone-in-list" not in said(given_up(run(HELLO, "p", "localhost"), run(HELLO, "p", "db1")))


def test_two_single_servers_are_two() -> None:
    found = said(given_up(run(HELLO, "p"), run(HELLO, "q", "db2")))
    assert "topology.one-server-twice" not in found
    assert "topology.standalone-in-list" in found


def test_a_single_server_that_a_set_lists_under_another_name_is_told_as_a_member_without_its_set() -> None:
    listing = live(in_set("primary", hosts=("db1:27017", "db2:27017"), me="db1:27017"))
    members = (listing, run(HELLO, "p", "alias"), run(HELLO, "p", "db2", seed=False))
    assert {"topology.member-without-set", "topology.standalone-in-list"} & set(said(facts(*members, connected=True)))


def test_servers_too_old_to_tell_their_process_are_not_taken_for_one() -> None:
    assert "topology.one-server-twice" not in said(given_up(live(HELLO), live(HELLO, "db2")))


def test_one_router_twice_works_and_is_a_warning_that_takes_nothing_away() -> None:
    found = said(facts(run(ROUTER, "p"), run(ROUTER, "p", "db2"), connected=True))["topology.one-server-twice"]
    assert (found.severity, found.remedies[0].patch) == (Severity.WARNING, None)


# ---------------------------------------------------------------- several servers behind one name


def spread(hello: Hello, **heard: Any) -> Facts:
    driver = DriverFacts(state=DriverState.CONNECTED, heard={"db1:27017": Heard(**heard)})
    return facts(run(hello, "p"), driver=driver)


def test_two_processes_at_one_address_are_a_balancer_or_a_restart() -> None:
    found = said(spread(ROUTER, process_id="q"))["topology.several-servers"]
    assert found.certainty is Certainty.LIKELY
    assert "restarted" in found.detail


def test_members_that_answer_in_turn_are_named() -> None:
    found = said(spread(replace(PRIMARY, me="m1:27017"), process_id="q", me="m2:27017"))["topology.several-servers"]
    assert "m1:27017" in found.summary
    assert "m2:27017" in found.summary


def test_one_process_and_an_untold_one_are_no_two() -> None:
    assert "topology.several-servers" not in said(spread(ROUTER, process_id="p"))
    assert "topology.several-servers" not in said(spread(ROUTER))


def test_behind_a_balancer_of_the_address_itself_each_connection_may_end_elsewhere() -> None:
    driver = DriverFacts(state=DriverState.CONNECTED, heard={"db1:27017": Heard(process_id="q")})
    behind = replace(ROUTER, service_id="65a0")
    known = facts(run(behind, "p"), driver=driver, options={"loadBalanced": True})
    assert "topology.several-servers" not in said(known)


# ---------------------------------------------------------------- who is primary, and of which configuration


def elected(
    host: str, election: str | None, version: int, hosts: tuple[str, ...] = THREE, wire: int = 21
) -> MemberFacts:
    hello = in_set(
        "primary", hosts=hosts, election_id=election, set_version=version, max_wire_version=wire, process_id=host
    )
    return live(hello, host)


def test_from_6_0_on_the_election_counts_before_the_configuration() -> None:
    known = facts(elected("db1", "7f02", 1), elected("db2", "7f01", 9), connected=True)
    assert "db1:27017 was elected later" in said(known)["topology.stale-primary"].detail


def test_before_6_0_the_configuration_counts_before_the_election() -> None:
    known = facts(elected("db1", "7f02", 1, wire=13), elected("db2", "7f01", 9, wire=13), connected=True)
    assert "db2:27017 was elected later" in said(known)["topology.stale-primary"].detail


def test_who_was_elected_later_is_not_said_where_one_tells_no_election() -> None:
    known = facts(elected("db1", None, 1), elected("db2", "7f01", 1), connected=True)
    assert "elected later" not in said(known)["topology.stale-primary"].detail


def test_two_sets_of_one_name_are_no_set_with_two_primaries() -> None:
    one = elected("db1", "7f01", 1, hosts=("db1:27017",))
    other = elected("db9", "7f05", 3, hosts=("db9:27017",))
    found = said(facts(one, other, connected=True))
    assert "topology.stale-primary" not in found
    mixed = found["topology.mixed-sets"]
    assert (mixed.certainty, mixed.remedies[0].patch) == (Certainty.LIKELY, None)
    assert "both called rs0" in mixed.summary


def test_members_of_two_configurations_are_told_apart() -> None:
    new = live(replace(PRIMARY, set_version=5))
    old = live(replace(SECONDARY, set_version=4), "db2")
    found = said(facts(new, old, connected=True))["topology.configurations-differ"]
    assert found.certainty is Certainty.LIKELY
    assert "4 on db2:27017 and 5 on db1:27017" in found.summary
    same = live(replace(SECONDARY, set_version=5), "db2")
    assert "topology.configurations-differ" not in said(facts(new, same, connected=True))
