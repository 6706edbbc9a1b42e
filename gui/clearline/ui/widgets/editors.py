"""Rows of a form page: label, editor, and editors that the pages share."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from clearline.core.secrets.secret import Secret
from clearline.ui.look import theme
from clearline.ui.look.icons import IconButton
from clearline.ui.widgets.labels import section

Box = TypeVar("Box", QSpinBox, QDoubleSpinBox)
_LONGEST = 4096
_LABEL_WIDTH = theme.GRID * 15


class Choice(QComboBox):
    """A list of words for values; `chosen` fires only for the user's own choices."""

    chosen = Signal(object)

    def __init__(self, name: str, entries: tuple[tuple[str, object], ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(9)
        self._values = [value for _, value in entries]
        for words, _ in entries:
            self.addItem(words)
        self.activated.connect(lambda place: self.chosen.emit(self._values[place]))

    def set_entries(self, entries: tuple[tuple[str, object], ...]) -> None:
        """Offer other words and values."""
        self.clear()
        self._values = [value for _, value in entries]
        for words, _ in entries:
            self.addItem(words)

    def show_value(self, value: object) -> None:
        """Select a value; one that is not in the list is added by its own name."""
        if value not in self._values:
            self._values.append(value)
            self.addItem(str(value))
        self.setCurrentIndex(self._values.index(value))

    def wheelEvent(self, event: object) -> None:
        """Scrolling the page must not change a value on the way."""
        event.ignore()  # type: ignore[attr-defined]


class EditableChoice(QComboBox):
    """Proposals for a text that may be any other; `submitted` when Return is pressed."""

    submitted = Signal()

    def __init__(self, name: str, proposals: tuple[str, ...]) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(9)
        self.addItems(list(proposals))
        entry = self.lineEdit()
        assert entry is not None
        entry.setAccessibleName(name)
        entry.setMaxLength(_LONGEST)
        entry.returnPressed.connect(self.submitted)

    def wheelEvent(self, event: object) -> None:
        """Scrolling the page must not change a value on the way."""
        event.ignore()  # type: ignore[attr-defined]


class TextEntry(QLineEdit):
    """One line of text for a value that may be unset; `entered` carries the text or None."""

    entered = Signal(object)

    def __init__(self, name: str, placeholder: str = "", *, mono: bool = False) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setPlaceholderText(placeholder)
        if mono:
            theme.write_in(self, theme.Face.MONO)
        self.setMaxLength(_LONGEST)
        self.textEdited.connect(lambda text: self.entered.emit(text.strip() or None))
        self.textChanged.connect(self.setToolTip)  # the whole text where the field is too narrow for it

    def show_value(self, value: str | None) -> None:
        """Show a value without disturbing the cursor of who is typing it."""
        if (value or "") != self.text().strip():
            self.setText(value or "")
            self.setCursorPosition(0)


class FileEntry(QWidget):
    """A path with a button that picks it."""

    entered = Signal(object)

    def __init__(self, name: str, placeholder: str, pattern: str) -> None:
        super().__init__()
        self._name, self._pattern = name, pattern
        self.entry = TextEntry(name, placeholder, mono=True)
        self.entry.entered.connect(self.entered)
        self.pick = IconButton("folder", f"Choose the {name}")
        self.pick.clicked.connect(self._choose)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GRID // 2)
        row.addWidget(self.entry, 1)
        row.addWidget(self.pick)
        self.setFocusProxy(self.entry)

    def show_value(self, value: str | None) -> None:
        """Show a path."""
        self.entry.show_value(value)

    def _choose(self) -> None:
        dialog = QFileDialog(self, f"Choose the {self._name}", "", self._pattern)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._take)
        dialog.open()

    def _take(self, path: str) -> None:
        self.entry.show_value(path)
        self.entered.emit(path or None)


class SecretEntry(QWidget):
    """A secret as dots, with an eye; `entered` carries it as a `Secret`, None when the field is empty."""

    entered = Signal(object)

    def __init__(self, name: str, placeholder: str = "none") -> None:
        super().__init__()
        self._name = name
        self.entry = QLineEdit()
        self.entry.setEchoMode(QLineEdit.EchoMode.Password)
        self.entry.setAccessibleName(name)
        self.entry.setPlaceholderText(placeholder)
        self.eye = IconButton("eye", f"Show the {name.lower()}", checkable=True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GRID // 2)
        row.addWidget(self.entry, 1)
        row.addWidget(self.eye)
        self.setFocusProxy(self.entry)
        self.entry.textEdited.connect(lambda text: self.entered.emit(Secret(text) if text else None))
        self.eye.toggled.connect(self._reveal)

    def show_secret(self, secret: Secret | None) -> None:
        """Show another secret, as dots or plain as the eye has it."""
        text = secret.reveal() if secret else ""
        if text != self.entry.text():
            self.entry.setText(text)

    def _reveal(self, shown: bool) -> None:
        self.entry.setEchoMode(QLineEdit.EchoMode.Normal if shown else QLineEdit.EchoMode.Password)
        self.eye.show_as("eye-off" if shown else "eye", f"{'Hide' if shown else 'Show'} the {self._name.lower()}")


def form_column(title: str) -> tuple[QWidget, QFormLayout]:
    """A titled column of labelled editors."""
    column = QWidget()
    outer = QVBoxLayout(column)
    outer.setContentsMargins(0, 0, 0, 0)
    outer.setSpacing(theme.GRID)
    outer.addWidget(section(title))
    form = QFormLayout()
    form.setContentsMargins(0, 0, 0, 0)
    form.setHorizontalSpacing(theme.GRID)
    form.setVerticalSpacing(6)
    form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    outer.addLayout(form)
    outer.addStretch(1)
    return column, form


def add_row(form: QFormLayout, text: str, editor: QWidget) -> QLabel:
    """Label and editor; all labels of a page have one width, so that the editors align."""
    label = QLabel(text)
    label.setFixedWidth(theme.scaled(_LABEL_WIDTH))
    label.setBuddy(editor)
    form.addRow(label, editor)
    return label


def scroll_area() -> QScrollArea:
    """What scrolls a page where the window is small."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return area


def put_into(area: QScrollArea, page: QWidget) -> None:
    """Let the area scroll a page."""
    page.setObjectName("page")
    area.setWidget(page)


def number_box(box: Box) -> Box:
    """A box of numbers whose text stands off its edge as in other fields: a style sheet does not reach it."""
    box.lineEdit().setTextMargins(theme.GRID // 2 + 1, 0, 0, 0)
    return box
