"""Trust on first use: a root that is not trusted here, its fingerprint, and the user's word."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from clearline.core.findings import Severity
from clearline.ui.forms.field_notes import FieldNote
from clearline.ui.look import theme
from clearline.ui.widgets.command_field import CommandField
from clearline.ui.widgets.labels import SteadyLabel

_FINGERPRINT_COMMAND: Final = "openssl x509 -noout -fingerprint -sha256 -in SERVER.pem"


class TrustByHand(QWidget):
    """Trust on first use, with what makes it more than a blind guess: the fingerprint and how to compare it."""

    accepted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.warning = FieldNote("trust by hand")
        self.fingerprint = SteadyLabel()
        theme.write_in(self.fingerprint, theme.Face.MONO)
        self.fingerprint.setAccessibleName("SHA-256 fingerprint")
        self.command = CommandField("On the server", _FINGERPRINT_COMMAND)
        self.compared = QCheckBox(
            "I compared the fingerprint with those who run the server, on another way than this one"
        )
        self.use = QPushButton("Save and use it…")
        self.use.setEnabled(False)
        row = QHBoxLayout()
        row.addWidget(self.compared)
        row.addWidget(self.use)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, theme.GRID // 2, 0, 0)
        column.setSpacing(theme.GRID // 2)
        for widget in (self.warning, self.fingerprint, self.command):
            column.addWidget(widget)
        column.addLayout(row)
        self.compared.toggled.connect(self.use.setEnabled)
        self.use.clicked.connect(self.accepted)
        self.hide()

    def show_root(self, name: str, sha256: str) -> None:
        """The certificate that would be trusted."""
        self.compared.setChecked(False)
        self.warning.say(
            Severity.WARNING,
            f"{name} is not trusted on this computer. Who sits between you and the server could have made it.",
            "Trust it only when its fingerprint is the one that the server's operator reads to you.",
        )
        self.fingerprint.setText(f"SHA-256 {sha256}")
