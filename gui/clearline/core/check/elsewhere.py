"""Further addresses of one name: another server may stand there, and the driver goes to any of them."""

from __future__ import annotations

from clearline.core.addresses import server_name
from clearline.core.check.questions import Questioner
from clearline.core.facts.servers import Exchange, MemberFacts, TlsKind
from clearline.core.probes.connection import Connection, Line

MOST_ELSEWHERE = 3
"""Further addresses of one name at which hello is said."""


async def talk_elsewhere(asker: Questioner, member: MemberFacts, connection: Connection, ip: str) -> None:
    """Say hello, as the driver would, over a connection to one more address of a server's name; hangs up."""
    line: Line | None = connection
    try:
        await asker.terms.may_talk.wait()
        if asker.terms.tls:
            context = await asker.terms.context()
            if context is None:
                return
            seen, line = await asker.open_tls(connection, TlsKind.DRIVER, context, server_name(member.host))
            exchange = Exchange(tls=True, reach=seen.reach, errno=seen.errno, elapsed_ms=seen.elapsed_ms)
        if line is not None:
            exchange = await asker.say_hello(line)
        known = asker.ledger.member(member.address).elsewhere
        asker.ledger.note(member.address, elsewhere={**known, ip: exchange})
    finally:
        (line or connection).close()
