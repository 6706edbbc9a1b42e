"""What a hop asks, on a terminal: the questions of an SSH server, and the passphrase of a key."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import suppress

from clearline.cli.output import harmless, print_aside
from clearline.cli.text_grid import shown
from clearline.core.daemon_threads import run_in_daemon
from clearline.core.hops.asking import Question, ShownKey
from clearline.core.secrets.secret import Secret

_LONGEST = 4096


class OnTerminal:
    """Asks the user of the terminal. A key that is not known is agreed to by ``--accept-host-key`` alone."""

    async def answers(self, question: Question) -> tuple[Secret, ...] | None:
        """One answer for each prompt; None at the end of the input."""
        for words in (f"clearline: {question.server}", question.title, question.instructions):
            if words.strip():
                print_aside(shown(words.strip()))
        answers = []
        for prompt in question.prompts:
            answer = await _asked(shown(prompt.text.strip()) + " ", echo=prompt.echo)
            if answer is None:
                return None
            answers.append(answer)
        return tuple(answers)

    async def trusts(self, key: ShownKey) -> bool:
        """Never: the finding says the fingerprint, and how to agree to it."""
        return False


async def _asked(words: str, *, echo: bool) -> Secret | None:
    if sys.platform == "win32":
        import getpass

        answer = await run_in_daemon(input if echo else getpass.getpass, harmless(words))
        return Secret(answer)
    return await _typed(words, echo=echo)


if sys.platform != "win32":
    import termios

    async def _typed(words: str, *, echo: bool) -> Secret | None:
        """A line of the terminal, which is as it was afterwards, whatever ends the waiting."""
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
        before = termios.tcgetattr(terminal)
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        try:
            if not echo:
                quiet = list(before)
                quiet[3] &= ~termios.ECHO
                termios.tcsetattr(terminal, termios.TCSADRAIN, quiet)
            os.write(terminal, harmless(words).encode("utf-8", "replace"))
            loop.add_reader(terminal, ready.set)
            await ready.wait()  # the terminal gives whole lines
            typed = os.read(terminal, _LONGEST)
        finally:
            loop.remove_reader(terminal)
            with suppress(termios.error):
                termios.tcsetattr(terminal, termios.TCSADRAIN, before)
            if not echo:
                with suppress(OSError):
                    os.write(terminal, b"\n")
            os.close(terminal)
        return Secret(typed.decode("utf-8", "replace").rstrip("\r\n")) if typed else None
