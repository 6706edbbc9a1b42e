"""The real window, driven by the keyboard, with checks that play a course of events."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from clearline.core.findings import Stage
from clearline.core.keyring.vault import SERVICE, Vault
from clearline.core.profiles.profile import Auth, Profile, Seeds
from clearline.core.report.formats import Form
from clearline.core.report.report import Status, Verdict
from clearline.core.secrets.secret import PASSWORD, Secret
from clearline.core.storage import store
from clearline.ui.app import Desktop
from clearline.ui.background import pump
from clearline.ui.look import theme
from clearline.ui.look.palette import DARK, LIGHT
from clearline.ui.models.servers_by_stage import ServerRole
from clearline.ui.panels.fix_dialog import FixDialog
from clearline.ui.panels.health import Health
from ui import played_checks as play

URI = "mongodb://app:s3cret-w0rd@db1.example.com:27017/orders?replicaSet=rs0"
CONTROL = Qt.KeyboardModifier.ControlModifier


def paste(qtbot: QtBot, desktop: Desktop, text: str) -> None:
    field = desktop.window.connection.field
    field.setFocus()
    field.selectAll()
    QGuiApplication.clipboard().setText(text)
    qtbot.keyClick(field, Qt.Key.Key_V, CONTROL)


def run_check(qtbot: QtBot, desktop: Desktop) -> None:
    qtbot.keyClick(desktop.window, Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(
        lambda: (
            desktop.workbench.profiles.current.verdict is not None and not desktop.workbench.profiles.current.running
        )
    )


# ---------------------------------------------------------------- first sight


def test_at_first_the_cursor_stands_in_the_connection_string_and_results_are_not_shown(
    qtbot: QtBot, make_desktop: Callable[..., Any]
) -> None:
    desktop = make_desktop(play.waiting())
    qtbot.waitUntil(desktop.window.connection.field.hasFocus)
    assert not desktop.window.answer.banner.isVisible()
    assert desktop.window.health.reading.health is Health.UNKNOWN


def test_testing_nothing_says_what_to_do_and_starts_no_check(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    desktop = make_desktop(play.waiting())
    qtbot.keyClick(desktop.window, Qt.Key.Key_Return, CONTROL)
    assert "Paste or type" in desktop.window.connection.said.text
    assert not desktop.workbench.profiles.current.running


@pytest.mark.parametrize("size", [(1366, 768), (910, 512), (800, 420)])
def test_nothing_is_cut_off_at_the_sides(qtbot: QtBot, make_desktop: Callable[..., Any], size: tuple[int, ...]) -> None:
    desktop = make_desktop(play.playing(play.connected()))
    desktop.window.resize(*size)
    paste(qtbot, desktop, URI)
    run_check(qtbot, desktop)
    window = desktop.window
    assert (window.width(), window.height()) == size
    for page in (window.pages.page("server"), window.pages.page("auth")):
        assert page.minimumSizeHint().width() <= window.pages.width()
    for widget in (window.connection.button, window.answer.banner, window.health):
        right = widget.mapTo(window, widget.rect().topRight()).x()
        assert right <= window.width()


# ---------------------------------------------------------------- text and form


def test_a_pasted_string_fills_the_form_and_hides_its_password(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    desktop = make_desktop(play.waiting())
    paste(qtbot, desktop, URI)
    window = desktop.window
    assert window.connection.field.text() == "mongodb://app:•••@db1.example.com:27017/orders?replicaSet=rs0"
    assert window.pages.page("server").hosts.hosts == ("db1.example.com:27017",)
    assert window.pages.page("server").database.text() == "orders"
    assert window.pages.page("server").replica_set.text() == "rs0"
    assert window.pages.page("auth").user.text() == "app"
    assert window.pages.page("auth").password.text() == "s3cret-w0rd"
    assert desktop.workbench.profiles.current.secrets == {PASSWORD: Secret("s3cret-w0rd")}
    assert "s3cret" not in repr(desktop.workbench.profiles.current.profile)


def test_what_is_typed_into_the_form_appears_in_the_text(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    desktop = make_desktop(play.waiting())
    paste(qtbot, desktop, URI)
    desktop.window.pages.turn_to("server")
    page = desktop.window.pages.page("server")
    page.replica_set.setFocus()
    page.replica_set.clear()
    qtbot.keyClicks(page.replica_set, "rs9")
    page.database.setFocus()
    qtbot.keyClick(page.database, Qt.Key.Key_End)
    qtbot.keyClicks(page.database, "2")
    field = desktop.window.connection.field
    assert field.text() == "mongodb://app:•••@db1.example.com:27017/orders2?replicaSet=rs9"
    assert field.plain.reveal().startswith("mongodb://app:s3cret-w0rd@")


def test_the_scheme_and_tls_are_chosen_by_keyboard(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    desktop = make_desktop(play.waiting())
    paste(qtbot, desktop, "mongodb://db1.example.com:27017/")
    page = desktop.window.pages.page("server")
    desktop.window.pages.turn_to("tls")
    qtbot.keyClick(desktop.window.pages.page("tls").tls, Qt.Key.Key_Down)
    qtbot.keyClick(page.scheme, Qt.Key.Key_Down)
    assert desktop.window.connection.field.text() == "mongodb+srv://db1.example.com/?tls=true"


def test_a_list_pasted_into_a_host_becomes_several_hosts(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    desktop = make_desktop(play.waiting())
    entry = desktop.window.pages.page("server").hosts.entries[0]
    QGuiApplication.clipboard().setText("db1:27017, db2:27018")
    entry.setFocus()
    qtbot.keyClick(entry, Qt.Key.Key_V, CONTROL)
    assert desktop.window.connection.field.text() == "mongodb://db1:27017,db2:27018/"
    qtbot.mouseClick(desktop.window.pages.page("server").hosts._lines[0][2], Qt.MouseButton.LeftButton)
    assert desktop.window.connection.field.text() == "mongodb://db2:27018/"


def test_a_password_typed_on_the_page_goes_into_the_text_as_dots(
    qtbot: QtBot, make_desktop: Callable[..., Any]
) -> None:
    desktop = make_desktop(play.waiting())
    paste(qtbot, desktop, "mongodb://app@db1:27017/")
    qtbot.keyClicks(desktop.window.pages.page("auth").password, "new p@ss")
    field = desktop.window.connection.field
    assert field.text() == "mongodb://app:•••@db1:27017/"
    assert field.plain.reveal() == "mongodb://app:new%20p%40ss@db1:27017/"


def test_a_mistake_is_said_beside_the_field_and_its_place_can_be_shown(
    qtbot: QtBot, make_desktop: Callable[..., Any]
) -> None:
    desktop = make_desktop(play.waiting())
    paste(qtbot, desktop, "mongodb://app:s3cret@db1:270017/")
    line = desktop.window.connection
    assert "not a usable port" in line.said.text
    assert line.field.property("mistake") == "failure"
    assert line.button.isEnabled()
    line.said.show_place.click()
    assert "270017" in line.field.selectedText()
    paste(qtbot, desktop, "mongodb://db1:27017/")
    assert line.said.text == "One server, no login, no TLS"
    assert not line.said.show_place.isVisible()


def test_a_mistake_that_the_answer_tells_is_told_once_and_one_button_is_filled(
    qtbot: QtBot, make_desktop: Callable[..., Any]
) -> None:
    text = "mongodb://app:s3/cret@db1/"
    desktop = make_desktop(play.playing(play.report(Verdict.FAILED, play.UNESCAPED)))
    paste(qtbot, desktop, text)
    said, window = desktop.window.connection.said, desktop.window
    assert said.repair.property("next") == "true"
    run_check(qtbot, desktop)
    assert window.answer.primary is not None
    assert said.repair.isHidden()
    assert "answer below" in said.text
    said.show_place.click()
    assert window.connection.field.hasSelectedText()
    window.turn_to("code")
    assert not said.repair.isHidden()
    assert said.repair.property("next") == "true"
    window.turn_to("answer")
    assert said.repair.isHidden()
    window.connection.field.end(False)
    window.connection.field.insert_text("orders")  # what the answer says is about another text now
    assert not said.repair.isHidden()


def test_a_second_mistake_is_not_filled_beside_the_button_of_the_answer(
    qtbot: QtBot, make_desktop: Callable[..., Any]
) -> None:
    desktop = make_desktop(play.playing(play.report(Verdict.FAILED, play.ASK_PASSWORD)))
    paste(qtbot, desktop, "mongodb://app:s3/cret@db1/")
    run_check(qtbot, desktop)
    said = desktop.window.connection.said
    assert not said.repair.isHidden()
    assert desktop.window.answer.primary is not None
    assert not said.repair.property("next")


def test_what_is_not_tested_yet_is_said_to_be_so(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    desktop = make_desktop(play.waiting())
    welcome = desktop.window.answer.welcome
    assert welcome.title.text() == "What do you want to reach?"
    assert welcome.words.text().startswith("Paste a connection string")
    paste(qtbot, desktop, URI)
    assert welcome.title.text() == "Not tested yet"
    assert "Paste" not in welcome.words.text()
    desktop.workbench.new_profile()
    assert welcome.title.text() == "What do you want to reach?"


def test_the_copy_button_copies_no_secret(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    desktop = make_desktop(play.waiting())
    paste(qtbot, desktop, URI)
    qtbot.mouseClick(desktop.window.connection.copy, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == URI.replace("s3cret-w0rd", "***")


# ---------------------------------------------------------------- checks


def test_a_good_check_shows_where_it_is_connected_and_how_fast(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    check = play.playing(play.report(None, servers=(play.server(1, reached=2),)), play.connected())
    desktop = make_desktop(check)
    paste(qtbot, desktop, URI)
    run_check(qtbot, desktop)
    window = desktop.window
    assert window.answer.banner.word.text() == "Connected"
    assert window.answer.banner.sentence.text() == "Replica set rs0 as app@admin: db1.example.com:27017 is primary."
    assert "MongoDB 7.0.5" in window.answer.banner.remedy.text()
    assert window.answer.banner.facts.text().startswith("84 ms")
    assert (window.health.reading.health, window.health.reading.rtt_ms) == (Health.HEALTHY, 1.4)
    assert window.answer.servers.model.rowCount() == 3
    [(profile, secrets, text)] = check.asked
    assert (text, secrets) == (URI, {PASSWORD: Secret("s3cret-w0rd")})
    assert profile.seeds.replica_set == "rs0"


def test_a_check_after_an_edit_of_the_form_goes_by_the_form(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    check = play.playing(play.connected())
    desktop = make_desktop(check)
    paste(qtbot, desktop, URI)
    qtbot.keyClick(desktop.window.pages.page("server").database, Qt.Key.Key_End)
    qtbot.keyClicks(desktop.window.pages.page("server").database, "2")
    run_check(qtbot, desktop)
    [(profile, secrets, text)] = check.asked
    assert (profile.seeds.database, secrets[PASSWORD].reveal(), text) == ("orders2", "s3cret-w0rd", None)


def test_the_matrix_fills_while_the_check_runs_and_stop_ends_it(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    started = threading.Event()
    desktop = make_desktop(play.waiting(started))
    paste(qtbot, desktop, URI)
    qtbot.keyClick(desktop.window, Qt.Key.Key_Return, CONTROL)
    window = desktop.window
    qtbot.waitUntil(lambda: window.answer.servers.model.rowCount() == 1)
    assert window.answer.servers.model.index(0, 3).data(ServerRole.STATUS) is Status.RUNNING
    assert (window.answer.banner.word.text(), window.connection.button.text()) == ("Testing…", "Stop")
    assert window.health.reading.health is Health.CHECKING
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not desktop.workbench.profiles.current.running)
    assert (window.answer.banner.word.text(), window.connection.button.text()) == ("Stopped", "Test")


def test_the_button_stops_too_and_return_in_the_field_tests(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    started = threading.Event()
    desktop = make_desktop(play.waiting(started))
    paste(qtbot, desktop, URI)
    qtbot.keyClick(desktop.window.connection.field, Qt.Key.Key_Return)
    qtbot.waitUntil(started.is_set)
    qtbot.mouseClick(desktop.window.connection.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: desktop.workbench.profiles.current.verdict is Verdict.CANCELLED)


def test_testing_twice_in_a_row_shows_the_second_check(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    check = play.waiting()
    desktop = make_desktop(check)
    paste(qtbot, desktop, URI)
    for _ in range(3):
        qtbot.keyClick(desktop.window, Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: check.running == 1 and desktop.window.answer.servers.model.rowCount() == 1)
    assert desktop.workbench.profiles.current.running


def test_closing_the_window_during_a_check_ends_it(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    check = play.waiting()
    desktop = make_desktop(check)
    paste(qtbot, desktop, URI)
    qtbot.keyClick(desktop.window, Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: check.running == 1)
    desktop.window.close()
    assert check.running == 0


def test_the_pump_rests_when_nothing_happens(
    qtbot: QtBot, make_desktop: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pump, "_IDLE_MS", 5)
    desktop = make_desktop(play.playing(play.connected()))
    paste(qtbot, desktop, URI)
    run_check(qtbot, desktop)
    qtbot.waitUntil(lambda: not desktop.workbench.pump.active)


def test_a_check_of_another_profile_goes_on_in_the_background(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    check = play.waiting()
    desktop = make_desktop(check)
    paste(qtbot, desktop, URI)
    qtbot.keyClick(desktop.window, Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: check.running == 1)
    first = desktop.workbench.profiles.current
    qtbot.keyClick(desktop.window, Qt.Key.Key_N, CONTROL)
    assert desktop.workbench.profiles.current is not first
    assert desktop.window.connection.field.text() == ""
    assert desktop.window.connection.button.text() == "Test"
    desktop.window.profiles.chosen.emit(first.profile.id)
    assert desktop.window.connection.button.text() == "Stop"
    assert check.running == 1


# ---------------------------------------------------------------- findings and fixes


def test_the_diagnosis_stands_in_the_banner_with_its_certainty(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    servers = tuple(play.server(n, failed_at=Stage.TLS if n == 2 else None) for n in (1, 2))
    desktop = make_desktop(play.playing(play.report(Verdict.FAILED, play.WRONG_NAME, play.STALE_SET, servers=servers)))
    paste(qtbot, desktop, URI)
    run_check(qtbot, desktop)
    window = desktop.window
    assert (window.answer.banner.word.text(), window.answer.banner.certainty.text()) == ("Cannot connect", "proven")
    assert window.answer.banner.sentence.text() == play.WRONG_NAME.summary
    assert window.health.reading.health is Health.DOWN
    assert window.answer.diagnosis.current == play.WRONG_NAME
    assert play.WRONG_NAME.detail in window.answer.diagnosis.page.plain()
    selected = window.answer.servers.table.currentIndex()
    assert (selected.row(), selected.data(ServerRole.STAGE)) == (0, Stage.TLS)  # failures stand first
    told = (window.answer.diagnosis.page.plain(), window.answer.servers.detail.page.plain())
    assert ["verify code" in words for words in told] == [True, False]  # once
    commands = [line.text() for line in window.answer.servers.findChildren(QLineEdit)]
    assert "openssl s_client -connect db2.example.com:27017 -servername db2.example.com -showcerts" in commands


def test_a_fix_shows_before_and_after_changes_the_profile_and_tests_again(
    qtbot: QtBot, make_desktop: Callable[..., Any]
) -> None:
    check = play.playing(play.report(Verdict.FAILED, play.WRONG_SOURCE))
    desktop = make_desktop(check)
    paste(qtbot, desktop, URI)
    run_check(qtbot, desktop)
    [button] = [b for b in desktop.window.answer.banner.findChildren(QPushButton) if b.text() == "Set authSource=admin"]
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    dialog = desktop.window.findChild(FixDialog)
    qtbot.waitUntil(dialog.isVisible)
    assert "s3cret" not in " ".join(label.text() for label in dialog.findChildren(QWidget) if hasattr(label, "text"))
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(check.asked) == 2)
    profile, secrets, text = check.asked[1]
    assert (profile.auth, text) == (Auth(user="app", source="admin"), None)
    assert secrets[PASSWORD].reveal() == "s3cret-w0rd"
    assert desktop.window.pages.page("auth").source.text() == "admin"
    assert "authSource=admin" in desktop.window.connection.field.text()
    qtbot.waitUntil(lambda: not desktop.workbench.profiles.current.running)


def test_a_wrong_password_can_be_typed_again_at_once(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    desktop = make_desktop(play.playing(play.report(Verdict.FAILED, play.ASK_PASSWORD)))
    paste(qtbot, desktop, URI)
    run_check(qtbot, desktop)
    desktop.window.answer.banner.remedy_chosen.emit(play.ASK_PASSWORD.remedies[0])
    assert desktop.window.pages.current_name == "auth"
    qtbot.waitUntil(desktop.window.pages.page("auth").password.hasFocus)


def test_the_report_is_copied_as_json_and_markdown(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    desktop = make_desktop(play.playing(play.connected(play.STALE_SET)))
    paste(qtbot, desktop, URI)
    run_check(qtbot, desktop)
    assert desktop.window.answer.banner.word.text() == "Connected, 1 warning"
    desktop.window.answer.banner.copy_requested.emit(Form.JSON)
    assert json.loads(QGuiApplication.clipboard().text())["format"] == "clearline-report"
    desktop.window.menus.copy_report.trigger()
    assert play.STALE_SET.summary in QGuiApplication.clipboard().text()


# ---------------------------------------------------------------- events


def test_events_are_followed_until_the_user_scrolls_away(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    desktop = make_desktop(play.playing(play.connected(), events=[play.event(n) for n in range(500)]))
    paste(qtbot, desktop, URI)
    run_check(qtbot, desktop)
    desktop.window.turn_to("events")
    events = desktop.window.live.events
    qtbot.waitUntil(lambda: events.model.rowCount() == 500)
    bar = events.table.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 0 and bar.value() == bar.maximum())
    bar.setValue(10)
    assert not events.follow.isChecked()
    desktop.workbench.profiles.current.events.append([play.event(n) for n in range(500, 600)])
    qtbot.waitUntil(lambda: bar.maximum() > 500)
    assert bar.value() == 10
    events.follow.click()
    assert bar.value() == bar.maximum()


@pytest.mark.qt_log_ignore("propagateSizeHints")  # of Qt's own file dialog
def test_events_are_filtered_paused_saved_and_cleared(
    qtbot: QtBot, make_desktop: Callable[..., Any], tmp_path: Path
) -> None:
    mixed = [play.event(n, "pool" if n % 2 else "command") for n in range(20)]
    desktop = make_desktop(play.playing(play.connected(), events=mixed))
    paste(qtbot, desktop, URI)
    run_check(qtbot, desktop)
    events = desktop.window.live.events
    qtbot.waitUntil(lambda: events.model.rowCount() == 20)
    events.kind.setCurrentText("pool")
    qtbot.keyClicks(events.search, "ping 1")
    assert [e.text for e in events.model.shown()] == [f"ping {n}" for n in (1, 11, 13, 15, 17, 19)]
    assert events.counts.text() == "6 of 20 events"
    events.pause.click()
    desktop.workbench.profiles.current.events.append([play.event(111, "pool")])
    assert events.model.rowCount() == 6
    events.pause.click()
    assert events.model.rowCount() == 7
    events.save.click()
    dialog = desktop.window.findChild(QFileDialog)
    dialog.fileSelected.emit(str(tmp_path / "events.jsonl"))
    dialog.close()
    qtbot.waitUntil(lambda: desktop.window.message == "7 events saved to events.jsonl.")
    lines = (tmp_path / "events.jsonl").read_text().splitlines()
    assert [json.loads(line)["text"] for line in lines][-1] == "ping 111"
    events.clear.click()
    assert (events.model.rowCount(), events.counts.text()) == (0, "0 events")


# ---------------------------------------------------------------- saving and opening


def saved_files(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "profiles"
    return sorted(path for path in folder.glob("*.json") if path.name != store.SCHEMA_FILE) if folder.exists() else []


def test_saving_writes_a_file_without_the_password_which_goes_to_the_keyring(
    qtbot: QtBot, make_desktop: Callable[..., Any], tmp_path: Path, keyring_in_memory: Any
) -> None:
    desktop = make_desktop(play.waiting())
    paste(qtbot, desktop, URI)
    assert desktop.window.unsaved.isVisible()
    qtbot.keyClicks(desktop.window.name, "Orders prod")
    assert "this session only" in desktop.window.pages.page("auth").where.text().lower()
    qtbot.keyClick(desktop.window, Qt.Key.Key_S, CONTROL)
    qtbot.waitUntil(lambda: not desktop.window.unsaved.isVisible())
    [path] = saved_files(tmp_path)
    assert "s3cret" not in path.read_text()
    assert store.load(path).name == "Orders prod"
    profile = desktop.workbench.profiles.current.profile
    kept = {(SERVICE, f"{profile.id}/{PASSWORD}"): "s3cret-w0rd"}
    qtbot.waitUntil(lambda: keyring_in_memory.kept == kept)
    qtbot.waitUntil(lambda: desktop.window.pages.page("auth").where.text() == "In the test keyring.")
    qtbot.waitUntil(lambda: desktop.window.profiles.model.rowCount() == 1)
    assert desktop.window.profiles.model.index(0).data() == "Orders prod"


def test_a_saved_profile_comes_back_with_its_password(
    qtbot: QtBot, make_desktop: Callable[..., Any], tmp_path: Path, keyring_in_memory: Any
) -> None:
    profile = Profile(name="Orders", seeds=Seeds(hosts=("db1:27017",)), auth=Auth(user="app"))
    store.save_in(tmp_path / "profiles", profile)
    keyring_in_memory.set_password(SERVICE, f"{profile.id}/{PASSWORD}", "s3cret-w0rd")
    desktop = make_desktop(play.waiting())
    model = desktop.window.profiles.model
    qtbot.waitUntil(lambda: model.rowCount() == 1)
    desktop.window.profiles.search.setFocus()
    qtbot.keyClick(desktop.window.profiles.search, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: desktop.workbench.profiles.current.secrets == {PASSWORD: Secret("s3cret-w0rd")})
    assert desktop.window.connection.field.text() == "mongodb://app:•••@db1:27017/"
    assert desktop.window.pages.page("auth").where.text() == "In the test keyring."
    assert not desktop.workbench.profiles.current.unsaved
    assert not desktop.window.unsaved.isVisible()


def test_what_was_saved_is_named_as_the_list_names_it(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    desktop = make_desktop(play.waiting())
    paste(qtbot, desktop, "mongodb://db1.example.com/")
    desktop.workbench.save()
    qtbot.waitUntil(lambda: desktop.window.message == "Saved db1.example.com.")


def test_a_connection_that_is_saved_after_its_test_has_that_test_in_its_history(
    qtbot: QtBot, make_desktop: Callable[..., Any]
) -> None:
    desktop = make_desktop(play.playing(play.connected()))
    paste(qtbot, desktop, URI)
    run_check(qtbot, desktop)
    workbench = desktop.workbench
    workbench.save()
    qtbot.waitUntil(lambda: workbench.profiles.current.profile.id in workbench.storage.reports.lasts)
    workbench.save()
    kept: list[Any] = []
    workbench.storage.reports.of_profile(workbench.profiles.current.profile.id, kept.append)
    qtbot.waitUntil(lambda: bool(kept))
    assert [report.verdict for report in kept[0]] == [Verdict.CONNECTED]


def test_without_a_keyring_the_window_says_that_the_password_stays_in_memory(
    qtbot: QtBot, make_desktop: Callable[..., Any]
) -> None:
    import keyring.backends.null

    desktop = make_desktop(play.waiting(), vault=Vault(keyring.backends.null.Keyring()))
    paste(qtbot, desktop, URI)
    qtbot.keyClick(desktop.window, Qt.Key.Key_S, CONTROL)
    qtbot.waitUntil(lambda: "no keyring" in desktop.window.pages.page("auth").where.text())
    assert desktop.window.pages.page("auth").where.text().startswith("This session only:")


@pytest.mark.qt_log_ignore("propagateSizeHints")  # of Qt's own file dialog
def test_a_profile_is_saved_to_and_opened_from_any_file(
    qtbot: QtBot, make_desktop: Callable[..., Any], tmp_path: Path
) -> None:
    desktop = make_desktop(play.waiting())
    paste(qtbot, desktop, URI)
    desktop.window.menus.save_as.trigger()
    dialog = desktop.window.findChild(QFileDialog)
    dialog.fileSelected.emit(str(tmp_path / "mine.json"))
    dialog.close()
    qtbot.waitUntil((tmp_path / "mine.json").exists)
    qtbot.waitUntil(lambda: not desktop.workbench.profiles.current.unsaved)
    other = make_desktop(play.waiting())
    other.workbench.storage.load(tmp_path / "mine.json")
    qtbot.waitUntil(lambda: "db1.example.com" in other.window.connection.field.text())


def test_a_file_that_cannot_be_read_is_named_and_listed(
    qtbot: QtBot, make_desktop: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "old.json").write_text('{"format": "clearline-profile", "version": 99}')
    desktop = make_desktop(play.waiting())
    qtbot.waitUntil(lambda: desktop.window.profiles.model.rowCount() == 1)
    desktop.window.profiles.chosen.emit(f"file:{tmp_path / 'profiles' / 'old.json'}")
    assert "newer Clearline" in desktop.window.message
    desktop.workbench.storage.load(tmp_path / "nowhere.json")
    qtbot.waitUntil(lambda: "nowhere.json" in desktop.window.message)


# ---------------------------------------------------------------- looks


def test_light_and_dark_can_be_chosen_while_running(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    desktop = make_desktop(play.playing(play.connected()))
    paste(qtbot, desktop, URI)
    run_check(qtbot, desktop)
    try:
        for scheme, wanted in ((theme.Scheme.DARK, DARK), (theme.Scheme.LIGHT, LIGHT)):
            desktop.window.menus.scheme_chosen.emit(scheme)
            assert theme.colours() is wanted
            assert desktop.window.palette().window().color().name() == wanted.window
            assert not desktop.window.grab().isNull()
    finally:
        desktop.theme.choose(theme.Scheme.SYSTEM)
    assert QApplication.instance().styleSheet()


def test_one_key_does_what_the_answer_proposes(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    desktop = make_desktop(play.playing(play.report(Verdict.FAILED, play.ASK_PASSWORD)))
    paste(qtbot, desktop, URI)
    run_check(qtbot, desktop)
    qtbot.keyClick(desktop.window, Qt.Key.Key_Return, Qt.KeyboardModifier.AltModifier)
    assert desktop.window.pages.current_name == "auth"


def test_an_error_text_that_is_pasted_is_explained_and_not_taken_for_an_address(
    qtbot: QtBot, make_desktop: Callable[..., Any]
) -> None:
    desktop = make_desktop(play.waiting())
    paste(qtbot, desktop, "MongoServerSelectionError: connect ECONNREFUSED 192.0.2.7:27017\n  mongodb://a:hunter22@h/")
    page = desktop.window.answer.explanation
    assert desktop.window.answer.shows_explanation
    assert desktop.window.connection.field.plain.reveal() == ""
    assert "hunter22" not in page.field.toPlainText()
    qtbot.waitUntil(lambda: "tcp.refused" in page.facts.text())


def test_what_a_mask_covers_may_be_what_tells(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    desktop = make_desktop(play.waiting())
    paste(
        qtbot, desktop, "MongoServerError: bad auth : Authentication failed.\nmongodb+srv://a:<password>@h.example.com/"
    )
    page = desktop.window.answer.explanation
    assert "<password>" not in page.field.toPlainText()
    qtbot.waitUntil(lambda: "uri.placeholder" in page.facts.text())


def test_a_check_of_the_servers_in_an_error_text_says_which_causes_remain(
    qtbot: QtBot, make_desktop: Callable[..., Any]
) -> None:
    check = play.playing(play.connected())
    desktop = make_desktop(check)
    paste(qtbot, desktop, "MongoServerSelectionError: connect ECONNREFUSED 192.0.2.7:27017")
    answer = desktop.window.answer
    qtbot.waitUntil(lambda: bool(answer.explanation.causes))
    qtbot.keyClick(desktop.window, Qt.Key.Key_Return, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: answer.explained.isVisible())
    assert check.asked[0][2] == "mongodb://192.0.2.7:27017/?directConnection=true"
    assert answer.shows_report
    assert "on this computer" in answer.explained.words.text()
    qtbot.mouseClick(answer.explained.show_it, Qt.MouseButton.LeftButton)
    assert answer.shows_explanation
    assert "the check refutes it" in answer.explanation.facts.text()


def test_an_explanation_gives_way_and_keeps_its_text(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    desktop = make_desktop(play.waiting())
    paste(qtbot, desktop, "MongoServerSelectionError: connect ECONNREFUSED 192.0.2.7:27017")
    window = desktop.window
    window.menus.stop.trigger()  # Escape
    assert not window.answer.shows_explanation
    window.menus.explain.trigger()
    assert window.answer.shows_explanation
    assert "ECONNREFUSED" in window.answer.explanation.field.toPlainText()
    window.menus.new.trigger()
    assert not window.answer.shows_explanation
