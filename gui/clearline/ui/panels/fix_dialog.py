"""Before and after: what a remedy changes, to be agreed to."""

from __future__ import annotations

import re
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QTextOption
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QLabel, QLayout, QPushButton, QVBoxLayout, QWidget

from clearline.core.findings import Remedy
from clearline.core.profiles.differences import differences
from clearline.core.profiles.profile import Profile
from clearline.core.uri.remedies import weakens
from clearline.ui.look import theme
from clearline.ui.widgets.labels import WrappedLabel, section
from clearline.ui.widgets.patch_words import setting_name
from clearline.ui.widgets.rich_text import RichText

_WIDTH = theme.GRID * 84
_WEAKER = "This gives up protection: a machine between here and the server can then listen, or answer in its place."
_HIDDEN = "Only the way in which the secret is written changes. It stays hidden here."


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
            for column, text in enumerate((setting_name(entry.place), entry.before, entry.after)):
                label = WrappedLabel(text) if column else QLabel(text)
                theme.write_in(label, theme.Face.MONO)
                label.setTextFormat(Qt.TextFormat.PlainText)
                grid.addWidget(label, row, column)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(2, 1)
        page = RichText("Connection string before and after")
        theme.write_in(page, theme.Face.MONO)
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
