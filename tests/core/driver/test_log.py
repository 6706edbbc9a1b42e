"""PyMongo's log records become events of the right client, and nobody else's logging changes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from bson import ObjectId
from pymongo import AsyncMongoClient
from pymongo.errors import ServerSelectionTimeoutError
from pymongo.logger import LogMessage

from clearline.core.driver.events import DriverEvent
from clearline.core.driver.log import NAMES, DriverLog, listening
from clearline.core.secrets.redaction import redact
from lab import loops
from lab.cost import least_cpu_s
from lab.deployment import Deployment
from lab.peer import bound_socket


@pytest.fixture(autouse=True)
def left_as_found() -> Iterator[None]:
    before = [_settings(name) for name in NAMES]
    yield
    assert [_settings(name) for name in NAMES] == before
    assert not listening()


def _settings(name: str) -> tuple[Any, ...]:
    logger = logging.getLogger(name)
    return logger.level, logger.propagate, tuple(logger.handlers)


class Shown(logging.Handler):
    """What a handler of the program itself gets to see."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture
def shown() -> Iterator[Shown]:
    handler = Shown()
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)


def log_of(client: Any, emit: Callable[[DriverEvent], object], *secrets: str) -> DriverLog:
    return DriverLog(client._topology_id, emit, started=time.monotonic(), redact=partial(redact, secrets=secrets))


def test_selection_connection_command_and_topology_records_are_told(standalone: Deployment, shown: Shown) -> None:
    async def play() -> list[DriverEvent]:
        events: list[DriverEvent] = []
        client = AsyncMongoClient(standalone.uri())
        log = log_of(client, events.append)
        log.open()
        await client.admin.command("ping")
        await client.close()
        log.close()
        assert log.faults == 0
        return events

    events = loops.run(play())
    assert {event.kind for event in events} == {"log"}
    assert {event.name for event in events} == {"connection", "serverSelection", "topology", "command"}
    texts = [event.text for event in events]
    assert "Server selection started for ping, Primary" in texts
    assert "Command succeeded: ping on admin" in texts
    assert "Connection checked out" in texts
    ended = next(event for event in events if event.text == "Command succeeded: ping on admin")
    assert (ended.server, ended.command) == (standalone.address, "ping")
    assert ended.request_id is not None
    assert ended.duration_ms is not None
    assert ended.duration_ms < 1000
    assert [record for record in shown.records if record.levelno < logging.WARNING] == []


def test_each_client_has_its_own_records(standalone: Deployment) -> None:
    async def play() -> None:
        one: list[DriverEvent] = []
        clients = [AsyncMongoClient(standalone.uri()), AsyncMongoClient(standalone.uri())]
        log = log_of(clients[0], one.append)
        log.open()
        await clients[1].admin.command("ping")
        assert one == []
        await clients[0].admin.command("ping")
        assert one != []
        for client in clients:
            await client.close()
        log.close()

    loops.run(play())


def test_a_failed_selection_is_told_without_the_secret() -> None:
    async def play() -> list[DriverEvent]:
        events: list[DriverEvent] = []
        client = AsyncMongoClient(f"mongodb://127.0.0.1:{port}/?serverSelectionTimeoutMS=150", appname="s3cret-word")
        log = log_of(client, events.append, "s3cret-word", "Connect call failed")
        log.open()
        with pytest.raises(ServerSelectionTimeoutError):
            await client.admin.command("ping")
        await client.close()
        log.close()
        return events

    with bound_socket("127.0.0.1", 0) as socket:
        port = socket.getsockname()[1]
        events = loops.run(play())
    failed = [event for event in events if event.text.startswith("Server selection failed")]
    assert failed
    assert failed[0].failed
    assert "***" in failed[0].text
    assert "Connect call failed" not in repr(events)
    assert "s3cret-word" not in repr(events)


def test_warnings_of_the_driver_still_reach_the_program(shown: Shown) -> None:
    log = DriverLog(ObjectId(), lambda _event: None, started=0.0, redact=str)
    log.open()
    logging.getLogger("pymongo.topology").warning("something")
    logging.getLogger("pymongo.topology").debug(LogMessage(message="noise", topologyId=ObjectId()))
    log.close()
    assert [record.getMessage() for record in shown.records] == ["something"]


def test_a_program_that_wanted_debug_records_still_gets_them(shown: Shown) -> None:
    logger = logging.getLogger("pymongo.command")
    logger.setLevel(logging.DEBUG)
    try:
        log = DriverLog(ObjectId(), lambda _event: None, started=0.0, redact=str)
        log.open()
        logger.debug(LogMessage(message="wanted", clientId=ObjectId()))
        log.close()
    finally:
        logger.setLevel(logging.NOTSET)
    assert len(shown.records) == 1


def test_the_last_listener_to_go_puts_everything_back_and_closing_twice_is_harmless() -> None:
    logs = [DriverLog(ObjectId(), lambda _event: None, started=0.0, redact=str) for _ in range(2)]
    for log in logs:
        log.open()
        log.open()
    logs[0].close()
    assert logging.getLogger("pymongo.command").level == logging.DEBUG
    logs[1].close()
    logs[1].close()
    assert logging.getLogger("pymongo.command").level == logging.NOTSET


def test_a_listener_that_fails_does_not_reach_the_driver() -> None:
    def broken(_event: DriverEvent) -> None:
        raise RuntimeError

    client_id = ObjectId()
    log = DriverLog(client_id, broken, started=0.0, redact=str)
    log.open()
    logging.getLogger("pymongo.command").debug(LogMessage(message="x", clientId=client_id))
    log.close()
    assert log.faults == 1


def test_a_record_costs_microseconds() -> None:
    client_id = ObjectId()
    events: list[DriverEvent] = []
    log = DriverLog(client_id, events.append, started=0.0, redact=str)
    log.open()
    logger = logging.getLogger("pymongo.command")

    def write() -> None:
        for number in range(500):
            message = LogMessage(message="Command started", clientId=client_id, commandName="ping", requestId=number)
            logger.debug(message)

    assert least_cpu_s(write, times=4) / 500 < 200e-6
    log.close()
    assert len(events) == 2000
