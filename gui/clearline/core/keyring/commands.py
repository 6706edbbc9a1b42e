"""A command that prints a secret: started without a shell, ended in time, and only its first line counts."""

from __future__ import annotations

import asyncio
import locale
import subprocess
import sys
from collections.abc import Sequence
from typing import Final

from clearline.core.child_processes import begun, end_with_children, note_started
from clearline.core.secrets.secret import Secret

COMMAND_S: Final = 60.0
"""How long a command may take: it may be asking its user for a fingerprint."""
_LONGEST: Final = 64 * 1024
_ENDING_S: Final = 1.0
"""How long a command that has printed its line is waited for: its exit code may still take the line back."""


class CommandFailed(Exception):
    """Why a command gave no secret, in words that quote none of its output."""


async def printed_by(command: str, *, timeout_s: float = COMMAND_S) -> Secret:
    """The first line that a command prints, in UTF-8 or this system's own encoding. Raises `CommandFailed`.

    It is split as a shell splits words and started without a shell, without input, in the environment of the user;
    what it says on standard error is dropped. It is ended after ``timeout_s`` and when the caller is cancelled.
    """
    words = _words(command)
    try:
        process = await begun(_started(words), _over)
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
        await asyncio.shield(_over(process))
    if code:
        raise CommandFailed(f"ended with the exit code {code}")
    line = _first_of(said, _code_pages())
    if not line:
        raise CommandFailed("printed nothing on its first line")
    return Secret(line)


async def _started(words: Sequence[str]) -> asyncio.subprocess.Process:
    from clearline.paths import restored_environ

    process = await asyncio.create_subprocess_exec(
        *words,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=restored_environ(),
        start_new_session=True,  # so that whatever it starts can be ended with it; Windows ignores this
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # no console flashes up over the window
    )
    note_started(process.pid)
    return process


async def _over(process: asyncio.subprocess.Process) -> None:
    """End it, and let go of its pipe: a survivor in another session may hold it, and asyncio waits for its end."""
    end_with_children(process)
    transport = process._transport  # type: ignore[attr-defined]
    transport.get_pipe_transport(1).close()
    await process.wait()
    transport.close()
    await asyncio.sleep(0)  # the pipe is let go of in the loop's next turn


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


def _words(command: str) -> list[str]:
    from clearline.core.text.shell_words import taken_apart

    try:
        words = taken_apart(command)
    except ValueError:
        raise CommandFailed("has a quotation mark without its partner") from None
    if not words:
        raise CommandFailed("is empty")
    return words
