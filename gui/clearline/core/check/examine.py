"""One server examined from name to hello, and, when it cannot be used, compared with its own other ways of answering.

The order is: name, TCP on every address, (TLS,) hello, all as the driver would. A step that is silent for half a
second starts the comparison while it goes on waiting, so that silence costs one deadline and not several.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec.structs import replace

from clearline.core.addresses import server_name
from clearline.core.check import long_hello
from clearline.core.check.elsewhere import MOST_ELSEWHERE, talk_elsewhere
from clearline.core.check.ledger import Ledger
from clearline.core.check.questions import Questioner, Terms
from clearline.core.diagnosis.standing import answered, known_addresses
from clearline.core.driver.admission import Admission
from clearline.core.driver.turns import Turns
from clearline.core.facts.servers import Hello, MemberFacts, OcspAnswer, Reach, ServerExtras, TcpFacts, TlsKind
from clearline.core.hops.way import Way
from clearline.core.probes import hello, latency, lookup, tcp, tls
from clearline.core.probes.connection import Carrier, Connection, Line
from clearline.core.probes.lookup import look_up

if TYPE_CHECKING:
    from clearline.core.check.compare import Comparison

R = TypeVar("R")

MOST_ADDRESSES = 8
ROUND_TRIPS = 10
MOST_MEASURED = 50
"""Servers whose round trips are timed: as many as a replica set has members (Replica Set Member Configuration)."""
FIRST_QUESTIONS = 32
"""Servers with which the examination begins at once; of a thousand that begin together each would seem slow."""
LONGEST_TURN_S = 0.03
"""A server that takes longer does not keep the next ones waiting."""


class Examiner:
    """Examines the members of one deployment, each in a task of its own, as they become known."""

    def __init__(self, ledger: Ledger, terms: Terms, spawn: Callable[[Coroutine[Any, Any, None]], object]) -> None:
        self._ledger = ledger
        self._terms = terms
        self._spawn = spawn
        self._lines: dict[str, Line] = {}
        self._turns: dict[str, asyncio.Lock] = {}
        self._questioner = Questioner(ledger, terms)
        self._admission = Admission(())
        self._beginnings = Turns(FIRST_QUESTIONS, LONGEST_TURN_S)
        self._measured = 0
        self._revocations: dict[bytes, asyncio.Future[OcspAnswer]] = {}

    def add(self, address: str, *, seed: bool = False, advertised_by: tuple[str, ...] = ()) -> None:
        """Examine one more server, unless it is known already."""
        if seed:
            self._admission.own([address])
        if self._ledger.add(address, seed=seed, advertised_by=advertised_by):
            self._spawn(self._examine(address))

    @cached_property
    def _comparison(self) -> Comparison:
        from clearline.core.check.compare import Comparison  # late: a healthy deployment is not compared

        return Comparison(self._questioner, self._spawn)

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
                continue  # They hold no users, so they know no user.
            async with self._turns[address]:
                found = await hello.mechanisms(line, names, deadline_s=self._terms.deadline_s)
            if found:
                listed = {name: known or () for name, known in found.items()}
                self._ledger.put(user_mechanisms={**self._ledger.facts.user_mechanisms, **listed})
                if bereft := tuple(name for name, known in found.items() if known == ()):
                    self._ledger.put(users_without_mechanism=bereft)
                await self._extras(address, line)
                return

    async def look_again(self) -> None:
        """After the driver lost its connection: do the servers that answered still take one?"""
        for member, _ in answered(self._ledger.facts):
            if (way := self._terms.way) is not None:
                found, line = await tcp.open_over(way, member.host, member.port, deadline_s=self._terms.deadline_s)
                if line is not None:
                    line.close()
                self._ledger.note(member.address, afterwards=found)
                continue
            if member.port is None or not member.resolved:
                continue
            ip = member.resolved[0]
            found = await tcp.connect(ip, member.port, deadline_s=self._terms.deadline_s)
            self._ledger.note(member.address, afterwards=found)
            driver = self._ledger.facts.driver
            if member.address in driver.unheard and member.address not in driver.heard and not self._terms.tls:
                lost = await long_hello.is_lost(self._questioner, ip, member.port)
                self._ledger.note(member.address, long_hello_lost=lost)

    async def _examine(self, address: str) -> None:
        try:
            member = self._ledger.member(address)
            async with self._beginnings.turn():
                await self._question(member)
        except Exception:
            # A mistake of ours says nothing about the server: the driver decides alone.
            self._ledger.note(address, crashed=True)
            raise
        finally:
            self._finish(address)

    async def _question(self, member: MemberFacts) -> None:
        if self._terms.way is not None:
            await self._reach_over(self._terms.way, member)
            return
        addresses = (member.host,) if member.port is None else await self._resolve(member)
        if addresses:
            await self._reach(member, addresses[:MOST_ADDRESSES])

    def _finish(self, address: str) -> None:
        if not self._ledger.member(address).finished:
            self._ledger.note(address, finished=True)

    def way_changed(self) -> None:
        """The way has learnt something: what it cannot open is examined, though a late answer still counts."""
        if self._terms.way is None:
            return
        hops = self._terms.way.facts
        stopped = any(hop.failure is not None for hop in hops)
        for member in self._ledger.facts.members:
            if not member.tcp and (stopped or hops[-1].not_opened(member.address) is not None):
                self._finish(member.address)

    async def _reach_over(self, way: Way, member: MemberFacts) -> None:
        """Have the way open a line, and talk over it. The name is looked up at the far side."""
        facts, connection = await tcp.open_over(way, member.host, member.port)
        if connection is not None:
            self._questioner.note_tcp(member.address, facts, (member.host,))
            await self._talk(member, connection, member.host)

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
            await asyncio.wait({task}, timeout=self._questioner.hedge_s)
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

    # ------------------------------------------------------------ names

    async def _resolve(self, member: MemberFacts) -> tuple[str, ...]:
        terms = self._terms
        found = await self._patiently(
            member.address,
            lambda early: look_up(member.host, deadline_s=terms.deadline_s, late_s=terms.late_s, on_early=early),
            lambda silence: self._ledger.note(member.address, lookup=silence),
            partial(self._questioner.ask_dns, member.host),
        )
        self._ledger.note(member.address, lookup=found)
        if not found.addresses:
            await self._questioner.ask_dns(member.host)
        return found.addresses

    # ------------------------------------------------------------ TCP

    async def _reach(self, member: MemberFacts, addresses: tuple[str, ...]) -> None:
        """Connect to every address at once and talk over the first connection that opens."""
        loop = asyncio.get_running_loop()
        opened: asyncio.Future[tuple[Connection, str]] = loop.create_future()
        all_quiet: asyncio.Future[None] = loop.create_future()
        quiet: set[str] = set()
        elsewhere: set[str] = set()

        def answered(facts: TcpFacts) -> None:
            self._questioner.note_tcp(member.address, facts, addresses)
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
            if connection is not None and not opened.done() and not self._ledger.member(member.address).exchanges:
                opened.set_result((connection, ip))
                connection = None
            answered(facts)
            if connection is not None and len(elsewhere) == MOST_ELSEWHERE:
                connection.close()
            elif connection is not None:
                elsewhere.add(ip)
                await talk_elsewhere(self._questioner, member, connection, ip)

        attempts = [loop.create_task(attempt(ip)) for ip in addresses]
        ended = asyncio.gather(*attempts)
        hedge: asyncio.Task[None] | None = None
        talking = False
        try:
            await _first({opened, ended}, self._questioner.hedge_s)
            if not opened.done():
                hedge = loop.create_task(self._comparison.unreachable(member.address, addresses))
                await _first({opened, ended, all_quiet})
            if not opened.done():
                assert hedge is not None
                await hedge
                self._finish(member.address)
                await _first({opened, ended})
            if opened.done():
                connection, ip = opened.result()
                await self._terms.may_talk.wait()
                talking = True
                await self._talk(member, connection, ip)
            await ended
        finally:
            if not opened.cancel() and not talking:
                opened.result()[0].close()  # it opened in the moment of Stop
            all_quiet.cancel()
            for leftover in (*attempts, hedge):
                if leftover is not None and not leftover.done():
                    leftover.cancel()
            await asyncio.gather(ended, return_exceptions=True)

    # ------------------------------------------------------------ hello, as the driver would

    async def _talk(self, member: MemberFacts, connection: Carrier, ip: str) -> None:
        """TLS if the profile wants it, then hello; then either the server's further answers, or the comparison."""

        def compare() -> Coroutine[Any, Any, None]:
            return self._comparison.unusable(member, ip)

        line: Line | None = connection
        try:
            if self._terms.tls:
                line = await self._encrypt(member, connection, compare)
            if line is None:
                await compare()
                return
            exchange = await self._patiently(
                member.address,
                lambda early: self._questioner.say_hello(line, on_early=early),
                lambda silence: self._questioner.note_exchange(member.address, silence),
                compare,
            )
            self._questioner.note_exchange(member.address, exchange)
            if isinstance(line, tls.TlsConnection):
                self._questioner.note_tls(member.address, line.facts)
            if exchange.hello is None or not exchange.hello.ok:
                line.close()
                if exchange.hello is None:  # A server that answers with an error is MongoDB all the same.
                    await compare()
                return
            self._lines[member.address] = line
            self._turns[member.address] = asyncio.Lock()
            await self._known(member, line, exchange.hello)
            if self._terms.tls and not self._terms.validated:
                await self._comparison.trial(member, ip, TlsKind.VALIDATED, server_name(member.host))
        except BaseException:
            connection.close()
            raise

    async def _encrypt(
        self, member: MemberFacts, connection: Carrier, compare: Callable[[], Coroutine[Any, Any, None]]
    ) -> Line | None:
        context = await self._terms.context()
        if context is None:
            connection.close()
            return None
        facts, line = await self._patiently(
            member.address,
            lambda early: self._questioner.open_tls(
                connection, TlsKind.DRIVER, context, server_name(member.host), on_early=early
            ),
            lambda silence: self._questioner.note_tls(member.address, silence),
            compare,
        )
        self._questioner.note_tls(member.address, facts)
        return line

    async def _known(self, member: MemberFacts, line: Line, answer: Hello) -> None:
        """The server answered: meet the members that it names, then ask what only an open line can tell."""
        if not self._terms.single:
            self._meet(answer, member.address)
        if answer.kind in ("ghost", "other", "arbiter"):
            await self._extras(member.address, line)
        self._finish(member.address)
        await self._extras(member.address, line)
        here = self._terms.way is None and member.host == "localhost"
        if here and await lookup.localhost_is_ipv6_too():
            tried = await tcp.connect("::1", member.port, deadline_s=self._terms.deadline_s)
            self._ledger.note(member.address, over_ipv6=tried)
        self._spawn(self._measure(member, line))
        if self._terms.ask_revocation and isinstance(line, tls.TlsConnection):
            self._spawn(self._ask_revocation(member.address, line))

    async def _ask_revocation(self, address: str, line: tls.TlsConnection) -> None:
        """Whether the server's certificate is revoked; once for a certificate that several servers share."""
        chain, shown = line.verified, line.facts.chain
        if len(chain) < 2 or not shown or not shown[0].ocsp_urls or self._terms.way is not None:
            return  # Not verified, so that an impostor would choose whom this computer contacts; or beyond a hop.
        from clearline.core.probes import ocsp  # late: few checks ask

        asking = self._revocations.get(chain[0])
        if asking is None:
            asked = ocsp.ask(shown[0].ocsp_urls[0], chain[0], chain[1], deadline_s=self._terms.deadline_s)
            asking = self._revocations[chain[0]] = asyncio.ensure_future(asked)
        self._ledger.note(address, ocsp=await asyncio.shield(asking))

    async def _measure(self, member: MemberFacts, line: Line) -> None:
        """The time of round trips, while the loop is not busy with the first questions to a crowd: it would count."""
        await self._beginnings.all_begun()
        if self._measured == MOST_MEASURED:
            return
        self._measured += 1
        async with self._turns[member.address]:
            rtt = await latency.round_trips(
                line, ROUND_TRIPS, deadline_s=self._terms.deadline_s, late_s=self._terms.late_s
            )
        self._ledger.note(member.address, rtt=rtt)

    def _meet(self, answer: Hello, by: str) -> None:
        """Examine the members that a hello names, its primary first, as far as that is not a server's wish alone."""
        named = known_addresses(answer)
        first = {answer.primary.lower()} & named if answer.primary else set()
        left_out = []
        for address in (*first, *sorted(named - first)):
            if self._admission.admits(address):
                self.add(address, advertised_by=(by,))
            else:
                left_out.append(address)
        self._ledger.pass_over(left_out)

    async def _extras(self, address: str, line: Line) -> None:
        async with self._turns[address]:
            if self._ledger.member(address).extras is None:
                extras = await hello.extras(
                    line,
                    deadline_s=self._terms.deadline_s,
                    late_s=self._terms.late_s,
                    on_early=lambda silence: self._hangs(address, silence),
                )
                alive = await self._others_alive(address, extras.config_hosts[:3])
                self._ledger.note(address, extras=replace(extras, config_alive=alive))

    def _hangs(self, address: str, extras: ServerExtras) -> None:
        """A command beside hello gets no answer; one that comes late still counts."""
        self._ledger.note(address, extras=extras)
        self._finish(address)

    async def _others_alive(self, address: str, hosts: tuple[str, ...]) -> tuple[str, ...]:
        """Of the members that a node outside of its set knows, those that are other servers and take connections."""
        if self._terms.way is not None:
            return ()  # Names and addresses of the far side lead elsewhere from here.
        own = {(ip, self._ledger.member(address).port) for ip in self._ledger.member(address).resolved}
        alive = []
        for host in hosts:
            name, _, port = host.rpartition(":")
            if not port.isdigit():
                continue
            found = await look_up(name.strip("[]"), deadline_s=self._questioner.short_s, late_s=0.0)
            for ip in found.addresses[:1]:
                tried = await tcp.connect(ip, int(port), deadline_s=self._questioner.short_s)
                if tried.reach is Reach.OK and (ip, int(port)) not in own:
                    alive.append(host)
        return tuple(alive)


async def _first(futures: set[asyncio.Future[Any]], timeout_s: float | None = None) -> None:
    """Wait until one of them is done; cancelling leaves them as they are."""
    await asyncio.wait(futures, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
