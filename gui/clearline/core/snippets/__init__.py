"""A profile as ready code."""

from __future__ import annotations

from clearline.core.profiles.profile import Profile
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
    made = tuple(make(profile) for make in _PYTHON)
    return (
        *made,
        dotenv.template(profile),
        *shells.tools(profile),
        *by_hand.way(profile),
        *other_drivers.programs(profile),
    )
