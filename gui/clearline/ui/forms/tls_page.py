"""The TLS page: whether and how the way to the servers is encrypted, and whom it trusts."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QWidget

from clearline.core.secrets import KEY_PASSWORD
from clearline.ui import theme
from clearline.ui.forms.page import Desk, FormPage, FormState
from clearline.ui.forms.rows import Choice, FileEntry, SecretEntry, add_row, form_column


class TlsPage(FormPage):
    """Editors of ``profile.tls`` and of the client key's password."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.tls = Choice("TLS", (("default", None), ("on", True), ("off", False)))
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
        columns.addWidget(how, 1)
        columns.addStretch(1)
        self.tls.chosen.connect(lambda value: self.change("tls", enabled=value))
        self.ca_file.entered.connect(lambda path: self.change("tls", ca_file=path))
        self.certificate.entered.connect(lambda path: self.change("tls", certificate_key_file=path))
        self._secret.entered.connect(lambda secret: self.secret_edited.emit(KEY_PASSWORD, secret))
        self.key_password.returnPressed.connect(self.submitted)

    def show_state(self, state: FormState) -> None:
        """Show the values of a profile; the key's password has a field where there is a certificate."""
        super().show_state(state)
        tls = state.profile.tls
        self.tls.setItemText(0, "default (on for SRV)" if state.profile.seeds.srv else "default (off)")
        self.tls.show_value(tls.enabled)
        self.ca_file.show_value(tls.ca_file)
        self.certificate.show_value(tls.certificate_key_file)
        key_password = state.secrets.get(KEY_PASSWORD)
        self._secret.show_secret(key_password)
        self._encryption.setRowVisible(self._secret, bool(tls.certificate_key_file or key_password))

    def editor_of(self, name: str) -> QWidget | None:
        """The editor of a field."""
        editors = {
            "tls": self.tls,
            "tlsCAFile": self.ca_file,
            "tlsCertificateKeyFile": self.certificate,
            KEY_PASSWORD: self._secret,
        }
        return editors.get(name)
