"""Deployments of many servers: nothing stops the loop, and Stop works at any moment.

One scripted server plays all of them: it listens on every address of the loopback network at once.
"""

from __future__ import annotations

import asyncio
import queue
import random
import time
from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import AsyncMongoClient, monitoring

from clearline.core.check.check import check, farewells
from clearline.core.check.request import Request
from clearline.core.driver.admission import MOST_NAMED
from clearline.core.driver.events import DriverEvent, DriverEvents
from clearline.core.profiles.profile import Pool
from clearline.core.report.report import Report, Verdict
from clearline.core.watch.exercise import ExercisePlan
from clearline.core.watch.health import HealthState
from lab.dns_server import cluster
from lab.mongo_peer import Command, MongoPeer, member_hello, mongos_hello
from lab.namespaces import OUTSIDE, Network
from lab.peer import bound_socket
from lab.watching import Watched

COUNT = 50
"""From about 33 servers on the driver's own queue of events was full."""
STOP_WITHIN_S = 2.0
"""From Stop to the end of the task, on a busy computer; without a loop that runs it would be never."""


def _host(number: int) -> str:
    return f"127.1.{number // 250}.{number % 250 + 1}"


class Crowd(MongoPeer):
    """``count`` servers: routers, or the members of one set of which the first is primary."""

    def __init__(self, count: int, kind: str) -> None:
        super().__init__({"hello": self._hello}, listener=bound_socket("0.0.0.0"))
        self.count = count
        self.kind = kind
        with bound_socket("127.0.0.1") as closed:
            self.closed_port = closed.getsockname()[1]

    @property
    def addresses(self) -> list[str]:
        """Where its servers answer."""
        return [f"{_host(number)}:{self.port}" for number in range(self.count)]

    @property
    def refusing(self) -> list[str]:
        """As many addresses where nothing listens."""
        return [f"{_host(number)}:{self.closed_port}" for number in range(self.count)]

    def _hello(self, command: Command) -> dict[str, Any]:
        if self.kind == "routers":
            return mongos_hello()
        me, first = f"{command.host}:{self.port}", self.addresses[0]
        role = "primary" if me == first else "secondary"
        return member_hello("rs0", self.addresses, me=me, primary=first, role=role)


def _uri(addresses: list[str], options: str = "") -> str:
    return f"mongodb://{','.join(addresses)}/?{options}"


def _deployment(crowd: Crowd, shape: str) -> str:
    """A connection string for one shape of a crowd."""
    half = crowd.count // 2
    match shape:
        case "seeds":
            return _uri(crowd.addresses)
        case "hello":
            return _uri(crowd.addresses[:1], "replicaSet=rs0")
        case "refused":
            return _uri(crowd.refusing)
        case _:
            return _uri(crowd.addresses[:half] + crowd.refusing[half:])


SHAPES = [("routers", "seeds"), ("set", "hello"), ("routers", "refused"), ("routers", "mixed")]


@pytest.fixture(params=SHAPES, ids=lambda shape: f"{shape[0]}-{shape[1]}")
def crowd(request: pytest.FixtureRequest) -> Iterator[tuple[Crowd, str]]:
    kind, shape = request.param
    with Crowd(COUNT, kind) as peer:
        yield peer, _deployment(peer, shape)


async def _checked(text: str, **arguments: Any) -> Report:
    report = await check(Request(text=text), lambda _report: None, **arguments)
    await farewells()
    return report


def test_a_check_of_many_servers_ends_with_its_verdict(crowd: tuple[Crowd, str]) -> None:
    peer, text = crowd
    events: list[DriverEvent] = []
    report = asyncio.run(_checked(text, on_event=events.append))
    expected = Verdict.FAILED if str(peer.closed_port) in text and str(peer.port) not in text else Verdict.CONNECTED
    assert report.verdict is expected
    assert len(report.servers) == peer.count
    opened = {event.server for event in events if event.name == "ServerOpening"}
    assert len(opened) == peer.count


@pytest.mark.parametrize(
    ("count", "kind", "shape", "followed"),
    [
        (300, "routers", "seeds", 300),
        (300, "set", "hello", MOST_NAMED + 1),
        (300, "routers", "mixed", 300),
        (1000, "set", "hello", MOST_NAMED + 1),
    ],
)
def test_hundreds_of_servers_and_a_thousand_get_their_verdict_too(
    count: int, kind: str, shape: str, followed: int
) -> None:
    events: list[DriverEvent] = []
    with Crowd(count, kind) as peer:
        report = asyncio.run(_checked(_deployment(peer, shape), on_event=events.append))
    assert report.verdict is Verdict.CONNECTED
    assert len(report.servers) == count
    assert len({event.server for event in events if event.name == "ServerOpening"}) == followed


def test_a_watch_of_many_servers_sees_them_all_and_ends_at_once(crowd: tuple[Crowd, str]) -> None:
    peer, text = crowd
    refused = str(peer.closed_port) in text

    async def play() -> None:
        async with Watched(text, diagnose=False) as watched:
            wanted = HealthState.HEALTHY if not refused else HealthState.DOWN if str(peer.port) not in text else None
            state = await watched.until(lambda s: s.health.state is wanted if wanted else s.health.rtt_ms is not None)
            assert len(state.topology.servers) == peer.count
            began = time.monotonic()
        assert time.monotonic() - began < STOP_WITHIN_S

    asyncio.run(play())


def test_an_exercise_on_many_servers_ends_by_itself_and_by_stop() -> None:
    async def play() -> None:
        with Crowd(COUNT, "routers") as peer:
            async with Watched(_deployment(peer, "seeds"), diagnose=False) as watched:
                await watched.until(lambda state: state.health.state is HealthState.HEALTHY)
                result = await watched.watch.exercise(ExercisePlan(workers=20, duration_s=0.5, pool=Pool()))
                assert result.operations > 0
                assert not result.errors
                endless = asyncio.create_task(watched.watch.exercise(ExercisePlan(workers=20, duration_s=60)))
                await asyncio.wait({endless}, timeout=random.Random(COUNT).uniform(0, 0.4))
                began = time.monotonic()
                endless.cancel()
                await asyncio.gather(endless, return_exceptions=True)
                assert time.monotonic() - began < STOP_WITHIN_S

    asyncio.run(play())


@pytest.mark.filterwarnings(  # asyncio may lose a transport whose task is cancelled as it is made; gc closes it
    "ignore:.*_SelectorTransport.__del__:pytest.PytestUnraisableExceptionWarning"
)
def test_stop_ends_a_check_of_many_servers_at_any_moment(crowd: tuple[Crowd, str]) -> None:
    _, text = crowd
    moments = random.Random(text)

    async def stopped(after_s: float) -> float:
        task = asyncio.create_task(check(Request(text=text), lambda _report: None))
        await asyncio.wait({task}, timeout=after_s)
        began = time.monotonic()
        task.cancel()
        await task
        await farewells()
        return time.monotonic() - began

    async def play() -> list[float]:
        return [await stopped(moments.uniform(0, 0.4)) for _ in range(3)]

    assert max(asyncio.run(play())) < STOP_WITHIN_S


def test_an_srv_name_with_many_targets_is_checked_watched_and_stopped() -> None:
    text = "mongodb+srv://c0.lab.test/?tls=false"
    targets = {f"s{number}.c0.lab.test": 27017 for number in range(COUNT)}
    addresses = {(name, "A"): OUTSIDE for name in targets}

    async def watched() -> int:
        async with Watched(text, diagnose=False) as watch:
            state = await watch.until(lambda state: state.health.state is HealthState.HEALTHY)
            return len(state.topology.servers)

    async def stopped() -> float:
        task = asyncio.create_task(check(Request(text=text), lambda _report: None))
        await asyncio.wait({task}, timeout=random.Random(text).uniform(0, 0.4))
        began = time.monotonic()
        task.cancel()
        await task
        await farewells()
        return time.monotonic() - began

    with Network() as network, MongoPeer({"hello": mongos_hello()}, listener=network.listen(27017)):
        network.dns_server(cluster("c0.lab.test", targets) | addresses)
        report = network.call(lambda: asyncio.run(_checked(text)))
        assert (report.verdict, len(report.servers)) == (Verdict.CONNECTED, COUNT)
        assert network.call(lambda: asyncio.run(watched())) == COUNT
        assert network.call(lambda: asyncio.run(stopped())) < STOP_WITHIN_S


def test_pymongo_would_still_stop_the_loop_with_listeners_of_servers() -> None:
    """When this fails pymongo has mended it, and `DriverEvents.follow` may become two listeners again."""
    refusing = queue.Queue.put

    def put_or_raise(self: queue.Queue[Any], item: object, *_: object) -> None:
        refusing(self, item, block=False)  # where pymongo would wait for the thread that it runs in

    async def build(listeners: list[Any]) -> None:
        client = AsyncMongoClient[dict[str, Any]](
            _uri([f"127.0.0.1:{port}" for port in range(30_000, 30_200)]), event_listeners=listeners
        )
        await client.close()

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(queue.Queue, "put", put_or_raise)
        asyncio.run(build(list(DriverEvents(lambda _event: None).listeners())))
        with pytest.raises(queue.Full):
            asyncio.run(build([monitoring.ServerListener()]))


def test_a_server_does_not_choose_whom_this_computer_scans() -> None:
    named = [f"127.2.{number // 250}.{number % 250 + 1}:9" for number in range(1000)]
    reached: list[str] = []
    with MongoPeer({}) as peer:
        me = f"127.0.0.1:{peer.port}"
        peer.answers["hello"] = member_hello("rs0", [me, *named], me=me, primary=me, role="primary")
        report = asyncio.run(
            _checked(f"mongodb://{me}/?replicaSet=rs0", on_event=lambda event: reached.append(event.server or ""))
        )
    assert report.verdict is Verdict.CONNECTED
    assert len(report.servers) == 1001, "all stay in the list"
    assert sum(server.cells["tcp"].note != "not looked at" for server in report.servers) == 201
    assert len({server for server in reached if server in named}) <= 200, "the driver follows no more of them either"
    note = next(finding for finding in report.findings if finding.cause == "topology.members-not-looked-at")
    assert "800" in note.summary
