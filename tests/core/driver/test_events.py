"""What pymongo's listeners say of real servers becomes values, without secrets and without harm to the driver."""

from __future__ import annotations

import inspect
import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from pymongo import AsyncMongoClient, MongoClient, monitoring
from pymongo.errors import AutoReconnect, OperationFailure, ServerSelectionTimeoutError
from pymongo.monitoring import CommandFailedEvent, CommandStartedEvent

from clearline.cli.mongod import PrivateMongod
from clearline.core.driver.event_texts import EVENT_TEXTS
from clearline.core.driver.events import DriverEvent, DriverEvents, EventBuffer
from clearline.core.secrets.secret import PASSWORD, Secret
from lab import loops

USER, SECRET_WORD = "app", "s3cret-Pa+ss-4711"


@pytest.fixture(scope="module")
def server() -> Iterator[PrivateMongod]:
    with PrivateMongod(["--auth"]) as mongod:
        with MongoClient[dict[str, Any]](
            f"mongodb://{mongod.address}"
        ) as client:  # the loopback address makes the first user
            client.admin.command("createUser", USER, pwd=SECRET_WORD, roles=["root"])
        yield mongod


def _client(address: str, events: DriverEvents, **options: Any) -> AsyncMongoClient[dict[str, Any]]:
    client = AsyncMongoClient[dict[str, Any]](f"mongodb://{address}", event_listeners=events.listeners(), **options)
    events.follow(client)
    return client


def _login(password: str = SECRET_WORD) -> dict[str, Any]:
    return {"username": USER, "password": password, "serverSelectionTimeoutMS": 5000}


def _recorder(buffer: EventBuffer, **hooks: Any) -> DriverEvents:
    return DriverEvents(buffer.append, secrets={PASSWORD: Secret(SECRET_WORD)}, **hooks)


async def _ping_and_close(address: str, events: DriverEvents, **options: Any) -> None:
    client = _client(address, events, **options)
    try:
        await client.admin.command("ping")
    finally:
        await client.close()
        events.end()


def _record_a_good_session(server: PrivateMongod) -> list[DriverEvent]:
    recorded: list[DriverEvent] = []
    events = DriverEvents(recorded.append, secrets={PASSWORD: Secret(SECRET_WORD)})

    async def session() -> None:
        async with _client(server.address, events, **_login(), maxPoolSize=7) as client:
            await client.shop.orders.insert_many([{"n": n, "word": "body-of-a-document"} for n in range(3)])
            assert len(await client.shop.orders.find({"word": "body-of-a-document"}).to_list()) == 3
            await client.shop.orders.drop()
        events.end()

    loops.run(session())
    assert events.faults == 0, events.last_fault
    return recorded


@pytest.fixture(scope="module")
def good_session(server: PrivateMongod) -> list[DriverEvent]:
    return _record_a_good_session(server)


def _named(events: list[DriverEvent], name: str) -> list[DriverEvent]:
    return [event for event in events if event.name == name]


def test_every_event_class_of_pymongo_has_its_words() -> None:
    classes = {
        name.removesuffix("Event")
        for name, member in vars(monitoring).items()
        if inspect.isclass(member) and name.endswith("Event") and not name.startswith("_") and name != "TopologyEvent"
    }
    assert set(EVENT_TEXTS) == classes


def test_a_good_session_tells_every_kind_in_the_order_of_time(good_session: list[DriverEvent]) -> None:
    assert {event.kind for event in good_session} == {
        "pool",
        "connection",
        "command",
        "server",
        "topology",
        "heartbeat",
    }
    names = {event.name for event in good_session}
    assert names >= {"PoolCreated", "PoolReady", "ConnectionCreated", "ConnectionReady", "ConnectionCheckedOut"}
    assert names >= {"ConnectionCheckedIn", "ConnectionClosed", "ServerHeartbeatSucceeded", "TopologyClosed"}
    times = [event.at_s for event in good_session]
    assert times == sorted(times)
    assert times[0] >= 0


def test_events_name_server_connection_duration_and_role(
    good_session: list[DriverEvent], server: PrivateMongod
) -> None:
    [created] = _named(good_session, "PoolCreated")
    assert (created.server, created.text) == (server.address, "maxPoolSize 7")
    ready = _named(good_session, "ConnectionReady")[0]
    assert ready.connection_id == 1
    assert ready.duration_ms is not None
    assert 0.1 < ready.duration_ms < 5000
    assert _named(good_session, "ConnectionClosed")[0].reason == "poolClosed"
    changes = [event.text for event in _named(good_session, "ServerDescriptionChanged")]
    assert "Unknown → Standalone" in changes
    topology = [event.text for event in _named(good_session, "TopologyDescriptionChanged")]
    assert "Unknown → Single, 1 of 1 servers known" in topology
    assert _named(good_session, "ServerHeartbeatSucceeded")[0].role == "Standalone"


def test_commands_tell_names_and_sizes_and_nothing_of_their_bodies(good_session: list[DriverEvent]) -> None:
    find = [event for event in good_session if event.command == "find"]
    assert [event.name for event in find] == ["CommandStarted", "CommandSucceeded"]
    assert find[0].text == f"find on shop.orders, request {find[0].request_id}"
    assert find[1].text == f"find on shop, request {find[0].request_id}: 3 documents"
    assert not [event for event in good_session if "body-of-a-document" in repr(event)]


def test_a_login_leaves_no_secret_in_any_event(good_session: list[DriverEvent]) -> None:
    first = _named(good_session, "CommandSucceeded")[0]
    assert first.command in {"saslStart", "saslContinue"}
    told = repr(good_session)
    assert SECRET_WORD not in told
    assert "payload" not in told


def test_a_wrong_password_shows_the_step_and_the_code(server: PrivateMongod) -> None:
    buffer, failures = EventBuffer(), list[tuple[str, int | None]]()
    events = _recorder(buffer, on_command_failed=lambda name, code: failures.append((name, code)))
    with pytest.raises(OperationFailure):
        loops.run(_ping_and_close(server.address, events, **_login("wrong-" + SECRET_WORD)))
    assert failures == [("saslContinue", 18)]
    step = events.failed_login_step
    assert step is not None
    assert (step.name, step.code, step.code_name, step.passed) == ("saslContinue", 18, "AuthenticationFailed", False)
    assert (step.server, step.database) == (server.address, "admin")
    failed = _named(recorded := buffer.drain(), "CommandFailed")[0]
    assert failed.failed
    assert failed.text.endswith(": AuthenticationFailed (18)")
    assert SECRET_WORD not in repr(recorded)
    assert events.faults == 0, events.last_fault


def test_a_good_login_ends_with_a_step_that_passed(server: PrivateMongod) -> None:
    events = _recorder(EventBuffer())
    loops.run(_ping_and_close(server.address, events, **_login()))
    assert events.failed_login_step is None
    assert events.login_step is not None
    assert events.login_step.passed is True
    assert events.last_server == server.address


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-1", "SCRAM-SHA-256"])
def test_the_mechanism_that_the_driver_chose_is_read_from_the_order_of_its_commands(
    server: PrivateMongod, mechanism: str
) -> None:
    name = f"only-{mechanism}"
    with MongoClient[dict[str, Any]](f"mongodb://{server.address}", **_login()) as client:
        client.admin.command("createUser", name, pwd=SECRET_WORD, roles=[], mechanisms=[mechanism])
    events = _recorder(EventBuffer())
    loops.run(_ping_and_close(server.address, events, **_login() | {"username": name}))
    assert events.mechanism == mechanism


def test_a_refused_port_reaches_the_hook_with_the_drivers_error() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unused.getsockname()[1]}"
        buffer, failures = EventBuffer(), list[tuple[str, Exception]]()
        events = _recorder(buffer, on_heartbeat_failed=lambda server, error: failures.append((server, error)))
        with pytest.raises(ServerSelectionTimeoutError):
            loops.run(_ping_and_close(address, events, serverSelectionTimeoutMS=200))
    assert failures[0][0] == address
    assert isinstance(failures[0][1], AutoReconnect)
    heartbeat = _named(buffer.drain(), "ServerHeartbeatFailed")[0]
    assert heartbeat.failed
    assert heartbeat.text.startswith("AutoReconnect: ")
    assert "configured timeouts" not in heartbeat.text


def test_a_heartbeat_hands_over_the_hello_document(server: PrivateMongod) -> None:
    documents = dict[str, Any]()
    events = _recorder(EventBuffer(), on_heartbeat_succeeded=lambda at, hello, _s: documents.update({at: dict(hello)}))
    loops.run(_ping_and_close(server.address, events, **_login()))
    assert documents[server.address]["maxWireVersion"] >= 9
    assert events.faults == 0, events.last_fault


def test_free_text_that_quotes_a_secret_is_masked() -> None:
    buffer = EventBuffer()
    event = monitoring.ServerHeartbeatFailedEvent(
        0.1, AutoReconnect(f"odd {SECRET_WORD}"), ("db", 27017), awaited=False
    )
    _recorder(buffer)._record(event)
    [told] = buffer.drain()
    assert told.text.startswith("AutoReconnect: odd ")
    assert SECRET_WORD not in told.text


def test_a_database_named_like_the_secret_is_masked() -> None:
    buffer = EventBuffer()
    _recorder(buffer)._record(CommandStartedEvent({"ping": 1}, SECRET_WORD, 1, ("db", 27017), None))
    [told] = buffer.drain()
    assert told.text.startswith("ping on ")
    assert SECRET_WORD not in repr(told)


def test_a_hook_that_raises_is_counted_and_the_driver_goes_on(
    server: PrivateMongod, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    buffer = EventBuffer()
    events = _recorder(buffer, on_heartbeat_succeeded=broken)
    loops.run(_ping_and_close(server.address, events, **_login()))
    assert events.faults >= 1
    assert events.last_fault == "ServerHeartbeatSucceeded: ZeroDivisionError"
    assert _named(buffer.drain(), "ServerHeartbeatSucceeded")
    assert capfd.readouterr().err == ""


def test_an_unknown_event_is_counted_and_nothing_else() -> None:
    buffer = EventBuffer()
    events = _recorder(buffer)
    events._record(object())
    assert (events.faults, events.last_fault) == (1, "object: KeyError")
    assert len(buffer) == 0


def test_a_failure_without_an_answer_has_no_code_but_a_reason() -> None:
    buffer = EventBuffer()
    failure = {"errmsg": f"connection closed {SECRET_WORD}", "errtype": "AutoReconnect"}
    event = CommandFailedEvent(
        timedelta(milliseconds=3), failure, "saslContinue", 5, ("::1", 27017), None, database_name="admin"
    )
    events = _recorder(buffer)
    events._record(event)
    [told] = buffer.drain()
    assert told.text == "saslContinue on admin, request 5: AutoReconnect"
    assert (told.server, told.code, told.duration_ms) == ("[::1]:27017", None, 3.0)
    assert events.failed_login_step is not None
    assert events.failed_login_step.code is None


def _event(number: int) -> DriverEvent:
    return DriverEvent(at_s=float(number), kind="pool", name="PoolReady")


def test_a_full_buffer_drops_the_oldest_and_counts_them() -> None:
    buffer = EventBuffer(limit=3)
    for number in range(5):
        buffer.append(_event(number))
    assert buffer.dropped == 2
    assert [event.at_s for event in buffer.drain()] == [2.0, 3.0, 4.0]
    assert buffer.drain() == []
    assert buffer.dropped == 2


def test_threads_that_append_while_one_drains_lose_nothing() -> None:
    buffer, writers, each = EventBuffer(), 4, 5_000
    seen: list[DriverEvent] = []
    start = threading.Barrier(writers + 1)

    def write(first: int) -> None:
        start.wait()
        for number in range(first, first + each):
            buffer.append(_event(number))

    threads = [threading.Thread(target=write, args=(each * index,)) for index in range(writers)]
    for thread in threads:
        thread.start()
    start.wait()
    while any(thread.is_alive() for thread in threads):
        seen += buffer.drain()
    seen += buffer.drain()
    assert sorted(event.at_s for event in seen) == [float(number) for number in range(writers * each)]
    assert buffer.dropped == 0


def test_telling_a_hundred_events_takes_about_a_millisecond() -> None:
    events = _recorder(EventBuffer())
    event = CommandStartedEvent({"find": "orders", "$db": "shop"}, "shop", 1, ("db", 27017), None)

    def hundred() -> float:
        before = time.perf_counter()
        for _ in range(100):
            events._record(event)
        return time.perf_counter() - before

    assert min(hundred() for _ in range(50)) < 0.003  # 0.3 ms on the machine where it was written; CI may be slow
