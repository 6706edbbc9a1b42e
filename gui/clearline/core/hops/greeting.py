"""Who speaks here? Told by the first bytes of what answers instead of the protocol that was expected."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from clearline.core.hops.stream import Stream

_SHOWN_BYTES = 64


def service_of(data: bytes) -> str | None:
    """The protocol that bytes belong to: ``ssh``, ``http``, ``tls``, ``socks4``, ``socks5``; None else."""
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


async def service_that_answers(enter: Callable[[], Awaitable[Stream]], wait_s: float) -> bytes:
    """What something that is silent answers to the first words of other protocols, each at once on its own line."""

    async def said(words: bytes) -> bytes:
        try:
            return await answer_to(await enter(), words, wait_s)
        except OSError:
            return b""

    answers = await asyncio.gather(said(_SOCKS5_GREETING), said(_HTTP_REQUEST))
    return next((answer for answer in answers if service_of(answer) is not None), b"")
