"""The secrets of a profile at the moment of a check: from the vault or from the user; and what a command prints.

References and commands are not followed by `gather`: the check prepares them itself (``preparation.py``), after it was
told which commands the user has agreed to.
"""

from __future__ import annotations

import asyncio
import locale
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from clearline.core.keyring.given import destination, other_servers
from clearline.core.keyring.patient_vault import PATIENCE_S, PatientVault
from clearline.core.keyring.vault import Vault
from clearline.core.profiles.profile import Profile
from clearline.core.profiles.secret_places import STORED, secret_names, source_of
from clearline.core.secrets.secret import KEY_PASSWORD, PASSWORD, Secret, Secrets

COMMAND_S: Final = 60.0
"""How long a command may take: it may be asking its user for a fingerprint."""
_LONGEST: Final = 64 * 1024
_ENDING_S: Final = 1.0
"""How long a command that has printed its line is waited for: its exit code may still take the line back."""


class CommandFailed(Exception):
    """Why a command gave no secret, in words that quote none of its output."""


@dataclass(frozen=True, repr=False)
class Gathered:
    """The secrets that were found, and for each that is missing why."""

    secrets: Secrets
    problems: dict[str, str] = field(default_factory=dict)
    """By the secret's name; whole sentences."""
    refused: str = ""
    """Kept secrets were given for other servers and not used: then none is here. A sentence without its end."""
    unremembered: tuple[str, ...] = ()
    """The names of kept ones that do not know for which servers they were given (`Vault.adopt`)."""


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

    A kept secret that was given for other servers is used after ``agree`` said yes to a sentence about it, and from
    then on without a question. ``foreign``: another person wrote the profile.
    """
    names = tuple(name for name in secret_names(profile) if name not in without)
    stored = [name for name in names if source_of(profile, name).place in STORED]
    patient = PatientVault(vault, timeout_s=timeout_s)
    secrets = dict(await patient.secrets_of(profile.id, stored))
    # A value of the environment is not kept here, but it is meant for certain servers all the same.
    kept = (*secrets, *(name for name in names if source_of(profile, name).place == "reference"))
    problems: dict[str, str] = {}
    elsewhere = await patient.given_elsewhere(profile, kept, foreign=foreign)
    unremembered = tuple(name for name in kept if name not in elsewhere and vault.given(profile.id, name) is None)
    if elsewhere:
        said = given_for_others(profile, vault, elsewhere)
        if agree is not None and await agree(said):
            await patient.give(profile, elsewhere)
        else:
            return Gathered({}, refused=said)  # without it nothing is to be tried
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
    return Gathered(secrets, problems, unremembered=unremembered)


def given_for_others(profile: Profile, vault: Vault, names: Sequence[str]) -> str:
    """What is to be said about kept secrets that were given for other servers: a sentence without its end."""
    wanted = destination(profile)
    own = profile.name or wanted.words
    return f"{own}: {', and '.join(other_servers(name, vault.given(profile.id, name), wanted) for name in names)}"


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


async def printed_by(command: str, *, timeout_s: float = COMMAND_S) -> Secret:
    """The first line that a command prints, in UTF-8 or this system's own encoding. Raises `CommandFailed`.

    It is split as a shell splits words and started without a shell, without input, in the environment of the user;
    what it says on standard error is dropped. It is ended after ``timeout_s`` and when the caller is cancelled.
    """
    from clearline.paths import restored_environ

    words = _words(command)
    try:
        process = await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=restored_environ(),
            start_new_session=True,  # so that whatever it starts can be ended with it; Windows ignores this
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # no console flashes up over the window
        )
    except (OSError, ValueError) as error:
        raise CommandFailed(f"cannot be started: {getattr(error, 'strerror', None) or type(error).__name__}") from None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(timeout_s):
            said = await _first_line(process.stdout)
            code = await _exit_code(process)
    except TimeoutError:
        raise CommandFailed(f"did not end within {timeout_s:g} seconds") from None
    finally:
        _end(process)
        await asyncio.shield(process.wait())
        process._transport.close()  # type: ignore[attr-defined]  # a survivor may hold the pipe open
        await asyncio.sleep(0)  # the pipe is let go of in the loop's next turn
    if code:
        raise CommandFailed(f"ended with the exit code {code}")
    line = _first_of(said, _code_pages())
    if not line:
        raise CommandFailed("printed nothing on its first line")
    return Secret(line)


def _first_of(said: bytes, encodings: Sequence[str]) -> str:
    """The first line: of UTF-8, else of the one text that the system's ``encodings`` read. Raises `CommandFailed`.

    On Windows programs print in one of two code pages, and only the program knows in which: a secret is not guessed.
    """
    first = said.splitlines()[0] if said else b""
    readings = dict.fromkeys(filter(None, (_decoded(first, encoding) for encoding in encodings)))
    if (text := _decoded(first, "utf-8")) is not None:
        return text
    if len(readings) == 1:
        return next(iter(readings))
    if readings:
        raise CommandFailed(
            f"printed letters that {' and '.join(encodings)} read differently; have it print UTF-8 (chcp 65001)"
        )
    raise CommandFailed("printed something that is no UTF-8 text")


def _decoded(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None


def _code_pages() -> tuple[str, ...]:
    """What programs of this computer print in besides UTF-8: on Windows the ANSI and the OEM code page."""
    found = {locale.getencoding(): None}
    if sys.platform == "win32":
        import ctypes

        found[f"cp{ctypes.windll.kernel32.GetOEMCP()}"] = None
    return tuple(found)


async def _first_line(output: asyncio.StreamReader) -> bytes:
    """Up to the first end of a line: a child that keeps the pipe open does not hold us."""
    said = b""
    while b"\n" not in said and len(said) < _LONGEST:
        more = await output.read(_LONGEST)
        if not more:
            break
        said += more
    return said


async def _exit_code(process: asyncio.subprocess.Process) -> int:
    """How it ended; 0 for one that has said its line and goes on."""
    try:
        async with asyncio.timeout(_ENDING_S):
            return await process.wait()
    except TimeoutError:
        return 0


def _end(process: asyncio.subprocess.Process) -> None:
    """End it and all that it has started, also what outlives it."""
    try:
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    except (ProcessLookupError, PermissionError):  # all gone; macOS says the latter of a group of dead ones
        pass


def _words(command: str) -> list[str]:
    try:
        if os.name == "posix":
            words = shlex.split(command)
        else:  # a backslash is part of a path there
            words = [word.strip('"') for word in shlex.split(command, posix=False)]
    except ValueError:
        raise CommandFailed("has a quotation mark without its partner") from None
    if not words:
        raise CommandFailed("is empty")
    return words
