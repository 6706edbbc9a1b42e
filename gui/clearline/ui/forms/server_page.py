"""The Server page: where the deployment is found."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from clearline.ui import theme
from clearline.ui.forms.hosts import HostsEditor
from clearline.ui.forms.page import Desk, FormPage, FormState
from clearline.ui.forms.rows import Choice, TextEntry, add_row, form_column

_DEFAULT = "default"


class ServerPage(FormPage):
    """Editors of ``profile.seeds``."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.scheme = Choice("Scheme", (("mongodb://  host list", False), ("mongodb+srv://  DNS name", True)))
        self.hosts = HostsEditor()
        self.replica_set = TextEntry("Replica set name", "not set: taken as it comes")
        self.direct = Choice(
            "Direct connection", ((_DEFAULT, None), ("yes: this one server only", True), ("no: discover all", False))
        )
        self.database = TextEntry("Default database", "not set")
        where, form = form_column("Server")
        add_row(form, "Scheme", self.scheme)
        self._hosts_label: QLabel = add_row(form, "Hosts", self.hosts)
        add_row(form, "Default database", self.database)
        add_row(form, "Replica set", self.replica_set)
        add_row(form, "Direct connection", self.direct)

        columns = QHBoxLayout(self)
        columns.setContentsMargins(12, 12, theme.GRID * 2, 12)
        columns.setSpacing(theme.GRID * 3)
        columns.addWidget(where, 1)
        columns.addStretch(1)

        self.scheme.chosen.connect(lambda srv: self.change("seeds", srv=srv, hosts=self._hosts_for(bool(srv))))
        self.hosts.entered.connect(lambda hosts: self.change("seeds", hosts=hosts))
        self.database.entered.connect(lambda name: self.change("seeds", database=name))
        self.replica_set.entered.connect(lambda name: self.change("seeds", replica_set=name))
        self.direct.chosen.connect(lambda value: self.change("seeds", direct_connection=value))

    def show_state(self, state: FormState) -> None:
        """Show the values of a profile."""
        super().show_state(state)
        seeds = state.profile.seeds
        self.scheme.show_value(seeds.srv)
        self._hosts_label.setText("Cluster name" if seeds.srv else "Hosts")
        self.hosts.show_hosts(seeds.hosts, srv=seeds.srv)
        self.database.show_value(seeds.database)
        self.replica_set.show_value(seeds.replica_set)
        self.direct.show_value(seeds.direct_connection)

    def editor_of(self, name: str) -> QWidget | None:
        """The editor of a field."""
        editors = {
            "hosts": self.hosts.entries[0],
            "database": self.database,
            "replicaSet": self.replica_set,
            "directConnection": self.direct,
        }
        return editors.get(name)

    def _hosts_for(self, srv: bool) -> tuple[str, ...]:
        """SRV takes one name without a port."""
        hosts = self.state.profile.seeds.hosts
        if not srv or not hosts:
            return hosts
        name, _, port = hosts[0].rpartition(":")
        return (name if name and port.isdigit() else hosts[0],)
