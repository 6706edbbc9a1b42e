from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from clearline.ui.checks.sign_in import SignIn
from ui import played_checks as play


@pytest.fixture
def visited(qapp: QApplication) -> Iterator[list[Any]]:
    """Addresses that were opened, instead of a browser."""
    from PySide6.QtCore import QObject, Slot

    class Browser(QObject):
        def __init__(self) -> None:
            super().__init__()
            self.seen = []

        @Slot("QUrl")
        def go(self, url: QUrl) -> None:
            self.seen.append(url.toString())

    browser = Browser()
    for scheme in ("https", "http", "file"):
        QDesktopServices.setUrlHandler(scheme, browser, "go")
    yield browser.seen
    for scheme in ("https", "http", "file"):
        QDesktopServices.unsetUrlHandler(scheme)


@pytest.fixture
def sign_in(make_desktop: Callable[..., Any]) -> SignIn:
    return SignIn(make_desktop(play.waiting()).window)


def from_thread(call: Callable[..., Any], *args: str | None) -> None:
    thread = threading.Thread(target=call, args=args)
    thread.start()
    thread.join()


def test_the_page_opens_by_itself_and_the_dialog_goes_with_the_test(
    qtbot: QtBot, sign_in: SignIn, visited: list[Any]
) -> None:
    from_thread(sign_in.prompt, "https://login.example.com/authorize?x=1", None)
    qtbot.waitUntil(lambda: sign_in.dialog is not None)
    assert visited == ["https://login.example.com/authorize?x=1"]
    assert "login.example.com" in sign_in.dialog.said.text()
    from_thread(sign_in.end, "https://login.example.com/authorize?x=2")
    QCoreApplication.sendPostedEvents()
    assert sign_in.dialog is not None  # that was somebody else's
    from_thread(sign_in.end, "https://login.example.com/authorize?x=1")
    qtbot.waitUntil(lambda: sign_in.dialog is None)


def test_a_code_is_shown_and_copied_before_the_page_is_opened(
    qtbot: QtBot, sign_in: SignIn, visited: list[Any]
) -> None:
    from_thread(sign_in.prompt, "https://login.example.com/device", "ABCD-EFGH")
    qtbot.waitUntil(lambda: sign_in.dialog is not None)
    dialog = sign_in.dialog
    assert (dialog.code.text(), visited) == ("ABCD-EFGH", [])
    copy = next(button for button in dialog.findChildren(QPushButton) if button is not dialog.open_page)
    copy.click()
    assert QGuiApplication.clipboard().text() == "ABCD-EFGH"
    dialog.open_page.click()
    assert visited == ["https://login.example.com/device"]
    dialog.close()


def test_only_web_pages_are_opened(qtbot: QtBot, sign_in: SignIn, visited: list[Any]) -> None:
    from_thread(sign_in.prompt, "file:///usr/bin/anything", None)
    from_thread(sign_in.prompt, "https://login.example.com/", "CODE")
    qtbot.waitUntil(lambda: sign_in.dialog is not None)
    assert visited == []
    assert sign_in.dialog.code.text() == "CODE"
    sign_in.dialog.close()
