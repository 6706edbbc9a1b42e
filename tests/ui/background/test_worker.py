from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from clearline.core.profiles.profile import Profile
from clearline.core.report.report import Verdict
from clearline.ui.background import worker as worker_module
from clearline.ui.background.messages import Answer, Broken, Ended, Progress
from clearline.ui.background.worker import Worker
from clearline.ui.profiles.open_profile import OpenProfile
from ui import played_checks as play


@pytest.fixture
def make_line(qapp: QApplication) -> Iterator[Callable[..., Any]]:
    lines = []

    def make(check: Any) -> Worker:
        lines.append(Worker(check))
        return lines[-1]

    yield make
    for line in lines:
        line.close()
        assert line.ended_within(60_000)


def collect(qtbot: QtBot, line: Worker, kind: type, count: int = 1) -> Any:
    """Take messages until there are enough of a kind; returns all of them."""
    taken = []

    def enough() -> bool:
        taken.extend(line.take())
        return sum(isinstance(message, kind) for message in taken) >= count

    qtbot.waitUntil(enough)
    return taken


def test_a_check_reports_its_snapshots_in_order_and_then_its_end(qtbot: QtBot, make_line: Callable[..., Any]) -> None:
    first, last = play.report(None), play.connected()
    line = make_line(play.playing(first, last))
    run = line.submit(Profile(), {})
    messages = collect(qtbot, line, Ended)
    assert messages == [Progress(run, first), Progress(run, last), Ended(run, last)]


def test_driver_events_leave_through_the_buffer_of_their_check(qtbot: QtBot, make_line: Callable[..., Any]) -> None:
    events = [play.event(n) for n in range(50)]
    line = make_line(play.playing(play.connected(), events=events))
    line.submit(Profile(), {})
    collect(qtbot, line, Ended)
    assert line.events.drain() == events


def test_stop_before_the_loop_started_ends_the_check_without_running_it(
    qtbot: QtBot, make_line: Callable[..., Any]
) -> None:
    check = play.playing(play.connected())
    line = make_line(check)
    run = line.submit(Profile(), {})
    line.stop_check()
    ended = [m for m in collect(qtbot, line, Ended) if isinstance(m, Ended)]
    assert [m.run for m in ended] == [run]


def test_stop_on_a_line_that_never_ran_is_harmless(make_line: Callable[..., Any]) -> None:
    line = make_line(play.waiting())
    line.stop_check()
    assert line.take() == []


def test_stop_gives_the_cancelled_report_within_milliseconds(qtbot: QtBot, make_line: Callable[..., Any]) -> None:
    started = threading.Event()
    line = make_line(play.waiting(started))
    line.submit(Profile(), {})
    assert started.wait(60)
    began = time.perf_counter()
    line.stop_check()
    ended = collect(qtbot, line, Ended)[-1]
    assert ended.report.verdict is Verdict.CANCELLED
    assert time.perf_counter() - began < 0.5


def test_stop_after_the_check_ended_is_harmless(qtbot: QtBot, make_line: Callable[..., Any]) -> None:
    line = make_line(play.playing(play.connected()))
    line.submit(Profile(), {})
    collect(qtbot, line, Ended)
    line.stop_check()
    line.submit(Profile(), {})
    assert collect(qtbot, line, Ended)[-1].report.verdict is Verdict.CONNECTED


def test_a_second_check_replaces_the_first_and_they_never_run_together(
    qtbot: QtBot, make_line: Callable[..., Any]
) -> None:
    running, together = 0, []

    async def check(profile: Any, _secrets: Any, emit: Any, **_more: Any) -> Any:
        nonlocal running
        running += 1
        together.append(running)
        try:
            if profile.name == "first":
                emit(play.report(None))
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            asyncio.current_task().uncancel()
            await asyncio.sleep(0)  # cleaning up takes its time
            return play.report(Verdict.CANCELLED)
        finally:
            running -= 1
        return play.connected()

    line = make_line(check)
    first = line.submit(Profile(name="first"), {})
    collect(qtbot, line, Progress)
    second = line.submit(Profile(name="second"), {})
    ended = [m for m in collect(qtbot, line, Ended, 2) if isinstance(m, Ended)]
    assert [(m.run, m.report.verdict) for m in ended] == [(first, Verdict.CANCELLED), (second, Verdict.CONNECTED)]
    assert together == [1, 1]


def test_of_many_checks_submitted_at_once_every_one_ends_and_the_last_one_runs(
    qtbot: QtBot, make_line: Callable[..., Any]
) -> None:
    line = make_line(play.playing(play.connected()))
    runs = [line.submit(Profile(), {}) for _ in range(20)]
    ended = [m for m in collect(qtbot, line, Ended, 20) if isinstance(m, Ended)]
    assert sorted(m.run for m in ended) == runs
    assert next(m for m in ended if m.run == runs[-1]).report.verdict is Verdict.CONNECTED


def test_a_stop_never_reaches_a_check_that_was_submitted_after_it(qtbot: QtBot, make_line: Callable[..., Any]) -> None:
    line = make_line(play.playing(play.connected()))
    for _ in range(50):
        line.submit(Profile(), {})
        line.stop_check()
        last = line.submit(Profile(), {})
        ended = {}
        while last not in ended:
            ended |= {m.run: m for m in collect(qtbot, line, Ended) if isinstance(m, Ended)}
        assert ended[last].report is not None


def test_closing_during_a_check_ends_the_thread(qtbot: QtBot, make_line: Callable[..., Any]) -> None:
    started = threading.Event()
    check = play.waiting(started)
    line = make_line(check)
    line.submit(Profile(), {})
    assert started.wait(60)
    line.close()
    assert line.ended_within(60_000)
    assert check.running == 0


def test_closing_never_waits_for_a_resolver(make_line: Callable[..., Any]) -> None:
    release, blocked = threading.Event(), threading.Event()

    async def check(*_: Any, **__: Any) -> Any:
        def resolve() -> None:
            blocked.set()
            release.wait(20)

        await asyncio.get_running_loop().run_in_executor(None, resolve)

    line = make_line(check)
    line.submit(Profile(), {})
    assert blocked.wait(60)
    began = time.perf_counter()
    line.close()
    assert line.ended_within(1500)
    assert time.perf_counter() - began < 1
    release.set()


def test_a_check_submitted_after_the_close_ends_at_once(make_line: Callable[..., Any]) -> None:
    line = make_line(play.playing(play.connected()))
    line.close()
    run = line.submit(Profile(), {})
    line.stop_check()
    assert line.take() == [Ended(run)]


def test_a_bug_in_the_check_is_handed_over_and_the_line_lives_on(qtbot: QtBot, make_line: Callable[..., Any]) -> None:
    async def check(profile: Profile, *_: Any, **__: Any) -> Any:
        if profile.name == "bad":
            raise ZeroDivisionError
        return play.connected()

    line = make_line(check)
    line.submit(Profile(name="bad"), {})
    assert isinstance(collect(qtbot, line, Ended)[-1].error, ZeroDivisionError)
    line.submit(Profile(), {})
    assert collect(qtbot, line, Ended)[-1].report.verdict is Verdict.CONNECTED


def test_a_bug_outside_the_check_reaches_the_gui_too(qtbot: QtBot, make_line: Callable[..., Any]) -> None:
    async def check(*_: Any, **__: Any) -> Any:
        asyncio.get_running_loop().call_soon(lambda: 1 / 0)
        await asyncio.sleep(0)
        return play.connected()

    line = make_line(check)
    line.submit(Profile(), {})
    broken = [m for m in collect(qtbot, line, Broken) if isinstance(m, Broken)]
    assert isinstance(broken[0].error, ZeroDivisionError)


def test_questions_are_answered_in_the_gui_thread(qtbot: QtBot, make_line: Callable[..., Any]) -> None:
    line = make_line(play.waiting())
    heard = []

    async def who() -> Any:
        return threading.current_thread()

    async def fail() -> None:
        raise OSError("no")

    line.ask(who, lambda thread: heard.append((thread, threading.current_thread())))
    line.ask(fail, heard.append, lambda error: heard.append(error))
    for message in collect(qtbot, line, Answer, 2):
        message.deliver()
    (asked_in, told_in), error = heard
    assert told_in is threading.main_thread()
    assert asked_in is not told_in
    assert isinstance(error, OSError)


def test_a_storm_of_reports_sends_one_wake_up(qtbot: QtBot, make_line: Callable[..., Any]) -> None:
    done = threading.Event()

    async def check(_profile: Any, _secrets: Any, emit: Any, **_more: Any) -> Any:
        for _ in range(5000):
            emit(play.report(None))
        emit(play.connected())
        done.set()
        return play.connected()

    line = make_line(check)
    woken = []
    line.woken.connect(lambda: woken.append(1))
    line.submit(Profile(), {})
    assert done.wait(60)
    qtbot.waitUntil(lambda: len(woken) >= 1)
    collect(qtbot, line, Ended)
    assert len(woken) <= 2


def test_five_thousand_signals_do_not_abort_the_interpreter() -> None:
    """PySide6 6.12.0 with Python 3.11 aborts after some 570 emits of a bool."""
    program = """
from PySide6.QtCore import QCoreApplication, QObject, Signal
class Bell(QObject):
    rung = Signal(bool)
app = QCoreApplication([])
bell, heard = Bell(), []
bell.rung.connect(heard.append)
for number in range(5000):
    bell.rung.emit(number % 2 == 0)
print(len(heard))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.strip()) == (0, "5000"), done.stderr


def test_a_line_that_cannot_end_is_left_behind_and_the_program_still_ends() -> None:
    program = """
import asyncio, threading
from PySide6.QtCore import QCoreApplication
from clearline.core.daemon_threads import end_with
from clearline.core.profiles.profile import Profile
from clearline.ui.background.worker import Worker
app = QCoreApplication([])
inside = threading.Event()
async def check(profile, secrets, emit, *, text=None, on_event=None):
    inside.set()
    threading.Event().wait(30)  # code that blocks the loop
line = Worker(check)
line.submit(Profile(), {})
inside.wait(60)
line.close()
print(line.ended_within(200), flush=True)
del line
end_with(7)
"""
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.strip()) == (7, "False"), done.stderr
    assert time.perf_counter() - began < 10


def test_another_check_takes_the_place_of_the_line_s_own_for_once(qtbot: QtBot, make_line: Callable[..., Any]) -> None:
    line = make_line(play.playing(play.connected()))
    other = play.report(Verdict.CANCELLED)
    run = line.submit(Profile(), {}, check=play.playing(other))
    assert collect(qtbot, line, Ended)[-1] == Ended(run, other)


def test_however_much_stirs_the_window_is_told_once_until_it_looks(qtbot: QtBot, make_line: Callable[..., Any]) -> None:
    line = make_line(play.waiting())
    stirred = []
    line.stirred.connect(lambda: stirred.append(1))
    for _ in range(1000):
        line.stir()
    assert stirred == [1]
    line.take()
    line.stir()
    assert stirred == [1, 1]


def test_any_thread_may_have_something_called_in_the_gui_thread(qtbot: QtBot, make_line: Callable[..., Any]) -> None:
    line = make_line(play.waiting())
    called = []
    thread = threading.Thread(target=lambda: line.tell(lambda: called.append(threading.current_thread())))
    thread.start()
    (answer,) = collect(qtbot, line, Answer)
    answer.deliver()
    assert called == [threading.current_thread()]
    thread.join()


@pytest.fixture
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "PING_MS", 10)
    monkeypatch.setattr(worker_module, "MISSING_AFTER_STOP", 2)
    monkeypatch.setattr(worker_module, "MISSING_AT_MOST", 20)


def test_a_check_that_is_stopped_before_its_first_step_ends_too(qtbot: QtBot, make_line: Callable[..., Any]) -> None:
    line = make_line(play.playing(play.connected()))
    there = threading.Event()

    async def answer() -> None:
        there.set()

    line.ask(answer, lambda _done: None)
    qtbot.waitUntil(there.is_set)
    held, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        held.set()
        go_on.wait(60)

    line._loop.call_soon_threadsafe(hold)
    assert held.wait(60)
    line._loop.call_soon_threadsafe(line._advance)  # it takes the check in the same turn in which Stop comes
    run = line.submit(Profile(), {})
    line._on_loop(lambda: line._cancel(up_to=run))
    go_on.set()
    (ended,) = (m for m in collect(qtbot, line, Ended) if isinstance(m, Ended))
    assert ended == Ended(run)


def test_a_check_that_holds_its_thread_is_noticed_after_stop(
    qtbot: QtBot, make_line: Callable[..., Any], short_patience: None
) -> None:
    over, began = threading.Event(), threading.Event()

    async def hold(*_arguments: Any, **_more: Any) -> Any:
        began.set()
        over.wait()  # the loop's own thread: nothing that is asked of the loop comes through
        return play.connected()

    line = make_line(hold)
    line.submit(Profile(), {})
    qtbot.waitUntil(began.is_set)
    with qtbot.waitSignal(line.stuck):
        line.stop_check()
    over.set()


def test_a_question_that_holds_its_thread_is_noticed_when_it_is_given_up(
    qtbot: QtBot, make_line: Callable[..., Any], short_patience: None
) -> None:
    over, began = threading.Event(), threading.Event()

    async def hold() -> None:  # as a watch does whose driver computes for ever
        began.set()
        over.wait()

    line = make_line(play.playing(play.connected()))
    give_up = line.ask(hold, lambda _done: None)
    qtbot.waitUntil(began.is_set)
    with qtbot.waitSignal(line.stuck):
        give_up()
    over.set()


def test_a_lasting_question_that_holds_its_thread_is_noticed_by_itself(
    qtbot: QtBot, make_line: Callable[..., Any], short_patience: None
) -> None:
    over = threading.Event()

    async def hold() -> None:
        over.wait()

    line = make_line(play.playing(play.connected()))
    with qtbot.waitSignal(line.stuck):
        line.ask(hold, lambda _done: None, lasting=True)
    over.set()


def test_a_lasting_question_is_watched_over_until_it_is_over(
    qtbot: QtBot, make_line: Callable[..., Any], short_patience: None
) -> None:
    line = make_line(play.playing(play.connected()))
    stuck = []
    line.stuck.connect(lambda: stuck.append(True))

    async def wait() -> None:
        await asyncio.Event().wait()

    give_up = line.ask(wait, lambda _done: None, lasting=True)
    qtbot.waitUntil(lambda: line._pongs > 30)  # far more than may be missing
    assert line._vigil.isActive()
    give_up()
    qtbot.waitUntil(lambda: not line._vigil.isActive())
    assert not stuck


def test_a_question_that_is_given_up_in_time_is_not_taken_for_stuck(
    qtbot: QtBot, make_line: Callable[..., Any], short_patience: None
) -> None:
    line = make_line(play.playing(play.connected()))
    stuck, began = [], threading.Event()
    line.stuck.connect(lambda: stuck.append(True))

    async def wait() -> None:
        began.set()
        await asyncio.Event().wait()

    give_up = line.ask(wait, lambda _done: None)
    qtbot.waitUntil(began.is_set)
    give_up()
    qtbot.waitUntil(lambda: line._vigil is None or not line._vigil.isActive())
    assert not stuck


def test_a_check_that_ends_is_not_taken_for_stuck(
    qtbot: QtBot, make_line: Callable[..., Any], short_patience: None
) -> None:
    line = make_line(play.playing(play.connected()))
    stuck = []
    line.stuck.connect(lambda: stuck.append(True))
    line.submit(Profile(), {})
    line.stop_check()
    collect(qtbot, line, Ended)
    qtbot.waitUntil(lambda: not line._vigil.isActive())
    assert not stuck


def test_an_open_profile_goes_on_with_another_thread(qtbot: QtBot, short_patience: None) -> None:
    over, began, calls = threading.Event(), threading.Event(), []

    async def hold_once(*_arguments: Any, **_more: Any) -> Any:
        calls.append(True)
        if len(calls) == 1:
            began.set()
            over.wait()
        return play.connected()

    opened = OpenProfile(hold_once, Profile())
    opened.test()
    first = opened.worker
    qtbot.waitUntil(began.is_set)
    with qtbot.waitSignal(opened.left_behind):
        opened.stop()
    assert not opened.running
    opened.test()
    assert opened.worker is not first
    qtbot.waitUntil(lambda: opened.pull() and opened.report is not None and not opened.running)
    over.set()
    for worker in (first, opened.worker):
        worker.close()
        assert worker.ended_within(60_000)
