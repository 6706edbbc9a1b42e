from __future__ import annotations

from clearline.core.profiles.profile import Profile, SecretSource
from clearline.core.profiles.secret_places import secret_names
from clearline.core.secrets.secret import AWS_SESSION_TOKEN, KEY_PASSWORD, PASSWORD
from clearline.core.uri.connection_string import read


def test_a_profile_may_have_a_password_and_what_its_files_and_its_mechanism_need() -> None:
    assert secret_names(Profile()) == (PASSWORD,)
    files = read("mongodb://h/?tlsCertificateKeyFile=me.pem").profile
    assert secret_names(files) == (PASSWORD, KEY_PASSWORD)
    aws = read("mongodb://k:s@h/?authMechanism=MONGODB-AWS").profile
    assert secret_names(aws) == (PASSWORD, AWS_SESSION_TOKEN)


def test_every_secret_that_a_text_holds_has_a_name_in_its_profile() -> None:
    text = (
        "mongodb://k:pw@h/?tlsCertificateKeyFile=me.pem&tlsCertificateKeyFilePassword=a&proxyPassword=b&apiToken=c"
        "&authMechanism=MONGODB-AWS&authMechanismProperties=AWS_SESSION_TOKEN:d,CLIENT_SECRET:e"
    )
    reading = read(text)
    assert set(reading.secrets) <= set(secret_names(reading.profile))


def test_a_secret_with_a_source_is_named_once() -> None:
    sources = {PASSWORD: SecretSource(place="ask"), KEY_PASSWORD: SecretSource(place="session")}
    assert secret_names(Profile(secrets=sources)) == (PASSWORD, KEY_PASSWORD)
