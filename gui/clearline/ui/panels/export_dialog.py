"""Exporting: which connections, to which file, and whether their passwords go along, encrypted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLayout,
    QListView,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from clearline.core.exchange.encrypted import Strength, strength
from clearline.core.files.whole_files import expanded
from clearline.core.profiles.profile import Profile
from clearline.core.secrets.secret import Secret
from clearline.ui.look import theme
from clearline.ui.look.icons import IconButton
from clearline.ui.models.exports import ExportsModel
from clearline.ui.widgets.editors import SecretEntry, TextEntry
from clearline.ui.widgets.labels import WrappedLabel
from clearline.ui.widgets.marks import StatusIcon

_SIZE: Final = (theme.GRID * 72, theme.GRID * 66)
_SMALLEST: Final = (theme.GRID * 60, theme.GRID * 56)
_FILES: Final = "Clearline connections (*.json);;All files (*)"
_MARKS: Final = {
    Strength.WEAK: ("warning", "warning"),
    Strength.FAIR: ("note", "muted"),
    Strength.GOOD: ("passed", "passed"),
}


class ExportDialog(QDialog):
    """Asks; writes nothing itself. What it wants is in `chosen`, `path`, `given_passphrase` and `with_secrets`."""

    export_requested = Signal()

    def __init__(
        self, profiles: Sequence[Profile], ticked: Sequence[str], current: str | None, folder: Path, parent: QWidget
    ) -> None:
        """``ticked`` are the ids of those that are meant, ``current`` of the one in front if it can be exported."""
        super().__init__(parent)
        self.setWindowTitle("Export connections")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(True)
        self.setSizeGripEnabled(True)
        self._current = current
        self.may_replace: Path | None = None
        """The file that may be overwritten if it exists: the user has agreed to that."""
        self.model = ExportsModel()
        self.model.show(profiles, ticked)
        self.model.dataChanged.connect(self._refresh)
        self._make_list()
        self._make_file(folder)
        self._make_passphrase()
        self._make_foot()
        self._lay_out()
        self.setMinimumSize(*_SMALLEST)
        self.resize(theme.scaled(_SIZE[0]), _SIZE[1])
        self._refresh()

    # ------------------------------------------------------------ what was chosen

    @property
    def chosen(self) -> tuple[Profile, ...]:
        """The connections to export."""
        return self.model.chosen

    @property
    def path(self) -> Path | None:
        """The file to write, None while there is none."""
        text = self.file.text().strip()
        return expanded(text) if text else None

    @property
    def given_passphrase(self) -> Secret | None:
        """The passphrase, where encryption is wanted."""
        text = self.passphrase.entry.text()
        return Secret(text) if self.encrypt.isChecked() and text else None

    @property
    def with_secrets(self) -> bool:
        """Whether the passwords go along; only ever with a passphrase."""
        return self.given_passphrase is not None and self.passwords.isChecked()

    # ------------------------------------------------------------ parts

    def _make_list(self) -> None:
        self.list = QListView()
        self.list.setModel(self.model)
        self.list.setAccessibleName("Connections to export")
        self.list.setUniformItemSizes(True)
        self.list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.all = self._small("All", lambda: self.model.tick(None))
        self.none = self._small("None", lambda: self.model.tick(()))
        self.only = self._small("Only the current one", lambda: self.model.tick((self._current or "",)))
        self.only.setVisible(self._current is not None)
        self.count = QLabel()

    def _make_file(self, folder: Path) -> None:
        self.file = TextEntry("File to write", "where to write it", mono=True)
        self.file.setText(str(folder / "connections.json"))
        self.file.textChanged.connect(self._refresh)
        self.pick = IconButton("folder", "Choose the file")
        self.pick.clicked.connect(self._ask_file)

    def _make_passphrase(self) -> None:
        self.encrypt = QCheckBox("&Encrypt the file with a passphrase")
        self.encrypt.toggled.connect(self._refresh)
        self.passphrase = SecretEntry("Passphrase", "several words")
        self.again = SecretEntry("Passphrase again", "the same again")
        self.encrypt.clicked.connect(lambda encrypted: self.passphrase.entry.setFocus() if encrypted else None)
        for entry in (self.passphrase, self.again):
            entry.entered.connect(lambda _secret: self._refresh())
        self.mark = StatusIcon()
        self.hint = _two_lines()
        self.passwords = QCheckBox("&Include the passwords")
        self.passwords.toggled.connect(self._refresh)

    def _make_foot(self) -> None:
        self.sentence = _two_lines()
        self.sentence.setAccessibleName("What will be in the file")
        self.failed = WrappedLabel("", "failure")
        self.failed.hide()
        self.cancel = QPushButton("Cancel")
        self.cancel.setAutoDefault(False)
        self.cancel.clicked.connect(self.reject)
        self.export = QPushButton("Export")
        self.export.setObjectName("primary")
        self.export.setDefault(True)
        self.export.clicked.connect(self._export)

    def _lay_out(self) -> None:
        bar = QHBoxLayout()
        bar.setSpacing(theme.GRID)
        bar.addWidget(self.count, 1)
        for button in (self.all, self.none, self.only):
            bar.addWidget(button)
        file = QHBoxLayout()
        file.setSpacing(theme.GRID // 2)
        file.addWidget(self.file, 1)
        file.addWidget(self.pick)
        self.secret_part = QWidget()
        form = QFormLayout(self.secret_part)
        form.setContentsMargins(theme.GRID * 3, 0, 0, 0)
        form.setHorizontalSpacing(theme.GRID)
        form.setVerticalSpacing(6)
        form.addRow("Passphrase", self.passphrase)
        form.addRow("Again", self.again)
        hint = QHBoxLayout()
        hint.setSpacing(theme.GRID // 2)
        hint.addWidget(self.mark, 0, Qt.AlignmentFlag.AlignTop)
        hint.addWidget(self.hint, 1)
        form.addRow(hint)
        form.addRow("", self.passwords)
        self.setTabOrder(self.passphrase.entry, self.again.entry)
        where = QFormLayout()
        where.setHorizontalSpacing(theme.GRID)
        where.addRow("File", file)
        foot = QHBoxLayout()
        foot.setSpacing(theme.GRID)
        foot.addStretch(1)
        foot.addWidget(self.cancel)
        foot.addWidget(self.export)
        whole = QVBoxLayout(self)
        whole.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)  # some platforms cannot change it
        whole.setContentsMargins(20, 16, 20, 16)
        whole.setSpacing(theme.GRID + 4)
        whole.addLayout(bar)
        whole.addWidget(self.list, 1)
        whole.addLayout(where)
        whole.addWidget(self.encrypt)
        whole.addWidget(self.secret_part)
        whole.addWidget(self.sentence)
        whole.addWidget(self.failed)
        whole.addLayout(foot)

    def _small(self, text: str, act: Any) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName("small")
        button.setAutoDefault(False)
        button.clicked.connect(lambda _checked=False: act())
        return button

    # ------------------------------------------------------------ what it is told and asks

    def show_failure(self, words: str) -> None:
        """It was not written; without words because the user is being asked."""
        self.failed.setText(words)
        self.failed.setVisible(bool(words))
        self.export.setEnabled(True)

    def _ask_file(self) -> None:
        dialog = QFileDialog(self, "Export to", str(self.path or ""), _FILES)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("json")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._take_file)
        dialog.open()

    def _take_file(self, chosen: str) -> None:
        self.file.setText(chosen)
        self.may_replace = Path(chosen)  # the system's dialog has asked

    def _export(self) -> None:
        if self._complete():
            self.failed.hide()
            self.export.setEnabled(False)
            self.export_requested.emit()

    def _complete(self) -> bool:
        first, second = self.passphrase.entry.text(), self.again.entry.text()
        return bool(self.chosen) and self.path is not None and (not self.encrypt.isChecked() or first == second != "")

    def _refresh(self) -> None:
        encrypted = self.encrypt.isChecked()
        count = len(self.chosen)
        self.count.setText(f"{count:,} of {self.model.rowCount():,} chosen")
        self.secret_part.setVisible(encrypted)
        self._hint()
        those = "1 connection" if count == 1 else f"{count:,} connections"
        if not encrypted:
            what = "without any password or other secret. All may read the file; servers and user names are in it."
        elif self.passwords.isChecked():
            whose = "its password" if count == 1 else "their passwords"
            what = f"with {whose}, encrypted. The passphrase alone is enough to connect."
        else:
            what = "without any password, encrypted: the passphrase hides servers and user names as well."
        self.sentence.setText(f"The file will hold {those} {what}")
        self.export.setEnabled(self._complete())

    def _hint(self) -> None:
        first, second = self.passphrase.entry.text(), self.again.entry.text()
        if not first:
            self.mark.show_icon("note", "muted")
            self.hint.setText("The file cannot be opened without it, not even by you.")
        elif second and first != second:
            self.mark.show_icon("failed", "failed")
            self.hint.setText("The two differ.")
        else:
            how = strength(Secret(first))
            self.mark.show_icon(*_MARKS[how])
            self.hint.setText(how.value + ("" if second else " Type it again below."))


def _two_lines() -> WrappedLabel:
    """Words with a place of their own: nothing moves while they become longer."""
    label = WrappedLabel()
    label.setAlignment(Qt.AlignmentFlag.AlignTop)
    label.setMinimumHeight(QFontMetrics(theme.body_font()).lineSpacing() * 2 + 2)
    return label
