"""Exports of Compass, plain and encrypted, are read as Compass meant them."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from clearline.core.exchange.imported import (
    Format,
    NeedsPassphrase,
    NewerFormat,
    NotRecognised,
    TooLarge,
    WrongPassphrase,
)
from clearline.core.exchange.reading import read_text
from clearline.core.profiles.hop import SshServer
from clearline.core.secrets.secret import (
    AWS_SESSION_TOKEN,
    KEY_PASSWORD,
    PASSWORD,
    PROXY_PASSWORD,
    Secret,
    hop_password,
)

# Made by Node.js' crypto: passphrase "opensesame", plaintext {"secrets":{"password":"p@ss+word"}}.
MADE_BY_NODE = (
    "AAEAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHzzLKmkVlZTdOx3worWlmo8O"
    "NftD7urUBQsnKemUIzwC4Bh21apI3MQrkZbK2a6RZRdq9MM="
)


def sealed(secrets: dict[str, str], passphrase: str, salt: bytes = b"0123456789abcdef") -> str:
    key = hashlib.pbkdf2_hmac("sha512", passphrase.encode(), salt, 100_000, 32)
    iv = os.urandom(16)
    both = AESGCM(key).encrypt(iv, json.dumps({"secrets": secrets}).encode(), None)
    return base64.b64encode(b"\0\1" + salt + iv + both[-16:] + both[:-16]).decode()


def export(*entries: Any, version: dict[str, str] | str | None = None) -> str:
    number = {"$numberInt": "1"} if version is None else version
    return json.dumps({"type": "Compass Connections", "version": number, "connections": list(entries)}, indent=2)


def entry(
    uri: str = "mongodb://app@db1:27017/",
    name: str | None = "Orders",
    own_id: str = "30bc83dd-a988-4553-b379-89fac70f3f5a",
    **more: Any,
) -> Any:
    options = more.pop("options", {})
    return {
        "id": own_id,
        "favorite": {"name": name, "color": more.pop("color", "color6")},
        "connectionOptions": {"connectionString": uri, **options},
        **more,
    }


def test_name_colour_and_address_are_taken_over() -> None:
    used = {"$date": {"$numberLong": "1700000000000"}}
    read = read_text(export(entry(savedConnectionType="favorite", lastUsed=used)))
    [item] = read.items
    assert read.format is Format.COMPASS
    assert (item.name, item.colour, item.favourite, item.has_identity) == ("Orders", "red", False, True)
    assert item.profile.seeds.hosts == ("db1:27017",)
    assert item.profile.auth.user == "app"


def test_a_plain_password_goes_to_the_secrets_and_nowhere_else() -> None:
    [item] = read_text(export(entry("mongodb://app:hunter2@db1/"))).items
    assert item.secrets == {PASSWORD: Secret("hunter2")}
    assert "hunter2" not in repr(item)


def test_a_plus_in_a_password_stays_a_plus_as_in_compass() -> None:
    [item] = read_text(export(entry("mongodb://a+b:c+d%2Be@db1/"))).items
    assert item.secrets == {PASSWORD: Secret("c+d+e")}
    assert item.profile.auth.user == "a+b"


def test_secrets_that_another_program_encrypted_are_opened() -> None:
    [item] = read_text(export(entry(connectionSecrets=MADE_BY_NODE)), Secret("opensesame")).items
    assert item.secrets == {PASSWORD: Secret("p@ss+word")}


def test_every_kind_of_secret_finds_its_place() -> None:
    secrets = {
        "password": "one",
        "tlsCertificateKeyFilePassword": "two",
        "proxyPassword": "three",
        "awsSessionToken": "four",
        "sshTunnelPassword": "five",
    }
    uri = "mongodb://app@db1/?tls=true&tlsCertificateKeyFile=/k.pem&proxyHost=10.0.0.1"
    tunnel = {"host": "bastion", "port": {"$numberInt": "22"}, "username": "me", "identityKeyFile": "/id_rsa"}
    text = export(entry(uri, options={"sshTunnel": tunnel}, connectionSecrets=sealed(secrets, "open")))
    [item] = read_text(text, Secret("open")).items
    assert {name: secret.reveal() for name, secret in item.secrets.items()} == {
        PASSWORD: "one",
        KEY_PASSWORD: "two",
        PROXY_PASSWORD: "three",
        AWS_SESSION_TOKEN: "four",
        hop_password(0): "five",
    }
    assert item.kept_foreign == ("proxyHost",)
    assert item.profile.hops == (
        SshServer(host="bastion", user="me", key_file="/id_rsa", login=("key", "interactive")),
    )
    assert [unread.name for unread in item.profile.unread] == ["proxyHost"]


def test_settings_that_pymongo_has_no_use_for_are_listed() -> None:
    options = {
        "fleOptions": {"storeCredentials": False, "autoEncryption": {"keyVaultNamespace": "a.b"}},
        "oidc": {"redirectURI": "http://localhost", "serializedState": "hunter2"},
        "useApplicationLevelProxy": True,
        "lookup": None,
        "useSystemCA": True,
    }
    [item] = read_text(export(entry("mongodb://db1/?unknownThing=1", options=options))).items
    assert item.kept_foreign == (
        "unknownThing",
        "in-use encryption, its keys left out",
        "OIDC settings: redirectURI, serializedState",
        "useApplicationLevelProxy",
    )
    assert item.profile.tls.trust == "system"
    assert "hunter2" not in repr(item)


def test_the_same_connection_has_the_same_id_in_the_next_export() -> None:
    first, second, other = (
        read_text(export(entry(uri, own_id=own_id))).items[0].profile.id
        for uri, own_id in (("mongodb://db1/", "a"), ("mongodb://db2/", "a"), ("mongodb://db1/", "b"))
    )
    assert first == second != other


def test_without_a_passphrase_one_is_asked_for_and_a_wrong_one_is_said() -> None:
    text = export(entry(connectionSecrets=MADE_BY_NODE), entry())
    with pytest.raises(NeedsPassphrase):
        read_text(text)
    with pytest.raises(WrongPassphrase):
        read_text(text, Secret("closesesame"))


@pytest.mark.parametrize(
    "damaged", ["", "AAE=", "not base64!", "\u00e9", "AAI" + MADE_BY_NODE[3:], MADE_BY_NODE[:-8], 5]
)
def test_one_damaged_secret_leaves_the_others(damaged: int | str) -> None:
    good = entry(connectionSecrets=MADE_BY_NODE, own_id="good")
    items = read_text(export(entry(connectionSecrets=damaged), good), Secret("opensesame")).items
    assert [item.profile is not None for item in items] == [True, True]
    assert [bool(item.secrets) for item in items] == [False, True]
    assert [bool(item.remarks) for item in items] == [bool(damaged), False]


def test_thousands_of_salts_do_not_keep_the_computer_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    derived = []
    derive = hashlib.pbkdf2_hmac

    def once(name: str, password: bytes, salt: bytes, *_: object) -> bytes:
        derived.append(salt)
        return derive(name, password, salt, 1, 32)

    monkeypatch.setattr(hashlib, "pbkdf2_hmac", once)
    entries = [entry(connectionSecrets=base64.b64encode(b"\0\1" + os.urandom(80)).decode()) for _ in range(300)]
    with pytest.raises(WrongPassphrase):
        read_text(export(*entries), Secret("open"))
    assert len(derived) <= 20


def test_a_broken_entry_does_not_hide_the_others() -> None:
    text = export(None, {"id": 5}, entry(), entry("mongodb://"), entry(name=None, uri="mongodb://db9/"))
    items = read_text(text).items
    assert [item.name for item in items] == ["connection 1", "connection 2", "Orders", "Orders", "db9"]
    assert [bool(item.problem) for item in items] == [True, True, False, True, False]


def test_other_versions_and_lists_without_end_are_refused() -> None:
    with pytest.raises(NewerFormat):
        read_text(export(entry(), version={"$numberInt": "2"}))
    with pytest.raises(NotRecognised):
        read_text(export(entry(), version="one"))
    with pytest.raises(NotRecognised):
        read_text('{"type": "Compass Connections", "version": 1}')
    with pytest.raises(TooLarge):
        read_text(export(*([1] * 2001)))
