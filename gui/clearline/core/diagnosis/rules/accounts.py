"""What the facts say about the login: who, where, how, and how it ended."""

from __future__ import annotations

from typing import Any

from clearline.core.diagnosis.standing import txt_option
from clearline.core.facts.servers import MemberFacts
from clearline.core.facts.whole import Facts
from clearline.core.findings import Json

USER_NOT_FOUND, AUTHENTICATION_FAILED, MECHANISM_UNAVAILABLE = 11, 18, 334
"""Server codes."""
EXTERNAL = frozenset({"GSSAPI", "MONGODB-X509", "MONGODB-AWS", "MONGODB-OIDC"})
"""Mechanisms whose users are always looked up in $external."""


def login_failed(facts: Facts) -> bool:
    """Whether the driver's login was turned down, here or there."""
    login = facts.login
    if login.succeeded:
        return False
    return login.refused_here or login.unproven or login.failed_step is not None or login.code is not None


def code_of_login(facts: Facts) -> int | None:
    """The server's code for the failed login."""
    if facts.login.code is not None:
        return facts.login.code
    return facts.driver.code if facts.driver.raised_by == "login" else None


def login_member(facts: Facts) -> MemberFacts | None:
    """The server that turned the login down: where it is known, or the only one there is."""
    if facts.login.server is not None:
        return facts.member(facts.login.server)
    return facts.members[0] if len(facts.members) == 1 else None


def mechanism_of(facts: Facts) -> str | None:
    """The mechanism of the login: the one in use, else the one asked for; None when the driver negotiates."""
    mechanism = facts.login.mechanism or facts.uri.options.get("authMechanism")
    return mechanism if isinstance(mechanism, str) and mechanism != "DEFAULT" else None


def properties(facts: Facts) -> dict[str, Any]:
    """authMechanismProperties as given."""
    given = facts.uri.options.get("authMechanismProperties")
    return dict(given) if isinstance(given, dict) else {}


def user_of(facts: Facts) -> str | None:
    """The user who logs in; None when the mechanism finds its name elsewhere."""
    return facts.login.user or facts.uri.user


def auth_database(facts: Facts) -> str:
    """Where the login looks the user up (Authentication spec: authSource, else the path's database, else admin)."""
    if facts.login.database:
        return facts.login.database
    mechanism = mechanism_of(facts)
    if mechanism in EXTERNAL:
        return "$external"
    source = facts.uri.options.get("authSource") or txt_option(facts, "authsource") or facts.uri.database
    return str(source) if source else "$external" if mechanism == "PLAIN" else "admin"


def mechanisms_in(facts: Facts, database: str, user: str | None) -> tuple[str, ...]:
    """The mechanisms that the server lists for a user of one database; empty when it knows none (or was not asked)."""
    return facts.user_mechanisms.get(f"{database}.{user}", ())


def login_evidence(facts: Facts) -> dict[str, Json]:
    """The evidence about the login, as the report shows it."""
    login = facts.login
    return {
        "failed_step": login.failed_step,
        "code": code_of_login(facts),
        "mechanism": mechanism_of(facts),
        "database": auth_database(facts),
        "saslSupportedMechs": {name: list(mechanisms) for name, mechanisms in facts.user_mechanisms.items()},
        "server": login.server,
    }


def proof_refused(facts: Facts) -> bool:
    """Whether the server went on with this user, so that the password is what it turned down."""
    known = mechanisms_in(facts, auth_database(facts), user_of(facts))
    return bool(known) or facts.login.failed_step == "saslContinue" or mechanism_of(facts) == "PLAIN"
