from __future__ import annotations

import gc
import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import keyring.backend
import pytest
from PySide6.QtCore import QEvent
from pytestqt.qtbot import QtBot

from clearline.core.keyring.vault import MEMORY_SERVICE, Vault
from clearline.ui.app import compose


class KeyringInMemory(keyring.backend.KeyringBackend):
    """A keyring that works and leaves nothing behind."""

    priority = 1
    name = "test keyring"

    def __init__(self):
        super().__init__()
        self.kept = {}
        self.memories = {}

    def _of(self, service):
        return self.memories if service == MEMORY_SERVICE else self.kept

    def get_password(self, service, username):
        return self._of(service).get((service, username))

    def set_password(self, service, username, password):
        self._of(service)[service, username] = password

    def delete_password(self, service, username):
        del self._of(service)[service, username]


_MUCH = 100_000
"""New objects that may hold others: what one or two windows are made of."""


@pytest.fixture(scope="session", autouse=True)
def _collected_here():
    """As in the program, widgets in cycles are never destroyed by a worker's thread; see `ui.background.collecting`."""
    gc.disable()
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
    gc.collect()
    gc.enable()


@pytest.fixture(autouse=True)
def _collected_between():
    """Between two tests, and only where there is something: a collection takes as long as a small test."""
    yield
    if gc.get_count()[0] > _MUCH:
        gc.collect()


@pytest.fixture(scope="session")
def qapp_args():
    return ["clearline"]


class PatientBot(QtBot):
    """Gives up late: on a computer with much else to do, only what never comes is a failure."""

    def waitUntil(self, callback, *, timeout=20_000):
        super().waitUntil(callback, timeout=timeout)

    def waitActive(self, widget, *, timeout=20_000):
        return super().waitActive(widget, timeout=timeout)

    def waitExposed(self, widget, *, timeout=20_000):
        return super().waitExposed(widget, timeout=timeout)


@pytest.fixture
def qtbot(qapp, request):
    return PatientBot(request)


@pytest.fixture
def keyring_in_memory():
    return KeyringInMemory()


@pytest.fixture
def make_desktop(qtbot, qapp, tmp_path, keyring_in_memory):
    """Composes the window as the program does, with a check and a watch of the test's choice."""
    made = []

    def make(check=None, *, watch=None, show=True, vault=None):
        vault = vault or Vault(keyring_in_memory)
        if not made:
            qapp.setStyleSheet("")  # as the program comes up: building under a style sheet takes three times as long
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
