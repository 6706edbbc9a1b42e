"""Test after test in one window: what each leaves behind in memory, descriptors and objects.

Run it with ``python3 packaging/dev.py bench soak_window``; ``--tests 2000`` does more. The server runs in a process of
its own, so that the numbers are the window's alone. A test ends the watch that follows the good one before it; a third
is stopped on the way. Never fails on a number.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from bench.soak import resources
from clearline.core.keyring.vault import Vault
from clearline.ui.app import compose

SERVER = f"""
import sys
sys.path.insert(0, {sys.path[0]!r})
from lab.mongo_peer import MongoPeer
with MongoPeer({{}}) as peer:
    print(peer.port, flush=True)
    sys.stdin.read()
"""
BEAT_S = 0.001


def soak(app: QApplication, folder: Path, port: int, count: int, dice: random.Random) -> None:
    """Press Test so often, and print what is left."""
    desktop = compose(app, vault=Vault(), folder=folder)
    desktop.window.show()
    desktop.window.connection.field.insert_text(f"mongodb://127.0.0.1:{port}/")
    stops_ms: list[float] = []
    stall_s = 0.0
    for number in range(count):
        desktop.window.menus.test.trigger()
        opened = desktop.workbench.profiles.current
        assert opened is not None
        stop_at = time.perf_counter() + dice.uniform(0, 0.1) if dice.random() < 1 / 3 else None
        stopped_at = None
        while opened.running:
            began = time.perf_counter()
            app.processEvents()
            app.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
            if number:
                stall_s = max(stall_s, time.perf_counter() - began)
            if stop_at is not None and stopped_at is None and time.perf_counter() >= stop_at and opened.running:
                stopped_at = time.perf_counter()
                desktop.window.menus.stop.trigger()
            time.sleep(BEAT_S)
        if stopped_at is not None:
            stops_ms.append((time.perf_counter() - stopped_at) * 1000)
        if number % max(1, count // 10) == 0:
            gc.collect()
            descriptors, threads, memory = resources()
            print(
                f"{number:>6} tests  {memory:>4} MB  {descriptors:>3} descriptors  {threads:>2} threads"
                f"  {len(gc.get_objects()):>7} objects",
                flush=True,
            )
    print(f"{count:>6} tests  {resources()[2]:>4} MB")
    if len(stops_ms) > 2:
        cuts = statistics.quantiles(stops_ms, n=100, method="inclusive")
        print(f"Stop ms  p50 {cuts[49]:.1f}  p99 {cuts[98]:.1f}  max {max(stops_ms):.1f}  ({len(stops_ms)} stops)")
    print(f"the window stood still for {stall_s * 1000:.0f} ms at most")
    print(f"bugs told: {desktop.crashes.texts or 'none'}", flush=True)
    desktop.window.may_close = lambda: True
    desktop.window.close()
    desktop.workbench.close()


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tests", type=int, default=500)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    home = os.environ["CLEARLINE_HOME"] = tempfile.mkdtemp(prefix="clearline-soak-")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", SERVER], text=True, **pipes) as server:  # type: ignore[call-overload]
        dice, port = random.Random(arguments.seed), int(server.stdout.readline())
        soak(QApplication([]), Path(home) / "profiles", port, arguments.tests, dice)
        server.stdin.close()
    os._exit(0)


if __name__ == "__main__":
    main()
