from __future__ import annotations

import pytest
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from clearline.ui.widgets.editors import put_into, scroll_area
from clearline.ui.widgets.tab_order import stops_in

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # a panel shown alone is a window


def test_the_keyboard_visits_what_scrolls_after_what_stands_above_however_far_it_is_scrolled(qtbot: QtBot) -> None:
    pane, page, area = QWidget(), QWidget(), scroll_area()
    above, below, fields = QLineEdit(), QLineEdit(), [QLineEdit() for _ in range(30)]
    inside, column = QVBoxLayout(page), QVBoxLayout(pane)
    for field in fields:
        inside.addWidget(field)
    put_into(area, page)
    for widget in (above, area, below):
        column.addWidget(widget)
    qtbot.addWidget(pane)
    pane.resize(300, 300)
    pane.show()
    bar = area.verticalScrollBar()
    for place in (0, bar.maximum() // 2, bar.maximum()):
        bar.setValue(place)
        assert stops_in(pane) == [above, *fields, below]
