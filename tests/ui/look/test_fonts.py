"""The system is asked for its faces once, and each caller may change its own."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtGui import QFont, QFontDatabase
from PySide6.QtWidgets import QApplication

from clearline.ui.look import theme


def test_the_system_is_asked_once(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    theme.body_font()
    theme.mono_font()

    def asked_again(*_arguments: Any) -> QFont:
        raise AssertionError

    monkeypatch.setattr(QFontDatabase, "systemFont", asked_again)
    changed = theme.body_font()
    changed.setPointSizeF(40)
    assert theme.body_font().pointSizeF() != 40
    theme.mono_font().setItalic(True)
    assert not theme.mono_font().italic()
