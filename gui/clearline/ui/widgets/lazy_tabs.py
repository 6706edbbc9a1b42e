"""Tabs whose pages are made when they are turned to for the first time."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget


class LazyTabs(QTabWidget):
    """A QTabWidget whose tabs have names, and whose widgets come late."""

    made = Signal(str, object)
    """A tab's name and the widget that was just made for it."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._places: dict[str, int] = {}
        self._columns: dict[str, QVBoxLayout] = {}
        self._factories: dict[str, Callable[[], QWidget]] = {}
        self._widgets: dict[str, QWidget] = {}
        self.currentChanged.connect(self._on_turned)

    def add_lazy(self, name: str, title: str, factory: Callable[[], QWidget]) -> None:
        """One more tab; its widget is made by ``factory`` when it is needed."""
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        self._columns[name] = column
        self._factories[name] = factory
        self._places[name] = self.addTab(holder, title)

    def holder(self, name: str) -> QWidget:
        """What holds the widget of a tab: a good parent for it from the start."""
        holder = self.widget(self._places[name])
        assert holder is not None
        return holder

    def get(self, name: str) -> QWidget:
        """The widget of a tab, made now if it is not there yet."""
        if name not in self._widgets:
            widget = self._widgets[name] = self._factories[name]()
            self._columns[name].addWidget(widget)
            self.made.emit(name, widget)
        return self._widgets[name]

    def made_widgets(self) -> dict[str, QWidget]:
        """Every widget that exists, by the name of its tab."""
        return dict(self._widgets)

    @property
    def current_name(self) -> str:
        """The name of the tab in front."""
        return next((name for name, place in self._places.items() if place == self.currentIndex()), "")

    def turn_to(self, name: str) -> None:
        """Bring a tab to the front."""
        self.get(name)
        self.setCurrentIndex(self._places[name])

    def set_title(self, name: str, title: str) -> None:
        """Other words on a tab."""
        if self.tabText(self._places[name]) != title:
            self.setTabText(self._places[name], title)

    def _on_turned(self, _place: int) -> None:
        if self.isVisible() and self.current_name:
            self.get(self.current_name)
