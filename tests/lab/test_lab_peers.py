"""Every peer does what it says, seen by plain sockets and by the driver."""

from __future__ import annotations

import socket
import ssl
import sys
import time

import pytest
from pymongo import MongoClient
from pymongo.errors import AutoReconnect, ConfigurationError, OperationFailure, ServerSelectionTimeoutError

from lab import peers
from lab.certificates import Authority, server_context
from lab.mongo_peer import CLOSE, RESET, SILENCE, Command, Failure, Late, MongoPeer, hello, member_hello
from lab.peer import Peer
from lab.relay import Relay


def connect(peer: Peer | peers.FullAcceptQueue) -> socket.socket:
    return socket.create_connection((peer.host, peer.port), 5)


def test_a_reset_comes_without_being_asked() -> None:
    with peers.resetting() as peer, pytest.raises(ConnectionResetError):
        with connect(peer) as line:  # the reset may be there before connect() has returned
            line.recv(1)


def test_a_close_comes_without_being_asked() -> None:
    with peers.closing() as peer, connect(peer) as line:
        assert line.recv(1) == b""


def test_a_reset_waits_for_the_first_bytes() -> None:
    with peers.reset_after_data() as peer, connect(peer) as line:
        line.settimeout(0.05)
        with pytest.raises(TimeoutError):
            line.recv(1)
        line.sendall(b"x")
        line.settimeout(5)
        with pytest.raises(ConnectionResetError):
            line.recv(1)


def test_a_close_waits_for_the_first_bytes() -> None:
    with peers.close_after_data() as peer, connect(peer) as line:
        line.sendall(b"x")
        assert line.recv(1) == b""
        assert peer.received == [b"x"]


def test_a_silent_peer_hears_and_says_nothing() -> None:
    with peers.silent() as peer, connect(peer) as line:
        line.sendall(b"anyone?")
        peer.wait_for(lambda: peer.connections == 1)
        line.settimeout(0.05)
        with pytest.raises(TimeoutError):
            line.recv(1)


@pytest.mark.parametrize(
    ("make", "begin"),
    [
        (peers.http_server, b"HTTP/1.1 400"),
        (peers.ssh_server, b"SSH-2.0-"),
        (peers.mysql_server, b"\x4a\x00\x00\x00\x0a8.0.36"),
        (peers.redis_server, b"-ERR"),
        (peers.postgres_server, b"E\x00"),
    ],
)
def test_other_services_speak_their_own_language(make: object, begin: bytes) -> None:
    with make() as peer, connect(peer) as line:  # type: ignore[operator]
        line.sendall(b"x")
        assert line.recv(100).startswith(begin)


@pytest.mark.parametrize("number", [40, 80, 112, 116])
def test_a_tls_alert_answers_a_client_hello(number: int) -> None:
    with peers.tls_alert(number) as peer, connect(peer) as line, pytest.raises(ssl.SSLError) as raised:
        ssl.create_default_context().wrap_socket(line, server_hostname="localhost")
    assert raised.value.reason is not None
    assert "ALERT" in raised.value.reason or "UNRECOGNIZED_NAME" in raised.value.reason


@pytest.mark.skipif(sys.platform != "linux", reason="other kernels refuse instead")
def test_a_full_accept_queue_swallows_the_next_connection() -> None:
    with peers.FullAcceptQueue() as peer, socket.socket() as line:
        line.settimeout(0.3)
        with pytest.raises(TimeoutError):
            line.connect((peer.host, peer.port))


def test_nothing_listens_on_a_closed_port() -> None:
    with peers.closed_port() as port, pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 5)


def test_a_scripted_mongod_satisfies_the_driver(authority: Authority) -> None:
    with MongoPeer(tls=server_context(authority.server())) as peer:
        with MongoClient(peer.address, tls=True, tlsCAFile=str(authority.ca_file)) as client:
            assert client.admin.command("ping") == {"ok": 1.0}
            assert client.server_info()["version"] == "6.0.5"
            assert client.appdb.things.find_one() is None
        assert peer.login_attempts == 0
        assert peer.received_commands("find")[0]["find"] == "things"
        assert peer.errors == []


def test_a_scripted_mongod_can_be_too_old() -> None:
    with MongoPeer({"hello": hello(maxWireVersion=8)}) as peer, MongoClient(peer.address) as client:
        with pytest.raises(ConfigurationError):
            client.admin.command("ping")


def test_a_scripted_failure_reaches_the_driver_with_its_code_and_counts_as_one_login() -> None:
    refused = Failure(8000, "bad auth : authentication failed", "AtlasError")
    with MongoPeer({"saslStart": refused}, mechanisms={"admin.app": ["SCRAM-SHA-256"]}) as peer:
        with MongoClient(peer.address, username="app", password="pass") as client:
            with pytest.raises(OperationFailure) as raised:
                client.admin.command("ping")
        assert raised.value.code == 8000
        assert peer.login_attempts == 1


def test_one_answer_can_stand_for_all_commands_but_hello() -> None:
    with MongoPeer({"*": Failure(498870, "apiVersion required")}) as peer, MongoClient(peer.address) as client:
        with pytest.raises(OperationFailure) as raised:
            client.admin.command("ping")
    assert raised.value.code == 498870


@pytest.mark.parametrize("manner", [CLOSE, RESET])
def test_a_scripted_mongod_can_hang_up(manner: object) -> None:
    with MongoPeer({"ping": manner}) as peer, MongoClient(peer.address) as client:  # type: ignore[dict-item]
        with pytest.raises(AutoReconnect):
            client.admin.command("ping")


def test_a_scripted_mongod_can_be_late_or_silent() -> None:
    with MongoPeer({"ping": Late(0.1, {}), "hello": SILENCE}) as peer:
        with MongoClient(peer.address, serverSelectionTimeoutMS=200, connectTimeoutMS=100) as client:
            with pytest.raises(ServerSelectionTimeoutError):
                client.admin.command("ping")
        peer.answers["hello"] = hello()
        with MongoClient(peer.address) as client:
            begin = time.perf_counter()
            client.admin.command("ping")
            assert time.perf_counter() - begin >= 0.1


def test_scripted_members_form_a_set_whose_primary_is_found_by_the_driver() -> None:
    def answer(command: Command) -> dict[str, object]:
        me = command.peer.address
        role = "primary" if command.peer is second else "secondary"
        return member_hello("rs0", [first.address, second.address], me=me, primary=second.address, role=role)

    with MongoPeer({"hello": answer}) as first, MongoPeer({"hello": answer}) as second:
        with MongoClient(first.address, replicaSet="rs0") as client:
            client.admin.command("ping")
            assert client.primary == (second.host, second.port)


def test_a_relay_delays_each_way_and_can_hold_the_line() -> None:
    with MongoPeer() as server, Relay(server.address, delay_s=0.1) as relay:
        with MongoClient(relay.address) as client:
            begin = time.perf_counter()
            client.admin.command("ping")
            assert time.perf_counter() - begin >= 0.4  # a handshake and a ping, both ways
        relay.hold()
        with MongoClient(relay.address, serverSelectionTimeoutMS=300, connectTimeoutMS=250) as client:
            with pytest.raises(ServerSelectionTimeoutError):
                client.admin.command("ping")


def test_a_relay_cuts_the_line() -> None:
    with peers.silent() as server, Relay(server.address) as relay, connect(relay) as line:
        server.wait_for(lambda: server.connections >= 1)  # the line is open from end to end
        relay.cut()
        with pytest.raises(ConnectionResetError):
            line.recv(1)


def test_a_relay_lets_only_so_many_bytes_pass() -> None:
    page = b"x" * 200
    with peers.answering(page) as server, Relay(server.address, bytes_per_second=1000) as relay, connect(relay) as line:
        begin = time.perf_counter()
        line.sendall(b"?")
        got = b""
        while data := line.recv(1000):
            got += data
        assert got == page
        assert time.perf_counter() - begin >= 0.2


def test_a_relay_without_a_server_hangs_up() -> None:
    with peers.closed_port() as port, Relay(f"127.0.0.1:{port}") as relay, connect(relay) as line:
        assert line.recv(1) == b""
