"""The secrets of a profile at the moment of a check: from the vault or from the user.

References and commands are not followed by `gather`: the check prepares them itself (``preparation.py``), after it was
told which commands the user has agreed to.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from clearline.core.keyring.given import destination, not_kept, other_servers
from clearline.core.keyring.patient_vault import PATIENCE_S, PatientVault
from clearline.core.keyring.vault import Vault
from clearline.core.profiles.profile import Profile
from clearline.core.profiles.secret_places import STORED, secret_names, source_of
from clearline.core.secrets.secret import KEY_PASSWORD, PASSWORD, Secret, Secrets


@dataclass(frozen=True, repr=False)
class Gathered:
    """The secrets that were found, and for each that is missing why."""

    secrets: Secrets
    problems: dict[str, str] = field(default_factory=dict)
    """By the secret's name; whole sentences."""
    refused: str = ""
    """Some of it was given for other servers and not used: then none is here. A sentence without its end."""


async def gather(
    profile: Profile,
    vault: Vault,
    *,
    ask: Callable[[str], Awaitable[Secret | None]] | None = None,
    agree: Callable[[str], Awaitable[bool]] | None = None,
    foreign: bool = False,
    without: Collection[str] = (),
    timeout_s: float = PATIENCE_S,
) -> Gathered:
    """Bring a profile's secrets together; never raises.

    ``ask`` asks the user for the secret of that name, also for one that is lost, and gives None when there is no
    answer; without it the user cannot be asked. Those ``without`` which it goes are neither looked up nor asked for.

    A kept secret, a variable or an identity that was given for other servers is used after ``agree`` said yes to a
    sentence about it, and from then on without a question. ``foreign``: another person wrote the profile.
    """
    names = tuple(name for name in secret_names(profile) if name not in without)
    stored = [name for name in names if source_of(profile, name).place in STORED]
    patient = PatientVault(vault, timeout_s=timeout_s)
    secrets = dict(await patient.secrets_of(profile.id, stored))
    # What this computer has anyway is meant for certain servers all the same.
    used = (*secrets, *(name for name in not_kept(profile) if name not in without))
    problems: dict[str, str] = {}
    elsewhere = await patient.given_elsewhere(profile, used, foreign=foreign)
    if elsewhere:
        said = given_for_others(profile, vault, elsewhere)
        if agree is not None and await agree(said):
            await patient.give(profile, elsewhere)
        else:
            return Gathered({}, refused=said)  # without it nothing is to be tried
    if secrets:
        await patient.adopt(profile, secrets)
    for name in {*lost(profile, secrets)} - {*without}:
        answer = await ask(name) if ask is not None else None
        if answer is not None:
            secrets[name] = answer
        else:
            problems[name] = f"The {name} is not kept on this computer any more, and the user has not given it."
    for name in names:
        if source_of(profile, name).place == "ask" and _is_of_use(profile, name):
            answer = await ask(name) if ask is not None else None
            if answer is not None:
                secrets[name] = answer
            else:
                problems[name] = f"The secret {name} is asked each time, and there was no answer."
    return Gathered(secrets, problems)


def given_for_others(profile: Profile, vault: Vault, names: Sequence[str]) -> str:
    """What is to be said about secrets and identities that were given for other servers: a sentence without its end."""
    wanted = {name: destination(profile, [name]) for name in names}
    own = profile.name or destination(profile).words
    return f"{own}: {', and '.join(other_servers(name, vault.given(profile, name), wanted[name]) for name in names)}"


def lost(profile: Profile, known: Secrets) -> tuple[str, ...]:
    """The secrets of a saved profile that its login cannot do without, and that are no longer kept where it says.

    That is no fault of the connection: the user who tests it is asked. A client key may have no password, and a user of
    other mechanisms needs none, so only the password counts.
    """
    needed = profile.auth.user is not None and (profile.auth.mechanism or "DEFAULT") in _BY_PASSWORD
    missing = PASSWORD not in known and source_of(profile, PASSWORD).place in STORED
    return (PASSWORD,) if needed and missing else ()


_BY_PASSWORD: Final = frozenset({"DEFAULT", "SCRAM-SHA-1", "SCRAM-SHA-256", "PLAIN", "MONGODB-AWS"})


def _is_of_use(profile: Profile, name: str) -> bool:
    """False for the source of a secret that the profile has no use for at the moment: it is not asked for."""
    needed = {PASSWORD: profile.auth.user, KEY_PASSWORD: profile.tls.certificate_key_file}
    return name not in needed or needed[name] is not None
