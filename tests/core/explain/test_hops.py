"""Texts of what stands between a program and its server: SSH clients, proxies, kubectl. None of them is the server."""

from __future__ import annotations

import pytest

from clearline.core.explain.explain import explain
from clearline.core.findings import Certainty

TEXTS = [
    ("ssh: connect to host bastion.example.com port 22: Connection refused\nmongosh: no tunnel", "hop.refused"),
    ("ssh: connect to host bastion.example.com port 22: Operation timed out\nmongosh: no tunnel", "hop.silent"),
    ("ssh: connect to host 192.0.2.4 port 2222: No route to host\nmongodump: no tunnel", "hop.unreachable"),
    ("ssh: Could not resolve hostname bastion: Name or service not known\nmongosh: no tunnel", "hop.name-unknown"),
    ("1715681472.1 0 10.0.0.9 TCP_DENIED/403 3921 CONNECT db.example.com:27017 - HIER_NONE/- text/html",
     "proxy.forbidden"),
    ("1715681472.1 0 10.0.0.9 TCP_DENIED/407 3921 CONNECT db.example.com:27017 - HIER_NONE/- text/html",
     "proxy.login-required"),
    ("1715681472.1 59 10.0.0.9 TCP_TUNNEL/503 0 CONNECT db.example.com:27017 - HIER_NONE/- -", "proxy.failed"),
    ("error: lost connection to pod\nkubectl port-forward svc/mongodb 27017\nAutoReconnect: connection closed",
     "k8s.failed"),
    ("error: You must be logged in to the server (Unauthorized)\nkubectl port-forward svc/mongo 27017",
     "k8s.login-refused"),
    ("Permissions 0644 for '/home/u/.ssh/id_rsa' are too open.\nThis private key will be ignored.\n"
     "walker@bastion: Permission denied (publickey).\nmongosh: no tunnel", "ssh.key-unreadable"),
    ("An error occurred (TargetNotConnected) when calling the StartSession operation: i-0abc is not connected.\n"
     "kex_exchange_identification: Connection closed by remote host\nmongosh: no tunnel", "ssh.proxy-command-failed"),
    ("SessionManagerPlugin is not found.\nmongosh: no tunnel", "ssh.proxy-command-missing"),
    ("com.jcraft.jsch.JSchException: java.net.ConnectException: Connection refused\nMongoDB: no tunnel", "hop.refused"),
    ("com.jcraft.jsch.JSchException: java.net.UnknownHostException: bastion.example.com\nMongoDB: no tunnel",
     "hop.name-unknown"),
    ("com.jcraft.jsch.JSchException: timeout: socket is not established\nMongoDB: no tunnel", "hop.silent"),
    ("Error: getaddrinfo ENOTFOUND bastion.example.com\n    at GetAddrInfoReqWrap.onlookup\n  level: 'client-socket'\n"
     "mongoose.connect('mongodb://127.0.0.1:27017')", "hop.name-unknown"),
    ("Error: connect ECONNREFUSED 192.0.2.9:22\n  level: 'client-socket'\nmongoose: no tunnel", "hop.refused"),
    ("paramiko.ssh_exception.NoValidConnectionsError: [Errno None] Unable to connect to port 22 on 192.0.2.5\npymongo",
     "hop.silent"),
    ("mongo tunnel: dial tcp 192.0.2.5:22: i/o timeout", "hop.silent"),
    ("net.schmizz.sshj.userauth.UserAuthException: Exhausted available authentication methods\nMongoDB: no tunnel",
     "ssh.login-refused"),
    ("X-Squid-Error: ERR_ACCESS_DENIED 0\nCONNECT a.ab1cd.mongodb.net:27017", "proxy.forbidden"),
    ("X-Squid-Error: ERR_CONNECT_FAIL 111\nCONNECT a.ab1cd.mongodb.net:27017", "proxy.far-refused"),
    ("X-Squid-Error: ERR_CONNECT_FAIL 110\nCONNECT a.ab1cd.mongodb.net:27017", "proxy.far-unreachable"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "cause"), TEXTS)
def test_what_fails_before_the_server_is_not_the_server(text: str, cause: str) -> None:
    assert explain(text).causes[0].cause == cause


@pytest.mark.parametrize(
    "line",
    [
        "ssh: connect to host bastion.example.com port 22: Connection refused",
        "ssh: Could not resolve hostname bastion: Name or service not known",
        "kex_exchange_identification: read: Connection reset by peer\nConnection reset by 192.0.2.5 port 22",
        "com.jcraft.jsch.JSchException: java.net.UnknownHostException: bastion.example.com",
        "com.jcraft.jsch.JSchException: UnknownHostKey: bastion.example.com. RSA key fingerprint is aa:bb",
        "Error: getaddrinfo ENOTFOUND bastion.example.com\n  level: 'client-socket'",
    ],
)
def test_what_an_ssh_client_says_of_its_server_is_said_of_no_other(line: str) -> None:
    told = explain(f"{line}\nmongosh: no tunnel")
    likely = [c.cause for c in told.causes if c.certainty is not Certainty.POSSIBLE]
    assert likely
    assert told.targets == ()
    assert all(cause.startswith(("hop.", "ssh.")) for cause in likely)


def test_what_fails_beside_an_ssh_client_is_still_told() -> None:
    told = explain(
        "ssh: connect to host bastion.example.com port 22: Connection timed out\n"
        "MongoNetworkError: connect ECONNREFUSED 127.0.0.1:27017"
    )
    assert [c.cause for c in told.causes][:2] == ["hop.silent", "tcp.refused"]


def test_the_ssh_server_is_named_and_not_offered_for_a_check() -> None:
    told = explain("ssh: connect to host bastion.example.com port 22: Connection refused\nmongosh: no tunnel")
    assert "bastion.example.com" in told.causes[0].summary
    assert told.targets == ()


def test_an_ssh_server_of_nothing_known_is_no_fault_of_the_database() -> None:
    told = explain("ssh: connect to host git.example.com port 22: Connection timed out\nfatal: Could not read")
    assert not told.about_connection
