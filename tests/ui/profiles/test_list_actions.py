from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from clearline.core.keyring.vault import SERVICE
from clearline.core.profiles.profile import Auth
from clearline.core.report.report import Target, Verdict
from clearline.core.secrets.secret import PASSWORD, Secret
from clearline.ui.app import Desktop
from clearline.ui.models.profile_rows import FAVOURITES, RECENT, Order
from clearline.ui.models.profiles import ago
from clearline.ui.panels.profile_list import ListAction
from clearline.ui.profiles.open_profile import Origin
from clearline.ui.widgets.questions import LineQuestion, NotesQuestion, Question
from ui import played_checks as play
from ui.saved_profiles import (
    CONTROL,
    batch,
    edit,
    ids,
    on_disk,
    profile,
    question,
    shown,
    verdict_by_host,
)

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


def test_filing_a_profile_with_unsaved_edits_saves_none_of_them(qtbot: QtBot, desktop: Desktop, folder: Path) -> None:
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
    row = desktop.window.profiles.model.entry_at(0)
    assert row.verdict is Verdict.CONNECTED
    assert ago(row.tested).endswith(" d")


# ---------------------------------------------------------------- several tests, history


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
    qtbot.waitUntil(lambda: all(row.verdict for row in model.rows))
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
