"""What a command of the terminal is to connect to: from its arguments to a profile with its secrets, agreed to."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import os
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import structs
from msgspec.structs import replace

from clearline.cli.output import harmless, print_aside
from clearline.core.check.request import USUAL, Patience, Permits, Request
from clearline.core.drives import FOLDER_S, NoAnswer, waited_for
from clearline.core.findings import Severity
from clearline.core.profiles.profile import Profile, Seeds
from clearline.core.secrets.secret import PASSWORD, Secret, Secrets, Unshown, hop_password

if TYPE_CHECKING:
    from clearline.core.exchange.consent import Agreements, Concern
    from clearline.core.keyring.sources import Gathered
    from clearline.core.keyring.vault import Vault
    from clearline.core.storage.store import Stored

WRONG_USAGE = 2
LONGEST_TARGET = 50_000
"""Far above what any deployment needs; a text of megabytes is a file by mistake."""

VARIABLE = "MONGODB_URI"
"""The environment variable that MongoDB's own examples use."""
TARGET_HELP = "a connection string, '-' to read one from standard input, a saved profile's name, a profile file, a host"


class UsageProblem(Exception):
    """The command line itself is wrong: said in one sentence, exit code 2."""


class Target(Unshown, frozen=True):
    """What to connect to, and whose it is."""

    request: Request
    saved: bool = False
    """It is one of the user's own saved profiles."""
    unremembered: tuple[str, ...] = ()
    """Kept secrets that do not know for which servers they were given."""


def add_arguments(parser: argparse.ArgumentParser, *, several: bool = False) -> None:
    """The arguments that `chosen` needs: targets, where a password comes from, and agreement beforehand."""
    parser.add_argument(
        "target", metavar="URI | NAME | FILE | HOST[:PORT]", help=TARGET_HELP, nargs="*" if several else None
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    where.add_argument("--password-env", metavar="VARIABLE", help="take the password from this environment variable")
    parser.add_argument(
        "--secret-env",
        action="append",
        default=[],
        metavar="NAME=VARIABLE",
        help="take a secret from an environment variable: password, tlsCertificateKeyFilePassword, hop.0.password …",
    )
    parser.add_argument(
        "--via",
        action="append",
        default=[],
        metavar="URL",
        help="reach the servers through this SSH server or proxy, ssh://user@host, socks5://user@host:port or "
        "http(s)://user@host:port (?login=ntlm for NTLM), k8s://context/namespace, or system (what this computer's "
        "settings say); several times for one behind another, the nearest first",
    )
    parser.add_argument(
        "--far-dns",
        metavar="SERVER",
        help="a name server behind the hops, which is asked for a mongodb+srv name that this computer does not know; "
        "the word ssh: those of the SSH server itself",
    )
    parser.add_argument(
        "--accept-host-key",
        action="append",
        default=[],
        metavar="FINGERPRINT",
        help="trust the SSH server that shows the key with this fingerprint, SHA256:…, and remember it",
    )
    parser.add_argument(
        "--yes", action="store_true", help="agree to what a connection from elsewhere wants, and remember it"
    )


def chosen(named: str | None, arguments: argparse.Namespace, patience: Patience = USUAL) -> Target:
    """What an argument names, with its secrets, and with the user's agreement where that is needed.

    None is what lies near: ``MONGODB_URI``, or the ``.env`` file of this folder. Raises `UsageProblem`.
    """
    if named is not None:
        found = _found(named, patience)
    else:
        found, what = _nearby(patience)
        if getattr(arguments, "exit_by", "plain") != "nagios":  # a monitor shows the first line of either stream
            print_aside(f"clearline: checking {what}.")
    given = {**found.request.secrets, **_given(arguments, from_stdin=named == "-")}
    _settle_concerns(found, yes=arguments.yes)
    if arguments.accept_host_key:
        found = replace(found, request=_accepting(found.request, arguments.accept_host_key))
    if arguments.via:
        found, passwords = _via(found, arguments.via)
        given = {**passwords, **given}
    if arguments.far_dns:
        found = _with_far_dns(found, arguments.far_dns)
    if found.request.text is not None:
        return replace(found, request=_with_password(found.request, given))
    profile = found.request.profile
    elsewhere = () if found.saved else (profile.id,)
    [gathering] = gathered([profile], yes=arguments.yes, elsewhere=elsewhere, without=tuple(given))
    if (said := why_not(gathering)) is not None:
        raise UsageProblem(said)
    request = replace(found.request, secrets={**gathering.secrets, **given})
    return replace(found, request=request, unremembered=gathering.unremembered)


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


def gathered(
    profiles: Sequence[Profile],
    *,
    yes: bool,
    asking: bool = True,
    elsewhere: Collection[str] = (),
    without: Sequence[str] = (),
) -> list[Gathered]:
    """The secrets of profiles, and of each why some of them are missing or not used. Asks on a terminal if ``asking``.

    ``yes``: a kept secret may go to other servers than those that it was given for. ``elsewhere`` are ids of
    profiles in files from outside the profiles' folder.
    """
    from clearline.cli.text_grid import shown
    from clearline.core.exchange.outside import FILE_NAME, Outside
    from clearline.core.exchange.portable import is_foreign_copy
    from clearline.core.keyring.sources import gather
    from clearline.core.keyring.vault import Vault
    from clearline.paths import user_data_dir

    vault = Vault()
    outside = Outside(user_data_dir() / FILE_NAME).ids()
    foreign_copy = is_foreign_copy()

    async def agree(sentence: str) -> bool:
        if not yes and asking and on_terminal():
            print_aside(f"clearline: {shown(sentence)}.")
            return _confirmed()
        return yes

    async def one(profile: Profile) -> Gathered:
        async def ask(name: str) -> Secret | None:
            return _asked(profile, name) if asking else None

        if asking and on_terminal():
            await _open_secrets_file(vault, profile, without)
        foreign = foreign_copy or profile.id in elsewhere or profile.id in outside
        return await gather(profile, vault, ask=ask, agree=agree, foreign=foreign, without=without)

    async def all_of_them() -> list[Gathered]:
        return [await one(profile) for profile in profiles]

    return asyncio.run(all_of_them())


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
        passphrase = getpass.getpass(harmless(f"Passphrase of {file.name}: "))
        if passphrase:
            await patient.use(SecretsFile(file, Secret(passphrase)))
    except EOFError:
        return
    except (ImportProblem, OSError) as problem:
        said = getattr(problem, "strerror", None) or str(problem)
        print_aside(f"clearline: {file.name}: {said}")


def adopt(profile: Profile, unremembered: Sequence[str]) -> None:
    """After a good login: kept secrets that remembered no servers belong to these."""
    from clearline.core.keyring.vault import Vault

    if unremembered:
        Vault().adopt(profile, unremembered)


def permits(profile: Profile, *, asking: bool = True) -> Permits:
    """What was agreed to for a profile on this computer. ``asking``: the user of a terminal can sign in by hand."""
    from clearline.cli.hop_questions import OnTerminal
    from clearline.core.hops.asking import Agreed
    from clearline.core.hops.known_hosts import HostKeys
    from clearline.paths import known_hosts_file

    terminal = asking and on_terminal()
    return Permits(
        may_run=lambda command: _agreements().may_run(profile, command),
        on_prompt=say_where_to_sign_in if terminal else None,
        oidc_hosts=lambda asked: _agreements().sign_in_hosts(asked),
        way=Agreed(HostKeys(known_hosts_file()), OnTerminal() if terminal else None),
    )


def say_where_to_sign_in(page: str, code: str | None) -> None:
    """Tell the user of a terminal where they sign in (OIDC)."""
    from clearline.cli.text_grid import shown

    with_code = f" with the code {shown(code)}" if code else ""
    print_aside(f"clearline: sign in at {shown(page)}{with_code}")


def wanted_by(profile: Profile, *, elsewhere: bool = False) -> tuple[Concern, ...]:
    """What a profile has to be agreed to for: everything where others wrote it, else what is always asked.

    ``elsewhere``: it is a file outside the profiles' folder.
    """
    from clearline.core.exchange.consent import always_asked, concerns
    from clearline.core.exchange.outside import FILE_NAME, Outside
    from clearline.core.exchange.portable import is_foreign_copy
    from clearline.paths import user_data_dir

    if elsewhere or is_foreign_copy() or profile.id in Outside(user_data_dir() / FILE_NAME).ids():
        return concerns(profile, prompting=on_terminal())
    return always_asked(profile, prompting=on_terminal())


def on_terminal() -> bool:
    """Whether a user can be asked."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr is not None and sys.stderr.isatty()


def _confirmed() -> bool:
    print_aside("Go on all the same? [y/N] ", end="")
    return sys.stdin.readline().strip().casefold() in ("y", "yes")


def _asked(profile: Profile, name: str) -> Secret | None:
    if not on_terminal():
        return None
    try:
        answer = getpass.getpass(harmless(f"{profile.name or 'Connection'}, {name}: "))
    except EOFError:
        return None
    return Secret(answer) if answer else None


def _found(argument: str, patience: Patience) -> Target:
    """``://`` makes it a URI; else a path separator or ``.json`` a file; else a saved profile's name; else a host."""

    def target(profile: Profile, text: str | None = None, *, saved: bool = False) -> Target:
        return Target(Request(profile, {}, text, patience, permits(profile)), saved)

    if argument == "-":
        text = sys.stdin.readline(LONGEST_TARGET + 1).strip("\r\n")
        if not text:
            raise UsageProblem("standard input is empty; a connection string was expected there.")
        return target(Profile(), _bounded(text))
    _bounded(argument)
    if " " in argument:
        from clearline.core.uri.shell_options import with_address

        argument = with_address(argument)
    if "://" in argument:
        return _taken_out(argument, patience) or target(Profile(), argument)
    if argument.endswith(".json") or "/" in argument or os.sep in argument:
        profile, saved = _from_file(Path(argument))
        return target(profile, saved=saved)
    if (named := _saved(argument)) is not None:
        profile, saved = named
        return target(profile, saved=saved)
    if not argument.strip():
        raise UsageProblem("nothing to check: give a connection string, a profile or a host.")
    if len(argument.split()) > 1 and not any(mark in argument for mark in ".:,"):
        from clearline.cli.text_grid import shown

        raise UsageProblem(f"there is no saved profile called {shown(argument)}, and no host has such a name.")
    return target(Profile(name=argument, seeds=Seeds(hosts=(argument,))), argument)


def _taken_out(argument: str, patience: Patience) -> Target | None:
    """The address within a command or an assignment, where nothing else is wrong with it; it is said aloud."""
    from clearline.core.uri.connection_string import build, read
    from clearline.core.uri.lint import REPAIR
    from clearline.core.uri.parts import take_apart

    parts = take_apart(argument)
    if parts.prefix is None and parts.tail is None:
        return None
    reading = read(argument)
    wrong = [mistake for mistake in reading.mistakes if mistake.severity is Severity.FAILURE]
    if any((mistake.cause, mistake.action) != ("uri.stray-characters", REPAIR) for mistake in wrong):
        return None
    print_aside(f"clearline: checking the address in it: {build(reading.profile, reading.secrets, show='masked')}")
    return Target(Request(reading.profile, reading.secrets, None, patience, permits(reading.profile)))


def _nearby(patience: Patience) -> tuple[Target, str]:
    """What a program started here would most likely connect to, and where that stands, which is to be told.

    A file of this folder is from elsewhere.
    """
    if text := os.environ.get(VARIABLE):
        request = Request(Profile(), {}, _bounded(text), patience, permits(Profile()))
        return Target(request), f"what {VARIABLE} of the environment holds"
    from clearline.core.exchange import dotenv
    from clearline.core.exchange.imported import ImportProblem

    file = Path(".env")
    try:
        with file.open(encoding="utf-8-sig") as opened:
            items = dotenv.read(_bounded(opened.read(LONGEST_TARGET + 1)), file).items
    except (OSError, UnicodeDecodeError, ImportProblem):
        items = ()
    usable = next((item for item in items if item.profile is not None), None)
    if usable is None or usable.profile is None:
        raise UsageProblem(f"nothing to check: give a target, or --all; {VARIABLE} is not set, and no .env names any.")
    request = Request(usable.profile, usable.secrets, None, patience, permits(usable.profile))
    return Target(request), f"{usable.name} of {file.absolute()}"


def _bounded(text: str) -> str:
    if len(text) > LONGEST_TARGET:
        raise UsageProblem(f"what is to be checked is longer than {LONGEST_TARGET} characters.")
    return text


def saved_profiles() -> list[Stored]:
    """What the folder of the saved profiles holds. Raises `UsageProblem` when its drive does not answer."""
    from clearline.core.storage.store import list_profiles
    from clearline.paths import profiles_dir

    folder = profiles_dir()
    try:
        return waited_for(folder, list_profiles, folder, limit_s=FOLDER_S)
    except NoAnswer as silence:
        raise UsageProblem(silence.sentence) from None


def _from_file(path: Path) -> tuple[Profile, bool]:
    """The profile, and whether it is one of the user's own saved ones."""
    from clearline.core.storage.store import ProfileProblem, is_own, load
    from clearline.paths import profiles_dir

    try:
        return waited_for(path, lambda: (load(path), is_own(path, profiles_dir())))
    except ProfileProblem as problem:
        raise UsageProblem(str(problem)) from None
    except NoAnswer as silence:
        raise UsageProblem(silence.sentence) from None


def _saved(name: str) -> tuple[Profile, bool] | None:
    named = [s for s in saved_profiles() if s.profile is not None and s.profile.name == name]
    if len(named) > 1:
        raise UsageProblem(f"{len(named)} saved profiles are called {name}; name the file instead.")
    return next(((one.profile, one.own) for one in named if one.profile is not None), None)


def _settle_concerns(target: Target, *, yes: bool) -> None:
    """Have the user agree to what the target wants (`consent`); raises `UsageProblem` when that fails."""
    from clearline.core.exchange.consent import concerns

    if target.request.text is not None:
        profile = target.request.reading.profile
        settle(profile, concerns(profile, prompting=on_terminal()), yes=yes, demanded=False)
    else:
        profile = target.request.profile
        settle(profile, wanted_by(profile, elsewhere=not target.saved), yes=yes, demanded=True)


def missing(profile: Profile, wanted: Sequence[Concern]) -> tuple[Concern, ...]:
    """What was not agreed to yet."""
    return _agreements().missing(profile, wanted) if wanted else ()


def _agreements() -> Agreements:
    """What was agreed to on this computer; found late, for few connections want anything."""
    from clearline.core.exchange.consent import Agreements
    from clearline.paths import agreements_file

    return Agreements(agreements_file())


def settle(profile: Profile, wanted: Sequence[Concern], *, yes: bool, demanded: bool) -> None:
    """Tell what was not agreed to yet, and ask on a terminal. Raises `UsageProblem`.

    ``demanded``: without a terminal ``--yes`` is needed, else telling is enough (a connection string that was written
    into the command itself).
    """
    absent = missing(profile, wanted)
    if not absent:
        return
    if not yes:
        from clearline.cli.text_grid import shown

        about = f"{shown(profile.name)}: " if profile.name else ""
        for concern in absent:
            print_aside(f"clearline: {about}{shown(concern.words)}")
        if on_terminal():
            if not _confirmed():
                raise UsageProblem("not agreed to, so nothing was connected.")
        elif demanded:
            raise UsageProblem("nothing was connected: this needs your agreement, which --yes gives.")
        else:
            return
    try:
        _agreements().remember(profile, absent)
    except OSError as error:
        print_aside(f"clearline: the agreement cannot be remembered: {error.strerror}")


def _with_password(request: Request, given: Secrets) -> Request:
    """Put a password that came on its own way into the login; a text with other mistakes stays as it was typed."""
    if PASSWORD not in given:
        return replace(request, secrets={**request.secrets, **given})
    reading = replace(request, secrets={**request.secrets, **given}).reading
    wrong = (mistake for mistake in reading.facts.mistakes if mistake.severity is not Severity.NOTE)
    if all(mistake.cause == "uri.missing-password" for mistake in wrong):
        return replace(request, profile=reading.profile, secrets={**reading.secrets, **given}, text=None)
    return replace(request, secrets=given)


def _via(target: Target, urls: Sequence[str]) -> tuple[Target, dict[str, Secret]]:
    """The target behind the hops of ``--via``, and the passwords in these."""
    from clearline.core.profiles.hop_urls import hop_of
    from clearline.core.uri.parts import take_apart
    from clearline.core.uri.proxy_options import is_proxy_option

    try:
        found = [hop_of(url) for url in urls]
    except ValueError as error:
        raise UsageProblem(f"--via: {error}") from None
    if any(is_proxy_option(chunk.name.text) for chunk in take_apart(target.request.text or "").chunks):
        raise UsageProblem("--via: the connection string names a way as well, in proxyHost; give one of the two.")
    passwords = {hop_password(n): secret for n, (_, secret) in enumerate(found) if secret is not None}
    profile = structs.replace(target.request.profile, hops=tuple(hop for hop, _ in found))
    return replace(target, request=replace(target.request, profile=profile)), passwords


def _with_far_dns(target: Target, server: str) -> Target:
    profile = target.request.profile
    if not profile.hops:
        raise UsageProblem("--far-dns names a name server behind hops, and there is none: add --via.")
    far = structs.replace(profile.far_dns, server=server)
    return replace(target, request=replace(target.request, profile=structs.replace(profile, far_dns=far)))


def _accepting(request: Request, fingerprints: Sequence[str]) -> Request:
    """A request that trusts the SSH servers with these keys."""
    for fingerprint in fingerprints:
        if not fingerprint.startswith("SHA256:"):
            raise UsageProblem("--accept-host-key takes a fingerprint as ssh-keygen -l prints it, SHA256:…")
    way = request.permits.way
    trusted = replace(way.host_keys, accepted=way.host_keys.accepted | set(fingerprints))
    return replace(request, permits=replace(request.permits, way=replace(way, host_keys=trusted)))


def _given(arguments: argparse.Namespace, *, from_stdin: bool) -> dict[str, Secret]:
    return {**_from_environment(arguments.secret_env), **_password(arguments, from_stdin=from_stdin)}


def _from_environment(wanted: Sequence[str]) -> dict[str, Secret]:
    secrets = {}
    for one in wanted:
        name, equals, variable = one.partition("=")
        if not equals or not name or not variable:
            raise UsageProblem("--secret-env takes NAME=VARIABLE, for example hop.0.password=PROXY_PASSWORD.")
        if (value := os.environ.get(variable)) is None:
            raise UsageProblem(f"the environment variable {variable} is not set.")
        secrets[name] = Secret(value)
    return secrets


def _password(arguments: argparse.Namespace, *, from_stdin: bool) -> dict[str, Secret]:
    if arguments.password_env:
        value = os.environ.get(arguments.password_env)
        if value is None:
            raise UsageProblem(f"the environment variable {arguments.password_env} is not set.")
        return {PASSWORD: Secret(value)}
    if arguments.password_stdin:
        if from_stdin:
            raise UsageProblem("standard input cannot hold both the connection string and the password.")
        value = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
        return {PASSWORD: Secret(value)}
    return {}
