"""Small questions: a name, a note, what to do with two versions, whether to lose something. No logic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QLayout,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from clearline.ui.look import theme
from clearline.ui.widgets.labels import WrappedLabel, section

_WIDTH: Final = theme.GRID * 58
_TALLEST: Final = theme.GRID * 40


class Question(QDialog):
    """A heading, words, and one button for each answer; Esc is the last one."""

    def __init__(
        self,
        parent: QWidget,
        title: str,
        words: str,
        answers: tuple[tuple[str, Callable[[], object]], ...],
        *,
        primary: int = 0,
        details: QWidget | None = None,
    ) -> None:
        """``answers`` are words and what they do; the last one also stands for closing the dialog."""
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(True)
        column = _column(self)
        column.addWidget(_said(words))
        if details is not None:
            column.addWidget(details)
        foot = QHBoxLayout()
        foot.setSpacing(theme.GRID)
        foot.addStretch(1)
        self.buttons: dict[str, QPushButton] = {}
        for number, (answer, act) in enumerate(answers):
            button = self.buttons[answer] = QPushButton(answer)
            button.setAutoDefault(number == primary)
            if number == primary:
                button.setObjectName("primary")
                button.setDefault(True)
            button.clicked.connect(lambda _checked=False, act=act: self._answer(act))
            foot.addWidget(button)
        self._otherwise = answers[-1][1]
        self._answered = False
        self.rejected.connect(self._on_rejected)
        column.addLayout(foot)
        width = max(_WIDTH, column.sizeHint().width())
        height = column.totalHeightForWidth(width) if column.hasHeightForWidth() else column.sizeHint().height()
        self.resize(width, height)

    def _answer(self, act: Callable[[], object]) -> None:
        if self._answered:
            return
        self._answered = True
        self.accept()
        act()

    def withdraw(self) -> None:
        """Close it without any answer: it is no longer asked."""
        if not self._answered:
            self._answered = True
            self.reject()

    def _on_rejected(self) -> None:
        if not self._answered:
            self._answered = True
            self._otherwise()


class LineQuestion(QDialog):
    """One line of text; ``answered`` is called with it."""

    def __init__(self, parent: QWidget, title: str, text: str, answered: Callable[[str], object]) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(True)
        self.entry = QLineEdit(text)
        self.entry.setAccessibleName(title)
        self.entry.setMaxLength(200)
        self.entry.setMinimumWidth(theme.GRID * 44)
        self.entry.selectAll()
        column = _column(self)
        column.addWidget(section(title))
        column.addWidget(self.entry)
        column.addWidget(_ok_and_cancel(self))
        self.accepted.connect(lambda: answered(self.entry.text().strip()))


class NotesQuestion(QDialog):
    """Several lines of text; ``answered`` is called with them."""

    def __init__(self, parent: QWidget, title: str, text: str, answered: Callable[[str], object]) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(True)
        self.entry = QPlainTextEdit(text)
        self.entry.setAccessibleName(title)
        self.entry.setTabChangesFocus(True)
        column = _column(self)
        column.addWidget(section(title))
        column.addWidget(self.entry, 1)
        column.addWidget(WrappedLabel("Notes are saved in the profile's file, which others may read.", "muted"))
        column.addWidget(_ok_and_cancel(self))
        self.resize(theme.GRID * 60, theme.GRID * 36)
        self.accepted.connect(lambda: answered(self.entry.toPlainText().strip()))


def _said(words: str) -> QWidget:
    """The words as they are; very many, which others may have written, scroll, so that the buttons stay in reach."""
    said = WrappedLabel(words)
    said.setMinimumWidth(_WIDTH - 40)
    if said.heightForWidth(_WIDTH - 40) <= _TALLEST:
        return said
    said.setAlignment(Qt.AlignmentFlag.AlignTop)
    area = QScrollArea()
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidgetResizable(True)
    said.setObjectName("page")
    said.setMinimumWidth(0)
    area.setWidget(said)
    area.setMinimumSize(_WIDTH - 40, _TALLEST)
    return area


def _column(dialog: QDialog) -> QVBoxLayout:
    column = QVBoxLayout(dialog)
    column.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)  # some platforms cannot change it
    column.setContentsMargins(20, 20, 20, 16)
    column.setSpacing(theme.GRID * 2)
    return column


def _ok_and_cancel(dialog: QDialog) -> QDialogButtonBox:
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
    buttons.button(QDialogButtonBox.StandardButton.Ok).setObjectName("primary")
    buttons.accepted.connect(dialog.accept)
    buttons.rejected.connect(dialog.reject)
    return buttons
