"""A scripted API server of Kubernetes: its port-forward over a websocket (v4.channel.k8s.io), and a kubeconfig for it.

Scripted, for a real one needs a cluster.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lab.peer import Conversation

TOKEN = "token-s3cret"
SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"


def frame(channel: int, data: bytes) -> bytes:
    """A message of one channel, as the server sends it."""
    payload = bytes([channel]) + data
    size = bytes([len(payload)]) if len(payload) < 126 else bytes([126]) + len(payload).to_bytes(2, "big")
    return b"\x82" + size + payload


async def request_of(line: Conversation) -> bytes:
    """The head of the request."""
    said = b""
    while b"\r\n\r\n" not in said and (piece := await line.read()):
        said += piece
    return said


def answering(status: str) -> Callable[[Conversation], Any]:
    """One that opens nothing, and answers with this status line."""

    async def script(line: Conversation) -> None:
        await request_of(line)
        await line.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
        line.close()

    return script


def leading_to(address: str, asked: list[bytes]) -> Callable[[Conversation], Any]:
    """An API server whose pods are all the one real server."""

    async def script(line: Conversation) -> None:
        asked.append(await request_of(line))
        port = int(asked[-1].split(b"ports=")[1].split(b" ")[0])
        await line.write(SWITCHING + b"".join(frame(n, port.to_bytes(2, "little")) for n in (0, 1)))
        host, _, real = address.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(real))

        async def back() -> None:
            while data := await reader.read(60000):
                await line.write(frame(0, data))

        returning = asyncio.create_task(back())
        try:
            while True:
                head = await line.read_exactly(2)
                size = head[1] & 0x7F
                if size == 126:
                    size = int.from_bytes(await line.read_exactly(2), "big")
                mask, body = await line.read_exactly(4), await line.read_exactly(size)
                plain = bytes(byte ^ mask[n % 4] for n, byte in enumerate(body))
                writer.write(plain[1:])
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            returning.cancel()
            writer.close()
            line.close()

    return script


def refusing(port: int) -> Callable[[Conversation], Any]:
    """One whose pods listen on no such port: it says so on the channel of errors."""

    async def script(line: Conversation) -> None:
        await request_of(line)
        said = f"error forwarding port {port} to pod: connect: connection refused".encode()
        number = port.to_bytes(2, "little")
        await line.write(SWITCHING + frame(0, number) + frame(1, number) + frame(1, said))
        await line.read()
        line.close()

    return script


def kubeconfig(folder: Path, port: int, user: dict[str, Any] | None = None, **cluster: Any) -> str:
    """The path of a file that leads to the API server on that port of this computer."""
    document = {
        "current-context": "lab",
        "contexts": [{"name": "lab", "context": {"cluster": "c", "user": "me", "namespace": "db"}}],
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{port}", **cluster}}],
        "users": [{"name": "me", "user": user if user is not None else {"token": TOKEN}}],
    }
    path = folder / "config"
    path.write_text(json.dumps(document))  # which is YAML, too
    return str(path)
