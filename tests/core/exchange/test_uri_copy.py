"""A connection string for somebody else says where its secrets go, and holds none unless asked to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from clearline.core.exchange.uri_copy import with_placeholder, with_secrets, with_variables
from clearline.core.profiles.profile import Auth, Profile, SecretSource, Seeds
from clearline.core.secrets.secret import PASSWORD
from clearline.core.uri.connection_string import read

ATLAS = "mongodb+srv://app:p%40ss@cluster0.abcde.mongodb.net/orders?appName=x"


def test_the_three_ways() -> None:
    reading = read(ATLAS)
    assert with_placeholder(reading.profile, reading.secrets) == ATLAS.replace("p%40ss", "<password>")
    assert with_variables(reading.profile, reading.secrets) == ATLAS.replace("p%40ss", "${MONGODB_PASSWORD}")
    assert with_secrets(reading.profile, reading.secrets) == ATLAS


@pytest.mark.parametrize("copied", [with_placeholder, with_variables])
def test_a_password_that_is_not_known_has_its_place_all_the_same(copied: Callable[..., Any]) -> None:
    profile = Profile(seeds=Seeds(hosts=("db1",)), auth=Auth(user="app"))
    assert copied(profile).startswith("mongodb://app:")
    assert copied(profile).endswith("@db1/")


def test_a_login_without_a_password_gets_no_place_for_one() -> None:
    assert with_placeholder(Profile(seeds=Seeds(hosts=("db1",)))) == "mongodb://db1/"
    x509 = Profile(seeds=Seeds(hosts=("db1",)), auth=Auth(user="CN=app", mechanism="MONGODB-X509"))
    assert with_placeholder(x509) == "mongodb://CN%3Dapp@db1/?authMechanism=MONGODB-X509"


def test_a_reference_of_the_profile_is_kept() -> None:
    profile = Profile(
        seeds=Seeds(hosts=("db1",)),
        auth=Auth(user="app"),
        secrets={PASSWORD: SecretSource(place="reference", reference="${ORDERS_PASSWORD}")},
    )
    assert with_variables(profile) == "mongodb://app:${ORDERS_PASSWORD}@db1/"


def test_every_other_secret_has_a_variable_of_its_own() -> None:
    reading = read(
        "mongodb://db1/?tls=true&tlsCertificateKeyFile=/k.pem&tlsCertificateKeyFilePassword=x&3t.sshPassword=y"
    )
    text = with_variables(reading.profile, reading.secrets)
    assert "tlsCertificateKeyFilePassword=${TLS_CERTIFICATE_KEY_FILE_PASSWORD}" in text
    assert "3t.sshPassword=${3T_SSH_PASSWORD}" in text
