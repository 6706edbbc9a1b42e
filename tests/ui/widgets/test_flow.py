from __future__ import annotations

from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from clearline.ui.widgets.flow import Flow


def test_a_row_is_measured_anew_when_something_in_it_changes(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    page = QWidget(window)
    flow = Flow()
    around = QVBoxLayout(page)
    around.addLayout(flow)
    buttons = [QPushButton(text) for text in ("one", "two", "three")]
    for button in buttons:
        flow.addWidget(button)
    window.show()
    narrow = max(button.sizeHint().width() for button in buttons) + 1
    all_three, widest = flow.heightForWidth(narrow), flow.minimumSize().width()

    buttons[0].hide()
    around.activate()
    assert flow.heightForWidth(narrow) < all_three
    buttons[0].show()
    around.activate()
    assert flow.heightForWidth(narrow) == all_three

    buttons[1].setText("something that is much longer than it was")
    around.activate()
    assert flow.minimumSize().width() > widest
    taken = flow.takeAt(1)
    assert taken is not None
    assert flow.minimumSize().width() == widest
    assert flow.heightForWidth(narrow) < all_three
