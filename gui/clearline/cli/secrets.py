"""The secrets of what a command connects to: from its arguments, where they are kept, or asked for on the terminal."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Final

from clearline.cli.agreement import confirmed, on_terminal
from clearline.cli.output import harmless, print_aside
from clearline.cli.usage import UsageProblem
from clearline.core.check.request import Request
from clearline.core.profiles.profile import Profile
from clearline.core.secrets.secret import AWS_SESSION_TOKEN, KEY_PASSWORD, PASSWORD, PROXY_PASSWORD, Secret, hop_secrets

if TYPE_CHECKING:
    from clearline.core.keyring.sources import Gathered
    from clearline.core.keyring.vault import Vault

_LONGEST_PASSWORD: Final = 50_000


def gathered(
    profiles: Sequence[Profile],
    *,
    yes: bool,
    asking: bool = True,
    elsewhere: Collection[str] = (),
    without: Sequence[str] = (),
) -> list[Gathered]:
    """The secrets of profiles, and of each why some of them are missing or not used. Asks on a terminal if ``asking``.

    ``yes``: what signs in may go to other servers than those that it was given for. ``elsewhere`` are ids of
    profiles in files from outside the profiles' folder.
    """
    from clearline.cli.text_grid import shown
    from clearline.core.consent.outside import FILE_NAME, Outside
    from clearline.core.consent.portable import is_foreign_copy
    from clearline.core.keyring.sources import gather
    from clearline.paths import user_data_dir

    vault = _vault()
    imported = Outside(user_data_dir() / FILE_NAME).ids()
    foreign_copy = is_foreign_copy()

    async def agree(sentence: str) -> bool:
        if not yes and asking and on_terminal():
            print_aside(f"clearline: {shown(sentence)}.")
            return confirmed()
        return yes

    async def one(profile: Profile) -> Gathered:
        async def ask(name: str) -> Secret | None:
            return _asked(profile, name) if asking else None

        if asking and on_terminal():
            await _open_secrets_file(vault, profile, without)
        foreign = foreign_copy or profile.id in elsewhere or imported is None or profile.id in imported
        return await gather(profile, vault, ask=ask, agree=agree, foreign=foreign, without=without)

    async def all_of_them() -> list[Gathered]:
        return [await one(profile) for profile in profiles]

    return asyncio.run(all_of_them())


def refuse_useless(request: Request, named: Sequence[str]) -> None:
    """Raises `UsageProblem` where ``--secret-env`` names what nothing takes: a slip would leave the secret out."""
    if not named:
        return
    from clearline.core.profiles.secret_places import secret_names

    profiles = (request.profile, request.reading.profile)
    hops = max(len(profile.hops) for profile in profiles)
    taken = [*dict.fromkeys((PASSWORD, KEY_PASSWORD, *hop_secrets(hops)))]
    also = {AWS_SESSION_TOKEN, PROXY_PASSWORD, *(name for profile in profiles for name in secret_names(profile))}
    if any(one.partition("=")[0] not in {*taken, *also} for one in named):
        raise UsageProblem(f"--secret-env: nothing here takes a secret of that name; there are {', '.join(taken)}.")


def why_not(gathering: Gathered, *, asking: bool = True) -> str | None:
    """Why a profile is not to be contacted with what was gathered for it, and the way out; None when it may be."""
    from clearline.cli.text_grid import shown

    if gathering.refused:
        return f"{shown(gathering.refused)}, so it was not used; --yes allows it, also from now on."
    if not gathering.problems:
        return None
    said = " ".join(map(shown, gathering.problems.values()))
    if asking and on_terminal():
        return said
    ways = "--password-env and --password-stdin help" if asking else "check it alone"
    return f"{said} There is no terminal to ask on; {ways}." if asking else f"{said} --all asks for none; {ways}."


async def _open_secrets_file(vault: Vault, profile: Profile, without: Sequence[str]) -> None:
    """Ask for the passphrase of the encrypted file of secrets, where there is one, no keyring, and a secret to find."""
    from clearline.core.keyring.patient_vault import PatientVault
    from clearline.core.keyring.sources import lost
    from clearline.core.keyring.vault import WhyMemory
    from clearline.paths import secrets_file

    file = secrets_file()
    if not lost(profile, dict.fromkeys(without, Secret(""))) or not file.exists():
        return
    patient = PatientVault(vault)
    await patient.secrets_of(profile.id, [PASSWORD])
    if vault.state.why is not WhyMemory.NO_KEYRING:
        return
    from clearline.core.exchange.imported import ImportProblem
    from clearline.core.exchange.secrets_file import SecretsFile

    try:
        passphrase = _typed_unseen(harmless(f"Passphrase of {file.name}: "))
        if passphrase:
            await patient.use(SecretsFile(file, Secret(passphrase)))
    except EOFError:
        return
    except (ImportProblem, OSError) as problem:
        said = getattr(problem, "strerror", None) or str(problem)
        print_aside(f"clearline: {file.name}: {said}")


def _asked(profile: Profile, name: str) -> Secret | None:
    if not on_terminal():
        return None
    try:
        answer = _typed_unseen(harmless(f"{profile.name or 'Connection'}, {name}: "))
    except EOFError:
        return None
    return Secret(answer) if answer else None


def _typed_unseen(words: str) -> str:
    """What is typed without showing. Raises EOFError."""
    import getpass  # late: few commands ask

    return getpass.getpass(words)


def _vault() -> Vault:
    from clearline.core.keyring.vault import Vault
    from clearline.paths import known_servers_file

    return Vault(known_servers=known_servers_file())


def given(arguments: argparse.Namespace, *, from_stdin: bool) -> dict[str, Secret]:
    """Those that the arguments name. Raises `UsageProblem`."""
    return {**_from_environment(arguments.secret_env), **_password(arguments, from_stdin=from_stdin)}


def _from_environment(wanted: Sequence[str]) -> dict[str, Secret]:
    secrets = {}
    for one in wanted:
        name, equals, variable = one.partition("=")
        if not equals or not name or not variable:
            raise UsageProblem(
                "--secret-env takes NAME=VARIABLE: a secret's name, such as hop.0.password, and a variable's."
            )
        secrets[name] = _of_variable(variable)
    return secrets


def _of_variable(name: str) -> Secret:
    """Its value; what is no name of a variable may be the password itself, and is not repeated."""
    if (value := os.environ.get(name)) is not None:
        return Secret(value)
    like_one = name.isidentifier() and (name.isupper() or "_" in name)
    called = f"the environment variable {name}" if like_one else "what is given as a variable's name"
    raise UsageProblem(f"{called} is not set.")


def _password(arguments: argparse.Namespace, *, from_stdin: bool) -> dict[str, Secret]:
    if arguments.password_env:
        return {PASSWORD: _of_variable(arguments.password_env)}
    if arguments.password_stdin:
        if from_stdin:
            raise UsageProblem("standard input cannot hold both the connection string and the password.")
        from clearline.cli.standard_input import line

        value = _typed_unseen("Password: ") if sys.stdin.isatty() else line(_LONGEST_PASSWORD)
        return {PASSWORD: Secret(value)}
    return {}
