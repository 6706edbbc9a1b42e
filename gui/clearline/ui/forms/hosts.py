"""The seed list as rows of host and port, with a spare row for the next one."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from clearline.core.secrets.secret import Secret
from clearline.ui.look.icons import IconButton
from clearline.ui.widgets.editors import TextEntry
from clearline.ui.widgets.labels import tell_forms
from clearline.ui.widgets.tab_order import in_tab_order

_SEPARATORS = ",; \n\t"
_MOST_LINES = 50
"""More seeds than that share one line: no deployment has so many, and a widget for each would take seconds."""


class HostsEditor(QWidget):
    """One line per seed; pasting a list into a line makes lines of it."""

    entered = Signal(object)
    """The seeds as a tuple of ``host`` or ``host:port``, empty lines left out."""

    connection_entered = Signal(int, object)
    """A connection string, or a login and a host, stands in a line: its number, and the text as a `Secret`."""

    def __init__(self) -> None:
        super().__init__()
        self._single = False
        self._lines: list[tuple[QWidget, TextEntry, IconButton]] = []
        self._rows = QVBoxLayout()
        self._rows.setSpacing(4)
        self.add = IconButton("plus", "Add a host")
        self.add.clicked.connect(self._add_by_hand)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(self._rows)
        self._resize(1)

    @property
    def entries(self) -> list[TextEntry]:
        """The editors of the lines."""
        return [entry for _, entry, _ in self._lines]

    @property
    def hosts(self) -> tuple[str, ...]:
        """What stands there."""
        return tuple(host for entry in self.entries for host in _split(entry.text()))

    def show_hosts(self, hosts: tuple[str, ...], *, srv: bool) -> None:
        """Show these seeds; with SRV one name."""
        self._single = srv and len(hosts) < 2
        if len(hosts) > _MOST_LINES:
            hosts = (",".join(hosts),)
        self.add.setVisible(not self._single)
        if (
            hosts != tuple(text for e in self.entries if (text := e.text().strip()))
            or len(self._lines) < max(1, len(hosts))
            or (srv and len(self._lines) > len(hosts) > 0)
        ):
            self._resize(max(1, len(hosts)))
            for number, entry in enumerate(self.entries):
                entry.show_value(hosts[number] if number < len(hosts) else None)
        for number, entry in enumerate(self.entries, 1):
            entry.setPlaceholderText("cluster0.abcde.mongodb.net" if srv else "db1.example.com:27017")
            entry.setAccessibleName("Cluster name" if srv else f"Host {number}")

    def event(self, event: QEvent) -> bool:
        """Lines that come, or that are dressed in larger letters, need more of the form than it has given."""
        if event.type() == QEvent.Type.LayoutRequest:
            tell_forms(self)
        return super().event(event)

    def _resize(self, count: int) -> None:
        while len(self._lines) > count:
            line, _, _ = self._lines.pop()
            self.add.setParent(self)
            self._rows.removeWidget(line)
            line.hide()
            line.deleteLater()
        while len(self._lines) < count:
            self._append()
        for _, _, remove in self._lines:
            remove.setVisible(len(self._lines) > 1)
        last = self._lines[-1][0].layout()
        assert last is not None
        last.addWidget(self.add)
        in_tab_order((*(stop for _, entry, remove in self._lines for stop in (entry, remove)), self.add))

    def _append(self) -> TextEntry:
        number = len(self._lines) + 1
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        entry = TextEntry(f"Host {number}", "db1.example.com:27017", mono=True)
        remove = IconButton("minus", f"Remove host {number}")
        row.addWidget(entry, 1)
        row.addWidget(remove)
        entry.entered.connect(lambda _value: self._on_entered(entry))
        remove.clicked.connect(lambda: self._remove(entry))
        self._lines.append((line, entry, remove))
        self._rows.addWidget(line)
        return entry

    def _on_entered(self, entry: TextEntry) -> None:
        text = entry.text().strip()
        if "://" in text or "@" in text:  # a password has no place in the list of hosts, not even for a moment
            self.connection_entered.emit(self.entries.index(entry), Secret(text))
            return
        if any(separator in text for separator in _SEPARATORS):
            place = self.entries.index(entry)
            texts = [e.text().strip() for e in self.entries]
            texts[place : place + 1] = _split(text)
            if 1 < len(texts) <= _MOST_LINES:
                self._resize(len(texts))
                for one, value in zip(self.entries, texts, strict=True):
                    one.show_value(value)
        self.entered.emit(self.hosts)

    def _add_by_hand(self) -> None:
        self._resize(len(self._lines) + 1)
        self.entries[-1].setFocus()

    def _remove(self, entry: TextEntry) -> None:
        texts = [e.text() for e in self.entries if e is not entry]
        self._resize(len(texts))
        for one, value in zip(self.entries, texts, strict=True):
            one.show_value(value)
        self.entered.emit(self.hosts)


def _split(text: str) -> list[str]:
    for separator in _SEPARATORS:
        text = text.replace(separator, " ")
    return text.split()
