"""What examining and comparing servers share: the terms of a check, and questions whose answers go into the ledger."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable

import msgspec

from clearline.core.addresses import is_ip_address
from clearline.core.check.ledger import Ledger
from clearline.core.daemon_threads import run_in_daemon
from clearline.core.facts.fact import replace
from clearline.core.facts.names import DnsOutcome
from clearline.core.facts.servers import Exchange, TcpFacts, TlsFacts, TlsKind
from clearline.core.hops.way import Way
from clearline.core.probes import dns, hello, tls
from clearline.core.probes.connection import Carrier, Line

_NEGATIVE = (DnsOutcome.NXDOMAIN, DnsOutcome.NODATA)
HEDGE_S = 0.5
"""Silence after which the comparison starts beside the step that waits."""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """How the servers are to be examined: the driver's way of connecting, and the patience with it."""

    tls: bool
    context: Callable[[], Awaitable[ssl.SSLContext | None]]
    """The driver's own TLS context; None where its files cannot be loaded."""
    ca_file: str | None
    validated: bool
    """The driver verifies certificate and name."""
    client_certificate: str | None
    client_key_password: str | None
    single: bool
    """The driver talks to the seeds alone and does not ask them for other members."""
    load_balanced: bool
    ask_revocation: bool
    """The profile says that the certificate's revocation service is to be asked."""
    compressors: tuple[str, ...]
    deadline_s: float
    late_s: float
    way: Way | None = None
    """What the servers are reached through; None: directly."""
    may_talk: asyncio.Event
    """Until it is set, the servers are only connected to."""


class Questioner:
    """Asks one question of one server, as patiently as its place in the check allows, and enters the answer."""

    def __init__(self, ledger: Ledger, terms: Terms) -> None:
        self.ledger = ledger
        self.terms = terms
        self._asked_names: set[str] = set()

    @property
    def hedge_s(self) -> float:
        """Silence after which the comparison starts beside the step that waits."""
        return min(HEDGE_S, self.terms.deadline_s / 3)

    @property
    def short_s(self) -> float:
        """The patience of a comparison that runs beside a step which waits already."""
        return self.terms.deadline_s - self.hedge_s

    async def ask_dns(self, host: str) -> None:
        """What DNS itself says of a name, beside what the system made of it."""
        if host in self._asked_names or is_ip_address(host) or self.terms.way is not None:
            return  # behind a way a name means what it means at the far side
        self._asked_names.add(host)
        await note_nameservers(self.ledger)
        found = await dns.ask_host(host, deadline_s=self.short_s, late_s=0.0, on_question=self.ledger.ask)
        looked_up = [m.lookup for m in self.ledger.facts.members if m.host == host and m.lookup is not None]
        given = {address for lookup in looked_up if not lookup.hosts_file for address in lookup.addresses}
        if given and not host.endswith(".") and not any(given & set(q.records) for q in found):
            await dns.ask_completed(host, deadline_s=self.short_s, on_question=self.ledger.ask)
        alone = self.ledger.facts.uri.hosts == (f"{host}:27017",)
        if alone and "." in host and any(q.purpose == "host" and q.outcome in _NEGATIVE for q in found):
            await dns.ask_whether_cluster(host, deadline_s=self.short_s, on_question=self.ledger.ask)

    async def open_tls(
        self,
        connection: Carrier,
        kind: TlsKind,
        context: ssl.SSLContext,
        name: str | None,
        *,
        on_early: Callable[[TlsFacts], None] | None = None,
    ) -> tuple[TlsFacts, tls.TlsConnection | None]:
        """One handshake; with ``on_early`` as patient as a step of the driver's own way, else as a comparison."""
        patient = on_early is not None
        return await tls.open_tls(
            connection,
            kind=kind,
            context=context,
            server_name=name,
            deadline_s=self.terms.deadline_s if patient else self.short_s,
            late_s=self.terms.late_s if patient else 0.0,
            on_early=on_early,
        )

    async def say_hello(self, line: Line, *, on_early: Callable[[Exchange], None] | None = None) -> Exchange:
        """One hello; ``on_early`` as for `open_tls`."""
        patient = on_early is not None
        return await hello.say_hello(
            line,
            tls=isinstance(line, tls.TlsConnection),
            deadline_s=self.terms.deadline_s if patient else self.short_s,
            late_s=self.terms.late_s if patient else 0.0,
            on_early=on_early,
            load_balanced=self.terms.load_balanced,
            compressors=self.terms.compressors,
        )

    def note_exchange(self, address: str, exchange: Exchange) -> None:
        """Enter a hello, the driver's own way first; it replaces an earlier one of its kind."""
        kind = (exchange.tls, exchange.look)
        others = tuple(e for e in self.ledger.member(address).exchanges if (e.tls, e.look) != kind)
        own_first = sorted((*others, exchange), key=lambda e: (e.tls is not self.terms.tls, e.look))
        self.ledger.note(address, exchanges=tuple(own_first))

    def note_tls(self, address: str, facts: TlsFacts) -> None:
        """Enter a handshake; it replaces an earlier one of its kind."""
        others = tuple(t for t in self.ledger.member(address).tls if t.kind is not facts.kind)
        self.ledger.note(address, tls=(*others, facts))

    def note_tcp(self, address: str, facts: TcpFacts, order: tuple[str, ...]) -> None:
        """Enter a connection attempt, in the order of the addresses; it replaces an earlier one to the same."""
        attempts = [t for t in self.ledger.member(address).tcp if t.address != facts.address] + [facts]
        self.ledger.note(address, tcp=tuple(sorted(attempts, key=lambda t: order.index(t.address))))


async def note_nameservers(ledger: Ledger) -> None:
    """Enter the name servers that this computer is set to; read again for each check, for networks change."""
    if ledger.facts.dns.nameservers is None:
        servers = await run_in_daemon(dns.nameservers)
        ledger.put(dns=replace(ledger.facts.dns, nameservers=tuple(dns.label(server) for server in servers)))
