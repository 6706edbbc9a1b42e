"""Programs that were started here, ended together with all that they have started themselves."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess


def end_with_children(process: asyncio.subprocess.Process | subprocess.Popen[bytes]) -> None:
    """End a program that was started in a session of its own, and what outlives it; on Windows the program alone."""
    try:
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    except (ProcessLookupError, PermissionError):  # all gone; macOS says the latter of a group of dead ones
        pass
