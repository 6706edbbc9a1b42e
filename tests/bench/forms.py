"""How soon the form follows who types, and what its pages cost.

Run it with ``python3 packaging/dev.py bench forms``. Prints numbers; never fails on a time. One character costs what
the window does until it returns to its event loop: reading and checking the text, the form, the list, the field itself;
and, shown apart, the frame that is painted then.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

os.environ["QT_QPA_PLATFORM"] = "offscreen"  # the same everywhere; painting goes to memory

from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication

from clearline.core.checklist.checklist import checklist
from clearline.core.keyring.vault import Vault
from clearline.core.uri import connection_string
from clearline.ui import app as ui
from clearline.ui.forms.page import FormState
from clearline.ui.forms.pages import FormPages
from clearline.ui.look.theme import Scheme, Theme

TEXTS = {
    "short": "mongodb://app:sesame@db1.example.com/",
    "Atlas": "mongodb+srv://app:sesame@c0.abcde.mongodb.net/shop?retryWrites=true&w=majority&appName=shop",
    "with mistakes": "mongodb://app:p@ss@db1:27017;db2/?maxPoolSize=5&minPoolSize=9&retrywrits=true&tls=True",
    "ten seeds, twelve options": "mongodb://app:sesame@"
    + ",".join(f"db{n}.example.com:27017" for n in range(10))
    + "/shop?replicaSet=rs0&tls=true&maxPoolSize=50&minPoolSize=5&connectTimeoutMS=2000&serverSelectionTimeoutMS=9000"
    "&readPreference=nearest&maxStalenessSeconds=120&compressors=zstd,zlib&w=majority&timeoutMS=9000&appName=",
}
PAGES = ("server", "auth", "tls", "pool", "options", "checklist")
GOAL_TYPING_MS = 5
GOAL_PAGES_MS = 100
TYPED = "abcdefghijklmnopqrstuvwxyz"


class Cost(NamedTuple):
    """Milliseconds that something took: on the clock, and of this thread's computing, which others cannot lengthen."""

    clock: float
    computing: float


def cost(what: Callable[..., object], *arguments: object) -> Cost:
    """What it costs to do it once."""
    began, computed = time.perf_counter(), time.thread_time()
    what(*arguments)
    return Cost((time.perf_counter() - began) * 1000, (time.thread_time() - computed) * 1000)


def median(costs: Iterable[Cost]) -> Cost:
    """Of both."""
    clock, computing = zip(*costs, strict=True)
    return Cost(statistics.median(clock), statistics.median(computing))


def settle() -> None:
    """Everything that is due now: deferred deletions, layouts, paints."""
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QApplication.processEvents()


def typing(desktop: ui.Desktop, text: str) -> tuple[list[Cost], list[Cost]]:
    """The cost of each of some characters at the end of a text, and of the frame after each."""
    field = desktop.window.connection.field
    field.selectAll()
    field.insert_text(text)
    settle()
    handled, painted = [], []
    for character in TYPED:
        handled.append(cost(field.insert_text, character))
        painted.append(cost(settle))
    return handled, painted


def tell(name: str, handled: list[Cost], painted: list[Cost]) -> None:
    """One line about typing."""
    usual, worst, frame = median(handled), max(handled), median(painted)
    print(
        f"{name:<46} {usual.clock:5.1f} ms, worst {worst.clock:5.1f} ms   (goal {GOAL_TYPING_MS}),"
        f" computing {usual.computing:4.1f} ms   then painted in {frame.clock:4.1f} ms"
    )


def pages_cost(desktop: ui.Desktop) -> None:
    """Build every page as the window does when it is turned to, in a fresh set of tabs."""
    reading = connection_string.read(TEXTS["Atlas"])
    state = FormState(reading.profile, reading.secrets, reading.mistakes)
    kept = []  # what pages ask of the background is answered later
    rounds: list[dict[str, tuple[Cost, Cost]]] = []
    for _ in range(6):
        costs: dict[str, tuple[Cost, Cost]] = {}
        for front, behind in (("checklist", ["server"]), ("server", PAGES[1:])):
            pages = FormPages()
            kept.append(pages)
            pages.use(desktop.workbench.storage.background)
            pages.resize(1130, 400)
            pages.turn_to(front)
            pages.show_state(state)
            pages.show()
            settle()
            costs |= {name: (cost(pages.page, name), cost(turn, pages, name)) for name in behind}
            pages.hide()
            settle()
        rounds.append(costs)
    warm = rounds[1:]
    for name in PAGES:
        made, shown = (median(costs[name][place] for costs in warm) for place in (0, 1))
        print(
            f"page {name:<41} built in {made.clock:5.1f} ms (computing {made.computing:4.1f}),"
            f" first shown in {shown.clock:5.1f} ms"
        )
    total = median(Cost(*map(sum, zip(*(made for made, _ in costs.values()), strict=True))) for costs in warm)
    print(
        f"{'all six pages, built':<46} {total.clock:5.1f} ms   (goal {GOAL_PAGES_MS}),"
        f" computing {total.computing:4.1f} ms"
    )


def turn(pages: FormPages, name: str) -> None:
    """Bring a page to the front, laid out and painted."""
    pages.turn_to(name)
    settle()


def main() -> None:
    """Print everything."""
    app = ui._application()
    with tempfile.TemporaryDirectory(prefix="clearline-bench-") as folder:
        desktop = ui.compose(app, theme=Theme(app, Scheme.LIGHT), vault=Vault(None), folder=Path(folder) / "profiles")
        desktop.window.resize(1366, 768)
        desktop.window.show()
        settle()
        typing(desktop, TEXTS["Atlas"])  # imports and caches
        for name, text in TEXTS.items():
            tell(f"one character, {name}", *typing(desktop, text))
        for page in PAGES:
            desktop.window.pages.turn_to(page)
            settle()
            tell(f"one character, page {page} in front", *typing(desktop, TEXTS["ten seeds, twelve options"]))
        for tab in ("code", "history"):
            desktop.window.results.turn_to(tab)
            settle()
            tell(f"one character, tab {tab} in front", *typing(desktop, TEXTS["ten seeds, twelve options"]))
        for name, text in TEXTS.items():
            reading = median(cost(connection_string.read, text) for _ in range(50))
            print(f"{'of which reading and checking the text, ' + name:<66} {reading.clock:5.2f} ms")
        read = connection_string.read(TEXTS["with mistakes"])
        listed = median(cost(checklist, read.profile, read.secrets) for _ in range(50))
        print(f"{'checklist, off the typing path':<66} {listed.clock:5.2f} ms")
        pages_cost(desktop)
        desktop.window.close()
        desktop.workbench.close()


if __name__ == "__main__":
    main()
