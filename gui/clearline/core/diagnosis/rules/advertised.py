"""Findings about the names that servers give each other, which this computer cannot use."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, Final

from clearline.core.diagnosis.catalogue import finding, listed
from clearline.core.diagnosis.rules.dns import host_name
from clearline.core.diagnosis.rules.members import (
    by_hosts,
    is_here,
    seed_is_here,
    told_by_members,
)
from clearline.core.diagnosis.rules.places import is_loopback
from clearline.core.diagnosis.server_selection import has_failed
from clearline.core.diagnosis.standing import (
    Standing,
    answered,
    known_addresses,
    lookup_failed,
    reached,
    single_topology,
    standing,
)
from clearline.core.facts.servers import MemberFacts
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding, Remedy
from clearline.core.text.late_patterns import late


def advertised_elsewhere(facts: Facts) -> Iterable[Finding]:
    """Names and addresses that the set hands out and that lead nowhere from here."""
    if single_topology(facts):
        return
    live = [(m, h) for m, h in answered(facts) if h.set_name and not h.hidden]
    if not live:
        return  # A hidden member is in no list, so that the others may simply be down.
    advertised = {a for _, h in live for a in known_addresses(h)}
    members = [m for m in facts.members if m.address in advertised]
    sets = {h.set_name for m, h in live if m.seed}
    strangers = [m.address for m, h in answered(facts) if m in members and h.set_name not in sets]
    bad = [m for m in members if standing(facts, m) is Standing.FAILED or m.address in strangers]
    if not advertised or len(bad) < len(advertised) or not has_failed(facts):
        return
    seed, _ = live[0]
    single = by_hosts(facts, hosts=[seed.address], directConnection=True)
    tell = partial(finding, server=seed.address, evidence={**told_by_members(facts), "advertised": sorted(advertised)})
    direct_patch = single if len(advertised) == 1 else None
    if all(is_here(m.host) for m in bad) and (strangers or not seed_is_here(seed)):
        split = _by_horizon(facts)
        yield tell(
            "topology.loopback-names",
            Certainty.LIKELY if split else Certainty.PROVEN,
            patch=direct_patch,
            also=split,
            address=listed(sorted(advertised)),
        )
    elif unnamed := [m for m in bad if lookup_failed(m.lookup)]:
        if not any(_is_denied(facts, m) for m in unnamed):
            return  # No name can be looked up now, so that nothing is known of these: the lookup's own finding tells.
        names = sorted(m.address for m in unnamed)
        sure = all(_is_denied(facts, m) and _unknown_name(m) for m in unnamed)
        yield tell(
            "topology.internal-names",
            Certainty.PROVEN if sure else Certainty.LIKELY,
            patch=direct_patch,
            also=(*_of_containers(seed, names, single), *_from_outside(facts, seed, names), *_by_horizon(facts)),
            names=listed(names),
        )
    elif not any(reached(m) for m in bad if m.address not in strangers):
        yield tell(
            "topology.internal-addresses",
            Certainty.LIKELY,
            summary=f"The server tells clients to use {listed(strangers)}, and another server answers there from here."
            if len(strangers) == len(bad)
            else "",
            detail=f"Another server answers at {listed(strangers)}."
            if strangers
            else "Where the seed is a member under another name, the others may as well be down.",
            patch=direct_patch,
            also=_by_horizon(facts),
            addresses=listed(sorted(advertised)),
        )


def _by_horizon(facts: Facts) -> tuple[Remedy, ...]:
    """What else may be where TLS is spoken: a set that names its members by the name which was sent in it."""
    text = (
        "A set with horizons names its members after the host name sent in TLS: connect by the name that is meant for "
        "clients out here (rs.conf() on a member lists them)."
    )
    return (Remedy(text=text),) if facts.tls_wanted else ()


_DENIALS = ("dns.host-not-found", "dns.short-name")


def _is_denied(facts: Facts, member: MemberFacts) -> bool:
    """Whether what is asked about names knows no such one, and does not merely fail to look any up."""
    found = host_name(facts, member)
    return found is not None and found.cause in _DENIALS


def _unknown_name(member: MemberFacts) -> bool:
    """Whether the system said that there is no such name, and not merely nothing."""
    return member.lookup is not None and member.lookup.eai is not None and not member.lookup.silent


_CONTAINER_ID: Final = late(r"[0-9a-f]{12}")
"""What Docker names a container that was given no name of its own."""


def _of_containers(seed: MemberFacts, names: list[str], single: dict[str, Any]) -> tuple[Remedy, ...]:
    """Where the seed is the published port of a container: names that only Docker's own network knows."""
    hosts = [name.rpartition(":")[0] for name in names]
    by_id = all(_CONTAINER_ID.fullmatch(host) for host in hosts)
    if not by_id and (any("." in host for host in hosts) or not is_loopback(seed)):
        return ()
    what = "ids" if by_id else "names"
    return (
        Remedy(
            text=f"These look like {what} of containers, which only Docker's own network knows: use "
            f"directConnection=true. The driver then stays with {seed.address}, the published port of that one member.",
            patch=single,
        ),
    )


def _from_outside(facts: Facts, seed: MemberFacts, names: list[str]) -> tuple[Remedy, ...]:
    """What helps where the seed is the near end of a published port or a port-forward."""
    inside = any("." not in name.partition(":")[0] or ".svc" in name for name in names)
    if not (inside or is_loopback(seed)):
        return ()
    return (
        Remedy(
            text="Names of containers and pods are known inside their network only. From here: a published port or "
            f"kubectl port-forward with directConnection=true, as in mongodb://localhost:{seed.port or 27017}/"
            "?directConnection=true; or a hosts-file entry for each name, with the published port of that very member."
        ),
    )
