"""A login whose user is not there: in another database, under another name, or nowhere."""

from __future__ import annotations

import unicodedata
from functools import partial

from clearline.core.diagnosis.catalogue import finding, listed
from clearline.core.diagnosis.rules.accounts import (
    AUTHENTICATION_FAILED,
    EXTERNAL,
    USER_NOT_FOUND,
    auth_database,
    code_of_login,
    login_evidence,
    mechanism_of,
    mechanisms_in,
    proof_refused,
    user_of,
)
from clearline.core.diagnosis.rules.places import is_loopback
from clearline.core.diagnosis.rules.products import is_genuine
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding, Remedy
from clearline.core.text.late_patterns import late


def other_place(facts: Facts) -> Finding | None:
    """The user is there, but in another database or with other letters."""
    user, database = user_of(facts), auth_database(facts)
    if user is None or mechanisms_in(facts, database, user):
        return None
    sure = Certainty.PROVEN if is_genuine(facts) else Certainty.LIKELY
    tell = partial(finding, certainty=sure, evidence=login_evidence(facts))
    homes = [name for name, known in _homes(facts) if known == user and name != "$external"]
    if homes:
        actual = homes[0]
        if len(homes) > 1:  # Which of them is meant, only the password's owner knows.
            return finding(
                "auth.wrong-authsource",
                Certainty.LIKELY,
                evidence=login_evidence(facts),
                detail="These are accounts of their own: the one whose password you have counts.",
                fix=f"Add authSource={actual}.",
                patch={"auth": {"source": actual}},
                also=tuple(
                    Remedy(text=f"Or add authSource={home}.", patch={"auth": {"source": home}}) for home in homes[1:4]
                ),
                user=user,
                database=database,
                actual=listed(homes),
            )
        patch = {"auth": {"source": actual}}
        return tell("auth.wrong-authsource", patch=patch, user=user, database=database, actual=actual)
    if _is_kept_outside(facts, user, database):
        return finding(
            "auth.wrong-authsource",
            Certainty.LIKELY,  # the one that is meant may be another of that name, which is still to be created
            evidence=login_evidence(facts),
            means="Users of $external have no password in MongoDB: a certificate, LDAP, Kerberos, AWS or OIDC vouches "
            "for them.",
            fix="Name the method: authMechanism=MONGODB-X509 without a password for a client certificate, PLAIN over "
            "TLS for LDAP, GSSAPI for Kerberos. Each of them looks the user up in $external.",
            user=user,
            database=database,
            actual="$external",
        )
    alike = [(name, known) for name, known in _homes(facts) if known != user and _plain(known) == _plain(user)]
    if alike:
        home, actual = min(alike, key=lambda pair: pair[0] != database)
        place = {} if home == database else {"source": home}
        means = "The name begins or ends with a space or a line break." if user != user.strip() else ""
        if unicodedata.normalize("NFC", user) == actual:
            means = "The two look the same, but an accented letter is made of other characters."
        patch = {"auth": {"user": actual, **place}}
        return tell("auth.user-name-case", patch=patch, means=means, user=_visible(user), actual=actual)
    if facts.uri.password.user_literal_plus:
        return finding(
            "auth.plus-in-password",
            Certainty.LIKELY,
            evidence=login_evidence(facts),
            detail="Here the + stands in the user name, and no user of the name with a space is known.",
            action="escape-password",
        )
    return None


def _is_kept_outside(facts: Facts, user: str, database: str) -> bool:
    """Whether the server knows the user in $external, where none has a password, and does not say so of every name."""
    known = facts.users_without_mechanism
    return f"$external.{user}" in known and database != "$external" and f"{database}.{user}" not in known


def _visible(user: str) -> str:
    """A user name in which line breaks and the like are seen."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in user)


def _plain(user: str) -> str:
    """A user name without what the eye overlooks."""
    return unicodedata.normalize("NFC", user).strip().lower()


def _homes(facts: Facts) -> list[tuple[str, str]]:
    """Where the server knows which user: ``(database, user)``, admin and the path's database first."""
    found = [name.partition(".")[::2] for name, mechanisms in facts.user_mechanisms.items() if mechanisms]
    order = ["admin", facts.uri.database]
    return sorted(found, key=lambda pair: order.index(pair[0]) if pair[0] in order else len(order))


def unknown_user(facts: Facts) -> Finding | None:
    """No database that was asked knows the user."""
    user, database = user_of(facts), auth_database(facts)
    if user is None or proof_refused(facts):
        return None
    was_asked = f"{database}.{user}" in facts.user_mechanisms
    if not was_asked and facts.login.failed_step not in ("saslStart", "authenticate"):
        return None
    if code_of_login(facts) not in (AUTHENTICATION_FAILED, USER_NOT_FOUND):
        return None
    hints = ["The name begins or ends with a space."] if user != user.strip() else []
    if "\ufffd" in user:
        hints.append("A %XX in the name is no UTF-8: an address writes é as %C3%A9, and not as %E9.")
    if elsewhere := _asked_elsewhere(facts):
        hints.append(f"It is not in {elsewhere} either.")
    if not is_genuine(facts):
        hints.append("A product other than MongoDB may say the same of a wrong password.")
    return finding(
        "auth.unknown-user",
        Certainty.PROVEN if was_asked and is_genuine(facts) and database != "$external" else Certainty.LIKELY,
        evidence=login_evidence(facts),
        detail=" ".join(hints),
        also=(*_of_a_directory(user, database), *_another_database(facts), *_initial_users(facts)),
        user=user,
        database=database,
    )


_SUBJECT = late(r"(?i)(?:cn|uid|ou|dc|o)=[^,]+(?:,\s*[a-z]+=[^,]+)*")
_PRINCIPAL = late(r"[^@\\]+@[A-Z0-9][A-Z0-9.\-]+|[\w.\-]+\\[\w.\-]+")
"""A name with a Kerberos realm, or with a Windows domain before it."""


def _of_a_directory(user: str, database: str) -> tuple[Remedy, ...]:
    """What helps where the name has the form of a user that is kept outside MongoDB."""
    if database == "$external":
        return ()
    if _SUBJECT.fullmatch(user):
        text = (
            "The name has the form of a certificate's subject or of an entry of a directory: such users are looked up "
            "in $external. For a client certificate use authMechanism=MONGODB-X509 without a password, for LDAP "
            "authMechanism=PLAIN over TLS."
        )
    elif _PRINCIPAL.fullmatch(user):
        text = (
            "The name has the form of a Kerberos or Windows account: such users are looked up in $external. Use "
            "authMechanism=GSSAPI, or for LDAP authMechanism=PLAIN over TLS."
        )
    else:
        return ()
    return (Remedy(text=text),)


def _another_database(facts: Facts) -> tuple[Remedy, ...]:
    """Where no authSource is given: the server cannot be asked in which database the user is."""
    user = user_of(facts) or ""
    home, _, name = user.partition(".")
    first, _, last = user.rpartition("@")
    for database, alone, form in ((home, name, "DATABASE.NAME"), (last, first, "NAME@DATABASE")):
        if alone and database in ("admin", "test", facts.uri.database):
            return (
                Remedy(
                    text=f"Users are listed as {form}: if {database} is the database, the user is {alone}.",
                    patch={"auth": {"user": alone, "source": database}},
                ),
            )
    if facts.uri.options.get("authSource") or mechanism_of(facts) in EXTERNAL:
        return ()
    text = "If the user was created in another database, name that one: authSource=DATABASE."
    return (Remedy(text=text),)


def _initial_users(facts: Facts) -> tuple[Remedy, ...]:
    """The commonest story of a local server in a container."""
    if not any(is_loopback(m) or "." not in m.host for m in facts.members):
        return ()
    return (
        Remedy(
            text="If the server runs in a container: MONGO_INITDB_ROOT_USERNAME and the like create users only on an "
            "empty data volume. A volume from an earlier start keeps the users that it had: create the user there, or "
            "start with a new volume (docker compose down -v deletes the data)."
        ),
    )


def _asked_elsewhere(facts: Facts) -> str:
    asked = (name for name in facts.user_mechanisms if name not in facts.users_without_mechanism)
    names = {name.partition(".")[0] for name in asked} - {auth_database(facts)}
    return listed(sorted(names), nothing="")
