"""Copying, renaming and filing profiles: pure functions; saving is ``store.py``'s."""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec.structs import replace

from clearline.core.profiles.profile import Profile, new_profile_id


def duplicate(profile: Profile, taken: Iterable[str] = ()) -> Profile:
    """A copy with an identity of its own, called "Orders copy", or "Orders copy 2" when that name is taken.

    It has the same sources of secrets and none of the secrets themselves, see `Vault.copy_all`.
    """
    stem = re.sub(r" copy( \d+)?$", "", profile.name or "Connection")
    names, name, number = set(taken), f"{stem} copy", 2
    while name in names:
        name, number = f"{stem} copy {number}", number + 1
    return replace(profile, id=new_profile_id(), name=name, favourite=False)


def renamed(profile: Profile, name: str) -> Profile:
    """The profile under another name, on one line."""
    return replace(profile, name=" ".join(name.split()))


def moved(profile: Profile, folder: str) -> Profile:
    """The profile in another folder of the list, ``A/B``; empty is the top."""
    return replace(profile, folder=tidy_folder(folder))


def tidy_folder(folder: str) -> str:
    """A folder's path without empty names and without space around the names."""
    return "/".join(filter(None, (" ".join(name.split()) for name in folder.split("/"))))


def is_in(profile: Profile, folder: str) -> bool:
    """Whether the profile stands in that folder or below it; everything is below the top."""
    wanted, own = tidy_folder(folder).casefold(), tidy_folder(profile.folder).casefold()
    return not wanted or own == wanted or own.startswith(f"{wanted}/")


def folders(profiles: Iterable[Profile]) -> tuple[str, ...]:
    """Every folder in use and those above it, in the order of the list."""
    found: dict[str, None] = {}
    for profile in profiles:
        names = tidy_folder(profile.folder).split("/") if profile.folder else []
        for depth in range(1, len(names) + 1):
            found["/".join(names[:depth])] = None
    return tuple(sorted(found, key=str.casefold))
