"""Who an SSH server says it is, before all else: read, judged where it is something else, and left for asyncssh."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from clearline.core.facts.hops import HopStage, Trouble
from clearline.core.hops import proxy_command
from clearline.core.hops.greeting import looked_at, service_of, shown
from clearline.core.hops.hop_log import HopLog
from clearline.core.hops.opener import Entrance
from clearline.core.hops.proxy_command import CommandStream
from clearline.core.hops.stream import PushStream
from clearline.core.hops.trouble import HopError

_LONGEST_GREETING: Final = 128 << 10
"""OpenSSH reads 1024 lines before the one that counts; a company's notice may have many."""
_BOTH_VERSIONS: Final = "SSH-1.99-"
"""How a server says that it knows the first version as well as the second (RFC 4253, section 5.1)."""


async def greeted(log: HopLog, entrance: Entrance, stream: PushStream, command: str | None) -> None:
    """Read what the server says of itself, and leave it for the library. Raises `HopError`."""
    said = b""
    through = stream if isinstance(stream, CommandStream) else None

    def more() -> dict[str, Any]:
        """What is silent is a program: whether the server behind it accepted anything is not seen."""
        return {"what": proxy_command.program_of(command or ""), "said": through.said} if through else {}

    async with log.step(HopStage.BANNER, Trouble.BANNER_SILENT, more=more) as step:
        looking = asyncio.get_running_loop().create_task(_look(log, entrance, command))
        try:
            while not _banner(said):
                receiving = asyncio.ensure_future(stream.receive())
                await asyncio.wait({receiving, looking}, return_when=asyncio.FIRST_COMPLETED)
                if not receiving.done():
                    receiving.cancel()
                    if answer := looking.result():
                        raise log.failed(
                            HopStage.BANNER,
                            Trouble.NOT_SPOKEN,
                            first_bytes=shown(answer),
                            service=service_of(answer),
                            elapsed_ms=step.elapsed_ms,
                        )
                    receiving = asyncio.ensure_future(stream.receive())
                try:
                    piece = await receiving
                except OSError as error:
                    raise _closed_early(log, said, step.elapsed_ms, error.errno) from None
                said += piece
                if not piece and through:
                    raise await proxy_command.failed(log, through, command or "")
                if not piece or len(said) > _LONGEST_GREETING or service_of(said):
                    if said and not _banner(said):
                        raise _not_ssh(log, said, step.elapsed_ms, ended=not piece, **more())
                    if not piece:
                        raise _closed_early(log, said, step.elapsed_ms, None)
        finally:
            looking.cancel()
    banner = _banner(said)
    log.put(software=banner)
    if banner.startswith("SSH-1.") and not banner.startswith(_BOTH_VERSIONS):
        raise log.failed(
            HopStage.BANNER, Trouble.NO_COMMON, what="protocol version", offered=(banner,), first_bytes=shown(said)
        )
    stream.put_back(said)


async def _look(log: HopLog, entrance: Entrance, command: str | None) -> bytes:
    """Nothing is said for long: what speaks only when it is spoken to answers on a line of its own."""
    if command is not None:
        await asyncio.Event().wait()
    return await looked_at(lambda: entrance.enter(log), log.terms.deadline_s)


def _not_ssh(log: HopLog, heard: bytes, elapsed_ms: float, *, ended: bool, **of_program: Any) -> HopError:
    # sshd ends it so with a sentence: Exceeded MaxStartups, Not allowed at this time.
    if ended and service_of(heard) is None and heard.isascii():
        words = heard.decode("ascii").strip()
        return log.failed(
            HopStage.BANNER, Trouble.CLOSED, said=words[:200], first_bytes=shown(heard), elapsed_ms=elapsed_ms
        )
    fields: dict[str, Any] = {"first_bytes": shown(heard), "service": service_of(heard), "elapsed_ms": elapsed_ms}
    return log.failed(HopStage.BANNER, Trouble.NOT_SPOKEN, **fields, **of_program)


def _closed_early(log: HopLog, said: bytes, elapsed_ms: float, number: int | None) -> HopError:
    return log.failed(HopStage.BANNER, Trouble.CLOSED, errno=number, first_bytes=shown(said), elapsed_ms=elapsed_ms)


def _banner(said: bytes) -> str:
    """The line with which a server says who it is, once it is whole; lines before it are allowed (RFC 4253)."""
    for line in said.split(b"\n")[:-1]:
        if line.startswith(b"SSH-"):
            return line.strip().decode("ascii", "replace")[:100]
    return ""
