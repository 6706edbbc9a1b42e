from __future__ import annotations

from typing import Any

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from clearline.core.findings import Certainty
from clearline.ui.models.findings import FindingRole, FindingsModel
from ui.played_checks import STALE_SET, WRONG_NAME


def test_the_model_behaves_as_qt_demands(qtmodeltester: Any, qapp: QApplication) -> None:
    model = FindingsModel()
    model.show((WRONG_NAME, STALE_SET))
    qtmodeltester.check(model)


def test_a_finding_that_became_surer_is_repainted_in_place(qapp: QApplication) -> None:
    model = FindingsModel()
    model.show((WRONG_NAME, STALE_SET))
    resets, repainted = [], []
    model.modelReset.connect(lambda: resets.append(1))
    model.dataChanged.connect(lambda first, _last: repainted.append(first.row()))
    model.show((WRONG_NAME, msgspec.structs.replace(STALE_SET, certainty=Certainty.PROVEN)))
    assert (resets, repainted) == ([], [1])


def test_severity_and_certainty_are_words_too(qapp: QApplication) -> None:
    model = FindingsModel()
    model.show((STALE_SET,))
    assert model.index(0).data(FindingRole.SUBTITLE) == "Warning · likely · TCP · db3.example.com:27017"
    assert model.index(0).data(Qt.ItemDataRole.AccessibleTextRole).startswith("Warning, likely: Member db3")
