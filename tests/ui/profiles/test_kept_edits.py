"""Edits that were not saved when the program ended are open again in the next one, without their secrets."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pytestqt.qtbot import QtBot

from clearline.core.profiles.profile import Profile, Seeds
from clearline.core.secrets.secret import PASSWORD, Secret
from clearline.core.storage import store
from clearline.core.storage.unsaved_edits import Edit, UnsavedEdits
from clearline.ui.app import Desktop
from clearline.ui.profiles.open_profile import OpenProfile

MakeDesktop = Callable[..., Desktop]


@pytest.fixture
def unsaved(tmp_path: Path) -> Path:
    return tmp_path / "unsaved"


def a_profile(name: str, host: str) -> Profile:
    return Profile(id=name, name=name, seeds=Seeds(hosts=(host,)))


def left_behind(folder: Path, profile: Profile, *, saved: bool = False, foreign: bool = False) -> None:
    """What a program leaves that was killed."""
    UnsavedEdits(folder).close([Edit(profile=profile, saved_among_profiles=saved, from_elsewhere=foreign)])


def begun(qtbot: QtBot, make_desktop: MakeDesktop) -> Desktop:
    """A window that has opened what was left over."""
    desktop = make_desktop()
    keeper = desktop.workbench.kept_edits
    keeper.begin()
    desktop.workbench.storage.load_list()
    qtbot.waitUntil(lambda: keeper.has_begun)
    desktop.window.profiles.search.setFocus()
    return desktop


def opened(desktop: Desktop, name: str) -> OpenProfile:
    found = desktop.workbench.profiles.opened(name)
    assert found is not None
    return found


def written(folder: Path) -> str:
    texts = []
    for path in folder.glob("*.json"):
        with suppress(FileNotFoundError, PermissionError):  # the program removes them while this looks
            texts.append(path.read_text())
    return "".join(texts)


def test_half_a_login_is_not_written_while_it_is_typed(qtbot: QtBot, make_desktop: MakeDesktop, unsaved: Path) -> None:
    desktop = begun(qtbot, make_desktop)
    keeper, field = desktop.workbench.kept_edits, desktop.window.connection.field
    field.setFocus()
    for half in ("mongodb://ada:12345", "mongodb://ada:pa@ss"):
        field.selectAll()
        field.insert_text(half)
        keeper.write()
        qtbot.waitUntil(lambda: not keeper.is_writing)
        assert "12345" not in written(unsaved)
        assert "ss" not in written(unsaved)
    field.selectAll()
    field.insert_text("mongodb://ada:pa@ss@db1:27018/")
    desktop.window.profiles.search.setFocus()
    keeper.write()
    qtbot.waitUntil(lambda: "db1:27018" in written(unsaved))
    assert "pa@ss" not in written(unsaved)


def test_an_edit_is_written_without_its_password_and_goes_when_it_is_saved(
    qtbot: QtBot, make_desktop: MakeDesktop, unsaved: Path
) -> None:
    desktop = begun(qtbot, make_desktop)
    desktop.workbench.profiles.current.set_text(Secret("mongodb://ada:hunter2@db1:27018/"))
    desktop.workbench.kept_edits.write()
    qtbot.waitUntil(lambda: "db1:27018" in written(unsaved))
    assert "ada" in written(unsaved)
    assert "hunter2" not in written(unsaved)
    desktop.workbench.save()
    qtbot.waitUntil(lambda: not desktop.workbench.profiles.current.unsaved)
    desktop.workbench.kept_edits.write()
    qtbot.waitUntil(lambda: not written(unsaved))


def test_it_is_written_by_itself(qtbot: QtBot, make_desktop: MakeDesktop, unsaved: Path) -> None:
    desktop = begun(qtbot, make_desktop)
    desktop.workbench.profiles.current.set_text(Secret("mongodb://db1:27018/"))
    assert not unsaved.exists()
    qtbot.waitUntil(lambda: "db1:27018" in written(unsaved))


def test_an_edit_of_a_saved_profile_is_an_edit_of_it_again(
    qtbot: QtBot, make_desktop: MakeDesktop, tmp_path: Path, unsaved: Path, keyring_in_memory: Any
) -> None:
    saved = a_profile("shop", "db1:27017")
    path = store.save_in(tmp_path / "profiles", saved)
    left_behind(unsaved, a_profile("shop", "db2:27017"), saved=True)
    desktop = begun(qtbot, make_desktop)
    shop = opened(desktop, "shop")
    assert shop.unsaved
    assert (shop.saved, shop.path, shop.profile.seeds.hosts) == (saved, path, ("db2:27017",))
    assert shop is desktop.workbench.profiles.current
    assert "open again" in desktop.window.message
    assert desktop.window.unsaved.isVisible()
    assert not shop.from_elsewhere


def test_its_password_comes_from_the_keyring_as_always(qtbot: QtBot, make_desktop: MakeDesktop, unsaved: Path) -> None:
    desktop = begun(qtbot, make_desktop)
    current = desktop.workbench.profiles.current
    current.set_text(Secret("mongodb://ada:hunter2@db1:27017/"))
    desktop.workbench.save()
    qtbot.waitUntil(lambda: not current.unsaved)
    edited = msgspec.structs.replace(current.profile, notes="edited")
    left_behind(unsaved, edited, saved=True)
    again = begun(qtbot, make_desktop)
    qtbot.waitUntil(lambda: PASSWORD in opened(again, edited.id).secrets)
    assert opened(again, edited.id).profile.notes == "edited"


def test_a_connection_that_was_never_saved_is_new_again(qtbot: QtBot, make_desktop: MakeDesktop, unsaved: Path) -> None:
    left_behind(unsaved, a_profile("scratch", "db1:27017"))
    desktop = begun(qtbot, make_desktop)
    scratch = opened(desktop, "scratch")
    assert scratch.unsaved
    assert scratch.worth_keeping
    assert scratch.saved is None


def test_what_comes_from_elsewhere_stays_so_and_gets_no_other_profiles_place(
    qtbot: QtBot, make_desktop: MakeDesktop, tmp_path: Path, unsaved: Path
) -> None:
    store.save_in(tmp_path / "profiles", a_profile("shop", "db1:27017"))
    left_behind(unsaved, a_profile("shop", "evil:27017"), foreign=True)
    desktop = begun(qtbot, make_desktop)
    current = desktop.workbench.profiles.current
    assert current.profile.seeds.hosts == ("evil:27017",)
    assert current.profile.id != "shop"
    assert current.from_elsewhere
    assert desktop.workbench.profiles.opened("shop") is None


def test_an_edit_that_was_saved_after_all_is_not_told_of(
    qtbot: QtBot, make_desktop: MakeDesktop, tmp_path: Path, unsaved: Path
) -> None:
    saved = a_profile("shop", "db1:27017")
    store.save_in(tmp_path / "profiles", saved)
    left_behind(unsaved, saved, saved=True)
    desktop = begun(qtbot, make_desktop)
    assert desktop.workbench.profiles.opened("shop") is None
    assert not desktop.window.message
    desktop.workbench.kept_edits.write()
    qtbot.waitUntil(lambda: not written(unsaved))


def test_two_edits_of_one_profile_are_both_kept(qtbot: QtBot, make_desktop: MakeDesktop, unsaved: Path) -> None:
    for host in ("db1:27017", "db2:27017"):
        left_behind(unsaved, a_profile("scratch", host))
    desktop = begun(qtbot, make_desktop)
    hosts = {one.profile.seeds.hosts for one in desktop.workbench.profiles.all_open() if one.unsaved}
    assert hosts == {("db1:27017",), ("db2:27017",)}
    assert "2 connections" in desktop.window.message


def test_a_broken_file_is_told_of(qtbot: QtBot, make_desktop: MakeDesktop, unsaved: Path) -> None:
    unsaved.mkdir()
    (unsaved / "x.json").write_text("nonsense")
    desktop = begun(qtbot, make_desktop)
    assert "x.set-aside" in desktop.window.message


def test_a_proper_end_leaves_nothing_and_an_interrupt_keeps_the_edits(
    qtbot: QtBot, make_desktop: MakeDesktop, unsaved: Path
) -> None:
    left_behind(unsaved, a_profile("scratch", "db1:27017"))
    interrupted = begun(qtbot, make_desktop)
    interrupted.interrupt()
    assert "db1:27017" in written(unsaved)
    discarded = begun(qtbot, make_desktop)
    assert opened(discarded, "scratch").unsaved
    discarded.window.close()
    [discard] = [button for button in _buttons(discarded) if button.text() == "Discard"]
    discard.click()
    assert list(unsaved.iterdir()) == []


def _buttons(desktop: Desktop) -> list[Any]:
    from PySide6.QtWidgets import QPushButton

    return [button for button in desktop.window.findChildren(QPushButton) if button.isVisible()]


def test_a_disk_that_refuses_is_told_of_once(qtbot: QtBot, make_desktop: MakeDesktop, unsaved: Path) -> None:
    unsaved.write_text("in the way")
    desktop = begun(qtbot, make_desktop)
    desktop.workbench.profiles.current.set_text(Secret("mongodb://db1/"))
    desktop.workbench.kept_edits.write()
    qtbot.waitUntil(lambda: "survive a crash" in desktop.window.message)
