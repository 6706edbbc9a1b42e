"""Fixes that apply themselves: beside the field with one click, from a finding after a look at the change."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QPushButton
from pytestqt.qtbot import QtBot

from clearline.core.findings import SERVER_STAGES, Certainty, Finding, Remedy, Severity, Stage
from clearline.core.keyring.vault import SERVICE
from clearline.core.report.report import Report, Target, Verdict
from clearline.core.secrets.secret import KEY_PASSWORD, PASSWORD, Secret
from clearline.ui.app import Desktop
from clearline.ui.forms.connection_field import LONGEST
from clearline.ui.panels.diagnosis import DiagnosisPanel
from clearline.ui.panels.fix_dialog import FixDialog
from clearline.ui.panels.health import Health
from clearline.ui.panels.server_matrix import width_of
from clearline.ui.panels.verdict import VerdictBanner
from lab import deployments
from ui import played_checks as play

CONTROL = Qt.KeyboardModifier.ControlModifier


def paste(desktop: Desktop, text: str) -> None:
    field = desktop.window.connection.field
    field.setFocus()
    field.selectAll()
    field.insert_text(text)


def run_check(qtbot: QtBot, desktop: Desktop) -> None:
    desktop.workbench.test()
    current = desktop.workbench.profiles.current
    qtbot.waitUntil(lambda: current.verdict is not None and not current.running)


def failing(cause: str, *remedies: Remedy, stage: Stage = Stage.TLS) -> Report:
    finding = Finding(
        cause=cause,
        severity=Severity.FAILURE,
        certainty=Certainty.PROVEN,
        stage=stage,
        summary="Something is wrong.",
        remedies=remedies,
    )
    return play.report(Verdict.FAILED, finding, servers=(play.server(1), play.server(2)))


def buttons(widget: DiagnosisPanel | VerdictBanner) -> list[str]:
    QCoreApplication.sendPostedEvents()  # new widgets are shown by an event of their own
    return [b.text() for b in widget.findChildren(QPushButton) if not b.isHidden() and b.text() != "Copy"]


def open_dialog(qtbot: QtBot, desktop: Desktop) -> FixDialog:
    qtbot.waitUntil(lambda: desktop.window.findChild(FixDialog) is not None)
    found = desktop.window.findChild(FixDialog)
    assert found is not None
    return found


# ---------------------------------------------------------------- beside the field


@pytest.mark.parametrize(
    ("typed", "button", "mended"),
    [
        ("mongodb://app:p@ss@127.0.0.1/", "Escape the password", "mongodb://app:p%40ss@127.0.0.1/"),
        (' "mongodb://127.0.0.1/" ', "Repair the text", "mongodb://127.0.0.1/"),
        ("mongodb://127.0.0.1/?replicSet=rs0", "Rename to replicaSet", "mongodb://127.0.0.1/?replicaSet=rs0"),
        ('mongosh "mongodb://127.0.0.1/"', "Repair the text", "mongodb://127.0.0.1/"),
        ("mongodb+srv://c.example.test:27017/", "Connect to c.example.test", "mongodb+srv://c.example.test/"),
    ],
)
def test_one_click_beside_the_field_mends_the_text_and_another_takes_it_back(
    qtbot: QtBot, make_desktop: Callable[..., Any], typed: str, button: str, mended: str
) -> None:
    desktop = make_desktop(play.waiting())
    paste(desktop, typed)
    line = desktop.window.connection
    [repair] = line.said.buttons
    assert repair.text() == button
    qtbot.mouseClick(repair, Qt.MouseButton.LeftButton)
    assert line.field.plain.reveal() == mended
    assert not line.field.property("mistake")
    [undo] = line.said.buttons
    qtbot.mouseClick(undo, Qt.MouseButton.LeftButton)
    assert line.field.plain.reveal() == typed
    assert [b.text() for b in line.said.buttons] == [button]


def test_the_next_edit_takes_the_offer_to_undo_away(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    desktop = make_desktop(play.waiting())
    paste(desktop, "mongodb://127.0.0.1/?replicSet=rs0")
    line = desktop.window.connection
    line.said.buttons[0].click()
    qtbot.keyClick(line.field, Qt.Key.Key_End)
    qtbot.keyClicks(line.field, "1")
    assert not line.said.undo.isVisible()


def test_an_escaped_password_is_the_one_that_was_typed(make_desktop: Callable[..., Any]) -> None:
    desktop = make_desktop(play.waiting())
    paste(desktop, "mongodb://app:p@s+s@127.0.0.1/")
    desktop.window.connection.said.buttons[0].click()
    assert desktop.workbench.profiles.current.secrets == {PASSWORD: Secret("p@s+s")}
    assert desktop.window.pages.page("auth").password.text() == "p@s+s"


def test_what_is_no_connection_string_by_its_length_is_not_pasted(make_desktop: Callable[..., Any]) -> None:
    desktop = make_desktop(play.waiting())
    paste(desktop, "mongodb://db1/")
    desktop.window.connection.field.insert_text("a" * LONGEST)
    assert desktop.window.connection.field.text() == "mongodb://db1/"
    assert "Nothing was pasted" in desktop.window.connection.said.text


def test_more_hosts_than_lines_share_one_line_and_none_is_lost(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    desktop = make_desktop(play.waiting())
    hosts = tuple(f"db{n}:27017" for n in range(60))
    paste(desktop, f"mongodb://{','.join(hosts)}/")
    page = desktop.window.pages.page("server")
    assert (len(page.hosts.entries), page.hosts.hosts) == (1, hosts)
    qtbot.keyClicks(page.replica_set, "rs0")
    assert desktop.workbench.profiles.current.profile.seeds.hosts == hosts


# ---------------------------------------------------------------- from a finding


def test_escape_closes_the_change_without_making_it(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    check = play.playing(failing("topology.wrong-set-name", Remedy(text="Go.", patch={"seeds": {"replicaSet": "b"}})))
    desktop = make_desktop(check)
    paste(desktop, "mongodb://db1/?replicaSet=a")
    run_check(qtbot, desktop)
    desktop.window.answer.banner.primary.click()
    qtbot.keyClick(open_dialog(qtbot, desktop), Qt.Key.Key_Escape)
    assert desktop.window.connection.field.text() == "mongodb://db1/?replicaSet=a"
    assert len(check.asked) == 1


def test_a_fix_that_gives_up_encryption_is_never_the_first_button(
    qtbot: QtBot, make_desktop: Callable[..., Any]
) -> None:
    weaker = Remedy(text="Switch TLS off.", patch={"tls": {"enabled": False}})
    desktop = make_desktop(play.playing(failing("tls.not-offered", weaker)))
    paste(desktop, "mongodb://db1/?tls=true")
    run_check(qtbot, desktop)
    window = desktop.window
    assert buttons(window.answer.banner) == ["Copy for your network team"]
    assert buttons(window.answer.diagnosis) == ["Set tls=false"]
    window.answer.diagnosis.remedy_chosen.emit(weaker)
    dialog = open_dialog(qtbot, desktop)
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert "tls=true" in window.connection.field.text()


def test_a_safe_fix_comes_before_one_that_weakens(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    weaker = Remedy(text="Do not verify.", patch={"tls": {"allowInvalidCertificates": True}})
    safe = Remedy(text="Use the system's roots.", patch={"tls": {"caFile": None}})
    desktop = make_desktop(play.playing(failing("tls.unknown-issuer", weaker, safe)))
    paste(desktop, "mongodb://db1/?tls=true&tlsCAFile=/x.pem")
    run_check(qtbot, desktop)
    assert buttons(desktop.window.answer.banner)[0] == "Remove tlsCAFile"


def test_an_srv_name_becomes_the_list_of_the_seeds_that_were_found(
    qtbot: QtBot, make_desktop: Callable[..., Any]
) -> None:
    to_list = Remedy(text="Use the long form.", action="srv-to-seed-list")
    found = failing("dns.txt-wrong-set", to_list, stage=Stage.DNS)
    about = Target(profile="", uri="mongodb+srv://app:•••@c.example.test/orders")
    check = play.playing(msgspec.structs.replace(found, target=about))
    desktop = make_desktop(check)
    paste(desktop, "mongodb+srv://app:pw@c.example.test/orders")
    run_check(qtbot, desktop)
    desktop.window.answer.banner.remedy_chosen.emit(to_list)
    open_dialog(qtbot, desktop).apply.click()
    qtbot.waitUntil(lambda: len(check.asked) == 2)
    text = desktop.window.connection.field.plain.reveal()
    assert text == "mongodb://app:pw@db1.example.com:27017/orders?tls=true"
    qtbot.waitUntil(lambda: not desktop.workbench.profiles.current.running)


def test_without_any_seed_found_no_list_is_offered(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    finding = failing("dns.txt-wrong-set", Remedy(text="Use the long form.", action="srv-to-seed-list")).findings[0]
    desktop = make_desktop(play.playing(play.report(Verdict.FAILED, finding)))
    paste(desktop, "mongodb+srv://c.example.test/")
    run_check(qtbot, desktop)
    assert buttons(desktop.window.answer.banner) == ["Copy for your network team"]


@pytest.mark.parametrize(
    ("typed", "button", "becomes"),
    [
        ('mongosh "mongodb://app:pw@127.0.0.1/"', "Repair the text", "mongodb://app:•••@127.0.0.1/"),
        ("mongodb://127.0.0.1/?replicSet=rs0", "Rename to replicaSet", "mongodb://127.0.0.1/?replicaSet=rs0"),
        ("mongodb://app:p@ss@127.0.0.1/", "Escape the password", "Write @ as %40."),
    ],
)
def test_a_repair_shows_what_it_makes_of_the_text_before_it_is_asked_for(
    qtbot: QtBot, make_desktop: Callable[..., Any], typed: str, button: str, becomes: str
) -> None:
    desktop = make_desktop(play.waiting())
    paste(desktop, typed)
    after = desktop.window.connection.said.after
    assert after.isVisible()
    qtbot.waitUntil(lambda: after.text().startswith(becomes))
    assert "pw" not in after.text()
    [repair] = [b for b in desktop.window.connection.said.buttons if b.text() == button]
    repair.click()
    assert not after.isVisible()


@pytest.mark.parametrize(
    ("action", "page", "field"),
    [
        ("ask-credentials", "auth", "user"),
        ("ask-password", "auth", "password"),
        ("ask-key-password", "tls", "key_password"),
    ],
)
def test_what_is_missing_can_be_typed_at_once_and_return_tests_again(
    qtbot: QtBot, make_desktop: Callable[..., Any], action: str, page: str, field: str
) -> None:
    check = play.playing(failing("auth.credentials-missing", Remedy(text="Type it.", action=action)))
    desktop = make_desktop(check)
    paste(desktop, "mongodb://db1/?tls=true&tlsCertificateKeyFile=/lab/client.pem")
    run_check(qtbot, desktop)
    desktop.window.answer.banner.primary.click()
    window = desktop.window
    assert window.pages.current_name == page
    entry = getattr(window.pages.page(page), field)
    qtbot.waitUntil(entry.hasFocus)
    qtbot.keyClicks(entry, "typed")
    qtbot.keyClick(entry, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(check.asked) == 2)
    qtbot.waitUntil(lambda: not desktop.workbench.profiles.current.running)


def test_a_fix_of_another_state_of_the_profile_says_so(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    remedy = Remedy(text="Go.", action="rename-option:replicSet:replicaSet")
    desktop = make_desktop(play.playing(failing("uri.misspelt-option", remedy)))
    paste(desktop, "mongodb://db1/?replicSet=a")
    run_check(qtbot, desktop)
    paste(desktop, "mongodb://db1/")
    desktop.window.answer.banner.remedy_chosen.emit(remedy)
    assert "no longer fits" in desktop.window.message


def test_a_finding_of_the_network_is_copied_for_those_who_run_it(
    qtbot: QtBot, make_desktop: Callable[..., Any]
) -> None:
    desktop = make_desktop(play.playing(play.report(Verdict.FAILED, play.WRONG_NAME, servers=(play.server(1),))))
    paste(desktop, "mongodb://app:s3cret@db2.example.com/?tls=true")
    run_check(qtbot, desktop)
    window = desktop.window
    window.turn_to("answer")
    [note] = [b for b in window.answer.banner.findChildren(QPushButton) if b.text() == "Copy for your network team"]
    qtbot.mouseClick(note, Qt.MouseButton.LeftButton)
    copied = QGuiApplication.clipboard().text()
    assert "openssl s_client -connect db2.example.com:27017" in copied
    assert "s3cret" not in copied


def test_a_login_is_nothing_for_the_network_team(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    desktop = make_desktop(play.playing(play.report(Verdict.FAILED, play.WRONG_SOURCE)))
    paste(desktop, "mongodb://db1/")
    run_check(qtbot, desktop)
    assert buttons(desktop.window.answer.banner) == ["Set authSource=admin"]


# ---------------------------------------------------------------- the key's password


def test_the_key_s_password_has_a_field_where_there_is_a_certificate_and_goes_to_the_keyring(
    qtbot: QtBot, make_desktop: Callable[..., Any], keyring_in_memory: Any
) -> None:
    desktop = make_desktop(play.waiting())
    paste(desktop, "mongodb://db1/?tls=true")
    desktop.window.pages.turn_to("tls")
    page = desktop.window.pages.page("tls")
    assert not page.key_password.isVisible()
    qtbot.keyClicks(page.certificate.entry, "/lab/client.pem")
    assert page.key_password.isVisible()
    qtbot.keyClicks(page.key_password, "s3cret")
    field = desktop.window.connection.field
    assert "s3cret" not in field.text()
    assert "tlsCertificateKeyFilePassword=s3cret" in field.plain.reveal()
    qtbot.keyClick(desktop.window, Qt.Key.Key_S, CONTROL)
    profile = desktop.workbench.profiles.current.profile
    qtbot.waitUntil(lambda: keyring_in_memory.kept == {(SERVICE, f"{profile.id}/{KEY_PASSWORD}"): "s3cret"})


# ---------------------------------------------------------------- what is shown is true


def test_a_report_of_an_earlier_state_says_that_it_is(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    desktop = make_desktop(play.playing(play.connected()))
    paste(desktop, "mongodb://db1/orders")
    run_check(qtbot, desktop)
    window = desktop.window
    assert not window.answer.stale.isVisible()
    window.connection.field.insert_text("2")
    assert window.answer.stale.isVisible()
    assert window.health.reading.health is Health.UNKNOWN
    paste(desktop, "mongodb://db1/orders")
    assert not window.answer.stale.isVisible()
    assert window.health.reading.health is Health.HEALTHY
    qtbot.keyClicks(window.name, "Orders")
    assert not window.answer.stale.isVisible()


def test_a_double_click_tests_and_does_not_stop(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    started = threading.Event()
    desktop = make_desktop(play.waiting(started))
    paste(desktop, "mongodb://db1/")
    button = desktop.window.connection.button
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.mouseDClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(started.is_set)
    assert desktop.workbench.profiles.current.running


def test_what_to_do_comes_forward_after_a_failure_and_the_matrix_after_a_success(
    qtbot: QtBot, make_desktop: Callable[..., Any]
) -> None:
    reports = [failing("tls.required"), play.report(Verdict.FAILED, play.WRONG_SOURCE), play.connected()]

    async def check(*_: Any, **__: Any) -> Any:
        return reports.pop(0)

    desktop = make_desktop(check)
    paste(desktop, "mongodb://db1/")
    answer = desktop.window.answer
    column = answer.servers.parentWidget().layout()
    for first in (answer.diagnosis, answer.diagnosis, answer.servers):
        run_check(qtbot, desktop)
        below = (answer.diagnosis, answer.servers)
        qtbot.waitUntil(lambda first=first, below=below: min(below, key=column.indexOf) is first)


# ---------------------------------------------------------------- a real deployment


def test_a_wrong_set_name_is_mended_with_two_clicks_and_killed_and_frozen_servers_do_no_harm(
    qtbot: QtBot, make_desktop: Callable[..., Any]
) -> None:
    with deployments.replica_set(deployments.Member()) as bare:
        desktop = make_desktop()
        window, current = desktop.window, desktop.workbench.profiles.current
        paste(desktop, f"mongodb://{bare.address}/?replicaSet=prod")
        run_check(qtbot, desktop)
        [fix] = [b for b in window.answer.banner.findChildren(QPushButton) if b.text() == "Set replicaSet=rs0"]
        qtbot.mouseClick(fix, Qt.MouseButton.LeftButton)
        qtbot.mouseClick(open_dialog(qtbot, desktop).apply, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: current.verdict is Verdict.CONNECTED and not current.running)
        bare.server.freeze()
        desktop.workbench.test()
        qtbot.waitUntil(lambda: window.answer.servers.model.rowCount() == 1)
        desktop.workbench.stop()
        qtbot.waitUntil(lambda: not current.running)
        assert current.verdict is Verdict.CANCELLED
        bare.server.thaw()
        desktop.workbench.test()
        bare.server.kill()
        qtbot.waitUntil(lambda: not current.running)
        assert current.verdict is not None


def test_the_matrix_gives_every_cell_the_room_it_needs(qtbot: QtBot, make_desktop: Callable[..., Any]) -> None:
    desktop = make_desktop(play.playing(play.connected()))
    desktop.window.resize(1366, 728)
    paste(desktop, "mongodb://db1.example.com/orders")
    run_check(qtbot, desktop)
    panel = desktop.window.answer.servers
    servers = [panel.model.server_at(row) for row in range(3)]
    for column, stage in enumerate(SERVER_STAGES, 1):
        assert max(width_of(s, stage.value) for s in servers) <= panel.table.columnWidth(column)
    qtbot.waitUntil(lambda: not panel.table.horizontalScrollBar().isVisible())  # Qt hides it one round later


@pytest.mark.qt_log_ignore("propagateSizeHints")  # of Qt's own file dialog
def test_an_authority_s_file_is_chosen_and_tested_at_once(
    qtbot: QtBot, make_desktop: Callable[..., Any], tmp_path: Path
) -> None:
    remedy = Remedy(text="Give the authority's certificate.", action="ask-ca-file")
    check = play.playing(failing("tls.unknown-ca", remedy))
    desktop = make_desktop(check)
    paste(desktop, "mongodb://db1.example.com/?tls=true")
    run_check(qtbot, desktop)
    assert desktop.window.answer.banner.primary.text() == "Choose the CA file…"
    qtbot.keyClick(desktop.window, Qt.Key.Key_Return, Qt.KeyboardModifier.AltModifier)
    dialog = desktop.window.findChild(QFileDialog)
    file = str(tmp_path / "ca.pem")
    dialog.fileSelected.emit(file)
    dialog.close()
    qtbot.waitUntil(lambda: len(check.asked) == 2)
    assert check.asked[1][0].tls.ca_file == file


def test_what_only_writes_the_text_anew_is_done_and_tested_without_a_dialog(
    qtbot: QtBot, make_desktop: Callable[..., Any]
) -> None:
    remedy = Remedy(text="Escape it.", action="escape-password")
    check = play.playing(failing("uri.unescaped-credentials", remedy, stage=Stage.URI))
    desktop = make_desktop(check)
    paste(desktop, "mongodb://app:p@ss@db1.example.com/")
    run_check(qtbot, desktop)
    desktop.window.answer.banner.press_fix()
    qtbot.waitUntil(lambda: len(check.asked) == 2)
    assert desktop.window.findChild(FixDialog) is None
    assert desktop.workbench.profiles.current.text.reveal() == "mongodb://app:p%40ss@db1.example.com/"
