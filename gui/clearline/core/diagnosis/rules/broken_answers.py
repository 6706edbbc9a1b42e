"""Findings about answers that no client could take: without end, drop by drop, in a form that was not agreed on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from clearline.core.diagnosis.catalogue import finding, listed
from clearline.core.diagnosis.rules.evidence import told_by
from clearline.core.diagnosis.rules.services import is_mongodb_frame
from clearline.core.diagnosis.standing import own_exchange, own_hello
from clearline.core.facts.servers import MemberFacts, Reach, TlsKind, is_trickle
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding, Stage


def compressed(facts: Facts, member: MemberFacts) -> Finding | None:
    """A compressed answer to a command that offered no compression: it would be unpacked, to whatever it holds."""
    exchange, extras = own_exchange(facts, member), member.extras
    if exchange is not None and exchange.compressed_bytes is not None:
        command, unpacked = "hello", exchange.compressed_bytes
    elif extras is not None and extras.compressed_at is not None:
        command, unpacked = extras.compressed_at, extras.compressed_bytes or 0
    else:
        return None
    return finding(
        "hello.compressed-unasked",
        Certainty.PROVEN,
        server=member.address,
        evidence={**told_by(member), "compressed answer to": command, "claimed bytes": unpacked},
        host=member.host,
        command=command,
        unpacked=f"{unpacked:,}",
    )


def spoilt(facts: Facts, member: MemberFacts) -> Finding | None:
    """An answer in MongoDB's own frame, of which the rest is no document."""
    exchange = own_exchange(facts, member)
    if exchange is None or exchange.reach is not Reach.NOT_MONGODB or not is_mongodb_frame(exchange.first_bytes):
        return None
    return finding(
        "hello.malformed",
        Certainty.LIKELY,
        server=member.address,
        evidence=told_by(member),
        summary=f"{member.address} answers hello as MongoDB does, and what stands in the answer cannot be read.",
        means="Something on the way changes what passes (a tunnel, an inspecting firewall, a faulty card), or "
        "something that imitates MongoDB sends such.",
        fix="Try the same from another network, and with TLS, which notices a change; look at what answers there.",
        host=member.host,
        what="no document",
    )


def endless(facts: Facts, member: MemberFacts) -> Finding | None:
    """TLS records without end: in the handshake, or after it in place of an answer."""
    handshake, exchange = member.handshake(TlsKind.DRIVER), own_exchange(facts, member)
    if not facts.tls_wanted:
        return None
    tell = partial(finding, "tls.endless-records", Certainty.PROVEN, server=member.address, host=member.host)
    if handshake is not None and handshake.endless:
        return tell(evidence={**told_by(member), "bytes": handshake.received_bytes}, when="during the handshake")
    if exchange is not None and exchange.endless:
        return tell(evidence=told_by(member), when="in place of an answer to hello")
    return None


def unreadable_certificate(facts: Facts, member: MemberFacts) -> Finding | None:
    """A handshake that ends at a certificate which is none."""
    handshake = member.handshake(TlsKind.DRIVER)
    if not facts.tls_wanted or handshake is None or not handshake.unreadable or handshake.reach is not Reach.TLS_ERROR:
        return None
    return finding(
        "tls.unreadable-certificate",
        Certainty.PROVEN,
        server=member.address,
        evidence=told_by(member),
        host=member.host,
    )


def malformed(facts: Facts, member: MemberFacts) -> Finding | None:
    """A hello whose values are of types that no driver can read."""
    hello = own_hello(facts, member)
    if hello is None or not hello.malformed:
        return None
    return finding(
        "hello.malformed",
        Certainty.PROVEN,
        server=member.address,
        evidence={**told_by(member), "fields": list(hello.malformed)},
        host=member.address,
        what=listed(hello.malformed),
    )


def trickle(facts: Facts, member: MemberFacts) -> Finding | None:
    """An answer that comes drop by drop and does not end in time."""
    handshake, exchange = member.handshake(TlsKind.DRIVER), own_exchange(facts, member)
    tell = partial(finding, "hello.trickle", Certainty.LIKELY, server=member.address, evidence=told_by(member))
    for what, stage, dripping in (
        ("the TLS handshake", Stage.TLS, handshake if facts.tls_wanted else None),
        ("hello", Stage.HELLO, exchange),
    ):
        if (
            dripping is not None
            and dripping.reach is Reach.SILENT
            and is_trickle(dripping.received_bytes, dripping.pieces)
        ):
            return tell(
                stage=stage,
                host=member.host,
                what=what,
                bytes=dripping.received_bytes,
                seconds=f"{dripping.elapsed_ms / 1000:.0f}",
            )
    return None


MEMBER_RULES: tuple[Callable[[Facts, MemberFacts], Finding | None], ...] = (
    compressed,
    endless,
    unreadable_certificate,
    malformed,
    spoilt,
    trickle,
)
