"""One connection string for another person: with a placeholder, with variables, or with the password itself."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Final

import msgspec

from clearline.core.profiles.profile import Profile
from clearline.core.secrets.secret import PASSWORD, Secret, Secrets, hop_password
from clearline.core.uri.connection_string import build
from clearline.core.uri.proxy_options import in_text

VARIABLE: Final = "MONGODB_PASSWORD"
"""The variable that stands for the password; other secrets are named after their option."""

_WITHOUT_PASSWORD: Final = frozenset({"MONGODB-X509", "MONGODB-OIDC", "GSSAPI"})


def with_placeholder(profile: Profile, secrets: Secrets | None = None) -> str:
    """The text with ``<password>`` in the password's place."""
    bare = msgspec.structs.replace(profile, secrets={})
    known = {**dict.fromkeys(profile.secrets, Secret("")), **(secrets or {})}
    return _filled(bare, known, lambda name: f"<{name}>")


def with_variables(profile: Profile, secrets: Secrets | None = None) -> str:
    """The text with ``${MONGODB_PASSWORD}`` in the password's place; the profile's own references stay."""

    def variable(name: str) -> str:
        if name == PASSWORD:
            return f"${{{VARIABLE}}}"
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
        return "${" + re.sub(r"\W", "_", words, flags=re.ASCII).upper() + "}"

    return _filled(profile, secrets or {}, variable)


def with_secrets(profile: Profile, secrets: Secrets) -> str:
    """The text as it is used, passwords included. Ask before."""
    return build(profile, secrets, show="plain")


def _filled(profile: Profile, secrets: Secrets, word: Callable[[str], str]) -> str:
    """The text with a word for each secret; the words are not percent-encoded, for they are to be replaced."""
    wanted = {*secrets, *profile.secrets}
    if profile.auth.user is not None and profile.auth.mechanism not in _WITHOUT_PASSWORD:
        wanted.add(PASSWORD)
    if in_text(profile.hops) and profile.hops[0].user:
        wanted.add(hop_password(0))
    marks = {name: f"secret{uuid.uuid4().hex}" for name in sorted(wanted)}
    text = build(profile, {name: Secret(mark) for name, mark in marks.items()}, show="plain")
    for name, mark in marks.items():
        text = text.replace(mark, word(name))
    return text
