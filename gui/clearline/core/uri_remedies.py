"""The one-click remedies of the lint, carried out: a mistake becomes the text without it."""

from __future__ import annotations

import msgspec

from clearline.core.connection_string import Reading, build
from clearline.core.facts import Mistake
from clearline.core.options import lookup
from clearline.core.profile import Profile, patched
from clearline.core.secrets import PASSWORD


def remedied(reading: Reading, mistake: Mistake) -> str | None:
    """The connection string after the mistake's patch or action, secrets in plain; None where it has no remedy.

    The actions: ``use-repaired-text``, ``escape-user`` and ``escape-password`` (the text written anew),
    ``remove-password``, ``remove-option:NAME``, ``remove-duplicate:NAME`` (keep the one that counts) and
    ``rename-option:NAME:NEW``.
    """
    secrets = dict(reading.secrets)
    if mistake.patch is not None:
        return build(patched(reading.profile, mistake.patch), secrets, show="plain")
    verb, _, rest = (mistake.action or "").partition(":")
    name, _, new = rest.partition(":")
    profile = reading.profile
    match verb:
        case "":
            return None
        case "remove-password":
            secrets.pop(PASSWORD, None)
        case "remove-option":
            profile = without_option(profile, name)
            secrets.pop(name, None)
        case "remove-duplicate":
            unread = tuple(item for item in profile.unread if not _same(item.name, name))
            profile = msgspec.structs.replace(profile, unread=unread)
        case "rename-option":
            unread = tuple(
                msgspec.structs.replace(item, name=new) if _same(item.name, name) else item for item in profile.unread
            )
            profile = msgspec.structs.replace(profile, unread=unread)
            if name in secrets:
                secrets[new] = secrets.pop(name)
    return build(profile, secrets, show="plain")


def without_option(profile: Profile, name: str) -> Profile:
    """The profile with an option not set, under every spelling of its name."""
    unread = tuple(item for item in profile.unread if not _same(item.name, name))
    profile = msgspec.structs.replace(profile, unread=unread)
    option = lookup(name)
    if option is None or option.field is None:
        return profile
    section, attribute = option.field
    part = getattr(profile, section)
    unset = getattr(type(part)(), attribute)
    return msgspec.structs.replace(profile, **{section: msgspec.structs.replace(part, **{attribute: unset})})


def _same(one: str, other: str) -> bool:
    first, second = lookup(one), lookup(other)
    if first is not None or second is not None:
        return first is second
    return one.lower() == other.lower()
