"""Help: what the window is for in a few sentences, and every key."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from html import escape
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLayout, QLineEdit, QVBoxLayout, QWidget

from clearline.ui.look import theme
from clearline.ui.widgets.rich_text import RichText

_WORDS: Final = (
    ("What to paste", "An address, a host, an error text with or without its stack trace, or a file to import."),
    ("What comes back", "One sentence with the cause. Below it what to do, and a button that does it where one can."),
    ("proven, likely, possible", "Proven: nothing else explains what was seen. Likely: one other thing would look"
     " the same, and the answer names it. Possible: a guess that nothing contradicts."),
    ("Secrets", "A password is shown as dots, is sent to no server but those of the address, and is part of no report,"
     " copy or file, unless you ask for it."),
    ("Live", "Watch keeps the connection open. When it is lost, the cause is looked for at once."),
)  # fmt: skip
_KEYS_IN_PLACE: Final = (
    ("In the stages: choose one, show it alone", "Left, Right, Enter"),
    ("In the answer's servers: only those with problems", "P"),
    ("In Live: its views", "1 to 4"),
    ("In the search of connections: on into the list", "Down"),
    ("In the list: rename, delete", "F2, Del"),
)


class HelpDialog(QDialog):
    """A page with a search over it."""

    def __init__(self, keys: Sequence[tuple[str, str]], parent: QWidget, *, first: str = "") -> None:
        """``keys``: what they do, and their names. ``first``: what the search begins with."""
        super().__init__(parent)
        self.setWindowTitle("Help")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._keys = (*keys, *_KEYS_IN_PLACE)
        self._only_keys = first == "keys"
        self.search = QLineEdit()
        self.search.setPlaceholderText("Find a key or a word")
        self.search.setAccessibleName("Find a key or a word")
        self.search.setClearButtonEnabled(True)
        self.page = RichText("Help")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)  # some platforms cannot change it
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(12)
        column.addWidget(self.search)
        column.addWidget(self.page, 1)
        column.addWidget(buttons)
        self.resize(theme.scaled(theme.GRID * 76), theme.GRID * 60)
        self.search.textChanged.connect(lambda _text: self._show())
        self._show()

    def _show(self) -> None:
        words = self.search.text().casefold().split()
        told = [one for one in (() if self._only_keys else _WORDS) if _fits(one, words)]
        keys = [one for one in self._keys if _fits(one, words)]
        self.page.show_page(partial(_html, told, keys))


def _fits(entry: tuple[str, str], words: list[str]) -> bool:
    text = " ".join(entry).casefold()
    return all(word in text for word in words)


def _html(told: list[tuple[str, str]], keys: list[tuple[str, str]]) -> str:
    c = theme.colours()
    if not told and not keys:
        return f'<p style="color:{c.muted}">Nothing of that name.</p>'
    parts = [f"<p><b>{escape(title)}</b><br>{escape(words)}</p>" for title, words in told]
    rows = "".join(
        f'<tr><td style="padding:3px 24px 3px 0px">{escape(does)}</td>'
        f'<td style="padding:3px 0px"><b>{escape(key)}</b></td></tr>'
        for does, key in keys
    )
    head = "<p><b>Keys</b></p>" if told and rows else ""
    return "".join(parts) + head + (f"<table>{rows}</table>" if rows else "")
