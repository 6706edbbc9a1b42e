from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QThread
from pytestqt.qtbot import QtBot

from clearline.core.keyring.vault import SERVICE
from clearline.core.profiles.profile import Auth, Profile, Seeds
from clearline.core.report.report import Verdict
from clearline.core.secrets.secret import PASSWORD, Secret
from clearline.ui.checks.batch import AT_ONCE, Batch
from clearline.ui.models.profile_rows import ProfileRow
from ui import played_checks as play


def rows(count: int) -> list[ProfileRow]:
    return [
        ProfileRow(Profile(id=f"p{n}", name=f"P{n}", seeds=Seeds(hosts=("db1:27017",)), auth=Auth(user="app")))
        for n in range(count)
    ]


@pytest.fixture
def batch(make_desktop: Callable[..., Any], keyring_in_memory: Any) -> Iterator[Callable[..., Any]]:
    """Makes a test of several that is closed with the window behind it."""
    made = []

    def make(
        check: Any,
        count: int,
        typed: dict[str, dict[str, Secret]] | None = None,
        withheld: dict[str, str] | None = None,
    ) -> Batch:
        desktop = make_desktop(play.waiting(), show=False)
        for n in range(count):
            keyring_in_memory.kept.setdefault((SERVICE, f"p{n}/{PASSWORD}"), "kept")
        one = Batch(check, desktop.workbench.storage, desktop.workbench.pump, rows(count), typed or {}, withheld or {})
        made.append(one)
        return one

    yield make
    for one in made:
        one.close()
        assert all(worker.ended_within(60_000) for worker in one.workers)


def test_each_runs_in_a_worker_thread_of_its_own_and_never_more_than_eight(
    qtbot: QtBot, batch: Callable[..., Any]
) -> None:
    threads, gate = set(), []

    async def check(*_: Any, **__: Any) -> Any:
        threads.add(QThread.currentThread())
        event = asyncio.Event()
        gate.append((asyncio.get_running_loop(), event))
        await event.wait()
        return replace(play.connected())

    one = batch(check, 10)
    one.start()
    qtbot.waitUntil(lambda: len(gate) == AT_ONCE)
    assert len(threads) == AT_ONCE
    assert one.model.summary() == "8 testing, 2 waiting"
    for number in range(10):
        qtbot.waitUntil(lambda number=number: len(gate) > number)
        loop, event = gate[number]
        loop.call_soon_threadsafe(event.set)
    qtbot.waitUntil(lambda: one.model.summary() == "10 connected")
    assert not one.running


def test_typed_secrets_come_before_those_of_the_keyring(
    qtbot: QtBot, batch: Callable[..., Any], keyring_in_memory: Any
) -> None:
    used: dict[str, dict[str, Any]] = {}

    async def check(profile: Profile, secrets: dict[str, Secret], *_: Any, **__: Any) -> Any:
        used[profile.name] = dict(secrets)
        return play.connected()

    for name in ("p0", "p1"):
        keyring_in_memory.set_password(SERVICE, f"{name}/{PASSWORD}", "from-the-keyring")
    one = batch(check, 2, typed={"p0": {PASSWORD: Secret("just-typed")}})
    with qtbot.waitSignal(one.finished):
        one.start()
    assert {name: found[PASSWORD].reveal() for name, found in used.items()} == {
        "P0": "just-typed",
        "P1": "from-the-keyring",
    }


def test_a_bug_in_one_check_is_told_and_the_others_go_on(qtbot: QtBot, batch: Callable[..., Any]) -> None:
    async def check(profile: Profile, *_: Any, **__: Any) -> Any:
        if profile.name == "P0":
            raise RuntimeError("a bug")
        return play.connected()

    one = batch(check, 10)
    broken = []
    one.broke.connect(broken.append)
    with qtbot.waitSignal(one.finished):
        one.start()
    assert [str(error) for error in broken] == ["a bug"]
    assert one.model.summary() == "9 connected, 1 stopped"


@pytest.mark.parametrize("count", [0, 3])
def test_nothing_to_test_is_over_at_once(qtbot: QtBot, batch: Callable[..., Any], count: int) -> None:
    one = batch(play.waiting(), count, withheld={f"p{n}": "It asks first." for n in range(count)})
    with qtbot.waitSignal(one.finished):
        one.start()
    assert not one.running


def test_stopping_before_the_first_step_begins_nothing(qtbot: QtBot, batch: Callable[..., Any]) -> None:
    check = play.waiting()
    one = batch(check, 20)
    with qtbot.waitSignal(one.finished):
        one.start()
        one.stop()
    assert one.model.summary() == "20 stopped"
    one.close()
    assert all(worker.ended_within(60_000) for worker in one.workers)
    assert check.running == 0


def test_every_report_is_told_with_its_verdict(qtbot: QtBot, batch: Callable[..., Any]) -> None:
    told = []
    one = batch(play.playing(play.connected()), 3)
    one.reported.connect(lambda row, secrets, report: told.append((row.name, report.verdict)))
    with qtbot.waitSignal(one.finished):
        one.start()
    assert sorted(told) == [(f"P{n}", Verdict.CONNECTED) for n in range(3)]
