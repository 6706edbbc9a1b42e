"""Findings about the first command: is it MongoDB that answers, which kind of it, and does the driver take it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from clearline.core.diagnosis.catalogue import finding
from clearline.core.diagnosis.rules import lines, products
from clearline.core.diagnosis.rules.evidence import place, speaks_tls, told_by
from clearline.core.diagnosis.rules.hello_unanswered import (
    cut_after_data,
    cut_on_connect,
    large_packets_lost,
    no_answer,
    slow_line,
)
from clearline.core.diagnosis.rules.places import is_here
from clearline.core.diagnosis.rules.services import (
    SHORT_SIGNS,
    is_http,
    is_tls_record,
    service_of,
    service_that_answers,
    spoken,
)
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
from clearline.core.facts.servers import A_READ, MemberFacts, Reach
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding, Stage

SHUTTING_DOWN = (91, 11600)
"""Server codes ShutdownInProgress and InterruptedAtShutdown."""

_STOPS = {
    "means": "It is being stopped or restarted just now.",
    "fix": "Wait until it is back; if it does not come back, look at its log and start it again.",
}
BEHIND = "It is a router: the server that stops may be one behind it."

_RELEASES = {0: "2.4", 1: "2.4", 2: "2.6", 3: "3.0", 4: "3.2", 5: "3.4", 6: "3.6", 7: "4.0", 8: "4.2"}
"""The last release that speaks a wire version older than the driver's oldest."""


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
    """Hello is answered, and a read hangs or ends the connection."""
    extras = member.extras
    if extras is None or is_connected(facts) or member.hello is None or not member.hello.ok:
        return None
    hangs = is_mute(facts, member)
    cuts = extras.cut_at == A_READ and facts.driver.state in (DriverState.RAISED, DriverState.GIVEN_UP)
    if not (hangs or cuts) or facts.login.failed_step is not None:
        return None
    return finding(
        "hello.answers-nothing-else",
        Certainty.LIKELY,
        server=member.address,
        evidence={**told_by(member), "silent at": extras.silent_at, "cut at": extras.cut_at},
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
            if is_connected(facts) and not one_of_many:
                return None  # the driver was given another answer
            # MongoDB of that age (2.4) cannot read the form of command that was sent, so that something else answers.
            return tell(
                "hello.too-old",
                certainty=Certainty.LIKELY,
                summary=f"{member.address} does not say which versions of the protocol it speaks, and the driver takes "
                "that for a MongoDB older than 4.4.",
                detail="MongoDB says so since 2.6: it is probably another product, or a stand-in for tests. "
                f"{detail if one_of_many else ''}".strip(),
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
