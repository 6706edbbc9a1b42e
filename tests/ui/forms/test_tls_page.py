"""The TLS page, driven by the keyboard, with real files and real servers."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import QFileDialog, QLabel
from pytestqt.qtbot import QtBot

from clearline.core.inspection.server_certificates import TrustedBy
from clearline.core.profiles.profile import Profile, SecretSource, Seeds, Tls
from clearline.core.secrets.secret import KEY_PASSWORD, Secret
from clearline.core.tls.conversions import CA, CLIENT
from clearline.ui.forms.tls_page import TlsPage
from lab import peers
from lab.certificates import DAY, Authority, self_signed, server_context
from lab.peer import Peer
from ui.forms.one_page import OnePage


@pytest.fixture
def bench(qtbot: QtBot) -> Iterator[OnePage]:
    one = OnePage(qtbot, TlsPage)
    yield one
    one.close()


@pytest.fixture
def lab(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def with_tls(bench: OnePage, **tls: bool | str) -> None:
    bench.opened.set_profile(bench.opened.with_parts(tls=Tls(**tls)))


def press(bench: OnePage, button: Any) -> None:
    assert button.isVisible()
    button.setFocus()
    bench.qtbot.keyClick(button, Qt.Key.Key_Space)


# ---------------------------------------------------------------- trust


def test_the_trust_source_is_chosen_by_keyboard_and_the_ca_file_comes_back(bench: OnePage, lab: Authority) -> None:
    page = bench.page
    assert not page.ca.isVisible()
    bench.choose(page.trust, "CA file")
    assert page.ca.isVisible()
    assert bench.profile.tls == Tls()
    bench.type(page.ca.entry, str(lab.ca_file))
    assert bench.profile.tls.ca_file == str(lab.ca_file)
    bench.choose(page.trust, "bundled")
    assert bench.profile.tls == Tls(trust="bundled")
    assert not page.ca.isVisible()
    bench.choose(page.trust, "operating system")
    assert bench.profile.tls == Tls(trust="system")
    bench.choose(page.trust, "CA file")
    assert bench.profile.tls == Tls(ca_file=str(lab.ca_file))


def test_emptying_the_ca_file_leaves_the_field_where_it_is(bench: OnePage) -> None:
    with_tls(bench, ca_file="/x.pem")
    bench.type(bench.page.ca.entry, "")
    assert bench.page.ca.isVisible()
    assert bench.profile.tls.ca_file is None
    assert "PyMongo's default counts" in bench.page.trust_said.text()


def test_it_is_said_what_pymongo_really_does(bench: OnePage, lab: Authority) -> None:
    said = bench.page.trust_said
    assert said.text() == "TLS is off: whom to trust counts when it is on."
    bench.choose(bench.page.tls, "on")
    bench.until(lambda: "PyMongo's own choice" in said.text())
    with_tls(bench, enabled=True, trust="bundled")
    bench.until(lambda: "given to PyMongo as tlsCAFile" in said.text())
    with_tls(bench, ca_file=str(lab.ca_file))
    bench.until(lambda: "this computer's own list does not count" in said.text())
    assert "1 authority" in said.text()


def test_the_default_of_tls_is_named_for_both_schemes(bench: OnePage) -> None:
    bench.type_text("mongodb://db1/")
    assert bench.page.tls.itemText(0) == "default (off)"
    bench.type_text("mongodb+srv://c.example.com/")
    assert bench.page.tls.itemText(0) == "default (on for SRV)"
    bench.type_text("mongodb://db1/?tlsCAFile=/ca.pem")
    assert bench.page.tls.itemText(0) == "default (on, by other options)"
    bench.type_text("mongodb://db1/?tlsAllowInvalidHostnames=false")
    assert bench.page.tls.itemText(0) == "default (on, by other options)"
    bench.type_text("mongodb://db1/?tlsAllowInvalidHostnames=true")
    assert bench.page.tls.itemText(0) == "default (off)"


# ---------------------------------------------------------------- files


def test_a_picked_file_is_inspected_at_once(bench: OnePage, lab: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    client = lab.client("app")

    def pick(dialog: QFileDialog) -> None:
        dialog.fileSelected.emit(str(client.certificate_key_file))

    monkeypatch.setattr(QFileDialog, "open", pick)
    press(bench, bench.page.certificate.pick)
    bench.until(lambda: bench.page.client.report is not None)
    said = bench.page.client.card.text
    assert "PEM: 1 certificate and private key" in said
    assert client.subject in said
    assert "belongs to the certificate" in said
    assert "days left" in said


def test_typing_waits_for_a_pause_and_only_the_last_path_is_told(
    bench: OnePage, lab: Authority, tmp_path: Path
) -> None:
    bench.choose(bench.page.trust, "CA file")
    told = []
    bench.page.ca.inspected.connect(told.append)
    bench.type(bench.page.ca.entry, str(lab.ca_file))
    bench.until(lambda: bench.page.ca.report is not None)
    paths = [report.facts.path for report in told if report is not None]
    assert len(paths) <= 2
    assert paths[-1] == str(lab.ca_file)
    bench.type(bench.page.ca.entry, str(tmp_path / "none.pem"))
    bench.until(lambda: "no such file" in bench.page.ca.card.text)
    assert "Lab CA" not in bench.page.ca.card.text


def test_the_keys_password_is_tried_as_it_is_typed(bench: OnePage, lab: Authority) -> None:
    with_tls(bench, certificate_key_file=str(lab.client().encrypted("right")))
    card = bench.page.client.card
    bench.until(lambda: "no password for it is given" in card.text)
    bench.type(bench.page.key_password, "wrong")
    bench.until(lambda: "does not open with this password" in card.text)
    bench.type(bench.page.key_password, "right")
    bench.until(lambda: "opens with the password" in card.text)
    assert bench.secrets == {KEY_PASSWORD: Secret("right")}
    assert "right" not in " ".join(label.text() for label in bench.page.findChildren(QLabel)).split()


def test_a_file_of_the_wrong_format_brings_the_command_that_converts_it(bench: OnePage, lab: Authority) -> None:
    with_tls(bench, certificate_key_file=str(lab.client().pkcs12("pw")))
    card = bench.page.client.card
    bench.until(lambda: card.commands)
    [command] = card.commands
    assert command.field.text().startswith("openssl pkcs12 -in ")
    assert "PKCS#12" in card.text


def test_an_expired_certificate_is_red_with_a_word(bench: OnePage, lab: Authority) -> None:
    with_tls(bench, certificate_key_file=str(lab.client(ends=-1 * DAY).certificate_key_file))
    bench.until(lambda: "expired on" in bench.page.client.card.text)
    names = [label.accessibleName() for label in bench.page.client.card.findChildren(QLabel)]
    assert any(name.startswith("Failure, ") for name in names)


def test_a_revocation_list_is_inspected(bench: OnePage, lab: Authority) -> None:
    with_tls(bench, crl_file=str(lab.crl(next_update=-1 * DAY)))
    bench.until(lambda: "out of date" in bench.page.crl.card.text)


def test_the_password_field_of_the_key_is_there_with_a_certificate_only(bench: OnePage, lab: Authority) -> None:
    assert not bench.page.key_password.isVisible()
    with_tls(bench, certificate_key_file=str(lab.client().certificate_key_file))
    assert bench.page.key_password.isVisible()


def test_the_keys_password_can_come_from_a_variable(
    bench: OnePage, lab: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY_PW", "x")
    with_tls(bench, certificate_key_file=str(lab.client().certificate_key_file))
    bench.choose(bench.page._secret.place, "From a variable")
    bench.type(bench.page._secret.reference, "KEY_PW")
    assert bench.profile.secrets == {KEY_PASSWORD: SecretSource(place="reference", reference="${KEY_PW}")}


@pytest.mark.parametrize("path", ["\0", "/", "~", "x" * 4000, "${NOPE}", "/dev/zero", " "])
def test_no_path_raises(bench: OnePage, path: str) -> None:
    with_tls(bench, ca_file=path, certificate_key_file=path, crl_file=path)
    bench.until(lambda: bench.page.crl.report is not None and bench.page.ca.report is not None)
    assert bench.page.ca.report.problems


# ---------------------------------------------------------------- switches


def test_each_switch_says_what_is_lost(bench: OnePage) -> None:
    page = bench.page
    for attribute, switch in page.switches.items():
        assert not page.warnings[attribute].isVisible()
        press(bench, switch)
        assert getattr(bench.profile.tls, attribute) is True
        assert page.warnings[attribute].isVisible()
        press(bench, switch)
        assert bench.profile.tls == Tls()


def test_verify_nothing_takes_the_place_of_the_others_for_pymongo_refuses_both(bench: OnePage) -> None:
    page = bench.page
    press(bench, page.switches["allow_invalid_hostnames"])
    press(bench, page.switches["insecure"])
    assert bench.profile.tls == Tls(insecure=True)
    press(bench, page.switches["allow_invalid_certificates"])
    assert bench.profile.tls == Tls(allow_invalid_certificates=True)
    assert not any(mistake.fields != ("hosts",) for mistake in bench.opened.mistakes)


def test_a_conflict_is_told_beside_the_switch(bench: OnePage) -> None:
    bench.type_text("mongodb://db1/?tlsInsecure=true&tlsAllowInvalidCertificates=true")
    assert any("tlsInsecure" in note.text for _, note in bench.page._notes)


# ---------------------------------------------------------------- what the server presents


def open_server(bench: OnePage, *peers_: Peer, **tls: str) -> None:
    hosts = tuple(f"localhost:{peer.port}" for peer in peers_)
    bench.open(Profile(seeds=Seeds(hosts=hosts), tls=Tls(**tls)))


def rows(bench: OnePage) -> list[tuple[int, str]]:
    model = bench.page.server.model
    found = []

    def walk(parent: QModelIndex, depth: int) -> None:
        for row in range(model.rowCount(parent)):
            index = model.index(row, 0, parent)
            found.append((depth, " · ".join(model.index(row, c, parent).data() for c in range(2))))
            walk(index, depth + 1)

    walk(bench.page.server.tree.rootIndex(), 0)
    return found


def fetch(bench: OnePage) -> None:
    press(bench, bench.page.server.fetch)
    bench.until(lambda: bench.page.server.chain is not None)


def test_the_chain_is_shown_as_a_tree_down_to_where_trust_ends(
    bench: OnePage, lab: Authority, qtmodeltester: Any
) -> None:
    with peers.silent(tls=server_context(lab.intermediate().server())) as peer:
        open_server(bench, peer, ca_file=str(lab.ca_file))
        fetch(bench)
    found = rows(bench)
    assert found[:3] == [
        (0, "localhost · server"),
        (1, "Lab Intermediate CA · intermediate"),
        (2, "The CA file, as this profile has it · trusted, through Lab CA"),
    ]
    assert any("The bundled roots · not trusted" in words for _, words in found[3:])
    assert bench.page.server.notes == []
    assert not bench.page.server.trust_root.isVisible()
    qtmodeltester.check(bench.page.server.model)


def test_the_presented_chain_is_saved_as_pem(
    bench: OnePage, lab: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "saved.pem"
    monkeypatch.setattr(QFileDialog, "open", lambda dialog: dialog.fileSelected.emit(str(path)))
    identity = lab.intermediate().server()
    with peers.silent(tls=server_context(identity)) as peer:
        open_server(bench, peer)
        fetch(bench)
    press(bench, bench.page.server.save)
    bench.until(path.exists)
    assert path.read_text().count("BEGIN CERTIFICATE") == 2
    bench.until(lambda: str(path) in bench.page.server.said.words.text())
    ssl.create_default_context(cafile=str(path))


def test_a_place_that_cannot_be_written_is_said(
    bench: OnePage, lab: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "no-folder" / "saved.pem"
    monkeypatch.setattr(QFileDialog, "open", lambda dialog: dialog.fileSelected.emit(str(path)))
    with peers.silent(tls=server_context(lab.server())) as peer:
        open_server(bench, peer)
        fetch(bench)
    press(bench, bench.page.server.save)
    bench.until(lambda: "could not be written" in bench.page.server.said.words.text())


def test_an_unknown_root_is_trusted_only_after_its_fingerprint_was_compared(
    bench: OnePage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mine.pem"
    monkeypatch.setattr(QFileDialog, "open", lambda dialog: dialog.fileSelected.emit(str(path)))
    identity = self_signed(tmp_path)
    server = bench.page.server
    with peers.silent(tls=server_context(identity)) as peer:
        open_server(bench, peer)
        fetch(bench)
        assert "not trusted" in server.notes[0].text
        press(bench, server.trust_root)
        assert identity.fingerprint.upper() in server.by_hand.fingerprint.text().replace(":", "")
        assert "could have made it" in server.by_hand.warning.text
        assert not server.by_hand.use.isEnabled()
        press(bench, server.by_hand.compared)
        press(bench, server.by_hand.use)
        bench.until(lambda: bench.profile.tls.ca_file == str(path))
        fetch(bench)
        bench.until(lambda: server.chain.trusted_by(TrustedBy.FILE) is not None)
        assert server.notes == []
        assert not server.trust_root.isVisible()


def test_one_of_several_servers_is_chosen(bench: OnePage, lab: Authority, other_authority: Authority) -> None:
    server = bench.page.server
    with (
        peers.silent(tls=server_context(lab.server(common_name="first"))) as one,
        peers.silent(tls=server_context(lab.server(common_name="second"))) as two,
    ):
        open_server(bench, one, two)
        fetch(bench)
        assert rows(bench)[0][1].startswith("first")
        bench.choose(server.server, f"localhost:{two.port}")
        bench.until(lambda: server.chain is not None)
        assert rows(bench)[0][1].startswith("second")


def test_a_silent_server_can_be_stopped(bench: OnePage) -> None:
    server = bench.page.server
    with peers.silent() as peer:
        open_server(bench, peer)
        press(bench, server.fetch)
        bench.until(lambda: peer.connections == 1)
        press(bench, server.stop)
        assert server.said.words.text() == "Stopped."
        assert not server.stop.isVisible()


def test_nothing_secret_is_sent(bench: OnePage, lab: Authority) -> None:
    client = lab.client("app")
    context = server_context(lab.server(), client_ca=lab.ca_file)
    with peers.silent(tls=context) as peer:
        bench.open(
            Profile(
                seeds=Seeds(hosts=(f"localhost:{peer.port}",)),
                tls=Tls(certificate_key_file=str(client.certificate_key_file)),
            ),
            password="hidden",
        )
        fetch(bench)
        peer.wait_for(lambda: peer.connections >= 3)
    assert set(peer.received) == {b""}
    assert "asks for a client certificate" in bench.page.server.said.words.text()


@pytest.mark.parametrize("host", ["no-such-host.invalid", "[::1]:x", "h:99999", "h:-1", "a b", "\N{SNOWMAN}", "x.sock"])
def test_no_host_raises(bench: OnePage, host: str) -> None:
    bench.open(Profile(seeds=Seeds(hosts=(host,))))
    server = bench.page.server
    press(bench, server.fetch)
    bench.until(lambda: server.notes or "correct it" in server.said.words.text())


def test_a_profile_without_servers_offers_nothing_to_fetch(bench: OnePage) -> None:
    assert not bench.page.server.fetch.isEnabled()


def test_what_was_fetched_for_one_profile_is_not_shown_for_another(bench: OnePage, lab: Authority) -> None:
    with peers.silent(tls=server_context(lab.server())) as peer:
        open_server(bench, peer)
        fetch(bench)
        bench.open(Profile(seeds=Seeds(hosts=("other",))))
    assert not bench.page.server.tree.isVisible()
    assert bench.page.server.chain is None


# ---------------------------------------------------------------- fields


def test_every_field_of_the_page_can_be_gone_to(bench: OnePage) -> None:
    for name in ("tls", CA, CLIENT, KEY_PASSWORD, "tlsCRLFile", "tlsInsecure"):
        assert bench.page.show_field(name), name
        editor = bench.page.editor_of(name)
        bench.until((editor.focusProxy() or editor).hasFocus)


@pytest.mark.parametrize("width", [1080, 700, 480])
def test_nothing_is_cut_off_at_the_sides(qtbot: QtBot, lab: Authority, width: int) -> None:
    bench = OnePage(qtbot, TlsPage, size=(width, 300))
    with_tls(bench, ca_file=str(lab.ca_file), certificate_key_file=str(lab.client().pkcs12("pw")), insecure=True)
    bench.until(lambda: bench.page.client.card.commands)
    assert bench.page.minimumSizeHint().width() <= width
    bench.close()


def test_another_text_without_ca_file_shows_the_default_again(bench: OnePage) -> None:
    bench.type_text("mongodb://db1/?tlsCAFile=/x.pem")
    assert bench.page.trust.currentText() == "CA file"
    bench.type_text("mongodb://db1/?tls=true")
    assert bench.page.trust.currentText() == "driver's default"
    assert not bench.page.ca.isVisible()
