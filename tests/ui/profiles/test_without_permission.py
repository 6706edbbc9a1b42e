"""A folder that may not be read or written any more: the window says so, keeps its list and loses no edit."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from pytestqt.qtbot import QtBot

from clearline.core.profiles.profile import Profile, Seeds
from clearline.core.storage import store
from lab.rights import of_an_owner
from ui import played_checks as play

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")

ORDERS = Profile(id="p1", name="Orders", seeds=Seeds(hosts=("db1:27017",)))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    made = tmp_path / "profiles"
    store.save_in(made, ORDERS)
    with of_an_owner():
        yield made
    made.chmod(0o700)


@pytest.mark.parametrize("mode", [0, 0o400])
def test_a_list_that_cannot_be_read_again_stays(
    folder: Path, qtbot: QtBot, make_desktop: Callable[..., Any], mode: int
) -> None:
    desktop = make_desktop(play.waiting())
    storage = desktop.workbench.storage
    qtbot.waitUntil(lambda: desktop.window.profiles.model.rowCount() == 1)
    folder.chmod(mode)
    with qtbot.waitSignal(storage.problem) as told:
        storage.load_list()
    assert "Permission denied" in told.args[0]
    assert desktop.window.profiles.model.rowCount() == 1
    folder.chmod(0o700)
    store.save_in(folder, replace(ORDERS, id="p2", name="Billing"))
    storage.load_list()
    qtbot.waitUntil(lambda: desktop.window.profiles.model.rowCount() == 2)


@pytest.mark.qt_log_ignore("inotify_add_watch")  # nothing tells of changes there
def test_a_file_from_elsewhere_opens_although_the_folder_cannot_be_read(
    folder: Path, tmp_path: Path, qtbot: QtBot, make_desktop: Callable[..., Any]
) -> None:
    store.save(replace(ORDERS, id="p3", name="Sent"), tmp_path / "sent.json")
    folder.chmod(0)
    desktop = make_desktop(play.waiting())
    desktop.workbench.storage.load(tmp_path / "sent.json")
    qtbot.waitUntil(lambda: desktop.workbench.profiles.current.profile.name == "Sent")


def test_an_edit_that_cannot_be_saved_is_still_there(
    folder: Path, qtbot: QtBot, make_desktop: Callable[..., Any]
) -> None:
    desktop = make_desktop(play.waiting())
    storage, profiles = desktop.workbench.storage, desktop.workbench.profiles
    qtbot.waitUntil(lambda: desktop.window.profiles.model.rowCount() == 1)
    profiles.choose(ORDERS.id)
    qtbot.waitUntil(lambda: profiles.current.profile.id == ORDERS.id)
    edited = replace(ORDERS, seeds=Seeds(hosts=("db2:27017",)))
    profiles.current.set_profile(edited)
    folder.chmod(0o500)
    with qtbot.waitSignal(storage.problem) as told:
        desktop.workbench.save()
    assert "Permission denied" in told.args[0]
    assert (profiles.current.profile, profiles.current.unsaved) == (edited, True)
    assert store.list_profiles(folder)[0].profile == ORDERS
    folder.chmod(0o700)
    desktop.workbench.save()
    qtbot.waitUntil(lambda: not profiles.current.unsaved)
    assert store.list_profiles(folder)[0].profile == edited
