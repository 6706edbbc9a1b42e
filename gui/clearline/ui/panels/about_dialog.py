"""About Clearline: all versions, its own licence, and those of all that it is made of."""

from __future__ import annotations

import platform
import ssl
from collections.abc import Mapping

from PySide6.QtCore import Qt, qVersion
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QLayout,
    QListWidget,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

import clearline
from clearline import paths
from clearline.licences import QT, SSH
from clearline.ui.look import theme
from clearline.ui.widgets.labels import HeardLabel, section


class AboutDialog(QDialog):
    """The texts come later, by `show_parts`: reading them takes longer than a frame."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("About Clearline")
        head = QLabel(f"Clearline {clearline.__version__}")
        theme.write_in(head, theme.Face.TITLE)
        words = QLabel(
            "Tests MongoDB connections and says exactly what is wrong with them. Clearline itself is free software"
            " under the MIT licence; these are the parts that it is made of."
        )
        qt, ssh = QLabel(QT), QLabel(SSH)
        for label in (head, words, qt, ssh):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        for label in (qt, ssh):
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.parts = QListWidget()
        self.parts.setAccessibleName("Parts of Clearline")
        self.parts.setMaximumWidth(theme.scaled(theme.GRID * 32))
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        theme.write_in(self.text, theme.Face.MONO)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setAccessibleName("Versions, or the licence of the selected part")
        self.text.setPlainText("Reading…")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        row = QHBoxLayout()
        row.setSpacing(theme.GRID)
        row.addWidget(self.parts)
        row.addWidget(self.text, 1)
        column = QVBoxLayout(self)
        column.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)  # some platforms cannot change it
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(12)
        column.addWidget(head)
        column.addWidget(words)
        column.addWidget(_facts("Versions", versions()))
        column.addLayout(row, 1)
        column.addWidget(qt)
        column.addWidget(ssh)
        column.addWidget(_facts("Kept in", places()))
        column.addWidget(buttons)
        self.resize(theme.scaled(theme.GRID * 104), theme.GRID * 74)
        self._texts: Mapping[str, str] = {}
        self.parts.currentTextChanged.connect(lambda part: self.text.setPlainText(self._texts.get(part, "")))

    def show_parts(self, versions: str, licences: Mapping[str, str]) -> None:
        """List the parts; the versions of all are shown first, as `clearline --version --verbose` prints them."""
        self._texts = {"All versions": versions, **licences}
        self.parts.clear()
        self.parts.addItems(list(self._texts))
        self.parts.setCurrentRow(0)


def versions() -> str:
    """What the program runs on."""
    from pymongo import version as pymongo_version

    return (
        f"Clearline {clearline.__version__}, Python {platform.python_version()}, Qt {qVersion()}, "
        f"PyMongo {pymongo_version}, {ssl.OPENSSL_VERSION.partition(' (')[0]}, {platform.system()} {platform.machine()}"
    )


def places() -> str:
    """Where files of the user's own are written."""
    names = (
        ("profiles", paths.profiles_dir()),
        ("earlier reports", paths.history_dir()),
        ("settings", paths.settings_file()),
        ("crashes", paths.crashes_dir()),
    )
    return "\n".join(f"{name}: {place}" for name, place in names)


def _facts(title: str, words: str) -> QWidget:
    made = QWidget()
    label = HeardLabel(words)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setAccessibleName(title)
    row = QHBoxLayout(made)
    row.setContentsMargins(0, 0, 0, 0)
    head = section(title)
    head.setFixedWidth(theme.scaled(theme.GRID * 10))
    row.addWidget(head, 0, Qt.AlignmentFlag.AlignTop)
    row.addWidget(label, 1)
    return made
