"""A login whose password was refused, by the server or before it was sent."""

from __future__ import annotations

from functools import partial

from clearline.core.diagnosis.catalogue import finding
from clearline.core.diagnosis.rules.accounts import (
    AUTHENTICATION_FAILED,
    USER_NOT_FOUND,
    auth_database,
    code_of_login,
    login_evidence,
    mechanisms_in,
    proof_refused,
    user_of,
)
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding, Remedy

_NO_TEXT = "U+FFFD"
"""What bytes become that are no UTF-8."""


def control_character(facts: Facts) -> Finding | None:
    """The password holds what SASLprep forbids."""
    traits = facts.uri.password
    character = traits.control_character
    if not facts.login.refused_here:
        return None
    if character is None and traits.mixed_directions:
        return finding(
            "auth.control-character",
            Certainty.LIKELY,
            evidence={"mixed directions": True},
            summary="The password has letters that are written from right to left in a place where SCRAM-SHA-256 does "
            "not allow them.",
            detail="With such letters (Hebrew, Arabic) it must begin and end, and no letter of another script may "
            "stand between them (SASLprep, RFC 4013).",
            action="ask-password",
            fix="Type the password again; if it is right, have another one set, or use authMechanism=SCRAM-SHA-1 where "
            "the user has that.",
            character="a letter from right to left",
        )
    if character is None:
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
            fix="Write the letter in UTF-8; where the password holds a percent sign, write that as %25."
            if no_text
            else "",
            action=None if no_text else "keep-percent",
            also=(Remedy(text="Where it is a percent sign: write it as %25.", action="keep-percent"),)
            if no_text
            else (),
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


def password_text(facts: Facts) -> Finding | None:
    """The text of the password explains why it is not what the user means."""
    traits = facts.uri.password
    if not proof_refused(facts) or code_of_login(facts) not in (AUTHENTICATION_FAILED, USER_NOT_FOUND):
        return None
    tell = partial(finding, certainty=Certainty.LIKELY, evidence=login_evidence(facts))
    if traits.literal_plus or traits.user_literal_plus:
        return tell("auth.plus-in-password", action="escape-password")
    if traits.needless_escape:
        return tell("auth.percent-in-password", action="escape-password", sequence="A % with two digits")
    if traits.double_escape:
        return tell(
            "auth.percent-in-password",
            means="The address stands for a password with %XX in it, as an address writes a special character, and few "
            "passwords have that: it looks like one that was escaped twice.",
            summary="The password looks escaped twice: a %25 with two digits stands in it.",
            fix="Escape it once: write %XX where %25XX stands (%40 for an @, and not %2540).",
            sequence="A %25 with two digits",
        )
    if traits.outer_space:
        return tell("auth.space-in-password", action="ask-password", where=traits.outer_space)
    return None


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
        evidence=login_evidence(facts),
        means=""
        if known
        else f"The server refused the proof of the password, in {database}. A user who may only log in "
        "from certain addresses looks the same.",
        detail="" if known else "This server does not tell whether it knows the user: the name may be wrong as well.",
        action="ask-password",
        also=(*_namesakes(facts, user, database), *_other_passwords(facts)),
        user=user,
        database=database,
    )


def _namesakes(facts: Facts, user: str, database: str) -> tuple[Remedy, ...]:
    """Accounts of the same name in other databases, each with a password of its own."""
    homes = [name.removesuffix(f".{user}") for name, known in facts.user_mechanisms.items() if known]
    return tuple(
        Remedy(
            text=f"There is a user {user} in {home} too: if the password is that one's, write authSource={home}.",
            patch={"auth": {"source": home}},
        )
        for home in homes
        if home != database and f"{home}.{user}" in facts.user_mechanisms
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
