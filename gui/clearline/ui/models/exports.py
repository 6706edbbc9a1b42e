"""The connections that can be exported, with a box each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

from clearline.core.profiles.profile import Profile

AnyIndex = QModelIndex | QPersistentModelIndex


class ExportsModel(QAbstractListModel):
    """Connections with a box each."""

    def __init__(self) -> None:
        super().__init__()
        self._profiles: tuple[Profile, ...] = ()
        self._ticked: set[str] = set()

    def show(self, profiles: Sequence[Profile], ticked: Sequence[str]) -> None:
        """Show other connections; ``ticked`` are ids."""
        self.beginResetModel()
        self._profiles = tuple(profiles)
        self._ticked = set(ticked)
        self.endResetModel()

    @property
    def chosen(self) -> tuple[Profile, ...]:
        """The ticked ones, in their order."""
        return tuple(profile for profile in self._profiles if profile.id in self._ticked)

    def tick(self, ids: Sequence[str] | None) -> None:
        """Tick exactly these; None ticks all."""
        self._ticked = {profile.id for profile in self._profiles} if ids is None else set(ids)
        if self._profiles:
            self.dataChanged.emit(self.index(0), self.index(len(self._profiles) - 1))

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Connections."""
        return 0 if parent.isValid() else len(self._profiles)

    def flags(self, index: AnyIndex) -> Qt.ItemFlag:
        """Every row can be ticked."""
        return super().flags(index) | (Qt.ItemFlag.ItemIsUserCheckable if index.isValid() else Qt.ItemFlag.NoItemFlags)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Name, folder and tick."""
        if not index.isValid() or index.row() >= len(self._profiles):
            return None
        profile = self._profiles[index.row()]
        name = profile.name or (profile.seeds.hosts[0] if profile.seeds.hosts else "connection without a name")
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return f"{name}   –   {profile.folder}" if profile.folder else name
            case Qt.ItemDataRole.AccessibleTextRole:
                return name
            case Qt.ItemDataRole.CheckStateRole:
                return Qt.CheckState.Checked if profile.id in self._ticked else Qt.CheckState.Unchecked
        return None

    def setData(self, index: AnyIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Tick or untick one."""
        if role != Qt.ItemDataRole.CheckStateRole or not index.isValid():
            return False
        profile_id = self._profiles[index.row()].id
        (self._ticked.add if Qt.CheckState(value) is Qt.CheckState.Checked else self._ticked.discard)(profile_id)
        self.dataChanged.emit(index, index)
        return True
