"""Which finding is the diagnosis: look-alikes, several things wrong at once, and deployments that are in order."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from clearline.core.diagnosis.compose import diagnose
from clearline.core.diagnosis.server_selection import has_failed
from clearline.core.diagnosis.standing import is_connected
from clearline.core.facts.computer import ComputerFacts, SurroundingFacts
from clearline.core.facts.login import DriverFacts, DriverState, Heard, LoginFacts
from clearline.core.facts.names import DnsOutcome, Lookup
from clearline.core.facts.servers import Hello, MemberFacts, OtherPort, Reach, ServerExtras, TlsKind
from clearline.core.facts.text import Mistake
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Severity
from lab.hand_made_deployments import (
    GHOST,
    LEADERLESS,
    NAMESERVERS,
    PRIMARY,
    ROUTER,
    SECONDARY,
    SRV,
    THREE,
    dead,
    everything,
    good_answers,
    in_set,
    live,
    names,
    question,
    tcp,
    unnamed,
)
from lab.hand_made_facts import HELLO, certificate, driver, facts, handshake, inside, look, member, plain

TLS = {"tls": True}
RAISED = DriverFacts(state=DriverState.RAISED, exception="pymongo.errors.ConfigurationError")
LONG = tuple(f"db{n}.example.com" for n in (1, 2, 3))
LONG_SET = tuple(f"{host}:27017" for host in LONG)
LONG_PRIMARY = in_set("primary", hosts=LONG_SET, primary=LONG_SET[0])
LONG_SECONDARY = in_set("secondary", hosts=LONG_SET, primary=LONG_SET[0])
EXPIRED = (certificate(ends=-3),)


def expired(host: str, hello: Hello) -> MemberFacts:
    refused = driver(Reach.VERIFY_FAILED, verify_code=10, chain=EXPIRED)
    return member(refused, look(chain=EXPIRED), inside(hello, look=True), host=host)


def secure(host: str, hello: Hello) -> MemberFacts:
    return member(driver(), inside(hello), host=host)


def by_hosts_file(host: str) -> MemberFacts:
    sent_to = Lookup(host=host, addresses=("10.8.0.15",), hosts_file=("10.8.0.15",))
    return dead(host, Reach.SILENT, ip="10.8.0.15", private=True, lookup=sent_to)


def asked(host: str, outcome: DnsOutcome, *records: str, server: int = 0) -> Any:
    return question("host", outcome, *records, server=server, name=host)


def srv(*questions: Any, members: tuple[MemberFacts, ...] = (), **changes: Any) -> Facts:
    return facts(*members, dns=names(*questions), **SRV, **changes)


def local(*parts: Any) -> MemberFacts:
    at_home = Lookup(host="localhost", addresses=("127.0.0.1",))
    return member(*parts, host="localhost", seed=False, lookup=at_home)


ONE = live(in_set("primary", hosts=LONG_SET[:1]), LONG[0])
ADVERTISES_LOOPBACK = live(
    in_set("primary", hosts=("localhost:27017",), me="localhost:27017", primary="localhost:27017")
)
FROM_DB3 = names(asked("db3", DnsOutcome.ANSWERED, "192.0.2.9"))
TO_DB3 = in_set("secondary", primary="db3:27017")
TO_DB3_PRIMARY = in_set("primary", primary="db3:27017")
TAGGED = {"readPreference": "secondary", "readPreferenceTags": [{"dc": "mars"}]}
LOST_LOGIN = LoginFacts(
    attempted=True, failed_step="saslContinue", code=18, user="app", database="admin", server="db1:27017"
)

FAILURES = {
    # names
    "one SRV target has no address and the others refuse": (
        facts(
            dead(LONG[0]),
            dead(LONG[1]),
            unnamed(LONG[2]),
            dns=names(*good_answers(*LONG)),
            **SRV,
        ),
        "tcp.refused",
        set(),
    ),
    "one of the SRV targets lies elsewhere": (
        srv(*good_answers("db1.example.com", "db9.evil.test"), members=(ONE,), driver=RAISED),
        "dns.srv-target-refused",
        set(),
    ),
    "the first name server denies what the second knows": (
        srv(*good_answers(server=1), *everything(DnsOutcome.NXDOMAIN), members=(ONE,), driver=RAISED),
        "dns.srv-not-found",
        set(),
    ),
    "the first name server is silent and the second denies": (
        srv(*everything(DnsOutcome.SILENT), *everything(DnsOutcome.NXDOMAIN, server=1)),
        "dns.srv-not-found",
        {"dns.first-resolver-dead"},
    ),
    "the first name server is silent and the second refuses": (
        srv(*everything(DnsOutcome.SILENT), *everything(DnsOutcome.REFUSED, server=1)),
        "dns.srv-blocked",
        {"dns.first-resolver-dead"},
    ),
    "one name server closed and the other silent": (
        srv(*everything(DnsOutcome.PORT_CLOSED), *everything(DnsOutcome.SILENT, server=1)),
        "dns.resolver-silent",
        set(),
    ),
    "both name servers closed": (
        srv(*everything(DnsOutcome.PORT_CLOSED), *everything(DnsOutcome.PORT_CLOSED, server=1)),
        "dns.resolver-not-running",
        set(),
    ),
    "TXT fails with SERVFAIL": (
        srv(good_answers()[0], question("txt", DnsOutcome.SERVFAIL), members=(ONE,)),
        "dns.txt-blocked",
        set(),
    ),
    "an SRV name without records and with an address": (
        srv(question("srv", DnsOutcome.NODATA), question("bare", DnsOutcome.ANSWERED, "192.0.2.1")),
        "dns.no-srv-record",
        set(),
    ),
    "the TXT record names another set": (
        srv(good_answers()[0], question("txt", DnsOutcome.ANSWERED, "replicaSet=rsX"), members=(ONE,)),
        "dns.txt-wrong-set",
        set(),
    ),
    "a portal answers every name": (
        facts(
            member(tcp(Reach.OK, "10.1.1.1"), plain(Reach.NOT_MONGODB, first_bytes="HTTP/1.1 400"), host="db1.x.org"),
            dns=names(question("control", DnsOutcome.ANSWERED, "10.1.1.1")),
        ),
        "dns.captive-portal",
        set(),
    ),
    "the primary is sent elsewhere by the hosts file": (
        facts(live(TO_DB3), live(TO_DB3, "db2"), by_hosts_file("db3"), dns=FROM_DB3),
        "dns.hosts-file-override",
        set(),
    ),
    "only the system's own lookup waits for the first name server": (
        facts(
            unnamed("db1.x.org", lookup=Lookup(host="db1.x.org", silent=True, elapsed_ms=1500)),
            dns=names(
                asked("db1.x.org", DnsOutcome.SILENT), asked("db1.x.org", DnsOutcome.ANSWERED, "192.0.2.1", server=1)
            ),
        ),
        "dns.first-resolver-dead",
        set(),
    ),
    # reaching the port
    "only an IPv6 address, refused": (
        facts(member(tcp(Reach.REFUSED, "2001:db8::1", "ipv6"))),
        "tcp.refused",
        set(),
    ),
    "no IPv4 here, and IPv6 refused": (
        facts(member(tcp(Reach.NETWORK_UNREACHABLE), tcp(Reach.REFUSED, "2001:db8::1", "ipv6"))),
        "tcp.refused",
        set(),
    ),
    "silence on 27017 while 27018 answers": (
        facts(dead("db1", Reach.SILENT, ports=(27018,))),
        "tcp.no-answer",
        set(),
    ),
    "IPv6 silent, IPv4 fine, and the driver gave up": (
        facts(member(tcp(Reach.SILENT, "2001:db8::1", "ipv6"), tcp(Reach.OK), plain(HELLO)), driver=RAISED),
        "tcp.ipv6-dead",
        set(),
    ),
    "Atlas: all members refuse": (
        facts(*(dead(f"c0-shard-00-0{n}.abcde.mongodb.net") for n in range(3))),
        "tcp.atlas-paused",
        set(),
    ),
    # sets
    "two sets, and the one asked for is down": (
        facts(dead(), live(in_set("primary", "rsB", ("db2:27017",)), "db2"), options={"replicaSet": "rs0"}),
        "topology.wrong-set-name",
        {"tcp.refused"},
    ),
    "wrong set name and a user": (
        facts(live(PRIMARY), live(SECONDARY, "db2"), options={"replicaSet": "rsX"}, user="app"),
        "topology.wrong-set-name",
        set(),
    ),
    "replicaSet at routers, one of them dead": (
        facts(live(ROUTER), dead("db2"), options={"replicaSet": "rs0"}),
        "topology.not-a-replica-set",
        {"tcp.refused"},
    ),
    "a primary that wants TLS among secondaries that do not": (
        facts(
            member(plain(Reach.CLOSED), look(), inside(PRIMARY, look=True)),
            live(SECONDARY, "db2"),
            live(SECONDARY, "db3"),
        ),
        "tls.required",
        set(),
    ),
    "a single server and one that wants TLS": (
        facts(member(plain(Reach.CLOSED), look(), inside(HELLO, look=True)), live(HELLO, "db2")),
        "topology.standalone-in-list",
        {"tls.required"},
    ),
    "the primary's certificate expired": (
        facts(expired("db1", PRIMARY), secure("db2", SECONDARY), secure("db3", SECONDARY), options=TLS),
        "tls.certificate-expired",
        set(),
    ),
    "the primary's certificate expired and a secondary refuses": (
        facts(expired("db1", PRIMARY), secure("db2", SECONDARY), dead("db3"), options=TLS),
        "tls.certificate-expired",
        {"tcp.refused"},
    ),
    "a secondary's certificate expired and the primary's too": (
        facts(secure("db1", TO_DB3), expired("db2", TO_DB3), expired("db3", TO_DB3_PRIMARY), options=TLS),
        "tls.certificate-expired",
        set(),
    ),
    "most certificates expired and the last member refuses": (
        facts(expired("db1", PRIMARY), expired("db2", SECONDARY), dead("db3"), options=TLS),
        "tls.certificate-expired",
        {"tcp.refused"},
    ),
    "secondary reads, and the secondaries recover": (
        facts(
            live(PRIMARY),
            live(in_set("other", primary=THREE[0]), "db2"),
            live(in_set("other", primary=THREE[0]), "db3"),
            options={"readPreference": "secondary"},
        ),
        "topology.recovering",
        set(),
    ),
    "secondary reads, and the secondaries refuse": (
        facts(live(PRIMARY), dead("db2"), dead("db3"), options={"readPreference": "secondary"}),
        "tcp.refused",
        set(),
    ),
    "secondary reads at a set of one": (
        facts(live(in_set("primary", hosts=THREE[:1])), options={"readPreference": "secondary"}),
        "topology.no-tag-match",
        set(),
    ),
    "only the primary has the tags, and a secondary is asked for": (
        facts(
            live(in_set("primary", tags={"dc": "mars"})),
            live(in_set("secondary", tags={"dc": "east"}), "db2"),
            live(in_set("secondary"), "db3"),
            options=TAGGED,
        ),
        "topology.no-tag-match",
        set(),
    ),
    "the named primary says that it is none": (
        facts(live(LEADERLESS), live(SECONDARY, "db2"), live(LEADERLESS, "db3")),
        "topology.no-primary",
        set(),
    ),
    "a majority is down": (
        facts(live(LEADERLESS), dead("db2"), dead("db3")),
        "topology.no-primary",
        {"tcp.refused"},
    ),
    "the primary refuses": (
        facts(dead(), live(SECONDARY, "db2"), live(SECONDARY, "db3")),
        "topology.primary-unreachable",
        {"tcp.refused"},
    ),
    "the primary has no name here": (
        facts(unnamed(), live(SECONDARY, "db2"), live(SECONDARY, "db3")),
        "topology.primary-unreachable",
        {"dns.short-name"},
    ),
    "the set is known by container names": (
        facts(
            live(in_set("primary", hosts=("m1:27017", "m2:27017"), me="m1:27017", primary="m1:27017")),
            unnamed("m1", seed=False),
            unnamed("m2", seed=False),
        ),
        "topology.internal-names",
        set(),
    ),
    "the set is known as localhost": (
        facts(ADVERTISES_LOOPBACK, local(tcp(Reach.REFUSED, "127.0.0.1", loopback=True))),
        "topology.loopback-names",
        set(),
    ),
    "the set is known as localhost, where another server answers": (
        facts(ADVERTISES_LOOPBACK, local(plain(HELLO))),
        "topology.loopback-names",
        set(),
    ),
    "a router whose shard has no primary": (
        facts(live(ROUTER), driver=DriverFacts(state=DriverState.RAISED, code=133)),
        "topology.shard-no-primary",
        set(),
    ),
    "directConnection to a recovering member": (
        facts(live(in_set("other")), options={"directConnection": True}),
        "topology.recovering",
        set(),
    ),
    "directConnection to a member never initiated": (
        facts(live(GHOST, extras=ServerExtras(repl_status_code=94)), options={"directConnection": True}),
        "topology.not-initiated",
        set(),
    ),
    # login
    "a wrong password and a dead secondary": (
        facts(
            live(PRIMARY),
            live(SECONDARY, "db2"),
            dead("db3"),
            user="app",
            login=LOST_LOGIN,
            driver=DriverFacts(state=DriverState.RAISED, code=18, raised_by="login"),
            user_mechanisms={"admin.app": ("SCRAM-SHA-256",)},
        ),
        "auth.wrong-password",
        {"tcp.refused"},
    ),
    "nothing at all is known": (facts(driver=RAISED), "driver.unexplained", set()),
}


@pytest.mark.parametrize("title", FAILURES)
def test_the_headline_is_the_cause_and_the_rest_are_warnings(title: str) -> None:
    known, headline, warnings = FAILURES[title]
    found = diagnose(known)
    assert has_failed(known)
    assert found[0].severity is Severity.FAILURE
    assert found[0].cause == headline
    assert warnings <= {f.cause for f in found[1:]}
    assert not any(f.cause in warnings and f.severity is Severity.FAILURE for f in found) or headline.startswith("dns.")


FIVE = (*THREE, "an1:27017", "an2:27017")
SERVERLESS = Hello(service_id="65a0", msg="isdbgrid", max_wire_version=21)
HEALTHY = {
    "a single server": facts(live(HELLO)),
    "a set of three": facts(live(PRIMARY), live(SECONDARY, "db2"), live(SECONDARY, "db3")),
    "a set of one": facts(live(in_set("primary", hosts=THREE[:1], primary=THREE[0]))),
    "two data-bearing members and an arbiter": facts(
        live(in_set("primary", hosts=THREE[:2], arbiters=THREE[2:])),
        live(in_set("secondary", hosts=THREE[:2], arbiters=THREE[2:]), "db2"),
        live(in_set("arbiter", hosts=THREE[:2], arbiters=THREE[2:]), "db3"),
        options={"w": 2},
    ),
    "a member of priority 0": facts(
        live(in_set("primary", hosts=THREE[:2], passives=THREE[2:])),
        live(in_set("secondary", hosts=THREE[:2], passives=THREE[2:]), "db2"),
        live(in_set("secondary", hosts=THREE[:2], passives=THREE[2:]), "db3"),
        options={"w": 3},
    ),
    "a hidden, delayed member as a further seed": facts(
        live(in_set("primary", hosts=THREE[:2])),
        live(in_set("secondary", hosts=THREE[:2]), "db2"),
        live(in_set("hidden", hosts=THREE[:2]), "db3"),
        options={"w": 3},
    ),
    "Atlas with analytics nodes": facts(
        *(
            live(
                in_set("primary" if host == FIVE[0] else "secondary", hosts=FIVE, primary=FIVE[0]),
                host[:-6],
                seed=host in THREE,
            )
            for host in FIVE
        )
    ),
    "a sharded cluster": facts(live(ROUTER), live(ROUTER, "db2")),
    "a load balancer": facts(live(SERVERLESS), options={"loadBalanced": True}),
    "IPv6 alone": facts(member(tcp(Reach.OK, "2001:db8::1", "ipv6"), plain(HELLO))),
    "an IPv6 address on a computer without IPv6": facts(
        member(tcp(Reach.NETWORK_UNREACHABLE, "2001:db8::1", "ipv6"), tcp(Reach.OK), plain(HELLO))
    ),
    "an SRV name": srv(*good_answers(), members=(ONE,)),
    "the first name server refuses and the second answers": srv(
        *everything(DnsOutcome.REFUSED), *good_answers(server=1), members=(ONE,)
    ),
    "secondary reads": facts(
        live(PRIMARY), live(SECONDARY, "db2"), live(SECONDARY, "db3"), options={"readPreference": "secondary"}
    ),
    "a hosts file that agrees with DNS": facts(
        live(HELLO, lookup=Lookup(host="db1", addresses=("192.0.2.7",), hosts_file=("192.0.2.7",)))
    ),
    "a member that is just being added": facts(live(PRIMARY), live(SECONDARY, "db2"), live(GHOST, "db4")),
}


@pytest.mark.parametrize("title", HEALTHY)
def test_what_is_in_order_gives_no_warning_while_it_runs_and_when_it_is_connected(title: str) -> None:
    known = HEALTHY[title]
    assert not has_failed(known), "the driver would connect"
    connected = facts_connected(known)
    for found in (diagnose(known), diagnose(connected)):
        assert [f.cause for f in found if f.severity is not Severity.NOTE] == []


def test_a_server_that_serves_the_driver_and_cuts_a_probe_is_unsteady() -> None:
    cut = member(plain(Reach.RESET), look(Reach.RESET), host="db1")
    served = facts(cut, driver=DriverFacts(state=DriverState.CONNECTED, server="db1:27017"))
    (found,) = (f for f in diagnose(served) if f.server == "db1:27017" and f.severity is Severity.WARNING)
    assert (found.cause, found.certainty) == ("tcp.unsteady", Certainty.LIKELY)


@pytest.mark.parametrize("reach", [Reach.REFUSED, Reach.SILENT])
def test_a_server_that_answered_the_driver_and_no_probe_is_not_called_down(reach: Reach) -> None:
    heard = DriverFacts(state=DriverState.WAITING, heard={"db1:27017": Heard()})
    found = diagnose(facts(dead("db1", reach), driver=heard))[0]
    assert (found.cause, found.severity, found.certainty) == ("tcp.unsteady", Severity.FAILURE, Certainty.LIKELY)
    assert diagnose(facts(dead("db2", reach), driver=heard))[0].cause != "tcp.unsteady"


def test_what_is_said_of_most_servers_comes_first() -> None:
    two_of_three = facts(dead("db1"), unnamed("db2"), dead("db3"))
    assert [f.cause for f in diagnose(two_of_three)][:2] == ["tcp.refused", "dns.short-name"]
    one_of_two = facts(dead("db1"), unnamed("db2"))
    assert diagnose(one_of_two)[0].cause == "dns.short-name"  # the earlier step, where neither is said of more


def facts_connected(known: Facts) -> Facts:
    return replace(known, driver=DriverFacts(state=DriverState.CONNECTED))


WARNED = {
    "one SRV target has no address": (
        srv(
            *good_answers(*LONG),
            members=(live(LONG_PRIMARY, LONG[0]), live(LONG_SECONDARY, LONG[1]), unnamed(LONG[2])),
        ),
        {"topology.member-unresolvable"},
    ),
    "the hosts file sends one member elsewhere": (
        facts(live(PRIMARY), live(SECONDARY, "db2"), by_hosts_file("db3"), dns=FROM_DB3),
        {"dns.hosts-file-override", "topology.member-unreachable"},
    ),
    "one router is dead": (facts(live(ROUTER), dead("db2")), {"topology.member-unreachable"}),
    "one member's certificate expired": (
        facts(secure("db1", PRIMARY), expired("db2", SECONDARY), secure("db3", SECONDARY), options=TLS),
        {"tls.certificate-expired"},
    ),
    "IPv6 is silent": (
        facts(member(tcp(Reach.SILENT, "2001:db8::1", "ipv6"), tcp(Reach.OK), plain(HELLO))),
        {"tcp.ipv6-dead"},
    ),
    "the first name server is closed": (
        srv(*everything(DnsOutcome.PORT_CLOSED), *good_answers(server=1), members=(ONE,)),
        {"dns.first-resolver-dead"},
    ),
    "w asks for more than there are": (
        facts(live(in_set("primary", hosts=THREE[:1])), options={"w": 2}),
        {"topology.write-concern-impossible"},
    ),
    "an arbiter does not confirm writes": (
        facts(live(in_set("primary", hosts=THREE[:2], arbiters=THREE[2:])), options={"w": 3}),
        {"topology.write-concern-impossible"},
    ),
    "members disagree about the primary": (
        facts(live(PRIMARY), live(TO_DB3, "db2"), live(SECONDARY, "db3")),
        {"topology.stale-primary"},
    ),
}


@pytest.mark.parametrize("title", WARNED)
def test_what_works_with_a_flaw_is_connected_and_warned_about(title: str) -> None:
    known, expected = WARNED[title]
    found = diagnose(facts_connected(known))
    assert {f.cause for f in found if f.severity is Severity.WARNING} == expected
    assert not any(f.severity is Severity.FAILURE for f in found)


# ---------------------------------------------------------------- composing


def test_a_check_that_is_still_open_gives_no_failure_about_a_server() -> None:
    known = facts(dead(), dead("db2", finished=False))
    assert not has_failed(known)
    assert diagnose(known) == ()


def test_alike_findings_are_one_and_the_failure_speaks_for_the_warnings() -> None:
    known, *_ = FAILURES["a secondary's certificate expired and the primary's too"]
    alike = [f for f in diagnose(known) if f.cause == "tls.certificate-expired"]
    assert [f.server for f in alike] == ["db3:27017"]
    assert alike[0].evidence["servers_alike"] == ["db3:27017", "db2:27017"]


def test_a_mistake_in_the_text_stands_first() -> None:
    typo = Mistake(cause="uri.missing-host", severity=Severity.FAILURE, blanks={"where": "", "what": ""})
    assert diagnose(facts(dead(), mistakes=(typo,)))[0].cause == "uri.missing-host"


def test_a_delay_is_the_diagnosis_only_when_nothing_else_is_wrong() -> None:
    slow_names = names(*everything(DnsOutcome.SILENT), question("control", DnsOutcome.NXDOMAIN, server=1))
    refused = diagnose(facts(dead("db1.x.org"), dns=slow_names))
    assert [f.cause for f in refused[:2]] == ["tcp.refused", "dns.first-resolver-dead"]
    assert [f.severity for f in refused[:2]] == [Severity.FAILURE, Severity.WARNING]


def test_every_failed_check_has_a_diagnosis_and_a_connected_one_has_none() -> None:
    for known in (facts(driver=RAISED), facts(live(HELLO), driver=RAISED), facts(member(plain(Reach.OTHER)))):
        assert has_failed(known)
        assert diagnose(known)[0].severity is Severity.FAILURE
    lucky = facts(dead(), connected=True)
    assert is_connected(lucky)
    assert all(f.severity is not Severity.FAILURE for f in diagnose(lucky))


def test_when_every_probe_succeeds_and_the_driver_fails_that_is_said() -> None:
    assert diagnose(facts(live(HELLO), driver=RAISED))[0].cause == "driver.disagrees"


def test_a_server_that_only_a_look_reaches_counts_as_living() -> None:
    seen = member(handshake(TlsKind.DRIVER, Reach.VERIFY_FAILED, verify_code=19), look(), inside(PRIMARY, look=True))
    other = member(
        handshake(TlsKind.DRIVER, Reach.VERIFY_FAILED, verify_code=19), inside(SECONDARY, look=True), host="db2"
    )
    found = diagnose(facts(seen, other, dead("db3"), options=TLS))
    assert found[0].cause == "tls.unknown-ca"
    assert next(f for f in found if f.cause == "tcp.refused").severity is Severity.WARNING


def test_other_ports_and_name_servers_are_shown_as_evidence() -> None:
    silent = dead("db1", Reach.SILENT, other_ports=(OtherPort(port=22, reach=Reach.REFUSED),))
    assert diagnose(facts(silent))[0].evidence["other_ports"] == {"22": "refused"}
    known, *_ = FAILURES["both name servers closed"]
    assert any(NAMESERVERS[1] in line for line in diagnose(known)[0].evidence["questions"])


def test_a_container_explains_no_refusal_where_another_server_answers_on_loopback() -> None:
    around = ComputerFacts(system="Linux", surroundings=SurroundingFacts(container="Docker"))
    here = tcp(Reach.OK, "127.0.0.1", loopback=True)
    alive = [member(plain(LEADERLESS), here, host=f"db{n}") for n in (1, 2)]
    down = dead("db3", ip="127.0.0.1", loopback=True, listening=False)
    found = diagnose(facts(*alive, down, computer=around))
    assert "env.container-localhost" not in [f.cause for f in found]
    assert not any("container" in remedy.text for f in found for remedy in f.remedies)


def test_the_only_member_that_a_read_preference_takes_is_what_is_missed() -> None:
    alive = (live(PRIMARY, "db1"), live(in_set("arbiter", primary=THREE[0]), "db3"))
    lost = facts(*alive, dead("db2"), options={"readPreference": "secondary"})
    (headline, *_) = diagnose(lost)
    assert (headline.cause, headline.server, headline.severity) == ("tcp.refused", "db2:27017", Severity.FAILURE)
    assert "readPreference=secondary" in headline.detail


def test_a_line_of_the_hosts_file_is_told_where_no_name_server_speaks() -> None:
    lookup = Lookup(host="db1", addresses=("192.0.2.7",), hosts_file=("192.0.2.7",))
    (headline, *_) = diagnose(facts(dead("db1", lookup=lookup)))
    assert "hosts file" in headline.detail
    own = diagnose(facts(dead("db1", lookup=lookup, own=True)))[0]
    assert "hosts file" not in own.detail, "a computer's own name stands there"


def test_names_of_another_network_are_told_once() -> None:
    handed_out = in_set("primary", hosts=("mongo1:27017",), me="mongo1:27017")
    denied = names(question("host", DnsOutcome.NXDOMAIN, name="mongo1"))
    known = facts(live(handed_out, "db1"), unnamed("mongo1", seed=False, advertised_by=("db1:27017",)), dns=denied)
    assert [f.cause for f in diagnose(known) if f.severity is not Severity.NOTE] == ["topology.internal-names"]


def test_a_container_beside_a_refusal_with_a_change_to_offer_breaks_no_report() -> None:
    around = ComputerFacts(system="Linux", surroundings=SurroundingFacts(container="Docker"))
    one = dead("127.0.0.1", ip="127.0.0.1", loopback=True, listening=False, ports=(27018,))
    found = diagnose(facts(one, computer=around, hosts=("127.0.0.1:27017",), driver=RAISED))
    assert found[0].cause in ("tcp.refused", "env.container-localhost")
    assert any(r.patch for r in found[0].remedies)
