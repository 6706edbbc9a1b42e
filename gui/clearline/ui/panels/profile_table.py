"""The rows of the profile list and the field that searches them: what clicks and keys do there."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QItemSelectionModel, QModelIndex, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QHeaderView, QLineEdit, QTableView

from clearline.ui.look import theme
from clearline.ui.models.profile_rows import Group
from clearline.ui.models.profiles import ProfileRole, ProfilesModel


class ListSearch(QLineEdit):
    """Arrow keys go on in the list, as one expects of a search."""

    def __init__(self, view: QTableView) -> None:
        super().__init__()
        self._view = view

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Hand the keys that choose to the list."""
        if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            self._view.setFocus()
            if not self._view.currentIndex().isValid() and self._view.model().rowCount():
                self._view.selectionModel().setCurrentIndex(
                    self._view.model().index(0, 0), QItemSelectionModel.SelectionFlag.ClearAndSelect
                )
            return
        super().keyPressEvent(event)


class ProfileTable(QTableView):
    """Headings fold at a click and with the arrow keys; they are never chosen.

    A table of one column, because it knows where a row stands without asking for the height of all those above.
    """

    folded = Signal(object)
    """The `Group` of the heading."""

    def __init__(self) -> None:
        super().__init__()
        self._low: set[int] = set()
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.horizontalHeader().hide()
        self.horizontalHeader().setMinimumSectionSize(1)
        self.verticalHeader().hide()
        self.verticalHeader().setMinimumSectionSize(1)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.fit()

    def fit(self) -> None:
        """Give the rows their heights; headings are lower than profiles."""
        height = QFontMetrics(theme.body_font()).height()
        rows, usual = self.verticalHeader(), height * 2 + theme.GRID + 4
        if rows.defaultSectionSize() != usual:
            rows.setDefaultSectionSize(usual)
        model = self.model()
        headings = model.headings if isinstance(model, ProfilesModel) else ()
        for row in self._low - {*headings}:
            if row < rows.count():
                rows.resizeSection(row, usual)
        for row in headings:
            rows.resizeSection(row, height + theme.GRID)
        self._low = {*headings}

    def changeEvent(self, event: QEvent) -> None:
        """Other letters are of another height."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self.fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """One column, as wide as the list; Qt would not stretch it below its own width."""
        super().resizeEvent(event)
        self.setColumnWidth(0, self.viewport().width())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click on a heading folds it."""
        heading = self._heading(self.indexAt(event.position().toPoint()))
        if heading is not None:
            if event.button() is Qt.MouseButton.LeftButton:
                self.folded.emit(heading)
            event.accept()
            return
        super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """The second of two quick clicks on a heading is a click too."""
        if self._heading(self.indexAt(event.position().toPoint())) is not None:
            self.mousePressEvent(event)
        else:
            super().mouseDoubleClickEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left, Right and Return fold the heading that is walked over; Home and End go to the ends."""
        heading = self._heading(self.currentIndex())
        if heading is not None and event.key() in _FOLDING:
            folded = bool(self.currentIndex().data(ProfileRole.HEADING)[1])
            if event.key() not in _ONE_WAY or _ONE_WAY[Qt.Key(event.key())] is folded:
                self.folded.emit(heading)
            return
        if event.key() in _ENDS and event.modifiers() == Qt.KeyboardModifier.NoModifier:
            last = self.model().rowCount() - 1
            self.setCurrentIndex(self.model().index(0 if event.key() == Qt.Key.Key_Home else last, 0))
            return
        super().keyPressEvent(event)

    def _heading(self, index: QModelIndex) -> Group | None:
        model = self.model()
        return model.heading_at(index.row()) if isinstance(model, ProfilesModel) and index.isValid() else None


_ONE_WAY = {Qt.Key.Key_Left: False, Qt.Key.Key_Right: True}
_FOLDING = frozenset({*_ONE_WAY, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space})
_ENDS = frozenset({Qt.Key.Key_Home, Qt.Key.Key_End})
