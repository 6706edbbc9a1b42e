"""The Options page: reads, writes, and every option that no other page edits; and what the driver ignores."""

from __future__ import annotations

from typing import Final

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from clearline.core.facts.text import Mistake
from clearline.core.options.catalogue import OPTIONS, OptionGroup, lookup
from clearline.core.profiles.profile import Unread
from clearline.core.secrets.redaction import MASK
from clearline.core.secrets.references import has_references
from clearline.ui.background.background import Background
from clearline.ui.forms.catalogue_page import Block, CataloguePage
from clearline.ui.forms.field_notes import FieldNote
from clearline.ui.forms.page import FormState
from clearline.ui.look import theme
from clearline.ui.look.icons import IconButton
from clearline.ui.widgets.labels import WrappedLabel, section
from clearline.ui.widgets.tab_order import in_tab_order

_ELSEWHERE: Final = (OptionGroup.SERVER, OptionGroup.AUTH, OptionGroup.TLS, OptionGroup.POOL, OptionGroup.TIMEOUTS)
_COMPRESSION: Final = ("compressors", "zlibCompressionLevel")
_TYPES: Final = ("uuidRepresentation", "tz_aware", "datetime_conversion", "unicode_decode_error_handler")


class IgnoredOptions(QWidget):
    """What stands in the text and in no field, as it was typed, each with what is known about it."""

    remove_requested = Signal(int)
    """The place of an entry in ``profile.unread``."""
    repair_requested = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._shown: object = None
        self._lines: list[QWidget] = []
        self.removers: list[IconButton] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, theme.GRID)
        self._column.setSpacing(2)
        self._column.addWidget(section("Kept as typed"))
        self.hide()

    @property
    def text(self) -> str:
        """All that is listed, one line each."""
        return "\n".join(line.accessibleName() for line in self._lines)

    def show_options(self, unread: tuple[Unread, ...], mistakes: tuple[Mistake, ...]) -> None:
        """List them; nothing is rebuilt while they stay the same."""
        about = tuple(tuple(m for m in mistakes if _option_of(m) == item.name.lower()) for item in unread)
        if (unread, about) == self._shown:
            return
        self._shown = (unread, about)
        for line in self._lines:
            line.hide()
            line.deleteLater()
        self._lines, self.removers = [], []
        for place, (item, said) in enumerate(zip(unread, about, strict=True)):
            self._add(place, item, said)
        self.setVisible(bool(unread))

    def _add(self, place: int, item: Unread, mistakes: tuple[Mistake, ...]) -> None:
        typed = item.name if item.bare else f"{item.name}={MASK if item.value is None else item.value}"
        open_value = lookup(item.name) is not None and has_references(item.value or "")
        what = "its value is known when the profile is used." if open_value else "the driver ignores it."
        line = QWidget()
        line.setAccessibleName(f"{typed}: {what}")
        words = WrappedLabel(f"{typed}   –   {what}")
        words.setToolTip(typed)
        note = FieldNote(item.name)
        note.repair_requested.connect(self.repair_requested)
        remove = IconButton("clear", f"Remove {item.name}")
        remove.clicked.connect(lambda: self.remove_requested.emit(place))
        texts = QVBoxLayout()
        texts.setSpacing(0)
        texts.addWidget(words)
        texts.addWidget(note)
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GRID)
        row.addLayout(texts, 1)
        row.addWidget(remove, 0, Qt.AlignmentFlag.AlignTop)
        self._column.addWidget(line)
        note.show_mistakes(tuple(_without_removal(mistake) for mistake in mistakes))
        in_tab_order((remove, *note.buttons))
        self._lines.append(line)
        self.removers.append(remove)


def _option_of(mistake: Mistake) -> str:
    """The option that a mistake names, in small letters, without what is said about it in brackets."""
    return mistake.blanks.get("option", "").partition(" (")[0].lower()


def _without_removal(mistake: Mistake) -> Mistake:
    """Every entry has a button that removes it."""
    removes = (mistake.action or "").startswith(("remove-option", "remove-duplicate"))
    return msgspec.structs.replace(mistake, action=None) if removes else mistake


class OptionsPage(CataloguePage):
    """Editors of ``profile.reads``, ``writes`` and ``options``; the list of ``unread``."""

    def __init__(self, background: Background, parent: QWidget | None = None) -> None:
        mine = [option for option in OPTIONS if option.group not in _ELSEWHERE]
        reads = [option.name for option in mine if option.group is OptionGroup.READS]
        writes = [option.name for option in mine if option.group is OptionGroup.WRITES]
        named = {*reads, *writes, *_COMPRESSION, *_TYPES}
        others = [option.name for option in mine if option.name not in named]
        super().__init__(
            background,
            [
                Block("Reads", reads),
                Block("Writes", writes),
                Block("Application and driver", others),
                Block("Compression", _COMPRESSION),
                Block("Types in Python", _TYPES),
            ],
            parent,
        )
        self.ignored = IgnoredOptions()
        self.ignored.repair_requested.connect(self.repair_requested)
        self.ignored.remove_requested.connect(self._remove)
        whole = self.layout()
        assert isinstance(whole, QVBoxLayout)
        whole.insertWidget(2, self.ignored)

    def show_state(self, state: FormState) -> None:
        """Show the values, and what the text holds besides."""
        super().show_state(state)
        self.ignored.show_options(state.profile.unread, state.mistakes)

    def _remove(self, place: int) -> None:
        unread = self.state.profile.unread
        if place >= len(unread):
            return
        gone, rest = unread[place], (*unread[:place], *unread[place + 1 :])
        self.edited.emit("unread", rest)
        if gone.value is None and all(item.name != gone.name for item in rest):
            self.secret_edited.emit(gone.name, None)
