"""An SSH server's questions on a terminal: the answer is not shown, and the terminal stays as it was."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time

import pytest

pty = pytest.importorskip("pty", reason="a terminal of POSIX", exc_type=ImportError)
termios = pytest.importorskip("termios", reason="a terminal of POSIX", exc_type=ImportError)

PROGRAM = """
import asyncio
from clearline.cli.hop_questions import OnTerminal
from clearline.core.hops.asking import Prompt, Question

async def main():
    question = Question("bastion:22", "", "\\x1b[31mOne code", (Prompt("Code:"),))
    asking = asyncio.ensure_future(OnTerminal().answers(question))
    if %r:
        await asyncio.sleep(0.2)
        asking.cancel()
    try:
        print("got", [one.reveal()[::-1] for one in await asking])
    except asyncio.CancelledError:
        print("stopped")

asyncio.run(main())
"""


def on_terminal(*, stop: bool, typed: bytes) -> tuple[bytes, bool]:
    """What the terminal showed, and whether it shows what is typed afterwards."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, "-c", PROGRAM % stop])
    shown, end, sent = b"", time.monotonic() + 20, False
    while time.monotonic() < end:
        if select.select([terminal], [], [], 0.05)[0]:
            try:
                shown += os.read(terminal, 4096)
            except OSError:
                break
        if b"Code: " in shown and not sent and typed:
            os.write(terminal, typed)
            sent = True
        if shown.rstrip().endswith((b"']", b"stopped")):  # the whole line, which may come in pieces
            break
    echoes = bool(termios.tcgetattr(terminal)[3] & termios.ECHO)
    os.close(terminal)
    os.waitpid(pid, 0)
    return shown, echoes


def test_what_is_typed_is_not_shown() -> None:
    shown, echoes = on_terminal(stop=False, typed=b"abcdef\n")
    assert b"fedcba" in shown
    assert b"abcdef" not in shown
    assert b"\x1b[31m" not in shown
    assert echoes


def test_a_stop_leaves_the_terminal_as_it_was() -> None:
    shown, echoes = on_terminal(stop=True, typed=b"")
    assert b"stopped" in shown
    assert echoes


def test_a_fingerprint_that_is_none_is_said() -> None:
    command = [sys.executable, "-m", "clearline", "check", "db", "--via", "ssh://x", "--accept-host-key", "12:34"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "SHA256:" in done.stderr


def test_a_far_name_server_without_a_hop_is_said() -> None:
    command = [sys.executable, "-m", "clearline", "check", "mongodb+srv://c0.example.com", "--far-dns", "10.0.0.2"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--via" in done.stderr
