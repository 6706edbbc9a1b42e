"""A command to copy."""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QWidget

from clearline.ui.look import theme
from clearline.ui.look.icons import IconButton
from clearline.ui.look.style_sheet import restyle


class CommandField(QWidget):
    """One command in a read-only field with a button that copies it."""

    def __init__(self, system: str, line: str) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GRID // 2)
        label = QLabel(system)
        label.setProperty("role", "muted")
        label.setFixedWidth(theme.scaled(theme.GRID * 12))
        self.field = QLineEdit(line)
        self.field.setReadOnly(True)
        self.field.setFont(theme.mono_font())
        self.field.setAccessibleName(f"Command for {system}")
        self.field.setToolTip(line)
        self.field.setCursorPosition(0)
        button = IconButton("copy", f"Copy the command for {system}")
        button.clicked.connect(self._copy)
        row.addWidget(label)
        row.addWidget(self.field, 1)
        row.addWidget(button)

    def show_pale(self, pale: bool) -> None:
        """In grey: it asks for what is no longer in front."""
        restyle(self.field, "pale", "true" if pale else "")

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.field.text())
