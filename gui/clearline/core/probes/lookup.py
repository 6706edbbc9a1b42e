"""What the operating system's own resolver says of a host name: the answer that the driver will connect to."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

from clearline.core.addresses import is_ip_address
from clearline.core.daemon_threads import run_in_daemon
from clearline.core.facts.names import Lookup

AGAIN_S = 0.2
"""Silence after which the system is asked once more: glibc repeats a question whose packet was lost after 5 s only."""


async def look_up(
    host: str,
    *,
    deadline_s: float,
    late_s: float,
    on_early: Callable[[Lookup], None] | None = None,
    hosts_file: Path | None = None,
) -> Lookup:
    """Ask getaddrinfo as PyMongo does (pymongo/pool_shared.py): all families, but IPv4 alone for ``localhost``.

    Addresses keep the system's order. An IP address is returned as it is, without asking. At ``deadline_s``
    ``on_early`` is told that the resolver is silent; an answer is awaited until ``late_s`` (both from the start; a
    smaller ``late_s`` means no later than the deadline). After `AGAIN_S` the question is asked a second time beside the
    first, and the first answer counts.
    ``hosts_file`` stands in for the system's. Cancelling returns at once.
    """
    if is_ip_address(host):
        return Lookup(host=host, addresses=(host.strip("[]"),), literal=True)
    started = time.perf_counter()
    loop = asyncio.get_running_loop()
    asking = {asyncio.ensure_future(run_in_daemon(_addresses, host))}

    async def answers(until_s: float) -> set[asyncio.Task[tuple[tuple[str, ...], int | None]]]:
        left_s = max(0.0, until_s - (time.perf_counter() - started))
        return (await asyncio.wait(asking, timeout=left_s, return_when=asyncio.FIRST_COMPLETED))[0]

    timer: asyncio.TimerHandle | None = None
    try:
        overrides = await run_in_daemon(_overrides, hosts_file or hosts_path(), host)
        if on_early is not None and deadline_s < late_s:
            early = Lookup(host=host, silent=True, elapsed_ms=deadline_s * 1000, hosts_file=overrides)
            timer = loop.call_at(loop.time() + deadline_s - (time.perf_counter() - started), on_early, early)
        last_s = max(deadline_s, late_s)
        if not (done := await answers(min(AGAIN_S, last_s))):
            asking.add(asyncio.ensure_future(run_in_daemon(_addresses, host)))
            done = await answers(last_s)
        elapsed_ms = (time.perf_counter() - started) * 1000
        if not done:
            return Lookup(host=host, silent=True, elapsed_ms=elapsed_ms, hosts_file=overrides)
        addresses, eai = done.pop().result()
        return Lookup(host=host, addresses=addresses, eai=eai, elapsed_ms=elapsed_ms, hosts_file=overrides)
    finally:
        if timer is not None:
            timer.cancel()
        for question in asking:
            question.cancel()


async def localhost_is_ipv6_too() -> bool:
    """Whether this computer knows ``localhost`` as ``::1`` as well, so that other drivers may try that first."""

    def ask() -> bool:
        try:
            return bool(socket.getaddrinfo("localhost", None, family=socket.AF_INET6, type=socket.SOCK_STREAM))
        except OSError:
            return False

    return await run_in_daemon(ask)


def hosts_path() -> Path:
    """The system's hosts file."""
    if sys.platform == "win32":
        return Path(os.environ.get("SYSTEMROOT", r"C:\Windows"), "System32", "drivers", "etc", "hosts")
    return Path("/etc/hosts")


def hosts_file_addresses(text: str, host: str) -> tuple[str, ...]:
    """The addresses that a hosts file gives for a name, in its order."""
    wanted = host.lower().rstrip(".")
    if wanted not in text.lower():  # a blocking list has a hundred thousand lines
        return ()
    found: dict[str, None] = {}
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if len(words) > 1 and wanted in (name.lower().rstrip(".") for name in words[1:]):
            found[words[0]] = None
    return tuple(found)


def _overrides(path: Path, host: str) -> tuple[str, ...]:
    try:
        return hosts_file_addresses(path.read_text("utf-8", "replace"), host)
    except OSError:
        return ()


def _addresses(host: str) -> tuple[tuple[str, ...], int | None]:
    family = socket.AF_INET if host == "localhost" else socket.AF_UNSPEC
    try:
        entries = socket.getaddrinfo(host, None, family=family, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        return (), error.errno
    except (UnicodeError, ValueError):  # no name at all: an empty label, one of more than 63 letters, a NUL
        return (), socket.EAI_NONAME
    except OSError as error:  # what EAI_SYSTEM stands for, e.g. no file handle left
        return (), getattr(socket, "EAI_SYSTEM", error.errno)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in entries)), None
