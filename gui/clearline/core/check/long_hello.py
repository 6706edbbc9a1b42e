"""A hello as long as the driver's: whether a line that carries short packets loses longer ones."""

from __future__ import annotations

from clearline.core.check.questions import Questioner
from clearline.core.facts.servers import Reach
from clearline.core.probes import hello, tcp

_LONGER_BY = 700
"""Bytes: more than any driver adds to a hello for a login, and less than one packet of an ordinary line."""


async def is_lost(asker: Questioner, ip: str, port: int) -> bool:
    """Whether a long hello gets no answer, and a short one after it gets one. Plain lines only."""
    for longer_by, wanted in ((_LONGER_BY, Reach.SILENT), (0, Reach.OK)):
        _, connection = await tcp.open_connection(ip, port, deadline_s=asker.short_s)
        if connection is None:
            return False
        try:
            said = await hello.say_hello(connection, tls=False, deadline_s=asker.short_s, longer_by=longer_by)
        finally:
            connection.close()
        if said.reach is not wanted:
            return False
    return True
