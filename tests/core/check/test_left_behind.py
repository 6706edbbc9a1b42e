"""What a check leaves behind: no task that goes on, and no crowd of objects that only a collection of garbage ends."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from clearline.core.check.check import check, farewells
from clearline.core.check.course import Course
from clearline.core.check.examine import Examiner
from clearline.core.check.request import Request
from clearline.core.hops.loop import HopLoop, Lines
from clearline.core.probes import hello
from clearline.core.report.report import Verdict
from lab import loops
from lab.collector import no_collector
from lab.crowds import end_of_loop
from lab.mongo_peer import MongoPeer, member_hello

MEMBERS = 50
ROUNDS = 3
"""A line that is cut while PyMongo opens it may still keep its client."""
FEW = 1500
"""Objects; PyMongo's client for so many members has more than 8,000."""


@contextmanager
def _crowd() -> Iterator[str]:
    """A primary that names many members, none of which is there."""
    with MongoPeer({}) as peer:
        me = f"127.0.0.1:{peer.port}"
        named = [f"127.3.0.{number}:9" for number in range(1, MEMBERS + 1)]
        peer.answers["hello"] = member_hello("rs0", [me, *named], me=me, primary=me, role="primary")
        yield f"mongodb://{me}/?replicaSet=rs0"


async def _stopped(text: str, after_s: float | None) -> Verdict | None:
    task = asyncio.ensure_future(check(Request(text=text), lambda _report: None))
    if after_s is not None:
        await asyncio.wait({task}, timeout=after_s)
        task.cancel()
    report = await task
    await farewells()
    await end_of_loop()
    return report.verdict


@pytest.mark.parametrize("after_s", [None, 0.02, 0.05, 0.1], ids=str)
def test_what_a_check_of_a_crowd_has_made_goes_without_a_collection(after_s: float | None) -> None:
    async def left_by(text: str) -> int:
        await _stopped(text, after_s)  # what the first one imports stays
        left = []
        for _ in range(ROUNDS):
            gc.collect()
            gc.freeze()
            await _stopped(text, after_s)
            left.append(gc.collect())
        return min(left)

    with no_collector(), _crowd() as text:
        left = loops.run(left_by(text))
    gc.unfreeze()
    assert left < FEW


def test_a_question_that_is_begun_in_the_last_turn_of_a_stop_ends_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    held, answer = asyncio.Event(), asyncio.Event()
    begun: list[str] = []
    extras, abandon, measure = hello.extras, Course.abandon, Examiner._measure

    async def held_back(*arguments: Any, **keywords: Any) -> Any:
        found = await extras(*arguments, **keywords)
        held.set()
        await answer.wait()
        return found

    def answered_first(course: Course) -> Any:
        answer.set()  # the probe goes on in the turn that begins now, and its next question is the round trips
        return abandon(course)

    def next_question(*arguments: Any) -> Any:
        begun.append("asked for")
        return noted(*arguments)

    async def noted(*arguments: Any) -> None:
        begun.append("asked")
        await measure(*arguments)

    async def play() -> None:
        task = asyncio.ensure_future(check(Request(text=text), lambda _report: None))
        await asyncio.wait_for(held.wait(), 10)
        task.cancel()
        await task
        await farewells()
        await asyncio.sleep(0)

    monkeypatch.setattr(hello, "extras", held_back)
    monkeypatch.setattr(Course, "abandon", answered_first)
    monkeypatch.setattr(Examiner, "_measure", next_question)
    with MongoPeer({}) as peer:
        text = f"mongodb://{peer.address}/"
        loops.run(play())
    assert begun == ["asked for"]


def test_a_limit_that_is_reached_in_the_turn_of_a_stop_lets_nothing_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    asking, went_on = asyncio.Event(), []
    limits: list[asyncio.Timeout] = []
    end_probes = Course._end_probes

    async def question(_examiner: Examiner, _member: object) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(3600) as limit:
                limits.append(limit)
                asking.set()
                await asyncio.Event().wait()
        went_on.append(True)
        await asyncio.Event().wait()

    def end(course: Course) -> None:
        limits[0].reschedule(0)
        asyncio.get_running_loop().call_soon(end_probes, course)

    monkeypatch.setattr(Examiner, "_question", question)
    monkeypatch.setattr(Course, "_end_probes", end)

    async def play() -> None:
        task = asyncio.ensure_future(check(Request(text="mongodb://127.0.0.1:9/"), lambda _report: None))
        await asyncio.wait_for(asking.wait(), 10)
        task.cancel()
        await task
        await farewells()
        await asyncio.sleep(0.01)

    loops.run(play())
    assert went_on == []


def test_the_connection_of_a_goodbye_is_closed_with_its_client(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Any] = []
    counted: list[asyncio.Transport] = []
    create, add = HopLoop._create_connection, Lines.add

    async def created(loop: HopLoop, *arguments: Any, **keywords: Any) -> Any:
        opened.append(await create(loop, *arguments, **keywords))
        return opened[-1]

    def added(lines: Lines, transport: asyncio.Transport) -> None:
        counted.append(transport)
        add(lines, transport)

    monkeypatch.setattr(HopLoop, "_create_connection", created)
    monkeypatch.setattr(Lines, "add", added)
    with MongoPeer({}) as primary, MongoPeer({}) as secondary:
        first, second = (f"127.0.0.1:{peer.port}" for peer in (primary, secondary))
        for peer, role in ((primary, "primary"), (secondary, "secondary")):
            me = f"127.0.0.1:{peer.port}"
            peer.answers["hello"] = member_hello("rs0", [first, second], me=me, primary=first, role=role)
        text = f"mongodb://{first},{second}/?replicaSet=rs0&readPreference=secondary"
        assert loops.run(_stopped(text, None)) is Verdict.CONNECTED
        assert primary.received_commands("endSessions"), "where nothing was read from"
    assert [transport for transport, _ in opened] == counted
