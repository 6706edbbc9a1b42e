"""The Authentication page: how and as whom to log in, and where the password is kept."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QWidget

from clearline.core.secrets import PASSWORD
from clearline.ui import theme
from clearline.ui.forms.page import Desk, FormPage, FormState
from clearline.ui.forms.rows import Choice, SecretEntry, TextEntry, add_row, form_column
from clearline.ui.panels.parts import StatusIcon, WrappedLabel

_MECHANISMS = (
    ("default: agreed with the server", None),
    ("SCRAM-SHA-256", "SCRAM-SHA-256"),
    ("SCRAM-SHA-1", "SCRAM-SHA-1"),
    ("X.509 certificate", "MONGODB-X509"),
    ("AWS IAM", "MONGODB-AWS"),
    ("LDAP (PLAIN)", "PLAIN"),
    ("Kerberos (GSSAPI)", "GSSAPI"),
    ("OpenID Connect", "MONGODB-OIDC"),
)


class AuthPage(FormPage):
    """Editors of ``profile.auth`` and of the password, which is no part of the profile."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.mechanism = Choice("Mechanism", _MECHANISMS)
        self.user = TextEntry("User", "nobody: no login")
        self._secret = SecretEntry("Password")
        self.password = self._secret.entry
        self.source = TextEntry("Auth source", "default: the default database, else admin")

        who, form = form_column("Login")
        add_row(form, "Mechanism", self.mechanism)
        add_row(form, "User", self.user)
        add_row(form, "Password", self._secret)
        add_row(form, "Auth source", self.source)

        kept, _ = form_column("Where the password is kept")
        self._lock = StatusIcon()
        self.where = WrappedLabel()
        self.where.setAccessibleName("Where the password is kept")
        line = QHBoxLayout()
        line.setSpacing(theme.GRID)
        line.addWidget(self._lock)
        line.addWidget(self.where, 1)
        place = kept.layout()
        assert place is not None
        place.insertLayout(1, line)  # type: ignore[attr-defined]
        self.hint = WrappedLabel("The profile's file never holds it.", "muted")
        place.insertWidget(2, self.hint)  # type: ignore[attr-defined]

        columns = QHBoxLayout(self)
        columns.setContentsMargins(12, 12, theme.GRID * 2, 12)
        columns.setSpacing(theme.GRID * 3)
        columns.addWidget(who, 1)
        columns.addWidget(kept, 1)

        self.mechanism.chosen.connect(lambda name: self.change("auth", mechanism=name))
        self.user.entered.connect(lambda name: self.change("auth", user=name))
        self.source.entered.connect(lambda name: self.change("auth", source=name))
        self._secret.entered.connect(lambda secret: self.secret_edited.emit(PASSWORD, secret))
        for entry in (self.user, self.password):
            entry.returnPressed.connect(self.submitted)

    def show_state(self, state: FormState) -> None:
        """Show the values of a profile, and its password as dots."""
        super().show_state(state)
        auth = state.profile.auth
        self.mechanism.show_value(auth.mechanism)
        self.user.show_value(auth.user)
        self.source.show_value(auth.source)
        self._secret.show_secret(state.secrets.get(PASSWORD))
        self._show_where(state.where.get(PASSWORD, ""))

    def editor_of(self, name: str) -> QWidget | None:
        """The editor of a field."""
        editors = {
            "authMechanism": self.mechanism,
            "user": self.user,
            PASSWORD: self._secret,
            "authSource": self.source,
        }
        return editors.get(name)

    def _show_where(self, words: str) -> None:
        """Say where the password is: "in the GNOME keyring", "this session only: …"."""
        in_keyring = words.startswith("in the")
        self._lock.show_icon("lock" if in_keyring else "key", "muted")
        self.where.setText(f"{words[:1].upper()}{words[1:]}." if words else "No password yet.")
