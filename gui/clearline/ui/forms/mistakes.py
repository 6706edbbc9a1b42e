"""The reserved line under the text: how it was understood, or what is wrong with it, with a button that mends it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QWidget

from clearline.core.diagnosis.catalogue import fix_of, title_of
from clearline.core.facts.text import Mistake
from clearline.core.findings import Severity
from clearline.core.uri.remedies import weakens
from clearline.ui.look import theme
from clearline.ui.look.status import status_icon, status_tone
from clearline.ui.look.style_sheet import restyle
from clearline.ui.widgets.labels import ElidedLabel
from clearline.ui.widgets.marks import StatusIcon
from clearline.ui.widgets.remedy_words import label

_LOOK_AFTER_MS: Final = 100
_HEIGHT: Final = theme.GRID * 3 + 2


class MistakeLine(QWidget):
    """One line that is always there, so that nothing moves when it has something to say."""

    repair_requested = Signal(object)
    """The `Mistake` to mend."""
    place_requested = Signal(int, int)
    """Where a mistake is in the text."""
    undo_requested = Signal()
    next_step_changed = Signal()
    """The repair is the next step now, or no longer."""

    def __init__(self) -> None:
        super().__init__()
        self._mistakes: tuple[Mistake, ...] = ()
        self._reading = ""
        self._done = ""
        self._hint = ""
        self._told = ""
        self._filled = True
        self._icon = StatusIcon()
        self.words = ElidedLabel()
        self.words.setObjectName("words")
        self.words.setAccessibleName("About the connection string")
        self.words.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        self.show_place = _flat("Show")
        self.show_place.setToolTip("Select the place in the text.")
        self.show_place.clicked.connect(self._on_show)
        self.repair = _flat("")
        self.repair.setAccessibleName("Repair")
        self.repair.clicked.connect(self._on_repair)
        self.after = ElidedLabel("muted", middle=True)
        theme.write_in(self.after, theme.Face.MONO)
        self.after.setAccessibleName("What the repair makes of it")
        self.undo = _flat("Undo")
        self.undo.setToolTip("Bring back the text as it was typed.")
        self.undo.clicked.connect(self.undo_requested)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 0, 0, 0)
        row.setSpacing(theme.GRID)
        row.addWidget(self._icon)
        row.addWidget(self.words, 100)  # what it becomes has the room that is left
        for widget in (self.show_place, self.repair, self.undo):
            row.addWidget(widget)
        row.addWidget(self.after, 1)
        row.addStretch(0)
        self.setFixedHeight(_HEIGHT)
        self._looking = QTimer(self)
        self._looking.setSingleShot(True)
        self._looking.setInterval(_LOOK_AFTER_MS)
        self._looking.timeout.connect(self._look_ahead)
        self.look_ahead: Callable[[Mistake], str | None] = lambda _mistake: None
        """What the text becomes when a mistake is mended, for eyes; None where nothing is to be seen of it."""
        self._show()

    @property
    def text(self) -> str:
        """What it says."""
        return self.words.text()

    @property
    def buttons(self) -> list[QPushButton]:
        """The buttons that change the text, as far as they are there now."""
        return [button for button in (self.repair, self.undo) if not button.isHidden()]

    @property
    def next_step(self) -> QPushButton | None:
        """The repair, where no test can succeed before it."""
        first = self._mistakes[0] if self._mistakes and not self._hint else None
        if first is None or first.severity is not Severity.FAILURE or weakens(first) or self.repair.isHidden():
            return None
        return self.repair

    @property
    def stops(self) -> tuple[QPushButton, ...]:
        """What the keyboard visits, in order."""
        return self.show_place, self.repair, self.undo

    def show_reading(self, words: str) -> None:
        """How the text was understood: said while nothing is wrong."""
        self._reading = words
        self._show()

    def show_mistakes(self, mistakes: tuple[Mistake, ...]) -> None:
        """Say what is wrong, the worst first, and soon what its repair makes of the text."""
        if mistakes != self._mistakes or self._hint or self._done:
            self._mistakes, self._hint, self._done = mistakes, "", ""
            self._show()

    def show_answered(self, told: str, *, filled: bool) -> None:
        """The cause that the page in front tells, with its repair: told once. ``filled``: no other button is."""
        if (told, filled) != (self._told, self._filled):
            self._told, self._filled = told, filled
            self._show()

    def show_hint(self, text: str) -> None:
        """Say something about the field that is no mistake."""
        self._hint = text
        self._show()

    def add_undo(self, said: str) -> None:
        """Say what was done to the text, and offer to take that back."""
        self._done, self._hint = said, ""
        self._show()

    def _show(self) -> None:
        mistake = self._mistakes[0] if self._mistakes else None
        role, button, place, tip = "muted", "", False, ""
        if self._hint:
            words, icon, tone = self._hint, "note", "accent"
            role = ""
        elif mistake is not None and mistake.cause == self._told and not self._done:
            words, icon, tone = "The answer below says what is wrong with it.", "note", "muted"
            place = mistake.end > mistake.start
        elif mistake is not None:
            words = f"{self._done} {title_of(mistake)}".strip()
            tip = fix_of(mistake)
            if len(self._mistakes) > 1:
                words += f" (and {len(self._mistakes) - 1} more)"
            icon, tone = status_icon(mistake.severity), status_tone(mistake.severity)
            role = {"failed": "failure", "warning": "warning"}.get(tone, "muted")
            button, place = label(mistake), mistake.end > mistake.start
        elif self._done:
            words, icon, tone = self._done, "passed", "passed"
        else:
            words, icon, tone = self._reading, "note", "muted"
        self._icon.show_icon(icon, tone)
        self._icon.setVisible(bool(words))
        self.words.setText(words)
        if tip:
            self.words.setToolTip(f"{words}\n{tip}")
        restyle(self.words, "role", role)
        self.show_place.setVisible(place)
        self.repair.setVisible(bool(button))
        restyle(self.repair, "next", "true" if self._filled and self.next_step is not None else "")
        self.repair.setText(button)  # after its look, which it is measured by
        self.repair.setAccessibleName(button or "Repair")
        self.repair.setToolTip(f"{tip}\nAlt+Enter repairs and tests.")
        self.repair.setAccessibleDescription(tip)
        self.undo.setVisible(bool(self._done) and not self._hint)
        self.after.setVisible(bool(button))
        self.after.setText("")
        if button:
            self._looking.start()
        self.next_step_changed.emit()

    def _look_ahead(self) -> None:
        if self._mistakes and not self.after.isHidden():
            mistake = self._mistakes[0]
            self.after.setText(self.look_ahead(mistake) or f"{fix_of(mistake).partition('. ')[0].rstrip('.')}.")

    def _on_repair(self) -> None:
        if self._mistakes:
            self.repair_requested.emit(self._mistakes[0])

    def _on_show(self) -> None:
        if self._mistakes:
            self.place_requested.emit(self._mistakes[0].start, self._mistakes[0].end)


def _flat(text: str) -> QPushButton:
    button = QPushButton(text)
    button.setObjectName("flat")
    return button
