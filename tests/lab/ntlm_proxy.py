"""An HTTP proxy that admits a user of a domain by NTLM, its server's side by pyspnego.

Scripted, for a real one asks a domain controller, and the helper for tests that squid brings checks no password.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import spnego
from spnego.exceptions import SpnegoError

from lab.peer import Conversation, Peer

DOMAIN, USER, PASSWORD = "LAB", "walker", "ntlm-secret-of-walker"


class NtlmProxy(Peer):
    """Leads every CONNECT to ``target`` once NTLM is done. ``breaks``: *silent* sends no challenge, *garbage* one that
    is none, *closes* ends the connection after it.
    """

    def __init__(self, target: str, breaks: str = "") -> None:
        super().__init__(self._serve)
        name, _, number = target.rpartition(":")
        self._target = (name, int(number))
        self._breaks = breaks
        self.proofs = 0
        """Passwords that were proved, rightly or not."""

    async def _serve(self, line: Conversation) -> None:
        server = spnego.server(protocol="ntlm")
        while True:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += await line.read_exactly(1)
            shown = [row for row in head.decode().split("\r\n") if row.lower().startswith("proxy-authorization: ntlm ")]
            if not shown:
                await self._ask(line, "NTLM")
                continue
            token = base64.b64decode(shown[0].split()[-1])
            self.proofs += token[8] == 3
            try:
                challenge = server.step(token)
            except SpnegoError:
                await self._ask(line, "NTLM")
                return
            if challenge is None:
                break
            word = {"silent": "NTLM", "garbage": "NTLM AAAA"}.get(
                self._breaks, f"NTLM {base64.b64encode(challenge).decode()}"
            )
            await self._ask(line, word, closes=self._breaks == "closes")
        await line.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        reader, writer = await asyncio.open_connection(*self._target)

        async def onward() -> None:
            while data := await line.read():
                writer.write(data)

        async def back() -> None:
            while data := await reader.read(65536):
                await line.write(data)

        tasks = [asyncio.create_task(onward()), asyncio.create_task(back())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            writer.transport.abort()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask(self, line: Conversation, word: str, *, closes: bool = False) -> None:
        kept = "close" if closes else "keep-alive"
        await line.write(
            f"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: {word}\r\n"
            f"Proxy-Connection: {kept}\r\nContent-Length: 5\r\n\r\nlogin".encode()
        )


@contextlib.contextmanager
def domain() -> Iterator[None]:
    """The domain's users, where pyspnego looks for them."""
    with tempfile.TemporaryDirectory() as folder:
        users = Path(folder, "users")
        users.write_text(f"{DOMAIN}:{USER}:{PASSWORD}\n:{USER}:{PASSWORD}\n")
        before = os.environ.get("NTLM_USER_FILE")
        os.environ["NTLM_USER_FILE"] = str(users)
        try:
            yield
        finally:
            del os.environ["NTLM_USER_FILE"]
            if before is not None:
                os.environ["NTLM_USER_FILE"] = before
