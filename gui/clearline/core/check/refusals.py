"""Whether all servers refuse the connection: then the driver could only say the same."""

from __future__ import annotations

import asyncio
import contextlib

from clearline.core.check.ledger import Ledger
from clearline.core.facts.servers import Reach
from clearline.core.facts.whole import Facts
from clearline.core.probes import tcp

KNOCK_S = 0.02
"""The import of the driver waits no longer for refusals. From where answers take longer, a connection that is open by
then saves the probes as much."""


async def all_refuse(ledger: Ledger) -> bool:
    """Whether each address of each member, which the probes try already, refuses within `KNOCK_S`, and once again."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(KNOCK_S):
            while (refused := _refusing(ledger.facts)) is None:
                ledger.changed.clear()
                await ledger.changed.wait()
            again = [tcp.connect(ip, port, deadline_s=KNOCK_S) for ip, port in refused]
            return bool(again) and all(one.reach is Reach.REFUSED for one in await asyncio.gather(*again))
    return False


def _refusing(facts: Facts) -> list[tuple[str, int | None]] | None:
    """All addresses, where each of them refuses; none where one of them does not; None: not known yet."""
    members = facts.members
    attempts = [(member, attempt) for member in members for attempt in member.tcp]
    unknown = any(member.lookup is not None and not member.resolved for member in members)
    if unknown or any(attempt.reach is not Reach.REFUSED for _, attempt in attempts):
        return []
    if any(not member.resolved or len(member.tcp) < len(member.resolved) for member in members):
        return None
    return [(attempt.address, member.port) for member, attempt in attempts]
