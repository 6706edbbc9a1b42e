"""A server whose TLS handshake has no end does not keep the driver reading."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Coroutine

import pytest

from clearline.core.hops.stream import ProtocolStream
from clearline.core.hops.tls_handshake import EndlessHandshake
from clearline.core.hops.transport import encrypted
from lab import hostile, loops

LONGEST_S = 10.0
"""Where nothing ends it, a handshake goes on for a minute (``ssl_handshake_timeout``)."""


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


async def _directly(host: str, port: int) -> None:
    await asyncio.get_running_loop().create_connection(asyncio.Protocol, host, port, ssl=_context())


async def _over_a_line(host: str, port: int) -> None:
    _, line = await asyncio.get_running_loop().create_connection(ProtocolStream, host, port)
    await encrypted(line, _context(), host, (host, port))


@pytest.mark.parametrize("connect", [_directly, _over_a_line])
def test_a_handshake_without_end_is_given_up(connect: Callable[[str, int], Coroutine[None, None, None]]) -> None:
    async def play() -> None:
        async with asyncio.timeout(LONGEST_S):
            with pytest.raises(EndlessHandshake):
                await connect("127.0.0.1", peer.port)

    with hostile.endless_tls() as peer:
        loops.run(play())
