"""The questions of an SSH server reach the user, and their answers the login."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QWidget
from pytestqt.qtbot import QtBot

from clearline.core.hops.asking import Prompt, Question, ShownKey
from clearline.ui.checks.hop_questions import AnswersDialog, HopQuestions, KeyDialog

QUESTION = Question("bastion:22", "<b>PAM</b>", "One code, please.", (Prompt("User: ", echo=True), Prompt("Code: ")))
KEY = ShownKey("bastion:22", "ssh-ed25519", "SHA256:abc")


class Elsewhere:
    """A loop of another thread, as a worker has it."""

    def __init__(self, asked: Callable[[], Awaitable[Any]]) -> None:
        self.result: list[Any] = []
        self.task: asyncio.Task[Any] | None = None
        self._asked = asked
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        async def ask() -> None:
            self.task = asyncio.current_task()
            self.result.append(await self._asked())

        try:
            self.loop.run_until_complete(ask())
        except asyncio.CancelledError:
            self.result.append("cancelled")
        self.loop.close()


def shown(qtbot: QtBot, asker: HopQuestions) -> QDialog:
    qtbot.waitUntil(lambda: bool(asker.dialogs))
    [dialog] = asker.dialogs.values()
    return dialog


def test_answers_are_given_and_typed_in_secret(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    asker = HopQuestions(window)
    elsewhere = Elsewhere(lambda: asker.answers(QUESTION))
    dialog = shown(qtbot, asker)
    assert isinstance(dialog, AnswersDialog)
    assert [entry.echoMode().name for entry in dialog.entries] == ["Normal", "Password"]
    for entry, text in zip(dialog.entries, ("me", "123456"), strict=True):
        entry.setText(text)
    dialog.accept()
    qtbot.waitUntil(lambda: bool(elsewhere.result))
    assert [secret.reveal() for secret in elsewhere.result[0]] == ["me", "123456"]
    qtbot.waitUntil(lambda: not asker.dialogs)


def test_a_closed_dialog_is_no_answer(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    asker = HopQuestions(window)
    elsewhere = Elsewhere(lambda: asker.answers(QUESTION))
    shown(qtbot, asker).reject()
    qtbot.waitUntil(lambda: elsewhere.result == [None])


def test_a_stopped_test_takes_its_question_away(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    asker = HopQuestions(window)
    elsewhere = Elsewhere(lambda: asker.answers(QUESTION))
    shown(qtbot, asker)
    assert elsewhere.task is not None
    elsewhere.loop.call_soon_threadsafe(elsewhere.task.cancel)
    qtbot.waitUntil(lambda: elsewhere.result == ["cancelled"])
    qtbot.waitUntil(lambda: not asker.dialogs)


def test_a_key_is_not_trusted_by_enter(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    asker = HopQuestions(window)
    elsewhere = Elsewhere(lambda: asker.trusts(KEY))
    dialog = shown(qtbot, asker)
    assert isinstance(dialog, KeyDialog)
    assert dialog.fingerprint.text() == "SHA256:abc"
    box = dialog.findChild(QDialogButtonBox)
    assert box.button(QDialogButtonBox.StandardButton.Cancel).isDefault()
    box.button(QDialogButtonBox.StandardButton.Ok).click()
    qtbot.waitUntil(lambda: elsewhere.result == [True])
