from __future__ import annotations

import asyncio
import itertools
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from keyring.errors import KeyringLocked
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QLabel
from pytestqt.qtbot import QtBot

from clearline.core.keyring.vault import SERVICE, Vault
from clearline.core.profiles.profile import Auth, Profile, SecretSource, Seeds
from clearline.core.report.report import Target, Verdict
from clearline.core.secrets.secret import PASSWORD, Secret
from clearline.core.storage import store
from clearline.ui.app import Desktop
from clearline.ui.checks.consents import SecretsDialog
from clearline.ui.models.profiles import FAVOURITES, RECENT, Order, ProfileRole
from clearline.ui.panels.batch_window import BatchWindow
from clearline.ui.panels.profile_list import ListAction
from clearline.ui.profiles import storage
from clearline.ui.profiles.open_profile import Origin
from clearline.ui.widgets.questions import LineQuestion, NotesQuestion, Question
from ui import played_checks as play
from ui.conftest import KeyringInMemory

CONTROL = Qt.KeyboardModifier.ControlModifier


def profile(name: str, host: str = "db1:27017", **more: bool | str) -> Profile:
    return Profile(name=name, seeds=Seeds(hosts=(host,)), **more)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "profiles"


@pytest.fixture
def with_profiles(make_desktop: Callable[..., Any], folder: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A desktop whose list shows saved profiles, and which looks for others' edits all the time."""
    monkeypatch.setattr(storage, "_LOOK_AGAIN_S", 0.02)

    def make(*profiles: Profile, check: Any = None) -> Desktop:
        for one in profiles:
            store.save_in(folder, one)
        desktop = make_desktop(check or play.waiting())
        qtbot.waitUntil(lambda: len(ids(desktop)) >= len(profiles))
        return desktop

    return make


def shown(desktop: Desktop) -> list[str]:
    model = desktop.window.profiles.model
    return [model.index(row).data() for row in range(model.rowCount())]


def ids(desktop: Desktop) -> list[str]:
    model = desktop.window.profiles.model
    found = (model.index(row).data(ProfileRole.ID) for row in range(model.rowCount()))
    return [one for one in found if one and not one.startswith("recent:")]


def on_disk(folder: Path) -> dict[str, Profile]:
    return {one.profile.name: one.profile for one in store.list_profiles(folder) if one.profile is not None}


def question(desktop: Desktop, kind: Any = Question) -> Any:
    return next(d for d in desktop.window.findChildren(QDialog) if type(d) is kind and d.isVisible())


# ---------------------------------------------------------------- filing


def test_profiles_stand_under_their_folders_and_favourites_first(with_profiles: Callable[..., Any]) -> None:
    desktop = with_profiles(
        profile("Alone"), profile("Orders", folder="Team/Prod"), profile("Star", favourite=True, folder="Team/Prod")
    )
    assert shown(desktop) == [FAVOURITES, "Star", "Alone", "Team / Prod", "Orders"]


def test_a_folder_is_folded_by_click_and_by_key_and_a_search_looks_into_it(
    qtbot: QtBot, with_profiles: Callable[..., Any]
) -> None:
    desktop = with_profiles(profile("Alone"), profile("Orders", folder="Team"))
    view = desktop.window.profiles.list
    heading = desktop.window.profiles.model.index(1)
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualRect(heading).center())
    assert shown(desktop) == ["Alone", "Team"]
    qtbot.keyClicks(desktop.window.profiles.search, "ord")
    assert shown(desktop) == ["Team", "Orders"]
    desktop.window.profiles.search.clear()
    view.setCurrentIndex(desktop.window.profiles.model.index(1))
    view.setFocus()
    qtbot.keyClick(view, Qt.Key.Key_Right)
    assert shown(desktop) == ["Alone", "Team", "Orders"]


def test_colour_star_and_folder_are_saved_at_once_for_all_that_are_selected(
    qtbot: QtBot, with_profiles: Callable[..., Any], folder: Path
) -> None:
    desktop = with_profiles(profile("A"), profile("B"))
    desktop.window.profiles.filed.emit(ids(desktop), "colour", "teal")
    qtbot.waitUntil(lambda: {one.colour for one in on_disk(folder).values()} == {"teal"})
    desktop.window.profiles.filed.emit(ids(desktop), "folder", None)
    asked = question(desktop, LineQuestion)
    qtbot.keyClicks(asked.entry, " Team /  Prod ")
    qtbot.keyClick(asked.entry, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: {one.folder for one in on_disk(folder).values()} == {"Team/Prod"})
    qtbot.waitUntil(lambda: shown(desktop) == ["Team / Prod", "A", "B"])


def test_filing_a_profile_with_unsaved_edits_saves_none_of_them(
    qtbot: QtBot, with_profiles: Callable[..., Any], folder: Path
) -> None:
    desktop = with_profiles(profile("A"))
    desktop.workbench.profiles.choose(ids(desktop)[0])
    desktop.workbench.profiles.current.set_text(Secret("mongodb://other:1/"), Origin.ELSEWHERE)
    desktop.window.profiles.filed.emit(ids(desktop), "favourite", True)
    qtbot.waitUntil(lambda: on_disk(folder)["A"].favourite)
    assert on_disk(folder)["A"].seeds.hosts == ("db1:27017",)
    current = desktop.workbench.profiles.current
    assert (current.unsaved, current.profile.seeds.hosts, current.profile.favourite) == (True, ("other:1",), True)


def test_renaming_and_notes_are_saved(qtbot: QtBot, with_profiles: Callable[..., Any], folder: Path) -> None:
    desktop = with_profiles(profile("A"))
    qtbot.keyClick(desktop.window.profiles.list, Qt.Key.Key_F2)  # nothing is selected: nothing happens
    desktop.window.profiles.list.setCurrentIndex(desktop.window.profiles.model.index(0))
    qtbot.keyClick(desktop.window.profiles.list, Qt.Key.Key_F2)
    asked = question(desktop, LineQuestion)
    asked.entry.setText("Orders")
    asked.accept()
    qtbot.waitUntil(lambda: list(on_disk(folder)) == ["Orders"])
    desktop.window.profiles.asked.emit(ListAction.NOTES, ids(desktop))
    notes = question(desktop, NotesQuestion)
    notes.entry.setPlainText("Ask Ada before the migration.")
    notes.accept()
    qtbot.waitUntil(lambda: on_disk(folder)["Orders"].notes == "Ask Ada before the migration.")
    desktop.window.profiles.search.setText("ada")
    assert shown(desktop) == ["Orders"]


def test_a_copy_has_its_own_file_and_its_own_secret(
    qtbot: QtBot, with_profiles: Callable[..., Any], folder: Path, keyring_in_memory: Any
) -> None:
    one = replace(profile("A"), auth=Auth(user="app"))
    keyring_in_memory.set_password(SERVICE, f"{one.id}/{PASSWORD}", "s3cret-w0rd")
    desktop = with_profiles(one)
    desktop.window.profiles.asked.emit(ListAction.DUPLICATE, ids(desktop))
    qtbot.waitUntil(lambda: shown(desktop) == ["A", "A copy"])
    copy = on_disk(folder)["A copy"]
    assert copy.id != one.id
    qtbot.waitUntil(lambda: (SERVICE, f"{copy.id}/{PASSWORD}") in keyring_in_memory.kept)


def test_deleting_can_be_taken_back_and_offers_to_forget_the_secrets(
    qtbot: QtBot, with_profiles: Callable[..., Any], folder: Path, keyring_in_memory: Any
) -> None:
    one = profile("A")
    keyring_in_memory.set_password(SERVICE, f"{one.id}/{PASSWORD}", "s3cret-w0rd")
    desktop = with_profiles(one, profile("B"))
    desktop.window.profiles.list.setCurrentIndex(desktop.window.profiles.model.index(0))
    qtbot.keyClick(desktop.window.profiles.list, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: shown(desktop) == ["B"])
    assert list(on_disk(folder)) == ["B"]
    undo, forget = desktop.window.offers
    assert (undo.text(), forget.text()) == ("Undo", "Delete the secrets too")
    qtbot.mouseClick(undo, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: shown(desktop) == ["A", "B"])
    desktop.window.profiles.asked.emit(ListAction.DELETE, [one.id])
    qtbot.waitUntil(lambda: bool(desktop.window.offers))
    qtbot.mouseClick(desktop.window.offers[1], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: keyring_in_memory.kept == {})


def test_several_are_named_before_they_are_deleted(
    qtbot: QtBot, with_profiles: Callable[..., Any], folder: Path
) -> None:
    desktop = with_profiles(profile("A"), profile("B"), profile("C"))
    first, _, third = ids(desktop)

    def asked() -> Question:
        desktop.window.profiles.asked.emit(ListAction.DELETE, [first, third])
        return desktop.window.findChildren(Question)[-1]

    question = asked()
    words = [label.text() for label in question.findChildren(QLabel)]
    assert "Delete these 2 profiles?\n\nA\nC" in words
    qtbot.keyClick(question, Qt.Key.Key_Return)  # the harmless answer is the one that is ready
    assert list(on_disk(folder)) == ["A", "B", "C"]
    question = asked()
    qtbot.mouseClick(question.buttons["Delete 2 profiles"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: shown(desktop) == ["B"])
    assert list(on_disk(folder)) == ["B"]


def test_new_profiles_by_shortcut_leave_only_the_one_in_front_selected(
    qtbot: QtBot, with_profiles: Callable[..., Any]
) -> None:
    desktop = with_profiles(profile("A"), profile("B"))
    window = desktop.window
    with qtbot.waitActive(window):
        window.activateWindow()
    desktop.workbench.profiles.choose(ids(desktop)[0])
    QTest.keyPress(window.windowHandle(), Qt.Key.Key_Control, CONTROL)
    try:
        for number in range(3):
            QTest.keyClick(window.windowHandle(), Qt.Key.Key_N, CONTROL)
            edit(desktop, f"mongodb://db{number}:1/")
            assert window.profiles.selected() == [desktop.workbench.profiles.current.profile.id]
    finally:
        QTest.keyRelease(window.windowHandle(), Qt.Key.Key_Control)


def test_the_list_can_begin_with_what_failed_or_was_tested_last(
    qtbot: QtBot, with_profiles: Callable[..., Any], tmp_path: Path
) -> None:
    first, second, third = profile("A"), profile("B"), profile("C")
    from clearline.core.report.history import History

    history = History(tmp_path / "history")
    history.record(second, replace(play.EMPTY, verdict=Verdict.FAILED, started="2026-01-01T10:00:00.000Z"))
    history.record(third, replace(play.EMPTY, verdict=Verdict.CONNECTED, started="2026-01-02T10:00:00.000Z"))
    desktop = with_profiles(first, second, third)
    desktop.window.profiles.order_chosen.emit(Order.FAILED_FIRST)
    assert shown(desktop) == ["B", "A", "C"]
    desktop.window.profiles.order_chosen.emit(Order.LAST_TESTED)
    assert shown(desktop) == ["C", "B", "A"]
    row = desktop.window.profiles.model.index(0)
    assert row.data(ProfileRole.VERDICT) is Verdict.CONNECTED
    assert row.data(ProfileRole.WHEN).endswith(" d")


# ---------------------------------------------------------------- unsaved edits


def edit(desktop: Desktop, text: str) -> None:
    desktop.workbench.profiles.current.set_text(Secret(text), Origin.ELSEWHERE)


def test_unsaved_edits_survive_another_profile_and_can_be_taken_back(
    qtbot: QtBot, with_profiles: Callable[..., Any]
) -> None:
    desktop = with_profiles(profile("A"), profile("B"))
    first, second = ids(desktop)
    desktop.workbench.profiles.choose(first)
    edit(desktop, "mongodb://other:1/")
    assert desktop.window.profiles.model.index(0).data(ProfileRole.UNSAVED)
    desktop.workbench.profiles.choose(second)
    assert not desktop.window.save.isVisible()
    desktop.workbench.profiles.choose(first)
    assert desktop.window.connection.field.text() == "mongodb://other:1/"
    qtbot.mouseClick(desktop.window.revert, Qt.MouseButton.LeftButton)
    assert desktop.window.connection.field.text() == "mongodb://db1:27017/"
    assert not desktop.window.revert.isVisible()


def test_closing_asks_once_and_saves(qtbot: QtBot, with_profiles: Callable[..., Any], folder: Path) -> None:
    desktop = with_profiles(profile("A"))
    desktop.workbench.profiles.choose(ids(desktop)[0])
    edit(desktop, "mongodb://other:1/")
    desktop.window.close()
    assert desktop.window.isVisible()
    qtbot.mouseClick(question(desktop).buttons["Save"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not desktop.window.isVisible())
    assert on_disk(folder)["A"].seeds.hosts == ("other:1",)


def test_closing_can_be_called_off_or_lose_the_edits(
    qtbot: QtBot, with_profiles: Callable[..., Any], folder: Path
) -> None:
    desktop = with_profiles(profile("A"))
    desktop.workbench.profiles.choose(ids(desktop)[0])
    edit(desktop, "mongodb://other:1/")
    desktop.window.close()
    qtbot.keyClick(question(desktop), Qt.Key.Key_Escape)
    assert desktop.window.isVisible()
    desktop.window.close()
    qtbot.mouseClick(question(desktop).buttons["Discard"], Qt.MouseButton.LeftButton)
    assert not desktop.window.isVisible()
    assert on_disk(folder)["A"].seeds.hosts == ("db1:27017",)


def test_a_string_that_was_tested_and_never_named_closes_without_a_question(
    qtbot: QtBot, make_desktop: Callable[..., Any]
) -> None:
    desktop = make_desktop(play.playing(play.connected()))
    edit(desktop, "mongodb://db1/")
    desktop.workbench.test()
    qtbot.waitUntil(lambda: not desktop.workbench.profiles.current.running)
    desktop.window.close()
    assert not desktop.window.isVisible()


# ---------------------------------------------------------------- others' edits


def change_file(folder: Path, name: str, **changes: dict[str, list[str]]) -> None:
    [stored] = [one for one in store.list_profiles(folder) if one.profile and one.profile.name == name]
    document = json.loads(stored.path.read_text())
    document.update(changes)
    stored.path.write_text(json.dumps(document))


def test_a_file_that_was_edited_by_hand_is_shown_as_it_is_now(
    qtbot: QtBot, with_profiles: Callable[..., Any], folder: Path
) -> None:
    desktop = with_profiles(profile("A"))
    desktop.workbench.profiles.choose(ids(desktop)[0])
    change_file(folder, "A", seeds={"hosts": ["db9:27017"]})
    qtbot.waitUntil(lambda: desktop.window.connection.field.text() == "mongodb://db9:27017/")
    assert "changed in its file" in desktop.window.message


@pytest.mark.parametrize(
    ("answer", "mine", "files"),
    [
        ("Take theirs", "mongodb://db9:27017/", {"A": ("db9:27017",)}),
        ("Keep mine", "mongodb://other:1/", {"A": ("other:1",)}),
        ("Keep both", "mongodb://other:1/", {"A": ("db9:27017",), "A copy": ("other:1",)}),
    ],
)
def test_two_edits_at_once_are_asked_about(
    qtbot: QtBot,
    with_profiles: Callable[..., Any],
    folder: Path,
    answer: str,
    mine: str,
    files: dict[str, tuple[str, ...]],
) -> None:
    desktop = with_profiles(profile("A"))
    desktop.workbench.profiles.choose(ids(desktop)[0])
    edit(desktop, "mongodb://other:1/")
    change_file(folder, "A", seeds={"hosts": ["db9:27017"]})
    qtbot.waitUntil(lambda: any(type(d) is Question for d in desktop.window.findChildren(QDialog)))
    qtbot.mouseClick(question(desktop).buttons[answer], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: {name: one.seeds.hosts for name, one in on_disk(folder).items()} == files)
    qtbot.waitUntil(lambda: not desktop.workbench.profiles.current.unsaved)
    assert desktop.window.connection.field.text() == mine


# ---------------------------------------------------------------- several tests, history


def verdict_by_host(slow: list[str] | tuple[Any, ...] = ()) -> Any:
    """Connected for hosts that begin with db, failed for others; slow ones wait to be stopped."""

    async def check(profile: Profile, secrets: dict[str, Secret], *_: Any, **__: Any) -> Any:
        check.secrets[profile.name] = dict(secrets)
        check.running += 1
        check.most = max(check.most, check.running)
        try:
            await asyncio.sleep(0)
            if profile.name in slow:
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            return replace(play.EMPTY, verdict=Verdict.CANCELLED)
        finally:
            check.running -= 1
        good = profile.seeds.hosts[0].startswith("db")
        return replace(
            play.EMPTY,
            started=f"2026-01-01T00:00:{len(check.secrets):02}.{check.order():03}Z",
            verdict=Verdict.CONNECTED if good else Verdict.FAILED,
            findings=() if good else (play.WRONG_SOURCE,),
            verdict_ms=12.0,
        )

    check.secrets, check.running, check.most = {}, 0, 0
    check.order = itertools.count().__next__
    return check


def batch(qtbot: QtBot, desktop: Desktop) -> BatchWindow:
    def visible() -> list[BatchWindow]:
        return [d for d in desktop.window.findChildren(BatchWindow) if d.isVisible()]

    qtbot.waitUntil(lambda: bool(visible()))
    return visible()[0]


def test_several_profiles_are_tested_together_with_their_secrets_and_kept(
    qtbot: QtBot, with_profiles: Callable[..., Any], keyring_in_memory: Any, tmp_path: Path
) -> None:
    check = verdict_by_host()
    many = [profile(f"P{n:02}", f"{'db' if n % 2 else 'other'}{n}:27017") for n in range(20)]
    keyring_in_memory.set_password(SERVICE, f"{many[0].id}/{PASSWORD}", "s3cret-w0rd")
    desktop = with_profiles(*many, check=check)
    desktop.window.profiles.asked.emit(ListAction.TEST, ids(desktop))
    summary = batch(qtbot, desktop)
    qtbot.waitUntil(lambda: summary.stop.text() == "Close")
    assert summary.said.text() == "10 connected, 10 failed."
    assert 1 <= check.most <= 8
    assert check.secrets["P00"] == {PASSWORD: Secret("s3cret-w0rd")}
    summary.copy.click()
    assert "| P00 | other0:27017 | failed | User app lives in database admin" in QGuiApplication.clipboard().text()
    model = desktop.window.profiles.model
    qtbot.waitUntil(lambda: all(model.index(row).data(ProfileRole.VERDICT) for row in range(model.rowCount())))
    summary.opened.emit(many[0].id)
    assert desktop.workbench.profiles.current.profile.name == "P00"
    assert "User app lives in database admin" in desktop.window.answer.banner.sentence.text()
    summary.close()


def test_stopping_ends_what_runs_and_begins_nothing_more(qtbot: QtBot, with_profiles: Callable[..., Any]) -> None:
    names = [f"P{n:02}" for n in range(12)]
    check = verdict_by_host(slow=names)
    desktop = with_profiles(*(profile(name) for name in names), check=check)
    desktop.window.profiles.asked.emit(ListAction.TEST, ids(desktop))
    qtbot.waitUntil(lambda: check.running == 8)
    summary = batch(qtbot, desktop)
    qtbot.mouseClick(summary.stop, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: summary.stop.text() == "Close")
    assert summary.said.text() == "12 stopped."
    assert len(check.secrets) == 8
    summary.close()


def test_a_test_of_a_saved_profile_is_kept_and_compared_with_the_last_that_worked(
    qtbot: QtBot, with_profiles: Callable[..., Any]
) -> None:
    check = verdict_by_host()
    desktop = with_profiles(profile("A"), check=check)
    desktop.workbench.profiles.choose(ids(desktop)[0])
    desktop.window.results.turn_to("history")
    panel = desktop.window.results.get("history")
    for text, count in (("mongodb://db1/", 1), ("mongodb://other/", 2)):
        edit(desktop, text)
        desktop.workbench.test()
        qtbot.waitUntil(lambda: desktop.window.results.current_name == "answer")
        qtbot.waitUntil(lambda: not desktop.workbench.profiles.current.running)
        desktop.window.turn_to("history")
        qtbot.waitUntil(lambda count=count: panel.list.count() == count)
    assert "Failed" in panel.list.item(0).text()
    assert "Since it worked" in panel.page.plain()
    assert "User app lives in database admin" in panel.page.plain()
    panel.list.setCurrentRow(1)
    qtbot.mouseClick(panel.show_it, Qt.MouseButton.LeftButton)
    assert desktop.workbench.profiles.current.report.verdict is Verdict.CONNECTED


def test_what_was_tested_without_being_saved_is_listed_without_its_password(
    qtbot: QtBot, make_desktop: Callable[..., Any], tmp_path: Path
) -> None:
    first = make_desktop(play.playing(replace(play.connected(), target=replaced_target("mongodb://app:•••@db7/"))))
    edit(first, "mongodb://app:s3cret-w0rd@db7/")
    first.workbench.test()
    qtbot.waitUntil(lambda: len(first.workbench.storage.listing.recent) == 1)
    assert "s3cret" not in (tmp_path / "history" / "recent.json").read_text()
    second = make_desktop(play.waiting())
    qtbot.waitUntil(lambda: RECENT in shown(second))
    second.workbench.profiles.choose("recent:0")
    assert "***" not in second.workbench.profiles.current.text.reveal()  # a mask is no password
    assert second.workbench.profiles.current.profile.auth.user == "app"
    assert second.window.pages.current_name == "auth"
    second.window.profiles.asked.emit(ListAction.FORGET_RECENT, ["recent:0"])
    qtbot.waitUntil(lambda: RECENT not in shown(second))


def replaced_target(uri: str) -> Target:
    return replace(play.EMPTY.target, uri=uri)


def test_a_report_is_exported_by_the_file_s_name(
    qtbot: QtBot, make_desktop: Callable[..., Any], tmp_path: Path
) -> None:
    desktop = make_desktop(play.playing(play.connected()))
    edit(desktop, "mongodb://db1/")
    desktop.workbench.test()
    qtbot.waitUntil(lambda: not desktop.workbench.profiles.current.running)
    report = desktop.workbench.profiles.current.report
    for name, begin in (("r.html", "<!DOCTYPE html>"), ("r.md", "#"), ("r.json", "{")):
        desktop.workbench.storage.reports.write(report, tmp_path / name)
        qtbot.waitUntil((tmp_path / name).exists)
        assert (tmp_path / name).read_text().lower().startswith(begin.lower())
    desktop.workbench.reports.copy_ticket()
    assert "connected" in QGuiApplication.clipboard().text().lower()


# ---------------------------------------------------------------- broken on purpose


def visible(desktop: Desktop, kind: Any = Question) -> list[Question]:
    return [d for d in desktop.window.findChildren(QDialog) if type(d) is kind and d.isVisible()]


def saved_text(folder: Path, name: str) -> tuple[str, ...]:
    return on_disk(folder)[name].seeds.hosts


def test_an_edit_after_a_rename_in_the_list_is_saved_without_a_question(
    qtbot: QtBot, with_profiles: Callable[..., Any], folder: Path
) -> None:
    desktop = with_profiles(profile("A"))
    desktop.workbench.profiles.choose(ids(desktop)[0])
    desktop.window.profiles.list.setFocus()
    qtbot.keyClick(desktop.window.profiles.list, Qt.Key.Key_F2)
    asked = question(desktop, LineQuestion)
    asked.entry.setText("Orders")
    asked.accept()
    qtbot.waitUntil(lambda: list(on_disk(folder)) == ["Orders"])
    qtbot.waitUntil(lambda: shown(desktop) == ["Orders"])
    edit(desktop, "mongodb://other:1/")
    desktop.window.menus.save.trigger()
    qtbot.waitUntil(lambda: saved_text(folder, "Orders") == ("other:1",))
    qtbot.waitUntil(lambda: not desktop.workbench.profiles.current.unsaved)
    assert visible(desktop) == []


def test_saving_twice_at_once_and_typing_in_between_is_no_conflict_with_oneself(
    qtbot: QtBot, with_profiles: Callable[..., Any], folder: Path
) -> None:
    desktop = with_profiles(profile("A"))
    desktop.workbench.profiles.choose(ids(desktop)[0])
    for host in ("b:1", "c:1", "d:1"):
        edit(desktop, f"mongodb://{host}/")
        qtbot.keyClick(desktop.window, Qt.Key.Key_S, CONTROL)
    qtbot.waitUntil(lambda: saved_text(folder, "A") == ("d:1",))
    qtbot.waitUntil(lambda: not desktop.workbench.profiles.current.unsaved)
    assert visible(desktop) == []
    assert len(list(on_disk(folder))) == 1


def test_a_new_profile_that_is_saved_twice_at_once_gets_one_file(
    qtbot: QtBot, with_profiles: Callable[..., Any], folder: Path
) -> None:
    desktop = with_profiles()
    edit(desktop, "mongodb://a:1/")
    qtbot.keyClick(desktop.window, Qt.Key.Key_S, CONTROL)
    qtbot.keyClick(desktop.window, Qt.Key.Key_S, CONTROL)
    qtbot.waitUntil(lambda: not desktop.workbench.profiles.current.unsaved)
    qtbot.waitUntil(lambda: len(shown(desktop)) == 1)
    assert len(store.list_profiles(folder)) == 1


def test_two_profiles_may_have_the_same_name(qtbot: QtBot, with_profiles: Callable[..., Any], folder: Path) -> None:
    desktop = with_profiles(profile("A"), profile("B"))
    desktop.window.profiles.asked.emit(ListAction.RENAME, [ids(desktop)[1]])
    asked = question(desktop, LineQuestion)
    asked.entry.setText("A")
    asked.accept()
    qtbot.waitUntil(lambda: shown(desktop) == ["A", "A"])
    assert len(store.list_profiles(folder)) == 2


@pytest.mark.parametrize("name", ["Favourites", "../x", "a\\b", "日本/環境", "…" * 50, "Recent, not saved", "%2F"])
def test_a_folder_may_have_any_name(qtbot: QtBot, with_profiles: Callable[..., Any], folder: Path, name: str) -> None:
    desktop = with_profiles(profile("A"), profile("Star", favourite=True))
    one = next(row.profile.id for row in desktop.window.profiles.model.rows if row.name == "A")
    desktop.window.profiles.filed.emit([one], "folder", name)
    heading = " / ".join(name.split("/"))
    qtbot.waitUntil(lambda: shown(desktop) == [FAVOURITES, "Star", heading, "A"])
    assert len(store.list_profiles(folder)) == 2


def test_the_profile_in_front_is_deleted_while_it_is_tested(
    qtbot: QtBot, with_profiles: Callable[..., Any], folder: Path
) -> None:
    check = play.waiting()
    desktop = with_profiles(profile("A"), check=check)
    [one] = ids(desktop)
    desktop.workbench.profiles.choose(one)
    desktop.workbench.test()
    qtbot.waitUntil(lambda: check.running == 1)
    desktop.window.profiles.asked.emit(ListAction.DELETE, [one])
    qtbot.waitUntil(lambda: check.running == 0)
    qtbot.waitUntil(lambda: shown(desktop) == [])
    assert desktop.window.connection.field.text() == ""
    assert desktop.window.connection.button.text() == "Test"


def test_undo_brings_unsaved_edits_back_too(qtbot: QtBot, with_profiles: Callable[..., Any], folder: Path) -> None:
    desktop = with_profiles(profile("A"))
    [one] = ids(desktop)
    desktop.workbench.profiles.choose(one)
    edit(desktop, "mongodb://app:s3cret-w0rd@other:1/")
    desktop.window.profiles.asked.emit(ListAction.DELETE, [one])
    qtbot.waitUntil(lambda: bool(desktop.window.offers))
    assert on_disk(folder) == {}
    qtbot.mouseClick(desktop.window.offers[0], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: desktop.workbench.profiles.current.profile.id == one)
    current = desktop.workbench.profiles.current
    assert current.text.reveal() == "mongodb://app:s3cret-w0rd@other:1/"
    assert current.unsaved
    assert saved_text(folder, "A") == ("db1:27017",)


def test_undo_brings_back_what_was_never_saved(qtbot: QtBot, with_profiles: Callable[..., Any]) -> None:
    desktop = with_profiles()
    edit(desktop, "mongodb://other:1/")
    desktop.window.profiles.asked.emit(ListAction.DELETE, ids(desktop))
    assert shown(desktop) == []
    qtbot.mouseClick(desktop.window.offers[0], Qt.MouseButton.LeftButton)
    assert desktop.window.connection.field.text() == "mongodb://other:1/"


def test_a_file_that_others_delete_is_told_and_saving_makes_it_anew(
    qtbot: QtBot, with_profiles: Callable[..., Any], folder: Path
) -> None:
    desktop = with_profiles(profile("A"))
    desktop.workbench.profiles.choose(ids(desktop)[0])
    [stored] = store.list_profiles(folder)
    stored.path.unlink()
    qtbot.waitUntil(lambda: "Another program deleted" in desktop.window.message)
    assert desktop.workbench.profiles.current.unsaved
    assert desktop.window.connection.field.text() == "mongodb://db1:27017/"
    qtbot.keyClick(desktop.window, Qt.Key.Key_S, CONTROL)
    qtbot.waitUntil(lambda: list(on_disk(folder)) == ["A"])
    qtbot.waitUntil(lambda: not desktop.workbench.profiles.current.unsaved)


def test_a_second_change_replaces_the_question_about_the_first(
    qtbot: QtBot, with_profiles: Callable[..., Any], folder: Path
) -> None:
    desktop = with_profiles(profile("A"))
    desktop.workbench.profiles.choose(ids(desktop)[0])
    edit(desktop, "mongodb://other:1/")
    change_file(folder, "A", seeds={"hosts": ["db8:27017"]})
    qtbot.waitUntil(lambda: len(visible(desktop)) == 1)
    first = question(desktop)
    change_file(folder, "A", seeds={"hosts": ["db9:27017"]})
    qtbot.waitUntil(lambda: visible(desktop) != [first] and len(visible(desktop)) == 1)
    qtbot.mouseClick(question(desktop).buttons["Take theirs"], Qt.MouseButton.LeftButton)
    assert desktop.window.connection.field.text() == "mongodb://db9:27017/"
    assert not desktop.workbench.profiles.current.unsaved


def test_a_conflict_that_is_decided_later_is_asked_about_when_saving(
    qtbot: QtBot, with_profiles: Callable[..., Any], folder: Path
) -> None:
    desktop = with_profiles(profile("A"))
    desktop.workbench.profiles.choose(ids(desktop)[0])
    edit(desktop, "mongodb://other:1/")
    change_file(folder, "A", seeds={"hosts": ["db9:27017"]})
    qtbot.waitUntil(lambda: len(visible(desktop)) == 1)
    qtbot.keyClick(question(desktop), Qt.Key.Key_Escape)
    assert desktop.workbench.profiles.current.unsaved
    desktop.window.menus.save.trigger()
    qtbot.waitUntil(lambda: len(visible(desktop)) == 1)
    assert saved_text(folder, "A") == ("db9:27017",)
    qtbot.mouseClick(question(desktop).buttons["Keep mine"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: saved_text(folder, "A") == ("other:1",))


def test_two_windows_do_not_lose_each_other_s_edits(
    qtbot: QtBot, with_profiles: Callable[..., Any], make_desktop: Callable[..., Any], folder: Path
) -> None:
    first = with_profiles(profile("A"))
    second = make_desktop(play.waiting())
    qtbot.waitUntil(lambda: len(ids(second)) == 1)
    for desktop in (first, second):
        desktop.workbench.profiles.choose(ids(desktop)[0])
    edit(first, "mongodb://first:1/")
    edit(second, "mongodb://second:1/")
    first.workbench.save()
    qtbot.waitUntil(lambda: saved_text(folder, "A") == ("first:1",))
    second.workbench.save()
    qtbot.waitUntil(lambda: len(visible(second)) == 1)
    assert saved_text(folder, "A") == ("first:1",)
    qtbot.mouseClick(question(second).buttons["Keep both"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: set(on_disk(folder)) == {"A", "A copy"})
    assert (saved_text(folder, "A"), saved_text(folder, "A copy")) == (("first:1",), ("second:1",))


def test_closing_stays_when_not_everything_could_be_saved(
    qtbot: QtBot, with_profiles: Callable[..., Any], folder: Path
) -> None:
    desktop = with_profiles(profile("A"))
    desktop.workbench.profiles.choose(ids(desktop)[0])
    edit(desktop, "mongodb://other:1/")
    desktop.window.close()
    asked = question(desktop)
    desktop.window.close()
    assert visible(desktop) == [asked]
    [stored] = store.list_profiles(folder)
    stored.path.write_text("{ broken by hand")
    qtbot.mouseClick(asked.buttons["Save"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "cannot be read" in desktop.window.message)
    assert desktop.window.isVisible()
    assert stored.path.read_text() == "{ broken by hand"


def test_a_broken_and_a_newer_file_are_listed_with_the_place_and_left_alone(
    qtbot: QtBot, with_profiles: Callable[..., Any], folder: Path
) -> None:
    folder.mkdir()
    (folder / "bad.json").write_text('{"format": "clearline-profile", "version": 1,\n "name": }')
    (folder / "new.json").write_text('{"format": "clearline-profile", "version": 99, "name": "N"}')
    desktop = with_profiles(profile("A"))
    qtbot.waitUntil(lambda: sorted(shown(desktop)) == ["A", "bad", "new"])
    model = desktop.window.profiles.model
    problems = {model.index(row).data(): model.index(row).data(ProfileRole.PROBLEM) for row in range(3)}
    assert "line 2" in problems["bad"]
    assert "$.version" in problems["new"]
    broken = next(row.profile.id for row in model.rows if row.name == "bad")
    desktop.workbench.profiles.choose(broken)
    assert "line 2" in desktop.window.message
    assert [button.text() for button in desktop.window.offers] == ["Show the file"]
    desktop.window.profiles.asked.emit(ListAction.TEST, [broken])
    assert not desktop.workbench.profiles.current.running


def test_a_history_that_cannot_be_written_is_told_and_nothing_else_suffers(
    qtbot: QtBot, with_profiles: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "history").write_text("a file where the folder should be")
    desktop = with_profiles(profile("A"), check=play.playing(play.connected()))
    desktop.workbench.profiles.choose(ids(desktop)[0])
    desktop.workbench.test()
    qtbot.waitUntil(lambda: not desktop.workbench.profiles.current.running)
    qtbot.waitUntil(lambda: "history" in desktop.window.message)
    assert desktop.workbench.profiles.current.report.verdict is Verdict.CONNECTED


def test_a_key_is_another_edit_and_reverting_brings_the_old_one_back(
    qtbot: QtBot, with_profiles: Callable[..., Any], keyring_in_memory: Any
) -> None:
    one = replace(profile("A"), auth=Auth(user="app"))
    keyring_in_memory.set_password(SERVICE, f"{one.id}/{PASSWORD}", "s3cret-w0rd")
    desktop = with_profiles(one)
    desktop.workbench.profiles.choose(one.id)
    current = desktop.workbench.profiles.current
    qtbot.waitUntil(lambda: PASSWORD in current.secrets)
    assert not current.unsaved
    desktop.window.pages.secret_edited.emit(PASSWORD, Secret("an0ther-s3cret"))
    assert current.unsaved
    assert desktop.window.save.isVisible()
    qtbot.mouseClick(desktop.window.revert, Qt.MouseButton.LeftButton)
    assert current.secrets[PASSWORD].reveal() == "s3cret-w0rd"
    assert not current.unsaved


# ---------------------------------------------------------------- where secrets are


def test_another_store_is_one_click_and_moves_the_secret(
    qtbot: QtBot, with_profiles: Callable[..., Any], folder: Path, keyring_in_memory: Any
) -> None:
    one = replace(profile("A"), auth=Auth(user="app"))
    keyring_in_memory.set_password(SERVICE, f"{one.id}/{PASSWORD}", "s3cret-w0rd")
    desktop = with_profiles(one)
    desktop.workbench.profiles.choose(one.id)
    current = desktop.workbench.profiles.current
    qtbot.waitUntil(lambda: PASSWORD in current.secrets)
    desktop.window.pages.edited.emit("secrets", {PASSWORD: SecretSource(place="session")})
    qtbot.waitUntil(lambda: keyring_in_memory.kept == {})
    qtbot.waitUntil(lambda: on_disk(folder)["A"].secrets == {PASSWORD: SecretSource(place="session")})
    assert not current.unsaved
    assert current.secrets[PASSWORD].reveal() == "s3cret-w0rd"
    desktop.window.pages.edited.emit("secrets", {})
    qtbot.waitUntil(lambda: list(keyring_in_memory.kept.values()) == ["s3cret-w0rd"])
    qtbot.waitUntil(lambda: on_disk(folder)["A"].secrets == {})


def test_a_secret_that_is_to_be_asked_leaves_the_keyring_when_the_profile_is_saved(
    qtbot: QtBot, with_profiles: Callable[..., Any], keyring_in_memory: Any
) -> None:
    one = replace(profile("A"), auth=Auth(user="app"))
    keyring_in_memory.set_password(SERVICE, f"{one.id}/{PASSWORD}", "s3cret-w0rd")
    desktop = with_profiles(one)
    desktop.workbench.profiles.choose(one.id)
    qtbot.waitUntil(lambda: PASSWORD in desktop.workbench.profiles.current.secrets)
    desktop.window.pages.edited.emit("secrets", {PASSWORD: SecretSource(place="ask")})
    assert desktop.workbench.profiles.current.unsaved
    assert keyring_in_memory.kept
    qtbot.keyClick(desktop.window, Qt.Key.Key_S, CONTROL)
    qtbot.waitUntil(lambda: keyring_in_memory.kept == {})


@pytest.mark.parametrize(("place", "kept"), [("keyring", ["s3cret-w0rd"]), ("session", []), ("ask", [])])
def test_the_setting_decides_where_the_secrets_of_new_profiles_go(
    qtbot: QtBot, make_desktop: Callable[..., Any], folder: Path, keyring_in_memory: Any, place: str, kept: list[str]
) -> None:
    desktop = make_desktop(play.waiting())
    desktop.workbench.change_settings(new_secrets=place)
    edit(desktop, "mongodb://blank/")
    desktop.workbench.new_profile()
    edit(desktop, "mongodb://app:s3cret-w0rd@db1/")
    qtbot.keyClick(desktop.window, Qt.Key.Key_S, CONTROL)
    current = desktop.workbench.profiles.current
    qtbot.waitUntil(lambda: not current.unsaved)
    assert {one.place for one in current.profile.secrets.values()} == ({place} - {"keyring"})
    qtbot.waitUntil(lambda: list(keyring_in_memory.kept.values()) == kept)


class HangingKeyring(KeyringInMemory):
    """Its prompt is never answered, until the test is over."""

    name = "hanging keyring"

    def __init__(self) -> None:
        super().__init__()
        self.over = threading.Event()
        self.asked = 0

    def get_password(self, service: str, username: str) -> None:
        self.asked += 1
        self.over.wait(20)

    def set_password(self, service: str, username: str, password: str) -> None:
        self.get_password(service, username)

    def delete_password(self, service: str, username: str) -> None:
        self.get_password(service, username)


@pytest.fixture
def hanging() -> Iterator[Any]:
    made = HangingKeyring()
    yield made
    made.over.set()


def test_with_a_keyring_that_hangs_a_profile_is_saved_and_tested_all_the_same(
    qtbot: QtBot, make_desktop: Callable[..., Any], folder: Path, hanging: Any
) -> None:
    check = play.playing(play.connected())
    desktop = make_desktop(check, vault=Vault(hanging))
    edit(desktop, "mongodb://app:s3cret-w0rd@db1/")
    qtbot.keyClick(desktop.window, Qt.Key.Key_S, CONTROL)
    current = desktop.workbench.profiles.current
    qtbot.waitUntil(lambda: not current.unsaved)
    assert len(on_disk(folder)) == 1
    assert "this session only" in desktop.workbench.storage.secrets.where(current)[PASSWORD]
    desktop.workbench.test()  # at once: for which servers the secret was given is known before the keyring is asked
    qtbot.waitUntil(lambda: current.report is not None and not current.running)
    assert current.report.verdict is Verdict.CONNECTED


def test_with_a_keyring_that_hangs_several_tests_can_be_stopped_at_once(
    qtbot: QtBot, make_desktop: Callable[..., Any], folder: Path, hanging: Any
) -> None:
    for number in range(12):
        store.save_in(folder, replace(profile(f"P{number:02}"), auth=Auth(user="app")))
    desktop = make_desktop(verdict_by_host(), vault=Vault(hanging))
    qtbot.waitUntil(lambda: len(ids(desktop)) == 12)
    desktop.window.profiles.asked.emit(ListAction.TEST, ids(desktop))
    summary = batch(qtbot, desktop)
    qtbot.waitUntil(lambda: hanging.asked > 0)
    qtbot.mouseClick(summary.stop, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: summary.stop.text() == "Close")
    assert summary.said.text() == "12 stopped."


def test_closing_the_window_ends_a_test_of_several(qtbot: QtBot, with_profiles: Callable[..., Any]) -> None:
    names = [f"P{n:02}" for n in range(12)]
    check = verdict_by_host(slow=names)
    desktop = with_profiles(*(profile(name) for name in names), check=check)
    desktop.window.profiles.asked.emit(ListAction.TEST, ids(desktop))
    qtbot.waitUntil(lambda: check.running == 8)
    summary = batch(qtbot, desktop)
    desktop.window.close()
    assert not summary.isVisible()
    assert desktop.workbench.close()
    assert check.running == 0


# ---------------------------------------------------------------- files from elsewhere


def test_a_file_that_is_in_the_list_already_is_brought_to_the_front(
    qtbot: QtBot, with_profiles: Callable[..., Any], tmp_path: Path
) -> None:
    one = profile("A")
    desktop = with_profiles(one)
    store.save(one, tmp_path / "same.json")
    desktop.workbench.storage.load(tmp_path / "same.json")
    qtbot.waitUntil(lambda: desktop.workbench.profiles.current.profile.id == one.id)
    assert not desktop.workbench.consents.is_foreign(desktop.workbench.profiles.current)


def test_another_version_of_a_listed_profile_does_not_get_its_secrets(
    qtbot: QtBot, with_profiles: Callable[..., Any], tmp_path: Path, keyring_in_memory: Any
) -> None:
    one = replace(profile("A"), auth=Auth(user="app"))
    keyring_in_memory.set_password(SERVICE, f"{one.id}/{PASSWORD}", "s3cret-w0rd")
    desktop = with_profiles(one)
    store.save(replace(one, seeds=Seeds(hosts=("evil:27017",))), tmp_path / "sent.json")
    desktop.workbench.storage.load(tmp_path / "sent.json")
    qtbot.waitUntil(lambda: desktop.workbench.profiles.current.profile.seeds.hosts == ("evil:27017",))
    current = desktop.workbench.profiles.current
    assert current.profile.id != one.id
    assert current.unsaved
    assert current.secrets == {}
    assert desktop.workbench.consents.is_foreign(current)


def test_a_file_does_not_meet_the_edits_and_secrets_of_an_open_profile_without_one(
    qtbot: QtBot, with_profiles: Callable[..., Any], tmp_path: Path
) -> None:
    desktop = with_profiles(profile("A"))
    one = replace(profile("B"), auth=Auth(user="app"))
    opened = desktop.workbench.profiles.open_profile(one, {PASSWORD: Secret("s3cret-w0rd")})
    store.save(replace(one, seeds=Seeds(hosts=("evil:27017",))), tmp_path / "sent.json")
    desktop.workbench.storage.load(tmp_path / "sent.json")
    qtbot.waitUntil(lambda: desktop.workbench.profiles.current.profile.seeds.hosts == ("evil:27017",))
    current = desktop.workbench.profiles.current
    assert current is not opened
    assert current.secrets == {}
    assert desktop.workbench.consents.is_foreign(current)
    assert opened.profile == one


def test_a_file_elsewhere_that_changes_is_shown_and_does_not_come_to_the_front(
    qtbot: QtBot, with_profiles: Callable[..., Any], tmp_path: Path
) -> None:
    one = profile("Elsewhere")
    desktop = with_profiles(profile("A"))
    store.save(one, tmp_path / "other.json")
    desktop.workbench.storage.load(tmp_path / "other.json")
    qtbot.waitUntil(lambda: desktop.workbench.profiles.current.profile.id == one.id)
    opened = desktop.workbench.profiles.current
    desktop.workbench.profiles.choose(next(i for i in ids(desktop) if i != one.id))
    store.save(replace(one, seeds=Seeds(hosts=("new:27017",))), tmp_path / "other.json")
    qtbot.waitUntil(lambda: opened.profile.seeds.hosts == ("new:27017",))
    assert desktop.workbench.profiles.current.profile.name == "A"


class LockedKeyring(KeyringInMemory):
    """Locked, until the test opens it."""

    name = "locked keyring"
    locked = True

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise KeyringLocked("unlock me")
        return super().get_password(service, username)


def test_a_locked_keyring_is_told_and_asked_again_when_the_user_says_so(
    qtbot: QtBot, make_desktop: Callable[..., Any], folder: Path
) -> None:
    keyring, one = LockedKeyring(), replace(profile("A"), auth=Auth(user="app"))
    keyring.set_password(SERVICE, f"{one.id}/{PASSWORD}", "s3cret-w0rd")
    store.save_in(folder, one)
    desktop = make_desktop(play.waiting(), vault=Vault(keyring))
    qtbot.waitUntil(lambda: len(ids(desktop)) == 1)
    desktop.workbench.profiles.choose(one.id)
    qtbot.waitUntil(lambda: "locked" in desktop.window.message)
    current = desktop.workbench.profiles.current
    assert "locked" in desktop.workbench.storage.secrets.where(current)[PASSWORD]
    desktop.workbench.save()  # what was not read is not removed
    keyring.locked = False
    desktop.window.menus.ask_keyring.trigger()
    qtbot.waitUntil(lambda: PASSWORD in current.secrets)
    assert keyring.kept
    assert not current.unsaved


def test_a_test_from_the_list_has_the_password_of_the_keyring(
    qtbot: QtBot, with_profiles: Callable[..., Any], keyring_in_memory: Any
) -> None:
    one, check = replace(profile("A"), auth=Auth(user="app")), verdict_by_host()
    keyring_in_memory.set_password(SERVICE, f"{one.id}/{PASSWORD}", "s3cret-w0rd")
    desktop = with_profiles(one, check=check)
    desktop.window.profiles.asked.emit(ListAction.TEST, [one.id])
    qtbot.waitUntil(lambda: check.secrets == {"A": {PASSWORD: Secret("s3cret-w0rd")}})


def test_who_presses_test_twice_does_not_wait_for_a_keyring_that_hangs(
    qtbot: QtBot, make_desktop: Callable[..., Any], folder: Path, hanging: Any
) -> None:
    one, check = replace(profile("A"), auth=Auth(user="app")), verdict_by_host()
    store.save_in(folder, one)
    desktop = make_desktop(check, vault=Vault(hanging))
    qtbot.waitUntil(lambda: len(ids(desktop)) == 1)
    desktop.window.profiles.asked.emit(ListAction.TEST, [one.id])
    assert "keyring" in desktop.window.message
    assert not desktop.workbench.profiles.current.running
    desktop.workbench.test()
    [dialog] = desktop.window.findChildren(SecretsDialog)  # what the keyring does not give is asked for
    dialog.accept()
    qtbot.waitUntil(lambda: check.secrets == {"A": {}})


def test_a_folder_whose_drive_is_away_is_told_and_asked_again(
    qtbot: QtBot, make_desktop: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    desktop = make_desktop(play.waiting())
    kept, back = desktop.workbench.storage, threading.Event()
    qtbot.waitUntil(lambda: not kept.is_reading)
    monkeypatch.setattr(storage, "FOLDER_S", 0.05)
    monkeypatch.setattr(kept._files, "read", lambda: (back.wait(), [])[1])
    with qtbot.waitSignal(kept.problem) as told:
        kept.load_list()
    assert "is it on a network drive that is away?" in told.args[0]
    assert not kept.is_reading
    back.set()
    monkeypatch.undo()
    problems: list[str] = []
    kept.problem.connect(problems.append)
    kept.load_list()
    qtbot.waitUntil(lambda: not kept.is_reading)
    assert problems == []
