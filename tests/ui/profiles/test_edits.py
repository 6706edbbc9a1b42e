from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QLabel
from pytestqt.qtbot import QtBot

from clearline.core.report.report import Verdict
from clearline.core.secrets.secret import PASSWORD, Secret
from clearline.core.storage import store
from clearline.ui.app import Desktop
from clearline.ui.models.profile_rows import FAVOURITES
from clearline.ui.panels.profile_list import ListAction
from clearline.ui.widgets.questions import LineQuestion, Question
from ui import played_checks as play
from ui.saved_profiles import (
    CONTROL,
    change_file,
    edit,
    ids,
    on_disk,
    profile,
    question,
    saved_text,
    shown,
    visible,
)

# ---------------------------------------------------------------- unsaved edits


def test_unsaved_edits_survive_another_profile_and_can_be_taken_back(
    qtbot: QtBot, with_profiles: Callable[..., Any]
) -> None:
    desktop = with_profiles(profile("A"), profile("B"))
    first, second = ids(desktop)
    desktop.workbench.profiles.choose(first)
    edit(desktop, "mongodb://other:1/")
    assert desktop.window.profiles.model.entry_at(0).unsaved
    desktop.workbench.profiles.choose(second)
    assert not desktop.window.save.isVisible()
    desktop.workbench.profiles.choose(first)
    assert desktop.window.connection.field.text() == "mongodb://other:1/"
    qtbot.mouseClick(desktop.window.revert, Qt.MouseButton.LeftButton)
    assert desktop.window.connection.field.text() == "mongodb://db1:27017/"
    assert not desktop.window.revert.isVisible()


def test_closing_asks_once_and_saves(qtbot: QtBot, desktop: Desktop, folder: Path) -> None:
    edit(desktop, "mongodb://other:1/")
    desktop.window.close()
    assert desktop.window.isVisible()
    qtbot.mouseClick(question(desktop).buttons["Save"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not desktop.window.isVisible())
    assert on_disk(folder)["A"].seeds.hosts == ("other:1",)


def test_an_unnamed_connection_is_asked_about_by_its_host(qtbot: QtBot, with_profiles: Callable[..., Any]) -> None:
    desktop = with_profiles(profile(""))
    desktop.workbench.profiles.choose(ids(desktop)[0])
    edit(desktop, "mongodb://other:1/")
    desktop.window.close()
    asked = question(desktop)
    assert any(label.text().startswith("“other:1” has edits") for label in asked.findChildren(QLabel))
    qtbot.mouseClick(asked.buttons["Cancel"], Qt.MouseButton.LeftButton)


def test_closing_can_be_called_off_or_lose_the_edits(qtbot: QtBot, desktop: Desktop, folder: Path) -> None:
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


def test_a_file_that_was_edited_by_hand_is_shown_as_it_is_now(qtbot: QtBot, desktop: Desktop, folder: Path) -> None:
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


# ---------------------------------------------------------------- broken on purpose


def test_an_edit_after_a_rename_in_the_list_is_saved_without_a_question(
    qtbot: QtBot, desktop: Desktop, folder: Path
) -> None:
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
    qtbot: QtBot, desktop: Desktop, folder: Path
) -> None:
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
    qtbot: QtBot, desktop: Desktop, folder: Path
) -> None:
    [stored] = store.list_profiles(folder)
    stored.path.unlink()
    qtbot.waitUntil(lambda: "Another program deleted" in desktop.window.message)
    assert desktop.workbench.profiles.current.unsaved
    assert desktop.window.connection.field.text() == "mongodb://db1:27017/"
    qtbot.keyClick(desktop.window, Qt.Key.Key_S, CONTROL)
    qtbot.waitUntil(lambda: list(on_disk(folder)) == ["A"])
    qtbot.waitUntil(lambda: not desktop.workbench.profiles.current.unsaved)


def test_a_second_change_replaces_the_question_about_the_first(qtbot: QtBot, desktop: Desktop, folder: Path) -> None:
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
    qtbot: QtBot, desktop: Desktop, folder: Path
) -> None:
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


def test_closing_stays_when_not_everything_could_be_saved(qtbot: QtBot, desktop: Desktop, folder: Path) -> None:
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
    problems = {row.name: row.problem for row in model.rows}
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


def test_a_key_is_another_edit_and_reverting_brings_the_old_one_back(qtbot: QtBot, signed_in: Desktop) -> None:
    current = signed_in.workbench.profiles.current
    assert not current.unsaved
    signed_in.window.pages.secret_edited.emit(PASSWORD, Secret("an0ther-s3cret"))
    assert current.unsaved
    assert signed_in.window.save.isVisible()
    qtbot.mouseClick(signed_in.window.revert, Qt.MouseButton.LeftButton)
    assert current.secrets[PASSWORD].reveal() == "s3cret-w0rd"
    assert not current.unsaved
