"""Logins whose identity comes from elsewhere: a client certificate, Kerberos, AWS, OIDC."""

from __future__ import annotations

from functools import partial

from clearline.core.diagnosis.catalogue import finding
from clearline.core.diagnosis.rules.accounts import (
    AUTHENTICATION_FAILED,
    USER_NOT_FOUND,
    code_of_login,
    login_member,
    mechanism_of,
    properties,
    user_of,
)
from clearline.core.diagnosis.rules.evidence import (
    attribute,
    certificate_requested,
    file_of,
    is_given,
    presented,
    same_name,
)
from clearline.core.facts.computer import CertificateFacts
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding

CLIENT_FILE = "tlsCertificateKeyFile"
_MEMBERSHIP = ("O", "OU", "DC")
"""What mongod compares to tell a cluster member by its certificate."""
_PACKAGE_PREFIXES = {"MONGODB-AWS": ("pymongo_auth_aws",), "GSSAPI": ("kerberos", "winkerberos", "gssapi")}


def lacks_package(facts: Facts) -> bool:
    """Whether a library that the auth mechanism needs is not installed."""
    prefixes = _PACKAGE_PREFIXES.get(mechanism_of(facts) or "", ())
    return any(name.startswith(prefixes) for name in facts.computer.missing_packages) if prefixes else False


def refused_here(facts: Facts) -> Finding | None:
    """No identity could be obtained on this computer. (A missing package is another finding.)"""
    if not facts.login.refused_here or lacks_package(facts):
        return None
    evidence = {"exception": facts.driver.exception, "mechanism": mechanism_of(facts)}
    match mechanism_of(facts):
        case "MONGODB-AWS":
            return finding("auth.aws-no-credentials", Certainty.LIKELY, evidence=evidence)
        case "MONGODB-OIDC" if environment := properties(facts).get("ENVIRONMENT"):
            missing_file = "FileNotFoundError" in (facts.driver.exception or "").rpartition(".")[2]
            reason = "the token file does not exist" if missing_file else "its token service gives none"
            return finding(
                "auth.oidc-token-missing",
                Certainty.PROVEN if missing_file else Certainty.LIKELY,
                evidence={**evidence, "environment": environment},
                environment=environment,
                reason=reason,
            )
        case "MONGODB-OIDC":
            return finding(
                "auth.oidc-token-missing",
                Certainty.PROVEN,
                evidence=evidence,
                environment="a sign-in by hand",
                reason=facts.driver.message or "no token came",
            )
        case _:
            return None


def x509(facts: Facts) -> Finding | None:
    """The subject of the client certificate is the user name: is there one, is it the right one, is it known."""
    if mechanism_of(facts) != "MONGODB-X509" or not facts.tls_wanted:
        return None
    code, member, user = code_of_login(facts), login_member(facts), user_of(facts)
    file = file_of(facts, CLIENT_FILE)
    own = file.certificates[0] if file and file.certificates else None
    evidence = {"code": code, "user": user, "subject": own.subject if own else None}
    tell = partial(finding, evidence=evidence)
    if not is_given(facts, CLIENT_FILE):
        return tell("auth.x509-no-certificate", Certainty.PROVEN)
    if code not in (AUTHENTICATION_FAILED, USER_NOT_FOUND):
        return None
    subject = own.subject if own else user or "of the certificate"
    if own is not None and user is not None and not same_name(own.subject, user):
        return tell("auth.x509-name-differs", Certainty.PROVEN, patch={"auth": {"user": None}}, subject=subject)
    if code == USER_NOT_FOUND:
        return tell("auth.x509-unknown-subject", Certainty.PROVEN, subject=subject)
    chain = presented(member) if member else ()
    if own is not None and chain and _looks_like_member(own, chain[0]):
        return tell("auth.x509-member-certificate", Certainty.LIKELY)
    if member is not None and certificate_requested(member) is False:
        return tell(
            "auth.mechanism-disabled",
            Certainty.LIKELY,
            detail="It does not ask for a client certificate in TLS, so it sees no name.",
            mechanism="MONGODB-X509",
            available="other methods",
        )
    return tell("auth.x509-unknown-subject", Certainty.LIKELY, subject=subject)


def _looks_like_member(client: CertificateFacts, server: CertificateFacts) -> bool:
    mine, its = ([sorted(attribute(c.subject, kind)) for kind in _MEMBERSHIP] for c in (client, server))
    return mine == its and any(mine)


def outside_identity(facts: Facts) -> Finding | None:
    """The identity that Kerberos, AWS or an OIDC provider vouches for is no user here."""
    whose = {"GSSAPI": user_of(facts), "MONGODB-AWS": "of this AWS identity", "MONGODB-OIDC": "of this OIDC token"}
    user = whose.get(mechanism_of(facts) or "")
    if user is None or code_of_login(facts) not in (AUTHENTICATION_FAILED, USER_NOT_FOUND):
        return None
    certainty = Certainty.LIKELY if code_of_login(facts) == USER_NOT_FOUND else Certainty.POSSIBLE
    return finding(
        "auth.unknown-user",
        certainty,
        evidence={"mechanism": mechanism_of(facts), "code": code_of_login(facts)},
        detail="The server may also distrust the identity itself.",
        user=user,
        database="$external",
    )
