"""The DNS server answers, fails and keeps silent as its zone says."""

from __future__ import annotations

import asyncio
import sys

import dns.asyncresolver
import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.resolver
import pytest
from pymongo import MongoClient
from pymongo.errors import ConfigurationError

from lab.dns_server import (
    NODATA,
    NXDOMAIN,
    REFUSED,
    SERVFAIL,
    SILENT,
    Delayed,
    DnsServer,
    Question,
    Truncated,
    cluster,
    resolver_at,
)


def ask(server: DnsServer, name: str, kind: str, timeout_s: float = 5) -> dns.message.Message:
    return dns.query.udp(dns.message.make_query(name, kind), server.host, timeout_s, server.port)


def test_records_of_many_types_are_answered_over_udp_and_tcp() -> None:
    zone = {
        ("m1.lab.test", "A"): ["127.0.0.1", "127.0.0.2"],
        ("m1.lab.test", "AAAA"): "::1",
        ("www.lab.test", "CNAME"): "m1.lab.test.",
        **cluster("c0.lab.test", {"m1.lab.test": 27017}, txt="authSource=admin"),
    }
    with DnsServer(zone) as server:
        assert len(ask(server, "M1.lab.test", "A").answer[0]) == 2
        assert ask(server, "_mongodb._tcp.c0.lab.test", "SRV").answer[0][0].to_text() == "0 0 27017 m1.lab.test."
        assert ask(server, "c0.lab.test", "TXT").answer[0][0].to_text() == '"authSource=admin"'
        assert [rrset.rdtype.name for rrset in ask(server, "www.lab.test", "A").answer] == ["CNAME", "A"]
        query = dns.message.make_query("m1.lab.test", "AAAA")
        assert dns.query.tcp(query, server.host, 5, server.port).answer[0][0].to_text() == "::1"
        assert server.questions[-1] == Question("m1.lab.test", "AAAA", tcp=True)
        assert server.errors == []


def test_errors_and_empty_answers() -> None:
    zone = {("a.test", "A"): REFUSED, ("a.test", "SRV"): SERVFAIL, ("b.test", "A"): NODATA, ("b.test", "TXT"): NXDOMAIN}
    with DnsServer(zone) as server:
        assert ask(server, "a.test", "A").rcode() == dns.rcode.REFUSED
        assert ask(server, "a.test", "SRV").rcode() == dns.rcode.SERVFAIL
        assert ask(server, "a.test", "TXT").rcode() == dns.rcode.NOERROR
        assert ask(server, "b.test", "A").answer == []
        assert ask(server, "b.test", "TXT").rcode() == dns.rcode.NXDOMAIN
        assert ask(server, "other.test", "A").rcode() == dns.rcode.NXDOMAIN


def test_silence_delay_and_wildcards() -> None:
    with DnsServer(
        {("slow.test", "A"): Delayed(0.2, "10.0.0.1"), ("*", "TXT"): SILENT, ("*", "A"): "10.0.0.2"}
    ) as server:
        with pytest.raises(dns.exception.Timeout):
            ask(server, "any.test", "TXT", 0.1)
        assert ask(server, "any.test", "A").answer[0][0].to_text() == "10.0.0.2"
        answer = ask(server, "slow.test", "A")
        assert answer.time >= 0.2


def test_a_truncated_answer_is_whole_over_tcp_unless_tcp_is_closed() -> None:
    zone = {("big.test", "TXT"): Truncated("all of it")}
    query = dns.message.make_query("big.test", "TXT")
    with DnsServer(zone) as server:
        answer, by_tcp = dns.query.udp_with_fallback(query, server.host, 5, server.port)
        assert by_tcp
        assert answer.answer[0][0].to_text() == '"all of it"'
    with DnsServer(zone, tcp=False) as server, pytest.raises(ConnectionRefusedError):
        dns.query.udp_with_fallback(query, server.host, 5, server.port)


def test_the_default_resolvers_of_dnspython_and_pymongo_can_be_pointed_at_it() -> None:
    before = dns.resolver.get_default_resolver()
    with DnsServer({("m.test", "A"): "10.0.0.3"}) as server, resolver_at(server):
        assert dns.resolver.resolve("m.test", "A")[0].to_text() == "10.0.0.3"
        answer = asyncio.run(dns.asyncresolver.resolve("m.test", "A"))
        assert answer[0].to_text() == "10.0.0.3"
        with pytest.raises(ConfigurationError):
            MongoClient("mongodb+srv://c0.lab.test/")
        assert server.asked("_mongodb._tcp.c0.lab.test", "SRV") == 1
    assert dns.resolver.get_default_resolver() is before


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no 127.0.0.2")
def test_a_second_name_server_is_asked_when_the_first_is_dead() -> None:
    with (
        DnsServer({("m.test", "A"): SERVFAIL}) as first,
        DnsServer({("m.test", "A"): "10.0.0.4"}, host="127.0.0.2") as second,
    ):
        with resolver_at(first, second):
            assert dns.resolver.resolve("m.test", "A")[0].to_text() == "10.0.0.4"
        assert first.asked("m.test", "A") >= 1
