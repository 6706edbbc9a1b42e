"""Whatever types and lengths a server answers with: the check goes on, and its report stays small."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearline.core.check.check import check, farewells
from clearline.core.check.request import Request
from clearline.core.daemon_threads import DaemonExecutor
from clearline.core.driver.events import DriverEvent
from clearline.core.facts import replies
from clearline.core.profiles.profile import Profile
from clearline.core.report.report import Report, Verdict
from lab import loops
from lab.mongo_peer import Failure, MongoPeer, hello

HUGE = "x" * 10_000_000
MUCH = {"authInfo": {"authenticatedUsers": [{"user": HUGE, "db": HUGE}], "authenticatedUserRoles": [{"role": HUGE}]}}


def checked(answers: dict[str, Any], options: str = "") -> tuple[Report, list[DriverEvent]]:
    events: list[DriverEvent] = []

    async def run(port: int) -> Report:
        asyncio.get_running_loop().set_default_executor(DaemonExecutor())
        request = Request(Profile(), {}, text=f"mongodb://127.0.0.1:{port}/{options}")
        report = await check(request, lambda _report: None, on_event=events.append)
        await farewells()
        return report

    with MongoPeer(answers) as peer:
        return loops.run(run(peer.port)), events


@pytest.mark.parametrize(
    ("answers", "options"),
    [
        ({"hello": hello(setName=HUGE, hosts=[HUGE], me=HUGE)}, ""),
        ({"hello": hello(setName=HUGE, hosts=["127.0.0.1:1"])}, "?replicaSet=rs0"),
        ({"hello": Failure(1, HUGE, HUGE)}, ""),
        ({"find": Failure(13, HUGE, HUGE)}, ""),
        (
            {
                "connectionStatus": MUCH,
                "buildInfo": {"version": HUGE},
                "listDatabases": {"databases": [{"name": HUGE}]},
            },
            "",
        ),
    ],
    ids=["names", "set name", "hello fails", "read fails", "later"],
)
def test_ten_megabytes_in_a_text_make_a_small_report(answers: dict[str, Any], options: str) -> None:
    report, events = checked(answers, options)
    assert len(msgspec.json.encode(report)) < 60_000
    assert max((len(msgspec.json.encode(event)) for event in events), default=0) < 10_000


@pytest.mark.parametrize("odd", [None, 3, "x", [None, 3], {"a": 1}, {"authenticatedUsers": [3], "members": "x"}])
def test_odd_types_in_later_answers_cost_nothing_else(odd: Any) -> None:
    answers = {
        "connectionStatus": {"authInfo": odd},
        "buildInfo": {"version": odd, "modules": odd},
        "listDatabases": {"databases": odd},
        "replSetGetConfig": {"config": odd},
        "currentOp": {"inprog": odd},
        "serverStatus": {"connections": odd},
    }
    report, _ = checked(answers, "?w=many")
    assert report.verdict is Verdict.CONNECTED


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@given(JSON)
def test_every_reader_takes_anything(value: Any) -> None:
    assert isinstance(replies.text(value), str | None)
    assert all(isinstance(item, str) for item in replies.texts(value))
    assert isinstance(replies.whole(value), int | None)
    assert replies.document(value) is not None
    assert all(item is not None for item in replies.documents(value))
    assert all(isinstance(item, str) for item in replies.text_pairs(value).values())
