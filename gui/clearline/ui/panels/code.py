"""The Code tab: the profile as code that can be copied, its secrets only as names of environment variables."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QModelIndex, QSize, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QResizeEvent, QShowEvent, QStandardItem, QStandardItemModel, QTextOption
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QListView,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from clearline.core.profiles.profile import Profile
from clearline.core.snippets import Group, Language, Snippet, snippets
from clearline.ui.look import theme
from clearline.ui.look.code_colours import CodeColours
from clearline.ui.look.icons import LabelledButton
from clearline.ui.widgets.labels import WrappedLabel

_INSTALL: Final = {
    Language.PYTHON: "pip install",
    Language.JAVASCRIPT: "npm install",
    Language.GO: "go get",
    Language.CSHARP: "dotnet add package",
    Language.RUST: "cargo add",
    Language.JAVA: "Maven or Gradle",
}
_ONE_LINERS: Final = {Language.BASH, Language.POWERSHELL, Language.DOTENV, Language.TEXT}
_KEY: Final = Qt.ItemDataRole.UserRole
_EMPTY: Final = "The code of a connection stands here once it has an address."
_LIST_WIDTH: Final = theme.GRID * 26
_NARROW: Final = theme.GRID * 84
_WRITE_AFTER_MS: Final = 120
"""The code follows when who types pauses: writing all of it takes longer than a keystroke may."""


class CodePanel(QWidget):
    """Every snippet of a profile, one of them shown; it writes them when it is seen and not before."""

    def __init__(self) -> None:
        super().__init__()
        self._profile = Profile(id="")
        self._written: Profile | None = None
        self._snippets: dict[str, Snippet] = {}
        self._shown = ""
        self._narrow = False
        self._writing = QTimer(self)
        self._writing.setSingleShot(True)
        self._writing.setInterval(_WRITE_AFTER_MS)
        self._writing.timeout.connect(self._write)
        self._rows = QStandardItemModel(self)
        self.list = QListView()
        self.list.setAccessibleName("Kinds of code")
        self.list.setModel(self._rows)
        self.list.setFixedWidth(theme.scaled(_LIST_WIDTH))
        self.list.setStyleSheet(f"QListView::item {{ padding-left: {theme.GRID}px; }}")
        self.list.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.choice = QComboBox()
        self.choice.setAccessibleName("Kind of code")
        self.choice.setModel(self._rows)
        self.choice.setMaxVisibleItems(30)
        self.choice.hide()
        self.note = WrappedLabel(role="muted")
        self.copy = LabelledButton("copy", "Copy")
        self.copy.setAccessibleName("Copy the code")
        self.copy_env = LabelledButton("copy", "Copy .env template")
        self.copy_env.setToolTip("The environment variables that the code reads, with empty places for the secrets")
        self.code = QPlainTextEdit()
        self.code.setReadOnly(True)
        self.code.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.code.setTabChangesFocus(True)
        self.code.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.code.setWordWrapMode(QTextOption.WrapMode.WrapAnywhere)
        theme.write_in(self.code, theme.Face.MONO)
        self.code.setTabStopDistance(self.code.fontMetrics().horizontalAdvance(" ") * 4)
        self.code.setAccessibleName("Code")
        self.code.setFrameShape(QFrame.Shape.NoFrame)
        self.code.setStyleSheet("QPlainTextEdit { border: none; border-radius: 0; }")
        self.code.document().setDocumentMargin(theme.GRID)
        self._colours = CodeColours(self.code.document())
        self._lay_out()
        self.setFocusProxy(self.list)
        self.list.selectionModel().currentChanged.connect(self._on_current)
        self.choice.activated.connect(lambda row: self.list.setCurrentIndex(self._rows.index(row, 0)))
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.text))
        self.copy_env.clicked.connect(lambda: QGuiApplication.clipboard().setText(self._snippets["dotenv"].text))

    def _lay_out(self) -> None:
        top = Qt.AlignmentFlag.AlignTop
        self._bar = QGridLayout()
        self._bar.setContentsMargins(theme.GRID, 6, theme.GRID * 2, 6)
        self._bar.setSpacing(theme.GRID)
        self._bar.setColumnStretch(1, 1)
        self._bar.addWidget(self.choice, 0, 0, top)
        self._bar.addWidget(self.note, 0, 1)
        self._bar.addWidget(self.copy_env, 0, 2, top)
        self._bar.addWidget(self.copy, 0, 3, top)
        right = QVBoxLayout()
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(0)
        right.addLayout(self._bar)
        right.addWidget(self.code, 1)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self.list)
        whole.addLayout(right, 1)

    @property
    def text(self) -> str:
        """The code that is shown."""
        snippet = self._snippets.get(self._shown)
        return snippet.text if snippet else ""

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of everything that can be chosen, from top to bottom."""
        return tuple(self._snippets)

    def show_profile(self, profile: Profile) -> None:
        """Write the code of a profile: when the panel is seen; for edits of what it shows, when they pause."""
        same = self._written is not None and self._written.id == profile.id
        self._profile = profile
        if self.isVisible():
            if same:
                self._writing.start()
            else:
                self._write()

    def choose(self, key: str) -> None:
        """Show one snippet."""
        for row in range(self._rows.rowCount()):
            index = self._rows.index(row, 0)
            if index.data(_KEY) == key:
                self.list.setCurrentIndex(index)

    # ------------------------------------------------------------ what is shown

    def _write(self) -> None:
        self._writing.stop()
        if self._profile == self._written:
            return
        self._written = self._profile
        for button in (self.copy, self.copy_env):
            button.setEnabled(bool(self._profile.seeds.hosts))
        self._snippets = {snippet.key: snippet for snippet in snippets(self._profile)}
        if not self._rows.rowCount():
            self._fill()
            self.choose(next(iter(self._snippets)))
        else:
            self._show(self._shown)

    def _fill(self) -> None:
        """The rows are the same for every profile."""
        for group in Group:
            heading = QStandardItem(group.value)
            heading.setFlags(Qt.ItemFlag.NoItemFlags)
            font = self.font()
            font.setWeight(font.Weight.DemiBold)
            heading.setFont(font)
            heading.setSizeHint(QSize(0, self.fontMetrics().height() + theme.GRID * 2))
            self._rows.appendRow(heading)
            for snippet in self._snippets.values():
                if snippet.group is group:
                    row = QStandardItem(snippet.title)
                    row.setData(snippet.key, _KEY)
                    row.setSizeHint(QSize(0, self.fontMetrics().height() + theme.GRID))
                    self._rows.appendRow(row)

    def _on_current(self, current: QModelIndex) -> None:
        self.choice.setCurrentIndex(current.row())
        if key := current.data(_KEY):
            self._show(key)

    def _show(self, key: str) -> None:
        snippet = self._snippets[key]
        same = key == self._shown
        self._shown = key
        there = bool(self._profile.seeds.hosts)
        text = snippet.text if there else ""
        self.note.setText(sentences(snippet) if there else _EMPTY)
        if text == self.code.toPlainText():
            return
        across, down = self.code.horizontalScrollBar(), self.code.verticalScrollBar()
        places = (across.value(), down.value()) if same else (0, 0)
        wraps = snippet.language in _ONE_LINERS
        mode = QPlainTextEdit.LineWrapMode
        self.code.setLineWrapMode(mode.WidgetWidth if wraps else mode.NoWrap)
        self._colours.set_language(snippet.language)
        self.code.setPlainText(text)
        across.setValue(places[0])
        down.setValue(places[1])

    # ------------------------------------------------------------ Qt

    def showEvent(self, event: QShowEvent) -> None:
        """Write what was not needed before."""
        super().showEvent(event)
        self._write()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where there is little room, a choice stands in for the list."""
        super().resizeEvent(event)
        narrow = self.width() < _NARROW
        if narrow == self._narrow:
            return
        self._narrow = narrow
        self.list.setVisible(not narrow)
        self.choice.setVisible(narrow)
        self._bar.removeWidget(self.note)
        if narrow:
            self._bar.addWidget(self.note, 1, 0, 1, 4)
        else:
            self._bar.addWidget(self.note, 0, 1)

    def changeEvent(self, event: QEvent) -> None:
        """Paint the code in the new palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._colours.repaint()


def sentences(snippet: Snippet) -> str:
    """What a snippet reads, needs, and what else there is to know."""
    said = []
    if snippet.env:
        said.append(f"Reads {_listed(snippet.env)} from the environment.")
    if snippet.needs:
        said.append(f"Needs {_listed(snippet.needs)} ({_INSTALL[snippet.language]}).")
    return " ".join((*said, snippet.note)).strip()


def _listed(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
