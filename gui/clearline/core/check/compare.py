"""When a server cannot be used as the driver would: the same server asked in other ways, to tell causes apart.

These questions cost the server further connections, so they are asked only after a failure, or beside a long silence.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from clearline.core.addresses import is_ip_address, server_name
from clearline.core.check.questions import Questioner
from clearline.core.daemon_threads import run_in_daemon
from clearline.core.facts.fact import replace
from clearline.core.facts.servers import Exchange, MemberFacts, Reach, TcpFacts, TlsFacts, TlsKind
from clearline.core.probes import icmp, knocks, tcp, tls
from clearline.core.probes.connection import Carrier
from clearline.core.probes.lookup import look_up
from clearline.core.tls import trust

KNOCK_S = 0.4
"""How long another service has for its answer."""
MONGODB_PORTS = (27017, 27018, 27019)
"""The default ports of a server or router, a shard's member and a config server."""
SOCKETS_PER_SERVER = 3
"""Open at once for a comparison, so that a deployment near its connection limit is not pushed over it."""


_VERIFYING = frozenset({TlsKind.VALIDATED, TlsKind.OS_ROOTS, TlsKind.BUNDLED_ROOTS})


def _words_for(spoken: Sequence[Reach]) -> tuple[str, ...]:
    """Whose first word may bring an answer where MongoDB's brought silence, or an end."""
    if not spoken:
        return (knocks.REDIS,)
    return (knocks.POSTGRESQL, knocks.KAFKA) if any(r in (Reach.CLOSED, Reach.RESET) for r in spoken) else ()


class Comparison:
    """The further questions about servers that failed: once about a silence, and once about an answer."""

    def __init__(self, asker: Questioner, spawn: Callable[[Coroutine[Any, Any, None]], object]) -> None:
        self._questioner = asker
        self._ledger = asker.ledger
        self._terms = asker.terms
        self._spawn = spawn
        self._done: set[tuple[str, str]] = set()

    async def unreachable(self, address: str, addresses: tuple[str, ...]) -> None:
        """After silence or a refusal: other ports of the host, this computer's loopback, and what DNS itself says."""
        member = self._ledger.member(address)
        if member.port is None:
            return
        jobs: list[Awaitable[None]] = [self._questioner.ask_dns(member.host)]
        if any(t.own and not t.loopback and t.reach is Reach.REFUSED for t in member.tcp):
            jobs.append(self._try_loopback(address, member.port))
        if member.tcp and all(t.loopback and t.family == "ipv4" and t.reach is Reach.REFUSED for t in member.tcp):
            jobs.append(self._try_ipv6(address, member.port))
        jobs += [
            self._ask_why(address, t, member.port)
            for t in member.tcp
            if t.reach in (Reach.HOST_UNREACHABLE, Reach.NETWORK_UNREACHABLE, Reach.DENIED)
        ]
        refusing = [t.address for t in member.tcp if t.reach is Reach.REFUSED]
        if refusing:
            jobs.append(self._other_doors(address, refusing[0], member.port))
        silent = [ip for ip in addresses if ip not in {t.address for t in member.tcp}]
        if silent:
            jobs.append(self._other_ports(address, silent[0]))
        await asyncio.gather(*jobs)

    async def _try_loopback(self, address: str, port: int) -> None:
        self._ledger.note(address, loopback=await tcp.connect("127.0.0.1", port, deadline_s=self._questioner.hedge_s))

    async def _try_ipv6(self, address: str, port: int) -> None:
        self._ledger.note(address, over_ipv6=await tcp.connect("::1", port, deadline_s=self._questioner.hedge_s))

    async def _ask_why(self, address: str, failed: TcpFacts, port: int) -> None:
        # The server that answered the connection answers this about as fast.
        wait_s = min(0.25, 0.03 + 3 * failed.elapsed_ms / 1000)
        if await icmp.is_forbidden(failed.address, port, wait_s=wait_s):
            self._ledger.note(address, forbidden=True)

    async def _other_doors(self, address: str, ip: str, port: int) -> None:
        """After a refusal: do the other ports that MongoDB uses take connections at the same address?"""
        ports = tuple(p for p in MONGODB_PORTS if p != port)
        found = await tcp.other_ports(ip, ports, deadline_s=self._questioner.hedge_s)
        self._ledger.note(address, other_ports=found)

    async def _other_ports(self, address: str, ip: str) -> None:
        self._ledger.note(address, other_ports=await tcp.other_ports(ip, deadline_s=self._questioner.short_s))

    async def unusable(self, member: MemberFacts, ip: str) -> None:
        """Ask the same server in other ways, all at once, when its own way failed or is silent."""
        seen = self._ledger.member(member.address)
        handshake = seen.handshake(TlsKind.DRIVER)
        own = next((e for e in seen.exchanges if e.tls is self._terms.tls and not e.look), None)
        spoken = [f.reach for f in (handshake, own) if f is not None and f.reach is not Reach.SILENT]
        # Silence is compared once; what it turns into later may open other questions.
        stage = "answered" if spoken else "silent"
        if (member.address, stage) in self._done:
            return
        self._done.add((member.address, stage))
        slots = asyncio.Semaphore(SOCKETS_PER_SERVER)

        async def within(job: Callable[[], Awaitable[None]]) -> None:
            async with slots:
                await job()

        # Called within their turn: a stop before that leaves no coroutine behind that never ran.
        jobs: list[Callable[[], Awaitable[None]]] = []
        if handshake is None or not handshake.server_hello:
            # A server that begins a TLS handshake neither greets first nor speaks plainly.
            jobs.append(partial(self._listen, member.address, ip))
            jobs.append(partial(self._plain_hello if self._terms.tls else self._look, member, ip))
            jobs += [partial(self._knock, member, ip, word) for word in _words_for(spoken)]
        if self._terms.tls:
            jobs += self._other_handshakes(member, ip, handshake)
        await asyncio.gather(self._questioner.ask_dns(member.host), *(within(job) for job in jobs))
        self._spawn(self._try_revocation_services(member.address))

    async def _try_revocation_services(self, address: str) -> None:
        """After a failed handshake: do the revocation services that the certificate names take a connection?"""
        if self._terms.way is not None:
            return  # this computer does not reach what the server's network may reach
        chain = next((t.chain for t in self._ledger.member(address).tls if t.chain), ())
        for url in chain[0].ocsp_urls[:1] if chain and self._is_verified(address) else ():
            host, port = _service(url)
            found = await look_up(host, deadline_s=self._questioner.short_s, late_s=0.0)
            reach = Reach.OTHER
            if found.addresses:
                reach = (await tcp.connect(found.addresses[0], port, deadline_s=self._questioner.short_s)).reach
            self._ledger.note(address, ocsp_reach={url: reach})

    def _is_verified(self, address: str) -> bool:
        """Whether some handshake has verified the server: an impostor must not choose whom this computer contacts."""
        return any(
            t.reach is Reach.OK and (t.kind in _VERIFYING or (t.kind is TlsKind.DRIVER and self._terms.validated))
            for t in self._ledger.member(address).tls
        )

    def _other_handshakes(
        self, member: MemberFacts, ip: str, first: TlsFacts | None
    ) -> list[Callable[[], Awaitable[None]]]:
        """Which further handshakes can tell apart what the first one left open."""
        name = server_name(member.host)
        trial, look = partial(partial, self.trial, member, ip), partial(self._look, member, ip)
        if first is None or first.reach is Reach.SILENT:
            # A server that is alive answers an outdated handshake with a short alert, which any line carries.
            return [trial(TlsKind.OLD_VERSIONS, name)]
        if first.verify_code is not None:
            roots = TlsKind.OS_ROOTS if self._terms.ca_file else TlsKind.BUNDLED_ROOTS
            return [look, trial(roots, name)]
        if first.reach is Reach.OK or first.server_hello:
            return [trial(TlsKind.TLS12_SNIFF, name)]
        if first.reach is Reach.NOT_MONGODB:
            return []
        other = None if not is_ip_address(member.host) else self._another_name(member)
        return [
            look,
            trial(TlsKind.TLS12_SNIFF, name),
            trial(TlsKind.OLD_VERSIONS, name),
            trial(TlsKind.WIDE_CIPHERS, name),
            trial(TlsKind.OTHER_NAME, other) if other else trial(TlsKind.WITHOUT_NAME, None),
        ]

    def _another_name(self, member: MemberFacts) -> str:
        """A server name for a server that was reached by its address: a name of the deployment, or any."""
        names = [m.host for m in self._ledger.facts.members if m is not member and not is_ip_address(m.host)]
        return names[0] if names else "localhost"

    async def _fresh(self, member: MemberFacts, ip: str) -> tuple[TcpFacts, Carrier | None]:
        if (way := self._terms.way) is not None:
            return await tcp.open_over(way, member.host, member.port, deadline_s=self._questioner.short_s)
        return await tcp.open_connection(ip, member.port, deadline_s=self._questioner.short_s)

    async def _listen(self, address: str, ip: str) -> None:
        port = self._ledger.member(address).port
        heard = await tcp.listen(ip, port, deadline_s=self._questioner.short_s, way=self._terms.way)
        if heard.reach in (Reach.CLOSED, Reach.RESET):
            again = await tcp.listen(ip, port, attempts=2, deadline_s=self._questioner.short_s, way=self._terms.way)
            heard = replace(heard, attempts=(heard.reach.value, *again.attempts))
        self._ledger.note(address, listening=heard)

    async def _knock(self, member: MemberFacts, ip: str, word: str) -> None:
        _, connection = await self._fresh(member, ip)
        if connection is not None:
            tried = await knocks.knock(connection, word, wait_s=KNOCK_S)
            self._ledger.note(member.address, knocks=(*self._ledger.member(member.address).knocks, tried))

    async def _plain_hello(self, member: MemberFacts, ip: str) -> None:
        facts, connection = await self._fresh(member, ip)
        if connection is None:
            self._questioner.note_exchange(member.address, Exchange(tls=False, reach=facts.reach, errno=facts.errno))
            return
        try:
            self._questioner.note_exchange(member.address, await self._questioner.say_hello(connection))
        finally:
            connection.close()

    async def _look(self, member: MemberFacts, ip: str) -> None:
        """A handshake without verification, and hello over it: who is there, and what time is it for them."""
        facts, connection = await self._fresh(member, ip)
        if connection is None:
            self._questioner.note_tls(member.address, TlsFacts(kind=TlsKind.LOOK, reach=facts.reach, errno=facts.errno))
            return
        seen, line = await self._questioner.open_tls(
            connection, TlsKind.LOOK, tls.look_context(), server_name(member.host)
        )
        self._questioner.note_tls(member.address, seen)
        if line is None:
            return
        try:
            self._questioner.note_exchange(member.address, replace(await self._questioner.say_hello(line), look=True))
            self._questioner.note_tls(member.address, line.facts)
        finally:
            line.close()

    async def trial(self, member: MemberFacts, ip: str, kind: TlsKind, name: str | None) -> None:
        """One more handshake of some kind, without hello."""
        context = await self._context_for(kind)
        if context is None:
            return
        facts, connection = await self._fresh(member, ip)
        if connection is None:
            self._questioner.note_tls(member.address, TlsFacts(kind=kind, reach=facts.reach, errno=facts.errno))
            return
        seen, line = await self._questioner.open_tls(connection, kind, context, name)
        if line is not None:
            line.close()
        self._questioner.note_tls(member.address, seen)

    async def _context_for(self, kind: TlsKind) -> ssl.SSLContext | None:
        terms = self._terms
        try:
            match kind:
                case TlsKind.TLS12_SNIFF:
                    return await run_in_daemon(tls.tls12_context, terms.client_certificate, terms.client_key_password)
                case TlsKind.OLD_VERSIONS:
                    return tls.old_versions_context()
                case TlsKind.WIDE_CIPHERS:
                    return tls.wide_ciphers_context()
                case TlsKind.OS_ROOTS:
                    return await run_in_daemon(trust.os_roots_context)
                case TlsKind.VALIDATED:
                    return await run_in_daemon(tls.context_with_roots, terms.ca_file)
                case TlsKind.BUNDLED_ROOTS:
                    return await run_in_daemon(tls.context_with_roots, trust.bundled_roots())
                case _:
                    return tls.look_context()
        except OSError:
            return None  # The file probe tells what is wrong with the file.


def _service(url: str) -> tuple[str, int]:
    """Host and port of a service that a certificate names; no host where that is no address."""
    try:
        place = urlsplit(url)
        return place.hostname or "", place.port or 80
    except ValueError:
        return "", 80
