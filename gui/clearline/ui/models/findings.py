"""The findings of a report, most important first."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

from clearline.core.findings import Finding
from clearline.ui.look.status import stage_word, status_word

AnyIndex = QModelIndex | QPersistentModelIndex


class FindingRole(IntEnum):
    """What a row offers besides its sentence."""

    FINDING = Qt.ItemDataRole.UserRole + 1
    SEVERITY = Qt.ItemDataRole.UserRole + 2
    SUBTITLE = Qt.ItemDataRole.UserRole + 3


class FindingsModel(QAbstractListModel):
    """One row per finding, in the report's order."""

    def __init__(self) -> None:
        super().__init__()
        self._findings: tuple[Finding, ...] = ()

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Findings."""
        return 0 if parent.isValid() else len(self._findings)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The roles of `FindingRole`, the sentence, and words for those who do not see."""
        if not index.isValid() or index.row() >= len(self._findings):
            return None
        finding = self._findings[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.ToolTipRole:
                return finding.summary
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{status_word(finding.severity)}, {finding.certainty.value}: {finding.summary}"
            case FindingRole.FINDING:
                return finding
            case FindingRole.SEVERITY:
                return finding.severity
            case FindingRole.SUBTITLE:
                words = (
                    status_word(finding.severity),
                    finding.certainty.value,
                    stage_word(finding.stage),
                    finding.server,
                )
                return " · ".join(filter(None, words))
        return None

    def show(self, findings: tuple[Finding, ...]) -> None:
        """Take a newer list; rows that keep their cause and server are repainted in place."""
        before = self._findings
        if [_key(f) for f in before] == [_key(f) for f in findings]:
            self._findings = findings
            for row, (old, new) in enumerate(zip(before, findings, strict=True)):
                if old != new:
                    self.dataChanged.emit(self.index(row), self.index(row))
            return
        self.beginResetModel()
        self._findings = findings
        self.endResetModel()


def _key(finding: Finding) -> tuple[str, str | None]:
    return finding.cause, finding.server
