from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from clearline.core.profiles.hop import HttpProxy, KubernetesForward, Socks5Proxy, SshServer
from clearline.core.profiles.profile import FarDns, Profile, Seeds, Unread
from clearline.core.secrets.secret import PROXY_PASSWORD, Secret, hop_passphrase, hop_password
from clearline.ui.app import Desktop
from clearline.ui.profiles.open_profile import Origin
from clearline.ui.widgets.editors import Choice
from ui import played_checks as play


@pytest.fixture
def desktop(make_desktop: Callable[..., Any]) -> Any:
    return make_desktop(play.waiting())


@pytest.fixture
def page(desktop: Desktop) -> Any:
    desktop.workbench.profiles.current.set_text(Secret("mongodb://db1/"), Origin.ELSEWHERE)
    desktop.window.pages.turn_to("way")
    QApplication.processEvents()  # laid out, so that it can be clicked
    return desktop.window.pages.page("way")


def type_into(qtbot: QtBot, entry: Any, text: str) -> None:
    entry.clear()
    qtbot.keyClicks(entry, text)


def test_a_hop_with_its_password_goes_to_the_profile_and_the_password_to_its_own_place(
    qtbot: QtBot, desktop: Desktop, page: Any
) -> None:
    qtbot.keyClicks(page.line, "socks5://walker:gate-s3cret@gate.example.com:1081")
    qtbot.keyClick(page.line, Qt.Key.Key_Return)
    opened = desktop.workbench.profiles.current
    assert opened.profile.hops == (Socks5Proxy(host="gate.example.com", port=1081, user="walker"),)
    assert opened.secrets[hop_password(0)] == Secret("gate-s3cret")
    assert page.line.text() == "socks5://walker@gate.example.com:1081"
    opened.set_text(Secret("mongodb://db2/"), Origin.TEXT)
    assert opened.profile.hops
    assert opened.secrets[hop_password(0)] == Secret("gate-s3cret")


def test_a_proxy_in_the_text_is_the_way_of_the_form(desktop: Desktop, page: Any) -> None:
    opened = desktop.workbench.profiles.current
    text = "mongodb://db1/?proxyHost=gate&proxyPort=1081&proxyUsername=me&proxyPassword=gate-s3cret"
    opened.set_text(Secret(text), Origin.TEXT)
    assert page.line.text() == "socks5://me@gate:1081"
    assert opened.secrets[hop_password(0)] == Secret("gate-s3cret")
    opened.set_text(Secret("mongodb://db1/?proxyHost=elsewhere&proxyUsername=me"), Origin.TEXT)
    assert hop_password(0) not in opened.secrets  # it was given for another proxy
    opened.set_profile(opened.with_parts(hops=()))
    assert opened.text == Secret("mongodb://db1/")


def test_a_profile_that_kept_the_options_of_a_proxy_gets_its_way(desktop: Desktop, page: Any) -> None:
    unread = (Unread(name="proxyHost", value="gate"), Unread(name="proxyUsername", value="me"))
    kept = Profile(seeds=Seeds(hosts=("db1",)), unread=(*unread, Unread(name=PROXY_PASSWORD, value=None)))
    opened = desktop.workbench.profiles.current
    opened.set_profile(kept)
    opened.use_secrets({PROXY_PASSWORD: Secret("gate-s3cret")})
    assert opened.profile.hops == (Socks5Proxy(host="gate", user="me"),)
    assert opened.profile.unread == ()
    assert opened.secrets == {hop_password(0): Secret("gate-s3cret")}


def test_what_is_no_hop_is_said_beside_the_field_and_changes_nothing(qtbot: QtBot, desktop: Desktop, page: Any) -> None:
    qtbot.keyClicks(page.line, "gopher://gate")
    assert desktop.workbench.profiles.current.profile.hops == ()
    assert "socks5://" in page.note.text
    assert page.line.text() == "gopher://gate"
    page.line.clear()
    qtbot.keyClicks(page.line, "http://proxy")
    assert page.note.text == ""
    assert desktop.workbench.profiles.current.profile.hops == (HttpProxy(host="proxy"),)


def test_an_ssh_server_is_filled_in_row_by_row(qtbot: QtBot, desktop: Desktop, page: Any) -> None:
    page.adders["SSH server"].click()
    [editor] = page.editors
    type_into(qtbot, editor.fields["host"], "bastion")
    type_into(qtbot, editor.fields["port"], "2222")
    type_into(qtbot, editor.fields["user"], "deploy")
    type_into(qtbot, editor.fields["key_file"].entry, "/keys/id")
    type_into(qtbot, editor.secrets[hop_passphrase(0)].entry, "opens-it")
    login = editor.fields["login"]
    assert isinstance(login, Choice)
    login.chosen.emit(("key",))
    opened = desktop.workbench.profiles.current
    assert opened.profile.hops == (
        SshServer(host="bastion", port=2222, user="deploy", key_file="/keys/id", login=("key",)),
    )
    assert opened.secrets[hop_passphrase(0)] == Secret("opens-it")
    assert page.line.text() == "ssh://deploy@bastion:2222?key=/keys/id"
    assert page.editors == [editor], "who types keeps the editor"
    type_into(qtbot, editor.fields["port"], "70000")
    assert "65535" in editor._notes["port"].text
    assert opened.profile.hops[0].port != 70000


def test_removing_a_hop_moves_the_secrets_of_those_behind_it(qtbot: QtBot, desktop: Desktop, page: Any) -> None:
    qtbot.keyClicks(page.line, "ssh://a:one-s3cret@first, socks5://b:two-s3cret@second")
    qtbot.keyClick(page.line, Qt.Key.Key_Return)
    opened = desktop.workbench.profiles.current
    assert opened.secrets[hop_password(1)] == Secret("two-s3cret")
    page.editors[0].remove.click()
    assert [hop.host for hop in opened.profile.hops] == ["second"]
    assert opened.secrets[hop_password(0)] == Secret("two-s3cret")
    assert hop_password(1) not in opened.secrets
    assert page.editors[0].secrets[hop_password(0)].entry.text() == "two-s3cret"


def test_what_a_line_cannot_say_stays_when_another_hop_is_typed(qtbot: QtBot, desktop: Desktop, page: Any) -> None:
    page.adders["SSH server"].click()
    type_into(qtbot, page.editors[0].fields["host"], "bastion")
    page.editors[0].fields["agent"].entered.emit("/run/agent")
    page.line.end(False)
    qtbot.keyClicks(page.line, ",http://p")
    hops = desktop.workbench.profiles.current.profile.hops
    assert [hop.host for hop in hops] == ["bastion", "p"]
    assert hops[0].agent == "/run/agent"


def test_the_far_name_server_is_asked_about_where_there_is_an_srv_name(
    qtbot: QtBot, desktop: Desktop, page: Any
) -> None:
    opened = desktop.workbench.profiles.current
    qtbot.keyClicks(page.line, "ssh://bastion")
    assert page.names.isHidden()
    opened.set_text(Secret("mongodb+srv://c0.example.com/"), Origin.TEXT)
    assert not page.names.isHidden()
    type_into(qtbot, page.name_server, "10.0.0.2")
    page.asked.chosen.emit(True)
    assert opened.profile.far_dns == FarDns(server="10.0.0.2", first=True)
    assert page.editor_of("farDns") is page.name_server
    qtbot.keyClicks(page.name_server, ":no port")
    assert "An address or a name" in page.name_note.text
    assert opened.profile.far_dns.server == "10.0.0.2"
    assert page.name_server.text() == "10.0.0.2:no port"
    page.name_server.selectAll()
    qtbot.keyClick(page.name_server, Qt.Key.Key_Delete)
    page.asked.chosen.emit(False)
    assert opened.profile.far_dns == FarDns()


@pytest.mark.qt_log_ignore("This plugin does not support")  # menus, offscreen
def test_hosts_and_contexts_of_this_computer_can_be_chosen(
    qtbot: QtBot, desktop: Desktop, page: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = desktop.workbench.profiles.current
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "config").write_text("Host bastion\n  HostName b.example.com\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "kube").write_text("contexts:\n- {name: prod, context: {namespace: db}}\n")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kube"))

    def choose(words: str, shown: str) -> None:
        page.offers[words].click()
        qtbot.waitUntil(lambda: QApplication.activePopupWidget() is not None)
        menu: Any = QApplication.activePopupWidget()
        [action] = menu.actions()
        assert action.text() == shown
        action.trigger()
        menu.close()

    choose("~/.ssh/config", "bastion\tb.example.com")
    choose("kubectl", "prod\tnamespace db")
    assert opened.profile.hops == (
        SshServer(host="bastion", config_alias="bastion"),
        KubernetesForward(context="prod"),
    )
