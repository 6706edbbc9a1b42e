"""The strip of stages paints what turns, and nothing beside it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRect
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from clearline.core.findings import STAGES, Stage
from clearline.core.report.report import Report, StageResult, Status
from clearline.ui.panels.stage_strip import StageStrip
from ui import played_checks as play


class Painted(QObject):
    def __init__(self) -> None:
        super().__init__()
        self.places: list[QRect] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QPaintEvent):
            self.places.append(event.region().boundingRect())
        return False


def running_at(*stages: Stage) -> Report:
    made = play.report(None)
    results = tuple(
        StageResult(stage=stage, status=Status.RUNNING if stage in stages else Status.PASSED) for stage in STAGES
    )
    return type(made)(**{name: getattr(made, name) for name in made.__struct_fields__} | {"stages": results})


def test_what_turns_is_painted_alone(qtbot: QtBot) -> None:
    strip = StageStrip()
    qtbot.addWidget(strip)
    strip.resize(1000, strip.sizeHint().height())
    strip.show_report(running_at(Stage.TLS))
    strip.show()
    QApplication.processEvents()
    painted = Painted()
    strip.installEventFilter(painted)
    strip.turn()
    QApplication.processEvents()
    assert painted.places
    assert max(place.width() for place in painted.places) < strip.width() / 5
    painted.places.clear()
    strip.show_report(running_at())
    QApplication.processEvents()
    assert max(place.width() for place in painted.places) == strip.width()
    painted.places.clear()
    strip.turn()
    QApplication.processEvents()
    assert painted.places == []


def test_a_part_that_is_painted_alone_looks_as_in_the_whole(qtbot: QtBot) -> None:
    strip = StageStrip()
    qtbot.addWidget(strip)
    strip.resize(1000, strip.sizeHint().height())
    strip.show_report(running_at(Stage.TLS, Stage.AUTH))
    part = QRect(300, 0, 333, strip.height())
    assert strip.grab(part).toImage() == strip.grab().toImage().copy(part)
