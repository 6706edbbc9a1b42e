"""What a hop costs against going directly, in one run: first answer, ping, a large read, Stop, and a lost session.

``python tests/bench/hops.py`` prints one line a measurement. The server speaks TLS, as behind most hops; all of it runs
on this computer, so that the ratios show what the hop adds and nothing of a network.
"""

from __future__ import annotations

import asyncio
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from pymongo import AsyncMongoClient

from clearline.core.daemon_threads import DaemonExecutor
from clearline.core.hops.hop_log import Terms
from clearline.core.hops.loop import HopLoop, going
from clearline.core.hops.way import Way, lay
from clearline.core.profiles.hop import Hop, HttpProxy, Socks5Proxy
from faults import proxy_hops, ssh_hops
from faults.hop_fault import HopLaboratory, run
from lab import deployments, proxies, ssh_server
from lab.certificates import Authority

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
    """Medians in milliseconds, the large read in MB/s, and what it costs this process: ``cpu``, milliseconds.

    The hop is logged in to already. Beside other work on the computer the processor's time tells more than the clock.
    """
    before = listening()
    first, ping, read, cpu = [], [], [], []
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
                began, worked = time.perf_counter(), time.process_time()
                size = 0
                async for document in client.bench.large.find():
                    size += len(document["data"])
                read.append(size / MEGABYTE / (time.perf_counter() - began))
                cpu.append((time.process_time() - worked) * 1000)
            await client.close()
    return {
        "first": statistics.median(first),
        "ping": statistics.median(ping),
        "read": statistics.median(read),
        "cpu": statistics.median(cpu),
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


def plainly(hop: Socks5Proxy | HttpProxy | None) -> float:
    """MB/s of a blocking socket that reads as much without any driver: what the proxy itself leaves of a line."""
    with socket.create_server((HERE, 0)) as server:
        port = server.getsockname()[1]

        def serve() -> None:
            with server.accept()[0] as line:
                for _ in range(DOCUMENTS):
                    line.sendall(bytes(MEGABYTE))

        sending = threading.Thread(target=serve)
        sending.start()
        with socket.create_connection((hop.host, hop.port) if hop is not None else (HERE, port)) as line:
            if isinstance(hop, Socks5Proxy):
                line.sendall(b"\x05\x01\x00")
                line.recv(2, socket.MSG_WAITALL)
                line.sendall(b"\x05\x01\x00\x01" + socket.inet_aton(HERE) + port.to_bytes(2, "big"))
                line.recv(10, socket.MSG_WAITALL)
            elif hop is not None:
                line.sendall(f"CONNECT {HERE}:{port} HTTP/1.1\r\nHost: {HERE}:{port}\r\n\r\n".encode())
                head = b""
                while not head.endswith(b"\r\n\r\n") and (byte := line.recv(1)):
                    head += byte
            began, left, room = time.perf_counter(), DOCUMENTS * MEGABYTE, bytearray(MEGABYTE)
            while left > 0 and (size := line.recv_into(room)):
                left -= size
            took = time.perf_counter() - began
        sending.join()
    return DOCUMENTS / took


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
            "SOCKS5, dante": Socks5Proxy(host=HERE, port=stack.enter_context(proxies.dante())),
            "SOCKS5, microsocks": Socks5Proxy(host=HERE, port=stack.enter_context(proxies.microsocks())),
            "CONNECT, squid": HttpProxy(host=HERE, port=stack.enter_context(proxies.squid())),
            "CONNECT, tinyproxy": HttpProxy(host=HERE, port=stack.enter_context(proxies.tinyproxy())),
        }
        in_loop(lambda: measured(uri, None))  # the server's first answers are slower
        for name, hop in ways.items():
            # Directly once more beside each: another program on this computer slows both.
            direct = in_loop(lambda: measured(uri, None))
            plain = f"ping {direct['ping']:.3f} ms   {direct['read']:6.1f} MB/s   CPU {direct['cpu']:.0f} ms a read"
            print(f"{'direct':<19} first answer {direct['first']:6.1f} ms   {plain}")
            found = in_loop(lambda hop=hop: through([hop], uri))
            print(
                f"{name:<19} first answer {found['first']:6.1f} ms ({found['first'] / direct['first']:.2f}x)"
                f"   ping {found['ping']:.3f} ms ({found['ping'] - direct['ping']:+.3f})"
                f"   {found['read']:6.1f} MB/s ({found['read'] / direct['read']:.2f}x)"
                f"   CPU {found['cpu']:.0f} ms a read ({found['cpu'] / direct['cpu']:.2f}x)"
                f"   up in {found['up']:.0f} ms   listening ports {found['ports']:.0f}"
            )
            if isinstance(hop, Socks5Proxy | HttpProxy):
                bare, behind = (statistics.median(plainly(one) for _ in range(ROUNDS)) for one in (None, hop))
                print(f"{'':<19} a plain socket reads {bare:.0f} MB/s, behind it {behind:.0f} ({behind / bare:.2f}x)")
        print(f"Stop while connected and opening: {in_loop(lambda: stopped(server.hop(), (host, int(port)))):.2f} ms")
        took, failed = in_loop(lambda: dropped(server, uri))
        print(f"A killed session: back after {took:.0f} ms, {failed} pings failed")
    with HopLaboratory() as lab:
        faults(lab)


def faults(lab: HopLaboratory) -> None:
    """Print the time from the start of a check to the right cause, for every fault; a wrong one is counted as wrong."""
    rows = (*ssh_hops.TABLE.rows, *proxy_hops.TABLE.rows)
    run(rows[1], lab)  # imports, once
    right = 0
    for fault in rows:
        outcome = run(fault, lab)
        right += outcome.miss is None and not outcome.leaked
        said = ", ".join(one.cause for one in outcome.found[:1]) if outcome.miss is None else f"WRONG: {outcome.miss}"
        leaked = "   A SECRET IS IN IT" if outcome.leaked else ""
        print(f"{fault.id} {outcome.took_ms:7.0f} ms to {said:28} {fault.title} ({fault.by}){leaked}")
    print(f"{right} of {len(rows)} faults were named rightly")


if __name__ == "__main__":
    main()
