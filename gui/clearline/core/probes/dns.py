"""DNS as the driver's library sees it, but each name server asked by itself, so that it shows which one fails and how.

Nothing here raises for a bad answer: that is an answer too.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final, Literal

import msgspec

from clearline.core.daemon_threads import run_in_daemon
from clearline.core.facts.names import LANDMARK, DnsOutcome, Question, public_zone
from clearline.core.hops.opener import Opener
from clearline.core.probes.dns_messages import (
    Reply,
    Server,
    installed_resolver,
    make_query,
    outcome_of,
    over_tcp,
    over_udp,
    over_way,
)

Transport = Literal["udp", "tcp"]
Wanted = tuple[str, str, str]
"""Name, type and purpose of a question."""

MAX_SERVERS: Final = 4
"""So many of the configured name servers are asked."""
_RECORD_TYPES: Final = ("SRV", "TXT", "A", "AAAA", "CNAME", "NS", "SOA")
_of_the_system: object | None = None


def preload() -> None:
    """Import dnspython with what it loads at its first answer (0.1 to 0.7 s): for a thread, before the first check."""
    import dns.asyncresolver
    import dns.message
    import dns.rdata
    import dns.rdataclass
    import dns.rdatatype

    for name in _RECORD_TYPES:
        dns.rdata.get_rdata_class(dns.rdataclass.IN, dns.rdatatype.from_text(name))  # type: ignore[no-untyped-call]


def nameservers() -> tuple[Server, ...]:
    """The name servers that PyMongo would ask, in order; empty when none is configured.

    They are those of dnspython's default resolver. It is read again from the system each time, for networks change,
    unless another program installed it.
    """
    global _of_the_system
    import dns.asyncresolver
    import dns.inet
    import dns.nameserver
    import dns.resolver

    if installed_resolver() in (None, _of_the_system):
        try:
            dns.asyncresolver.reset_default_resolver()
        except (dns.resolver.NoResolverConfiguration, OSError):  # Windows: a key of the registry is not there
            dns.asyncresolver.default_resolver = None
        _of_the_system = installed_resolver()
    resolver = installed_resolver()
    if resolver is None:
        return ()
    found: dict[Server, None] = {}
    for server in resolver.nameservers:
        if isinstance(server, dns.nameserver.Do53Nameserver):
            found[server.address, server.port] = None
        elif isinstance(server, str) and dns.inet.is_address(server):  # the rest is DNS over HTTPS
            found[server, resolver.nameserver_ports.get(server, resolver.port)] = None
    return tuple(found)


def label(server: Server) -> str:
    """How facts name a name server: its address, and ``#port`` where that is not 53."""
    address, port = server
    return address if port == 53 else f"{address}#{port}"


async def ask(
    name: str,
    type: str,
    *,
    nameserver: Server,
    purpose: str,
    deadline_s: float,
    late_s: float,
    transport: Transport = "udp",
    on_early: Callable[[Question], None] | None = None,
    way: Opener | None = None,
) -> Question:
    """Ask one name server one question. The name is absolute: no search domain is added.

    With ``way`` it is asked at the far side of hops, over TCP whatever ``transport`` says.

    At ``deadline_s`` ``on_early`` is told that the server is silent; an answer is awaited until ``late_s`` (both from
    the start; a smaller ``late_s`` means no later than the deadline) and counted with its real time. A name that DNS
    cannot express gives NXDOMAIN without an rcode.
    """
    import dns.exception

    asked = Question(
        name=name,
        type=type,
        nameserver=label(nameserver),
        purpose=purpose,
        transport=transport if way is None else "tcp",
        outcome=DnsOutcome.SILENT,
        far=way is not None,
    )
    try:
        query = make_query(name, type)
    except dns.exception.DNSException:
        return _with(asked, Reply(DnsOutcome.NXDOMAIN), 0.0)
    timer: asyncio.TimerHandle | None = None
    if on_early is not None and deadline_s < late_s:
        early = _with(asked, Reply(DnsOutcome.SILENT), deadline_s * 1000)
        timer = asyncio.get_running_loop().call_later(deadline_s, on_early, early)
    exchange = over_udp if transport == "udp" else over_tcp
    if way is not None:
        exchange = partial(over_way, way=way)
    started = time.perf_counter()
    try:
        async with asyncio.timeout(max(deadline_s, late_s)):
            reply = await exchange(query, nameserver)
    except TimeoutError:  # ours, or the system's ETIMEDOUT
        reply = Reply(DnsOutcome.SILENT)
    except EOFError:
        reply = Reply(DnsOutcome.MALFORMED)
    except OSError as error:
        reply = Reply(outcome_of(error), errno=error.errno)
    finally:
        if timer is not None:
            timer.cancel()
    return _with(asked, reply, (time.perf_counter() - started) * 1000)


async def ask_srv(
    name: str,
    service: str = "mongodb",
    *,
    deadline_s: float,
    late_s: float,
    on_question: Callable[[Question], None],
    servers: Sequence[Server] | None = None,
) -> tuple[Question, ...]:
    """All that is to be known of an SRV name, asked at once, each name server by itself.

    SRV, TXT, the bare name's addresses and a random control name, that one once more over TCP where UDP stays silent;
    of a public name that is denied then also whether any public name is known, and of an alias without an SRV record
    whether the name that it stands for has one. ``on_question`` hears each answer as
    it comes, and a silent one twice when it answers late. ``servers`` are asked instead of the configured ones.
    """
    wanted = [(f"_{service}._tcp.{name}", "SRV", "srv"), (name, "TXT", "txt"), *_addresses(name, "bare"), _control()]
    found = await _ask_everywhere(wanted, deadline_s, late_s, on_question, servers)
    zones = [*_zones(name, (q for q in found if q.purpose == "srv")), *_alias(service, found)]
    return (*found, *await _ask_everywhere(zones, deadline_s, 0.0, on_question, servers))


async def ask_srv_over(
    way: Opener,
    servers: Sequence[Server],
    name: str,
    service: str = "mongodb",
    *,
    deadline_s: float,
    on_question: Callable[[Question], None],
) -> tuple[Question, ...]:
    """SRV and TXT of a name, asked of name servers at the far side of hops; nothing is heard after the deadline."""
    if "dns.asyncresolver" not in sys.modules:
        await run_in_daemon(preload)

    async def ask_one(server: Server, wanted: Wanted) -> Question:
        target, type, purpose = wanted
        answer = await ask(target, type, nameserver=server, purpose=purpose, deadline_s=deadline_s, late_s=0.0, way=way)
        on_question(answer)
        return answer

    wanted = ((f"_{service}._tcp.{name}", "SRV", "srv"), (name, "TXT", "txt"))
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(ask_one(server, one)) for server in servers[:MAX_SERVERS] for one in wanted]
    return tuple(task.result() for task in tasks)


async def ask_host(
    host: str,
    *,
    deadline_s: float,
    late_s: float,
    on_question: Callable[[Question], None],
    servers: Sequence[Server] | None = None,
    control: bool = True,
) -> tuple[Question, ...]:
    """The addresses of a member's name as DNS gives them; ``control`` adds a random name. Otherwise like `ask_srv`."""
    wanted = [*_addresses(host, "host"), *([_control()] if control else [])]
    found = await _ask_everywhere(wanted, deadline_s, late_s, on_question, servers)
    zones = _zones(host, (q for q in found if q.purpose == "host")) if control else []
    return (*found, *await _ask_everywhere(zones, deadline_s, 0.0, on_question, servers))


async def ask_completed(
    host: str, *, deadline_s: float, on_question: Callable[[Question], None]
) -> tuple[Question, ...]:
    """The addresses of a name that this computer's search domains complete, one after the other."""
    resolver = installed_resolver()
    domains = [domain.to_text(omit_final_dot=True) for domain in resolver.search] if resolver is not None else []
    wanted = [one for domain in domains[:MAX_SERVERS] for one in _addresses(f"{host}.{domain}", "completed")]
    return await _ask_everywhere(wanted, deadline_s, 0.0, on_question, None)


async def ask_whether_cluster(
    host: str, *, deadline_s: float, on_question: Callable[[Question], None]
) -> tuple[Question, ...]:
    """Whether a name without an address is a cluster's, to be written with mongodb+srv://."""
    wanted: list[Wanted] = [(f"_mongodb._tcp.{host}", "SRV", "cluster")]
    return await _ask_everywhere(wanted, deadline_s, 0.0, on_question, None)


# ---------------------------------------------------------------- asking


def _with(asked: Question, reply: Reply, elapsed_ms: float) -> Question:
    return msgspec.structs.replace(
        asked,
        outcome=reply.outcome,
        rcode=reply.rcode,
        truncated=reply.truncated,
        records=reply.records,
        aliases=reply.aliases,
        errno=reply.errno,
        elapsed_ms=elapsed_ms,
    )


def _addresses(name: str, purpose: str) -> list[Wanted]:
    return [(name, "A", purpose), (name, "AAAA", purpose)]


def _control() -> Wanted:
    import secrets  # late, with OpenSSL's hashes: few checks ask for a name

    return f"{secrets.token_hex(8)}.invalid", "A", "control"


def _zones(name: str, asked: Iterable[Question]) -> list[Wanted]:
    """What tells a resolver that knows no public name from one that knows all but this: asked after a no alone."""
    zone, outcomes = public_zone(name), {question.outcome for question in asked}
    if zone is None or DnsOutcome.NXDOMAIN not in outcomes or DnsOutcome.ANSWERED in outcomes:
        return []
    return [(one, "SOA", "zone") for one in dict.fromkeys((zone, LANDMARK))]


def _alias(service: str, asked: Sequence[Question]) -> list[Wanted]:
    """The SRV record of the name that a cluster's name is an alias of: lookups of SRV records do not go by that."""
    outcomes = {q.outcome for q in asked if q.purpose == "srv"}
    if DnsOutcome.ANSWERED in outcomes or not outcomes & {DnsOutcome.NXDOMAIN, DnsOutcome.NODATA}:
        return []
    targets = dict.fromkeys(q.aliases[-1] for q in asked if q.purpose == "bare" and q.aliases)
    return [(f"_{service}._tcp.{target}", "SRV", "alias") for target in targets]


async def _ask_everywhere(
    wanted: Sequence[Wanted],
    deadline_s: float,
    late_s: float,
    on_question: Callable[[Question], None],
    servers: Sequence[Server] | None,
) -> tuple[Question, ...]:
    if "dns.asyncresolver" not in sys.modules:
        await run_in_daemon(preload)  # a check that starts before the warm-up must not stop the loop
    chosen = nameservers() if servers is None else servers

    async def ask_through(server: Server, name: str, type: str, purpose: str) -> list[Question]:
        answers: list[Question] = []
        transports: list[Transport] = ["udp", "tcp"]
        for transport in transports:
            answer = await ask(
                name,
                type,
                nameserver=server,
                purpose=purpose,
                deadline_s=deadline_s,
                late_s=late_s,
                transport=transport,
                on_early=on_question,
            )
            on_question(answer)
            answers.append(answer)
            if not answer.truncated:
                break
        return answers

    async def ask_over_tcp(first: asyncio.Task[list[Question]], server: Server) -> list[Question]:
        await asyncio.wait([first], timeout=deadline_s * 2 / 3)
        if first.done() and first.result()[0].outcome is not DnsOutcome.UNREACHABLE:
            return []
        name, type, _ = _control()
        answer = await ask(
            name,
            type,
            nameserver=server,
            purpose="over-tcp",
            deadline_s=deadline_s / 3,
            late_s=0.0,
            transport="tcp",
        )
        if first.done() and first.result()[0].outcome not in (DnsOutcome.SILENT, DnsOutcome.UNREACHABLE):
            return []
        on_question(answer)
        return [answer]

    async with asyncio.TaskGroup() as group:
        tasks = []
        for server in chosen[:MAX_SERVERS]:
            for one in wanted:
                tasks.append(group.create_task(ask_through(server, *one)))
                if one[2] == "control":
                    tasks.append(group.create_task(ask_over_tcp(tasks[-1], server)))
    return tuple(answer for task in tasks for answer in task.result())
