"""A profile as ready code."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from msgspec.structs import replace

from clearline.core.options.catalogue import DATETIME_CONVERSIONS, READ_PREFERENCES, UUID_REPRESENTATIONS
from clearline.core.profiles.profile import Profile, SecretSource
from clearline.core.secrets.secret import AWS_SESSION_TOKEN
from clearline.core.snippets import by_hand, dotenv, other_drivers, python, python_factory, python_patterns, shells
from clearline.core.snippets.snippet import Group, Language, Snippet

__all__ = ["Group", "Language", "Snippet", "snippets"]

_PYTHON = (
    python.sync,
    python.asynchronous,
    python.context_manager,
    python.singleton,
    python_factory.factory,
    python_patterns.retrying,
    python_patterns.health,
    python_patterns.pool,
    python.collection,
    dotenv.environment,
)


def snippets(profile: Profile) -> tuple[Snippet, ...]:
    """Everything there is for a profile, group by group. Pure; a few milliseconds."""
    profile = _with_token(_with_known_names(profile))
    made = tuple(make(profile) for make in _PYTHON)
    return (
        *made,
        dotenv.template(profile),
        *shells.tools(profile),
        *by_hand.way(profile),
        *other_drivers.programs(profile),
    )


_CONVERSIONS: Final = (*DATETIME_CONVERSIONS, *map(str, range(1, len(DATETIME_CONVERSIONS) + 1)))
_API_VERSIONS: Final = ("1",)


def _with_known_names(profile: Profile) -> Profile:
    """Without values that stand in the code as names, not as texts, and that no driver knows.

    Another person may have written the profile, and what stands in code as it is runs where the code does.
    """
    reads, options = profile.reads, profile.options
    return replace(
        profile,
        reads=replace(reads, preference=_known(reads.preference, READ_PREFERENCES)),
        options=replace(
            options,
            uuid_representation=_known(options.uuid_representation, UUID_REPRESENTATIONS),
            datetime_conversion=_known(options.datetime_conversion, _CONVERSIONS),
            server_api=_known(options.server_api, _API_VERSIONS),
        ),
    )


_TEMPORARY: Final = "ASIA"
"""Amazon's access keys that begin so are temporary, and are worth nothing without their session token."""


def _with_token(profile: Profile) -> Profile:
    """With a place for the token, which a profile does not name that keeps its secrets where they are usually kept."""
    auth = profile.auth
    if auth.mechanism != "MONGODB-AWS" or not (auth.user or "").startswith(_TEMPORARY):
        return profile
    if AWS_SESSION_TOKEN in auth.properties:
        return profile
    return replace(profile, secrets={AWS_SESSION_TOKEN: SecretSource(), **profile.secrets})


def _known(name: str | None, names: Collection[str]) -> str | None:
    return name if name in names else None
