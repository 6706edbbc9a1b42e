"""Findings about the login: who was refused, at which step, and what the server tells about users without one.

``Authentication failed.`` stands for 14 causes. What splits them: the mechanisms that hello lists for a user of a
database (none: no such user there), the command that failed, whether a read works without login, and the text of the
credentials. Nothing splits a wrong password from a restriction to certain client addresses; the catalogue says so.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from functools import partial

from clearline.core.diagnosis.catalogue import finding, listed
from clearline.core.diagnosis.rules import auth_external
from clearline.core.diagnosis.rules.accounts import (
    AUTHENTICATION_FAILED,
    EXTERNAL,
    USER_NOT_FOUND,
    auth_database,
    code_of_login,
    login_failed,
    login_member,
    mechanism_of,
    mechanisms_in,
    user_of,
)
from clearline.core.diagnosis.rules.places import is_loopback
from clearline.core.diagnosis.rules.products import is_ferretdb, is_genuine, product_named
from clearline.core.diagnosis.standing import Standing, answered, is_connected, standing
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding, Remedy
from clearline.core.late_patterns import late

UNAUTHORIZED = 13
MECHANISM_UNAVAILABLE = 334
COMMAND_NOT_FOUND = 59
ATLAS_ERROR = 8000
"""Server codes."""
OUTSIDE_MECHANISMS = frozenset({"PLAIN", "GSSAPI", "MONGODB-AWS", "MONGODB-OIDC"})


def _evidence(facts: Facts) -> dict[str, object]:
    login = facts.login
    return {
        "failed_step": login.failed_step,
        "code": code_of_login(facts),
        "mechanism": mechanism_of(facts),
        "database": auth_database(facts),
        "saslSupportedMechs": {name: list(mechanisms) for name, mechanisms in facts.user_mechanisms.items()},
        "server": login.server,
    }


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
        mechanism_of_another_product,
        control_character,
        auth_external.refused_here,
        atlas,
        no_mechanism_left,
        mechanism_unavailable,
        auth_external.x509,
        no_access_control,
        other_place,
        mechanism_not_for_user,
        auth_external.outside_identity,
        password_text,
        unknown_user,
        wrong_password,
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
        evidence=_evidence(facts),
        server=facts.login.server or facts.driver.server,
        host=facts.login.server or facts.driver.server or "The server",
        user=user_of(facts) or "the user",
    )


_NO_TEXT = "U+FFFD"
"""What bytes become that are no UTF-8."""


def control_character(facts: Facts) -> Finding | None:
    """The password holds what SASLprep forbids."""
    traits = facts.uri.password
    character = traits.control_character
    if not facts.login.refused_here or character is None:
        return None
    no_text = character == _NO_TEXT
    if traits.line_break_ends:
        return finding(
            "auth.control-character",
            Certainty.PROVEN,
            evidence={"character": character, "where": "end"},
            detail="It ends with a line break, as echo and editors put one behind what they write into a file.",
            fix="Remove the line break, and write the secret anew without one (printf or echo -n).",
            action="trim-password",
            character=f"a line break at its end, {character}",
        )
    if traits.control_from_escape:
        return finding(
            "auth.percent-in-password",
            Certainty.LIKELY,
            evidence={"character": character},
            detail=f"It became {character}, which no password may contain, so nothing was sent to the server."
            + (" A letter written in another encoding than UTF-8 looks the same: ï is %C3%AF." if no_text else ""),
            action="keep-percent",
            sequence="A % with two digits",
        )
    return finding(
        "auth.control-character",
        Certainty.PROVEN,
        evidence={"character": character},
        action="ask-password",
        also=_other_passwords(facts),
        character=character,
    )


def atlas(facts: Facts) -> Finding | None:
    """Atlas' proxy turns the credentials down."""
    if code_of_login(facts) != ATLAS_ERROR:
        return None
    words = facts.driver.words
    return finding(
        "auth.atlas-bad-auth",
        Certainty.LIKELY,  # the one code for all that its proxy turns down
        evidence={**_evidence(facts), "words": words},
        detail=f"Its own words: {words}." if words else "",
        action="ask-password",
    )


def no_mechanism_left(facts: Facts) -> Finding | None:
    """The user is there, with credentials only for mechanisms that the server has switched off."""
    user, database = user_of(facts), auth_database(facts)
    if f"{database}.{user}" not in facts.users_without_mechanism or database == "$external":
        return None
    if code_of_login(facts) not in (AUTHENTICATION_FAILED, USER_NOT_FOUND, MECHANISM_UNAVAILABLE):
        return None
    return finding(
        "auth.mechanism-disabled",
        Certainty.PROVEN if is_genuine(facts) else Certainty.LIKELY,
        evidence=_evidence(facts),
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
    if mechanism.startswith("SCRAM") and auth_database(facts) == "$external" and (found := other_place(facts)):
        return found  # No login to $external works with a password; the same user elsewhere can.
    if mechanism in OUTSIDE_MECHANISMS:
        patch: dict[str, object] | None = None
        if mechanism == "PLAIN":
            source = {"source": None} if facts.uri.options.get("authSource") == "$external" else {}
            patch = {"auth": {"mechanism": None, **source}}
        return finding(
            "auth.mechanism-not-supported",
            Certainty.PROVEN,
            evidence=_evidence(facts),
            patch=patch,
            mechanism=mechanism,
        )
    others = sorted({m for mechanisms in facts.user_mechanisms.values() for m in mechanisms} - {mechanism})
    return finding(
        "auth.mechanism-disabled",
        Certainty.PROVEN,
        evidence=_evidence(facts),
        patch={"auth": {"mechanism": None}},
        mechanism=mechanism,
        available=listed(others, nothing="other methods"),
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
        evidence={**_evidence(facts), "words": words},
        detail=f"Its own words: {words}" if words else "",
        fix="Use PLAIN over TLS (authMechanism=PLAIN, tls=true), which such servers pass on to their accounts; or "
        "look at its manual for the mechanisms it has.",
        patch={"auth": {"mechanism": "PLAIN"}} if facts.tls_wanted else None,
        mechanism=mechanism,
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
        Certainty.PROVEN if is_genuine(facts) else Certainty.LIKELY,
        evidence={**_evidence(facts), "read without login": 0},
        patch={"auth": {"user": None, "mechanism": None, "source": None}},
        user=user,
    )


def other_place(facts: Facts) -> Finding | None:
    """The user is there, but in another database or with other letters."""
    user, database = user_of(facts), auth_database(facts)
    if user is None or mechanisms_in(facts, database, user):
        return None
    sure = Certainty.PROVEN if is_genuine(facts) else Certainty.LIKELY
    tell = partial(finding, certainty=sure, evidence=_evidence(facts))
    homes = [name for name, known in _homes(facts) if known == user and name != "$external"]
    if homes:
        actual = homes[0]
        if len(homes) > 1:  # Which of them is meant, only the password's owner knows.
            return finding(
                "auth.wrong-authsource",
                Certainty.LIKELY,
                evidence=_evidence(facts),
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
            evidence=_evidence(facts),
            detail="Here the + stands in the user name, and no user of the name with a space is known.",
            action="escape-password",
        )
    return None


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


def mechanism_not_for_user(facts: Facts) -> Finding | None:
    """A mechanism is forced that this user has no credentials for."""
    forced, user, database = facts.uri.options.get("authMechanism"), user_of(facts), auth_database(facts)
    known = mechanisms_in(facts, database, user)
    if forced not in ("SCRAM-SHA-1", "SCRAM-SHA-256", "PLAIN") or not known or forced in known:
        return None
    return finding(
        "auth.mechanism-not-for-user",
        Certainty.PROVEN,
        evidence=_evidence(facts),
        patch={"auth": {"mechanism": None}},
        user=user,
        mechanism=forced,
        available=listed(known),
    )


def _proof_refused(facts: Facts) -> bool:
    """Whether the server went on with this user, so that the password is what it turned down."""
    known = mechanisms_in(facts, auth_database(facts), user_of(facts))
    return bool(known) or facts.login.failed_step == "saslContinue" or mechanism_of(facts) == "PLAIN"


def password_text(facts: Facts) -> Finding | None:
    """The text of the password explains why it is not what the user means."""
    traits = facts.uri.password
    if not _proof_refused(facts) or code_of_login(facts) not in (AUTHENTICATION_FAILED, USER_NOT_FOUND):
        return None
    tell = partial(finding, certainty=Certainty.LIKELY, evidence=_evidence(facts))
    if traits.literal_plus or traits.user_literal_plus:
        return tell("auth.plus-in-password", action="escape-password")
    if traits.needless_escape:
        return tell("auth.percent-in-password", action="escape-password", sequence="A % with two digits")
    if traits.double_escape:
        return tell(
            "auth.percent-in-password",
            detail="It looks like a password that was escaped twice: its own %XX became %25XX.",
            sequence="A %25 with two digits",
        )
    if traits.outer_space:
        return tell("auth.space-in-password", action="ask-password", where=traits.outer_space)
    return None


def unknown_user(facts: Facts) -> Finding | None:
    """No database that was asked knows the user."""
    user, database = user_of(facts), auth_database(facts)
    if user is None or _proof_refused(facts):
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
    return finding(
        "auth.unknown-user",
        Certainty.PROVEN if was_asked and is_genuine(facts) and database != "$external" else Certainty.LIKELY,
        evidence=_evidence(facts),
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
    """Where neither the options nor the path names a database: the server cannot be asked where the user is."""
    home, dot, name = (user_of(facts) or "").partition(".")
    if dot and name and home in ("admin", "test", facts.uri.database):
        return (
            Remedy(
                text=f"MongoDB lists its users as DATABASE.NAME: if {home} is the database, the user is {name}.",
                patch={"auth": {"user": name, "source": home}},
            ),
        )
    if facts.uri.options.get("authSource") or facts.uri.database or mechanism_of(facts) in EXTERNAL:
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
    names = {name.partition(".")[0] for name in facts.user_mechanisms} - {auth_database(facts)}
    return listed(sorted(names), nothing="")


def wrong_password(facts: Facts) -> Finding | None:
    """The server knows the user and refused the proof."""
    user, database = user_of(facts), auth_database(facts)
    if user is None or code_of_login(facts) not in (AUTHENTICATION_FAILED, USER_NOT_FOUND):
        return None
    known = mechanisms_in(facts, database, user)
    return finding(
        "auth.wrong-password",
        # Not even the server's answer tells it from a user who may log in from certain addresses only.
        Certainty.LIKELY,
        evidence=_evidence(facts),
        detail="" if known else "This server does not tell whether it knows the user: the name may be wrong as well.",
        action="ask-password",
        also=_other_passwords(facts),
        user=user,
        database=database,
    )


def _other_passwords(facts: Facts) -> tuple[Remedy, ...]:
    """What else the text of the password can mean."""
    traits = facts.uri.password
    remedies = []
    if traits.outer_quotes:
        remedies.append(
            Remedy(
                text="It begins and ends with a quotation mark. Docker's --env-file and Kubernetes keep those as part "
                "of the value: remove both where they are no part of the password."
            )
        )
    if traits.base64_text:
        remedies.append(
            Remedy(
                text="It looks like the base64 form of a password, as a Kubernetes secret shows it: decode it first "
                "(base64 -d).",
                action="decode-password",
            )
        )
    if traits.escaped:
        remedies.append(
            Remedy(
                text="If the account was created with the text as it stands in the address, percent signs included, "
                "write each % as %25 (%23 becomes %2523).",
                action="keep-percent",
            )
        )
    return tuple(remedies)


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
            )
            return


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
