"""A process that has not imported PyMongo yet does without it where every server refuses, and the report says so."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from msgspec.structs import replace

from clearline.core.check import refusals
from clearline.core.check.check import check, farewells
from clearline.core.check.request import Request
from clearline.core.daemon_threads import DaemonExecutor
from clearline.core.facts.servers import Reach, TcpFacts
from clearline.core.probes import tcp
from clearline.core.report.report import Report, Verdict, to_json
from lab import loops, peers
from lab.deployment import Deployment

MEASURED = {"started", "elapsed_ms", "verdict_ms", "stages", "ms"}
"""Fields of a report that are another each time; what came of the stages stands in their cells."""


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "KNOCK_S", 5.0)


def checked(text: str, *, imported: bool = False) -> tuple[Report, int]:
    """The report, and how often the driver was to be imported."""
    brought = []

    async def bring_driver() -> None:
        brought.append(text)

    async def whole() -> Report:
        asyncio.get_running_loop().set_default_executor(DaemonExecutor())
        report = await check(Request(text=text), lambda _: None, bring_driver=None if imported else bring_driver)
        await farewells()
        return report

    return loops.run(whole()), len(brought)


def found(value: Any) -> Any:
    """A report without what is measured."""
    match value:
        case dict():
            return {name: found(item) for name, item in value.items() if name not in MEASURED}
        case list():
            return [found(item) for item in value]
        case str():
            return value.partition(", errno ")[0]
    return value


@pytest.mark.parametrize(
    "template", ["mongodb://127.0.0.1:{0}/", "mongodb://user:pass@127.0.0.1:{0},localhost:{1}/app?replicaSet=rs0"]
)
def test_the_report_is_the_same_but_for_what_the_driver_said(template: str) -> None:
    with peers.closed_port() as one, peers.closed_port() as other:
        text = template.format(one, other)
        without, brought = checked(text)
        asked, _ = checked(text, imported=True)
    assert brought == 0
    assert without.verdict is Verdict.FAILED
    assert (without.driver.asked, without.driver.exception) == (False, None)
    assert asked.driver.asked
    assert asked.driver.exception
    assert found(json.loads(to_json(replace(without, driver=asked.driver)))) == found(json.loads(to_json(asked)))


def test_a_server_among_them_that_opens_is_for_the_driver_to_judge(standalone: Deployment) -> None:
    with peers.closed_port() as closed:
        report, brought = checked(f"mongodb://127.0.0.1:{closed},{standalone.address}/")
    assert brought == 1
    assert report.driver.asked


def test_a_refusal_that_is_over_at_the_second_knock_is_for_the_driver_to_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    async def opens(address: str, port: int | None, **_: object) -> TcpFacts:
        return TcpFacts(address=address, family="ipv4", reach=Reach.OK)

    monkeypatch.setattr(tcp, "connect", opens)
    with peers.closed_port() as closed:
        report, brought = checked(f"mongodb://127.0.0.1:{closed}/")
    assert brought == 1
    assert report.driver.exception


@pytest.mark.parametrize("text", ["mongodb://127.0.0.1:{}/?tls=true", "mongodb://127.0.0.1:{}/?compressors=zlib"])
def test_a_text_of_which_the_driver_may_have_more_to_say_is_given_to_it(text: str) -> None:
    with peers.closed_port() as closed:
        report, brought = checked(text.format(closed))
    assert brought == 1
    assert report.driver.asked


def test_a_healthy_server_is_connected_over_the_connections_that_knocked(standalone: Deployment) -> None:
    report, brought = checked(standalone.uri())
    assert brought == 1
    assert report.verdict is Verdict.CONNECTED
    assert report.servers[0].rtt_ms is not None
