"""What the window costs and gives: ``dev.py bench window``. Prints numbers; never fails on one.

Height for the answer, actions of each journey (every key, click or chosen file counts as one), the first paint against
a bare window, a key in the connection string, the worst stall with 10,000 profiles, memory after 2,000 tests.
"""

from __future__ import annotations

import gc
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"  # the same everywhere; painting goes to memory
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from bench import speed
from clearline.core.profiles.profile import Profile, Seeds
from clearline.core.report.report import Verdict
from clearline.core.storage.profile_file import encode
from clearline.ui import app as ui
from clearline.ui.panels.go_to_dialog import GoToDialog
from ui import played_checks as play
from ui import scenes, walks

TITLE_BAR = 28
SIZES = (("1366x768", (1366, 768 - TITLE_BAR), 540), ("1366x768 at 150 %", (911, 512 - TITLE_BAR), 310))
PROFILES = 10_000
TESTS = 2_000
KEY_GOAL_MS = 5
STALL_GOAL_MS = 16
MEMORY_GOAL_MB = 200


def main() -> int:
    """Print everything."""
    gc.disable()  # as in the program, a collection waits for a moment of rest
    app = ui._application()
    heights(app)
    journeys(app)
    first_paint()
    memory(app)  # before ten thousand profiles are held
    stalls(app)
    return 0


def heights(app: QApplication) -> None:
    """The room of the page that holds the answer, in logical pixels."""
    for words, size, goal in SIZES:
        with tempfile.TemporaryDirectory() as home, scenes.seen(app, Path(home), size=size) as seen:
            seen.test(play.report(Verdict.FAILED, play.ASK_PASSWORD, servers=(play.server(1),)))
            QTest.qWait(100)
            print(f"height for the answer, {words:<18} {seen.window.results.height():5} px   (goal {goal})")


# ---------------------------------------------------------------- times


def journeys(app: QApplication) -> None:
    """How many actions each takes."""
    for journey in walks.JOURNEYS:
        with (
            tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home,  # what a stopped test is remembered by
            scenes.seen(app, Path(home), profiles=journey.profiles) as seen,
        ):
            count = walks.walk(journey, seen)
            goal = f", goal {journey.goal}" if journey.goal is not None else ""
            print(f"{journey.words:<46} {count:2} actions   (was {journey.before}{goal})")


def first_paint() -> None:
    """Against a bare QMainWindow, each in a process of its own."""
    bare, ours = speed.paints()
    print(f"first paint: bare {bare:4.0f} ms, Clearline {ours:4.0f} ms, ratio {ours / bare:4.2f}   (goal 1.15)")


def stalls(app: QApplication) -> None:
    """The longest time that the window stands still, by gesture, with many profiles."""
    many = tuple(
        Profile(id=f"{n:032x}", name=f"Orders {n}", folder=f"Team {n % 20}", seeds=Seeds(hosts=(f"db{n}.example.com",)))
        for n in range(PROFILES)
    )
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home, "profiles")
        folder.mkdir()
        for profile in many:
            (folder / f"{profile.id}.json").write_bytes(encode(profile, schema=True))
        _stalls(app, Path(home), many)


def _stalls(app: QApplication, home: Path, many: tuple[Profile, ...]) -> None:
    with scenes.seen(app, home) as seen:
        seen.until(lambda: len(seen.window.profiles.model.rows) >= PROFILES)
        QTest.qWait(1500)
        window = seen.window
        seen.test(play.connected())
        window.connection.field.setFocus()
        bar = window.profiles.list.verticalScrollBar()

        def choose(n: int) -> None:
            seen.workbench.profiles.choose(many[n].id)

        gestures: dict[str, Callable[[int], object]] = {
            "a key in the connection string": lambda n: QTest.keyClick(window.connection.field, Qt.Key.Key_A),
            "a key in the search": lambda n: QTest.keyClick(window.profiles.search, "orders 99"[n % 9]),
            "another profile": lambda n: choose(5000 + n),
            "scrolling the list": lambda n: bar.setValue(n * 641),
            "another page": lambda n: window.turn_by(1),
            "the settings": lambda n: window.show_settings_panel(bool(n % 2)),
        }
        for words, gesture in gestures.items():
            for n in range(4):
                gesture(n)  # what is made the first time is made once
            QTest.qWait(300)
            computing = max(_computing_ms(app, gesture, n) for n in range(8))
            print(f"{words:<34} {computing:6.1f} ms of computing at worst   (goal {STALL_GOAL_MS})")
        field = window.connection.field
        keys = sorted(_key_ms(lambda: QTest.keyClick(field, Qt.Key.Key_A)) for _ in range(30))
        print(f"{'until it returns':<34} {keys[15]:6.1f} ms, at worst {keys[-1]:.1f}   (goal {KEY_GOAL_MS})")
        seen.workbench.going_to.ask()
        dialog = seen.dialog()
        assert isinstance(dialog, GoToDialog)
        QTest.qWait(200)
        keys = max(_computing_ms(app, lambda n: QTest.keyClick(dialog.field, "orders 99"[n]), n) for n in range(9))
        print(f"{'a key in Go to':<34} {keys:6.1f} ms of computing at worst   (goal {STALL_GOAL_MS})")


def _computing_ms(app: QApplication, gesture: Callable[[int], object], n: int) -> float:
    """What a gesture and the painting after it compute on the window's thread."""
    began = time.thread_time()
    gesture(n)
    app.processEvents()
    return (time.thread_time() - began) * 1000


def _key_ms(press: Callable[[], object]) -> float:
    """What a key computes before the next event can come; the painting is another."""
    began = time.thread_time()
    press()
    return (time.thread_time() - began) * 1000


def memory(app: QApplication) -> None:
    """How much more the process holds after many tests of one connection."""
    before = _resident_mb()
    with tempfile.TemporaryDirectory() as home, scenes.seen(app, Path(home)) as seen:
        report = play.report(Verdict.FAILED, play.ASK_PASSWORD, servers=tuple(play.server(n) for n in (1, 2, 3)))
        for number in range(TESTS):
            seen.test(report)
            if not number % 100:
                gc.collect()
        print(f"memory after {TESTS} tests: {_resident_mb():.0f} MB, {before:.0f} MB before   (goal {MEMORY_GOAL_MB})")


def _resident_mb() -> float:
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * resource.getpagesize() / 1e6
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


if __name__ == "__main__":
    sys.exit(main())
