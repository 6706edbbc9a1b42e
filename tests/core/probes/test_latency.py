"""Latency is measured on real lines: short, long, narrow and lossy ones."""

from __future__ import annotations

import asyncio
import gc
import sys
from typing import Any

from clearline.core.facts.servers import Reach, RttFacts
from clearline.core.probes.hello import say_hello
from clearline.core.probes.latency import round_trips
from clearline.core.probes.tcp import open_connection
from lab import loops
from lab.deployment import Deployment
from lab.long_line import Line
from lab.mongo_peer import SILENCE, Command, MongoPeer
from lab.mongo_peer import hello as hello_document
from lab.namespaces import OUTSIDE, Network
from lab.relay import Relay


async def measured(port: int, count: int = 10, *, host: str = "127.0.0.1", **options: Any) -> RttFacts:
    _, connection = await open_connection(host, port, deadline_s=5)
    assert connection is not None
    exchange = await say_hello(connection, tls=False, deadline_s=5)
    assert exchange.reach is Reach.OK
    try:
        return await round_trips(connection, count, **options)
    finally:
        connection.close()


def test_ten_hellos_on_one_connection_and_a_large_answer_without_login(login_server: Deployment) -> None:
    facts = loops.run(measured(login_server.server.port))
    assert len(facts.samples_ms) == 10
    assert 0 < min(facts.samples_ms) < 200
    assert 200 < facts.small_bytes < 2000
    assert facts.large_bytes > 50_000
    assert facts.large_ms is not None
    assert facts.retransmits == (0 if sys.platform == "linux" else None)


def test_a_long_line_shows_in_every_sample_and_the_budget_ends_it(standalone: Deployment) -> None:
    with Relay(standalone.address, delay_s=0.1) as relay:
        facts = loops.run(measured(relay.port, budget_s=0.7, large_s=0))
    assert 1 <= len(facts.samples_ms) <= 4
    assert all(sample >= 200 for sample in facts.samples_ms)
    assert (facts.large_bytes, facts.large_ms) == (0, None)


def test_a_narrow_line_is_known_by_what_came_of_the_large_answer(standalone: Deployment) -> None:
    with Relay(standalone.address, bytes_per_second=5000) as relay:
        facts = loops.run(measured(relay.port, 2, large_s=0.5))
    assert len(facts.samples_ms) == 2
    assert facts.large_ms is not None
    assert facts.large_ms >= 500
    assert 0 < facts.large_bytes < 10 * facts.large_ms, "twice what the line carries"


def test_a_large_answer_is_awaited_until_it_tells_more_than_hello(standalone: Deployment) -> None:
    with Relay(standalone.address, bytes_per_second=1000) as relay:
        facts = loops.run(measured(relay.port, 1, large_s=0.1))
    assert facts.large_bytes > facts.small_bytes > 0


def test_a_server_that_stops_answering_ends_the_samples() -> None:
    answered = 0

    def three_times(_: Command) -> Any:
        nonlocal answered
        answered += 1
        return hello_document() if answered <= 4 else SILENCE

    with MongoPeer({"hello": three_times}) as peer:
        facts = loops.run(measured(peer.port, deadline_s=0.1))
    assert len(facts.samples_ms) == 3
    assert facts.large_ms is None


def test_a_lossy_line_shows_outliers_and_retransmits() -> None:
    line = Line(delay_s=0.01, loss=0.2)
    with Network(line=line) as network, MongoPeer(listener=network.listen(27017)):
        facts = network.call(
            lambda: loops.run(
                measured(27017, 15, host=OUTSIDE, deadline_s=3, late_s=5, budget_s=4, large_s=0),
            )
        )
    assert facts.retransmits is not None
    assert facts.retransmits > 0
    assert (
        max(facts.samples_ms) > min(facts.samples_ms) + 150
    )  # the shortest wait before a packet is sent again: 200 ms


def test_cancelling_hangs_up_at_once() -> None:
    async def probe() -> float:
        task = asyncio.create_task(measured(peer.port, deadline_s=30, budget_s=30))
        await asyncio.get_running_loop().run_in_executor(None, peer.wait_for, lambda: len(peer.commands) == 2)
        return await loops.cancelled_in_s(task)

    first = iter([hello_document()])
    with MongoPeer({"hello": lambda _: next(first, SILENCE)}) as peer:
        assert loops.run(probe()) < 0.02
    gc.collect()
