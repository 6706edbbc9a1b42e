"""From a connection string of another program to an item: secrets apart, what PyMongo ignores named."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from clearline.core.diagnosis.catalogue import causes
from clearline.core.exchange.imported import ImportedItem, one_line
from clearline.core.facts.text import Mistake
from clearline.core.findings import Severity
from clearline.core.profiles.profile import Profile
from clearline.core.secrets.references import has_references, is_reference
from clearline.core.secrets.secret import PROXY_PASSWORD, Secret, hop_password
from clearline.core.uri import connection_string
from clearline.core.uri.proxy_options import in_text
from clearline.core.uri.remedies import remedied

LONGEST_TEXT: Final = 4096
"""Of one connection string; one with fifty hosts has about 2,500 characters."""

_REPAIRED: Final = "User name or password held characters that have to be escaped: imported as they were typed."
_PLUS: Final = re.compile(r"^(mongodb(?:\+srv)?://)([^/?#@]*)@", re.IGNORECASE)


def item_from(
    text: Any,
    *,
    name: str = "",
    base: Profile | None = None,
    extra_secrets: dict[str, Secret] | None = None,
    literal_plus: bool = False,
    foreign: tuple[str, ...] = (),
    remarks: tuple[str, ...] = (),
    has_identity: bool = False,
) -> ImportedItem:
    """One connection from its text and what the file says about it. Never raises.

    ``base`` gives id, folder, colour, notes and the like. With ``literal_plus`` a plus sign in user and password
    stands for itself, as programs on Node.js read it, and not for a space, as PyMongo does. ``foreign`` are settings
    beside the text that PyMongo has no use for: they go into the notes.
    """
    base = base or Profile()
    shown = one_line(name)
    if not isinstance(text, str) or not text.strip():
        return ImportedItem(name=shown, problem="There is no connection string.")
    if len(text) > LONGEST_TEXT:
        return ImportedItem(name=shown, problem=f"The connection string has more than {LONGEST_TEXT:,} characters.")
    if literal_plus:
        text = _PLUS.sub(lambda found: f"{found[1]}{found[2].replace('+', '%2B')}@", text.strip())
    shown = shown or one_line(base.name)
    reading = connection_string.read(text, profile=base, given=extra_secrets)
    repaired = _repaired(reading, base)
    reading = repaired or reading
    read = reading.profile
    if not read.seeds.hosts:
        return ImportedItem(name=shown, problem="There is no host in the connection string.")
    secrets = {**reading.secrets, **(extra_secrets or {})}
    if in_text(read.hops) and PROXY_PASSWORD in secrets:
        secrets[hop_password(0)] = secrets.pop(PROXY_PASSWORD)
    placeholders = [m for m in reading.mistakes if m.cause in ("uri.placeholder", "uri.not-set")]
    told = [*remarks, *([_REPAIRED] if repaired is not None else [])]
    if any(m.blanks.get("what") == "password" and m.severity is Severity.FAILURE for m in placeholders):
        secrets = {key: secret for key, secret in secrets.items() if key != "password" or key in (extra_secrets or {})}
        told.append("The password is a placeholder, so none is imported.")
    profile = msgspec.structs.replace(
        read,
        name=shown or address_name(read),
        notes=with_foreign(base.notes, foreign),
        env_file=base.env_file if has_references(text) else None,
        tls=msgspec.structs.replace(read.tls, trust=None if read.tls.ca_file else read.tls.trust),
    )
    return ImportedItem(
        name=profile.name,
        profile=profile,
        secrets=secrets,
        problem=_refusal(reading.mistakes),
        kept_foreign=(*(entry.name for entry in profile.unread), *foreign),
        remarks=tuple(told),
        has_identity=has_identity,
    )


def address_name(profile: Profile) -> str:
    """A name for a nameless connection: its first host, and how many more there are."""
    hosts = profile.seeds.hosts
    if not hosts:
        return ""
    return one_line(hosts[0]).removesuffix(":27017") + (f" +{len(hosts) - 1}" if hosts[1:] else "")


def with_foreign(notes: str, foreign: tuple[str, ...]) -> str:
    """The notes, with the settings that have no other place."""
    if not foreign:
        return notes
    return "\n".join(filter(None, (notes, "Imported settings that PyMongo has no use for: " + "; ".join(foreign))))


def _repaired(reading: connection_string.Reading, base: Profile) -> connection_string.Reading | None:
    """The text with user name and password escaped as they were typed; None where they are."""
    for mistake in reading.mistakes:
        if mistake.action in ("escape-user", "escape-password") and (text := remedied(reading, mistake)) is not None:
            return connection_string.read(text, profile=base)
    return None


def _refusal(mistakes: tuple[Mistake, ...]) -> str:
    """What the driver will refuse, as one sentence; references and left-out passwords are no fault of the text."""
    for mistake in mistakes:
        if mistake.severity is Severity.FAILURE and not _left_open(mistake):
            return causes()[mistake.cause].title.format_map(mistake.blanks)
    return ""


def _left_open(mistake: Mistake) -> bool:
    match mistake.cause:
        case "uri.missing-password":  # what is shared rightly leaves it out
            return True
        case "uri.bad-value":  # nor the proxy's
            return mistake.blanks.get("option", "").lower() == "proxyusername"
        case "uri.placeholder" | "uri.not-set":
            placeholder = mistake.blanks.get("placeholder", "")
            return mistake.blanks.get("what") == "password" or is_reference(placeholder)
        case _:
            return False
