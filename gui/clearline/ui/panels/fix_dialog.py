"""Before and after: what a remedy changes, to be agreed to."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QTextOption
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QLabel, QLayout, QPushButton, QVBoxLayout, QWidget

from clearline.core.profile import Profile
from clearline.core.redaction import MASK
from clearline.core.report import Remedy
from clearline.core.uri_remedies import weakens
from clearline.ui import theme
from clearline.ui.panels.parts import RichText, WrappedLabel, section

_NOT_SET = "not set"
_WIDTH = theme.GRID * 84
_WORDS = {"unread": "not understood"}
_WEAKER = "This gives up protection: whoever is between here and the server can then listen, or answer in its place."
_HIDDEN = "Only the way in which the secret is written changes. It stays hidden here."


def differences(before: Profile, after: Profile) -> list[tuple[str, str, str]]:
    """Every value that differs: its place in the profile, old and new as words."""
    old, new = _flat(msgspec.to_builtins(before)), _flat(msgspec.to_builtins(after))
    return [
        (_WORDS.get(name, name), old.get(name, _NOT_SET), new.get(name, _NOT_SET))
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]


class FixDialog(QDialog):
    """Shows the change; `agreed` when the user wants it and a new test."""

    agreed = Signal()

    def __init__(
        self, remedy: Remedy, before: Profile, after: Profile, texts: tuple[str, str], parent: QWidget
    ) -> None:
        """``texts`` are the connection strings before and after, redacted."""
        super().__init__(parent)
        weaker = weakens(remedy)
        changes = differences(before, after)
        self.setWindowTitle("Change the profile")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(True)
        self.setMinimumWidth(theme.GRID * 60)
        words = WrappedLabel(remedy.text)
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.GRID * 3)
        grid.setVerticalSpacing(6)
        for column, title in enumerate(("Setting", "Before", "After") if changes else ()):
            grid.addWidget(section(title), 0, column)
        for row, entry in enumerate(changes, 1):
            for column, text in enumerate(entry):
                label = QLabel(text)
                label.setFont(theme.mono_font())
                label.setTextFormat(Qt.TextFormat.PlainText)
                label.setWordWrap(column > 0)
                grid.addWidget(label, row, column)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(2, 1)
        page = RichText("Connection string before and after")
        page.setFont(theme.mono_font())
        page.show_page(partial(marked_texts, *texts))
        page.setWordWrapMode(QTextOption.WrapMode.WrapAnywhere)
        page.document().setTextWidth(_WIDTH - 60)
        page.setFixedHeight(min(theme.GRID * 30, round(page.document().size().height()) + theme.GRID))
        self.apply = QPushButton("Apply and test again")
        self.apply.setObjectName("" if weaker else "primary")
        cancel = QPushButton("Cancel")
        (cancel if weaker else self.apply).setDefault(True)
        (self.apply if weaker else cancel).setAutoDefault(False)
        self.apply.clicked.connect(self.accept)
        cancel.clicked.connect(self.reject)
        self.accepted.connect(self.agreed)
        foot = QHBoxLayout()
        foot.setSpacing(theme.GRID)
        foot.addStretch(1)
        foot.addWidget(cancel)
        foot.addWidget(self.apply)
        column_layout = QVBoxLayout(self)
        column_layout.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)  # some platforms cannot change it
        column_layout.setContentsMargins(20, 20, 20, 16)
        column_layout.setSpacing(theme.GRID * 2)
        column_layout.addWidget(words)
        if weaker:
            column_layout.addWidget(WrappedLabel(_WEAKER, "warning"))
        elif texts[0] == texts[1]:
            column_layout.addWidget(WrappedLabel(_HIDDEN, "muted"))
        column_layout.addLayout(grid)
        column_layout.addWidget(page)
        column_layout.addStretch(1)
        column_layout.addLayout(foot)
        self.resize(_WIDTH, column_layout.totalHeightForWidth(_WIDTH))


def marked_texts(before: str, after: str) -> str:
    """Two redacted texts, one below the other, with what differs in strong colours."""
    from difflib import SequenceMatcher
    from html import escape

    c = theme.colours()
    old, new = [], []
    first, second = (re.findall(r"\w+|\W", text) for text in (before, after))  # whole words differ, not letters
    for kind, a, b, x, y in SequenceMatcher(None, first, second, autojunk=False).get_opcodes():
        was, becomes = escape("".join(first[a:b])), escape("".join(second[x:y]))
        if kind != "equal":
            was = f'<span style="background:{c.failed_back}; color:{c.failed}">{was}</span>'
            becomes = f'<span style="background:{c.passed_back}; color:{c.passed}">{becomes}</span>'
        old.append(was)
        new.append(becomes)
    return f'<p style="color:{c.muted}">− {"".join(old)}</p><p>+ {"".join(new)}</p>'


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        elif isinstance(value, (list, tuple)):
            flat[prefix + name] = ", ".join(map(_entry, value)) or _NOT_SET
        else:
            flat[prefix + name] = {True: "yes", False: "no"}.get(value, str(value)) if value is not None else _NOT_SET
    return {name: value for name, value in flat.items() if value != _NOT_SET}


def _entry(value: Any) -> str:
    """One of several values: a host, a tag set, or an option that no field holds."""
    if not isinstance(value, dict):
        return str(value)
    if "name" in value:
        return f"{value['name']}={MASK if value.get('value', '') is None else value.get('value', '')}"
    return ",".join(f"{name}:{text}" for name, text in value.items()) or "any"
