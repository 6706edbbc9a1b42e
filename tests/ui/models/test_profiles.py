from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from clearline.core.profiles.profile import Auth, Profile, Seeds
from clearline.core.report.report import Verdict
from clearline.ui.models.profile_rows import FAVOURITES, RECENT, Order, ProfileRow
from clearline.ui.models.profiles import ProfileRole, ProfilesModel, ago

PROD = ProfileRow(Profile(id="1", name="Orders prod", seeds=Seeds(srv=True, hosts=("cluster0.abcde.mongodb.net",))))
STAGE = ProfileRow(Profile(id="2", name="Orders stage", seeds=Seeds(hosts=("db1:27017", "db2:27017"))), unsaved=True)
BROKEN = ProfileRow(Profile(id="3"), Path("old.json"), problem="old.json: $.version: too new")


def names(model: ProfilesModel) -> list[str]:
    return [model.index(row).data() for row in range(model.rowCount())]


def test_the_model_behaves_as_qt_demands(qtmodeltester: Any, qapp: QApplication) -> None:
    model = ProfilesModel()
    model.show([PROD, STAGE, BROKEN])
    qtmodeltester.check(model)
    model.search("stage")
    qtmodeltester.check(model)


def test_the_search_looks_for_every_word_in_name_and_address(qapp: QApplication) -> None:
    model = ProfilesModel()
    model.show([PROD, STAGE, BROKEN])
    model.search("ORDERS db1")
    assert names(model) == ["Orders stage"]
    model.search("")
    assert names(model) == ["Orders prod", "Orders stage", "old"]


def at(model: ProfilesModel, place: int) -> ProfileRow:
    entry = model.entry_at(place)
    assert isinstance(entry, ProfileRow)
    return entry


def test_a_new_verdict_repaints_one_row(qapp: QApplication) -> None:
    model = ProfilesModel()
    model.show([PROD, STAGE])
    repainted = []
    model.dataChanged.connect(lambda first, last: repainted.append((first.row(), last.row())))
    tested = ProfileRow(STAGE.profile, unsaved=True, verdict=Verdict.FAILED)
    model.show([PROD, tested])
    assert repainted == [(1, 1)]
    assert at(model, 1).verdict is Verdict.FAILED
    assert model.index(1).data(Qt.ItemDataRole.AccessibleTextRole) == "Orders stage, db1:27017 +1, failed, unsaved"


def test_numbers_in_names_are_sorted_by_value(qapp: QApplication) -> None:
    model = ProfilesModel()
    listed = ["db10.example.com", "db2.example.com", "db1.example.com", "DB3.example.com", "orders 9", "orders 10"]
    model.show([ProfileRow(Profile(id=name, name=name)) for name in listed])
    assert names(model) == [
        "db1.example.com",
        "db2.example.com",
        "DB3.example.com",
        "db10.example.com",
        "orders 9",
        "orders 10",
    ]


@pytest.mark.parametrize(
    ("profile", "line"),
    [
        (Profile(name="Orders", seeds=Seeds(hosts=("db1:27017",))), "db1:27017"),
        (Profile(seeds=Seeds(hosts=("db1:27017",))), "no login"),
        (Profile(name="db1:27017", seeds=Seeds(hosts=("db1:27017",))), "no login"),
        (Profile(seeds=Seeds(hosts=("db1", "db2")), auth=Auth(user="app")), "+1 · as app"),
        (Profile(seeds=Seeds(srv=True, hosts=("db.example.com",)), auth=Auth(user="app")), "SRV · as app"),
        (Profile(seeds=Seeds(hosts=("db1",)), auth=Auth(mechanism="MONGODB-X509")), "MONGODB-X509"),
        (Profile(), ""),
    ],
)
def test_the_second_line_does_not_repeat_the_first(qapp: QApplication, profile: Profile, line: str) -> None:
    model = ProfilesModel()
    model.show([ProfileRow(profile)])
    assert at(model, 0).said == line


def test_a_broken_file_is_listed_with_its_problem(qapp: QApplication) -> None:
    model = ProfilesModel()
    model.show([BROKEN])
    assert at(model, 0).said == "$.version: too new"
    assert model.index(0).data(Qt.ItemDataRole.ToolTipRole) == "old.json: $.version: too new"


def row(name: str, **more: bool | Verdict | str | None) -> ProfileRow:
    tested, verdict, path = more.pop("tested", None), more.pop("verdict", None), more.pop("path", Path("x.json"))
    return ProfileRow(Profile(id=name, name=name, **more), path, tested=tested, verdict=verdict)


def test_headings_are_counted_told_and_never_chosen(qapp: QApplication, qtmodeltester: Any) -> None:
    model = ProfilesModel()
    model.show([row("B", folder="Team/Prod"), row("A", folder="Team/Prod"), row("C")])
    qtmodeltester.check(model)
    assert names(model) == ["C", "Team / Prod", "A", "B"]
    heading = model.index(1)
    assert heading.data(ProfileRole.HEADING) == (2, False)
    assert heading.data(Qt.ItemDataRole.AccessibleTextRole) == "Team / Prod, 2 profiles, unfolded"
    assert not model.flags(heading) & Qt.ItemFlag.ItemIsSelectable
    assert model.headings == (1,)


def test_a_folder_called_favourites_is_not_the_favourites(qapp: QApplication) -> None:
    model = ProfilesModel()
    model.show([row("A", folder=FAVOURITES), row("B", favourite=True), row("C", folder=RECENT)])
    assert names(model) == [FAVOURITES, "B", FAVOURITES, "A", RECENT, "C"]
    model.fold(model.heading_at(0))
    assert names(model) == [FAVOURITES, FAVOURITES, "A", RECENT, "C"]


def test_what_is_folded_is_found_and_folded_again_afterwards(qapp: QApplication) -> None:
    model = ProfilesModel()
    model.show([row("A", folder="Team")])
    model.fold(model.heading_at(0))
    assert names(model) == ["Team"]
    assert model.row_of("A") == -1
    model.search("a")
    assert names(model) == ["Team", "A"]
    model.search("")
    assert names(model) == ["Team"]


def test_recent_strings_stand_last_in_the_order_they_come_in_whatever_the_order(qapp: QApplication) -> None:
    model = ProfilesModel()
    recent = [
        ProfileRow(Profile(id=f"recent:{n}"), recent=f"mongodb://{host}/", verdict=verdict)
        for n, (host, verdict) in enumerate((("z", Verdict.CONNECTED), ("a", Verdict.FAILED)))
    ]
    model.show([*recent, row("A")])
    for order in Order:
        model.sort(order)
        assert names(model) == ["A", RECENT, "z", "a"]


def test_what_was_never_saved_stands_first_under_its_heading(qapp: QApplication) -> None:
    model = ProfilesModel()
    model.show([row("A"), row("Z", path=None)])
    assert names(model) == ["Z", "A"]


def test_while_a_name_is_typed_its_row_stays_and_afterwards_it_is_sorted(qapp: QApplication) -> None:
    model = ProfilesModel()
    first, second = row("A"), row("B")
    model.show([first, second])
    renamed = ProfileRow(replace(first.profile, name="Zebra"), first.path)
    model.update(renamed)
    assert names(model) == ["Zebra", "B"]
    model.show([renamed, ProfileRow(replace(second.profile, name="Bee"), second.path)])
    assert names(model) == ["Bee", "Zebra"]


def test_a_finished_check_moves_its_profile_where_the_order_says(qapp: QApplication) -> None:
    model = ProfilesModel()
    model.sort(Order.LAST_TESTED)
    model.show([row("A", tested="2026-01-02T00:00:00Z"), row("B", tested="2026-01-01T00:00:00Z")])
    model.update(row("B", tested="2026-01-03T00:00:00Z", verdict=Verdict.FAILED))
    assert names(model) == ["B", "A"]


def test_who_looks_while_rows_go_still_finds_the_rows_that_are_shown(qapp: QApplication) -> None:
    model = ProfilesModel()
    model.show([row("A"), row("B"), row("C")])
    seen = []
    model.modelAboutToBeReset.connect(lambda: seen.append(names(model)))
    model.show([row("C")])
    assert seen == [["A", "B", "C"]]
    assert names(model) == ["C"]


@pytest.mark.parametrize(
    ("seconds", "words"), [(5, "now"), (300, "5 min"), (7200, "2 h"), (200_000, "2 d"), (-30, "now")]
)
def test_how_long_ago_a_check_was(seconds: int, words: str) -> None:
    started = datetime.now(UTC) - timedelta(seconds=seconds)
    assert ago(started.isoformat().replace("+00:00", "Z")) == words


@pytest.mark.parametrize("started", [None, "", "yesterday"])
def test_without_a_time_nothing_is_said(started: str | None) -> None:
    assert ago(started) == ""


def test_a_profile_without_a_name_is_called_by_its_host() -> None:
    unnamed = Profile(seeds=Seeds(hosts=("db1.example.com:27018",)))
    assert ProfileRow(unnamed).name == "db1.example.com:27018"
    assert ProfileRow(unnamed, Path("profile-f849c6f1.json")).name == "db1.example.com:27018"
    assert ProfileRow(replace(unnamed, name="Orders")).name == "Orders"
    assert ProfileRow(Profile()).name == "New connection"


def test_a_row_that_is_saved_stays_where_it_was(tmp_path: Path) -> None:
    model = ProfilesModel()
    saved = ProfileRow(Profile(id="a" * 32, name="Able"), path=tmp_path / "able.json")
    unsaved = ProfileRow(Profile(id="b" * 32, name="Zebra"), unsaved=True)
    model.show([saved, unsaved])
    assert [model.index(n).data() for n in range(2)] == ["Zebra", "Able"]
    model.show([saved, dataclasses.replace(unsaved, path=tmp_path / "zebra.json", unsaved=False)])
    assert [model.index(n).data() for n in range(2)] == ["Zebra", "Able"]
