"""A secret with the place where it is kept: its field, what is said about the place, and the choice of another one."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from clearline.core.profiles.profile import Place, SecretSource
from clearline.core.profiles.secret_places import KEYRING, STORED, words
from clearline.core.secrets.references import has_references, is_reference, names_in
from clearline.core.secrets.secret import Secret
from clearline.ui.look import theme
from clearline.ui.widgets.editors import Choice, SecretEntry, TextEntry
from clearline.ui.widgets.labels import SteadyLabel
from clearline.ui.widgets.marks import StatusIcon

_PLACES: Final[tuple[tuple[str, Place], ...]] = (
    ("Keep in keyring", "keyring"),
    ("This session only", "session"),
    ("Ask each time", "ask"),
    ("From a variable", "reference"),
    ("From a command", "command"),
)
_ICONS: Final[dict[Place, str]] = {
    "keyring": "lock",
    "session": "key",
    "ask": "key",
    "reference": "key",
    "command": "key",
}
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_ROW_SPACING: Final = theme.GRID // 2


_HOLDS_IT: Final = re.compile(r"\s*(?:cmd(?:\.exe)?\s+/c\s+)?(?:echo|printf|write-output)\b", re.IGNORECASE)
"""Commands that only print what stands in them."""


class KeptSecret(QWidget):
    """The editor of one secret. What is typed survives while another place is tried."""

    entered = Signal(object)
    """The `Secret` as typed; None when the field is empty or the place keeps none."""
    source_chosen = Signal(object)
    """The `SecretSource` that the profile is to have."""

    def __init__(self, name: str, placeholder: str = "none") -> None:
        super().__init__()
        self._name = name
        self._source = KEYRING
        self._owner = ""
        self._typed: dict[str, Secret] = {}
        self._sources: dict[tuple[str, Place], SecretSource] = {}
        self._in_file: frozenset[str] = frozenset()
        self._given, self._where = False, ""
        self._placeholder = placeholder
        self.secret = SecretEntry(name, placeholder)
        self.entry = self.secret.entry
        self.reference = TextEntry(f"Variable of the {name.lower()}", "name of the variable, e.g. MONGODB_PASSWORD")
        self.command = TextEntry(f"Command that prints the {name.lower()}", "e.g. pass show mongodb/orders", mono=True)
        self._mark = StatusIcon(14)
        self.words = SteadyLabel("", "muted")
        self.words.setAccessibleName(f"Where the {name.lower()} is")
        self.place = Choice(f"Where the {name.lower()} comes from", _PLACES)
        self.place.setToolTip(f"Choose where this profile's {name.lower()} is kept or comes from.")
        line = QHBoxLayout()
        line.setSpacing(_ROW_SPACING)
        line.addWidget(self._mark)
        line.addWidget(self.words, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(_ROW_SPACING)
        for editor in (self.secret, self.reference, self.command):
            column.addWidget(editor)
        column.addWidget(self.place)
        column.addLayout(line)
        self.setFocusProxy(self.entry)
        self.secret.entered.connect(self._on_typed)
        self.place.chosen.connect(self._on_place)
        self.reference.entered.connect(self._on_reference)
        self.command.entered.connect(lambda text: self._choose(SecretSource(place="command", command=text)))
        self._show_fields()

    def show_secret(
        self,
        owner: str,
        secret: Secret | None,
        source: SecretSource,
        where: str = "",
        *,
        placeholder: str | None = None,
    ) -> None:
        """Show the secret of a profile (``owner`` is its id), where it comes from, and the vault's words for that."""
        changed = (owner, source.place) != (self._owner, self._source.place)
        self._owner, self._source = owner, source
        if secret is not None:
            self._typed[owner] = secret
        elif source.place in STORED:
            self._typed.pop(owner, None)
        self._sources[owner, source.place] = source
        self._placeholder = placeholder if placeholder is not None else self._placeholder
        self.secret.show_secret(secret)
        self.place.show_value(source.place)
        self.reference.show_value(_bare(source.reference, self.reference.text()))
        self.command.show_value(source.command)
        if changed:
            self._show_fields()
        self.entry.setPlaceholderText("asked when you test" if source.place == "ask" else self._placeholder)
        self._mark.show_icon(_ICONS[source.place], "muted")
        self._given, self._where = secret is not None, where
        self._say()

    def show_file_names(self, names: Iterable[str]) -> None:
        """The names of the variables in the profile's ``.env`` file."""
        self._in_file = frozenset(names)
        self._say()

    def _show_fields(self) -> None:
        place = self._source.place
        editor = {"reference": self.reference, "command": self.command}.get(place, self.secret)
        for one in (self.secret, self.reference, self.command):
            one.setVisible(one is editor)
        self.setFocusProxy(editor.focusProxy() or editor)

    def _say(self) -> None:
        source, mark = self._source, "muted"
        match source.place:
            case "keyring" | "session":
                said = self._where or (words(source) if self._given else "")
                text = f"{said[:1].upper()}{said[1:]}." if said else self._empty_words()
            case "ask":
                text = (
                    "Asked each time: never kept." if not self._given else "Asked each time; typed for the next test."
                )
            case "command":
                text = "Its first output is the secret. It is run on this computer when you test."
                if _HOLDS_IT.match(source.command or ""):
                    text, mark = "This command holds the secret itself: it is written to the profile's file.", "warning"
                if not source.command:
                    text, mark = "Type the command that prints it, for example of a password manager.", "warning"
            case "reference":
                text, mark = self._reference_words()
        self.words.setText(text)
        self._mark.show_icon("warning" if mark == "warning" else _ICONS[source.place], mark)

    def _empty_words(self) -> str:
        if self._source.place == "session":
            return "Kept for this session only: it is gone when the program ends."
        return "Goes to the keyring when you save; the profile's file never holds it."

    def _reference_words(self) -> tuple[str, str]:
        reference = self._source.reference or ""
        names = names_in(reference)
        if not reference:
            return "Type the name of an environment variable, or of one in the .env file.", "warning"
        if not names:
            return (
                f"“{reference}” names no variable: letters, digits and underscores, like MONGODB_PASSWORD.",
                "warning",
            )
        lacking = [name for name in names if name not in self._in_file and name not in os.environ]
        shown = ", ".join(f"${{{name}}}" for name in names)
        if lacking:
            return f"From {shown}: {', '.join(lacking)} is set neither here nor in the .env file.", "warning"
        found = "the .env file" if all(name in self._in_file for name in names) else "the environment"
        return f"From {shown}, set in {found}; read when you test, never kept.", "muted"

    def _on_typed(self, secret: Secret | None) -> None:
        if secret is not None and is_reference(typed := secret.reveal().strip()):
            self._become_reference(typed)
            return
        if secret is None:
            self._typed.pop(self._owner, None)
        self.entered.emit(secret)

    def _become_reference(self, reference: str) -> None:
        """What was typed is no secret but names one."""
        self._choose(SecretSource(place="reference", reference=reference))
        self.entered.emit(None)
        self._typed.pop(self._owner, None)
        self.reference.setFocus()
        self.reference.end(False)

    def _on_place(self, place: Place) -> None:
        kept = self._typed.get(self._owner)
        self._choose(self._sources.get((self._owner, place), SecretSource(place=place)))
        if place in STORED:
            if kept is not None:
                self.entered.emit(kept)
        elif self.entry.text():
            self.entered.emit(None)  # what is typed would count before the place that was chosen
            if kept is not None:
                self._typed[self._owner] = kept
        target = self.focusProxy()
        if target is not None and place in ("reference", "command"):
            target.setFocus()

    def _on_reference(self, text: str | None) -> None:
        reference = f"${{{text}}}" if text is not None and _NAME.fullmatch(text) else text
        self._choose(SecretSource(place="reference", reference=reference))

    def _choose(self, source: SecretSource) -> None:
        self.source_chosen.emit(source)


def _bare(reference: str | None, typed: str) -> str | None:
    """A reference as the field shows it: the name alone where it is one name, unless the braces are being typed."""
    if reference is None or not has_references(reference) or typed.strip() == reference:
        return reference
    names = names_in(reference)
    return names[0] if len(names) == 1 and reference == f"${{{names[0]}}}" else reference
