"""The window on a watched deployment, with watches that play a course of states, and once with a real one."""

from __future__ import annotations

import csv
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QComboBox, QWidget
from pytestqt.qtbot import QtBot

from clearline.core.findings import Certainty, Finding, Severity, Stage
from clearline.core.report.report import Verdict
from clearline.core.secrets.secret import PASSWORD, Secret
from clearline.core.watch.exercise import ExercisePlan, ExerciseResult, Work
from clearline.core.watch.health import HealthState
from clearline.core.watch.pool import PoolLimits, Quantiles
from clearline.ui.background import worker
from clearline.ui.panels.health import Health
from clearline.ui.profiles.open_profile import Origin
from ui import played_checks as play
from ui import played_watches as watches

URI = "mongodb://app:s3cret-w0rd@db1.example.com:27017/orders?replicaSet=rs0"
SHIFT_CONTROL = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
GONE = Finding(
    cause="tcp.refused",
    severity=Severity.FAILURE,
    certainty=Certainty.PROVEN,
    stage=Stage.TCP,
    summary="Nothing listens there.",
)


@pytest.fixture
def watched(qtbot: QtBot, make_desktop: Callable[..., Any]) -> Any:
    """A window whose check has connected, and the watch that follows."""
    open_watch = watches.playing()
    desktop = make_desktop(play.playing(play.connected()), watch=open_watch)
    desktop.workbench.profiles.current.set_text(Secret(URI), Origin.ELSEWHERE)
    desktop.workbench.test()
    qtbot.waitUntil(lambda: bool(open_watch.opened) and open_watch.opened[0].running)
    session = desktop.workbench.watching.session(desktop.workbench.profiles.current)
    qtbot.waitUntil(lambda: session.state is not None)
    return desktop, open_watch.opened[0], session


def emit(qtbot: QtBot, watched: Any, state: Any) -> None:
    _desktop, watch, session = watched
    watch.emit(state)
    qtbot.waitUntil(lambda: session.state is state)


def test_after_a_good_check_the_client_is_kept_open_and_the_window_says_so(watched: Any) -> None:
    desktop, watch, _session = watched
    profile, secrets, text, interval_s = watch.asked
    assert (profile, secrets) == (
        desktop.workbench.profiles.current.profile,
        desktop.workbench.profiles.current.secrets,
    )
    assert (text, interval_s) == (URI, 10.0)
    assert desktop.window.watch.text() == "Stop watching"
    assert desktop.window.watch.isChecked()
    assert desktop.window.health.reading.health is Health.HEALTHY
    assert desktop.window.health.reading.rtt_ms == 1.9
    row = desktop.window.profiles.model.profile_row(profile.id)
    assert row.watched


def test_a_failed_check_begins_no_watch(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    open_watch = watches.playing()
    desktop = make_desktop(play.playing(play.report(Verdict.FAILED, GONE)), watch=open_watch)
    desktop.workbench.profiles.current.set_text(Secret(URI), Origin.ELSEWHERE)
    desktop.workbench.test()
    qtbot.waitUntil(lambda: desktop.workbench.profiles.current.verdict is Verdict.FAILED)
    assert open_watch.opened == []


def test_watching_can_begin_without_a_check_and_end_by_its_key(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    open_watch = watches.playing()
    desktop = make_desktop(play.waiting(), watch=open_watch)
    desktop.workbench.profiles.current.set_text(Secret(URI), Origin.ELSEWHERE)
    qtbot.keyClick(desktop.window, Qt.Key.Key_W, SHIFT_CONTROL)
    qtbot.waitUntil(lambda: bool(open_watch.opened) and open_watch.opened[0].running)
    qtbot.keyClick(desktop.window, Qt.Key.Key_W, SHIFT_CONTROL)
    qtbot.waitUntil(lambda: not open_watch.opened[0].running)
    assert desktop.window.watch.text() == "Watch"


def test_nothing_is_watched_where_nothing_is_typed(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    open_watch = watches.playing()
    desktop = make_desktop(play.waiting(), watch=open_watch)
    desktop.window.watch.click()
    assert "connection string" in desktop.window.connection.said.text
    assert not desktop.window.message
    assert not desktop.window.watch.isChecked()
    assert open_watch.opened == []


def test_going_on_after_a_test_can_be_turned_off(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    open_watch = watches.playing()
    desktop = make_desktop(play.playing(play.connected()), watch=open_watch)
    desktop.window.menus.watch_after_check.trigger()
    assert not desktop.workbench.watching.begins_after_check
    desktop.workbench.profiles.current.set_text(Secret(URI), Origin.ELSEWHERE)
    desktop.workbench.test()
    qtbot.waitUntil(lambda: desktop.workbench.profiles.current.verdict is Verdict.CONNECTED)
    assert open_watch.opened == []
    desktop.window.menus.watch_after_check.trigger()
    assert desktop.workbench.watching.begins_after_check


def test_a_new_test_ends_the_watch_and_a_new_one_follows(qtbot: QtBot, watched: Any) -> None:
    desktop, watch, session = watched
    desktop.workbench.test()
    qtbot.waitUntil(lambda: not watch.running)
    qtbot.waitUntil(lambda: session.watching)


def test_events_of_check_and_watch_share_one_time_line(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    open_watch = watches.playing()
    desktop = make_desktop(play.playing(play.connected(), events=[play.event(0)]), watch=open_watch)
    events = desktop.workbench.profiles.current.events
    desktop.workbench.profiles.current.set_text(Secret(URI), Origin.ELSEWHERE)
    desktop.workbench.test()
    qtbot.waitUntil(lambda: bool(open_watch.opened) and open_watch.opened[0].running)
    open_watch.opened[0].on_event(play.event(0))
    qtbot.waitUntil(lambda: events.kept == 2)
    assert 0 == events.event_at(0).at_s < events.event_at(1).at_s < 60


def test_the_pool_is_shown_in_numbers_and_as_a_chart(qtbot: QtBot, watched: Any) -> None:
    desktop, _watch, _session = watched
    desktop.window.turn_to("pool")
    panel = desktop.window.live.views.get("pool")
    texts = [panel.model.index(0, column).data() for column in range(panel.model.columnCount())]
    assert texts[:6] == [watches.SERVERS[0], "3", "2", "0", "1", "0 – 10"]
    assert texts[6:] == ["0.5", "4.0", "9.5", "9", "2", "0", "4 (error 1, idle 3)"]
    picture = panel.chart.picture
    assert [curve.name for curve in picture.curves] == ["idle", "in use", "waiting"]
    assert [(limit.name, limit.value) for limit in picture.limits] == [("maxPoolSize", 10)]
    assert picture.now == watches.BEGAN + 15


def test_an_empty_table_shows_its_titles_whole(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    desktop = make_desktop(play.waiting())
    desktop.window.turn_to("topology")
    header = desktop.window.live.views.get("topology").table.horizontalHeader()
    shown = [column for column in range(header.count()) if not header.isSectionHidden(column)]
    assert len(shown) == header.count() - 2  # no tags, and one set at the most
    for column in shown:
        title = header.model().headerData(column, Qt.Orientation.Horizontal)
        assert header.sectionSize(column) >= header.fontMetrics().horizontalAdvance(title), title


@pytest.mark.parametrize(("size", "above"), [((1366, 740), False), ((1024, 740), True), ((911, 484), False)])
def test_the_topology_shows_how_each_server_is_in_every_size(
    qtbot: QtBot, watched: Any, size: tuple[int, int], above: bool
) -> None:
    desktop, _watch, _session = watched
    desktop.window.resize(*size)
    desktop.window.turn_to("topology")
    emit(qtbot, watched, watches.state())
    panel = desktop.window.live.views.get("topology")
    assert (panel.table.mapTo(panel, panel.table.rect().topLeft()).x() == 0) is above

    def right_of(title: str) -> int:
        column = [one.title for one in panel.servers.columns].index(title)
        return int(panel.table.columnViewportPosition(column) + panel.table.columnWidth(column))

    assert right_of("heartbeat") <= panel.table.viewport().width()
    if above:
        assert right_of("who knows whom") <= panel.table.viewport().width()


@pytest.mark.parametrize(("width", "all_columns"), [(1366, True), (911, False)])
def test_an_event_says_what_it_says_in_a_narrow_window_too(
    qtbot: QtBot, watched: Any, width: int, all_columns: bool
) -> None:
    desktop, _watch, _session = watched
    desktop.window.resize(width, 484)
    desktop.window.turn_to("events")
    panel = desktop.window.live.events
    header = panel.table.horizontalHeader()
    hidden = [column for column in range(header.count()) if header.isSectionHidden(column)]
    assert (hidden == []) is all_columns
    details = header.count() - 1
    assert header.sectionSize(details) >= 160
    assert header.sectionViewportPosition(details) + 160 <= panel.table.viewport().width()
    assert panel.search.fontMetrics().horizontalAdvance("Filter") + 24 <= panel.search.width()


def test_the_topology_names_every_server_and_its_role(qtbot: QtBot, watched: Any) -> None:
    desktop, _watch, _session = watched
    desktop.window.turn_to("topology")
    panel = desktop.window.live.views.get("topology")
    assert [panel.servers.index(row, 1).data() for row in range(3)] == ["primary", "secondary", "secondary"]
    assert "3 of 3 servers answer" in panel.heading.text()
    emit(qtbot, watched, watches.lost())
    assert [panel.servers.index(row, 1).data() for row in range(3)] == ["does not answer"] * 3
    assert "AutoReconnect" in panel.servers.index(0, 9).data()
    assert "does not answer" in panel.picture.accessibleDescription()
    assert panel.changes.index(0, 1).data() == "db1 is primary."


@pytest.mark.parametrize(("page", "told"), [("answer", False), ("live", False), ("code", True), ("history", True)])
def test_a_lost_connection_is_told_once(qtbot: QtBot, watched: Any, page: str, told: bool) -> None:
    desktop, _watch, _session = watched
    desktop.window.activateWindow()
    desktop.window.turn_to(page)
    emit(qtbot, watched, watches.lost())
    assert ("connection lost" in desktop.window.message) is told  # there is no tray here that could notify


def test_a_lost_connection_of_another_profile_is_told(qtbot: QtBot, watched: Any) -> None:
    desktop, _watch, _session = watched
    desktop.workbench.new_profile()
    emit(qtbot, watched, watches.lost())
    assert "connection lost" in desktop.window.message


def test_a_lost_connection_is_told_with_its_cause_and_leads_to_its_diagnosis(qtbot: QtBot, watched: Any) -> None:
    desktop, _watch, session = watched
    desktop.window.turn_to("health")
    page = desktop.window.live.views.get("health")
    emit(qtbot, watched, watches.lost())
    assert "connection lost" not in desktop.window.message  # the page in front says it
    profile_id = desktop.workbench.profiles.current.profile.id
    assert desktop.window.profiles.model.profile_row(profile_id).verdict is Verdict.FAILED
    assert page.word.text() == "down"
    assert desktop.window.answer.banner.word.text().startswith("Connection lost at ")
    assert desktop.window.answer.banner.sentence.text() == "Nothing listens on port 27017 of db1.example.com."
    assert desktop.window.health.reading.health is Health.DOWN
    answer = desktop.window.answer
    assert answer.shown_report.diagnosis.cause == "tcp.refused"  # the page is about the outage, not the old success
    assert answer.diagnosis.current.cause == "tcp.refused"
    desktop.window.menus.copy_report.trigger()
    assert "Connected" not in QGuiApplication.clipboard().text()
    line = page.notices.index(0, 0).data()
    assert line.startswith("Connection lost at ")
    assert line.endswith("not yet restored: Nothing listens on port 27017 of db1.example.com.")
    assert [mark.end for mark in page.chart.picture.marks] == [None]
    emit(qtbot, watched, watches.restored())
    assert "restored after 4.2 s" in page.notices.index(0, 0).data()
    assert desktop.window.answer.banner.word.text().startswith("Connected")
    assert answer.shown_report.verdict is Verdict.CONNECTED
    page.list.selectRow(0)
    page.show_report.click()
    assert desktop.window.results.current_name == "answer"
    assert desktop.workbench.profiles.current.report.diagnosis.cause == "tcp.refused"
    assert session.watching


def test_the_rule_behind_the_state_is_told_on_hover(watched: Any) -> None:
    desktop, _watch, _session = watched
    desktop.window.turn_to("health")
    page = desktop.window.live.views.get("health")
    assert "The latest ping was answered in time" in page.word.toolTip()
    assert "median 1.4 ms" in page.numbers.text()


def test_the_interval_is_chosen_and_remembered(qtbot: QtBot, watched: Any) -> None:
    desktop, watch, _session = watched
    desktop.window.turn_to("health")
    page = desktop.window.live.views.get("health")
    page.interval.chosen.emit(5.0)
    qtbot.waitUntil(lambda: 5.0 in watch.acts)
    assert desktop.workbench.settings.values.watch_interval_s == 5.0
    page.ping_requested.emit()
    qtbot.waitUntil(lambda: "ping" in watch.acts)


def test_a_refused_login_pauses_the_watch_and_asks_for_the_new_password(qtbot: QtBot, watched: Any) -> None:
    desktop, watch, _session = watched
    emit(qtbot, watched, watches.paused())
    page = desktop.window.live.views.get("health")
    qtbot.waitUntil(page.password.isVisible)
    assert desktop.window.live.views.current_name == "health"
    assert desktop.window.health.reading.health is Health.PAUSED
    page.password.setFocus()
    qtbot.keyClicks(page.password.entry, "n3w")
    qtbot.keyClick(page.password.entry, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: {PASSWORD: Secret("n3w")} in watch.acts)
    assert page.password.entry.text() == ""


def test_the_exercise_asks_before_it_loads_a_deployment_that_is_elsewhere(qtbot: QtBot, watched: Any) -> None:
    desktop, watch, session = watched
    desktop.window.turn_to("pool")
    desktop.window.live.views.get("pool").exercise.click()
    form = desktop.workbench.watching.exercising.form
    form.workers.setValue(50)
    form.start.click()
    assert "not on this computer" in form.warning.text()
    assert not session.exercising
    form.start.click()
    qtbot.waitUntil(lambda: watch.result is not None)
    plan = ExercisePlan(workers=50)
    assert watch.acts[-1] == plan
    emit(
        qtbot,
        watched,
        watches.state(exercise=ExerciseResult(plan=plan, limits=PoolLimits(), elapsed_s=5.0, operations=10)),
    )
    assert form.progress.value() == 500
    assert form.start.text() == "Stop"
    done = ExerciseResult(
        plan=plan,
        limits=PoolLimits(),
        finished=True,
        elapsed_s=10.0,
        operations=1234,
        operation_ms=Quantiles(count=1234, median=2.0, p95=3.0, p99=4.0, max=5.0),
        wait_queue_timeouts=7,
        sentence="The pool is the bottleneck.",
    )
    watch.result.get_loop().call_soon_threadsafe(watch.result.set_result, done)
    qtbot.waitUntil(lambda: not session.exercising)
    assert form.sentence.text() == "The pool is the bottleneck."
    texts = [label.text() for label in form._cells.values()]
    assert "1,234" in texts
    assert any("Wait-queue timeouts: 7" in text for text in texts)
    form.end()


def test_an_exercise_is_stopped_by_its_button(qtbot: QtBot, watched: Any) -> None:
    desktop, watch, _session = watched
    emit(qtbot, watched, watches.state(local=True))
    desktop.workbench.watching.ask_exercise()
    form = desktop.workbench.watching.exercising.form
    form.start.click()
    qtbot.waitUntil(lambda: watch.result is not None)
    form.start.click()
    qtbot.waitUntil(lambda: watch.result.cancelled())
    assert form.start.text().startswith("Start")
    form.end()


def test_a_plan_that_makes_no_sense_is_refused_beside_the_form(qtbot: QtBot, watched: Any) -> None:
    desktop, _watch, session = watched
    desktop.workbench.watching.ask_exercise()
    form = desktop.workbench.watching.exercising.form
    form.work.setCurrentIndex(list(Work).index(Work.READ))
    form.collection.setText("orders")
    form.start.click()
    assert "collection" in form.problem.text()
    assert not session.exercising
    form.end()


def test_two_profiles_are_watched_at_once(qtbot: QtBot, watched: Any) -> None:
    desktop, _watch, session = watched
    desktop.workbench.new_profile()
    desktop.workbench.profiles.current.set_text(Secret("mongodb://other.example.com"), Origin.ELSEWHERE)
    assert desktop.window.watch.text() == "Watch"
    desktop.workbench.test()
    other = desktop.workbench.watching.session(desktop.workbench.profiles.current)
    qtbot.waitUntil(lambda: other.watching and other.state is not None)
    assert session.watching
    assert session.opened.worker is not other.opened.worker


def test_closing_the_window_ends_every_watch(qtbot: QtBot, watched: Any) -> None:
    desktop, watch, _session = watched
    desktop.window.may_close = lambda: True
    desktop.window.close()
    assert desktop.workbench.close()
    assert not watch.running


def test_every_control_of_the_late_panels_has_a_name(watched: Any) -> None:
    desktop, _watch, _session = watched
    views = desktop.window.live.views
    for name in ("topology", "pool", "health"):
        desktop.window.turn_to(name)
        nameless = [
            type(widget).__name__
            for widget in views.get(name).findChildren(QWidget)
            if widget.focusPolicy() & Qt.FocusPolicy.TabFocus
            and not widget.objectName().startswith("qt_")
            and not isinstance(widget.parent().parent(), QComboBox)  # the list that a combo box opens
            and not (widget.accessibleName() or getattr(widget, "text", lambda: "")())
        ]
        assert nameless == [], name


# ---------------------------------------------------------------- events


def test_events_are_copied_bookmarked_and_saved_as_csv(qtbot: QtBot, watched: Any, tmp_path: Path) -> None:
    desktop, watch, _session = watched
    panel = desktop.window.live.events
    desktop.window.turn_to("events")
    for number in range(5):
        watch.on_event(play.event(number, failed=number == 3))
    qtbot.waitUntil(lambda: panel.model.kept == 5)
    panel.table.selectAll()
    panel.table.setFocus()
    qtbot.keyClick(panel.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = QGuiApplication.clipboard().text().splitlines()
    assert len(lines) == 6
    assert lines[0].startswith("time\tgap\tkind")
    panel.table.setCurrentIndex(panel.model.index(2, 1))
    qtbot.keyClick(panel.table, Qt.Key.Key_B)
    assert panel.model.bookmarks == [2]
    panel.marked.click()
    assert [event.text for event in panel.model.shown()] == ["ping 2"]
    panel.marked.click()
    panel.failures.click()
    assert [event.text for event in panel.model.shown()] == ["ping 3"]
    panel.failures.click()
    panel.save_shown(tmp_path / "events.csv")
    qtbot.waitUntil(lambda: desktop.window.message == "5 events saved to events.csv.")
    with (tmp_path / "events.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["text"] for row in rows] == [f"ping {n}" for n in range(5)]
    panel.save_shown(tmp_path / "missing" / "events.jsonl")
    qtbot.waitUntil(lambda: "could not be saved" in desktop.window.message)
    panel.save_shown(tmp_path / "events.jsonl")
    qtbot.waitUntil(lambda: desktop.window.message == "5 events saved to events.jsonl.")
    assert json.loads((tmp_path / "events.jsonl").read_text().splitlines()[0])["connection_id"] == 3


def test_choosing_the_profile_in_front_again_keeps_its_filter_and_its_selection(qtbot: QtBot, watched: Any) -> None:
    desktop, watch, _session = watched
    panel, own = desktop.window.live.events, desktop.workbench.profiles.current.profile.id
    desktop.window.turn_to("events")
    for number in range(3):
        watch.on_event(play.event(number))
    qtbot.waitUntil(lambda: panel.model.kept == 3)
    panel.server.choose("db1.example.com:27017", "db1.example.com:27017")
    panel.table.selectRow(1)
    desktop.workbench.profiles.choose(own)
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert panel.server.currentData() == "db1.example.com:27017"
    assert panel.table.rows_selected == [1]
    desktop.workbench.new_profile()
    desktop.workbench.profiles.choose(own)
    panel.table.selectRow(2)
    assert panel.table.rows_selected == [2]


def test_clicking_a_connection_shows_its_life_line_and_details(qtbot: QtBot, watched: Any) -> None:
    desktop, watch, _session = watched
    panel = desktop.window.live.events
    desktop.window.turn_to("events")
    for number, name in enumerate(("Created", "Ready", "CheckedOut", "CheckedIn", "Closed")):
        watch.on_event(play.event(number * 10, "connection", name=f"Connection{name}", text="", duration_ms=1.0))
    qtbot.waitUntil(lambda: panel.model.kept == 5)
    rect = panel.table.visualRect(panel.model.index(2, 6))
    qtbot.mouseClick(panel.table.viewport(), Qt.MouseButton.LeftButton, pos=rect.center())
    assert panel.detail.isVisible()
    assert panel.detail.line.isVisible()
    assert "checked out once, 0.010 s in all; closed" in panel.detail._life_title.text()
    assert panel.detail.heading.text() == "ConnectionCheckedOut"
    panel.detail.only_connection.click()
    assert panel.model.filter.connection_id == 3
    assert panel.connection.currentData() == ("db1.example.com:27017", 3)


# ---------------------------------------------------------------- retries


def test_a_test_is_repeated_while_it_may_pass_and_each_attempt_is_shown(
    qtbot: QtBot, make_desktop: Callable[..., Any]
) -> None:
    reports = [play.report(Verdict.FAILED, GONE), play.connected()]

    async def check(_profile: Any, _secrets: Any, emit: Any, **_more: Any) -> Any:
        report = reports.pop(0)
        emit(report)
        return report

    desktop = make_desktop(check)
    desktop.workbench.profiles.current.set_text(Secret("mongodb://db1.example.com"), Origin.ELSEWHERE)
    desktop.window.menus.retries.trigger()
    dialog = next(w for w in desktop.window.findChildren(QWidget) if type(w).__name__ == "RetryDialog")
    dialog.delay.setValue(0)
    dialog.start.click()
    qtbot.waitUntil(lambda: desktop.workbench.profiles.current.verdict is Verdict.CONNECTED)
    assert [dialog.model.index(row, 0).data() for row in range(2)] == ["1 of 5", "2 of 5"]
    assert dialog.model.index(0, 3).data() == "again in 0 s"
    assert dialog.start.text() == "Start again"
    dialog.close()


# ---------------------------------------------------------------- for real


def test_a_real_deployment_is_watched_after_its_check(
    qtbot: QtBot, make_desktop: Callable[..., Any], standalone: Any
) -> None:
    desktop = make_desktop()
    opened = desktop.workbench.profiles.current
    opened.set_text(Secret(standalone.uri()), Origin.ELSEWHERE)
    desktop.workbench.test()
    watching = desktop.workbench.watching
    qtbot.waitUntil(lambda: opened.verdict is Verdict.CONNECTED)
    session = watching.session(opened)
    qtbot.waitUntil(lambda: session.health is HealthState.HEALTHY)
    desktop.window.turn_to("pool")
    panel = desktop.window.live.views.get("pool")
    qtbot.waitUntil(lambda: panel.model.rowCount() == 1)
    assert panel.model.index(0, 0).data() == standalone.address
    session.end()
    qtbot.waitUntil(lambda: not session.watching)


def test_the_pool_of_production_is_exercised_only_after_a_question(qtbot: QtBot, watched: Any) -> None:
    desktop, watch, session = watched
    session.opened.rename("Orders production")
    desktop.workbench.watching.ask_exercise()
    form = desktop.workbench.watching.exercising.form
    form._local = True
    form.start.click()
    assert "This is production." in form.warning.text()
    assert not any(isinstance(act, ExercisePlan) for act in watch.acts)


def test_a_loss_that_is_over_stays_as_a_line_with_its_report(qtbot: QtBot, watched: Any) -> None:
    desktop, _watch, _session = watched
    answer = desktop.window.answer
    emit(qtbot, watched, watches.lost())
    assert not answer.past.isVisible()
    emit(qtbot, watched, watches.restored())
    assert "restored after 4.2 s: Nothing listens on port 27017 of db1.example.com." in answer.past.words.text()
    answer.past.show_it.click()
    assert desktop.workbench.profiles.current.report.diagnosis.cause == "tcp.refused"


def test_of_a_changed_connection_the_watch_says_that_it_is_about_the_earlier_one(qtbot: QtBot, watched: Any) -> None:
    desktop, _watch, session = watched
    session.opened.set_text(Secret("mongodb://other.example.com/"), Origin.ELSEWHERE)
    desktop.workbench.watching.show()
    assert desktop.window.health._about.text() == "watching db1.example.com:27017 (before your changes)"
    assert desktop.window.profiles.model.profile_row(session.opened.profile.id).verdict is None


def test_on_each_page_one_button_is_filled(qtbot: QtBot, watched: Any) -> None:
    desktop, _watch, _session = watched
    window = desktop.window
    window.turn_to("pool")
    assert window.connection.button.property("running") == "false"
    desktop.workbench.watching.ask_exercise()
    assert window.connection.button.property("running") == "true"
    assert window.next_step is desktop.workbench.watching.exercising.form.start
    desktop.workbench.watching.exercising.form.end()
    assert window.connection.button.property("running") == "false"
    desktop.workbench.new_profile()
    assert window.next_step is window.live.watch


def test_while_the_pool_is_exercised_only_what_matters_is_kept(qtbot: QtBot, watched: Any) -> None:
    desktop, watch, session = watched
    emit(qtbot, watched, watches.state(local=True))
    desktop.workbench.watching.ask_exercise()
    desktop.workbench.watching.exercising.form.start.click()
    qtbot.waitUntil(lambda: watch.result is not None)
    for number in range(500):
        watch.on_event(play.event(number))
    watch.on_event(play.event(501, "server"))
    watch.on_event(play.event(502, "pool", failed=True))
    qtbot.waitUntil(lambda: session.opened.events.kept == 2)
    assert session.opened.events.dropped == 500
    assert [one.kind for one in session.opened.events.shown()] == ["server", "pool"]


def test_the_driver_s_log_is_shown_when_it_is_asked_for(qtbot: QtBot, watched: Any) -> None:
    desktop, watch, session = watched
    for number, kind in enumerate(("command", "log", "pool")):
        watch.on_event(play.event(number, kind))
    qtbot.waitUntil(lambda: session.opened.events.kept == 3)
    panel = desktop.window.live.events
    assert [one.kind for one in panel.model.shown()] == ["command", "pool"]
    panel.kind.setCurrentText("events and log")
    assert [one.kind for one in panel.model.shown()] == ["command", "log", "pool"]


@pytest.mark.parametrize("stopped", [False, True])
def test_a_watch_that_holds_its_thread_is_let_go_with_or_without_stop(
    qtbot: QtBot, watched: Any, monkeypatch: pytest.MonkeyPatch, stopped: bool
) -> None:
    desktop, watch, session = watched
    opened, over, began = desktop.workbench.profiles.current, threading.Event(), threading.Event()
    stuck = opened.worker

    def hold() -> None:  # as a driver does that computes for ever
        began.set()
        over.wait()

    stuck._vigil.setInterval(10)
    monkeypatch.setattr(worker, "MISSING_AFTER_STOP" if stopped else "MISSING_AT_MOST", 20)
    watch.ping_now = hold
    session.ping_now()
    qtbot.waitUntil(began.is_set)
    with qtbot.waitSignal(session.lost):
        if stopped:
            desktop.window.watch.click()
    assert "did not end" in desktop.window.message
    assert not session.watching
    assert desktop.window.watch.text() == "Watch"
    assert not desktop.window.profiles.model.profile_row(opened.profile.id).watched
    desktop.window.watch.click()
    qtbot.waitUntil(lambda: session.watching and session.state is not None)
    assert opened.worker is not stuck
    over.set()
    assert stuck.ended_within(60_000)


def test_a_click_on_live_shows_what_its_first_view_knows(qtbot: QtBot, watched: Any) -> None:
    window = watched[0].window
    bar = window.results.bar
    qtbot.mouseClick(bar, Qt.MouseButton.LeftButton, pos=bar.tabRect(window.results.names.index("live")).center())
    qtbot.waitUntil(lambda: (page := window.front_of("health")) is not None and page.isVisible())


def test_outages_stand_in_the_history_and_their_reports_are_kept(qtbot: QtBot, watched: Any) -> None:
    desktop, _watch, _session = watched
    workbench, window = desktop.workbench, desktop.window
    opened = workbench.profiles.current
    workbench.save()
    qtbot.waitUntil(lambda: opened.path is not None)
    window.turn_to("history")
    emit(qtbot, watched, watches.lost_again())
    panel = window.results.get("history")
    qtbot.waitUntil(lambda: sum("Connection lost" in panel.list.item(n).text() for n in range(panel.list.count())) == 3)
    kept: list[Any] = []

    def both_are_kept() -> bool:
        workbench.storage.reports.of_profile(opened.profile.id, kept.append)
        return bool(kept) and len(kept[-1]) == 2

    qtbot.waitUntil(both_are_kept)
    assert {report.verdict for report in kept[-1]} == {Verdict.CONNECTED, Verdict.FAILED}
    last = workbench.storage.reports.lasts[opened.profile.id]
    assert last.verdict is Verdict.CONNECTED  # an outage is no verdict on how it is now


def test_until_the_cause_of_a_loss_is_found_the_old_answer_is_grey(qtbot: QtBot, watched: Any) -> None:
    answer = watched[0].window.answer
    emit(qtbot, watched, watches.lost_just_now())
    assert answer.before.isVisible()
    assert answer.servers.table.pale
    emit(qtbot, watched, watches.lost())
    assert not answer.before.isVisible()
    assert not answer.servers.table.pale
    emit(qtbot, watched, watches.restored())
    assert not answer.before.isVisible()
