"""A presented chain as a tree: the server's certificate, below it who issued it, at the end who trusts it."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from clearline.core.facts.servers import Reach
from clearline.core.inspection.chain_words import kind_of, name_of, source_words, trust_words, validity
from clearline.core.inspection.server_certificates import PresentedChain, Trust, TrustedBy
from clearline.ui.look import theme
from clearline.ui.look.icons import icon

Index = QModelIndex | QPersistentModelIndex
_COLUMNS: Final = ("Certificate", "What it is", "Valid")
_NONE: Final = QModelIndex()


class _Node(NamedTuple):
    parent: int
    row: int
    texts: tuple[str, str, str]
    icon: str
    tone: str
    tip: str


class CertificateChainModel(QAbstractItemModel):
    """At most a dozen nodes; each certificate is the parent of its issuer, the last one of the trust sources."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._nodes: list[_Node] = []

    def show(self, chain: PresentedChain | None, used: TrustedBy) -> None:
        """Show another chain; ``used`` is the profile's own source."""
        self.beginResetModel()
        self._nodes = []
        if chain is not None:
            for place in range(len(chain.certificates)):
                self._nodes.append(_certificate(chain, place))
            last = len(self._nodes) - 1
            for row, trust in enumerate(chain.trust if last >= 0 else ()):
                self._nodes.append(_trust(trust, last, row, used=trust.source is used))
        self.endResetModel()

    def index(self, row: int, column: int, parent: Index = _NONE) -> QModelIndex:
        """The place of a node."""
        above = parent.internalId() if parent.isValid() else -1
        for number, node in enumerate(self._nodes):
            if (node.parent, node.row) == (above, row) and 0 <= column < len(_COLUMNS):
                return self.createIndex(row, column, number)
        return QModelIndex()

    def parent(self, index: Index = _NONE) -> QModelIndex:  # type: ignore[override]
        """The node above."""
        if not index.isValid():
            return QModelIndex()
        above = self._nodes[index.internalId()].parent
        return self.createIndex(self._nodes[above].row, 0, above) if above >= 0 else QModelIndex()

    def rowCount(self, parent: Index = _NONE) -> int:
        """How many nodes are below."""
        if parent.isValid() and parent.column() > 0:
            return 0
        above = parent.internalId() if parent.isValid() else -1
        return sum(node.parent == above for node in self._nodes)

    def columnCount(self, parent: Index = _NONE) -> int:
        """Always the same."""
        return len(_COLUMNS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text, icon, tip and the words for a screen reader."""
        if not index.isValid():
            return None
        node = self._nodes[index.internalId()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return node.texts[index.column()]
            case Qt.ItemDataRole.DecorationRole if index.column() == 0:
                return icon(node.icon, theme.tone(node.tone))
            case Qt.ItemDataRole.ToolTipRole:
                return node.tip
            case Qt.ItemDataRole.AccessibleTextRole:
                return " · ".join(text for text in node.texts if text)
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The columns' names."""
        if role == Qt.ItemDataRole.DisplayRole and orientation is Qt.Orientation.Horizontal:
            return _COLUMNS[section] if 0 <= section < len(_COLUMNS) else None
        return None


def _certificate(chain: PresentedChain, place: int) -> _Node:
    presented = chain.certificates[place]
    facts = presented.facts
    severity, words = validity(facts)
    mark, tone = ("note", "muted") if severity is None else ("warning", "warning")
    if facts.days_left < 0 or facts.not_yet_valid:
        mark, tone = "failed", "failed"
    if place == 0 and chain.name_matches is False:
        mark, tone = "failed", "failed"
    lines = [
        f"Subject: {facts.subject}",
        f"Issuer: {facts.issuer}",
        f"Names: {', '.join((*facts.names, *facts.addresses)) or 'none'}",
        f"Key: {facts.key_type} {facts.key_bits}, signed with {facts.signature_hash or 'an unknown hash'}",
        f"SHA-256: {presented.sha256}",
    ]
    what = kind_of(chain, place)
    if place == 0 and chain.name_matches is False:
        what += f", not for {chain.server_name}"
    return _Node(place - 1, 0, (name_of(facts), what, words), mark, tone, "\n".join(lines))


def _trust(trust: Trust, parent: int, row: int, *, used: bool) -> _Node:
    words = trust_words(trust)
    mine = ", as this profile has it" if used else ""
    mark, tone = ("passed", "passed") if trust.reach is Reach.OK else ("skipped", "muted")
    if used and trust.reach is not Reach.OK:
        mark, tone = ("failed", "failed")
    name = source_words(trust.source)
    ends = validity(trust.root.facts)[1] if trust.root is not None else ""
    tip = f"SHA-256 of that root: {trust.root.sha256}" if trust.root is not None else words
    return _Node(parent, row, (f"{name[:1].upper()}{name[1:]}{mine}", words, ends), mark, tone, tip)
