"""Findings about the client certificate: demanded and missing, of another authority, out of date, turned down."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from clearline.core.diagnosis.catalogue import finding, listed
from clearline.core.diagnosis.rules.evidence import (
    CUT,
    authorities,
    certificate_requested,
    clock_skew_s,
    cut,
    day,
    file_of,
    is_given,
    same_name,
    short_name,
    told_by,
    valid_at,
)
from clearline.core.diagnosis.standing import own_exchange
from clearline.core.facts.computer import CertificateFacts, FileFacts
from clearline.core.facts.servers import MemberFacts, Reach, TlsFacts, TlsKind
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding

_CLIENT_PURPOSES = frozenset({"1.3.6.1.5.5.7.3.2", "2.5.29.37.0"})
"""clientAuth and anyExtendedKeyUsage (RFC 5280)."""
OPTION = "tlsCertificateKeyFile"
CERTIFICATE_REVOKED, CERTIFICATE_EXPIRED, UNKNOWN_CA, CERTIFICATE_REQUIRED = 44, 45, 48, 116
_ABOUT_CERTIFICATES = frozenset({41, 42, 43, 44, 45, 46, 48, 49, 116})
"""TLS alerts about the client's certificate (RFC 8446, section 6; 41 is of SSL 3)."""
_AMBIGUOUS = frozenset({40, 47, 50, 51, 80})
"""Alerts that some servers send for a missing or bad certificate as well, once they have asked for one."""


def _turned_down(facts: Facts, member: MemberFacts) -> TlsFacts | None:
    """The driver's handshake when its end can be about the client's certificate."""
    handshake = member.handshake(TlsKind.DRIVER)
    if not facts.tls_wanted or handshake is None:
        return None
    alert = _alert(handshake)
    exchange = own_exchange(facts, member)
    requested = certificate_requested(member)
    if alert in _ABOUT_CERTIFICATES:
        # No client shows a certificate before the server has spoken: an earlier alert is about something else.
        return handshake if handshake.server_hello or alert == CERTIFICATE_REQUIRED else None
    if requested is not True:
        return None
    if handshake.reach is Reach.OK:
        ended = exchange is not None and exchange.hello is None and exchange.reach in _ENDS
        return handshake if ended or (handshake.closed_after and exchange is None) else None
    if not handshake.server_hello:
        return None
    return handshake if cut(handshake) or alert in _AMBIGUOUS else None


_ENDS = frozenset({*CUT, Reach.TLS_ALERT, Reach.TLS_ERROR})


def _alert(handshake: TlsFacts) -> int | None:
    return handshake.alert if handshake.reach is Reach.TLS_ALERT else handshake.after_alert


def _accepted(member: MemberFacts) -> str:
    names = [short_name(name) for name in authorities(member)]
    return listed(names, nothing="authorities that it does not name")


def client_certificate(facts: Facts, member: MemberFacts) -> Finding | None:
    """Why the server does not go on: it asked for a certificate, and there is none or not the right one."""
    handshake = _turned_down(facts, member)
    if handshake is None:
        return None
    alert = _alert(handshake)
    evidence = {**told_by(member), "alert": alert}
    tell = partial(finding, server=member.address, evidence=evidence)
    if not is_given(facts, OPTION):
        return tell(
            "tls.client-certificate-required",
            Certainty.PROVEN if alert == CERTIFICATE_REQUIRED and handshake.server_hello else Certainty.LIKELY,
            host=member.host,
            authorities=_accepted(member),
        )
    file = file_of(facts, OPTION)
    if file is None or not file.certificates:
        return None  # The file itself is the trouble, and that is another finding.
    own = file.certificates[0]
    evidence["client certificate"] = {"subject": own.subject, "issuer": own.issuer, "not_after": own.not_after}
    asked = handshake.server_hello and certificate_requested(member) is not False
    certainty = Certainty.PROVEN if alert in _ABOUT_CERTIFICATES and asked else Certainty.LIKELY
    if _out_of_date(own, clock_skew_s(facts, member)):
        return tell(
            "tls.client-certificate-expired",
            Certainty.PROVEN if alert == CERTIFICATE_EXPIRED else Certainty.LIKELY,
            date=day(own.not_after),
            file=file.path,
        )
    if own.purposes and not _CLIENT_PURPOSES.intersection(own.purposes):
        return tell("tls.server-certificate-as-client", Certainty.LIKELY, file=file.path)
    accepted = authorities(member)
    fits = any(same_name(c.issuer, a) or same_name(c.subject, a) for c in file.certificates for a in accepted)
    if alert == UNKNOWN_CA or (accepted and not fits and alert not in (CERTIFICATE_REVOKED, CERTIFICATE_EXPIRED)):
        return tell(
            "tls.client-certificate-wrong-ca",
            Certainty.PROVEN if alert == UNKNOWN_CA and accepted and not fits else Certainty.LIKELY,
            summary=""
            if accepted
            else f"Your client certificate was issued by {short_name(own.issuer)}, which the server does not trust.",
            detail=_about_issuer(file, fits),
            fix="" if accepted else "Ask the server's operator which authority issues certificates for its clients.",
            issuer=short_name(own.issuer),
            authorities=_accepted(member),
        )
    if own.not_yet_valid:
        return tell(
            "tls.client-certificate-rejected",
            Certainty.LIKELY,
            summary=f"Your client certificate is valid only from {day(own.not_before)} on.",
            means="The server rejects it until then.",
            fix="Use a certificate that is valid now; check the date of this computer, and that of the server.",
            host=member.host,
        )
    return tell("tls.client-certificate-rejected", certainty, detail=_reason(alert), host=member.host)


def _about_issuer(file: FileFacts, fits: bool) -> str:
    own = file.certificates[0]
    if fits:
        return "The names are equal, so the authority was probably made anew with another key."
    if len(file.certificates) == 1 and not own.self_signed:
        return f"If {short_name(own.issuer)} is an intermediate of theirs, its certificate is missing from the file."
    return ""


def _out_of_date(certificate: CertificateFacts, skew_s: float | None) -> bool:
    """Expired by the server's clock where it is known, else by this computer's."""
    there = valid_at(certificate, skew_s) if skew_s is not None else None
    return certificate.days_left < 0 if there is None else not there and not _starts_later(certificate, skew_s)


def _starts_later(certificate: CertificateFacts, skew_s: float | None) -> bool:
    return certificate.not_yet_valid and (skew_s or 0.0) >= 0


def _reason(alert: int | None) -> str:
    match alert:
        case 44:
            return "It says that the certificate is revoked."
        case 45:
            return "It takes the certificate for expired, which by its date it is not: its clock may be wrong."
        case 43:
            return "It does not accept this kind of certificate, for example one that is not meant for clients."
        case 49:
            return "The certificate is valid, and a rule of the server denies access."
        case _:
            return ""


MEMBER_RULES: tuple[Callable[[Facts, MemberFacts], Finding | None], ...] = (client_certificate,)
