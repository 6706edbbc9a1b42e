"""Networks of our own fail exactly as told."""

from __future__ import annotations

import errno
import os
import socket
import sys
import time
from pathlib import Path

import pytest
from pymongo import MongoClient

from lab import peers
from lab.deployment import Deployment
from lab.dns_server import SILENT, DnsServer
from lab.long_line import Line
from lab.mongo_peer import MongoPeer
from lab.namespaces import DEAD_NEIGHBOUR, INSIDE_V6, OUTSIDE, OUTSIDE_V6, Network, unavailable

SILENT_S = 0.3


def connect(host: str, port: int, timeout_s: float = 10.0) -> int:
    """The errno of one connection attempt, 0 for success, ETIMEDOUT for silence."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as line:
        line.settimeout(timeout_s)
        try:
            line.connect((host, port))
        except TimeoutError:
            return errno.ETIMEDOUT
        except OSError as error:
            return error.errno or -1
        return 0


def test_what_runs_inside_reaches_servers_outside_and_nothing_else() -> None:
    with Network() as network, MongoPeer(listener=network.listen()) as peer:
        assert peer.host == OUTSIDE
        assert network.call(lambda: connect(OUTSIDE, peer.port)) == 0
        assert network.call(lambda: connect(OUTSIDE, 9)) == errno.ECONNREFUSED
        assert network.call(lambda: connect("10.8.0.15", peer.port, SILENT_S)) == errno.ETIMEDOUT
        assert network.call(lambda: connect("2001:db8::1", peer.port)) == errno.ENETUNREACH
        network.outside_address("10.8.0.15")
        assert network.call(lambda: connect("10.8.0.15", peer.port)) == errno.ECONNREFUSED
        with peers.silent(listener=network.listen(27017, "10.8.0.15")):
            assert network.call(lambda: connect("10.8.0.15", 27017)) == 0
        network.no_default_route()
        assert network.call(lambda: connect("10.9.0.15", 27017)) == errno.ENETUNREACH


def test_a_server_of_this_computer_is_published_on_the_inside_s_loopback(standalone: Deployment) -> None:
    with Network() as network:
        network.publish(standalone.address)
        with network.call(lambda: socket.create_connection(("127.0.0.1", standalone.server.port), 5)):
            pass
        network.publish(standalone.address, host=OUTSIDE, port=27017)

        def ping() -> dict[str, object]:
            with MongoClient(f"{OUTSIDE}:27017", serverSelectionTimeoutMS=3000) as client:
                return client.admin.command("ping")

        assert network.call(ping) == {"ok": 1.0}
        network.inside_address("10.79.1.1")
        assert network.call(lambda: connect("10.79.1.1", standalone.server.port)) == errno.ECONNREFUSED


def test_the_inside_has_its_own_resolver_and_hosts_file() -> None:
    with Network(hosts={"db.corp.test": "10.8.0.15"}, search="lab.test") as network:
        server = network.dns_server({("m1.lab.test", "A"): "10.1.2.3", ("*", "AAAA"): SILENT})

        def lookup(name: str) -> object:
            return network.call(lambda: socket.getaddrinfo(name, 1, socket.AF_INET)[0][4][0])

        assert lookup("db.corp.test") == "10.8.0.15"
        assert lookup("m1.lab.test") == "10.1.2.3"
        assert lookup("m1") == "10.1.2.3"
        with pytest.raises(socket.gaierror) as raised:
            lookup("other.lab.test")
        assert raised.value.errno == socket.EAI_NONAME
        assert server.asked("other.lab.test", "A") >= 1
        code = "import socket; print(socket.gethostbyname('m1.lab.test'))"
        done = network.run([sys.executable, "-c", code])
        assert done.stdout == "10.1.2.3\n", done.stderr
        assert isinstance(server, DnsServer)


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("host-unreachable", errno.EHOSTUNREACH),
        ("admin-prohibited", errno.EHOSTUNREACH),
        ("net-unreachable", errno.ENETUNREACH),
        ("tcp reset", errno.ECONNREFUSED),
    ],
)
@pytest.mark.parametrize("here", [False, True])
def test_rejections_arrive_as_their_errno(kind: str, number: int, here: bool) -> None:
    with Network() as network, peers.silent(listener=network.listen()) as peer:
        network.reject(kind, host=OUTSIDE, port=peer.port, here=here)  # type: ignore[arg-type]
        assert network.call(lambda: connect(OUTSIDE, peer.port)) == number
        network.open_again()
        assert network.call(lambda: connect(OUTSIDE, peer.port)) == 0


def test_drops_are_silent_on_the_way_out_and_on_loopback() -> None:
    with Network() as network, peers.silent(listener=network.listen()) as far:
        with (
            peers.silent(listener=network.listen_inside()) as near,
            peers.silent(listener=network.listen_inside()) as fine,
        ):
            network.drop(host=OUTSIDE, port=far.port)
            network.drop(host="127.0.0.1", port=near.port)
            assert network.call(lambda: connect(OUTSIDE, far.port, SILENT_S)) == errno.ETIMEDOUT
            assert network.call(lambda: connect("127.0.0.1", near.port, SILENT_S)) == errno.ETIMEDOUT
            assert network.call(lambda: connect("127.0.0.1", fine.port)) == 0


def test_only_open_connections_go_silent() -> None:
    with Network() as network, peers.answering(b"yes", listener=network.listen()) as peer:

        def connected() -> socket.socket:
            return network.call(lambda: socket.create_connection((OUTSIDE, peer.port), 5))

        def silent(line: socket.socket) -> bool:
            line.settimeout(SILENT_S)
            line.sendall(b"?")
            with pytest.raises(TimeoutError):
                line.recv(3)
            return True

        with connected() as old:
            network.drop_established(peer.port)
            with connected() as new:
                new.sendall(b"?")
                assert new.recv(3) == b"yes"
                assert silent(old)
        with connected() as second:
            network.drop_established(peer.port)
            with connected() as third:
                third.sendall(b"?")
                assert third.recv(3) == b"yes"
                assert silent(second)


def test_large_packets_are_lost_and_small_ones_pass() -> None:
    with Network() as network, peers.answering(b"x" * 5000, listener=network.listen()) as large:
        with peers.answering(b"x" * 50, listener=network.listen()) as small:
            network.drop_larger_than(600)
            for peer, answer in ((small, 50), (large, None)):
                with network.call(lambda peer=peer: socket.create_connection((OUTSIDE, peer.port), 0.3)) as line:
                    line.sendall(b"?")
                    if answer:
                        assert len(line.recv(100)) == answer
                    else:
                        with pytest.raises(TimeoutError):
                            line.recv(100)


def test_routes_that_lead_nowhere() -> None:
    with Network() as network:
        network.route("prohibit", "192.0.2.0/25")
        network.route("unreachable", "192.0.2.128/25")
        assert network.call(lambda: connect("192.0.2.1", 1)) == errno.EACCES
        assert network.call(lambda: connect("192.0.2.129", 1)) == errno.EHOSTUNREACH


def test_ipv6_works_until_it_is_dropped() -> None:
    with Network(ipv6=True) as network, peers.silent(listener=network.listen(0, OUTSIDE_V6)) as peer:
        assert network.call(lambda: connect(OUTSIDE_V6, peer.port)) == 0
        network.drop(host=OUTSIDE_V6)
        assert network.call(lambda: connect(OUTSIDE_V6, peer.port, SILENT_S)) == errno.ETIMEDOUT
        assert network.call(lambda: connect("2001:db8::1", 1, SILENT_S)) == errno.ETIMEDOUT
        assert network.call(lambda: connect(INSIDE_V6, 1)) == errno.ECONNREFUSED


def test_a_long_line_takes_its_time_and_loses_packets_without_losing_data() -> None:
    with Network(line=Line(delay_s=0.05, loss=0.1, seed=3)) as network:
        with MongoPeer(listener=network.listen()) as peer:

            def ping() -> list[float]:
                with MongoClient(peer.address) as client:
                    client.admin.command("ping")
                    times = []
                    for _ in range(10):
                        begin = time.perf_counter()
                        client.admin.command("ping")
                        times.append(time.perf_counter() - begin)
                    return times

            times = network.call(ping)
    assert min(times) >= 0.1
    assert max(times) > 0.25  # a packet that was sent again


def test_a_dead_neighbour_is_reported_after_three_seconds() -> None:
    with Network() as network:
        assert network.call(lambda: connect(DEAD_NEIGHBOUR, 1, 5)) == errno.EHOSTUNREACH


def test_nothing_is_left_behind() -> None:
    with Network() as network:
        assert Path("/run/netns", network.inside).exists()
    assert not Path("/run/netns", network.inside).exists()
    assert not Path("/etc/netns", network.inside).exists()
    assert not list(Path("/run/netns").glob(f"clearline-{os.getpid()}-*-in"))
    assert unavailable() is None
