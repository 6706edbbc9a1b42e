"""Findings about the login: who was refused, at which step, and what the server tells about users without one.

``Authentication failed.`` stands for 14 causes. What splits them: the mechanisms that hello lists for a user of a
database (none: no such user there), the command that failed, whether a read works without login, and the text of the
credentials. Nothing splits a wrong password from a restriction to certain client addresses; the catalogue says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from clearline.core.diagnosis.catalogue import finding
from clearline.core.diagnosis.rules import auth_external, auth_mechanisms, auth_passwords, auth_users
from clearline.core.diagnosis.rules.accounts import (
    AUTHENTICATION_FAILED,
    USER_NOT_FOUND,
    code_of_login,
    login_evidence,
    login_failed,
    login_member,
    user_of,
)
from clearline.core.diagnosis.rules.evidence import is_atlas
from clearline.core.diagnosis.rules.products import COMMAND_NOT_FOUND, is_genuine
from clearline.core.diagnosis.standing import Standing, answered, is_connected, standing
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding, Remedy

UNAUTHORIZED = 13
ATLAS_ERROR = 8000
"""Server codes."""


# ---------------------------------------------------------------- the one login that failed


def login(facts: Facts) -> Iterable[Finding]:
    """Why the login failed: the first explanation that the evidence supports."""
    if not login_failed(facts):
        return
    member = login_member(facts)
    if member is not None and member.hello is not None and member.hello.arbiter_only:
        return  # An arbiter holds no users: that it is one is the cause.
    if facts.login.refused_here and auth_external.lacks_package(facts):
        return  # Nothing was sent, so nothing can be said about the account.
    for rule in (
        not_genuine,
        auth_mechanisms.mechanism_of_another_product,
        auth_passwords.control_character,
        auth_external.refused_here,
        atlas,
        auth_mechanisms.no_mechanism_left,
        auth_mechanisms.mechanism_unavailable,
        auth_external.x509,
        no_access_control,
        auth_users.other_place,
        auth_mechanisms.mechanism_not_for_user,
        auth_external.outside_identity,
        own_words,
        auth_passwords.password_text,
        auth_users.unknown_user,
        auth_passwords.wrong_password,
    ):
        if found := rule(facts):
            yield found
            return


def not_genuine(facts: Facts) -> Finding | None:
    """The server's part of SCRAM does not hold (RFC 5802): its nonce, iteration count or signature."""
    if not facts.login.unproven:
        return None
    return finding(
        "auth.server-not-genuine",
        Certainty.PROVEN,
        evidence=login_evidence(facts),
        detail=""
        if is_genuine(facts)
        else "A product other than MongoDB that says in its own way that the password is wrong looks the same.",
        server=facts.login.server or facts.driver.server,
        host=facts.login.server or facts.driver.server or "The server",
        user=user_of(facts) or "the user",
    )


def atlas(facts: Facts) -> Finding | None:
    """Atlas' proxy turns the credentials down."""
    if code_of_login(facts) != ATLAS_ERROR:
        return None
    words, member = facts.driver.words, login_member(facts)
    told = f"Its own words: {words}." if words else ""
    named = member is None or is_atlas(member.host)
    by_name = (
        "Its proxies tell the clusters apart by the host name in TLS, and an address or the name of a tunnel is none: "
        "point the cluster's own name there in the hosts file, and connect by that."
    )
    return finding(
        "auth.atlas-bad-auth",
        Certainty.LIKELY,  # the one code for all that its proxy turns down
        evidence={**login_evidence(facts), "words": words},
        detail=told,
        also=() if named else (Remedy(text=by_name),),
        action="ask-password",
    )


_THE_USUAL = "authentication failed"
"""All that MongoDB tells with code 18 about a user and a password, whatever the cause."""


def own_words(facts: Facts) -> Finding | None:
    """Code 18 with a reason, as something else than MongoDB gives it: quoted, for it says more than the code."""
    login, words = facts.login, facts.driver.words
    if code_of_login(facts) != AUTHENTICATION_FAILED or not words or words.strip(" .").lower() == _THE_USUAL:
        return None
    return finding(
        "auth.login-refused",
        Certainty.LIKELY,
        server=login.server,
        evidence=login_evidence(facts),
        means="MongoDB itself gives no reason with this code, 18: something else decides about the login there.",
        fill={"words": words, "code": "18"},
    )


def no_access_control(facts: Facts) -> Finding | None:
    """The server wants no login and has no such user."""
    user, member = user_of(facts), login_member(facts)
    members = [member] if member is not None else list(facts.members)
    is_open = any(m.extras is not None and m.extras.open_read_code == 0 for m in members)
    if not is_open or user is None or any(facts.user_mechanisms.values()):
        return None
    if code_of_login(facts) not in (AUTHENTICATION_FAILED, USER_NOT_FOUND, COMMAND_NOT_FOUND):
        return None
    return finding(
        "auth.no-access-control",
        Certainty.LIKELY,
        evidence={**login_evidence(facts), "read without login": 0},
        detail="A server on its way to access control (transitionToAuth) has users already and lets in without a login "
        "too: then it is the name, or authSource, that is wrong.",
        patch={"auth": {"user": None, "mechanism": None, "source": None}},
        user=user,
    )


# ---------------------------------------------------------------- without a login


def credentials_missing(facts: Facts) -> Iterable[Finding]:
    """A login is needed and none is given."""
    if is_connected(facts) or facts.uri.user is not None or facts.uri.options.get("authMechanism"):
        return
    live = answered(facts)
    # Where no hello got an answer, the code is that of hello, which needs no login at any MongoDB.
    codes = {"driver": facts.driver.code} if live or not facts.members else {}
    for member, hello in live:
        if member.extras is not None and not hello.arbiter_only:
            codes[member.address] = member.extras.open_read_code
    for needed, certainty in ((UNAUTHORIZED, Certainty.PROVEN), (ATLAS_ERROR, Certainty.LIKELY)):
        if told := [where for where, code in codes.items() if code == needed]:
            yield finding(
                "auth.credentials-missing",
                certainty,
                evidence={"code": needed, "told by": told},
                action="ask-credentials",
                also=_by_certificate(facts),
            )
            return


def _by_certificate(facts: Facts) -> tuple[Remedy, ...]:
    """Where a client certificate is shown, which by itself logs no one in."""
    if "tlsCertificateKeyFile" not in facts.uri.options:
        return ()
    text = (
        "Or log in by the client certificate, where its subject is a user: authMechanism=MONGODB-X509. Without that "
        "option it only opens the connection."
    )
    return (Remedy(text=text, patch={"auth": {"mechanism": "MONGODB-X509"}}),)


def open_server(facts: Facts) -> Iterable[Finding]:
    """All may read without login."""
    for member in facts.members:
        if standing(facts, member) is Standing.ANSWERED and member.extras and member.extras.open_read_code == 0:
            yield finding(
                "auth.open-server",
                # Another product may answer a read of what is not there without looking at rights.
                Certainty.PROVEN if member.extras.genuine is True else Certainty.LIKELY,
                server=member.address,
                evidence={"read without login": 0},
                host=member.host,
            )


RULES: tuple[Callable[[Facts], Iterable[Finding]], ...] = (login, credentials_missing, open_server)
