"""``clearline check``: one check in a terminal, as text or as JSON."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from clearline.core.profile import Profile, Seeds
from clearline.core.report import Report, exit_code, to_json
from clearline.core.secrets import PASSWORD, Secret, Secrets, secret_names

WRONG_USAGE = 2
LONGEST_TARGET = 50_000
"""Far above what any deployment needs; a text of megabytes is a file by mistake."""


class UsageProblem(Exception):
    """The command line itself is wrong: said in one sentence, exit code 2."""


def run(argv: Sequence[str]) -> int:
    """Check what the arguments name; returns the exit code of the report format (0, 1, 2, 130)."""
    parser = argparse.ArgumentParser(prog="clearline check", description="Test one MongoDB connection.")
    parser.add_argument(
        "target",
        metavar="URI | NAME | FILE | HOST[:PORT]",
        help="a connection string, '-' to read one from standard input, a saved profile's name, a profile file, a host",
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument(
        "--timeout", type=_seconds, default=1.5, metavar="S", help="seconds without progress that count as silence"
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    where.add_argument("--password-env", metavar="VARIABLE", help="take the password from this environment variable")
    arguments = parser.parse_args(argv)
    try:
        profile, secrets, text = _target(arguments.target)
        profile, secrets, text = _with_password(profile, secrets, text, _password(arguments))
    except UsageProblem as problem:
        print(f"clearline check: {problem}", file=sys.stderr)
        return WRONG_USAGE
    report = _check(profile, secrets, text, arguments.timeout)
    if arguments.json:
        print(to_json(report))
    else:
        from clearline.cli.report_text import render, terminal_width, unicode_fits

        unicode = unicode_fits(sys.stdout.encoding)
        print(render(report, colour=_colours(), width=terminal_width(), unicode=unicode))
    return exit_code(report)


def _check(profile: Profile, secrets: Secrets, text: str | None, timeout_s: float) -> Report:
    from clearline.core.check import check, farewells, warm_up
    from clearline.core.daemon_threads import DaemonExecutor

    warm_up()

    async def checked() -> Report:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(DaemonExecutor())
        task = loop.create_task(check(profile, secrets, lambda _report: None, text=text, deadline_s=timeout_s))
        try:
            loop.add_signal_handler(signal.SIGINT, task.cancel)
        except NotImplementedError:  # Windows: asyncio.Runner turns Ctrl-C into the cancellation of this coroutine
            pass
        report = await task
        await farewells()
        return report

    return asyncio.run(checked())


def _target(argument: str) -> tuple[Profile, Secrets, str | None]:
    """What to check: a profile, its secrets, and the text where one was given.

    ``://`` makes it a URI; else a path separator or ``.json`` a file; else a saved profile's name; else a host.
    """
    if argument == "-":
        text = sys.stdin.readline(LONGEST_TARGET + 1).strip("\r\n")
        if not text:
            raise UsageProblem("standard input is empty; a connection string was expected there.")
        return Profile(), {}, _bounded(text)
    _bounded(argument)
    if "://" in argument:
        return Profile(), {}, argument
    if argument.endswith(".json") or "/" in argument or os.sep in argument:
        return _from_file(Path(argument))
    saved = _saved(argument)
    if saved is not None:
        return saved
    if not argument.strip():
        raise UsageProblem("nothing to check: give a connection string, a profile or a host.")
    return Profile(name=argument, seeds=Seeds(hosts=(argument,))), {}, argument


def _bounded(text: str) -> str:
    if len(text) > LONGEST_TARGET:
        raise UsageProblem(f"what is to be checked is longer than {LONGEST_TARGET} characters.")
    return text


def _from_file(path: Path) -> tuple[Profile, Secrets, None]:
    from clearline.core.store import ProfileProblem, load

    try:
        profile = load(path)
    except ProfileProblem as problem:
        raise UsageProblem(str(problem)) from None
    return profile, _kept_secrets(profile), None


def _saved(name: str) -> tuple[Profile, Secrets, None] | None:
    from clearline.core.store import list_profiles
    from clearline.paths import profiles_dir

    found = [s.profile for s in list_profiles(profiles_dir()) if s.profile is not None and s.profile.name == name]
    if len(found) > 1:
        raise UsageProblem(f"{len(found)} saved profiles are called {name}; name the file instead.")
    return (found[0], _kept_secrets(found[0]), None) if found else None


def _kept_secrets(profile: Profile) -> Secrets:
    """The profile's secrets from the OS keyring; without a keyring there are none."""
    from clearline.core.vault import Vault

    return asyncio.run(Vault().secrets_of_async(profile.id, secret_names(profile)))


def _with_password(
    profile: Profile, secrets: Secrets, text: str | None, given: Secrets
) -> tuple[Profile, Secrets, str | None]:
    """Put a password that came on its own way into the login; a text with other mistakes stays as it was typed."""
    if text is not None and given:
        from clearline.core.connection_string import read

        reading = read(text, profile=profile)
        if all(mistake.cause == "uri.missing-password" for mistake in reading.facts.mistakes):
            profile, secrets, text = reading.profile, reading.secrets, None
    return profile, {**secrets, **given}, text


def _password(arguments: argparse.Namespace) -> dict[str, Secret]:
    if arguments.password_env:
        value = os.environ.get(arguments.password_env)
        if value is None:
            raise UsageProblem(f"the environment variable {arguments.password_env} is not set.")
        return {PASSWORD: Secret(value)}
    if arguments.password_stdin:
        if arguments.target == "-":
            raise UsageProblem("standard input cannot hold both the connection string and the password.")
        value = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
        return {PASSWORD: Secret(value)}
    return {}


def _seconds(text: str) -> float:
    value = float(text)
    if not 0.05 <= value <= 60:
        raise argparse.ArgumentTypeError("between 0.05 and 60 seconds")
    return value


def _colours() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ
