"""What is in a file before it is imported: a table to choose in, and everything about the selected connection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from clearline.core.exchange.imported import Imported
from clearline.core.exchange.planning import Choice, PlannedItem, State
from clearline.core.exchange.saving import ItemResult, Outcome
from clearline.ui.look import theme
from clearline.ui.models.imports import ImportColumn, ImportsModel, choice_word
from clearline.ui.widgets.editors import Choice as ChoiceBox
from clearline.ui.widgets.editors import EditableChoice
from clearline.ui.widgets.rich_text import RichText


class ImportPreview(QWidget):
    """Shows an `ImportsModel`; afterwards the result of each connection."""

    choices_changed = Signal()

    def __init__(self, folders: tuple[str, ...] = ()) -> None:
        """``folders`` are those of the list, to import into."""
        super().__init__()
        self.model = ImportsModel()
        self._make_table()
        self._make_choices(folders)
        self._lay_out()
        self.table.selectionModel().currentRowChanged.connect(self._show_details)
        self.model.dataChanged.connect(self._on_choices)
        self.model.modelReset.connect(self._on_choices)

    def _make_table(self) -> None:
        self.table = QTableView()
        self.table.setModel(self.model)
        self.table.setAccessibleName("Connections in the file")
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setShowGrid(False)
        self.table.setTabKeyNavigation(False)
        self.table.setWordWrap(False)
        self.table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.table.verticalHeader().hide()
        line = QFontMetrics(theme.body_font())
        self.table.verticalHeader().setDefaultSectionSize(line.height() + theme.GRID * 3 // 2)
        header = self.table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setHighlightSections(False)
        widths = {
            ImportColumn.CHOICE: line.horizontalAdvance("add a copy") + 52,
            ImportColumn.NAME: theme.GRID * 22,
            ImportColumn.STATE: line.horizontalAdvance("replaced") + 48,
            ImportColumn.ADDRESS: theme.GRID * 32,
            ImportColumn.FOLDER: theme.GRID * 12,
        }
        for column, width in widths.items():
            header.resizeSection(column, width)
        header.setSectionResizeMode(ImportColumn.DETAILS, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(theme.GRID * 8)

    def _make_choices(self, folders: tuple[str, ...]) -> None:
        self.summary = QLabel()
        self.all = QPushButton("All")
        self.none = QPushButton("None")
        for button, taken in ((self.all, True), (self.none, False)):
            button.setObjectName("small")
            button.setAutoDefault(False)
            button.setAccessibleName(f"Take {button.text().lower()}")
            button.clicked.connect(lambda _checked=False, taken=taken: self.model.take_all(taken))
        words = (("skip", Choice.SKIP), ("replace", Choice.REPLACE), ("add a copy", Choice.COPY))
        self.known = ChoiceBox("What to do with connections that are saved already", words)
        self.known.chosen.connect(self.model.choose_for_known)
        self.known_label = QLabel("Saved already:")
        self.known_label.setBuddy(self.known)
        self.details = RichText("About the selected connection")
        self.details.setFixedHeight(theme.GRID * 14)
        self.one = QComboBox()
        self.one.setAccessibleName("What to do with the selected connection")
        self.one.activated.connect(self._choose_one)
        self.one_label = QLabel("This one:")
        self.one_label.setBuddy(self.one)
        self.into = EditableChoice("Folder for what is new", folders)
        self.into.setCurrentIndex(-1)
        self.into.editTextChanged.connect(self._on_into)
        self.into_label = QLabel("New ones into:")
        self.into_label.setBuddy(self.into)

    def _lay_out(self) -> None:
        bar = QHBoxLayout()
        bar.setSpacing(theme.GRID)
        bar.addWidget(self.summary, 1)
        bar.addWidget(self.all)
        bar.addWidget(self.none)
        bar.addSpacing(theme.GRID)
        bar.addWidget(self.known_label)
        bar.addWidget(self.known)
        choice = QVBoxLayout()
        choice.setSpacing(theme.GRID // 2)
        for widget in (self.into_label, self.into, self.one_label, self.one):
            choice.addWidget(widget)
        choice.addStretch(1)
        below = QHBoxLayout()
        below.setSpacing(theme.GRID * 2)
        below.addWidget(self.details, 1)
        below.addLayout(choice)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID)
        column.addLayout(bar)
        column.addWidget(self.table, 1)
        column.addLayout(below)

    # ------------------------------------------------------------ what it is told

    def show_plan(self, imported: Imported, planned: Sequence[PlannedItem]) -> None:
        """Show what was read and how it stands to what is saved."""
        self.model.show(planned)
        counts = Counter(one.state for one in planned)
        states = ", ".join(f"{counts[state]:,} {state.value}" for state in State if counts[state])
        over = imported.passed_over
        lines = f"; {over:,} {'line' if over == 1 else 'lines'} without a connection string" if over else ""
        self.summary.setText(f"{imported.format.value}: {states or 'empty'}{lines}")
        known = any(one.existing is not None for one in planned)
        self.known.setVisible(known)
        self.known.show_value(Choice.SKIP)
        self.known_label.setVisible(known)
        entry = self.into.lineEdit()
        assert entry is not None
        entry.setPlaceholderText("as in the file" if any(one.item.folder for one in planned) else "no folder")
        self._show_folders()
        self.table.selectRow(0)

    def show_results(self, results: Sequence[ItemResult]) -> None:
        """Say what became of every item; nothing is left to choose."""
        self.model.show_results(results)
        counts = Counter(result.outcome for result in results)
        self.summary.setText(", ".join(f"{counts[o]:,} {o.value}" for o in Outcome if counts[o]))
        lines = (self.known_label, self.known, self.into_label, self.into, self.one_label, self.one)
        for widget in (self.all, self.none, *lines):
            widget.hide()
        self.table.setColumnHidden(ImportColumn.CHOICE, True)

    # ------------------------------------------------------------ inside

    def _on_choices(self) -> None:
        self._show_details(self.table.currentIndex())
        self.choices_changed.emit()

    def _on_into(self, folder: str) -> None:
        self.model.put_into(folder)
        self._show_folders()

    def _show_folders(self) -> None:
        """Which folder each goes into, where any does."""
        named = any(one.item.folder for one in self.model.planned)
        self.table.setColumnHidden(ImportColumn.FOLDER, not (named or self.model.into))

    def _choose_one(self, place: int) -> None:
        row = self.table.currentIndex().row()
        self.model.choose(row, self.model.planned[row].choices[place])

    def _show_details(self, current: QModelIndex, _before: QModelIndex | None = None) -> None:
        row = current.row()
        planned = self.model.planned[row] if 0 <= row < len(self.model.planned) else None
        choosable = planned is not None and len(planned.choices) > 1 and not self.model.done
        self.one.setEnabled(choosable)
        self.one.clear()
        if planned is None:
            self.details.show_page(str)
            return
        if choosable:
            self.one.addItems([choice_word(planned, choice) for choice in planned.choices])
            self.one.setCurrentIndex(planned.choices.index(self.model.choices[row]))
        lines = self.model.words(row).splitlines()
        name = planned.item.name
        self.details.show_page(
            lambda: f"<b>{escape(name)}</b>" + "".join(f"<div>{escape(line)}</div>" for line in lines)
        )
