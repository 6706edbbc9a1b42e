"""Deployments of many servers: nothing stops the loop of a check, and Stop works at any moment."""

from __future__ import annotations

import asyncio
import queue
import random
from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import AsyncMongoClient, monitoring

from clearline.core.check.check import check, farewells
from clearline.core.check.examine import MOST_MEASURED
from clearline.core.check.request import Request
from clearline.core.driver.events import DriverEvent, DriverEvents
from clearline.core.findings import Severity
from clearline.core.report.report import Report, Verdict
from lab import loops
from lab.crowds import (
    COUNTS,
    SHAPES,
    Deployment,
    deployed,
    end_of_loop,
    latest_stop_s,
    measured,
    random_stops,
    srv_deployment,
    stop,
)
from lab.mongo_peer import MongoPeer, member_hello

# A close that takes longer than its second, where the computer is busy, is not waited for.
pytestmark = pytest.mark.filterwarnings("ignore:Unclosed AsyncMongoClient:ResourceWarning")


@pytest.fixture(params=COUNTS)
def count(request: pytest.FixtureRequest) -> int:
    number: int = request.param
    return number


@pytest.fixture(params=SHAPES.values(), ids=SHAPES)
def deployment(request: pytest.FixtureRequest, count: int) -> Iterator[Deployment]:
    with deployed(request.param, count) as deployment:
        yield deployment


async def _checked(text: str, **arguments: Any) -> Report:
    report = await check(Request(text=text), lambda _report: None, **arguments)
    await farewells()
    return report


async def _stopped(text: str, after_s: float) -> None:
    task = asyncio.create_task(check(Request(text=text), lambda _report: None))
    await asyncio.wait({task}, timeout=after_s)
    await stop(task)
    await farewells()
    await end_of_loop()


def test_a_check_of_many_servers_ends_with_its_verdict_and_leaves_nothing(deployment: Deployment) -> None:
    events: list[DriverEvent] = []

    async def play() -> Report:
        report = await _checked(deployment.text, on_event=events.append)
        await end_of_loop()
        return report

    report = loops.run(play())
    assert report.verdict is (Verdict.CONNECTED if deployment.works else Verdict.FAILED)
    assert len(report.every_server) == deployment.count
    opened = {event.server for event in events if event.name == "ServerOpening"}
    assert len(opened) == deployment.followed
    if deployment.whole:
        assert not [finding.cause for finding in report.findings if finding.severity is Severity.FAILURE]
        assert 0 < measured(report) <= MOST_MEASURED
    elif not deployment.works:
        cells = [server.cells["tcp"] for server in report.servers]
        assert {cell.note for cell in cells} == {"refused"}, "each was asked"


def test_stop_ends_a_check_of_many_servers_at_any_moment(deployment: Deployment) -> None:
    moments = random.Random(f"{deployment.count} {deployment.works} {deployment.whole}")

    async def play() -> None:
        for _ in range(random_stops(deployment.count)):
            await _stopped(deployment.text, moments.uniform(0, latest_stop_s(deployment.count)))

    loops.run(play())


def test_an_srv_name_with_many_targets_is_checked_and_stopped(count: int) -> None:
    with srv_deployment(count) as (network, text):
        report = network.call(lambda: loops.run(_checked(text)))
        assert (report.verdict, len(report.servers)) == (Verdict.CONNECTED, count)
        after_s = random.Random(text).uniform(0, latest_stop_s(count))
        network.call(lambda: loops.run(_stopped(text, after_s)))


def test_pymongo_would_still_stop_the_loop_with_listeners_of_servers() -> None:
    """When this fails pymongo has mended it, and `DriverEvents.follow` may become two listeners again."""
    refusing = queue.Queue.put

    def put_or_raise(self: queue.Queue[Any], item: object, *_: object) -> None:
        refusing(self, item, block=False)  # where pymongo would wait for the thread that it runs in

    async def build(listeners: list[Any]) -> None:
        client = AsyncMongoClient[dict[str, Any]](
            "mongodb://" + ",".join(f"127.0.0.1:{port}" for port in range(30_000, 30_200)), event_listeners=listeners
        )
        await client.close()

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(queue.Queue, "put", put_or_raise)
        loops.run(build(list(DriverEvents(lambda _event: None).listeners())))
        with pytest.raises(queue.Full):
            loops.run(build([monitoring.ServerListener()]))


def test_a_server_does_not_choose_whom_this_computer_scans() -> None:
    named = [f"127.2.{number // 250}.{number % 250 + 1}:9" for number in range(1000)]
    reached: list[str] = []
    with MongoPeer({}) as peer:
        me = f"127.0.0.1:{peer.port}"
        peer.answers["hello"] = member_hello("rs0", [me, *named], me=me, primary=me, role="primary")
        report = loops.run(
            _checked(f"mongodb://{me}/?replicaSet=rs0", on_event=lambda event: reached.append(event.server or ""))
        )
    assert report.verdict is Verdict.CONNECTED
    assert len(report.every_server) == 1001, "all stay in the list"
    assert (len(report.servers), len(report.not_looked_at)) == (201, 800)
    looked_at = [server for server in report.every_server if server.cells["tcp"].note != "not looked at"]
    assert tuple(looked_at) == report.servers
    assert len({server for server in reached if server in named}) <= 200, "the driver follows no more of them either"
    note = next(finding for finding in report.findings if finding.cause == "topology.members-not-looked-at")
    assert "800" in note.summary
