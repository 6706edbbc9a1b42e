"""The preview of an import: what is ticked is what is saved."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from clearline.core.exchange.imported import ImportedItem
from clearline.core.exchange.planning import Choice, plan
from clearline.core.exchange.saving import ItemResult, Outcome
from clearline.core.profiles.profile import Auth, Pool, Profile, Seeds
from clearline.core.secrets.secret import PASSWORD, Secret
from clearline.ui.models.imports import ImportColumn, ImportsModel

OLD = Profile(id="old", name="Old", seeds=Seeds(hosts=("db1",)))
ITEMS = (
    ImportedItem(
        name="New",
        profile=Profile(name="New", folder="Work", seeds=Seeds(hosts=("db2",)), auth=Auth(user="app")),
        secrets={PASSWORD: Secret("hunter2")},
        kept_foreign=("proxyHost",),
    ),
    ImportedItem(
        name="Old",
        profile=Profile(id="old", name="Old", seeds=Seeds(hosts=("db1",)), pool=Pool(max_pool_size=5)),
        has_identity=True,
        whole=True,
    ),
    ImportedItem(name="Broken", problem="There is no host in the connection string."),
)


def made() -> ImportsModel:
    model = ImportsModel()
    model.show(plan(ITEMS, [OLD]))
    return model


def column(model: ImportsModel, which: ImportColumn) -> list[str]:
    return [model.index(row, which).data() for row in range(model.rowCount())]


def tick(model: ImportsModel, row: int, on: bool) -> bool:
    state = Qt.CheckState.Checked if on else Qt.CheckState.Unchecked
    return model.setData(model.index(row, ImportColumn.CHOICE), state.value, Qt.ItemDataRole.CheckStateRole)


def test_the_model_behaves_as_qt_demands(qtmodeltester: Any, qapp: QApplication) -> None:
    model = made()
    qtmodeltester.check(model)
    model.show_results([ItemResult(outcome=Outcome.IMPORTED)] * 3)
    qtmodeltester.check(model)
    model.show(())
    qtmodeltester.check(model)


def test_a_row_says_everything_but_the_secret(qapp: QApplication) -> None:
    model = made()
    assert column(model, ImportColumn.NAME) == ["New", "Old", "Broken"]
    assert column(model, ImportColumn.STATE) == ["new", "changed", "invalid"]
    assert column(model, ImportColumn.FOLDER) == ["Work", "", ""]
    assert column(model, ImportColumn.ADDRESS) == ["mongodb://app@db2/", "mongodb://db1/?maxPoolSize=5", ""]
    assert column(model, ImportColumn.CHOICE) == ["add", "skip", ""]
    assert model.words(0) == "PyMongo ignores, kept: proxyHost"
    assert model.words(1) == "Differs from Old: pool.maxPoolSize: not set → 5"
    assert model.words(2) == "There is no host in the connection string."
    assert "hunter2" not in str([column(model, which) for which in ImportColumn])


def test_a_tick_takes_and_no_tick_leaves(qapp: QApplication) -> None:
    model = made()
    assert model.taken == 1
    assert tick(model, 1, True)
    assert model.choices[1] is Choice.REPLACE, "the same connection, newer"
    assert tick(model, 0, False)
    assert model.choices[0] is Choice.SKIP
    assert not tick(model, 2, True), "nothing can be made of it"
    model.take_all(True)
    assert model.taken == 2
    model.take_all(False)
    assert model.taken == 0


def test_what_is_saved_already_is_chosen_for_together(qapp: QApplication) -> None:
    model = made()
    model.choose_for_known(Choice.COPY)
    assert column(model, ImportColumn.CHOICE) == ["add", "add a copy", ""]
    model.choose(0, Choice.REPLACE)
    assert model.choices[0] is Choice.COPY, "there is nothing to replace"


def test_thousands_are_ticked_with_one_repaint(qapp: QApplication) -> None:
    model = ImportsModel()
    items = [ImportedItem(name=str(n), profile=Profile(seeds=Seeds(hosts=(f"h{n}",)))) for n in range(2000)]
    model.show(plan(items, []))
    repaints = []
    model.dataChanged.connect(lambda first, last: repaints.append((first.row(), last.row())))
    model.take_all(False)
    assert (model.taken, repaints) == (0, [(0, 1999)])


def test_results_stand_in_the_place_of_states_and_end_all_choosing(qapp: QApplication) -> None:
    model = made()
    model.show_results(
        [
            ItemResult(outcome=Outcome.IMPORTED),
            ItemResult(outcome=Outcome.FAILED, words="No space left on device"),
            ItemResult(outcome=Outcome.SKIPPED),
        ]
    )
    assert column(model, ImportColumn.STATE) == ["imported", "failed", "skipped"]
    assert model.words(1).startswith("No space left on device")
    assert not tick(model, 0, False)
    assert not model.flags(model.index(0, 0)) & Qt.ItemFlag.ItemIsUserCheckable
