"""The whole way of one profile: its hops, one over another, and what has been learnt of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from clearline.core.facts.hops import HopFacts, HopStage, Trouble
from clearline.core.hops.hop_log import HopLog, Terms
from clearline.core.hops.opener import Entrance, Opener
from clearline.core.hops.stream import Stream
from clearline.core.profiles.hop import Hop, HttpProxy, Socks5Proxy
from clearline.core.secrets.secret import Secret, Secrets, hop_password


class Way:
    """Opens lines through at least one hop, the outermost first. Belongs to one loop; ``changed`` is called in it."""

    def __init__(
        self, hops: Sequence[Hop], secrets: Secrets, *, terms: Terms, changed: Callable[[], None] = lambda: None
    ) -> None:
        self._logs: list[HopLog] = []
        self._hops: list[Opener] = []
        before: Opener | None = None
        for number, hop in enumerate(hops):
            password = secrets.get(hop_password(number))
            facts = HopFacts(
                kind=_kind(hop),
                host=hop.host,
                port=hop.port,
                user=hop.user,
                tls=_tls(hop),
                password_in_clear=password is not None and _in_clear(hop),
            )
            log = HopLog(number, facts, terms, changed)
            entrance = Entrance(before, self._logs[-1] if self._logs else None)
            before = _made(hop, log, entrance, password)
            self._logs.append(log)
            self._hops.append(before)

    @property
    def facts(self) -> tuple[HopFacts, ...]:
        """What is known of each hop, the outermost first."""
        return tuple(log.facts for log in self._logs)

    async def open(self, host: str, port: int) -> Stream:
        """A line to ``host:port``; the name is resolved at the far side. Raises `HopError`. Cancelling closes it."""
        trouble = None
        if port == 0:
            trouble = Trouble.LOCAL_TARGET
        elif not host or any(letter.isspace() or not letter.isprintable() for letter in host) or _unsendable(host):
            trouble = Trouble.NO_TARGET  # a server may announce any text as a member
        if trouble is not None:
            raise self._logs[-1].failed(HopStage.CHANNEL, trouble, target=f"{host}:{port}" if port else host)
        return await self._hops[-1].open(host, port)

    def close(self) -> None:
        """End every hop, the innermost first, and what was opened through it. Idempotent."""
        for hop in reversed(self._hops):
            hop.close()


def _unsendable(host: str) -> bool:
    """Whether a name has no form that can be sent (RFC 3490: a label of more than 63 letters, or an empty one)."""
    try:
        return len(host.encode("idna" if not host.isascii() else "ascii")) > 255
    except UnicodeError:
        return True


def _kind(hop: Hop) -> str:
    return "socks5" if isinstance(hop, Socks5Proxy) else "http"


def _tls(hop: Hop) -> bool:
    return isinstance(hop, HttpProxy) and hop.tls


def _in_clear(hop: Hop) -> bool:
    """Whether a password is sent as it is (RFC 1929, RFC 7617) over a line without encryption."""
    return hop.user is not None and (isinstance(hop, Socks5Proxy) or (hop.login == "basic" and not hop.tls))


def _made(hop: Hop, log: HopLog, entrance: Entrance, password: Secret | None) -> Opener:
    match hop:
        case Socks5Proxy():
            from clearline.core.hops.socks5 import Socks5Hop

            return Socks5Hop(log, entrance, password)
        case HttpProxy():
            from clearline.core.hops.http_connect import HttpHop

            return HttpHop(log, entrance, hop.login, password)
