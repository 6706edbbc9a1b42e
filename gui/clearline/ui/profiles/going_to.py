"""What "Go to" and the help know of: every connection, setting, page and action of the window."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import Final

from PySide6.QtGui import QKeySequence

from clearline.core.options.catalogue import OPTIONS
from clearline.core.secrets.secret import PASSWORD
from clearline.ui.forms.option_text import searchable
from clearline.ui.models.go_to_entries import Entry, Kind, found
from clearline.ui.panels.go_to_dialog import GoToDialog
from clearline.ui.panels.help_dialog import HelpDialog
from clearline.ui.profiles.open_profiles import OpenProfiles
from clearline.ui.window.main_window import MainWindow

_MOST: Final = 300
"""Connections that are weighed against each other."""


class GoingTo:
    """Opens "Go to" and the help."""

    def __init__(self, window: MainWindow, profiles: OpenProfiles) -> None:
        self._window = window
        self._profiles = profiles

    def ask(self) -> None:
        """The dialog "Go to"."""
        entries = self._entries()
        GoToDialog(lambda text: found([*entries, *self._connections(text)], text), self._window).open()

    def help(self, first: str = "") -> None:
        """The help; ``first`` is "keys" where only they are asked for."""
        HelpDialog(self.keys(), self._window, first=first).open()

    def keys(self) -> list[tuple[str, str]]:
        """What each shortcut of the window does."""
        native = QKeySequence.SequenceFormat.NativeText
        return [
            (words, action.shortcut().toString(native))
            for words, action in self._window.menus.listed()
            if not action.shortcut().isEmpty()
        ]

    def _connections(self, text: str) -> Iterator[Entry]:
        """Those that fit, made as they are found: there may be ten thousand, and a key must not wait for them."""
        words = text.casefold().split()
        if not words:
            return
        first, *others = words
        rows = (row for row in self._window.profiles.model.rows if first in row.words)
        fits = (row for row in rows if all(word in row.words for word in others))
        for row in islice(fits, _MOST):
            yield Entry(Kind.PROFILE, row.name, row.address, row.words, partial(self._profiles.choose, row.profile.id))

    def _entries(self) -> list[Entry]:
        """Every setting, page and action."""
        native = QKeySequence.SequenceFormat.NativeText
        made = [
            Entry(Kind.ACTION, words, action.shortcut().toString(native), words.casefold(), action.trigger)
            for words, action in self._window.menus.listed()
            if action.isEnabled() and action is not self._window.menus.go_to
        ]
        pages = self._window.pages
        made += [
            Entry(
                Kind.SETTING, group.head.text(), "settings", group.head.text().casefold(), partial(pages.turn_to, name)
            )
            for name, group in pages.groups.items()
        ]
        made += [
            Entry(Kind.SETTING, option.name, "setting", searchable(option), partial(pages.go_to, option.name))
            for option in OPTIONS
        ]
        made += [
            Entry(Kind.SETTING, words, "setting", f"{words} login sign-in".casefold(), partial(pages.go_to, field))
            for words, field in (("User name", "user"), ("Password", PASSWORD))
        ]
        return made
