"""The composition root: makes the objects, joins them, runs the event loop."""

from __future__ import annotations

import importlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PySide6.QtCore import QSocketNotifier, QTimer
from PySide6.QtWidgets import QApplication

import clearline
from clearline import paths
from clearline.core import connection_string
from clearline.core.driver_events import DriverEvent
from clearline.core.profile import Profile
from clearline.core.report import Report, Verdict
from clearline.core.secrets import Secrets
from clearline.core.vault import Vault
from clearline.ui.crash import CrashReporter
from clearline.ui.line_thread import Check, end_with
from clearline.ui.main_window import MainWindow
from clearline.ui.pump import Pump
from clearline.ui.theme import Scheme, Theme
from clearline.ui.workbench import Workbench

SCHEME_VARIABLE: Final = "CLEARLINE_COLOURS"
"""``light``, ``dark`` or ``system``: which palette the window starts with."""

_INTERRUPTED: Final = 130
_EXIT_CODES: Final = {Verdict.CONNECTED: 0, Verdict.FAILED: 1, Verdict.CANCELLED: _INTERRUPTED, None: 1}
_WARM_UP: Final = (
    "clearline.core.check",
    "pymongo.asynchronous.mongo_client",
    "dns.asyncresolver",
    "cryptography.x509",
    "keyring",
)
_SETTLE_MS: Final = 250


@dataclass
class Desktop:
    """One window with everything behind it."""

    app: QApplication
    theme: Theme
    window: MainWindow
    workbench: Workbench
    crashes: CrashReporter
    interrupted: bool = False

    def interrupt(self) -> None:
        """Ctrl-C: close cleanly."""
        self.interrupted = True
        self.window.close()
        self.app.quit()


def compose(
    app: QApplication, *, check: Check | None = None, vault: Vault | None = None, folder: Path | None = None
) -> Desktop:
    """Make the window and join its parts; nothing is shown yet. The parts of the core can be replaced."""
    theme = Theme(app, _scheme())
    window = MainWindow(connection_string.redact)
    workbench = Workbench(window, Pump(), check or _check, vault or Vault(), folder or paths.profiles_dir())
    crashes = CrashReporter(connection_string.redact, window)
    desktop = Desktop(app, theme, window, workbench, crashes)
    workbench.broke.connect(crashes.report)
    crashes.interrupted.connect(desktop.interrupt)
    window.scheme_chosen.connect(theme.choose)
    window.scheme_chosen.connect(window.show_scheme)
    window.show_scheme(theme.scheme)
    window.first_painted.connect(workbench.shelf.load_list)
    window.connection.field.setFocus()
    return desktop


def run_window(argv: list[str]) -> int:
    """Open the window; an argument names a profile's file. Returns the exit code."""
    with _running(_application()) as desktop:
        for argument in argv[:1]:
            desktop.workbench.shelf.load(Path(argument))
        return _exec(desktop)


def run_demo(
    profile: Profile,
    secrets: Secrets,
    *,
    screenshot: Path | None,
    told: Callable[[Report], None] | None = None,
) -> int:
    """Open the window on a profile and test it at once; returns the exit code of the last check.

    With ``screenshot`` the window is drawn into that file when the check is over, and closed. ``told`` gets the
    report of each finished check.
    """
    with _running(_application()) as desktop:
        opened = desktop.workbench.open_profile(profile, secrets)

        def on_reported() -> None:
            if opened.running or opened.report is None:
                return
            if told is not None:
                told(opened.report)
            if screenshot is not None:
                QTimer.singleShot(_SETTLE_MS, lambda: _draw(desktop, screenshot))

        opened.reported.connect(on_reported)
        QTimer.singleShot(0, desktop.workbench.test)
        return _exec(desktop, lambda: _EXIT_CODES[opened.verdict])


def screenshot(path: Path | str) -> int:
    """Open the plain window, draw it into a file, close it. Returns the exit code."""
    with _running(_application()) as desktop:
        desktop.window.first_painted.connect(lambda: _draw(desktop, Path(path)))
        return _exec(desktop)


def _application() -> QApplication:
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    app = QApplication(sys.argv[:1])
    app.setApplicationName("Clearline")
    app.setApplicationVersion(clearline.__version__)
    app.setDesktopFileName("clearline")
    return app


@contextmanager
def _running(app: QApplication) -> Iterator[Desktop]:
    desktop = compose(app)
    desktop.window.first_painted.connect(_warm_up)
    desktop.crashes.install()
    try:
        with _interruptible(desktop):
            yield desktop
    finally:
        desktop.window.hide()
        desktop.workbench.close()
        desktop.crashes.uninstall()


def _exec(desktop: Desktop, code: Callable[[], int] = lambda: 0) -> int:
    desktop.window.show()
    result = desktop.app.exec()
    result = _INTERRUPTED if desktop.interrupted else result or code()
    end_with(result)
    return result


def _draw(desktop: Desktop, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not desktop.window.grab().save(str(path)):
        desktop.app.exit(1)
    desktop.window.close()


def _scheme() -> Scheme:
    try:
        return Scheme(os.environ.get(SCHEME_VARIABLE, Scheme.SYSTEM.value))
    except ValueError:
        return Scheme.SYSTEM


def _check(
    profile: Profile,
    secrets: Secrets,
    emit: Callable[[Report], None],
    *,
    text: str | None = None,
    on_event: Callable[[DriverEvent], None] | None = None,
) -> Awaitable[Report]:
    from clearline.core.check import check  # it brings the driver along, which the first paint does not wait for

    return check(profile, secrets, emit, text=text, on_event=on_event)


def _warm_up() -> None:
    """Import what the first check needs, in the background: it would add half a second to the first paint."""

    def imports() -> None:
        for name in _WARM_UP:
            importlib.import_module(name)

    threading.Thread(target=imports, name="warm-up", daemon=True).start()


@contextmanager
def _interruptible(desktop: Desktop) -> Iterator[None]:
    """Let Ctrl-C in the terminal close the window: Qt's loop sleeps in C, so a socket has to wake Python."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    reader, writer = socket.socketpair()
    for end in (reader, writer):
        end.setblocking(False)
    before = signal.signal(signal.SIGINT, lambda *_: desktop.interrupt())
    wakeup_before = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    notifier = QSocketNotifier(reader.fileno(), QSocketNotifier.Type.Read)
    notifier.activated.connect(lambda *_: reader.recv(64))  # the handler runs as soon as Python does
    try:
        yield
    finally:
        notifier.setEnabled(False)
        signal.set_wakeup_fd(wakeup_before)
        signal.signal(signal.SIGINT, before)
        reader.close()
        writer.close()
