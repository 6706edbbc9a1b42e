"""Where each server stands for the driver, and what the profile wants of all of them: readings of the facts."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache

from clearline.core.facts.login import DriverState
from clearline.core.facts.names import Lookup, counting, txt_options
from clearline.core.facts.servers import A_READ, Exchange, Hello, MemberFacts, Reach
from clearline.core.facts.whole import Facts

MIN_WIRE_VERSION = 9
"""pymongo.common.MIN_SUPPORTED_WIRE_VERSION of the pinned driver (a test compares)."""
MAX_WIRE_VERSION = 29
"""pymongo.common.MAX_SUPPORTED_WIRE_VERSION of the pinned driver (a test compares)."""


class Standing(Enum):
    """What is known about one server: still asked, answers hello as the profile connects, or cannot be used."""

    PENDING = "pending"
    ANSWERED = "answered"
    FAILED = "failed"


def own_hello(facts: Facts, member: MemberFacts) -> Hello | None:
    """The member's answer to hello over the kind of connection that the driver will use, None when there is none."""
    exchange = own_exchange(facts, member)
    return exchange.hello if exchange else None


def own_exchange(facts: Facts, member: MemberFacts) -> Exchange | None:
    """The hello over the kind of connection that the driver will use; a look without verification is none."""
    if not member.exchanges:
        return None
    wanted = facts.tls_wanted
    return next((e for e in member.exchanges if e.tls is wanted and not e.look), None)


def speaks_our_version(hello: Hello) -> bool:
    """Whether the server's wire versions overlap with the driver's."""
    return hello.max_wire_version >= MIN_WIRE_VERSION and hello.min_wire_version <= MAX_WIRE_VERSION


def standing(facts: Facts, member: MemberFacts) -> Standing:
    """One server's standing; an answer that the driver turns away (error, wire version) is a failure."""
    hello = own_hello(facts, member)
    usable = hello is not None and hello.ok and speaks_our_version(hello) and not is_malformed(facts, hello)
    if usable and not is_mute(facts, member) and not compresses_unasked(facts, member):
        return Standing.ANSWERED
    return Standing.FAILED if member.finished and not member.crashed else Standing.PENDING


API_VERSION_REQUIRED = 498870
"""Server code of a command without apiVersion where requireApiVersion is set."""

_PROMPT_MS = 300.0


def is_mute(facts: Facts, member: MemberFacts) -> bool:
    """Whether a server that answered hello at once answers no read, and the driver fares no better."""
    extras = member.extras
    if extras is None or extras.silent_at != A_READ:
        return False
    exchange = own_exchange(facts, member)
    if exchange is None or exchange.late:
        return False
    if facts.driver.state is DriverState.CONNECTED or facts.login.succeeded or facts.login.failed_step is not None:
        return False
    slow = max([exchange.elapsed_ms, *(t.elapsed_ms for t in member.tcp if t.reach is Reach.OK)])
    return slow < _PROMPT_MS


def compresses_unasked(facts: Facts, member: MemberFacts) -> bool:
    """Whether a server answers commands in a form that was not agreed on, and the driver cannot use it."""
    odd = member.extras is not None and member.extras.compressed_at is not None
    return odd and facts.driver.state is not DriverState.CONNECTED


def is_malformed(facts: Facts, hello: Hello) -> bool:
    """Whether a server's hello has values that no driver can read; one that connects could read them after all."""
    return bool(hello.malformed) and facts.driver.state is not DriverState.CONNECTED


def answered(facts: Facts) -> list[tuple[MemberFacts, Hello]]:
    """Servers that answer hello in the profile's own way, with their answers."""
    latest = _latest[0]
    if latest is None or latest[0] is not facts:
        pairs = ((m, own_hello(facts, m)) for m in facts.members if standing(facts, m) is Standing.ANSWERED)
        latest = facts, tuple((m, hello) for m, hello in pairs if hello is not None)
        _latest[0] = latest
    return list(latest[1])


_latest: list[tuple[Facts, tuple[tuple[MemberFacts, Hello], ...]] | None] = [None]
"""The facts that were asked about last, with the answer: some twenty rules ask the same of a thousand servers."""


def replica_set_name(facts: Facts) -> str | None:
    """The set name that the driver insists on: the option, or what a TXT record added."""
    name = facts.uri.options.get(
        "replicaSet", facts.driver.effective.get("replicaSet", txt_option(facts, "replicaset"))
    )
    return name if isinstance(name, str) else None


def txt_option(facts: Facts, name: str) -> str | None:
    """An option's value in the TXT record of the SRV name; None when it has none. ``name`` in lower case."""
    options = txt_options(counting(facts.dns.questions))
    return next((value for key, value in options.items() if key.lower() == name), None)


def single_topology(facts: Facts) -> bool:
    """Whether the driver talks to the one seed alone, whatever it is."""
    return facts.uri.options.get("directConnection") is True or load_balanced(facts)


def load_balanced(facts: Facts) -> bool:
    """Whether the deployment is to be a load balancer."""
    value = facts.uri.options.get("loadBalanced", txt_option(facts, "loadbalanced"))
    return value is True or value == "true"


def known_addresses(hello: Hello) -> frozenset[str]:
    """All members that one member's hello advertises, lower case."""
    return _lowered(hello.hosts, hello.passives, hello.arbiters)


@lru_cache(maxsize=16)  # every rule about a set asks, of each of its members
def _lowered(*named: tuple[str, ...]) -> frozenset[str]:
    return frozenset(a.lower() for addresses in named for a in addresses)


def is_connected(facts: Facts) -> bool:
    """Whether PyMongo did handshake, login and one read."""
    return facts.driver.state is DriverState.CONNECTED


def lookup_failed(lookup: Lookup | None) -> bool:
    """Whether the system's resolver gave no address (yet)."""
    return lookup is not None and not lookup.addresses and (lookup.eai is not None or lookup.silent)


def open_addresses(member: MemberFacts) -> list[str]:
    """The addresses of a member that accepted a TCP connection."""
    return [t.address for t in member.tcp if t.reach is Reach.OK]


def reached(member: MemberFacts) -> bool:
    """Whether any address of the member accepted a TCP connection."""
    return any(t.reach is Reach.OK for t in member.tcp)
