"""What the rules about the set ask of its members: who names whom, who cannot be used, who has a majority."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from clearline.core.diagnosis.catalogue import listed
from clearline.core.diagnosis.standing import (
    Standing,
    answered,
    known_addresses,
    lookup_failed,
    reached,
    replica_set_name,
    single_topology,
    standing,
    txt_option,
)
from clearline.core.facts.servers import Hello, MemberFacts
from clearline.core.facts.whole import Facts
from clearline.core.findings import Json


def seeds(facts: Facts) -> list[MemberFacts]:
    """The servers that the connection string itself names."""
    return [m for m in facts.members if m.seed]


def by_hosts(facts: Facts, **seeds: object) -> dict[str, Any]:
    """A patch that names hosts, and keeps the database of users that the TXT record of an SRV name brought.

    That an SRV name stands for TLS too is kept where a patch is put into a text (`uri.remedies`).
    """
    patch: dict[str, Any] = {"seeds": {"srv": False, **seeds}}
    source = txt_option(facts, "authsource")
    if facts.uri.srv and source and facts.uri.user is not None and "authSource" not in facts.uri.options:
        patch["auth"] = {"source": source}
    return patch


def told_by_members(facts: Facts) -> dict[str, Json]:
    """The evidence about a set: what each server says of itself and the others."""
    return {
        "servers": {
            m.address: f"{h.kind}, set {h.set_name}, primary {h.primary}, hosts {listed(h.hosts, most=50)}"
            for m, h in answered(facts)
        }
    }


def unusable(facts: Facts) -> list[MemberFacts]:
    """The servers that failed somewhere before their hello was read."""
    return [m for m in facts.members if standing(facts, m) is Standing.FAILED]


def listed_by(facts: Facts, address: str) -> list[str]:
    """The other servers whose configuration names that address."""
    here = is_here(address.rpartition(":")[0])
    return [
        m.address
        for m, h in answered(facts)
        if m.address != address and address in known_addresses(h) and (not here or seed_is_here(m))
    ]


def strangers(facts: Facts) -> list[tuple[MemberFacts, Hello, str]]:
    """Servers that a set lists and that answer as something else, each with the name of that set."""
    listing: dict[str, tuple[MemberFacts, str]] = {}
    for member, hello in answered(facts):
        if hello.set_name and hello.kind in ("primary", "secondary", "hidden", "arbiter"):
            for address in known_addresses(hello):
                listing.setdefault(address, (member, hello.set_name))
    found = []
    for member, hello in answered(facts):
        by, name = listing.get(member.address, (member, ""))
        here = is_here(member.host) and not seed_is_here(by)
        if by is not member and hello.set_name != name and not here and not _is_wanted(facts, hello):
            found.append((member, hello, name))
    return found


def _is_wanted(facts: Facts, hello: Hello) -> bool:
    """Whether a server is of the set that is asked for, so that it is the other one that leads astray."""
    return hello.set_name is not None and hello.set_name == replica_set_name(facts)


def without_majority(facts: Facts, hello: Hello) -> bool:
    """Whether half of the set, or more, cannot be used."""
    down = {m.address for m in unusable(facts)} & known_addresses(hello)
    return not single_topology(facts) and bool(down) and 2 * len(down) >= len(known_addresses(hello))


def is_here(host: str) -> bool:
    """Whether a host is an address of loopback, or localhost."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def seed_is_here(seed: MemberFacts) -> bool:
    """Whether a server is reached over loopback."""
    return is_here(seed.host) or any(is_here(a) for a in seed.resolved)


def why_unusable(member: MemberFacts) -> str:
    """A sentence on where a server failed."""
    if lookup_failed(member.lookup):
        return "Its name does not resolve on this computer."
    if not reached(member):
        return "From here: " + ", ".join(f"{t.address} {t.reach.value.replace('-', ' ')}" for t in member.tcp) + "."
    return ""
