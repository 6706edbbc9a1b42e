"""The help: keys and words, found by a search."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from clearline.ui.panels.help_dialog import HelpDialog

KEYS = (("Test", "Ctrl+Enter"), ("Next pane", "F6"))


@pytest.fixture
def host(qtbot: QtBot) -> Any:
    made = QWidget()
    qtbot.addWidget(made)
    return made


def test_words_and_keys_are_found(host: QWidget | str) -> None:
    dialog = HelpDialog(KEYS, host)
    assert "proven" in dialog.page.plain()
    dialog.search.setText("f6")
    assert "Next pane" in dialog.page.plain()
    assert "Ctrl+Enter" not in dialog.page.plain()
    dialog.search.setText("no such thing")
    assert dialog.page.plain() == "Nothing of that name."


def test_the_list_of_keys_holds_nothing_else(host: QWidget | str) -> None:
    assert "proven" not in HelpDialog(KEYS, host, first="keys").page.plain()
