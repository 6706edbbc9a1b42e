"""The checklist of a profile: what asks for something first, what is in order last."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

from clearline.core.checklist.checklist import open_items
from clearline.core.checklist.rule import Advice, Importance

AnyIndex = QModelIndex | QPersistentModelIndex


class AdviceRole(IntEnum):
    """What a row offers besides its sentence."""

    ADVICE = Qt.ItemDataRole.UserRole + 1
    IMPORTANCE = Qt.ItemDataRole.UserRole + 2


class ChecklistModel(QAbstractListModel):
    """One row per item, in the checklist's order."""

    def __init__(self) -> None:
        super().__init__()
        self._items: tuple[Advice, ...] = ()

    @property
    def open_items(self) -> tuple[Advice, ...]:
        """Those that ask for something."""
        return open_items(self._items)

    @property
    def passed_items(self) -> tuple[Advice, ...]:
        """Those that are in order."""
        return tuple(item for item in self._items if item.importance is Importance.PASSED)

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Items."""
        return 0 if parent.isValid() else len(self._items)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The roles of `AdviceRole`, the sentence, why it matters, and words for those who do not see."""
        if not index.isValid() or index.row() >= len(self._items):
            return None
        item = self._items[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return item.title
            case Qt.ItemDataRole.ToolTipRole:
                return item.why or item.title
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{importance_word(item.importance)}: {item.title}"
            case AdviceRole.ADVICE:
                return item
            case AdviceRole.IMPORTANCE:
                return item.importance
        return None

    def show(self, items: tuple[Advice, ...]) -> None:
        """Take a newer list; nothing is told when it says the same."""
        if items == self._items:
            return
        self.beginResetModel()
        self._items = items
        self.endResetModel()


def importance_word(importance: Importance) -> str:
    """The word that stands beside the icon."""
    return {Importance.PASSED: "in order"}.get(importance, importance.value)
