"""Which environment a connection leads to, as far as people write it down: in its folder, its name or its hosts."""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

from clearline.core.profiles.profile import Profile


class Environment(Enum):
    """Environments that are told apart; the values are what the window says."""

    PRODUCTION = "Production"
    STAGING = "Staging"


_WORDS: Final = {
    "production": Environment.PRODUCTION,
    "prod": Environment.PRODUCTION,
    "prd": Environment.PRODUCTION,
    "staging": Environment.STAGING,
    "stage": Environment.STAGING,
    "stg": Environment.STAGING,
    "preprod": Environment.STAGING,
    "uat": Environment.STAGING,
}
_DENIED: Final = frozenset({"no", "non", "not", "pre"})
"""Words that turn the next one around: ``non-prod``, ``pre-production``."""


def environment_of(profile: Profile) -> Environment | None:
    """The environment; the folder counts before the name, the name before the hosts. None where nothing says it."""
    for texts in ((profile.folder,), (profile.name,), profile.seeds.hosts):
        for text in texts:
            if (found := _said(text)) is not None:
                return found
    return None


def _said(text: str) -> Environment | None:
    words = re.findall(r"[^\W_]+", text.lower())
    found: set[Environment] = set()
    for before, word in zip(["", *words], words, strict=False):
        environment = _WORDS.get(word)
        if environment is Environment.PRODUCTION and before in _DENIED:
            environment = Environment.STAGING
        if environment is not None:
            found.add(environment)
    if len(found) > 1:
        return Environment.PRODUCTION  # rather a warning too many
    return found.pop() if found else None
