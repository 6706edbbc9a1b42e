"""Findings about names and the servers behind them: one server under two names, several under one, the wrong one."""

from __future__ import annotations

from collections.abc import Iterable

from clearline.core.diagnosis.catalogue import finding, listed
from clearline.core.diagnosis.server_selection import Outlook, outlook
from clearline.core.diagnosis.standing import answered, is_connected, known_addresses, load_balanced, single_topology
from clearline.core.facts.login import DriverState
from clearline.core.facts.servers import Exchange, Hello, MemberFacts, Reach, TlsKind
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding, Severity


def misled(facts: Facts) -> list[tuple[MemberFacts, Hello]]:
    """Servers reached by the address of one member of their set that say that they are another one."""
    return [
        (m, h)
        for m, h in answered(facts)
        if h.me is not None and h.set_name and h.me.lower() != m.address and m.address in known_addresses(h)
    ]


def same_process(facts: Facts, hello: Hello) -> list[str]:
    """The addresses at which that very process answered."""
    return [m.address for m, h in answered(facts) if hello.process_id is not None and h.process_id == hello.process_id]


def named_twice(facts: Facts, hello: Hello) -> bool:
    """Whether the address names that process by several of its hosts."""
    seeds = (h.process_id for m, h in answered(facts) if m.seed)
    return hello.process_id is not None and sum(process == hello.process_id for process in seeds) > 1


def leads_elsewhere(facts: Facts) -> Iterable[Finding]:
    """A name or address of one member that leads to another one from here."""
    if single_topology(facts):
        return
    astray = misled(facts)
    for member, hello in astray[:1]:
        names = [m.address for m, h in astray if h.me == hello.me]
        me = (hello.me or "").lower()
        seen = me in same_process(facts, hello)
        doubt = f"The server itself may take itself for {me}: db.hello().me in a shell on it shows that."
        yield finding(
            "topology.leads-elsewhere",
            # The same process at the other address too: whatever lies between, both names end there.
            Certainty.PROVEN if seen else Certainty.LIKELY,
            server=member.address,
            severity=Severity.WARNING if is_connected(facts) else Severity.FAILURE,
            evidence={
                "me": {m.address: h.me for m, h in astray},
                "processId": {m.address: h.process_id for m, h in answered(facts)},
                "resolved": {m.address: list(m.resolved) for m, _ in astray},
            },
            detail="" if seen else doubt,
            summary=f"{listed(names)} lead, from here, to the server that calls itself {me}." if len(names) > 1 else "",
            host=member.address,
            me=me,
        )


def one_server_twice(facts: Facts) -> Iterable[Finding]:
    """Several hosts of the address that are one server: a single server or a router that stands there twice."""
    if load_balanced(facts):
        return
    by_process: dict[str, list[tuple[MemberFacts, Hello]]] = {}
    for member, hello in answered(facts):
        if member.seed and hello.process_id is not None and hello.kind in ("standalone", "router"):
            by_process.setdefault(hello.process_id, []).append((member, hello))
    for same in by_process.values():
        names, hello = [m.address for m, _ in same], same[0][1]
        if len(names) < 2:
            continue
        fails = hello.kind == "standalone" and not single_topology(facts) and not is_connected(facts)
        others = [host for host in facts.uri.hosts if host not in names[1:]]
        yield finding(
            "topology.one-server-twice",
            Certainty.LIKELY,
            severity=Severity.FAILURE if fails else Severity.WARNING,
            evidence={"processId": hello.process_id, "names": names},
            means="Drivers drop single servers from a list of several hosts, so that none is left." if fails else "",
            detail="A balancer that led both connections to one of several servers looks the same.",
            patch={"seeds": {"hosts": others}} if fails and not facts.uri.srv else None,
            names=listed(names),
            first=names[0],
        )
        return


def several_servers(facts: Facts) -> Iterable[Finding]:
    """One address at which the driver's connection and ours were answered by different processes."""
    if load_balanced(facts):
        return  # There every connection is meant to end at another router.
    for member, hello in answered(facts):
        other = facts.driver.heard.get(member.address)
        if other is None or (other.process_id is not None and other.process_id == hello.process_id):
            continue
        of_others = other.kind is not None and other.set_name != hello.set_name
        if None in (other.process_id, hello.process_id) and not of_others:
            continue
        differ = of_others or (None not in (other.me, hello.me) and other.me != hello.me)
        one, two = (_role(e.kind or "", e.set_name) if of_others else e.me for e in (other, hello))
        # Where what we heard would do, it is what the driver heard that keeps it from connecting.
        fails = facts.driver.state is DriverState.RAISED and outlook(facts) is Outlook.POSSIBLE
        yield finding(
            "topology.several-servers",
            Certainty.LIKELY,
            severity=Severity.FAILURE if fails else None,
            server=member.address,
            evidence={
                "processId": [other.process_id, hello.process_id],
                "me": [other.me, hello.me],
                "setName": [other.set_name, hello.set_name],
            },
            summary=f"At {member.address} one connection was answered by {one} and another by {two}." if differ else "",
            detail="" if differ else "A server that was restarted between the two connections looks the same.",
            host=member.address,
        )
        return


_AS = {
    "standalone": "a single server",
    "router": "a router (mongos)",
    "ghost": "a server that is in no set",
    "unknown": "a server that answers hello with an error",
}
_NO_ANSWER = {
    Reach.SILENT: "keeps silent",
    Reach.CLOSED: "ends the connection",
    Reach.RESET: "cuts the connection",
    Reach.NOT_MONGODB: "is no MongoDB, or wants TLS where the address has none",
    Reach.VERIFY_FAILED: "shows a certificate that is not accepted",
}


def differing_addresses(facts: Facts) -> Iterable[Finding]:
    """A name with several addresses at which different servers answer, or one that cannot be used."""
    for member in facts.members:
        own = _own_answer(facts, member)
        if own is None or not member.elsewhere or load_balanced(facts):
            continue
        here = next((t.address for t in member.tcp if t.reach is Reach.OK and t.address not in member.elsewhere), "")
        apart = [ip for ip, other in member.elsewhere.items() if _are_apart(facts, own, other)]
        if not apart or not here:
            continue
        said = {here: own, **{ip: member.elsewhere[ip] for ip in apart}}
        kinds = {(e.hello.set_name, e.hello.kind) if e.hello else None for e in said.values()}
        lasting = None not in kinds and len({name for name, _ in filter(None, kinds)}) > 1
        yield finding(
            "topology.several-servers",
            # What a server is, it is for longer than the moment between two connections.
            Certainty.PROVEN if lasting else Certainty.LIKELY,
            server=member.address,
            evidence={ip: _as_words(exchange) for ip, exchange in said.items()},
            summary=f"{member.host} has several addresses, and different servers stand there: "
            f"{'; '.join(f'{ip} {_as_words(exchange)}' for ip, exchange in said.items())}.",
            means="A driver goes to the first address that opens, and name servers change their order: each new "
            "connection may end at another of them.",
            detail=""
            if lasting
            else "A server that was restarted in that moment, or is at its limit of connections, looks the same.",
            fix=f"Let {member.host} lead to one server, or write the servers' own names into the address (those of one "
            "set with replicaSet).",
            host=member.address,
        )
        return


def _own_answer(facts: Facts, member: MemberFacts) -> Exchange | None:
    """What the address that was talked to first answered, as the driver would have it."""
    handshake = member.handshake(TlsKind.DRIVER) if facts.tls_wanted else None
    if handshake is not None and handshake.reach is not Reach.OK:
        return Exchange(tls=True, reach=handshake.reach, errno=handshake.errno)
    return next((e for e in member.exchanges if not e.look), None)


def _are_apart(facts: Facts, own: Exchange, other: Exchange) -> bool:
    """Whether it matters at which of two addresses a connection ends."""
    if own.hello is None or other.hello is None:
        return (own.hello is None) != (other.hello is None)
    one, two = own.hello, other.hello
    if one.process_id is not None and one.process_id == two.process_id:
        return False
    if (one.set_name, one.kind == "router", one.kind == "ghost", one.ok) != (
        two.set_name,
        two.kind == "router",
        two.kind == "ghost",
        two.ok,
    ):
        return True
    known_apart = None not in (one.process_id, two.process_id) or one.max_wire_version != two.max_wire_version
    if one.set_name is None:
        return known_apart
    # Each member of a set tells of all: the one that is asked first does not matter, unless no other is asked.
    return single_topology(facts) and (known_apart or one.me != two.me)


def _as_words(exchange: Exchange) -> str:
    hello = exchange.hello
    if hello is None:
        return _NO_ANSWER.get(exchange.reach, "gives no answer that could be used")
    return f"is {_role(hello.kind, hello.set_name)}"


def _role(kind: str, set_name: str | None) -> str:
    return _AS.get(kind) or f"a member of the set {set_name} ({kind})"


RULES = (leads_elsewhere, one_server_twice, several_servers, differing_addresses)
