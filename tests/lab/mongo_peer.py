"""A scripted MongoDB server: answers the wire protocol from a dict, for what no mongod of ours can be.

``MongoPeer({"hello": hello(maxWireVersion=8), "find": Failure(133, "…")})``, names in any case. Commands without an
answer of their own get a healthy server's; ``"*"`` stands for every command but hello. An answer is a
document, a `Failure`, `SILENCE`, `CLOSE`, `RESET`, `Late`, or a function of the `Command` that returns one of these.
``answers`` may be changed at any time. What came is in ``commands``; ``login_attempts`` counts the connections that
tried to log in.
"""

from __future__ import annotations

import asyncio
import datetime
import enum
import itertools
import socket
import ssl
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import bson

from lab.peer import Conversation, Peer

_HEADER = struct.Struct("<iiii")
_OP_REPLY, _OP_QUERY, _OP_MSG = 1, 2004, 2013


class Manner(enum.Enum):
    """How not to answer."""

    SILENCE = "keep the connection open and say nothing to this command"
    CLOSE = "hang up with FIN"
    RESET = "hang up with RST"


SILENCE, CLOSE, RESET = Manner.SILENCE, Manner.CLOSE, Manner.RESET


@dataclass(frozen=True)
class Failure:
    """A command's error, e.g. ``Failure(8000, "bad auth : authentication failed", "AtlasError")``."""

    code: int
    message: str
    name: str = "UnknownError"


@dataclass(frozen=True)
class Late:
    """An answer that comes ``delay_s`` later."""

    delay_s: float
    answer: Answer


@dataclass(frozen=True)
class Command:
    """A command that the peer received."""

    name: str
    """As the client wrote it, except that ``ismaster`` and ``isMaster`` read ``hello``."""
    document: dict[str, Any]
    connection: int
    """0 for the first connection of the peer."""
    host: str
    """The address that the client connected to."""
    peer: MongoPeer

    @property
    def is_login(self) -> bool:
        """Whether it carries credentials."""
        return self.name.lower() in ("saslstart", "authenticate") or "speculativeAuthenticate" in self.document


Answer = Mapping[str, Any] | Failure | Late | Manner
Answers = Mapping[str, Answer | Callable[[Command], Answer]]


def hello(**changes: Any) -> dict[str, Any]:
    """The hello of a MongoDB 6.0 standalone, with changes; a change to ``None`` removes the field."""
    document = {
        "isWritablePrimary": True,
        "helloOk": True,
        "ismaster": True,
        "maxBsonObjectSize": 16777216,
        "maxMessageSizeBytes": 48000000,
        "maxWriteBatchSize": 100000,
        "localTime": datetime.datetime.now(datetime.UTC),
        "logicalSessionTimeoutMinutes": 30,
        "minWireVersion": 0,
        "maxWireVersion": 17,
        "readOnly": False,
        **changes,
    }
    return {field: value for field, value in document.items() if value is not None}


def member_hello(
    set_name: str, hosts: list[str], *, me: str, primary: str | None = None, role: str = "secondary", **changes: Any
) -> dict[str, Any]:
    """The hello of a replica set member. ``role``: primary, secondary, arbiter, hidden, starting (has no role yet)."""
    fields: dict[str, Any] = {"setName": set_name, "setVersion": 1, "hosts": hosts, "me": me, "primary": primary}
    fields |= {"isWritablePrimary": role == "primary", "ismaster": role == "primary"}
    fields |= {"secondary": role in ("secondary", "hidden")}
    if role == "primary":
        fields |= {"electionId": bson.ObjectId("7fffffff0000000000000001"), "primary": me}
    if role == "arbiter":
        fields |= {"arbiterOnly": True, "arbiters": [me]}
    if role == "hidden":
        fields |= {"hidden": True, "passive": True}
    return hello(**fields | changes)


def uninitiated_hello() -> dict[str, Any]:
    """The hello of a mongod with ``--replSet`` that was never initiated."""
    return hello(isWritablePrimary=False, ismaster=False, secondary=False, isreplicaset=True)


def mongos_hello(**changes: Any) -> dict[str, Any]:
    """The hello of a mongos."""
    return hello(**{"msg": "isdbgrid", **changes})


_HEALTHY: dict[str, Answer] = {
    "ping": {},
    "endsessions": {},
    "killcursors": {},
    "buildinfo": {"version": "6.0.5", "versionArray": [6, 0, 5, 0], "modules": [], "bits": 64},
    "connectionstatus": {"authInfo": {"authenticatedUsers": [], "authenticatedUserRoles": []}},
    "listdatabases": {"databases": [{"name": "admin", "sizeOnDisk": 40960, "empty": False}], "totalSize": 40960},
}


class MongoPeer(Peer):
    """A scripted mongod. ``mechanisms`` maps ``db.user`` to what ``saslSupportedMechs`` says of that user."""

    def __init__(
        self,
        answers: Answers | None = None,
        *,
        mechanisms: Mapping[str, list[str]] | None = None,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        listener: socket.socket | None = None,
    ) -> None:
        super().__init__(self._serve, tls=tls, host=host, port=port, listener=listener)
        self.answers: dict[str, Answer | Callable[[Command], Answer]] = dict(answers or {})
        self.mechanisms = dict(mechanisms or {})
        self.commands: list[Command] = []
        self._reply_numbers = itertools.count(1)

    @property
    def login_attempts(self) -> int:
        """How many connections tried to log in."""
        return len({command.connection for command in self.commands if command.is_login})

    def received_commands(self, name: str) -> list[dict[str, Any]]:
        """The documents of every command of that name."""
        return [command.document for command in self.commands if command.name.lower() == name.lower()]

    async def _serve(self, line: Conversation) -> None:
        while True:
            head = await line.read_exactly(_HEADER.size)
            length, request, _, opcode = _HEADER.unpack(head)
            body = await line.read_exactly(length - _HEADER.size)
            document, wants_answer = _parse(opcode, body)
            first = next(iter(document))
            name = "hello" if first.lower() in ("hello", "ismaster") else first
            command = Command(name, document, line.number, line.host, self)
            self.commands.append(command)
            self.notify()
            answer = self._answer(command)
            if isinstance(answer, Late):
                await asyncio.sleep(answer.delay_s)
                answer = answer.answer
            if answer is RESET:
                line.reset()
                return
            if answer is CLOSE:
                return
            if answer is SILENCE or not wants_answer:
                continue
            await line.write(_reply(opcode, next(self._reply_numbers), request, _document(answer)))

    def _answer(self, command: Command) -> Answer:
        fallback = None if command.name == "hello" else self.answers.get("*")
        answer = next((self.answers[name] for name in self.answers if name.lower() == command.name.lower()), fallback)
        if answer is None:
            answer = self._healthy(command)
        if callable(answer):
            answer = answer(command)
        if command.name == "hello" and isinstance(answer, Mapping):
            user = command.document.get("saslSupportedMechs")
            if user in self.mechanisms:
                answer = {**answer, "saslSupportedMechs": self.mechanisms[cast(str, user)]}
        return answer

    def _healthy(self, command: Command) -> Answer:
        match command.name.lower():
            case "hello":
                return hello()
            case "find" | "aggregate" | "listcollections":
                target = command.document[command.name]
                space = f"{command.document['$db']}.{target if isinstance(target, str) else '$cmd'}"
                return {"cursor": {"id": bson.Int64(0), "ns": space, "firstBatch": []}}
            case name:
                return _HEALTHY.get(name, Failure(59, f"no such command: '{command.name}'", "CommandNotFound"))


def _parse(opcode: int, body: bytes) -> tuple[dict[str, Any], bool]:
    """The command and whether the client waits for an answer."""
    if opcode == _OP_QUERY:
        start = body.index(b"\0", 4) + 1 + 8  # flags, collection name, numberToSkip, numberToReturn
        size = struct.unpack_from("<i", body, start)[0]
        return bson.decode(body[start : start + size]), True
    if opcode != _OP_MSG:
        raise ValueError(f"the peer does not speak opcode {opcode}")
    flags = struct.unpack_from("<I", body)[0]
    if body[4] != 0:
        raise ValueError("the first section is not the command")
    size = struct.unpack_from("<i", body, 5)[0]
    return bson.decode(body[5 : 5 + size]), not flags & 2


def _document(answer: Answer) -> dict[str, Any]:
    if isinstance(answer, Failure):
        return {"ok": 0.0, "errmsg": answer.message, "code": answer.code, "codeName": answer.name}
    assert isinstance(answer, Mapping)
    return {"ok": 1.0, **answer}


def _reply(opcode: int, number: int, request: int, document: dict[str, Any]) -> bytes:
    data = bson.encode(document)
    if opcode == _OP_QUERY:
        code, body = _OP_REPLY, struct.pack("<iqii", 8, 0, 0, 1) + data
    else:
        code, body = _OP_MSG, struct.pack("<IB", 0, 0) + data
    return _HEADER.pack(_HEADER.size + len(body), number, request, code) + body
