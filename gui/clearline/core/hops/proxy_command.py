"""A program over whose input and output a server is reached, as OpenSSH's ProxyCommand (ssh_config(5))."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from clearline.core.child_processes import begun, end_group, note_ended, note_started
from clearline.core.facts.hops import HopStage, Trouble
from clearline.core.hops.hop_log import HopLog
from clearline.core.hops.ssh_config import words_of
from clearline.core.hops.stream import PushStream

_KEPT_OF_ERRORS: Final = 4096
_NOT_FOUND: Final = 127
"""What a shell answers for a program that it does not find (POSIX, 2.8.2)."""
_END_S: Final = 0.5


class CommandStream(PushStream, asyncio.SubprocessProtocol):
    """The program's output as what comes, its input as what is sent. Closing ends it, and all that it has started."""

    def __init__(self) -> None:
        super().__init__()
        self._process: asyncio.SubprocessTransport | None = None
        self._errors = b""
        self._exited = asyncio.Event()

    @property
    def said(self) -> str:
        """The last line of its standard error."""
        lines = self._errors.decode("utf-8", "replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")[:300]

    async def status(self) -> int | None:
        """How it ended; None when it does not end although its output has."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_END_S):
                await self._exited.wait()
        return None if self._process is None else self._process.get_returncode()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        assert isinstance(transport, asyncio.SubprocessTransport)
        self._process = transport
        note_started(transport.get_pid())

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Called by asyncio."""
        if fd == 1:
            self.feed(data)
        else:
            self._errors = (self._errors + data)[-_KEPT_OF_ERRORS:]

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        """Called by asyncio."""
        if fd == 1:
            self.feed_end(None)

    def process_exited(self) -> None:
        """Called by asyncio."""
        self._exited.set()
        if self._process is not None:
            note_ended(self._process.get_pid())

    def write(self, data: bytes) -> None:
        """Send it, or keep it until it can be sent."""
        pipe: Any = self._process and self._process.get_pipe_transport(0)
        if pipe is not None and not pipe.is_closing():
            pipe.write(data)

    def _pause(self) -> None:
        pipe: Any = self._process and self._process.get_pipe_transport(1)
        if pipe is not None and not pipe.is_closing():
            pipe.pause_reading()

    def _resume(self) -> None:
        pipe: Any = self._process and self._process.get_pipe_transport(1)
        if pipe is not None and not pipe.is_closing():
            pipe.resume_reading()

    def _hang_up(self) -> None:
        if self._process is None:
            return
        if self._process.get_returncode() is None:
            with suppress(OSError):
                if sys.platform == "win32":
                    end_group(self._process.get_pid())
                else:
                    os.killpg(self._process.get_pid(), signal.SIGTERM)
        self._process.close()
        note_ended(self._process.get_pid())
        child = self._process.get_extra_info("subprocess")
        if child is not None and child.returncode is None:
            # asyncio reaps it in a thread, and tells so on this loop, which may have ended by then.
            child.returncode = -signal.SIGTERM


async def start(log: HopLog, command: str) -> CommandStream:
    """Start the program. Raises `HopError`; cancelling ends it."""
    from clearline.paths import restored_environ

    loop = asyncio.get_running_loop()
    words = words_of(command)
    options: dict[str, Any] = {"env": restored_environ(), "start_new_session": True}
    options["creationflags"] = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # no console flashes up over the window
    async with log.step(HopStage.TCP, Trouble.HANGS) as step:
        try:
            if words:
                starting = loop.subprocess_exec(CommandStream, *words, **options)
            else:
                alone = f"exec {command}" if os.name == "posix" else command
                starting = loop.subprocess_shell(CommandStream, alone, **options)
            _, stream = await begun(starting, _over)
        except (OSError, ValueError) as error:
            missing = isinstance(error, FileNotFoundError)
            raise log.failed(
                HopStage.TCP,
                Trouble.COMMAND_MISSING if missing else Trouble.COMMAND_FAILED,
                what=program_of(command),
                errno=getattr(error, "errno", None),
                elapsed_ms=step.elapsed_ms,
            ) from None
    return stream


async def _over(made: tuple[asyncio.BaseTransport, CommandStream]) -> None:
    made[1].close()


async def failed(log: HopLog, stream: CommandStream, command: str) -> Exception:
    """The error for a program that ended before the server spoke."""
    status = await stream.status()
    missing = status == _NOT_FOUND and words_of(command) is None
    trouble = Trouble.COMMAND_MISSING if missing else Trouble.COMMAND_FAILED
    return log.failed(HopStage.BANNER, trouble, what=program_of(command), code=status, said=stream.said)


def program_of(command: str) -> str:
    """The name of the program alone: its arguments may tell more than is to be shown."""
    words = words_of(command) or command.split() or [""]
    return Path(words[0]).name[:100]
