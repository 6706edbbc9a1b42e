"""The ledger: what a running check knows, entry by entry."""

from __future__ import annotations

import pytest

from clearline.core.addresses import split_address
from clearline.core.check.ledger import Ledger
from clearline.core.facts.login import DriverState
from clearline.core.facts.names import DnsOutcome, Question
from clearline.core.facts.servers import Reach
from clearline.core.facts.whole import Facts


def ledger() -> Ledger:
    return Ledger(Facts())


def question(outcome: DnsOutcome, nameserver: str = "192.0.2.53", transport: str = "udp") -> Question:
    return Question(
        name="c0.example.com", type="TXT", nameserver=nameserver, purpose="txt", transport=transport, outcome=outcome
    )


def test_every_entry_is_a_new_value_and_wakes_all_that_wait() -> None:
    book = ledger()
    before = book.facts
    book.driver(state=DriverState.RAISED)
    assert before.driver.state is DriverState.WAITING
    assert book.facts.driver.state is DriverState.RAISED
    assert book.changed.is_set()


def test_a_new_member_is_added_once() -> None:
    book = ledger()
    assert book.add("db1:27017", seed=True)
    book.changed.clear()
    assert not book.add("db1:27017", seed=True)
    assert not book.changed.is_set(), "nothing new was learnt"
    assert len(book.facts.members) == 1


def test_a_seed_that_is_advertised_later_is_both() -> None:
    book = ledger()
    book.add("db1:27017", seed=True)
    assert not book.add("db1:27017", advertised_by=("db2:27017",))
    assert not book.add("db1:27017", advertised_by=("db2:27017", "db3:27017"))
    member = book.member("db1:27017")
    assert member.seed
    assert member.advertised_by == ("db2:27017", "db3:27017")


def test_an_advertised_member_that_turns_out_to_be_a_seed_becomes_one() -> None:
    book = ledger()
    book.add("db1:27017", advertised_by=("db2:27017",))
    book.add("db1:27017", seed=True)
    assert book.member("db1:27017").seed


def test_a_note_about_one_member_leaves_the_others_and_their_order() -> None:
    book = ledger()
    for host in ("db1", "db2", "db3"):
        book.add(f"{host}:27017")
    book.note("db2:27017", finished=True)
    assert [(m.address, m.finished) for m in book.facts.members] == [
        ("db1:27017", False),
        ("db2:27017", True),
        ("db3:27017", False),
    ]


def test_a_member_that_was_not_added_is_unknown() -> None:
    with pytest.raises(KeyError):
        ledger().note("db1:27017", finished=True)


def test_a_late_answer_replaces_the_silence_and_no_other_answer() -> None:
    book = ledger()
    book.ask(question(DnsOutcome.SILENT))
    book.ask(question(DnsOutcome.SILENT, "192.0.2.54"))
    book.ask(question(DnsOutcome.NODATA, transport="tcp"))
    book.ask(question(DnsOutcome.NODATA))
    told = {(q.nameserver, q.transport): q.outcome for q in book.facts.dns.questions}
    assert told == {
        ("192.0.2.53", "udp"): DnsOutcome.NODATA,
        ("192.0.2.53", "tcp"): DnsOutcome.NODATA,
        ("192.0.2.54", "udp"): DnsOutcome.SILENT,
    }


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [
        ("db1:27018", "db1", 27018),
        ("db1", "db1", 27017),
        ("192.0.2.7:27017", "192.0.2.7", 27017),
        ("[2001:db8::1]:27018", "2001:db8::1", 27018),
        ("[2001:db8::1]", "2001:db8::1", 27017),
        ("[fe80::1%eth0]:27017", "fe80::1%eth0", 27017),
        ("/tmp/mongodb-27017.sock", "/tmp/mongodb-27017.sock", None),
    ],
)
def test_an_address_has_a_host_and_a_port(address: str, host: str, port: int | None) -> None:
    assert split_address(address) == (host, port)


def test_a_members_address_is_split_when_it_is_added() -> None:
    book = ledger()
    book.add("[2001:db8::1]:27018")
    member = book.member("[2001:db8::1]:27018")
    assert (member.host, member.port) == ("2001:db8::1", 27018)
    book.note(member.address, listening=None, ocsp_reach={"http://ocsp.example.com": Reach.SILENT})
    assert book.member(member.address).ocsp_reach


@pytest.mark.parametrize("address", ["x:²", "x:99999", "[::1]:abc", "[::1", "x:", "]:[", "x:-1", ":1:2:3"])
def test_whatever_a_server_calls_an_address_is_some_host(address: str) -> None:
    host, port = split_address(address)
    assert port is not None
    assert 0 <= port <= 65535
    assert host


def test_facts_that_were_handed_out_stay_as_they_were_among_a_thousand_members() -> None:
    book = ledger()
    for number in range(1000):
        book.add(f"db{number}:27017")
    before = book.facts
    book.note("db7:27017", finished=True)
    assert before.members[7].finished is False
    assert book.facts is book.facts, "put together once"


def test_members_that_are_passed_over_are_listed_once() -> None:
    book = ledger()
    book.pass_over(["a:1", "b:1"])
    book.pass_over(["b:1", "c:1"])
    assert book.facts.passed_over == ("a:1", "b:1", "c:1")
