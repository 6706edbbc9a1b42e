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
        self._system = QLabel()
        self._system.setProperty("role", "muted")
        self._system.setMinimumWidth(theme.scaled(theme.GRID * 12))
        self.field = QLineEdit()
        self.field.setReadOnly(True)
        theme.write_in(self.field, theme.Face.MONO)
        self._button = IconButton("copy", "")
        self._button.clicked.connect(self._copy)
        row.addWidget(self._system)
        row.addWidget(self.field, 1)
        row.addWidget(self._button)
        self.show_command(system, line)

    def show_command(self, system: str, line: str) -> None:
        """Another command, and where it is to be run."""
        self._system.setText(system)
        self.field.setText(line)
        self.field.setCursorPosition(0)
        self.field.setToolTip(line)
        self.field.setAccessibleName(f"Command for {system}")
        self._button.show_as("copy", f"Copy the command for {system}")

    def show_pale(self, pale: bool) -> None:
        """In grey: it asks for what is no longer in front."""
        restyle(self.field, "pale", "true" if pale else "")

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.field.text())
