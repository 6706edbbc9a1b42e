from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt

from clearline.core.profile import Profile, Seeds
from clearline.core.report import Verdict
from clearline.ui.models.profiles import ProfileRole, ProfileRow, ProfilesModel

PROD = ProfileRow(Profile(id="1", name="Orders prod", seeds=Seeds(srv=True, hosts=("cluster0.abcde.mongodb.net",))))
STAGE = ProfileRow(Profile(id="2", name="Orders stage", seeds=Seeds(hosts=("db1:27017", "db2:27017"))), unsaved=True)
BROKEN = ProfileRow(Profile(id="3"), Path("old.json"), problem="old.json: $.version: too new")


def names(model):
    return [model.index(row).data() for row in range(model.rowCount())]


def test_the_model_behaves_as_qt_demands(qtmodeltester, qapp):
    model = ProfilesModel()
    model.show([PROD, STAGE, BROKEN])
    qtmodeltester.check(model)
    model.search("stage")
    qtmodeltester.check(model)


def test_the_search_looks_for_every_word_in_name_and_address(qapp):
    model = ProfilesModel()
    model.show([PROD, STAGE, BROKEN])
    model.search("ORDERS db1")
    assert names(model) == ["Orders stage"]
    model.search("")
    assert names(model) == ["Orders prod", "Orders stage", "old"]


def test_a_new_verdict_repaints_one_row(qapp):
    model = ProfilesModel()
    model.show([PROD, STAGE])
    repainted = []
    model.dataChanged.connect(lambda first, last: repainted.append((first.row(), last.row())))
    tested = ProfileRow(STAGE.profile, unsaved=True, verdict=Verdict.FAILED)
    model.show([PROD, tested])
    assert repainted == [(1, 1)]
    assert model.index(1).data(ProfileRole.VERDICT) is Verdict.FAILED
    assert model.index(1).data(Qt.ItemDataRole.AccessibleTextRole) == "Orders stage, db1:27017 +1, failed, unsaved"


def test_a_broken_file_is_listed_with_its_problem(qapp):
    model = ProfilesModel()
    model.show([BROKEN])
    assert model.index(0).data(ProfileRole.ADDRESS) == "$.version: too new"
    assert model.index(0).data(Qt.ItemDataRole.ToolTipRole) == "old.json: $.version: too new"
