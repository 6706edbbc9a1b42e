"""Why no address accepts a connection, and what is wrong with a line that works."""

from __future__ import annotations

import errno
from typing import Any

import pytest

from clearline.core.diagnosis.compose import diagnose
from clearline.core.diagnosis.rules import lines
from clearline.core.diagnosis.rules import tcp as rules
from clearline.core.facts.computer import ComputerFacts, SurroundingFacts, SystemProxyFacts
from clearline.core.facts.login import DriverFacts, DriverState
from clearline.core.facts.names import Lookup
from clearline.core.facts.servers import MemberFacts, Reach, RttFacts, ServerExtras, TcpFacts
from clearline.core.findings import Certainty, Finding, Severity
from lab.hand_made_deployments import dead, live, tcp
from lab.hand_made_facts import HELLO, facts, member, plain

V6 = "2001:db8::1"
ATLAS = "c0-shard-00-00.abcde.mongodb.net"
ENDPOINT = "pl-0-eastus.abcde.mongodb.net"


def why(one: MemberFacts, *others: MemberFacts, **changes: Any) -> Finding | None:
    return rules.unreachable(facts(one, *others, **changes), one)


ATTEMPTS = [
    ("closed port", dead(), "tcp.refused"),
    ("closed port of an own address", dead(own=True), "tcp.refused"),
    (
        "127.0.0.1 accepts what the own address refuses",
        member(tcp(Reach.REFUSED, own=True), loopback=tcp(Reach.OK, "127.0.0.1")),
        "tcp.bind-address",
    ),
    ("faster than the host can answer", dead(elapsed_ms=0.2, ports=(22,)), "tcp.refused"),
    ("silence", dead(reach=Reach.SILENT), "tcp.no-answer"),
    ("silence while another port answers", dead(reach=Reach.SILENT, ports=(27018,)), "tcp.no-answer"),
    ("silence of a private address", dead(reach=Reach.SILENT, ip="10.8.0.15", private=True), "tcp.private-address"),
    (
        "silence of a private host that is there",
        dead(reach=Reach.SILENT, ip="10.8.0.15", private=True, ports=(22,)),
        "tcp.no-answer",
    ),
    ("no neighbour", dead(reach=Reach.SILENT, neighbour="INCOMPLETE"), "tcp.host-down-nearby"),
    ("unreachable after three seconds", dead(reach=Reach.HOST_UNREACHABLE, elapsed_ms=3050), "tcp.host-down-nearby"),
    ("unreachable at once", dead(reach=Reach.HOST_UNREACHABLE, elapsed_ms=1), "tcp.host-unreachable"),
    ("no network", dead(reach=Reach.NETWORK_UNREACHABLE), "tcp.network-unreachable"),
    ("forbidden here", dead(reach=Reach.DENIED), "tcp.blocked-by-policy"),
    ("no handles", dead(reach=Reach.NO_HANDLES), "env.file-handles"),
    ("a full queue", dead(reach=Reach.SILENT, own=True, listening=True), "tcp.accept-queue-full"),
    ("reset before connect returned", dead(reach=Reach.RESET), "tcp.reset-on-connect"),
    ("only IPv6, and none here", member(tcp(Reach.NETWORK_UNREACHABLE, V6, "ipv6")), "tcp.no-ipv6"),
    ("only IPv6, refused", member(tcp(Reach.REFUSED, V6, "ipv6")), "tcp.refused"),
    (
        "IPv4 silent and IPv6 refused",
        member(tcp(Reach.REFUSED, V6, "ipv6"), tcp(Reach.SILENT)),
        "tcp.no-answer",
    ),
    (
        "no IPv4 here and IPv6 silent",
        member(tcp(Reach.NETWORK_UNREACHABLE), tcp(Reach.SILENT, V6, "ipv6")),
        "tcp.no-answer",
    ),
    (
        "no IPv6 here and IPv4 refused",
        member(tcp(Reach.NETWORK_UNREACHABLE, V6, "ipv6"), tcp(Reach.REFUSED)),
        "tcp.refused",
    ),
    ("one of two IPv4 addresses refused", member(tcp(Reach.SILENT), tcp(Reach.REFUSED, "192.0.2.8")), "tcp.refused"),
    ("Atlas silent", dead(ATLAS, Reach.SILENT), "tcp.atlas-access-list"),
    ("Atlas reset", dead(ATLAS, Reach.RESET), "tcp.atlas-access-list"),
    ("Atlas refuses", dead(ATLAS), "tcp.atlas-paused"),
    ("a name that only ends like Atlas", dead("mongodb.net.example.com"), "tcp.refused"),
    ("private endpoint silent", dead(ENDPOINT, Reach.SILENT, ip="10.0.0.4", private=True), "tcp.private-endpoint"),
    (
        "private endpoint without a route",
        dead(ENDPOINT, Reach.NETWORK_UNREACHABLE, ip="10.0.0.4", private=True),
        "tcp.private-endpoint",
    ),
]


@pytest.mark.parametrize(("one", "expected"), [row[1:] for row in ATTEMPTS], ids=[row[0] for row in ATTEMPTS])
def test_why_no_address_accepts(one: MemberFacts, expected: str) -> None:
    found = why(one)
    assert found is not None
    assert found.cause == expected
    assert found.server == one.address


def test_with_an_ipv6_route_only_the_network_is_missing() -> None:
    one = member(tcp(Reach.NETWORK_UNREACHABLE, V6, "ipv6"))
    found = why(one, computer=ComputerFacts(has_ipv6_route=True))
    assert found is not None
    assert found.cause == "tcp.network-unreachable"


@pytest.mark.parametrize(("answer_ms", "cause"), [(40.0, "tcp.local-firewall"), (12.0, "tcp.refused")])
def test_a_refusal_much_faster_than_a_far_host_is_a_local_firewall(answer_ms: float, cause: str) -> None:
    refused = dead(elapsed_ms=0.2)
    answering = tuple(port for port in dead(ports=(22,)).other_ports)
    slow = MemberFacts(**{**_fields(refused), "other_ports": tuple(_at(p, answer_ms) for p in answering)})
    found = why(slow)
    assert found is not None
    assert found.cause == cause


def _fields(one: MemberFacts) -> dict[str, Any]:
    return {name: getattr(one, name) for name in one.__struct_fields__}


def _at(port: Any, elapsed_ms: float) -> Any:
    return type(port)(port=port.port, reach=port.reach, elapsed_ms=elapsed_ms)


def test_atlas_is_paused_only_when_every_member_refuses() -> None:
    other = dead("c0-shard-00-01.abcde.mongodb.net", Reach.SILENT)
    found = why(dead(ATLAS), other)
    assert found is not None
    assert found.cause == "tcp.refused"


def test_a_private_address_next_to_one_that_answers_is_no_matter_of_the_vpn() -> None:
    silent = dead(reach=Reach.SILENT, ip="10.8.0.15", private=True)
    near = member(tcp(Reach.OK, "10.8.0.16", private=True), plain(HELLO), host="db2")
    far = member(tcp(Reach.OK, "10.9.0.16", private=True), plain(HELLO), host="db2")
    assert [f and f.cause for f in (why(silent, near), why(silent, far))] == ["tcp.no-answer", "tcp.private-address"]


def test_a_missing_socket_is_said_without_a_port() -> None:
    attempt = tcp(Reach.REFUSED, "/tmp/mongodb-27017.sock", "unix", errno=2, own=True, loopback=True)
    path = "/tmp/mongodb-27017.sock"
    found = why(member(attempt, host=path, address=path, port=None, lookup=None))
    assert found is not None
    assert found.cause == "tcp.socket-missing"
    assert "None" not in found.summary
    assert "does not exist" in found.summary


@pytest.mark.parametrize(
    ("number", "reason"),
    [(errno.ENOENT, "does not exist"), (errno.ECONNREFUSED, "nothing listens"), (errno.EACCES, "may not be opened")],
)
def test_a_socket_that_cannot_be_used_says_why(number: int, reason: str) -> None:
    reach = Reach.DENIED if number == errno.EACCES else Reach.REFUSED
    attempt = tcp(reach, "/tmp/mongodb-27017.sock", "unix", errno=number, own=True, loopback=True)
    found = why(member(attempt, host="/tmp/mongodb-27017.sock", port=None, lookup=None))
    assert found is not None
    sure = Certainty.PROVEN if number == errno.ENOENT else Certainty.LIKELY
    assert (found.cause, found.certainty) == ("tcp.socket-missing", sure)
    assert reason in found.summary


# ---------------------------------------------------------------- other situations with the same evidence


def test_a_link_local_address_without_its_interface_is_no_rule_of_this_computer() -> None:
    address = "fe80::a00:27ff:fee8:b298"
    found = why(member(tcp(Reach.DENIED, address, "ipv6", errno=errno.EINVAL), host=address))
    assert found is not None
    assert (found.cause, found.certainty) == ("uri.link-local-without-interface", Certainty.PROVEN)
    assert f"[{address}%25eth0]:27017" in found.remedies[0].text


@pytest.mark.parametrize("number", [errno.EPERM, errno.EACCES, errno.EINVAL])
def test_one_error_number_of_connect_has_one_story_and_is_no_proof(number: int) -> None:
    found = why(member(tcp(Reach.DENIED, errno=number)))
    assert found is not None
    assert (found.cause, found.certainty) == ("tcp.blocked-by-policy", Certainty.LIKELY)
    assert errno.errorcode[number] in found.detail


def test_a_refusal_is_proven_only_where_this_computer_is_seen_not_to_listen() -> None:
    here = why(member(tcp(Reach.REFUSED, "127.0.0.1", loopback=True, listening=False), host="127.0.0.1"))
    there = why(member(tcp(Reach.REFUSED)))
    assert here is not None
    assert there is not None
    assert (here.certainty, there.certainty) == (Certainty.PROVEN, Certainty.LIKELY)
    assert "firewall that rejects" in there.detail
    assert "container" in here.remedies[1].text


def test_a_refusal_over_ipv6_alone_names_the_family() -> None:
    found = why(member(tcp(Reach.REFUSED, "2001:db8::7", "ipv6")))
    assert found is not None
    assert "net.ipv6" in found.detail


def test_localhost_that_refuses_over_ipv6_is_a_note_for_other_drivers() -> None:
    answering = member(plain(HELLO), host="localhost", over_ipv6=tcp(Reach.REFUSED, "::1", "ipv6"))
    found = {f.cause: f for f in diagnose(facts(answering, connected=True))}["tcp.ipv6-refused"]
    assert (found.severity, "127.0.0.1" in found.remedies[0].text) == (Severity.NOTE, True)
    both = member(plain(HELLO), host="localhost", over_ipv6=tcp(Reach.OK, "::1", "ipv6"))
    assert "tcp.ipv6-refused" not in [f.cause for f in diagnose(facts(both, connected=True))]


def test_a_container_puts_its_remedy_first_and_decides_nothing() -> None:
    refused = member(tcp(Reach.REFUSED, "127.0.0.1", loopback=True, listening=False), host="localhost")
    around = ComputerFacts(system="Linux", surroundings=SurroundingFacts(container="Docker"))
    found = diagnose(facts(refused, computer=around))
    assert [f.cause for f in found] == ["tcp.refused", "env.container-localhost"]
    assert found[1].severity is Severity.WARNING
    assert "host.docker.internal" in found[0].remedies[0].text
    assert found[1].remedies == ()  # told above it


def test_an_interface_that_is_not_here_is_named() -> None:
    lost = member(tcp(Reach.OTHER, "fe80::1%nope0", "ipv6", errno=-2), host="fe80::1%nope0")
    found = diagnose(facts(lost))[0]
    assert found.cause == "uri.link-local-without-interface"
    assert "nope0" in found.summary


def test_short_answers_without_a_long_one_are_packets_lost_for_their_size() -> None:
    def told(**extras: Any) -> list[Finding]:
        known = facts(member(plain(HELLO), extras=ServerExtras(**extras)), connected=True)
        return [f for f in diagnose(known) if f.cause == "tcp.large-packets-lost"]

    (found,) = told(silent_at="buildInfo", open_read_code=0)
    assert (found.certainty, found.severity) == (Certainty.LIKELY, Severity.WARNING)
    assert told(silent_at="replSetGetStatus", open_read_code=0) == [], "that answer is short"
    assert told(silent_at="buildInfo") == [], "the read got no answer either"


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"system_proxy": SystemProxyFacts(source="KDE", proxy="http://gate:3128")}, "http://gate:3128"),
        ({"system_proxy": SystemProxyFacts(source="Windows", script="http://wpad")}, "http://wpad"),
        (
            {"computer": ComputerFacts(system="x", surroundings=SurroundingFacts(proxies={"HTTPS_PROXY": "http://e"}))},
            "http://e",
        ),
        ({"system_proxy": SystemProxyFacts()}, None),
        ({}, None),
    ],
)
def test_silence_where_browsers_have_a_proxy_names_it(changes: dict[str, Any], place: str | None) -> None:
    found = why(dead(reach=Reach.SILENT), **changes)
    assert found is not None
    named = [remedy.text for remedy in found.remedies if "--via system" in remedy.text]
    assert len(named) == (place is not None)
    assert all(str(place) in text for text in named)
    here = why(dead(reach=Reach.SILENT, own=True), **changes)
    assert here is not None
    assert not any("--via system" in remedy.text for remedy in here.remedies)


# ---------------------------------------------------------------- two families


@pytest.mark.parametrize(
    ("v6", "expected"),
    [
        (tcp(Reach.SILENT, V6, "ipv6"), ["tcp.ipv6-dead"]),
        (tcp(Reach.HOST_UNREACHABLE, V6, "ipv6", elapsed_ms=3000), ["tcp.ipv6-dead"]),
        (tcp(Reach.HOST_UNREACHABLE, V6, "ipv6", elapsed_ms=1), []),
        (tcp(Reach.NETWORK_UNREACHABLE, V6, "ipv6"), []),
        (tcp(Reach.REFUSED, V6, "ipv6"), ["tcp.ipv6-refused"]),
        (tcp(Reach.OK, V6, "ipv6"), []),
    ],
)
def test_a_family_that_costs_time_is_named(v6: TcpFacts, expected: list[str]) -> None:
    known = facts(member(v6, tcp(Reach.OK), plain(HELLO)), connected=True)
    assert [f.cause for f in lines.ipv6_trouble(known)] == expected


def test_families_are_not_compared_where_the_server_cannot_be_used_anyway() -> None:
    one = member(tcp(Reach.SILENT, V6, "ipv6"), tcp(Reach.OK), plain(Reach.CLOSED))
    assert not list(lines.ipv6_trouble(facts(one)))


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (tcp(Reach.SILENT, "192.0.2.8", elapsed_ms=1500), ["tcp.address-dead"]),
        (tcp(Reach.HOST_UNREACHABLE, "192.0.2.8", elapsed_ms=3000), ["tcp.address-dead"]),
        (tcp(Reach.HOST_UNREACHABLE, "192.0.2.8", elapsed_ms=1), []),
        (tcp(Reach.REFUSED, "192.0.2.8", elapsed_ms=1), []),
        (tcp(Reach.OK, "192.0.2.8"), []),
        (tcp(Reach.SILENT, V6, "ipv6", elapsed_ms=1500), []),  # told of as a family
    ],
)
def test_one_of_several_addresses_that_costs_time_is_named(other: TcpFacts, expected: list[str]) -> None:
    known = facts(member(tcp(Reach.OK), other, plain(HELLO)), connected=True)
    assert [f.cause for f in lines.addresses_apart(known)] == expected


def test_a_name_that_leads_to_no_computer_is_told_from_a_stopped_server() -> None:
    here = tcp(Reach.REFUSED, "0.0.0.0")
    named = why(member(here))
    literal = why(member(here, host="0.0.0.0", lookup=Lookup(host="0.0.0.0", addresses=("0.0.0.0",), literal=True)))
    assert named is not None
    assert (named.cause, named.certainty) == ("tcp.unusable-address", Certainty.LIKELY)
    assert literal is not None
    assert literal.cause == "tcp.refused"


# ---------------------------------------------------------------- the line


def line(*samples: float, **changes: Any) -> MemberFacts:
    return live(HELLO, changes.pop("host", "db1"), rtt=RttFacts(samples_ms=samples, **changes))


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (line(1, 1, 2), []),
        (line(), []),
        (line(80, 82, 81), []),
        (line(400, 401, 402), ["tcp.high-latency"]),
        (line(6000, 6001), ["tcp.high-latency"]),
        (line(100, 101, 105, 1312, retransmits=1), ["tcp.packet-loss"]),
        (line(100, 101, 105, 1312, 612, 104, 100), ["tcp.packet-loss"]),
        (line(43, 290, 295, 397, 300, retransmits=3), ["tcp.packet-loss"]),
        (line(300, 290, 295, 1397, 300, retransmits=3), ["tcp.high-latency", "tcp.packet-loss"]),
        (line(1, 1, 1, 400), []),
        (line(400, 400, small_bytes=300, large_bytes=3300, large_ms=10_400), ["tcp.low-bandwidth"]),
        (line(1, 1, small_bytes=300, large_bytes=3300, large_ms=2), []),
    ],
)
def test_a_slow_thin_or_lossy_line_is_named(one: MemberFacts, expected: list[str]) -> None:
    assert [f.cause for f in lines.line_quality(facts(one, connected=True))] == expected


def test_a_far_member_of_a_near_set_is_only_a_note() -> None:
    near, far = line(2, 2, 2), line(220, 221, 222, host="db2")
    used = DriverFacts(state=DriverState.CONNECTED, server="db1:27017")
    (note,) = lines.line_quality(facts(near, far, driver=used))
    assert (note.cause, note.severity) == ("tcp.high-latency", Severity.NOTE)
    used = DriverFacts(state=DriverState.CONNECTED, server="db2:27017")
    (warning,) = lines.line_quality(facts(near, far, driver=used))
    assert warning.severity is Severity.WARNING


def test_a_firewall_that_says_that_it_forbids_is_named() -> None:
    attempt = TcpFacts(address="203.0.113.9", family="ipv4", reach=Reach.HOST_UNREACHABLE, errno=113, elapsed_ms=8.0)
    forbidden = MemberFacts(
        address="db.example.com:27017", host="db.example.com", port=27017, tcp=(attempt,), forbidden=True, finished=True
    )
    found = rules.unreachable(facts(forbidden), forbidden)
    assert found is not None
    assert (found.cause, found.certainty) == ("tcp.admin-prohibited", Certainty.PROVEN)


def test_cosmos_db_listens_on_a_port_of_its_own() -> None:
    host = "shop.mongo.cosmos.azure.com"
    wrong = why(dead(host, Reach.SILENT, ip="203.0.113.9"))
    assert wrong is not None
    assert wrong.remedies[0].patch == {"seeds": {"hosts": [f"{host}:10255"]}}
    right = why(dead(host, Reach.SILENT, ip="203.0.113.9", port=10255, address=f"{host}:10255"))
    assert right is not None
    assert (right.cause, right.remedies[0].patch) == ("tcp.no-answer", None)


def test_a_server_on_the_other_loopback_address_is_told_from_one_that_is_stopped() -> None:
    here: dict[str, Any] = {"ip": "127.0.0.1", "loopback": True, "listening": False}
    other = tcp(Reach.OK, "::1", "ipv6", loopback=True)
    found = why(dead("127.0.0.1", over_ipv6=other, **here))
    assert found is not None
    assert (found.cause, found.remedies[0].patch) == ("tcp.refused", {"seeds": {"hosts": ["[::1]:27017"]}})
    stopped = why(dead("127.0.0.1", over_ipv6=tcp(Reach.REFUSED, "::1", "ipv6"), **here))
    assert stopped is not None
    assert stopped.remedies[0].patch is None
    assert (
        list(lines.localhost_elsewhere(facts(dead("localhost", over_ipv6=tcp(Reach.REFUSED, "::1", "ipv6"), **here))))
        == []
    )
