"""Profiles that are saved and listed: what a window shows of them, and what stands on the disk."""

from __future__ import annotations

import asyncio
import itertools
import json
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from clearline.core.profiles.profile import Auth, Profile, Seeds
from clearline.core.report.report import Verdict
from clearline.core.secrets.secret import Secret
from clearline.core.storage import store
from clearline.ui.app import Desktop
from clearline.ui.models.profiles import ProfileRole
from clearline.ui.panels.batch_window import BatchWindow
from clearline.ui.profiles.open_profile import Origin
from clearline.ui.widgets.questions import Question
from ui import played_checks as play

ORDERS = Profile(id="a" * 32, name="Orders", seeds=Seeds(hosts=("db1:27017",)), auth=Auth(user="app"))
CONTROL = Qt.KeyboardModifier.ControlModifier


def profile(name: str, host: str = "db1:27017", **more: bool | str) -> Profile:
    return Profile(name=name, seeds=Seeds(hosts=(host,)), **more)


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


def edit(desktop: Desktop, text: str) -> None:
    desktop.workbench.profiles.current.set_text(Secret(text), Origin.ELSEWHERE)


def change_file(folder: Path, name: str, **changes: dict[str, list[str]]) -> None:
    [stored] = [one for one in store.list_profiles(folder) if one.profile and one.profile.name == name]
    document = json.loads(stored.path.read_text())
    document.update(changes)
    stored.path.write_text(json.dumps(document))


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


def visible(desktop: Desktop, kind: Any = Question) -> list[Question]:
    return [d for d in desktop.window.findChildren(QDialog) if type(d) is kind and d.isVisible()]


def saved_text(folder: Path, name: str) -> tuple[str, ...]:
    return on_disk(folder)[name].seeds.hosts
