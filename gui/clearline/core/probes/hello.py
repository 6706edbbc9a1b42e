"""hello: is this MongoDB, and what does it say of itself? With the commands that need no login.

Messages are what PyMongo 4.20 sends: OP_MSG from the first one on (pool_shared.AsyncConnection.hello_cmd), ``ismaster``
with ``helloOk`` or, behind a load balancer, ``hello``. OP_REPLY is understood too, as old servers answer.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from clearline import __version__
from clearline.core.facts import replies
from clearline.core.facts.fact import replace
from clearline.core.facts.servers import A_READ, Exchange, Hello, Reach, ServerExtras
from clearline.core.facts.whole import SILENCE_S
from clearline.core.probes.build_info import is_genuine, named_product
from clearline.core.probes.commands import Command
from clearline.core.probes.connection import Line, shown_bytes

_LONGEST_APP_NAME = 128  # bytes; servers refuse more (MongoDB Handshake specification)


async def say_hello(
    line: Line,
    *,
    tls: bool,
    deadline_s: float,
    late_s: float = 0.0,
    on_early: Callable[[Exchange], None] | None = None,
    users: Sequence[str] = (),
    load_balanced: bool = False,
    compressors: Sequence[str] = (),
    app_name: str = "Clearline",
    longer_by: int = 0,
) -> Exchange:
    """Say hello on a fresh line, plain or inside TLS as ``tls`` states; anything but OK closes the line.

    ``users`` (``database.user``) are looked up with saslSupportedMechs: the first with this hello, the others after
    it, one round trip each. Waiting and ``on_early`` work as in `tcp.open_connection`; a partial answer counts as
    progress. A server that answers anything but MongoDB's language is NOT_MONGODB. ``longer_by`` adds so many bytes.
    """
    document: dict[str, Any] = {"hello": 1} if load_balanced else {"ismaster": 1, "helloOk": True}
    if users:
        document["saslSupportedMechs"] = users[0]
    document["client"] = _client_metadata(app_name)
    if compressors:
        document["compression"] = list(compressors)
    if load_balanced:
        document["loadBalanced"] = True
    if longer_by:
        document["comment"] = "." * longer_by
    command = Command(line, document)
    hello: Hello | None = None

    def exchange() -> Exchange:
        return Exchange(
            tls=tls,
            reach=command.reach,
            hello=hello,
            errno=command.errno,
            first_bytes="" if command.reach is Reach.OK else shown_bytes(command.received),
            received_bytes=len(command.received),
            elapsed_ms=command.elapsed_ms,
            first_byte_ms=command.first_byte_ms,
            pieces=command.pieces,
            compressed_bytes=command.compressed_bytes,
            endless=command.endless,
            late=command.late,
        )

    def early() -> None:
        if on_early:
            on_early(exchange())

    await command.run(deadline_s=deadline_s, late_s=late_s, on_early=early)
    if command.answer is not None:
        hello = parse_hello(command.answer, elapsed_s=command.elapsed_ms / 1000, user=users[0] if users else None)
        others = await mechanisms(line, users[1:], deadline_s=deadline_s)
        told = {name: known or () for name, known in others.items()}
        hello = replace(hello, sasl_supported_mechs=hello.sasl_supported_mechs | told)
    return exchange()


async def ask(
    line: Line, command: Mapping[str, Any], db: str = "admin", *, deadline_s: float = SILENCE_S
) -> dict[str, Any] | None:
    """Run one more command on a line that has said hello; the answer may be an error document (``ok`` 0).

    None when no answer came within ``deadline_s``; the line is closed then.
    """
    running = Command(line, {**command}, db)
    await running.run(deadline_s=deadline_s)
    return running.answer


async def mechanisms(
    line: Line, names: Sequence[str], *, deadline_s: float = SILENCE_S
) -> dict[str, tuple[str, ...] | None]:
    """The mechanisms of each ``database.user``; None: no such user there; absent: not answered.

    An empty tuple is a user who is there, with credentials only for mechanisms that the server has switched off.
    """
    found: dict[str, tuple[str, ...] | None] = {}
    for name in names:
        answer = await ask(line, {"ismaster": 1, "saslSupportedMechs": name}, deadline_s=deadline_s)
        if answer is None:
            break
        if answer.get("ok"):
            told = answer.get("saslSupportedMechs")
            found[name] = None if told is None else replies.texts(told)
    return found


async def extras(
    line: Line,
    *,
    deadline_s: float = SILENCE_S,
    late_s: float = 0.0,
    on_early: Callable[[ServerExtras], None] | None = None,
) -> ServerExtras:
    """What a server tells without login: whether reads are open, the state of its set, its product; 3 round trips.

    A node that is out of its set is also asked for the configuration that it holds. Waiting and ``on_early`` work as in
    `tcp.open_connection` for the read, without which a server is of no use; the others are not waited for beyond
    ``deadline_s``.
    """
    answers: dict[str, dict[str, Any] | None] = {}
    ended, unpacked, slowest_ms = Reach.OK, None, 0.0
    for name, command, db in _EXTRAS:
        running = Command(line, command, db)

        def early(silent_at: str = name) -> None:
            if on_early:
                on_early(_told({**answers, silent_at: None}, Reach.SILENT, None, None))

        await running.run(deadline_s=deadline_s, late_s=late_s if name == A_READ else 0.0, on_early=early)
        answers[name] = running.answer
        slowest_ms = max(slowest_ms, running.elapsed_ms)
        if running.answer is None:
            ended, unpacked = running.reach, running.compressed_bytes
            break
    status = answers.get("replSetGetStatus")
    config = None
    if ended is Reach.OK and _code(status) in (_INVALID_CONFIG, _NOT_INITIALISED):
        config = await ask(line, {"replSetGetConfig": 1}, deadline_s=deadline_s)
    return replace(_told(answers, ended, unpacked, config), slowest_ms=slowest_ms)


def _told(
    answers: dict[str, dict[str, Any] | None],
    ended: Reach,
    unpacked: int | None,
    config: Mapping[str, Any] | None,
) -> ServerExtras:
    """The answers so far as facts; the last of them is what the line ended with, or waits for."""
    status = answers.get("replSetGetStatus")
    last = next(reversed(answers))
    info = answers.get("buildInfo") or {}
    return ServerExtras(
        version=replies.text(info.get("version")),
        modules=replies.texts(info.get("modules")),
        ferretdb=any(str(field).startswith("ferretdb") for field in info),
        genuine=is_genuine(info) if info.get("ok") else None,
        product=named_product(info),
        build_info_code=_code(answers.get("buildInfo")),
        repl_status_code=_code(status),
        repl_message=replies.text(status.get("errmsg")) if status else None,
        config_hosts=_config_hosts(config),
        open_read_code=_code(answers.get(A_READ)),
        silent_at=last if ended is Reach.SILENT else None,
        cut_at=last if ended in (Reach.CLOSED, Reach.RESET) else None,
        compressed_at=last if unpacked is not None else None,
        compressed_bytes=unpacked,
    )


_EXTRAS: Final = (
    # A collection that does not exist; "nearest" because secondaries refuse reads that do not name a preference.
    (
        A_READ,
        {"find": "clearline", "limit": 1, "singleBatch": True, "$readPreference": {"mode": "nearest"}},
        "clearline",
    ),
    ("replSetGetStatus", {"replSetGetStatus": 1}, "admin"),
    ("buildInfo", {"buildInfo": 1}, "admin"),
)
_INVALID_CONFIG, _NOT_INITIALISED = 93, 94
"""Server codes InvalidReplicaSetConfig and NotYetInitialized."""


def _config_hosts(answer: Mapping[str, Any] | None) -> tuple[str, ...]:
    members = replies.documents(replies.document((answer or {}).get("config")).get("members"))
    return tuple(host for member in members[:100] if (host := replies.text(member.get("host"))) is not None)


def parse_hello(document: Mapping[str, Any], *, elapsed_s: float | None = None, user: str | None = None) -> Hello:
    """The answer to hello as facts; fields of wrong types count as absent.

    ``elapsed_s`` is the round trip that has ended just now: the server read its clock half of it ago. ``user`` is the
    ``database.user`` that was asked for with it.
    """
    local_time = document.get("localTime")
    skew: float | None = None
    told_s = _moment(local_time)
    if told_s is not None and elapsed_s is not None:
        skew = round(told_s - (time.time() - elapsed_s / 2), 3)
    tags = document.get("tags")
    write = document.get("lastWrite")
    written = write.get("lastWriteDate") if isinstance(write, Mapping) else None
    election, service = document.get("electionId"), document.get("serviceId")
    return Hello(
        ok=bool(document.get("ok")) and not _is_error(document),
        code=replies.whole(document.get("code")),
        code_name=replies.text(document.get("codeName")),
        message=replies.text(document.get("errmsg")),
        set_name=replies.text(document.get("setName")),
        is_writable_primary=bool(document.get("isWritablePrimary", document.get("ismaster"))),
        secondary=bool(document.get("secondary")),
        arbiter_only=bool(document.get("arbiterOnly")),
        hidden=bool(document.get("hidden")),
        is_replica_set=bool(document.get("isreplicaset")),
        msg=replies.text(document.get("msg")),
        me=replies.text(document.get("me")),
        primary=replies.text(document.get("primary")),
        hosts=replies.texts(document.get("hosts")),
        passives=replies.texts(document.get("passives")),
        arbiters=replies.texts(document.get("arbiters")),
        tags=replies.text_pairs(tags),
        min_wire_version=replies.whole(document.get("minWireVersion")) or 0,
        max_wire_version=replies.whole(document.get("maxWireVersion")) or 0,
        max_bson_size=replies.whole(document.get("maxBsonObjectSize")),
        set_version=replies.whole(document.get("setVersion")),
        election_id=None if election is None else replies.cut(str(election)),
        service_id=None if service is None else replies.cut(str(service)),
        process_id=process_id(document),
        compression=replies.texts(document.get("compression")),
        local_time=local_time.isoformat() if isinstance(local_time, datetime) else None,
        last_write_s=_moment(written),
        clock_skew_s=skew,
        sasl_supported_mechs={} if user is None else {user: replies.texts(document.get("saslSupportedMechs"))},
        fields=replies.texts(list(document)),
        malformed=_malformed(document),
    )


_NUMBERS: Final = ("minWireVersion", "maxWireVersion", "maxBsonObjectSize")
_TEXTS: Final = ("setName", "me", "primary")
_LISTS: Final = ("hosts", "passives", "arbiters")
"""Fields without whose type a driver cannot read the answer (pymongo.server_description)."""
_SHOWN_HOST: Final = 60


def _is_readable(host: str) -> bool:
    """Whether PyMongo can read a host of hello's lists: it raises at a port that is no number (pymongo.common)."""
    _, colon, port = host.rpartition(":")
    try:
        return not colon or int(port) is not None
    except ValueError:
        return False


def _malformed(document: Mapping[str, Any]) -> tuple[str, ...]:
    typed = ((_NUMBERS, int | float), (_TEXTS, str), (_LISTS, list))
    spoilt = [
        f"{name} ({_kind_of(value)})"
        for names, kind in typed
        for name in names
        if (value := document.get(name)) is not None and (not isinstance(value, kind) or isinstance(value, bool))
    ]
    hosts = ((name, host) for name in _LISTS for host in replies.texts(document.get(name)))
    spoilt += [f"{name} ({host[:_SHOWN_HOST]})" for name, host in hosts if not _is_readable(host)][:1]
    return tuple(spoilt if document.get("ok") is not None else ["no ok", *spoilt])


def _kind_of(value: object) -> str:
    match value:
        case bool():
            return "true or false"
        case str():
            return "a text"
        case int() | float():
            return "a number"
        case list():
            return "a list"
        case Mapping():
            return "a document"
        case _:
            return "another type"


def process_id(document: Mapping[str, Any]) -> str | None:
    """Which run of which server answered this hello; None where the server does not tell."""
    found = replies.document(document.get("topologyVersion")).get("processId")
    return None if found is None else replies.cut(str(found))


def _is_error(document: Mapping[str, Any]) -> bool:
    """An error that says ok all the same, as old servers and some proxies do."""
    return "$err" in document or ("errmsg" in document and "maxWireVersion" not in document)


def _client_metadata(app_name: str) -> dict[str, Any]:
    """Who is asking, for the server's log (MongoDB Handshake specification)."""
    return {
        "application": {"name": app_name.encode()[:_LONGEST_APP_NAME].decode(errors="ignore")},
        "driver": {"name": "Clearline", "version": __version__},
        "os": {"type": platform.system()},
        "platform": f"{platform.python_implementation()} {platform.python_version()}",
    }


def _code(answer: Mapping[str, Any] | None) -> int | None:
    """The code of a command's answer: 0 for success; None without an answer or a code."""
    if answer is None:
        return None
    return 0 if answer.get("ok") else replies.whole(answer.get("code"))


def _moment(value: object) -> float | None:
    """Seconds since 1970 of a date that Python can count with."""
    try:
        return value.timestamp() if isinstance(value, datetime) else None
    except (OverflowError, ValueError, OSError):
        return None
