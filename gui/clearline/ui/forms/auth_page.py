"""The Authentication page: how and as whom to log in, and where each secret is."""

from __future__ import annotations

import os

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QCheckBox, QLabel, QVBoxLayout, QWidget

from clearline.core.facts.text import Mistake
from clearline.core.keyring.login_memory import LoginMemory
from clearline.core.profiles.login_fields import (
    AWS_VARIABLES,
    CANONICALIZE,
    ENVIRONMENT,
    NONE,
    SERVICE_NAME,
    AwsSource,
    LoginFields,
    aws_source_of,
    default_source,
    family_of,
    fields_of,
    method_of,
    sends_readable_password,
    with_property,
)
from clearline.core.profiles.profile import SecretSource
from clearline.core.profiles.secret_places import source_of, with_source
from clearline.core.secrets.secret import AWS_SESSION_TOKEN, PASSWORD, Secret
from clearline.ui.background.background import Background
from clearline.ui.forms.auth_choices import AWS, CANONICALIZED, MECHANISMS, OIDC, PROPERTIES
from clearline.ui.forms.auth_notes import AuthNotes, EnvFile
from clearline.ui.forms.field_notes import FieldNote
from clearline.ui.forms.page import FormPage, FormState
from clearline.ui.forms.secret_place import KeptSecret
from clearline.ui.look import theme
from clearline.ui.widgets.editors import Choice, TextEntry, add_row, form_column
from clearline.ui.widgets.labels import SteadyLabel
from clearline.ui.widgets.tab_order import go_to


class AuthPage(FormPage):
    """Editors of ``profile.auth`` and of the login's secrets, which are no part of the profile.

    What was typed for another method is kept, by profile, for as long as the page lives.
    """

    def __init__(self, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(background, parent)
        self._chosen: dict[str, str | None] = {}
        self._aws: dict[str, AwsSource] = {}
        self._logins = LoginMemory()
        self._notes: list[tuple[str, FieldNote]] = []
        self._typing = False

        who, self._form = form_column("Login")
        self.mechanism = Choice("Mechanism", MECHANISMS)
        self.aws = Choice("AWS credentials", AWS)
        self.environment = Choice("OIDC environment", OIDC)
        self.user = TextEntry("User", "empty: no login")
        self._secret = KeptSecret("Password")
        self.password, self.where = self._secret.entry, self._secret.words
        self._token = KeptSecret("Session token", "only for temporary keys")
        self.session_token = self._token.entry
        self.source = TextEntry("Auth source")
        self._row("Mechanism", self.mechanism, "authMechanism")
        self._row("Credentials", self.aws)
        self._row("Environment", self.environment)
        self._user_label = self._row("User", self.user, "user")
        self._secret_label = self._row("Password", self._secret, PASSWORD)
        self._row("Session token", self._token, AWS_SESSION_TOKEN)
        self.properties = {name: TextEntry(label, hint) for name, label, hint in PROPERTIES}
        for name, label, _ in PROPERTIES:
            self._row(label, self.properties[name])
        self.canonicalize = Choice("Canonicalise host name", CANONICALIZED)
        self._row("Canonical name", self.canonicalize)
        self._row("Auth source", self.source, "authSource")
        self._property_note = self._note_of("authMechanismProperties")

        self.notes = AuthNotes(background)
        self.consent = QCheckBox("Send the password or token without TLS")
        self.consent_words = SteadyLabel("", "warning")
        self.env_file = EnvFile(background)
        page = QVBoxLayout(self)
        page.setContentsMargins(12, 12, theme.GRID * 2, 12)
        page.setSpacing(theme.GRID * 2)
        page.addWidget(who)
        page.addWidget(self._second_column())
        page.addStretch(1)
        self._connect()

    def _second_column(self) -> QWidget:
        about, form = form_column("About this method")
        column = about.layout()
        assert isinstance(column, QVBoxLayout)
        for place, widget in enumerate((self.notes, self.consent, self.consent_words), start=1):
            column.insertWidget(place, widget)
        column.insertSpacing(4, theme.GRID)
        add_row(form, "Variables file", self.env_file.file)
        form.addRow(self.env_file.names)
        return about

    def _row(self, label: str, editor: QWidget, name: str | None = None) -> QLabel:
        """A row of the form, with what is wrong about it below."""
        made = add_row(self._form, label, editor)
        made.setAlignment(Qt.AlignmentFlag.AlignTop)
        made.setContentsMargins(0, 5, 0, 0)
        if name is not None:
            self._note_of(name)
        return made

    def _note_of(self, name: str) -> FieldNote:
        note = FieldNote(name)
        note.repair_requested.connect(self.repair_requested)
        self._notes.append((name, note))
        self._form.addRow(note)
        return note

    def _connect(self) -> None:
        self.mechanism.chosen.connect(self._switch)
        self.aws.chosen.connect(self._choose_aws)
        self.environment.chosen.connect(lambda name: self._set_property(ENVIRONMENT, name))
        self.user.entered.connect(lambda name: self.change("auth", user=name))
        self.source.entered.connect(lambda name: self.change("auth", source=name))
        for name, entry in self.properties.items():
            entry.entered.connect(lambda text, name=name: self._set_property(name, text))
            entry.returnPressed.connect(self.submitted)
        self.canonicalize.chosen.connect(lambda choice: self._set_property(CANONICALIZE, choice))
        for name, secret in ((PASSWORD, self._secret), (AWS_SESSION_TOKEN, self._token)):
            secret.entered.connect(lambda value, name=name: self._set_secret(name, value))
            secret.source_chosen.connect(lambda source, name=name: self._set_source(name, source))
            secret.entry.returnPressed.connect(self.submitted)
            secret.reference.returnPressed.connect(self.submitted)
        self.user.returnPressed.connect(self.submitted)
        self.source.returnPressed.connect(self.submitted)
        self.consent.clicked.connect(lambda yes: self.change("auth", allow_plain_without_tls=True if yes else None))
        self.env_file.file.entered.connect(lambda path: self.edited.emit("env_file", path))
        self.env_file.names_found.connect(self._secret.show_file_names)
        self.env_file.names_found.connect(self._token.show_file_names)
        self.notes.field_wanted.connect(self.field_wanted)

    # ------------------------------------------------------------ the state

    def show_state(self, state: FormState) -> None:
        """Show the login of a profile; only the fields of its method, and those in which something stands."""
        before, had = self.state.profile.id, method_of(self.state.profile, self.state.secrets)
        super().show_state(state)
        profile = state.profile
        if before == profile.id and had != NONE and not self._typing and method_of(profile, state.secrets) == NONE:
            self._chosen.pop(profile.id, None)  # it was taken away elsewhere: by the text, or a remedy
        auth, method = profile.auth, self._method()
        if method != NONE:
            self._chosen[profile.id] = method
        aws = self._aws_source()
        fields = fields_of(method, aws=aws, environment=auth.properties.get(ENVIRONMENT))
        self.mechanism.show_value(method)
        self.aws.show_value(aws)
        self.environment.show_value(auth.properties.get(ENVIRONMENT))
        self.user.show_value(auth.user)
        self.source.show_value(auth.source)
        self.source.setPlaceholderText(default_source(profile))
        for name, entry in self.properties.items():
            entry.show_value(auth.properties.get(name))
        self.canonicalize.show_value(auth.properties.get(CANONICALIZE))
        self._label(fields)
        for name, secret in ((PASSWORD, self._secret), (AWS_SESSION_TOKEN, self._token)):
            hint = fields.hidden_hint if name == PASSWORD else None
            secret.show_secret(
                f"{profile.id}/{family_of(method)}",
                state.secrets.get(name),
                source_of(profile, name),
                state.where.get(name, ""),
                placeholder=hint or None,
            )
        self._show_rows(method, fields)
        self._show_consent()
        for name, note in self._notes:
            note.show_mistakes(tuple(m for m in state.mistakes if self._home_of(m) == name))
        self.notes.show_method(method, fields, state)
        by_variables = method == "MONGODB-AWS" and aws == "environment"
        self.notes.show_variables([name for name in AWS_VARIABLES if name in os.environ] if by_variables else None)
        self.env_file.show_path(profile.env_file)
        QTimer.singleShot(0, self, self._form.invalidate)  # it remembers the heights of rows that came and went

    def change(self, section: str, **changes: object) -> None:
        """Tell what was typed or chosen here; the method stays in sight, also when nothing is left of it."""
        self._typing = True
        self._settle_aws()
        try:
            super().change(section, **changes)
        finally:
            self._typing = False

    def editor_of(self, name: str) -> QWidget | None:
        """The editor of a field."""
        editors: dict[str, QWidget] = {
            "authMechanism": self.mechanism,
            "user": self.user,
            PASSWORD: self._secret,
            AWS_SESSION_TOKEN: self._token,
            "authSource": self.source,
            "authMechanismProperties": self._first_property(),
            "envFile": self.env_file.file,
        }
        return editors.get(name)

    def show_field(self, name: str) -> bool:
        """Put the cursor into a field, which appears if the method in use has it under another choice only."""
        if name in ("user", PASSWORD) and self._method() == NONE:
            self._chosen[self.state.profile.id] = None
            self.show_state(self.state)
        editor = self.editor_of(name)
        if editor is None:
            return False
        go_to(editor if not editor.isHidden() else self.mechanism)
        return True

    def _home_of(self, mistake: Mistake) -> str | None:
        """The field of this page beside which a mistake is told, once."""
        own = {name for name, _ in self._notes}
        return next((name for name in mistake.fields if name in own), None)

    def _first_property(self) -> QWidget:
        match self._method():
            case "MONGODB-OIDC":
                return self.environment
            case "MONGODB-AWS":
                return self._token
            case _:
                return self.properties[SERVICE_NAME]

    def _method(self) -> str | None:
        method = method_of(self.state.profile, self.state.secrets)
        return self._chosen.get(self.state.profile.id, NONE) if method == NONE else method

    def _aws_source(self) -> AwsSource:
        profile = self.state.profile
        given = profile.auth.user is not None or PASSWORD in self.state.secrets
        return "key" if given else self._aws.get(profile.id, aws_source_of(profile))

    # ------------------------------------------------------------ what is shown

    def _label(self, fields: LoginFields) -> None:
        self._user_label.setText(fields.user or "User")
        self.user.setAccessibleName(fields.user or "User")
        self.user.setPlaceholderText(fields.user_hint)
        self._secret_label.setText(fields.hidden or "Password")
        self.password.setAccessibleName(fields.hidden or "Password")

    def _show_rows(self, method: str | None, fields: LoginFields) -> None:
        state, auth = self.state, self.state.profile.auth
        given = {name for name in (PASSWORD, AWS_SESSION_TOKEN) if name in state.secrets}
        visible: dict[QWidget, bool] = {
            self.aws: method == "MONGODB-AWS",
            self.environment: method == "MONGODB-OIDC" or ENVIRONMENT in auth.properties,
            self.user: bool(fields.user) or auth.user is not None,
            self._secret: bool(fields.hidden) or PASSWORD in given,
            self._token: fields.session_token or AWS_SESSION_TOKEN in given,
            self.source: fields.source or auth.source is not None,
            self.canonicalize: CANONICALIZE in fields.properties or CANONICALIZE in auth.properties,
        }
        for name, entry in self.properties.items():
            visible[entry] = name in fields.properties or name in auth.properties
        for editor, shown in visible.items():
            self._form.setRowVisible(editor, shown)

    def _show_consent(self) -> None:
        profile = self.state.profile
        wanted = sends_readable_password(profile)
        self.consent.setVisible(wanted)
        self.consent_words.setVisible(wanted)
        self.consent.setChecked(bool(profile.auth.allow_plain_without_tls))
        hosts = ", ".join(profile.seeds.hosts[:3])
        self.consent_words.setText(
            f"TLS is off, so machines on the way to {hosts} could read the password or token. It is "
            "not sent unless you allow it here; switching TLS on is the better way."
        )

    # ------------------------------------------------------------ what the user does

    def _switch(self, method: str | None) -> None:
        self._settle_aws()
        former, family = self._family(self._method()), self._family(method)
        self._chosen[self.state.profile.id] = method
        mechanism = None if method == NONE else method
        if family == former:
            self.change("auth", mechanism=mechanism)
        else:
            self._become(former, family, mechanism)
        self._chosen[self.state.profile.id] = method  # on the way there it may have looked like another one
        self.show_state(self.state)

    def _settle_aws(self) -> None:
        """A key that came with the text has chosen the source as well: that holds when it is typed anew, or left."""
        if self._method() == "MONGODB-AWS":
            self._aws[self.state.profile.id] = self._aws_source()

    def _choose_aws(self, source: AwsSource) -> None:
        former = self._family("MONGODB-AWS")
        self._aws[self.state.profile.id] = source
        family = f"MONGODB-AWS/{source}"
        if "key" in (source, former.partition("/")[2]):  # the other two put nothing into the profile
            self._become(former, family, "MONGODB-AWS")
        self.show_state(self.state)

    def _family(self, method: str | None) -> str:
        family = family_of(method)
        return f"{family}/{self._aws_source()}" if family == "MONGODB-AWS" else family

    def _become(self, former: str, family: str, mechanism: str | None) -> None:
        """Keep what was typed for one family of methods, and bring back what was typed for another."""
        profile, secrets = self.state.profile, self.state.secrets
        login = self._logins.swap(profile, secrets, former, family, mechanism)
        moved = profile
        for name in (PASSWORD, AWS_SESSION_TOKEN):
            moved = with_source(moved, name, login.sources.get(name, SecretSource()))
        self.edited.emit("auth", login.auth)
        if moved.secrets != profile.secrets:
            self.edited.emit("secrets", moved.secrets)
        for name in (PASSWORD, AWS_SESSION_TOKEN):
            if secrets.get(name) != login.secrets.get(name):
                self.secret_edited.emit(name, login.secrets.get(name))

    def _set_secret(self, name: str, secret: Secret | None) -> None:
        self._typing = True
        self._settle_aws()
        try:
            self.secret_edited.emit(name, secret)
        finally:
            self._typing = False

    def _set_property(self, name: str, value: str | None) -> None:
        self.edited.emit("auth", with_property(self.state.profile.auth, name, value))

    def _set_source(self, name: str, source: SecretSource) -> None:
        self.edited.emit("secrets", with_source(self.state.profile, name, source).secrets)
