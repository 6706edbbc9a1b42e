"""The left side: search, the profiles by folder, New, Import, and what can be done with a selection."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from PySide6.QtCore import QEvent, QItemSelection, QItemSelectionModel, QModelIndex, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QColor, QIcon, QKeyEvent, QKeySequence, QPixmap, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QBoxLayout, QHBoxLayout, QLabel, QLineEdit, QMenu, QVBoxLayout, QWidget

from clearline.ui.look import theme
from clearline.ui.look.icons import IconButton, LabelledButton, icon, pixmap
from clearline.ui.look.palette import PROFILE_COLOURS
from clearline.ui.models.profile_rows import Group, Order
from clearline.ui.models.profiles import ProfileRole, ProfilesModel
from clearline.ui.panels.profile_table import ListSearch, ProfileTable
from clearline.ui.widgets.delegates import ProfileDelegate

_WIDE = theme.GRID * 26


class ListAction(Enum):
    """What can be done with profiles of the list."""

    TEST = "Test"
    WATCH = "Watch"
    DUPLICATE = "Duplicate"
    RENAME = "Rename…"
    NOTES = "Notes…"
    EXPORT = "Export…"
    SHOW_FILE = "Show the file"
    FORGET_RECENT = "Forget these"
    DELETE = "Delete"


_ONE_ALONE = frozenset({ListAction.RENAME, ListAction.NOTES, ListAction.SHOW_FILE})


_KEYS = {ListAction.DELETE: Qt.Key.Key_Delete, ListAction.RENAME: Qt.Key.Key_F2}


class ProfileList(QWidget):
    """Shows a `ProfilesModel`; everything that is asked of it leaves as a signal."""

    chosen = Signal(str)
    """The id of a profile."""
    new_requested = Signal()
    import_requested = Signal()
    asked = Signal(object, object)
    """A `ListAction` and the ids of the profiles that it is about, a list."""
    filed = Signal(object, str, object)
    """Ids, an attribute of the profile (``folder``, ``colour``, ``favourite``) and its value; a folder None: ask."""
    order_chosen = Signal(object)
    list_asked_for = Signal()
    """In a rail: show the whole list."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("sidebar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.model = ProfilesModel()
        self.list = ProfileTable()
        self.list.setObjectName("profiles")
        self.list.setModel(self.model)
        self.list.setItemDelegate(ProfileDelegate(self.list))
        self.list.setAccessibleName("Profiles")
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.setMouseTracking(True)
        self.search = ListSearch(self.list)
        self.search.setPlaceholderText("Search profiles")
        self.search.setAccessibleName("Search profiles")
        self.search.setClearButtonEnabled(True)
        self.search.addAction(icon("search", theme.colours().muted), QLineEdit.ActionPosition.LeadingPosition)
        self.more = IconButton("more", "Order, test all, import")
        self.empty = QLabel("No saved profiles yet.\nWhat you save is listed here.")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setProperty("role", "muted")
        self.empty.setWordWrap(True)
        self.new = LabelledButton("plus", "New")
        self.new.setToolTip("New connection (Ctrl+N)")
        self.new.setAccessibleName("New connection")
        self.whole = IconButton("menu", "Show the whole list")
        self.whole.clicked.connect(self.list_asked_for)
        self.whole.hide()
        self._rail = False
        self._lay_out()
        self._silent = False
        self._choosing = False
        self._front: str | None = None
        self._folders: tuple[str, ...] = ()
        self._kept: tuple[Group | str | None, list[str]] = None, []
        self.search.textChanged.connect(self.model.search)
        self.new.clicked.connect(self.new_requested)
        self.more.clicked.connect(self._show_more)
        self.list.folded.connect(self.model.fold)
        self.list.customContextMenuRequested.connect(self._show_menu)
        self.list.installEventFilter(self)
        self.list.selectionModel().currentChanged.connect(self._on_current)
        self.model.modelAboutToBeReset.connect(self._before_reset)
        self.model.modelReset.connect(self._after_reset)
        self._show_emptiness()

    def _lay_out(self) -> None:
        logo = QLabel()
        logo.setPixmap(pixmap("clearline", "", 20))
        name = QLabel("Clearline")
        theme.write_in(name, theme.Face.STRONG)
        self._brand = QWidget()
        brand = QHBoxLayout(self._brand)
        brand.setContentsMargins(0, 0, 0, 0)
        brand.setSpacing(theme.GRID)
        brand.addWidget(logo)
        brand.addWidget(name)
        brand.addStretch(1)
        self._head = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._head.setSpacing(theme.GRID)
        self._head.addWidget(self.whole)
        self._head.addWidget(self._brand, 1)
        self._head.addWidget(self.new)
        find = QHBoxLayout()
        find.setSpacing(theme.GRID // 2)
        find.addWidget(self.search, 1)
        find.addWidget(self.more)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, theme.GRID, 0, 0)
        column.setSpacing(theme.GRID)
        self._inset = QVBoxLayout()
        self._inset.setContentsMargins(12, 0, 12, 0)
        self._inset.setSpacing(theme.GRID)
        self._inset.addLayout(self._head)
        self._inset.addLayout(find)
        column.addLayout(self._inset)
        column.addWidget(self.list, 1)
        column.addWidget(self.empty, 1)

    def show_rail(self, rail: bool) -> None:
        """Only the icons of the profiles, where the window has no room for more."""
        if rail == self._rail:
            return
        self._rail = rail
        for widget in (self._brand, self.search, self.more):
            widget.setHidden(rail)
        self.whole.setVisible(rail)
        directions = QBoxLayout.Direction
        self._head.setDirection(directions.TopToBottom if rail else directions.LeftToRight)
        self._inset.setContentsMargins(4 if rail else 12, 0, 4 if rail else 12, 0)
        self.new.setObjectName("bare" if rail else "")
        self.new.style().unpolish(self.new)
        self.new.style().polish(self.new)
        self._label_new()
        self._show_emptiness()

    # ------------------------------------------------------------ what it is told

    def select(self, profile_id: str) -> None:
        """Select the profile in front and nothing else, without asking for it.

        Only when it is in front already does what the user has selected beside it stay so.
        """
        index = self.model.index(self.model.row_of(profile_id))
        choice = self.list.selectionModel()
        if profile_id == self._front:
            if index.isValid() and (choice.isSelected(index) or self._choosing):
                return
            if self.list.hasFocus() and self.model.heading_at(self.list.currentIndex().row()) is not None:
                return  # the arrow keys walk over the headings
        self._front = profile_id
        self._silent = True
        # By the model's own flags: the view's would honour a Ctrl key that is still held from a shortcut.
        choice.setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self._silent = False

    def show_folders(self, folders: tuple[str, ...]) -> None:
        """The folders that profiles can be moved to."""
        self._folders = folders

    def selected(self) -> list[str]:
        """The ids of the selected profiles, in the order of the list."""
        rows = sorted(index.row() for index in self.list.selectionModel().selectedIndexes())
        ids = (self.model.index(row).data(ProfileRole.ID) for row in rows)
        return [profile_id for profile_id in ids if profile_id]

    # ------------------------------------------------------------ menus

    def menu_for(self, ids: list[str]) -> QMenu:
        """What can be done with these profiles."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        rows = [row for profile_id in ids if (row := self.model.profile_row(profile_id)) is not None]
        if any(row.recent for row in rows):
            self._add(menu, ListAction.FORGET_RECENT, ids)
            return menu
        readable = [row for row in rows if not row.problem]
        for action in ListAction:
            match action:
                case ListAction.FORGET_RECENT:
                    continue
                case ListAction.SHOW_FILE | ListAction.DELETE:
                    possible = all(row.path is not None or action is ListAction.DELETE for row in rows)
                case _:
                    possible = bool(readable) and len(readable) == len(rows)
            if action is ListAction.EXPORT and readable:
                menu.addSeparator()
                self._add_filing(menu, ids)
                menu.addSeparator()
            if len(ids) == 1 or action not in _ONE_ALONE:
                self._add(menu, action, ids).setEnabled(possible)
        return menu

    def more_menu(self) -> QMenu:
        """Order, and what concerns the whole list."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        group = QActionGroup(menu)
        for order in Order:
            action = menu.addAction(f"Sort by {order.value}" if order is not Order.FAILED_FIRST else "Failed first")
            action.setCheckable(True)
            action.setChecked(order is self.model.order)
            group.addAction(action)
            action.triggered.connect(lambda _checked=False, order=order: self.order_chosen.emit(order))
        menu.addSeparator()
        ids = [row.profile.id for row in self.model.matching() if not row.problem and not row.recent]
        words = "Test all" if not self.search.text() else "Test all that match"
        everything = menu.addAction(f"{words} ({len(ids):,})")
        everything.setEnabled(bool(ids))
        everything.triggered.connect(lambda: self.asked.emit(ListAction.TEST, ids))
        menu.addAction("Import…").triggered.connect(self.import_requested)
        return menu

    def _add(self, menu: QMenu, what: ListAction, ids: list[str]) -> QAction:
        several = what is ListAction.TEST and len(ids) > 1
        action = menu.addAction(f"{what.value} ({len(ids):,})" if several else what.value)
        action.triggered.connect(lambda: self.asked.emit(what, ids))
        if what in _KEYS:
            action.setShortcut(QKeySequence(_KEYS[what]))
        return action

    def _add_filing(self, menu: QMenu, ids: list[str]) -> None:
        rows = [self.model.profile_row(profile_id) for profile_id in ids]
        favourite = all(row is not None and row.profile.favourite for row in rows)
        star = menu.addAction("Remove from favourites" if favourite else "Add to favourites")
        star.triggered.connect(lambda: self.filed.emit(ids, "favourite", not favourite))
        folders = menu.addMenu("Move to folder")
        for folder in ("", *self._folders):
            place = folders.addAction(folder.replace("/", " / ") or "No folder")
            place.triggered.connect(lambda _checked=False, folder=folder: self.filed.emit(ids, "folder", folder))
        folders.addSeparator()
        folders.addAction("New folder…").triggered.connect(lambda: self.filed.emit(ids, "folder", None))
        colours = menu.addMenu("Colour")
        colours.addAction("None").triggered.connect(lambda: self.filed.emit(ids, "colour", None))
        for name, colour in PROFILE_COLOURS.items():
            dot = QPixmap(12, 12)
            dot.fill(QColor(colour))
            chosen = colours.addAction(QIcon(dot), name.capitalize())
            chosen.triggered.connect(lambda _checked=False, name=name: self.filed.emit(ids, "colour", name))

    def menu_at(self, place: QPoint) -> tuple[QMenu, QPoint] | None:
        """The menu of the selection, or of all below a heading, and where to open it; without a mouse at the row."""
        index = self.list.indexAt(place)
        if not index.isValid():
            index = self.list.currentIndex()
            place = self.list.visualRect(index).center()
        heading = self.model.heading_at(index.row())
        if heading is None:
            ids = self.selected()
        else:
            ids = [row.profile.id for row in self.model.matching() if row.group == heading and not row.problem]
        return (self.menu_for(ids), place) if ids and index.isValid() else None

    def _show_menu(self, place: QPoint) -> None:
        found = self.menu_at(place)
        if found is not None:
            found[0].popup(self.list.viewport().mapToGlobal(found[1]))

    def _show_more(self) -> None:
        self.more_menu().popup(self.more.mapToGlobal(self.more.rect().bottomLeft()))

    # ------------------------------------------------------------ Qt

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keys of the list: Delete, and F2 for another name."""
        if watched is self.list and event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            ids = self.selected()
            action = next((one for one, key in _KEYS.items() if key == event.key()), None)
            if ids and action is not None and (len(ids) == 1 or action not in _ONE_ALONE):
                self.asked.emit(action, ids)
                return True
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The button keeps its icon only where there is little room."""
        super().resizeEvent(event)
        self._label_new()

    def _label_new(self) -> None:
        self.new.setText("New" if self.width() >= _WIDE and not self._rail else "")

    def _before_reset(self) -> None:
        """Remember what is selected: Qt forgets it when the rows are arranged anew."""
        current = self.list.currentIndex()
        self._kept = self.model.heading_at(current.row()) or current.data(ProfileRole.ID), self.selected()

    def _after_reset(self) -> None:
        self.list.fit()
        current, selected = self._kept
        row = self.model.row_of_heading(current) if isinstance(current, Group) else self.model.row_of(current or "")
        selection = QItemSelection()
        for first, last in _runs(self.model.rows_of(selected)):
            selection.select(self.model.index(first), self.model.index(last))
        choice = self.list.selectionModel()
        self._silent = True
        if row >= 0:
            choice.setCurrentIndex(self.model.index(row), QItemSelectionModel.SelectionFlag.NoUpdate)
        choice.select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self._silent = False
        self._show_emptiness()

    def _on_current(self, current: QModelIndex) -> None:
        profile_id = current.data(ProfileRole.ID) if current.isValid() else None
        if profile_id and not self._silent:
            self._front = profile_id
            self._choosing = True  # the view selects it as the keys held say, after it has become the current one
            try:
                self.chosen.emit(profile_id)
            finally:
                self._choosing = False

    def _show_emptiness(self) -> None:
        nothing = self.model.rowCount() == 0
        self.list.setVisible(not nothing)
        self.empty.setVisible(nothing)
        if self._rail:
            self.empty.setText("")
            return
        self.empty.setText(
            "No profile matches." if self.search.text() else "No saved profiles yet.\nWhat you save is listed here."
        )


def _runs(places: list[int]) -> Iterator[tuple[int, int]]:
    """First and last of each row of numbers without a gap."""
    places = sorted(places)
    first = 0
    for here, place in enumerate(places):
        if here + 1 == len(places) or places[here + 1] != place + 1:
            yield places[first], place
            first = here + 1
