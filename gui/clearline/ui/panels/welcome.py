"""What stands where the answer will be, before the first check."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from clearline.core.keyring.vault_state import VaultState, WhyMemory
from clearline.ui.look import theme
from clearline.ui.look.icons import LabelledButton
from clearline.ui.widgets.labels import WrappedLabel, section

_WIDTH: Final = theme.GRID * 93
_EMPTY: Final = (
    "Paste a connection string into the field above, password included: it is shown as dots. Ctrl+Enter tests it; "
    "nothing is ever written to a server."
)
_TYPED: Final = (
    "Ctrl+Enter tests it: within a second or two you read what works and, if something does not, the one cause and "
    "what to do. Nothing is ever written to a server."
)


class Welcome(QWidget):
    """The question, the three other ways in, and what happens to passwords on this computer."""

    form_requested = Signal()
    import_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.title = title = QLabel()
        theme.write_in(title, theme.Face.TITLE)
        self.words = words = WrappedLabel("", "muted")
        self.show_typed(False)
        import_ = LabelledButton("import", "Import…")
        import_.clicked.connect(self.import_requested)
        form = LabelledButton("sliders", "Fill in a form")
        form.clicked.connect(self.form_requested)
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.GRID)
        buttons.addWidget(import_)
        buttons.addWidget(form)
        buttons.addStretch(1)
        self.passwords = WrappedLabel("", "muted")
        self.passwords.setAccessibleName("What happens to passwords on this computer")
        inner = QWidget()
        inner.setMaximumWidth(theme.scaled(_WIDTH))
        column = QVBoxLayout(inner)
        column.setContentsMargins(theme.GRID * 2, theme.GRID * 2, theme.GRID * 2, theme.GRID * 2)
        column.setSpacing(theme.GRID)
        column.addWidget(title)
        column.addWidget(words)
        column.addSpacing(theme.GRID)
        column.addLayout(buttons)
        column.addSpacing(theme.GRID * 2)
        column.addWidget(section("Passwords on this computer"))
        column.addWidget(self.passwords)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addStretch(1)
        middle = QHBoxLayout()
        middle.addStretch(1)
        middle.addWidget(inner, 100)
        middle.addStretch(1)
        outer.addLayout(middle)
        outer.addStretch(2)
        title.setAlignment(Qt.AlignmentFlag.AlignLeft)

    def show_typed(self, typed: bool) -> None:
        """Whether there is something to test already."""
        self.title.setText("Not tested yet" if typed else "What do you want to reach?")
        self.words.setText(_TYPED if typed else _EMPTY)

    def show_passwords(self, state: VaultState) -> None:
        """Say what happens to a password here, before one is typed."""
        self.passwords.setText(f"{_where(state)} Profiles, reports and copies never hold it.")


def _where(state: VaultState) -> str:
    match state.why:
        case None:
            return f"When you save, the password goes to the {state.keyring or 'keyring of this computer'}."
        case WhyMemory.NOT_ASKED:
            return (
                "When you save, the password goes to the keyring of this computer; what is only tested keeps it until "
                "you quit."
            )
        case why:
            return (
                f"Passwords last until you quit: {why.value}. Settings, Sign-in offers other places: ask each time, a "
                "variable, a command."
            )
