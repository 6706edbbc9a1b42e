"""What one should know about a connection whose TLS works, or that has none."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from clearline.core.diagnosis.catalogue import finding, listed
from clearline.core.diagnosis.rules.evidence import day, file_of, is_given, presented, same_name, short_name
from clearline.core.diagnosis.rules.tls_authority import inspection_product, interception
from clearline.core.diagnosis.rules.tls_trust import (
    EXPIRED,
    NAME_MISMATCH,
    NOT_YET_VALID,
    SELF_SIGNED,
    UNFIT,
    UNTRUSTED,
    covers,
)
from clearline.core.diagnosis.standing import Standing, is_connected, standing
from clearline.core.facts.computer import CertificateFacts
from clearline.core.facts.servers import MemberFacts, Reach, TlsFacts, TlsKind
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding, Severity

SOON_DAYS = 30
_OPTION_FIELDS = {
    "tlsInsecure": "insecure",
    "tlsAllowInvalidCertificates": "allowInvalidCertificates",
    "tlsAllowInvalidHostnames": "allowInvalidHostnames",
}


def _by_tls(facts: Facts) -> Iterable[tuple[MemberFacts, TlsFacts]]:
    """Members with which the driver's TLS works."""
    for member in facts.members if facts.tls_wanted else ():
        handshake = member.handshake(TlsKind.DRIVER)
        if handshake is not None and handshake.reach is Reach.OK:
            yield member, handshake


def _encrypted(facts: Facts) -> Iterable[tuple[MemberFacts, TlsFacts, tuple[CertificateFacts, ...]]]:
    """As `_by_tls`, with what they show, as far as it can be read."""
    for member, handshake in _by_tls(facts):
        if chain := presented(member):
            yield member, handshake, chain


def _unchecked(facts: Facts) -> list[str]:
    options = [option for option in _OPTION_FIELDS if facts.uri.options.get(option) is True]
    return options[:1] if "tlsInsecure" in options else options  # which stands for the others


def expires_soon(facts: Facts) -> Iterable[Finding]:
    """The server's certificate, or one above it, ends within a month."""
    for member, _, chain in _encrypted(facts):
        soon = min(chain, key=lambda c: c.days_left)
        if 0 <= soon.days_left <= SOON_DAYS and soon.not_after:
            whose = member.host if soon is chain[0] else f"the authority {short_name(soon.subject)}"
            yield finding(
                "tls.certificate-expires-soon",
                Certainty.PROVEN,
                server=member.address,
                evidence={"not_after": soon.not_after},
                host=whose,
                days=int(soon.days_left),
                date=day(soon.not_after),
            )


def no_san(facts: Facts) -> Iterable[Finding]:
    """A certificate whose name stands in the old place only."""
    for member, _, chain in _encrypted(facts):
        if not chain[0].has_san:
            yield finding(
                "tls.no-san",
                Certainty.PROVEN,
                severity=Severity.WARNING,
                server=member.address,
                evidence={"subject": chain[0].subject},
                host=member.host,
            )


def stapling(facts: Facts) -> Iterable[Finding]:
    """A certificate that demands a stapled OCSP answer; PyMongo without PyOpenSSL does not look for it."""
    for member, handshake, chain in _encrypted(facts):
        told = [t.stapled for t in member.tls if t.stapled is not None]
        if chain[0].must_staple and not any(told):
            yield finding(
                "tls.must-staple",
                Certainty.PROVEN if told else Certainty.POSSIBLE,
                severity=Severity.WARNING,
                server=member.address,
                evidence={"stapled": handshake.stapled},
                host=member.host,
            )


def ocsp(facts: Facts) -> Iterable[Finding]:
    """The certificate's revocation service does not answer from here."""
    if facts.uri.options.get("tlsDisableOCSPEndpointCheck") is True or facts.uri.options.get("tlsInsecure") is True:
        return
    for member in facts.members:
        for url, reach in member.ocsp_reach.items():
            if reach is not Reach.OK:
                yield finding(
                    "tls.ocsp-unreachable",
                    Certainty.PROVEN,
                    severity=Severity.WARNING,
                    server=member.address,
                    evidence={"url": url, "reach": reach.value},
                    url=url,
                )


def revoked(facts: Facts) -> Iterable[Finding]:
    """What the certificate's revocation service said, where the profile had it asked: once for each certificate."""
    told: set[str] = set()
    for member, _, chain in _encrypted(facts):
        answer, serial = member.ocsp, chain[0].serial
        if answer is None or answer.status == "good" or serial in told:
            continue
        told.add(serial)
        evidence = {"url": answer.url, "answer": answer.status, "since": answer.revoked_at}
        tell = partial(finding, server=member.address, severity=Severity.WARNING, evidence=evidence)
        if answer.status == "revoked":
            yield tell(
                "tls.revoked",
                Certainty.PROVEN,
                detail=f"{answer.url} says so, with the authority's signature"
                + (f", since {day(answer.revoked_at)}." if answer.revoked_at else "."),
                host=member.host,
                issuer=short_name(chain[0].issuer),
            )
        else:
            yield tell("tls.ocsp-no-answer", Certainty.LIKELY, host=member.host, url=answer.url)


def ocsp_not_asked(facts: Facts) -> Iterable[Finding]:
    """A connection works, and whether its certificate is revoked was not asked: PyMongo alone does not ask either."""
    if not is_connected(facts):
        return
    for member, _, chain in _encrypted(facts):
        if chain[0].ocsp_urls and not member.ocsp_reach and member.ocsp is None and not is_given(facts, "tlsCRLFile"):
            yield finding(
                "tls.ocsp-not-asked",
                Certainty.PROVEN,
                server=member.address,
                evidence={"url": chain[0].ocsp_urls[0]},
                host=member.host,
                url=chain[0].ocsp_urls[0],
            )
            return


def intercepted_and_trusted(facts: Facts) -> Iterable[Finding]:
    """A product opens the encryption on the way, and this computer has been told to trust it."""
    for member, _, chain in _encrypted(facts):
        if product := inspection_product(member):
            yield finding(
                interception(facts),
                Certainty.LIKELY,
                severity=Severity.WARNING,
                server=member.address,
                evidence={"chain": [c.issuer for c in chain]},
                host=member.host,
                issuer=short_name(product),
            )


def validation_off(facts: Facts) -> Iterable[Finding]:
    """The check of the certificate, or of its name, is switched off."""
    options = _unchecked(facts)
    if not options:
        return
    for member, _ in _by_tls(facts):
        passes, reason = _verified(facts, member, presented(member))
        yield finding(
            "tls.validation-off",
            Certainty.PROVEN,
            severity=Severity.WARNING,
            server=member.address,
            evidence={"options": options, "would pass": passes},
            patch={"tls": {_OPTION_FIELDS[o]: None for o in options}} if passes else None,
            option=listed(options),
            reason=reason,
        )


def _verified(facts: Facts, member: MemberFacts, chain: tuple[CertificateFacts, ...]) -> tuple[bool | None, str]:
    """Whether the certificate would pass a check, None when it is not known, and a sentence that says so."""
    roots = () if is_given(facts, "tlsCAFile") else (TlsKind.OS_ROOTS, TlsKind.BUNDLED_ROOTS)
    looks = (TlsKind.DRIVER, TlsKind.LOOK, TlsKind.TLS12_SNIFF, TlsKind.OLD_VERSIONS, TlsKind.WIDE_CIPHERS)
    others = (TlsKind.WITHOUT_NAME, TlsKind.OTHER_NAME, TlsKind.OS_ROOTS, TlsKind.BUNDLED_ROOTS)
    strict = [t for t in member.tls if t.kind not in looks and (t.kind in roots or t.kind not in others)]
    code = next((t.verify_code for t in strict if t.reach is Reach.VERIFY_FAILED), None)
    if code is None and any(t.reach is Reach.OK for t in strict):
        return True, "At present it would pass, so the option is not needed."
    if code is None and chain:
        code = _expected_code(facts, member, chain)
    if code is None:
        return None, "Whether it would pass was not tried."
    return False, f"The certificate would fail: {_why(code, member, chain)}."


def _expected_code(facts: Facts, member: MemberFacts, chain: tuple[CertificateFacts, ...]) -> int | None:
    """The code that a verification would end with, as far as the chain and the CA file tell it."""
    leaf, top = chain[0], chain[-1]
    file = file_of(facts, "tlsCAFile")
    if file is not None and not any(same_name(c.subject, p.issuer) for c in file.certificates for p in chain):
        return SELF_SIGNED if leaf.self_signed else 20
    if file is None and (leaf.self_signed or (top.self_signed and len(chain) > 1)):
        return SELF_SIGNED if leaf.self_signed else 19
    if leaf.days_left < 0 and leaf.not_after:
        return EXPIRED
    if leaf.not_yet_valid:
        return NOT_YET_VALID
    return None if covers(leaf, member.host) else NAME_MISMATCH


def _why(code: int, member: MemberFacts, chain: tuple[CertificateFacts, ...]) -> str:
    if code in UNFIT:
        return UNFIT[code]
    if not chain:
        return f"OpenSSL's verification code is {code}"
    leaf = chain[0]
    if code == SELF_SIGNED:
        return "the server signed it itself"
    if code in UNTRUSTED:
        return f"it was issued by {short_name(chain[-1].issuer)}, which is not trusted here"
    if code == EXPIRED:
        return f"it expired on {day(leaf.not_after)}"
    if code == NOT_YET_VALID:
        return f"it is valid only from {day(leaf.not_before)} on"
    if code in (62, 64):
        return f"it is for {listed([*leaf.names, *leaf.addresses], nothing='no name')}, not for {member.host}"
    return f"OpenSSL's verification code is {code}"


def not_encrypted(facts: Facts) -> Iterable[Finding]:
    """Plain text that leaves this computer."""
    if facts.tls_wanted:
        return
    around = facts.computer.surroundings
    for member in facts.members:
        addresses = [t for t in member.tcp if t.reach is Reach.OK]
        leaves = any(not (t.loopback or t.own or t.family == "unix") for t in addresses)
        if not leaves or standing(facts, member) is not Standing.ANSWERED:
            continue
        tunnel = next(
            (name for t in addresses if (name := around.interfaces.get(t.source or "")) in around.tunnels), None
        )
        ssh = any(hop.kind in ("ssh", "kubernetes") for hop in facts.hops)
        covered = f"It runs through {tunnel if tunnel else 'a hop that encrypts'}, which covers a part of the way."
        yield finding(
            "tls.not-encrypted",
            Certainty.LIKELY if tunnel or ssh else Certainty.PROVEN,
            server=member.address,
            evidence={"address": addresses[0].address, "interface": tunnel},
            detail=covered if tunnel or ssh else "",
            host=member.host,
        )


RULES: tuple[Callable[[Facts], Iterable[Finding]], ...] = (
    validation_off,
    intercepted_and_trusted,
    expires_soon,
    no_san,
    stapling,
    ocsp,
    revoked,
    ocsp_not_asked,
    not_encrypted,
)
