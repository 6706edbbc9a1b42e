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
from typing import Any

os.environ["QT_QPA_PLATFORM"] = "offscreen"  # the same everywhere; painting goes to memory
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog

from bench import speed
from clearline.core.findings import Remedy, Stage
from clearline.core.profiles.profile import Profile, Seeds
from clearline.core.report.report import Verdict
from clearline.core.storage.profile_file import encode
from clearline.ui import app as ui
from clearline.ui.panels.palette import Palette
from ui import played_checks as play
from ui import scenes

TITLE_BAR = 28
SIZES = (("1366x768", (1366, 768 - TITLE_BAR), 540), ("1366x768 at 150 %", (911, 512 - TITLE_BAR), 310))
CONTROL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
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


# ---------------------------------------------------------------- journeys


class Actions:
    """Presses and clicks as a user does, and counts them."""

    def __init__(self, seen: scenes.Seen) -> None:
        self.seen = seen
        self.count = 0

    def key(self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        """One key, wherever the focus is."""
        self.count += 1
        QTest.keyClick(self.seen.window.focusWidget() or self.seen.window, key, modifier)

    def type(self, text: str) -> None:
        """Words; however long, one action."""
        self.count += 1
        QTest.keyClicks(self.seen.window.focusWidget(), text)

    def choose(self, file: str) -> None:
        """A file in the dialog that stands open."""
        self.count += 1
        dialog = self.seen.window.findChildren(QFileDialog)[-1]
        dialog.fileSelected.emit(file)
        dialog.close()

    def paste(self, uri: str) -> None:
        """Ctrl+V where the cursor stands after the start."""
        QGuiApplication.clipboard().setText(uri)
        self.key(Qt.Key.Key_V, CONTROL)

    def finds(self, report: Any) -> None:
        """What the next test comes to."""
        self.seen._checks[:] = [play.playing(report)]

    def tested(self) -> None:
        """Wait for the verdict."""
        self.seen.until(lambda: self.seen.front.report is not None and not self.seen.front.running)
        QTest.qWait(50)


def _failed(remedy: Remedy | None = None, stage: Stage = Stage.TLS) -> Any:
    import msgspec

    finding = msgspec.structs.replace(play.WRONG_SOURCE, stage=stage, remedies=(remedy,) if remedy else ())
    return play.report(Verdict.FAILED, finding, servers=(play.server(1, failed_at=stage),))


def paste_to_verdict(actions: Actions) -> None:
    """First start → verdict of a pasted address."""
    actions.finds(play.connected())
    actions.paste(scenes.URI)
    actions.key(Qt.Key.Key_Return, CONTROL)
    actions.tested()


def unescaped_at(actions: Actions) -> None:
    """Unescaped @, pasted → connected."""
    actions.paste("mongodb://app:p@ss@db1.example.com/")
    actions.count = 0  # the journey begins with the text in the field
    actions.finds(_failed(Remedy(text="Escape it.", action="escape-password"), Stage.URI))
    actions.key(Qt.Key.Key_Return, CONTROL)
    actions.tested()
    actions.finds(play.connected())
    actions.key(Qt.Key.Key_Return, ALT)
    actions.seen.until(lambda: actions.seen.front.verdict is Verdict.CONNECTED)


def unknown_authority(actions: Actions) -> None:
    """Unknown authority → connected."""
    actions.finds(_failed(Remedy(text="Give the file.", action="ask-ca-file")))
    actions.paste(scenes.URI)
    actions.key(Qt.Key.Key_Return, CONTROL)
    actions.tested()
    actions.count = 0
    actions.finds(play.connected())
    actions.key(Qt.Key.Key_Return, ALT)
    actions.choose("/tmp/ca.pem")
    actions.seen.until(lambda: actions.seen.front.verdict is Verdict.CONNECTED)


def verdict_to_fix(actions: Actions) -> None:
    """Verdict → its fix."""
    actions.finds(_failed(Remedy(text="Type it again.", action="ask-password"), Stage.AUTH))
    actions.paste(scenes.URI)
    actions.key(Qt.Key.Key_Return, CONTROL)
    actions.tested()
    actions.count = 0
    actions.key(Qt.Key.Key_Return, ALT)
    actions.seen.until(lambda: actions.seen.window.pages.isVisible())


def what_to_do(actions: Actions) -> None:
    """Wrong port → what to do."""
    actions.finds(_failed(Remedy(text="Connect to port 27018."), Stage.TCP))
    actions.paste(scenes.URI)
    actions.key(Qt.Key.Key_Return, CONTROL)
    actions.tested()
    assert actions.seen.window.answer.banner.remedy.isVisible()


def copy_report(actions: Actions) -> None:
    """Copy the report as Markdown."""
    paste_to_verdict(actions)
    actions.count = 0
    actions.key(Qt.Key.Key_C, CONTROL | Qt.KeyboardModifier.ShiftModifier)
    actions.seen.until(lambda: "Connected" in QGuiApplication.clipboard().text())


def save(actions: Actions) -> None:
    """Save without a name."""
    actions.paste(scenes.URI)
    actions.count = 0
    actions.key(Qt.Key.Key_S, CONTROL)
    actions.seen.until(lambda: actions.seen.front.path is not None)


def find_a_setting(actions: Actions) -> None:
    """To an option by its name."""
    actions.paste(scenes.URI)
    actions.count = 0
    actions.key(Qt.Key.Key_K, CONTROL)
    palette = actions.seen.dialog()
    actions.count += 2  # the name, and Return
    assert isinstance(palette, Palette)
    QTest.keyClicks(palette.field, "maxpool")
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    actions.seen.until(lambda: actions.seen.window.pages.isVisible())


JOURNEYS: tuple[tuple[Callable[[Actions], None], int], ...] = (
    (paste_to_verdict, 2),
    (unescaped_at, 4),
    (what_to_do, 3),
    (unknown_authority, 7),
    (verdict_to_fix, 25),
    (copy_report, 2),
    (save, 1),
    (find_a_setting, 3),
)
"""With how many actions each took before the answer became the page."""


def journeys(app: QApplication) -> None:
    """How many actions each takes."""
    for journey, before in JOURNEYS:
        with tempfile.TemporaryDirectory() as home, scenes.seen(app, Path(home)) as seen:
            seen.window.activateWindow()
            QTest.qWait(50)
            actions = Actions(seen)
            journey(actions)
            assert journey.__doc__ is not None
            print(f"{journey.__doc__.rstrip('.'):<46} {actions.count:2} actions   (was {before})")


# ---------------------------------------------------------------- times


def first_paint() -> None:
    """Against a bare QMainWindow, each in a process of its own."""
    bare, ours = speed.paint(speed.BARE), speed.paint(speed.OURS)
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
        palette = seen.dialog()
        assert isinstance(palette, Palette)
        QTest.qWait(200)
        keys = max(_computing_ms(app, lambda n: QTest.keyClick(palette.field, "orders 99"[n]), n) for n in range(9))
        print(f"{'a key in the palette':<34} {keys:6.1f} ms of computing at worst   (goal {STALL_GOAL_MS})")


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
