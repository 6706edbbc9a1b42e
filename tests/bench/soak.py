"""Checks over every kind of server, hostile ones too, a third of them stopped at random moments; then watches.

Run it with ``python3 packaging/dev.py bench soak --minutes 10``. Prints how many checks ran and crashed, what they left
behind (descriptors, threads, memory), how long Stop took, and which callables kept the loop to themselves; then whether
each of 20 watches saw each of 50 kills of its server. The servers run in a process of their own, so that the numbers
are the checks' alone. Never fails on a time; ends with 1 when something crashed, stood still or did not answer.

``--inject keyring|rule|loop`` breaks something on purpose, to see that it is noticed: a keyring that hangs, a rule that
raises, a loop that stands still.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import logging
import os
import random
import statistics
import subprocess
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from keyring.backend import KeyringBackend

from clearline.cli import interrupts
from clearline.core.check.check import check, farewells, warm_up
from clearline.core.check.request import Request
from clearline.core.diagnosis import compose
from clearline.core.keyring.patient_vault import PatientVault
from clearline.core.keyring.vault import Vault
from clearline.core.keyring.vault_state import WhyMemory
from clearline.core.profiles.profile import Profile
from clearline.core.secrets.secret import PASSWORD
from clearline.core.watch.health import HealthState
from lab import deployments, hostile, peers
from lab.mongo_peer import CLOSE, RESET, SILENCE, MongoPeer, hello, member_hello
from lab.watching import Watched, is_

MOST_CHECKS = 5000
AT_ONCE = 8
KILLS, WATCHES = 50, 20
INJECTIONS = ("keyring", "rule", "loop")
KEYRING_PATIENCE_S = 0.2
STANDS_STILL_BEATS = 8
"""Two seconds, where a loop is to stand still on purpose."""


def servers(stack: ExitStack) -> dict[str, str]:
    """Connection strings by the kind of their server."""

    def port(peer: Any) -> int:
        return int(stack.enter_context(peer).address.rpartition(":")[2])

    found = {f"hello {manner.name.lower()}": port(MongoPeer({"hello": manner})) for manner in (SILENCE, CLOSE, RESET)}
    odd = hello(hosts=["x:²", None, 3], setName="rs0")
    found |= {"healthy": port(MongoPeer({})), "odd hello": port(MongoPeer({"hello": odd}))}
    found |= {"silent": port(peers.silent()), "trickling": port(hostile.trickling(0.01))}
    found["compression bomb"] = port(hostile.compression_bomb())
    texts = {kind: f"mongodb://127.0.0.1:{port}/" for kind, port in found.items()}
    secure = {
        "trickling TLS": port(hostile.trickling_tls(0.01)),
        "endless TLS": port(hostile.endless_tls()),
        "broken certificate": port(hostile.broken_certificate()),
    }
    texts |= {kind: f"mongodb://127.0.0.1:{port}/?tls=true" for kind, port in secure.items()}
    texts["refused"] = "mongodb://127.0.0.1:1,127.0.0.2:1,127.0.0.3:1/"
    for count in (50, 300, 5000):
        crowd = stack.enter_context(MongoPeer({}))
        me = f"127.0.0.1:{crowd.port}"
        named = [f"127.0.{1 + n // 250}.{1 + n % 250}:9" for n in range(count)]
        crowd.answers = {"hello": member_hello("rs0", [me, *named], me=me, primary=me, role="primary")}
        texts[f"{count} members"] = f"mongodb://{me}/?replicaSet=rs0"
    return texts


def serve() -> None:
    """Print the connection strings of all kinds, and be their servers until standard input ends."""
    hostile.BOMB_BYTES = 50_000_000  # packed at the start
    with ExitStack() as stack:
        print(json.dumps(servers(stack)), flush=True)
        sys.stdin.read()


@contextmanager
def served() -> Iterator[dict[str, str]]:
    """The servers, in a process of their own."""
    command = [sys.executable, __file__, "--serve"]
    with subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.stdin.close()


class Bugs(logging.Handler):
    """What checks note of mistakes of ours, a rule that raises among them: they go on, and only the log tells."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.told: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        """Count one."""
        self.told[record.getMessage()] += 1


class Stalls:
    """How long each callable kept a loop to itself: in all, and computing (the rest is the machine's, or the GIL's)."""

    def __init__(self) -> None:
        self.longest: dict[str, tuple[float, float]] = {}

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Around each callback of every loop in this process."""
        handle_class: Any = asyncio.Handle
        run = handle_class._run
        longest = self.longest

        def timed(handle: Any) -> None:
            began, computing = time.perf_counter(), time.thread_time()
            run(handle)
            took = (time.perf_counter() - began, time.thread_time() - computing)
            if took[0] > 0.005:
                name = _called(handle._callback)
                if took > longest.get(name, (0.0, 0.0)):
                    longest[name] = took

        handle_class._run = timed
        try:
            yield
        finally:
            handle_class._run = run

    def print(self) -> None:
        """The longest ones."""
        for name, (took, computing) in sorted(self.longest.items(), key=lambda item: -item[1][0])[:8]:
            print(f"    {took * 1000:6.0f} ms, {computing * 1000:4.0f} of them computing: {name}")


def _called(callback: Any) -> str:
    owner = getattr(callback, "__self__", None)
    coroutine = owner.get_coro() if isinstance(owner, asyncio.Task) else None
    return str(getattr(coroutine or callback, "__qualname__", callback))


class SoakKeyring(KeyringBackend):
    """Holds no secret, and says so at once or never."""

    priority = 1  # type: ignore[assignment]

    def __init__(self, *, hangs: bool) -> None:
        super().__init__()
        self._hangs = hangs

    def get_password(self, service: str, username: str) -> str | None:
        """Nothing."""
        if self._hangs:
            threading.Event().wait()
        return None

    def set_password(self, service: str, username: str, password: str) -> None:
        """Forget it."""


class Soak:
    """Counts what comes of it."""

    def __init__(self, texts: dict[str, str], dice: random.Random, inject: str | None) -> None:
        self._texts = texts
        self._dice = dice
        self._inject = inject
        self._vault = PatientVault(Vault(SoakKeyring(hangs=inject == "keyring")), timeout_s=KEYRING_PATIENCE_S)
        self.ran: Counter[str] = Counter()
        self.bugs = Bugs()
        self.crashed: Counter[str] = Counter()
        self.stops_ms: list[float] = []
        self.missed_kills = 0

    async def checks(self, seconds: float) -> None:
        """Check after check, some at once, until the time is over."""
        end = asyncio.get_running_loop().time() + seconds
        await asyncio.gather(*(self._one_after_another(end) for _ in range(AT_ONCE)))
        await farewells()

    async def _one_after_another(self, end: float) -> None:
        loop = asyncio.get_running_loop()
        while loop.time() < end and self.ran.total() < MOST_CHECKS:
            if self._inject == "loop" and self.ran:
                stand_still()
            kind = self._dice.choice(list(self._texts))
            profile = Profile()
            secrets = await self._vault.secrets_of(profile.id, (PASSWORD,))
            task = loop.create_task(check(Request(profile, secrets, text=self._texts[kind]), lambda _report: None))
            if self._dice.random() < 1 / 3:
                await asyncio.wait({task}, timeout=self._dice.uniform(0, 0.6))
                if not task.done():
                    began = time.perf_counter()
                    task.cancel()
                    await asyncio.wait({task})
                    self.stops_ms.append((time.perf_counter() - began) * 1000)
            try:
                await task
            except (Exception, asyncio.CancelledError) as error:
                self.crashed[f"{kind}: {type(error).__name__}"] += 1
            self.ran[kind] += 1

    async def watches(self, kills: int, count: int) -> None:
        """So many watches of one server that is killed again and again: each is to see each kill, and the return."""
        down = is_(HealthState.DOWN)
        with deployments.standalone() as deployment:
            async with AsyncExitStack() as stack:
                watched = [await stack.enter_async_context(Watched(deployment.uri())) for _ in range(count)]
                await asyncio.gather(*(one.healthy() for one in watched))
                for _ in range(kills):
                    deployment.server.kill()
                    saw = await asyncio.gather(*(one.until(down) for one in watched), return_exceptions=True)
                    await asyncio.to_thread(deployment.server.start)
                    back = await asyncio.gather(*(one.healthy() for one in watched), return_exceptions=True)
                    self.missed_kills += sum(isinstance(one, BaseException) for one in (*saw, *back))
        print(f"watches  {count}, {kills} kills of their server, {self.missed_kills} not seen")

    @property
    def keyring_hung(self) -> bool:
        """Whether the keyring was asked and not waited for."""
        return self._vault.vault.state.why is WhyMemory.SLOW

    def print(self, before: tuple[int, int, int], stalls: Stalls) -> None:
        """What came of the checks."""
        print(f"checks   {self.ran.total()}: " + ", ".join(f"{n} {kind}" for kind, n in self.ran.most_common()))
        print(f"crashes  {self.crashed.total()} {dict(self.crashed) or ''}")
        print(f"bugs     {self.bugs.told.total()} {dict(self.bugs.told) or ''}")
        print(f"keyring  {'did not answer, and was not waited for' if self.keyring_hung else 'answered'}")
        for name, was, now in zip(("descriptors", "threads", "memory MB"), before, resources(), strict=True):
            print(f"{name:<12} {was} before, {now} after")
        print_stops(self.stops_ms)
        print("what kept the loop to itself for longest:")
        stalls.print()


def stand_still() -> None:
    """Never come back."""
    threading.Event().wait()


def print_stops(stops_ms: list[float], what: str = "Stop") -> None:
    """How long Stop took."""
    if len(stops_ms) > 2:
        cuts = statistics.quantiles(stops_ms, n=100, method="inclusive")
        print(f"{what} ms  p50 {cuts[49]:.1f}  p99 {cuts[98]:.1f}  max {max(stops_ms):.1f}  ({len(stops_ms)} stops)")


def resources() -> tuple[int, int, int]:
    """Open descriptors, threads and resident MB of this process (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return (
        len(list(Path("/proc/self/fd").iterdir())),
        threading.active_count(),
        pages * os.sysconf("SC_PAGE_SIZE") >> 20,
    )


def _raising_rule(_facts: object) -> Iterator[Any]:
    raise ArithmeticError("injected")


def main(argv: list[str] | None = None) -> int:
    """Run it; 1 when something was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("--kinds", nargs="+", metavar="KIND", help="of servers, instead of all: as they are printed")
    parser.add_argument("--inject", choices=INJECTIONS)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    if arguments.serve:
        serve()
        return 0
    print(f"seed {arguments.seed}", flush=True)
    if arguments.inject == "loop":
        interrupts.AT_MOST = STANDS_STILL_BEATS  # type: ignore[misc]
    if arguments.inject == "rule":
        compose.RULES = (*compose.RULES, _raising_rule)  # type: ignore[misc]
    share = min(1.0, arguments.minutes / 10)
    warm_up()
    gc.freeze()  # as the window does
    stalls = Stalls()
    with served() as texts:
        if arguments.kinds:
            texts = {kind: texts[kind] for kind in arguments.kinds}
        soak = Soak(texts, random.Random(arguments.seed), arguments.inject)
        logging.getLogger("clearline").addHandler(soak.bugs)

        async def play() -> None:
            before = resources()
            with stalls.measured():
                await soak.checks(arguments.minutes * 60)
            soak.print(before, stalls)
            if arguments.inject is None:
                await soak.watches(max(1, round(KILLS * share)), max(2, round(WATCHES * share)))

        try:
            interrupts.run(play)
        except interrupts.LoopStuck:
            print(f"STUCK    the loop stood still after {soak.ran.total()} checks:")
            for frame in (f for thread, f in sys._current_frames().items() if _is_loop(thread)):
                print("".join(traceback.format_stack(frame)[-3:]), flush=True)
            return 1
    return int(bool(soak.crashed or soak.bugs.told or soak.keyring_hung or soak.missed_kills))


def _is_loop(thread: int) -> bool:
    return any(one.ident == thread and one.name == "loop" for one in threading.enumerate())


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # what was injected may hold its thread
