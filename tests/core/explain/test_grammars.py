"""What each family of drivers prints of a deployment, as servers with types and errors."""

from __future__ import annotations

import json

import pytest

from clearline.core.explain.brackets import closing, fields, inside, pieces
from clearline.core.explain.grammars import GRAMMARS
from clearline.core.explain.normalise import Text
from clearline.core.explain.reading import addresses, read

VIEWS = [
    (
        "Topology Description: <TopologyDescription id: 1, topology_type: ReplicaSetNoPrimary, servers: "
        "[<ServerDescription ('db1', 27017) server_type: RSSecondary, rtt: 0.1>, <ServerDescription ('db2', 27018) "
        "server_type: Unknown, rtt: None, error=AutoReconnect('db2:27018: [Errno 111] Connection refused')>]>",
        [("db1:27017", "secondary", False), ("db2:27018", "unknown", True)],
    ),
    (
        "reason: TopologyDescription {\n type: 'ReplicaSetNoPrimary',\n servers: Map(2) {\n 'db1:27017' => "
        "ServerDescription {\n address: 'db1:27017',\n type: 'RSSecondary',\n hosts: [ 'db1:27017', 'db2:27017' ],\n "
        "error: null\n },\n 'db2:27017' => [ServerDescription]\n },\n setName: 'rs0' }",
        [("db1:27017", "secondary", False), ("db2:27017", "", False)],
    ),
    (
        "Client view of cluster state is {type=REPLICA_SET, servers=[{address=[::1]:27017, type=UNKNOWN, "
        "state=CONNECTING, exception={com.mongodb.MongoSocketOpenException: Exception, opening socket}, caused by "
        "{java.net.ConnectException: Connection refused}}, {address=db2:27017, type=REPLICA_SET_GHOST}]",
        [("[::1]:27017", "unknown", True), ("db2:27017", "ghost", False)],
    ),
    (
        "current topology: { Type: Unknown, Servers: [{ Addr: db1:27017, Type: Unknown, Last error: x509: certificate "
        "is valid for a, b, not db1 }, ] }",
        [("db1:27017", "unknown", True)],
    ),
    (
        "Topology: { Type: Unknown, Servers: [ { Address: db1:27017, Type: Unknown, Error: Kind: I/O error: Connection "
        "refused (os error 61), labels: {} }, ] }",
        [("db1:27017", "unknown", True)],
    ),
    (
        'Client view of cluster state is { ClusterId : "1", Type : "Unknown", Servers : [{ ServerId: "{ ClusterId : 1, '
        'EndPoint : "Unspecified/db1:27017" }", EndPoint: "Unspecified/db1:27017", Type: "Unknown", HeartbeatException:'
        ' "A: b ---> System.Net.Sockets.SocketException (111): Connection refused" }] }.',
        [("db1:27017", "unknown", True)],
    ),
    (
        "No suitable servers found: [connection refused calling hello on 'db1:27017'] [Failed to resolve 'db2']",
        [("db1:27017", "", True), ("db2:27017", "", True)],
    ),
    (
        "#<Cluster topology=ReplicaSetNoPrimary[db1:27017,name=rs0] servers=[#<Server address=db1:27017 UNKNOWN>]>",
        [("db1:27017", "unknown", False)],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "servers"), VIEWS, ids=lambda value: str(value)[:24])
def test_a_view_gives_its_servers(text: str, servers: list[tuple[str, str, bool]]) -> None:
    record = read(Text.of(text), None)
    assert [(s.address, s.type, bool(s.errors)) for s in record.servers] == servers


@pytest.mark.parametrize(("text", "servers"), VIEWS, ids=lambda value: str(value)[:24])
def test_a_view_in_an_escaped_log_line_gives_the_same(text: str, servers: list[tuple[str, str, bool]]) -> None:
    line = "api-1  | " + json.dumps({"level": "error", "message": text})
    assert [s.address for s in read(Text.of(line), None).servers] == [address for address, *_ in servers]


@pytest.mark.parametrize(("text", "servers"), VIEWS, ids=lambda value: str(value)[:24])
def test_a_view_cut_anywhere_raises_nothing(text: str, servers: list[tuple[str, str, bool]]) -> None:
    for at in range(0, len(text), 7):
        for grammar in GRAMMARS:
            assert len([s for view in grammar(text[:at]) for s in view.servers]) <= len(servers)


def test_an_emptied_view_is_told() -> None:
    [view] = read(
        Text.of("TopologyDescription { type: 'ReplicaSetNoPrimary', servers: Map(0) {}, setName: 'a' }"), None
    ).views
    assert view.emptied
    assert view.set_name == "a"


def test_brackets_end_with_the_text_when_they_are_cut() -> None:
    assert closing("{a(b}", 0) == 4
    assert inside("{a{b", 0) == "a{b"
    assert list(pieces("a, {b, c}, d")) == ["a", "{b, c}", "d"]
    assert fields("x=1, tail, y=2", frozenset({"x", "y"})) == {"x": "1, tail", "y": "2"}
    assert closing("{" * 5000, 0) == 5000


def test_an_address_gives_everything_but_its_password() -> None:
    [address] = addresses("uri=mongodb://app:hunter22@db1:27017,db2/shop?authSource=admin&tls=true.")
    assert "hunter22" not in repr(address)
    assert address.hosts == ("db1:27017", "db2")
    assert address.database == "shop"
    assert address.options["authsource"] == "admin"
    assert address.user
