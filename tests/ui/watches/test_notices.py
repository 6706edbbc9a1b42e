"""What is told on the desktop is text, whatever a server calls itself."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtWidgets import QSystemTrayIcon, QWidget
from pytestqt.qtbot import QtBot

from clearline.ui.watches.notices import Notices

EVIL = 'x<img src="/dev/zero"><a href="file:///etc">:27017\x1b[2J\u202e' + "y" * 9000


def test_no_name_of_a_server_is_markup_of_the_desktop(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    monkeypatch.setattr(QSystemTrayIcon, "isSystemTrayAvailable", staticmethod(lambda: True))
    monkeypatch.setattr(QSystemTrayIcon, "show", lambda _tray: None)  # there is no tray to show it in
    monkeypatch.setattr(QSystemTrayIcon, "showMessage", lambda _tray, *said: told.append(said))
    monkeypatch.setattr(QSystemTrayIcon, "setToolTip", lambda _tray, *said: told.append(said))
    window = QWidget()
    qtbot.addWidget(window)
    notices = Notices(window, told.append)
    notices.tell(EVIL, EVIL, bad=True)
    notices.show_summary(EVIL)
    texts = [text for said in told for text in said if isinstance(text, str)]
    assert len(texts) == 3
    for text in texts:
        assert not set("<>") & set(text)
        assert text.isprintable()
        assert "img src" in text
        assert len(text) < 600
