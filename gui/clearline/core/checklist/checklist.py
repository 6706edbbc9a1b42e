"""Best practice of connection management as advice on a profile: pure, before any I/O, well under a millisecond."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from clearline.core.checklist import limits, servers, traffic
from clearline.core.checklist.rule import Advice, Importance, Look
from clearline.core.profiles.profile import Profile
from clearline.core.secrets.secret import Secrets

__all__ = ["Advice", "Importance", "checklist", "open_items"]

_RULES: Final[tuple[Callable[[Look], Iterator[Advice]], ...]] = (
    *servers.RULES,
    *limits.RULES,
    *traffic.RULES,
)
_ORDER: Final = {importance: place for place, importance in enumerate(Importance)}


def checklist(profile: Profile, secrets: Secrets | None = None) -> tuple[Advice, ...]:
    """All advice, warnings first, what is in order last; nothing for a profile without a host. Never raises.

    ``secrets`` are only looked for in the profile's own texts.
    """
    if not any(profile.seeds.hosts):
        return ()
    look = Look(profile, secrets or {})
    found = [item for rule in _RULES for item in rule(look)]
    return tuple(sorted(found, key=lambda item: _ORDER[item.importance]))


def open_items(items: tuple[Advice, ...]) -> tuple[Advice, ...]:
    """Those that ask for something."""
    return tuple(item for item in items if item.importance is not Importance.PASSED)
