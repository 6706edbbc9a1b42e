"""What a pasted text says: the cause, how sure, and nothing secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clearline.cli import explain as command
from clearline.core.diagnosis.catalogue import causes
from clearline.core.diagnosis.texts import rows
from clearline.core.explain.explain import explain
from clearline.core.findings import Certainty

TEXTS = [
    ("MongoServerSelectionError: connect ECONNREFUSED 192.0.2.7:27017", "tcp.refused"),
    ("MongooseServerSelectionError: connect ECONNREFUSED ::1:27017\n 'localhost:27017' => [ServerDescription]",
     "app.localhost-ipv6-first"),
    ("MongoNetworkError: connect ECONNREFUSED ::1:27017", "app.localhost-ipv6-first"),
    ("MongooseServerSelectionError: Could not connect to any servers in your MongoDB Atlas cluster. One common reason "
     "is that you're trying to access the database from an IP that isn't whitelisted.", "tcp.atlas-access-list"),
    ("web_1 | MongoServerSelectionError: connect ECONNREFUSED 127.0.0.1:27017", "env.container-localhost"),
    ("Error: querySrv ENOTFOUND _mongodb._tcp.cluster9.zz9zz.mongodb.net", "dns.srv-not-found"),
    ("pymongo.errors.ServerSelectionTimeoutError: db.example.com:27017: [WinError 10061] 由于目标计算机积极拒绝",
     "tcp.refused"),
    ("MongoServerError: bad auth : Authentication failed.", "auth.atlas-bad-auth"),
    ("javax.net.ssl.SSLHandshakeException: Unsupported or unrecognized SSL message", "tls.not-offered"),
    ("\x1b[31mMongoParseError: URI must include hostname, domain name, and t\nld\x1b[0m", "uri.srv-form"),
    ("Caused by: java.net.UnknownHostException: mongo-db: Name or service not known", "dns.short-name"),
    ("db.example.com:27017: [Errno -2] Name or service not known, Timeout: 30s", "dns.host-not-found"),
    ("ModuleNotFoundError: No module named 'pymongo'", "app.driver-not-installed"),
    ('{"id":23255,"msg":"No SSL certificate provided by peer; connection rejected"}',
     "tls.client-certificate-required"),
    ("server selection error: server selection timeout, current topology: { Type: Unknown, Servers: [{ Addr: db:27017, "
     "Type: Unknown, Last error: connection(db:27017[-5]) incomplete read of message header: EOF }, ] }",
     "tls.required"),
    ("connection() error occurred during connection handshake: connection(db:27017[-5]) incomplete read of message "
     "header: EOF", "tls.required"),
    ("dial tcp: lookup c0-shard-00-00.abcde.mongodb.net: i/o timeout", "dns.resolver-silent"),
    ("mongodb_exporter: dial tcp 192.0.2.7:27017: connect: operation not permitted", "tcp.blocked-by-policy"),
    ("auth error: MONGODB-AWS: AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity, mongo-driver",
     "auth.wrong-aws-role"),
    ("error configuring tls: pkcs8: incorrect password (mongodump)", "files.key-password-wrong"),
    ("Caused by: java.net.ConnectException: Verbindungsaufbau abgelehnt\n at com.mongodb.internal", "tcp.refused"),
    ("java.net.NoRouteToHostException: Aucun chemin d'accès pour atteindre l'hôte cible\n at com.mongodb.internal",
     "tcp.host-unreachable"),
    ("mongodump: 域名解析暂时失败 db.example.com:27017", "dns.resolver-silent"),
    ("Error: couldn't connect to server db:27017, connection attempt failed: SSLHandshakeFailed: stream truncated",
     "tls.not-offered"),
    ("2018-05-14T10:11:12.345+0000 E NETWORK  [conn9] SSL peer certificate validation failed: unable to get issuer "
     "certificate", "tls.client-certificate-wrong-ca"),
    ("Fehler 1067: Der Prozess wurde unerwartet beendet. Dienst MongoDB", "server.does-not-start"),
    ("The MongoDB Server (MongoDB) service terminated unexpectedly.", "server.does-not-start"),
    ("dependency failed to start: container shop-mongo-1 is unhealthy", "server.does-not-start"),
    ("MongoDB 7.0 requires AVX support, which is not available on this system.", "server.does-not-start"),
    ("server selection error: context canceled, current topology: { Type: Unknown, Servers: [{ Addr: "
     "m-0.m.db.svc:27017, Type: Unknown, Last error: dial tcp: lookup m-0.m.db.svc on 192.0.2.2:53: "
     "server misbehaving }, ] }",
     "dns.servfail"),
    ("MongoNetworkError: failed to connect to server [172.18.0.2:27017] on first connect [MongoNetworkError: "
     "connection 5 to 172.18.0.2:27017 timed out]", "tcp.private-address"),
    ("mongo: options connect=direct and directConnection=false conflict", "uri.conflicting-options"),
    ("MongoParseError: Cannot use srvMaxHosts option with replicaSet", "uri.conflicting-options"),
    ("pymongo.errors.ConfigurationError: Passwords are not supported by MONGODB-X509", "uri.mechanism-mismatch"),
    ("Error { kind: InvalidArgument { message: \"'tlsCAFile' can't be set if tls=false\" } } mongodb",
     "uri.conflicting-options"),
    ("Mongo::Auth::InvalidConfiguration: Username is required for auth mechanism plain", "uri.missing-username"),
    ("pymongo.errors.OperationFailure: Kerberos context failed to initialize.", "auth.kerberos-failed"),
    ("MongoGCPError: Status code 403 returned from the GCP endpoint. Response body: {}", "auth.oidc-token-missing"),
    ("java.lang.IllegalArgumentException: srvMaxHosts can only be specified with mongodb+srv protocol\n at com.mongodb",
     "uri.conflicting-options"),
    ("MongoDB.Driver.MongoConfigurationException: Host for mongodb+srv scheme cannot specify a port.", "uri.srv-form"),
    ("mongoc: 'MONGODB-X509' authentication mechanism does not accept a password", "uri.mechanism-mismatch"),
    ("mongoc: Failed to read 4 bytes: socket error or timeout", "pool.idle-connections-dropped"),
    ("com.mongodb.MongoSocketOpenException: Exception opening socket", "tcp.refused"),
    ("com.mongodb.MongoSocketReadTimeoutException: Timeout while receiving message", "tcp.too-slow"),
    ("mongodb+srv://app:p/w@cluster0.abcde.mongodb.net/x\nError: querySrv ENOTFOUND _mongodb._tcp.app",
     "uri.unescaped-credentials"),
    ("connect ECONNREFUSED 192.0.2.7:10255 mongodb://acct.example.com:10255/?ssl=true&appName=@acct@", "tcp.refused"),
    ("zsh: command not found: mongosh", "app.driver-not-installed"),
    ("'mongodump' is not recognized as an internal or external command", "app.driver-not-installed"),
    ('exec failed: exec: "mongo": executable file not found in $PATH: unknown', "app.driver-not-installed"),
    ("com.mongodb.MongoQueryException: $changeStream is only supported on replica sets", "topology.no-transactions"),
    ("curl: (7) Failed to connect to db.example.com port 27017 after 2 ms: Connection refused", "tcp.refused"),
    ("Test-NetConnection db.example.com -Port 27017\nTcpTestSucceeded : False", "tcp.no-answer"),
    ("seed list contains no mongos proxies, replicaset connections requires the parameter replicaSet to be supplied in "
     "the URI or options object, mongodb://server:port/db?replicaSet=name", "app.client-too-old"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "cause"), TEXTS)
def test_the_deciding_words_name_the_cause(text: str, cause: str) -> None:
    assert explain(text).causes[0].cause == cause


@pytest.mark.parametrize(
    "text",
    ["", "hello", "Error: connect ECONNREFUSED 127.0.0.1:6379", "E11000 duplicate key error collection: a.b", "\0PNG"],
)
def test_what_is_no_connection_fault_names_no_cause(text: str) -> None:
    explanation = explain(text)
    assert not explanation.about_connection
    assert explanation.causes == ()
    assert explanation.why


def test_a_headline_of_java_asks_for_its_cause() -> None:
    told = explain("com.mongodb.MongoSocketOpenException: Exception opening socket")
    assert all(c.certainty is Certainty.POSSIBLE for c in told.causes)
    assert any("Caused by" in request for request in told.missing)


def test_the_library_offers_it() -> None:
    import clearline

    assert isinstance(clearline.explain("connect ECONNREFUSED 192.0.2.7:27017"), clearline.Explanation)


def test_only_the_first_cause_can_be_proven() -> None:
    for text, _ in TEXTS:
        assert all(c.certainty is not Certainty.PROVEN for c in explain(text).causes[1:])


def test_a_password_in_the_text_does_not_come_back() -> None:
    found = explain("connect ECONNREFUSED 192.0.2.7:27017 mongodb://app:hunter22@192.0.2.7:27017/ in /home/jane/app")
    shown = repr(found)
    assert "hunter22" not in shown
    assert "jane" not in shown
    assert found.targets == ("mongodb://192.0.2.7:27017/?directConnection=true",)


def test_every_row_of_the_table_can_be_explained() -> None:
    for code, row in rows().items():
        assert row.summary
        assert row.fix or code in causes(), code


def test_the_command_prints_one_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "error.txt"
    path.write_text(TEXTS[0][0])
    assert command.run([str(path), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["format"] == "clearline-explanation"
    assert printed["causes"][0]["cause"] == "tcp.refused"


def test_the_command_tells_apart_what_it_cannot_explain(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("buy milk")
    assert command.run([str(path)]) == 1
    assert command.run([str(tmp_path / "missing")]) == 2
    assert command.run(["tcp.refused"]) == 0
    assert "Traceback" not in capsys.readouterr().out


@pytest.mark.parametrize("padding", ["", "x" * 5000], ids=["short", "longer than a name of a file"])
def test_a_text_on_the_command_line_is_explained(padding: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run([f"{TEXTS[0][0]} {padding}"]) == 0
    assert "tcp.refused" in capsys.readouterr().out
    assert command.run([f"buy milk {padding}"]) == 2
    assert "cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text",
    [
        "2024-05-02T10:11:12.345+00:00 MongoServerError: Authentication failed.",
        "OSError: [Errno 111] Connection refused mongodb",
        "at f (/srv/app.js:4567:12) MongoNetworkError: connect ECONNREFUSED <hostname>:27017",
        "mongodb://appuser:<secret>@xxx:27017/shop MongoServerError: Authentication failed.",
        '{"id":20249,"ctx":"conn1","msg":"Authentication failed","attr":{"remote":"10.1.2.3:50112","error":"x"}}',
        "2020-10-15T17:34:12.670+0200 I  NETWORK  [conn11] SSLHandshakeFailed: SSL handshake received but server is "
        "started without SSL support. Ending connection from 192.168.10.27:51025 (connection id: 11)",
        "MongoDB: lookup cluster0.example.net on 127.0.0.53:53: no such host null:null",
    ],
)
def test_what_is_no_server_is_never_offered(text: str) -> None:
    assert [t for t in explain(text).targets if "cluster0" not in t] == []


def test_near_needs_a_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "mongod.log"
    log.write_text("{}")
    assert command.run([str(log), "--near", str(log)]) == 2
    assert "is no report of Clearline" in capsys.readouterr().err
    assert command.run([str(log), "--near", str(tmp_path / "none.json")]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_check_goes_on_with_the_first_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from clearline.cli import check

    checked: list[list[str]] = []
    monkeypatch.setattr(check, "run", lambda argv: checked.append(list(argv)) or 7)
    path = tmp_path / "error.txt"
    path.write_text(TEXTS[0][0])
    assert command.run([str(path), "--check"]) == 7
    assert checked == [["mongodb://192.0.2.7:27017/?directConnection=true"]]
    path.write_text("MongoServerError: bad auth : Authentication failed.")
    assert command.run([str(path), "--check"]) == 0
    assert "names no server" in capsys.readouterr().err


_ENTRY = (
    '{"t":{"$date":"2024-05-01T09:00:00.000+00:00"},"s":"I","c":"NETWORK","id":22942,"ctx":"listener",'
    '"msg":"Connection refused because there are too many open connections",'
    '"attr":{"remote":"10.1.1.1:4444","connectionCount":819}}'
)


def test_a_servers_own_log_needs_no_other_word_of_mongodb() -> None:
    first = explain(_ENTRY).causes[0]
    assert (first.cause, first.certainty) == ("pool.connection-limit", Certainty.PROVEN)


def test_the_client_that_a_servers_log_names_is_no_server() -> None:
    assert not [cause.server for cause in explain(_ENTRY).causes if cause.server]


@pytest.mark.parametrize(("name", "short"), [("mongodb.prod.svc.cluster.local", False), ("mongo", True)])
def test_a_full_name_is_never_called_short(name: str, short: bool) -> None:
    found = explain(f"MongoServerSelectionError: getaddrinfo ENOTFOUND {name}").causes
    assert any(cause.cause == "dns.short-name" for cause in found) is short


def test_a_number_of_openssl_is_no_server() -> None:
    text = (
        "No suitable servers found: [TLS handshake failed: error:1416F086:SSL routines:tls_process_server_certificate:"
        "certificate verify failed calling hello on 'db1.example.com:27017']"
    )
    told = explain(text)
    assert {c.server for c in told.causes} == {"db1.example.com:27017"}
    assert told.targets == ("mongodb://db1.example.com:27017/?directConnection=true",)


@pytest.mark.parametrize(
    "text",
    [
        "dial tcp: lookup mongo-0.mongo.db.svc.cluster.local on 10.96.0.10:53: no such host (mongodb)",
        "MongoServerSelectionError: getaddrinfo ENOTFOUND mongo-0.mongo.db.svc.cluster.local",
        "pymongo.errors.ServerSelectionTimeoutError: mongo.db.svc:27017: [Errno -2] Name or service not known",
    ],
)
def test_a_name_of_a_cluster_is_told_as_one_with_what_helps_on_either_side(text: str) -> None:
    first = explain(text).causes[0]
    assert first.cause == "dns.host-not-found"
    assert "Kubernetes" in first.summary
    assert "port-forward" in first.fix
    assert "get service" in first.fix


def test_a_connection_that_broke_in_use_is_told_from_one_that_never_opened() -> None:
    used = "MongoDB.Driver.MongoConnectionException: An exception occurred while receiving a message from the server."
    reset = "SocketException (10054): Eine vorhandene Verbindung wurde vom Remotehost geschlossen. "
    assert explain(reset + used).causes[0].cause == "pool.idle-connections-dropped"
    opening = "An exception occurred while opening a connection to the server. ---> "
    assert explain(opening + used + reset).causes[0].cause.startswith("tcp.")


def test_a_member_that_is_neither_primary_nor_recovering_may_never_have_been_initiated() -> None:
    """A real server without a configuration says just this, too."""
    text = "NotPrimaryError: node is not in primary or recovering state, full error: {'code': 13436, 'codeName': "
    found = explain(text + "'NotPrimaryOrSecondary'}").causes
    assert found[0].certainty is Certainty.LIKELY
    assert "topology.not-initiated" in [candidate.cause for candidate in found]


@pytest.mark.parametrize(
    "text",
    [
        "InvalidURI: must be escaped\nMONGO_URL=mongodb://admin:91827/6455@db.example.com:27017/app",
        "InvalidURI: must be escaped mongodb://admin:91827?6455@db.example.com:27017/app",
        "connect ECONNREFUSED admin:91827@db.example.com:27017 MongoServerSelectionError",
        "connect ECONNREFUSED admin:91827!6455@db.example.com:27017 MongoServerSelectionError",
    ],
)
def test_a_password_is_no_port_of_a_server(text: str) -> None:
    told = explain(text)
    assert not any("91827" in target for target in told.targets)
    assert not any("91827" in (c.server or "") + c.summary + c.fix for c in told.causes)
    assert "91827" not in repr(told)
