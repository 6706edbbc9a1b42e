"""What "Go to" finds: pages and actions, profiles, settings of the connection; the best fits first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

_MOST: Final = 60
"""Rows that are shown; who looks for more types another letter."""


class Kind(IntEnum):
    """What an entry is; among equal fits the order of the rows."""

    ACTION = 0
    PROFILE = 1
    SETTING = 2


KIND_WORDS: Final = {Kind.ACTION: "action", Kind.PROFILE: "connection", Kind.SETTING: "setting"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to go to or to do; ``words`` in lower case are what is searched."""

    kind: Kind
    title: str
    detail: str
    words: str
    act: Callable[[], object]


def found(entries: Iterable[Entry], text: str) -> list[Entry]:
    """The entries that hold every word of the text: titles that begin with it first, then titles that hold it."""
    words = text.casefold().split()
    if not words:
        return [entry for entry in entries if entry.kind is Kind.ACTION][:_MOST]
    whole = " ".join(words)
    fits: list[tuple[int, int, Entry]] = []
    for entry in entries:
        if all(word in entry.words for word in words):
            title = entry.title.casefold()
            rank = 0 if title.startswith(whole) else 1 if whole in title else 2
            fits.append((rank, entry.kind, entry))
    fits.sort(key=lambda fit: fit[:2])
    return [entry for _, _, entry in fits[:_MOST]]


class GoToModel(QAbstractListModel):
    """The entries that fit."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: Sequence[Entry] = ()

    def show(self, entries: Sequence[Entry]) -> None:
        """Other entries."""
        self.beginResetModel()
        self.entries = entries
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """One row for each."""
        return 0 if parent.isValid() else len(self.entries)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The title; for screen readers what it is, too."""
        if not index.isValid() or index.row() >= len(self.entries):
            return None
        entry = self.entries[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return entry.title
            case Qt.ItemDataRole.AccessibleTextRole:
                return ", ".join(filter(None, (entry.title, KIND_WORDS[entry.kind], entry.detail)))
            case Qt.ItemDataRole.UserRole:
                return entry
        return None
