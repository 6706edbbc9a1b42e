"""Importing: where from, what is in it, what to do with each, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from html import escape
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from clearline.core.exchange.imported import Imported, ImportProblem, NeedsPassphrase, WrongPassphrase
from clearline.core.exchange.planning import PlannedItem
from clearline.core.exchange.saving import ItemResult, Outcome
from clearline.core.secrets.secret import Secret
from clearline.ui.look import theme
from clearline.ui.look.icons import LabelledButton
from clearline.ui.look.style_sheet import restyle
from clearline.ui.panels.import_preview import ImportPreview
from clearline.ui.widgets.editors import SecretEntry
from clearline.ui.widgets.labels import WrappedLabel
from clearline.ui.widgets.marks import StatusIcon

_FILES: Final = "All files (*);;JSON (*.json *.jsonc);;Environment files (.env *.env);;Text (*.txt *.uri)"
_SIZE: Final = (theme.GRID * 130, theme.GRID * 74)
_SMALLEST: Final = (theme.GRID * 76, theme.GRID * 48)
_KINDS: Final = (
    ("Clearline", "exports, plain or encrypted"),
    ("Compass", "exported connections, plain or with a passphrase"),
    ("Robo 3T", "robo3t.json"),
    ("Studio 3T", "exported connection strings"),
    ("DBeaver", "data-sources.json"),
    ("VS Code", "settings with mdb.presetConnections"),
    (".env", "files with connection strings"),
    ("Any text", "one connection string a line"),
)
_OUTSIDE: Final = "Clearline asks before it connects to an imported connection for the first time, if there is need to."


class _Page(Enum):
    CHOOSE = 0
    TABLE = 1
    EMPTY = 2


class ImportDialog(QDialog):
    """Shows what it is told and asks; reads and saves nothing itself."""

    files_chosen = Signal(object)
    """Files to read: a list of paths."""
    text_given = Signal(str)
    """A pasted text to read."""
    passphrase_given = Signal(object)
    """A `Secret` to read the same again with."""
    import_requested = Signal()
    """Carry out the choices of `model`."""

    def __init__(self, parent: QWidget | None = None, folders: tuple[str, ...] = ()) -> None:
        """``folders`` are those of the list, to import into."""
        super().__init__(parent)
        self.setWindowTitle("Import connections")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(True)
        self.setAcceptDrops(True)
        self.setSizeGripEnabled(True)
        self.setMinimumSize(*_SMALLEST)
        self.preview = ImportPreview(folders)
        self.model = self.preview.model
        self.preview.choices_changed.connect(self._on_choices)
        self._make_source()
        self._make_passphrase()
        self._make_foot()
        self._lay_out()
        self.show_page(_Page.CHOOSE)
        self.resize(*_SIZE)
        self.choose.setFocus()

    # ------------------------------------------------------------ parts

    def _make_source(self) -> None:
        self.choose = LabelledButton("folder", "Choose files…")
        self.choose.setAutoDefault(False)
        self.choose.clicked.connect(self._ask_files)
        self.paste = LabelledButton("copy", "Paste")
        self.paste.setToolTip("Read what is on the clipboard (Ctrl+V)")
        self.paste.setAutoDefault(False)
        self.paste.clicked.connect(self._paste)
        self.source = QLabel()
        self.source.setTextFormat(Qt.TextFormat.PlainText)
        self.source.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.mark = StatusIcon()
        self.said = WrappedLabel()
        self.said.setAccessibleName("Message")
        self.said_row = QWidget()
        row = QHBoxLayout(self.said_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.mark, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.said, 1)

    def _make_passphrase(self) -> None:
        self.passphrase = SecretEntry("Passphrase", "the file's passphrase")
        self.passphrase.setMaximumWidth(theme.GRID * 44)
        self.passphrase.entry.returnPressed.connect(self._give_passphrase)
        self.unlock = QPushButton("Open")
        self.unlock.setAutoDefault(False)
        self.unlock.clicked.connect(self._give_passphrase)
        self.wrong = QLabel()
        self.wrong.setProperty("role", "failure")
        self.passphrase_row = QWidget()
        row = QHBoxLayout(self.passphrase_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GRID)
        label = QLabel("Passphrase")
        label.setBuddy(self.passphrase.entry)
        row.addWidget(label)
        row.addWidget(self.passphrase, 1)
        row.addWidget(self.unlock)
        row.addWidget(self.wrong, 1)

    def _make_foot(self) -> None:
        self.note = WrappedLabel(_OUTSIDE, "muted")
        self.cancel = QPushButton("Cancel")
        self.cancel.setAutoDefault(False)
        self.cancel.clicked.connect(self.reject)
        self.import_ = QPushButton("Import")
        self.import_.setObjectName("primary")
        self.import_.setDefault(True)
        self.import_.clicked.connect(self._import)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(theme.GRID)
        top.addWidget(self.choose)
        top.addWidget(self.paste)
        top.addSpacing(theme.GRID)
        top.addWidget(self.source, 1)

        known = QLabel(
            "<p>Choose files, drop them here, or paste what you copied. Clearline reads:</p><table cellspacing='6'>"
            + "".join(f"<tr><td><b>{escape(n)}</b>&nbsp;</td><td>{escape(what)}</td></tr>" for n, what in _KINDS)
            + "</table>"
        )
        known.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Maximum)
        welcome = QWidget()
        QVBoxLayout(welcome).addWidget(known, 0, Qt.AlignmentFlag.AlignCenter)
        self.pages = QStackedWidget()
        self.pages.addWidget(welcome)
        self.pages.addWidget(self.preview)
        self.pages.addWidget(QWidget())

        foot = QHBoxLayout()
        foot.setSpacing(theme.GRID)
        foot.addWidget(self.note, 1)
        foot.addWidget(self.cancel)
        foot.addWidget(self.import_)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(20, 16, 20, 16)
        whole.setSpacing(theme.GRID + 4)
        whole.addLayout(top)
        whole.addWidget(self.passphrase_row)
        whole.addWidget(self.said_row)
        whole.addWidget(self.pages, 1)
        whole.addLayout(foot)
        self.passphrase_row.hide()
        self.said_row.hide()

    # ------------------------------------------------------------ what it is told

    def show_reading(self, source: str) -> None:
        """Something is being read."""
        self.source.setText(source)
        self.source.setToolTip(source)
        self._say("running", "accent", "Reading…")
        self._enable(False)

    def show_problem(self, problem: ImportProblem) -> None:
        """It could not be read; a passphrase is asked for where that is the reason."""
        self._enable(True)
        match problem:
            case NeedsPassphrase() | WrongPassphrase():
                wrong = isinstance(problem, WrongPassphrase)
                self.wrong.setText("Wrong passphrase, or a damaged file." if wrong else "")
                restyle(self.passphrase.entry, "mistake", "failure" if wrong else "")
                self.passphrase_row.show()
                self._say("lock", "muted", "Give the passphrase that it was exported with.")
                self.show_page(_Page.EMPTY)
                self.passphrase.entry.setFocus()
                self.passphrase.entry.selectAll()
            case _:
                self.passphrase_row.hide()
                self._say("failed", "failed", str(problem))
                self.show_page(_Page.CHOOSE)

    def show_plan(self, imported: Imported, planned: Sequence[PlannedItem]) -> None:
        """Show what was read and how it stands to what is saved."""
        self._enable(True)
        self.passphrase_row.hide()
        self.passphrase.show_secret(None)
        self.said_row.hide()
        self.preview.show_plan(imported, planned)
        self.show_page(_Page.TABLE)
        self.preview.table.setFocus()

    def show_results(self, results: Sequence[ItemResult]) -> None:
        """Say what became of every item; only closing is left."""
        self.preview.show_results(results)
        if any(result.outcome is Outcome.FAILED for result in results):
            self._say("warning", "warning", "Not everything could be saved.")
        else:
            self.said_row.hide()
        for button in (self.choose, self.paste):
            button.setEnabled(False)
        self.cancel.hide()
        self.import_.setText("Close")
        self.import_.setEnabled(True)
        self.import_.setFocus()

    def show_page(self, page: _Page) -> None:
        """What can be read, the table, or nothing, where a passphrase is asked for."""
        self.pages.setCurrentIndex(page.value)
        self._on_choices()

    # ------------------------------------------------------------ what is asked

    def _ask_files(self) -> None:
        dialog = QFileDialog(self, "Choose files to import", "", _FILES)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.filesSelected.connect(lambda chosen: self.files_chosen.emit([Path(path) for path in chosen]))
        dialog.open()

    def _paste(self) -> None:
        if not self.paste.isEnabled():
            return
        data = QGuiApplication.clipboard().mimeData()
        files = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()] if data.hasUrls() else []
        if files:
            self.files_chosen.emit(files)
        elif data.text().strip():
            self.text_given.emit(data.text())
        else:
            self._say("note", "muted", "There is no text on the clipboard.")

    def _give_passphrase(self) -> None:
        if text := self.passphrase.entry.text():
            self.passphrase_given.emit(Secret(text))

    def _import(self) -> None:
        if self.model.done:
            self.accept()
        elif self.model.taken:
            self.import_.setEnabled(False)
            self._say("running", "accent", "Saving…")
            self.import_requested.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Pasting works wherever the focus is; fields take it first."""
        if event.matches(QKeySequence.StandardKey.Paste):
            self._paste()
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files."""
        if event.mimeData().hasUrls() and not self.model.done:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Read the files."""
        files = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if files:
            event.acceptProposedAction()
            self.files_chosen.emit(files)

    # ------------------------------------------------------------ inside

    def _say(self, name: str, tone: str, words: str) -> None:
        self.mark.show_icon(name, tone)
        self.said.setText(words)
        self.said_row.show()

    def _enable(self, enabled: bool) -> None:
        for widget in (self.choose, self.paste, self.unlock):
            widget.setEnabled(enabled)

    def _on_choices(self) -> None:
        if self.model.done:
            return
        taken = self.model.taken if self.pages.currentIndex() == _Page.TABLE.value else 0
        self.import_.setText(f"Import {taken:,}" if taken else "Import")
        self.import_.setEnabled(taken > 0)
