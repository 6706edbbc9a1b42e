"""The same check from another place: the command for the engine that is there, and what its report says differs."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from clearline.core.snippets.elsewhere import Elsewhere
from clearline.ui.look import theme
from clearline.ui.widgets.labels import WrappedLabel
from clearline.ui.widgets.rich_text import RichText

_AFTER_MS: Final = 250
_SIZE: Final = (theme.GRID * 104, theme.GRID * 76)
_SMALLEST: Final = (theme.GRID * 72, theme.GRID * 56)
_PASTE_HERE: Final = "Paste the report that the command printed, or drop its file here."
_DECIDING: Final = 3


class PlacesDialog(QDialog):
    """Shows what it is told, and reads nothing itself. Stays open beside the window."""

    text_entered = Signal(str)
    file_chosen = Signal(object)
    """A `Path`."""
    copied = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("This check from another place")
        self.setMinimumSize(*_SMALLEST)
        self.resize(*_SIZE)
        self.setAcceptDrops(True)
        self._ways: Sequence[Elsewhere] = ()
        self._words: list[str] | None = None
        self._problem = ""
        self.engine = QComboBox()
        self.engine.setAccessibleName("Where it is to run")
        self.engine.currentIndexChanged.connect(self._show_way)
        self.command = QPlainTextEdit(readOnly=True)
        theme.write_in(self.command, theme.Face.MONO)
        self.command.setAccessibleName("Command")
        self.command.setTabChangesFocus(True)
        self.note = WrappedLabel(role="muted")
        self.copy = QPushButton("Copy")
        self.copy.clicked.connect(self._copy)
        self.field = QPlainTextEdit()
        theme.write_in(self.field, theme.Face.MONO)
        self.field.setAccessibleName("Report of the other place")
        self.field.setPlaceholderText(_PASTE_HERE)
        self.field.setTabChangesFocus(True)
        self.field.setAcceptDrops(False)  # the whole dialog takes files
        self._pause = QTimer(self, singleShot=True, interval=_AFTER_MS)
        self.field.textChanged.connect(self._pause.start)
        self._pause.timeout.connect(self._enter)
        self.page = RichText("What differs")
        self.open_file = QPushButton("Open a report…")
        self.open_file.clicked.connect(self._ask_file)
        close = QPushButton("Close")
        close.clicked.connect(self.reject)
        for button in (self.copy, self.open_file, close):
            button.setAutoDefault(False)
        self._lay_out(close)
        self.page.show_page(self._html)

    def _lay_out(self, close: QPushButton) -> None:
        first = QHBoxLayout()
        label = QLabel("&Run this check from")
        label.setBuddy(self.engine)
        first.addWidget(label)
        first.addWidget(self.engine, 1)
        first.addWidget(self.copy)
        second = QHBoxLayout()
        what = QLabel("&Compare with its report")
        what.setBuddy(self.field)
        second.addWidget(what, 1)
        second.addWidget(self.open_file)
        end = QHBoxLayout()
        end.addStretch(1)
        end.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(theme.GRID)
        column.addLayout(first)
        column.addWidget(self.command, 3)
        column.addWidget(self.note)
        column.addLayout(second)
        column.addWidget(self.field, 2)
        column.addWidget(self.page, 4)
        column.addLayout(end)

    # ------------------------------------------------------------ the command

    def show_ways(self, ways: Sequence[Elsewhere]) -> None:
        """Offer these engines."""
        self._ways = ways
        self.engine.clear()
        self.engine.addItems([way.title for way in ways])

    def _show_way(self, index: int) -> None:
        if 0 <= index < len(self._ways):
            self.command.setPlainText(self._ways[index].text)
            self.note.setText(f"{self._ways[index].note} Words in capital letters are yours to fill in.")

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.command.toPlainText())
        self.copied.emit()

    # ------------------------------------------------------------ the report

    def show_differences(self, words: Sequence[str]) -> None:
        """Show what differs, what decides first; empty: nothing does."""
        self._words, self._problem = list(words), ""
        self.page.show_page(self._html)

    def show_problem(self, problem: str) -> None:
        """Say in one sentence why there is nothing to compare."""
        self._words, self._problem = None, problem
        self.page.show_page(self._html)

    def _enter(self) -> None:
        text = self.field.toPlainText()
        if text.strip():
            self.text_entered.emit(text)
        else:
            self.show_problem("")

    def _ask_file(self) -> None:
        dialog = QFileDialog(self, "Open a report", "", "Reports (*.json);;All files (*)")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda chosen: self.file_chosen.emit(Path(chosen)))
        dialog.open()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take one file of this computer."""
        urls = event.mimeData().urls()
        if len(urls) == 1 and urls[0].isLocalFile():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Compare with the file."""
        self.file_chosen.emit(Path(event.mimeData().urls()[0].toLocalFile()))
        event.acceptProposedAction()

    def _html(self) -> str:
        c = theme.colours()
        if self._problem:
            return f"<p>{escape(self._problem)}</p>"
        if self._words is None:
            hint = "What differs between the two places is told here, what decides first."
            return f'<p style="color:{c.muted}">{hint}</p>'
        if not self._words:
            return "<p>Nothing that the two reports tell is different.</p>"
        first = "".join(f"<li>{escape(words)}</li>" for words in self._words[:_DECIDING])
        others = "".join(f'<li style="color:{c.muted}">{escape(words)}</li>' for words in self._words[_DECIDING:])
        return f"<ul>{first}{others}</ul>"
