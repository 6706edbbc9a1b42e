from __future__ import annotations

import contextlib
import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QApplication, QScrollArea, QWidget

from clearline.ui.app import Desktop
from clearline.ui.window.main_window import MainWindow

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import keyring.backend
import pytest
from PySide6.QtCore import QEvent
from pytestqt.qtbot import QtBot
from pytestqt.wait_signal import SignalBlocker

from clearline.core.keyring.vault import MEMORY_SERVICE, Vault
from clearline.ui.app import compose
from ui import passing_time


class KeyringInMemory(keyring.backend.KeyringBackend):
    """A keyring that works and leaves nothing behind."""

    priority = 1
    name = "test keyring"

    def __init__(self) -> None:
        super().__init__()
        self.kept = {}
        self.memories = {}

    def _of(self, service: str) -> dict[tuple[str, ...], str]:
        return self.memories if service == MEMORY_SERVICE else self.kept

    def get_password(self, service: str, username: str) -> str | None:
        return self._of(service).get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._of(service)[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self._of(service)[service, username]


_MUCH = 100_000
"""New objects that may hold others: what one or two windows are made of."""


@pytest.fixture(scope="session", autouse=True)
def _collected_here() -> Iterator[None]:
    """As in the program, widgets in cycles are never destroyed by a worker's thread; see `ui.background.collecting`."""
    gc.disable()
    gc.collect()
    gc.freeze()
    yield
    gc.collect()
    gc.enable()


@pytest.fixture(autouse=True)
def _collected_between() -> Iterator[None]:
    """Between two tests, and only where there is something: a collection takes as long as a small test."""
    assert not gc.isenabled(), "another test has switched the automatic collection on"
    yield
    if gc.get_count()[0] > _MUCH:
        gc.collect()
        gc.freeze()  # what is left is imported or kept for good: the next time need not walk over it


@pytest.fixture(scope="session")
def qapp_args() -> list[str]:
    return ["clearline", "-style", "fusion"]  # as the program makes its own


_AT_FIRST_MS = (1, 1, 1, 2, 2, 4, 4)
_PATIENCE_MS = 60_000


class PatientBot(QtBot):
    """Gives up late: on a computer with much else to do, only what never comes is a failure.

    Looks again soon at first, lets the pauses pass that the window makes (see `passing_time`), and what it shows in
    several turns be shown.
    """

    def waitUntil(self, callback: Callable[..., Any], *, timeout: int = _PATIENCE_MS) -> None:
        self._wait_until(callback, timeout)
        while passing_time.is_showing():
            QApplication.processEvents()

    def _wait_until(self, callback: Callable[..., Any], timeout: int) -> None:
        def met() -> Any:
            try:
                so = callback()
            except AssertionError:
                passing_time.advance()
                raise
            if so is False:
                passing_time.advance()
            return so

        for look_again_ms in _AT_FIRST_MS:
            with contextlib.suppress(AssertionError):
                if met() in (None, True):
                    return
            self.wait(look_again_ms)
        super().waitUntil(met, timeout=timeout)

    def waitSignal(self, signal: Any, *, timeout: int = _PATIENCE_MS, **more: Any) -> SignalBlocker:
        return super().waitSignal(signal, timeout=timeout, **more)

    def waitActive(self, widget: Any, *, timeout: int = _PATIENCE_MS) -> Any:
        return super().waitActive(widget, timeout=timeout)

    def waitExposed(self, widget: QScrollArea | QWidget | MainWindow, *, timeout: int = _PATIENCE_MS) -> Any:
        return super().waitExposed(widget, timeout=timeout)


@pytest.fixture
def qtbot(qapp: QApplication, request: pytest.FixtureRequest) -> QtBot:
    return PatientBot(request)


@pytest.fixture
def keyring_in_memory() -> Any:
    return KeyringInMemory()


@pytest.fixture
def make_desktop(
    qtbot: QtBot, qapp: QApplication, tmp_path: Path, keyring_in_memory: Any
) -> Iterator[Callable[..., Any]]:
    """Composes the window as the program does, with a check and a watch of the test's choice."""
    made = []

    def make(check: Any = None, *, watch: Any = None, show: bool = True, vault: Vault | None = None) -> Desktop:
        vault = vault or Vault(keyring_in_memory, tmp_path / "servers.json")
        desktop = compose(qapp, check=check, watch=watch, vault=vault, folder=tmp_path / "profiles")
        made.append(desktop)
        if show:
            with qtbot.waitActive(desktop.window), qtbot.waitExposed(desktop.window):
                desktop.window.show()
                desktop.window.activateWindow()
        return desktop

    yield make
    for desktop in made:
        desktop.window.close()
        assert desktop.workbench.close(), "a line did not end"
        assert desktop.crashes.texts == []
    qapp.processEvents()  # what was on its way still finds its window
    for desktop in made:  # at once: every widget that is left is polished again with the next window's style sheet
        desktop.window.deleteLater()
        qapp.sendPostedEvents(desktop.window, QEvent.Type.DeferredDelete.value)
    # As the program comes up: the next window, or the page that the next test builds alone, takes three times as long
    # to build under a style sheet.
    qapp.setStyleSheet("")
