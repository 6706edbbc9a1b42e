"""Findings about who vouches for the server's certificate: unknown, wrong, or a machine on the way."""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec.structs import replace

from clearline.core.diagnosis.catalogue import finding, listed
from clearline.core.diagnosis.rules.evidence import (
    attribute,
    authorities,
    file_of,
    is_atlas,
    is_given,
    presented,
    same_name,
    short_name,
    told_by,
)
from clearline.core.diagnosis.rules.places import is_here
from clearline.core.diagnosis.rules.tls_trust import (
    NO_ISSUER_OF_TRUSTED,
    SELF_SIGNED,
    UNTRUSTED,
    further_flaws,
    refused_certificate,
)
from clearline.core.facts.computer import CertificateFacts
from clearline.core.facts.servers import MemberFacts, Reach, TlsKind
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding, Remedy, Stage
from clearline.core.text.late_patterns import late

_PRODUCTS = late(
    r"""zscaler|netskope|palo\s?alto|fortinet|forti(?:gate|net|guard|proxy)|blue\s?coat|symantec\ web|umbrella|mcafee
    |skyhigh|trellix|sophos|kaspersky|\beset\b|\bavast|\bavg\b|bitdefender|check\ ?point|forcepoint|websense|\biboss
    |menlo\ security|cato\ networks|mitmproxy|fiddler|charles\ proxy|portswigger|\bburp\b|\bsquid\b|untangle|smoothwall
    |barracuda|watchguard|sonicwall|lightspeed|securly|goguardian|contentkeeper|cloudflare\ (?:gateway|for\ teams)
    |cisco\ (?:secure|firepower|web)|trend\ ?micro|adguard|\bnordvpn|f-secure|dr\.?web|superfish|privdog|akamai\ etp
    |a10\ networks|gigamon|\bf5\ ssl|(?:ssl|tls|https|web|traffic)[\s_-]*(?:inspect|intercept|decrypt|proxy|scan|filter)
    |inspection|intercept|decryption|man[\s-]in[\s-]the[\s-]middle""",
    re.IGNORECASE | re.VERBOSE,
)
"""Words in an issuer's name that only products use which open the encryption on the way."""
_PUBLIC = late(
    r"""let's\ encrypt|internet\ security\ research|digicert|google\ trust\ services|amazon|globalsign|sectigo|comodo
    |usertrust|godaddy|starfield|entrust|identrust|geotrust|thawte|rapidssl|verisign|baltimore|certum|asseco|quovadis
    |actalis|buypass|microsoft\ corporation|ssl\ corp|zerossl|swisssign|d-trust|harica|telia|gandi|trustwave""",
    re.IGNORECASE | re.VERBOSE,
)
"""Organisations whose authorities every common trust store holds."""
_TRUST = (
    (TlsKind.OS_ROOTS, "system", "the operating system"),
    (TlsKind.BUNDLED_ROOTS, "bundled", "the bundled public list"),
)
"""Handshakes with other authorities than the driver's, and how a profile says that it trusts those."""
_ROOT = late(r"\broot\b", re.IGNORECASE)
_RDS = late(r"\bAmazon RDS\b")
"""The authorities of Amazon's managed databases, DocumentDB among them; not those of Amazon Trust Services."""
_INTERMEDIATE = late(r"intermediate|issuing|\bsub(?:ordinate)?[\s-]?ca\b|\binter\b", re.IGNORECASE)


def inspection_product(member: MemberFacts) -> str | None:
    """The name in the chain that a product uses which opens the encryption; None when there is none."""
    chain = presented(member)
    names = [c.issuer for c in chain] + [c.subject for c in chain if c.is_ca]
    return next((name for name in names if _PRODUCTS.search(name)), None)


_DEFAULTS = late(
    r"""kubernetes\ ingress\ controller\ fake|traefik\ default\ cert|ingress-operator@|nginxingresscontroller
    |\bhaproxy\b|\bkong\b|default[\s_-]*(?:ssl\ |tls\ )?cert""",
    re.IGNORECASE | re.VERBOSE,
)
"""Names that routers and ingress controllers write into the certificate which they show when no route fits."""


def default_certificate(member: MemberFacts) -> str | None:
    """The name of the default certificate that a router or ingress controller shows; None when it is none."""
    chain = presented(member)
    names = (short_name(name) for c in chain[:1] for name in (c.subject, c.issuer))
    return next((name for name in names if _DEFAULTS.search(name)), None)


def router_in_front(facts: Facts, member: MemberFacts) -> Finding | None:
    """A router or ingress controller that has no route for the name, and shows its default certificate."""
    handshake, name = refused_certificate(facts, member), default_certificate(member)
    if handshake is None or name is None:
        return None
    return finding(
        "tls.default-certificate",
        Certainty.LIKELY,
        server=member.address,
        evidence=told_by(member),
        host=member.host,
        name=name,
    )


def is_public(name: str) -> bool:
    """Whether a distinguished name is that of a well-known public authority."""
    return any(_PUBLIC.search(value) for kind in ("O", "CN") for value in attribute(name, kind))


def empty_store(facts: Facts, member: MemberFacts) -> Finding | None:
    """Nothing is trusted here at all."""
    handshake = refused_certificate(facts, member)
    if handshake is None or handshake.verify_code not in UNTRUSTED or is_given(facts, "tlsCAFile"):
        return None
    if facts.computer.trusted_roots != 0:
        return None
    chain = presented(member)
    public = bool(chain) and is_public(chain[-1].issuer)
    issuer = short_name(chain[-1].issuer) if chain else "an authority that it does not show"
    return finding(
        "env.empty-trust-store",
        Certainty.PROVEN if public else Certainty.LIKELY,
        stage=Stage.TLS,
        server=member.address,
        evidence={**told_by(member), "trusted_roots": 0, "source": facts.computer.trust_source},
        detail="" if public else f"The server's is issued by {issuer}: a private one needs tlsCAFile all the same.",
    )


def interception(facts: Facts) -> str:
    """The cause of a certificate from an inspecting machine: with an HTTP proxy on the way it is that one."""
    return "proxy.intercepts-tls" if any(hop.kind == "http" for hop in facts.hops) else "tls.intercepted"


def intercepted(facts: Facts, member: MemberFacts) -> Finding | None:
    """A machine on the way shows a certificate of their own."""
    handshake = refused_certificate(facts, member)
    if handshake is None or handshake.verify_code not in (*UNTRUSTED, SELF_SIGNED):
        return None
    chain = presented(member)
    name = inspection_product(member)
    if name is None and chain and is_atlas(member.host) and not any(is_public(c.issuer) for c in chain):
        name = chain[-1].issuer
    if name is None:
        return None
    return finding(
        interception(facts),
        Certainty.LIKELY,
        server=member.address,
        evidence=told_by(member),
        also=_trusted_elsewhere(facts, member),
        host=member.host,
        issuer=short_name(name),
    )


def self_signed(facts: Facts, member: MemberFacts) -> Finding | None:
    """The server's certificate vouches for itself."""
    handshake = refused_certificate(facts, member)
    if handshake is None or handshake.verify_code != SELF_SIGNED:
        return None
    doubt = "" if is_here(member) else f"{_IN_BETWEEN} Compare its fingerprint with the operator's."
    return finding(
        "tls.self-signed",
        Certainty.PROVEN if is_here(member) else Certainty.LIKELY,
        server=member.address,
        evidence=told_by(member),
        detail=f"{doubt} {further_flaws(facts, member)}".strip(),
        action="ask-ca-file",
        host=member.host,
    )


def untrusted(facts: Facts, member: MemberFacts) -> Finding | None:
    """The chain ends at an authority that neither the CA file nor this computer knows."""
    found, more = _untrusted(facts, member), further_flaws(facts, member)
    return replace(found, detail=f"{found.detail} {more}") if found is not None and more else found


def _untrusted(facts: Facts, member: MemberFacts) -> Finding | None:
    handshake = refused_certificate(facts, member)
    if handshake is None or handshake.verify_code not in UNTRUSTED:
        return None
    chain = presented(member)
    if not chain:
        unread = "What it sends cannot be read here: a certificate between them may be missing as well."
        return None if not member.finished else _unknown(facts, member, "an authority that it does not show", unread)
    path = _linked(chain)
    top = path[-1]
    issuer = short_name(top.issuer)
    if len(path) < len(chain) and not top.self_signed and _leads_to_trust(facts, [c for c in chain if c not in path]):
        return _missing_intermediate(member, issuer, Certainty.LIKELY)
    chain = path
    alone = len(chain) == 1 and not top.self_signed
    if not is_given(facts, "tlsCAFile"):
        if alone and is_public(top.issuer) and not _ROOT.search(issuer):
            return _missing_intermediate(member, issuer, Certainty.LIKELY)
        doubt = "If that is an intermediate, the server fails to send the certificates above it." if alone else ""
        if _RDS.search(top.issuer):
            doubt = "Amazon's databases have authorities of their own, which no computer trusts by itself."
        elif is_public(top.issuer):
            doubt = "That is a well-known public authority: the list of authorities here is probably out of date."
        return _unknown(facts, member, issuer, doubt)
    return _against_file(facts, member, handshake.verify_code, chain)


def _linked(chain: tuple[CertificateFacts, ...]) -> tuple[CertificateFacts, ...]:
    """The server's own certificate and those above it, without what is sent along and issued none of them."""
    path = [chain[0]]
    while not path[-1].self_signed:
        above = next((c for c in chain if c not in path and same_name(c.subject, path[-1].issuer)), None)
        if above is None:
            break
        path.append(above)
    return tuple(path)


def _leads_to_trust(facts: Facts, others: list[CertificateFacts]) -> bool:
    """Whether certificates that are sent along, and issued nothing of the chain, are of a trusted authority."""
    file = file_of(facts, "tlsCAFile")
    if file is None:
        return any(is_public(c.issuer) for c in others)
    return any(same_name(c.subject, o.issuer) for c in file.certificates for o in others)


_IN_BETWEEN = "A machine on the way that opens the encryption shows a certificate of its own as well."


def _unknown(facts: Facts, member: MemberFacts, issuer: str, detail: str) -> Finding:
    return finding(
        "tls.unknown-ca",
        Certainty.PROVEN if is_here(member) and not detail else Certainty.LIKELY,
        server=member.address,
        evidence={**told_by(member), "trusted_roots": facts.computer.trusted_roots},
        detail=detail or ("" if is_here(member) else f"{_IN_BETWEEN} So ask whose {issuer} is."),
        fix="Download global-bundle.pem from truststore.pki.rds.amazonaws.com, and set tlsCAFile to it."
        if _RDS.search(issuer)
        else "",
        action="ask-ca-file",
        also=_trusted_elsewhere(facts, member),
        host=member.host,
        issuer=issuer,
    )


def _missing_intermediate(member: MemberFacts, issuer: str, certainty: Certainty) -> Finding:
    lone = len(presented(member)) == 1
    sends = "It sends its own certificate alone." if lone else "What it sends along did not issue its certificate."
    return finding(
        "tls.missing-intermediate",
        certainty,
        server=member.address,
        evidence=told_by(member),
        detail=f"{sends} If {issuer} is not an intermediate, the wrong CA file is given.",
        host=member.host,
        issuer=issuer,
    )


def _against_file(
    facts: Facts, member: MemberFacts, code: int | None, chain: tuple[CertificateFacts, ...]
) -> Finding | None:
    file = file_of(facts, "tlsCAFile")
    given = file.certificates if file else ()
    top, issuer = chain[-1], short_name(chain[-1].issuer)
    namesake = next((c for c in given if any(same_name(c.subject, p.issuer) for p in chain)), None)
    here = is_here(member)
    certainty, detail = (Certainty.PROVEN, "") if here else (Certainty.LIKELY, f"{_IN_BETWEEN} Ask whose {issuer} is.")
    holds = listed([short_name(c.subject) for c in given], most=3, nothing="no authority")
    if any(c.key_id and c.key_id == chain[0].key_id for c in given):
        certainty, detail = Certainty.PROVEN, ""
        holds = "the server's own certificate, which is no authority"
    elif namesake is not None and code == NO_ISSUER_OF_TRUSTED and not namesake.self_signed:
        holds = f"{short_name(namesake.subject)} without the authority above it"
        issuer = short_name(namesake.issuer)
    elif namesake is not None:
        holds = f"an authority called {short_name(namesake.subject)} with another key"
        detail = "" if here else "A machine on the way that opens the encryption can call its authority the same."
        certainty = Certainty.PROVEN if here and any(_another_key(namesake, c) for c in chain) else Certainty.LIKELY
    elif len(chain) == 1 and not top.self_signed:
        if _looks_intermediate(member, top, given):
            return _missing_intermediate(member, issuer, Certainty.LIKELY)
        certainty = Certainty.LIKELY
        detail = f"If {issuer} is an intermediate of an authority in the file, the server fails to send it along."
    return finding(
        "tls.wrong-ca-file",
        certainty,
        server=member.address,
        evidence={**told_by(member), "file": [c.subject for c in given]},
        detail=detail,
        action="ask-ca-file",
        also=_trusted_elsewhere(facts, member),
        given=holds,
        host=member.host,
        issuer=issuer,
    )


def _another_key(one: CertificateFacts, other: CertificateFacts) -> bool:
    return same_name(one.subject, other.subject) and bool(one.key_id and other.key_id) and one.key_id != other.key_id


def _looks_intermediate(member: MemberFacts, leaf: CertificateFacts, given: tuple[CertificateFacts, ...]) -> bool:
    """Whether the unseen issuer of a lone certificate is more likely an intermediate below an authority of the file.

    The name of a certificate does not tell its rank. What does: the server itself trusts an authority of the file for
    client certificates; the issuer calls itself so; it belongs to the same organisation.
    """
    given = tuple(c for c in given if c.is_ca or c.self_signed)
    if accepted := authorities(member):
        if any(same_name(c.subject, name) for c in given for name in accepted):
            return True
        if any(same_name(leaf.issuer, name) for name in accepted):
            return False
    if _INTERMEDIATE.search(leaf.issuer):
        return True
    organisations = {o for c in given for o in attribute(c.subject, "O")}
    return bool(organisations.intersection(attribute(leaf.issuer, "O")))


def _trusted_elsewhere(facts: Facts, member: MemberFacts) -> tuple[Remedy, ...]:
    """What to do where another set of authorities accepts the certificate, as a handshake has shown."""
    for kind, trust, whose in _TRUST:
        trial = member.handshake(kind)
        if trial is None or trial.reach is not Reach.OK:
            continue
        if is_given(facts, "tlsCAFile"):
            text = f"The authorities of {whose} accept this certificate: trust them instead of the ones in tlsCAFile."
        else:
            text = f"The authorities of {whose} accept this certificate: trust them."
        return (Remedy(text=text, patch={"tls": {"caFile": None, "trust": trust}}),)
    return ()


MEMBER_RULES: tuple[Callable[[Facts, MemberFacts], Finding | None], ...] = (
    router_in_front,
    empty_store,
    intercepted,
    self_signed,
    untrusted,
)
