"""What becomes of a profile's secrets: when it is saved, and when one of them shall be kept elsewhere. Pure."""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum, auto

from clearline.core.profiles.profile import Profile, SecretSource
from clearline.core.profiles.secret_places import STORED, source_of
from clearline.core.secrets.secret import Secret, Secrets


class Step(Enum):
    """What has to happen with one secret."""

    NOTHING = auto()
    MOVE = auto()
    """From the place that the profile said before to the one that it says now."""
    KEEP = auto()
    FORGET = auto()


def step_on_save(
    profile: Profile, before: Profile | None, name: str, secret: Secret | None, kept: Secrets, *, known: bool
) -> Step:
    """What saving means for one secret.

    ``before`` is the profile as it was saved last, ``kept`` are the secrets that were known to be kept then, ``known``
    is whether the vault has this one.
    """
    to = source_of(profile, name).place
    was = source_of(before, name).place if before is not None else to
    if was != to and (was in STORED or to in STORED):
        return Step.MOVE
    if secret and to in STORED:
        return Step.NOTHING if known and secret == kept.get(name) else Step.KEEP
    return Step.FORGET if known and name in kept else Step.NOTHING  # one that was not read yet is not removed


def moved_at_once(
    saved: Profile | None, now: Profile, wanted: Profile, names: Collection[str], typed: Collection[str]
) -> tuple[str, SecretSource] | None:
    """The one secret of ``names`` whose new place is no edit of the connection, and that place; None without one.

    ``typed`` are secrets that differ from what is kept: they go to their place when the profile is saved, as does one
    that is not to be kept at all any more.
    """
    if saved is None:
        return None
    changed = [name for name in names if source_of(wanted, name) != source_of(now, name)]
    if len(changed) != 1 or changed[0] in typed:
        return None
    [name] = changed
    before, to = source_of(saved, name), source_of(wanted, name)
    return (name, to) if before == source_of(now, name) and {before.place, to.place} <= STORED else None


def kept_secrets(profile: Profile, secrets: Secrets) -> Secrets:
    """Those that are to be found again; one that is asked each time is not kept."""
    return {name: one for name, one in secrets.items() if source_of(profile, name).place in STORED}
