"""About Clearline: its version, its own licence, and those of all that it is made of."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

import clearline
from clearline.licences import QT
from clearline.ui.look import theme


class AboutDialog(QDialog):
    """The parts come later, by `show_licences`: reading them takes longer than a frame."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("About Clearline")
        self.resize(theme.GRID * 112, theme.GRID * 66)
        head = QLabel(f"Clearline {clearline.__version__}")
        head.setObjectName("heading")
        words = QLabel(
            "Tests MongoDB connections and says exactly what is wrong with them. Clearline itself is free software"
            " under the MIT licence; these are the parts that it is made of."
        )
        qt = QLabel(QT)
        for label in (head, words, qt):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        qt.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.parts = QListWidget()
        self.parts.setAccessibleName("Parts of Clearline")
        self.parts.setMaximumWidth(theme.GRID * 32)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setFont(theme.mono_font())
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setAccessibleName("Licence of the selected part")
        self.text.setPlainText("Reading the licences…")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        row = QHBoxLayout()
        row.setSpacing(theme.GRID)
        row.addWidget(self.parts)
        row.addWidget(self.text, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(12)
        column.addWidget(head)
        column.addWidget(words)
        column.addLayout(row, 1)
        column.addWidget(qt)
        column.addWidget(buttons)
        self._licences: Mapping[str, str] = {}
        self.parts.currentTextChanged.connect(lambda part: self.text.setPlainText(self._licences.get(part, "")))

    def show_licences(self, licences: Mapping[str, str]) -> None:
        """List the parts; the first one's licence is shown."""
        self._licences = licences
        self.parts.clear()
        self.parts.addItems(list(licences))
        self.parts.setCurrentRow(0)
