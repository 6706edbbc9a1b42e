"""Deployments of many servers, all played by one scripted one that listens on every address of the loopback network."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from clearline.core.driver.admission import MOST_FOLLOWED
from clearline.core.report.report import Report
from lab.dns_server import cluster, fresh_resolvers
from lab.mongo_peer import Command, MongoPeer, member_hello, mongos_hello
from lab.namespaces import OUTSIDE, Network
from lab.peer import bound_socket

FEW = 50
"""From about 33 servers on the driver's own queue of events was full."""
COUNTS = (FEW, 300, pytest.param(1000, marks=pytest.mark.crowd))
STOP_WITHIN_S = 10.0
"""From Stop to the end of the task, on the busiest computer; where Stop is lost, or no loop runs, it would be never."""


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


def _text(addresses: list[str], options: str = "") -> str:
    return f"mongodb://{','.join(addresses)}/?{options}"


def connection_string(crowd: Crowd, shape: str) -> str:
    """A connection string for one shape of a crowd."""
    half = crowd.count // 2
    match shape:
        case "seeds":
            return _text(crowd.addresses)
        case "hello":
            return _text(crowd.addresses[:1], "replicaSet=rs0")
        case "refused":
            return _text(crowd.refusing)
        case _:
            return _text(crowd.addresses[:half] + crowd.refusing[half:])


SHAPES = {"healthy": "routers-seeds", "named": "set-hello", "refused": "routers-refused", "mixed": "routers-mixed"}


class Deployment:
    """A crowd with the connection string for one shape of it."""

    def __init__(self, crowd: Crowd, shape: str) -> None:
        self.text = connection_string(crowd, shape)
        self.count = crowd.count
        self.followed = min(crowd.count, MOST_FOLLOWED + 1) if shape == "hello" else crowd.count
        """Servers that the driver may follow: of those that a hello names not all."""
        self.works = shape != "refused"
        self.whole = shape not in ("refused", "mixed")
        """Every server answers."""


@contextmanager
def deployed(kind_and_shape: str, count: int) -> Iterator[Deployment]:
    """One of `SHAPES` of so many servers."""
    kind, _, shape = kind_and_shape.partition("-")
    with Crowd(count, kind) as crowd:
        yield Deployment(crowd, shape)
        gc.collect()  # a client that was not waited for complains here, and in no later test


@contextmanager
def srv_deployment(count: int) -> Iterator[tuple[Network, str]]:
    """So many routers behind one SRV name, in a network of their own, and the connection string."""
    targets = {f"s{number}.c0.lab.test": 27017 for number in range(count)}
    addresses = {(name, "A"): OUTSIDE for name in targets}
    with fresh_resolvers(), Network() as network, MongoPeer({"hello": mongos_hello()}, listener=network.listen(27017)):
        network.dns_server(cluster("c0.lab.test", targets) | addresses)
        yield network, "mongodb+srv://c0.lab.test/?tls=false"


def latest_stop_s(count: int) -> float:
    """Until then a random Stop comes: while a check or a watch of so many servers is busiest."""
    return 0.4 if count == FEW else 1.0


def random_stops(count: int) -> int:
    """How often a test stops so many servers: each costs the more of them the longer."""
    return 3 if count == FEW else 1


async def stop(task: asyncio.Task[Any]) -> None:
    """Stop a check, a watch or an exercise, and wait for its end. Raises AssertionError when there is none."""
    task.cancel()
    _, running = await asyncio.wait({task}, timeout=STOP_WITHIN_S)
    assert not running, "Stop was lost"


async def end_of_loop() -> None:
    """What `asyncio.run` does at its end. Raises AssertionError when it would wait for something long."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    if left:
        _, running = await asyncio.wait(left, timeout=STOP_WITHIN_S)
        assert not running, "something of it outlives a check"


def measured(report: Report) -> int:
    """How many servers have the time of their round trips."""
    return sum(server.rtt_ms is not None for server in report.servers)
