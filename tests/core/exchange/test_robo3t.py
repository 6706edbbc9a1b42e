"""The settings of Robo 3T become connections, except for what it encrypted for itself."""

from __future__ import annotations

import json
from typing import Any

from clearline.core.exchange.imported import Format
from clearline.core.exchange.reading import read_text
from clearline.core.profiles.hop import SshServer
from clearline.core.secrets.secret import KEY_PASSWORD, PASSWORD, Secret, hop_passphrase, hop_password
from clearline.core.uri.connection_string import build


def connection(**more: Any) -> dict[str, Any]:
    return {
        "connectionName": "Orders",
        "serverHost": "db1.example.com",
        "serverPort": 27018,
        "defaultDatabase": "orders",
        "isReplicaSet": False,
        "credentials": [],
        "ssh": {"enabled": False, "host": "", "port": 22},
        "ssl": {"sslEnabled": False, "caFile": "", "pemKeyFile": ""},
        "uuid": "{6e2c0a24-7a5c-4f5e-8d57-0d1f1d6a1b11}",
        **more,
    }


def settings(*connections: dict[str, Any] | None) -> str:
    return json.dumps({"version": "2.0", "uuidEncoding": 0, "connections": list(connections), "toolbars": {}})


def test_a_direct_connection_is_read() -> None:
    read = read_text(settings(connection()))
    [item] = read.items
    assert read.format is Format.ROBO3T
    assert build(item.profile) == "mongodb://db1.example.com:27018/orders?directConnection=true"
    assert (item.name, item.problem, item.kept_foreign, item.has_identity) == ("Orders", "", (), True)


def test_the_members_of_a_replica_set_are_the_seeds() -> None:
    members = {"0": "db1:27017", "1": "db2:27017", "2": "db3:27017", "setNameUserEntered": "rs0", "readPreference": 1}
    [item] = read_text(settings(connection(isReplicaSet=True, replicaSet=members))).items
    assert item.profile.seeds.hosts == ("db1:27017", "db2:27017", "db3:27017")
    assert item.profile.seeds.replica_set == "rs0"
    assert item.profile.reads.preference == "primaryPreferred"


def test_the_enabled_login_is_taken_and_its_encrypted_password_is_not() -> None:
    credentials = [
        {"userName": "off", "userPassword": "x", "databaseName": "admin", "enabled": False},
        {
            "userName": "app",
            "userPasswordEncrypted": "c2VjcmV0",
            "databaseName": "admin",
            "mechanism": "SCRAM-SHA-256",
            "enabled": True,
        },
    ]
    [item] = read_text(settings(connection(credentials=credentials))).items
    auth = item.profile.auth
    assert (auth.user, auth.source, auth.mechanism) == ("app", "admin", "SCRAM-SHA-256")
    assert item.secrets == {}
    assert item.remarks == ("Robo 3T encrypts its passwords for itself, so none is imported.",)


def test_a_password_in_clear_of_an_old_version_is_taken() -> None:
    credentials = [
        {"userName": "app", "userPassword": "p@ss", "databaseName": "a", "mechanism": "MONGODB-CR", "enabled": True}
    ]
    [item] = read_text(settings(connection(credentials=credentials))).items
    assert item.secrets == {PASSWORD: Secret("p@ss")}
    assert item.profile.auth.mechanism is None
    assert "MONGODB-CR" in item.remarks[0]


def test_tls_is_taken_over_with_its_files() -> None:
    ssl = {
        "sslEnabled": True,
        "caFile": "/ca.pem",
        "usePemFile": True,
        "pemKeyFile": "/client.pem",
        "pemPassPhrase": "key",
        "useAdvancedOptions": True,
        "crlFile": "/crl.pem",
        "allowInvalidHostnames": True,
        "allowInvalidCertificates": False,
    }
    [item] = read_text(settings(connection(ssl=ssl))).items
    tls = item.profile.tls
    assert (tls.enabled, tls.ca_file, tls.certificate_key_file, tls.crl_file) == (
        True,
        "/ca.pem",
        "/client.pem",
        "/crl.pem",
    )
    assert (tls.allow_invalid_hostnames, tls.allow_invalid_certificates) == (True, None)
    assert item.secrets == {KEY_PASSWORD: Secret("key")}


def test_what_pymongo_cannot_do_is_listed_and_noted() -> None:
    ssl = {"sslEnabled": False, "caFile": "/ca.pem"}
    [item] = read_text(settings(connection(ssl=ssl))).items
    assert item.kept_foreign == ("TLS, switched off, with /ca.pem",)


def test_a_tunnel_becomes_a_hop() -> None:
    ssh = {"enabled": True, "host": "bastion", "port": 2222, "userName": "me", "privateKeyFile": "/id_rsa"}
    [item] = read_text(settings(connection(ssh={**ssh, "passphrase": "opens-it"}))).items
    assert item.profile.hops == (
        SshServer(host="bastion", port=2222, user="me", key_file="/id_rsa", login=("key", "interactive")),
    )
    assert item.secrets[hop_passphrase(0)] == Secret("opens-it")
    [item] = read_text(settings(connection(ssh={**ssh, "method": "password", "userPassword": "lets-in"}))).items
    assert item.profile.hops[0].login == ("password", "interactive")
    assert item.secrets[hop_password(0)] == Secret("lets-in")


def test_a_broken_entry_does_not_hide_the_others() -> None:
    items = read_text(
        settings(None, connection(serverHost=""), connection(serverHost="::1"), connection(serverPort="x"))
    ).items
    assert [bool(item.problem) for item in items] == [True, True, False, False]
    assert items[2].profile.seeds.hosts == ("[::1]:27018",)
    assert items[3].profile.seeds.hosts == ("db1.example.com",)
