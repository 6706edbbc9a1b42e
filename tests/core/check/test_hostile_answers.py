"""Servers whose answers are well-formed and mean harm, or are no answers: a check ends, small, and without a bug."""

from __future__ import annotations

import asyncio
import itertools
import logging
import struct
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import bson
import pytest

from clearline.core.check.check import check, farewells, warm_up
from clearline.core.check.request import Request
from clearline.core.daemon_threads import DaemonExecutor
from clearline.core.report.report import Report, to_json
from lab import loops
from lab.mongo_peer import Failure, MongoPeer, hello, member_hello
from lab.peer import Conversation, Peer

LONGEST_S = 25.0
MOST_BYTES = 2_000_000
_HEADER = struct.Struct("<iiii")
_OP_MSG, _OP_COMPRESSED = 2013, 2012


def nested(depth: int) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for _ in range(depth):
        document = {"a": document}
    return document


def names(count: int, length: int = 20) -> list[str]:
    return [f"{n:0{length}}:27017" for n in range(count)]


DOCUMENTS: dict[str, dict[str, Any]] = {
    "deep": {"hello": hello(tags=nested(90))},
    "instant awaitable hello": {
        "hello": hello(topologyVersion={"processId": bson.ObjectId(), "counter": bson.Int64(1)})
    },
    "odd topology version": {"hello": hello(topologyVersion={"processId": "x", "counter": []})},
    "wire versions": {"hello": hello(minWireVersion=-(2**31), maxWireVersion=2**31 - 1)},
    "wire versions of floats": {"hello": hello(minWireVersion=float("nan"), maxWireVersion=float("inf"))},
    "year 1": {"hello": hello(localTime=datetime(1, 1, 1, tzinfo=UTC))},
    "year 9999": {"hello": hello(localTime=datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))},
    "long names": {"hello": member_hello("rs0", names(1000, 1000), me="a:1", role="primary")},
    "long set": {"hello": hello(setName="s" * 5_000_000, hosts=["a:1"], secondary=True)},
    "escapes": {"hello": member_hello("rs\x1b[2J\u202e", ["\x1b]0;x\x07:1", "\u202ea:1"], me="\r\n:1")},
    "cluster time": {"hello": hello(**{"$clusterTime": {"clusterTime": "now"}, "operationTime": []})},
    "speculation": {"hello": hello(speculativeAuthenticate={"payload": b"\xff" * 1000, "done": True, "ok": 1})},
    "mechanisms": {"hello": hello(saslSupportedMechs=[f"M{n}" for n in range(100_000)])},
    "many databases": {"listdatabases": {"databases": [{"name": f"d{n}"} for n in range(200_000)]}},
    "databases of no kind": {"listdatabases": {"databases": [3, None, {"name": 7}, {"name": {"a": 1}}]}},
    "many modules": {"buildinfo": {"version": "6" * 100_000, "modules": [{"a": []}] * 10_000}},
    "many privileges": {
        "connectionstatus": {
            "authInfo": {
                "authenticatedUsers": [{"user": {}, "db": 3}],
                "authenticatedUserRoles": [{"role": "r", "db": "d"}] * 20_000,
                "authenticatedUserPrivileges": [{"resource": {"db": [], "collection": 3}, "actions": {}}] * 20_000,
            }
        }
    },
    "ok of no kind": {"find": {"ok": "yes"}, "ping": {"ok": float("nan")}},
    "long error": {"*": Failure(18, "e" * 5_000_000, "n" * 100_000)},
    "error of a hello": {"hello": Failure(-(2**31), "\x1b[31m" * 10_000)},
}


def message(answers: int, document: bytes, flags: int = 0, kind: int = 0) -> bytes:
    body = struct.pack("<IB", flags, kind) + document
    return _HEADER.pack(_HEADER.size + len(body), 1, answers, _OP_MSG) + body


def frame(length: int, answers: int, code: int, body: bytes) -> bytes:
    return _HEADER.pack(length, 1, answers, code) + body


HELLO = bson.encode(hello())
RAW: dict[str, Callable[[int], bytes]] = {
    "negative length": lambda n: frame(-1, n, _OP_MSG, b"x" * 20),
    "longest length": lambda n: frame(2**31 - 1, n, _OP_MSG, b"x" * 1000),
    "length of a header": lambda n: frame(16, n, _OP_MSG, b""),
    "another's answer": lambda n: message(n + 1, HELLO),
    "unknown section": lambda n: message(n, HELLO, kind=7),
    "checksum that is none": lambda n: message(n, HELLO, flags=1),
    "all flags": lambda n: message(n, HELLO, flags=0xFFFF),
    "document too long": lambda n: message(n, struct.pack("<i", 2**31 - 1) + HELLO[4:]),
    "document of negative length": lambda n: message(n, struct.pack("<i", -5) + HELLO[4:]),
    "name that is no text": lambda n: message(n, HELLO.replace(b"helloOk", b"\xff\xfe\xfdloOk")),
    "unknown compressor": lambda n: frame(
        16 + 9 + 5, n, _OP_COMPRESSED, struct.pack("<iiB", _OP_MSG, 5, 99) + b"x" * 5
    ),
    "broken zlib": lambda n: frame(16 + 9 + 5, n, _OP_COMPRESSED, struct.pack("<iiB", _OP_MSG, 50, 2) + b"x" * 5),
    "unknown operation": lambda n: frame(16 + len(HELLO), n, 77, HELLO),
    "cut after the header": lambda n: frame(500, n, _OP_MSG, b""),
}


def raw(answer: Callable[[int], bytes]) -> Peer:
    async def script(line: Conversation) -> None:
        while True:
            length, number, _, _ = _HEADER.unpack(await line.read_exactly(_HEADER.size))
            await line.read_exactly(length - _HEADER.size)
            await line.write(answer(number))
            if answer is RAW["cut after the header"]:
                line.reset()
                return

    return Peer(script)


def flooding() -> Peer:
    """Answers to hello that say that more are to come, without end."""

    async def script(line: Conversation) -> None:
        _, number, _, _ = _HEADER.unpack(await line.read_exactly(_HEADER.size))
        for count in itertools.count(number):
            await line.write(message(count, HELLO, flags=2) * 50)

    return Peer(script)


class Bugs(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append(f"{record.getMessage()} {record.exc_info and record.exc_info[1]!r}")


@pytest.fixture
def bugs() -> Iterator[list[str]]:
    handler, log = Bugs(), logging.getLogger("clearline")
    log.addHandler(handler)
    yield handler.told
    log.removeHandler(handler)


def checked(address: str, options: str = "") -> Report:
    async def play() -> Report:
        asyncio.get_running_loop().set_default_executor(DaemonExecutor())
        async with asyncio.timeout(LONGEST_S):
            report = await check(Request(text=f"mongodb://{address}/{options}"), lambda _report: None)
        await farewells()
        return report

    warm_up()
    return loops.run(play())


def small(report: Report) -> bool:
    text = to_json(report)
    return len(text) < MOST_BYTES and "\x1b" not in text


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_documents_that_mean_harm(kind: str, bugs: list[str]) -> None:
    with MongoPeer(DOCUMENTS[kind]) as peer:
        report = checked(f"127.0.0.1:{peer.port}")
    assert report.verdict is not None
    assert bugs == []
    assert small(report)


@pytest.mark.parametrize("kind", RAW)
def test_bytes_that_mean_harm(kind: str, bugs: list[str]) -> None:
    with raw(RAW[kind]) as peer:
        report = checked(peer.address)
    assert report.verdict is not None
    assert bugs == []
    assert small(report)


def test_a_flood_of_answers(bugs: list[str]) -> None:
    with flooding() as peer:
        report = checked(peer.address)
    assert report.verdict is not None
    assert bugs == []
