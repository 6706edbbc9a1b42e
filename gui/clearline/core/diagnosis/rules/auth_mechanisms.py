"""A login whose mechanism the server, the product or the user does not have."""

from __future__ import annotations

from clearline.core.diagnosis.catalogue import finding, listed
from clearline.core.diagnosis.rules.accounts import (
    AUTHENTICATION_FAILED,
    MECHANISM_UNAVAILABLE,
    USER_NOT_FOUND,
    auth_database,
    code_of_login,
    login_evidence,
    mechanism_of,
    mechanisms_in,
    user_of,
)
from clearline.core.diagnosis.rules.auth_users import other_place
from clearline.core.diagnosis.rules.products import COMMAND_NOT_FOUND, is_ferretdb, is_genuine, product_named
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding, Stage

_OUTSIDE_MECHANISMS = frozenset({"PLAIN", "GSSAPI", "MONGODB-AWS", "MONGODB-OIDC"})
"""Mechanisms by which another service than MongoDB judges the proof."""


def no_mechanism_left(facts: Facts) -> Finding | None:
    """The user is there, with credentials only for mechanisms that the server has switched off."""
    user, database = user_of(facts), auth_database(facts)
    if f"{database}.{user}" not in facts.users_without_mechanism or database == "$external":
        return None
    others = [name for name in facts.user_mechanisms if name != f"{database}.{user}" and name.endswith(f".{user}")]
    if others and set(others) <= set(facts.users_without_mechanism):
        return None  # It says the same of every database, so it does not tell.
    if (database, user) == ("local", "__system"):
        return finding(
            "auth.unknown-user",
            Certainty.LIKELY,
            evidence=login_evidence(facts),
            summary="__system is the account by which the members of a set log in to each other.",
            means="A server without a key file has no password for it, and programs have users of their own.",
            fix="Log in as a user that was created for the program.",
            user=user,
            database=database,
        )
    if code_of_login(facts) not in (AUTHENTICATION_FAILED, USER_NOT_FOUND, MECHANISM_UNAVAILABLE):
        return None
    return finding(
        "auth.mechanism-disabled",
        Certainty.PROVEN if is_genuine(facts) else Certainty.LIKELY,
        evidence=login_evidence(facts),
        summary=f"The server knows user {user} in {database}, and has every method switched off that this user has "
        "credentials for.",
        means="A password's credentials are made for the methods that were on when it was set (SCRAM-SHA-1, "
        "SCRAM-SHA-256).",
        fix="Have the password set again, which makes credentials for the methods that are on now, or the user's "
        "method switched on (authenticationMechanisms).",
        mechanism=mechanism_of(facts) or "SCRAM",
        available="other methods",
    )


def mechanism_unavailable(facts: Facts) -> Finding | None:
    """The server does not do this mechanism at all."""
    mechanism = mechanism_of(facts)
    if code_of_login(facts) != MECHANISM_UNAVAILABLE or mechanism is None:
        return None
    if mechanism.startswith("SCRAM") and auth_database(facts) == "$external":
        return other_place(facts) or _password_outside(facts)  # the same user elsewhere can log in so
    if mechanism in _OUTSIDE_MECHANISMS:
        patch: dict[str, object] | None = None
        if mechanism == "PLAIN":
            source = {"source": None} if facts.uri.options.get("authSource") == "$external" else {}
            patch = {"auth": {"mechanism": None, **source}}
        return finding(
            "auth.mechanism-not-supported",
            Certainty.PROVEN,
            evidence=login_evidence(facts),
            patch=patch,
            mechanism=mechanism,
        )
    asked = facts.uri.options.get("authMechanism")
    others = sorted({m for mechanisms in facts.user_mechanisms.values() for m in mechanisms} - {mechanism})
    return finding(
        "auth.mechanism-disabled",
        Certainty.PROVEN,
        evidence=login_evidence(facts),
        means="" if others else "It does not tell which others it has.",
        patch={"auth": {"mechanism": None}} if asked else None,
        fix="" if asked else f"Have {mechanism} switched on, or name another method that it has (authMechanism).",
        mechanism=mechanism,
        available=listed(others),
    )


def _password_outside(facts: Facts) -> Finding:
    return finding(
        "uri.mechanism-mismatch",
        Certainty.PROVEN,
        stage=Stage.AUTH,
        evidence=login_evidence(facts),
        summary="Users of $external do not log in by a password that MongoDB keeps, and no other method is named.",
        means="A certificate (X.509), LDAP, Kerberos, AWS or OIDC vouches for them. Without authMechanism the driver "
        "tries SCRAM, which the server does not do there.",
        fix="Name the method: authMechanism=MONGODB-X509 without a password for a client certificate, PLAIN over TLS "
        "for LDAP. For a user of MongoDB's own, set authSource to the database in which it was created, often admin.",
        mechanism="SCRAM",
        what="authSource=$external",
    )


def mechanism_of_another_product(facts: Facts) -> Finding | None:
    """A server that is not MongoDB and tells no mechanisms turned the first step down: its own words say why."""
    mechanism, words = mechanism_of(facts) or "SCRAM", facts.driver.message
    other = is_ferretdb(facts) or product_named(facts) is not None
    if not other or facts.login.failed_step != "saslStart" or any(facts.user_mechanisms.values()):
        return None
    if code_of_login(facts) not in (AUTHENTICATION_FAILED, COMMAND_NOT_FOUND, MECHANISM_UNAVAILABLE):
        return None
    return finding(
        "auth.mechanism-not-supported",
        Certainty.LIKELY,
        evidence={**login_evidence(facts), "words": words},
        detail=f"Its own words: {words}" if words else "",
        fix="Use PLAIN over TLS (authMechanism=PLAIN, tls=true), which such servers pass on to their accounts; or "
        "look at its manual for the mechanisms it has.",
        patch={"auth": {"mechanism": "PLAIN"}} if facts.tls_wanted else None,
        mechanism=mechanism,
    )


def mechanism_not_for_user(facts: Facts) -> Finding | None:
    """A mechanism is forced that this user has no credentials for."""
    forced, user, database = facts.uri.options.get("authMechanism"), user_of(facts), auth_database(facts)
    known = mechanisms_in(facts, database, user)
    if forced not in ("SCRAM-SHA-1", "SCRAM-SHA-256", "PLAIN") or not known or forced in known:
        return None
    return finding(
        "auth.mechanism-not-for-user",
        Certainty.PROVEN,
        evidence=login_evidence(facts),
        patch={"auth": {"mechanism": None}},
        user=user,
        mechanism=forced,
        available=listed(known),
    )
