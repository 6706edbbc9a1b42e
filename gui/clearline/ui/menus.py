"""The menus and their shortcuts."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow

from clearline.ui.theme import Scheme

_SCHEMES = ((Scheme.SYSTEM, "Colours of the system"), (Scheme.LIGHT, "Light"), (Scheme.DARK, "Dark"))


class Menus(QObject):
    """Every action of the window, by name; who makes them act connects to ``triggered``."""

    scheme_chosen = Signal(object)

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self._window = window
        keys = QKeySequence.StandardKey
        self.new = self._action("New connection", keys.New)
        self.open = self._action("Open…", keys.Open)
        self.save = self._action("Save", keys.Save)
        self.save_as = self._action("Save as…", "Ctrl+Shift+S")
        self.quit = self._action("Quit", keys.Quit if QKeySequence(keys.Quit).toString() else "Ctrl+Q")
        self.test = self._action("Test", "Ctrl+Return", "Ctrl+Enter")
        self.stop = self._action("Stop", "Esc")
        self.copy_text = self._action("Copy connection string without secrets", "Ctrl+Shift+U")
        self.copy_report = self._action("Copy report", "Ctrl+Shift+C")
        self.to_text = self._action("Go to the connection string", "Ctrl+L")
        self.to_search = self._action("Search profiles", keys.Find)
        self.reveal = self._action("Show secrets", "Ctrl+Shift+E")
        self._schemes = self._scheme_actions()
        for title, actions in (
            ("&Profile", (self.new, self.open, None, self.save, self.save_as, None, self.quit)),
            ("&Check", (self.test, self.stop, None, self.copy_text, self.copy_report)),
            ("&View", (self.to_text, self.to_search, self.reveal, None, *self._schemes.actions())),
        ):
            menu = window.menuBar().addMenu(title)
            for action in actions:
                if action is None:
                    menu.addSeparator()
                else:
                    menu.addAction(action)

    def show_scheme(self, scheme: Scheme) -> None:
        """Tick the palette that was chosen."""
        for action in self._schemes.actions():
            action.setChecked(action.data() is scheme)

    def _action(self, text: str, *keys: QKeySequence.StandardKey | str) -> QAction:
        action = QAction(text, self)
        action.setShortcuts([QKeySequence(key) for key in keys])
        self._window.addAction(action)
        return action

    def _scheme_actions(self) -> QActionGroup:
        group = QActionGroup(self)
        for scheme, words in _SCHEMES:
            action = QAction(words, self, checkable=True)
            action.setData(scheme)
            action.triggered.connect(lambda _checked=False, scheme=scheme: self.scheme_chosen.emit(scheme))
            group.addAction(action)
        return group
