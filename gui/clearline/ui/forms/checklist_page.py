"""The Checklist page: advice on the profile before anything is contacted, each with why and a click that follows it."""

from __future__ import annotations

from html import escape
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from clearline.core.checklist.checklist import checklist
from clearline.core.checklist.rule import Advice, Importance
from clearline.core.findings import Remedy
from clearline.core.options.catalogue import lookup
from clearline.ui.background.background import Background
from clearline.ui.forms.page import FormPage, FormState
from clearline.ui.look import theme
from clearline.ui.look.icons import LabelledButton
from clearline.ui.models.checklist import ChecklistModel, importance_word
from clearline.ui.widgets.flow import Flow
from clearline.ui.widgets.labels import WrappedLabel, section
from clearline.ui.widgets.marks import StatusIcon
from clearline.ui.widgets.remedy_words import label, short
from clearline.ui.widgets.tab_order import in_tab_order

_ICONS: Final = {
    Importance.WARNING: ("warning", "warning"),
    Importance.ADVICE: ("note", "accent"),
    Importance.PASSED: ("passed", "passed"),
}
_LONGEST: Final = 38
"""Characters of a button: the panel is not wider."""
_FIELDS: Final = ("hosts", "user")
"""Fields that are no options and have an editor."""


class ChecklistPage(FormPage):
    """Shows a `ChecklistModel`; it edits nothing by itself."""

    field_requested = Signal(str)
    """The name of a field whose editor is asked for."""

    def __init__(self, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(background, parent)
        self.model = ChecklistModel()
        self.items: dict[str, AdviceItem] = {}
        """What is shown, by the advice's code."""
        self._passed: list[QWidget] = []
        self.summary = section("")
        self.fold = QPushButton()
        self.fold.setObjectName("small")
        self.fold.setCheckable(True)
        self.fold.hide()
        self._open_column = QVBoxLayout()
        self._open_column.setSpacing(theme.GRID + 2)
        self._passed_column = QVBoxLayout()
        self._passed_column.setSpacing(4)
        folded = QHBoxLayout()
        folded.addWidget(self.fold)
        folded.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(12, theme.GRID, theme.GRID * 2, 12)
        whole.setSpacing(theme.GRID)
        whole.addWidget(self.summary)
        whole.addLayout(self._open_column)
        whole.addLayout(folded)
        whole.addLayout(self._passed_column)
        whole.addStretch(1)
        self.model.modelReset.connect(self._rebuild)
        self.fold.toggled.connect(self._unfold)
        self._rebuild()

    def show_state(self, state: FormState) -> None:
        """Work out the advice on a profile and show it."""
        super().show_state(state)
        self.model.show(checklist(state.profile, state.secrets))

    def editor_of(self, name: str) -> QWidget | None:
        """None: fields are edited on their own pages."""
        return None

    def _rebuild(self) -> None:
        wanted, passed = self.model.open_items, self.model.passed_items
        had_focus = next((place for place, item in enumerate(self.items.values()) if item.has_focus), None)
        for code, widget in list(self.items.items()):
            if widget.item not in wanted:
                widget.hide()
                widget.deleteLater()
                del self.items[code]
        for place, item in enumerate(wanted):
            if item.code not in self.items:
                widget = self.items[item.code] = AdviceItem(item)
                widget.repair_requested.connect(self.repair_requested)
                widget.field_requested.connect(self.field_requested)
            self._open_column.insertWidget(place, self.items[item.code])
        self.items = {item.code: self.items[item.code] for item in wanted}
        in_tab_order((*(stop for item in self.items.values() for stop in item.tab_stops), self.fold))
        if had_focus is not None and not any(widget.has_focus for widget in self.items.values()):
            self._focus(had_focus)
        count = len(wanted)
        if count:
            self.summary.setText("One thing to look at" if count == 1 else f"{count} things to look at")
        else:
            self.summary.setText("Nothing to advise" if passed else "Advice comes with the first host")
        self.fold.setVisible(bool(passed))
        self._unfold(self.fold.isChecked())

    def _focus(self, place: int) -> None:
        """What was followed is gone: the keyboard goes on at the next one."""
        buttons = [button for widget in list(self.items.values())[place:] for button in widget.buttons]
        (buttons[0] if buttons else self.fold).setFocus()

    def _unfold(self, shown: bool) -> None:
        passed = self.model.passed_items
        self.fold.setText(f"{'Hide' if shown else 'Show'} {len(passed)} in order")
        for line in self._passed:
            line.hide()
            line.deleteLater()
        self._passed = [_passed_line(item) for item in passed] if shown else []
        for line in self._passed:
            self._passed_column.addWidget(line)


class AdviceItem(QWidget):
    """One piece of advice: icon, sentence, why, and what a click can do."""

    repair_requested = Signal(object)
    field_requested = Signal(str)

    def __init__(self, item: Advice) -> None:
        super().__init__()
        self.item = item
        mark = StatusIcon()
        mark.show_icon(*_ICONS[item.importance])
        title = WrappedLabel(item.title)
        title.setAccessibleName(f"{importance_word(item.importance).capitalize()}: {item.title}")
        why = self._why = WrappedLabel(role="muted")
        why.setAccessibleName(item.why)
        why.setTextFormat(Qt.TextFormat.RichText)
        link = f' <a href="{item.docs}">Read on</a>' if item.docs else ""
        why.setText(escape(item.why) + link)
        why.setToolTip(item.docs)
        why.setTextInteractionFlags(
            Qt.TextInteractionFlag.LinksAccessibleByMouse | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        )
        why.setOpenExternalLinks(True)
        texts = QVBoxLayout()
        texts.setSpacing(1)
        texts.addWidget(title)
        texts.addWidget(why)
        said = QHBoxLayout()
        said.setSpacing(theme.GRID)
        said.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        said.addLayout(texts, 1)
        clicks = Flow()  # what a button changes may take most of the panel's width
        clicks.setContentsMargins(theme.GRID * 3, 0, 0, 0)  # under the words, not under the icon
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID // 2)
        column.addLayout(said)
        column.addLayout(clicks)
        self.fix: QPushButton | None = None
        self.show_field: QPushButton | None = None
        if item.remedy is not None:
            self.fix = LabelledButton("apply", _button_words(item.remedy))
            self.fix.setToolTip(item.remedy.text)
            self.fix.setAccessibleDescription(item.remedy.text)
            self.fix.clicked.connect(lambda: self.repair_requested.emit(item.remedy))
        field = next((name for name in item.fields if lookup(name) is not None or name in _FIELDS), None)
        if field is not None:
            self.show_field = QPushButton("Show" if item.remedy is not None else f"Show {field}")
            self.show_field.setToolTip(f"Go to the field {field}")
            self.show_field.setAccessibleName(f"Show {field}")
            self.show_field.clicked.connect(lambda: self.field_requested.emit(field))
        for button in self.buttons:
            button.setObjectName("small")
            clicks.addWidget(button)

    @property
    def buttons(self) -> list[QPushButton]:
        """What can be clicked, the fix first."""
        return [button for button in (self.fix, self.show_field) if button is not None]

    @property
    def tab_stops(self) -> list[QWidget]:
        """What the keyboard visits, in the order in which it is read."""
        return [self._why, *self.buttons]

    @property
    def has_focus(self) -> bool:
        """Whether one of its buttons has the keyboard."""
        return any(button.hasFocus() for button in self.buttons)


def _button_words(remedy: Remedy) -> str:
    """The change itself where it fits on a button; a list is better said in words."""
    sections = (remedy.patch or {}).values()
    lists = any(isinstance(value, list) for part in sections if isinstance(part, dict) for value in part.values())
    words = "" if lists else label(remedy)
    return short(words or remedy.text.rstrip("."), _LONGEST)


def _passed_line(item: Advice) -> QWidget:
    line = QWidget()
    mark = StatusIcon()
    mark.show_icon(*_ICONS[item.importance])
    words = WrappedLabel(item.title)
    words.setAccessibleName(f"In order: {item.title}")
    row = QHBoxLayout(line)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(theme.GRID)
    row.addWidget(mark)
    row.addWidget(words, 1)
    return line
