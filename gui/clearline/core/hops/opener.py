"""What every hop is to the one behind it: something that opens lines."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from clearline.core.facts.hops import HopStage, Trouble
from clearline.core.hops import direct
from clearline.core.hops.hop_log import HopLog
from clearline.core.hops.stream import Stream
from clearline.core.hops.trouble import HopError


class Opener(Protocol):
    """Opens lines to places that it can reach."""

    async def open(self, host: str, port: int) -> Stream:
        """A line to ``host:port``; names are resolved at the far side. Raises `HopError`. Cancelling closes it."""

    def close(self) -> None:
        """End it and everything that was opened through it, at once. Idempotent."""


@runtime_checkable
class Enters(Protocol):
    """A hop that keeps a connection, over which all its lines go."""

    async def enter(self) -> None:
        """Log in, where that is not done yet. Raises `HopError`."""


@runtime_checkable
class KnowsNames(Protocol):
    """A hop that can tell which name servers its own server asks."""

    async def name_servers(self) -> tuple[str, ...]:
        """Their addresses, as the server sees them. Raises `HopError`."""


class Entrance:
    """How a hop reaches its own server: directly when it is the outermost, else through the hop before it."""

    def __init__(self, before: Opener | None, before_log: HopLog | None) -> None:
        self._before = before
        self._before_log = before_log

    async def enter(self, log: HopLog) -> Stream:
        """A line to the hop's own server. Raises `HopError`: of this hop, or of the one that does not open the line."""
        host, port = log.facts.host, log.facts.port
        if self._before is None:
            return await direct.connect(log, host, port)
        try:
            if self._before_log is not None and not sendable(host):
                raise self._before_log.failed(HopStage.CHANNEL, Trouble.NO_TARGET, target=f"{host}:{port}")
            return await self._before.open(host, port)
        except HopError as error:
            # The hop before works and does not open this one: that is what stops the whole way.
            if self._before_log is not None and error.failure.target is not None:
                self._before_log.put(failure=error.failure)
            raise


def sendable(host: str) -> bool:
    """Whether a name may go into the request of a protocol: it is a single printable word, and has a form to be sent.

    RFC 3490 knows none for a label of more than 63 letters, or an empty one. Servers announce any text as a member.
    """
    if not host or any(letter.isspace() or not letter.isprintable() for letter in host):
        return False
    try:
        return len(host.encode("idna" if not host.isascii() else "ascii")) <= 255
    except UnicodeError:
        return False
