"""hello meets real servers, scripted ones, and whatever else answers on a port."""

from __future__ import annotations

import asyncio
import datetime
import errno
import gc
import struct
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import bson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clearline.core.addresses import split_address
from clearline.core.diagnosis.standing import known_addresses
from clearline.core.facts.replies import LONGEST_TEXT
from clearline.core.facts.servers import Exchange, Hello, Reach
from clearline.core.probes.connection import Connection
from clearline.core.probes.hello import ask, extras, mechanisms, parse_hello, say_hello
from clearline.core.probes.tcp import open_connection
from lab import loops, peers
from lab.deployment import Deployment
from lab.deployments import Frozen
from lab.mongo_peer import CLOSE, SILENCE, Failure, Late, MongoPeer, member_hello, mongos_hello, uninitiated_hello
from lab.mongo_peer import hello as hello_document
from lab.peer import Conversation, Peer
from lab.relay import Relay

T = TypeVar("T")


async def opened(port: int) -> Connection:
    facts, connection = await open_connection("127.0.0.1", port, deadline_s=2)
    assert connection is not None, facts
    return connection


def exchange_with(port: int, **options: Any) -> Exchange:
    async def probe() -> Exchange:
        connection = await opened(port)
        try:
            return await say_hello(connection, **{"tls": False, "deadline_s": 1.0, **options})
        finally:
            connection.close()

    return loops.run(probe())


def on_line(port: int, question: Callable[[Connection], Coroutine[Any, Any, T]]) -> T:
    """What ``question`` gets on a line that has said hello."""

    async def probe() -> T:
        connection = await opened(port)
        assert (await say_hello(connection, tls=False, deadline_s=2)).reach is Reach.OK
        try:
            return await question(connection)
        finally:
            connection.close()

    return loops.run(probe())


def test_a_standalone_says_what_it_is(standalone: Deployment) -> None:
    exchange = exchange_with(standalone.server.port)
    assert (exchange.reach, exchange.tls, exchange.late, exchange.errno) == (Reach.OK, False, False, None)
    assert exchange.first_bytes == ""
    assert exchange.received_bytes > 200
    assert exchange.first_byte_ms is not None
    assert 0 < exchange.first_byte_ms <= exchange.elapsed_ms < 500
    hello = exchange.hello
    assert hello is not None
    assert (hello.ok, hello.kind, hello.max_wire_version) == (True, "standalone", 17)
    assert hello.clock_skew_s is not None
    assert abs(hello.clock_skew_s) < 0.5
    assert hello.local_time is not None
    assert datetime.datetime.fromisoformat(hello.local_time).tzinfo is not None
    assert "maxBsonObjectSize" in hello.fields
    assert hello.sasl_supported_mechs == {}


def test_the_server_knows_clearline_by_name(standalone: Deployment) -> None:
    async def names_while_open() -> list[str]:
        connection = await opened(standalone.server.port)
        assert (await say_hello(connection, tls=False, deadline_s=2)).reach is Reach.OK
        everybody = {"$currentOp": {"idleConnections": True}}
        answer = await ask(connection, {"aggregate": 1, "pipeline": [everybody], "cursor": {}})
        connection.close()
        assert answer is not None
        return [operation.get("appName", "") for operation in answer["cursor"]["firstBatch"]]

    assert "Clearline" in loops.run(names_while_open())


def test_a_member_names_its_set_and_its_primary(replica_set: Deployment) -> None:
    hello = exchange_with(replica_set.member("secondary").port).hello
    assert hello is not None
    assert (hello.kind, hello.set_name, hello.secondary) == ("secondary", "rs0", True)
    assert len(hello.hosts) == 3
    assert hello.primary in hello.hosts
    assert hello.me in hello.hosts
    assert hello.set_version is not None


def test_users_are_looked_up_in_the_same_exchange(login_server: Deployment) -> None:
    hello = exchange_with(login_server.server.port, users=("admin.app", "admin.nobody", "test.app")).hello
    assert hello is not None
    assert set(hello.sasl_supported_mechs["admin.app"]) == {"SCRAM-SHA-1", "SCRAM-SHA-256"}
    assert hello.sasl_supported_mechs["admin.nobody"] == ()
    assert hello.sasl_supported_mechs["test.app"] == ()


def test_mechanisms_can_be_asked_for_later_on_the_same_line(login_server: Deployment) -> None:
    found = on_line(login_server.server.port, lambda line: mechanisms(line, ["admin.app", "admin.nobody"]))
    assert set(found) == {"admin.app", "admin.nobody"}
    assert "SCRAM-SHA-256" in (found["admin.app"] or ())
    assert found["admin.nobody"] is None


def test_a_user_without_a_usable_mechanism_is_told_from_no_user() -> None:
    with MongoPeer(mechanisms={"admin.app": []}) as peer:
        found = on_line(peer.port, lambda line: mechanisms(line, ["admin.app", "admin.nobody"]))
    assert found == {"admin.app": (), "admin.nobody": None}


def test_extras_tell_whether_reads_need_a_login(standalone: Deployment, login_server: Deployment) -> None:
    free = on_line(standalone.server.port, extras)
    assert (free.version, free.open_read_code, free.repl_status_code) == ("6.0.5", 0, 76)
    assert (free.build_info_code, free.ferretdb) == (0, False)
    locked = on_line(login_server.server.port, extras)
    assert (locked.version, locked.open_read_code, locked.repl_status_code) == ("6.0.5", 13, 13)


def test_extras_tell_an_uninitiated_set_and_read_from_secondaries(
    uninitiated: Deployment, replica_set: Deployment
) -> None:
    assert on_line(uninitiated.server.port, extras).repl_status_code == 94
    member = on_line(replica_set.member("secondary").port, extras)
    assert (member.repl_status_code, member.open_read_code) == (0, 0)


def test_extras_know_ferretdb_and_refusals() -> None:
    build = {"version": "7.0.77", "modules": ["enterprise"], "ferretdb": {"version": "2.0.0"}}
    with MongoPeer({"buildInfo": build, "find": Failure(498870, "apiVersion")}) as peer:
        found = on_line(peer.port, extras)
    assert (found.ferretdb, found.version, found.modules, found.open_read_code) == (
        True,
        "7.0.77",
        ("enterprise",),
        498870,
    )


def test_extras_keep_what_was_learnt_before_the_line_broke() -> None:
    with MongoPeer({"replSetGetStatus": CLOSE}) as peer:
        found = on_line(peer.port, extras)
    assert (found.open_read_code, found.repl_status_code, found.version) == (0, None, None)


def test_a_command_without_answer_is_none_and_closes_the_line() -> None:
    async def twice(line: Connection) -> tuple[object, object]:
        return await ask(line, {"ping": 1}, deadline_s=0.1), await ask(line, {"ping": 1}, deadline_s=5)

    with MongoPeer({"ping": SILENCE}) as peer:
        assert on_line(peer.port, twice) == (None, None)


def test_an_error_document_is_an_answer() -> None:
    with MongoPeer({"ping": Failure(13, "no", "Unauthorized")}) as peer:
        answer = on_line(peer.port, lambda line: ask(line, {"ping": 1}))
    assert answer is not None
    assert (answer["ok"], answer["code"]) == (0.0, 13)


def test_a_hello_that_fails_keeps_its_code() -> None:
    with MongoPeer({"hello": Failure(5, "too many", "Graph")}) as peer:
        hello = exchange_with(peer.port).hello
    assert hello is not None
    assert (hello.ok, hello.code, hello.code_name, hello.message) == (False, 5, "Graph", "too many")


def test_behind_a_load_balancer_the_first_message_says_so() -> None:
    service = bson.ObjectId()
    with MongoPeer({"hello": hello_document(serviceId=service)}) as peer:
        hello = exchange_with(peer.port, load_balanced=True).hello
        (asked,) = peer.received_commands("hello")
    assert hello is not None
    assert hello.service_id == str(service)
    assert asked["loadBalanced"] is True
    assert next(iter(asked)) == "hello"


def test_the_first_message_is_the_drivers(standalone: Deployment) -> None:
    from pymongo import MongoClient

    with MongoPeer() as peer:
        exchange_with(peer.port)
        with MongoClient[dict[str, Any]](f"mongodb://{peer.address}/?directConnection=true") as client:
            client.admin.command("ping")
        ours, drivers = peer.received_commands("hello")[:2]
    assert list(ours)[:2] == list(drivers)[:2] == ["ismaster", "helloOk"]
    assert set(ours) <= set(drivers)
    assert set(ours["client"]) == {"application", "driver", "os", "platform"}
    opcode = struct.unpack_from("<i", peer.received[0], 12)
    assert opcode == struct.unpack_from("<i", peer.received[1], 12) == (2013,)


def test_a_long_application_name_is_cut_where_servers_accept_it(standalone: Deployment) -> None:
    assert exchange_with(standalone.server.port, app_name="ü" * 100).reach is Reach.OK


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        (hello_document(), "standalone"),
        (mongos_hello(), "router"),
        (uninitiated_hello(), "ghost"),
        (member_hello("rs0", ["a:1", "b:1"], me="a:1", role="primary"), "primary"),
        (member_hello("rs0", ["a:1", "b:1"], me="b:1", role="arbiter"), "arbiter"),
        (member_hello("rs0", ["a:1", "b:1"], me="b:1", role="hidden"), "hidden"),
        (member_hello("rs0", ["a:1", "b:1"], me="b:1", role="starting"), "other"),
    ],
)
def test_every_kind_of_server_is_read(document: dict[str, Any], kind: str) -> None:
    with MongoPeer({"hello": document}) as peer:
        hello = exchange_with(peer.port).hello
    assert hello is not None
    assert hello.kind == kind


def test_fields_of_wrong_types_count_as_absent() -> None:
    hello = parse_hello({"ok": 1, "setName": 7, "hosts": "a:1", "tags": ["x"], "maxWireVersion": "17", "localTime": 0})
    assert hello == Hello(
        fields=("ok", "setName", "hosts", "tags", "maxWireVersion", "localTime"),
        malformed=("maxWireVersion (a text)", "setName (a number)", "hosts (a text)"),
    )


def test_an_answer_that_does_not_say_ok_is_malformed() -> None:
    assert parse_hello({"maxWireVersion": 17}).malformed == ("no ok",)
    assert parse_hello({"ok": 1.0, "maxWireVersion": 17.0, "primary": None}).malformed == ()


def test_the_clock_is_compared_with_the_middle_of_the_round_trip() -> None:
    server_clock = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=800, seconds=-1)
    hello = parse_hello({"ok": 1, "localTime": server_clock}, elapsed_s=2.0)
    assert hello.clock_skew_s == pytest.approx(800 * 86400, abs=0.2)


def test_a_date_that_python_cannot_hold_is_left_out() -> None:
    with MongoPeer({"hello": hello_document(localTime=bson.DatetimeMS(2**62))}) as peer:
        hello = exchange_with(peer.port).hello
    assert hello is not None
    assert (hello.local_time, hello.clock_skew_s) == (None, None)


@pytest.mark.parametrize(
    ("server", "first_bytes"),
    [
        (peers.http_server, "HTTP/1.1 400"),
        (peers.ssh_server, "SSH-2.0-"),
        (peers.mysql_server, "J\\x00\\x00\\x00\\n8.0.36"),
        (peers.redis_server, "-ERR unknown command"),
        (peers.postgres_server, "E\\x00\\x00\\x00"),
        (lambda: peers.tls_alert(40), "\\x15\\x03\\x03\\x00\\x02\\x02("),
        (lambda: peers.answering(b"no"), "no"),
        (lambda: peers.answering(struct.pack("<iiii", 26, 1, 4711, 2013) + bytes(10)), "\\x1a"),
        (lambda: peers.answering(b"\xff" * 100), "\\xff"),
    ],
)
def test_a_server_that_speaks_something_else_is_no_mongodb(server: Callable[[], Peer], first_bytes: str) -> None:
    with server() as peer:
        exchange = exchange_with(peer.port)
    assert exchange.reach is Reach.NOT_MONGODB
    assert exchange.first_bytes.startswith(first_bytes)
    assert exchange.received_bytes > 0
    assert exchange.hello is None
    assert exchange.elapsed_ms < 500


def test_an_answer_that_is_no_bson_is_no_mongodb() -> None:
    async def script(line: Conversation) -> None:
        asked = await line.read()
        body = struct.pack("<IB", 0, 0) + struct.pack("<i", 20) + b"\x99" * 16
        await line.write(struct.pack("<iiii", 16 + len(body), 1, *struct.unpack_from("<i", asked, 4), 2013) + body)
        await line.until_closed()

    with Peer(script) as peer:
        assert exchange_with(peer.port).reach is Reach.NOT_MONGODB


def test_an_old_servers_op_reply_is_understood() -> None:
    async def script(line: Conversation) -> None:
        asked = await line.read()
        body = struct.pack("<iqii", 8, 0, 0, 1) + bson.encode({"ok": 1, "maxWireVersion": 8})
        await line.write(struct.pack("<iiii", 16 + len(body), 1, *struct.unpack_from("<i", asked, 4), 1) + body)
        await line.until_closed()

    with Peer(script) as peer:
        hello = exchange_with(peer.port).hello
    assert hello is not None
    assert hello.max_wire_version == 8


@pytest.mark.parametrize(
    ("server", "reach", "number"),
    [
        (peers.close_after_data, Reach.CLOSED, None),
        (peers.reset_after_data, Reach.RESET, errno.ECONNRESET),
        (peers.silent, Reach.SILENT, None),
    ],
)
def test_a_line_that_ends_or_stays_silent_is_told(server: Callable[[], Peer], reach: Reach, number: int | None) -> None:
    with server() as peer:
        exchange = exchange_with(peer.port, deadline_s=0.2)
    assert (exchange.reach, exchange.errno, exchange.received_bytes) == (reach, number, 0)
    assert exchange.first_byte_ms is None
    assert (exchange.elapsed_ms >= 200) is (reach is Reach.SILENT)


def test_a_server_that_speaks_tls_only_hangs_up(tls_server: Deployment) -> None:
    assert exchange_with(tls_server.server.port).reach in (Reach.CLOSED, Reach.RESET)


def test_a_frozen_server_is_silent_and_its_late_answer_counts(standalone: Deployment) -> None:
    early: list[Exchange] = []

    async def probe() -> Exchange:
        connection = await opened(standalone.server.port)
        with Frozen(standalone.server):
            task = asyncio.create_task(
                say_hello(connection, tls=False, deadline_s=0.15, late_s=5, on_early=early.append)
            )
            await asyncio.sleep(0.3)
            assert not task.done()
        exchange = await task
        connection.close()
        return exchange

    exchange = loops.run(probe())
    assert [(e.reach, e.late) for e in early] == [(Reach.SILENT, False)]
    assert 150 <= early[0].elapsed_ms < 300
    assert (exchange.reach, exchange.late) == (Reach.OK, True)
    assert exchange.hello is not None
    assert exchange.elapsed_ms >= 250


def test_late_patience_ends_too() -> None:
    early: list[Exchange] = []
    with MongoPeer({"hello": Late(5, hello_document())}) as peer:
        exchange = exchange_with(peer.port, deadline_s=0.1, late_s=0.3, on_early=early.append)
    assert (exchange.reach, exchange.late) == (Reach.SILENT, False)
    assert len(early) == 1
    assert 300 <= exchange.elapsed_ms < 600


def test_a_narrow_line_makes_progress_and_is_not_silent(standalone: Deployment) -> None:
    early: list[Exchange] = []
    with Relay(standalone.address, bytes_per_second=600) as relay:
        exchange = exchange_with(relay.port, deadline_s=0.6, late_s=0.7, on_early=early.append)
    assert (exchange.reach, exchange.late, early) == (Reach.OK, False, [])
    assert exchange.first_byte_ms is not None
    assert exchange.elapsed_ms - exchange.first_byte_ms > 200


def test_half_an_answer_is_shown_in_the_early_facts() -> None:
    async def script(line: Conversation) -> None:
        await line.read()
        await line.write(b"\x00\x01")
        await line.until_closed()

    with Peer(script) as peer:
        exchange = exchange_with(peer.port, deadline_s=0.1)
    assert (exchange.reach, exchange.received_bytes, exchange.first_bytes) == (Reach.SILENT, 2, "\\x00\\x01")


def test_cancelling_hangs_up_at_once() -> None:
    async def probe() -> float:
        connection = await opened(peer.port)
        task = asyncio.create_task(say_hello(connection, tls=False, deadline_s=30))
        await asyncio.sleep(0.05)
        started = time.perf_counter()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        spent = time.perf_counter() - started
        with pytest.raises(OSError, match=r"Bad file descriptor|not a socket"):
            await connection.send(b"x")
        return spent

    with MongoPeer({"hello": SILENCE}) as peer:
        assert loops.run(probe()) < 0.02
    gc.collect()


_bson_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.text("aZ9:.[]²ü\x00/ ", max_size=12)
    | st.binary(max_size=20)
    | st.datetimes(timezones=st.just(datetime.UTC))
    | st.sampled_from(["x:²", "[::1]:abc", "/run/x.sock", "a" * 5000]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)
_hello_fields = st.sampled_from(
    [
        "ok",
        "code",
        "codeName",
        "errmsg",
        "setName",
        "isWritablePrimary",
        "ismaster",
        "secondary",
        "arbiterOnly",
        "hidden",
        "passive",
        "isreplicaset",
        "msg",
        "me",
        "primary",
        "hosts",
        "passives",
        "arbiters",
        "tags",
        "minWireVersion",
        "maxWireVersion",
        "setVersion",
        "electionId",
        "serviceId",
        "compression",
        "logicalSessionTimeoutMinutes",
        "localTime",
        "lastWrite",
        "saslSupportedMechs",
        "topologyVersion",
    ]
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.dictionaries(_hello_fields, _bson_values, max_size=12))
def test_any_answer_to_hello_is_read_and_stays_short(document: dict[str, Any]) -> None:
    read = parse_hello(document, elapsed_s=0.01, user="admin.app")
    assert all(len(text) <= LONGEST_TEXT for text in (*read.hosts, read.set_name or "", *read.tags.values()))
    for address in known_addresses(read):
        split_address(address)
