"""Servers that wear a client out, or feed it what no parser reads. Each is a `Peer` to be used as a context manager."""

from __future__ import annotations

import asyncio
import os
import struct
import zlib

import bson

from lab.mongo_peer import hello
from lab.peer import Conversation, Peer

_HEADER = struct.Struct("<iiii")
_OP_COMPRESSED, _OP_MSG = 2012, 2013
_ZLIB = 2
_TLS_1_2 = b"\x03\x03"
_HANDSHAKE = 22
BOMB_BYTES = 400_000_000


async def _command(line: Conversation) -> tuple[int, str]:
    """The number and the name of the next command."""
    length, number, _, _ = _HEADER.unpack(await line.read_exactly(_HEADER.size))
    body = await line.read_exactly(length - _HEADER.size)
    return number, next(iter(bson.decode(body[5:]))).lower()


def _message(answers: int, document: dict[str, object], number: int = 1) -> bytes:
    body = bytes(5) + bson.encode({"ok": 1.0, **document})
    return _HEADER.pack(_HEADER.size + len(body), number, answers, _OP_MSG) + body


def trickling(interval_s: float, **where: object) -> Peer:
    """A whole answer to hello, one byte each ``interval_s``."""

    async def script(line: Conversation) -> None:
        number, _ = await _command(line)
        for byte in _message(number, hello()):
            await line.write(bytes([byte]))
            await asyncio.sleep(interval_s)

    return Peer(script, **where)  # type: ignore[arg-type]


def trickling_tls(interval_s: float, **where: object) -> Peer:
    """The beginning of a TLS handshake, one byte each ``interval_s``, without end."""

    async def script(line: Conversation) -> None:
        await line.read()
        for byte in _record(_server_hello() + _handshake(11, bytes(60_000))[:16_000]):
            await line.write(bytes([byte]))
            await asyncio.sleep(interval_s)

    return Peer(script, **where)  # type: ignore[arg-type]


def endless_tls(message: bytes | None = None, **where: object) -> Peer:
    """TLS records without end, a HelloRequest each: OpenSSL skips them inside of one call."""
    flood = _record(message or _handshake(0, b"")) * 1000

    async def script(line: Conversation) -> None:
        await line.read()
        while True:
            await line.write(flood)

    return Peer(script, **where)  # type: ignore[arg-type]


def compression_bomb(at: str = "hello", **where: object) -> Peer:
    """A compressed answer that swells to 400 MB, to hello or to what follows it (``*``)."""
    squeezed = zlib.compressobj(9)
    bomb = b"".join(squeezed.compress(bytes(1_000_000)) for _ in range(BOMB_BYTES // 1_000_000)) + squeezed.flush()

    async def script(line: Conversation) -> None:
        while True:
            number, name = await _command(line)
            if at == "*" and name in ("hello", "ismaster"):
                await line.write(_message(number, hello(compression=["zlib"])))
                continue
            body = struct.pack("<iiB", _OP_MSG, BOMB_BYTES, _ZLIB) + bomb
            await line.write(_HEADER.pack(_HEADER.size + len(body), 1, number, _OP_COMPRESSED) + body)

    return Peer(script, **where)  # type: ignore[arg-type]


def broken_certificate(**where: object) -> Peer:
    """A TLS server whose certificate is no certificate."""
    der = bytes.fromhex("3006020101020102")
    chain = _sized(_sized(der, 3), 3)

    async def script(line: Conversation) -> None:
        await line.read()
        await line.write(_record(_server_hello()) + _record(_handshake(11, chain)) + _record(_handshake(14, b"")))
        await line.until_closed()

    return Peer(script, **where)  # type: ignore[arg-type]


def _server_hello() -> bytes:
    renegotiation = b"\xff\x01\x00\x01\x00"
    return _handshake(2, _TLS_1_2 + os.urandom(32) + b"\0" + b"\xc0\x2f" + b"\0" + _sized(renegotiation, 2))


def _handshake(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + _sized(body, 3)


def _record(body: bytes) -> bytes:
    return bytes([_HANDSHAKE]) + _TLS_1_2 + _sized(body, 2)


def _sized(body: bytes, length_size: int) -> bytes:
    return len(body).to_bytes(length_size, "big") + body
