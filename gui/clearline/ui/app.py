"""The composition root: makes the objects, joins them, runs the event loop.

Nothing here is imported that the first paint can do without: the window is shown empty, then everything else is
imported and built, then, in the background, what only the first check needs.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

import clearline
from clearline.paths import is_frozen
from clearline.ui.check_and_watch import check_for, import_for_checks, watch_for
from clearline.ui.look.theme import Scheme, Theme
from clearline.ui.window.main_window import MainWindow

if TYPE_CHECKING:
    from pathlib import Path

    from clearline.core.keyring.vault import Vault
    from clearline.core.profiles.profile import Profile
    from clearline.core.report.report import Report
    from clearline.core.secrets.secret import Secrets
    from clearline.ui.background.messages import Check
    from clearline.ui.watches.session import OpenWatch
    from clearline.ui.window.crash import CrashReporter
    from clearline.ui.workbench import Workbench

SCHEME_VARIABLE: Final = "CLEARLINE_COLOURS"
"""``light``, ``dark`` or ``system``: which palette the window starts with."""

INTERRUPTED: Final = 130
"""The exit code after Ctrl-C."""

_SETTLE_MS: Final = 250
_TURN_S: Final = 0.0001
"""How long a busy line may keep the interpreter while the GUI thread waits for it: Qt hands it back some hundred times
while it paints one page, and each of Python's own 5 ms would add up."""


class Desktop:
    """One window with everything behind it."""

    def __init__(
        self, app: QApplication, theme: Theme, window: MainWindow, workbench: Workbench, crashes: CrashReporter
    ) -> None:
        self.app = app
        self.theme = theme
        self.window = window
        self.workbench = workbench
        self.crashes = crashes
        self.ended_by: int | None = None
        """The number of the signal that has closed the window."""

    def interrupt(self, number: int = signal.SIGINT) -> None:
        """Ctrl-C, or the end of the session: close cleanly. Edits that are not saved are there at the next start."""
        self.ended_by = number
        self.window.may_close = lambda: True  # who presses Ctrl-C does not look at the window
        self.window.close()
        self.app.quit()


def compose(
    app: QApplication,
    *,
    window: MainWindow | None = None,
    theme: Theme | None = None,
    check: Check | None = None,
    watch: OpenWatch | None = None,
    vault: Vault | None = None,
    folder: Path | None = None,
) -> Desktop:
    """Make what is missing and join it; a window that is given may be on the screen already.

    Who brings a check brings the watch too, or none: the real one would go to a deployment that is not there.
    """
    from clearline import paths
    from clearline.core.keyring.vault import Vault
    from clearline.core.secrets.redaction import redact
    from clearline.core.uri.connection_string import read
    from clearline.ui.background.pump import Pump
    from clearline.ui.checks.hop_questions import HopQuestions
    from clearline.ui.checks.sign_in import SignIn
    from clearline.ui.menu_answers import connect_menus
    from clearline.ui.profiles.settings import CurrentSettings
    from clearline.ui.window.crash import CrashReporter
    from clearline.ui.workbench import Workbench

    sys.setswitchinterval(_TURN_S)
    folder = folder or paths.profiles_dir()
    settings = CurrentSettings(folder.parent / paths.settings_file().name)
    theme = theme or Theme(app, _scheme())
    theme.write()
    window = window or MainWindow()
    theme.follow_fonts(window)
    window.furnish(lambda text: read(text).facts.redacted)
    sign_in = SignIn(window)
    hop_questions = HopQuestions(window)
    agreements = paths.agreements_file(folder.parent)
    if check is None:
        watch = watch or watch_for(agreements, sign_in, hop_questions)
        check = check_for(settings, agreements, sign_in, hop_questions)
    vault = vault or Vault(known_servers=paths.known_servers_file(folder.parent))
    workbench = Workbench(window, Pump(window.turns), check, vault, folder, settings, watch)
    connect_menus(workbench)
    if SCHEME_VARIABLE not in os.environ:
        theme.choose(Scheme(settings.values.colours))
    theme.dress()
    crashes = CrashReporter(lambda text: redact(text, workbench.profiles.known_secrets), window)
    desktop = Desktop(app, theme, window, workbench, crashes)
    workbench.broke.connect(crashes.report)
    crashes.interrupted.connect(lambda: desktop.interrupt())
    window.menus.scheme_chosen.connect(theme.choose)
    window.menus.scheme_chosen.connect(window.menus.show_scheme)
    window.menus.scheme_chosen.connect(lambda scheme: workbench.change_settings(colours=scheme.value))
    window.menus.show_scheme(theme.scheme)
    window.connection.field.setFocus()
    workbench.storage.load_list()
    workbench.storage.watch()
    return desktop


def run_window(argv: list[str]) -> int:
    """Open the window; an argument names a profile's file. Returns the exit code."""
    from pathlib import Path

    def begin(desktop: Desktop) -> None:
        desktop.workbench.kept_edits.begin()
        if argv:
            desktop.workbench.importing.take_files([Path(argv[0])])

    return _run(begin)


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
    code = 1

    def begin(desktop: Desktop) -> None:
        from clearline.core.report.report import Verdict

        opened = desktop.workbench.profiles.open_profile(profile, secrets)

        def on_reported() -> None:
            nonlocal code
            if opened.running or opened.report is None:
                return
            match opened.report.verdict:
                case Verdict.CONNECTED:
                    code = 0
                case Verdict.CANCELLED:
                    code = INTERRUPTED
                case _:
                    code = 1
            if told is not None:
                told(opened.report)
            if screenshot is not None:
                QTimer.singleShot(_SETTLE_MS, lambda: _draw(desktop, screenshot))

        opened.reported.connect(on_reported)
        desktop.window.may_close = lambda: True  # it was not the user who wrote what stands there
        desktop.workbench.test()

    return _run(begin, lambda: code)


def screenshot(path: Path | str) -> int:
    """Open the plain window, draw it into a file, close it. Returns the exit code."""
    from pathlib import Path

    return _run(lambda desktop: QTimer.singleShot(0, lambda: _draw(desktop, Path(path))))


def _run(begin: Callable[[Desktop], object], code: Callable[[], int] = lambda: 0) -> int:
    """Show the window, furnish it after its first paint, ``begin``, and run until it is closed."""
    app = _application()
    theme = Theme(app, _scheme())
    window = MainWindow()
    with ExitStack() as ending:
        desktops: list[Desktop] = []

        def furnish() -> None:
            try:
                desktop = _installed(compose(app, window=window, theme=theme), ending)
            except BaseException:
                app.exit(1)  # an empty window is nothing to go on with; what went wrong is printed
                raise
            desktop.workbench.settings.restore(window)
            _tell_unreadable()
            from pathlib import Path

            from PySide6.QtCore import Qt  # furnishing the window has paid for it

            from clearline.ui.background.collecting import settle

            desktop.workbench.storage.listed.connect(settle, Qt.ConnectionType.SingleShotConnection)
            desktops.append(desktop)
            if (file_opened := getattr(app, "file_opened", None)) is not None:
                file_opened.connect(lambda file: desktop.workbench.importing.take_files([Path(file)]))
            begin(desktop)
            _warm_up()

        window.first_painted.connect(furnish)
        window.closing.connect(lambda: app.exit(0))  # Qt would wait for a question that still stands there
        window.show()
        result = app.exec()
        window.hide()
        if not result and desktops:
            ended_by = desktops[0].ended_by
            result = code() if ended_by is None else 128 + ended_by
    return result


def _installed(desktop: Desktop, ending: ExitStack) -> Desktop:
    """Hooks and signals, taken back when the window is gone; then every line is ended."""
    from clearline.core.daemon_threads import run_in_daemon
    from clearline.paths import crashes_dir
    from clearline.ui.background.collecting import collecting_here
    from clearline.ui.background.interrupts import interruptible
    from clearline.ui.window.native_crash import take_earlier, written_down

    ending.enter_context(collecting_here(desktop.window.turns))
    ending.enter_context(written_down(crashes_dir()))
    ending.callback(desktop.workbench.close)
    desktop.crashes.install()
    ending.callback(desktop.crashes.uninstall)
    ending.enter_context(interruptible(desktop.interrupt))
    desktop.workbench.storage.background.ask(
        lambda: run_in_daemon(take_earlier, crashes_dir()), desktop.crashes.report_earlier
    )
    return desktop


def _tell_unreadable() -> None:
    """Say outside of the window that it has no letters, where there are no fonts."""
    from clearline import obstacles
    from clearline.core.daemon_threads import start_daemon
    from clearline.ui.soundness import has_fonts

    if not has_fonts():
        start_daemon(lambda: obstacles.tell(obstacles.no_fonts()), "no-fonts")


def _kind() -> type[QApplication]:
    """On macOS one that hears of files; elsewhere each event on its way to a class of Python's would make its types."""
    macos = sys.platform == "darwin"
    if not macos:
        return QApplication
    from clearline.ui.window.opened_files import Application

    return Application


def _application() -> QApplication:
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    if is_frozen():  # with its own plugins alone: desktops name those of another Qt in QT_PLUGIN_PATH
        from PySide6.QtCore import QCoreApplication, QLibraryInfo

        QCoreApplication.setLibraryPaths([QLibraryInfo.path(QLibraryInfo.LibraryPath.PluginsPath)])
    app = _kind()([*sys.argv[:1], "-style", "fusion"])  # setStyle answers with a style: a dear type to make
    app.setApplicationName("Clearline")
    app.setApplicationVersion(clearline.__version__)
    app.setDesktopFileName("org.clearline.Clearline")
    return app


def _scheme() -> Scheme:
    try:
        return Scheme(os.environ.get(SCHEME_VARIABLE, Scheme.SYSTEM.value))
    except ValueError:
        return Scheme.SYSTEM


def _warm_up() -> None:
    """Import what the first check needs, in the background: it would add half a second to the start."""
    from clearline.core.daemon_threads import start_daemon
    from clearline.ui.background.collecting import settle

    def import_all() -> None:
        import_for_checks()
        import keyring  # noqa: F401

        settle()  # collects nothing: of what was imported nothing will be garbage

    start_daemon(import_all, "warm-up")


def _draw(desktop: Desktop, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    drawn = desktop.window.grab().save(str(path))
    desktop.window.may_close = lambda: True  # there is no user to be asked
    desktop.window.close()
    if not drawn:
        desktop.app.exit(1)
