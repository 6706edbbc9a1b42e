"""The deployments come up as what they are called."""

from __future__ import annotations

import socket
import sys
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import AutoReconnect, OperationFailure

from lab import deployments
from lab.certificates import Identity
from lab.deployment import ROOT, Deployment
from lab.deployments import APP, USERS, Frozen


def reason(uri: str, **options: Any) -> int | None:
    with MongoClient(uri, **options) as client, pytest.raises(OperationFailure) as raised:
        client.appdb.things.find_one()
    return raised.value.code


def test_a_standalone_answers_without_login(standalone: Deployment) -> None:
    with MongoClient(standalone.uri()) as client:
        assert client.appdb.things.find_one() is None
    assert "setName" not in standalone.hello()


@pytest.mark.skipif(sys.platform != "linux", reason="ports are held on Linux")
def test_no_other_program_gets_the_port_of_a_server_that_is_down() -> None:
    with deployments.standalone() as deployment:
        deployment.server.kill()
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", deployment.server.port))
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", deployment.server.port), 10)
        deployment.server.start()
        assert "setName" not in deployment.hello()


def test_every_user_can_log_in_except_from_a_wrong_address(login_server: Deployment) -> None:
    for user in USERS:
        if user.source:
            assert reason(login_server.uri(user)) == 18
            continue
        with MongoClient(login_server.uri(user)) as client:
            status = client.admin.command("connectionStatus")
        (known,) = status["authInfo"]["authenticatedUsers"]
        assert known == {"user": user.name, "db": user.database}


def test_logins_are_read_from_the_server_s_log(login_server: Deployment) -> None:
    before = len(login_server.logins())
    with MongoClient(login_server.uri(APP)) as client:
        client.admin.command("ping")
    assert reason(login_server.uri("app", "wrong")) == 18
    assert reason(login_server.uri("nobody", "wrong")) == 18
    found = login_server.logins()[before:]
    assert set(found) == {("app", True), ("app", False), ("nobody", False)}
    assert ROOT not in dict(found)
    assert reason(login_server.uri()) == 13


def test_sha256_is_off_where_it_should_be(sha1_server: Deployment) -> None:
    assert reason(sha1_server.uri(APP, authMechanism="SCRAM-SHA-256")) in (18, 334)


def test_a_tls_server_demands_tls_and_perhaps_a_certificate(
    tls_server: Deployment, mutual_tls_server: Deployment, x509_user: Identity
) -> None:
    with MongoClient(tls_server.uri()) as client:
        client.admin.command("ping")
    with MongoClient(tls_server.address, serverSelectionTimeoutMS=200, directConnection=True) as client:
        with pytest.raises(AutoReconnect):
            client.admin.command("ping")
    with MongoClient(mutual_tls_server.uri(serverSelectionTimeoutMS=200)) as client, pytest.raises(AutoReconnect):
        client.admin.command("ping")
    with MongoClient(mutual_tls_server.uri(tlsCertificateKeyFile=x509_user.certificate_key_file)) as client:
        client.admin.command("ping")


def test_a_certificate_is_a_user(x509_server: Deployment, x509_user: Identity) -> None:
    x509: dict[str, Any] = {"authMechanism": "MONGODB-X509", "tlsCertificateKeyFile": x509_user.certificate_key_file}
    with MongoClient(x509_server.uri(**x509)) as client:
        client.appdb.things.insert_one({})
        status = client.admin.command("connectionStatus")
    assert status["authInfo"]["authenticatedUsers"] == [{"user": x509_user.subject, "db": "$external"}]


def test_a_set_of_three_has_its_first_server_as_primary(replica_set: Deployment) -> None:
    with MongoClient(replica_set.uri()) as client:
        client.appdb.things.insert_one({})
        assert client.primary == ("127.0.0.1", replica_set.server.port)
    assert replica_set.member("secondary") in replica_set.servers[1:]


def test_a_set_with_login(login_set: Deployment) -> None:
    with MongoClient(login_set.uri(APP)) as client:
        client.appdb.things.insert_one({})
        assert len(client.nodes) >= 1


def test_a_set_of_every_kind_of_member(diverse_set: Deployment) -> None:
    hidden, arbiter = diverse_set.servers[3:]
    assert diverse_set.member("hidden") is hidden
    assert diverse_set.member("arbiter") is arbiter
    answer = diverse_set.hello()
    assert answer["tags"] == {"dc": "east"}
    assert len(answer["hosts"]) == 2
    assert len(answer["passives"]) == 1
    assert hidden.address not in answer["hosts"]


def test_an_uninitiated_member_waits_for_its_set(uninitiated: Deployment) -> None:
    answer = uninitiated.hello()
    assert answer["isreplicaset"]
    assert not answer["secondary"]


def test_servers_can_be_killed_frozen_and_removed_from_their_set() -> None:
    with deployments.replica_set() as deployment:
        removed = deployment.servers[2]
        deployments.remove_member(deployment, removed)
        assert "setName" not in deployment.hello(removed)
        deployment.servers[1].kill()
        deployment.wait_until(deployment.server, lambda hello: not hello["isWritablePrimary"])
        with Frozen(deployment.server):
            with MongoClient(
                deployment.address, directConnection=True, serverSelectionTimeoutMS=200, connectTimeoutMS=100
            ) as client:
                with pytest.raises(AutoReconnect):
                    client.admin.command("ping")
        assert deployment.hello()["setName"] == "rs0"
