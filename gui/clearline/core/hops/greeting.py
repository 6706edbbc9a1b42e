"""Who speaks here? Told by the first bytes of what answers instead of the protocol that was expected."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress

from clearline.core.hops.stream import Stream

_SHOWN_BYTES = 64
_LOOK_S = 1.0
_MONGODB_ID = b"Look"


def service_of(data: bytes) -> str | None:
    """The protocol that bytes belong to: ``ssh``, ``http``, ``tls``, ``socks4``, ``socks5``, ``mongodb``; None else."""
    head = data.lstrip()[:64].lower()
    if data.startswith(b"SSH-"):
        return "ssh"
    if head.startswith((b"http/", b"<!doctype", b"<html", b"<?xml")):
        return "http"
    if len(data) >= 3 and data[0] in (0x14, 0x15, 0x16, 0x17) and data[1] == 3:
        return "tls"
    if data[:1] == b"\x05" and len(data) <= 2:
        return "socks5"
    if len(data) >= 2 and data[0] == 0 and 0x5A <= data[1] <= 0x5D:
        return "socks4"
    if data[8:12] == _MONGODB_ID:  # an answer names the request that it is for
        return "mongodb"
    if head[:4] in (b"220 ", b"220-"):
        return "mail or file transfer"
    return None


def shown(data: bytes) -> str:
    """The first 64 bytes as ASCII; everything else as an escape like ``\\x16``."""
    return data[:_SHOWN_BYTES].decode("latin-1").encode("unicode_escape").decode("ascii")


async def answer_to(stream: Stream, words: bytes, wait_s: float) -> bytes:
    """What comes within ``wait_s`` on a fresh line after saying ``words`` (or nothing); empty for silence or an end."""
    try:
        async with asyncio.timeout(wait_s):
            if words:
                await stream.send(words)
            return await stream.receive(512)
    except OSError:  # a timeout is one, too
        return b""
    finally:
        stream.close()


_SOCKS5_GREETING = b"\x05\x01\x00"
_HTTP_REQUEST = b"OPTIONS * HTTP/1.0\r\n\r\n"
_MONGODB_BODY = (
    _MONGODB_ID + bytes(4) + (2004).to_bytes(4, "little") + bytes(4) + b"admin.$cmd\0" + bytes(4) + b"\xff" * 4
) + b"\x13\0\0\0\x10isMaster\0\x01\0\0\0\0"
_MONGODB_HELLO = (len(_MONGODB_BODY) + 4).to_bytes(4, "little") + _MONGODB_BODY
"""An OP_QUERY, the one message that servers of every age answer before anything else."""


def tls_hello() -> bytes:
    """The first words of TLS."""
    outgoing = ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # nothing is ever sent over it
    with suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), outgoing).do_handshake()
    return outgoing.read()


async def looked_at(enter: Callable[[], Awaitable[Stream]], deadline_s: float, *, besides: str | None = None) -> bytes:
    """Nothing is said for long: what answers to another protocol than ``besides``; empty where nothing does."""
    await asyncio.sleep(min(_LOOK_S, deadline_s / 3))
    answer = await service_that_answers(enter, deadline_s / 3)
    return b"" if besides is not None and service_of(answer) == besides else answer


async def service_that_answers(enter: Callable[[], Awaitable[Stream]], wait_s: float) -> bytes:
    """What something that is silent answers to the first words of other protocols, each at once on its own line."""

    async def said(words: bytes) -> bytes:
        try:
            return await answer_to(await enter(), words, wait_s)
        except OSError:
            return b""

    firsts = (_SOCKS5_GREETING, _HTTP_REQUEST, _MONGODB_HELLO, tls_hello())
    answers = await asyncio.gather(*map(said, firsts))
    return next((answer for answer in answers if service_of(answer) is not None), b"")
