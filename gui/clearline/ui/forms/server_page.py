"""The Server page: where the deployment is found."""

from __future__ import annotations

from typing import Any

from msgspec import to_builtins
from msgspec.structs import replace
from PySide6.QtWidgets import QFormLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from clearline.core.findings import Remedy, Severity
from clearline.core.profiles.profile import Profile, Seeds
from clearline.core.secrets.secret import PASSWORD, Secret
from clearline.core.uri.connection_string import read
from clearline.ui.background.background import Background
from clearline.ui.forms.field_notes import FieldNote, mistakes_of
from clearline.ui.forms.hosts import HostsEditor
from clearline.ui.forms.page import FormPage, FormState
from clearline.ui.forms.srv_panel import SrvPanel
from clearline.ui.look import theme
from clearline.ui.widgets.editors import Choice, TextEntry, add_row, form_column
from clearline.ui.widgets.flow import Flow

_SEEDS_ALONE = dict.fromkeys(
    ("srv", "hosts", "replicaSet", "directConnection", "loadBalanced", "srvServiceName", "srvMaxHosts")
)
PRESETS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (
        "Local",
        "One MongoDB on this computer.",
        {"seeds": {**_SEEDS_ALONE, "hosts": ["localhost:27017"]}, "tls": {"enabled": None}},
    ),
    (
        "Atlas",
        "A cluster name that DNS knows; TLS comes with it.",
        {"seeds": {**_SEEDS_ALONE, "srv": True, "hosts": []}, "tls": {"enabled": None}},
    ),
    (
        "Replica set",
        "Three members and the name of their set.",
        {
            "seeds": {
                **_SEEDS_ALONE,
                "hosts": [],
                "replicaSet": "rs0",
            }
        },
    ),
)
"""Name, what it is for, and the merge patch on a profile; a host that only the user knows is left to be typed."""

_YES_NO = (("yes", True), ("no", False))


class ServerPage(FormPage):
    """Editors of ``profile.seeds``, presets, and the SRV lookup."""

    def __init__(self, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(background, parent)
        self.scheme = Choice("Scheme", (("mongodb://  host list", False), ("mongodb+srv://  DNS name", True)))
        self.hosts = HostsEditor()
        self.service = TextEntry("SRV service name", "default: mongodb")
        self.max_hosts = TextEntry("SRV max hosts", "default: all")
        self.suffix = TextEntry("SRV allowed hosts suffix", "default: the name's own parent domain")
        self.database = TextEntry("Default database", "not set")
        self.replica_set = TextEntry("Replica set name", "not set: taken as it comes")
        self.direct = Choice(
            "Direct connection", (("default: no", None), ("yes: this one server only", True), ("no", False))
        )
        self.balanced = Choice("Load balanced", (("default: no", None), *_YES_NO))
        self.presets = {name: QPushButton(name) for name, _, _ in PRESETS}
        self.srv = SrvPanel(background)
        self._notes: dict[str, FieldNote] = {}
        self._fields: dict[str, QWidget] = {}
        self._shown_id = ""

        where, self._form = form_column("Server")
        start = QWidget()
        flow = Flow()
        flow.setContentsMargins(0, 3, 0, 3)
        start.setLayout(flow)
        for name, words, patch in PRESETS:
            button = self.presets[name]
            button.setObjectName("small")
            button.setToolTip(words)
            button.setAccessibleDescription(words)
            remedy = Remedy(text=words, patch=patch)
            button.clicked.connect(lambda _checked=False, remedy=remedy: self._begin_with(remedy))
            flow.addWidget(button)
        add_row(self._form, "Start from", start)
        add_row(self._form, "Scheme", self.scheme)
        self._hosts_label: QLabel = self._add("Hosts", self.hosts, "hosts")
        self._add("Service name", self.service, "srvServiceName")
        self._add("Max hosts", self.max_hosts, "srvMaxHosts")
        self._add("Hosts' domain", self.suffix, "srvAllowedHostsSuffix")
        more, self._more = form_column("Deployment")
        self._add("Default database", self.database, "database", self._more)
        self._add("Replica set", self.replica_set, "replicaSet", self._more)
        self._add("Direct connection", self.direct, "directConnection", self._more)
        self._add("Load balanced", self.balanced, "loadBalanced", self._more)

        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID)
        column.addWidget(more)
        column.addWidget(self.srv)
        column.addStretch(1)
        page = QVBoxLayout(self)
        page.setContentsMargins(12, 12, theme.GRID * 2, 12)
        page.setSpacing(theme.GRID * 2)
        page.addWidget(where)
        page.addWidget(right)

        self.scheme.chosen.connect(self._choose_scheme)
        self.hosts.entered.connect(lambda hosts: self.change("seeds", hosts=hosts))
        self.hosts.connection_entered.connect(self._take_connection)
        self.database.entered.connect(lambda name: self.change("seeds", database=name))
        self.replica_set.entered.connect(lambda name: self.change("seeds", replica_set=name))
        self.direct.chosen.connect(lambda value: self.change("seeds", direct_connection=value))
        self.balanced.chosen.connect(lambda value: self.change("seeds", load_balanced=value))
        self.service.entered.connect(lambda name: self.change("seeds", srv_service_name=name))
        self.suffix.entered.connect(lambda name: self.change("seeds", srv_allowed_hosts_suffix=name))
        self.max_hosts.entered.connect(self._set_max_hosts)
        for entry in (self.database, self.replica_set, self.service, self.suffix, self.max_hosts):
            entry.returnPressed.connect(self.submitted)
        self.srv.rewritten.connect(self._rewrite)
        self.srv.remedy_requested.connect(self.repair_requested)

    def show_state(self, state: FormState) -> None:
        """Show the values of a profile."""
        other = state.profile.id != self._shown_id
        self._shown_id = state.profile.id
        super().show_state(state)
        seeds = state.profile.seeds
        self.scheme.show_value(seeds.srv)
        self._hosts_label.setText("Cluster name" if seeds.srv else "Hosts")
        self.hosts.show_hosts(seeds.hosts, srv=seeds.srv)
        self.database.show_value(seeds.database)
        self.replica_set.show_value(seeds.replica_set)
        self.direct.show_value(seeds.direct_connection)
        self.balanced.show_value(seeds.load_balanced)
        self.service.show_value(seeds.srv_service_name)
        self.suffix.show_value(seeds.srv_allowed_hosts_suffix)
        if other or seeds.srv_max_hosts is not None or not self._notes["srvMaxHosts"].text:
            self.max_hosts.show_value(None if seeds.srv_max_hosts is None else str(seeds.srv_max_hosts))
            self._notes["srvMaxHosts"].show_mistakes(())
        for name, value in (
            ("srvServiceName", seeds.srv_service_name),
            ("srvMaxHosts", seeds.srv_max_hosts),
            ("srvAllowedHostsSuffix", seeds.srv_allowed_hosts_suffix),
        ):
            self._form.setRowVisible(self._fields[name], seeds.srv or value is not None)
        for name, note in self._notes.items():
            if mistakes := mistakes_of(name, state.mistakes):
                note.show_mistakes(mistakes)
            elif name != "srvMaxHosts" or seeds.srv_max_hosts is not None:
                note.show_mistakes(())
        self.srv.show_state(state)

    def editor_of(self, name: str) -> QWidget | None:
        """The editor of a field."""
        editors = {
            "hosts": self.hosts.entries[0],
            "database": self.database,
            "replicaSet": self.replica_set,
            "directConnection": self.direct,
            "loadBalanced": self.balanced,
            "srvServiceName": self.service,
            "srvMaxHosts": self.max_hosts,
            "srvAllowedHostsSuffix": self.suffix,
        }
        return editors.get(name)

    def _add(self, words: str, editor: QWidget, name: str, form: QFormLayout | None = None) -> QLabel:
        """A row whose editor has the field's mistakes below it."""
        note = self._notes[name] = FieldNote(words)
        note.repair_requested.connect(self.repair_requested)
        both = QWidget()
        column = QVBoxLayout(both)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(editor)
        column.addWidget(note)
        both.setFocusProxy(editor)
        self._fields[name] = both
        return add_row(form or self._form, words, both)

    def _begin_with(self, remedy: Remedy) -> None:
        """Take a preset, and let the user type the host that only they know."""
        self.repair_requested.emit(remedy)
        self.field_wanted.emit("hosts")

    def _choose_scheme(self, srv: object) -> None:
        self.change("seeds", srv=srv, hosts=self._hosts_for(bool(srv)))

    def _take_connection(self, line: int, typed: Secret) -> None:
        """Who pastes a whole connection string here means all of it; of a login and a host, each goes to its place."""
        text = typed.reveal()
        reading = read(text)
        found, hosts = reading.profile, [entry.text().strip() for entry in self.hosts.entries]
        if not found.seeds.hosts:
            return  # half of it
        hosts[line : line + 1] = found.seeds.hosts
        alone = replace(Profile(id=found.id), seeds=Seeds(srv=found.seeds.srv, hosts=found.seeds.hosts))
        if "://" in text and found != alone:
            self.text_entered.emit(typed)
            return
        if found.auth.user is not None:
            self.edited.emit("auth", replace(self.state.profile.auth, user=found.auth.user))
            if PASSWORD in reading.secrets:
                self.secret_edited.emit(PASSWORD, reading.secrets[PASSWORD])
        srv = found.seeds.srv or (self.state.profile.seeds.srv and "://" not in text)
        self.change("seeds", hosts=found.seeds.hosts if srv else tuple(filter(None, hosts)), srv=srv)

    def _hosts_for(self, srv: bool) -> tuple[str, ...]:
        """SRV takes one name without a port."""
        hosts = self.state.profile.seeds.hosts
        if not srv or not hosts:
            return hosts
        name, _, port = hosts[0].rpartition(":")
        return (name if name and port.isdigit() else hosts[0],)

    def _set_max_hosts(self, typed: str | None) -> None:
        note = self._notes["srvMaxHosts"]
        if typed is None or (typed.isascii() and typed.isdigit() and len(typed) < 10):
            note.show_mistakes(())
            self.change("seeds", srv_max_hosts=None if typed is None else int(typed))
        else:
            note.say(Severity.WARNING, f"srvMaxHosts: “{typed}” is no whole number from 0.", "0 means all hosts.")

    def _rewrite(self, profile: Profile) -> None:
        """As a remedy, for it can be taken back."""
        patch: dict[str, Any] = {}
        for part in ("auth", "tls", "seeds"):
            before, after = (to_builtins(getattr(one, part)) for one in (self.state.profile, profile))
            patch[part] = {**dict.fromkeys(before), **after}
        self.repair_requested.emit(Remedy(text="Write the connection in its other form.", patch=patch))
