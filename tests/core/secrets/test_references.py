"""``${NAME}`` is legal wherever a value stands, survives text and profile, and is resolved from the file first."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from clearline.core.profiles.profile import Auth, Profile, SecretSource, Seeds, Tls
from clearline.core.secrets.redaction import redact
from clearline.core.secrets.references import has_references, is_reference, names_in, read_env_file, variables
from clearline.core.secrets.secret import AWS_SESSION_TOKEN, KEY_PASSWORD, PASSWORD, Secret
from clearline.core.uri.connection_string import build, read

TEXTS = [
    "mongodb://${USER}:${PW}@h/",
    "mongodb://app:${PW}@${HOST}:27017/${DB}?authSource=${SOURCE}",
    "mongodb://${HOST}:${PORT}/",
    "mongodb://${HOST}:${PORT},${OTHER}/?replicaSet=rs-${ENV}",
    "mongodb://${HOSTS}/db",
    "mongodb://db-${ENV}.example.test:27017/",
    "mongodb+srv://${USER}:${PW}@${CLUSTER}/",
    "mongodb+srv://app:${PW}@${CLUSTER}.example.test/",
    "mongodb://h/?maxPoolSize=${POOL}",
    "mongodb://h/?tls=${TLS}&tlsCAFile=${HOME}/ca.pem",
    "mongodb://h/?tlsCertificateKeyFile=me.pem&tlsCertificateKeyFilePassword=${KEY_PW}",
    "mongodb://h/?readPreference=${MODE}&readPreferenceTags=dc:${DC}",
    "mongodb://k:${SECRET}@h/?authMechanism=${MECH}",
    "mongodb://h/?compressors=${COMPRESSORS}&appName=${APP}&w=${W}",
    "mongodb://h/?proxyHost=${PROXY}&proxyUsername=${ME}&proxyPassword=${PROXY_PW}",
]


@pytest.mark.parametrize("text", TEXTS)
def test_a_reference_is_no_mistake(text: str) -> None:
    assert [mistake.cause for mistake in read(text).mistakes if mistake.cause != "uri.pymongo-goes-directly"] == []


@pytest.mark.parametrize("text", TEXTS)
def test_a_reference_survives_text_profile_text(text: str) -> None:
    first = read(text)
    again = build(first.profile, first.secrets, show="plain")
    second = read(again, profile=first.profile)
    assert second.profile == first.profile
    assert second.secrets == first.secrets == {}
    assert sorted(names_in(again)) == sorted(names_in(text))
    assert build(second.profile, show="masked") == again


@pytest.mark.parametrize("text", TEXTS)
def test_a_reference_is_shown_where_a_secret_would_be_masked(text: str) -> None:
    assert read(text).facts.redacted == text
    assert redact(text) == text


def test_a_password_that_is_a_reference_is_the_profiles_source_of_it() -> None:
    reading = read("mongodb://app:${MONGO_PW}@h/")
    assert reading.profile.secrets == {PASSWORD: SecretSource(place="reference", reference="${MONGO_PW}")}
    assert reading.secrets == {}
    assert reading.facts.password.placeholder is None


def test_other_secrets_can_be_references_as_well() -> None:
    text = (
        "mongodb://k:${K}@h/?authMechanism=MONGODB-AWS&authMechanismProperties=AWS_SESSION_TOKEN:${T}"
        "&tlsCertificateKeyFilePassword=${P}"
    )
    sources = read(text).profile.secrets
    assert {name: source.reference for name, source in sources.items()} == {
        PASSWORD: "${K}",
        AWS_SESSION_TOKEN: "${T}",
        KEY_PASSWORD: "${P}",
    }
    assert set(names_in(build(read(text).profile))) == {"K", "T", "P"}


def test_a_password_that_only_holds_one_is_a_password() -> None:
    reading = read("mongodb://app:pre${A}post@h/")
    assert reading.secrets == {PASSWORD: Secret("pre${A}post")}
    escaped = read("mongodb://app:%24%7BA%7D@h/")
    assert escaped.secrets == {PASSWORD: Secret("${A}")}
    assert build(escaped.profile, escaped.secrets, show="plain") == "mongodb://app:%24%7BA%7D@h/"


def test_unless_the_profile_says_that_it_is_its_reference() -> None:
    source = {PASSWORD: SecretSource(place="reference", reference="pre-${A}")}
    profile = Profile(seeds=Seeds(hosts=("h",)), auth=Auth(user="app"), secrets=source)
    text = build(profile)
    assert text == "mongodb://app:pre-${A}@h/"
    assert read(text, profile=profile).profile == profile


def test_a_typed_password_replaces_the_reference() -> None:
    mine = read("mongodb://app:${PW}@h/").profile
    assert read("mongodb://app:typed@h/", profile=mine).profile.secrets == {}
    assert read("mongodb://app@h/", profile=mine).profile.secrets == {}


def test_the_text_keeps_the_sources_that_it_cannot_show() -> None:
    sources = {PASSWORD: SecretSource(place="ask"), KEY_PASSWORD: SecretSource(place="command", command="pass key")}
    mine = Profile(env_file=".env", folder="team", favourite=True, secrets=sources, tls=Tls(trust="system"))
    profile = read("mongodb://app@h/", profile=mine).profile
    assert (profile.secrets, profile.env_file, profile.folder, profile.favourite) == (sources, ".env", "team", True)
    assert profile.tls.trust == "system"


@pytest.mark.parametrize("text", ["$NAME", "${}", "${1A}", "${A-B}", "{A}", "${A", "$ {A}", "${A:-x}", "%24%7BA%7D"])
def test_what_looks_alike_is_none(text: str) -> None:
    assert not has_references(text)
    assert not is_reference(text)


def test_mistakes_that_hang_on_an_unknown_value_wait_for_it() -> None:
    for text in (
        "mongodb://h/?minPoolSize=500&maxPoolSize=${MAX}",
        "mongodb://CN=x@h/?authMechanism=MONGODB-X509&tls=${TLS}",
        "mongodb://h/?readPreferenceTags=a:b&readPreference=${MODE}",
        "mongodb://h1,h2/?directConnection=${D}",
        "mongodb://u@h/?authMechanism=${MECH}",
    ):
        assert read(text).mistakes == (), text


# ---------------------------------------------------------------- where values come from


def test_the_file_comes_before_the_environment(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("A=file\n", encoding="utf-8")
    known = variables(str(file), {"A": "environment", "B": "environment"})
    assert (known.find("A"), known.find("B"), known.find("C")) == ("file", "environment", None)
    assert known.places == f"neither in {file} nor in the environment"


def test_the_environment_is_that_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLEARLINE_TEST_VALUE", "here")
    known = variables(None)
    assert known.find("CLEARLINE_TEST_VALUE") == "here"
    assert known.places == "nowhere in the environment"


def test_a_file_is_read_as_others_read_it(tmp_path: Path) -> None:
    file = tmp_path / "team.env"
    text = (
        '\ufeff# comment\nA=plain # comment\nexport B=\'single $A\'\nC="two\\nlines \\"x\\""\n\n'
        "D = spaced\nE=\nF\nG=${A}\nH='a\nb'\nI=p#w\n"
    )
    file.write_bytes(text.encode())
    assert read_env_file(file) == {
        "A": "plain",
        "B": "single $A",
        "C": 'two\nlines "x"',
        "D": "spaced",
        "E": "",
        "G": "${A}",
        "H": "a\nb",
        "I": "p#w",
    }


def test_a_file_that_is_not_there_is_noted(tmp_path: Path) -> None:
    known = variables(str(tmp_path / "none.env"), {"A": "1"})
    assert isinstance(known.problem, FileNotFoundError)
    assert known.find("A") == "1"


def test_a_file_in_the_home_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my.env").write_text("A=1\n", encoding="utf-8")
    monkeypatch.setenv("USERPROFILE" if os.name == "nt" else "HOME", str(tmp_path))
    assert variables("~/my.env", {}).find("A") == "1"


def test_the_values_never_show_themselves(tmp_path: Path) -> None:
    assert "hunter2" not in repr(variables(None, {"PW": "hunter2"}))
