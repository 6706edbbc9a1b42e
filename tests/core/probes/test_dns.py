from __future__ import annotations

import asyncio
import errno
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine
from typing import Any

import dns.asyncresolver
import dns.flags
import dns.message
import pytest
from pymongo.asynchronous.srv_resolver import _SrvResolver
from pymongo.errors import ConfigurationError

from clearline.core.facts.names import DnsOutcome, Question, seeds_from, srv_target_allowed, txt_options
from clearline.core.probes.dns import Transport, ask, ask_host, ask_srv, label, nameservers, preload
from clearline.core.probes.dns_messages import Server
from lab import loops, namespaces
from lab.dns_server import (
    NODATA,
    NXDOMAIN,
    REFUSED,
    SERVFAIL,
    SILENT,
    Delayed,
    DnsServer,
    Truncated,
    Value,
    Zone,
    bound_sockets,
    cluster,
    resolver_at,
)
from lab.peers import Peer

SRV = "_mongodb._tcp.c0.lab.test"
DEADLINE_S, LATE_S = 0.4, 2.0


@pytest.fixture(scope="module", autouse=True)
def _warm() -> None:
    preload()


def ask_one(
    server: DnsServer | Server,
    name: str = "c0.lab.test",
    type: str = "A",
    *,
    transport: Transport = "udp",
    **times: float,
) -> Question:
    where = (server.host, server.port) if isinstance(server, DnsServer) else server
    times = {"deadline_s": DEADLINE_S, "late_s": LATE_S, **times}
    return loops.run(ask(name, type, nameserver=where, purpose="host", transport=transport, **times))


Asking = Callable[..., Coroutine[Any, Any, tuple[Question, ...]]]


def ask_all(asking: Asking, *arguments: str, **more: Any) -> tuple[tuple[Question, ...], list[Question]]:
    """The questions as returned, and those told on the way."""
    told: list[Question] = []
    times = {"deadline_s": DEADLINE_S, "late_s": LATE_S, **more}
    return loops.run(asking(*arguments, on_question=told.append, **times)), told


def by_purpose(questions: tuple[Question, ...]) -> dict[tuple[str, str, str], DnsOutcome]:
    return {(q.purpose, q.type, q.transport): q.outcome for q in questions}


# ---------------------------------------------------------------- one question


@pytest.mark.parametrize(
    ("value", "outcome", "rcode"),
    [
        ("127.0.0.1", DnsOutcome.ANSWERED, 0),
        (NXDOMAIN, DnsOutcome.NXDOMAIN, 3),
        (NODATA, DnsOutcome.NODATA, 0),
        (SERVFAIL, DnsOutcome.SERVFAIL, 2),
        (REFUSED, DnsOutcome.REFUSED, 5),
    ],
)
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_each_answer_has_its_outcome(value: Value, outcome: DnsOutcome, rcode: int, transport: Transport) -> None:
    with DnsServer({("c0.lab.test", "A"): value}) as server:
        asked = ask_one(server, transport=transport)
    assert (asked.outcome, asked.rcode, asked.transport) == (outcome, rcode, transport)
    assert asked.records == (("127.0.0.1",) if outcome is DnsOutcome.ANSWERED else ())
    assert asked.nameserver == f"127.0.0.1#{server.port}"
    assert 0 < asked.elapsed_ms < DEADLINE_S * 1000


def test_an_answer_code_without_a_name_of_its_own_is_kept() -> None:
    async def not_implemented(packet: bytes, *, tcp: bool) -> bytes:
        response = dns.message.make_response(dns.message.from_wire(packet))
        response.set_rcode(dns.rcode.NOTIMP)
        return response.to_wire()

    with DnsServer() as server:
        server.answer = not_implemented  # type: ignore[method-assign]
        asked = ask_one(server)
    assert (asked.outcome, asked.rcode) == (DnsOutcome.OTHER_RCODE, 4)


def test_records_are_written_in_a_fixed_form() -> None:
    zone: dict[tuple[str, str], Value] = {
        (SRV, "SRV"): ["0 5 27017 M1.lab.test.", "1 0 27018 m2.lab.test."],
        ("gone.lab.test", "SRV"): "0 0 0 .",
        ("c0.lab.test", "TXT"): '"authSource=admin" "&replicaSet=rs0"',
        ("c0.lab.test", "AAAA"): "2001:DB8::1",
        ("alias.lab.test", "CNAME"): "c0.lab.test.",
    }
    with DnsServer(zone) as server:
        assert tuple(sorted(ask_one(server, SRV, "SRV").records)) == ("0 5 27017 m1.lab.test", "1 0 27018 m2.lab.test")
        assert ask_one(server, "gone.lab.test", "SRV").records == ("0 0 0 .",)
        assert ask_one(server, type="TXT").records == ("authSource=admin&replicaSet=rs0",)
        assert ask_one(server, type="AAAA").records == ("2001:db8::1",)
        assert ask_one(server, "alias.lab.test", "AAAA").records == ("2001:db8::1",)


def test_an_alias_to_a_name_without_address_is_no_address() -> None:
    with DnsServer({("c0.lab.test", "CNAME"): "target.lab.test.", ("target.lab.test", "A"): NODATA}) as server:
        assert ask_one(server).outcome is DnsOutcome.NODATA


@pytest.mark.parametrize(
    ("further", "outcome", "aliases"),
    [
        ({("b.lab.test", "A"): "127.0.0.1"}, DnsOutcome.ANSWERED, ("b.lab.test",)),
        ({("b.lab.test", "*"): NXDOMAIN}, DnsOutcome.NXDOMAIN, ("b.lab.test",)),
        ({("b.lab.test", "CNAME"): "c0.lab.test."}, DnsOutcome.NODATA, ("b.lab.test", "c0.lab.test")),
    ],
)
def test_aliases_are_kept_to_their_end(further: Zone, outcome: DnsOutcome, aliases: tuple[str, ...]) -> None:
    with DnsServer({("c0.lab.test", "CNAME"): "B.lab.test.", **further}) as server:
        asked = ask_one(server)
    assert asked.outcome is outcome
    assert asked.aliases[: len(aliases)] == aliases


def test_a_silent_server_is_told_at_the_deadline_and_given_up_later() -> None:
    early: list[Question] = []
    with DnsServer(default=SILENT) as server:
        where = (server.host, server.port)
        asked = loops.run(
            ask("x.test", "A", nameserver=where, purpose="host", deadline_s=0.1, late_s=0.3, on_early=early.append)
        )
    assert [(q.outcome, q.elapsed_ms) for q in early] == [(DnsOutcome.SILENT, 100.0)]
    assert asked.outcome is DnsOutcome.SILENT
    assert 300 <= asked.elapsed_ms < 500


def test_a_late_answer_counts_with_its_real_time() -> None:
    early: list[Question] = []
    with DnsServer({("c0.lab.test", "A"): Delayed(0.3, "127.0.0.1")}) as server:
        where = (server.host, server.port)
        asked = loops.run(
            ask("c0.lab.test", "A", nameserver=where, purpose="host", deadline_s=0.1, late_s=3, on_early=early.append)
        )
    assert [q.outcome for q in early] == [DnsOutcome.SILENT]
    assert asked.records == ("127.0.0.1",)
    assert 300 <= asked.elapsed_ms < 1000


def test_without_time_for_late_answers_the_deadline_holds() -> None:
    with DnsServer({("c0.lab.test", "A"): Delayed(0.1, "127.0.0.1"), ("c0.lab.test", "AAAA"): SILENT}) as server:
        assert ask_one(server, late_s=0.0).outcome is DnsOutcome.ANSWERED
        silent, told = ask_all(ask_host, "c0.lab.test", late_s=0.0, control=False, servers=[(server.host, server.port)])
    assert by_purpose(silent)["host", "AAAA", "udp"] is DnsOutcome.SILENT
    assert len(told) == 2, "the silent one is told once"


def test_one_lost_question_is_asked_again() -> None:
    with DnsServer({("c0.lab.test", "A"): "127.0.0.1"}) as server:
        answer, lost = server.answer, []

        async def lose_the_first(packet: bytes, *, tcp: bool) -> bytes | None:
            if not lost:
                lost.append(packet)
                return None
            assert packet == lost[0]
            return await answer(packet, tcp=tcp)

        server.answer = lose_the_first  # type: ignore[method-assign]
        asked = ask_one(server, deadline_s=1.5, late_s=3)
    assert asked.outcome is DnsOutcome.ANSWERED
    assert asked.elapsed_ms >= 200


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_closed_port_is_known_at_once(transport: Transport) -> None:
    udp, tcp = bound_sockets("127.0.0.1")
    port: int = udp.getsockname()[1]
    udp.close()
    assert tcp is not None
    tcp.close()
    asked = ask_one(("127.0.0.1", port), transport=transport)
    assert (asked.outcome, asked.errno) == (DnsOutcome.PORT_CLOSED, errno.ECONNREFUSED)
    assert asked.elapsed_ms < DEADLINE_S * 1000


def test_an_answer_to_another_question_is_not_taken() -> None:
    async def answer_another(packet: bytes, *, tcp: bool) -> bytes:
        query = dns.message.from_wire(packet)
        other = dns.message.make_query("other.test", "A")
        other.id = query.id
        return dns.message.make_response(other).to_wire()

    with DnsServer() as server:
        server.answer = answer_another  # type: ignore[method-assign]
        assert ask_one(server, deadline_s=0.1, late_s=0.2).outcome is DnsOutcome.SILENT
        assert ask_one(server, transport="tcp").outcome is DnsOutcome.MALFORMED


def test_bytes_that_are_no_answer_are_malformed() -> None:
    async def garble(packet: bytes, *, tcp: bool) -> bytes:
        return packet[:2] + b"\x81\x80\0\x01\0\x09garbage"

    with DnsServer() as server:
        server.answer = garble  # type: ignore[method-assign]
        assert ask_one(server).outcome is DnsOutcome.MALFORMED
        assert ask_one(server, transport="tcp").outcome is DnsOutcome.MALFORMED


def test_a_connection_that_ends_in_the_middle_of_an_answer_is_malformed() -> None:
    async def cut(conversation: Any) -> None:
        await conversation.read(20)
        await conversation.write(b"\0\x40short")

    with Peer(cut) as peer:
        host, _, port = peer.address.rpartition(":")
        assert ask_one((host, int(port)), transport="tcp").outcome is DnsOutcome.MALFORMED


@pytest.mark.parametrize("name", ["a..b.test", "x" * 64 + ".test", ".".join(["label"] * 60)])
def test_a_name_that_dns_cannot_express_does_not_exist(name: str) -> None:
    with DnsServer({("*", "*"): "127.0.0.1"}) as server:
        asked = ask_one(server, name)
    assert (asked.outcome, asked.rcode) == (DnsOutcome.NXDOMAIN, None)
    assert not server.questions


def test_cancelling_a_question_returns_at_once() -> None:
    async def cancel(server: DnsServer) -> float:
        where = (server.host, server.port)
        task = asyncio.create_task(ask("x.test", "A", nameserver=where, purpose="host", deadline_s=5, late_s=9))
        while not server.questions:
            await asyncio.sleep(0.001)
        return await loops.cancelled_in_s(task)

    with DnsServer(default=SILENT) as server:
        assert loops.run(cancel(server)) < 0.2


# ---------------------------------------------------------------- name servers


def test_an_installed_resolver_is_honoured_with_its_ports() -> None:
    with resolver_at(("127.0.0.1", 53), ("127.0.0.2", 5353)):
        assert nameservers() == (("127.0.0.1", 53), ("127.0.0.2", 5353))
    with resolver_at():
        assert nameservers() == ()


def test_a_port_is_shown_when_it_is_not_the_usual_one() -> None:
    assert label(("10.0.0.1", 53)) == "10.0.0.1"
    assert label(("fe80::1", 5353)) == "fe80::1#5353"


def test_names_over_https_are_no_name_servers() -> None:
    with resolver_at():
        resolver = dns.asyncresolver.default_resolver
        assert resolver is not None
        resolver.nameservers = ["https://dns.lab.test/dns-query", dns.nameserver.Do53Nameserver("127.0.0.3", 54)]
        assert nameservers() == (("127.0.0.3", 54),)


@pytest.mark.skipif(namespaces.unavailable() is not None, reason=str(namespaces.unavailable()))
def test_the_systems_settings_are_read_again_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dns.asyncresolver, "default_resolver", None)
    with (
        namespaces.Network(nameservers=("10.79.0.1", "127.0.0.9")) as first,
        namespaces.Network(nameservers=()) as second,
    ):
        assert first.call(nameservers) == (("10.79.0.1", 53), ("127.0.0.9", 53))
        assert second.call(nameservers) == ()
        assert dns.asyncresolver.default_resolver is None, "PyMongo must not go on with the old ones"
        assert first.call(nameservers) == (("10.79.0.1", 53), ("127.0.0.9", 53))


@pytest.mark.skipif(namespaces.unavailable() is not None, reason=str(namespaces.unavailable()))
def test_a_name_server_without_a_route_is_unreachable_and_a_filter_here_too() -> None:
    with namespaces.Network(nameservers=("10.99.0.1",)) as network:
        network.dns_server({("c0.lab.test", "A"): "127.0.0.1"})
        network.drop(port=53, udp=True, here=True)
        filtered = network.call(lambda: ask_one(("10.79.0.1", 53)))
        network.route("unreachable", "10.99.0.1/32")
        no_host = network.call(lambda: ask_one(("10.99.0.1", 53)))
        network.no_default_route()
        no_network = network.call(lambda: ask_one(("192.0.2.1", 53)))
    assert (filtered.outcome, filtered.errno) == (DnsOutcome.UNREACHABLE, errno.EPERM)
    assert (no_host.outcome, no_host.errno) == (DnsOutcome.UNREACHABLE, errno.EHOSTUNREACH)
    assert (no_network.outcome, no_network.errno) == (DnsOutcome.UNREACHABLE, errno.ENETUNREACH)


# ---------------------------------------------------------------- an SRV name


def test_a_healthy_cluster_takes_one_round_trip() -> None:
    zone = {
        **cluster("c0.lab.test", {"m1.lab.test": 27017, "m2.lab.test": 27018}, txt="authSource=admin&replicaSet=rs%2B0")
    }
    with DnsServer(zone, delay_s=0.2) as server, resolver_at(server):
        started = time.perf_counter()
        questions, told = ask_all(ask_srv, "c0.lab.test")
        elapsed_s = time.perf_counter() - started
    assert elapsed_s < 0.39, "all questions go out together"
    assert sorted(told, key=repr) == sorted(questions, key=repr)
    assert by_purpose(questions) == {
        ("srv", "SRV", "udp"): DnsOutcome.ANSWERED,
        ("txt", "TXT", "udp"): DnsOutcome.ANSWERED,
        ("bare", "A", "udp"): DnsOutcome.NODATA,
        ("bare", "AAAA", "udp"): DnsOutcome.NODATA,
        ("control", "A", "udp"): DnsOutcome.NXDOMAIN,
    }
    assert seeds_from(questions) == (("m1.lab.test", 27017), ("m2.lab.test", 27018))
    assert txt_options(questions) == {"authSource": "admin", "replicaSet": "rs+0"}


def test_a_server_that_keeps_silent_over_udp_is_asked_over_tcp_as_well() -> None:
    class OverTcpAlone(DnsServer):
        async def answer(self, packet: bytes, *, tcp: bool) -> bytes | None:
            return await super().answer(packet, tcp=tcp) if tcp else None

    with OverTcpAlone() as server, resolver_at(server):
        questions, _ = ask_all(ask_srv, "c0.lab.test", late_s=0.0)
    found = by_purpose(questions)
    assert found["over-tcp", "A", "tcp"] is DnsOutcome.NXDOMAIN
    assert {outcome for (_, _, transport), outcome in found.items() if transport == "udp"} == {DnsOutcome.SILENT}


@pytest.mark.parametrize(
    ("zone", "known", "landmark"),
    [
        ({}, DnsOutcome.NXDOMAIN, DnsOutcome.NXDOMAIN),
        ({("example.com", "SOA"): "ns. hostmaster. 1 2 3 4 5"}, DnsOutcome.NXDOMAIN, DnsOutcome.ANSWERED),
        (
            {("example.com", "SOA"): "ns. hostmaster. 1 2 3 4 5", ("mongodb.net", "A"): "192.0.2.1"},
            DnsOutcome.NODATA,
            DnsOutcome.ANSWERED,
        ),
    ],
)
def test_after_a_no_to_a_public_name_it_is_asked_whether_any_is_known(
    zone: dict[tuple[str, str], Value], known: DnsOutcome, landmark: DnsOutcome
) -> None:
    with DnsServer(zone) as server, resolver_at(server):
        of_cluster, told = ask_all(ask_srv, "c0.ab1cd.mongodb.net")
        of_host, _ = ask_all(ask_host, "m1.c0.mongodb.net")
    for questions in (of_cluster, of_host):
        zones = {q.name: q.outcome for q in questions if q.purpose == "zone"}
        assert zones == {"mongodb.net": known, "example.com": landmark}
    assert [q.purpose for q in told[-2:]] == ["zone", "zone"], "told like all the others"


def test_private_names_and_names_that_are_known_ask_for_no_other() -> None:
    zone = {**cluster("c0.ab1cd.mongodb.net", {"m1.mongodb.net": 27017}), ("m1.mongodb.net", "A"): "127.0.0.1"}
    with DnsServer(zone) as server, resolver_at(server):
        asked = [ask_all(ask_srv, name)[0] for name in ("c0.ab1cd.mongodb.net", "c0.lab.test", "c0.svc.cluster.local")]
        asked += [ask_all(ask_host, name)[0] for name in ("m1.mongodb.net", "db1", "db1.corp")]
    assert not [q for questions in asked for q in questions if q.purpose == "zone"]


def test_the_service_name_is_the_profiles() -> None:
    with DnsServer({("_customname._tcp.c0.lab.test", "SRV"): "0 0 27017 m1.lab.test."}) as server, resolver_at(server):
        questions, _ = ask_all(ask_srv, "c0.lab.test", "customname")
    assert seeds_from(questions) == (("m1.lab.test", 27017),)


def test_the_control_name_is_random_and_shows_a_network_that_answers_every_name() -> None:
    with DnsServer({("*", "A"): "10.0.0.1"}) as server, resolver_at(server):
        first, _ = ask_all(ask_srv, "c0.lab.test")
        second, _ = ask_all(ask_host, "m1.lab.test")
    controls = [q for q in (*first, *second) if q.purpose == "control"]
    assert len({q.name for q in controls}) == len(controls) == 2
    assert all(q.name.endswith(".invalid") and q.records == ("10.0.0.1",) for q in controls)


def test_an_ordinary_host_has_an_address_and_no_srv() -> None:
    with DnsServer({("c0.lab.test", "A"): "127.0.0.1"}) as server, resolver_at(server):
        questions, _ = ask_all(ask_srv, "c0.lab.test")
    outcomes = by_purpose(questions)
    assert outcomes["srv", "SRV", "udp"] is DnsOutcome.NXDOMAIN
    assert outcomes["bare", "A", "udp"] is DnsOutcome.ANSWERED
    assert seeds_from(questions) == ()
    assert txt_options(questions) == {}


def test_dropped_txt_questions_leave_the_rest_alone() -> None:
    zone = {**cluster("c0.lab.test", {"m1.lab.test": 27017}), ("c0.lab.test", "TXT"): SILENT}
    with DnsServer(zone) as server, resolver_at(server):
        questions, told = ask_all(ask_srv, "c0.lab.test", deadline_s=0.1, late_s=0.3)
    assert by_purpose(questions)["txt", "TXT", "udp"] is DnsOutcome.SILENT
    assert by_purpose(questions)["srv", "SRV", "udp"] is DnsOutcome.ANSWERED
    assert [q.outcome for q in told if q.purpose == "txt"] == [DnsOutcome.SILENT] * 2, "at the deadline and at the end"


def test_a_truncated_answer_is_fetched_over_tcp() -> None:
    zone = {**cluster("c0.lab.test", {}), (SRV, "SRV"): Truncated(["0 0 27017 m1.lab.test."])}
    with DnsServer(zone) as server, resolver_at(server):
        questions, told = ask_all(ask_srv, "c0.lab.test")
    over_udp, over_tcp = (q for q in questions if q.purpose == "srv")
    assert (over_udp.transport, over_udp.truncated, over_udp.records) == ("udp", True, ())
    assert (over_tcp.transport, over_tcp.truncated, over_tcp.outcome) == ("tcp", False, DnsOutcome.ANSWERED)
    assert [q.transport for q in told if q.purpose == "srv"] == ["udp", "tcp"]
    assert seeds_from(questions) == (("m1.lab.test", 27017),)


def test_a_truncated_answer_without_tcp_shows_the_closed_port() -> None:
    zone = {**cluster("c0.lab.test", {}), (SRV, "SRV"): Truncated(["0 0 27017 m1.lab.test."])}
    with DnsServer(zone, tcp=False) as server, resolver_at(server):
        questions, _ = ask_all(ask_srv, "c0.lab.test")
    over_udp, over_tcp = (q for q in questions if q.purpose == "srv")
    assert over_udp.truncated
    assert (over_tcp.transport, over_tcp.outcome) == ("tcp", DnsOutcome.PORT_CLOSED)


def test_a_record_cut_in_the_middle_is_truncated_not_malformed() -> None:
    async def cut(packet: bytes, *, tcp: bool) -> bytes:
        response = dns.message.make_response(dns.message.from_wire(packet))
        response.flags |= dns.flags.TC
        response.answer.append(dns.rrset.from_text("c0.lab.test.", 60, "IN", "TXT", '"a=b"'))
        return response.to_wire()[:-2]

    with DnsServer() as server:
        server.answer = cut  # type: ignore[method-assign]
        assert ask_one(server, type="TXT").truncated


def test_over_tcp_nothing_is_cut_off_whatever_it_says_of_itself() -> None:
    async def marked(packet: bytes, *, tcp: bool) -> bytes:
        response = dns.message.make_response(dns.message.from_wire(packet))
        response.flags |= dns.flags.TC
        return response.to_wire()

    with DnsServer() as server:
        server.answer = marked  # type: ignore[method-assign]
        asked = ask_one(server, type="TXT", transport="tcp")
        assert (asked.truncated, asked.outcome) == (False, DnsOutcome.NODATA)


def test_each_name_server_is_asked_by_itself() -> None:
    zone = cluster("c0.lab.test", {"m1.lab.test": 27017})
    with (
        DnsServer(default=SILENT, host="127.0.0.2") as dead,
        DnsServer(zone, host="127.0.0.3") as healthy,
        resolver_at(dead, healthy),
    ):
        questions, told = ask_all(ask_srv, "c0.lab.test", deadline_s=0.2, late_s=0.4)
    first, second = label((dead.host, dead.port)), label((healthy.host, healthy.port))
    assert {q.outcome for q in questions if q.nameserver == first} == {DnsOutcome.SILENT}
    assert DnsOutcome.SILENT not in {q.outcome for q in questions if q.nameserver == second}
    assert {q.nameserver for q in told[:5]} == {second}, "the living one is told without waiting for the dead one"
    assert seeds_from(questions) == (("m1.lab.test", 27017),)


def test_no_more_than_four_name_servers_are_asked() -> None:
    with DnsServer({("*", "*"): NXDOMAIN}) as server:
        servers = [(server.host, server.port)] * 6
        questions, _ = ask_all(ask_host, "m1.lab.test", control=False, servers=servers)
    assert len(questions) == 2 * 4


def test_without_a_name_server_nothing_is_asked() -> None:
    with resolver_at():
        assert ask_all(ask_srv, "c0.lab.test") == ((), [])


def test_a_members_name_is_asked_for_both_families() -> None:
    with DnsServer({("m1.lab.test", "A"): "127.0.0.1"}) as server, resolver_at(server):
        questions, _ = ask_all(ask_host, "m1.lab.test")
        plain, _ = ask_all(ask_host, "m1.lab.test", control=False)
    assert by_purpose(questions) == {
        ("host", "A", "udp"): DnsOutcome.ANSWERED,
        ("host", "AAAA", "udp"): DnsOutcome.NODATA,
        ("control", "A", "udp"): DnsOutcome.NXDOMAIN,
    }
    assert {q.purpose for q in plain} == {"host"}


def test_two_txt_records_give_no_options() -> None:
    with DnsServer({("c0.lab.test", "TXT"): ['"authSource=admin"', '"replicaSet=rs0"']}) as server, resolver_at(server):
        questions, _ = ask_all(ask_srv, "c0.lab.test")
    assert txt_options(questions) == {}
    assert {r for q in questions if q.purpose == "txt" for r in q.records} == {"authSource=admin", "replicaSet=rs0"}


def test_the_first_question_of_all_does_not_stop_the_loop() -> None:
    program = """
import asyncio, sys
from clearline.core.probes.dns import ask_srv
assert not any(name == "dns" or name.startswith("dns.") for name in sys.modules)

async def main():
    turns = 0
    async def turn():
        nonlocal turns
        while True:
            await asyncio.sleep(0.001)
            turns += 1
    turning = asyncio.create_task(turn())
    await ask_srv("x.test", deadline_s=0.1, late_s=0.2, on_question=lambda q: None, servers=())
    turning.cancel()
    assert "dns.message" in sys.modules
    return turns

print(asyncio.run(main()))
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 1, "dnspython is imported in a thread"


# ---------------------------------------------------------------- targets


@pytest.mark.parametrize("suffix", [None, "other.test", ".other.test."])
@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("c0.lab.test", "m1.lab.test"),
        ("C0.Lab.test", "M1.lab.TEST"),
        ("c0.lab.test", "m1.other.test"),
        ("c0.lab.test", "m1.xlab.test"),
        ("c0.lab.test", "lab.test"),
        ("c0.lab.test", "deep.m1.lab.test"),
        ("c0.lab.test", "c0.lab.test"),
        ("c0.lab.test", "."),
        ("lab.test", "lab.test"),
        ("lab.test", "m1.lab.test"),
        ("lab.test", "test"),
        ("localhost", "localhost"),
        ("localhost", "m1.localhost"),
        ("a.b.c.d.test", "x.b.c.d.test"),
        ("a.b.c.d.test", "x.c.d.test"),
    ],
)
def test_targets_are_judged_as_pymongo_judges_them(name: str, target: str, suffix: str | None) -> None:
    resolver = _SrvResolver(name, 1.0, "mongodb", srv_allowed_hosts_suffix=suffix)
    try:
        resolver._validate_host(target.lower())
        allowed = True
    except ConfigurationError:
        allowed = False
    assert srv_target_allowed(name, target, suffix) is allowed
