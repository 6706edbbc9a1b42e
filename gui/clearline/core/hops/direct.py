"""The way to a hop's own server from this computer: its name, and TCP. The only place here that goes directly."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from contextlib import suppress
from ipaddress import ip_address

from clearline.core.daemon_threads import run_in_daemon
from clearline.core.facts.hops import HopStage, Trouble
from clearline.core.hops import windows_sockets
from clearline.core.hops.error_numbers import error_number
from clearline.core.hops.hop_log import HopLog
from clearline.core.hops.stream import SocketStream, Stream

_NEXT_ADDRESS_S = 0.25
"""The head start of an address before the next one is tried beside it (RFC 8305, section 5)."""
_QUICK_S, _QUICK_STEP_S = 0.1, 0.002
_REFUSED = frozenset({111, 61, 10061})
_UNREACHABLE = frozenset(
    {113, 65, 10065, 101, 51, 10051, 100, 50, 10050, 112, 64, 10064, 97, 47, 10047, 99, 49, 10049, 22, 10022}
)
"""EHOSTUNREACH and its relatives; EINVAL is a link-local address without its interface, or a route to nowhere."""
_DENIED = frozenset({1, 13, 10013})


async def connect(log: HopLog, host: str, port: int) -> Stream:
    """Connect to a hop's server; the name and TCP steps are noted. Raises `HopError`."""
    loop = asyncio.get_running_loop()
    if not host:  # which a resolver would take for this computer
        raise log.failed(HopStage.NAME, Trouble.NAME_UNKNOWN, eai=int(socket.EAI_NONAME))
    async with log.step(HopStage.NAME, Trouble.NAME_SILENT) as step:
        # In a thread of its own and not by the loop, which would ask the way.
        try:
            found = await run_in_daemon(socket.getaddrinfo, host, port, 0, socket.SOCK_STREAM)
        except socket.gaierror as error:
            raise log.failed(HopStage.NAME, Trouble.NAME_UNKNOWN, eai=error.errno, elapsed_ms=step.elapsed_ms) from None
        except (UnicodeError, ValueError):
            raise log.failed(HopStage.NAME, Trouble.NAME_UNKNOWN, eai=int(socket.EAI_NONAME)) from None
    sockets: list[socket.socket] = []

    def more() -> dict[str, int]:
        sent = [count for sock in sockets if (count := _retransmits(sock)) is not None]
        return {"retransmits": max(sent)} if sent else {}

    async with log.step(HopStage.TCP, Trouble.SILENT, more=more) as step:
        attempts: set[asyncio.Task[socket.socket]] = set()
        problem: OSError | None = None
        try:
            for place, (family, _, _, _, address) in enumerate(found):
                attempts.add(loop.create_task(_attempt(family, address, sockets)))
                last = place == len(found) - 1
                while attempts:
                    done, _ = await asyncio.wait(
                        attempts, timeout=None if last else _NEXT_ADDRESS_S, return_when=asyncio.FIRST_COMPLETED
                    )
                    attempts -= done
                    for task in done:
                        if (failed := task.exception()) is None:
                            winner = task.result()
                            sockets.remove(winner)
                            answer_quickly(winner, loop.time() + _QUICK_S)
                            return SocketStream(winner)
                        problem = failed if isinstance(failed, OSError) else OSError(str(failed))
                    if not last:
                        break
        finally:
            for task in attempts:
                task.cancel()
            for sock in sockets:
                sock.close()
    assert problem is not None
    number = error_number(problem)
    trouble = (
        Trouble.REFUSED
        if number in _REFUSED
        else Trouble.UNREACHABLE
        if number in _UNREACHABLE
        else Trouble.DENIED
        if number in _DENIED
        else Trouble.CLOSED
    )
    raise log.failed(HopStage.TCP, trouble, errno=number, elapsed_ms=step.elapsed_ms) from None


def answer_quickly(sock: socket.socket, until: float) -> None:
    """Acknowledge at once for a moment (Linux): sshd and many proxies wait for it with their next answer (Nagle).

    Without this each handshake takes 40 ms longer. The system forgets it now and then, so it is said again.
    ``until`` is a time of the running loop, seconds.
    """
    quick = getattr(socket, "TCP_QUICKACK", None)
    if quick is None or sock.fileno() < 0 or sock.family not in (socket.AF_INET, socket.AF_INET6):
        return
    try:
        sock.setsockopt(socket.IPPROTO_TCP, quick, 1)
    except OSError:
        return
    loop = asyncio.get_running_loop()
    if loop.time() < until:
        loop.call_later(_QUICK_STEP_S, answer_quickly, sock, until)


async def _attempt(family: int, address: tuple[object, ...], sockets: list[socket.socket]) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    sockets.append(sock)
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 120), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 9)):  # as PyMongo sets its own
        if hasattr(socket, name):
            with suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    if windows_sockets.ON_WINDOWS and ip_address(str(address[0]).partition("%")[0]).is_loopback:
        windows_sockets.no_syn_again(sock)  # many proxies of companies run on the user's own computer
    await asyncio.get_running_loop().sock_connect(sock, address)
    return sock


def _retransmits(sock: socket.socket) -> int | None:
    """Packets sent again so far (tcpi_total_retrans of TCP_INFO); None where the system does not tell."""
    if sys.platform != "linux" or sock.fileno() < 0:
        return None
    try:
        return int(struct.unpack_from("=I", sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104), 100)[0])
    except (OSError, struct.error):
        return None
