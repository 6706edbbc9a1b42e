"""Rows of a form page: label, editor, and editors that the pages share."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from clearline.ui import theme
from clearline.ui.icons import IconButton
from clearline.ui.panels.parts import section

_LABEL_WIDTH = theme.GRID * 15


class Choice(QComboBox):
    """A list of words for values; `chosen` fires only for the user's own choices."""

    chosen = Signal(object)

    def __init__(self, name: str, entries: tuple[tuple[str, object], ...]) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(9)
        self._values = [value for _, value in entries]
        for words, _ in entries:
            self.addItem(words)
        self.activated.connect(lambda place: self.chosen.emit(self._values[place]))

    def show_value(self, value: object) -> None:
        """Select a value; one that is not in the list is added by its own name."""
        if value not in self._values:
            self._values.append(value)
            self.addItem(str(value))
        self.setCurrentIndex(self._values.index(value))

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
            self.setFont(theme.mono_font())
        self.textEdited.connect(lambda text: self.entered.emit(text.strip() or None))

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
    label.setFixedWidth(_LABEL_WIDTH)
    label.setBuddy(editor)
    form.addRow(label, editor)
    return label


def scrolled(page: QWidget) -> QScrollArea:
    """A page that scrolls where the window is small."""
    page.setObjectName("page")
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(page)
    return area
