"""What a command of the terminal is to connect to: from its arguments to a profile with its secrets, agreed to."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import structs
from msgspec.structs import replace

from clearline.cli.agreement import on_terminal, on_the_way, permits, settle, wanted_by
from clearline.cli.output import print_aside
from clearline.cli.secrets import gathered, given, refuse_useless, why_not
from clearline.cli.usage import UsageProblem
from clearline.core.addresses import name_server
from clearline.core.check.request import USUAL, Patience, Request
from clearline.core.files.drives import FOLDER_S, NoAnswer, waited_for
from clearline.core.findings import Severity
from clearline.core.profiles.profile import OF_SSH, Profile, Seeds
from clearline.core.secrets.secret import (
    PASSWORD,
    Secret,
    Secrets,
    Unshown,
    hop_password,
)
from clearline.core.text.late_patterns import late
from clearline.core.typed_values import whole_characters

if TYPE_CHECKING:
    from clearline.core.storage.store import Stored

LONGEST_TARGET = 50_000
"""Far above what any deployment needs; a text of megabytes is a file by mistake."""

VARIABLE = "MONGODB_URI"
"""The environment variable that MongoDB's own examples use."""
TARGET_HELP = "a connection string, '-' to read one from standard input, a saved profile's name, a profile file, a host"


class Target(Unshown, frozen=True):
    """What to connect to, and whose it is."""

    request: Request
    saved: bool = False
    """It is one of the user's own saved profiles."""


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
    secrets = {**found.request.secrets, **given(arguments, from_stdin=named == "-")}
    _settle_concerns(found, yes=arguments.yes)
    if arguments.via:
        found, passwords = _via(found, arguments.via)
        secrets = {**passwords, **secrets}
    refuse_useless(found.request, arguments.secret_env)
    if arguments.accept_host_key:
        found = replace(found, request=_accepting(found.request, arguments.accept_host_key))
    if arguments.far_dns:
        found = _with_far_dns(found, arguments.far_dns)
    if found.request.text is not None:
        return replace(found, request=_with_password(found.request, secrets))
    profile = found.request.profile
    elsewhere = () if found.saved else (profile.id,)
    [gathering] = gathered([profile], yes=arguments.yes, elsewhere=elsewhere, without=tuple(secrets))
    if (said := why_not(gathering)) is not None:
        raise UsageProblem(said)
    return replace(found, request=replace(found.request, secrets={**gathering.secrets, **secrets}))


def _found(argument: str, patience: Patience) -> Target:
    """``://`` makes it a URI; else it may name a file, a saved profile, or be a host, or the beginnings of a URI."""

    def target(profile: Profile, text: str | None = None, *, saved: bool = False) -> Target:
        return Target(Request(profile, {}, text, patience, permits(profile)), saved)

    if argument == "-":
        from clearline.cli.standard_input import line

        text = line(LONGEST_TARGET + 1, past_empty=True)
        if not text:
            raise UsageProblem("standard input is empty; a connection string was expected there.")
        return target(Profile(), _bounded(text))
    _bounded(argument)
    if " " in argument:
        from clearline.core.uri.shell_options import with_address

        argument = with_address(argument)
    if "://" in argument:
        return _taken_out(argument, patience) or target(Profile(), argument)
    if _names_a_file(argument):
        profile, saved = _from_file(Path(argument))
        return target(profile, saved=saved)
    if (named := _saved(argument)) is not None:
        profile, saved = named
        return target(profile, saved=saved)
    if not argument.strip():
        raise UsageProblem("nothing to check: give a connection string, a profile or a host.")
    if len(argument.split()) > 1 and not any(mark in argument for mark in ".:,"):
        from clearline.cli.text_grid import shown
        from clearline.core.secrets.redaction import redact

        called = shown(redact(argument))
        raise UsageProblem(f"there is no saved profile called {called}, and no host has such a name.")
    if "@" in argument or _SEPARATOR.search(argument):
        return target(Profile(), argument)
    host = whole_characters(argument)
    return target(Profile(name=host, seeds=Seeds(hosts=(host,))), host)


_OF_A_HOST = late(r"[.:\[]")
_SEPARATOR = late(rf"[/{re.escape(os.sep)}]")
_OF_A_PATH = late(rf"(?!//[^/]*@)[./~{re.escape(os.sep)}]|[A-Za-z]:[\\/]")
"""How a path begins that cannot be an address, as ``//user:password@host`` is one."""
_LIKE_AN_ADDRESS = late(r"mongo|localhost/|[^/]*[:.]|.*@", re.IGNORECASE | re.DOTALL)


def _names_a_file(argument: str) -> bool:
    """``.json`` does, and a path; what looks like an address with a slash only where there is such a file.

    A file that is missing is named in a message, and a piece of ``user:pass/word@host`` must not be.
    """
    if argument.endswith(".json") or _OF_A_PATH.match(argument):
        return True
    if not _SEPARATOR.search(argument):
        return False
    try:
        return not _LIKE_AN_ADDRESS.match(argument) or waited_for(argument, Path(argument).is_file)
    except (NoAnswer, OSError, ValueError):  # too long for a name, or a zero byte
        return False


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

    def begin() -> str:
        with file.open(encoding="utf-8-sig") as opened:
            return opened.read(LONGEST_TARGET + 1)

    said = "no .env names any"
    try:
        items = dotenv.read(_bounded(waited_for(file.absolute(), begin)), file).items
    except (OSError, UnicodeDecodeError, ImportProblem) as error:
        items = ()
        if isinstance(error, PermissionError):
            said = f".env cannot be read: {error.strerror}"
    usable = next((item for item in items if item.profile is not None), None)
    if usable is None or usable.profile is None:
        raise UsageProblem(f"nothing to check: give a target, or --all; {VARIABLE} is not set, and {said}.")
    request = Request(usable.profile, usable.secrets, None, patience, permits(usable.profile))
    return Target(request), f"{usable.name} of {file.absolute()}"


def _bounded(text: str) -> str:
    if len(text) > LONGEST_TARGET:
        raise UsageProblem(f"what is to be checked is longer than {LONGEST_TARGET} characters.")
    return text


def saved_profiles() -> list[Stored]:
    """What the folder of the saved profiles holds. Raises `UsageProblem` when it cannot be read, or not in time."""
    try:
        return _stored()
    except OSError as error:
        raise UsageProblem(f"the saved profiles cannot be read: {_unread(error)}.") from None


def _stored() -> list[Stored]:
    from clearline.core.storage.store import list_profiles
    from clearline.paths import profiles_dir

    folder = profiles_dir()
    try:
        return waited_for(folder, list_profiles, folder, limit_s=FOLDER_S)
    except NoAnswer as silence:
        raise UsageProblem(silence.sentence) from None


def _unread(error: OSError) -> str:
    return f"{error.filename}: {error.strerror or type(error).__name__}"


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
    try:
        there, unread = _stored(), ""
    except OSError as error:  # a host's name is one all the same, in a container whose user has no home
        there, unread = [], _unread(error)
    named = [s for s in there if s.profile is not None and s.profile.name == name]
    unread = "; ".join(filter(None, (unread, *(str(one.problem) for one in there if one.problem is not None))))
    if unread and not named and not _OF_A_HOST.search(name):
        print_aside(f"clearline: {name} is taken for a host; of the saved profiles these cannot be read: {unread}")
    if len(named) > 1:
        raise UsageProblem(f"{len(named)} saved profiles are called {name}; name the file instead.")
    return next(((one.profile, one.own) for one in named if one.profile is not None), None)


def _settle_concerns(target: Target, *, yes: bool) -> None:
    """Have the user agree to what the target wants (`consent`); raises `UsageProblem` when that fails."""
    from clearline.core.consent.concerns import concerns

    if target.request.text is not None:
        profile = target.request.reading.profile
        settle(profile, concerns(profile, prompting=on_terminal()), yes=yes, demanded=False)
    else:
        profile = target.request.profile
        settle(profile, wanted_by(profile, elsewhere=not target.saved), yes=yes, demanded=True)


def _with_password(request: Request, given: Secrets) -> Request:
    """Put a password that came on its own way into the login; a text with other mistakes stays as it was typed."""
    if not given:
        return request  # whose text has been read already
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
        found = [hop_of(whole_characters(url)) for url in urls]
    except ValueError as error:
        raise UsageProblem(f"--via: {error}") from None
    if any(is_proxy_option(chunk.name.text) for chunk in take_apart(target.request.text or "").chunks):
        raise UsageProblem("--via: the connection string names a way as well, in proxyHost; give one of the two.")
    passwords = {hop_password(n): secret for n, (_, secret) in enumerate(found) if secret is not None}
    profile = structs.replace(target.request.profile, hops=tuple(hop for hop, _ in found))
    agreed = replace(target.request.permits, way=on_the_way(profile))
    return replace(target, request=replace(target.request, profile=profile, permits=agreed)), passwords


def _with_far_dns(target: Target, server: str) -> Target:
    profile = target.request.profile
    if not profile.hops:
        raise UsageProblem("--far-dns names a name server behind hops, and there is none: add --via.")
    if server != OF_SSH and name_server(server) is None:
        raise UsageProblem("--far-dns takes an address or a name, with :port where that is not 53, or the word ssh.")
    far = structs.replace(profile.far_dns, server=whole_characters(server))
    return replace(target, request=replace(target.request, profile=structs.replace(profile, far_dns=far)))


def _accepting(request: Request, fingerprints: Sequence[str]) -> Request:
    """A request that trusts the SSH servers with these keys."""
    for fingerprint in fingerprints:
        if not fingerprint.startswith("SHA256:"):
            raise UsageProblem("--accept-host-key takes a fingerprint as ssh-keygen -l prints it, SHA256:…")
    way = request.permits.way
    trusted = replace(way.host_keys, accepted=way.host_keys.accepted | set(fingerprints))
    return replace(request, permits=replace(request.permits, way=replace(way, host_keys=trusted)))
