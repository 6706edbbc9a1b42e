from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from clearline.core.profiles.profile import Profile, Seeds
from clearline.ui.models.exports import ExportsModel


def test_the_model_behaves_as_qt_demands_and_holds_what_is_ticked(qtmodeltester: Any, qapp: QApplication) -> None:
    model = ExportsModel()
    model.show(
        [
            Profile(id="a", name="Orders", folder="Work", seeds=Seeds(hosts=("db1",))),
            Profile(id="b", seeds=Seeds(hosts=("h",))),
        ],
        ["b"],
    )
    qtmodeltester.check(model)
    assert [profile.id for profile in model.chosen] == ["b"]
    model.tick(None)
    assert len(model.chosen) == 2
    assert model.setData(model.index(0), Qt.CheckState.Unchecked.value, Qt.ItemDataRole.CheckStateRole)
    assert [profile.id for profile in model.chosen] == ["b"]
