"""One command after the other: shown as typed, and the first that fails ends everything."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import time
from pathlib import Path
from typing import NoReturn, Sequence  # noqa: UP035 (an older Python has to get as far as our message)

ROOT = Path(__file__).resolve().parent.parent
_LOOK_AGAIN_S = 0.05


class Stop(Exception):
    """The set-up cannot go on; the text says what to do."""


def say(text: str) -> None:
    print(text, flush=True)


def step(
    command: Sequence[str],
    environ: dict[str, str] | None = None,
    *,
    beside: Sequence[str] | None = None,
    beside_environ: dict[str, str] | None = None,
) -> None:
    """Run one command in the root of the repository, shown as typed; the first that fails ends everything.

    ``beside`` runs at the same time; where one of both fails the other is interrupted.
    """
    commands = [(command, environ)] if beside is None else [(beside, beside_environ), (command, environ)]
    for one, _ in commands:
        say("$ " + " ".join(shlex.quote(word) for word in one))
    processes = [subprocess.Popen(list(one), cwd=ROOT, env=its_environ) for one, its_environ in commands]
    try:
        code = _first_failure(processes)
    except KeyboardInterrupt:
        for process in processes:
            process.wait()  # it got the same Ctrl-C and ends by itself
        code = 130
    if code:
        raise SystemExit(code if code > 0 else 128 - code)


def _first_failure(processes: list[subprocess.Popen[bytes]]) -> int:
    """The code of the first that fails; 0 when all have ended well."""
    while len(processes) > 1:
        ended = [process for process in processes if process.poll() is not None]
        processes = [process for process in processes if process not in ended]
        for failed in filter(lambda process: process.returncode, ended):
            for other in processes:
                if os.name == "posix":
                    other.send_signal(signal.SIGINT)  # tests still end the servers that they started
                else:
                    other.terminate()
                other.wait()
            return failed.returncode
        time.sleep(_LOOK_AGAIN_S)
    return processes[0].wait() if processes else 0


def become(command: Sequence[str]) -> NoReturn:
    """Go on as this program, so that every signal reaches it and nothing stays between it and the terminal."""
    if os.name == "posix":
        os.execv(command[0], list(command))
    step(command)
    raise SystemExit(0)
