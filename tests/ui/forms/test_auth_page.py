"""The Authentication page, driven by the keyboard."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from clearline.core.profiles.login_fields import NONE
from clearline.core.profiles.profile import Auth, Profile, SecretSource, Seeds, Tls
from clearline.core.secrets.secret import AWS_SESSION_TOKEN, PASSWORD, Secret
from clearline.ui.forms.auth_page import AuthPage
from lab.certificates import DAY, Authority
from ui.forms.one_page import OnePage

ELSEWHERE = Seeds(hosts=("db1.example.com",))


@pytest.fixture
def bench(qtbot: QtBot) -> Iterator[OnePage]:
    one = OnePage(qtbot, AuthPage)
    yield one
    one.close()


def shown(page: AuthPage) -> set[str]:
    """Names of the fields that are there."""
    fields = {
        "user": page.user,
        "password": page.password,
        "token": page.session_token,
        "source": page.source,
        "aws": page.aws,
        "environment": page.environment,
        "canonicalize": page.canonicalize,
        **page.properties,
    }
    return {name for name, field in fields.items() if field.isVisible()}


# ---------------------------------------------------------------- methods and their fields


@pytest.mark.parametrize(
    ("words", "fields"),
    [
        ("none", set()),
        ("default", {"user", "password", "source"}),
        ("SCRAM-SHA-256", {"user", "password", "source"}),
        ("X.509", {"user"}),
        ("AWS", {"aws", "user", "password", "token"}),
        ("LDAP", {"user", "password", "source"}),
        (
            "Kerberos",
            {"user", "password", "canonicalize", "SERVICE_NAME", "SERVICE_REALM", "SERVICE_HOST"},
        ),
        ("OpenID", {"environment", "user"}),
    ],
)
def test_only_the_fields_of_the_method_are_shown(
    bench: OnePage, monkeypatch: pytest.MonkeyPatch, words: str, fields: set[str]
) -> None:
    bench.open(Profile(seeds=ELSEWHERE))
    if words != "none":
        bench.choose(bench.page.mechanism, words)
    if words == "AWS":
        bench.choose(bench.page.aws, "an access key")
    assert shown(bench.page) == fields


def test_switching_keeps_what_was_typed_with_its_secrets(bench: OnePage) -> None:
    page = bench.page
    bench.choose(page.mechanism, "default")
    bench.type(page.user, "app")
    bench.type(page.password, "s3cret")
    bench.type(page.source, "people")
    bench.choose(page.mechanism, "AWS IAM")
    bench.choose(page.aws, "an access key")
    assert (bench.profile.auth, bench.secrets) == (Auth(mechanism="MONGODB-AWS"), {})
    bench.type(page.user, "AKIA1")
    bench.type(page.password, "key")
    bench.type(page.session_token, "tok")
    bench.choose(page.mechanism, "SCRAM-SHA-1")
    assert bench.profile.auth == Auth(mechanism="SCRAM-SHA-1", user="app", source="people")
    assert bench.secrets == {PASSWORD: Secret("s3cret")}
    bench.choose(page.mechanism, "none")
    assert (bench.profile.auth, bench.secrets) == (Auth(), {})
    assert shown(page) == set()
    bench.choose(page.mechanism, "AWS IAM")
    assert bench.profile.auth == Auth(mechanism="MONGODB-AWS", user="AKIA1")
    assert bench.secrets == {PASSWORD: Secret("key"), AWS_SESSION_TOKEN: Secret("tok")}
    assert (page.password.text(), page.session_token.text()) == ("key", "tok")


def test_one_profile_never_sees_what_was_typed_in_another(bench: OnePage) -> None:
    page = bench.page
    bench.choose(page.mechanism, "default")
    bench.type(page.user, "app")
    bench.type(page.password, "s3cret")
    bench.choose(page.mechanism, "none")
    bench.open(Profile())
    bench.choose(page.mechanism, "default")
    assert (page.user.text(), page.password.text(), bench.secrets) == ("", "", {})


def test_emptying_the_user_leaves_the_field_where_it_is(bench: OnePage) -> None:
    bench.type_text("mongodb://app:pw@db1/")
    bench.type(bench.page.user, "")
    assert bench.page.user.isVisible()
    assert bench.profile.auth.user is None


def test_ldap_takes_user_and_password_along_and_the_right_auth_source(bench: OnePage) -> None:
    bench.type_text("mongodb://app:pw@db1/orders?authSource=admin")
    bench.choose(bench.page.mechanism, "LDAP")
    assert bench.profile.auth == Auth(mechanism="PLAIN", user="app", source="$external")
    assert bench.secrets[PASSWORD] == Secret("pw")
    bench.choose(bench.page.mechanism, "SCRAM-SHA-256")
    assert bench.profile.auth.source == "admin"


def test_the_auth_source_says_its_default(bench: OnePage) -> None:
    bench.type_text("mongodb://app:pw@db1/orders")
    assert bench.page.source.placeholderText() == "default: orders, the database"
    bench.type_text("mongodb://app:pw@db1/")
    assert bench.page.source.placeholderText() == "default: admin"


def test_a_value_that_the_method_does_not_use_stays_in_sight_with_its_mistake(bench: OnePage) -> None:
    bench.type_text("mongodb://app:pw@db1/?authMechanism=MONGODB-X509&tls=true&authSource=admin")
    assert {"password", "source"} <= shown(bench.page)
    said = "\n".join(note.text for _, note in bench.page._notes)
    assert "a password" in said
    assert "authSource=admin" in said


def test_the_properties_of_kerberos_are_typed_and_chosen(bench: OnePage) -> None:
    page = bench.page
    bench.choose(page.mechanism, "Kerberos")
    bench.type(page.user, "app@CORP")
    bench.type(page.properties["SERVICE_NAME"], "mongo")
    bench.type(page.properties["SERVICE_REALM"], "CORP2")
    bench.type(page.properties["SERVICE_HOST"], "db")
    bench.choose(page.canonicalize, "forwardAndReverse")
    assert bench.profile.auth.properties == {
        "SERVICE_NAME": "mongo",
        "SERVICE_REALM": "CORP2",
        "SERVICE_HOST": "db",
        "CANONICALIZE_HOST_NAME": "forwardAndReverse",
    }
    bench.choose(page.canonicalize, "default")
    bench.type(page.properties["SERVICE_REALM"], "")
    assert bench.profile.auth.properties == {"SERVICE_NAME": "mongo", "SERVICE_HOST": "db"}


def test_oidc_asks_for_what_its_environment_needs(bench: OnePage) -> None:
    page = bench.page
    bench.choose(page.mechanism, "OpenID")
    bench.choose(page.environment, "Azure")
    assert shown(page) == {"environment", "user", "TOKEN_RESOURCE"}
    assert "TOKEN_RESOURCE" in page._property_note.text
    bench.type(page.properties["TOKEN_RESOURCE"], "api://db")
    assert page._property_note.text == ""
    assert bench.profile.auth.properties == {"ENVIRONMENT": "azure", "TOKEN_RESOURCE": "api://db"}
    bench.choose(page.environment, "Kubernetes")
    assert "TOKEN_RESOURCE" in shown(page)  # something stands in it
    bench.type(page.properties["TOKEN_RESOURCE"], "")
    bench.choose(page.environment, "test")
    assert shown(page) == {"environment"}


def test_aws_keys_that_came_with_the_text_survive_another_mechanism(
    bench: OnePage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    bench.type_text("mongodb://AKIA1:key@db1/?authMechanism=MONGODB-AWS")
    before = bench.profile.auth
    bench.choose(bench.page.mechanism, "OpenID")
    assert (bench.profile.auth.user, bench.secrets) == (None, {})
    bench.choose(bench.page.mechanism, "AWS IAM")
    assert (bench.profile.auth, bench.secrets) == (before, {PASSWORD: Secret("key")})


def test_who_empties_both_aws_fields_goes_on_typing_in_them(bench: OnePage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    bench.type_text("mongodb://AKIA1:key@db1/?authMechanism=MONGODB-AWS")
    bench.type(bench.page.password, "")
    bench.type(bench.page.user, "")
    assert bench.page.user.isVisible()
    bench.type(bench.page.user, "AKIA2")
    assert bench.profile.auth.user == "AKIA2"


def test_aws_keys_survive_a_look_at_the_other_sources(bench: OnePage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    page = bench.page
    bench.choose(page.mechanism, "AWS IAM")
    bench.choose(page.aws, "an access key")
    bench.type(page.user, "AKIA1")
    bench.type(page.password, "key")
    bench.choose(page.aws, "environment")
    assert (bench.profile.auth, bench.secrets) == (Auth(mechanism="MONGODB-AWS"), {})
    assert "None of them is set" in page.notes.environment.words.text()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA-from-env")
    bench.choose(page.aws, "this machine")
    bench.choose(page.aws, "environment")
    assert "AWS_ACCESS_KEY_ID" in page.notes.environment.words.text()
    assert "AKIA-from-env" not in page.notes.environment.words.text()
    bench.choose(page.aws, "an access key")
    assert (bench.profile.auth.user, bench.secrets) == ("AKIA1", {PASSWORD: Secret("key")})


def test_return_in_a_field_tests(bench: OnePage) -> None:
    bench.choose(bench.page.mechanism, "default")
    bench.page.user.setFocus()
    bench.qtbot.keyClick(bench.page.user, Qt.Key.Key_Return)
    assert bench.submitted == 1


def test_going_to_the_user_of_a_profile_without_login_brings_the_field(bench: OnePage) -> None:
    assert bench.page.mechanism.currentText().startswith("none")
    assert bench.page.show_field("user")
    bench.until(bench.page.user.hasFocus)


@pytest.mark.parametrize("mechanism", ["DEFAULT", "BOGUS", "${MECH}", ""])
def test_any_mechanism_of_a_shared_profile_is_shown_without_raising(bench: OnePage, mechanism: str) -> None:
    bench.open(Profile(auth=Auth(mechanism=mechanism, user="x", properties={"ENVIRONMENT": "moon", "X": "y"})))
    assert bench.page.user.text() == "x"
    bench.choose(bench.page.mechanism, "none")
    assert bench.page._method() == NONE


# ---------------------------------------------------------------- notes


def test_a_missing_library_says_how_to_get_it_once_or_that_it_is_here(bench: OnePage) -> None:
    from clearline.core.options.packages import missing_for_mechanism

    for words, mechanism in (("AWS", "MONGODB-AWS"), ("Kerberos", "GSSAPI")):
        bench.open(Profile(seeds=ELSEWHERE))
        bench.choose(bench.page.mechanism, words)
        said = lambda: [  # noqa: E731
            label.text()
            for label in bench.page.findChildren(QLabel)
            if label.isVisible() and ("pip install" in label.text() or "is installed" in label.text())
        ]
        bench.until(said)
        assert len(said()) == 1
        assert ("pip install" in said()[0]) is (missing_for_mechanism(mechanism) is not None)
    bench.choose(bench.page.mechanism, "SCRAM-SHA-1")
    assert said() == []


def test_the_frozen_program_says_what_it_carries(bench: OnePage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    bench.page.notes._show_library(None)
    assert "This program carries" in bench.page.notes.library.words.text()
    bench.page.notes._show_library("kerberos")
    assert "does not carry" in bench.page.notes.library.words.text()


def test_x509_shows_the_subject_and_leads_to_the_tls_page(bench: OnePage, tmp_path: Path) -> None:
    client = Authority(tmp_path).client("app")
    bench.open(Profile(seeds=ELSEWHERE, tls=Tls(enabled=True)))
    bench.choose(bench.page.mechanism, "X.509")
    assert "no client certificate yet" in bench.page.notes.subject.words.text()
    words = bench.page.notes.subject.words
    words.setFocus()
    bench.qtbot.keyClick(words, Qt.Key.Key_Tab)  # to the link
    words.linkActivated.emit("tlsCertificateKeyFile")
    assert bench.wanted == ["tlsCertificateKeyFile"]
    bench.opened.set_profile(
        bench.opened.with_parts(tls=Tls(enabled=True, certificate_key_file=str(client.certificate_key_file)))
    )
    bench.until(lambda: client.subject in bench.page.notes.subject.words.text())
    old = Authority(tmp_path).client("old", ends=-1 * DAY)
    bench.opened.set_profile(
        bench.opened.with_parts(tls=Tls(enabled=True, certificate_key_file=str(old.certificate_key_file)))
    )
    bench.until(lambda: "expired" in bench.page.notes.subject.words.text())


@pytest.mark.parametrize(
    ("uri", "asked"),
    [
        ("mongodb://u:p@db1.example.com/?authMechanism=PLAIN", True),
        ("mongodb://u:p@db1.example.com/?authMechanism=PLAIN&tls=true", False),
        ("mongodb+srv://u:p@db1.example.com/?authMechanism=PLAIN", False),
        ("mongodb://u:p@db1.example.com/?authMechanism=PLAIN&tlsCAFile=/x.pem", False),
        ("mongodb://u:p@localhost/?authMechanism=PLAIN", False),
        ("mongodb://u:p@db1.example.com/", False),
    ],
)
def test_consent_is_asked_only_where_the_password_would_travel_readable(bench: OnePage, uri: str, asked: bool) -> None:
    bench.type_text(uri)
    assert bench.page.consent.isVisible() is asked
    assert bench.page.consent_words.isVisible() is asked


def test_consent_is_given_and_taken_back_by_keyboard(bench: OnePage) -> None:
    bench.type_text("mongodb://u:p@db1.example.com/?authMechanism=PLAIN")
    bench.page.consent.setFocus()
    bench.qtbot.keyClick(bench.page.consent, Qt.Key.Key_Space)
    assert bench.profile.auth.allow_plain_without_tls is True
    assert "db1.example.com" in bench.page.consent_words.text()
    bench.qtbot.keyClick(bench.page.consent, Qt.Key.Key_Space)
    assert bench.profile.auth.allow_plain_without_tls is None


# ---------------------------------------------------------------- where secrets are


def test_the_words_of_the_vault_stand_under_the_secret(bench: OnePage) -> None:
    bench.where = {PASSWORD: "in the GNOME keyring"}
    bench.type_text("mongodb://u:p@db1/")
    assert bench.page._secret.words.text() == "In the GNOME keyring."


def test_the_place_is_chosen_and_the_password_survives_the_look_at_others(bench: OnePage) -> None:
    page, secret = bench.page, bench.page._secret
    bench.type_text("mongodb://u:s3cret@db1/")
    bench.choose(secret.place, "This session")
    assert bench.profile.secrets == {PASSWORD: SecretSource(place="session")}
    bench.choose(secret.place, "Ask each time")
    assert bench.profile.secrets == {PASSWORD: SecretSource(place="ask")}
    assert bench.secrets == {}
    assert "Asked each time" in secret.words.text()
    bench.choose(secret.place, "Keep in keyring")
    assert bench.profile.secrets == {}
    assert bench.secrets == {PASSWORD: Secret("s3cret")}
    assert page.password.text() == "s3cret"


def test_a_variable_is_named_and_said_to_be_there_or_not(
    bench: OnePage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    page, secret = bench.page, bench.page._secret
    monkeypatch.setenv("LAB_PASSWORD", "from-the-environment")
    bench.type_text("mongodb://u:s3cret@db1/")
    bench.choose(secret.place, "From a variable")
    assert not page.password.isVisible()
    assert "Type the name" in secret.words.text()
    bench.until(secret.reference.hasFocus)
    bench.type(secret.reference, "LAB_PASSWORD")
    assert bench.profile.secrets == {PASSWORD: SecretSource(place="reference", reference="${LAB_PASSWORD}")}
    assert secret.words.text() == "From ${LAB_PASSWORD}, set in the environment; read when you test, never kept."
    assert PASSWORD not in bench.secrets
    bench.type(secret.reference, "MISSING_ONE")
    assert "set neither here nor in the .env file" in secret.words.text()
    bench.type(secret.reference, "no name!")
    assert "names no variable" in secret.words.text()
    env_file = tmp_path / "team.env"
    env_file.write_text("MISSING_ONE=hidden-value\nOTHER=2\n")
    bench.type(secret.reference, "MISSING_ONE")
    bench.type(page.env_file.file.entry, str(env_file))
    bench.until(lambda: "set in the .env file" in secret.words.text())
    assert bench.profile.env_file == str(env_file)
    said = page.env_file.names.words.text()
    assert "${MISSING_ONE}" in said
    assert "${OTHER}" in said
    assert "hidden-value" not in said


def test_a_reference_typed_as_password_is_taken_for_what_it_is(bench: OnePage) -> None:
    bench.type_text("mongodb://app:old@db1/")
    secret = bench.page._secret
    bench.type(secret.entry, "${LAB_PASSWORD}")
    assert bench.profile.secrets == {PASSWORD: SecretSource(place="reference", reference="${LAB_PASSWORD}")}
    assert bench.secrets == {}
    assert bench.opened.text.reveal() == "mongodb://app:${LAB_PASSWORD}@db1/"
    bench.until(secret.reference.hasFocus)
    bench.choose(secret.place, "Keep in keyring")
    assert secret.entry.text() == ""


def test_a_reference_pasted_with_its_braces_is_taken(bench: OnePage) -> None:
    secret = bench.page._secret
    bench.type_text("mongodb://u:s3cret@db1/")
    bench.choose(secret.place, "From a variable")
    bench.type(secret.reference, "${HOME}")
    assert bench.profile.secrets[PASSWORD].reference == "${HOME}"
    assert secret.reference.text() == "${HOME}"


def test_a_command_is_typed_and_explained(bench: OnePage) -> None:
    secret = bench.page._secret
    bench.type_text("mongodb://u:s3cret@db1/")
    bench.choose(secret.place, "From a command")
    assert "Type the command" in secret.words.text()
    bench.type(secret.command, "pass show mongodb")
    assert bench.profile.secrets == {PASSWORD: SecretSource(place="command", command="pass show mongodb")}
    assert "run on this computer" in secret.words.text()
    assert "run on this computer when you test" in secret.words.text()


def test_a_command_that_holds_the_secret_itself_is_told(bench: OnePage) -> None:
    secret = bench.page._secret
    bench.type_text("mongodb://u@db1/")
    bench.choose(secret.place, "From a command")
    bench.type(secret.command, "echo s3cret")
    assert "holds the secret itself" in secret.words.text()
    bench.type(secret.command, "pass show mongodb")
    assert "holds the secret itself" not in secret.words.text()


@pytest.mark.parametrize("name", ["none.env", ".", "bad\0name", "~nobody-here/x", "binary.env"])
def test_a_variables_file_that_is_none_is_said_without_raising(bench: OnePage, tmp_path: Path, name: str) -> None:
    (tmp_path / "binary.env").write_bytes(b"\xff\xfe\x00\x81")
    path = name if name.startswith("~") else str(tmp_path / name)
    bench.opened.set_profile(bench.opened.with_parts(env_file=path))
    bench.until(lambda: "variables file" in bench.page.env_file.names.words.text())


def test_a_secret_never_stands_in_any_text_of_the_page(bench: OnePage) -> None:
    bench.type_text("mongodb://u:tell-nobody@db1/?authMechanism=MONGODB-X509")
    texts = [label.text() + label.toolTip() + label.accessibleName() for label in bench.page.findChildren(QLabel)]
    assert not any("tell-nobody" in text for text in texts)


@pytest.mark.parametrize("width", [1080, 700, 480])
@pytest.mark.parametrize("method", ["GSSAPI", "MONGODB-AWS", "PLAIN", "MONGODB-OIDC"])
def test_nothing_is_cut_off_at_the_sides(qtbot: QtBot, method: str, width: int) -> None:
    bench = OnePage(qtbot, AuthPage, size=(width, 300))
    bench.open(Profile(seeds=ELSEWHERE, auth=Auth(mechanism=method, user="u")))
    assert bench.page.minimumSizeHint().width() <= width
    bench.close()


def test_another_text_without_user_shows_that_there_is_no_login(bench: OnePage) -> None:
    bench.type_text("mongodb://app:pw@db1/")
    assert bench.page.mechanism.currentText().startswith("default")
    bench.type_text("mongodb://db1/")
    assert bench.page.mechanism.currentText().startswith("none")


def test_a_property_that_no_text_can_hold_is_told_beside_it(bench: OnePage) -> None:
    bench.choose(bench.page.mechanism, "OpenID")
    bench.choose(bench.page.environment, "Azure")
    bench.type(bench.page.properties["TOKEN_RESOURCE"], "a,b")
    assert "KEY:value" in bench.page._property_note.text
    assert bench.page.properties["TOKEN_RESOURCE"].text() == "a,b"
