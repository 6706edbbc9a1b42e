"""The menus and their shortcuts."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu, QMenuBar

from clearline.ui.look.theme import Scheme

_SCHEMES = ((Scheme.SYSTEM, "As the system has them"), (Scheme.LIGHT, "Light"), (Scheme.DARK, "Dark"))


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
        self.revert = self._action("Revert to what was saved")
        self.ask_keyring = self._action("Ask the keyring again")
        self.settings = self._action("Preferences…")
        self.about = self._action("About Clearline")
        self.help = self._action("Help", keys.HelpContents)
        self.keys = self._action("Keys", "Ctrl+/")
        self.go_to = self._action("Go to…", "Ctrl+K")
        self.next_pane = self._action("Next pane", "F6")
        self.previous_pane = self._action("Previous pane", "Shift+F6")
        self.panel = self._action("Settings beside the answer", "Ctrl+,")
        self.find = self._action("Find in what is in front", keys.Find)
        self.quit = self._action("Quit", keys.Quit if QKeySequence(keys.Quit).toString() else "Ctrl+Q")
        self.test = self._action("Test", *_enter("Ctrl"))
        self.stop = self._action("Stop, or close what is open", "Esc")
        self.fix = self._action("Do what the answer proposes", *_enter("Alt"))
        self.retries = self._action("Test with retries…", *_enter("Ctrl+Shift"))
        self.explain = self._action("Explain an error…", "Ctrl+Shift+X")
        self.watch = self._action("Watch", "Ctrl+Shift+W")
        self.watch_after_check = self._action("Go on watching after a test that connects")
        self.watch.setCheckable(True)
        self.watch_after_check.setCheckable(True)
        self.copy_text = self._action("Copy connection string without secrets", "Ctrl+Shift+U")
        self.copy_report = self._action("Copy report", "Ctrl+Shift+C")
        self.import_ = self._action("Import…", "Ctrl+I")
        self.export = self._action("Export…", "Ctrl+Alt+E")
        self.copy_placeholder = self._action("With a placeholder for the password")
        self.copy_variables = self._action("With ${MONGODB_PASSWORD} for the password")
        self.copy_password = self._action("With the password…")
        self._copy_as = QMenu("Copy as", window)
        self._copy_as.addActions([self.copy_placeholder, self.copy_variables, self.copy_password])
        self.copy_ticket = self._action("Copy for a ticket", "Ctrl+Alt+C")
        self.export_report = self._action("Export report…")
        self.run_elsewhere = self._action("Run this check from…")
        self.compare = self._action("Compare with a report…")
        self.to_text = self._action("Type the connection string", "Ctrl+L")
        self.to_search = self._action("Search profiles", "Ctrl+Shift+F")
        self.reveal = self._action("Show secrets", "Ctrl+Shift+E")
        self.code = self._action("Show the connection as code", "Ctrl+Shift+K")
        self.pages = {
            name: self._action(words, f"Alt+{place}")
            for place, (name, words) in enumerate(
                (("answer", "Answer"), ("live", "Live"), ("code", "Code"), ("history", "History")), start=1
            )
        }
        self.next_page = self._action("Next page", "Ctrl+Tab")
        self.previous_page = self._action("Previous page", "Ctrl+Shift+Tab")
        self._schemes = self._scheme_actions()
        self._colours = QMenu("Colours", window)
        self._colours.addActions(self._schemes.actions())
        self._fill(window.menuBar())

    def _fill(self, bar: QMenuBar) -> None:
        """Every action in its menu, in the order of use."""
        for title, actions in (
            (
                "&Profile",
                (
                    self.new,
                    self.open,
                    None,
                    self.save,
                    self.save_as,
                    self.revert,
                    None,
                    *self._sharing(),
                    None,
                    self.ask_keyring,
                    self.settings,
                    None,
                    self.quit,
                ),
            ),
            (
                "&Check",
                (
                    self.test,
                    self.stop,
                    self.fix,
                    self.retries,
                    self.explain,
                    None,
                    self.watch,
                    self.watch_after_check,
                    None,
                    self.copy_text,
                    self.copy_report,
                    self.copy_ticket,
                    self.export_report,
                    None,
                    self.run_elsewhere,
                    self.compare,
                ),
            ),
            (
                "&View",
                (
                    *self.pages.values(),
                    self.next_page,
                    self.previous_page,
                    None,
                    self.go_to,
                    self.next_pane,
                    self.previous_pane,
                    self.to_text,
                    self.panel,
                    self.find,
                    self.to_search,
                    self.reveal,
                    self.code,
                    None,
                    self._colours.menuAction(),
                ),
            ),
            ("&Help", (self.help, self.keys, None, self.about)),
        ):
            menu = bar.addMenu(title)
            give_letters([action for action in actions if action is not None])
            for action in actions:
                if action is None:
                    menu.addSeparator()
                else:
                    menu.addAction(action)

    def _sharing(self) -> tuple[QAction, ...]:
        return self.import_, self.export, self._copy_as.menuAction()

    def listed(self) -> list[tuple[str, QAction]]:
        """Every action of the menus with its words, in their order."""
        found = []
        for menu in self._window.menuBar().actions():
            for action in menu.menu().actions():  # type: ignore[attr-defined]
                if action.menu() is None:
                    found.append((action_words(action), action))
                    continue
                inside = [one for one in action.menu().actions() if one.text()]
                found += [(f"{action_words(action)}: {_lower_first(action_words(one))}", one) for one in inside]
        return [(words, action) for words, action in found if words]

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


def _enter(modifiers: str) -> tuple[str, str]:
    """Both keys of that name; the menus name the first, and only macOS has signs for them."""
    keys = f"{modifiers}+Enter", f"{modifiers}+Return"
    return (keys[1], keys[0]) if sys.platform == "darwin" else keys


def give_letters(actions: Sequence[QAction]) -> None:
    """Underline one letter of each, so that a menu can be walked by letters; beginnings of words first."""
    taken: set[str] = set()
    for action in sorted(actions, key=lambda action: len(action.text())):  # short ones have little choice
        text = action.text()
        starts = [
            place for place, letter in enumerate(text) if letter.isalnum() and (not place or text[place - 1] == " ")
        ]
        for place in (*starts, *range(len(text))):
            letter = text[place].lower()
            if letter.isalpha() and letter not in taken:
                taken.add(letter)
                action.setText(f"{text[:place]}&{text[place:]}")
                break


def _lower_first(words: str) -> str:
    return words[:1].lower() + words[1:]


def action_words(action: QAction) -> str:
    """The words of an action without the mark of its letter."""
    return action.text().replace("&", "")
