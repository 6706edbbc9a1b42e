"""The Server page: where the deployment is, and how the way there is encrypted."""

from __future__ import annotations

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from clearline.core.profile import Profile
from clearline.core.secrets import Secret
from clearline.ui import theme
from clearline.ui.forms.hosts import HostsEditor
from clearline.ui.forms.rows import Choice, FileEntry, SecretEntry, TextEntry, add_row, form_column

_DEFAULT = "default"


class ServerPage(QWidget):
    """Editors of ``profile.seeds`` and ``profile.tls``; `edited` carries the whole new profile."""

    edited = Signal(object)
    key_password_edited = Signal(object)
    """The new password of the client's key as a `Secret`, None when the field is empty."""

    def __init__(self) -> None:
        super().__init__()
        self._profile = Profile()
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

        self.tls = Choice("TLS", ((_DEFAULT, None), ("on", True), ("off", False)))
        certificates = "PEM files (*.pem *.crt *.cer *.key);;All files (*)"
        self.ca_file = FileEntry("CA file", "the driver's trusted roots", certificates)
        self.certificate = FileEntry("Client certificate", "none", certificates)
        self._secret = SecretEntry("Key password", "none: the key is not encrypted")
        self.key_password = self._secret.entry
        how, form = form_column("Encryption")
        add_row(form, "TLS", self.tls)
        add_row(form, "CA file", self.ca_file)
        add_row(form, "Client certificate", self.certificate)
        add_row(form, "Key password", self._secret)
        self._encryption = form

        columns = QHBoxLayout(self)
        columns.setContentsMargins(12, 12, theme.GRID * 2, 12)
        columns.setSpacing(theme.GRID * 3)
        columns.addWidget(where, 1)
        columns.addWidget(how, 1)

        self.scheme.chosen.connect(lambda srv: self._seeds(srv=srv, hosts=self._hosts_for(bool(srv))))
        self.hosts.entered.connect(lambda hosts: self._seeds(hosts=hosts))
        self.database.entered.connect(lambda name: self._seeds(database=name))
        self.replica_set.entered.connect(lambda name: self._seeds(replica_set=name))
        self.direct.chosen.connect(lambda value: self._seeds(direct_connection=value))
        self.tls.chosen.connect(lambda value: self._tls(enabled=value))
        self.ca_file.entered.connect(lambda path: self._tls(ca_file=path))
        self.certificate.entered.connect(lambda path: self._tls(certificate_key_file=path))
        self._secret.entered.connect(self.key_password_edited)
        self.show_profile(self._profile)

    def show_profile(self, profile: Profile, key_password: Secret | None = None) -> None:
        """Show the values of a profile; the key's password has a field where there is a certificate."""
        self._profile = profile
        seeds, tls = profile.seeds, profile.tls
        self.scheme.show_value(seeds.srv)
        self._hosts_label.setText("Cluster name" if seeds.srv else "Hosts")
        self.hosts.show_hosts(seeds.hosts, srv=seeds.srv)
        self.database.show_value(seeds.database)
        self.replica_set.show_value(seeds.replica_set)
        self.direct.show_value(seeds.direct_connection)
        self.tls.setItemText(0, "default (on for SRV)" if seeds.srv else "default (off)")
        self.tls.show_value(tls.enabled)
        self.ca_file.show_value(tls.ca_file)
        self.certificate.show_value(tls.certificate_key_file)
        self._secret.show_secret(key_password)
        self._encryption.setRowVisible(self._secret, bool(tls.certificate_key_file or key_password))

    def _hosts_for(self, srv: bool) -> tuple[str, ...]:
        """SRV takes one name without a port."""
        hosts = self._profile.seeds.hosts
        if not srv or not hosts:
            return hosts
        name, _, port = hosts[0].rpartition(":")
        return (name if name and port.isdigit() else hosts[0],)

    def _seeds(self, **changes: object) -> None:
        self._emit(seeds=msgspec.structs.replace(self._profile.seeds, **changes))

    def _tls(self, **changes: object) -> None:
        self._emit(tls=msgspec.structs.replace(self._profile.tls, **changes))

    def _emit(self, **changes: object) -> None:
        self._profile = msgspec.structs.replace(self._profile, **changes)
        self.edited.emit(self._profile)
