"""What an import would do: each item of a file against the profiles that are saved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Final

import msgspec

from clearline.core.consent.concerns import concerns
from clearline.core.exchange.imported import ImportedItem
from clearline.core.profiles.arrangement import tidy_folder
from clearline.core.profiles.differences import differences
from clearline.core.profiles.profile import Profile, new_profile_id
from clearline.core.secrets.redaction import redact
from clearline.core.secrets.secret import PASSWORD, Secrets


class State(Enum):
    """How an item stands to what is saved."""

    NEW = "new"
    SAME = "same"
    CHANGED = "changed"
    INVALID = "invalid"


class Choice(Enum):
    """What to do with an item."""

    COPY = "copy"
    """Save it as a profile of its own, beside one that is there."""
    REPLACE = "replace"
    SKIP = "skip"


class PlannedItem(msgspec.Struct, frozen=True, kw_only=True):
    """One item, what it is to the saved profiles, and what may be done with it.

    ``existing`` is the saved profile that it is or looks like, ``replacement`` what that one would become.
    ``differences`` say so in words, without secrets. ``default`` is what happens unless the user chooses.
    """

    item: ImportedItem
    state: State
    existing: Profile | None = None
    replacement: Profile | None = None
    differences: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = (Choice.SKIP,)
    default: Choice = Choice.SKIP


class ToSave(msgspec.Struct, frozen=True, kw_only=True):
    """One profile to be saved with its secrets; ``replaces`` is the saved one in whose place it comes."""

    planned: PlannedItem
    profile: Profile
    secrets: Secrets = {}
    replaces: Profile | None = None


_FACE: Final = ("id", "name", "folder", "favourite", "colour", "notes", "envFile", "secrets")
"""Fields that do not say where a profile connects to."""
_NOT_SET: Final = "not set"
_WORDS: Final = {"unread": "not understood", "colour": "colour"}
_MOST: Final = 80
_ASKS_AGAIN: Final = "the saved password would be used with other servers"


def plan(items: Iterable[ImportedItem], existing: Iterable[Profile]) -> tuple[PlannedItem, ...]:
    """Compare every item with the saved profiles, and with the items before it. Pure.

    The same connection is one with the same id, where the file's ids last; else one that leads to the same place; else
    one with the same name.
    """
    saved = list(existing)
    by_id = {profile.id: profile for profile in saved}
    by_place: dict[str, Profile] = {}
    by_name: dict[str, Profile] = {}
    for profile in saved:
        by_place.setdefault(_place(profile), profile)
        by_name.setdefault(profile.name.casefold(), profile)
    seen: set[tuple[str, str]] = set()
    planned = []
    for item in items:
        brought = item.profile
        if brought is None:
            planned.append(PlannedItem(item=item, state=State.INVALID, remarks=item.remarks))
            continue
        key = (_place(brought), brought.name)
        match = by_id.get(brought.id) if item.has_identity else None
        match = match or by_place.get(key[0]) or by_name.get(brought.name.casefold() or "\0")
        planned.append(_planned(item, brought, match, twice=key in seen))
        seen.add(key)
    return tuple(planned)


def apply(
    planned: Iterable[PlannedItem], choices: Mapping[int, Choice], existing: Iterable[Profile] = (), *, into: str = ""
) -> tuple[ToSave, ...]:
    """The profiles to save. ``choices`` are by the item's place, the default where there is none.

    What is new goes ``into`` a folder, below which the folders of the file come; what it replaces stays where it is. A
    copy beside a saved profile gets an id and a name of its own; no two profiles of the result share an id.
    """
    saved = list(existing)
    ids, names = {profile.id for profile in saved}, {profile.name for profile in saved}
    result = []
    for place, one in enumerate(planned):
        choice = choices.get(place, one.default)
        profile = one.item.profile
        if profile is None or choice is Choice.SKIP or choice not in one.choices:
            continue
        replaces = None
        if choice is Choice.REPLACE and one.replacement is not None:
            profile, replaces = one.replacement, one.existing
        else:
            fresh = profile.id not in ids
            profile = msgspec.structs.replace(
                profile,
                id=profile.id if fresh else new_profile_id(),
                name=_free(profile.name, names),
                folder=below(into, profile.folder),
            )
        ids.add(profile.id)
        names.add(profile.name)
        result.append(ToSave(planned=one, profile=profile, secrets=one.item.secrets, replaces=replaces))
    return tuple(result)


def below(into: str, folder: str) -> str:
    """Where a folder of a file comes to stand when it is imported into a folder of the list."""
    return tidy_folder(f"{into}/{folder}") if into else folder


def what_differs(before: Profile, after: Profile) -> tuple[str, ...]:
    """Every setting that differs but the identity, as ``name: old → new``."""
    return tuple(
        f"{one.place}: {_short(one.before)} → {_short(one.after)}"
        for one in differences(before, after)
        if one.place != "id"
    )


def _planned(item: ImportedItem, profile: Profile, match: Profile | None, *, twice: bool) -> PlannedItem:
    remarks = [*item.remarks, *(concern.words for concern in concerns(profile))]
    if twice:
        remarks.append("It is in the file twice.")
    if match is None:
        default = Choice.SKIP if item.problem or twice else Choice.COPY
        state = State.INVALID if item.problem else State.NEW
        return PlannedItem(
            item=item, state=state, remarks=tuple(remarks), choices=(Choice.COPY, Choice.SKIP), default=default
        )
    replacement = _merged(match, profile, whole=item.whole)
    changes = what_differs(match, replacement)
    if item.secrets:
        remarks.append("It brings its password." if PASSWORD in item.secrets else "It brings secrets of its own.")
    if PASSWORD not in item.secrets and match.seeds != replacement.seeds and match.auth.user is not None:
        remarks.append(f"If you replace the saved one, {_ASKS_AGAIN}.")
    state = State.INVALID if item.problem else State.CHANGED if changes else State.SAME
    return PlannedItem(
        item=item,
        state=state,
        existing=match,
        replacement=replacement,
        differences=changes,
        remarks=tuple(remarks),
        choices=(Choice.COPY, Choice.REPLACE, Choice.SKIP),
    )


def _merged(existing: Profile, brought: Profile, *, whole: bool) -> Profile:
    """What replacing leaves: the id stays; what the other program has no place for stays as well."""
    if whole:
        return msgspec.structs.replace(brought, id=existing.id)
    return msgspec.structs.replace(
        brought,
        id=existing.id,
        folder=brought.folder or existing.folder,
        favourite=brought.favourite or existing.favourite,
        colour=brought.colour or existing.colour,
        notes=brought.notes or existing.notes,
        env_file=brought.env_file or existing.env_file,
        secrets=brought.secrets or existing.secrets,
    )


def _place(profile: Profile) -> str:
    """Where a profile leads and how, as a text to compare."""
    values = msgspec.to_builtins(profile, order="deterministic")
    return str({name: value for name, value in values.items() if name not in _FACE})


def _free(name: str, taken: set[str]) -> str:
    """The name, or the first of ``name (2)``, ``name (3)``, … that is free."""
    if name not in taken:
        return name
    number = 2
    while f"{name} ({number})" in taken:
        number += 1
    return f"{name} ({number})"


def _short(text: str) -> str:
    shown = " ".join(redact(text).split())
    return shown if len(shown) <= _MOST else f"{shown[: _MOST - 1]}…"
