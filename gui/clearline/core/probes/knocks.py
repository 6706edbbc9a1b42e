"""The first words of other services, said to a server that understands neither MongoDB nor TLS.

Redis keeps silent until a line ends, PostgreSQL and Kafka hang up on whatever is not theirs: only their own words bring
an answer. None of the words asks for anything but a sign of life, and none is long enough for MongoDB to act on.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from clearline.core.facts.servers import Knock, Reach
from clearline.core.probes.connection import Line, reach_of, shown_bytes

REDIS, POSTGRESQL, KAFKA = "redis", "postgresql", "kafka"
WORDS: Final = {
    REDIS: b"PING\r\n",
    POSTGRESQL: b"\x00\x00\x00\x08\x04\xd2\x16\x2f",  # SSLRequest: length 8, code 80877103
    KAFKA: b"\x00\x00\x00\x0a\x00\x12\x00\x00\x00\x00\x00\x01\xff\xff",  # ApiVersions 0, number 1, no client id
}


async def knock(line: Line, word: str, *, wait_s: float) -> Knock:
    """Say one of `WORDS` on a fresh line and see what comes within ``wait_s``; closes the line."""
    heard = b""
    with contextlib.closing(line):
        try:
            async with asyncio.timeout(wait_s):
                await line.send(WORDS[word])
                heard = await line.receive()
            reach = Reach.NOT_MONGODB if heard else Reach.CLOSED
        except OSError as error:  # a timeout is one
            reach = reach_of(error)
    return Knock(said=word, reach=reach, first_bytes=shown_bytes(heard))
