"""The TLS page: whether the way to the servers is encrypted, whom it trusts, and as whom one shows oneself."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QCheckBox, QLabel, QVBoxLayout, QWidget

from clearline.core.daemon_threads import run_in_daemon
from clearline.core.inspection.file_report import with_variables
from clearline.core.profiles.login_fields import tls_wanted
from clearline.core.profiles.profile import Profile, SecretSource, Tls
from clearline.core.profiles.secret_places import source_of, with_source
from clearline.core.secrets.secret import KEY_PASSWORD
from clearline.core.tls.conversions import CA, CLIENT, CRL
from clearline.core.tls.trust import trust_words
from clearline.ui.background.background import Background
from clearline.ui.background.inquiry import Inquiry
from clearline.ui.forms.auth_notes import NoteLine
from clearline.ui.forms.certificate_view import InspectedFile, muted_label
from clearline.ui.forms.field_notes import FieldNote, mistakes_of
from clearline.ui.forms.page import FormPage, FormState
from clearline.ui.forms.secret_place import KeptSecret
from clearline.ui.forms.server_certificate import ServerCertificate
from clearline.ui.look import theme
from clearline.ui.widgets.editors import Choice, add_row, form_column
from clearline.ui.widgets.labels import section

_FILE: Final = "file"
_TRUST: Final = (
    ("driver's default", None),
    ("operating system", "system"),
    ("bundled roots (Mozilla's list)", "bundled"),
    ("CA file", _FILE),
)
_SWITCHES: Final = (
    (
        "allow_invalid_hostnames",
        "tlsAllowInvalidHostnames",
        "Accept another host name",
        "Any holder of a certificate from a trusted authority can pose as the server.",
    ),
    (
        "allow_invalid_certificates",
        "tlsAllowInvalidCertificates",
        "Accept any certificate",
        "Nothing is verified: encrypted, but any machine can pose as the server and read the password's proof.",
    ),
    (
        "insecure",
        "tlsInsecure",
        "Verify nothing at all",
        "Neither certificate nor name counts: both of the above at once. For a test on your own computer only.",
    ),
    (
        "disable_ocsp_endpoint_check",
        "tlsDisableOCSPEndpointCheck",
        "Do not ask whether it was revoked (OCSP)",
        "PyMongo asks only with its ocsp extra, which Clearline does not use: here this changes nothing.",
    ),
)


class TlsPage(FormPage):
    """Editors of ``profile.tls`` and of the client key's password."""

    def __init__(self, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(background, parent)
        self._wants_file: set[str] = set()
        self._typing = False
        self._ca_files: dict[str, str] = {}
        self._notes: list[tuple[str, FieldNote]] = []
        self._whom = Inquiry(background, self)
        self.tls = Choice("TLS", (("default", None), ("on", True), ("off", False)))
        self.trust = Choice("Trust source", _TRUST)
        certificates = "Certificates (*.pem *.crt *.cer *.key *.der *.p12 *.pfx *.p7b *.jks);;All files (*)"
        self.ca = InspectedFile(background, CA, "CA file", "a PEM file of authorities", certificates)
        self.client = InspectedFile(background, CLIENT, "Client certificate", "none", certificates)
        self.crl = InspectedFile(
            background, CRL, "Revocation list", "none", "Revocation lists (*.pem *.crl);;All files (*)"
        )
        self.ca_file, self.certificate, self.crl_file = self.ca.file, self.client.file, self.crl.file
        self._secret = KeptSecret("Key password", "none: the key is not encrypted")
        self.key_password = self._secret.entry
        self.trust_said = muted_label(name="What PyMongo does with the trust source")
        self.switches = {attribute: _switch(words, option) for attribute, option, words, _ in _SWITCHES}
        self.warnings = {attribute: NoteLine(f"About {option}") for attribute, option, _, _ in _SWITCHES}
        self.server = ServerCertificate(background)

        page = QVBoxLayout(self)
        page.setContentsMargins(12, 12, theme.GRID * 2, 12)
        page.setSpacing(theme.GRID)
        page.addWidget(self._trust_column())
        page.addWidget(self._own_column())
        page.addWidget(section("What the server presents"))
        page.addWidget(self.server)
        page.addStretch(1)
        self._connect()

    def _trust_column(self) -> QWidget:
        column, form = form_column("Encryption and trust")
        add_row(form, "TLS", self.tls)
        form.addRow(self._note("tls"))
        add_row(form, "Trust source", self.trust)
        _to_top(add_row(form, "CA file", self.ca))
        form.addRow(self._note("tlsCAFile"))
        self.trust_said.setContentsMargins(theme.GRID * 16, 0, 0, 0)
        form.addRow(self.trust_said)
        for attribute, option, _, _ in _SWITCHES:
            form.addRow(self.switches[attribute])
            form.addRow(self.warnings[attribute])
            form.addRow(self._note(option))
        self._trust_form = form
        return column

    def _own_column(self) -> QWidget:
        column, form = form_column("Client certificate and revocation")
        _to_top(add_row(form, "Certificate + key", self.client))
        form.addRow(self._note(CLIENT))
        _to_top(add_row(form, "Key password", self._secret))
        form.addRow(self._note(KEY_PASSWORD))
        _to_top(add_row(form, "Revocation list", self.crl))
        form.addRow(self._note(CRL))
        self._own_form = form
        return column

    def _note(self, name: str) -> FieldNote:
        note = FieldNote(name)
        note.repair_requested.connect(self.repair_requested)
        self._notes.append((name, note))
        return note

    def _connect(self) -> None:
        self.tls.chosen.connect(lambda value: self.change("tls", enabled=value))
        self.trust.chosen.connect(self._choose_trust)
        self.ca.entered.connect(self._enter_ca_file)
        self.client.entered.connect(lambda path: self.change("tls", certificate_key_file=path))
        self.crl.entered.connect(lambda path: self.change("tls", crl_file=path))
        self._secret.entered.connect(lambda secret: self.secret_edited.emit(KEY_PASSWORD, secret))
        self._secret.source_chosen.connect(self._set_source)
        self.server.ca_file_chosen.connect(self._enter_ca_file)
        for attribute, switch in self.switches.items():
            switch.clicked.connect(lambda on, name=attribute: self._set_switch(name, on=on))
        for file in (self.ca, self.client, self.crl):
            file.inspected.connect(self._settle)
        for entry in (self.key_password, self.ca.entry, self.client.entry, self.crl.entry):
            entry.returnPressed.connect(self.submitted)

    # ------------------------------------------------------------ the state

    def show_state(self, state: FormState) -> None:
        """Show the values of a profile; the key's password has a field where there is a certificate."""
        before = self.state.profile
        super().show_state(state)
        profile, tls = state.profile, state.profile.tls
        key_password = state.secrets.get(KEY_PASSWORD)
        if before.id == profile.id and before.tls.ca_file is not None and tls.ca_file is None and not self._typing:
            self._wants_file.discard(profile.id)  # it was taken away elsewhere: by the text, or a remedy
        self.tls.setItemText(0, _default_words(profile))
        self.tls.show_value(tls.enabled)
        by_file = tls.ca_file is not None or (profile.id in self._wants_file and tls.trust is None)
        self.trust.show_value(_FILE if by_file else tls.trust)
        self._trust_form.setRowVisible(self.ca, by_file)
        self.ca.show_value(tls.ca_file, None, profile.env_file)
        self.client.show_value(tls.certificate_key_file, key_password, profile.env_file)
        self.crl.show_value(tls.crl_file, None, profile.env_file)
        self._secret.show_secret(
            profile.id, key_password, source_of(profile, KEY_PASSWORD), state.where.get(KEY_PASSWORD, "")
        )
        has_key = bool(tls.certificate_key_file or key_password or KEY_PASSWORD in profile.secrets)
        self._own_form.setRowVisible(self._secret, has_key)
        self._show_switches(tls)
        self._show_whom(profile, waits_for_file=by_file and tls.ca_file is None)
        self.server.show_profile(profile)
        for name, note in self._notes:
            note.show_mistakes(mistakes_of(name, state.mistakes))
        self._settle()

    def editor_of(self, name: str) -> QWidget | None:
        """The editor of a field."""
        editors: dict[str, QWidget] = {
            "tls": self.tls,
            CA: self.ca,
            CLIENT: self.client,
            CRL: self.crl,
            KEY_PASSWORD: self._secret,
            **{option: self.switches[attribute] for attribute, option, _, _ in _SWITCHES},
        }
        return editors.get(name)

    def show_field(self, name: str) -> bool:
        """Put the cursor into a field; the CA file's appears for it."""
        if name == CA and self.ca.isHidden():
            self._wants_file.add(self.state.profile.id)
            self.trust.show_value(_FILE)
            self._trust_form.setRowVisible(self.ca, True)
        if name == KEY_PASSWORD:
            self._own_form.setRowVisible(self._secret, True)
        return super().show_field(name)

    def _settle(self) -> None:
        """The forms remember the heights of rows that came and went, or say more now."""
        for form in (self._trust_form, self._own_form):
            QTimer.singleShot(0, self, form.invalidate)

    def _show_switches(self, tls: Tls) -> None:
        for attribute, _, _, warning in _SWITCHES:
            on = bool(getattr(tls, attribute))
            self.switches[attribute].setChecked(on)
            mark = ("note", "muted") if attribute == "disable_ocsp_endpoint_check" else ("warning", "warning")
            self.warnings[attribute].say(warning if on else "", *mark)
            self._trust_form.setRowVisible(self.warnings[attribute], on)

    def _show_whom(self, profile: Profile, *, waits_for_file: bool) -> None:
        tls, env_file = profile.tls, profile.env_file
        if waits_for_file:
            self._whom.drop()
            self.trust_said.setText("Choose the file of the authority; until then PyMongo's default counts.")
            return
        if not tls_wanted(profile):
            self._whom.drop()
            self.trust_said.setText("TLS is off: whom to trust counts when it is on.")
            return
        about = (tls.trust, tls.ca_file, tls.insecure, tls.allow_invalid_certificates, env_file)
        self._whom.ask(about, lambda: run_in_daemon(_whom, tls, env_file), self.trust_said.setText)

    # ------------------------------------------------------------ what the user does

    def _choose_trust(self, source: str | None) -> None:
        profile = self.state.profile
        if profile.tls.ca_file is not None:
            self._ca_files[profile.id] = profile.tls.ca_file
        if source == _FILE:
            self._wants_file.add(profile.id)
            self.change("tls", trust=None, ca_file=self._ca_files.get(profile.id))
        else:
            self._wants_file.discard(profile.id)
            self.change("tls", trust=source, ca_file=None)
        self.show_state(self.state)

    def _enter_ca_file(self, path: str | None) -> None:
        self._wants_file.add(self.state.profile.id)
        self._typing = True
        try:
            self.change("tls", ca_file=path, trust=None)
        finally:
            self._typing = False

    def _set_switch(self, attribute: str, *, on: bool) -> None:
        changes: dict[str, bool | None] = {attribute: True if on else None}
        if on and attribute == "insecure":  # PyMongo refuses it beside the others, whatever their value
            changes |= {other: None for other, *_ in _SWITCHES if other != attribute}
        elif on:
            changes["insecure"] = None
        self.change("tls", **changes)

    def _set_source(self, source: SecretSource) -> None:
        self.edited.emit("secrets", with_source(self.state.profile, KEY_PASSWORD, source).secrets)


def _default_words(profile: Profile) -> str:
    """What PyMongo does when it is not said whether to encrypt."""
    if profile.seeds.srv:
        return "default (on for SRV)"
    implied = tls_wanted(replace(profile, tls=replace(profile.tls, enabled=None)))
    return "default (on, by other options)" if implied else "default (off)"


def _to_top(label: QLabel) -> None:
    """Beside the first line of what stands right of it."""
    label.setAlignment(Qt.AlignmentFlag.AlignTop)
    label.setContentsMargins(0, 5, 0, 0)


def _switch(words: str, option: str) -> QCheckBox:
    switch = QCheckBox(words)
    switch.setToolTip(option)
    switch.setAccessibleDescription(option)
    return switch


def _whom(tls: Tls, env_file: str | None) -> str:
    """What PyMongo does with the trust settings; reads files."""
    if tls.ca_file is not None:
        tls = replace(tls, ca_file=with_variables(tls.ca_file, env_file))
    return trust_words(tls)
