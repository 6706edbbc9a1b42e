"""Test after test in one window: what each leaves behind in memory, descriptors and objects.

Run it with ``python3 packaging/dev.py bench soak_window``; ``--tests 2000`` does more, ``--minutes`` ends it earlier.
The servers run in a process of their own, so that the numbers are the window's alone: a healthy one most of the time,
in between the other kinds of `bench.soak`, hostile ones and sets of 50, 300 and 5,000 members among them. A test ends
the watch that follows the good one before it; a third is stopped on the way. Prints how long Stop took in the window,
and for how long the window stood still; on Linux also without the time in which the computer gave it no core, for other
programs run beside it. Never fails on a number.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Self

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from bench.soak import print_stops, resources, served
from clearline.core.check.check import warm_up
from clearline.core.keyring.vault import Vault
from clearline.core.secrets.secret import Secret
from clearline.ui.app import Desktop, compose
from clearline.ui.background.collecting import collecting_here, settle
from clearline.ui.profiles.open_profile import Origin

BEAT_S = 0.001
SCHEDULED = Path("/proc/thread-self/schedstat")
FRAME_S = 0.016
HEALTHY = 0.8
"""The share of tests of the healthy server."""


class Round(NamedTuple):
    """One round of the window's loop, in seconds: in all, that without waiting for a core, and computing alone."""

    took: float
    undisturbed: float
    computing: float

    @classmethod
    def measured(cls, play: Callable[[], None]) -> Self:
        """How long it takes."""
        queued, began, computing = _queued_s(), time.perf_counter(), time.thread_time()
        play()
        took, computing = time.perf_counter() - began, time.thread_time() - computing
        return cls(took, max(computing, took - (_queued_s() - queued)), computing)


def _queued_s() -> float:
    """For how long this thread was ready to run, and waited for a core."""
    return int(SCHEDULED.read_text().split()[1]) / 1e9 if SCHEDULED.exists() else 0.0


def soak(
    app: QApplication, desktop: Desktop, texts: dict[str, str], count: int, seconds: float, dice: random.Random
) -> None:
    """Press Test so often, and print what is left."""
    desktop.window.show()
    desktop.window.connection.field.insert_text(texts["healthy"])
    app.processEvents()
    settle()  # as the program does when it has listed its profiles
    ended_at: list[float] = []
    told_ms: list[float] = []
    painted_ms: list[float] = []
    # Sums alone: a record of each round would be most of what is left, and of what the collector goes through.
    worst: dict[str, Round] = {}
    longer: Counter[str] = Counter()
    many = 0

    opened, turns = desktop.workbench.profiles.current, desktop.window.turns
    assert opened is not None
    opened.reported.connect(lambda: ended_at.append(time.perf_counter()))  # the verdict says it by then

    def play() -> None:
        app.processEvents()
        app.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)

    number, end = 0, time.monotonic() + seconds
    while number < count and time.monotonic() < end:
        kind = dice.choice([*texts]) if number and dice.random() > HEALTHY else "healthy"
        opened.set_text(Secret(texts[kind]), Origin.ELSEWHERE)
        desktop.window.menus.test.trigger()
        stop_at = time.perf_counter() + dice.uniform(0, 0.1) if dice.random() < 1 / 3 else None
        stopped_at = None
        told = False
        while opened.running or turns.waiting or len(told_ms) > len(painted_ms):
            one = Round.measured(play)
            if stopped_at is not None and len(told_ms) > len(painted_ms):
                painted_ms.append((time.perf_counter() - stopped_at) * 1000)
            if stopped_at is not None and not opened.running and not told:
                told = True
                told_ms.append((ended_at[-1] - stopped_at) * 1000)
            if number:
                worst[kind] = Round(*map(max, one, worst.get(kind, one)))
                longer.update(name for name, seconds in one._asdict().items() if seconds > FRAME_S)
                many += 1
            if stop_at is not None and stopped_at is None and time.perf_counter() >= stop_at and opened.running:
                stopped_at = time.perf_counter()
                desktop.window.menus.stop.trigger()
            time.sleep(BEAT_S)
        if number % max(1, count // 10) == 0:
            gc.collect()
            descriptors, threads, memory = resources()
            print(
                f"{number:>6} tests  {memory:>4} MB  {descriptors:>3} descriptors  {threads:>2} threads"
                f"  {len(gc.get_objects()):>7} objects",
                flush=True,
            )
        number += 1
    print(f"{number:>6} tests  {resources()[2]:>4} MB")
    print_stops(told_ms, "Stop, told")
    print_stops(painted_ms, "Stop, painted")
    print("the window stood still for at most:")
    for kind, one in sorted(worst.items(), key=lambda item: item[1], reverse=True):
        took, undisturbed, computing = (value * 1000 for value in one)
        print(f"    {took:4.0f} ms; {undisturbed:.0f} with a core to itself, computing {computing:.0f}: {kind}")
    for name in Round._fields:
        print(f"    {name}: {longer[name]} of {many} rounds longer than a frame of {FRAME_S * 1000:.0f} ms")
    print(f"bugs told: {desktop.crashes.texts or 'none'}", flush=True)
    desktop.window.may_close = lambda: True
    desktop.window.close()
    desktop.workbench.close()


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tests", type=int, default=500)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    home = os.environ["CLEARLINE_HOME"] = tempfile.mkdtemp(prefix="clearline-soak-")
    warm_up()
    app = QApplication([])
    desktop = compose(app, vault=Vault(), folder=Path(home) / "profiles")
    with served() as texts, collecting_here(desktop.window.turns):  # as the program does
        soak(app, desktop, texts, arguments.tests, arguments.minutes * 60, random.Random(arguments.seed))
    os._exit(0)


if __name__ == "__main__":
    main()
