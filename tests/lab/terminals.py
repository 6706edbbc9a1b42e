"""The program on a pseudo-terminal of its own (POSIX), where each prompt gets its answer."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence


def on_a_terminal(
    *arguments: str, answers: Sequence[tuple[str, str]], environ: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Exit code of ``clearline`` with these arguments, and everything said; ``answers`` are prompts and replies."""
    import fcntl
    import pty
    import termios

    terminal, inside = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "clearline", *arguments],
        stdin=inside,
        stdout=inside,
        stderr=inside,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # getpass asks on the controlling terminal
        env={**(os.environ if environ is None else environ), "NO_COLOR": "1"},
    )
    os.close(inside)
    said, waiting = "", list(answers)
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # Linux tells the end so
            break
        if not piece:
            break
        said += piece.decode()
        if waiting and waiting[0][0] in said:
            os.write(terminal, f"{waiting.pop(0)[1]}\n".encode())
    os.close(terminal)
    return process.wait(60), said
