"""TCP probes meet real servers, real refusals and a kernel that swallows, rejects and resets."""

from __future__ import annotations

import asyncio
import errno
import gc
import socket
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from clearline.core.facts.servers import Listening, OtherPort, Reach, TcpFacts
from clearline.core.hops.error_numbers import error_number
from clearline.core.probes.connection import Connection, reach_of, shown_bytes
from clearline.core.probes.tcp import connect, listen, open_connection, other_ports
from lab import deployments, loops, peers
from lab.deployment import Deployment
from lab.namespaces import DEAD_NEIGHBOUR, OUTSIDE, Network

LOCAL = "127.0.0.1"


def test_a_listening_server_is_reached_at_its_own_address(standalone: Deployment) -> None:
    facts = loops.run(connect(LOCAL, standalone.server.port, deadline_s=1))
    assert facts.reach is Reach.OK
    assert (facts.family, facts.loopback, facts.own, facts.private) == ("ipv4", True, True, False)
    assert facts.errno is None
    assert not facts.late
    assert 0 < facts.elapsed_ms < 500


def test_an_opened_connection_carries_bytes_both_ways() -> None:
    async def probe() -> bytes:
        facts, connection = await open_connection(LOCAL, peer.port, deadline_s=1)
        assert facts.reach is Reach.OK
        assert connection is not None
        await connection.send(b"ping")
        answer = await connection.receive()
        assert connection.received_bytes == len(answer)
        assert connection.retransmits() in (0, None)
        connection.close()
        connection.close()
        return answer

    with peers.answering(b"pong") as peer:
        assert loops.run(probe()) == b"pong"


def test_a_closed_port_is_refused_by_number() -> None:
    with peers.closed_port() as port:
        facts, connection = loops.run(open_connection(LOCAL, port, deadline_s=1))
    assert facts.reach is Reach.REFUSED
    assert facts.errno == errno.ECONNREFUSED
    assert connection is None


def test_ipv6_loopback_is_an_address_of_its_own_family() -> None:
    with peers.closed_port("::1") as port:
        facts = loops.run(connect("::1", port, deadline_s=1))
    assert (facts.family, facts.reach, facts.loopback, facts.own) == ("ipv6", Reach.REFUSED, True, True)


@pytest.mark.parametrize(
    ("address", "private"),
    [
        ("10.1.2.3", True),
        ("172.31.0.1", True),
        ("172.32.0.1", False),
        ("192.168.1.1", True),
        ("100.64.0.1", True),
        ("100.128.0.1", False),
        ("169.254.1.1", True),
        ("fd00::1", True),
        ("fe80::1", True),
        ("::ffff:10.0.0.1", True),
        ("2001:db8::1", False),
        ("192.0.2.1", False),
    ],
)
def test_private_addresses_are_told_from_public_ones(address: str, private: bool, lonely: Network) -> None:
    facts = lonely.call(lambda: loops.run(connect(address, 27017, deadline_s=0.05)))
    assert facts.private is private
    assert not facts.own


@pytest.fixture(scope="module")
def lonely() -> Any:
    with Network() as network:
        yield network


def test_a_host_name_is_no_address() -> None:
    assert loops.run(connect("localhost", 1, deadline_s=1)).reach is Reach.OTHER


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="Python has no such sockets on Windows")
def test_a_unix_socket_is_reached_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "mongodb-27017.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        facts = loops.run(connect(str(path), None, deadline_s=1))
    assert (facts.reach, facts.family, facts.address) == (Reach.OK, "unix", str(path))
    assert loops.run(connect(str(path), None, deadline_s=1)).errno == errno.ECONNREFUSED
    missing = loops.run(connect(str(tmp_path / "missing.sock"), None, deadline_s=1))
    assert (missing.reach, missing.errno) == (Reach.REFUSED, errno.ENOENT)


def test_a_full_accept_queue_is_silence_with_retransmits() -> None:
    with peers.FullAcceptQueue() as server:
        facts = loops.run(connect(LOCAL, server.port, deadline_s=1.3))
    assert facts.reach is Reach.SILENT
    assert facts.errno is None
    assert 1300 <= facts.elapsed_ms < 1600
    assert facts.retransmits == 1
    assert facts.source == LOCAL


def test_dropped_packets_are_silence_and_other_ports_tell_a_filter_from_a_dead_host() -> None:
    async def probe() -> tuple[TcpFacts, tuple[OtherPort, ...]]:
        tcp = await connect(OUTSIDE, 27017, deadline_s=0.2)
        return tcp, await other_ports(OUTSIDE, (22, 27017), deadline_s=0.2)

    with Network() as network, peers.silent(listener=network.listen(22)):
        network.drop(port=27017)
        tcp, (ssh, filtered) = network.call(lambda: loops.run(probe()))
    assert (tcp.reach, tcp.private, tcp.own) == (Reach.SILENT, True, False)
    assert (ssh.port, ssh.reach) == (22, Reach.OK)
    assert (filtered.port, filtered.reach) == (27017, Reach.SILENT)


def test_a_late_answer_comes_after_early_silence() -> None:
    early: list[TcpFacts] = []
    with Network() as network:
        facts = network.call(
            lambda: loops.run(connect(DEAD_NEIGHBOUR, 27017, deadline_s=0.5, late_s=5, on_early=early.append))
        )
    assert [(f.reach, f.neighbour) for f in early] == [(Reach.SILENT, "INCOMPLETE")]
    assert 500 <= early[0].elapsed_ms < 700
    assert (facts.reach, facts.errno, facts.late) == (Reach.HOST_UNREACHABLE, errno.EHOSTUNREACH, True)
    assert facts.neighbour == "INCOMPLETE"
    assert 2000 < facts.elapsed_ms < 4500


@pytest.mark.parametrize(
    ("rejection", "reach", "number"),
    [
        ("host-unreachable", Reach.HOST_UNREACHABLE, errno.EHOSTUNREACH),
        ("admin-prohibited", Reach.HOST_UNREACHABLE, errno.EHOSTUNREACH),
        ("net-unreachable", Reach.NETWORK_UNREACHABLE, errno.ENETUNREACH),
        ("tcp reset", Reach.REFUSED, errno.ECONNREFUSED),
    ],
)
def test_a_rejection_is_told_by_its_number(rejection: Any, reach: Reach, number: int) -> None:
    with Network() as network:
        network.reject(rejection, port=27017)
        facts = network.call(lambda: loops.run(connect(OUTSIDE, 27017, deadline_s=1)))
    assert (facts.reach, facts.errno) == (reach, number)
    assert facts.elapsed_ms < 500


def test_without_ipv6_the_network_is_unreachable() -> None:
    with Network() as network:
        facts = network.call(lambda: loops.run(connect("2001:db8::1", 27017, deadline_s=1)))
    assert facts.reach is Reach.NETWORK_UNREACHABLE


@pytest.mark.parametrize(
    ("numbers", "reach"),
    [
        ((111, 61, 10061), Reach.REFUSED),
        ((110, 60, 10060), Reach.SILENT),
        ((104, 54, 10054, 32), Reach.RESET),
        ((113, 65, 10065), Reach.HOST_UNREACHABLE),
        ((101, 51, 10051), Reach.NETWORK_UNREACHABLE),
        ((13, 1, 22, 10013), Reach.DENIED),
        ((24, 23, 10024), Reach.NO_HANDLES),
        ((9,), Reach.OTHER),
    ],
)
def test_numbers_of_linux_macos_and_windows_mean_the_same(numbers: tuple[int, ...], reach: Reach) -> None:
    for number in numbers:
        assert reach_of(OSError(number, "übersetzt")) is reach


def test_the_codes_of_windows_overlapped_calls_become_those_of_its_sockets() -> None:
    class WindowsError(OSError):
        winerror = 1225

    assert error_number(WindowsError()) == 10061
    assert reach_of(WindowsError()) is Reach.REFUSED


def test_shown_bytes_are_ascii_on_one_line_and_at_most_64_of_them() -> None:
    assert shown_bytes(b"HTTP/1.1 400\r\n\xff\x00") == "HTTP/1.1 400\\r\\n\\xff\\x00"
    assert shown_bytes(b"x" * 100) == "x" * 64


@pytest.mark.parametrize(
    ("server", "reach", "said"),
    [
        (peers.silent, Reach.SILENT, ""),
        (peers.closing, Reach.CLOSED, ""),
        (peers.resetting, Reach.RESET, ""),
        (peers.ssh_server, Reach.NOT_MONGODB, "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\\r\\n"),
        (peers.http_server, Reach.SILENT, ""),
    ],
)
def test_listening_tells_who_speaks_or_hangs_up_first(server: Callable[[], Any], reach: Reach, said: str) -> None:
    with server() as peer:
        heard = loops.run(listen(LOCAL, peer.port))
    assert (heard.reach, heard.first_bytes, heard.attempts) == (reach, said, ())
    assert heard.errno == (errno.ECONNRESET if reach is Reach.RESET else None)
    if reach is Reach.SILENT:
        assert 190 <= heard.elapsed_ms < 400
    else:
        assert heard.elapsed_ms < 150


def test_mongodb_waits_for_us_to_speak(standalone: Deployment) -> None:
    assert loops.run(listen(LOCAL, standalone.server.port)).reach is Reach.SILENT


def test_without_a_listener_there_is_a_refusal() -> None:
    with peers.closed_port() as port:
        assert loops.run(listen(LOCAL, port)).reach is Reach.REFUSED


def test_a_server_at_its_connection_limit_hangs_up_unprompted() -> None:
    async def probe() -> Listening:
        return await listen(LOCAL, deployment.server.port, attempts=3)

    with deployments.connection_limit(5) as deployment:
        held = [socket.create_connection((LOCAL, deployment.server.port)) for _ in range(8)]
        try:
            heard = loops.run(probe())
        finally:
            for connection in held:
                connection.close()
    assert heard.reach in (Reach.CLOSED, Reach.RESET)
    assert heard.attempts[0] == heard.reach.value
    assert len(heard.attempts) == 3


@pytest.mark.parametrize("probe", [connect, listen])
def test_cancelling_closes_the_socket_at_once(probe: Callable[..., Coroutine[Any, Any, Any]]) -> None:
    async def cancelled_after_s() -> float:
        options = {"deadline_s": 30.0} if probe is connect else {"wait_s": 30.0}
        task = asyncio.create_task(probe(LOCAL, port, **options))
        await asyncio.sleep(0.1)
        return await loops.cancelled_in_s(task)

    if probe is connect:
        with peers.FullAcceptQueue() as full:
            port = full.port
            assert loops.run(cancelled_after_s()) < 0.02
    else:
        with peers.silent() as peer:
            port = peer.port
            assert loops.run(cancelled_after_s()) < 0.02
    gc.collect()  # an open socket would be a ResourceWarning, and so an error


def test_sockets_that_follow_a_cancelled_one_still_work(standalone: Deployment) -> None:
    """The number of a closed socket is given to the next one: the loop must have forgotten it by then."""

    async def probe() -> list[Reach]:
        reaches = []
        for _ in range(20):
            hanging = asyncio.create_task(listen(LOCAL, peer.port, wait_s=30))
            await asyncio.sleep(0.005)
            hanging.cancel()
            reaches.append((await listen(LOCAL, talker.port, wait_s=5)).reach)
            await asyncio.gather(hanging, return_exceptions=True)
        return reaches

    with peers.silent() as peer, peers.greeting(b"hi") as talker:
        assert loops.run(probe()) == [Reach.NOT_MONGODB] * 20


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not give the lowest free number")
def test_a_socket_whose_number_a_lost_transport_had_is_closed_all_the_same() -> None:
    async def play() -> int:
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        lost, _ = await loop.connect_accepted_socket(asyncio.Protocol, ours)
        number = ours.fileno()
        ours.close()  # as PyMongo does with the socket of a transport that was cancelled as it was made
        sock = socket.socket()
        assert sock.fileno() == number
        Connection(sock).close()
        lost.abort()
        theirs.close()
        return sock.fileno()

    assert loops.run(play()) == -1
