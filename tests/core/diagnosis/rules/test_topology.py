"""What the servers say about each other. (Which of it is the headline: test_compose.)"""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from clearline.core.diagnosis.assembly import assemble
from clearline.core.diagnosis.rules import selection, topology
from clearline.core.facts.login import AccessFacts, DriverFacts, DriverState, LoginFacts
from clearline.core.facts.names import DnsOutcome, Lookup
from clearline.core.facts.servers import Hello, MemberFacts, Reach, ServerExtras
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding, Severity
from lab.hand_made_deployments import (
    GHOST,
    LEADERLESS,
    PRIMARY,
    ROUTER,
    SECONDARY,
    SRV,
    THREE,
    dead,
    good_answers,
    in_set,
    live,
    names,
    question,
    tcp,
    unnamed,
)
from lab.hand_made_facts import HELLO, NOW, driver, facts, look, member, plain


def said(known: Facts) -> dict[str, Finding]:
    found: dict[str, Finding] = {}
    for rule in topology.RULES:
        for one in rule(known):
            found.setdefault(one.cause, one)
    return found


def failures(*members: MemberFacts, **changes: Any) -> set[str]:
    return {cause for cause, f in said(facts(*members, **changes)).items() if f.severity is Severity.FAILURE}


def warnings(*members: MemberFacts, **changes: Any) -> set[str]:
    found = said(facts(*members, connected=True, **changes))
    return {cause for cause, f in found.items() if f.severity is Severity.WARNING}


def option(**options: Any) -> dict[str, Any]:
    return {"options": options}


HEALTHY = (live(PRIMARY), live(SECONDARY, "db2"), live(SECONDARY, "db3"))
REMOVED = ServerExtras(repl_status_code=93)
UNINITIATED = ServerExtras(repl_status_code=94)


def test_a_healthy_set_gives_nothing() -> None:
    assert said(facts(*HEALTHY)) == {}
    assert said(facts(*HEALTHY, connected=True, **option(w="majority"))) == {}


# ---------------------------------------------------------------- set names


def test_a_wrong_set_name_is_corrected() -> None:
    found = said(facts(*HEALTHY, **option(replicaSet="rsX")))["topology.wrong-set-name"]
    assert "rs0" in found.summary
    assert found.remedies[0].patch == {"seeds": {"replicaSet": "rs0"}}


def test_a_seed_of_another_set_is_dropped_before_the_members_that_it_lists_are_asked() -> None:
    stray = replace(in_set("secondary"), set_name="rsX")
    seed, listed = live(stray, "db2"), live(PRIMARY, seed=False)
    asked = option(replicaSet="rs0")
    found = said(facts(seed, listed, **asked))["topology.wrong-set-name"]
    assert "db1:27017" in found.remedies[0].text
    assert found.remedies[0].patch is None
    assert "topology.wrong-set-name" not in said(facts(seed, live(PRIMARY), **asked))
    assert "topology.wrong-set-name" not in said(facts(seed, listed, connected=True, **asked))


@pytest.mark.parametrize(("hello", "kind"), [(HELLO, "single server"), (ROUTER, "router")])
def test_a_set_name_where_there_is_no_set(hello: Hello, kind: str) -> None:
    found = said(facts(live(hello), **option(replicaSet="rs0")))["topology.not-a-replica-set"]
    assert kind in found.summary


def test_a_member_that_was_never_initiated_has_no_set_name_yet() -> None:
    known = facts(live(GHOST, extras=UNINITIATED), **option(replicaSet="rs0"))
    assert set(said(known)) == {"topology.not-initiated"}


def test_the_txt_records_set_name_is_the_records_mistake() -> None:
    txt = names(good_answers()[0], question("txt", DnsOutcome.ANSWERED, "replicaSet=rsX"))
    assert "dns.txt-wrong-set" in said(facts(live(PRIMARY), dns=txt, **SRV))
    own = {**SRV, "options": {"tls": False, "replicaSet": "rsY"}}
    assert "topology.wrong-set-name" in said(facts(live(PRIMARY), dns=txt, **own))


# ---------------------------------------------------------------- who serves


@pytest.mark.parametrize(
    ("extras", "cause", "certainty"),
    [
        (UNINITIATED, "topology.not-initiated", Certainty.LIKELY),
        (REMOVED, "topology.removed-member", Certainty.LIKELY),
        (
            ServerExtras(repl_status_code=93, config_hosts=("old-name:27017",)),
            "topology.member-name-unknown",
            Certainty.LIKELY,
        ),
        (ServerExtras(repl_status_code=13), "topology.not-initiated", Certainty.LIKELY),
        (None, "topology.not-initiated", Certainty.LIKELY),
    ],
)
def test_a_server_without_a_set_was_never_in_one_or_was_removed(
    extras: ServerExtras | None, cause: str, certainty: Certainty
) -> None:
    for options in ({}, option(directConnection=True)):
        found = said(facts(live(GHOST, extras=extras), **options))[cause]
        assert found.certainty is certainty


def test_a_recovering_member_matters_where_no_other_serves() -> None:
    other = live(in_set("other"))
    assert failures(other) == {"topology.recovering"}
    assert failures(other, **option(directConnection=True)) == {"topology.recovering"}
    assert failures(live(PRIMARY), live(in_set("other"), "db2")) == set()
    secondary_reads = option(readPreference="secondary")
    assert failures(live(PRIMARY), live(in_set("other"), "db2"), **secondary_reads) == {"topology.recovering"}
    assert failures(live(PRIMARY), live(SECONDARY, "db3"), live(in_set("other"), "db2"), **secondary_reads) == set()


def test_an_arbiter_is_named_when_it_alone_is_asked() -> None:
    arbiter = in_set("arbiter", arbiters=("db3:27017",), hosts=THREE[:2])
    found = said(facts(live(arbiter, "db3"), **option(directConnection=True)))["topology.arbiter"]
    assert "db1:27017" in found.remedies[0].text
    assert "topology.arbiter" not in said(facts(live(arbiter, "db3"), live(PRIMARY)))


@pytest.mark.parametrize(("role", "kind"), [("secondary", "a secondary"), ("hidden", "a hidden member")])
def test_a_direct_connection_to_another_member_than_the_primary(role: str, kind: str) -> None:
    known = facts(live(in_set(role, primary="db2:27017")), connected=True, **option(directConnection=True))
    found = said(known)["topology.direct-to-secondary"]
    assert kind in found.summary
    assert "db2:27017" in found.summary


def test_a_single_server_is_dropped_from_a_list_and_fine_by_itself() -> None:
    assert failures(live(HELLO), dead("db2")) == {"topology.standalone-in-list"}
    assert failures(live(HELLO)) == set()
    assert warnings(live(HELLO, "db9"), live(PRIMARY)) == {"topology.standalone-in-list"}


def test_a_server_that_the_set_lists_runs_without_it_and_is_never_the_one_to_keep() -> None:
    known = facts(live(HELLO, "db2"), live(PRIMARY), connected=True)
    found = said(known)["topology.member-without-set"]
    assert "db1:27017" in found.summary
    patches = [remedy.patch for remedy in found.remedies if remedy.patch is not None]
    assert patches == [{"seeds": {"hosts": ["db1:27017"]}}]
    assert "topology.no-transactions" not in said(known)


def test_a_single_server_beside_dead_hosts_is_not_offered_alone() -> None:
    found = said(facts(live(HELLO), dead("db2")))["topology.standalone-in-list"]
    assert all(remedy.patch is None for remedy in found.remedies)
    assert "--replSet" in found.remedies[0].text


def test_members_that_do_not_hear_each_other_are_one_fact_about_the_set() -> None:
    deaf = [live(in_set("other"), f"db{n}") for n in (1, 2, 3)]
    found = said(facts(*deaf))["topology.recovering"]
    assert found.server is None
    assert found.summary.startswith("All 3 members answer from here")
    assert "key file" in found.remedies[0].text


def test_a_hidden_member_alone_says_that_the_others_are_down() -> None:
    hidden = live(in_set("hidden"), "db9")
    found = failures(hidden, dead("db1", seed=False), dead("db2", seed=False), dead("db3", seed=False))
    assert found == {"topology.no-primary"}


def test_without_a_primary_the_count_fits_who_answers() -> None:
    everyone = [live(in_set("secondary", primary=None), f"db{n}") for n in (1, 2, 3)]
    whole = said(facts(*everyone))["topology.no-primary"]
    assert (whole.certainty, "all 3 members answer" in whole.summary) == (Certainty.PROVEN, True)
    part = said(facts(everyone[0], dead("db2"), dead("db3")))["topology.no-primary"]
    assert (part.certainty, "only 1 of 3" in part.summary) == (Certainty.LIKELY, True)


def test_a_majority_that_is_alive_is_no_cause_but_elects() -> None:
    """As in the seconds after a primary was killed: to start it is not what helps first."""
    after = [live(in_set("secondary", primary=None), f"db{n}") for n in (1, 2)]
    found = said(facts(*after, dead("db3")))["topology.no-primary"]
    assert "2 of 3 members answer" in found.summary
    assert "only" not in found.summary
    assert found.remedies[0].text.startswith("Wait some seconds")
    assert "db3" in found.remedies[0].text


def test_a_primary_that_was_named_may_have_passed_its_office_on_between_the_answers() -> None:
    retired = live(in_set("secondary", primary=THREE[1]), "db1")
    others = [live(in_set("secondary", primary=THREE[0]), f"db{n}") for n in (2, 3)]
    found = said(facts(retired, *others))["topology.no-primary"]
    assert found.certainty is Certainty.LIKELY


def test_a_secondary_far_behind_is_told_unless_it_is_so_on_purpose() -> None:
    def told(behind_s: float, **changes: Any) -> tuple[Severity, ...]:
        late = replace(SECONDARY, last_write_s=1000.0 - behind_s, **changes.pop("of_hello", {}))
        known = facts(live(replace(PRIMARY, last_write_s=1000.0)), live(late, "db2"), connected=True, **changes)
        return tuple(f.severity for f in selection.lagging(known))

    from_secondaries = {"options": {"readPreference": "secondaryPreferred"}}
    assert told(600, **from_secondaries) == (Severity.WARNING,)
    assert told(600) == (Severity.NOTE,), "nothing is read from it"
    assert told(60, **from_secondaries) == (), "idle primaries write every ten seconds"
    assert told(3600, of_hello={"fields": ("secondaryDelaySecs",)}) == (), "delayed by its configuration"


def test_the_only_member_of_a_set_is_not_counted() -> None:
    alone = in_set("secondary", hosts=THREE[:1], primary=None)
    assert "its only member answers" in said(facts(live(alone, "db1")))["topology.no-primary"].summary


def test_members_that_are_out_of_reach_are_counted_among_those_of_the_set() -> None:
    down = (dead("db2", seed=False), dead("db3", seed=False))
    tunnel = live(replace(PRIMARY, me="db1:27017"), "localhost")
    known = facts(tunnel, live(PRIMARY, "db1", seed=False), *down, connected=True)
    found = said(known)["topology.member-unreachable"]
    assert "2 of 3 members" in found.summary, "the tunnel's near end is no fourth one"
    assert "no majority" in found.detail, "such a primary steps down when it notices"
    one = said(facts(live(PRIMARY, "db1"), live(SECONDARY, "db2"), dead("db3"), connected=True))
    assert "no majority" not in one["topology.member-unreachable"].detail


def test_silence_makes_a_member_that_is_out_of_reach_likely_at_most() -> None:
    def certainty(reach: Reach) -> Certainty:
        known = facts(live(PRIMARY, "db1"), live(SECONDARY, "db2"), dead("db3", reach), connected=True)
        return said(known)["topology.member-unreachable"].certainty

    assert certainty(Reach.REFUSED) is Certainty.PROVEN
    assert certainty(Reach.SILENT) is Certainty.LIKELY, "a line that is slower than the deadline looks the same"


def test_a_set_name_is_wrong_for_certain_only_where_every_seed_says_so() -> None:
    asked = option(replicaSet="rs9")
    assert said(facts(live(PRIMARY), **asked))["topology.wrong-set-name"].certainty is Certainty.PROVEN
    doubt = said(facts(live(PRIMARY), dead("db8"), **asked))["topology.wrong-set-name"]
    assert (doubt.certainty, doubt.remedies[0].patch) == (Certainty.LIKELY, None)


def test_dead_members_are_counted_and_a_spare_seed_is_told_from_them() -> None:
    big = tuple(f"db{n}:27017" for n in range(1, 21))
    serving = live(in_set("primary", hosts=big))
    down = [dead(f"db{n}", seed=False) for n in (2, 3, 4)]
    found = said(facts(serving, *down, connected=True))["topology.member-unreachable"]
    assert found.summary.startswith("3 of 20 members")
    spare = said(facts(live(PRIMARY), dead("gone"), connected=True))["topology.member-unreachable"]
    assert "no member lists it" in spare.summary
    assert spare.remedies[0].patch == {"seeds": {"hosts": ["db1:27017"]}}


def test_a_direct_connection_for_reading_from_a_secondary_is_left_alone() -> None:
    known = facts(
        live(in_set("secondary", primary="db2:27017")),
        connected=True,
        **option(directConnection=True, readPreference="secondaryPreferred"),
    )
    found = said(known)["topology.direct-to-secondary"]
    assert (found.severity, found.remedies[0].patch) == (Severity.NOTE, None)


def test_load_balanced_needs_a_load_balancer() -> None:
    assert failures(live(HELLO), **option(loadBalanced=True)) == {"topology.load-balanced-mismatch"}
    behind = Hello(service_id="65a0", msg="isdbgrid", max_wire_version=21)
    assert failures(live(behind), **option(loadBalanced=True)) == set()


# ---------------------------------------------------------------- the primary


def test_without_a_majority_there_is_no_primary() -> None:
    found = said(facts(live(LEADERLESS), dead("db2"), dead("db3")))["topology.no-primary"]
    assert "only 1 of 3" in found.summary
    assert found.remedies[0].text == "Start db2:27017 and db3:27017."


def test_no_primary_is_not_said_while_a_member_is_still_asked() -> None:
    assert failures(live(LEADERLESS), dead("db2"), dead("db3", finished=False)) == set()


def test_reads_from_secondaries_make_a_missing_primary_a_warning() -> None:
    reads = option(readPreference="secondaryPreferred")
    assert warnings(live(LEADERLESS), dead("db2"), dead("db3"), **reads) >= {"topology.no-primary"}
    assert warnings(dead(), live(SECONDARY, "db2"), **reads) >= {"topology.primary-unreachable"}


def test_a_primary_that_others_follow_and_that_is_not_reached_from_here() -> None:
    found = said(facts(unnamed(), live(SECONDARY, "db2"), live(SECONDARY, "db3")))["topology.primary-unreachable"]
    assert found.server == "db1:27017"
    assert "does not resolve" in found.detail


def test_a_primary_that_was_reached_and_turned_away_has_a_finding_of_its_own() -> None:
    expired = member(driver(Reach.VERIFY_FAILED, verify_code=10), look(), plain(Reach.CLOSED))
    assert failures(expired, live(SECONDARY, "db2")) == set()


def test_who_is_named_primary_and_says_no_is_none() -> None:
    assert failures(live(LEADERLESS), live(SECONDARY, "db2")) == {"topology.no-primary"}


def test_members_that_name_two_primaries_disagree() -> None:
    other = live(in_set("secondary", primary="db3:27017"), "db2")
    assert warnings(live(PRIMARY), other, live(SECONDARY, "db3")) == {"topology.stale-primary"}


# ---------------------------------------------------------------- names that the set hands out


def renamed(*hosts: str) -> MemberFacts:
    return live(in_set("primary", hosts=hosts, me=hosts[0], primary=hosts[0]))


def at(address: str, *parts: Any, addresses: tuple[str, ...] = ("127.0.0.1",)) -> MemberFacts:
    host = address.rpartition(":")[0]
    return member(*parts, host=host, address=address, seed=False, lookup=Lookup(host=host, addresses=addresses))


def test_container_names_lead_nowhere() -> None:
    found = said(facts(renamed("m1:27017", "m2:27017"), unnamed("m1", seed=False), unnamed("m2", seed=False)))
    assert "m1:27017 and m2:27017" in found["topology.internal-names"].summary


def test_a_set_of_one_may_be_reached_directly() -> None:
    found = said(facts(renamed("m1:27017"), unnamed("m1", seed=False)))["topology.internal-names"]
    assert found.remedies[0].patch == {"seeds": {"srv": False, "hosts": ["db1:27017"], "directConnection": True}}


def test_the_database_of_a_clusters_users_goes_with_the_host_in_its_place() -> None:
    txt = names(*good_answers()[:1], question("txt", DnsOutcome.ANSWERED, "authSource=admin&replicaSet=rs0"))
    set_of_one = (renamed("m1:27017"), unnamed("m1", seed=False))
    asked = facts(*set_of_one, dns=txt, user="app", database="shop", **SRV)
    found = said(asked)["topology.internal-names"]
    assert found.remedies[0].patch is not None
    assert found.remedies[0].patch["auth"] == {"source": "admin"}


def test_silent_private_addresses_are_internal() -> None:
    silent = at("172.30.0.9:27017", tcp(Reach.SILENT, "172.30.0.9"), addresses=("172.30.0.9",))
    assert failures(renamed("172.30.0.9:27017"), silent) == {"topology.internal-addresses"}


def test_loopback_leads_home() -> None:
    refused = at("localhost:27017", tcp(Reach.REFUSED, "127.0.0.1", loopback=True))
    assert failures(renamed("localhost:27017"), refused) == {"topology.loopback-names"}


def test_another_server_where_the_set_says_localhost_is_not_its_member() -> None:
    stranger = at("localhost:27017", plain(HELLO))
    assert failures(renamed("localhost:27017"), stranger) == {"topology.loopback-names"}


def test_another_server_at_an_advertised_address_is_not_its_member() -> None:
    stranger = at("172.30.0.9:27017", plain(HELLO), addresses=("172.30.0.9",))
    found = said(facts(renamed("172.30.0.9:27017"), stranger))["topology.internal-addresses"]
    assert "Another server answers at 172.30.0.9:27017." in found.detail
    assert "nothing answers" not in found.summary


def test_advertised_names_matter_only_when_all_of_them_fail() -> None:
    half = (renamed("m1:27017", "db2:27017"), unnamed("m1", seed=False), live(SECONDARY, "db2"))
    assert "topology.internal-names" not in failures(*half)


# ---------------------------------------------------------------- read preference

MARS = [{"dc": "mars"}]


def tagged(role: str, host: str = "db1", **tags: str) -> MemberFacts:
    return live(in_set(role, tags=tags), host)


@pytest.mark.parametrize(
    ("mode", "members", "fits"),
    [
        ("secondary", (tagged("primary"), tagged("secondary", "db2", dc="mars")), True),
        ("secondary", (tagged("primary", dc="mars"), tagged("secondary", "db2")), False),
        ("nearest", (tagged("primary", dc="mars"), tagged("secondary", "db2")), True),
        ("nearest", (tagged("primary", dc="east"), tagged("secondary", "db2")), False),
        ("secondaryPreferred", (tagged("primary"), tagged("secondary", "db2")), True),
        ("primaryPreferred", (tagged("primary"), tagged("secondary", "db2")), True),
        ("secondaryPreferred", (tagged("secondary"), tagged("secondary", "db2")), False),
    ],
)
def test_tags_count_for_the_members_that_may_be_read_from(
    mode: str, members: tuple[MemberFacts, ...], fits: bool
) -> None:
    found = said(facts(*members, **option(readPreference=mode, readPreferenceTags=MARS)))
    assert ("topology.no-tag-match" not in found) is fits


def test_the_tags_that_are_there_are_listed_and_a_fallback_is_offered() -> None:
    members = (tagged("primary", dc="east"), tagged("secondary", "db2", dc="west"))
    found = said(facts(*members, **option(readPreference="secondary", readPreferenceTags=MARS)))
    one = found["topology.no-tag-match"]
    assert "a secondary with the tags dc:mars" in one.summary
    assert "dc:west" in one.summary
    assert one.remedies[0].patch == {"reads": {"readPreferenceTags": [{"dc": "mars"}, {}]}}


def test_a_set_without_secondaries_serves_no_secondary_reads() -> None:
    alone = live(in_set("primary", hosts=THREE[:1]))
    one = said(facts(alone, **option(readPreference="secondary")))["topology.no-tag-match"]
    assert one.remedies[0].patch == {"reads": {"readPreference": "secondaryPreferred"}}
    assert failures(live(PRIMARY), dead("db2"), **option(readPreference="secondary")) == set()


# ---------------------------------------------------------------- it works, but


def test_members_that_are_of_no_use_now_are_warned_about() -> None:
    assert warnings(live(PRIMARY), live(SECONDARY, "db2"), dead("db3")) == {"topology.member-unreachable"}
    assert warnings(live(PRIMARY), live(SECONDARY, "db2"), unnamed("db3")) == {"topology.member-unresolvable"}
    assert warnings(live(PRIMARY), live(SECONDARY, "db2"), dead("db3", finished=False)) == set()


def test_seeds_of_two_sets_are_mixed() -> None:
    other = live(in_set("primary", "rsB", ("db9:27017",)), "db9")
    found = said(facts(live(PRIMARY), other, connected=True))["topology.mixed-sets"]
    assert found.remedies[0].patch is None
    named = said(facts(live(PRIMARY), other, connected=True, **option(replicaSet="rs0")))["topology.mixed-sets"]
    assert named.remedies[0].patch == {"seeds": {"hosts": ["db1:27017"]}}


def test_a_hidden_seed_is_a_note() -> None:
    known = facts(live(PRIMARY), live(in_set("hidden"), "db9"), connected=True)
    assert said(known)["topology.hidden-member"].severity is Severity.NOTE


@pytest.mark.parametrize(
    ("w", "members", "impossible"),
    [
        (5, HEALTHY, True),
        (3, HEALTHY, False),
        (3, (*HEALTHY[:2], dead("db3")), True),
        (2, (live(in_set("primary", hosts=THREE[:1], arbiters=THREE[1:])),), True),
        (2, (live(in_set("primary", hosts=THREE[:1], passives=THREE[1:2])),), False),
        (1, (live(HELLO),), False),
        ("majority", HEALTHY, False),
    ],
)
def test_w_is_compared_with_those_who_can_confirm(w: Any, members: tuple[MemberFacts, ...], impossible: bool) -> None:
    assert ("topology.write-concern-impossible" in warnings(*members, **option(w=w))) is impossible


@pytest.mark.parametrize(("modes", "unknown"), [(("mytag",), False), ((), True), (None, False)])
def test_a_named_write_concern_must_be_defined_where_that_can_be_read(
    modes: tuple[str, ...] | None, unknown: bool
) -> None:
    found = warnings(*HEALTHY, access=AccessFacts(write_concern_modes=modes), **option(w="mytag"))
    assert ("topology.unknown-write-concern" in found) is unknown


def test_a_router_without_a_shards_primary_fails() -> None:
    raised = DriverFacts(state=DriverState.RAISED, code=133, words="no host for set shard0")
    told = said(facts(live(ROUTER), driver=raised))["topology.shard-no-primary"]
    assert "shard0" in told.detail  # the server's own words
    assert told.certainty is Certainty.LIKELY  # the set may be that of the config servers


def test_a_login_at_a_router_that_reaches_nothing_is_about_the_config_servers() -> None:
    for code in (133, 6, 202):
        raised = DriverFacts(state=DriverState.RAISED, code=code, raised_by="login")
        login = LoginFacts(attempted=True, failed_step="saslStart", code=code, server="db1:27017")
        assert "topology.config-servers-unreachable" in said(facts(live(ROUTER), driver=raised, login=login))


def test_a_server_that_a_router_cannot_reach_is_no_matter_of_a_single_server() -> None:
    raised = DriverFacts(state=DriverState.RAISED, code=6, raised_by="read")
    assert "topology.router-cannot-reach" in said(facts(live(ROUTER), driver=raised))
    assert "topology.router-cannot-reach" not in said(facts(live(HELLO), driver=raised))


def test_one_recovering_member_of_three_waits_for_the_two_that_are_down() -> None:
    waiting = replace(in_set("other"), hosts=("db1:27017", "db2:27017", "db3:27017"))
    known = facts(live(waiting), dead("db2", seed=False), dead("db3", seed=False), options={"replicaSet": "rs0"})
    told = said(known)
    assert "topology.recovering" not in told
    assert "only 1 of 3 members" in told["topology.no-primary"].summary


def test_a_single_server_has_no_transactions() -> None:
    assert "topology.no-transactions" in said(facts(live(HELLO), connected=True))
    assert "topology.no-transactions" not in said(facts(*HEALTHY, connected=True))


def test_of_two_primaries_the_one_that_was_elected_later_counts() -> None:
    old = live(replace(in_set("primary"), election_id="7fffffff0000000000000001", set_version=1))
    new = live(replace(in_set("primary"), election_id="7fffffff0000000000000002", set_version=1), "db2")
    known = facts(old, new, connected=True)
    found = said(known)["topology.stale-primary"]
    assert "db2:27017 was elected later" in found.detail
    told = assemble(known, profile_name="", started=NOW, elapsed_ms=1.0).deployment
    assert told is not None
    assert told.primary == "db2:27017"
