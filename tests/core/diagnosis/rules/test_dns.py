"""Names: the SRV name, its TXT record, the hosts of the members, and the name servers themselves."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from clearline.core.diagnosis.assembly import assemble
from clearline.core.diagnosis.compose import explain
from clearline.core.diagnosis.rules import dns, resolvers
from clearline.core.diagnosis.rules import srv as rules_srv
from clearline.core.facts.computer import ComputerFacts, SurroundingFacts, SystemProxyFacts
from clearline.core.facts.fact import replace
from clearline.core.facts.hops import HopFacts
from clearline.core.facts.login import DriverFacts, DriverState
from clearline.core.facts.names import DnsFacts, DnsOutcome, Lookup, Question
from clearline.core.facts.servers import MemberFacts, Reach, TcpFacts
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding, Severity, Stage
from clearline.core.report.report import Verdict
from lab.hand_made_deployments import (
    CLUSTER,
    NAMESERVERS,
    SRV,
    dead,
    everything,
    good_answers,
    names,
    question,
    unnamed,
)
from lab.hand_made_facts import HELLO, facts, member, plain

CONTROL = question("control", DnsOutcome.NXDOMAIN)
NO_ADDRESS = question("bare", DnsOutcome.NXDOMAIN)


def srv(*questions: Question, **changes: Any) -> Facts:
    return facts(**{"dns": names(*questions), **SRV, **changes})


def about_name(*questions: Question, **changes: Any) -> Finding | None:
    found = list(rules_srv.srv_name(srv(*questions, **changes)))
    return found[0] if found else None


def cause(*questions: Question, **changes: Any) -> str | None:
    found = about_name(*questions, **changes)
    return found.cause if found else None


# ---------------------------------------------------------------- the SRV name

SRV_NAMES = [
    ("an answer is no trouble", good_answers(), None),
    (
        "neither SRV nor address",
        (question("srv", DnsOutcome.NXDOMAIN), NO_ADDRESS, CONTROL),
        "dns.srv-not-found",
    ),
    (
        "no SRV, but an address",
        (question("srv", DnsOutcome.NXDOMAIN), question("bare", DnsOutcome.ANSWERED, "192.0.2.1"), CONTROL),
        "dns.no-srv-record",
    ),
    (
        "whether there is an address is not known yet",
        (question("srv", DnsOutcome.NXDOMAIN), CONTROL),
        None,
    ),
    (
        "even an invented name has the address",
        (
            question("srv", DnsOutcome.NXDOMAIN),
            question("bare", DnsOutcome.ANSWERED, "10.1.1.1"),
            question("control", DnsOutcome.ANSWERED, "10.1.1.1"),
        ),
        "dns.captive-portal",
    ),
    ("refused, though names resolve", (question("srv", DnsOutcome.REFUSED), NO_ADDRESS, CONTROL), "dns.srv-blocked"),
    ("silent, though names resolve", (question("srv", DnsOutcome.SILENT), NO_ADDRESS, CONTROL), "dns.srv-blocked"),
    ("malformed, though names resolve", (question("srv", DnsOutcome.MALFORMED), CONTROL), "dns.srv-blocked"),
    ("not implemented", (question("srv", DnsOutcome.OTHER_RCODE, rcode=4), CONTROL), "dns.srv-blocked"),
    ("malformed as all else is", everything(DnsOutcome.MALFORMED), "dns.garbage"),
    (
        "malformed as one address is",
        (question("srv", DnsOutcome.MALFORMED), question("bare", DnsOutcome.MALFORMED), NO_ADDRESS, CONTROL),
        "dns.garbage",
    ),
    ("SERVFAIL", (question("srv", DnsOutcome.SERVFAIL), CONTROL), "dns.servfail"),
    ("SERVFAIL for everything", everything(DnsOutcome.SERVFAIL), "dns.servfail"),
    ("silence for everything", everything(DnsOutcome.SILENT), "dns.resolver-silent"),
    ("a closed port", everything(DnsOutcome.PORT_CLOSED), "dns.resolver-not-running"),
    (
        "silence over UDP, and an answer over TCP",
        (*everything(DnsOutcome.SILENT), question("over-tcp", DnsOutcome.NXDOMAIN, transport="tcp")),
        "dns.udp-blocked",
    ),
    (
        "silence over UDP and over TCP",
        (*everything(DnsOutcome.SILENT), question("over-tcp", DnsOutcome.SILENT, transport="tcp")),
        "dns.resolver-silent",
    ),
    ("no way to the name server", everything(DnsOutcome.UNREACHABLE), "dns.resolver-silent"),
    (
        "cut off, and TCP refused",
        (
            question("srv", DnsOutcome.ANSWERED, truncated=True),
            question("srv", DnsOutcome.PORT_CLOSED, transport="tcp"),
            CONTROL,
        ),
        "dns.tcp-blocked",
    ),
    (
        "cut off, and TCP silent",
        (
            question("srv", DnsOutcome.ANSWERED, truncated=True),
            question("srv", DnsOutcome.SILENT, transport="tcp"),
            CONTROL,
        ),
        "dns.tcp-blocked",
    ),
    ("cut off, and TCP still under way", (question("srv", DnsOutcome.ANSWERED, truncated=True), CONTROL), None),
    (
        "cut off, and whole over TCP",
        (
            question("srv", DnsOutcome.ANSWERED, truncated=True),
            question("srv", DnsOutcome.ANSWERED, "0 0 27017 db1.example.com", transport="tcp"),
        ),
        None,
    ),
    ("the root as target", (question("srv", DnsOutcome.ANSWERED, "0 0 0 ."),), "dns.srv-withdrawn"),
    (
        "another domain as target",
        (question("srv", DnsOutcome.ANSWERED, "0 0 27017 db1.other.test"),),
        "dns.srv-target-refused",
    ),
    (
        "one target of another domain",
        (question("srv", DnsOutcome.ANSWERED, "0 0 27017 db1.example.com", "0 0 27017 db1.other.test"),),
        "dns.srv-target-refused",
    ),
]


@pytest.mark.parametrize(("questions", "expected"), [row[1:] for row in SRV_NAMES], ids=[row[0] for row in SRV_NAMES])
def test_what_is_wrong_with_the_srv_name(questions: tuple[Question, ...], expected: str | None) -> None:
    assert cause(*questions) == expected


def test_a_computer_without_name_servers_is_told_so() -> None:
    assert cause(dns=DnsFacts(nameservers=(), finished=True)) == "dns.no-resolver"
    assert cause(dns=DnsFacts(finished=True)) is None


def test_the_first_name_server_counts_in_whatever_order_the_answers_come() -> None:
    denies, knows = everything(DnsOutcome.NXDOMAIN), good_answers(server=1)
    for questions in ((*denies, *knows), (*knows, *denies)):
        found = about_name(*questions)
        assert found is not None
        assert found.cause == "dns.srv-not-found"
        assert NAMESERVERS[0] in found.detail
        assert NAMESERVERS[1] in found.detail
    assert cause(*good_answers(), *everything(DnsOutcome.NXDOMAIN, server=1)) is None


@pytest.mark.parametrize("deaf", [DnsOutcome.SILENT, DnsOutcome.PORT_CLOSED, DnsOutcome.REFUSED, DnsOutcome.SERVFAIL])
def test_a_name_server_that_says_neither_yes_nor_no_is_passed_over(deaf: DnsOutcome) -> None:
    assert cause(*everything(deaf), *good_answers(server=1)) is None
    assert cause(*everything(deaf), *everything(DnsOutcome.NXDOMAIN, server=1)) == "dns.srv-not-found"


@pytest.mark.parametrize("outcome", [DnsOutcome.REFUSED, DnsOutcome.OTHER_RCODE])
def test_refusing_everything_is_only_likely_to_be_about_srv(outcome: DnsOutcome) -> None:
    found = about_name(*everything(outcome))
    assert found is not None
    assert (found.cause, found.certainty) == ("dns.srv-blocked", Certainty.LIKELY)
    assert "ordinary names resolve" not in found.summary


def test_the_root_among_targets_is_shown_as_a_dot() -> None:
    found = about_name(question("srv", DnsOutcome.ANSWERED, "0 0 27017 .", "0 0 27017 db1.example.com"))
    assert found is not None
    assert "to ., which" in found.summary


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [(DnsOutcome.NXDOMAIN, "dns.srv-not-found"), (DnsOutcome.SERVFAIL, "dns.far-unanswered")],
)
def test_behind_hops_the_far_name_server_has_the_last_word(outcome: DnsOutcome, expected: str) -> None:
    here = question("srv", DnsOutcome.NXDOMAIN)
    assert cause(here, question("srv", outcome, far=True), NO_ADDRESS, CONTROL) == expected
    known = question("srv", DnsOutcome.ANSWERED, "0 0 27017 db1.example.com", far=True)
    assert cause(here, known, NO_ADDRESS, CONTROL) is None


def test_an_ordinary_host_is_offered_as_a_single_host() -> None:
    found = about_name(question("srv", DnsOutcome.NODATA), question("bare", DnsOutcome.ANSWERED, "192.0.2.1"), CONTROL)
    assert found is not None
    assert found.remedies[0].patch == {"seeds": {"srv": False, "hosts": [f"{CLUSTER}:27017"]}}


# ---------------------------------------------------------------- TXT

TXT = [
    ((), None),
    (("authSource=admin&replicaSet=rs0",), None),
    (("AUTHSOURCE=admin",), None),
    (("loadBalanced=true",), None),
    (("loadBalanced=yes",), "neither"),
    (("authSource=admin&",), "without an option"),
    (("authSource=admin", "replicaSet=rs0"), "2 of them"),
    (("authSource=admin&ssl=false",), "sets ssl"),
    (("v=spf1 include:example.com -all",), "another purpose"),
    (("google-site-verification",), "another purpose"),
    (("authSource=",), "no value"),
]


@pytest.mark.parametrize(("records", "problem"), TXT)
def test_a_txt_record_may_hold_three_options_and_nothing_else(records: tuple[str, ...], problem: str | None) -> None:
    said = rules_srv.txt_problem(records)
    assert (problem in said) if problem and said else said is problem
    outcome = DnsOutcome.ANSWERED if records else DnsOutcome.NODATA
    expected = "dns.txt-invalid" if problem else None
    assert cause(good_answers()[0], question("txt", outcome, *records)) == expected


def test_the_evidence_of_thousands_of_questions_is_cut_and_tells_where_each_was_asked() -> None:
    there = question("srv", DnsOutcome.ANSWERED, "0 0 27017 db1.example.com", far=True)
    told = resolvers.evidence_of([there, *[CONTROL] * 99])["questions"]
    assert isinstance(told, list)
    assert "at the far side: answered (5 ms) 0 0 27017 db1.example.com" in told[0]
    assert (len(told), told[-1]) == (61, "and 40 more")


def test_a_page_of_atlas_is_no_host_to_connect_to() -> None:
    page = {**SRV, "hosts": ("cloud.mongodb.com",)}
    address = question("bare", DnsOutcome.ANSWERED, "192.0.2.1", name="cloud.mongodb.com")
    no_srv = question("srv", DnsOutcome.NXDOMAIN, name="_mongodb._tcp.cloud.mongodb.com")
    [found] = rules_srv.srv_name(facts(dns=names(no_srv, address, CONTROL), **page))
    assert found.cause == "dns.no-srv-record"
    assert found.remedies[0].patch is None
    assert ".mongodb.net" in found.detail


def test_what_a_host_in_place_of_a_cluster_is_asked_for_is_tls_as_before() -> None:
    asked = (question("srv", DnsOutcome.NXDOMAIN), question("bare", DnsOutcome.ANSWERED, "192.0.2.1"), CONTROL)
    plain_text, by_default = about_name(*asked), about_name(*asked, options={})
    assert plain_text is not None
    assert by_default is not None
    assert "tls=true" not in plain_text.remedies[0].text
    assert "tls=true" in by_default.remedies[0].text


def test_a_draw_among_hosts_of_which_some_are_dead_is_told() -> None:
    both = (member(plain(HELLO)), dead("db2"))

    def drawn(*members: MemberFacts, most: int) -> list[str]:
        known = facts(*members, dns=names(*good_answers()), **{**SRV, "options": {"tls": False, "srvMaxHosts": most}})
        return [f.cause for f in rules_srv.drawn_by_lot(known)]

    assert drawn(*both, most=1) == ["topology.drawn-by-lot"]
    assert drawn(*both, most=2) == drawn(*both, most=0) == []
    assert drawn(member(plain(HELLO)), member(plain(HELLO), host="db2"), most=1) == []


def test_a_value_of_the_txt_record_that_pymongo_leaves_out_stops_nothing() -> None:
    found = about_name(good_answers()[0], question("txt", DnsOutcome.ANSWERED, "loadBalanced=TRUE"))
    assert found
    assert found.severity is Severity.WARNING


def test_a_computer_that_sends_no_questions_is_told_so_by_its_own_error() -> None:
    def all_of(number: int) -> tuple[Question, ...]:
        return tuple(replace(q, errno=number) for q in everything(DnsOutcome.UNREACHABLE))

    kept, no_route = about_name(*all_of(errno.EPERM)), about_name(*all_of(errno.ENETUNREACH))
    assert kept
    assert no_route
    assert kept.cause == no_route.cause == "dns.resolver-silent"
    assert "itself" in kept.summary
    assert "itself" not in no_route.summary


def test_a_host_whose_answer_is_cut_off_is_not_taken_for_unknown() -> None:
    cut = question("host", DnsOutcome.ANSWERED, name="db1", truncated=True)
    over_tcp = question("host", DnsOutcome.SILENT, name="db1", transport="tcp")
    empty = question("host", DnsOutcome.NODATA, name="db1", type="AAAA")
    found = dns.host_name(facts(dns=names(cut, over_tcp, empty, CONTROL)), unnamed())
    assert found
    assert (found.cause, found.certainty) == ("dns.tcp-blocked", Certainty.LIKELY)


def test_a_name_server_that_answers_over_tcp_alone_is_no_living_one() -> None:
    dead_first = (*everything(DnsOutcome.SILENT), question("over-tcp", DnsOutcome.NXDOMAIN, transport="tcp"))
    asked = facts(dns=names(*dead_first, *good_answers(server=1)), **SRV)
    assert [f.cause for f in resolvers.first_resolver(asked)] == ["dns.first-resolver-dead"]


@pytest.mark.parametrize("outcome", [DnsOutcome.SILENT, DnsOutcome.REFUSED, DnsOutcome.SERVFAIL])
def test_a_txt_look_up_that_fails_stops_the_driver(outcome: DnsOutcome) -> None:
    assert cause(good_answers()[0], question("txt", outcome)) == "dns.txt-blocked"
    rescued = (good_answers()[0], question("txt", outcome), question("txt", DnsOutcome.NODATA, server=1))
    assert cause(*rescued) is None


def of_zone(name: str, outcome: DnsOutcome, server: int = 0) -> Question:
    return question("zone", outcome, name=name, type="SOA", server=server)


ATLAS = "c0.ab1cd.mongodb.net"
UNKNOWN = (question("srv", DnsOutcome.NXDOMAIN), NO_ADDRESS, CONTROL)


def about_atlas(*zones: Question) -> Finding:
    found = about_name(*UNKNOWN, *zones, hosts=(ATLAS,))
    assert found is not None
    assert (found.cause, found.certainty) == ("dns.srv-not-found", Certainty.LIKELY)
    return found


def test_a_name_server_without_any_public_name_is_named_for_that() -> None:
    denied = [of_zone(name, DnsOutcome.NXDOMAIN) for name in ("mongodb.net", "example.com")]
    found = about_atlas(*denied)
    assert "resolves no public names" in found.summary
    assert NAMESERVERS[0] in found.summary
    assert "SOA example.com" in str(found.evidence)
    knows = of_zone("example.com", DnsOutcome.ANSWERED)
    for zones in (denied[:1], [*denied[:1], knows], [of_zone("mongodb.net", DnsOutcome.NODATA), denied[1]]):
        assert "no public names" not in about_atlas(*zones).summary
    elsewhere = [of_zone(name, DnsOutcome.NXDOMAIN, server=1) for name in ("mongodb.net", "example.com")]
    assert "no public names" not in about_atlas(*elsewhere).summary, "the one that decides was not asked"


def test_whether_the_domain_of_an_unknown_cluster_is_known_is_said() -> None:
    knows = of_zone("example.com", DnsOutcome.ANSWERED)
    assert "mongodb.net is known there" in about_atlas(of_zone("mongodb.net", DnsOutcome.ANSWERED), knows).detail
    assert "Not even the domain mongodb.net" in about_atlas(of_zone("mongodb.net", DnsOutcome.NXDOMAIN), knows).detail


# ---------------------------------------------------------------- hosts

LONG = "db1.example.com"


def asked(outcome: DnsOutcome, *records: str, host: str = LONG, **changes: Any) -> Question:
    return question("host", outcome, *records, name=host, **changes)


def host_cause(*questions: Question, host: str = LONG, lookup: Lookup | None = None, **changes: Any) -> str | None:
    one = unnamed(host, lookup=lookup or Lookup(host=host, eai=-2))
    found = dns.host_name(facts(one, dns=names(*questions), **changes), one)
    return found.cause if found else None


def test_an_unknown_host_is_not_found() -> None:
    assert host_cause(asked(DnsOutcome.NXDOMAIN)) == "dns.host-not-found"
    assert host_cause(asked(DnsOutcome.NODATA), asked(DnsOutcome.NODATA, type="AAAA")) == "dns.host-not-found"


def test_a_name_without_an_address_is_not_said_to_be_unknown() -> None:
    def found(*questions: Question) -> Finding:
        one = unnamed(LONG)
        told = dns.host_name(facts(one, dns=names(*questions)), one)
        assert told is not None
        return told

    empty = found(asked(DnsOutcome.NODATA), asked(DnsOutcome.NODATA, type="AAAA"))
    assert "has no address in DNS" in empty.summary
    assert "does not exist" not in empty.summary
    assert "does not exist" in found(asked(DnsOutcome.NXDOMAIN), asked(DnsOutcome.NODATA, type="AAAA")).summary


@pytest.mark.parametrize(
    ("host", "read_as", "word"),
    [
        ("192.168.010.20", "192.168.8.20", "by eights"),
        ("10.1", "10.0.0.1", "missing"),
        ("10.0.0.1", "10.0.0.1", ""),
        ("db1", "10.0.0.1", ""),
    ],
)
def test_an_ipv4_address_in_a_form_of_old_is_shown_as_it_is_read(host: str, read_as: str, word: str) -> None:
    one = dead(host, lookup=Lookup(host=host, addresses=(read_as,)))
    told = dns.misread(one)
    assert (word in told, bool(told)) == (True, bool(word))
    found = explain(facts(one), one)
    assert found is not None
    assert read_as in found.detail if word else "reads" not in found.detail


def test_a_number_above_255_is_no_address_and_no_matter_of_the_vpn() -> None:
    one = unnamed("192.168.1.300")
    found = dns.host_name(facts(one, dns=names(asked(DnsOutcome.NXDOMAIN, host="192.168.1.300"))), one)
    assert found is not None
    assert "no possible IPv4 address" in found.summary
    assert "VPN" not in " ".join((found.detail, *(r.text for r in found.remedies)))


def test_a_host_without_a_dot_is_a_short_name() -> None:
    assert host_cause(asked(DnsOutcome.NXDOMAIN, host="db1"), host="db1") == "dns.short-name"


@pytest.mark.parametrize(
    ("host", "cause_", "remedy"),
    [
        ("mongo", "dns.short-name", "published port"),
        ("mongo.orders.svc.cluster.local", "dns.host-not-found", "kubectl port-forward -n orders service/mongo"),
        ("mongo-0.mongo.orders.svc.cluster.local", "dns.host-not-found", "service/mongo 27017"),
        ("host.docker.internal", "dns.host-not-found", "--add-host host.docker.internal:host-gateway"),
    ],
)
def test_a_name_of_a_container_network_gets_the_remedy_of_one(host: str, cause_: str, remedy: str) -> None:
    nobody = unnamed(host)
    found = dns.host_name(facts(nobody, dns=names(asked(DnsOutcome.NXDOMAIN, host=host))), nobody)
    assert found is not None
    assert found.cause == cause_
    assert remedy in found.remedies[0].text


def test_a_name_that_is_not_known_here_may_exist_in_another_network() -> None:
    nobody = unnamed(LONG)
    found = dns.host_name(facts(nobody, dns=names(asked(DnsOutcome.NXDOMAIN))), nobody)
    assert found is not None
    assert found.certainty is Certainty.LIKELY
    assert "private zone" in found.detail


def test_a_host_is_not_to_be_found_where_no_public_name_is() -> None:
    one = unnamed(LONG)
    questions = (asked(DnsOutcome.NXDOMAIN), of_zone("example.com", DnsOutcome.NXDOMAIN))
    found = dns.host_name(facts(one, dns=names(*questions)), one)
    assert found is not None
    assert found.cause == "dns.host-not-found"
    assert "resolves no public names" in found.summary


def test_a_network_whose_browsers_have_a_proxy_may_know_no_names_of_outside() -> None:
    nobody = unnamed(LONG)
    around = SystemProxyFacts(source="GNOME", proxy="http://gate:3128")
    known = facts(nobody, dns=names(asked(DnsOutcome.NXDOMAIN)), system_proxy=around)
    found = dns.host_name(known, nobody)
    assert found is not None
    assert "http://gate:3128" in found.remedies[-1].text
    reached = dns.host_name(replace(known, hops=(HopFacts(kind="http", host="gate", port=3128),)), nobody)
    assert reached is not None
    assert "http://gate:3128" not in reached.remedies[-1].text


def test_name_servers_that_disagree_are_named_for_an_ordinary_host_too() -> None:
    nobody = unnamed(LONG)
    no = asked(DnsOutcome.NXDOMAIN, nameserver=NAMESERVERS[0])
    yes = asked(DnsOutcome.ANSWERED, "10.1.2.3", nameserver=NAMESERVERS[1])
    found = dns.host_name(facts(nobody, dns=names(no, yes)), nobody)
    assert found is not None
    assert NAMESERVERS[1] in found.detail
    assert "first" in found.remedies[0].text


def test_an_srv_target_without_address_is_the_records_mistake() -> None:
    assert host_cause(asked(DnsOutcome.NXDOMAIN), **SRV) == "dns.target-has-no-address"
    known_there = asked(DnsOutcome.ANSWERED, "192.0.2.7")
    assert host_cause(known_there, **SRV) == "dns.host-not-found", "a name server has its address, the system does not"


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (DnsOutcome.SERVFAIL, "dns.servfail"),
        (DnsOutcome.SILENT, "dns.resolver-silent"),
        (DnsOutcome.PORT_CLOSED, "dns.resolver-not-running"),
    ],
)
def test_a_host_fails_with_its_name_server(outcome: DnsOutcome, expected: str) -> None:
    assert host_cause(asked(outcome)) == expected


def test_a_look_up_that_only_the_system_fails_is_less_than_certain() -> None:
    one = unnamed(LONG, eai=-3)
    found = dns.host_name(facts(one, dns=names(asked(DnsOutcome.ANSWERED, "192.0.2.1"))), one)
    assert found is not None
    assert (found.cause, found.certainty) == ("dns.host-not-found", Certainty.LIKELY)
    assert "knows it" in found.summary


def test_a_system_that_does_not_answer_while_dns_does_is_slow() -> None:
    silent = Lookup(host=LONG, silent=True, elapsed_ms=1500)
    assert host_cause(asked(DnsOutcome.ANSWERED, "192.0.2.1"), lookup=silent) == "dns.slow"
    assert host_cause(lookup=silent) is None
    dead_first = (asked(DnsOutcome.SILENT), asked(DnsOutcome.ANSWERED, "192.0.2.1", server=1))
    assert host_cause(*dead_first, lookup=silent) is None, "the rule about name servers tells it"


def test_a_hosts_file_that_contradicts_dns_is_named() -> None:
    sent = Lookup(host=LONG, addresses=("10.8.0.15",), hosts_file=("10.8.0.15",))
    one = member(plain(Reach.SILENT), host=LONG, lookup=sent)
    contradicted = dns.wrong_address(facts(one, dns=names(asked(DnsOutcome.ANSWERED, "192.0.2.1"))), one)
    assert contradicted is not None
    assert contradicted.cause == "dns.hosts-file-override"
    assert dns.wrong_address(facts(one, dns=names(asked(DnsOutcome.ANSWERED, "10.8.0.15"))), one) is None
    assert dns.wrong_address(facts(one, dns=names(asked(DnsOutcome.NXDOMAIN))), one) is None


def test_a_literal_address_has_no_name_to_be_wrong() -> None:
    one = member(plain(Reach.SILENT), lookup=Lookup(host="192.0.2.7", addresses=("192.0.2.7",), literal=True))
    assert dns.wrong_address(facts(one), one) is None


def test_an_invented_name_with_the_servers_address_is_a_portal() -> None:
    one = member(plain(Reach.CLOSED), lookup=Lookup(host="db1", addresses=("10.1.1.1",)))
    portal = dns.wrong_address(facts(one, dns=names(question("control", DnsOutcome.ANSWERED, "10.1.1.1"))), one)
    assert portal is not None
    assert (portal.cause, portal.certainty) == ("dns.captive-portal", Certainty.LIKELY)
    elsewhere = names(question("control", DnsOutcome.ANSWERED, "10.9.9.9"))
    assert dns.wrong_address(facts(one, dns=elsewhere), one) is None


# ---------------------------------------------------------------- the name servers


def test_a_dead_first_name_server_is_named_with_the_one_that_answers() -> None:
    known = srv(*everything(DnsOutcome.SILENT), *good_answers(server=1))
    (found,) = resolvers.first_resolver(known)
    assert all(server in found.summary for server in NAMESERVERS)


@pytest.mark.parametrize(
    "questions",
    [
        good_answers(server=1),
        (*good_answers(), *everything(DnsOutcome.SILENT, server=1)),
        (*everything(DnsOutcome.REFUSED), *good_answers(server=1)),
        (*everything(DnsOutcome.SILENT), *everything(DnsOutcome.SILENT, server=1)),
    ],
)
def test_a_first_name_server_that_answers_or_was_not_asked_is_not_dead(questions: tuple[Question, ...]) -> None:
    assert not list(resolvers.first_resolver(srv(*questions)))


def test_slow_answers_are_measured_by_their_middle() -> None:
    def timed(*times: float) -> list[Finding]:
        questions = [question("host", DnsOutcome.ANSWERED, elapsed_ms=t, name=f"db{t}") for t in times]
        return list(resolvers.slow(facts(member(plain(HELLO)), dns=names(*questions))))

    assert [f.cause for f in timed(1200, 1200, 1250)] == ["dns.slow"]
    assert timed(5, 6, 2000, 7) == []
    assert timed() == []


@pytest.mark.parametrize(
    ("opened_ms", "told"),
    [
        ((), [Certainty.LIKELY]),
        ((2.0, 700.0), [Certainty.PROVEN]),
        ((450.0,), []),  # a line or a computer on which everything takes as long
    ],
)
def test_dns_alone_is_slow_where_connections_are_quick(opened_ms: tuple[float, ...], told: list[Certainty]) -> None:
    tcp = tuple(TcpFacts(address="192.0.2.7", family="ipv4", reach=Reach.OK, elapsed_ms=ms) for ms in opened_ms)
    server = member(tcp=tcp, lookup=None)
    slow = facts(server, dns=names(question("host", DnsOutcome.ANSWERED, elapsed_ms=1200)))
    assert [f.certainty for f in resolvers.slow(slow)] == told


def test_a_slow_answer_is_a_warning() -> None:
    (found,) = resolvers.slow(facts(dns=names(question("host", DnsOutcome.ANSWERED, elapsed_ms=1200))))
    assert found.severity is Severity.WARNING


@pytest.mark.parametrize(
    ("txt", "options", "halves"),
    [
        ("loadBalanced=true", {"replicaSet": "rs0"}, ("loadBalanced=true from", "replicaSet=rs0 in the address")),
        ("replicaSet=rs0", {"loadBalanced": True}, ("loadBalanced=true in the address", "replicaSet=rs0 from")),
        ("replicaSet=rs0", {"srvMaxHosts": 1}, ("replicaSet=rs0 from", "srvMaxHosts in the address")),
        ("replicaSet=rs0", {}, None),
    ],
)
def test_what_dns_brings_may_exclude_what_the_text_says(
    txt: str, options: dict[str, Any], halves: tuple[str, str] | None
) -> None:
    found = list(
        rules_srv.txt_against_text(srv(*good_answers(), question("txt", DnsOutcome.ANSWERED, txt), options=options))
    )
    assert [f.cause for f in found] == (["uri.conflicting-options"] if halves else [])
    assert all(half in found[0].summary for half in halves or ())


@pytest.mark.parametrize(
    ("space", "governs"),
    [(".example.com", True), ("EXAMPLE", False), (".", True), (".ample.com", False), (".other.test", False)],
)
def test_a_policy_of_windows_that_drivers_do_not_know_is_named(space: str, governs: bool) -> None:
    computer = ComputerFacts(surroundings=SurroundingFacts(name_policies=(space,)))
    unknown = (question("srv", DnsOutcome.NXDOMAIN), NO_ADDRESS, CONTROL)
    found = about_name(*unknown, computer=computer)
    assert found is not None
    assert found.cause == "dns.srv-not-found"
    assert ("NRPT" in found.detail) is governs
    ordinary = (question("srv", DnsOutcome.NXDOMAIN), question("bare", DnsOutcome.ANSWERED, "192.0.2.1"), CONTROL)
    found = about_name(*ordinary, computer=computer)
    assert found is not None
    assert ("NRPT" in found.detail) is governs


def test_answers_that_cannot_be_read_are_no_silence() -> None:
    spoilt = [question(purpose, DnsOutcome.MALFORMED) for purpose in ("srv", "bare", "control")]
    assert cause(*spoilt) == "dns.garbage"
    known = facts(unnamed("db1"), dns=names(question("host", DnsOutcome.MALFORMED, name="db1")))
    found = dns.host_name(known, known.members[0])
    assert found is not None
    assert (found.cause, found.certainty) == ("dns.garbage", Certainty.PROVEN)


def test_a_name_that_the_name_server_denies_is_unknown_though_the_system_still_waits() -> None:
    waiting = Lookup(host="db1.example.com", silent=True)
    known = facts(
        member(host="db1.example.com", tcp=(), lookup=waiting),
        dns=names(question("host", DnsOutcome.NXDOMAIN, name="db1.example.com")),
    )
    found = dns.host_name(known, known.members[0])
    assert found is not None
    assert (found.cause, found.certainty) == ("dns.host-not-found", Certainty.LIKELY)
    assert "packet" in found.detail


class Counted(tuple[Question, ...]):
    """Tells how often it was looked through."""

    looks = 0

    def __iter__(self) -> Iterator[Question]:
        type(self).looks += 1
        return super().__iter__()


@pytest.mark.parametrize("outcome", [DnsOutcome.NXDOMAIN, DnsOutcome.SILENT, DnsOutcome.ANSWERED])
def test_thousands_of_hosts_do_not_each_look_through_all_questions(outcome: DnsOutcome) -> None:
    def looks(count: int) -> int:
        hosts = [f"db{number}.example.com" for number in range(count)]
        questions = Counted(asked(outcome, host=host) for host in hosts)
        known = facts(
            *(replace(unnamed(host), seed=True) for host in hosts),
            dns=DnsFacts(nameservers=NAMESERVERS, questions=questions),
            driver=DriverFacts(state=DriverState.GIVEN_UP),
        )
        before = Counted.looks
        report = assemble(known, profile_name="", started=datetime.now(UTC), elapsed_ms=1.0, verdict=Verdict.FAILED)
        assert report.findings[0].stage is Stage.DNS
        return Counted.looks - before

    assert looks(10) == looks(100)


@pytest.mark.parametrize(("host", "word"), [("db..example.com", "empty"), (f"{'a' * 64}.example.com", "too long")])
def test_a_name_that_no_server_can_be_asked_for_is_no_matter_of_the_vpn(host: str, word: str) -> None:
    one = unnamed(host)
    found = dns.host_name(facts(one, dns=names()), one)
    assert found is not None
    assert word in found.summary
    assert "VPN" not in found.remedies[0].text


def test_a_first_name_server_that_is_not_heard_is_likely_dead_at_most() -> None:
    for deaf in (DnsOutcome.SILENT, DnsOutcome.PORT_CLOSED):
        (found,) = resolvers.first_resolver(facts(dns=names(*everything(deaf), *good_answers(server=1)), **SRV))
        assert (found.cause, found.certainty) == ("dns.first-resolver-dead", Certainty.LIKELY)
        assert "a firewall" in found.detail


def test_a_plain_host_may_be_looked_up_in_a_way_that_no_file_names() -> None:
    one = unnamed(LONG)
    found = dns.host_name(facts(one, dns=DnsFacts(nameservers=(), finished=True)), one)
    assert found is not None
    assert (found.cause, found.certainty) == ("dns.no-resolver", Certainty.LIKELY)
