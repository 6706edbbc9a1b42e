"""A page of options of the catalogue: "only what I changed", reset of one or all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from clearline.core.facts.text import Mistake
from clearline.core.options.catalogue import lookup, option
from clearline.core.secrets.references import has_references
from clearline.ui.background.background import Background
from clearline.ui.forms.option_rows import OptionRow, OptionSection
from clearline.ui.forms.option_text import unset, value_of
from clearline.ui.forms.page import FormPage, FormState
from clearline.ui.look import theme
from clearline.ui.widgets.labels import WrappedLabel


class Block(NamedTuple):
    """A section of the page: its heading and the options in it, by name."""

    title: str
    names: Sequence[str]


class CataloguePage(FormPage):
    """Editors of every option of some blocks; made when they are first needed.

    By then the page stands where it will stay, so that Qt works out the style of each editor once instead of thrice.
    """

    def __init__(self, background: Background, blocks: Sequence[Block], parent: QWidget | None = None) -> None:
        super().__init__(background, parent)
        self._undo_values: tuple[str, dict[str, dict[str, Any]]] | None = None
        self._words: list[str] = []
        self.only_changed = QCheckBox("Only what I changed")
        self.reset_all = QPushButton("Reset all")
        self.reset_all.setObjectName("small")
        self.reset_all.setToolTip("Leave every option of this page to the driver's default")
        self.undo = QPushButton("Undo reset")
        self.undo.setObjectName("small")
        self.undo.setToolTip("Bring the values back that were reset")
        self.undo.hide()
        bar = QHBoxLayout()
        bar.setSpacing(theme.GRID)
        bar.addWidget(self.only_changed)
        bar.addStretch(1)
        bar.addWidget(self.reset_all)
        bar.addWidget(self.undo)
        self.nothing = WrappedLabel("", "muted")
        self.nothing.setAccessibleName("Result of the filter")
        self.nothing.hide()

        self._body = QWidget(self)
        self._column = QVBoxLayout(self._body)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.GRID * 2)
        self._blocks = blocks
        self._names = frozenset(name for block in blocks for name in block.names)
        self._sections: list[OptionSection] = []
        self._rows: dict[str, OptionRow] = {}
        whole = QVBoxLayout(self)
        whole.setContentsMargins(12, theme.GRID, theme.GRID * 2, 12)
        whole.setSpacing(theme.GRID)
        whole.addLayout(bar)
        whole.addWidget(self.nothing)
        whole.addWidget(self._body)
        whole.addStretch(1)
        self._body.hide()
        self.only_changed.toggled.connect(self._sift)
        self.reset_all.clicked.connect(self._reset_all)
        self.undo.clicked.connect(self._bring_back)

    @property
    def rows(self) -> dict[str, OptionRow]:
        """The row of each option, by name."""
        if not self._rows:
            self._make_sections()
            self._body.show()
        return self._rows

    def _make_sections(self) -> None:
        for block in self._blocks:
            part = OptionSection(block.title, [option(name) for name in block.names], self._body)
            self._sections.append(part)
            self._column.addWidget(part)
            for row in part.rows:
                self._rows[row.option.name] = row
                row.entered.connect(lambda value, row=row: self._take(row, value))
                row.problem_changed.connect(self._on_changed)
                row.repair_requested.connect(self.repair_requested)
                row.submitted.connect(self.submitted)

    # ------------------------------------------------------------ what it shows

    def show_state(self, state: FormState) -> None:
        """Show the values of a profile and what is wrong with them; another profile ends what was being typed."""
        fresh = state.profile.id != self.state.profile.id
        super().show_state(state)
        by_name: dict[str, tuple[Mistake, ...]] = {}
        for mistake in state.mistakes:
            for name in mistake.fields:
                by_name[name] = (*by_name.get(name, ()), mistake)
        open_values = {
            found.name: item.value
            for item in state.profile.unread
            if item.value is not None and has_references(item.value) and (found := lookup(item.name)) is not None
        }
        for name, row in self.rows.items():
            value, reference = value_of(state.profile, row.option), open_values.get(name)
            row.show_value(value, by_name.get(name, ()), fresh=fresh, reference=reference)
        if self._undo_values is not None and self._undo_values[0] != state.profile.id:
            self._forget_undo()
        self._on_changed()

    def editor_of(self, name: str) -> QWidget | None:
        """The editor of an option."""
        return self.rows[name].editor if name in self._names else None

    def show_field(self, name: str) -> bool:
        """Put the cursor into an editor, whatever the filter hides."""
        if name in self._names and not self.rows[name].shown:
            self._words = []
            self.only_changed.setChecked(False)
            self._sift()
        return super().show_field(name)

    def changed_rows(self) -> list[OptionRow]:
        """The options that the profile sets, and those with something that is no value."""
        return [row for row in self.rows.values() if row.changed]

    # ------------------------------------------------------------ what the user does

    def _take(self, row: OptionRow, value: Any) -> None:
        self._forget_undo()
        assert row.option.field is not None
        section, attribute = row.option.field
        self.change(section, **{attribute: value})
        unread = self.state.profile.unread
        kept = tuple(item for item in unread if lookup(item.name) is not row.option)
        if value != unset(row.option) and kept != unread:
            self.edited.emit("unread", kept)  # a reference, or a value that was none: what is typed replaces it
        self._on_changed()

    def _reset_all(self) -> None:
        values: dict[str, dict[str, Any]] = {}
        defaults: dict[str, dict[str, Any]] = {}
        for row in self.changed_rows():
            assert row.option.field is not None
            section, attribute = row.option.field
            values.setdefault(section, {})[attribute] = row.editor.value
            default = type(getattr(self.state.profile, section))()
            defaults.setdefault(section, {})[attribute] = getattr(default, attribute)
            row.editor.show_value(getattr(default, attribute), fresh=True)
        for section, changes in defaults.items():
            self.change(section, **changes)
        self._undo_values = (self.state.profile.id, values)
        self.undo.show()
        self.undo.setFocus()
        self._on_changed()

    def _bring_back(self) -> None:
        if self._undo_values is None:
            return
        _, values = self._undo_values
        self._forget_undo()
        for section, changes in values.items():
            self.change(section, **changes)
        self.reset_all.setFocus()

    def _forget_undo(self) -> None:
        self._undo_values = None
        self.undo.hide()

    # ------------------------------------------------------------ filter and layout

    def _on_changed(self) -> None:
        changed = len(self.changed_rows())
        self.reset_all.setEnabled(bool(changed))
        if self.only_changed.isChecked():
            # Not at once: the row in which the user types must not go away while it is empty.
            QTimer.singleShot(0, self, self._sift)

    def sift(self, words: list[str]) -> None:
        """Show only the options that fit all these words, in lower case."""
        self._words = words
        self._sift()

    def _sift(self) -> None:
        words = self._words
        only_changed = self.only_changed.isChecked()
        for row in self.rows.values():
            wanted = all(word in row.found_by for word in words)
            if only_changed and wanted and not row.changed:
                wanted = row.shown and row.has_focus  # who empties a field goes on typing in it
            row.set_shown(wanted)
        for part in self._sections:
            part.setVisible(any(row.shown for row in part.rows))
        self._say_nothing(words)

    def _say_nothing(self, words: list[str]) -> None:
        shown = any(row.shown for row in self.rows.values())
        self.nothing.setVisible(not shown)
        if shown:
            return
        if words:
            self.nothing.setText(f"No option of this group matches “{' '.join(words)}”.")
        else:
            self.nothing.setText("Nothing is changed in this group: the driver's defaults are in force.")
