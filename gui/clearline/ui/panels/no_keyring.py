"""What becomes of secrets on a computer without a keyring: said once, with the choices; and the file's passphrase."""

from __future__ import annotations

import re
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLayout,
    QLineEdit,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from clearline.core.profiles.profile import SecretSource
from clearline.core.profiles.secret_places import ASK
from clearline.core.secrets.secret import Secret
from clearline.paths import portable_dir
from clearline.ui.look import theme
from clearline.ui.widgets.editors import SecretEntry
from clearline.ui.widgets.labels import WrappedLabel, section

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
FILE, SESSION, EACH_TIME, VARIABLE, COMMAND = "file", "session", "ask", "variable", "command"


class NoKeyringDialog(QDialog):
    """Asks where the secrets of some profiles go: with `given_passphrase`, to a `source`, or with neither as now."""

    decided = Signal()
    """Who answers accepts the dialog or shows the problem."""

    def __init__(self, parent: QWidget, whose: str, *, several: bool, has_file: bool) -> None:
        """``whose`` is the subject of a sentence, such as "The password of Orders"; ``has_file``: a file is there."""
        super().__init__(parent)
        self.setWindowTitle("No keyring")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(True)
        self._has_file = has_file
        self.choices: dict[str, QRadioButton] = {}
        self._group = QButtonGroup(self)
        self.passphrase = SecretEntry("Passphrase", "several words")
        self.again = SecretEntry("Passphrase again", "once more")
        self.variable = QLineEdit()
        self.variable.setAccessibleName("Name of the variable")
        self.variable.setPlaceholderText("e.g. MONGODB_PASSWORD")
        self.command = QLineEdit()
        self.command.setAccessibleName("Command that prints the secret")
        self.command.setPlaceholderText("e.g. pass show mongodb/orders")
        self.said = WrappedLabel("", "muted")
        column = _column(self)
        portable = portable_dir() is not None
        column.addWidget(
            section("A portable copy keeps its own secrets" if portable else "This computer has no keyring")
        )
        if portable:
            column.addWidget(WrappedLabel("It uses no keyring of the computers that it meets.", "muted"))
        what = "are kept until you quit, and then gone." if several else "is kept until you quit, and then gone."
        column.addWidget(WrappedLabel(f"{whose} {what} Choose what should happen instead:"))
        file_words = "Keep in the encrypted file" if has_file else "Keep in an encrypted file, opened by a passphrase"
        self._add(column, FILE, file_words, self.passphrase, *(() if has_file else (self.again,)))
        self._add(column, EACH_TIME, "Ask each time")
        self._add(column, VARIABLE, "Take it from an environment variable", self.variable)
        self._add(column, COMMAND, "Take it from a command that prints it", self.command)
        self._add(column, SESSION, "Keep until I quit")
        if several:
            for kind in (VARIABLE, COMMAND):
                self.choices[kind].setEnabled(False)
                self.choices[kind].setText(
                    f"{self.choices[kind].text()}: for each by itself, on its Authentication page"
                )
        column.addWidget(self.said)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.ok.setObjectName("primary")
        buttons.button(QDialogButtonBox.StandardButton.Cancel).setText("Decide later")
        buttons.accepted.connect(self.decided)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)
        for entry in (self.passphrase.entry, self.again.entry, self.variable, self.command):
            entry.textChanged.connect(lambda _text: self._show())
        self._group.buttonToggled.connect(lambda _button, _on: self._show())
        self.choices[FILE].setChecked(True)
        self._show()
        self.resize(theme.scaled(theme.GRID * 58), self.sizeHint().height())
        self.passphrase.entry.setFocus()

    @property
    def chosen(self) -> str:
        """Which of the choices."""
        return next(kind for kind, button in self.choices.items() if button.isChecked())

    @property
    def given_passphrase(self) -> Secret | None:
        """The passphrase, where the file was chosen."""
        return Secret(self.passphrase.entry.text()) if self.chosen == FILE else None

    @property
    def source(self) -> SecretSource | None:
        """Where the secrets come from instead; None for the file and for this session."""
        match self.chosen:
            case "ask":
                return ASK
            case "variable":
                return SecretSource(place="reference", reference=f"${{{self.variable.text().strip()}}}")
            case "command":
                return SecretSource(place="command", command=self.command.text().strip())
        return None

    def show_problem(self, words: str) -> None:
        """The file cannot be opened or written."""
        self.said.setText(words)
        self.passphrase.entry.selectAll()
        self.passphrase.entry.setFocus()

    def _add(self, column: QVBoxLayout, kind: str, words: str, *fields: QWidget) -> None:
        button = self.choices[kind] = QRadioButton(words)
        self._group.addButton(button)
        column.addWidget(button)
        if fields:
            form = QFormLayout()
            form.setContentsMargins(theme.GRID * 3, 0, 0, 0)
            form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
            for field in fields:
                form.addRow(field)
                field.setEnabled(False)
                button.toggled.connect(field.setEnabled)
            column.addLayout(form)

    def _show(self) -> None:
        self.ok.setEnabled(False)
        match self.chosen:
            case "file":
                from clearline.core.exchange.encrypted import strength

                first, second = self.passphrase.entry.text(), self.again.entry.text()
                if first and not self._has_file and first != second:
                    self.said.setText("The passphrases differ." if second else "Type the passphrase once more.")
                    return
                lost = "Without the passphrase its secrets cannot be read again."
                self.said.setText(f"{strength(Secret(first)).value} {lost}" if first and not self._has_file else lost)
                self.ok.setEnabled(bool(first))
            case "variable":
                self.said.setText("The variable has to be set for the program when it starts.")
                self.ok.setEnabled(_NAME.fullmatch(self.variable.text().strip()) is not None)
            case "command":
                self.said.setText("The first line that it prints is the secret. It is asked about before it runs.")
                self.ok.setEnabled(bool(self.command.text().strip()))
            case "ask":
                self.said.setText("It is typed for every test and kept nowhere.")
                self.ok.setEnabled(True)
            case _:
                self.said.setText("It has to be typed again tomorrow.")
                self.ok.setEnabled(True)


class PassphraseDialog(QDialog):
    """Asks for the passphrase of the encrypted file."""

    given = Signal(object)
    """The passphrase as a `Secret`; who answers accepts the dialog or shows the problem."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Encrypted file of secrets")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(True)
        self.passphrase = SecretEntry("Passphrase", "passphrase")
        self.said = WrappedLabel("It is asked once, until you quit.", "muted")
        column = _column(self)
        column.addWidget(section("The secrets are in an encrypted file"))
        column.addWidget(self.passphrase)
        column.addWidget(self.said)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
        ok.setText("Open")
        ok.setObjectName("primary")
        buttons.button(QDialogButtonBox.StandardButton.Cancel).setText("Without it")
        buttons.accepted.connect(self._on_open)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)
        self.resize(theme.scaled(theme.GRID * 48), self.sizeHint().height())

    def show_problem(self, words: str) -> None:
        """It did not open."""
        self.said.setText(words)
        self.passphrase.entry.selectAll()

    def _on_open(self) -> None:
        text = self.passphrase.entry.text()
        if text:
            self.given.emit(Secret(text))
        else:
            self.show_problem("Type the passphrase.")


def _column(dialog: QDialog) -> QVBoxLayout:
    column = QVBoxLayout(dialog)
    column.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)  # some platforms cannot change it
    column.setContentsMargins(20, 20, 20, 16)
    column.setSpacing(theme.GRID * 3 // 2)
    return column
