"""Scripted TCP peers: what else can stand at a server's address, and how it hangs up.

Each is a context manager: ``with resetting() as peer: peer.address``. Every peer counts its `connections`, keeps what
it `received`, and can be waited for. ``listener`` takes a socket that is bound elsewhere, for instance in a network
namespace. MongoDB's own language is in `lab.mongo_peer`, a line that slows or breaks in `lab.relay`.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

from lab.peer import Conversation, Peer, bound_socket

# What follows takes the same keyword arguments as `Peer`.


def resetting(**where: object) -> Peer:
    """Accepts, then RST at once."""

    async def script(line: Conversation) -> None:
        line.reset()

    return Peer(script, **where)  # type: ignore[arg-type]


def closing(**where: object) -> Peer:
    """Accepts, then FIN at once."""

    async def script(line: Conversation) -> None:
        line.close()

    return Peer(script, **where)  # type: ignore[arg-type]


def reset_after_data(**where: object) -> Peer:
    """Quiet until the first bytes, then RST."""

    async def script(line: Conversation) -> None:
        await line.read()
        line.reset()

    return Peer(script, **where)  # type: ignore[arg-type]


def close_after_data(**where: object) -> Peer:
    """Quiet until the first bytes, then FIN."""

    async def script(line: Conversation) -> None:
        await line.read()
        line.close()

    return Peer(script, **where)  # type: ignore[arg-type]


def silent(**where: object) -> Peer:
    """Accepts and never answers. With ``tls=`` the handshake is done, and then nothing."""

    async def script(line: Conversation) -> None:
        await line.until_closed()

    return Peer(script, **where)  # type: ignore[arg-type]


def answering(data: bytes, **where: object) -> Peer:
    """Answers the first bytes with ``data``, then FIN."""

    async def script(line: Conversation) -> None:
        await line.read()
        await line.write(data)
        line.close()

    return Peer(script, **where)  # type: ignore[arg-type]


def greeting(data: bytes, **where: object) -> Peer:
    """Speaks first, then listens without a word."""

    async def script(line: Conversation) -> None:
        await line.write(data)
        await line.until_closed()

    return Peer(script, **where)  # type: ignore[arg-type]


def http_server(**where: object) -> Peer:
    """A web server: answers anything with 400."""
    page = b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    return answering(page, **where)


def ssh_server(**where: object) -> Peer:
    """An SSH server's greeting."""
    return greeting(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n", **where)


def mysql_server(**where: object) -> Peer:
    """A MySQL server's greeting (protocol version 10)."""
    body = b"\x0a8.0.36\x00" + bytes(4) + b"12345678\x00" + b"\xff\xf7\xff\x02\x00\xff\xdf\x15" + bytes(10)
    body += b"123456789012\x00caching_sha2_password\x00"
    return greeting(len(body).to_bytes(3, "little") + b"\x00" + body, **where)


def redis_server(**where: object) -> Peer:
    """A Redis server: does not understand what it hears."""
    return answering(b"-ERR unknown command\r\n", **where)


def postgres_server(**where: object) -> Peer:
    """A PostgreSQL server: reads a start-up packet of an unknown version, answers with an error."""
    fields = b"SFATAL\x00C0A000\x00Munsupported frontend protocol\x00\x00"
    return answering(b"E" + (len(fields) + 4).to_bytes(4, "big") + fields, **where)


def tls_alert(number: int, **where: object) -> Peer:
    """Answers a ClientHello, and anything else, with a fatal TLS alert: 40, 70, 80, 112, 116, …"""
    return answering(bytes((0x15, 3, 3, 0, 2, 2, number)), **where)


class FullAcceptQueue:
    """A listener that never accepts and whose queue is full: further SYNs are dropped by the kernel (Linux)."""

    def __init__(self, host: str = "127.0.0.1", *, listener: socket.socket | None = None) -> None:
        self._host = host
        self._listener = listener

    def __enter__(self) -> FullAcceptQueue:
        with contextlib.ExitStack() as stack:
            listener = stack.enter_context(self._listener or bound_socket(self._host, 0))
            listener.listen(0)
            self.host, self.port = listener.getsockname()[:2]
            for _ in range(8):
                filler = stack.enter_context(socket.socket(listener.family))
                filler.settimeout(0.2)  # the kernel never says that the queue is full: it says nothing
                try:
                    filler.connect((self.host, self.port))
                except TimeoutError:
                    break
            self._stack = stack.pop_all()
        return self

    @property
    def address(self) -> str:
        """``host:port``."""
        return f"{self.host}:{self.port}"

    def __exit__(self, *_: object) -> None:
        self._stack.close()


@contextlib.contextmanager
def closed_port(host: str = "127.0.0.1") -> Iterator[int]:
    """A port on which nothing listens, kept from others for as long as the context lasts."""
    with bound_socket(host, 0) as holder:
        yield holder.getsockname()[1]
