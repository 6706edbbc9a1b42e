"""One editor per kind of option, made from the catalogue; all of them tell values as the profile holds them."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QLabel, QLineEdit, QWidget

from clearline.core.options.catalogue import Option, OptionType
from clearline.core.options.packages import missing_for_compressor
from clearline.core.options.values import ValueProblem
from clearline.ui.forms.option_text import default_words, help_text, mark, read_text, refusal, shown_text, unit, unset
from clearline.ui.look import theme
from clearline.ui.look.icons import IconButton
from clearline.ui.look.style_sheet import restyle
from clearline.ui.widgets.editors import Choice, EditableChoice, FileEntry
from clearline.ui.widgets.marks import StatusIcon

_LONGEST: Final = 4096
_SUFFIX_WIDTH: Final = theme.GRID * 3
CERTIFICATES: Final = "Certificates (*.pem *.crt *.cer *.key);;All files (*)"
_MODES: Final = ("majority", "1", "2", "3", "0")


class OptionEditor(QWidget):
    """The editor of one option: its control, its unit, what has to be known about it."""

    entered = Signal(object)
    """The option's new value as the profile's field holds it: None, or an empty list, where it is not set."""
    problem_changed = Signal()
    """What is typed became a value, or stopped being one."""
    submitted = Signal()
    """Return was pressed."""

    def __init__(self, option: Option, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.option = option
        self.value: Any = unset(option)
        self.problem: tuple[str, str] | None = None
        """What is wrong with what is typed, and what to do; the profile does not get it."""
        # Every widget is made where it will stay: moving one that has its style makes Qt work that out again.
        control = self.control = self._make_control()
        if not control.accessibleName():
            control.setAccessibleName(option.name)
        about = help_text(option)
        self.setToolTip(about)
        control.setAccessibleDescription(about)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(control, 1)
        if words := unit(option):
            suffix = QLabel(words, self)
            suffix.setProperty("role", "muted")
            suffix.setFixedWidth(theme.scaled(_SUFFIX_WIDTH))
            row.addWidget(suffix)
        elif words := mark(option):
            sign = StatusIcon()
            sign.show_icon("note", "muted")
            sign.setToolTip(words)
            row.addWidget(sign)
            row.addSpacing(_SUFFIX_WIDTH - sign.width())
        else:
            row.addSpacing(_SUFFIX_WIDTH + row.spacing())
        self.setFocusProxy(control)

    def _make_control(self) -> QWidget:
        raise NotImplementedError

    def show_value(self, value: Any, *, fresh: bool = False) -> None:
        """Show the profile's value. What is being typed stays while the value stays; ``fresh`` throws it away."""
        if fresh or value != self.value:
            self.value = value
            self._show(value)
            self._say(None)

    def show_severity(self, severity: str) -> None:
        """Mark the control: ``failure``, ``warning`` or nothing."""
        restyle(self._marked(), "mistake", severity)

    def _marked(self) -> QWidget:
        return self.control

    def _show(self, value: Any) -> None:
        raise NotImplementedError

    def _enter(self, value: Any) -> None:
        self._say(None)
        self._tell(value)

    def _tell(self, value: Any) -> None:
        if value != self.value:
            self.value = value
            self.entered.emit(value)

    def _say(self, problem: tuple[str, str] | None) -> None:
        if problem != self.problem:
            self.problem = problem
            self.problem_changed.emit()


class _TextEditor(OptionEditor):
    """A line of text that is read with the catalogue's parser at every keystroke.

    While what stands there is no value, the one from before the typing is in force: not the half of it that was one.
    """

    def _make_control(self) -> QWidget:
        line = QLineEdit(self)
        line.setMaxLength(_LONGEST)
        line.setPlaceholderText(default_words(self.option))
        self._use(line)
        return line

    def _use(self, line: QLineEdit) -> None:
        self._line = line
        self._before: Any = unset(self.option)
        line.textEdited.connect(self._read)
        line.editingFinished.connect(self._tidy)
        line.returnPressed.connect(self.submitted)

    def _marked(self) -> QWidget:
        return self._line

    def _show(self, value: Any) -> None:
        self._before = value
        self._line.setText(shown_text(self.option, value))
        self._line.setCursorPosition(0)

    def _read(self, text: str) -> None:
        value = read_text(self.option, text)
        if isinstance(value, ValueProblem):
            self._tell(self._before)
            self._say(refusal(self.option, value, self._before))
        else:
            self._enter(value)

    def _tidy(self) -> None:
        """007 is written 7 when the cursor leaves; what is no value stays for correction."""
        if self.problem is not None:
            return
        self._before = self.value
        tidy = shown_text(self.option, self.value)
        if self._line.text() != tidy:
            self._line.setText(tidy)


class _CountOrModeEditor(_TextEditor):
    """Text with proposals, for ``w``."""

    def _make_control(self) -> QWidget:
        box = EditableChoice(self.option.name, _MODES)
        box.setCompleter(None)  # type: ignore[arg-type]  # it would put words in who types the name of a mode
        box.setCurrentIndex(-1)
        line = box.lineEdit()
        assert line is not None
        line.setPlaceholderText(default_words(self.option))
        self._use(line)
        box.activated.connect(lambda place: self._read(_MODES[place]))
        return box

    def _show(self, value: Any) -> None:
        assert isinstance(self.control, EditableChoice)
        with QSignalBlocker(self.control):
            self.control.setCurrentIndex(-1)
        super()._show(value)


class _ChoiceEditor(OptionEditor):
    """A list of words; the first one leaves it to the driver."""

    def __init__(self, option: Option, choices: tuple[tuple[str, object], ...], parent: QWidget | None = None) -> None:
        self._choices = choices
        super().__init__(option, parent)

    def _make_control(self) -> QWidget:
        self._choice = Choice(self.option.name, ((default_words(self.option), None), *self._choices), self)
        self._choice.chosen.connect(self._enter)
        return self._choice

    def _show(self, value: Any) -> None:
        self._choice.show_value(value)


class _FileEditor(OptionEditor):
    """A path and a button that picks it."""

    def _make_control(self) -> QWidget:
        self._file = FileEntry(self.option.name, default_words(self.option), CERTIFICATES)
        self._file.entered.connect(self._enter)
        self._file.entry.returnPressed.connect(self.submitted)
        return self._file

    def _marked(self) -> QWidget:
        return self._file.entry

    def _show(self, value: Any) -> None:
        self._file.show_value(value)


class _ListEditor(OptionEditor):
    """Some of a few words, in an order of preference: a box each, and a button that moves it up."""

    def _make_control(self) -> QWidget:
        rows = QWidget(self)
        self._order = list(self.option.choices)
        self.boxes: list[QCheckBox] = []
        self.up: list[IconButton] = []
        grid = QGridLayout(rows)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(theme.GRID // 2)
        grid.setVerticalSpacing(0)
        grid.setColumnStretch(0, 1)
        for place in range(len(self._order)):
            box = QCheckBox(rows)
            box.setToolTip(help_text(self.option))
            box.toggled.connect(self._take)
            up = IconButton("up", "", rows)
            up.clicked.connect(lambda _checked=False, place=place: self._move_up(place))
            grid.setRowMinimumHeight(place, theme.GRID * 3)
            grid.addWidget(box, place, 0)
            grid.addWidget(up, place, 1)
            self.boxes.append(box)
            self.up.append(up)
        rows.setFocusProxy(self.boxes[0])
        self._label()
        return rows

    def show_severity(self, severity: str) -> None:
        """There is no border to colour: the words beside it say it."""

    def _show(self, value: Any) -> None:
        chosen = [name for name in value if name in self.option.choices]
        if chosen != self._chosen():
            self._order = chosen + [name for name in self._order if name not in chosen]
        for box, name in zip(self.boxes, self._order, strict=True):
            with QSignalBlocker(box):
                box.setChecked(name in chosen)
        self._label()

    def _chosen(self) -> list[str]:
        return [name for box, name in zip(self.boxes, self._order, strict=True) if box.isChecked()]

    def _take(self) -> None:
        self._label()
        self._enter(tuple(self._chosen()))

    def _move_up(self, place: int) -> None:
        above, below = self.boxes[place - 1], self.boxes[place]
        order, checked = self._order, (above.isChecked(), below.isChecked())
        order[place - 1], order[place] = order[place], order[place - 1]
        for box, on in ((above, checked[1]), (below, checked[0])):
            with QSignalBlocker(box):
                box.setChecked(on)
        self._take()
        (self.up[place - 1] if place > 1 else above).setFocus()

    def _label(self) -> None:
        rank = 0
        for place, (box, name) in enumerate(zip(self.boxes, self._order, strict=True)):
            rank += box.isChecked()
            missing = missing_for_compressor(name)
            words = f"{rank}. {name}" if box.isChecked() else name
            box.setText(f"{words} (needs {missing}, which is not installed)" if missing else words)
            box.setAccessibleName(f"{self.option.name}: {box.text()}")
            self.up[place].setToolTip(f"Prefer {name} to {self._order[place - 1]}")
            self.up[place].setAccessibleName(f"Prefer {name} to {self._order[place - 1]}")
            self.up[place].setVisible(place > 0)


_SWITCH: Final = (("on", True), ("off", False))
_STABLE_API: Final = (("1", "1"),)


def editor(option: Option, parent: QWidget | None = None) -> OptionEditor:
    """The editor that fits an option. Secrets have none here: they are no part of the profile."""
    match option.type:
        case OptionType.BOOLEAN:
            return _ChoiceEditor(option, _SWITCH, parent)
        case OptionType.CHOICE:
            return _ChoiceEditor(option, tuple((choice, choice) for choice in option.choices), parent)
        case OptionType.LIST:
            return _ListEditor(option, parent)
        case OptionType.FILE:
            return _FileEditor(option, parent)
        case OptionType.COUNT_OR_MODE:
            return _CountOrModeEditor(option, parent)
        case OptionType.KEYWORD if option.name == "server_api":
            return _ChoiceEditor(option, _STABLE_API, parent)
        case _:
            return _TextEditor(option, parent)
