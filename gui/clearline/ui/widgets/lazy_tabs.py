"""Pages behind a tab bar, each made when it is turned to for the first time."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QStackedWidget, QTabBar, QVBoxLayout, QWidget


class _Stack(QStackedWidget):
    """Asks for the room that the page in front needs; those behind it may be larger."""

    def minimumSizeHint(self) -> QSize:
        """Of the page in front."""
        front = self.currentWidget()
        return QSize() if front is None else front.minimumSizeHint()

    def sizeHint(self) -> QSize:
        """Of the page in front."""
        front = self.currentWidget()
        return QSize() if front is None else front.sizeHint()


class LazyTabs(QWidget):
    """Pages with names, whose widgets may come late; its owner says where the ``bar`` stands."""

    made = Signal(str, object)
    """A page's name and the widget that was just made for it."""
    turned = Signal(str)
    """The name of the page that is in front now."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.bar = QTabBar()
        self.bar.setAccessibleName(name)
        self.bar.setDrawBase(False)
        self.bar.setExpanding(False)
        self._stack = _Stack()
        self._names: list[str] = []
        self._columns: dict[str, QVBoxLayout] = {}
        self._factories: dict[str, Callable[[], QWidget]] = {}
        self._widgets: dict[str, QWidget] = {}
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._stack)
        self.bar.currentChanged.connect(self._on_turned)

    def add(self, name: str, title: str, widget: QWidget) -> None:
        """One more page, which is there already."""
        self.add_lazy(name, title, lambda: widget)
        self.get(name)

    def add_lazy(self, name: str, title: str, factory: Callable[[], QWidget]) -> None:
        """One more page; its widget is made by ``factory`` when it is needed."""
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        self._columns[name] = column
        self._factories[name] = factory
        self._names.append(name)
        self._stack.addWidget(holder)
        self.bar.addTab(title)

    def get(self, name: str) -> QWidget:
        """The widget of a page, made now if it is not there yet."""
        if name not in self._widgets:
            widget = self._widgets[name] = self._factories[name]()
            self._columns[name].addWidget(widget)
            self.made.emit(name, widget)
        return self._widgets[name]

    def made_widgets(self) -> dict[str, QWidget]:
        """Every widget that exists, by the name of its page."""
        return dict(self._widgets)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all pages, in their order."""
        return tuple(self._names)

    @property
    def current_name(self) -> str:
        """The name of the page in front."""
        return self._names[self.bar.currentIndex()] if self._names else ""

    def turn_to(self, name: str) -> None:
        """Bring a page to the front."""
        self.get(name)
        self.bar.setCurrentIndex(self._names.index(name))

    def set_title(self, name: str, title: str) -> None:
        """Other words on a tab."""
        place = self._names.index(name)
        if self.bar.tabText(place) != title:
            self.bar.setTabText(place, title)

    def showEvent(self, event: QShowEvent) -> None:
        """What is in front is needed now."""
        super().showEvent(event)
        if self._names:
            self.get(self.current_name)

    def _on_turned(self, place: int) -> None:
        self._stack.setCurrentIndex(place)
        self._stack.updateGeometry()
        if place >= 0 and self.isVisible():
            self.get(self._names[place])
        self.turned.emit(self.current_name)
