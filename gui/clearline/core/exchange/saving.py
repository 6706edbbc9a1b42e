"""Saving what was chosen of an import: profiles to their folder, secrets to the vault, a result for every item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path

import msgspec

from clearline.core.consent.outside import Outside
from clearline.core.daemon_threads import run_in_daemon
from clearline.core.exchange.planning import Choice, PlannedItem, ToSave, apply
from clearline.core.keyring.patient_vault import PatientVault
from clearline.core.keyring.vault import Vault
from clearline.core.profiles.profile import Profile, new_profile_id
from clearline.core.profiles.secret_places import secret_names
from clearline.core.storage import store


class Outcome(Enum):
    """What became of an item."""

    IMPORTED = "imported"
    REPLACED = "replaced"
    SKIPPED = "skipped"
    FAILED = "failed"


class ItemResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one item; ``words`` say why it failed. ``profile`` is as it was saved, from outside."""

    outcome: Outcome
    words: str = ""
    profile: Profile | None = None


async def carry_out(
    planned: Sequence[PlannedItem],
    choices: Mapping[int, Choice],
    folder: Path,
    saved: Mapping[Path, Profile],
    vault: Vault,
    outside: Outside,
    into: str = "",
) -> tuple[ItemResult, ...]:
    """Save what was chosen and say what became of every item, in their order. One failure does not stop the others.

    ``saved`` are the profiles of the folder by their files; new ones go ``into`` a folder of the list. All are marked
    as coming from ``outside`` before they are there.
    """
    results = {place: ItemResult(outcome=Outcome.SKIPPED) for place in range(len(planned))}
    places = {id(one): place for place, one in enumerate(planned)}
    paths = {profile.id: path for path, profile in saved.items()}
    chosen = apply(planned, choices, saved.values(), into=into)
    wanted = [await _without_stored_secrets(one, vault) for one in chosen]
    unmarked = await _marked(wanted, outside)
    for one in wanted:
        previous = paths.get(one.replaces.id) if one.replaces else None
        result = ItemResult(outcome=Outcome.FAILED, words=unmarked) if unmarked else None
        results[places[id(one.planned)]] = result or await _save(one, folder, previous, vault)
    return tuple(results.values())


async def _without_stored_secrets(one: ToSave, vault: Vault) -> ToSave:
    """A new profile gets another id when secrets are kept under its own, such as those of a profile in the trash.

    Else a file could name an id that its author knows, and have the password sent to other servers.
    """
    profile = one.profile
    if one.replaces or not one.planned.item.has_identity or profile.auth.user is None:
        return one
    if not await PatientVault(vault).secrets_of(profile.id, secret_names(profile)):
        return one
    return msgspec.structs.replace(one, profile=msgspec.structs.replace(profile, id=new_profile_id()))


async def _marked(wanted: Sequence[ToSave], outside: Outside) -> str:
    """Mark what comes from outside; why that failed, for then nothing is saved."""
    try:
        if wanted:
            ids = [one.profile.id for one in wanted]
            await run_in_daemon(lambda: outside.mark(ids))
    except OSError as error:
        return f"{outside.file.name}: {error.strerror or type(error).__name__}"
    return ""


async def _save(one: ToSave, folder: Path, previous: Path | None, vault: Vault) -> ItemResult:
    try:
        await run_in_daemon(lambda: store.save_in(folder, one.profile, previous, base=one.replaces))
    except store.ProfileProblem as problem:
        return ItemResult(outcome=Outcome.FAILED, words=str(problem))
    for name, secret in one.secrets.items():
        await PatientVault(vault).keep(one.profile, name, secret)
    outcome = Outcome.REPLACED if one.replaces else Outcome.IMPORTED
    return ItemResult(outcome=outcome, profile=one.profile)
