from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QPlainTextEdit
from pytestqt.qtbot import QtBot

from clearline.core.report.report import Target, Verdict
from clearline.core.secrets.secret import Secret
from clearline.ui.app import Desktop
from clearline.ui.forms.srv_panel import PasteDialog
from clearline.ui.profiles.open_profile import Origin
from lab.dns_server import SILENT, DnsServer, cluster
from ui import played_checks as play

NAME = "c0.abcde.lab.test"
MEMBERS = {f"db{n}.abcde.lab.test": 27017 for n in (1, 2)}
ZONE = cluster(NAME, MEMBERS, txt="authSource=admin&replicaSet=rs9")
FOUND = (play.server(1), play.server(2))
PRINTED = f"""\
_mongodb._tcp.{NAME} service = 0 0 27017 db1.abcde.lab.test.
_mongodb._tcp.{NAME} service = 0 0 27017 db2.abcde.lab.test.
{NAME} text = "authSource=admin&replicaSet=rs9"
"""


@pytest.fixture
def desktop(make_desktop: Callable[..., Any]) -> Desktop:
    return make_desktop(play.waiting())


def show(desktop: Desktop, text: str) -> Any:
    desktop.workbench.profiles.current.set_text(Secret(text), Origin.ELSEWHERE)
    desktop.window.pages.turn_to("server")
    QApplication.processEvents()  # laid out, so that it can be clicked
    return desktop.window.pages.page("server")


def text(desktop: Desktop) -> str:
    return desktop.workbench.profiles.current.text.reveal()


def test_a_look_up_shows_the_records_and_writes_them_as_host_list(qtbot: QtBot, desktop: Desktop) -> None:
    page = show(desktop, f"mongodb+srv://app:s3cret-w0rd@{NAME}/orders")
    with DnsServer(ZONE) as server:
        page.srv.server.setCurrentText(f"127.0.0.1#{server.port}")
        qtbot.keyClick(page.srv.server.lineEdit(), Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: page.srv.answer is not None)
    shown = page.srv.result.text()
    assert "db1.abcde.lab.test:27017" in shown
    assert "authSource=admin&amp;replicaSet=rs9" in shown
    qtbot.mouseClick(page.srv.rewrite, Qt.MouseButton.LeftButton)
    assert text(desktop) == (
        "mongodb://app:s3cret-w0rd@db1.abcde.lab.test:27017,db2.abcde.lab.test:27017/orders"
        "?replicaSet=rs9&authSource=admin&tls=true"
    )
    [undo] = desktop.window.connection.said.buttons
    assert undo.text() == "Undo"
    qtbot.mouseClick(undo, Qt.MouseButton.LeftButton)
    assert text(desktop) == f"mongodb+srv://app:s3cret-w0rd@{NAME}/orders"


@pytest.mark.parametrize("typed", ["nonsense", "10.0.0.53#99999", "10.0.0.53#x", "#"])
def test_a_name_server_that_is_none_is_not_asked(qtbot: QtBot, desktop: Desktop, typed: str) -> None:
    page = show(desktop, f"mongodb+srv://{NAME}/")
    page.srv.server.setCurrentText(typed)
    qtbot.mouseClick(page.srv.look_up, Qt.MouseButton.LeftButton)
    assert f"“{typed}” is no name server." in page.srv.note.text
    assert not page.srv.running


@pytest.mark.parametrize(
    ("typed", "becomes"),
    [
        ("mongodb://db9:27018", "mongodb://app@db9:27018,db2/?replicaSet=rs0"),
        ("http://db9:27018/", "mongodb://app@db9:27018,db2/?replicaSet=rs0"),
        ("eve:s3cret-w0rd@db9", "mongodb://eve:s3cret-w0rd@db9,db2/?replicaSet=rs0"),
        ("mongodb+srv://c0.abcde.lab.test", "mongodb+srv://app@c0.abcde.lab.test/?replicaSet=rs0"),
        ("mongodb://eve:s3cret-w0rd@db9/x?w=1", "mongodb://eve:s3cret-w0rd@db9/x?w=1"),
    ],
)
def test_a_connection_string_in_a_line_for_a_host_goes_where_it_belongs(
    qtbot: QtBot, desktop: Desktop, typed: str, becomes: str
) -> None:
    page = show(desktop, "mongodb://app@db1,db2/?replicaSet=rs0")
    desktop.window.pages.turn_to("server")
    entry = page.hosts.entries[0]
    entry.setFocus()
    entry.selectAll()
    QGuiApplication.clipboard().setText(typed)
    qtbot.keyClick(entry, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert text(desktop) == becomes
    assert not any("s3cret-w0rd" in host for host in desktop.workbench.profiles.current.profile.seeds.hosts)
    assert not any("s3cret-w0rd" in entry.text() for entry in page.hosts.entries)


def test_hosts_come_from_an_earlier_test_while_the_resolver_fails_now(
    qtbot: QtBot, make_desktop: Callable[..., Any]
) -> None:
    about = Target(profile="", uri=f"mongodb+srv://app:•••@{NAME}/orders")
    reports = [play.report(Verdict.FAILED, target=about), play.report(Verdict.CONNECTED, target=about, servers=FOUND)]

    async def check(_profile: Any, _secrets: Any, emit: Any, **_more: Any) -> Any:
        report = reports.pop()
        emit(report)
        return report

    desktop = make_desktop(check)
    opened = desktop.workbench.profiles.current
    page = show(desktop, f"mongodb+srv://app:s3cret-w0rd@{NAME}/orders")
    desktop.window.pages.turn_to("server")
    for _ in range(2):
        desktop.workbench.test()
        qtbot.waitUntil(lambda: opened.verdict is not None and not opened.running)
    assert opened.report.servers == ()
    assert page.srv.from_test.isVisible()
    show(desktop, "mongodb+srv://another.abcde.lab.test/")
    assert not page.srv.from_test.isVisible()
    show(desktop, f"mongodb+srv://app:s3cret-w0rd@{NAME}/orders")
    qtbot.mouseClick(page.srv.from_test, Qt.MouseButton.LeftButton)
    assert text(desktop) == "mongodb://app:s3cret-w0rd@db1.example.com:27017/orders?tls=true"


def test_hosts_come_from_a_test_of_an_earlier_day(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    about = Target(profile="", uri=f"mongodb+srv://{NAME}/")
    desktop = make_desktop(play.playing(play.report(Verdict.CONNECTED, target=about, servers=FOUND)))
    workbench = desktop.workbench
    show(desktop, f"mongodb+srv://{NAME}/")
    workbench.profiles.current.rename("Orders")
    workbench.save()
    first = workbench.profiles.current
    qtbot.waitUntil(lambda: first.path is not None)
    with qtbot.waitSignal(workbench.storage.reports.recorded):
        workbench.test()
    workbench.profiles.put_away(first.profile.id)
    workbench.profiles.choose(first.profile.id)
    again = workbench.profiles.current
    assert again is not first
    desktop.window.pages.turn_to("server")
    qtbot.waitUntil(desktop.window.pages.page("server").srv.from_test.isVisible)
    assert again.report is None


def test_the_way_back_compares_the_hosts_first(qtbot: QtBot, desktop: Desktop) -> None:
    page = show(desktop, "mongodb://db1.abcde.lab.test:27017,db3.abcde.lab.test:27017/?replicaSet=rs9&tls=true")
    with DnsServer(ZONE) as server:
        page.srv.server.setCurrentText(f"127.0.0.1#{server.port}")
        qtbot.keyClicks(page.srv.name, NAME)
        qtbot.keyClick(page.srv.name, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: page.srv.answer is not None)
    assert "does not name db3.abcde.lab.test:27017" in page.srv.note.text
    qtbot.mouseClick(page.srv.rewrite, Qt.MouseButton.LeftButton)
    assert text(desktop) == f"mongodb+srv://{NAME}/"


def test_a_silent_name_server_is_named_and_the_question_can_be_given_up(qtbot: QtBot, desktop: Desktop) -> None:
    page = show(desktop, f"mongodb+srv://{NAME}/")
    with DnsServer(default=SILENT) as server:
        page.srv.server.setCurrentText(f"127.0.0.1#{server.port}")
        qtbot.mouseClick(page.srv.look_up, Qt.MouseButton.LeftButton)
        assert page.srv.look_up.text() == "Stop"
        qtbot.mouseClick(page.srv.look_up, Qt.MouseButton.LeftButton)
        assert not page.srv.running
        assert page.srv.look_up.text() == "Look up"
        assert page.srv.answer is None


def test_a_name_that_does_not_exist_says_who_said_so(qtbot: QtBot, desktop: Desktop) -> None:
    page = show(desktop, "mongodb+srv://c1.abcde.lab.test/")
    with DnsServer(ZONE) as server:
        page.srv.server.setCurrentText(f"127.0.0.1#{server.port}")
        qtbot.mouseClick(page.srv.look_up, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: page.srv.answer is not None)
        assert f"127.0.0.1#{server.port} says that the name does not exist" in page.srv.note.text
    assert not page.srv.rewrite.isVisible()


@pytest.mark.parametrize("typed", ["dns.example.com", "127.0.0.1#no", "300.1.1.1"])
def test_what_is_no_name_server_is_said_beside_it(qtbot: QtBot, desktop: Desktop, typed: str) -> None:
    page = show(desktop, f"mongodb+srv://{NAME}/")
    page.srv.server.setCurrentText(typed)
    qtbot.mouseClick(page.srv.look_up, Qt.MouseButton.LeftButton)
    assert f"“{typed}” is no name server" in page.srv.note.text
    assert not page.srv.running


def test_a_pasted_answer_is_read(qtbot: QtBot, desktop: Desktop) -> None:
    page = show(desktop, f"mongodb+srv://{NAME}/")
    qtbot.mouseClick(page.srv.paste, Qt.MouseButton.LeftButton)
    [dialog] = page.srv.findChildren(PasteDialog)
    dialog.findChild(QPlainTextEdit).setPlainText(PRINTED)
    qtbot.mouseClick(dialog.ok, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(page.srv.rewrite, Qt.MouseButton.LeftButton)
    assert text(desktop).startswith("mongodb://db1.abcde.lab.test:27017,db2.abcde.lab.test:27017/?replicaSet=rs9")


def test_an_answer_about_another_name_goes(qtbot: QtBot, desktop: Desktop) -> None:
    page = show(desktop, f"mongodb+srv://{NAME}/")
    page.srv.use_pasted(PRINTED)
    assert page.srv.rewrite.isVisible()
    show(desktop, "mongodb+srv://c1.abcde.lab.test/")
    assert not page.srv.rewrite.isVisible()


@pytest.mark.parametrize(
    ("preset", "start"),
    [
        ("Local", "mongodb://localhost:27017/"),
        ("Atlas", "mongodb+srv:///"),
        ("Replica set", "mongodb:///?replicaSet=rs0"),
    ],
)
def test_a_preset_replaces_where_to_connect_and_nothing_else(
    qtbot: QtBot, desktop: Desktop, preset: str, start: str
) -> None:
    page = show(desktop, "mongodb://app@old:1/orders?replicaSet=x&directConnection=false&appName=y")
    qtbot.mouseClick(page.presets[preset], Qt.MouseButton.LeftButton)
    profile = desktop.workbench.profiles.current.profile
    assert (profile.auth.user, profile.seeds.database, profile.options.app_name) == ("app", "orders", "y")
    head, _, options = start.partition("?")
    now = text(desktop)
    assert now.startswith(head.replace("://", "://app@").rstrip("/") + "/orders")
    assert ("replicaSet=rs0" in now) is ("replicaSet" in options)
    assert "directConnection" not in now
    assert page.hosts.isAncestorOf(desktop.window.focusWidget())  # what only the user knows is typed next


def test_every_field_of_the_server_is_edited_by_keyboard(qtbot: QtBot, desktop: Desktop) -> None:
    page = show(desktop, f"mongodb+srv://{NAME}/")
    qtbot.keyClicks(page.service, "reports")
    qtbot.keyClicks(page.max_hosts, "2")
    qtbot.keyClicks(page.suffix, "lab.test")
    qtbot.keyClicks(page.database, "orders")
    qtbot.keyClick(page.balanced, Qt.Key.Key_Down)
    seeds = desktop.workbench.profiles.current.profile.seeds
    assert (seeds.srv_service_name, seeds.srv_max_hosts, seeds.srv_allowed_hosts_suffix) == ("reports", 2, "lab.test")
    assert (seeds.database, seeds.load_balanced) == ("orders", True)


def test_a_number_that_is_none_stays_where_it_was_typed_with_words_beside_it(qtbot: QtBot, desktop: Desktop) -> None:
    page = show(desktop, f"mongodb+srv://{NAME}/")
    qtbot.keyClicks(page.max_hosts, "-3x")
    assert page.max_hosts.text() == "-3x"
    assert desktop.workbench.profiles.current.profile.seeds.srv_max_hosts is None
    note = page._notes["srvMaxHosts"]
    assert "“-3x” is no whole number" in note.text
    qtbot.keyClicks(page.database, "o")
    assert page.max_hosts.text() == "-3x"
    assert note.isVisible()


def test_options_of_srv_stand_there_only_for_srv_or_when_they_are_set(desktop: Desktop) -> None:
    page = show(desktop, "mongodb://db1/")
    assert not page.service.isVisible()
    show(desktop, "mongodb://db1/?srvMaxHosts=2")
    assert page.max_hosts.isVisible()
    assert not page.service.isVisible()
