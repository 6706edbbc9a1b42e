"""What a hop asks during a test or a watch: the questions of an SSH server, and whether its key is the right one."""

from __future__ import annotations

import asyncio
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from clearline.core.hops.asking import Question, ShownKey
from clearline.core.secrets.secret import Secret
from clearline.ui.look import theme
from clearline.ui.widgets.labels import WrappedLabel, section

_LONGEST_FINGERPRINT = 60
"""Letters; that of SHA-256 has 50."""


class HopQuestions(QObject):
    """The `Asker` of the window: awaited in the loops of the workers, answered in the window's thread."""

    came = Signal(object)
    went = Signal(object)

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self.dialogs: dict[object, QDialog] = {}
        self.came.connect(self._show, Qt.ConnectionType.QueuedConnection)
        self.went.connect(self._end, Qt.ConnectionType.QueuedConnection)

    async def answers(self, question: Question) -> tuple[Secret, ...] | None:
        """One answer for each prompt; None when the dialog is closed."""
        answered: tuple[Secret, ...] | None = await self._asked(question)
        return answered

    async def trusts(self, key: ShownKey) -> bool:
        """Whether the user says that the key is the right one."""
        return bool(await self._asked(key))

    async def _asked(self, what: Question | ShownKey) -> Any:
        asking = _Asking(what)
        self.came.emit(asking)
        try:
            return await asking.answer
        finally:
            self.went.emit(asking)  # also when the test was stopped

    def _show(self, asking: _Asking) -> None:
        if asking.over:
            return
        what = asking.what
        dialog = AnswersDialog(what, self._window) if isinstance(what, Question) else KeyDialog(what, self._window)
        self.dialogs[asking] = dialog

        def finished(_result: int) -> None:
            self.dialogs.pop(asking, None)
            asking.give(dialog.given())

        dialog.finished.connect(finished)
        dialog.open()

    def _end(self, asking: _Asking) -> None:
        asking.over = True
        if (dialog := self.dialogs.pop(asking, None)) is not None:
            dialog.close()


class _Asking:
    """One question on its way between the threads."""

    def __init__(self, what: Question | ShownKey) -> None:
        self.what = what
        self._loop = asyncio.get_running_loop()
        self.answer: asyncio.Future[Any] = self._loop.create_future()
        self.over = False

    def give(self, value: object) -> None:
        """In the window's thread: hand it over, if it is still waited for."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._take, value)

    def _take(self, value: object) -> None:
        if not self.answer.done():
            self.answer.set_result(value)


class AnswersDialog(QDialog):
    """The server's words as they are, and an entry for each of its questions."""

    def __init__(self, question: Question, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("A question on the way")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(True)
        form = QFormLayout()
        form.setHorizontalSpacing(theme.GRID * 2)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        self.entries: list[QLineEdit] = []
        for prompt in question.prompts:
            entry = QLineEdit()
            entry.setAccessibleName(prompt.text.strip() or "Answer")
            if not prompt.echo:
                entry.setEchoMode(QLineEdit.EchoMode.Password)
            self.entries.append(entry)
            form.addRow(_plain(prompt.text.strip() or "Answer"), entry)
        column = _column(self, f"{question.server} asks")
        for words in (question.title, question.instructions):
            if words.strip():
                column.addWidget(WrappedLabel(words.strip()[:500]))
        column.addLayout(form)
        column.addWidget(WrappedLabel("It is used once, for this login, and kept nowhere.", "muted"))
        column.addWidget(_buttons(self, "Answer"))
        self.resize(theme.scaled(theme.GRID * 56), self.sizeHint().height())
        if self.entries:
            self.entries[0].setFocus()

    def given(self) -> tuple[Secret, ...] | None:
        """What was typed; None when it was cancelled."""
        if self.result() != QDialog.DialogCode.Accepted:
            return None
        return tuple(Secret(entry.text()) for entry in self.entries)


class KeyDialog(QDialog):
    """The fingerprint of a server that is not known yet. Nothing is agreed to by Enter."""

    def __init__(self, key: ShownKey, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("An SSH server for the first time")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(True)
        column = _column(self, key.server)
        known = f" Known of it is another kind of key ({', '.join(key.known)})." if key.known else ""
        column.addWidget(
            WrappedLabel(
                f"This SSH server is not known here yet.{known} Compare its key with what its administrator says: "
                "another computer on the way would show another one."
            )
        )
        self.fingerprint = QLineEdit(key.fingerprint)
        self.fingerprint.setReadOnly(True)
        theme.write_in(self.fingerprint, theme.Face.MONO)
        self.fingerprint.setAccessibleName("Fingerprint")
        self.fingerprint.setCursorPosition(0)
        # All of it is to be compared: none of it may be out of sight.
        width = self.fingerprint.fontMetrics().horizontalAdvance(key.fingerprint[:_LONGEST_FINGERPRINT])
        self.fingerprint.setMinimumWidth(width + theme.GRID * 4)
        form = QFormLayout()
        form.setHorizontalSpacing(theme.GRID * 2)
        form.addRow("Kind of key", _plain(key.key_type))
        form.addRow("Fingerprint", self.fingerprint)
        column.addLayout(form)
        column.addWidget(WrappedLabel("What you trust is kept in Clearline's own list of known hosts.", "muted"))
        buttons = _buttons(self, "Trust this key", primary=False)
        column.addWidget(buttons)
        buttons.button(QDialogButtonBox.StandardButton.Cancel).setDefault(True)
        self.resize(max(theme.GRID * 64, width + theme.GRID * 22), max(theme.GRID * 36, self.sizeHint().height()))

    def given(self) -> bool:
        """Whether it was agreed to."""
        return self.result() == QDialog.DialogCode.Accepted


def _column(dialog: QDialog, title: str) -> QVBoxLayout:
    column = QVBoxLayout(dialog)
    column.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)  # some platforms cannot change it
    column.setContentsMargins(20, 20, 20, 16)
    column.setSpacing(theme.GRID * 2)
    column.addWidget(section(title))
    return column


def _plain(words: str) -> QLabel:
    label = QLabel(words[:200])
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    return label


def _buttons(dialog: QDialog, words: str, *, primary: bool = True) -> QDialogButtonBox:
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
    ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
    ok.setText(words)
    if primary:
        ok.setObjectName("primary")
    ok.setDefault(primary)
    ok.setAutoDefault(primary)
    buttons.accepted.connect(dialog.accept)
    buttons.rejected.connect(dialog.reject)
    return buttons
