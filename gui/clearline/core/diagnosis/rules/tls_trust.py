"""Findings about trust in the server's certificate, by OpenSSL's verification code: dates, names, revocation, strength.

Who vouches for it is `tls_authority`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from ipaddress import ip_address

from clearline.core.diagnosis.catalogue import finding, listed
from clearline.core.diagnosis.rules.cnames import alias_of
from clearline.core.diagnosis.rules.evidence import (
    WRONG_CLOCK_S,
    clock_skew_s,
    day,
    file_of,
    presented,
    same_name,
    short_name,
    span,
    time_there,
    told_by,
    valid_at,
)
from clearline.core.diagnosis.rules.places import is_here, is_loopback
from clearline.core.facts.computer import CertificateFacts
from clearline.core.facts.servers import MemberFacts, Reach, TlsFacts, TlsKind
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding, Remedy, Stage

# Verification codes: X509_V_ERR_... of OpenSSL's x509_vfy.h.
NO_ISSUER_OF_TRUSTED, NOT_YET_VALID, EXPIRED, CRL_NOT_YET_VALID, CRL_EXPIRED = 2, 9, 10, 11, 12
SELF_SIGNED, REVOKED, NAME_MISMATCH, ADDRESS_MISMATCH = 18, 23, 62, 64
UNTRUSTED = frozenset({2, 7, 19, 20, 21, 27, 28, 29, 30, 31})
"""No way from the chain to a trusted authority; 7 is a signature by another key of the same name."""
NO_CRL = frozenset({3, 8, 33, 35, 44, 54})
CRL_DATES = frozenset({11, 12, 15, 16})
UNFIT = {
    13: "the beginning of its validity, or of an authority's in its chain, is no date that can be read",
    14: "the end of its validity, or of an authority's in its chain, is no date that can be read",
    66: "its key is too short",
    67: "the key of an authority in its chain is too short",
    68: "an authority in its chain signs with an outdated hash",
    22: "its chain is too long",
    25: "an authority in its chain may not have others below it",
    26: "it is not meant for servers (extended key usage)",
    24: "an authority in its chain is not marked as one (CA:TRUE or keyCertSign is missing)",
    32: "an authority in its chain may not sign certificates (key usage)",
    34: "it has a critical extension that is not understood here",
    37: "an authority in its chain is not marked as one (CA:TRUE or keyCertSign is missing)",
    47: "its names are outside of what its authority may issue",
    48: "its names are among those that its authority must not issue",
    79: "an authority in its chain is not marked as one (CA:TRUE or keyCertSign is missing)",
}
"""Certificates that are trusted but not good enough."""


_MENDED_BY = {
    (13, 14): "Have it issued anew with dates that TLS libraries read (RFC 5280, 4.1.2.5).",
    (47, 48): "Have it issued for names that its authority may issue, or by another authority.",
    (22, 25): "Have it issued by an authority that may stand there: a root, or an intermediate whose limit allows it.",
    (24, 32, 37, 79): "Have it issued by an authority whose own certificate is marked as one (CA:TRUE, keyCertSign).",
    (34,): "Have it issued again without that extension, or with the extension not marked critical.",
    (26,): "Have it issued again as a server certificate (extended key usage serverAuth).",
}
"""What helps against a verification code, where neither key nor signature is the trouble."""


_PURPOSE = 26
_FOR_SERVERS = frozenset({"1.3.6.1.5.5.7.3.1", "2.5.29.37.0"})
"""Extended key usages: serverAuth, and any."""


def refused_certificate(facts: Facts, member: MemberFacts) -> TlsFacts | None:
    """The driver's handshake when it ended because the certificate did not verify."""
    handshake = member.handshake(TlsKind.DRIVER)
    if not facts.tls_wanted or handshake is None or handshake.reach is not Reach.VERIFY_FAILED:
        return None
    return handshake


# ---------------------------------------------------------------- dates


def clock(facts: Facts, member: MemberFacts) -> Finding | None:
    """Dates that do not fit only because this computer's clock is wrong."""
    handshake = refused_certificate(facts, member)
    if handshake is None:
        return None
    skew = clock_skew_s(facts, member)
    if skew is None or abs(skew) <= WRONG_CLOCK_S:
        return None
    code = handshake.verify_code
    if code not in (EXPIRED, NOT_YET_VALID, *CRL_DATES):
        return None
    ahead = skew < 0  # The server's clock is behind this one's.
    if ahead is not (code in (EXPIRED, CRL_EXPIRED)):
        return None
    if any(valid_at(c, skew) is False for c in _dated(facts, member)) or _list_still_old(facts, member, skew):
        return None  # It would not be valid by the right time either.
    return finding(
        "env.clock-wrong",
        Certainty.LIKELY,
        stage=Stage.TLS,
        server=member.address,
        evidence={**told_by(member), "clock_skew_s": skew},
        detail=f"The server's is {span(skew)} {'behind' if ahead else 'ahead'}, and by that its certificate is valid.",
        skew=span(skew),
    )


def _list_still_old(facts: Facts, member: MemberFacts, skew_s: float) -> bool:
    file, chain = file_of(facts, "tlsCRLFile"), presented(member)
    there = time_there(chain[0], skew_s) if chain else None
    if file is None or not file.crl_expired or file.crl_next_update is None or there is None:
        return False
    return datetime.fromisoformat(file.crl_next_update) < there


def _dated(facts: Facts, member: MemberFacts) -> tuple[CertificateFacts, ...]:
    """The chain, and those of the CA file's authorities that issued something in it."""
    chain = presented(member)
    file = file_of(facts, "tlsCAFile")
    above = [c for c in (file.certificates if file else ()) if any(same_name(p.issuer, c.subject) for p in chain)]
    return (*chain, *above)


def dates(facts: Facts, member: MemberFacts) -> Finding | None:
    """A certificate out of date: the server's, or an authority's above it."""
    handshake = refused_certificate(facts, member)
    if handshake is None or handshake.verify_code not in (EXPIRED, NOT_YET_VALID):
        return None
    late = handshake.verify_code == EXPIRED
    certificates = _dated(facts, member)
    wrong = next((c for c in certificates if (c.days_left <= 0 if late else c.not_yet_valid)), None)
    whose = member.host
    if wrong is not None and wrong is not certificates[0]:
        whose = f"the authority {short_name(wrong.subject)}"
    sure, doubt = _by_two_clocks(facts, member)
    ours = late and wrong is not None and wrong not in presented(member)
    return finding(
        "tls.certificate-expired" if late else "tls.certificate-not-yet-valid",
        sure,
        detail=doubt,
        server=member.address,
        evidence={**told_by(member), "clock_skew_s": clock_skew_s(facts, member)},
        means="It stands in tlsCAFile, and the server's certificate was issued by it." if ours else "",
        fix="Put the authority's new certificate into tlsCAFile; ask its operator for it." if ours else "",
        host=whose,
        date=day((wrong.not_after if late else wrong.not_before) if wrong else ""),
    )


def _by_two_clocks(facts: Facts, member: MemberFacts) -> tuple[Certainty, str]:
    """How sure a date is, and what else may be: the server's clock confirms this one, unless both are the same."""
    if clock_skew_s(facts, member) is None:
        return Certainty.LIKELY, "If this computer's clock is wrong, that is the cause."
    if is_here(member):
        return Certainty.LIKELY, "A server on this computer goes by the same clock: if that is wrong, it is the cause."
    return Certainty.PROVEN, ""


_OF_NO_USE = {
    8: (
        "The revocation list that is given for {issuer} is not signed with its key.",
        "Fetch the list again from the authority: it may be of one of the same name that was replaced.",
    ),
    35: (
        "The authority {issuer} may not sign revocation lists (key usage).",
        "Ask its operator for the list of the authority that signs them, and add that authority's certificate.",
    ),
    44: (
        "The revocation list that is given for {issuer} does not cover this certificate (its scope is another one).",
        "Add the authority's list for server certificates to the file.",
    ),
    54: (
        "The one who signed the revocation list for {issuer} cannot be traced to a trusted authority.",
        "Add the certificate of the one who signs the lists to tlsCAFile.",
    ),
}
"""By verification code: a list that is there and of no use, and what helps."""


def revocation(facts: Facts, member: MemberFacts) -> Finding | None:
    """The revocation list: the certificate is on it, or the list itself is of no use."""
    handshake = refused_certificate(facts, member)
    if handshake is None:
        return None
    chain, code = presented(member), handshake.verify_code
    issuer = short_name(chain[0].issuer) if chain else "its authority"
    tell = partial(finding, server=member.address, evidence=told_by(member))
    if code == REVOKED:
        return tell("tls.revoked", Certainty.PROVEN, host=member.host, issuer=issuer)
    file = file_of(facts, "tlsCRLFile")
    if code in CRL_DATES:
        date = day((file.crl_next_update if file else None) or "")
        sure, doubt = _by_two_clocks(facts, member)
        return tell("tls.crl-expired", sure, detail=doubt, file=file.path if file else "given", date=date)
    if code in NO_CRL:
        # A list by another key of the same name is none for OpenSSL.
        given = file.crl_issuers if file else ()
        alike = code in (3, 33) and bool(chain) and any(same_name(chain[0].issuer, by) for by in given)
        summary, fix = _OF_NO_USE.get(8 if alike else code or 0, ("", ""))
        return tell(
            "tls.crl-missing",
            Certainty.LIKELY if alike else Certainty.PROVEN,
            summary=summary.format(issuer=issuer),
            fix=fix,
            issuer=issuer,
        )
    return None


# ---------------------------------------------------------------- names and quality


def names(facts: Facts, member: MemberFacts) -> Finding | None:
    """The certificate is trusted, and made out to others."""
    handshake = refused_certificate(facts, member)
    chain = presented(member)
    if handshake is None or handshake.verify_code not in (NAME_MISMATCH, ADDRESS_MISMATCH):
        return None
    leaf = chain[0] if chain else None
    own_names = list(leaf.names) if leaf else []
    if leaf and not leaf.has_san and leaf.common_name:
        own_names = [leaf.common_name]
    addresses = list(leaf.addresses) if leaf else []
    host = handshake.server_name or member.host
    tell = partial(finding, certainty=Certainty.PROVEN, server=member.address, evidence=told_by(member))
    hints = ["A wildcard stands for one part of a name only."] if _wildcard_too_short(host, own_names) else []
    if any("*" in n and not n.startswith("*.") for n in own_names):
        hints.append(
            "A * that is alone, or only a part of a label (db*.example.com), stands for nothing: drivers ignore it."
        )
    if any(n.lower().startswith(f"{host.lower()}:") for n in own_names):
        hints.append("A name in a certificate has no port: one that is written with it fits no host.")
    if leaf and leaf.days_left < 0:
        hints.append(f"It also expired on {day(leaf.not_after)}.")
    opened = [t for t in member.tcp if t.reach is Reach.OK]
    if "localhost" in own_names and opened and all(t.loopback and t.family == "ipv6" for t in opened):
        hints.append("PyMongo takes localhost for 127.0.0.1 alone: for that name the server must listen there too.")
    if handshake.verify_code == ADDRESS_MISMATCH and own_names and not is_loopback(member):
        hints.append("With an address no name is sent in TLS: a server of several certificates then shows any of them.")
    alias = alias_of(facts, member.host)
    if alias and leaf and covers(leaf, alias):
        hints.append(f"{member.host} is an alias (CNAME) of {alias}, and the certificate is for that name.")
        own_names = [alias, *(n for n in own_names if n.lower() != alias)]
    detail = " ".join(hints)
    if leaf and not leaf.has_san and (leaf.common_name or "").lower() == host.lower():
        return tell("tls.no-san", host=host)
    if leaf and host.endswith(".") and covers(leaf, host):
        bare = host.rstrip(".")
        alone = facts.uri.hosts == (member.address,) and not facts.uri.srv
        return tell(
            "tls.name-mismatch",
            summary=f"The host is written with a dot at its end, {host}, and the certificate is for {bare}.",
            means="The driver compares the two as they are written.",
            patch={"seeds": {"hosts": [f"{bare}:{member.port}"]}} if alone else None,
            fix=f"Write {bare} without the dot.",
            names=bare,
            host=host,
        )
    if leaf and handshake.verify_code == ADDRESS_MISMATCH and host in leaf.names:
        return tell(
            "tls.ip-not-in-certificate",
            summary=f"The certificate lists {host} as a DNS name, and an address counts only as an IP address in it.",
            means="Drivers compare an address with the IP addresses of the certificate alone (subjectAltName IP).",
            fix=f"Have it issued again with IP:{host} in place of DNS:{host}, or connect by one of its names.",
            detail=detail,
            address=host,
            names=listed(own_names),
        )
    patch = _by_another_name(facts, member, own_names)
    also = _through_a_tunnel(facts, member, own_names)
    # The way through a tunnel comes first where it is one, and where there is no patch for the host's name.
    fix = also[0].text if also and patch is None and also[0].patch is None else ""
    if not own_names and not addresses:
        fix = f"Have it issued again with {host} in its subjectAltName."
    also = also[1:] if fix else also
    if handshake.verify_code == ADDRESS_MISMATCH and own_names:
        return tell(
            "tls.ip-not-in-certificate",
            patch=patch,
            detail=detail,
            fix=fix,
            also=also,
            address=host,
            names=listed(own_names),
        )
    return tell(
        "tls.name-mismatch",
        patch=patch,
        detail=detail,
        fix=fix,
        also=also,
        names=listed([*own_names, *addresses], nothing="no name at all"),
        host=host,
    )


def _through_a_tunnel(facts: Facts, member: MemberFacts, names: list[str]) -> tuple[Remedy, ...]:
    """What helps at the near end of a tunnel, a published port or a port-forward, whose address no certificate has."""
    if not is_loopback(member) or not names:
        return ()
    name = next((n for n in names if "*" not in n and ":" not in n and n != "localhost"), None)
    if name is None and (wide := next((n for n in names if n.startswith("*.")), None)):
        name = f"a name that {wide} stands for"
    near = next((t.address for t in member.tcp if t.loopback and t.reach is Reach.OK), "127.0.0.1")
    price = "with which any server that holds a certificate of the same authority could stand in for it"
    give_up = "Or give up" if name else "Give up"
    by_name = Remedy(
        text=f"Through a tunnel or port-forward: point {name} to {near.strip('[]')} in this computer's hosts file, and "
        f"connect to it at port {member.port or 27017}."
    )
    return (
        *((by_name,) if name else ()),
        Remedy(
            text=f"{give_up} the comparison of names (tlsAllowInvalidHostnames=true), {price}.",
            patch={"tls": {"allowInvalidHostnames": True}},
        ),
    )


def _by_another_name(facts: Facts, member: MemberFacts, names: list[str]) -> dict[str, object] | None:
    """A patch that names the single seed as its certificate does, where that name certainly leads to it."""
    if facts.uri.srv or len(facts.uri.hosts) != 1 or member.port is None or not member.seed:
        return None
    known = {(member.hello.me or "").rpartition(":")[0].lower()} if member.hello else set()
    known.add(alias_of(facts, member.host) or "")
    if any(t.loopback and t.family == "ipv4" and t.reach is Reach.OK for t in member.tcp):
        known.add("localhost")  # PyMongo takes it for 127.0.0.1 alone.
    name = next((n for n in names if n.lower() in known and n.lower() != member.host.lower()), None)
    return {"seeds": {"hosts": [f"{name}:{member.port}"]}} if name else None


def _wildcard_too_short(host: str, names: list[str]) -> bool:
    return any(n.startswith("*.") and host.lower().endswith(n[1:].lower()) and "." in host[: 1 - len(n)] for n in names)


def covers(certificate: CertificateFacts, host: str) -> bool:
    """Whether a certificate is made out to a host name or address (RFC 6125, as OpenSSL compares)."""
    try:
        return str(ip_address(host)) in certificate.addresses
    except ValueError:
        pass
    own = certificate.names if certificate.has_san else (certificate.common_name or "",)
    wanted = host.lower().rstrip(".")
    return any(
        n.lower() == wanted or (n.startswith("*.") and wanted.partition(".")[2] == n[2:].lower()) for n in own if n
    )


def further_flaws(facts: Facts, member: MemberFacts) -> str:
    """What a verification would turn down next, once the authority is trusted; empty where nothing is seen."""
    chain = presented(member)
    if not chain:
        return ""
    leaf, host = chain[0], member.host
    words = [f"The certificate also expired on {day(leaf.not_after)}."] if leaf.days_left < 0 else []
    if not covers(leaf, host) and facts.uri.options.get("tlsAllowInvalidHostnames") is not True:
        own = [*leaf.names, *leaf.addresses] if leaf.has_san else [leaf.common_name or ""]
        words.append(f"It is made out to {listed(list(filter(None, own)), nothing='no name')} too, and not to {host}.")
    return " ".join(words)


def unfit(facts: Facts, member: MemberFacts) -> Finding | None:
    """A certificate that is trusted and too weak, or made for something else."""
    handshake = refused_certificate(facts, member)
    if handshake is None or handshake.verify_code not in UNFIT:
        return None
    chain, what = presented(member), UNFIT[handshake.verify_code]
    leaf = chain[0] if chain else None
    if handshake.verify_code == 66 and leaf and leaf.key_bits:
        what = f"its {leaf.key_type} key has only {leaf.key_bits} bits"
    elif handshake.verify_code == 68:
        old = next((c for c in chain if c.signature_hash in ("md5", "sha1")), None)
        whose = "it" if old is leaf else "an authority in its chain"
        what = f"{whose} is signed with {str(old.signature_hash).upper()}" if old else what
    fix = next((fix for codes, fix in _MENDED_BY.items() if handshake.verify_code in codes), "")
    if handshake.verify_code == _PURPOSE and leaf and (not leaf.purposes or _FOR_SERVERS.intersection(leaf.purposes)):
        what = "an authority in its chain may not vouch for servers (extended key usage)"
        fix = "Have it issued by an authority whose own certificate allows servers (serverAuth), or names no purpose."
    return finding(
        "tls.weak-certificate",
        Certainty.PROVEN,
        server=member.address,
        evidence={**told_by(member), "key": f"{leaf.key_type} {leaf.key_bits}" if leaf else None},
        fix=fix,
        host=member.host,
        what=what,
    )


MEMBER_RULES: tuple[Callable[[Facts, MemberFacts], Finding | None], ...] = (clock, dates, revocation, names, unfit)
