"""Findings about a server whose port refuses: what listens elsewhere, and where its name leads."""

from __future__ import annotations

from functools import partial
from typing import Final

from clearline.core.diagnosis.catalogue import finding, listed
from clearline.core.diagnosis.rules.evidence import is_atlas, told_by_attempts
from clearline.core.diagnosis.rules.places import (
    family_words,
    in_container,
    localhost_remedies,
    refused_words,
    serves_here,
)
from clearline.core.facts.servers import MemberFacts, OtherPort, Reach, TcpFacts
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding, Remedy

UNSPECIFIED = ("0.0.0.0", "::")  # noqa: S104
"""They stand for all addresses of a server, and are none to connect to."""
_FAR_MS: Final = 20.0
"""A host that takes longer is far away; a nearby one takes some milliseconds where this computer is busy."""


def refused(facts: Facts, member: MemberFacts, attempt: TcpFacts) -> Finding:
    """Why the port refuses: nothing listens there, it listens elsewhere, or something in between says no."""
    tell = partial(finding, server=member.address, evidence=told_by_attempts(member))
    if is_atlas(member.host) and all(any(t.reach is Reach.REFUSED for t in m.tcp) for m in facts.members if m.tcp):
        cluster = facts.uri.hosts[0].partition(".")[0] if facts.uri.srv and facts.uri.hosts else member.host
        return tell("tcp.atlas-paused", Certainty.LIKELY, cluster=cluster)
    if member.loopback is not None and member.loopback.reach is Reach.OK and attempt.own and not attempt.loopback:
        return tell(
            "tcp.bind-address",
            Certainty.LIKELY,
            detail="A tunnel, or a container's port that is published on 127.0.0.1 alone, looks the same; then another "
            "server answers there."
            if attempt.listening is False
            else "A rule of this computer's firewall for that address alone looks the same.",
            address=attempt.address,
            port=member.port,
        )
    answering = [p for p in member.other_ports if p.reach is Reach.OK]
    beyond = max(_FAR_MS, 8 * attempt.elapsed_ms)
    if answering and not attempt.loopback and min(port.elapsed_ms for port in answering) > beyond:
        return tell("tcp.local-firewall", Certainty.LIKELY, host=member.host, port=member.port)
    unheard = (attempt.loopback or attempt.own) and attempt.listening is False
    detail, fix = refused_words(facts, member)
    over_ipv6 = member.over_ipv6 is not None and member.over_ipv6.reach is Reach.OK
    by_ipv6 = "At ::1 (IPv6) that port takes connections, so what listens there listens on IPv6 alone."
    words = [_led_here(member, attempt), family_words(member), _other_door(answering), detail]
    words += [by_ipv6] if over_ipv6 else []
    patch: dict[str, object] | None = None
    here = localhost_remedies(facts, member) if attempt.loopback and not serves_here(facts) else ()
    if over_ipv6:
        fix, here = f"Write [::1]:{member.port}, or add 127.0.0.1 to net.bindIp.", ()
        if facts.uri.hosts == (member.address,):
            patch = {"seeds": {"hosts": [f"[::1]:{member.port}"]}}
    if here and in_container(facts) is not None:
        fix, here = here[0].text, (Remedy(text="If it is meant to run in here, start mongod, or correct the port."),)
    if not unheard:
        words.append("A firewall that rejects instead of dropping looks the same: a look at the server itself decides.")
    return tell(
        "tcp.refused",
        Certainty.PROVEN if unheard and attempt.loopback and is_this_computer(member.host) else Certainty.LIKELY,
        detail=" ".join(filter(None, words)),
        fix=fix,
        patch=patch,
        also=(*_other_ports(facts, member, answering), *here),
        host=member.host,
        port=member.port,
    )


def _other_ports(facts: Facts, member: MemberFacts, answering: list[OtherPort]) -> tuple[Remedy, ...]:
    """The port of MongoDB's that takes connections there, to be tried in place of the one that was written."""
    if len(answering) != 1 or len(facts.uri.hosts) != 1 or facts.uri.srv or not member.seed:
        return ()
    host = f"[{member.host}]" if ":" in member.host else member.host
    where = f"{host}:{answering[0].port}"
    text = f"Try port {answering[0].port}, which takes connections there."
    return (Remedy(text=text, patch={"seeds": {"hosts": [where]}}),)


def _other_door(answering: list[OtherPort]) -> str:
    if not answering:
        return ""
    return f"Another port of MongoDB's takes connections there: {listed([str(p.port) for p in answering])}."


def is_this_computer(host: str) -> bool:
    """Whether a host is this computer by its very name or address."""
    return host in ("localhost", "::1") or host.startswith("127.")


def _led_here(member: MemberFacts, attempt: TcpFacts) -> str:
    """A word about a name of another computer that leads to this one."""
    if member.host in UNSPECIFIED:
        return (
            f"{member.host} stands for all addresses of a computer where a server listens, and is none to connect to: "
            "from here it leads to this computer itself."
        )
    literal = member.lookup is None or member.lookup.literal
    own_name = "." not in member.host or member.host.endswith((".localhost", ".localdomain"))
    if literal or own_name or not attempt.loopback:
        return ""
    return (
        f"The name leads to {attempt.address}, which is this computer itself: a DNS filter that blocks the name "
        "answers like this."
    )
