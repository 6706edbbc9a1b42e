"""What a hop costs against going directly, in one run: first answer, ping, a large read, Stop, and a lost session.

``python tests/bench/hops.py`` prints one line a measurement. The server speaks TLS, as behind most hops; all of it runs
on this computer, so that the ratios show what the hop adds and nothing of a network.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from pymongo import AsyncMongoClient

from clearline.core.check.check import check, farewells
from clearline.core.check.request import Request
from clearline.core.daemon_threads import DaemonExecutor
from clearline.core.hops.hop_log import Terms
from clearline.core.hops.loop import HopLoop, going
from clearline.core.hops.way import Way, lay
from clearline.core.profiles.hop import Hop, HttpProxy, Socks5Proxy
from clearline.core.profiles.profile import Profile, Seeds
from clearline.core.report.report import Report
from clearline.core.secrets.secret import Secret, hop_password
from lab import deployments, proxies, ssh_server
from lab.certificates import Authority
from lab.peers import closed_port

HERE = "127.0.0.1"
ROUNDS, PINGS, DOCUMENTS = 7, 300, 20
MEGABYTE = 1 << 20


def listening() -> int:
    """Sockets of this process that listen (state 0A)."""
    own = {fd.readlink().name for fd in Path("/proc/self/fd").iterdir() if fd.is_symlink()}
    tables = [Path(f"/proc/self/net/{name}").read_text().splitlines()[1:] for name in ("tcp", "tcp6")]
    rows = [row.split() for table in tables for row in table]
    return sum(row[3] == "0A" and f"socket:[{row[9]}]" in own for row in rows)


async def measured(uri: str, way: Way | None) -> dict[str, float]:
    """Medians in milliseconds, and the large read in MB/s. The hop is logged in to already."""
    before = listening()
    first, ping, read = [], [], []
    with going(way):
        for round_ in range(ROUNDS):
            began = time.perf_counter()
            client: AsyncMongoClient[Any] = AsyncMongoClient(uri)
            await client.admin.command("ping")
            first.append((time.perf_counter() - began) * 1000)
            if round_ < 3:
                for _ in range(PINGS // 3):
                    began = time.perf_counter()
                    await client.admin.command("ping")
                    ping.append((time.perf_counter() - began) * 1000)
                began = time.perf_counter()
                size = 0
                async for document in client.bench.large.find():
                    size += len(document["data"])
                read.append(size / MEGABYTE / (time.perf_counter() - began))
            await client.close()
    return {
        "first": statistics.median(first),
        "ping": statistics.median(ping),
        "read": statistics.median(read),
        "ports": listening() - before,
    }


async def through(hops: Sequence[Hop], uri: str) -> dict[str, float]:
    """The same behind hops; ``up`` is the time of the login."""
    began = time.perf_counter()
    way = await lay(hops, {}, terms=Terms())
    await way.enter()
    up = (time.perf_counter() - began) * 1000
    try:
        return {"up": up, **await measured(uri, way)}
    finally:
        way.close()


async def stopped(hop: Hop, place: tuple[str, int]) -> float:
    """Milliseconds from Stop to the end while a line is open and another one is being opened."""
    way = await lay([hop], {}, terms=Terms())
    await way.open(*place)
    asking = asyncio.ensure_future(way.open("192.0.2.1", 27017))
    await asyncio.sleep(0.05)
    began = time.perf_counter()
    asking.cancel()
    way.close()
    await asyncio.gather(asking, return_exceptions=True)
    return (time.perf_counter() - began) * 1000


async def dropped(server: ssh_server.Server, uri: str) -> tuple[float, int]:
    """Milliseconds from a killed session to the next answer, and how many pings failed."""
    way = await lay([server.hop()], {}, terms=Terms())
    failed = 0
    with going(way):
        client: AsyncMongoClient[Any] = AsyncMongoClient(uri)
        await client.admin.command("ping")
        server.end_sessions()
        began = time.perf_counter()
        while True:
            try:
                await client.admin.command("ping")
                if way.facts[0].failure is None and server.children():
                    break
            except Exception:
                failed += 1
        took = (time.perf_counter() - began) * 1000
        way.close()
        await client.close()
    return took, failed


async def warmed(work: Callable[[], Awaitable[Any]]) -> Any:
    asyncio.get_running_loop().set_default_executor(DaemonExecutor())
    return await work()


def in_loop(work: Callable[[], Awaitable[Any]]) -> Any:
    with asyncio.Runner(loop_factory=HopLoop) as runner:
        return runner.run(warmed(work))


async def fill(uri: str) -> None:
    client: AsyncMongoClient[Any] = AsyncMongoClient(uri)
    await client.bench.large.drop()
    await client.bench.large.insert_many([{"data": bytes(MEGABYTE)} for _ in range(DOCUMENTS)])
    await client.close()


def main() -> None:
    """Print everything."""
    if (reason := ssh_server.unavailable()) is not None:
        print(reason)
        return
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        deployment = stack.enter_context(deployments.with_tls(Authority(folder)))
        uri, address = deployment.uri(), deployment.address
        host, _, port = address.rpartition(":")
        in_loop(lambda: fill(uri))
        keys = ssh_server.make_keys(folder)
        server = stack.enter_context(ssh_server.sshd(keys))
        ways: dict[str, Hop] = {
            "SSH": server.hop(),
            "SOCKS5": Socks5Proxy(host=HERE, port=stack.enter_context(proxies.dante())),
            "CONNECT": HttpProxy(host=HERE, port=stack.enter_context(proxies.squid())),
        }
        in_loop(lambda: measured(uri, None))  # the server's first answers are slower
        for name, hop in ways.items():
            # Directly once more beside each: another program on this computer slows both.
            direct = in_loop(lambda: measured(uri, None))
            plain = f"ping {direct['ping']:.3f} ms   {direct['read']:6.1f} MB/s"
            print(f"direct   first answer {direct['first']:6.1f} ms   {plain}")
            found = in_loop(lambda hop=hop: through([hop], uri))
            print(
                f"{name:<8} first answer {found['first']:6.1f} ms ({found['first'] / direct['first']:.2f}x)"
                f"   ping {found['ping']:.3f} ms ({found['ping'] - direct['ping']:+.3f})"
                f"   {found['read']:6.1f} MB/s ({found['read'] / direct['read']:.2f}x)"
                f"   up in {found['up']:.0f} ms   listening ports {found['ports']:.0f}"
            )
        print(f"Stop while connected and opening: {in_loop(lambda: stopped(server.hop(), (host, int(port)))):.2f} ms")
        took, failed = in_loop(lambda: dropped(server, uri))
        print(f"A killed session: back after {took:.0f} ms, {failed} pings failed")
        faults(stack, keys, server, int(port))


def faults(stack: ExitStack, keys: ssh_server.Keys, server: ssh_server.Server, port: int) -> None:
    """Print the time from the start of a check to its verdict, for real faults of every kind of hop."""
    closed = stack.enter_context(closed_port())
    empty = keys.folder / "none_known"
    empty.write_text("")
    narrow = stack.enter_context(ssh_server.sshd(keys, PermitOpen=f"{HERE}:1"))
    shut = stack.enter_context(ssh_server.sshd(keys, AllowTcpForwarding="no"))
    blocked = stack.enter_context(proxies.dante(blocked_port=port))
    open_socks = stack.enter_context(proxies.microsocks())
    login_socks = stack.enter_context(proxies.microsocks(login=True))
    login_squid = stack.enter_context(proxies.squid(login=True))
    strict = stack.enter_context(
        proxies.squid(rules="acl secure port 443\nhttp_access deny !secure\nhttp_access allow all")
    )
    there, nowhere = f"{HERE}:{port}", f"{HERE}:{closed}"
    cases: Sequence[tuple[Hop, str, dict[str, str]]] = (
        (Socks5Proxy(host="nobody.invalid"), there, {}),
        (Socks5Proxy(host=HERE, port=closed), there, {}),
        (Socks5Proxy(host=HERE, port=server.port), there, {}),
        (server.hop(known_hosts=empty), there, {}),
        (server.hop(key=keys.stranger), there, {}),
        (server.hop(login=("password",)), there, {hop_password(0): "wrong"}),
        (server.hop(key=keys.folder / "no such key"), there, {}),
        (server.hop(key=keys.protected), there, {}),
        (shut.hop(), there, {}),
        (narrow.hop(), there, {}),
        (server.hop(), nowhere, {}),
        (server.hop(), "nobody.invalid:27017", {}),
        (Socks5Proxy(host=HERE, port=login_socks), there, {}),
        (Socks5Proxy(host=HERE, port=login_socks, user="me"), there, {hop_password(0): "wrong"}),
        (Socks5Proxy(host=HERE, port=blocked), there, {}),
        (Socks5Proxy(host=HERE, port=open_socks), nowhere, {}),
        (HttpProxy(host=HERE, port=login_squid), there, {}),
        (HttpProxy(host=HERE, port=login_squid, user="me", login="basic"), there, {hop_password(0): "wrong"}),
        (HttpProxy(host=HERE, port=strict), there, {}),
        (HttpProxy(host=HERE, port=server.port), there, {}),
    )
    in_loop(lambda: explained(*cases[1]))  # imports, once
    for case in cases:
        took, cause = in_loop(lambda case=case: explained(*case))
        print(f"{took:7.0f} ms to {cause}")


async def explained(hop: Hop, address: str, secrets: dict[str, str]) -> tuple[float, str]:
    """Milliseconds to the verdict of a check through a hop, and the cause it gives."""
    profile = Profile(hops=(hop,), seeds=Seeds(hosts=(address,)))
    began = time.perf_counter()
    verdicts: list[float] = []

    def told(report: Report) -> None:
        if report.verdict is not None and not verdicts:
            verdicts.append((time.perf_counter() - began) * 1000)

    request = Request(profile, {name: Secret(text) for name, text in secrets.items()})
    report = await check(request, told)
    await farewells()
    cause = report.diagnosis.cause if report.diagnosis is not None else str(report.verdict)
    return verdicts[0] if verdicts else (time.perf_counter() - began) * 1000, cause


if __name__ == "__main__":
    main()
