"""What several rules read out of one server's facts: who speaks what, whose certificate it is, what time it is."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import cache

from clearline.core.diagnosis.rules.services import is_tls_record
from clearline.core.facts.computer import CertificateFacts, FileFacts
from clearline.core.facts.servers import MemberFacts, Reach, TlsFacts, TlsKind
from clearline.core.facts.whole import Facts
from clearline.core.findings import Json

CUT = frozenset({Reach.RESET, Reach.CLOSED})
WRONG_CLOCK_S = 300.0
"""Clocks this far apart count as wrong."""

_LEGACY_VERSIONS = frozenset({"SSLv3", "TLSv1", "TLSv1.1"})
_CODES_OF_OIDS = {"1.2.840.113549.1.9.1": "EMAILADDRESS", "E": "EMAILADDRESS", "S": "ST"}


def place(member: MemberFacts) -> dict[str, str]:
    """The blanks ``host`` and ``port`` of one server's sentences."""
    return {"host": member.host, "port": str(member.port) if member.port is not None else "socket"}


def asked(member: MemberFacts, *kinds: TlsKind) -> bool:
    """Whether those handshakes were tried, or nothing more will be."""
    return member.finished or all(member.handshake(kind) for kind in kinds)


def cut(handshake: TlsFacts) -> bool:
    """Whether the server ended the connection during the handshake without an alert."""
    return handshake.reach in CUT or handshake.openssl_reason == "UNEXPECTED_EOF_WHILE_READING"


def speaks_tls(member: MemberFacts) -> bool:
    """Whether something there took part in a TLS handshake, however it ended."""
    by_handshake = any(t.server_hello or t.reach in _TLS_REACHES for t in member.tls)
    return by_handshake or any(is_tls_record(e.first_bytes) for e in member.exchanges if not e.tls)


_TLS_REACHES = frozenset({Reach.OK, Reach.VERIFY_FAILED, Reach.TLS_ALERT})


def speaks_plain(member: MemberFacts) -> bool:
    """Whether the server answered a hello outside of TLS."""
    exchange = member.exchange(tls=False)
    return exchange is not None and exchange.hello is not None


def legacy_version(handshake: TlsFacts | None) -> str | None:
    """The agreed version of a successful handshake in words when it is out of use, e.g. ``TLS 1.0``."""
    if handshake is None or handshake.reach is not Reach.OK or handshake.version not in _LEGACY_VERSIONS:
        return None
    if handshake.version == "SSLv3":
        return "SSL 3.0"
    return {"TLSv1": "TLS 1.0"}.get(handshake.version, "TLS 1.1")


def presented(member: MemberFacts) -> tuple[CertificateFacts, ...]:
    """The certificates that the server shows under its own name, its own first."""
    kinds = (TlsKind.DRIVER, TlsKind.LOOK, TlsKind.TLS12_SNIFF, TlsKind.BUNDLED_ROOTS, TlsKind.OS_ROOTS)
    return next((t.chain for kind in kinds if (t := member.handshake(kind)) and t.chain), ())


def certificate_requested(member: MemberFacts) -> bool | None:
    """Whether the server asks for a client certificate; None when it could not be seen."""
    told = [t.certificate_requested for t in member.tls if t.certificate_requested is not None]
    return any(told) if told else None


def authorities(member: MemberFacts) -> tuple[str, ...]:
    """Names of the authorities whose client certificates the server accepts, as far as it says."""
    return max((t.requested_authorities for t in member.tls), key=len, default=())


def file_of(facts: Facts, option: str) -> FileFacts | None:
    """The file that one option names; None when the option is not set (or it has not been looked at yet)."""
    return next((f for f in facts.files if f.option == option), None)


def is_given(facts: Facts, option: str) -> bool:
    """Whether the profile names a file by that option."""
    return option in facts.uri.options or file_of(facts, option) is not None


def told_by(member: MemberFacts) -> dict[str, Json]:
    """The evidence about one server's protocols, as the report shows it."""
    evidence: dict[str, Json] = {}
    if member.listening is not None:
        heard = member.listening
        evidence["before speaking"] = _only_set(reach=heard.reach.value, bytes=heard.first_bytes)
        if heard.attempts:
            evidence["attempts"] = list(heard.attempts)
    for exchange in member.exchanges:
        evidence["hello over TLS" if exchange.tls else "plain hello"] = _only_set(
            reach=exchange.reach.value,
            bytes=exchange.first_bytes,
            received=exchange.received_bytes,
            ms=exchange.elapsed_ms,
        )
    for t in member.tls:
        evidence[f"handshake {t.kind.value}"] = _only_set(
            reach=t.reach.value,
            alert=t.alert if t.alert is not None else t.after_alert,
            verify_code=t.verify_code,
            reason=t.openssl_reason,
            version=t.version,
            closed_after=t.closed_after,
            bytes=t.first_bytes,
        )
    for k in member.knocks:
        evidence[f"first word of {k.said}"] = _only_set(reach=k.reach.value, bytes=k.first_bytes)
    if chain := presented(member):
        evidence["chain"] = [_only_set(subject=c.subject, issuer=c.issuer, not_after=c.not_after) for c in chain]
    if accepted := authorities(member):
        evidence["accepted authorities"] = list(accepted)
    return evidence


def _only_set(**values: Json) -> dict[str, Json]:
    return {name: value for name, value in values.items() if value not in (None, "", False)}


# ---------------------------------------------------------------- names


@cache
def attributes(name: str) -> tuple[tuple[str, str], ...]:
    """The parts of a distinguished name (RFC 4514 text) in order: upper-case types and unescaped values."""
    parts = re.split(r"(?<!\\)[,+]", name)
    pairs = []
    for part in parts:
        kind, equals, value = part.partition("=")
        if equals:
            kind = kind.strip().upper()
            pairs.append((_CODES_OF_OIDS.get(kind, kind), re.sub(r"\\(.)", r"\1", value.strip())))
    return tuple(pairs)


def attribute(name: str, kind: str) -> tuple[str, ...]:
    """All values of one type, e.g. ``O``, in a distinguished name."""
    return tuple(value for found, value in attributes(name) if found == kind)


def short_name(name: str) -> str:
    """A distinguished name as a sentence has it: its common name, else its unit or organisation, else all of it."""
    for kind in ("CN", "OU", "O"):
        if values := attribute(name, kind):
            return values[0]
    return name or "an unnamed authority"


def same_name(one: str, other: str) -> bool:
    """Whether two distinguished names are equal (RFC 4514 texts of different make)."""
    return one == other or (bool(attributes(one)) and attributes(one) == attributes(other))


# ---------------------------------------------------------------- time


def clock_skew_s(facts: Facts, member: MemberFacts) -> float | None:
    """The server's clock minus this computer's: its own word, else the median of the others'."""
    if member.hello is not None and member.hello.clock_skew_s is not None:
        return member.hello.clock_skew_s
    skews = [m.hello.clock_skew_s for m in facts.members if m.hello and m.hello.clock_skew_s is not None]
    if not skews:
        return None
    import statistics  # late: few checks come here

    return statistics.median(skews)


def time_there(certificate: CertificateFacts, skew_s: float) -> datetime | None:
    """The time by a clock that differs by ``skew_s`` from the one that counted the certificate's days left."""
    try:
        ends = datetime.fromisoformat(certificate.not_after)
        return ends - timedelta(days=certificate.days_left) + timedelta(seconds=skew_s)
    except (ValueError, OverflowError):
        return None


def valid_at(certificate: CertificateFacts, skew_s: float) -> bool | None:
    """Whether a certificate is valid by a clock that differs by ``skew_s`` from this computer's; None if unreadable."""
    there = time_there(certificate, skew_s)
    try:
        starts, ends = (datetime.fromisoformat(moment) for moment in (certificate.not_before, certificate.not_after))
        return None if there is None else starts <= there <= ends
    except (ValueError, TypeError):
        return None


def day(moment: str) -> str:
    """The date of an ISO 8601 moment; what is unknown is said to be."""
    return moment[:10] or "an unknown date"


def span(seconds: float) -> str:
    """A length of time in words, e.g. ``800 days``."""
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if abs(seconds) >= 2 * size:
            return f"{abs(seconds) / size:.0f} {unit}"
    return f"{abs(seconds):.0f} seconds"


ATLAS = ".mongodb.net"


def is_atlas(host: str) -> bool:
    """Whether a host name belongs to Atlas."""
    return host.lower().rstrip(".").endswith(ATLAS)


def atlas_may_refuse(facts: Facts, member: MemberFacts) -> bool:
    """Whether Atlas' access list can be why a member turns this computer away: it holds for all members alike."""
    return is_atlas(member.host) and not any(
        m is not member and is_atlas(m.host) and (m.hello is not None or any(t.server_hello for t in m.tls))
        for m in facts.members
    )


def told_by_attempts(member: MemberFacts) -> dict[str, Json]:
    """The evidence about reaching a server: each attempt, and what its other ports do."""
    return {
        "attempts": [
            f"{t.address} ({t.family}): {t.reach.value}, errno {t.errno}, {t.elapsed_ms:.0f} ms" for t in member.tcp
        ],
        "other_ports": {str(p.port): p.reach.value for p in member.other_ports},
    }
