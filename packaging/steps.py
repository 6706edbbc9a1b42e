"""One command after the other: shown as typed, and the first that fails ends everything."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from typing import NoReturn, Sequence  # noqa: UP035 (an older Python has to get as far as our message)

ROOT = Path(__file__).resolve().parent.parent


class Stop(Exception):
    """The set-up cannot go on; the text says what to do."""


def say(text: str) -> None:
    print(text, flush=True)


def step(command: Sequence[str], environ: dict[str, str] | None = None) -> None:
    """Run one command in the root of the repository, shown as typed; the first that fails ends everything."""
    say("$ " + " ".join(shlex.quote(word) for word in command))
    process = subprocess.Popen(list(command), cwd=ROOT, env=environ)
    try:
        code = process.wait()
    except KeyboardInterrupt:
        process.wait()  # it got the same Ctrl-C and ends by itself
        code = 130
    if code:
        raise SystemExit(code if code > 0 else 128 - code)


def become(command: Sequence[str]) -> NoReturn:
    """Go on as this program, so that every signal reaches it and nothing stays between it and the terminal."""
    if os.name == "posix":
        os.execv(command[0], list(command))
    step(command)
    raise SystemExit(0)
