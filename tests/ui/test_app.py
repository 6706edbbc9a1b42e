"""The composition root: the program as it is started, in processes of its own, and bugs on their way to the dialog."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from clearline.cli.demo import demo_deployment
from clearline.core.profiles.profile import Profile, Seeds
from clearline.core.report.report import Status, Verdict
from clearline.core.storage import store
from clearline.ui.app import Desktop
from clearline.ui.models.servers_by_stage import ServerRole
from clearline.ui.panels.health import Health
from clearline.ui.window.crash import CrashDialog
from ui import played_checks as play

ENDED = """
def ended(code):  # as the program ends, which may leave a thread behind in the middle of Qt's code
    from clearline.core.daemon_threads import end_with
    end_with(code)
    return code
"""


def python(program: Any, tmp_path: Path, **more: Any) -> Any:
    environ = {**os.environ, "CLEARLINE_HOME": str(tmp_path / "home"), "QT_QPA_PLATFORM": "offscreen"}
    return subprocess.Popen(
        [sys.executable, "-c", ENDED + program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**environ, **more},
    )


@pytest.fixture(scope="module")
def deployment() -> Any:
    with demo_deployment() as found:
        yield found


# ---------------------------------------------------------------- a real MongoDB


def test_the_window_connects_to_a_real_mongodb(qtbot: QtBot, make_desktop: Callable[..., Any], deployment: Any) -> None:
    profile, secrets = deployment
    desktop = make_desktop()
    opened = desktop.workbench.profiles.open_profile(profile, secrets)
    desktop.window.menus.test.trigger()
    qtbot.waitUntil(lambda: opened.verdict is not None and not opened.running)
    assert opened.verdict is Verdict.CONNECTED, opened.report
    window = desktop.window
    assert window.answer.banner.word.text().startswith("Connected")
    assert "demo" in window.answer.banner.sentence.text()
    assert window.health.reading.health in (Health.HEALTHY, Health.DEGRADED)
    assert window.answer.servers.model.index(0, 2).data(ServerRole.STATUS) is Status.PASSED
    qtbot.waitUntil(lambda: any(e.name == "ConnectionReady" for e in opened.events.shown()))


def test_a_real_wrong_password_is_named_and_can_be_typed_again(
    qtbot: QtBot, make_desktop: Callable[..., Any], deployment: Any
) -> None:
    profile, _ = deployment
    host = profile.seeds.hosts[0]
    desktop = make_desktop()
    text = f"mongodb://demo:wrong-one@{host}/shop?replicaSet=demo&authSource=admin"
    desktop.window.connection.field.insert_text(text)
    desktop.window.menus.test.trigger()
    opened = desktop.workbench.profiles.current
    qtbot.waitUntil(lambda: opened.verdict is not None and not opened.running)
    assert opened.report.diagnosis.cause == "auth.wrong-password"
    assert "wrong-one" not in desktop.window.answer.diagnosis.page.plain()
    assert not any("wrong-one" in event.text for event in opened.events.shown())


@pytest.mark.filterwarnings("ignore:unclosed <socket")  # PyMongo forgets the socket of a connect that is cancelled
def test_a_real_refused_port_can_be_tested_stopped_and_closed_at_any_moment(
    qtbot: QtBot, make_desktop: Callable[..., Any]
) -> None:
    desktop = make_desktop()
    desktop.window.connection.field.insert_text("mongodb://127.0.0.1:1/")
    for _ in range(5):
        desktop.window.menus.test.trigger()
        desktop.window.menus.stop.trigger()
        desktop.window.menus.test.trigger()
    opened = desktop.workbench.profiles.current
    qtbot.waitUntil(lambda: opened.verdict is Verdict.FAILED and not opened.running)
    assert opened.report.diagnosis.stage.value == "tcp"
    desktop.window.menus.test.trigger()
    desktop.window.close()
    gc.collect()  # the sockets that PyMongo forgot are found here and not in a later test


def test_the_demo_draws_itself_and_returns_the_exit_code_of_the_check(tmp_path: Path, deployment: Any) -> None:
    profile, secrets = deployment
    picture = tmp_path / "demo.png"
    program = f"""
import sys
from pathlib import Path
from clearline.core.profiles.profile import Auth, Profile, Seeds
from clearline.core.secrets.secret import Secret
from clearline.ui.app import run_demo
profile = Profile(name="Demo", seeds=Seeds(hosts=({profile.seeds.hosts[0]!r},), replica_set="demo"),
                  auth=Auth(user="demo", source="admin"))
told = []
secrets = {{"password": Secret(sys.stdin.readline().strip())}}
code = run_demo(profile, secrets, screenshot=Path({str(picture)!r}), told=told.append)
print(code, told[0].verdict.value, flush=True)
"""
    environ = {**os.environ, "CLEARLINE_HOME": str(tmp_path / "home"), "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-c", ENDED + program],
        input=secrets["password"].reveal() + "\n",
        capture_output=True,
        text=True,
        timeout=60,
        env=environ,
    )
    assert (done.returncode, done.stdout.split()) == (0, ["0", "connected"]), done.stderr
    image = QImage(str(picture))
    assert image.width() >= 800
    assert len({image.pixel(x, y) for x in range(0, image.width(), 7) for y in range(0, image.height(), 7)}) > 20


# ---------------------------------------------------------------- the program


def test_the_plain_window_draws_itself_and_ends(tmp_path: Path) -> None:
    picture = tmp_path / "window.png"
    program = f"""
import sys
from clearline.ui.app import screenshot
sys.exit(ended(screenshot({str(picture)!r})))
"""
    process = python(program, tmp_path)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert not QImage(str(picture)).isNull()


def test_the_first_paint_waits_for_nothing_and_the_window_for_no_driver(tmp_path: Path) -> None:
    program = """
import sys
from clearline.ui import app
def loaded(*names):
    return sorted(name for name in names if name in sys.modules)
original = app.compose
def compose(*args, **more):
    print(loaded("asyncio", "msgspec", "clearline.core.profiles.profile"), flush=True)
    desktop = original(*args, **more)
    print(loaded("pymongo", "bson", "dns", "keyring", "cryptography"), flush=True)
    app.QTimer.singleShot(0, desktop.window.close)
    return desktop
app.compose = compose
ended(app.run_window([]))
"""
    process = python(program, tmp_path)
    out, errors = process.communicate(timeout=60)
    assert (process.returncode, out.split()) == (0, ["[]", "[]"]), errors


@pytest.mark.parametrize("way", ["as an argument", "as an event"])
def test_a_file_that_is_double_clicked_is_opened(tmp_path: Path, way: Any) -> None:
    store.save(Profile(name="Orders", seeds=Seeds(hosts=("db1:27017",))), tmp_path / "orders.json")
    program = f"""
import sys
from clearline import __main__
from clearline.ui import app
original = app.compose
def composed(*args, **more):
    desktop = original(*args, **more)
    def loaded(profile, path):
        print(profile.name, flush=True)
        app.QTimer.singleShot(0, desktop.window.close)
    desktop.workbench.storage.loaded.connect(loaded)
    return desktop
app.compose = composed
warm_up = app._warm_up
def opened():
    warm_up()
    if {way!r} == "as an event":
        from PySide6.QtCore import QUrl
        from PySide6.QtGui import QFileOpenEvent
        event = QFileOpenEvent(QUrl.fromLocalFile({str(tmp_path / "orders.json")!r}))
        app.QApplication.sendEvent(app.QApplication.instance(), event)
app._warm_up = opened
if {way!r} == "as an event":
    from clearline.ui.window.opened_files import Application
    app._kind = lambda: Application  # as on macOS
sys.argv = ["clearline", *([{str(tmp_path / "orders.json")!r}] if {way!r} == "as an argument" else [])]
__main__.run()
"""
    process = python(program, tmp_path)
    out, errors = process.communicate(timeout=60)
    assert (process.returncode, out.strip(), errors) == (0, "Orders", "")


def test_a_question_that_still_stands_there_does_not_keep_a_closed_window_running(tmp_path: Path) -> None:
    program = """
import sys
from clearline.ui import app
from clearline.ui.widgets.questions import Question

def begin(desktop):
    Question(desktop.window, "Changed", "Which one?", (("Mine", tuple), ("Later", tuple))).open()
    desktop.window.close()

sys.exit(ended(app._run(begin)))
"""
    process = python(program, tmp_path)
    _out, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
@pytest.mark.parametrize("ends", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_ctrl_c_in_the_terminal_and_the_end_of_the_session_close_the_window_cleanly(ends: str, tmp_path: Path) -> None:
    # The thread that imports for the first check runs by then, often in the middle of Qt's or OpenSSL's own code.
    program = """
import sys
from clearline import __main__
from clearline.ui import app
original = app._warm_up
def announced():
    original()
    app.QTimer.singleShot(0, lambda: print("furnished", flush=True))
app._warm_up = announced
sys.argv = ["clearline"]
__main__.run()
"""
    process = python(program, tmp_path)
    assert process.stdout.readline() == "furnished\n"
    process.send_signal(number := getattr(signal, ends))
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (128 + number, "")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM for one process")
def test_what_was_typed_a_moment_before_the_end_of_the_session_is_there_at_the_next_start(tmp_path: Path) -> None:
    program = """
import os, signal, sys
from clearline.core.profiles.profile import Profile, Seeds
from clearline.core.secrets.secret import Secret
from clearline.ui import app
from clearline.ui.profiles.open_profile import Origin
def typed(desktop):
    kept = desktop.workbench.kept_edits
    kept.begin()
    def edit():
        if not kept.has_begun:
            return app.QTimer.singleShot(10, edit)
        desktop.workbench.profiles.current.set_text(Secret("mongodb://typed.example.com/"), Origin.ELSEWHERE)
        os.kill(os.getpid(), signal.SIGTERM)
    edit()
def found(desktop):
    desktop.workbench.kept_edits.begin()
    def look():
        if any("typed.example.com" in opened.redacted for opened in desktop.workbench.profiles.all_open()):
            return desktop.app.exit(7)
        app.QTimer.singleShot(10, look)
    look()
sys.exit(ended(app._run({"typed": typed, "found": found}[sys.argv[1]])))
"""
    home = {**os.environ, "CLEARLINE_HOME": str(tmp_path), "QT_QPA_PLATFORM": "offscreen"}
    for step, code in (("typed", 143), ("found", 7)):
        done = subprocess.run([sys.executable, "-c", ENDED + program, step], env=home, timeout=60, check=False)
        assert done.returncode == code


def test_a_ctrl_c_wakes_the_window_s_loop_on_every_system(tmp_path: Path) -> None:
    """Windows' console calls a thread of its own; what wakes the loop is a socket there."""
    program = """
import signal, sys, threading
from clearline import __main__
from clearline.ui import app
original = app._warm_up
def announced():
    original()
    ctrl_c = threading.Thread(target=signal.raise_signal, args=(signal.SIGINT,))
    app.QTimer.singleShot(0, ctrl_c.start)
app._warm_up = announced
sys.argv = ["clearline"]
__main__.run()
"""
    process = python(program, tmp_path)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, "")


# ---------------------------------------------------------------- bugs


@pytest.fixture
def crashing(make_desktop: Callable[..., Any]) -> Any:
    """A desktop with its hooks installed; its bugs are wanted here."""
    desktop = make_desktop(play.waiting())
    desktop.crashes.install()
    yield desktop
    desktop.crashes.uninstall()
    desktop.crashes._seen.clear()


def dialog_text(qtbot: QtBot, desktop: Desktop) -> Any:
    qtbot.waitUntil(lambda: desktop.window.findChild(CrashDialog) is not None)
    return desktop.window.findChild(CrashDialog).text.toPlainText()


@pytest.mark.qt_log_ignore("propagateSizeHints")
def test_a_bug_in_a_slot_reaches_the_dialog_once_however_often_it_happens(qtbot: QtBot, crashing: Any) -> None:
    for _ in range(3):
        try:
            raise ZeroDivisionError("mongodb://app:s3cret@db1/")
        except ZeroDivisionError as error:
            sys.excepthook(type(error), error, error.__traceback__)
    text = dialog_text(qtbot, crashing)
    assert text.count("Traceback") == 1
    assert "(3 times)" in text
    assert "s3cret" not in text


@pytest.mark.qt_log_ignore("propagateSizeHints")
def test_a_bug_in_another_thread_is_shown_by_the_gui_thread(qtbot: QtBot, crashing: Any) -> None:
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()
    assert "ZeroDivisionError" in dialog_text(qtbot, crashing)


@pytest.mark.qt_log_ignore("propagateSizeHints")
def test_a_bug_of_the_check_is_shown_and_the_window_stays_usable(
    qtbot: QtBot, make_desktop: Callable[..., Any]
) -> None:
    async def broken(*_: Any, **__: Any) -> Any:
        raise LookupError("a bug")

    desktop = make_desktop(broken)
    desktop.workbench.profiles.open_profile(Profile(seeds=Seeds(hosts=("db1:27017",))))
    desktop.window.menus.test.trigger()
    assert "LookupError" in dialog_text(qtbot, desktop)
    assert not desktop.workbench.profiles.current.running
    desktop.window.findChild(CrashDialog).accept()
    desktop.crashes._seen.clear()
