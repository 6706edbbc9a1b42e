"""Findings about names and the servers behind them: one server under two names, several under one, the wrong one."""

from __future__ import annotations

from collections.abc import Iterable

from clearline.core.diagnosis.catalogue import finding, listed
from clearline.core.diagnosis.standing import answered, is_connected, known_addresses, load_balanced, single_topology
from clearline.core.facts.servers import Hello, MemberFacts
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
        if other is None or None in (other.process_id, hello.process_id) or other.process_id == hello.process_id:
            continue
        differ = None not in (other.me, hello.me) and other.me != hello.me
        yield finding(
            "topology.several-servers",
            Certainty.LIKELY,
            server=member.address,
            evidence={"processId": [other.process_id, hello.process_id], "me": [other.me, hello.me]},
            summary=f"At {member.address} one connection was answered by {other.me} and another by {hello.me}."
            if differ
            else "",
            detail="" if differ else "A server that was restarted between the two connections looks the same.",
            host=member.address,
        )
        return


RULES = (leads_elsewhere, one_server_twice, several_servers)
