"""Rows of option editors: name, editor, a way back to the default, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QApplication, QGridLayout, QSizePolicy, QVBoxLayout, QWidget

from clearline.core.facts.text import Mistake
from clearline.core.findings import Severity
from clearline.core.options.catalogue import Option, OptionType
from clearline.ui.forms.field_notes import FieldNote
from clearline.ui.forms.option_editors import editor
from clearline.ui.forms.option_text import searchable, unset
from clearline.ui.look import theme
from clearline.ui.look.icons import IconButton
from clearline.ui.widgets.labels import ElidedLabel, section
from clearline.ui.widgets.tab_order import in_tab_order, is_tab_stop

_LABEL_WIDTH: Final = theme.GRID * 23
_LINE_WIDTH: Final = theme.GRID * 43
"""Of a label that stands over its field; with the scroll bar they fit the panel."""
_SHORT: Final = (OptionType.INTEGER, OptionType.NUMBER)
"""Values that have room beside their name; others stand below it."""
_RESET_WIDTH: Final = 28
_LINE: Final = 28


class OptionRow(QObject):
    """One option on a page. What is seldom there, the reset button and the note, is made when it is needed."""

    entered = Signal(object)
    """The new value, as the profile's field holds it."""
    problem_changed = Signal()
    repair_requested = Signal(object)
    submitted = Signal()

    def __init__(self, option: Option, grid: QGridLayout, place: int, parent: QWidget) -> None:
        super().__init__(parent)
        self.option = option
        self.found_by = searchable(option)
        self.label = ElidedLabel(middle=True, parent=parent)
        self.label.setText(option.name)
        self.label.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.label.setFixedWidth(theme.scaled(_LABEL_WIDTH if option.type in _SHORT else _LINE_WIDTH))
        self.editor = editor(option, parent)
        self.label.setToolTip(self.editor.toolTip())
        self.label.setBuddy(self.editor)
        self.reset: IconButton | None = None
        self.note: FieldNote | None = None
        self.shown = True
        self._mistakes: tuple[Mistake, ...] = ()
        self._reference: str | None = None
        beside = option.type in _SHORT
        self._grid, self._line, self._note_line = grid, 3 * place + (not beside), 3 * place + 2
        if beside:
            grid.addWidget(self.label, self._line, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(self.editor, self._line, 1)
        else:
            grid.addWidget(self.label, 3 * place, 0, 1, 2, Qt.AlignmentFlag.AlignBottom)
            grid.addWidget(self.editor, self._line, 0, 1, 2)
        self.label.setFixedHeight(_LINE if option.type in _SHORT else _LINE - 4)
        self.editor.entered.connect(self._enter)
        self.editor.problem_changed.connect(self._on_problem)
        self.editor.submitted.connect(self.submitted)

    @property
    def changed(self) -> bool:
        """Whether the profile sets it, or something stands there that is no value."""
        return self.editor.value != unset(self.option) or self.editor.problem is not None

    @property
    def has_focus(self) -> bool:
        """Whether the cursor is in its editor."""
        focused = QApplication.focusWidget()
        return focused is not None and self.editor.isAncestorOf(focused)

    def show_value(
        self, value: Any, mistakes: tuple[Mistake, ...], *, fresh: bool, reference: str | None = None
    ) -> None:
        """Show what the profile holds, and what is wrong with it; or the reference that stands for the value."""
        self.editor.show_value(value, fresh=fresh)
        if (mistakes, reference) != (self._mistakes, self._reference):
            self._mistakes, self._reference = mistakes, reference
            self._tell()
        self._offer_reset()

    def set_default(self) -> None:
        """Back to not set, whatever stands there."""
        value = unset(self.option)
        before = self.editor.value
        self.editor.show_value(value, fresh=True)
        if before != value:
            self._enter(value)

    def set_shown(self, shown: bool) -> None:
        """Hide the row where the filter says so."""
        if shown is self.shown:
            return
        self.shown = shown
        self.label.setVisible(shown)
        self.editor.setVisible(shown)
        if self.reset is not None:
            self.reset.setVisible(shown and self.changed)
        if self.note is not None:
            self.note.setVisible(shown and bool(self.note.text))

    def _enter(self, value: Any) -> None:
        self._offer_reset()
        self.entered.emit(value)

    def _on_problem(self) -> None:
        self._tell()
        self._offer_reset()
        self.problem_changed.emit()

    def _offer_reset(self) -> None:
        if self.reset is None and self.changed:
            self.reset = IconButton(
                "reset", f"Reset {self.option.name} to its default, {self.option.default}", self.label.parentWidget()
            )
            self.reset.setFixedWidth(_RESET_WIDTH)
            self.reset.clicked.connect(self._reset)
            self._grid.addWidget(self.reset, self._line, 2, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight)
            self._order_stops()
        if self.reset is not None:
            self.reset.setVisible(self.changed and self.shown)

    def _order_stops(self) -> None:
        """What came late to this row would be last on the page for who goes through it with the Tab key."""
        stops = [self.editor.control]
        one = self.editor.nextInFocusChain()
        while one is not None and self.editor.isAncestorOf(one):
            if is_tab_stop(one):
                stops = [one]
            one = one.nextInFocusChain()
        late: list[QWidget] = [] if self.reset is None else [self.reset]
        in_tab_order((*stops, *late, *(self.note.buttons if self.note is not None else ())))

    def _reset(self) -> None:
        self.editor.setFocus()  # the button goes away: the keyboard stays in the row
        self.set_default()

    def _tell(self) -> None:
        problem = self.editor.problem
        if self.note is None:
            if problem is None and not self._mistakes and self._reference is None:
                return
            self.note = FieldNote(self.option.name, self.label.parentWidget())
            self.note.repair_requested.connect(self.repair_requested)
            self._grid.addWidget(self.note, self._note_line, 0, 1, 3)
        if problem is not None:
            self.note.say(Severity.WARNING, *problem)
        elif self._reference is not None and not self._mistakes:
            what = f"{self.option.name}={self._reference} in the connection string has its value when it is used."
            self.note.say(Severity.NOTE, what, "What is typed here replaces it.")
        else:
            self.note.show_mistakes(self._mistakes)
        self._order_stops()
        worst = self.note.worst
        self.editor.show_severity(worst.value if worst is not None and worst is not Severity.NOTE else "")
        self.note.setVisible(self.shown and worst is not None)


class OptionSection(QWidget):
    """A heading and the rows below it; hidden when the filter hides all of them."""

    def __init__(self, title: str, options: Sequence[Option], parent: QWidget) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID // 2)
        column.addWidget(section(title))
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(0)  # Qt leaves it out beside a column that is empty for now
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        grid.setColumnMinimumWidth(2, _RESET_WIDTH)
        column.addLayout(grid)
        self.title = title
        self.rows = [OptionRow(option, grid, place, self) for place, option in enumerate(options)]
