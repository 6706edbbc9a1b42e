"""Whatever types and lengths a server answers with: the check goes on, and its report stays small."""

from __future__ import annotations

import asyncio
from typing import Any

import bson
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


CODE = bson.Code("x", {"y": 1})
"""A text to Python, and no key of a dictionary."""


@pytest.mark.parametrize("field", ["me", "setName", "primary", "msg", "hosts", "tags", "compression", "$clusterTime"])
def test_code_in_place_of_a_text_is_a_text(field: str) -> None:
    value = {"hosts": [CODE], "tags": {"dc": CODE}, "compression": [CODE]}.get(field, CODE)
    report, _ = checked({"hello": hello(**{field: value})})
    assert report.verdict is not None


@pytest.mark.parametrize("limit", [None, "x", [], {}, CODE, bson.Decimal128("NaN")])
def test_what_the_protocol_of_the_driver_raises_is_no_bug_of_this_program(limit: Any) -> None:
    strays: list[dict[str, Any]] = []

    async def run(port: int) -> Report:
        asyncio.get_running_loop().set_default_executor(DaemonExecutor())
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: strays.append(context))
        report = await check(Request(Profile(), {}, text=f"mongodb://127.0.0.1:{port}/"), lambda _report: None)
        await farewells()
        return report

    with MongoPeer({"hello": {**hello(), "maxMessageSizeBytes": limit}}) as peer:
        assert loops.run(run(peer.port)).verdict is not None
    assert strays == []


BSON = st.sampled_from([CODE, bson.Decimal128("NaN"), bson.Regex("(a+)+$"), bson.MinKey(), bson.Int64(2**63 - 1)])
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=3) | BSON,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@given(JSON)
def test_every_reader_takes_anything(value: Any) -> None:
    assert isinstance(replies.text(value), str | None)
    assert {replies.text(value), *replies.texts(value)}
    assert all(isinstance(item, str) for item in replies.texts(value))
    assert isinstance(replies.whole(value), int | None)
    assert replies.document(value) is not None
    assert all(item is not None for item in replies.documents(value))
    assert all(isinstance(item, str) for item in replies.text_pairs(value).values())
