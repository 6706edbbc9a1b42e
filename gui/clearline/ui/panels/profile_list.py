"""The left side: search, the profiles, New."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QVBoxLayout,
    QWidget,
)

from clearline.ui import theme
from clearline.ui.icons import LabelledButton, icon, pixmap
from clearline.ui.models.profiles import ProfileRole, ProfilesModel
from clearline.ui.panels.delegates import ProfileDelegate

_WIDE = theme.GRID * 28


class _SearchField(QLineEdit):
    """Arrow keys go on in the list, as one expects of a search."""

    def __init__(self, view: QListView) -> None:
        super().__init__()
        self._view = view

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Hand the keys that choose to the list."""
        if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            self._view.setFocus()
            if not self._view.currentIndex().isValid() and self._view.model().rowCount():
                self._view.setCurrentIndex(self._view.model().index(0, 0))
            return
        super().keyPressEvent(event)


class ProfileList(QWidget):
    """Shows a `ProfilesModel`."""

    chosen = Signal(str)
    """The id of a profile."""
    new_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("sidebar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.model = ProfilesModel()
        self.list = QListView()
        self.list.setObjectName("profiles")
        self.list.setModel(self.model)
        self.list.setItemDelegate(ProfileDelegate(self.list))
        self.list.setAccessibleName("Profiles")
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setUniformItemSizes(True)
        self.list.setMouseTracking(True)
        self.search = _SearchField(self.list)
        self.search.setPlaceholderText("Search profiles")
        self.search.setAccessibleName("Search profiles")
        self.search.setClearButtonEnabled(True)
        self.search.addAction(icon("search", theme.colours().muted), QLineEdit.ActionPosition.LeadingPosition)
        self.empty = QLabel("No saved profiles yet.\nWhat you save is listed here.")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setProperty("role", "muted")
        self.empty.setWordWrap(True)
        self.new = LabelledButton("plus", "New")
        self.new.setToolTip("New connection (Ctrl+N)")
        self.new.setAccessibleName("New connection")
        self._logo = QLabel()
        self._logo.setPixmap(pixmap("clearline", "", 20))
        name = QLabel("Clearline")
        name.setFont(theme.title_font())
        head = QHBoxLayout()
        head.setSpacing(theme.GRID)
        head.addWidget(self._logo)
        head.addWidget(name)
        head.addStretch(1)
        head.addWidget(self.new)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 12, 0, 0)
        column.setSpacing(theme.GRID)
        inset = QVBoxLayout()
        inset.setContentsMargins(12, 0, 12, 0)
        inset.setSpacing(theme.GRID)
        inset.addLayout(head)
        inset.addWidget(self.search)
        column.addLayout(inset)
        column.addWidget(self.list, 1)
        column.addWidget(self.empty, 1)
        self.setMinimumWidth(theme.GRID * 24)
        self.search.textChanged.connect(self._search)
        self.new.clicked.connect(self.new_requested)
        self.list.selectionModel().currentChanged.connect(self._on_current)
        self.model.modelReset.connect(self._show_emptiness)
        self._silent = False
        self._show_emptiness()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The button keeps its icon only where there is little room."""
        super().resizeEvent(event)
        self.new.setText("New" if event.size().width() >= _WIDE else "")

    def select(self, profile_id: str) -> None:
        """Put the selection on a profile, without asking for it."""
        row = self.model.row_of(profile_id)
        self._silent = True
        self.list.setCurrentIndex(self.model.index(row) if row >= 0 else QModelIndex())
        self._silent = False

    def _search(self, text: str) -> None:
        current = self.list.currentIndex().data(ProfileRole.ID)
        self.model.search(text)
        if current:
            self.select(current)

    def _on_current(self, current: QModelIndex) -> None:
        if current.isValid() and not self._silent:
            self.chosen.emit(current.data(ProfileRole.ID))

    def _show_emptiness(self) -> None:
        nothing = self.model.rowCount() == 0
        self.list.setVisible(not nothing)
        self.empty.setVisible(nothing)
        self.empty.setText(
            "No profile matches." if self.search.text() else "No saved profiles yet.\nWhat you save is listed here."
        )
