"""Findings about the line to a server that is reached: one family of addresses that fails, delay, loss, bandwidth."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from clearline.core.diagnosis.catalogue import finding, listed
from clearline.core.diagnosis.standing import Standing, is_connected, standing
from clearline.core.facts.servers import MemberFacts, Reach, RttFacts
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding, Json, Severity

HIGH_LATENCY_MS = 150.0
LOSS_JUMP_MS = 180.0
"""An answer that is this much later than the median was sent again: Linux retransmits after 200 ms at the earliest."""
_FEW_RESENT = 2
"""Packets sent again within a dozen answers: more than chance."""
LOW_BANDWIDTH = 20_000
"""Bytes per second under which a line is called slow."""
DETOUR_MS = 250.0
"""A family that fails after this long costs its time at every connection; one that fails at once costs nothing."""
_ROUND_TRIP_SHARE = 3
"""A port opens within one round trip of the line: where it took a third of an answer, the line makes the time."""
_NO_WAY = (Reach.HOST_UNREACHABLE, Reach.NETWORK_UNREACHABLE)


def ipv6_trouble(facts: Facts) -> Iterable[Finding]:
    """One address family of a host fails while the other works."""
    for member in facts.members:
        v6 = [t for t in member.tcp if t.family == "ipv6"]
        v4 = [t for t in member.tcp if t.family == "ipv4"]
        if not (v6 and any(t.reach is Reach.OK for t in v4)) or any(t.reach is Reach.OK for t in v6):
            continue
        if standing(facts, member) is not Standing.ANSWERED and not is_connected(facts):
            continue
        evidence = {"addresses": {t.address: t.reach.value for t in member.tcp}}
        if any(t.reach is Reach.SILENT or (t.reach in _NO_WAY and t.elapsed_ms >= DETOUR_MS) for t in v6):
            yield finding(
                "tcp.ipv6-dead",
                # A silence of one and a half seconds is two lost packets as well.
                Certainty.LIKELY,
                server=member.address,
                evidence=evidence,
                patch={"timeouts": {"connectTimeoutMS": 2000}},
                host=member.host,
            )
        elif any(t.reach is Reach.REFUSED for t in v6):
            yield finding(
                "tcp.ipv6-refused", Certainty.PROVEN, server=member.address, evidence=evidence, host=member.host
            )


def addresses_apart(facts: Facts) -> Iterable[Finding]:
    """One of several addresses of a host keeps silent while another of the same family works."""
    for member in facts.members:
        if standing(facts, member) is not Standing.ANSWERED and not is_connected(facts):
            continue
        alive = {t.family for t in member.tcp if t.reach is Reach.OK}
        slow = (Reach.SILENT, *_NO_WAY)
        costly = [t for t in member.tcp if t.family in alive and t.reach in slow and t.elapsed_ms >= DETOUR_MS]
        if costly:
            yield finding(
                "tcp.address-dead",
                Certainty.LIKELY,  # as with a silent family
                server=member.address,
                evidence={"addresses": {t.address: t.reach.value for t in member.tcp}},
                host=member.host,
                count=len(member.tcp),
                address=listed([t.address for t in costly], most=3),
            )


def localhost_elsewhere(facts: Facts) -> Iterable[Finding]:
    """What PyMongo does not notice: localhost is ``::1`` too, and the server does not listen there."""
    for member in facts.members:
        tried = member.over_ipv6
        if tried is not None and tried.reach is Reach.REFUSED and standing(facts, member) is Standing.ANSWERED:
            yield finding(
                "tcp.ipv6-refused",
                Certainty.PROVEN,
                server=member.address,
                severity=Severity.NOTE,
                evidence={"::1": tried.reach.value},
                detail="PyMongo takes localhost for 127.0.0.1; Node.js (17 and later), Java, Go and others may try ::1 "
                "first and fail there.",
                fix="For other programs write 127.0.0.1 instead of localhost, or start mongod with --ipv6 and ::1 in "
                "net.bindIp.",
                host=member.host,
            )


def large_answers_lost(facts: Facts) -> Iterable[Finding]:
    """Short answers come at once, and one of some thousand bytes does not come at all."""
    for member in facts.members:
        extras = member.extras
        if extras is None or extras.silent_at != "buildInfo" or standing(facts, member) is not Standing.ANSWERED:
            continue
        if extras.open_read_code is None or max(e.elapsed_ms for e in member.exchanges) >= HIGH_LATENCY_MS:
            continue
        yield finding(
            "tcp.large-packets-lost",
            Certainty.LIKELY,
            severity=Severity.WARNING,
            server=member.address,
            evidence={"silent at": extras.silent_at},
            summary=f"Short answers of {member.host} arrive at once, and a long one (buildInfo) not at all.",
            detail="A product that hangs at buildInfo looks the same.",
            host=member.host,
        )
        return


def line_quality(facts: Facts) -> Iterable[Finding]:
    """A line that works, slowly or with losses: the worst member speaks for all."""
    measured = [(m.rtt.median_ms, m) for m in facts.members if m.rtt and m.rtt.samples_ms]
    if not measured:
        return
    median, member = max(measured, key=lambda pair: pair[0])
    assert member.rtt is not None
    samples = member.rtt.samples_ms
    evidence: dict[str, Json] = {"rtt_ms": [round(s, 1) for s in samples], "retransmits": member.rtt.retransmits}
    tell = partial(finding, server=member.address, evidence=evidence)
    rate = bandwidth(member)
    if rate is not None and rate < LOW_BANDWIDTH:
        yield tell("tcp.low-bandwidth", Certainty.LIKELY, host=member.host, rate=round(rate))
    elif is_lossy(member.rtt):
        pass  # The line is short: what is late was sent again, which is told below.
    elif median >= 1500 and not is_connected(facts):
        yield tell(
            "tcp.too-slow",
            Certainty.LIKELY,
            host=member.host,
            seconds=f"{median / 1000:.1f}",
            ms=round(median * 2),
        )
    elif median >= HIGH_LATENCY_MS:
        # A far member of a set that is otherwise near costs nothing until it is read from.
        used = next((m for m in facts.members if m.address == facts.driver.server), member)
        near = used.rtt and used.rtt.samples_ms and used.rtt.median_ms < HIGH_LATENCY_MS
        yield late(member, median, evidence, severity=Severity.NOTE if near else None)
    for _, lossy in measured:
        assert lossy.rtt is not None
        times = lossy.rtt.samples_ms
        jumps = [t for t in times if t > lossy.rtt.median_ms + LOSS_JUMP_MS]
        resent = lossy.rtt.retransmits or 0
        if (jumps and resent) or resent >= _FEW_RESENT or len(jumps) >= 2:
            yield finding(
                "tcp.packet-loss",
                # What was only late, as over a busy line or after a computer's sleep, is sent again as well.
                Certainty.LIKELY,
                server=lossy.address,
                evidence={"rtt_ms": [round(s, 1) for s in times], "retransmits": lossy.rtt.retransmits},
                host=lossy.host,
                min=round(min(times), 1),
                max=round(max(times)),
            )
            return


def is_lossy(rtt: RttFacts) -> bool:
    """Whether answers that come late are packets that were lost: others come soon, and several were sent again."""
    return min(rtt.samples_ms, default=HIGH_LATENCY_MS) < HIGH_LATENCY_MS and (rtt.retransmits or 0) >= _FEW_RESENT


def late(
    member: MemberFacts, ms: float, evidence: dict[str, Json], *, severity: Severity | None = None, doubt: str = ""
) -> Finding:
    """Answers that take long: over a far line, or from a server that is slow although its port opened at once.

    ``doubt`` says what else may be where the line is far.
    """
    opened = min((t.elapsed_ms for t in member.tcp if t.reach is Reach.OK), default=0.0)
    tell = partial(finding, "tcp.high-latency", server=member.address, evidence=evidence, severity=severity)
    if opened >= ms / _ROUND_TRIP_SHARE:
        sure = Certainty.LIKELY if doubt else Certainty.PROVEN
        return tell(certainty=sure, detail=doubt, host=member.host, ms=round(ms))
    return tell(
        certainty=Certainty.LIKELY,
        summary=f"{member.host} takes {round(ms)} ms for an answer.",
        detail=f"Its port opened within {max(1, round(opened))} ms, so it is not the line to it: the server is "
        "slow to answer, or what opened the port (a proxy, a tunnel) has a long way to it.",
        fix="Look at the server's load, and at what stands between: a proxy, tunnel or port-forward.",
        host=member.host,
        ms=round(ms),
    )


def bandwidth(member: MemberFacts) -> float | None:
    """Bytes per second by the difference between a large and a small answer; None where it cannot be told."""
    rtt = member.rtt
    if rtt is None or not rtt.samples_ms or rtt.large_ms is None or rtt.large_bytes <= rtt.small_bytes:
        return None
    extra_ms = rtt.large_ms - rtt.median_ms
    if extra_ms < 200:
        return None
    return (rtt.large_bytes - rtt.small_bytes) / (extra_ms / 1000)


RULES = (ipv6_trouble, addresses_apart, localhost_elsewhere, large_answers_lost, line_quality)
