"""Findings about the first command: is it MongoDB that answers, which kind of it, and does the driver take it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from clearline.core.diagnosis.catalogue import finding
from clearline.core.diagnosis.rules import lines, products
from clearline.core.diagnosis.rules.evidence import CUT, asked, cut, place, speaks_tls, told_by
from clearline.core.diagnosis.rules.places import is_here, is_loopback
from clearline.core.diagnosis.rules.services import (
    SHORT_SIGNS,
    is_http,
    is_tls_record,
    service_of,
    service_that_answers,
    spoken,
)
from clearline.core.diagnosis.rules.tcp import atlas_may_refuse
from clearline.core.diagnosis.rules.tls_authority import default_certificate, inspection_product
from clearline.core.diagnosis.standing import (
    API_VERSION_REQUIRED,
    MAX_WIRE_VERSION,
    MIN_WIRE_VERSION,
    Standing,
    is_connected,
    is_mute,
    own_exchange,
    own_hello,
    standing,
)
from clearline.core.facts.login import DriverState
from clearline.core.facts.servers import Exchange, MemberFacts, Reach, TlsFacts, TlsKind
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding, Remedy, Stage

SHUTTING_DOWN = (91, 11600)
"""Server codes ShutdownInProgress and InterruptedAtShutdown."""

_STOPS = {
    "means": "It is being stopped or restarted just now.",
    "fix": "Wait until it is back; if it does not come back, look at its log and start it again.",
}
BEHIND = "It is a router: the server that stops may be one behind it."

_RELEASES = {0: "2.4", 1: "2.4", 2: "2.6", 3: "3.0", 4: "3.2", 5: "3.4", 6: "3.6", 7: "4.0", 8: "4.2"}
"""The last release that speaks a wire version older than the driver's oldest."""
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


def _texts(member: MemberFacts) -> list[str]:
    """The first bytes of everything that is neither MongoDB nor TLS, a greeting first."""
    texts = [member.listening.first_bytes] if member.listening else []
    texts += [e.first_bytes for e in member.exchanges if e.hello is None]
    texts += [t.first_bytes for t in member.tls]
    texts += [k.first_bytes for k in member.knocks if is_http(k.first_bytes)]
    return [t for t in texts if t and not is_tls_record(t)]


# ---------------------------------------------------------------- who is there


def http_server(facts: Facts, member: MemberFacts) -> Finding | None:
    """A web server, with or without TLS."""
    if member.hello is not None or not any(is_http(t) for t in _texts(member)):
        return None
    if inspection_product(member):
        return None  # The page of a proxy that opens the encryption: the interception is the cause.
    default = default_certificate(member)
    inside = any(is_http(e.first_bytes) for e in member.exchanges if e.tls and not e.look)
    sure = bool(default) or inside or is_here(member)
    alike = [m.address for m in facts.members if m is not member and any(is_http(t) for t in _texts(m))]
    return finding(
        "hello.http-server",
        Certainty.PROVEN if sure else Certainty.LIKELY,
        server=member.address,
        evidence=told_by(member),
        detail=f"Its certificate is the default one of a router or ingress controller ({default}), which carries HTTP."
        if default
        else ""
        if sure
        else "So do the other hosts, so a proxy on the way probably answers in their place: another network decides."
        if alike
        else "A proxy on the way that takes every connection for one of its own answers the same: another network "
        "decides.",
        fill=place(member),
    )


def known_service(facts: Facts, member: MemberFacts) -> Finding | None:
    """Another service that its greeting or its answer gives away."""
    if member.hello is not None:
        return None
    service = next((s for t in _texts(member) if (s := service_of(t))), None)
    service = service or next((s for k in member.knocks if (s := service_that_answers(k.said, k.first_bytes))), None)
    if service is None:
        return None
    return finding(
        "hello.other-service",
        Certainty.LIKELY if service in SHORT_SIGNS else Certainty.PROVEN,
        server=member.address,
        evidence=told_by(member),
        service=service,
        fill=place(member),
    )


def answers_nothing_else(facts: Facts, member: MemberFacts) -> Finding | None:
    """Hello is answered, and every other command hangs or ends the connection."""
    extras = member.extras
    if extras is None or is_connected(facts) or member.hello is None or not member.hello.ok:
        return None
    hangs = is_mute(facts, member)
    cuts = extras.cut_at is not None and facts.driver.state in (DriverState.RAISED, DriverState.GIVEN_UP)
    if not (hangs or cuts) or facts.login.failed_step is not None:
        return None
    return finding(
        "hello.answers-nothing-else",
        Certainty.LIKELY,
        server=member.address,
        evidence={**told_by(member), "silent at": extras.silent_at, "cut at": extras.cut_at},
        summary=f"{member.address} answers hello, and a read {'hangs' if hangs else 'is cut off'}."
        if "find" in (extras.silent_at, extras.cut_at)
        else "",
        how="hangs" if hangs else "is cut off",
        host=member.address,
    )


def unknown_service(facts: Facts, member: MemberFacts) -> Finding | None:
    """Bytes that are neither MongoDB nor TLS nor anything known."""
    if member.hello is not None or not _texts(member):
        return None
    inside = any(e.tls and e.reach is Reach.NOT_MONGODB for e in member.exchanges)
    if speaks_tls(member) and (not inside or inspection_product(member)):
        return None
    if facts.tls_wanted and not member.finished and member.exchange(tls=False) is None:
        return None  # MongoDB without TLS may still answer.
    return finding(
        "hello.other-service",
        Certainty.LIKELY,
        server=member.address,
        evidence=told_by(member),
        detail=f"Its own words: {words}" if (words := spoken(_texts(member)[0])) else "",
        service="An unknown service",
        fill=place(member),
    )


# ---------------------------------------------------------------- cut off


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


# ---------------------------------------------------------------- slow and silent


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


# ---------------------------------------------------------------- the answer itself


def wire_version(facts: Facts, member: MemberFacts) -> Finding | None:
    """A server that is too old or too new for the driver (pymongo.topology_description, compatibility check)."""
    hello = own_hello(facts, member)
    if hello is None or not hello.ok:
        return None
    evidence = {"minWireVersion": hello.min_wire_version, "maxWireVersion": hello.max_wire_version}
    tell = partial(finding, certainty=Certainty.PROVEN, server=member.address, evidence=evidence, host=member.host)
    if hello.max_wire_version < MIN_WIRE_VERSION:
        told = member.extras.version if member.extras else None
        one_of_many = len(facts.members) > 1
        detail = "One member that is too old makes the driver refuse them all, at the next operation at the latest."
        if hello.max_wire_version == 0 and hello.fields:
            if is_connected(facts):
                return None
            # MongoDB of that age (2.4) cannot read the form of command that was sent, so that something else answers.
            return tell(
                "hello.too-old",
                certainty=Certainty.LIKELY,
                summary=f"{member.address} does not say which versions of the protocol it speaks, and the driver takes "
                "that for a MongoDB older than 4.4.",
                detail="MongoDB says so since 2.6: it is probably another product, or a stand-in for tests.",
                fix="Find out what answers at that address.",
                version="before 2.6",
            )
        release = _RELEASES.get(hello.max_wire_version, "before 4.4")
        genuine = member.extras is not None and member.extras.genuine is True
        return tell(
            "hello.too-old",
            detail=detail if one_of_many else "",
            # What another product calls its version is no word about the protocol.
            summary=""
            if genuine
            else f"The server {member.host} speaks the protocol of MongoDB {release}, which is too old for this driver "
            "(4.4 or newer is needed).",
            version=told if told and _is_old(told) else release,
        )
    if hello.min_wire_version > MAX_WIRE_VERSION:
        return tell("hello.too-new")
    return None


def _is_old(version: str) -> bool:
    numbers = [int(part) for part in version.split(".")[:2] if part.isdecimal()]
    return numbers < [4, 4]


def member_error(facts: Facts, member: MemberFacts) -> Finding | None:
    """Hello itself is turned down."""
    hello = own_hello(facts, member)
    if hello is None or hello.ok or hello.code == API_VERSION_REQUIRED:
        return None
    stops = hello.code in SHUTTING_DOWN
    said = hello.message or hello.code_name or "no message"
    return finding(
        "hello.member-error",
        Certainty.PROVEN,
        server=member.address,
        evidence={"code": hello.code, "codeName": hello.code_name},
        host=member.host,
        message=said if hello.code is None else f"{said} (code {hello.code})",
        summary=f"{member.address} says that it is shutting down." if stops else "",
        means=_STOPS["means"] if stops else "",
        fix=_STOPS["fix"] if stops else "",
    )


def api_version(facts: Facts) -> Iterable[Finding]:
    """A server that demands a declared Stable API version."""
    if is_connected(facts) or facts.uri.declares_api:
        return
    codes = {"driver": facts.driver.code, "login": facts.login.code, "read": facts.access.read_code}
    for member in facts.members:
        if member.extras:
            codes[f"read without login at {member.address}"] = member.extras.open_read_code
        if member.hello:
            codes[f"hello of {member.address}"] = member.hello.code
    if told := [where for where, code in codes.items() if code == API_VERSION_REQUIRED]:
        yield finding(
            "hello.api-version-required",
            Certainty.PROVEN,
            evidence={"code": API_VERSION_REQUIRED, "told by": told},
            patch={"options": {"server_api": "1"}},
        )


def shutting_down(facts: Facts) -> Iterable[Finding]:
    """Servers that answer hello, and commands with the news that they are stopping."""
    if is_connected(facts):
        return
    for member in facts.members:
        code = member.extras.open_read_code if member.extras else None
        if code in SHUTTING_DOWN:
            router = member.hello is not None and member.hello.kind == "router"
            yield finding(
                "pool.server-went-away",
                Certainty.LIKELY if router else Certainty.PROVEN,
                summary=f"{member.address} says that it is shutting down.",
                means=_STOPS["means"],
                detail=BEHIND if router else "",
                fix=_STOPS["fix"],
                stage=Stage.HELLO,
                server=member.address,
                evidence={"code": code},
                host=member.host,
            )


def late_answers(facts: Facts) -> Iterable[Finding]:
    """Servers that answer after the deadline, where no round trips were measured that would say more."""
    for member in facts.members:
        unmeasured = member.rtt is None or not member.rtt.samples_ms
        if standing(facts, member) is Standing.ANSWERED and unmeasured and (found := slow_line(facts, member)):
            yield _while_connected(facts, member, found)


def _while_connected(facts: Facts, member: MemberFacts, found: Finding) -> Finding:
    """The driver waited long enough: then the line is far or slow, and not too slow."""
    own = own_exchange(facts, member)
    if not is_connected(facts) or found.cause != "tcp.too-slow" or own is None:
        return found
    doubt = "Measured by one hello; a server that is slow to answer looks the same."
    return lines.late(member, own.elapsed_ms, told_by(member), doubt=doubt)


MEMBER_RULES: tuple[Callable[[Facts, MemberFacts], Finding | None], ...] = (
    member_error,
    wire_version,
    answers_nothing_else,
    http_server,
    known_service,
    cut_on_connect,
    slow_line,
    cut_after_data,
    large_packets_lost,
    no_answer,
    unknown_service,
)
RULES: tuple[Callable[[Facts], Iterable[Finding]], ...] = (api_version, shutting_down, late_answers, *products.RULES)
