"""Asks on the spot for secrets that are kept nowhere."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QFrame,
    QLayout,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from clearline.core.secrets.secret import PASSWORD, Secret
from clearline.ui.look import theme
from clearline.ui.widgets.editors import SecretEntry
from clearline.ui.widgets.labels import WrappedLabel, section

_MOST_ROWS = 8
"""Without scrolling."""

_WORDS = {
    PASSWORD: "Password",
    "tlsCertificateKeyFilePassword": "Key password",
    "AWS_SESSION_TOKEN": "AWS session token",
    "proxyPassword": "Proxy password",
}


class SecretsDialog(QDialog):
    """One row for each secret; accepted with what was typed in ``secrets``, by their names."""

    def __init__(
        self,
        name: str,
        names: tuple[str, ...],
        parent: QWidget,
        about: str,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        """``labels`` are what the names are called, where they are none of the usual ones."""
        super().__init__(parent)
        self.setWindowTitle("Secrets for this test")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(True)
        self.secrets: dict[str, Secret] = {}
        self.entries: dict[str, SecretEntry] = {}
        form = QFormLayout()
        form.setHorizontalSpacing(theme.GRID * 2)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for secret_name in names:
            words = (labels or {}).get(secret_name) or words_for(secret_name)
            entry = self.entries[secret_name] = SecretEntry(words, "")
            entry.entered.connect(lambda secret, key=secret_name: self._take(key, secret))
            form.addRow(words, entry)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
        ok.setText("Test")
        ok.setObjectName("primary")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)  # some platforms cannot change it
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(theme.GRID * 2)
        column.addWidget(section(f"Secrets of {name or 'this connection'}"))
        column.addWidget(_scrolling(form) if len(names) > _MOST_ROWS else _holding(form), 1)
        column.addWidget(WrappedLabel(about, "muted"))
        column.addWidget(buttons)
        self.resize(theme.scaled(theme.GRID * 52), self.sizeHint().height())

    def _take(self, name: str, secret: Secret | None) -> None:
        if secret is None:
            self.secrets.pop(name, None)
        else:
            self.secrets[name] = secret


def words_for(name: str) -> str:
    """What people call a secret: ``hop.0.password`` and its like as they count hops; another name as it is."""
    if name in _WORDS:
        return _WORDS[name]
    match name.split("."):
        case ["hop", number, "password"] if number.isdigit():
            return f"Password of hop {int(number) + 1}"
        case ["hop", number, "passphrase"] if number.isdigit():
            return f"Passphrase of the key of hop {int(number) + 1}"
    return name


def _holding(form: QFormLayout) -> QWidget:
    widget = QWidget()
    form.setContentsMargins(0, 0, 0, 0)
    widget.setLayout(form)
    return widget


def _scrolling(form: QFormLayout) -> QScrollArea:
    area = QScrollArea()
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setWidget(_holding(form))
    area.setMinimumHeight(theme.GRID * 36)
    return area
