"""What changes several times in one go is laid out once."""

from __future__ import annotations

from PySide6.QtCore import QRect
from PySide6.QtWidgets import QApplication, QLabel, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from clearline.ui.widgets.laid_out import laid_out_once


class Counting(QVBoxLayout):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.times = 0
        self.setSizeConstraint(QVBoxLayout.SizeConstraint.SetNoConstraint)

    def setGeometry(self, rect: QRect) -> None:
        self.times += 1
        super().setGeometry(rect)


def around(qtbot: QtBot) -> tuple[QWidget, QWidget, Counting, list[QLabel]]:
    window = QWidget()
    qtbot.addWidget(window)
    panel = QWidget(window)
    column = Counting(panel)
    labels = [QLabel("One of several.") for _ in range(5)]
    for label in labels:
        label.hide()
        column.addWidget(label)
    panel.resize(300, 300)
    window.resize(400, 400)
    window.show()
    QApplication.processEvents()
    return window, panel, column, labels


def test_children_that_are_shown_are_laid_out_together(qtbot: QtBot) -> None:
    _window, panel, column, labels = around(qtbot)
    column.times = 0
    with laid_out_once(panel):
        for label in labels:
            label.show()
    QApplication.processEvents()
    assert column.times == 1
    assert [label.y() for label in labels] == sorted({label.y() for label in labels})


def test_a_widget_that_is_shown_meanwhile_is_laid_out_too(qtbot: QtBot) -> None:
    _window, panel, _column, labels = around(qtbot)
    panel.hide()
    QApplication.processEvents()
    with laid_out_once(panel):
        for label in labels:
            label.show()
        panel.show()
    QApplication.processEvents()
    assert [label.y() for label in labels] == sorted({label.y() for label in labels})
