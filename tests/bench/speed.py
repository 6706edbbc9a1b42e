"""How fast a check is, in ratios against raw PyMongo and bare Qt measured in the same run.

Run it with ``python3 packaging/dev.py bench speed``. Prints numbers; never fails on a time.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.start import BYTECODE
from clearline.core.check.check import check
from clearline.core.check.request import Request
from clearline.core.daemon_threads import DaemonExecutor
from clearline.core.hops.loop import HopLoop
from clearline.core.report.report import Report
from lab import deployments, dns_server, peers
from lab.certificates import Authority

ROUNDS = 40
PAINTS = 9


async def raw(text: str) -> float:
    """Milliseconds of a raw AsyncMongoClient doing the same round trips: handshake, login, one read."""
    from pymongo import AsyncMongoClient

    began = time.perf_counter()
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(text)
    await client.get_default_database("test")["clearline"].find_one({}, projection={"_id": True})
    elapsed = (time.perf_counter() - began) * 1000
    await client.close()
    return elapsed


async def checked(text: str) -> Report:
    """One check, nobody looking."""
    return await check(Request(text=text), lambda _report: None)


async def verdict(text: str) -> float:
    """Milliseconds until the verdict of one check."""
    report = await checked(text)
    assert report.verdict_ms is not None
    return report.verdict_ms


async def stopped(text: str) -> float:
    """Milliseconds from Stop to the finished report, in the middle of a check."""
    task = asyncio.get_running_loop().create_task(checked(text))
    await asyncio.sleep(0.15)
    began = time.perf_counter()
    task.cancel()
    await task
    return (time.perf_counter() - began) * 1000


def measure(what: Callable[[str], Awaitable[float]], text: str, rounds: int = ROUNDS) -> list[float]:
    """Several rounds in one loop, the first one (imports, caches) left out."""

    async def all_rounds() -> list[float]:
        return [await what(text) for _ in range(rounds + 1)][1:]

    with _own_loop() as runner:
        return runner.run(all_rounds())


def compare(name: str, text: str, goal: float) -> None:
    """Verdict against raw PyMongo, taken in turns so that both meet the same machine.

    Each on the loop that it has in life: raw PyMongo on asyncio's own, a check on the program's.
    """
    with asyncio.Runner() as their_loop, _own_loop() as own_loop:
        pairs = [(their_loop.run(raw(text)), own_loop.run(verdict(text))) for _ in range(ROUNDS + 2)][2:]
    a, b = (statistics.median(times) for times in zip(*pairs, strict=True))
    print(f"{name:<32} raw {a:6.1f} ms   verdict {b:6.1f} ms   ratio {b / a:4.2f}   (goal {goal:.2f})")


@contextmanager
def _own_loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner(loop_factory=HopLoop) as runner:
        runner.get_loop().set_default_executor(DaemonExecutor())
        yield runner


def paints() -> tuple[float, float]:
    """Milliseconds from the start of a process to its first paint, as it says: of a bare window, and of ours.

    The least of several rounds, taken in turns so that both meet the same machine.
    """
    times: dict[str, list[float]] = {BARE: [], OURS: []}
    for _ in range(PAINTS):
        for code, found in times.items():
            command = [sys.executable, "-c", code]
            result = subprocess.run(command, capture_output=True, text=True, check=True, env=BYTECODE)
            found.append(float(result.stdout.split()[-1]))
    return min(times[BARE]), min(times[OURS])


BARE = """
import time; began = time.perf_counter()
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow
class Window(QMainWindow):
    def paintEvent(self, event):
        super().paintEvent(event); print((time.perf_counter() - began) * 1000); QTimer.singleShot(0, app.quit)
app = QApplication([]); window = Window(); window.resize(1200, 720); window.show(); app.exec()
"""
OURS = """
import time; began = time.perf_counter()
from PySide6.QtCore import QTimer
from clearline.ui import app as ui
app = ui._application(); theme = ui.Theme(app, ui._scheme()); window = ui.MainWindow()
def painted():
    print((time.perf_counter() - began) * 1000); QTimer.singleShot(0, app.quit)
window.first_painted.connect(painted); window.show(); app.exec()
"""


def main() -> None:
    """Print everything."""
    if sys.platform == "linux" and not os.environ.get("DISPLAY"):
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    with ExitStack() as stack:
        plain = stack.enter_context(deployments.standalone())
        login = stack.enter_context(deployments.with_login())
        authority = Authority(Path(stack.enter_context(_folder())))
        tls = stack.enter_context(deployments.with_tls(authority))
        compare("healthy, plain", plain.uri(), 1.10)
        compare("healthy, SCRAM-SHA-256", login.uri(deployments.APP, path="appdb"), 1.10)
        compare("healthy, TLS", tls.uri(), 1.15)
        closed = stack.enter_context(peers.closed_port())
        for name, text in {
            "refused port": f"mongodb://127.0.0.1:{closed}/",
            "unknown host": "mongodb://no-such-host.invalid/",
            "wrong password": login.uri("app", "wrong"),
        }.items():
            times = measure(verdict, text, 10)
            print(f"{name:<32} verdict {statistics.median(times):6.1f} ms, worst {max(times):6.1f} ms   (goal 300)")
        silent = stack.enter_context(peers.silent())
        deaf = stack.enter_context(
            dns_server.DnsServer({("*", "SRV"): dns_server.SILENT, ("*", "TXT"): dns_server.SILENT})
        )
        stack.enter_context(dns_server.resolver_at(deaf))
        frozen = stack.enter_context(deployments.standalone())
        frozen.server.freeze()
        stack.callback(frozen.server.thaw)
        for name, text in {
            "refused": f"mongodb://127.0.0.1:{closed}/",
            "resolving": "mongodb+srv://c0.lab.test/",
            "silent": f"mongodb://{silent.address}/",
            "TLS handshake": f"mongodb://{silent.address}/?tls=true",
            "frozen (SIGSTOP)": f"mongodb://{frozen.address}/",
        }.items():
            times = measure(stopped, text, 10)
            print(
                f"Stop, {name:<26} idle after {statistics.median(times):5.1f} ms, worst {max(times):5.1f} ms (goal 50)"
            )
    bare, ours = paints()
    print(
        f"{'first paint':<32} bare {bare:5.0f} ms   Clearline {ours:5.0f} ms   ratio {ours / bare:4.2f}   (goal 1.50)"
    )


def _folder() -> Any:
    import tempfile

    return tempfile.TemporaryDirectory(prefix="clearline-bench-")


if __name__ == "__main__":
    main()
