"""One server examined from name to hello, and, when it cannot be used, compared with its own other ways of answering.

The order is: name, TCP on every address, (TLS,) hello, all as the driver would. A step that is silent for half a
second starts the comparison while it goes on waiting, so that silence costs one deadline and not several.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from ipaddress import ip_address
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
from msgspec.structs import replace

from clearline.core.daemon_threads import run_in_daemon
from clearline.core.diagnosis.standing import known_addresses
from clearline.core.facts import Exchange, Hello, MemberFacts, Reach, TcpFacts, TlsFacts, TlsKind
from clearline.core.ledger import Ledger
from clearline.core.probes import dns, hello, icmp, latency, tcp, tls
from clearline.core.probes.connection import Connection, Line
from clearline.core.probes.lookup import is_ip_address, look_up

R = TypeVar("R")

HEDGE_S = 0.5
"""Silence after which the comparison starts beside the step that waits."""
SOCKETS_PER_SERVER = 3
"""Open at once for a comparison, so that a deployment near its connection limit is not pushed over it."""
MOST_ADDRESSES = 8
ROUND_TRIPS = 10


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
    compressors: tuple[str, ...]
    deadline_s: float
    late_s: float


class Examiner:
    """Examines the members of one deployment, each in a task of its own, as they become known."""

    def __init__(self, ledger: Ledger, terms: Terms, spawn: Callable[[Coroutine[Any, Any, None]], object]) -> None:
        self._ledger = ledger
        self._terms = terms
        self._spawn = spawn
        self._lines: dict[str, Line] = {}
        self._turns: dict[str, asyncio.Lock] = {}
        self._compared: set[tuple[str, str]] = set()
        self._asked_names: set[str] = set()

    def add(self, address: str, *, seed: bool = False, advertised_by: tuple[str, ...] = ()) -> None:
        """Examine one more server, unless it is known already."""
        if self._ledger.add(address, seed=seed, advertised_by=advertised_by):
            self._spawn(self._examine(address))

    def close(self) -> None:
        """Hang up all lines that were kept for further questions."""
        for line in self._lines.values():
            line.close()
        self._lines.clear()

    async def ask_mechanisms(self, names: tuple[str, ...]) -> None:
        """saslSupportedMechs of the candidate users, and a read without login, over a line that is open already."""
        asked_first = self._ledger.facts.login.server
        for address, line in sorted(self._lines.items(), key=lambda item: item[0] != asked_first):
            answer = self._ledger.member(address).hello
            if answer is not None and answer.kind in ("arbiter", "ghost"):
                continue  # They hold no users, so they know nobody.
            async with self._turns[address]:
                found = await hello.mechanisms(line, names, deadline_s=self._terms.deadline_s)
            if found:
                self._ledger.put(user_mechanisms={**self._ledger.facts.user_mechanisms, **found})
                await self._extras(address, line)
                return

    async def _examine(self, address: str) -> None:
        try:
            member = self._ledger.member(address)
            addresses = (member.host,) if member.port is None else await self._resolve(member)
            if addresses:
                await self._reach(member, addresses[:MOST_ADDRESSES])
        except Exception:
            # A mistake of ours says nothing about the server: the driver decides alone.
            self._ledger.note(address, crashed=True)
            raise
        finally:
            self._finish(address)

    def _finish(self, address: str) -> None:
        if not self._ledger.member(address).finished:
            self._ledger.note(address, finished=True)

    # ------------------------------------------------------------ patience

    async def _patiently(
        self,
        address: str,
        start: Callable[[Callable[[Any], None]], Coroutine[Any, Any, R]],
        on_silence: Callable[[Any], None],
        beside: Callable[[], Coroutine[Any, Any, None]],
    ) -> R:
        """Run a step; after ``HEDGE_S`` of it, also ``beside``.

        When the step is silent past its deadline, ``on_silence`` gets its facts so far, the member counts as finished,
        and the step is awaited until its late end.
        """
        loop = asyncio.get_running_loop()
        silent: asyncio.Future[Any] = loop.create_future()
        task = loop.create_task(start(lambda facts: None if silent.done() else silent.set_result(facts)))
        hedge: asyncio.Task[None] | None = None
        try:
            await asyncio.wait({task}, timeout=self._hedge_s)
            if not task.done():
                hedge = loop.create_task(beside())
                await _first({task, silent})
            if not task.done():
                on_silence(silent.result())
                if hedge is not None:
                    await hedge
                self._finish(address)
            return await task
        finally:
            silent.cancel()
            for leftover in (task, hedge):
                if leftover is not None and not leftover.done():
                    leftover.cancel()

    @property
    def _hedge_s(self) -> float:
        return min(HEDGE_S, self._terms.deadline_s / 3)

    @property
    def _short_s(self) -> float:
        """The patience of a comparison that runs beside a step which waits already."""
        return self._terms.deadline_s - self._hedge_s

    # ------------------------------------------------------------ names

    async def _resolve(self, member: MemberFacts) -> tuple[str, ...]:
        terms = self._terms
        found = await self._patiently(
            member.address,
            lambda early: look_up(member.host, deadline_s=terms.deadline_s, late_s=terms.late_s, on_early=early),
            lambda silence: self._ledger.note(member.address, lookup=silence),
            partial(self._ask_dns, member.host),
        )
        self._ledger.note(member.address, lookup=found)
        if not found.addresses:
            await self._ask_dns(member.host)
        return found.addresses

    async def _ask_dns(self, host: str) -> None:
        """What DNS itself says of a name, beside what the system made of it."""
        if host in self._asked_names or is_ip_address(host):
            return
        self._asked_names.add(host)
        await note_nameservers(self._ledger)
        await dns.ask_host(host, deadline_s=self._short_s, late_s=0.0, on_question=self._ledger.ask)

    # ------------------------------------------------------------ TCP

    async def _reach(self, member: MemberFacts, addresses: tuple[str, ...]) -> None:
        """Connect to every address at once and talk over the first connection that opens."""
        loop = asyncio.get_running_loop()
        opened: asyncio.Future[tuple[Connection, str]] = loop.create_future()
        all_quiet: asyncio.Future[None] = loop.create_future()
        quiet: set[str] = set()

        def answered(facts: TcpFacts) -> None:
            self._note_tcp(member.address, facts, addresses)
            quiet.add(facts.address)
            if len(quiet) == len(addresses) and not all_quiet.done():
                all_quiet.set_result(None)

        async def attempt(ip: str) -> None:
            facts, connection = await tcp.open_connection(
                ip,
                member.port,
                deadline_s=self._terms.deadline_s,
                late_s=self._terms.late_s,
                on_early=answered,
            )
            if connection is not None and (opened.done() or self._ledger.member(member.address).exchanges):
                connection.close()
            elif connection is not None:
                opened.set_result((connection, ip))
            answered(facts)

        attempts = [loop.create_task(attempt(ip)) for ip in addresses]
        ended = asyncio.gather(*attempts)
        compare = partial(self._compare_tcp, member.address, addresses)
        hedge: asyncio.Task[None] | None = None
        try:
            await _first({opened, ended}, self._hedge_s)
            if not opened.done():
                hedge = loop.create_task(compare())
                await _first({opened, ended, all_quiet})
            if not opened.done():
                assert hedge is not None
                await hedge
                self._finish(member.address)
                await _first({opened, ended})
            if opened.done():
                connection, ip = opened.result()
                await self._talk(member, connection, ip)
            await ended
        finally:
            opened.cancel()
            all_quiet.cancel()
            for leftover in (*attempts, hedge):
                if leftover is not None and not leftover.done():
                    leftover.cancel()
            await asyncio.gather(ended, return_exceptions=True)

    def _note_tcp(self, address: str, facts: TcpFacts, order: tuple[str, ...]) -> None:
        attempts = [t for t in self._ledger.member(address).tcp if t.address != facts.address] + [facts]
        self._ledger.note(address, tcp=tuple(sorted(attempts, key=lambda t: order.index(t.address))))

    async def _compare_tcp(self, address: str, addresses: tuple[str, ...]) -> None:
        """After silence or a refusal: other ports of the host, this computer's loopback, and what DNS itself says."""
        member = self._ledger.member(address)
        if member.port is None:
            return
        jobs: list[Awaitable[None]] = [self._ask_dns(member.host)]
        if any(t.own and not t.loopback and t.reach is Reach.REFUSED for t in member.tcp):
            jobs.append(self._try_loopback(address, member.port))
        jobs += [
            self._ask_why(address, t, member.port)
            for t in member.tcp
            if t.reach in (Reach.HOST_UNREACHABLE, Reach.NETWORK_UNREACHABLE, Reach.DENIED)
        ]
        silent = [ip for ip in addresses if ip not in {t.address for t in member.tcp}]
        if silent:
            jobs.append(self._other_ports(address, silent[0]))
        await asyncio.gather(*jobs)

    async def _try_loopback(self, address: str, port: int) -> None:
        self._ledger.note(address, loopback=await tcp.connect("127.0.0.1", port, deadline_s=self._hedge_s))

    async def _ask_why(self, address: str, failed: TcpFacts, port: int) -> None:
        # Whoever answered the connection answers this about as fast.
        wait_s = min(0.25, 0.03 + 3 * failed.elapsed_ms / 1000)
        if await icmp.is_forbidden(failed.address, port, wait_s=wait_s):
            self._ledger.note(address, forbidden=True)

    async def _other_ports(self, address: str, ip: str) -> None:
        self._ledger.note(address, other_ports=await tcp.other_ports(ip, deadline_s=self._short_s))

    # ------------------------------------------------------------ hello, as the driver would

    async def _talk(self, member: MemberFacts, connection: Connection, ip: str) -> None:
        """TLS if the profile wants it, then hello; then either the server's further answers, or the comparison."""
        compare = partial(self._compare, member, ip)
        line: Line | None = connection
        try:
            if self._terms.tls:
                line = await self._encrypt(member, connection, compare)
            if line is None:
                await compare()
                return
            exchange = await self._patiently(
                member.address,
                lambda early: self._hello(line, on_early=early),
                lambda silence: self._note_exchange(member.address, silence),
                compare,
            )
            self._note_exchange(member.address, exchange)
            if isinstance(line, tls.TlsConnection):
                self._note_tls(member.address, line.facts)
            if exchange.hello is None or not exchange.hello.ok:
                line.close()
                await compare()
                return
            self._lines[member.address] = line
            self._turns[member.address] = asyncio.Lock()
            await self._known(member, line, exchange.hello)
            if self._terms.tls and not self._terms.validated:
                await self._trial(member, ip, TlsKind.VALIDATED, server_name(member.host))
        except BaseException:
            connection.close()
            raise

    async def _encrypt(
        self, member: MemberFacts, connection: Connection, compare: Callable[[], Coroutine[Any, Any, None]]
    ) -> Line | None:
        context = await self._terms.context()
        if context is None:
            connection.close()
            return None
        facts, line = await self._patiently(
            member.address,
            lambda early: self._open_tls(connection, TlsKind.DRIVER, context, server_name(member.host), on_early=early),
            lambda silence: self._note_tls(member.address, silence),
            compare,
        )
        self._note_tls(member.address, facts)
        return line

    async def _open_tls(
        self,
        connection: Connection,
        kind: TlsKind,
        context: ssl.SSLContext,
        name: str | None,
        *,
        on_early: Callable[[TlsFacts], None] | None = None,
    ) -> tuple[TlsFacts, tls.TlsConnection | None]:
        patient = on_early is not None
        return await tls.open_tls(
            connection,
            kind=kind,
            context=context,
            server_name=name,
            deadline_s=self._terms.deadline_s if patient else self._short_s,
            late_s=self._terms.late_s if patient else 0.0,
            on_early=on_early,
        )

    async def _hello(self, line: Line, *, on_early: Callable[[Exchange], None] | None = None) -> Exchange:
        patient = on_early is not None
        return await hello.say_hello(
            line,
            tls=isinstance(line, tls.TlsConnection),
            deadline_s=self._terms.deadline_s if patient else self._short_s,
            late_s=self._terms.late_s if patient else 0.0,
            on_early=on_early,
            load_balanced=self._terms.load_balanced,
            compressors=self._terms.compressors,
        )

    async def _known(self, member: MemberFacts, line: Line, answer: Hello) -> None:
        """The server answered: meet the members that it names, then ask what only an open line can tell."""
        if not self._terms.single:
            for address in sorted(known_addresses(answer)):
                self.add(address, advertised_by=(member.address,))
        if answer.kind in ("ghost", "other", "arbiter"):
            await self._extras(member.address, line)
        self._finish(member.address)
        await self._extras(member.address, line)
        async with self._turns[member.address]:
            rtt = await latency.round_trips(
                line, ROUND_TRIPS, deadline_s=self._terms.deadline_s, late_s=self._terms.late_s
            )
        self._ledger.note(member.address, rtt=rtt)

    async def _extras(self, address: str, line: Line) -> None:
        async with self._turns[address]:
            if self._ledger.member(address).extras is None:
                self._ledger.note(address, extras=await hello.extras(line, deadline_s=self._terms.deadline_s))

    # ------------------------------------------------------------ comparison

    async def _compare(self, member: MemberFacts, ip: str) -> None:
        """Ask the same server in other ways, all at once, when its own way failed or is silent."""
        seen = self._ledger.member(member.address)
        handshake = seen.handshake(TlsKind.DRIVER)
        own = next((e for e in seen.exchanges if e.tls is self._terms.tls and not e.look), None)
        spoken = [f.reach for f in (handshake, own) if f is not None and f.reach is not Reach.SILENT]
        # Silence is compared once; what it turns into later may open other questions.
        stage = "answered" if spoken else "silent"
        if (member.address, stage) in self._compared:
            return
        self._compared.add((member.address, stage))
        slots = asyncio.Semaphore(SOCKETS_PER_SERVER)

        async def within(job: Awaitable[None]) -> None:
            async with slots:
                await job

        jobs: list[Awaitable[None]] = []
        if handshake is None or not handshake.server_hello:
            # Whoever begins a TLS handshake neither greets first nor speaks plainly.
            jobs.append(self._listen(member.address, ip))
            jobs.append(self._plain_hello(member, ip) if self._terms.tls else self._look(member, ip))
        if self._terms.tls:
            jobs += self._other_handshakes(member, ip, handshake)
        await asyncio.gather(self._ask_dns(member.host), *(within(job) for job in jobs))
        self._spawn(self._try_revocation_services(member.address))

    async def _try_revocation_services(self, address: str) -> None:
        """After a failed handshake: do the revocation services that the certificate names take a connection?"""
        chain = next((t.chain for t in self._ledger.member(address).tls if t.chain), ())
        for url in chain[0].ocsp_urls[:1] if chain else ():
            place = urlsplit(url)
            found = await look_up(place.hostname or "", deadline_s=self._short_s, late_s=0.0)
            reach = Reach.OTHER
            if found.addresses:
                reach = (await tcp.connect(found.addresses[0], place.port or 80, deadline_s=self._short_s)).reach
            self._ledger.note(address, ocsp_reach={url: reach})

    def _other_handshakes(self, member: MemberFacts, ip: str, first: TlsFacts | None) -> list[Awaitable[None]]:
        """Which further handshakes can tell apart what the first one left open."""
        name = server_name(member.host)
        trial = partial(self._trial, member, ip)
        if first is None or first.reach is Reach.SILENT:
            # A server that is alive answers an outdated handshake with a short alert, which any line carries.
            return [trial(TlsKind.OLD_VERSIONS, name)]
        if first.verify_code is not None:
            roots = TlsKind.OS_ROOTS if self._terms.ca_file else TlsKind.BUNDLED_ROOTS
            return [self._look(member, ip), trial(roots, name)]
        if first.reach is Reach.OK or first.server_hello:
            return [trial(TlsKind.TLS12_SNIFF, name)]
        if first.reach is Reach.NOT_MONGODB:
            return []
        other = None if not is_ip_address(member.host) else self._another_name(member)
        return [
            self._look(member, ip),
            trial(TlsKind.TLS12_SNIFF, name),
            trial(TlsKind.OLD_VERSIONS, name),
            trial(TlsKind.WIDE_CIPHERS, name),
            trial(TlsKind.OTHER_NAME, other) if other else trial(TlsKind.WITHOUT_NAME, None),
        ]

    def _another_name(self, member: MemberFacts) -> str:
        """A server name for a server that was reached by its address: a name of the deployment, or any."""
        names = [m.host for m in self._ledger.facts.members if m is not member and not is_ip_address(m.host)]
        return names[0] if names else "localhost"

    async def _fresh(self, member: MemberFacts, ip: str) -> tuple[TcpFacts, Connection | None]:
        return await tcp.open_connection(ip, member.port, deadline_s=self._short_s)

    async def _listen(self, address: str, ip: str) -> None:
        port = self._ledger.member(address).port
        heard = await tcp.listen(ip, port, deadline_s=self._short_s)
        if heard.reach in (Reach.CLOSED, Reach.RESET):
            again = await tcp.listen(ip, port, attempts=2, deadline_s=self._short_s)
            heard = replace(heard, attempts=(heard.reach.value, *again.attempts))
        self._ledger.note(address, listening=heard)

    async def _plain_hello(self, member: MemberFacts, ip: str) -> None:
        facts, connection = await self._fresh(member, ip)
        if connection is None:
            self._note_exchange(member.address, Exchange(tls=False, reach=facts.reach, errno=facts.errno))
            return
        try:
            self._note_exchange(member.address, await self._hello(connection))
        finally:
            connection.close()

    async def _look(self, member: MemberFacts, ip: str) -> None:
        """A handshake without verification, and hello over it: who is there, and what time is it for them."""
        facts, connection = await self._fresh(member, ip)
        if connection is None:
            self._note_tls(member.address, TlsFacts(kind=TlsKind.LOOK, reach=facts.reach, errno=facts.errno))
            return
        seen, line = await self._open_tls(connection, TlsKind.LOOK, tls.look_context(), server_name(member.host))
        self._note_tls(member.address, seen)
        if line is None:
            return
        try:
            self._note_exchange(member.address, replace(await self._hello(line), look=True))
            self._note_tls(member.address, line.facts)
        finally:
            line.close()

    async def _trial(self, member: MemberFacts, ip: str, kind: TlsKind, name: str | None) -> None:
        context = await self._context_for(kind)
        if context is None:
            return
        facts, connection = await self._fresh(member, ip)
        if connection is None:
            self._note_tls(member.address, TlsFacts(kind=kind, reach=facts.reach, errno=facts.errno))
            return
        seen, line = await self._open_tls(connection, kind, context, name)
        if line is not None:
            line.close()
        self._note_tls(member.address, seen)

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
                    return await run_in_daemon(tls.context_with_roots, None)
                case TlsKind.VALIDATED:
                    return await run_in_daemon(tls.context_with_roots, terms.ca_file)
                case TlsKind.BUNDLED_ROOTS:
                    from clearline.core.trust import bundled_roots

                    return await run_in_daemon(tls.context_with_roots, bundled_roots())
                case _:
                    return tls.look_context()
        except OSError:
            return None  # The file probe tells what is wrong with the file.

    # ------------------------------------------------------------ entries

    def _note_exchange(self, address: str, exchange: Exchange) -> None:
        kind = (exchange.tls, exchange.look)
        others = tuple(e for e in self._ledger.member(address).exchanges if (e.tls, e.look) != kind)
        own_first = sorted((*others, exchange), key=lambda e: (e.tls is not self._terms.tls, e.look))
        self._ledger.note(address, exchanges=tuple(own_first))

    def _note_tls(self, address: str, facts: TlsFacts) -> None:
        others = tuple(t for t in self._ledger.member(address).tls if t.kind is not facts.kind)
        self._ledger.note(address, tls=(*others, facts))


async def _first(futures: set[asyncio.Future[Any]], timeout_s: float | None = None) -> None:
    """Wait until one of them is done; cancelling leaves them as they are."""
    await asyncio.wait(futures, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)


def server_name(host: str) -> str:
    """The name for the certificate check and for SNI; the library leaves an IP address out of SNI itself."""
    bare = host.partition("%")[0]
    try:
        return str(ip_address(bare))
    except ValueError:
        return bare.rstrip(".")


async def note_nameservers(ledger: Ledger) -> None:
    """Enter the name servers that this computer is set to; read again for each check, for networks change."""
    if ledger.facts.dns.nameservers is None:
        servers = await run_in_daemon(dns.nameservers)
        ledger.put(dns=replace(ledger.facts.dns, nameservers=tuple(dns.label(server) for server in servers)))
