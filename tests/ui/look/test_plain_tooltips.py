"""No tooltip is ever taken for HTML, whoever wrote its text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtWidgets import QApplication, QLabel, QToolTip

import clearline.ui
from ui import played_checks as play


@pytest.mark.qt_log_ignore("This plugin does not support raise")  # offscreen
@pytest.mark.parametrize("text", ["x<img src='/dev/zero'>:1", "<b>bold</b>", "<!DOCTYPE html><p>x", "plain"])
def test_a_tooltip_shows_its_text_as_it_is(make_desktop: Callable[..., Any], text: str) -> None:
    desktop = make_desktop(play.waiting())
    QToolTip.showText(QPoint(5, 5), text, desktop.window)
    [tip] = [one for one in QApplication.topLevelWidgets() if one.inherits("QTipLabel")]
    assert isinstance(tip, QLabel)
    assert tip.textFormat() is Qt.TextFormat.PlainText
    assert tip.text() == text
    tip.deleteLater()  # Qt lets it stand for a while after it was hidden, and the next one would be this one again
    QApplication.sendPostedEvents(tip, QEvent.Type.DeferredDelete.value)


def test_nothing_else_of_qt_that_guesses_html_is_used() -> None:
    folder = Path(clearline.ui.__file__).parent
    sources = [path.read_text("utf-8") for path in folder.rglob("*.py")]
    assert any("QToolTip {" in source for source in sources)
    assert not [source for source in sources if "setWhatsThis" in source or "WhatsThisRole" in source]
