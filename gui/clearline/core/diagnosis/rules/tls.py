"""Findings about TLS itself: whether it is spoken, what ends a handshake, and what a working one should worry about.

The server's certificate is `tls_trust`, who vouches for it `tls_authority`, the client's certificate `tls_client`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from clearline.core.addresses import is_ip_address
from clearline.core.diagnosis.catalogue import finding, listed
from clearline.core.diagnosis.rules import tls_authority, tls_client, tls_trust, tls_warnings
from clearline.core.diagnosis.rules.evidence import (
    CUT,
    asked,
    atlas_may_refuse,
    cut,
    is_atlas,
    legacy_version,
    place,
    speaks_plain,
    speaks_tls,
    told_by,
)
from clearline.core.diagnosis.rules.places import is_here
from clearline.core.diagnosis.rules.services import is_http, service_of
from clearline.core.diagnosis.standing import own_exchange
from clearline.core.facts.servers import MemberFacts, Reach, TlsFacts, TlsKind
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding, Remedy

HANDSHAKE_FAILURE, PROTOCOL_VERSION, INSUFFICIENT_SECURITY, INTERNAL_ERROR, UNRECOGNIZED_NAME = 40, 70, 71, 80, 112
"""TLS alerts (RFC 8446, section 6)."""

_TLS_FIELDS = {
    "tlsCAFile": "caFile",
    "tlsCertificateKeyFile": "certificateKeyFile",
    "tlsCRLFile": "crlFile",
    "tlsInsecure": "insecure",
    "tlsAllowInvalidCertificates": "allowInvalidCertificates",
    "tlsAllowInvalidHostnames": "allowInvalidHostnames",
    "tlsDisableOCSPEndpointCheck": "disableOCSPEndpointCheck",
}
_NO_SECURE_RENEGOTIATION = "UNSAFE_LEGACY_RENEGOTIATION_DISABLED"
_OLD_REASONS = frozenset({"UNSUPPORTED_PROTOCOL", "WRONG_SSL_VERSION", "VERSION_TOO_LOW", _NO_SECURE_RENEGOTIATION})
_CIPHER_REASONS = frozenset(
    {
        "DH_KEY_TOO_SMALL",
        "BAD_DH_VALUE",
        "BAD_ECPOINT",
        "WRONG_CURVE",
        "WRONG_CIPHER_RETURNED",
        "UNKNOWN_CIPHER_RETURNED",
        "NO_CIPHERS_AVAILABLE",
        "WRONG_SIGNATURE_TYPE",
        "NO_SUITABLE_SIGNATURE_ALGORITHM",
        "LEGACY_SIGALG_DISALLOWED_OR_UNSUPPORTED",
        "UNSUPPORTED_ELLIPTIC_CURVE",
    }
)
"""OpenSSL's names for an end that the driver's side made, by the server's choice of version or cryptography."""


def required(facts: Facts, member: MemberFacts) -> Finding | None:
    """The profile speaks plain to a server that wants TLS."""
    exchange = member.exchange(tls=False)
    if facts.tls_wanted or exchange is None or exchange.hello is not None or not speaks_tls(member):
        return None
    inside = member.exchange(tls=True)
    opened = any(t.reach is Reach.OK for t in member.tls)
    answered = inside is not None and inside.hello is not None
    doubt = ""
    if answered and (exchange.reach is not Reach.SILENT or is_here(member)):
        certainty = Certainty.PROVEN
    elif answered:
        certainty = Certainty.LIKELY
        doubt = "Outside of TLS there is silence, and no end: a firewall that lets TLS alone through looks the same."
    else:
        # Without a hello inside of it, TLS may be that of another service or of a proxy.
        certainty = Certainty.LIKELY if opened or exchange.reach in CUT else Certainty.POSSIBLE
    if mixed := [m.address for m in facts.members if m is not member and speaks_plain(m) and not speaks_tls(m)]:
        # What helps with this one shuts the driver out of the others.
        doubt = f"{listed(mixed)} {'speak' if len(mixed) > 1 else 'speaks'} plain MongoDB only. {doubt}".strip()
    return finding(
        "tls.required",
        certainty,
        server=member.address,
        evidence=told_by(member),
        detail=doubt
        if answered
        else "No hello got an answer inside of TLS: it may be another service's, or a proxy's.",
        fix="Set one net.tls.mode on all servers of the deployment (preferTLS meanwhile), then add tls=true."
        if mixed
        else "",
        patch=None if mixed else {"tls": {"enabled": True}},
        host=member.host,
    )


def not_offered(facts: Facts, member: MemberFacts) -> Finding | None:
    """The profile asks a server for TLS that speaks plain only."""
    handshake = member.handshake(TlsKind.DRIVER) or member.handshake(TlsKind.LOOK)
    if not facts.tls_wanted or not speaks_plain(member) or speaks_tls(member):
        return None
    if handshake is None and not member.finished:
        return None
    dropped = {field: None for option, field in _TLS_FIELDS.items() if option in facts.uri.options}
    here = is_here(member) and (handshake is None or handshake.reach is not Reach.SILENT)
    mixed = [m.address for m in facts.members if m is not member and speaks_tls(m) and not speaks_plain(m)]
    return finding(
        "tls.not-offered",
        Certainty.PROVEN if here else Certainty.LIKELY,
        server=member.address,
        evidence=told_by(member),
        detail="" if here else "A firewall on the way that lets no TLS through on this port looks the same.",
        fix=f"Set one net.tls.mode on all servers of the deployment: {listed(mixed)} "
        f"{'speak' if len(mixed) > 1 else 'speaks'} TLS only."
        if mixed
        else "",
        also=()
        if mixed
        else (
            Remedy(
                text="Where nothing crosses a network, as with a server on this computer, set tls=false instead.",
                patch={"tls": {"enabled": False, **dropped}},
            ),
        ),
        host=member.host,
    )


# ---------------------------------------------------------------- a handshake that ends too early


def _failed(facts: Facts, member: MemberFacts) -> TlsFacts | None:
    """The driver's handshake, when it failed on its own terms: neither trust nor a wrong service explain it."""
    handshake = member.handshake(TlsKind.DRIVER)
    if not facts.tls_wanted or handshake is None or handshake.reach in (Reach.OK, Reach.VERIFY_FAILED):
        return None
    return handshake


def early_alert_80(facts: Facts, member: MemberFacts) -> Finding | None:
    """Alert 80 before the server spoke: turned down by something in front of it, as Atlas does."""
    handshake = _failed(facts, member)
    if handshake is None or handshake.alert != INTERNAL_ERROR:
        return None
    tell = partial(finding, server=member.address, evidence=told_by(member))
    if atlas_may_refuse(facts, member) and not handshake.server_hello:
        return tell("tcp.atlas-access-list", Certainty.LIKELY, how="TLS alert 80")
    if found := name_needed(facts, member):
        return found
    if handshake.server_hello:
        return None  # It showed who it is, so the server itself ends the handshake.
    alone = is_atlas(member.host)
    return tell(
        "tls.internal-error-alert",
        Certainty.LIKELY,
        means="Other members of the cluster let this computer in, so it is not Atlas' access list: this one is "
        "probably being replaced or restarted."
        if alone
        else "",
        fix="Wait some minutes, and look at the cluster's state in Atlas." if alone else "",
        host=member.host,
    )


def name_needed(facts: Facts, member: MemberFacts) -> Finding | None:
    """A proxy that picks its server by the name sent in TLS."""
    handshake = _failed(facts, member)
    if handshake is None or handshake.server_hello:
        return None
    trials = [t for kind in (TlsKind.OTHER_NAME, TlsKind.WITHOUT_NAME) if (t := member.handshake(kind))]
    # A look without verification is no more tolerant of names: only where it fails too does the name explain it.
    look = member.handshake(TlsKind.LOOK)
    better = next((t for t in trials if t.reach is Reach.OK and t.server_name != handshake.server_name), None)
    if look is not None and look.reach is Reach.OK:
        better = None
    if handshake.alert != UNRECOGNIZED_NAME and better is None:
        return None
    other = f" With the name {better.server_name} it answers." if better and better.server_name else ""
    nameless = handshake.server_name is None or is_ip_address(handshake.server_name)
    sent = "no name, because an IP address cannot be sent as one" if nameless else handshake.server_name
    if handshake.reach is Reach.RESET and not nameless:
        return finding(
            "tls.handshake-refused",
            Certainty.LIKELY,
            server=member.address,
            evidence=told_by(member),
            summary=f"A TLS handshake that names {handshake.server_name} is reset, and one "
            f"{f'that names {better.server_name}' if better and better.server_name else 'without a name'} goes on.",
            means="A filter on the way (of a company, a provider or a country) reads the name and forbids it, or a "
            "proxy at that address has no server of that name.",
            fix="Try another network or a VPN; in this one ask its owner to allow the name.",
            host=member.host,
            how="reset",
        )
    return finding(
        "tls.host-name-needed",
        Certainty.PROVEN if handshake.alert == UNRECOGNIZED_NAME else Certainty.LIKELY,
        server=member.address,
        evidence=told_by(member),
        detail=f"Sent was: {sent}.{other}",
        fix=f"Write {better.server_name} as the host: that name leads to an answer." if other and better else "",
        address=next((t.address for t in member.tcp if t.reach is Reach.OK), member.host),
        host=member.host,
    )


def old_or_strange(facts: Facts, member: MemberFacts) -> Finding | None:
    """A server that speaks only versions or ciphers which this computer no longer accepts."""
    handshake = _failed(facts, member)
    if handshake is None:
        return None
    kinds = (TlsKind.WIDE_CIPHERS, TlsKind.LOOK, TlsKind.TLS12_SNIFF, TlsKind.OLD_VERSIONS)
    trials = [t for kind in kinds if (t := member.handshake(kind)) and t.reach is Reach.OK]
    tell = partial(finding, server=member.address, evidence=told_by(member), host=member.host)
    blamed = handshake.alert == PROTOCOL_VERSION or handshake.openssl_reason in _OLD_REASONS
    legacy = next((version for t in trials if (version := legacy_version(t))), None)
    modern = next((t for t in trials if legacy_version(t) is None), None)
    if blamed:
        if legacy:
            return tell("tls.old-protocol", Certainty.PROVEN, version=legacy)
        if handshake.openssl_reason == _NO_SECURE_RENEGOTIATION:
            return tell("tls.old-protocol", Certainty.PROVEN, version="TLS without secure renegotiation (RFC 5746)")
        if handshake.alert != PROTOCOL_VERSION and asked(member, TlsKind.OLD_VERSIONS):
            return tell("tls.old-protocol", Certainty.LIKELY, version="versions of TLS that are not known here")
        return None  # What turns every version down may be none that speaks TLS at all.
    if handshake.reach is Reach.SILENT:
        return None
    if modern is not None and modern.kind is TlsKind.TLS12_SNIFF and cut(handshake) and _newer_failed(member):
        return tell("tls.new-version-dropped", Certainty.LIKELY)
    if modern is not None and not handshake.server_hello:
        look = member.handshake(TlsKind.LOOK)
        by_ciphers = modern.kind is TlsKind.WIDE_CIPHERS and look is not None and look.alert == HANDSHAKE_FAILURE
        sure = by_ciphers and handshake.alert == HANDSHAKE_FAILURE
        return tell(
            "tls.no-common-cipher",
            Certainty.PROVEN if sure else Certainty.LIKELY,
            detail=f"It would use {modern.cipher}."
            if sure
            else f"Another attempt came to {modern.cipher}. Two servers behind one address, of which one is set up "
            "otherwise, look the same.",
        )
    if handshake.openssl_reason in _CIPHER_REASONS:
        return tell(
            "tls.no-common-cipher",
            Certainty.LIKELY,
            detail=f"This computer's OpenSSL turned down what the server proposed ({handshake.openssl_reason}).",
        )
    if legacy and asked(member, TlsKind.WIDE_CIPHERS):
        return tell(
            "tls.old-protocol",
            Certainty.LIKELY,
            detail="A device on the way that cuts newer versions of TLS looks the same.",
            version=legacy,
        )
    if handshake.alert == INSUFFICIENT_SECURITY:
        return tell("tls.no-common-cipher", Certainty.LIKELY)
    return None


def _newer_failed(member: MemberFacts) -> bool:
    """Whether every handshake that offered TLS 1.3 as well was cut, whatever ciphers came with it."""
    offering = [t for kind in (TlsKind.LOOK, TlsKind.WIDE_CIPHERS) if (t := member.handshake(kind))]
    return bool(offering) and all(cut(t) and not t.server_hello for t in offering)


def refused(facts: Facts, member: MemberFacts) -> Finding | None:
    """Any other alert, or an end in the middle of the handshake."""
    handshake = _failed(facts, member)
    if handshake is None or not asked(member, TlsKind.OLD_VERSIONS, TlsKind.WIDE_CIPHERS):
        return None
    if handshake.reach is Reach.TLS_ALERT:
        how = f"alert {handshake.alert}" if handshake.alert is not None else "an alert"
    elif cut(handshake) and speaks_tls(member):
        how = "it ends the connection"
    elif handshake.reach is Reach.TLS_ERROR and speaks_tls(member):
        if reason := handshake.openssl_reason:
            return _given_up_here(member, reason)
        how = "it ends the connection"
    else:
        return None
    return finding(
        "tls.handshake-refused",
        # An alert is signed by no one: before the server's own part, all that stands in between can send it.
        Certainty.LIKELY,
        server=member.address,
        evidence=told_by(member),
        detail=""
        if handshake.server_hello
        else "It came before any certificate was shown, so a firewall or another device on the way may have said it in "
        "the server's place.",
        host=member.host,
        how=how,
    )


def _given_up_here(member: MemberFacts, reason: str) -> Finding:
    """OpenSSL has read what came and takes it for wrong: it is this side that ends the handshake."""
    large = reason == "EXCESSIVE_MESSAGE_SIZE"
    return finding(
        "tls.handshake-refused",
        Certainty.LIKELY,
        server=member.address,
        evidence=told_by(member),
        summary=f"This computer's OpenSSL gives up the TLS handshake with {member.host} ({reason}).",
        means="The server's certificates are longer than the 100 kB that TLS libraries take in a handshake."
        if large
        else "It takes what the server says, or a device on the way in its place, for a mistake.",
        fix="Have the operator give the server a certificate with fewer names, and only the chain that belongs to it."
        if large
        else "Ask the operator for the TLS settings and the server's log line.",
        host=member.host,
        how=f"OpenSSL: {reason}",
    )


# ---------------------------------------------------------------- silence, and an end after the handshake


def silent(facts: Facts, member: MemberFacts) -> Finding | None:
    """The handshake gets no answer: nothing is there, or only short answers get through."""
    handshake = _failed(facts, member)
    if handshake is None or handshake.reach is not Reach.SILENT or speaks_plain(member):
        return None
    plain = member.exchange(tls=False)
    if plain is None and not member.finished:
        return None
    tell = partial(finding, server=member.address, evidence=told_by(member))
    begun = handshake.server_hello or handshake.received_bytes > 0
    short_answers = [e.reach for e in member.exchanges if not e.tls and e.reach in (*CUT, Reach.NOT_MONGODB)]
    short_answers += [t.reach for t in member.tls if t.reach is Reach.TLS_ALERT or cut(t)]
    if begun or short_answers:
        detail = (
            "The server's part of the handshake began and then stopped."
            if begun
            else "A short exchange with the same server ended at once, so it is awake."
        )
        return tell("tcp.large-packets-lost", Certainty.LIKELY, detail=detail, host=member.host)
    return tell("tls.no-answer", Certainty.LIKELY, fill=place(member))


_RECORDS = ("\\x15\\x03", "\\x16\\x03")
"""How TLS records begin, alerts and handshakes, in the notation of facts."""


def closed_after(facts: Facts, member: MemberFacts) -> Finding | None:
    """The handshake works, and the line then ends without an answer to hello."""
    handshake, exchange = member.handshake(TlsKind.DRIVER), own_exchange(facts, member)
    if not facts.tls_wanted or handshake is None or handshake.reach is not Reach.OK:
        return None
    ends = (*CUT, Reach.TLS_ALERT, Reach.TLS_ERROR)
    ended = exchange is not None and exchange.hello is None and exchange.reach in ends
    if exchange is not None and exchange.tls and exchange.first_bytes.startswith(_RECORDS):
        return finding(
            "tls.closed-after-handshake",
            Certainty.LIKELY,
            server=member.address,
            evidence=told_by(member),
            summary=f"TLS with {member.host} works, and what answers inside it wants TLS once more.",
            means="Something in front of the server ends TLS and hands on plain data, and the server takes TLS alone.",
            fix="Have what stands in front speak TLS to the server, or hand TLS through.",
            host=member.host,
        )
    if not ended and not (handshake.closed_after and exchange is None):
        return None
    if any(is_http(e.first_bytes) or service_of(e.first_bytes) for e in member.exchanges if e.first_bytes):
        return None
    unseen = handshake.certificate_requested is None
    return finding(
        "tls.closed-after-handshake",
        Certainty.POSSIBLE if unseen else Certainty.LIKELY,
        server=member.address,
        evidence=told_by(member),
        detail="Whether it asks for a client certificate could not be seen; a missing one ends the same way."
        if unseen
        else "",
        host=member.host,
    )


MEMBER_RULES: tuple[Callable[[Facts, MemberFacts], Finding | None], ...] = (
    required,
    not_offered,
    *tls_trust.MEMBER_RULES,
    *tls_authority.MEMBER_RULES,
    *tls_client.MEMBER_RULES,
    early_alert_80,
    name_needed,
    old_or_strange,
    silent,
    refused,
    closed_after,
)
RULES: tuple[Callable[[Facts], Iterable[Finding]], ...] = tls_warnings.RULES
