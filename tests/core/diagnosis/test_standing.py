"""Where a server stands for the driver, and what the profile wants of all of them."""

from __future__ import annotations

import pytest
from pymongo import common

from clearline.core.diagnosis.standing import (
    MAX_WIRE_VERSION,
    MIN_WIRE_VERSION,
    Standing,
    lookup_failed,
    replica_set_name,
    standing,
)
from clearline.core.facts.names import DnsFacts, DnsOutcome, Lookup, Question
from clearline.core.facts.servers import Hello, MemberFacts, Reach
from lab.hand_made_deployments import SRV
from lab.hand_made_facts import HELLO, facts, inside, look, member, plain


def test_the_wire_versions_are_those_of_the_driver() -> None:
    assert MIN_WIRE_VERSION == common.MIN_SUPPORTED_WIRE_VERSION
    assert MAX_WIRE_VERSION == common.MAX_SUPPORTED_WIRE_VERSION


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (member(plain(HELLO)), Standing.ANSWERED),
        (member(plain(HELLO), finished=False), Standing.ANSWERED),
        (member(plain(Reach.CLOSED)), Standing.FAILED),
        (member(plain(Reach.CLOSED), finished=False), Standing.PENDING),
        (member(plain(Hello(ok=False, code=18)), finished=True), Standing.FAILED),
        (member(plain(Hello(max_wire_version=8))), Standing.FAILED),
        (member(plain(Hello(min_wire_version=40, max_wire_version=41))), Standing.FAILED),
        (member(plain(Reach.CLOSED), look(), inside(HELLO, look=True)), Standing.FAILED),
    ],
)
def test_a_server_stands_by_its_hello_in_the_drivers_own_way(one: MemberFacts, expected: Standing) -> None:
    assert standing(facts(one), one) is expected


def test_a_look_without_verification_is_no_way_for_the_driver() -> None:
    seen = member(look(), inside(HELLO, look=True))
    assert standing(facts(seen, options={"tls": True}), seen) is Standing.FAILED


def test_the_text_outranks_the_txt_record() -> None:
    answer = Question(
        name="c0.example.com",
        type="txt",
        nameserver="192.0.2.53",
        purpose="txt",
        outcome=DnsOutcome.ANSWERED,
        records=("authSource=admin&replicaSet=rs0",),
    )
    txt = DnsFacts(questions=(answer,))
    assert replica_set_name(facts(dns=txt, **SRV)) == "rs0"
    assert replica_set_name(facts(dns=txt, srv=True, hosts=("c0",), options={"replicaSet": "rsB"})) == "rsB"


def test_a_name_that_was_not_looked_up_yet_has_not_failed() -> None:
    assert not lookup_failed(None)
    assert not lookup_failed(Lookup(host="db1", addresses=("192.0.2.7",)))
    assert lookup_failed(Lookup(host="db1", silent=True))
