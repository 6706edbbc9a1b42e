"""A hello without an answer: the line is cut, slow or silent."""

from __future__ import annotations

from functools import partial

from clearline.core.diagnosis.catalogue import finding
from clearline.core.diagnosis.rules.evidence import CUT, asked, atlas_may_refuse, cut, place, speaks_tls, told_by
from clearline.core.diagnosis.rules.places import is_loopback
from clearline.core.diagnosis.standing import own_exchange
from clearline.core.facts.servers import Exchange, MemberFacts, Reach, TlsFacts, TlsKind
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding, Remedy, Stage

_ON_THE_WAY = (
    "A firewall or proxy on the way that does not let MongoDB through looks the same: another network decides."
)
_TRICKLE_MS = 500.0
_TRICKLE_RATE = 2000.0
"""An answer that takes longer than a second to arrive, at fewer bytes per second than this, came over a thin line."""


def _unprompted(member: MemberFacts) -> bool:
    return member.listening is not None and member.listening.reach in CUT


def _speaks_first(member: MemberFacts) -> bool:
    """Whether something was said before we said a word, as no MongoDB server does."""
    return member.listening is not None and bool(member.listening.first_bytes)


def cut_on_connect(facts: Facts, member: MemberFacts) -> Finding | None:
    """The connection ends before a word is said."""
    heard = member.listening
    if heard is None or heard.reach not in CUT:
        return None
    tell = partial(finding, server=member.address, evidence=told_by(member))
    if Reach.SILENT.value in heard.attempts or member.hello is not None:
        return tell("pool.connection-limit", Certainty.LIKELY, stage=Stage.HELLO, host=member.host)
    if atlas_may_refuse(facts, member):
        how = "it cuts the connection at once"
        certainty = Certainty.LIKELY if heard.reach is Reach.RESET else Certainty.POSSIBLE
        return tell("tcp.atlas-access-list", certainty, detail=_ON_THE_WAY, how=how)
    if heard.reach is Reach.RESET:
        return tell("tcp.reset-on-connect", Certainty.LIKELY, also=_forwarders(member), fill=place(member))
    tries = len(heard.attempts)
    return tell(
        "tcp.closed-on-connect",
        Certainty.LIKELY,
        detail=f"It did so {tries} times in a row." if tries > 1 else "",
        also=_forwarders(member),
        fill=place(member),
    )


def _forwarders(member: MemberFacts) -> tuple[Remedy, ...]:
    """What accepts for a server that is not there: a published port, a port-forward, a tunnel."""
    text = (
        "A published port of a container, a kubectl port-forward or an SSH tunnel accepts and cuts like this when "
        "nothing listens behind it: is mongod running there, and bound to more than its own 127.0.0.1 (--bind_ip_all)?"
    )
    return (Remedy(text=text),) if is_loopback(member) or any(t.private for t in member.tcp) else ()


def cut_after_data(facts: Facts, member: MemberFacts) -> Finding | None:
    """The connection ends at our first bytes, plain and TLS alike."""
    if member.hello is not None or speaks_tls(member) or _unprompted(member):
        return None
    plain, handshake = member.exchange(tls=False), _first_handshake(facts, member)
    if plain is None or handshake is None:
        if not member.finished:
            return None
    elif facts.tls_wanted and not asked(member, TlsKind.OLD_VERSIONS, TlsKind.WIDE_CIPHERS):
        return None
    own, other = (_end(handshake), _end(plain)) if facts.tls_wanted else (_end(plain), _end(handshake))
    if own not in CUT:
        return None
    tell = partial(finding, server=member.address, evidence=told_by(member))
    if atlas_may_refuse(facts, member) and facts.tls_wanted:
        certainty = Certainty.LIKELY if own is Reach.RESET else Certainty.POSSIBLE
        return tell("tcp.atlas-access-list", certainty, detail=_ON_THE_WAY, how="it cuts TLS off at its first message")
    code = "tcp.reset-after-data" if own is Reach.RESET else "tcp.closed-after-data"
    alike = other in CUT or other is None
    return tell(
        code,
        Certainty.LIKELY if alike else Certainty.POSSIBLE,
        detail=""
        if alike
        else "Another kind of connection ended differently: a server that fails at hello looks the same.",
        also=_forwarders(member),
        fill=place(member),
    )


def _first_handshake(facts: Facts, member: MemberFacts) -> TlsFacts | None:
    kinds = (TlsKind.DRIVER, TlsKind.LOOK) if facts.tls_wanted else (TlsKind.LOOK, TlsKind.TLS12_SNIFF)
    return next((t for kind in kinds if (t := member.handshake(kind))), None)


def _end(what: Exchange | TlsFacts | None) -> Reach | None:
    if isinstance(what, TlsFacts) and cut(what) and what.reach not in CUT:
        return Reach.CLOSED
    return what.reach if what else None


def slow_line(facts: Facts, member: MemberFacts) -> Finding | None:
    """Answers that come after the deadline: by the size of the line, or by its length."""
    own = own_exchange(facts, member)
    handshake = member.handshake(TlsKind.DRIVER) if facts.tls_wanted else None
    last = own or handshake
    tell = partial(finding, server=member.address, evidence=told_by(member), host=member.host)
    if own is not None and (rate := _trickle(own, member)):
        return tell("tcp.low-bandwidth", Certainty.LIKELY, rate=round(rate))
    if last is None or not (last.late or last.reach is Reach.SILENT):
        return None
    opened = [t for t in member.tcp if t.reach is Reach.OK]
    if own is not None and own.late and own.hello is not None:
        certainty, elapsed = Certainty.LIKELY, own.elapsed_ms
    elif own is not None and handshake is not None and handshake.late and handshake.reach is Reach.OK:
        certainty, elapsed = Certainty.LIKELY, handshake.elapsed_ms
    elif opened and all(t.late for t in opened):
        certainty, elapsed = Certainty.LIKELY, min(t.elapsed_ms for t in opened)
    else:
        return None
    return tell("tcp.too-slow", certainty, seconds=f"{elapsed / 1000:.1f}", ms=round(2 * elapsed / 100) * 100)


def _trickle(own: Exchange, member: MemberFacts) -> float | None:
    """Bytes per second of an answer that arrived bit by bit, or is still arriving; None when it did not."""
    if own.received_bytes == 0 or own.first_byte_ms is None or (member.rtt and member.rtt.retransmits):
        return None
    if _speaks_first(member) or (own.hello is None and own.pieces == 1):
        return None  # No answer that is still arriving: it came at once, and that was all.
    duration_ms = own.elapsed_ms - own.first_byte_ms
    rate = own.received_bytes / (duration_ms / 1000) if duration_ms > _TRICKLE_MS else _TRICKLE_RATE
    return rate if rate < _TRICKLE_RATE else None


def large_packets_lost(facts: Facts, member: MemberFacts) -> Finding | None:
    """A plain hello gets no answer although the server answers something short at once."""
    own = own_exchange(facts, member)
    if facts.tls_wanted or own is None or own.reach is not Reach.SILENT or member.hello or speaks_tls(member):
        return None
    if own.received_bytes or _speaks_first(member):
        return None
    if not any(cut(t) or t.reach is Reach.NOT_MONGODB for t in member.tls):
        return None
    return finding(
        "tcp.large-packets-lost",
        Certainty.LIKELY,
        server=member.address,
        evidence=told_by(member),
        detail="It ended another exchange at once, so it is awake. A server that hangs at hello looks the same.",
        host=member.host,
    )


def no_answer(facts: Facts, member: MemberFacts) -> Finding | None:
    """Everything up to hello works, and then comes silence."""
    own = own_exchange(facts, member)
    if own is None or own.reach is not Reach.SILENT or (_speaks_first(member) and not facts.tls_wanted):
        return None
    if facts.tls_wanted:
        handshake = member.handshake(TlsKind.DRIVER)
        if handshake is None or handshake.reach is not Reach.OK:
            return None
    elif speaks_tls(member) or not asked(member, TlsKind.LOOK):
        return None
    begun = own.received_bytes
    return finding(
        "hello.no-answer",
        Certainty.LIKELY,
        server=member.address,
        evidence=told_by(member),
        summary=f"{member.address} begins an answer, and stops after {begun} bytes." if begun else "",
        detail="Packets that are lost on the way, and a service that is not MongoDB, look the same." if begun else "",
        fill=place(member),
    )
